//! What is timed: shapes as text.

use super::cloud::Scene;
use crate::{Determinism, Form, Order, Output};
use robocache_core::{Error, Result};
use std::str::FromStr;

/// How a shape is written.
pub const SYNTAX: &str = "dense|sparse uniform|clustered|lidar|one|kitti [B*]N XxYxZ \
                          occupancy|bits|count|first|sum|mean|max|min[+...] [fF] \
                          [first-point] [not-guaranteed|cpu-equals-gpu]";

/// Clouds of f32 points with F features behind their coordinates, on a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub form: Form,
    pub scene: Scene,
    pub batch: usize,
    /// Of each cloud.
    pub points: usize,
    pub cells: [usize; 3],
    pub wanted: [bool; Output::COUNT],
    pub features: usize,
    pub order: Order,
    pub level: Determinism,
}

/// What a shape can ask for.
const REDUCTIONS: [Output; 8] = [
    Output::Occupancy,
    Output::Bits,
    Output::Count,
    Output::First,
    Output::Sum,
    Output::Mean,
    Output::Max,
    Output::Min,
];

impl Shape {
    /// A shape drawn at random, sizes evenly by their logarithm.
    pub fn random(seed: u64) -> Shape {
        let mut random = super::cloud::Random::new(seed);
        let mut size = |from: f64, to: f64| {
            let power = from.log2() + random.unit() * (to.log2() - from.log2());
            power.exp2().round() as usize
        };
        let (batch, points, side) = (size(1.0, 16.0), size(1000.0, 200_000.0), size(8.0, 128.0));
        let (kind, scene, features) = (size(1.0, 63.0), size(1.0, 15.0), size(1.0, 16.0));
        let mut wanted = [false; Output::COUNT];
        for (i, output) in [Output::Count, Output::Mean, Output::Max]
            .into_iter()
            .enumerate()
        {
            wanted[output as usize] = kind >> i & 1 == 1;
        }
        wanted[Output::Count as usize] |= kind & 7 == 0;
        let form = if kind >> 3 & 1 == 1 {
            Form::Sparse
        } else {
            Form::Dense
        };
        Shape {
            form,
            scene: Scene::DRAWN[scene % Scene::DRAWN.len()],
            batch,
            points,
            cells: [side, side, side.div_ceil(4)],
            wanted,
            features: if wanted[Output::Mean as usize] || wanted[Output::Max as usize] {
                features
            } else {
                0
            },
            order: Order::Key,
            level: Determinism::ALL[kind >> 4 & 1],
        }
    }

    pub fn wants(&self, output: Output) -> bool {
        self.wanted[output as usize]
    }

    /// Of all clouds.
    pub fn all_points(&self) -> usize {
        self.batch * self.points
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Shape> {
        let wrong = || Error::Range {
            argument: "shape",
            found: format!("{text:?}"),
            expected: SYNTAX,
        };
        let number = |text: &str| {
            text.parse::<usize>()
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(wrong)
        };
        let mut words = text.split_whitespace();
        let mut next = || words.next().ok_or_else(wrong);
        let form = match next()? {
            "dense" => Form::Dense,
            "sparse" => Form::Sparse,
            _ => return Err(wrong()),
        };
        let name = next()?;
        let scene = Scene::ALL.into_iter().find(|scene| scene.name() == name);
        let sizes = next()?;
        let (batch, points) = sizes.split_once('*').unwrap_or(("1", sizes));
        let cells: Vec<_> = next()?.split('x').map(number).collect::<Result<_>>()?;
        let mut shape = Shape {
            form,
            scene: scene.ok_or_else(wrong)?,
            batch: number(batch)?,
            points: number(points)?,
            cells: cells.try_into().map_err(|_| wrong())?,
            wanted: [false; Output::COUNT],
            features: 0,
            order: Order::Key,
            level: Determinism::RunToRun,
        };
        for word in words {
            if let Some(features) = word.strip_prefix('f').and_then(|f| f.parse().ok()) {
                shape.features = features;
            } else if let Some(level) = Determinism::ALL.into_iter().find(|l| l.name() == word) {
                shape.level = level;
            } else if word == Order::FirstPoint.name() && form == Form::Sparse {
                shape.order = Order::FirstPoint;
            } else {
                for name in word.split('+') {
                    let output = REDUCTIONS.into_iter().find(|output| output.name() == name);
                    shape.wanted[output.ok_or_else(wrong)? as usize] = true;
                }
            }
        }
        let of_features = REDUCTIONS
            .into_iter()
            .any(|o| o.is_of_features() && shape.wants(o));
        let only_dense = shape.wants(Output::Occupancy) || shape.wants(Output::Bits);
        if !shape.wanted.contains(&true)
            || of_features != (shape.features > 0)
            || (only_dense && form == Form::Sparse)
        {
            return Err(wrong());
        }
        let [x, y, z] = shape.cells;
        let all = |sizes: &[usize]| sizes.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let memory = match form {
            Form::Dense => all(&[shape.batch, x, y, z, shape.features.max(1)]),
            Form::Sparse => all(&[shape.batch, x, y, z]).map(|_| 1),
        };
        let points = all(&[shape.batch, shape.points, shape.features + 3]);
        match memory.zip(points) {
            Some((cells, points)) if cells < 1 << 36 && points < 1 << 36 => Ok(shape),
            _ => Err(Error::Overflow { what: "the shape" }),
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ", self.form.name(), self.scene.name())?;
        if self.batch > 1 {
            write!(f, "{}*", self.batch)?;
        }
        let [x, y, z] = self.cells;
        write!(f, "{} {x}x{y}x{z} ", self.points)?;
        if self.order == Order::FirstPoint {
            write!(f, "{} ", self.order.name())?;
        }
        let wanted = REDUCTIONS.into_iter().filter(|&output| self.wants(output));
        let wanted: Vec<_> = wanted.map(Output::name).collect();
        f.write_str(&wanted.join("+"))?;
        if self.features > 0 {
            write!(f, " f{}", self.features)?;
        }
        match self.level {
            Determinism::RunToRun => Ok(()),
            level => write!(f, " {}", level.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_as_they_are_written() {
        for text in [
            "dense one 1000000 128x128x128 count+mean f4",
            "sparse lidar 3*115000 2816x1600x40 first-point first+mean f4 cpu-equals-gpu",
            "dense clustered 7 1x2x3 occupancy+bits not-guaranteed",
        ] {
            assert_eq!(text.parse::<Shape>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "dense uniform 5 2x2x2",
            "dense uniform 0 2x2x2 count",
            "dense uniform 5 2x2 count",
            "dense uniform 5 2x2x2x2 count",
            "dense sphere 5 2x2x2 count",
            "flat uniform 5 2x2x2 count",
            "dense uniform 5 2x2x2 mean",
            "dense uniform 5 2x2x2 count f3",
            "dense uniform 5 2x2x2 median f3",
            "sparse uniform 5 2x2x2 bits",
            "dense uniform 5 2x2x2 first-point count",
        ] {
            let found = text.parse::<Shape>();
            assert!(
                matches!(found, Err(Error::Range { .. })),
                "{text}: {found:?}"
            );
        }
        let huge = "dense uniform 5 4294967296x4294967296x9 count".parse::<Shape>();
        assert!(matches!(huge, Err(Error::Overflow { .. })));
    }

    #[test]
    fn random_shapes_are_shapes_and_differ() {
        let mut all: Vec<_> = (0..100)
            .map(|seed| Shape::random(seed).to_string())
            .collect();
        for text in &all {
            assert_eq!(text.parse::<Shape>().unwrap().to_string(), *text);
        }
        all.sort();
        all.dedup();
        assert!(all.len() > 95);
    }
}
