//! Resampling against scipy.

use crate::common::op;
use crate::recording::Recording;
use robocache_core::{Element, Error, TensorView, TensorViewMut};
use robocache_testkit::devices::Device;
use robocache_trajectory::{Kind, Options, Resample, Spans, resample};
use std::ops::Range;

/// How far values may be from scipy's, in parts of the largest in their column.
const OF_F64: f64 = 1e-12;
const OF_F32: f64 = 2e-6;

/// Resamples a dataset's recording in one call, in f64 and in f32, on the variant that is chosen and on
/// every one that does not refuse.
pub fn holds_against_scipy(name: &str, kinds: Spans, targets: usize) {
    let Some(recording) = Recording::of(name) else {
        return;
    };
    assert_eq!(recording.targets(), targets, "{name}");
    let in_f64 = largest_error(name, &recording, kinds, OF_F64, &|x| x, &|x| x);
    let in_f32 = largest_error(name, &recording, kinds, OF_F32, &|x| x as f32, &f64::from);
    println!(
        "{name}: {targets} targets of {} columns, at most {in_f64:.1e} off in f64, {in_f32:.1e} in f32",
        recording.columns()
    );
}

fn largest_error<T: Element>(
    name: &str,
    recording: &Recording,
    kinds: Spans,
    bound: f64,
    from: &dyn Fn(f64) -> T,
    to: &dyn Fn(T) -> f64,
) -> f64 {
    let data: Vec<T> = recording.data().iter().map(|&x| from(x)).collect();
    let cpu = Device::cpu();
    let variants = cpu.variants(op()).map(|info| info.id);
    let mut taken = Vec::new();
    let mut largest = 0.0;
    for variant in std::iter::once(None).chain(variants.map(Some)) {
        let mut options = Options::default().kind(kinds);
        options.variant = variant;
        let Some(found) = resampled(recording, &data, options, from(f64::NAN)) else {
            assert!(variant.is_some(), "{name}: every variant refused");
            continue;
        };
        let found: Vec<f64> = found.into_iter().map(to).collect();
        let error = error(recording, kinds, &found);
        assert!(
            error <= bound,
            "{name}, {}, {variant:?}: {error:e}",
            T::DTYPE
        );
        largest = error.max(largest);
        taken.extend(variant);
    }
    assert!(!taken.is_empty(), "{name}: no variant was tried");
    println!("{name}, {}: {}", T::DTYPE, taken.join(", "));
    largest
}

/// `None` if the variant refuses.
fn resampled<T: Element>(
    recording: &Recording,
    data: &[T],
    options: Options,
    unwritten: T,
) -> Option<Vec<T>> {
    let (targets, columns) = (recording.targets(), recording.columns());
    let mut out = vec![unwritten; targets * columns];
    let mut mask = vec![0u8; targets];
    let request = Resample::new(
        TensorView::from_slice(data, [1, recording.samples(), columns]).unwrap(),
        recording.source_times(),
        recording.target_times(),
        TensorViewMut::from_slice(&mut out, [1, targets, columns]).unwrap(),
    )
    .mask(TensorViewMut::from_slice(&mut mask, [1, targets]).unwrap())
    .options(options);
    match resample(request) {
        Ok(()) => {}
        Err(Error::Unsupported { .. }) => return None,
        Err(other) => panic!("{other}"),
    }
    assert!(mask.iter().all(|&covered| covered == 1));
    Some(out)
}

/// The largest difference from scipy, in parts of the largest value that scipy has in that column; of
/// rotations, whose components are parts of one, as it is. NaN where a value is none.
fn error(recording: &Recording, kinds: Spans, found: &[f64]) -> f64 {
    let width = recording.columns();
    let rows = || found.chunks(width).zip(recording.expected().chunks(width));
    let mut worst = 0.0;
    let mut meet = |difference: f64, scale: f64| {
        // Not 0 / 0 where a column is zero throughout.
        let error = if difference == 0.0 {
            0.0
        } else {
            difference / scale
        };
        if error.is_nan() || error > worst {
            worst = error;
        }
    };
    for (columns, is_rotation) in values(kinds, width) {
        let rows = || rows().map(|(a, b)| (&a[columns.clone()], &b[columns.clone()]));
        let largest = rows().fold(0.0, |most: f64, (_, row)| most.max(row[0].abs()));
        for (found, expected) in rows() {
            // A quaternion and its negative are one rotation.
            let dot: f64 = found.iter().zip(expected).map(|(a, b)| a * b).sum();
            let (sign, scale) = match is_rotation {
                true => (dot.signum(), 1.0),
                false => (1.0, largest),
            };
            for (a, b) in found.iter().zip(expected) {
                meet((sign * a - b).abs(), scale);
            }
        }
    }
    worst
}

/// The columns of each value, and whether it is a rotation.
fn values(kinds: Spans, width: usize) -> Vec<(Range<usize>, bool)> {
    let parts = kinds.list().iter().flat_map(|span| {
        let parts: &[usize] = match span.kind {
            Kind::Pose(_) => &[1, 1, 1, 4],
            Kind::Slerp(_) => &[4],
            _ => &[1],
        };
        std::iter::repeat_n(parts, span.columns / span.kind.width()).flatten()
    });
    let round: Vec<usize> = parts.copied().collect();
    let mut first = 0;
    let mut all = Vec::new();
    for part in round.into_iter().cycle() {
        if first == width {
            break;
        }
        all.push((first..first + part, part == 4));
        first += part;
    }
    all
}
