//! Whether plain arithmetic in f32 keeps the bounds, and an answer of little more error does not.

use super::*;
use crate::random::Random;
use std::f32::consts::{PI, TAU};

/// Irregular times with some very narrow brackets, and their weights as the contract has them.
fn times(random: &mut Random) -> Vec<f32> {
    let mut now = random.between(-5.0, 5.0) as f32;
    let step = |random: &mut Random| match random.below(4) {
        0 => random.between(1e-3, 1e-2),
        _ => random.between(0.1, 2.0),
    };
    (0..4)
        .map(|_| {
            now += step(random) as f32;
            now
        })
        .collect()
}

fn judge(
    kind: Kind,
    columns: usize,
    times: &[f32],
    row: &[f32],
    target: f32,
    found: &[f32],
) -> Result<(), String> {
    let (times, targets) = (Times::F32(times.to_vec()), Times::F32(vec![target]));
    let sample = |i: usize, column: usize| f64::from(row[i * columns + column]).into();
    let spans = [Span { columns, kind }];
    let mut q = question(&times, &targets, &sample);
    q.spans = &spans;
    let found = |column: usize| f64::from(found[column]).into();
    answers(&q)[0].check(Some(1), None, &found, DType::F32)
}

fn hermite(t: &[f32], y: &[f32], q: f32, tangent: fn([f32; 4]) -> f32) -> f32 {
    let h: Vec<f32> = t.windows(2).map(|t| t[1] - t[0]).collect();
    let d: Vec<f32> = (0..3).map(|i| (y[i + 1] - y[i]) / h[i]).collect();
    let left = tangent([h[0], h[1], d[0], d[1]]) * h[1];
    let right = tangent([h[1], h[2], d[1], d[2]]) * h[1];
    let w = (q - t[1]) / h[1];
    let rise = y[2] - y[1];
    let (c2, c3) = (3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise);
    y[1] + w * (left + w * (c2 + w * c3))
}

fn parabola([h0, h1, d0, d1]: [f32; 4]) -> f32 {
    (d0 * h1 + d1 * h0) / (h0 + h1)
}

fn harmonic([h0, h1, d0, d1]: [f32; 4]) -> f32 {
    if d0 * d1 <= 0.0 {
        return 0.0;
    }
    let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
    (w0 + w1) / (w0 / d0 + w1 / d1)
}

#[test]
fn cubics() {
    let mut random = Random::new(11);
    for _ in 0..20_000 {
        let t = times(&mut random);
        let y: Vec<f32> = (0..4).map(|_| random.between(-9.0, 9.0) as f32).collect();
        let q = random.between(t[1].into(), t[2].into()) as f32;
        for (kind, tangent) in [
            (Kind::Cubic, parabola as fn([f32; 4]) -> f32),
            (Kind::Pchip, harmonic),
        ] {
            let value = hermite(&t, &y, q, tangent);
            judge(kind, 1, &t, &y, q, &[value]).unwrap();
            // Off by a thousandth of the larger of samples and tangents.
            let slopes = (0..3).map(|i| (y[i + 1] - y[i]) / (t[i + 1] - t[i]));
            let steepest = slopes.fold(0f32, |most, slope| most.max(slope.abs()));
            let off = value + 1e-3 * (9.0 + steepest * (t[2] - t[1]));
            judge(kind, 1, &t, &y, q, &[off]).unwrap_err();
        }
    }
}

#[test]
fn rotations() {
    let mut random = Random::new(12);
    let kind = Kind::Slerp {
        order: QuaternionOrder::Xyzw,
    };
    let unit = |q: [f32; 4]| {
        let norm = q.iter().map(|c| c * c).sum::<f32>().sqrt();
        q.map(|c| c / norm)
    };
    for round in 0..20_000 {
        let t = [0.0f32, 1.0];
        let mut draw = || std::array::from_fn::<f32, 4, _>(|_| random.between(-1.0, 1.0) as f32);
        let (a, mut b) = (draw(), draw());
        if round % 4 == 0 {
            // Almost the same rotation.
            b = std::array::from_fn(|c| a[c] + b[c] * 1e-4);
        }
        let (row, q) = ([a, b].concat(), random.unit() as f32);
        let (a, b) = (unit(a), unit(b));
        let dot: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        let b = if dot < 0.0 { b.map(|c| -c) } else { b };
        let length = |q: [f32; 4]| q.iter().map(|c| c * c).sum::<f32>().sqrt();
        let chord = length(std::array::from_fn(|c| a[c] - b[c]));
        let angle = 2.0 * chord.atan2(length(std::array::from_fn(|c| a[c] + b[c])));
        let (p, s) = (
            ((1.0 - q) * angle).sin() / angle.sin(),
            (q * angle).sin() / angle.sin(),
        );
        let found = unit(std::array::from_fn(|c| p * a[c] + s * b[c]));
        judge(kind, 4, &t, &row, q, &found).unwrap();
        judge(kind, 4, &t, &row, q, &found.map(|c| -c)).unwrap();
        judge(kind, 4, &t, &row, q, &found.map(|c| c * 1.000_01)).unwrap_err();
    }
}

#[test]
fn angles() {
    let mut random = Random::new(13);
    let wrap = |x: f32| {
        if x > PI {
            x - TAU
        } else if x <= -PI {
            x + TAU
        } else {
            x
        }
    };
    for _ in 0..20_000 {
        let t = [0.0f32, 1.0];
        let mut draw = || random.between(-3.2, 3.2) as f32;
        let row = [draw(), draw()];
        let q = random.unit() as f32;
        let found = wrap(row[0] + q * wrap(row[1] - row[0]));
        judge(Kind::Angle, 1, &t, &row, q, &[found]).unwrap();
        judge(Kind::Angle, 1, &t, &row, q, &[found + 1e-4]).unwrap_err();
    }
}
