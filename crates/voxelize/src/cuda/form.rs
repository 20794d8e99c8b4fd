//! What do kernels know of memory and grids, so that they can do with less?

use super::room::MOST_KEPT;
use crate::problem::{OutputForm, RANK};
use crate::{Form, Grid, Output, Problem};
use robocache_core::{DType, Refusal, Result};

/// `TargetForm` in kernels/voxelize/params.cuh.
pub(super) const FLAT: u32 = 1;
pub(super) const CHUNKS: u32 = 2;
pub(super) const WHOLE: u32 = 4;

/// Whether features are f32, adjacent, and a multiple of four.
pub(super) fn has_fours(problem: &Problem) -> bool {
    problem.feature_dtype == DType::F32
        && problem.features.is_multiple_of(4)
        && problem.feature_strides[1] == 1
}

/// And their rows whole chunks of 16 bytes.
pub(super) fn has_quads(problem: &Problem) -> bool {
    has_fours(problem) && problem.feature_align >= 16 && problem.feature_strides[0] % 4 == 0
}

/// Whether outputs of a cell with one point say what its features are, as far as further points need to know: sums in f32,
/// and maxima and minima of any type, as those are rounded alike in any order.
pub(super) fn keeps_features(problem: &Problem) -> bool {
    let mut sums = [Output::Sum, Output::Mean]
        .into_iter()
        .filter_map(|output| problem.outputs[output as usize])
        .peekable();
    sums.peek().is_none() || sums.any(|form| form.dtype == DType::F32)
}

/// Cells of a cloud, filled up to whole words of bits.
pub(super) fn keys_of_words(problem: &Problem) -> u64 {
    let sizes = problem.shape.iter().map(|&n| n as u64);
    sizes.product::<u64>().next_multiple_of(32)
}

/// Whether `quotient` in locate.cuh is exact for a grid, and cells can be read off a float: sizes far from where
/// something underflows, and not more cells than steps of one between 2^22 and 2^23.
pub(super) fn is_quick(grid: &Grid) -> bool {
    let power = |exponent: i32| 2f32.powi(exponent);
    let sizes = grid.voxel_size().into_iter();
    let shape = grid.shape().into_iter();
    sizes
        .map(|size| (power(-40)..=power(40)).contains(&size))
        .chain(shape.map(|cells| cells <= 1 << 22))
        .all(|fine| fine)
}

/// A refusal of other forms than dense ones, and of more keys than 31 bits number: one more bit is `OWNER` in
/// kernels/voxelize/owners.cu.
pub(super) fn needs_few_keys(problem: &Problem) -> Result<(), Refusal> {
    if problem.form != Form::Dense {
        return Err(Refusal::because("takes dense forms"));
    }
    match keys_of_words(problem).saturating_mul(problem.batch as u64) < 1 << 31 {
        true => Ok(()),
        false => Err(Refusal::because(
            "takes fewer than 2^31 cells in all, each cloud's filled up to a multiple of 32",
        )),
    }
}

/// Whether a warp has lanes for all columns, or for all fours of them.
pub(super) fn has_few_columns(problem: &Problem) -> bool {
    let most = match has_fours(problem) {
        true => MOST_KEPT,
        false => MOST_KEPT / 4,
    };
    problem.features <= most
}

/// Whether there are so many points that most cells of a dense form have some.
pub(super) fn is_full(problem: &Problem) -> bool {
    problem.points as u64 >= problem.cells().saturating_mul(3) / 2
}

/// Whether of a dense form nothing is wanted but which cells have points.
pub(super) fn wants_flags_alone(problem: &Problem) -> bool {
    let numbers = problem.wants(Output::Count) || problem.wants(Output::First);
    !numbers && !problem.wants_totals()
}

/// Bytes of the outputs of a dense form that are filled before points come.
pub(super) fn filled_bytes(problem: &Problem) -> usize {
    let cells = problem.cells() as usize;
    let all = Output::ALL.into_iter().filter_map(|output| {
        let form = problem.outputs[output as usize]?;
        let columns = match output {
            Output::Bits => 0,
            _ if output.is_of_features() => problem.features,
            _ => 1,
        };
        Some(cells.saturating_mul(columns * form.dtype.size()))
    });
    all.fold(0, usize::saturating_add)
}

/// How an output lies in memory, in bits.
pub(super) fn target_form(problem: &Problem, output: Output, form: &OutputForm) -> u32 {
    let flag = |on: bool, bit: u32| if on { bit } else { 0 };
    flag(is_flat(problem, form), FLAT)
        | flag(has_chunks(problem, form), CHUNKS)
        | flag(is_whole(problem, output, &form.strides), WHOLE)
}

/// Whether the cells of a cloud follow each other.
fn is_flat(problem: &Problem, form: &OutputForm) -> bool {
    let [_, x, y, z, _] = form.strides;
    let [xs, ys, zs] = problem.shape;
    // Strides of axes of one cell mean nothing.
    problem.form == Form::Dense
        && (ys == 1 || y == z * zs as isize)
        && (xs == 1 || x == z * (ys * zs) as isize)
}

/// Whether rows of features are f32 and whole chunks of 16 bytes.
fn has_chunks(problem: &Problem, form: &OutputForm) -> bool {
    let last = if problem.form == Form::Dense { 4 } else { 1 };
    let whole = |(axis, stride): (usize, &isize)| match axis == last {
        true => *stride == 1,
        false => stride % 4 == 0,
    };
    form.dtype == DType::F32
        && form.align >= 16
        && problem.features.is_multiple_of(4)
        && form.strides.iter().enumerate().all(whole)
}

/// Whether in some order the elements of all cells of all clouds follow each other.
fn is_whole(problem: &Problem, output: Output, strides: &[isize; RANK]) -> bool {
    if problem.form != Form::Dense {
        return false;
    }
    let [x, y, z] = problem.shape;
    let columns = match output.is_of_features() {
        true => problem.features,
        false => 1,
    };
    let mut axes = [(0, 0); RANK];
    let sizes = [problem.batch, x, y, z, columns];
    for (axis, of) in axes.iter_mut().zip(strides.iter().zip(sizes)) {
        *axis = (*of.0, of.1 as isize);
    }
    axes.sort_unstable();
    let mut expected = 1;
    axes.into_iter()
        .filter(|&(_, size)| size != 1)
        .all(|(stride, size)| {
            let follows = stride == expected;
            expected *= size;
            follows
        })
}
