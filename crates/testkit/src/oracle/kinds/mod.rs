//! What a span's values are, and how near is near enough.
//!
//! | module | kinds |
//! |---|---|
//! | `linear` | `Linear` |
//! | `hermite` | `Cubic`, `Pchip` |
//! | `rotation` | `Slerp` |
//! | `angle` | `Angle` |
//!
//! Where a number in between may leave the range of the arithmetic, so that formulas that are equal on
//! paper differ, the answer is [`Expected::Anything`]; each module says where that is.

pub(super) mod angle;
pub(super) mod hermite;
pub(super) mod linear;
pub(super) mod rotation;

use super::decide::{End, Rule};
use super::{Expected, Kind, Number, Question, Span, Swap};
use robocache_core::DType;

/// What values are made of.
pub(super) struct Source<'a> {
    pub question: &'a Question<'a>,
    /// How many samples there are.
    pub samples: usize,
    /// The time between a sample and the next, rounded as in the weight's denominator.
    pub width: &'a dyn Fn(usize) -> f64,
}

impl Source<'_> {
    /// The sample of an index and a column.
    fn at(&self, index: usize, column: usize) -> f64 {
        (self.question.sample)(index, column).float()
    }

    /// Where a rule takes values from; those that take them from nowhere give a constant.
    fn place(&self, rule: Rule) -> Result<Place, Number> {
        let place = |first, second, weight, beyond| Place {
            first,
            second,
            weight,
            beyond,
        };
        match rule {
            Rule::Nan if self.question.out_dtype.is_float() => Err(f64::NAN.into()),
            Rule::Nan | Rule::Fill => Err(self.question.fill.into()),
            Rule::At(i) => Ok(place(i, i, 0.0, None)),
            Rule::Between { first, weight } => Ok(place(first, first + 1, weight, None)),
            Rule::Beyond { end, weight } => {
                let second = match end {
                    End::First => 1,
                    End::Last => self.samples - 1,
                };
                Ok(place(second - 1, second, weight, Some(end)))
            }
        }
    }
}

/// A place on the way from one sample to another, or on its continuation; one sample alone if both are
/// the same.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: usize,
    second: usize,
    weight: f64,
    beyond: Option<End>,
}

impl Place {
    /// What errors grow by.
    fn reach(&self) -> f64 {
        match self.beyond {
            Some(_) => 1.0 + self.weight.abs(),
            None => 1.0,
        }
    }
}

/// A span's values.
pub(super) struct Made {
    pub values: Vec<Expected>,
    pub swaps: Vec<Swap>,
    /// Whether the samples could be used: a zero quaternion cannot. `None` where that is open.
    pub usable: Option<bool>,
}

/// The type that values are computed in: F64 for f64 data, else F32.
pub(super) fn arithmetic(in_dtype: DType) -> DType {
    if in_dtype == DType::F64 {
        DType::F64
    } else {
        DType::F32
    }
}

/// A magnitude near the end of a type's range, beyond which numbers in between may overflow.
fn huge(arithmetic: DType) -> f64 {
    if arithmetic == DType::F64 {
        1e307
    } else {
        1e37
    }
}

/// The values of a span that begins at a column.
pub(super) fn make(source: &Source<'_>, span: Span, column: usize, rule: Rule) -> Made {
    let columns = column..column + span.columns;
    let mut made = Made {
        values: Vec::with_capacity(span.columns),
        swaps: Vec::new(),
        usable: Some(true),
    };
    let place = match source.place(rule) {
        Ok(place) => place,
        Err(constant) => {
            made.values = vec![Expected::Exactly(constant); span.columns];
            return made;
        }
    };
    let copy = |column| Expected::Exactly((source.question.sample)(place.first, column));
    match span.kind {
        Kind::Slerp { .. } => {
            for column in columns.step_by(4) {
                rotation::extend(&mut made, source, column, place);
            }
        }
        Kind::Angle => {
            for column in columns {
                angle::extend(&mut made, source, column, place);
            }
        }
        _ if place.first == place.second => made.values.extend(columns.map(copy)),
        Kind::Cubic => {
            let value = |column| hermite::value(source, hermite::Shape::Cubic, column, place);
            made.values.extend(columns.map(value));
        }
        Kind::Pchip => {
            let value = |column| hermite::value(source, hermite::Shape::Pchip, column, place);
            made.values.extend(columns.map(value));
        }
        _ => {
            let value = |column| linear::value(source, column, place);
            made.values.extend(columns.map(value));
        }
    }
    made
}
