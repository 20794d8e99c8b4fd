//! Whether what was found is right.

use super::exact::round_to;
use super::number::Number;
use robocache_core::DType;

/// What one element must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This number, rounded once to the output's type; every NaN is equal to every other.
    Exactly(Number),
    /// Within `error` of a number, before it was rounded to the output's type.
    Near {
        /// The number.
        value: f64,
        /// The permitted distance.
        error: f64,
    },
    /// Whatever it is, NaN and infinities included: the contract leaves it open.
    Anything,
}

impl Expected {
    /// NaN.
    pub(super) const NAN: Expected = Expected::Exactly(Number::Float(f64::NAN));

    /// Whether an element of the output is right.
    pub fn admits(&self, found: Number, out_dtype: DType) -> bool {
        match (*self, found) {
            (Expected::Exactly(value), _) => value.to(out_dtype).same(found),
            // Rounding keeps order, so this is the bound plus one rounding, without counting any
            // rounding twice.
            (Expected::Near { value, error }, Number::Float(found)) => {
                round_to(out_dtype, value - error) <= found
                    && found <= round_to(out_dtype, value + error)
            }
            (Expected::Near { .. }, Number::Integer(_)) => false,
            (Expected::Anything, _) => true,
        }
    }
}

/// Columns that may, all together, be something else as well: a quaternion and its negative are one
/// rotation, the two ends of a circle one angle.
#[derive(Clone, Debug, PartialEq)]
pub struct Swap {
    /// The first of the columns.
    pub column: usize,
    /// What they may be; as many in every swap of the same first column.
    pub values: Vec<Expected>,
}

/// What one target must give.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whether it is valid; `None` where the contract leaves it open.
    pub mask: Option<bool>,
    /// The distance from the newest sample that is not after it; NaN if there is none.
    pub age: f32,
    /// Whether it lies outside of the range for any of the spans: then `Extrapolation::Error` is one.
    pub outside: bool,
    /// Its columns.
    pub values: Vec<Expected>,
    /// What groups of columns may be instead, by rising column.
    pub swaps: Vec<Swap>,
    /// Another answer that is right as well: for `Nearest`, where the nearer sample is nearer by less
    /// than the axis' type can tell.
    pub or: Option<Box<Answer>>,
}

impl Answer {
    /// Whether mask and age (where there are any) and values are right; the first difference in words.
    ///
    /// # Errors
    /// What differs.
    pub fn check(
        &self,
        mask: Option<u8>,
        age: Option<f32>,
        found: &dyn Fn(usize) -> Number,
        out_dtype: DType,
    ) -> Result<(), String> {
        if let Some(age) = age
            && age != self.age
            && !(age.is_nan() && self.age.is_nan())
        {
            return Err(format!("age {age:?}, expected {:?}", self.age));
        }
        let Err(difference) = self.check_one(mask, found, out_dtype) else {
            return Ok(());
        };
        match &self.or {
            Some(or) if or.check_one(mask, found, out_dtype).is_ok() => Ok(()),
            _ => Err(difference),
        }
    }

    fn check_one(
        &self,
        mask: Option<u8>,
        found: &dyn Fn(usize) -> Number,
        out_dtype: DType,
    ) -> Result<(), String> {
        if let Some(mask) = mask
            && (mask > 1 || self.mask.is_some_and(|expected| mask != u8::from(expected)))
        {
            return Err(format!(
                "mask {mask}, expected {:?} (values {:?})",
                self.mask.map(u8::from),
                self.values.first()
            ));
        }
        let mut swaps = self.swaps.as_slice();
        let mut column = 0;
        while column < self.values.len() {
            let count = swaps
                .iter()
                .take_while(|swap| swap.column == column)
                .count();
            let (here, rest) = swaps.split_at(count);
            swaps = rest;
            let width = here.first().map_or(1, |swap| swap.values.len());
            let wrong = |values: &[Expected]| {
                let right =
                    |(i, value): (usize, &Expected)| value.admits(found(column + i), out_dtype);
                !values.iter().enumerate().all(right)
            };
            let group = &self.values[column..column + width];
            if wrong(group) && here.iter().all(|swap| wrong(&swap.values)) {
                let found: Vec<_> = (column..column + width).map(found).collect();
                let or = if here.is_empty() {
                    String::new()
                } else {
                    format!(" or any of {here:?}")
                };
                return Err(format!(
                    "column {column}: {found:?}, expected {group:?}{or} as {out_dtype}"
                ));
            }
            column += width;
        }
        Ok(())
    }
}

/// The first target outside of the range: with `Extrapolation::Error`, the error names the first row
/// that has one, and this index in it.
pub fn first_outside(answers: &[Answer]) -> Option<usize> {
    answers.iter().position(|answer| answer.outside)
}
