//! Running a trial: its memory, its request, and the call on host memory.
#![allow(unsafe_code)] // Addresses become views here.

use super::trial::{Place as Wanted, Trial};
use crate::{Clouds, Dense, Options, Output, Reductions, Sparse};
use robocache_core::{Error, Place, Result, TensorViewMut};
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::guard::Guarded;
use robocache_testkit::operand::Operand;

/// Where a trial's views begin, wherever its memory lies: addresses of elements 0.
pub(super) struct Addresses {
    pub place: Place,
    pub points: u64,
    pub features: u64,
    pub offsets: u64,
    pub outputs: [u64; Output::COUNT],
}

/// Copies of a trial's inputs and room for its outputs, all guarded.
pub(super) struct Buffers {
    pub points: Guarded,
    pub features: Guarded,
    pub offsets: Guarded,
    pub outputs: [Guarded; Output::COUNT],
}

fn guarded<const R: usize>(operand: &Option<Operand<R>>) -> Guarded {
    let none = || Guarded::poisoned(0, 0);
    operand.as_ref().map_or_else(none, Operand::guarded)
}

/// Calls a method on the space of an output, of whatever rank it is, or takes what there is without one.
macro_rules! of_space {
    ($trial:expr, $output:expr, $space:ident => $some:expr, $none:expr) => {
        match $trial.shape($output).len() {
            1 => $trial
                .space::<1>($output)
                .map_or_else(|| $none, |$space| $some),
            2 => $trial
                .space::<2>($output)
                .map_or_else(|| $none, |$space| $some),
            3 => $trial
                .space::<3>($output)
                .map_or_else(|| $none, |$space| $some),
            4 => $trial
                .space::<4>($output)
                .map_or_else(|| $none, |$space| $some),
            _ => $trial
                .space::<5>($output)
                .map_or_else(|| $none, |$space| $some),
        }
    };
}

impl Buffers {
    pub fn new(trial: &Trial) -> Buffers {
        Buffers {
            points: trial.points.guarded(),
            features: guarded(&trial.features),
            offsets: guarded(&trial.offsets),
            outputs: Output::ALL.map(|output| {
                of_space!(trial, output, space => space.poisoned(), Guarded::poisoned(0, 0))
            }),
        }
    }

    pub fn inputs(&self) -> [(&'static str, &Guarded); 3] {
        [
            ("points", &self.points),
            ("features", &self.features),
            ("offsets", &self.offsets),
        ]
    }

    /// The outputs, if nothing but them was written.
    pub fn outputs(&self, trial: &Trial, before: &Buffers) -> Result<CaseOutputs> {
        for ((argument, now), (_, then)) in self.inputs().into_iter().zip(before.inputs()) {
            now.unchanged(then)
                .map_err(|damage| Error::memory(argument, damage.to_string()))?;
        }
        let taken = |output: Output| {
            let buffer = &self.outputs[output as usize];
            // Bits can look like the pattern of what was not written; the oracle tells them apart.
            let any = output == Output::Bits;
            of_space!(trial, output, space => space.taken(output.name(), buffer, any), Ok(Vec::new()))
        };
        Output::ALL.into_iter().map(taken).collect()
    }

    fn addresses(&mut self, trial: &Trial) -> Addresses {
        let (inputs, outputs) = (
            [&self.points, &self.features, &self.offsets],
            &mut self.outputs,
        );
        addresses(
            trial,
            Place::Host,
            |input, byte| inputs[input].address(byte) as u64,
            |output, byte| outputs[output as usize].address_mut(byte) as u64,
        )
    }
}

/// The functions that a request can be for.
pub(super) trait Call {
    fn dense(self, request: Dense<'_>) -> Result<()>;
    fn sparse(self, request: Sparse<'_>) -> Result<()>;
}

/// Those for host memory.
struct OnHost;

impl Call for OnHost {
    fn dense(self, request: Dense<'_>) -> Result<()> {
        crate::voxelize_dense(request)
    }

    fn sparse(self, request: Sparse<'_>) -> Result<()> {
        crate::voxelize_sparse(request)
    }
}

/// The addresses of a trial's buffers, wherever they are; `of_input` and `of_output` know them.
pub(super) fn addresses(
    trial: &Trial,
    place: Place,
    of_input: impl Fn(usize, usize) -> u64,
    mut of_output: impl FnMut(Output, usize) -> u64,
) -> Addresses {
    let first = |operand: &Option<Operand<2>>| {
        operand
            .as_ref()
            .map_or(0, |operand| operand.space.first_byte())
    };
    let offsets = trial.offsets.as_ref();
    let offsets = offsets.map_or(0, |operand| operand.space.first_byte());
    Addresses {
        place,
        points: of_input(0, trial.points.space.first_byte()),
        features: of_input(1, first(&trial.features)),
        offsets: of_input(2, offsets),
        outputs: Output::ALL.map(|output| {
            let byte = of_space!(trial, output, space => space.first_byte(), 0);
            of_output(output, byte)
        }),
    }
}

/// The request of a trial whose memory lies at some addresses, run.
///
/// # Safety
/// Each address is that of element 0 of the trial's operand or space of that name, in memory of `place` that holds all
/// of its body; the outputs are used by nobody else.
pub(super) unsafe fn call(
    trial: &Trial,
    at: &Addresses,
    options: Options,
    to: impl Call,
) -> Result<()> {
    // SAFETY: the caller's promise, for each operand that the trial has.
    let clouds = unsafe {
        let mut clouds = Clouds::new(trial.points.space.view(at.points, at.place)?);
        if let Some(features) = &trial.features {
            clouds.features = Some(features.space.view(at.features, at.place)?);
        }
        if let Some(offsets) = &trial.offsets {
            clouds.offsets = Some(offsets.space.view(at.offsets, at.place)?);
        }
        clouds
    };
    // SAFETY: as above.
    unsafe {
        match trial.place {
            Wanted::Dense => {
                let mut request = Dense::new(clouds, trial.grid).options(options);
                request.occupancy = output(trial, at, Output::Occupancy)?;
                request.bits = output(trial, at, Output::Bits)?;
                request.cells = reductions(trial, at)?;
                to.dense(request)
            }
            Wanted::Sparse { order, .. } => {
                let missing = |_| Error::memory("trial", "lacks number or coordinates");
                let number = output(trial, at, Output::Number)?
                    .ok_or(())
                    .map_err(missing)?;
                let coords = output(trial, at, Output::Coords)?
                    .ok_or(())
                    .map_err(missing)?;
                let mut request = Sparse::new(clouds, trial.grid, number, coords);
                request = request.order(order).options(options);
                request.voxels = reductions(trial, at)?;
                request.point_to_voxel = output(trial, at, Output::PointToVoxel)?;
                request.gathered = output(trial, at, Output::Gathered)?;
                to.sparse(request)
            }
        }
    }
}

unsafe fn output<'a, const R: usize>(
    trial: &Trial,
    at: &Addresses,
    output: Output,
) -> Result<Option<TensorViewMut<'a, R>>> {
    let address = at.outputs[output as usize];
    let space = trial.space::<R>(output);
    // SAFETY: the caller's promise.
    space
        .map(|space| unsafe { space.view_mut(address, at.place) })
        .transpose()
}

unsafe fn reductions<'a, const C: usize, const V: usize>(
    trial: &Trial,
    at: &Addresses,
) -> Result<Reductions<'a, C, V>> {
    // SAFETY: the caller's promise.
    unsafe {
        Ok(Reductions {
            count: output(trial, at, Output::Count)?,
            first: output(trial, at, Output::First)?,
            sum: output(trial, at, Output::Sum)?,
            mean: output(trial, at, Output::Mean)?,
            max: output(trial, at, Output::Max)?,
            min: output(trial, at, Output::Min)?,
        })
    }
}

pub(super) fn on_host(trial: &Trial, variant: &'static str) -> Result<CaseOutputs> {
    let before = Buffers::new(trial);
    let mut buffers = Buffers::new(trial);
    let at = buffers.addresses(trial);
    // SAFETY: the buffers were made for this trial, live until the call has returned, and are not looked at in between.
    unsafe { call(trial, &at, trial.options.forced(variant), OnHost)? };
    buffers.outputs(trial, &before)
}
