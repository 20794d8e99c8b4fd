//! What a thread's stub knows, and what every call goes through.

use super::Config;
use super::codes::{
    CAPTURE_UNSUPPORTED, DEINITIALIZED, INVALID_CONTEXT, INVALID_HANDLE, INVALID_VALUE, NO_DEVICE,
    NOT_INITIALIZED, Outcome,
};
use super::graph::{Capture, Work};
use super::memory::Allocation;
use super::module::Function;
use super::record::{Call, Launch};
use robocache_cuda::api::{Handle, ResultCode};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Something that happens at the `left`-th occasion from now.
pub(super) struct Planted {
    pub left: usize,
    pub code: u32,
}

impl Planted {
    /// Counts one occasion; the code if this was the one.
    pub fn strike(planted: &mut Option<Planted>) -> Option<u32> {
        let inner = planted.as_mut()?;
        inner.left = inner.left.saturating_sub(1);
        let code = (inner.left == 0).then_some(inner.code)?;
        *planted = None;
        Some(code)
    }
}

/// A device's primary context.
#[derive(Default)]
pub(super) struct PrimaryContext {
    /// 0 while there is none.
    pub handle: u64,
    pub retained: u32,
    /// Releases that were tried and made to fail.
    pub excused: u32,
    /// The error that broke it, or 0.
    pub broken: u32,
}

/// A driver object that a handle names.
pub(super) struct Object {
    pub context: usize,
    pub live: bool,
    /// Whether somebody tried to destroy it, with success or not.
    pub attempted: bool,
    pub kind: Kind,
}

pub(super) enum Kind {
    Stream(Option<Capture>),
    /// With the time of its latest mark.
    Event(Option<u64>),
    Module,
    Function(Function),
    Graph(Vec<Work>),
    Executable(Vec<Work>),
}

impl Kind {
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Stream(_) => "stream",
            Kind::Event(_) => "event",
            Kind::Module => "module",
            Kind::Function(_) => "function",
            Kind::Graph(_) => "graph",
            Kind::Executable(_) => "executable graph",
        }
    }
}

pub(super) struct State {
    pub config: Config,
    pub initialized: bool,
    /// By ordinal.
    pub contexts: Vec<PrimaryContext>,
    /// Ordinals of the contexts pushed, the current one last.
    pub stack: Vec<usize>,
    /// Pops that were tried and made to fail.
    pub excused_pops: usize,
    pub objects: BTreeMap<u64, Object>,
    /// By first address.
    pub memory: BTreeMap<u64, Allocation>,
    /// Nanoseconds of the devices' clock.
    pub clock: u64,
    pub calls: Vec<Call>,
    pub violations: Vec<String>,
    pub planted: Option<Planted>,
    /// The index of the call that the planted failure struck.
    pub failed: Option<usize>,
    /// Breaks a context when enough kernels have run.
    pub fault: Option<Planted>,
    pub param_bytes: usize,
    next_handle: u64,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

pub(super) fn install(state: State) {
    STATE.with(|cell| *cell.borrow_mut() = Some(state));
}

/// For the methods of `Stub`.
pub(super) fn with<R>(work: impl FnOnce(&mut State) -> R) -> R {
    STATE.with(|cell| {
        let mut state = cell.borrow_mut();
        work(
            state
                .as_mut()
                .expect("a stub was installed on this thread, as there is a Stub"),
        )
    })
}

/// What must be there before a call can do anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Driver,
    Context,
}

/// A driver function: recorded, made to fail where that was planted, else carried out.
pub(super) fn call(
    name: &'static str,
    needs: Needs,
    work: impl FnOnce(&mut State) -> Outcome,
) -> ResultCode {
    release(name, needs, |_| {}, work)
}

/// As [`call`], for a function that releases something: `excuse` notes that it was tried, where it
/// fails before it could do anything.
pub(super) fn release(
    name: &'static str,
    needs: Needs,
    excuse: impl FnOnce(&mut State),
    work: impl FnOnce(&mut State) -> Outcome,
) -> ResultCode {
    // A panic must not leave a C function, so nothing here can: no state is "no device".
    let code = STATE.try_with(|cell| {
        let Ok(mut guard) = cell.try_borrow_mut() else {
            return NOT_INITIALIZED;
        };
        let Some(state) = guard.as_mut() else {
            return NO_DEVICE;
        };
        let index = state.calls.len();
        state.calls.push(Call {
            name,
            code: 0,
            launches: Vec::new(),
        });
        let admitted = match Planted::strike(&mut state.planted) {
            Some(code) => {
                state.failed = Some(index);
                Err(code)
            }
            None => state.admit(needs),
        };
        let outcome = match admitted {
            Ok(()) => work(state),
            Err(code) => {
                excuse(state);
                Err(code)
            }
        };
        let code = outcome.err().unwrap_or(0);
        state.calls[index].code = code;
        code
    });
    code.unwrap_or(DEINITIALIZED)
}

impl State {
    pub fn new(config: Config) -> State {
        let contexts = config.devices.iter().map(|_| PrimaryContext::default());
        State {
            contexts: contexts.collect(),
            config,
            initialized: false,
            stack: Vec::new(),
            excused_pops: 0,
            objects: BTreeMap::new(),
            memory: BTreeMap::new(),
            clock: 0,
            calls: Vec::new(),
            violations: Vec::new(),
            planted: None,
            failed: None,
            fault: None,
            param_bytes: 0,
            next_handle: 0x5000,
        }
    }

    fn admit(&mut self, needs: Needs) -> Outcome {
        if needs != Needs::Nothing && !self.initialized {
            return Err(NOT_INITIALIZED);
        }
        if needs == Needs::Context {
            let ordinal = self.current()?;
            let broken = self.contexts[ordinal].broken;
            if broken != 0 {
                return Err(broken);
            }
        }
        Ok(())
    }

    /// The ordinal of the current context.
    pub fn current(&mut self) -> Outcome<usize> {
        if let Some(&ordinal) = self.stack.last() {
            return Ok(ordinal);
        }
        // Whoever was refused a push may still try to free; nobody else has an excuse.
        let before = self.calls.len().checked_sub(2).map(|i| &self.calls[i]);
        let refused = before.is_some_and(|c| c.name == "cuCtxPushCurrent_v2" && c.code != 0);
        if !refused {
            self.violate("no context is current");
        }
        Err(INVALID_CONTEXT)
    }

    /// Notes what the running call did wrong.
    pub fn violate(&mut self, what: impl std::fmt::Display) -> u32 {
        let call = self.calls.last().map_or("", |call| call.name);
        self.violations.push(format!("{call}: {what}"));
        INVALID_VALUE
    }

    /// A handle that was never given out before.
    pub fn new_handle(&mut self) -> u64 {
        self.next_handle += 16;
        self.next_handle
    }

    /// A new object of the current context.
    pub fn create(&mut self, kind: Kind) -> Outcome<Handle> {
        let object = Object {
            context: self.current()?,
            live: true,
            attempted: false,
            kind,
        };
        let handle = self.new_handle();
        self.objects.insert(handle, object);
        Ok(handle as Handle)
    }

    /// The live object of that kind and of the current context.
    pub fn object(&mut self, handle: Handle, kind: &'static str) -> Outcome<&mut Object> {
        let (key, current) = (handle as u64, self.current()?);
        let fault = match self.objects.get(&key) {
            Some(object) if object.kind.name() != kind => {
                format!("{key:#x} is no {kind} but a {}", object.kind.name())
            }
            Some(object) if !object.live => format!("{kind} {key:#x} was destroyed before"),
            Some(object) if object.context != current => {
                format!("{kind} {key:#x} belongs to another context than the current one")
            }
            Some(_) => return self.objects.get_mut(&key).ok_or(INVALID_HANDLE),
            None => format!("{key:#x} was never a {kind}"),
        };
        self.violate(fault);
        Err(INVALID_HANDLE)
    }

    pub fn destroy(&mut self, handle: Handle, kind: &'static str) -> Outcome {
        let object = self.object(handle, kind)?;
        (object.live, object.attempted) = (false, true);
        Ok(())
    }

    /// Notes that somebody tried to destroy an object.
    pub fn excuse(&mut self, handle: Handle) {
        if let Some(object) = self.objects.get_mut(&(handle as u64)) {
            object.attempted = true;
        }
    }

    /// Refuses what must not be done while a stream is captured, and spoils the captures, as the
    /// driver does.
    pub fn forbid_in_capture(&mut self) -> Outcome {
        let captures = self
            .objects
            .values_mut()
            .filter_map(|object| match &mut object.kind {
                Kind::Stream(Some(capture)) if object.live && !capture.relaxed => Some(capture),
                _ => None,
            });
        let spoilt = captures.map(|capture| capture.spoilt = true).count();
        if spoilt == 0 {
            Ok(())
        } else {
            Err(CAPTURE_UNSUPPORTED)
        }
    }

    /// Notes that a kernel ran, and lets a planted fault break its context.
    pub fn ran(&mut self, launch: Launch) {
        let ordinal = launch.ordinal as usize;
        self.note(launch);
        if let Some(code) = Planted::strike(&mut self.fault) {
            self.contexts[ordinal].broken = code;
        }
    }

    /// Adds a launch to the record of the running call.
    pub fn note(&mut self, launch: Launch) {
        if let Some(call) = self.calls.last_mut() {
            call.launches.push(launch);
        }
    }

    pub fn leaks(&self) -> Vec<String> {
        let objects = self.objects.iter().filter(|(_, object)| !object.attempted);
        let mut leaks: Vec<_> = objects
            .map(|(handle, object)| format!("{} {handle:#x}", object.kind.name()))
            .collect();
        for (handle, object) in &self.objects {
            if matches!(&object.kind, Kind::Stream(Some(capture)) if !capture.attempted) {
                leaks.push(format!("a capture of stream {handle:#x}"));
            }
        }
        let memory = self.memory.iter().filter(|(_, block)| !block.attempted);
        leaks.extend(memory.map(|(at, block)| format!("{} at {at:#x}", block.describe())));
        let pushed = self.stack.len().saturating_sub(self.excused_pops);
        if pushed > 0 {
            leaks.push(format!("{pushed} context(s) pushed and not popped"));
        }
        for (ordinal, context) in self.contexts.iter().enumerate() {
            let held = context.retained.saturating_sub(context.excused);
            if held > 0 {
                leaks.push(format!(
                    "the primary context of device {ordinal}, retained {held} time(s)"
                ));
            }
        }
        leaks
    }
}

/// Writes a result through a pointer of the caller's.
///
/// # Safety
/// `to` is null or valid for a write of `T`.
pub(super) unsafe fn put<T>(to: *mut T, value: T) -> Outcome {
    if to.is_null() {
        return Err(INVALID_VALUE);
    }
    // SAFETY: not null, so valid by the caller's promise.
    unsafe { to.write(value) };
    Ok(())
}
