//! Resampling on CUDA devices: from a request to a launch.
//!
//! | file | question |
//! |---|---|
//! | `params.rs` | what does every kernel get? |
//! | `stage.rs` | how do those that stage samples share out a problem? |
//! | `generic.rs`, `wide.rs`, `bulk.rs`, `row.rs`, `span.rs`, `mixed.rs` | which problems does a variant take, and in which shape is it launched? |

mod bulk;
mod generic;
mod mixed;
mod params;
mod row;
mod span;
mod stage;
mod wide;

use crate::tune;
use crate::variant::Exec;
use crate::{AxisForm, Extrapolation, Plan, Problem, Resample, Variant, dispatcher};
use params::Params;
#[cfg(feature = "testing")]
pub(crate) use params::SPARSE;
use robocache_core::{DType, Error, Refusal, Result};
use robocache_cuda::clock::Before;
use robocache_cuda::{Clock, Context, Function, LaunchConfig, StatusWord, Stream, Workspace};
use robocache_registry::DeviceCaps;
use robocache_registry::status::STATUS_LIMIT;
use robocache_registry::tune::race::median;
use robocache_registry::tune::{Effort, Entry};
use std::sync::Arc;

/// The shape of a variant's launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Targets per block.
    pub tile: u32,
    /// Blocks per batch row.
    pub tiles: u32,
    /// Batch rows per block, where a block takes whole ones.
    pub group: u32,
    /// Samples that a block has shared memory for; for variants that copy as many as there are targets for.
    pub capacity: u32,
    pub launch: LaunchConfig,
    /// Bits for the kernel, as `Flags` in params.cuh.
    pub flags: u32,
    pub workspace_bytes: usize,
}

/// A kernel, loaded, with the shape of its launch.
pub(crate) struct Prepared {
    pub geometry: Geometry,
    context: Arc<Context>,
    function: Function,
}

impl Geometry {
    /// One block per tile of targets of each batch row.
    fn tiled(problem: &Problem, tile: usize, threads: u32, shared_bytes: usize) -> Geometry {
        let tiles = problem.targets.div_ceil(tile.max(1));
        Geometry {
            tile: tile as u32,
            tiles: tiles as u32,
            group: 1,
            capacity: 0,
            launch: LaunchConfig {
                // `fits_grid` has made sure of it.
                blocks: (problem.batch * tiles) as u32,
                threads,
                shared_bytes: shared_bytes as u32,
                overlaps: false,
            },
            flags: 0,
            workspace_bytes: 0,
        }
    }
}

/// A refusal of rows that cannot be read or written in whole chunks of 16 bytes.
fn needs_whole_chunks(problem: &Problem) -> Result<(), Refusal> {
    const CHUNK_BYTES: usize = 16;
    let size = problem.in_dtype.size();
    // A stride along one element may be any number; wrapping keeps what is left by a power of two.
    let whole = |strides: [isize; 3]| {
        strides[..2].iter().all(|stride| {
            let bytes = stride.unsigned_abs().wrapping_mul(size);
            bytes.is_multiple_of(CHUNK_BYTES)
        })
    };
    let row = problem.columns.checked_mul(size);
    if row.is_none_or(|bytes| bytes == 0 || !bytes.is_multiple_of(CHUNK_BYTES)) {
        return Err(Refusal::because("needs rows of whole 16-byte chunks"));
    }
    if problem.data_align < 16 || problem.out_align < 16 {
        return Err(Refusal::because("needs addresses aligned to 16 bytes"));
    }
    if !whole(problem.data_strides) || !whole(problem.out_strides) {
        return Err(Refusal::because(
            "needs strides that are multiples of 16 bytes",
        ));
    }
    Ok(())
}

/// A refusal of samples or source times that do not lie in memory as one flat array for each batch row.
fn needs_flat_samples(problem: &Problem) -> Result<(), Refusal> {
    let [_, time, column] = problem.data_strides;
    let adjacent = problem.columns <= 1 || column == 1;
    if !adjacent || (problem.samples > 1 && time != problem.columns as isize) {
        return Err(Refusal::because(
            "needs samples that follow each other in memory",
        ));
    }
    if problem.columns == 0 {
        return Err(Refusal::because("needs a column"));
    }
    if problem.source_form != AxisForm::Uniform
        && problem.samples > 1
        && problem.source_strides[1] != 1
    {
        return Err(Refusal::because(
            "needs source times that follow each other in memory",
        ));
    }
    Ok(())
}

/// A refusal of values that do not lie in memory as one flat array for each batch row.
fn needs_flat_values(problem: &Problem) -> Result<(), Refusal> {
    if problem.targets > 1 && problem.out_strides[1] != problem.columns as isize {
        return Err(Refusal::because(
            "needs values that follow each other in memory",
        ));
    }
    Ok(())
}

/// A refusal of batches beyond the largest grid, for any tile of at least `tile` targets.
fn fits_grid(problem: &Problem, tile: usize) -> Result<(), Refusal> {
    let tiles = problem.targets.div_ceil(tile);
    match problem.batch.checked_mul(tiles) {
        Some(blocks) if blocks <= i32::MAX as usize => Ok(()),
        _ => Err(Refusal::because(
            "the batch needs more blocks than a grid can have",
        )),
    }
}

pub(crate) fn enqueue(
    mut request: Resample<'_>,
    stream: &Stream,
    status: Option<&StatusWord>,
) -> Result<()> {
    let problem = Problem::of(&request)?;
    tune::before_cuda(&problem, &mut request, stream)?;
    let (variant, geometry) = choose(&problem, &request, stream.context())?;
    if problem.is_empty() {
        return Ok(());
    }
    let function = load(variant, &problem, stream.context(), Some(stream))?;
    launch(&problem, &geometry, function, &request, stream, status)
}

/// Races the variants on a request's own memory, in bursts whose median stands for a turn.
pub(crate) fn race(
    problem: &Problem,
    request: &Resample<'_>,
    stream: &Stream,
    effort: Effort,
) -> Result<Arc<Entry>> {
    const BURST: usize = 3;
    let context = stream.context();
    // A race has no word in which to tell of targets outside; the call that follows has.
    let timed = match problem.extrapolation {
        Extrapolation::Error => Problem {
            extrapolation: Extrapolation::Hold,
            ..*problem
        },
        _ => *problem,
    };
    let mut clock = Clock::new(stream)?;
    let mut timer = |id: &'static str| {
        let variant = dispatcher().by_id(id)?;
        let geometry = geometry(variant, problem, context.caps())?;
        let function = load(variant, problem, context, None)?;
        let micros = clock.time(stream, BURST, Before::Flush, |_| {
            launch(&timed, &geometry, function, request, stream, None)
        })?;
        Ok(median(micros.into_iter()))
    };
    dispatcher().tune(problem, context.caps(), effort, &mut timer)
}

/// Refuses memory that lies elsewhere than on a context's device.
pub(crate) fn is_here(problem: &Problem, context: &Context) -> Result<()> {
    if problem.place == context.place() {
        return Ok(());
    }
    Err(Error::memory(
        "out",
        format!(
            "lies in {}, the stream belongs to CUDA device {}",
            problem.place,
            context.ordinal()
        ),
    ))
}

fn choose(
    problem: &Problem,
    request: &Resample<'_>,
    context: &Context,
) -> Result<(&'static Variant, Geometry)> {
    is_here(problem, context)?;
    let caps = context.caps();
    let variant = dispatcher().choose(problem, caps, request.options.variant)?;
    Ok((variant, geometry(variant, problem, caps)?))
}

fn geometry(variant: &Variant, problem: &Problem, caps: &DeviceCaps) -> Result<Geometry> {
    match (&variant.exec, caps) {
        (Exec::Cuda(shape), DeviceCaps::Cuda(cuda)) => Ok(shape(problem, cuda)),
        _ => Err(Error::memory(
            "plan",
            "the variant does not run on CUDA devices",
        )),
    }
}

fn load(
    variant: &'static Variant,
    problem: &Problem,
    context: &Context,
    stream: Option<&Stream>,
) -> Result<Function> {
    let entry = variant.info.entry(problem.in_dtype).ok_or(Error::DType {
        argument: "data",
        found: problem.in_dtype,
        expected: "a type that the variant takes",
    })?;
    let [kernel] = entry.functions else {
        return Err(Error::memory("plan", "the variant is not one kernel"));
    };
    context.function(variant.info, entry, kernel, stream)
}

#[inline]
fn launch(
    problem: &Problem,
    geometry: &Geometry,
    function: Function,
    request: &Resample<'_>,
    stream: &Stream,
    status: Option<&StatusWord>,
) -> Result<()> {
    if status.is_some() && problem.batch.max(problem.samples).max(problem.targets) > STATUS_LIMIT {
        return Err(Error::Overflow {
            what: "a batch whose times are checked",
        });
    }
    if status.is_none() && problem.extrapolation == Extrapolation::Error {
        return Err(Error::memory(
            "status",
            "is where targets outside are told of, and has to be given",
        ));
    }
    let params = Params::new(
        problem,
        geometry,
        request,
        status.map_or(0, StatusWord::address),
    );
    // SAFETY: the function is the problem's entry of a variant whose kernels take `Params`; the views
    // hold every address that the kernel forms, and freeing device memory waits for the device.
    unsafe { stream.launch(function, &geometry.launch, &params) }
}

impl Plan {
    /// A plan for device memory, its kernel compiled and loaded: after this, no call of
    /// [`launch`](Plan::launch) or, for like problems, of [`enqueue`](crate::enqueue) has to.
    ///
    /// # Errors
    /// Those of [`Problem::of`]; [`Error::Unsupported`] with each variant's reason;
    /// [`Error::Build`] or [`Error::Driver`] if the kernel cannot be compiled or loaded.
    pub fn new_cuda(request: &Resample<'_>, context: &Arc<Context>) -> Result<Plan> {
        let problem = Problem::of(request)?;
        let (variant, geometry) = choose(&problem, request, context)?;
        let function = load(variant, &problem, context, None)?;
        let kernel = Some(Prepared {
            geometry,
            context: context.clone(),
            function,
        });
        Ok(Plan {
            problem,
            variant,
            kernel,
        })
    }

    /// The loaded kernel, for measurements beside the driver's own calls.
    pub fn function(&self) -> Option<Function> {
        self.kernel.as_ref().map(|kernel| kernel.function)
    }

    /// Enqueues a request in device memory and returns at once: no lock, no allocation, nothing
    /// waited for.
    ///
    /// `workspace` must hold [`workspace_bytes`](Plan::workspace_bytes); `status` is the word in which
    /// a kernel leaves the first fault of the source times, if that is wanted.
    ///
    /// # Errors
    /// Those of [`Problem::of`]; [`Error::Memory`] if the plan was made for another problem, for the
    /// CPU or for another device; [`Error::Driver`].
    pub fn launch(
        &self,
        request: Resample<'_>,
        workspace: Workspace<'_>,
        stream: &Stream,
        status: Option<&StatusWord>,
    ) -> Result<()> {
        self.check(&request)?;
        let Some(kernel) = &self.kernel else {
            return Err(Error::memory("plan", "was made for the CPU: use Plan::run"));
        };
        if !Arc::ptr_eq(&kernel.context, stream.context()) {
            return Err(Error::memory(
                "stream",
                "belongs to another device than the plan",
            ));
        }
        workspace.require(kernel.geometry.workspace_bytes)?;
        if self.problem.is_empty() {
            return Ok(());
        }
        launch(
            &self.problem,
            &kernel.geometry,
            kernel.function,
            &request,
            stream,
            status,
        )
    }
}

/// Bytes of a bracket in shared memory: two row numbers and a weight.
fn bracket_bytes(problem: &Problem) -> usize {
    if problem.in_dtype == DType::F64 {
        16
    } else {
        12
    }
}
