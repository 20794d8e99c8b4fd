//! Captures and graphs.

use super::codes::{CAPTURE_INVALIDATED, ILLEGAL_STATE, INVALID_HANDLE, INVALID_VALUE, Outcome};
use super::module::Emulated;
use super::record::Launch;
use super::state::{Kind, Needs, State, call, put, release};
use super::stream::is_default;
use robocache_cuda::api::{Handle, ResultCode};
use std::ffi::{c_int, c_uint};

/// Work on a stream.
#[derive(Clone)]
pub(super) enum Work {
    /// With what it runs, where kernels are emulated.
    Kernel(Launch, Option<Emulated>),
    Fill {
        to: u64,
        byte: u8,
        bytes: usize,
    },
    Copy {
        to: u64,
        from: u64,
        bytes: usize,
    },
    /// An event to mark.
    Mark(u64),
    /// What takes time and leaves nothing.
    Nothing,
}

/// A stream's capture in progress.
#[derive(Default)]
pub(super) struct Capture {
    pub work: Vec<Work>,
    /// Whether calls that could disturb it are allowed all the same.
    pub relaxed: bool,
    /// Whether such a call has spoilt it.
    pub spoilt: bool,
    /// Whether somebody tried to end it and was made to fail.
    pub attempted: bool,
}

const RELAXED: c_uint = 2;

pub(super) unsafe extern "C" fn is_capturing(stream: Handle, status: *mut c_int) -> ResultCode {
    call("cuStreamIsCapturing", Needs::Context, |state| {
        let found = match state.capture(stream)? {
            None => 0,
            Some(capture) => 1 + c_int::from(capture.spoilt),
        };
        // SAFETY: the function's contract.
        unsafe { put(status, found) }
    })
}

pub(super) unsafe extern "C" fn begin_capture(stream: Handle, mode: c_uint) -> ResultCode {
    call("cuStreamBeginCapture_v2", Needs::Context, |state| {
        if is_default(stream) || state.capture(stream)?.is_some() {
            return Err(ILLEGAL_STATE);
        }
        if mode > RELAXED {
            return Err(INVALID_VALUE);
        }
        let capture = Capture {
            relaxed: mode == RELAXED,
            ..Capture::default()
        };
        state.object(stream, "stream")?.kind = Kind::Stream(Some(capture));
        Ok(())
    })
}

pub(super) unsafe extern "C" fn end_capture(stream: Handle, graph: *mut Handle) -> ResultCode {
    release(
        "cuStreamEndCapture",
        Needs::Context,
        |state| {
            let stream = state.objects.get_mut(&(stream as u64));
            if let Some(Kind::Stream(Some(capture))) = stream.map(|object| &mut object.kind) {
                capture.attempted = true;
            }
        },
        |state| {
            let Kind::Stream(capture) = &mut state.object(stream, "stream")?.kind else {
                return Err(INVALID_HANDLE);
            };
            let Some(capture) = capture.take() else {
                state.violate("the stream is not being captured");
                return Err(ILLEGAL_STATE);
            };
            if capture.spoilt {
                // SAFETY: the function's contract.
                unsafe { put(graph, std::ptr::null_mut()) }?;
                return Err(CAPTURE_INVALIDATED);
            }
            let handle = state.create(Kind::Graph(capture.work))?;
            // SAFETY: the function's contract.
            unsafe { put(graph, handle) }
        },
    )
}

pub(super) unsafe extern "C" fn instantiate(
    executable: *mut Handle,
    graph: Handle,
    _flags: u64,
) -> ResultCode {
    call("cuGraphInstantiateWithFlags", Needs::Context, |state| {
        let Kind::Graph(work) = &state.object(graph, "graph")?.kind else {
            return Err(INVALID_HANDLE);
        };
        let work = work.clone();
        let handle = state.create(Kind::Executable(work))?;
        // SAFETY: the function's contract.
        unsafe { put(executable, handle) }
    })
}

pub(super) unsafe extern "C" fn launch(executable: Handle, stream: Handle) -> ResultCode {
    call("cuGraphLaunch", Needs::Context, |state| {
        let Kind::Executable(work) = &state.object(executable, "executable graph")?.kind else {
            return Err(INVALID_HANDLE);
        };
        let work = work.clone();
        work.into_iter()
            .try_for_each(|work| state.enqueue(stream, work))
    })
}

pub(super) unsafe extern "C" fn destroy(graph: Handle) -> ResultCode {
    release(
        "cuGraphDestroy",
        Needs::Context,
        |state| state.excuse(graph),
        |state| state.destroy(graph, "graph"),
    )
}

pub(super) unsafe extern "C" fn exec_destroy(executable: Handle) -> ResultCode {
    release(
        "cuGraphExecDestroy",
        Needs::Context,
        |state| state.excuse(executable),
        |state| state.destroy(executable, "executable graph"),
    )
}

impl State {
    fn capture(&mut self, stream: Handle) -> Outcome<Option<&mut Capture>> {
        if is_default(stream) {
            return Ok(None);
        }
        match &mut self.object(stream, "stream")?.kind {
            Kind::Stream(capture) => Ok(capture.as_mut()),
            _ => Err(INVALID_HANDLE),
        }
    }
}
