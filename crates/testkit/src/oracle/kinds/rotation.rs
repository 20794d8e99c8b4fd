//! Rotations as unit quaternions, at constant angular velocity (Shoemake, "Animating rotation with
//! quaternion curves", 1985).

use super::{Made, Place, Source, arithmetic};
use crate::oracle::exact::unit_roundoff;
use crate::oracle::{Expected, Swap};
use robocache_core::DType;

type Quaternion = [f64; 4];

/// A sample as a rotation.
enum Sample {
    Unit(Quaternion),
    /// All four are zero.
    Zero,
    /// One is NaN.
    Nan,
    /// So small that squares may vanish, and with them the difference from zero.
    Vanishing,
    /// Infinite, or so large that squares may be.
    Overflowing,
}

/// The four columns of one quaternion.
///
/// Anything is right where squares of the samples leave the type's range, or extrapolation goes so far
/// that nothing is left of the bound; of samples that small, it is also open whether they count as zero.
pub(super) fn extend(made: &mut Made, source: &Source<'_>, column: usize, place: Place) {
    let arithmetic = arithmetic(source.question.in_dtype);
    let read = |i: usize| {
        sample(
            std::array::from_fn(|c| source.at(i, column + c)),
            arithmetic,
        )
    };
    let samples = [read(place.first), read(place.second)];
    let has = |is: fn(&Sample) -> bool| samples.iter().any(is);
    if has(|sample| matches!(sample, Sample::Zero)) {
        made.usable = Some(false);
    } else if has(|sample| matches!(sample, Sample::Vanishing)) && made.usable == Some(true) {
        made.usable = None;
    }
    if has(|sample| matches!(sample, Sample::Zero | Sample::Nan)) {
        made.values.extend([Expected::NAN; 4]);
        return;
    }
    let error = bound(arithmetic) * place.reach();
    let (Sample::Unit(q0), Sample::Unit(q1), true) = (&samples[0], &samples[1], error < 1.0) else {
        made.values.extend([Expected::Anything; 4]);
        return;
    };
    let dot = dot(q0, q1);
    let mut right = vec![slerp(q0, q1, place.weight, dot < 0.0)];
    // Both arcs are equally short as far as the arithmetic can tell.
    if dot.abs() <= 16.0 * unit_roundoff(arithmetic) {
        right.push(slerp(q0, q1, place.weight, dot >= 0.0));
    }
    let mut values = right.iter().flat_map(|q| {
        [1.0, -1.0].map(|sign| {
            q.map(|value| Expected::Near {
                value: sign * value,
                error,
            })
        })
    });
    made.values.extend(values.next().into_iter().flatten());
    made.swaps.extend(values.map(|values| Swap {
        column,
        values: values.to_vec(),
    }));
}

fn bound(arithmetic: DType) -> f64 {
    if arithmetic == DType::F64 {
        1e-14
    } else {
        1e-6
    }
}

fn sample(q: Quaternion, arithmetic: DType) -> Sample {
    if q.iter().any(|c| c.is_nan()) {
        return Sample::Nan;
    }
    // From the least of these on, what squares lose to underflow is below rounding.
    let (least, most) = if arithmetic == DType::F64 {
        (2f64.powi(-480), 2f64.powi(500))
    } else {
        (2f64.powi(-48), 2f64.powi(60))
    };
    let largest = q.iter().fold(0.0, |most: f64, c| most.max(c.abs()));
    if largest == 0.0 {
        Sample::Zero
    } else if largest < least {
        Sample::Vanishing
    } else if largest > most {
        Sample::Overflowing
    } else {
        Sample::Unit(normalised(q))
    }
}

fn dot(a: &Quaternion, b: &Quaternion) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normalised(q: Quaternion) -> Quaternion {
    let norm = dot(&q, &q).sqrt();
    q.map(|c| c / norm)
}

/// The rotation on the arc from one to another or its negative.
fn slerp(q0: &Quaternion, q1: &Quaternion, weight: f64, negated: bool) -> Quaternion {
    let q1 = if negated { q1.map(|c| -c) } else { *q1 };
    let distance = |sign: f64| {
        let difference: Quaternion = std::array::from_fn(|c| q0[c] + sign * q1[c]);
        dot(&difference, &difference).sqrt()
    };
    // Half of the angle from the chord and its complement is exact to rounding at any size (Kahan).
    let angle = 2.0 * distance(-1.0).atan2(distance(1.0));
    if angle == 0.0 {
        return *q0;
    }
    let (of_q0, of_q1) = (
        ((1.0 - weight) * angle).sin() / angle.sin(),
        (weight * angle).sin() / angle.sin(),
    );
    normalised(std::array::from_fn(|c| of_q0 * q0[c] + of_q1 * q1[c]))
}
