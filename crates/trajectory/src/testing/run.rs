//! A trial on host memory.

use super::trial::{Axis, Batch, Trial};
use crate::{Options, Resample, resample};
use robocache_core::{Error, Place, Result, Rows, TimeAxis};
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::guard::Guarded;
use robocache_testkit::operand::Space;

/// What a trial's views are made of, wherever its memory lies: addresses of the bodies' first elements.
pub(super) struct Addresses {
    pub place: Place,
    pub data: u64,
    pub rows: u64,
    pub source: u64,
    pub target: u64,
    pub out: u64,
    pub mask: u64,
    pub age: u64,
}

/// The request of a trial whose memory lies at some addresses.
///
/// # Safety
/// Each address is that of element 0 of the trial's operand or space of that name, in memory of
/// `place` that holds all of its body, for `'a`; out, mask and age are borrowed by nobody else.
pub(super) unsafe fn request<'a>(
    trial: &Trial,
    at: &Addresses,
    variant: &'static str,
) -> Result<Resample<'a>> {
    // SAFETY: the caller's promise, for each operand that the trial has.
    unsafe {
        let rows = match &trial.batch {
            Batch::Dense => Rows::Dense,
            Batch::Lengths(index) => Rows::Lengths(index.space.view(at.rows, at.place)?),
            Batch::Packed(index) => Rows::Packed(index.space.view(at.rows, at.place)?),
        };
        let mask = match &trial.mask {
            None => None,
            Some(mask) => Some(mask.view_mut(at.mask, at.place)?),
        };
        let age = match &trial.age {
            None => None,
            Some(age) => Some(age.view_mut(at.age, at.place)?),
        };
        Ok(Resample {
            data: trial.data.space.view(at.data, at.place)?,
            rows,
            source_times: axis(&trial.source, at.source, at.place)?,
            target_times: axis(&trial.target, at.target, at.place)?,
            out: trial.out.view_mut(at.out, at.place)?,
            mask,
            age,
            options: Options {
                variant: Some(variant),
                ..trial.options
            },
        })
    }
}

unsafe fn axis<'a>(axis: &Axis, address: u64, place: Place) -> Result<TimeAxis<'a>> {
    // SAFETY: the caller's promise.
    unsafe {
        Ok(match axis {
            Axis::PerRow(times) => TimeAxis::PerRow(times.space.view(address, place)?),
            Axis::Shared(times) => TimeAxis::Shared(times.space.view(address, place)?),
            &Axis::Uniform { start, step, len } => TimeAxis::Uniform { start, step, len },
        })
    }
}

/// Copies of a trial's inputs and room for its outputs, all guarded.
pub(super) struct Buffers {
    pub data: Guarded,
    pub rows: Guarded,
    pub source: Guarded,
    pub target: Guarded,
    pub out: Guarded,
    pub mask: Guarded,
    pub age: Guarded,
}

impl Buffers {
    pub fn new(trial: &Trial) -> Buffers {
        let none = || Guarded::poisoned(0, 0);
        let room = |space: &Option<Space<2>>| match space {
            Some(space) => space.poisoned(),
            None => none(),
        };
        let axis = |axis: &Axis| match axis {
            Axis::PerRow(times) => times.guarded(),
            Axis::Shared(times) => times.guarded(),
            Axis::Uniform { .. } => none(),
        };
        Buffers {
            data: trial.data.guarded(),
            rows: match &trial.batch {
                Batch::Dense => none(),
                Batch::Lengths(index) | Batch::Packed(index) => index.guarded(),
            },
            source: axis(&trial.source),
            target: axis(&trial.target),
            out: trial.out.poisoned(),
            mask: room(&trial.mask),
            age: room(&trial.age),
        }
    }

    pub fn inputs(&self) -> [(&'static str, &Guarded); 4] {
        [
            ("data", &self.data),
            ("rows", &self.rows),
            ("source_times", &self.source),
            ("target_times", &self.target),
        ]
    }

    /// The outputs, if nothing but them was written, and what the run has told.
    pub fn outputs(&self, trial: &Trial, told: Vec<u8>) -> Result<CaseOutputs> {
        let values = trial.out.taken("out", &self.out, trial.unspecified)?;
        let optional = |argument, buffer: &Guarded, space: &Option<Space<2>>| match space {
            Some(space) => space.taken(argument, buffer, trial.unspecified),
            None => Ok(Vec::new()),
        };
        Ok(vec![
            values,
            optional("mask", &self.mask, &trial.mask)?,
            optional("age", &self.age, &trial.age)?,
            told,
        ])
    }
}

/// Where each operand's element 0 lies, given the address of a byte of a buffer's body.
pub(super) fn addresses(
    trial: &Trial,
    place: Place,
    mut of: impl FnMut(&'static str, usize) -> u64,
) -> Addresses {
    let axis = |axis: &Axis| match axis {
        Axis::PerRow(times) => times.space.first_byte(),
        Axis::Shared(times) => times.space.first_byte(),
        Axis::Uniform { .. } => 0,
    };
    let rows = match &trial.batch {
        Batch::Dense => 0,
        Batch::Lengths(index) | Batch::Packed(index) => index.space.first_byte(),
    };
    Addresses {
        place,
        data: of("data", trial.data.space.first_byte()),
        rows: of("rows", rows),
        source: of("source_times", axis(&trial.source)),
        target: of("target_times", axis(&trial.target)),
        out: of("out", trial.out.first_byte()),
        mask: of("mask", trial.mask.as_ref().map_or(0, Space::first_byte)),
        age: of("age", trial.age.as_ref().map_or(0, Space::first_byte)),
    }
}

pub(super) fn on_host(trial: &Trial, variant: &'static str) -> Result<CaseOutputs> {
    let before = Buffers::new(trial);
    let mut buffers = Buffers::new(trial);
    let at = addresses(trial, Place::Host, |name, byte| match name {
        "data" => buffers.data.address(byte) as u64,
        "rows" => buffers.rows.address(byte) as u64,
        "source_times" => buffers.source.address(byte) as u64,
        "target_times" => buffers.target.address(byte) as u64,
        "out" => buffers.out.address_mut(byte) as u64,
        "mask" => buffers.mask.address_mut(byte) as u64,
        _ => buffers.age.address_mut(byte) as u64,
    });
    // SAFETY: the buffers were made for this trial, live until the call has returned, and are not
    // looked at in between.
    let done = resample(unsafe { request(trial, &at, variant)? });
    for ((argument, now), (_, then)) in buffers.inputs().into_iter().zip(before.inputs()) {
        now.unchanged(then)
            .map_err(|damage| Error::memory(argument, damage.to_string()))?;
    }
    let told = trial.told(done)?;
    buffers.outputs(trial, told)
}
