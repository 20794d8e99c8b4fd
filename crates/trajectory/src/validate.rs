//! Is a request sound? Each check names the argument, what was found and what was expected.

use crate::check::uniform_too_coarse;
use crate::{Resample, Runs};
use robocache_core::{
    DType, Error, Place, Result, Rows, TensorViewMut, TimeAxis, TimeFault, TimeScalar, TimeType,
};

/// What the checks learn on their way.
pub(crate) struct Valid {
    /// S; for packed rows N.
    pub samples: usize,
    /// Type of all times.
    pub time_type: TimeType,
    /// Where all memory lies.
    pub place: Place,
    /// The kinds of the columns.
    pub kinds: Runs,
}

/// Checks everything but the numbers in memory.
pub(crate) fn validate(request: &Resample<'_>) -> Result<Valid> {
    let [batch, targets, columns] = request.out.shape();
    let samples = check_shapes(request, batch, targets, columns)?;
    let kinds = Runs::of(&request.options.kind, columns)?;
    let time_type = check_types(request, &kinds)?;
    let place = check_places(request)?;
    check_durations(request, time_type)?;
    let (source, target) = (&request.source_times, &request.target_times);
    check_uniform("source_times", source, true, request.options.check)?;
    check_uniform("target_times", target, false, false)?;
    check_overlap(request)?;
    Ok(Valid {
        samples,
        time_type,
        place,
        kinds,
    })
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
    for (argument, view) in [("mask", &request.mask), ("age", &request.age)] {
        if let Some(view) = view
            && view.shape() != [batch, targets]
        {
            return Err(Error::shape(
                argument,
                &view.shape(),
                format!("[{batch}, {targets}]"),
            ));
        }
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
    let refuse = |found: &[usize]| {
        let expected = format!("[{batch}, {len}], [{len}] or uniform of {len}");
        Err(Error::shape(argument, found, expected))
    };
    match axis {
        TimeAxis::PerRow(view) if view.shape() == [batch, len] => Ok(()),
        TimeAxis::PerRow(view) => refuse(&view.shape()),
        _ if axis.len() == len => Ok(()),
        _ => refuse(&[axis.len()]),
    }
}

fn check_types(request: &Resample<'_>, kinds: &Runs) -> Result<TimeType> {
    let refuse = |argument, found: DType, expected| {
        Err(Error::DType {
            argument,
            found,
            expected,
        })
    };
    let (data, out) = (request.data.dtype(), request.out.dtype());
    if !data.is_float() && kinds.any(|rule| !rule.is_hold()) {
        let expected = "f16, bf16, f32 or f64 (integers can be held, not interpolated)";
        return refuse("data", data, expected);
    }
    if !out.is_float() && out != data {
        return refuse("out", out, "f16, bf16, f32, f64 or the type of the samples");
    }
    let time_type = request.source_times.time_type("source_times")?;
    let found = request.target_times.time_type("target_times")?;
    if found != time_type {
        return refuse(
            "target_times",
            found.dtype(),
            "the type of the source times",
        );
    }
    for (argument, view, expected, name) in [
        ("mask", &request.mask, DType::U8, "u8"),
        ("age", &request.age, DType::F32, "f32"),
    ] {
        if let Some(view) = view
            && view.dtype() != expected
        {
            return refuse(argument, view.dtype(), name);
        }
    }
    Ok(time_type)
}

fn check_places(request: &Resample<'_>) -> Result<Place> {
    let place = request.out.as_view().place();
    let others = [
        ("data", Some(request.data.place())),
        ("source_times", request.source_times.place()),
        ("target_times", request.target_times.place()),
        ("rows", request.rows.index().map(|index| index.place())),
        ("mask", place_of(&request.mask)),
        ("age", place_of(&request.age)),
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

fn place_of(view: &Option<TensorViewMut<'_, 2>>) -> Option<Place> {
    view.as_ref().map(|view| view.as_view().place())
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
    let range_of = |view: &Option<TensorViewMut<'_, 2>>| {
        let view = view.as_ref()?;
        view.as_view().byte_range()
    };
    let outputs = [
        ("out", request.out.as_view().byte_range()),
        ("mask", range_of(&request.mask)),
        ("age", range_of(&request.age)),
    ];
    for (at, (written, range)) in outputs.into_iter().enumerate() {
        for (other, taken) in inputs.into_iter().chain(outputs[..at].iter().copied()) {
            if overlap(range, taken) {
                return Err(Error::memory(written, format!("overlaps {other}")));
            }
        }
    }
    Ok(())
}

fn overlap(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> bool {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => a < d && c < b,
        _ => false,
    }
}
