//! What is left of a request without its pointers: validated once, compared and planned with ever after.

use crate::validate::{Valid, validate};
use crate::{Extrapolation, Resample, Runs};
use robocache_core::{DType, Place, Result, Rows, TensorViewMut, TimeAxis, TimeType};
use robocache_registry::{Features, KeyText};

/// The form of a time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AxisForm {
    /// `[B, N]`.
    PerRow = 0,
    /// `[N]`.
    Shared = 1,
    /// Computed.
    Uniform = 2,
}

impl AxisForm {
    const fn name(self) -> &'static str {
        match self {
            AxisForm::PerRow => "per_row",
            AxisForm::Shared => "shared",
            AxisForm::Uniform => "uniform",
        }
    }
}

/// The form of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RowsForm {
    /// All samples are real.
    Dense = 0,
    /// Padded, with lengths.
    Lengths = 1,
    /// One row after another, with offsets.
    Packed = 2,
}

impl RowsForm {
    const fn name(self) -> &'static str {
        match self {
            RowsForm::Dense => "dense",
            RowsForm::Lengths => "lengths",
            RowsForm::Packed => "packed",
        }
    }
}

/// Everything about a request by which variants are chosen and planned.
///
/// Making one ([`Problem::of`]) validates the request; a request whose problem equals a plan's is
/// therefore valid too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where all memory lies.
    pub place: Place,
    /// B.
    pub batch: usize,
    /// S; for packed rows N.
    pub samples: usize,
    /// T.
    pub targets: usize,
    /// D.
    pub columns: usize,
    /// Type of the samples.
    pub in_dtype: DType,
    /// Type of the values.
    pub out_dtype: DType,
    /// Type of all times.
    pub time_type: TimeType,
    /// Form of the source axis.
    pub source_form: AxisForm,
    /// Form of the target axis.
    pub target_form: AxisForm,
    /// Form of the batch.
    pub rows_form: RowsForm,
    /// Type of lengths or offsets; i64 for dense rows.
    pub rows_dtype: DType,
    /// Strides of batch, time and column, in elements.
    pub data_strides: [isize; 3],
    /// Likewise of the output.
    pub out_strides: [isize; 3],
    /// Strides of the mask, if there is one.
    pub mask_strides: Option<[isize; 2]>,
    /// Strides of the ages, if they are wanted.
    pub age_strides: Option<[isize; 2]>,
    /// Strides of batch and time of the source axis.
    pub source_strides: [isize; 2],
    /// Likewise of the target axis.
    pub target_strides: [isize; 2],
    /// Stride of lengths or offsets.
    pub rows_stride: isize,
    /// The largest power of two, up to 16, that divides the address of the samples.
    pub data_align: u8,
    /// Likewise of the output.
    pub out_align: u8,
    /// Kinds of interpolation of the columns.
    pub kinds: Runs,
    /// Rule outside of the range.
    pub extrapolation: Extrapolation,
}

impl Problem {
    /// The problem of a request.
    ///
    /// # Errors
    /// Names the argument, what was found and what was expected: shapes, types, places, overlap,
    /// durations, uniform axes that leave the range of their type.
    pub fn of(request: &Resample<'_>) -> Result<Problem> {
        let [batch, targets, columns] = request.out.shape();
        let Valid {
            samples,
            time_type,
            place,
            kinds,
        } = validate(request)?;
        let out = request.out.as_view();
        Ok(Problem {
            place,
            batch,
            samples,
            targets,
            columns,
            in_dtype: request.data.dtype(),
            out_dtype: out.dtype(),
            time_type,
            source_form: axis_form(&request.source_times),
            target_form: axis_form(&request.target_times),
            rows_form: match request.rows {
                Rows::Dense => RowsForm::Dense,
                Rows::Lengths(_) => RowsForm::Lengths,
                Rows::Packed(_) => RowsForm::Packed,
            },
            rows_dtype: request
                .rows
                .index()
                .map_or(DType::I64, |index| index.dtype()),
            data_strides: request.data.layout().strides,
            out_strides: out.layout().strides,
            mask_strides: strides(&request.mask),
            age_strides: strides(&request.age),
            source_strides: request.source_times.strides(),
            target_strides: request.target_times.strides(),
            rows_stride: request
                .rows
                .index()
                .map_or(0, |index| index.layout().strides[0]),
            data_align: alignment(request.data.address()),
            out_align: alignment(out.address()),
            kinds,
            extrapolation: request.options.extrapolation,
        })
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        let per_target = self.mask_strides.is_some()
            || self.age_strides.is_some()
            || self.extrapolation == Extrapolation::Error;
        self.batch == 0 || self.targets == 0 || (self.columns == 0 && !per_target)
    }

    /// The bytes of all values; saturates.
    pub fn bytes_of_values(&self) -> usize {
        let sizes = [
            self.batch,
            self.targets,
            self.columns,
            self.out_dtype.size(),
        ];
        sizes.iter().fold(1, |p, &n| p.saturating_mul(n))
    }

    /// Whether neighbouring columns are neighbours in memory, in samples and values.
    pub fn columns_adjacent(&self) -> bool {
        self.columns <= 1 || (self.data_strides[2] == 1 && self.out_strides[2] == 1)
    }

    /// The features by which variants compete.
    #[inline]
    pub(crate) fn features<F: Features>(&self, into: F) -> F {
        let source = self.source_form;
        let (target, rows) = (self.target_form, self.rows_form);
        let extrapolation = self.extrapolation;
        let adjacent = u32::from(self.columns_adjacent());
        into.with("in", self.in_dtype as u32, 4, self.in_dtype.name())
            .with("out", self.out_dtype as u32, 4, self.out_dtype.name())
            .with(
                "time",
                self.time_type as u32,
                2,
                self.time_type.dtype().name(),
            )
            .with("source", source as u32, 2, source.name())
            .with("target", target as u32, 2, target.name())
            .with("rows", rows as u32, 2, rows.name())
            .with("kind", self.kinds.number(), 4, self.kinds.name())
            .with("outside", extrapolation as u32, 2, extrapolation.name())
            .with(
                "columns",
                adjacent,
                1,
                ["strided", "adjacent"][adjacent as usize],
            )
            .with_number("in_align", u32::from(self.data_align), 5)
            .with_number("out_align", u32::from(self.out_align), 5)
            .with_number("D_to_63", self.columns.min(63) as u32, 6)
            .with_size("B", self.batch)
            .with_size("S", self.samples)
            .with_size("T", self.targets)
            .with_size("D", self.columns)
    }

    /// The features by which variants compete, in words: under these a choice is kept.
    pub fn key_text(&self) -> KeyText {
        self.features(KeyText::new())
    }

    /// The bytes that have to move at least, if every target uses other samples than the next: each
    /// output once, each sample once at most, times, mask and ages once. Saturates: strides of zero make sizes
    /// possible whose product is not.
    pub fn bytes(&self) -> usize {
        let product = |sizes: &[usize]| sizes.iter().fold(1usize, |p, &n| p.saturating_mul(n));
        let (rows, used) = match self.rows_form {
            RowsForm::Packed => (1, product(&[2, self.targets, self.batch])),
            _ => (self.batch, product(&[2, self.targets])),
        };
        let time = self.time_type.dtype().size();
        let axis = |form, len: usize| match form {
            AxisForm::PerRow => product(&[self.batch, len, time]),
            AxisForm::Shared => product(&[len, time]),
            AxisForm::Uniform => 0,
        };
        let per_target = |strides: Option<[isize; 2]>, size| {
            strides.map_or(0, |_| product(&[self.batch, self.targets, size]))
        };
        [
            product(&[
                rows,
                self.samples.min(used),
                self.columns,
                self.in_dtype.size(),
            ]),
            self.bytes_of_values(),
            axis(self.source_form, self.samples),
            axis(self.target_form, self.targets),
            per_target(self.mask_strides, 1),
            per_target(self.age_strides, size_of::<f32>()),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

fn axis_form(axis: &TimeAxis<'_>) -> AxisForm {
    match axis {
        TimeAxis::PerRow(_) => AxisForm::PerRow,
        TimeAxis::Shared(_) => AxisForm::Shared,
        TimeAxis::Uniform { .. } => AxisForm::Uniform,
    }
}

fn strides(view: &Option<TensorViewMut<'_, 2>>) -> Option<[isize; 2]> {
    view.as_ref().map(|view| view.as_view().layout().strides)
}

fn alignment(address: u64) -> u8 {
    1 << address.trailing_zeros().min(4)
}
