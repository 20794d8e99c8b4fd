//! How are results written, whatever their type and form?

use super::totals::{Totals, highest_of, lowest_of};
use crate::request::Reductions;
use robocache_core::{
    DType, Element, Error, HostTensorMut, Result, TensorViewMut, bf16, f16, round,
};

/// The results that each cell can have.
pub(crate) struct Cells<'a, const C: usize, const V: usize> {
    count: Option<HostTensorMut<'a, i32, C>>,
    first: Option<Indices<'a, C>>,
    sum: Option<Values<'a, V>>,
    mean: Option<Values<'a, V>>,
    max: Option<Values<'a, V>>,
    min: Option<Values<'a, V>>,
}

impl<'a, const C: usize, const V: usize> Cells<'a, C, V> {
    pub fn new(reductions: Reductions<'a, C, V>) -> Result<Self> {
        Ok(Cells {
            count: reductions.count.map(HostTensorMut::new).transpose()?,
            first: reductions.first.map(Indices::new).transpose()?,
            sum: reductions.sum.map(Values::new).transpose()?,
            mean: reductions.mean.map(Values::new).transpose()?,
            max: reductions.max.map(Values::new).transpose()?,
            min: reductions.min.map(Values::new).transpose()?,
        })
    }

    /// Writes to all cells what those without points have.
    pub fn clear(&mut self, empty: f64) {
        if let Some(count) = &mut self.count {
            count.fill(0);
        }
        if let Some(first) = &mut self.first {
            first.fill(-1);
        }
        let values = [&mut self.sum, &mut self.mean, &mut self.max, &mut self.min];
        for values in values.into_iter().flatten() {
            values.fill(empty);
        }
    }

    /// Writes the results of a cell with `count` points; the totals are of that cell alone.
    pub fn write(&mut self, at: [usize; C], count: usize, first: u32, totals: Option<&Totals>) {
        if let Some(counts) = &mut self.count {
            counts.set(at, count as i32);
        }
        if let Some(firsts) = &mut self.first {
            firsts.set(at, i64::from(first));
        }
        let Some(totals) = totals else { return };
        let mut index = [0; V];
        index[..C].copy_from_slice(&at);
        if let Some(sums) = &mut self.sum {
            sums.set_row(index, totals.sums().iter().copied());
        }
        if let Some(means) = &mut self.mean {
            let means_of = totals.sums().iter().map(|sum| sum / count as f64);
            means.set_row(index, means_of);
        }
        if let Some(highest) = &mut self.max {
            highest.set_row(index, totals.highest().iter().copied().map(highest_of));
        }
        if let Some(lowest) = &mut self.min {
            lowest.set_row(index, totals.lowest().iter().copied().map(lowest_of));
        }
    }
}

/// Indices, as i32 or i64.
pub(crate) enum Indices<'a, const R: usize> {
    I32(HostTensorMut<'a, i32, R>),
    I64(HostTensorMut<'a, i64, R>),
}

impl<'a, const R: usize> Indices<'a, R> {
    pub fn new(view: TensorViewMut<'a, R>) -> Result<Self> {
        Ok(match view.dtype() {
            DType::I32 => Indices::I32(HostTensorMut::new(view)?),
            _ => Indices::I64(HostTensorMut::new(view)?),
        })
    }

    /// What is written is below 2³¹.
    pub fn set(&mut self, index: [usize; R], value: i64) {
        match self {
            Indices::I32(all) => all.set(index, value as i32),
            Indices::I64(all) => all.set(index, value),
        }
    }

    pub fn fill(&mut self, value: i64) {
        match self {
            Indices::I32(all) => all.fill(value as i32),
            Indices::I64(all) => all.fill(value),
        }
    }
}

/// Values, rounded once to their type.
pub(crate) enum Values<'a, const R: usize> {
    F16(HostTensorMut<'a, f16, R>),
    Bf16(HostTensorMut<'a, bf16, R>),
    F32(HostTensorMut<'a, f32, R>),
}

/// A type of values.
pub(crate) trait Value: Element {
    /// Rounded once; of what is no number, the one that all devices write.
    fn narrow(value: f64) -> Self;
}

impl Value for f16 {
    fn narrow(value: f64) -> Self {
        if value.is_nan() {
            f16::NAN
        } else {
            round::f16_from_f64(value)
        }
    }
}

impl Value for bf16 {
    fn narrow(value: f64) -> Self {
        if value.is_nan() {
            bf16::NAN
        } else {
            round::bf16_from_f64(value)
        }
    }
}

impl Value for f32 {
    fn narrow(value: f64) -> Self {
        if value.is_nan() {
            f32::NAN
        } else {
            value as f32
        }
    }
}

impl<'a, const R: usize> Values<'a, R> {
    pub fn new(view: TensorViewMut<'a, R>) -> Result<Self> {
        Ok(match view.dtype() {
            DType::F16 => Values::F16(HostTensorMut::new(view)?),
            DType::Bf16 => Values::Bf16(HostTensorMut::new(view)?),
            DType::F32 => Values::F32(HostTensorMut::new(view)?),
            found => {
                return Err(Error::DType {
                    argument: "values",
                    found,
                    expected: "f16, bf16 or f32",
                });
            }
        })
    }

    pub fn set(&mut self, index: [usize; R], value: f64) {
        match self {
            Values::F16(all) => all.set(index, Value::narrow(value)),
            Values::Bf16(all) => all.set(index, Value::narrow(value)),
            Values::F32(all) => all.set(index, Value::narrow(value)),
        }
    }

    /// Writes all values along the last dimension, whose index is 0.
    #[inline]
    pub fn set_row(&mut self, index: [usize; R], values: impl Iterator<Item = f64>) {
        match self {
            Values::F16(all) => set_row(all, index, values),
            Values::Bf16(all) => set_row(all, index, values),
            Values::F32(all) => set_row(all, index, values),
        }
    }

    pub fn fill(&mut self, value: f64) {
        match self {
            Values::F16(all) => all.fill(Value::narrow(value)),
            Values::Bf16(all) => all.fill(Value::narrow(value)),
            Values::F32(all) => all.fill(Value::narrow(value)),
        }
    }
}

#[inline]
fn set_row<T: Value, const R: usize>(
    all: &mut HostTensorMut<'_, T, R>,
    mut index: [usize; R],
    values: impl Iterator<Item = f64>,
) {
    if let Some(row) = all.last_mut(index) {
        for (to, value) in row.iter_mut().zip(values) {
            *to = T::narrow(value);
        }
        return;
    }
    for (column, value) in values.enumerate() {
        index[R - 1] = column;
        all.set(index, T::narrow(value));
    }
}
