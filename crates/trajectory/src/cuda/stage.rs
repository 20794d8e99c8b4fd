//! How variants that stage samples in shared memory share out a problem; see kernels/trajectory/stage.cuh.

use super::params::SPARSE;
use super::{Geometry, fits_grid, needs_flat_samples};
use crate::{AxisForm, Problem, RowsForm};
use robocache_core::{Refusal, Result};
use robocache_registry::{CudaCaps, DeviceCaps};

const MAX_THREADS: usize = 256;
/// Lines of memory begin at multiples of this, and so does what is copied to shared memory.
const LINE: usize = 128;
/// Shared memory for barriers.
const STATIC_BYTES: usize = 128;
/// Places in a row are counted in so many bytes, less two that stand for values without samples.
const MAX_ROW_BYTES: usize = (1 << 30) - (1 << 20);

/// What a variant keeps in shared memory besides times and samples, bytes by the targets of a block.
pub(super) type Tables = fn(&Problem, usize) -> usize;

/// Where a variant has the samples from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Samples {
    /// All that lie between a block's targets are copied to shared memory.
    Staged,
    /// They are read where they are.
    InPlace,
}

/// Of packed rows the mean.
fn samples_per_row(problem: &Problem) -> usize {
    match problem.rows_form {
        RowsForm::Packed => problem.samples.div_ceil(problem.batch.max(1)),
        _ => problem.samples,
    }
}

/// What a block takes.
pub(super) struct Shape {
    /// Targets of a batch row.
    pub tile: usize,
    /// Batch rows.
    group: usize,
    /// Samples that it has room for, of each of them.
    capacity: usize,
    threads: usize,
    tables: Tables,
    samples: Samples,
}

impl Shape {
    /// A thread for each target: of as many batch rows as that makes, if they are short; of one, if it fits well
    /// and has few targets; else of a tile of targets. Two or four targets for each thread where they come thicker
    /// than samples, as what a block does once costs more than its samples then. Found by trying on an H100.
    pub fn of(problem: &Problem, caps: &CudaCaps, tables: Tables, from: Samples) -> Shape {
        let fill = 4 * caps.multiprocessors as usize;
        let threads = |targets: usize| targets.next_multiple_of(32).clamp(32, MAX_THREADS);
        let whole = |group: usize| Shape {
            tile: problem.targets.max(1),
            group,
            capacity: problem.samples.max(1),
            threads: threads(group.saturating_mul(problem.targets)),
            tables,
            samples: from,
        };
        // Several blocks have to share a multiprocessor, so that some wait for copies while others write.
        let most = caps.shared_per_multiprocessor as usize / 3 - 1024;
        let fits = |shape: &Shape| shape.bytes(problem) + STATIC_BYTES <= most;
        if from == Samples::Staged
            && problem.targets <= MAX_THREADS
            && fits(&whole(1))
            && problem.rows_form != RowsForm::Packed
        {
            let mut group = match rows_adjoin(problem) {
                true => (MAX_THREADS / problem.targets.max(1)).min(problem.batch / fill),
                false => 1,
            };
            while group > 1 && !fits(&whole(group)) {
                group -= 1;
            }
            if problem.batch >= fill || problem.targets <= 64 {
                return whole(group.max(1));
            }
        }
        let samples = samples_per_row(problem);
        let (mut tile, mut per_thread) = (64, 1);
        if problem.targets >= samples.saturating_mul(8) {
            (tile, per_thread) = (512, 4);
        } else if problem.targets >= samples.saturating_mul(2) {
            (tile, per_thread) = (256, 2);
        }
        let blocks = |tile: usize| problem.batch.saturating_mul(problem.targets.div_ceil(tile));
        while tile > 32 && blocks(tile) < fill / 2 {
            (tile, per_thread) = (tile / 2, 1);
        }
        let shape = |tile: usize, per_thread: usize| {
            // As many samples as lie between a tile's targets where they are even, and some more: fewer if each is long.
            let between = tile as f64 * samples as f64 / problem.targets.max(1) as f64;
            let more = (16384 / row_bytes(problem).max(1)).clamp(4, 16);
            let tile = tile.min(problem.targets.max(1));
            // Enough for wide rows, whose values are the work.
            let values = (tile.saturating_mul(problem.columns) / 16).min(MAX_THREADS);
            let mut threads = threads(tile / per_thread);
            while 2 * threads <= values {
                threads *= 2;
            }
            Shape {
                tile,
                group: 1,
                capacity: ((1.25 * between) as usize + more).min(problem.samples.max(1)),
                threads,
                tables,
                samples: from,
            }
        };
        while tile > 4 && !fits(&shape(tile, per_thread)) {
            (tile, per_thread) = (tile / 2, 1);
        }
        shape(tile, per_thread)
    }

    /// A refusal of what does not fit.
    fn needs_room(&self, problem: &Problem, caps: &CudaCaps) -> Result<(), Refusal> {
        let offered = caps.shared_per_block_optin as usize;
        if self.bytes(problem).saturating_add(STATIC_BYTES) > offered {
            return Err(Refusal::with(format!(
                "the samples between {} targets do not fit the {offered} bytes of shared memory",
                self.tile
            )));
        }
        Ok(())
    }

    pub fn geometry(&self, problem: &Problem) -> Geometry {
        let bytes = self.bytes(problem);
        let mut geometry = Geometry::tiled(problem, self.tile, self.threads as u32, bytes);
        geometry.group = self.group as u32;
        geometry.capacity = self.capacity as u32;
        if self.samples == Samples::InPlace {
            geometry.flags |= SPARSE;
        }
        geometry.launch.blocks =
            (problem.batch.div_ceil(self.group) * geometry.tiles as usize) as u32;
        geometry
    }

    /// Dynamic shared memory: tables, times, samples. Saturates.
    fn bytes(&self, problem: &Problem) -> usize {
        let line = |bytes: usize| bytes.saturating_add(LINE - 1) / LINE * LINE;
        let row = row_bytes(problem);
        let times = match problem.source_form {
            AxisForm::Uniform => 0,
            AxisForm::Shared => 1,
            _ => self.group,
        } * self.capacity
            * problem.time_type.dtype().size();
        let times = if times == 0 { 0 } else { line(times) + LINE };
        let samples = match self.samples {
            Samples::Staged => row.saturating_mul(self.capacity * self.group),
            Samples::InPlace => 0,
        };
        line((self.tables)(problem, self.group * self.tile))
            .saturating_add(times)
            .saturating_add(line(samples))
            .saturating_add(LINE)
    }
}

/// A refusal of what cannot be staged.
pub(super) fn supports(
    problem: &Problem,
    caps: &DeviceCaps,
    tables: Tables,
    from: Samples,
) -> Result<(), Refusal> {
    needs_flat_samples(problem)?;
    let bytes = row_bytes(problem).checked_mul(problem.samples.max(1));
    if bytes.is_none_or(|bytes| bytes > MAX_ROW_BYTES) {
        return Err(Refusal::because("takes rows of samples of up to 1 GB"));
    }
    let DeviceCaps::Cuda(cuda) = caps else {
        return Err(Refusal::because("runs on CUDA devices"));
    };
    let shape = Shape::of(problem, cuda, tables, from);
    shape.needs_room(problem, cuda)?;
    fits_grid(problem, shape.tile)
}

/// Samples for each target, in whole numbers.
pub(super) fn samples_per_target(problem: &Problem) -> usize {
    samples_per_row(problem) / problem.targets.max(1)
}

pub(super) fn row_bytes(problem: &Problem) -> usize {
    problem.columns.saturating_mul(problem.in_dtype.size())
}

/// Whether all batch rows lie in memory as one flat array.
fn rows_adjoin(problem: &Problem) -> bool {
    let flat = |stride: isize, count: usize| stride == (count * problem.columns) as isize;
    problem.rows_form == RowsForm::Dense
        && flat(problem.data_strides[0], problem.samples)
        && flat(problem.out_strides[0], problem.targets)
        && match problem.source_form {
            AxisForm::PerRow => problem.source_strides[0] == problem.samples as isize,
            _ => true,
        }
}
