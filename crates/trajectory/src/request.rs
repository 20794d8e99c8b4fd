//! The memory that takes part in a call.

use crate::Options;
use robocache_core::{Rows, TensorView, TensorViewMut, TimeAxis};

/// One resampling: what to read, what to fill, and how. All memory lies in one place.
#[derive(Debug)]
pub struct Resample<'a> {
    /// `[B, S, D]` samples; for packed rows `[1, N, D]`.
    pub data: TensorView<'a, 3>,
    /// Which samples of each row are real.
    pub rows: Rows<'a>,
    /// When the samples were taken: `[B, S]`, `[S]` or uniform; for packed rows `[N]` or uniform from
    /// the start of each row. Non-decreasing.
    pub source_times: TimeAxis<'a>,
    /// When values are wanted: `[B, T]`, `[T]` or uniform; in any order.
    pub target_times: TimeAxis<'a>,
    /// `[B, T, D]`: the values. Of float samples any float type, of integers their own or any float
    /// type; converted with one rounding.
    pub out: TensorViewMut<'a, 3>,
    /// `[B, T]` u8: 1 where the target was covered by samples in every column, else 0.
    pub mask: Option<TensorViewMut<'a, 2>>,
    /// `[B, T]` f32: how old the newest sample that is not after the target is, in the axes' unit; NaN
    /// where there is none.
    pub age: Option<TensorViewMut<'a, 2>>,
    /// How.
    pub options: Options,
}

impl<'a> Resample<'a> {
    /// A request with default options, dense rows, no mask and no age.
    pub fn new(
        data: TensorView<'a, 3>,
        source_times: TimeAxis<'a>,
        target_times: TimeAxis<'a>,
        out: TensorViewMut<'a, 3>,
    ) -> Self {
        let (rows, options) = (Rows::Dense, Options::default());
        Resample {
            data,
            rows,
            source_times,
            target_times,
            out,
            mask: None,
            age: None,
            options,
        }
    }

    /// The same request again, while this one waits.
    pub(crate) fn reborrow(&mut self) -> Resample<'_> {
        Resample {
            data: self.data,
            rows: self.rows,
            source_times: self.source_times,
            target_times: self.target_times,
            out: self.out.reborrow(),
            mask: self.mask.as_mut().map(TensorViewMut::reborrow),
            age: self.age.as_mut().map(TensorViewMut::reborrow),
            options: self.options,
        }
    }

    /// Sets [`rows`](Self::rows).
    #[must_use]
    pub fn rows(mut self, rows: Rows<'a>) -> Self {
        self.rows = rows;
        self
    }

    /// Sets [`mask`](Self::mask).
    #[must_use]
    pub fn mask(mut self, mask: TensorViewMut<'a, 2>) -> Self {
        self.mask = Some(mask);
        self
    }

    /// Sets [`age`](Self::age).
    #[must_use]
    pub fn age(mut self, age: TensorViewMut<'a, 2>) -> Self {
        self.age = Some(age);
        self
    }

    /// Sets [`options`](Self::options).
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}
