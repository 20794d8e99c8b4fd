//! How is a sum the same in any order?
//!
//! Floats are not associative, integers are: every value becomes a whole multiple of a quantum that is so large
//! that N of the largest fit 63 bits, and so small that f32 loses next to nothing.

/// An f32 has nothing behind its point from here on, whatever power of two it is multiplied by.
const WHOLE: f64 = (1u64 << 51) as f64;
/// Doubles are one apart where this and anything below [`WHOLE`] add up: the sum is rounded to a whole number, ties to
/// even, and has it in its lowest bits, negative or not. There is no instruction for that on every processor.
const ROUNDING: f64 = 3.0 * WHOLE;

/// The quantum of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantum {
    size: f64,
    per_unit: f64,
}

impl Quantum {
    /// `2^(e + ceil(log2 N) − 62)` for a column whose largest finite magnitude has exponent `e`, among N points.
    pub fn of(largest: f32, points: usize) -> Quantum {
        let exponent = exponent(largest) + ceil_log2(points) - 62;
        Quantum {
            size: power_of_two(exponent),
            per_unit: power_of_two(-exponent),
        }
    }

    /// How many quanta a finite value is, to the nearest, ties to even.
    #[inline]
    pub fn multiple(&self, value: f32) -> i64 {
        let quanta = f64::from(value) * self.per_unit;
        match quanta.abs() < WHOLE {
            true => (quanta + ROUNDING)
                .to_bits()
                .wrapping_sub(ROUNDING.to_bits()) as i64,
            false => quanta as i64,
        }
    }

    /// So many quanta.
    #[inline]
    pub fn times(&self, multiple: i64) -> f64 {
        multiple as f64 * self.size
    }
}

/// `2^e <= |x| < 2^(e+1)`; for zero the exponent of the smallest number.
fn exponent(x: f32) -> i32 {
    let bits = x.abs().to_bits();
    match (bits >> 23) as i32 {
        0 => bits.max(1).ilog2() as i32 - 149,
        biased => biased - 127,
    }
}

fn ceil_log2(n: usize) -> i32 {
    n.max(1).next_power_of_two().trailing_zeros() as i32
}

/// Two to the power of a quantum or of what makes one of it: well inside of what f64 holds.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_the_format() {
        for (x, expected) in [
            (1.0, 0),
            (1.99, 0),
            (-2.0, 1),
            (0.75, -1),
            (f32::MAX, 127),
            (f32::MIN_POSITIVE, -126),
            (f32::from_bits(1), -149),
            (f32::from_bits(0x7f_ffff), -127),
            (0.0, -149),
        ] {
            assert_eq!(exponent(x), expected, "{x:e}");
        }
        let logs = [0, 1, 2, 3, 4, 5].map(ceil_log2);
        assert_eq!(logs, [0, 0, 1, 2, 2, 3]);
    }

    #[test]
    fn the_largest_numbers_fit_and_the_smallest_are_kept() {
        for points in [1usize, 2, 3, 1000, 1 << 20] {
            for largest in [f32::MAX, 1.0, f32::from_bits(0x7f_ffff), f32::from_bits(1)] {
                let quantum = Quantum::of(largest, points);
                let multiple = quantum.multiple(largest).checked_mul(points as i64);
                let sum = quantum.times(multiple.expect("they fit"));
                let exact = f64::from(largest) * points as f64;
                let error = points as f64 * quantum.size / 2.0;
                assert!(
                    (sum - exact).abs() <= error,
                    "{points} of {largest:e}: {sum:e}"
                );
            }
        }
        let quantum = Quantum::of(1.0, 1 << 20);
        assert_eq!(quantum.size, f64::powi(2.0, -42));
        assert_eq!([quantum.multiple(1e-12), quantum.multiple(-1e-12)], [4, -4]);
        assert_eq!(quantum.multiple(f32::powi(2.0, -43)), 0);
        assert_eq!(quantum.multiple(3.0 * f32::powi(2.0, -43)), 2);
        // On both sides of where floats are whole.
        for points in [1, 1 << 10, 1 << 11, 1 << 12, 1 << 13] {
            let quantum = Quantum::of(1.0, points);
            for value in [1.999_999_9f32, 1.0, 0.999_999_94, 0.3, 1e-9, 7e-13, 0.0] {
                for value in [value, -value] {
                    let quanta = f64::from(value) / quantum.size;
                    let nearest = quanta.round_ties_even() as i64;
                    assert_eq!(quantum.multiple(value), nearest, "{value:e} of {points}");
                }
            }
        }
    }
}
