//! A request without its pointers: validated once, compared and planned with ever after.

use crate::check::uniform_too_coarse;
use crate::{Extrapolation, Kind, Resample};
use robocache_core::{
    DType, Error, Place, Result, Rows, TimeAxis, TimeFault, TimeScalar, TimeType,
};
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
    /// Kind of interpolation.
    pub kind: Kind,
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
        let samples = check_shapes(request, batch, targets, columns)?;
        let time_type = check_types(request)?;
        let place = check_places(request)?;
        check_durations(request, time_type)?;
        check_uniform(
            "source_times",
            &request.source_times,
            true,
            request.options.check,
        )?;
        check_uniform("target_times", &request.target_times, false, false)?;
        check_overlap(request)?;
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
            mask_strides: request
                .mask
                .as_ref()
                .map(|mask| mask.as_view().layout().strides),
            source_strides: request.source_times.strides(),
            target_strides: request.target_times.strides(),
            rows_stride: request
                .rows
                .index()
                .map_or(0, |index| index.layout().strides[0]),
            data_align: alignment(request.data.address()),
            out_align: alignment(out.address()),
            kind: request.options.kind,
            extrapolation: request.options.extrapolation,
        })
    }

    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.batch == 0 || self.targets == 0 || (self.columns == 0 && self.mask_strides.is_none())
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
        let (kind, extrapolation) = (self.kind, self.extrapolation);
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
            .with("kind", kind as u32, 4, kind.name())
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
    /// output once, each sample once at most, times and mask once. Saturates: strides of zero make sizes
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
        let mask = self
            .mask_strides
            .map_or(0, |_| product(&[self.batch, self.targets]));
        let values = [
            self.batch,
            self.targets,
            self.columns,
            self.out_dtype.size(),
        ];
        [
            product(&[
                rows,
                self.samples.min(used),
                self.columns,
                self.in_dtype.size(),
            ]),
            product(&values),
            axis(self.source_form, self.samples),
            axis(self.target_form, self.targets),
            mask,
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

fn alignment(address: u64) -> u8 {
    1 << address.trailing_zeros().min(4)
}

/// Checks all shapes against the output's; returns the number of samples.
fn check_shapes(
    request: &Resample<'_>,
    batch: usize,
    targets: usize,
    columns: usize,
) -> Result<usize> {
    let packed = matches!(request.rows, Rows::Packed(_));
    let [rows, samples, data_columns] = request.data.shape();
    if rows != if packed { 1 } else { batch } || data_columns != columns {
        let expected = if packed {
            format!(
                "[1, N, {columns}] for packed rows and an output of [{batch}, {targets}, {columns}]"
            )
        } else {
            format!("[{batch}, S, {columns}] for an output of [{batch}, {targets}, {columns}]")
        };
        return Err(Error::shape("data", &request.data.shape(), expected));
    }
    request.rows.check(batch)?;
    if let (true, TimeAxis::PerRow(view)) = (packed, &request.source_times) {
        return Err(Error::shape(
            "source_times",
            &view.shape(),
            format!("[{samples}] for packed rows"),
        ));
    }
    check_axis("source_times", &request.source_times, batch, samples)?;
    check_axis("target_times", &request.target_times, batch, targets)?;
    if let Some(mask) = &request.mask
        && mask.shape() != [batch, targets]
    {
        return Err(Error::shape(
            "mask",
            &mask.shape(),
            format!("[{batch}, {targets}]"),
        ));
    }
    const LIMIT: usize = i32::MAX as usize;
    for (what, size) in [
        ("the number of samples", samples),
        ("the number of targets", targets),
    ] {
        if size > LIMIT {
            return Err(Error::Overflow { what });
        }
    }
    Ok(samples)
}

fn check_axis(argument: &'static str, axis: &TimeAxis<'_>, batch: usize, len: usize) -> Result<()> {
    let (fits, found) = match axis {
        TimeAxis::PerRow(view) => (view.shape() == [batch, len], view.shape().to_vec()),
        _ => (axis.len() == len, vec![axis.len()]),
    };
    if fits {
        return Ok(());
    }
    Err(Error::shape(
        argument,
        &found,
        format!("[{batch}, {len}], [{len}] or uniform of {len}"),
    ))
}

fn check_types(request: &Resample<'_>) -> Result<TimeType> {
    let float = |argument, found: DType| {
        if found.is_float() {
            return Ok(());
        }
        Err(Error::DType {
            argument,
            found,
            expected: "f16, bf16, f32 or f64",
        })
    };
    float("data", request.data.dtype())?;
    float("out", request.out.dtype())?;
    let time_type = request.source_times.time_type("source_times")?;
    let found = request.target_times.time_type("target_times")?;
    if found != time_type {
        return Err(Error::DType {
            argument: "target_times",
            found: found.dtype(),
            expected: "the type of the source times",
        });
    }
    match &request.mask {
        Some(mask) if mask.dtype() != DType::U8 => Err(Error::DType {
            argument: "mask",
            found: mask.dtype(),
            expected: "u8",
        }),
        _ => Ok(time_type),
    }
}

fn check_places(request: &Resample<'_>) -> Result<Place> {
    let place = request.out.as_view().place();
    let others = [
        ("data", Some(request.data.place())),
        ("source_times", request.source_times.place()),
        ("target_times", request.target_times.place()),
        ("rows", request.rows.index().map(|index| index.place())),
        (
            "mask",
            request.mask.as_ref().map(|mask| mask.as_view().place()),
        ),
    ];
    for (argument, found) in others {
        if let Some(found) = found
            && found != place
        {
            return Err(Error::memory(
                argument,
                format!("lies in {found}, the output in {place}"),
            ));
        }
    }
    Ok(place)
}

fn check_durations(request: &Resample<'_>, time_type: TimeType) -> Result<()> {
    let options = &request.options;
    let durations = [
        ("tolerance", options.tolerance),
        ("max_gap", options.max_gap),
    ];
    let all = durations.into_iter().chain([("offset", options.offset)]);
    for (argument, value) in all {
        let Some(value) = value else { continue };
        if value.time_type() != time_type {
            let found = value.time_type().dtype();
            return Err(Error::DType {
                argument,
                found,
                expected: "the type of the times",
            });
        }
        let (fine, expected) = if argument == "offset" {
            (value.is_finite(), "a finite number")
        } else {
            (value.is_duration(), "zero or more")
        };
        if !fine {
            return Err(Error::Range {
                argument,
                found: value.to_string(),
                expected,
            });
        }
    }
    Ok(())
}

/// A uniform axis has no memory to look at, so it is checked here, whatever the device.
fn check_uniform(
    argument: &'static str,
    axis: &TimeAxis<'_>,
    sorted: bool,
    resolution: bool,
) -> Result<()> {
    let TimeAxis::Uniform { start, step, len } = *axis else {
        return Ok(());
    };
    let range = |found: TimeScalar, expected| {
        Err(Error::Range {
            argument,
            found: found.to_string(),
            expected,
        })
    };
    if !start.is_finite() {
        return range(start, "a finite start");
    }
    if !step.is_finite() || (sorted && !step.is_duration()) {
        return range(
            step,
            if sorted {
                "a finite step of zero or more"
            } else {
                "a finite step"
            },
        );
    }
    let last = len.saturating_sub(1);
    let ends = match (start, step) {
        (TimeScalar::I64(start), TimeScalar::I64(step)) => i64::try_from(last)
            .ok()
            .and_then(|n| n.checked_mul(step)?.checked_add(start))
            .is_some(),
        (TimeScalar::F64(start), TimeScalar::F64(step)) => (start + last as f64 * step).is_finite(),
        (TimeScalar::F32(start), TimeScalar::F32(step)) => {
            let end = start + last as f32 * step;
            if resolution && uniform_too_coarse(start, step, len) {
                return Err(Error::Time {
                    batch: 0,
                    index: 0,
                    fault: TimeFault::TooCoarse,
                });
            }
            end.is_finite()
        }
        _ => true, // Types differ: refused before.
    };
    if ends {
        Ok(())
    } else {
        range(step, "a last knot that the type of the times can hold")
    }
}

fn check_overlap(request: &Resample<'_>) -> Result<()> {
    let inputs = [
        ("data", request.data.byte_range()),
        ("source_times", request.source_times.byte_range()),
        ("target_times", request.target_times.byte_range()),
        (
            "rows",
            request.rows.index().and_then(|index| index.byte_range()),
        ),
    ];
    let out = request.out.as_view().byte_range();
    let mask = request
        .mask
        .as_ref()
        .and_then(|mask| mask.as_view().byte_range());
    let outputs = [("out", out), ("mask", mask)];
    for (written, range) in outputs {
        for (read, other) in inputs {
            if overlap(range, other) {
                return Err(Error::memory(written, format!("overlaps {read}")));
            }
        }
    }
    if overlap(out, mask) {
        return Err(Error::memory("mask", "overlaps out"));
    }
    Ok(())
}

fn overlap(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> bool {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => a < d && c < b,
        _ => false,
    }
}
