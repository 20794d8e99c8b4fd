//! The parameter struct of every kernel: `Params` in kernels/trajectory/params.cuh, offset by offset.

use super::Geometry;
use crate::cpu::fill_bits;
use crate::runs::{Run, Runs};
use crate::{Extrapolation, Invalid, Problem, Resample};
use robocache_core::{DType, TimeAxis, TimeScalar};

const HAS_TOLERANCE: u32 = 1;
const HAS_MAX_GAP: u32 = 2;
const FILL_INVALID: u32 = 4;
const CHECK_TIMES: u32 = 8;
const ROWS_ARE_64_BIT: u32 = 16;
const SIMPLE: u32 = 32;
/// Set by a variant's geometry.
pub(crate) const SPARSE: u32 = 64;

#[repr(C)]
#[derive(Clone, Copy)]
struct Axis {
    times: u64,
    row_stride: i64,
    stride: i64,
    start: u64,
    step: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Params {
    data: u64,
    out: u64,
    mask: u64,
    age: u64,
    rows: u64,
    status: u64,
    source: Axis,
    target: Axis,
    offset: u64,
    tolerance: u64,
    max_gap: u64,
    fill: u64,
    data_stride: [i64; 3],
    out_stride: [i64; 3],
    mask_stride: [i64; 2],
    age_stride: [i64; 2],
    rows_stride: i64,
    batch: i64,
    samples: i64,
    targets: i64,
    columns: i64,
    tile: u32,
    tiles: u32,
    rule: u32,
    extrapolation: u32,
    time_type: u32,
    rows_form: u32,
    in_dtype: u32,
    out_dtype: u32,
    flags: u32,
    rules: u32,
    runs: u32,
    round: u32,
    group: u32,
    capacity: u32,
    run: [Run; Runs::MOST],
}

impl Params {
    #[inline]
    pub fn new(
        problem: &Problem,
        geometry: &Geometry,
        request: &Resample<'_>,
        status: u64,
    ) -> Params {
        let options = &request.options;
        let flag = |on: bool, bit: u32| if on { bit } else { 0 };
        let bits = |value: Option<TimeScalar>| value.map_or(0, TimeScalar::to_bits);
        let strides =
            |strides: Option<[isize; 2]>| strides.unwrap_or([0, 0]).map(|stride| stride as i64);
        let index = request.rows.index();
        let kinds = &problem.kinds;
        let simple = options.tolerance.is_none()
            && options.max_gap.is_none()
            && request.age.is_none()
            && problem.extrapolation == Extrapolation::Hold;
        Params {
            data: request.data.address(),
            out: request.out.address(),
            mask: request.mask.as_ref().map_or(0, |mask| mask.address()),
            age: request.age.as_ref().map_or(0, |age| age.address()),
            rows: index.map_or(0, |index| index.address()),
            status,
            source: Axis::new(&request.source_times),
            target: Axis::new(&request.target_times),
            offset: bits(options.offset),
            tolerance: bits(options.tolerance),
            max_gap: bits(options.max_gap),
            fill: fill_bits(options.fill, problem.out_dtype),
            data_stride: problem.data_strides.map(|stride| stride as i64),
            out_stride: problem.out_strides.map(|stride| stride as i64),
            mask_stride: strides(problem.mask_strides),
            age_stride: strides(problem.age_strides),
            rows_stride: problem.rows_stride as i64,
            batch: problem.batch as i64,
            samples: problem.samples as i64,
            targets: problem.targets as i64,
            columns: problem.columns as i64,
            tile: geometry.tile,
            tiles: geometry.tiles,
            rule: kinds.list()[0].rule as u32,
            extrapolation: problem.extrapolation as u32,
            time_type: problem.time_type as u32,
            rows_form: problem.rows_form as u32,
            in_dtype: problem.in_dtype as u32,
            out_dtype: problem.out_dtype as u32,
            flags: geometry.flags
                | flag(options.tolerance.is_some(), HAS_TOLERANCE)
                | flag(options.max_gap.is_some(), HAS_MAX_GAP)
                | flag(options.invalid == Invalid::Fill, FILL_INVALID)
                | flag(status != 0 && options.check, CHECK_TIMES)
                | flag(problem.rows_dtype == DType::I64, ROWS_ARE_64_BIT)
                | flag(simple, SIMPLE),
            rules: kinds.rules(),
            runs: kinds.list().len() as u32,
            round: kinds.round(),
            group: geometry.group,
            capacity: geometry.capacity,
            run: *kinds.all_runs(),
        }
    }
}

impl Axis {
    #[inline]
    fn new(axis: &TimeAxis<'_>) -> Axis {
        let [row_stride, stride] = axis.strides().map(|stride| stride as i64);
        let (start, step) = match axis {
            TimeAxis::Uniform { start, step, .. } => (start.to_bits(), step.to_bits()),
            _ => (0, 0),
        };
        Axis {
            times: axis.address(),
            row_stride,
            stride,
            start,
            step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_testkit::mirror::{fields, header};
    use robocache_testkit::offsets;

    #[test]
    fn the_kernels_see_the_same_struct() {
        let (axis, axis_bytes) = fields("common/time.cuh", "Axis", &[]);
        assert_eq!(axis, offsets!(Axis: times, row_stride, stride, start, step));
        assert_eq!(axis_bytes, size_of::<Axis>());
        let (run, run_bytes) = fields("trajectory/params.cuh", "Run", &[]);
        assert_eq!(run, offsets!(Run: end, rule));
        assert_eq!(run_bytes, size_of::<Run>());
        let (params, bytes) = fields(
            "trajectory/params.cuh",
            "Params",
            &[("Axis", axis_bytes, 8), ("Run", run_bytes, 4)],
        );
        let expected = offsets!(Params:
            data, out, mask, age, rows, status, source, target, offset, tolerance, max_gap, fill,
            data_stride, out_stride, mask_stride, age_stride, rows_stride, batch, samples, targets, columns, tile, tiles,
            rule, extrapolation, time_type, rows_form, in_dtype, out_dtype, flags, rules, runs, round, group, capacity, run);
        assert_eq!(params, expected);
        assert_eq!(bytes, size_of::<Params>());
    }

    #[test]
    fn the_kernels_know_the_same_rules() {
        use crate::runs::Rule::*;
        let text = header("trajectory/params.cuh");
        for (name, rule) in [
            ("RULE_LINEAR", Linear),
            ("RULE_PREVIOUS", Previous),
            ("RULE_NEXT", Next),
            ("RULE_NEAREST", Nearest),
            ("RULE_CUBIC", Cubic),
            ("RULE_PCHIP", Pchip),
            ("RULE_SLERP_XYZW", SlerpXyzw),
            ("RULE_SLERP_WXYZ", SlerpWxyz),
            ("RULE_ANGLE", Angle),
        ] {
            let line = format!("{name} = {},", rule as u32);
            assert!(text.contains(&line), "{line}");
        }
        assert!(text.contains("RULES = 9,"));
    }

    #[test]
    fn the_kernels_know_the_same_flags() {
        let text = header("trajectory/params.cuh");
        for (name, value) in [
            ("HAS_TOLERANCE", HAS_TOLERANCE),
            ("HAS_MAX_GAP", HAS_MAX_GAP),
            ("FILL_INVALID", FILL_INVALID),
            ("CHECK_TIMES", CHECK_TIMES),
            ("ROWS_ARE_64_BIT", ROWS_ARE_64_BIT),
            ("SIMPLE", SIMPLE),
            ("SPARSE", SPARSE),
        ] {
            assert!(text.contains(&format!("{name} = {value},")), "{name}");
        }
    }
}
