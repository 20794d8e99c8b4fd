//! The types that values are computed in, and what is computed in them.
//!
//! Each operation here rounds once, in the order written, and none is fused: the kernels under
//! `kernels/trajectory` do the same ones, so that results are the same bits on every device.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// The arithmetic type of values: f64 for f64 data, else f32.
pub(crate) trait Arith:
    Copy
    + PartialOrd
    + Send
    + Sync
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;
    const THREE: Self;
    const NAN: Self;
    /// Constants of `trig.rs`.
    const TRIG: Trig<Self>;

    fn from_f32(value: f32) -> Self;
    fn from_f64(value: f64) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn round_ties_even(self) -> Self;
    fn is_finite(self) -> bool;
    fn is_nan(self) -> bool;

    /// `self < 0.5 ? a + self * (b - a) : b - (1 - self) * (b - a)`: from the nearer end, so that the
    /// result never leaves `[a, b]` by more than rounding.
    #[inline(always)]
    fn blend(self, a: Self, b: Self) -> Self {
        self.blend_by(a, b, b - a)
    }

    /// [`blend`](Self::blend) of ends whose distance is not just their difference.
    #[inline(always)]
    fn blend_by(self, a: Self, b: Self, rise: Self) -> Self {
        let early = self < Self::HALF;
        // A product changes its sign without rounding.
        let factor = if early { self } else { -(Self::ONE - self) };
        let end = if early { a } else { b };
        end + factor * rise
    }
}

/// What the formulas of angles and rotations are made of, in one type. The polynomials are minimax ones, fitted
/// to the relative error by Remez' exchange: `x + x³ P(x²)`.
pub(crate) struct Trig<A: 'static> {
    /// P of the sine on [0, π/2]; the error is below 7e-9 in f32 and 5e-22 in f64.
    pub sin: &'static [A],
    /// P of the arc tangent on [0, √2 − 1]; below 7e-10 and 2e-21.
    pub atan: &'static [A],
    /// π/4.
    pub quarter: A,
    /// π/2.
    pub half: A,
    /// π.
    pub pi: A,
    /// 2π.
    pub tau: A,
    /// 1/2π.
    pub turns: A,
    /// 2π in three parts, the first two so short that their products with 2^16 turns are exact (Cody and
    /// Waite, "Software manual for the elementary functions", 1980).
    pub parts: [A; 3],
    /// √2 − 1, the tangent of π/8.
    pub eighth: A,
    /// Turns from which on next to nothing is left of an angle.
    pub most_turns: A,
    /// The square of an angle below which sine and angle are the same number.
    pub flat: A,
    /// Between these, a sum of squares has neither overflown nor lost digits.
    pub squares: [A; 2],
}

macro_rules! arith {
    ($ty:ident, $trig:expr) => {
        impl Arith for $ty {
            const ZERO: Self = 0.0;
            const HALF: Self = 0.5;
            const ONE: Self = 1.0;
            const THREE: Self = 3.0;
            const NAN: Self = $ty::NAN;
            const TRIG: Trig<Self> = $trig;

            #[inline(always)]
            fn from_f32(value: f32) -> Self {
                value as $ty
            }
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $ty
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $ty::abs(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $ty::sqrt(self)
            }
            #[inline(always)]
            fn round_ties_even(self) -> Self {
                $ty::round_ties_even(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $ty::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $ty::is_nan(self)
            }
        }
    };
}

arith!(
    f32,
    Trig {
        sin: &[-0.1666666, 0.0083330665, -0.00019809596, 2.6057658e-06],
        atan: &[
            -0.33333316,
            0.19998471,
            -0.14243522,
            0.10593727,
            -0.060779907
        ],
        quarter: std::f32::consts::FRAC_PI_4,
        half: std::f32::consts::FRAC_PI_2,
        pi: std::f32::consts::PI,
        tau: std::f32::consts::TAU,
        turns: 0.15915494,
        parts: [6.28125, 0.0019302368, 5.0703633e-06],
        eighth: 0.41421357,
        most_turns: 4194304.0,
        flat: 5.9604645e-08,
        squares: [1e-30, 1e30],
    }
);

arith!(
    f64,
    Trig {
        sin: &[
            -0.16666666666666666,
            0.008333333333333333,
            -0.0001984126984126967,
            2.7557319223940182e-06,
            -2.5052108378486455e-08,
            1.6059043195809304e-10,
            -7.64712724564867e-13,
            2.8102026413027084e-15,
            -7.981362543848558e-18,
        ],
        atan: &[
            -0.3333333333333333,
            0.19999999999999885,
            -0.1428571428569542,
            0.11111111109565526,
            -0.09090909016089217,
            0.07692305359314972,
            -0.06666617362582977,
            0.05881625512042614,
            -0.052555562425966394,
            0.047055541640304455,
            -0.04054915909579217,
            0.029607367612482862,
            -0.012976166757650178,
        ],
        quarter: std::f64::consts::FRAC_PI_4,
        half: std::f64::consts::FRAC_PI_2,
        pi: std::f64::consts::PI,
        tau: std::f64::consts::TAU,
        turns: 0.15915494309189535,
        parts: [
            6.2831853069365025,
            2.4308402025215864e-10,
            8.089064995183803e-21
        ],
        eighth: 0.41421356237309503,
        most_turns: 140737488355328.0,
        flat: 1.1102230246251565e-16,
        squares: [1e-290, 1e290],
    }
);
