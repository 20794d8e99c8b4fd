//! Voxelization on CUDA devices: from a request to launches.
//!
//! | file | question |
//! |---|---|
//! | `params.rs` | what does every kernel get? |
//! | `form.rs` | what do they know of memory and grids, so that they can do with less? |
//! | `room.rs` | what is kept in the workspace, and where? |
//! | `bitmap.rs`, `direct.rs`, `owners.rs`, `tiles.rs`, `totals.rs` | which problems does a variant take, and in which launches? |

mod bitmap;
mod direct;
mod form;
mod owners;
mod params;
mod room;
mod tiles;
mod totals;

use crate::request::{Request, Voxelization};
use crate::tune;
use crate::variant::Exec;
use crate::{Plan, Problem, Variant, dispatcher};
use params::Params;
use robocache_core::{Error, Result};
use robocache_cuda::clock::Before;
use robocache_cuda::{Clock, Context, DeviceBuffer, Function, LaunchConfig, Stream, Workspace};
use robocache_registry::DeviceCaps;
use robocache_registry::tune::race::median;
use robocache_registry::tune::{Effort, Entry};
use room::Room;
use std::sync::Arc;

/// The most launches of a call: three for each level of a trie, and four more.
const MOST_STEPS: usize = 32;

/// What a variant launches one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pipeline {
    pub room: Room,
    steps: [Step; MOST_STEPS],
    count: usize,
}

/// A launch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The kernel, by its name in registry.toml.
    pub stage: &'static str,
    /// Which level of the trie it is about.
    pub level: u32,
    pub launch: LaunchConfig,
}

impl Pipeline {
    fn new(room: Room) -> Pipeline {
        Pipeline {
            room,
            steps: [Step::default(); MOST_STEPS],
            count: 0,
        }
    }

    fn push(&mut self, stage: &'static str, level: u32, blocks: usize) {
        let launch = LaunchConfig {
            blocks: blocks as u32,
            threads: bitmap::THREADS as u32,
            shared_bytes: 0,
            overlaps: false,
        };
        self.push_step(Step {
            stage,
            level,
            launch,
        });
    }

    /// All but the first begin while the one before ends.
    fn push_step(&mut self, mut step: Step) {
        step.launch.overlaps = self.count > 0;
        self.steps[self.count] = step;
        self.count += 1;
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.count]
    }
}

/// Blocks with a thread for each of some items; at least one.
fn blocks_for(items: usize, threads: usize) -> usize {
    items.div_ceil(threads).max(1)
}

/// Kernels, loaded, with the shapes of their launches.
pub(crate) struct Prepared {
    pub pipeline: Pipeline,
    context: Arc<Context>,
    functions: Vec<Function>,
}

/// A refusal of memory that is not the context's.
pub(crate) fn check_place(problem: &Problem, context: &Context) -> Result<()> {
    if problem.place == context.place() {
        return Ok(());
    }
    let (place, ordinal) = (problem.place, context.ordinal());
    Err(Error::memory(
        "points",
        format!("lie in {place}, the stream belongs to CUDA device {ordinal}"),
    ))
}

/// Chooses and loads what is needed for a request in device memory.
fn choose(
    problem: &Problem,
    request: &Request<'_>,
    context: &Context,
) -> Result<(&'static Variant, Pipeline)> {
    check_place(problem, context)?;
    let caps = context.caps();
    let variant = dispatcher().choose(problem, caps, request.options().variant)?;
    Ok((variant, pipeline(variant, problem, caps)?))
}

fn pipeline(variant: &Variant, problem: &Problem, caps: &DeviceCaps) -> Result<Pipeline> {
    match (&variant.exec, caps) {
        (Exec::Cuda(pipeline), DeviceCaps::Cuda(cuda)) => Ok(pipeline(problem, cuda)),
        _ => Err(Error::memory(
            "plan",
            "the variant does not run on CUDA devices",
        )),
    }
}

fn load(
    variant: &'static Variant,
    problem: &Problem,
    step: &Step,
    context: &Context,
    stream: Option<&Stream>,
) -> Result<Function> {
    let entry = variant.info.entry(problem.point_dtype);
    let kernel = entry.and_then(|entry| Some((entry, entry.stage(step.stage)?)));
    let (entry, kernel) = kernel.ok_or(Error::DType {
        argument: "points",
        found: problem.point_dtype,
        expected: "a type that the variant takes",
    })?;
    context.function(variant.info, entry, kernel, stream)
}

/// Launches one step after another; `function` gives the kernel of each.
fn launch(
    problem: &Problem,
    pipeline: &Pipeline,
    request: &Request<'_>,
    workspace: u64,
    stream: &Stream,
    function: impl Fn(usize, &Step) -> Result<Function>,
) -> Result<()> {
    let mut params = Params::new(problem, &pipeline.room, request, workspace);
    for (index, step) in pipeline.steps().iter().enumerate() {
        params.level_now = step.level;
        let function = function(index, step)?;
        // SAFETY: the function is a stage of the problem's entry, whose kernels take `Params`; the views and the
        // workspace hold every address that it forms, and freeing device memory waits for the device.
        unsafe { stream.launch(function, &step.launch, &params)? };
    }
    Ok(())
}

/// Enqueues a voxelization in device memory, and returns at once; the workspace comes from the device's pool in the
/// order of the stream, so that a call can be captured in a graph.
///
/// Offsets are not checked on a device: where they do not ascend, points between them belong to some cloud or none.
///
/// # Errors
/// Those of [`voxelize_dense`](crate::voxelize_dense), but for what is wrong with numbers in memory;
/// [`Error::Unsupported`] with each variant's reason; [`Error::NotPrepared`] if a kernel is not loaded and the stream
/// is being captured; [`Error::Build`]; [`Error::Driver`].
pub fn enqueue<'a>(request: impl Voxelization<'a>, stream: &Arc<Stream>) -> Result<()> {
    let mut request = request.into_request();
    let problem = Problem::of(&request)?;
    tune::before_cuda(&problem, &mut request, stream)?;
    let (variant, pipeline) = choose(&problem, &request, stream.context())?;
    // All of them first: what is missing is said before anything runs.
    for step in pipeline.steps() {
        load(variant, &problem, step, stream.context(), Some(stream))?;
    }
    let workspace = match stream.context().cuda_caps().memory_pools {
        true => DeviceBuffer::on_stream(stream, pipeline.room.bytes)?,
        // Freeing it waits for the device.
        false => DeviceBuffer::new(stream.context(), pipeline.room.bytes)?,
    };
    let at = workspace.address();
    launch(&problem, &pipeline, &request, at, stream, |_, step| {
        load(variant, &problem, step, stream.context(), Some(stream))
    })
}

/// Races the variants on a request's own memory, in bursts whose median stands for a turn.
pub(crate) fn race(
    problem: &Problem,
    request: &Request<'_>,
    stream: &Stream,
    effort: Effort,
) -> Result<Arc<Entry>> {
    const BURST: usize = 3;
    let context = stream.context();
    let mut clock = Clock::new(stream)?;
    let mut timer = |id: &'static str| {
        let variant = dispatcher().by_id(id)?;
        let pipeline = pipeline(variant, problem, context.caps())?;
        let workspace = DeviceBuffer::new(context, pipeline.room.bytes)?;
        let at = workspace.address();
        let micros = clock.time(stream, BURST, Before::Flush, |_| {
            launch(problem, &pipeline, request, at, stream, |_, step| {
                load(variant, problem, step, context, None)
            })
        })?;
        Ok(median(micros.into_iter()))
    };
    dispatcher().tune(problem, context.caps(), effort, &mut timer)
}

impl Plan {
    /// A plan for device memory, its kernels compiled and loaded: after this, no call of [`launch`](Plan::launch) or,
    /// for like problems, of [`enqueue`] has to.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with each variant's reason; [`Error::Build`] or [`Error::Driver`] if a kernel cannot be
    /// compiled or loaded; those of a request that is not sound.
    pub fn new_cuda<'a>(
        request: &mut impl Voxelization<'a>,
        context: &Arc<Context>,
    ) -> Result<Plan> {
        let request = request.again();
        let problem = Problem::of(&request)?;
        let (variant, pipeline) = choose(&problem, &request, context)?;
        let steps = pipeline.steps().iter();
        let functions = steps.map(|step| load(variant, &problem, step, context, None));
        let kernels = Prepared {
            pipeline,
            context: context.clone(),
            functions: functions.collect::<Result<_>>()?,
        };
        Ok(Plan {
            problem,
            variant,
            kernels: Some(kernels),
        })
    }

    /// Enqueues a request in device memory and returns at once: no lock, no allocation, nothing waited for.
    ///
    /// `workspace` must hold [`workspace_bytes`](Plan::workspace_bytes), and be nobody else's until the stream has
    /// come so far.
    ///
    /// # Errors
    /// Those of a request that is not sound; [`Error::Memory`] if the plan was made for another problem, for the CPU
    /// or for another device, or if the workspace is too small; [`Error::Driver`].
    pub fn launch<'a>(
        &self,
        request: impl Voxelization<'a>,
        workspace: Workspace<'_>,
        stream: &Stream,
    ) -> Result<()> {
        let request = request.into_request();
        self.check(&request)?;
        let Some(kernels) = &self.kernels else {
            return Err(Error::memory("plan", "was made for the CPU: use Plan::run"));
        };
        if !Arc::ptr_eq(&kernels.context, stream.context()) {
            return Err(Error::memory(
                "stream",
                "belongs to another device than the plan",
            ));
        }
        let pipeline = &kernels.pipeline;
        let at = workspace.require(pipeline.room.bytes)?;
        launch(&self.problem, pipeline, &request, at, stream, |index, _| {
            Ok(kernels.functions[index])
        })
    }
}
