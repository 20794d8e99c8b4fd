//! Streams and events.

use super::codes::{CAPTURE_INVALIDATED, INVALID_HANDLE, Outcome};
use super::graph::Work;
use super::memory;
use super::state::{Kind, Needs, State, call, put, release};
use robocache_cuda::api::{Handle, ResultCode};
use std::ffi::c_uint;

/// Nanoseconds that each piece of work takes on the devices' clock.
const TICK: u64 = 1000;

/// Whether a handle stands for one of the default streams: the legacy one, by either name, or the
/// thread's.
pub(super) fn is_default(stream: Handle) -> bool {
    (stream as u64) <= 2
}

pub(super) unsafe extern "C" fn create(stream: *mut Handle, _flags: c_uint) -> ResultCode {
    call("cuStreamCreate", Needs::Context, |state| {
        let handle = state.create(Kind::Stream(None))?;
        // SAFETY: the function's contract.
        unsafe { put(stream, handle) }
    })
}

pub(super) unsafe extern "C" fn destroy(stream: Handle) -> ResultCode {
    release(
        "cuStreamDestroy_v2",
        Needs::Context,
        |state| state.excuse(stream),
        |state| state.destroy(stream, "stream"),
    )
}

pub(super) unsafe extern "C" fn synchronize(stream: Handle) -> ResultCode {
    call("cuStreamSynchronize", Needs::Context, |state| {
        if state.is_captured(stream)? {
            state.forbid_in_capture()?;
        }
        Ok(())
    })
}

pub(super) unsafe extern "C" fn wait_event(
    stream: Handle,
    event: Handle,
    _flags: c_uint,
) -> ResultCode {
    call("cuStreamWaitEvent", Needs::Context, |state| {
        state.object(event, "event")?;
        state.enqueue(stream, Work::Nothing)
    })
}

pub(super) unsafe extern "C" fn event_create(event: *mut Handle, _flags: c_uint) -> ResultCode {
    call("cuEventCreate", Needs::Context, |state| {
        let handle = state.create(Kind::Event(None))?;
        // SAFETY: the function's contract.
        unsafe { put(event, handle) }
    })
}

pub(super) unsafe extern "C" fn event_record(event: Handle, stream: Handle) -> ResultCode {
    call("cuEventRecord", Needs::Context, |state| {
        state.object(event, "event")?;
        state.enqueue(stream, Work::Mark(event as u64))
    })
}

pub(super) unsafe extern "C" fn event_synchronize(event: Handle) -> ResultCode {
    call("cuEventSynchronize", Needs::Context, |state| {
        state.object(event, "event").map(|_| ())
    })
}

pub(super) unsafe extern "C" fn event_elapsed_time(
    millis: *mut f32,
    start: Handle,
    end: Handle,
) -> ResultCode {
    call("cuEventElapsedTime", Needs::Context, |state| {
        let (start, end) = (state.marked(start)?, state.marked(end)?);
        let micros = (end as f64 - start as f64) / 1e3;
        // SAFETY: the function's contract.
        unsafe { put(millis, (micros / 1e3) as f32) }
    })
}

pub(super) unsafe extern "C" fn event_destroy(event: Handle) -> ResultCode {
    release(
        "cuEventDestroy_v2",
        Needs::Context,
        |state| state.excuse(event),
        |state| state.destroy(event, "event"),
    )
}

impl State {
    fn marked(&mut self, event: Handle) -> Outcome<u64> {
        match self.object(event, "event")?.kind {
            Kind::Event(Some(at)) => Ok(at),
            _ => Err(INVALID_HANDLE),
        }
    }

    /// Puts work onto a stream: into its graph while it is captured, else it is done at once.
    pub fn enqueue(&mut self, stream: Handle, work: Work) -> Outcome {
        if is_default(stream) {
            return self.execute(stream as u64, work);
        }
        let Kind::Stream(Some(capture)) = &mut self.object(stream, "stream")?.kind else {
            return self.execute(stream as u64, work);
        };
        if capture.spoilt {
            return Err(CAPTURE_INVALIDATED);
        }
        capture.work.push(work.clone());
        if let Work::Kernel(mut launch, _) = work {
            launch.captured = true;
            self.note(launch);
        }
        Ok(())
    }

    fn execute(&mut self, stream: u64, work: Work) -> Outcome {
        self.clock += TICK;
        match work {
            Work::Nothing => Ok(()),
            Work::Kernel(launch, emulated) => {
                let launch = super::Launch { stream, ..launch };
                self.ran(launch.clone());
                emulated.map_or(Ok(()), |mut emulated| self.emulate(&launch, &mut emulated))
            }
            Work::Fill { to, byte, bytes } => memory::set(self, to, byte, bytes),
            Work::Copy { to, from, bytes } => memory::transfer(self, to, from, bytes),
            Work::Mark(event) => {
                let now = self.clock;
                if let Kind::Event(at) = &mut self.object(event as Handle, "event")?.kind {
                    *at = Some(now);
                }
                Ok(())
            }
        }
    }
}
