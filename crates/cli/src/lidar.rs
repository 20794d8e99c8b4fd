//! What does the scan of a spinning lidar on a street look like?
//!
//! 64 beams turn around a sensor on a car's roof and end at the first thing in their way: the road, houses, parked
//! cars, trunks and crowns of trees, poles, people. Ranges have noise, some returns are lost, and what is near has
//! many more points than what is far: the things by which a scan differs from random points.

use crate::robot_log::random::Random;
use std::f64::consts::TAU;

/// Beams, from the highest to the lowest, and where they look, in degrees above the horizon.
const BEAMS: usize = 64;
const HIGHEST: f64 = 2.0;
const LOWEST: f64 = -24.8;
/// Returns of a beam in a turn.
const STEPS: usize = 2048;
/// How far it sees, and how well.
const REACH: f64 = 80.0;
const NOISE: f64 = 0.02;
/// One of so many returns is lost.
const LOST: usize = 40;
/// The sensor's height above the road.
const HEIGHT: f64 = 1.73;

/// Something that stops a beam.
struct Thing {
    shape: Shape,
    /// The middle of its foot; of a ball its middle.
    at: [f64; 3],
    /// How much light it gives back.
    brightness: f64,
}

enum Shape {
    /// Half its length, half its width, its height and its direction.
    Block([f64; 3], f64),
    /// Radius and height.
    Pillar(f64, f64),
    /// Radius.
    Ball(f64),
}

/// `[N, 4]`: x ahead, y to the left and z up from the sensor in metres, and the intensity from 0 to 1; the same for
/// the same seed.
pub(crate) fn scan(seed: u64) -> Vec<f32> {
    let street = street(&mut Random::new(seed, 0));
    let mut random = Random::new(seed, 1);
    let mut points = Vec::with_capacity(4 * BEAMS * STEPS);
    for beam in 0..BEAMS {
        let share = beam as f64 / (BEAMS - 1) as f64;
        let up = (HIGHEST + share * (LOWEST - HIGHEST)).to_radians();
        for step in 0..STEPS {
            let turn = TAU * step as f64 / STEPS as f64;
            let ray = [turn.cos() * up.cos(), turn.sin() * up.cos(), up.sin()];
            let (noise, is_lost) = (NOISE * random.normal(), random.below(LOST) == 0);
            let Some((range, brightness)) = first_hit(&street, ray) else {
                continue;
            };
            if is_lost {
                continue;
            }
            points.extend(ray.map(|along| ((range + noise) * along) as f32));
            let light = brightness / (1.0 + range / 40.0);
            // In hundredths, as sensors give it.
            points.push((100.0 * light).round() as f32 / 100.0);
        }
    }
    points
}

/// Everything but the road, which runs along x.
fn street(random: &mut Random) -> Vec<Thing> {
    let mut things = Vec::new();
    for side in [-1.0, 1.0] {
        let mut x = -REACH;
        while x < REACH {
            let (half, deep) = (random.between(5.0, 11.0), random.between(4.0, 7.0));
            let y = side * (random.between(12.0, 16.0) + deep);
            let block = Shape::Block([half, deep, random.between(6.0, 15.0)], 0.0);
            things.push(thing(block, [x + half, y], random.between(0.2, 0.6)));
            x += 2.0 * half + random.between(0.0, 6.0);
        }
        let mut x = -60.0;
        while x < 60.0 {
            let size = [random.between(1.9, 2.4), 0.9, random.between(1.4, 1.9)];
            let car = Shape::Block(size, random.between(-0.06, 0.06));
            things.push(thing(car, [x, side * 6.2], random.between(0.1, 0.9)));
            x += random.between(5.5, 16.0);
        }
        for _ in 0..9 {
            let (x, y) = (random.between(-60.0, 60.0), side * 9.0);
            let (high, crown) = (random.between(2.5, 4.0), random.between(1.2, 2.2));
            things.push(thing(Shape::Pillar(0.2, high), [x, y], 0.3));
            let mut leaves = thing(Shape::Ball(crown), [x, y], 0.5);
            leaves.at[2] += high + 0.7 * crown;
            things.push(leaves);
        }
        for _ in 0..6 {
            let at = [
                random.between(-30.0, 30.0),
                side * random.between(8.0, 11.0),
            ];
            things.push(thing(Shape::Pillar(0.25, 1.75), at, 0.4));
            let at = [random.between(-60.0, 60.0), side * 7.6];
            things.push(thing(Shape::Pillar(0.08, 5.0), at, 0.95));
        }
    }
    for (x, y, direction) in [(18.0, -2.0, 0.0), (-14.0, 2.0, 0.0), (34.0, 1.6, 0.3)] {
        let car = Shape::Block([2.2, 0.9, 1.6], direction);
        things.push(thing(car, [x, y], 0.7));
    }
    things
}

/// Something on the ground.
fn thing(shape: Shape, [x, y]: [f64; 2], brightness: f64) -> Thing {
    let at = [x, y, -HEIGHT];
    Thing {
        shape,
        at,
        brightness,
    }
}

/// How far the first thing in a ray's way is, and how bright; `None` beyond the reach.
fn first_hit(street: &[Thing], ray: [f64; 3]) -> Option<(f64, f64)> {
    let road = (ray[2] < 0.0).then(|| {
        let range = -HEIGHT / ray[2];
        let [x, y] = [ray[0] * range, ray[1] * range];
        // Dashes in the middle, lines at the sides, and beyond the kerb stone.
        let dash = y.abs() < 0.08 && x.rem_euclid(9.0) < 4.0;
        let line = (y.abs() - 4.2).abs() < 0.08;
        let brightness = match (dash || line, y.abs() < 7.0) {
            (true, _) => 0.95,
            (false, true) => 0.15,
            (false, false) => 0.3,
        };
        (range, brightness)
    });
    let things = street
        .iter()
        .filter_map(|thing| Some((thing.hit(ray)?, thing.brightness)));
    let nearest = things.chain(road).min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.filter(|&(range, _)| range < REACH)
}

impl Thing {
    /// How far along a ray from the sensor, of length one, it begins.
    fn hit(&self, ray: [f64; 3]) -> Option<f64> {
        let [x, y, z] = self.at;
        let range = match self.shape {
            Shape::Block([length, width, height], direction) => {
                let (sin, cos) = direction.sin_cos();
                let turned = |[x, y]: [f64; 2]| [cos * x + sin * y, cos * y - sin * x];
                let ([x, y], [along, across]) = (turned([x, y]), turned([ray[0], ray[1]]));
                let slabs = [
                    (along, x - length, x + length),
                    (across, y - width, y + width),
                    (ray[2], z, z + height),
                ];
                let (mut near, mut far) = (f64::NEG_INFINITY, f64::INFINITY);
                for (speed, low, high) in slabs {
                    let [one, other] = [low / speed, high / speed];
                    near = near.max(one.min(other));
                    far = far.min(one.max(other));
                }
                (near <= far).then_some(near)?
            }
            Shape::Pillar(radius, height) => {
                let range = enter(&ray[..2], &[x, y], radius)?;
                let at = ray[2] * range;
                (z..=z + height).contains(&at).then_some(range)?
            }
            Shape::Ball(radius) => enter(&ray, &[x, y, z], radius)?,
        };
        (range > 0.0).then_some(range)
    }
}

/// Where a ray from the origin enters a circle or a ball.
fn enter(ray: &[f64], middle: &[f64], radius: f64) -> Option<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (square, towards) = (dot(ray, ray), dot(ray, middle));
    let outside = dot(middle, middle) - radius * radius;
    let root = towards * towards - square * outside;
    (root >= 0.0).then(|| (towards - root.sqrt()) / square)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(shape: Shape, at: [f64; 2]) -> Vec<Thing> {
        vec![thing(shape, at, 0.5)]
    }

    #[test]
    fn beams_end_at_the_first_thing() {
        let hit = |street: &[Thing], ray| first_hit(street, ray).map(|(range, _)| range);
        let ahead = [1.0, 0.0, 0.0];
        let wall = things(Shape::Block([1.0, 2.0, 3.0], 0.0), [10.0, 0.0]);
        assert_eq!(hit(&wall, ahead), Some(9.0));
        assert_eq!(hit(&wall, [-1.0, 0.0, 0.0]), None);
        let turned = things(Shape::Block([1.0, 2.0, 3.0], TAU / 4.0), [10.0, 0.0]);
        assert!((hit(&turned, ahead).unwrap_or(0.0) - 8.0).abs() < 1e-9);
        let low = things(Shape::Block([1.0, 2.0, 1.0], 0.0), [10.0, 0.0]);
        assert_eq!(hit(&low, ahead), None, "it passes above");
        let pole = things(Shape::Pillar(0.5, 5.0), [0.0, 20.0]);
        assert_eq!(hit(&pole, [0.0, 1.0, 0.0]), Some(19.5));
        let ball = things(Shape::Ball(1.73), [0.0, -10.0]);
        assert_eq!(hit(&ball, [0.0, -1.0, 0.0]), Some(10.0), "it is touched");
        let down = hit(&[], [0.8, 0.0, -0.6]);
        assert_eq!(down, Some(HEIGHT / 0.6));
        assert_eq!(hit(&[], [1.0, 0.0, -1e-3]), None, "too far");
    }

    #[test]
    fn a_scan_is_like_those_of_a_sensor() {
        let scan = scan(7);
        let points = scan.as_chunks::<4>().0;
        let count = points.len();
        assert!((60_000..BEAMS * STEPS).contains(&count), "{count}");
        let range = |p: &[f32; 4]| p[..3].iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!(points.iter().all(|p| (2.0..80.2).contains(&range(p))));
        assert!(points.iter().all(|p| (0.0..=1.0).contains(&p[3])));
        let share = |of: &dyn Fn(&[f32; 4]) -> bool| {
            points.iter().filter(|p| of(p)).count() as f64 / count as f64
        };
        let height = -HEIGHT as f32;
        let ground = share(&|p| (p[2] - height).abs() < 0.1);
        assert!((0.3..0.8).contains(&ground), "{ground}");
        assert!(share(&|p| p[2] > 0.0) > 0.02, "houses");
        assert!(share(&|p| p[2] < height - 0.2) < 0.001, "nothing below");
        let near = share(&|p| range(p) < 15.0);
        assert!(near > 0.4, "{near}");
    }

    #[test]
    fn a_seed_gives_one_scan_and_another_seed_another() {
        assert_eq!(scan(1), scan(1));
        assert_ne!(scan(1), scan(2));
    }
}
