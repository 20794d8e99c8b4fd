//! What values can be.

use crate::common::{
    Sizes, around, as_f32, everywhere, op, plain_kinds, scalar, shared, trial, uneven,
};
use robocache_core::{DType, TimeType};
use robocache_testkit::devices::Device;
use robocache_testkit::oracle::decode;
use robocache_testkit::random::Random;
use robocache_trajectory::testing::{Operand, Space, Style};
use robocache_trajectory::{Extrapolation, Invalid, Kind, Quaternion};

const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];
const TIMES: [TimeType; 3] = [TimeType::F32, TimeType::F64, TimeType::I64];

#[test]
fn a_target_on_a_knot_returns_its_bits() {
    for dtype in FLOATS {
        for time_type in TIMES {
            for kind in plain_kinds() {
                for columns in [1, 5, 8, 16] {
                    let mut trial = trial("knots", kind, Sizes(3, 40, 40, columns));
                    // Any bits, subnormal numbers, infinities and negative zeros among them.
                    let size = dtype.size();
                    let shape = [3, 40, columns];
                    trial.data =
                        Operand::from_bytes(dtype, shape, Style::default(), |[b, s, d]| {
                            let mut random = Random::new((b * 1_000_003 + s * 1009 + d) as u64);
                            random.bits().to_le_bytes()[..size].to_vec()
                        });
                    trial.out = Space::new(dtype, shape, Style::default());
                    trial.source = shared(time_type, &uneven(40));
                    trial.target = shared(time_type, &uneven(40));
                    trial.options.tolerance = Some(scalar(time_type, 0.0));
                    trial.options.max_gap = Some(scalar(time_type, 0.0));
                    trial.options.invalid = Invalid::Fill;
                    let (outputs, _) = everywhere(&trial);
                    let pairs = outputs[0].chunks(size).zip(trial.data.body.chunks(size));
                    for (found, sample) in pairs {
                        let nan = decode(dtype, sample).is_nan() && decode(dtype, found).is_nan();
                        assert!(
                            found == sample || nan,
                            "{found:?} for {sample:?} of {dtype}"
                        );
                    }
                    assert!(outputs[1].iter().all(|&valid| valid == 1));
                }
            }
        }
    }
}

#[test]
fn constants_stay_constant() {
    for dtype in FLOATS {
        for value in [0.1, -3.75e-6, 60_000.0, 1.0 / 3.0] {
            for kind in plain_kinds() {
                let mut trial = trial("constant", kind, Sizes(2, 30, 200, 8));
                let style = Style::default();
                trial.data = Operand::floats(dtype, [2, 30, 8], style, |_| value);
                trial.out = Space::new(dtype, [2, 200, 8], Style::default());
                let (outputs, _) = everywhere(&trial);
                let constant = &trial.data.body[..dtype.size()];
                assert!(
                    outputs[0]
                        .chunks(dtype.size())
                        .all(|found| found == constant)
                );
            }
        }
    }
}

/// Whether the CPU has a variant that no cast may fall back from.
fn cpu_has_vectors() -> bool {
    let cpu = Device::cpu();
    cpu.variants(op()).any(|info| info.id.contains(".simd."))
}

/// By way of f32 a double just beside the middle of two short floats would end at the wrong one.
#[test]
fn doubles_are_rounded_once() {
    let power = |n: i32| 2f64.powi(n);
    let mut values = vec![0.1, -1.0 / 3.0, 1e-40, 6e-8, power(-25), 65_519.9];
    for (size, digits) in [(1.0, 11), (1.0, 8), (3.0, 10), (power(-14), 25), (0.75, 9)] {
        for hair in [power(-45), -power(-45)] {
            let beside_the_middle = size + power(-digits) + hair;
            values.extend([beside_the_middle, -beside_the_middle]);
        }
    }
    let columns = values.len();
    for dtype in FLOATS {
        for kind in plain_kinds() {
            let mut trial = trial("rounding", kind, Sizes(1, 20, 90, columns));
            let style = Style::default();
            trial.data =
                Operand::floats(DType::F64, [1, 20, columns], style, |[_, _, d]| values[d]);
            trial.out = Space::new(dtype, [1, 90, columns], Style::default());
            let (outputs, reached) = everywhere(&trial);
            let converts = reached.iter().any(|id| id.contains(".simd."));
            assert_eq!(converts, cpu_has_vectors(), "{dtype} by {reached:?}");
            for (k, found) in outputs[0].chunks(dtype.size()).enumerate() {
                let wanted = values[k % columns];
                let distance = |by: i64| {
                    let mut bits = [0; 8];
                    bits[..found.len()].copy_from_slice(found);
                    let other = i64::from_le_bytes(bits).wrapping_add(by).to_le_bytes();
                    (decode(dtype, &other[..found.len()]) - wanted).abs()
                };
                let is_farther = |by| distance(by) < distance(0);
                assert!(
                    ![-1, 1].into_iter().any(is_farther),
                    "{found:?} for {wanted} as {dtype}, {kind:?}"
                );
            }
        }
    }
}

#[test]
fn values_lie_within_their_bracket() {
    for dtype in [DType::F16, DType::Bf16, DType::F32, DType::F64] {
        let mut random = Random::new(7);
        let numbers: Vec<f64> = (0..50 * 4).map(|_| random.between(-1e3, 1e3)).collect();
        let mut trial = trial("within", Kind::Linear, Sizes(1, 50, 2000, 4));
        trial.data = Operand::floats(dtype, [1, 50, 4], Style::default(), |[_, s, d]| {
            numbers[4 * s + d]
        });
        trial.out = Space::new(dtype, [1, 2000, 4], Style::default());
        let source = uneven(50);
        let target: Vec<f64> = (0..2000).map(|_| random.between(0.0, source[49])).collect();
        trial.source = shared(TimeType::F64, &source);
        trial.target = shared(TimeType::F64, &target);
        let (outputs, _) = everywhere(&trial);
        for (t, &at) in target.iter().enumerate() {
            let i = (source.iter().filter(|&&time| time <= at).count() - 1).min(48);
            for column in 0..4 {
                let (a, b) = (
                    trial.data.float([0, i, column]),
                    trial.data.float([0, i + 1, column]),
                );
                let found = decode(dtype, &outputs[0][(4 * t + column) * dtype.size()..]);
                assert!(
                    a.min(b) <= found && found <= a.max(b),
                    "{found} outside of {a} and {b}"
                );
            }
        }
    }
}

/// `numpy.interp`: `slope * (x - xp[j]) + fp[j]`, ends held.
#[test]
fn linear_in_f64_is_numpys_interp() {
    let mut random = Random::new(11);
    let source: Vec<f64> = (0..100).map(|i| i as f64 + 0.9 * random.unit()).collect();
    let samples: Vec<f64> = (0..100).map(|_| random.between(-10.0, 10.0)).collect();
    let target: Vec<f64> = (0..500).map(|_| random.between(-5.0, 105.0)).collect();
    let mut trial = trial("interp", Kind::Linear, Sizes(1, 100, 500, 1));
    trial.data = Operand::floats(DType::F64, [1, 100, 1], Style::default(), |[_, s, _]| {
        samples[s]
    });
    trial.out = Space::new(DType::F64, [1, 500, 1], Style::default());
    trial.source = shared(TimeType::F64, &source);
    trial.target = shared(TimeType::F64, &target);
    let (outputs, _) = everywhere(&trial);
    for (t, &x) in target.iter().enumerate() {
        let found = decode(DType::F64, &outputs[0][8 * t..]);
        let j = source.iter().filter(|&&xp| xp <= x).count();
        let expected = match j {
            0 => samples[0],
            100 => samples[99],
            _ => {
                let slope = (samples[j] - samples[j - 1]) / (source[j] - source[j - 1]);
                slope * (x - source[j - 1]) + samples[j - 1]
            }
        };
        assert!(
            (found - expected).abs() <= 1e-13 * 10.0,
            "at {x}: {found}, not {expected}"
        );
    }
}

#[test]
fn one_sample_is_a_constant() {
    for kind in plain_kinds() {
        let mut trial = trial("one", kind, Sizes(2, 1, 30, 4));
        trial.target = shared(TimeType::F64, &around(&[0.0], 30));
        let (outputs, _) = everywhere(&trial);
        let found = as_f32(&outputs[0]);
        for (element, value) in found.iter().enumerate() {
            let (row, column) = (element / (30 * 4), element % 4);
            assert_eq!(f64::from(*value), trial.data.float([row, 0, column]));
        }
    }
}

#[test]
fn extrapolation_is_for_what_lies_outside_alone() {
    let source = [0.0, 1.0, 2.0];
    let target = [-1.0, 0.0, 0.5, 2.0, 3.0];
    for (kind, outside) in [
        (Kind::Linear, [true, true]),
        (Kind::Nearest, [true, true]),
        (Kind::Previous, [true, false]),
        (Kind::Next, [false, true]),
    ] {
        let mut trial = trial("outside", kind, Sizes(1, 3, 5, 4));
        trial.source = shared(TimeType::F64, &source);
        trial.target = shared(TimeType::F64, &target);
        trial.options.extrapolation = Extrapolation::Nan;
        let (outputs, _) = everywhere(&trial);
        let nan: Vec<bool> = as_f32(&outputs[0])
            .chunks(4)
            .map(|row| row[0].is_nan())
            .collect();
        assert_eq!(
            nan,
            [outside[0], false, false, false, outside[1]],
            "{}",
            kind.name()
        );
        let valid: Vec<bool> = outputs[1].iter().map(|&valid| valid == 1).collect();
        assert_eq!(
            valid,
            [!outside[0], true, true, true, !outside[1]],
            "{}",
            kind.name()
        );
    }
}

#[test]
fn a_quaternion_of_length_zero_is_invalid_and_its_neighbours_are_not() {
    for (kind, columns, zero) in [
        (Kind::Slerp(Quaternion::Wxyz), 12, 4..8),
        (Kind::Pose(Quaternion::Xyzw), 14, 10..14),
    ] {
        for invalid in [Invalid::Keep, Invalid::Fill] {
            let mut trial = trial("zero", kind, Sizes(1, 2, 1, columns));
            trial.data = Operand::floats(
                DType::F32,
                [1, 2, columns],
                Style::default(),
                |[_, s, d]| {
                    if s == 1 && zero.contains(&d) {
                        return 0.0;
                    }
                    1.0
                },
            );
            trial.source = shared(TimeType::F64, &[0.0, 1.0]);
            trial.target = shared(TimeType::F64, &[0.25]);
            trial.options.invalid = invalid;
            trial.options.fill = 7.0;
            let (outputs, _) = everywhere(&trial);
            assert_eq!(outputs[1], [0]);
            for (column, value) in as_f32(&outputs[0]).into_iter().enumerate() {
                match (zero.contains(&column), invalid) {
                    (true, Invalid::Keep) => assert!(value.is_nan(), "{column}"),
                    (true, Invalid::Fill) => assert_eq!(value, 7.0, "{column}"),
                    (false, _) => assert!(value == 0.5 || value == 1.0, "{column}: {value}"),
                }
            }
        }
    }
}
