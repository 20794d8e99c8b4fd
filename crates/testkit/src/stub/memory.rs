//! Allocations, copies and fills.

use super::codes::{CAPTURE_UNSUPPORTED, INVALID_VALUE, NOT_SUPPORTED, OUT_OF_MEMORY, Outcome};
use super::graph::Work;
use super::state::{Kind, Needs, State, call, put, release};
use robocache_cuda::api::{DevicePtr, Handle, ResultCode};
use std::alloc::Layout;
use std::ffi::{c_uint, c_void};

/// Memory that somebody allocated. It stays reserved when freed, so that its addresses never come
/// again.
pub(super) struct Allocation {
    block: Block,
    pub context: usize,
    source: Source,
    pub live: bool,
    /// Whether somebody tried to free it, with success or not: a capture, for one, forbids it.
    pub attempted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Plain,
    Pool,
    Host,
}

/// Host memory of our own.
struct Block {
    first: *mut u8,
    layout: Layout,
}

/// What allocations hold at first: as floats, a small negative number.
const FRESH: u8 = 0xCD;
/// What they hold after they were freed.
const FREED: u8 = 0xDD;
/// The driver's alignment of allocations.
const ALIGNMENT: usize = 256;
/// Allocations are host memory here, so larger ones are refused as out of memory.
const LARGEST: usize = 1 << 30;

impl Block {
    fn new(bytes: usize) -> Option<Block> {
        let layout = Layout::from_size_align(bytes, ALIGNMENT).ok()?;
        if bytes == 0 || bytes > LARGEST {
            return None;
        }
        // SAFETY: the size is not zero.
        let first = unsafe { std::alloc::alloc(layout) };
        let block = (!first.is_null()).then_some(Block { first, layout })?;
        block.paint(FRESH);
        Some(block)
    }

    fn paint(&self, byte: u8) {
        // SAFETY: the block is ours and has that size.
        unsafe { self.first.write_bytes(byte, self.layout.size()) };
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { std::alloc::dealloc(self.first, self.layout) };
    }
}

impl Allocation {
    pub fn describe(&self) -> String {
        let what = match self.source {
            Source::Plain => "device memory",
            Source::Pool => "stream-ordered memory",
            Source::Host => "pinned memory",
        };
        format!("{} bytes of {what}", self.block.layout.size())
    }
}

impl State {
    fn allocate(&mut self, bytes: usize, source: Source) -> Outcome<u64> {
        if bytes == 0 {
            return Err(INVALID_VALUE);
        }
        let context = self.current()?;
        if source != Source::Host && bytes > self.free_bytes(context) {
            return Err(OUT_OF_MEMORY);
        }
        let block = Block::new(bytes).ok_or(OUT_OF_MEMORY)?;
        let address = block.first as u64;
        let allocation = Allocation {
            block,
            context,
            source,
            live: true,
            attempted: false,
        };
        self.memory.insert(address, allocation);
        Ok(address)
    }

    fn release_memory(&mut self, address: u64, takes: &[Source]) -> Outcome {
        let fault = match self.memory.get_mut(&address) {
            None => format!("{address:#x} was never allocated"),
            Some(block) if !block.live => format!("{address:#x} was freed before"),
            Some(block) if !takes.contains(&block.source) => {
                format!("{} at {address:#x} is freed otherwise", block.describe())
            }
            Some(block) => {
                block.live = false;
                block.block.paint(FREED);
                return Ok(());
            }
        };
        Err(self.violate(fault))
    }

    fn excuse_memory(&mut self, address: u64) {
        if let Some(block) = self.memory.get_mut(&address) {
            block.attempted = true;
        }
    }

    fn free_bytes(&self, context: usize) -> usize {
        let total = self.config.devices[context].memory_bytes as usize;
        let used = self
            .memory
            .values()
            .filter(|block| block.live && block.context == context)
            .filter(|block| block.source != Source::Host)
            .map(|block| block.block.layout.size())
            .sum();
        total.saturating_sub(used)
    }

    /// The allocation that an address lies in, alive or not, with its end.
    fn around(&self, address: u64) -> Option<(&Allocation, u64)> {
        let (&first, block) = self.memory.range(..=address).next_back()?;
        let end = first + block.block.layout.size() as u64;
        (address < end).then_some((block, end))
    }

    /// Checks that live device memory holds all of `bytes` bytes from an address on.
    pub fn check_device(&mut self, address: u64, bytes: usize) -> Outcome {
        let fault = match self.around(address) {
            None => format!("{address:#x} is no device memory"),
            Some((block, _)) if block.source == Source::Host => {
                format!("{address:#x} is host memory")
            }
            Some((block, _)) if !block.live => format!("{address:#x} was freed before"),
            Some((_, end)) if bytes as u64 > end - address => {
                format!("{bytes} bytes from {address:#x} reach outside of the allocation")
            }
            Some(_) => return Ok(()),
        };
        Err(self.violate(fault))
    }

    /// Checks a host pointer as far as that is possible: pinned memory must be alive and large
    /// enough, device memory is none.
    fn check_host(&mut self, address: u64, bytes: usize) -> Outcome {
        let fault = match self.around(address) {
            _ if address == 0 => "a null host pointer".to_owned(),
            None => return Ok(()),
            Some((block, _)) if block.source != Source::Host => {
                format!("{address:#x} is device memory")
            }
            Some((block, _)) if !block.live => format!("{address:#x} was freed before"),
            Some((_, end)) if bytes as u64 > end - address => {
                format!("{bytes} bytes from {address:#x} reach outside of the allocation")
            }
            Some(_) => return Ok(()),
        };
        Err(self.violate(fault))
    }

    /// Copies between the host and a device; refused during a capture.
    ///
    /// # Safety
    /// A host pointer that is not pinned memory must be valid for so many bytes.
    unsafe fn copy(
        &mut self,
        (to, to_host): (u64, bool),
        (from, from_host): (u64, bool),
        bytes: usize,
        stream: Handle,
    ) -> Outcome {
        if self.is_captured(stream)? {
            self.forbid_in_capture()?;
            return Err(CAPTURE_UNSUPPORTED);
        }
        for (address, host) in [(to, to_host), (from, from_host)] {
            if bytes > 0 && host {
                self.check_host(address, bytes)?;
            } else if bytes > 0 {
                self.check_device(address, bytes)?;
            }
        }
        self.enqueue(stream, Work::Nothing)?;
        if bytes > 0 {
            // SAFETY: device and pinned addresses are live host memory of ours that holds so many
            // bytes; for the others the caller vouches.
            unsafe { std::ptr::copy(from as *const u8, to as *mut u8, bytes) };
        }
        Ok(())
    }
}

/// Fills device memory.
pub(super) fn set(state: &mut State, to: u64, byte: u8, bytes: usize) -> Outcome {
    state.check_device(to, bytes)?;
    // SAFETY: device memory is live host memory of ours that holds so many bytes.
    unsafe { (to as *mut u8).write_bytes(byte, bytes) };
    Ok(())
}

/// Copies on a device.
pub(super) fn transfer(state: &mut State, to: u64, from: u64, bytes: usize) -> Outcome {
    state.check_device(to, bytes)?;
    state.check_device(from, bytes)?;
    // SAFETY: as above, on both sides.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, bytes) };
    Ok(())
}

pub(super) unsafe extern "C" fn get_info(free: *mut usize, total: *mut usize) -> ResultCode {
    call("cuMemGetInfo_v2", Needs::Context, |state| {
        let context = state.current()?;
        // SAFETY: the function's contract.
        unsafe {
            put(free, state.free_bytes(context))?;
            put(total, state.config.devices[context].memory_bytes as usize)
        }
    })
}

pub(super) unsafe extern "C" fn alloc(address: *mut DevicePtr, bytes: usize) -> ResultCode {
    call("cuMemAlloc_v2", Needs::Context, |state| {
        state.forbid_in_capture()?;
        let found = state.allocate(bytes, Source::Plain)?;
        // SAFETY: the function's contract.
        unsafe { put(address, found) }
    })
}

pub(super) unsafe extern "C" fn free(address: DevicePtr) -> ResultCode {
    release(
        "cuMemFree_v2",
        Needs::Context,
        |state| state.excuse_memory(address),
        |state| {
            state.excuse_memory(address);
            state.forbid_in_capture()?;
            state.release_memory(address, &[Source::Plain, Source::Pool])
        },
    )
}

pub(super) unsafe extern "C" fn alloc_async(
    address: *mut DevicePtr,
    bytes: usize,
    stream: Handle,
) -> ResultCode {
    call("cuMemAllocAsync", Needs::Context, |state| {
        let context = state.current()?;
        if !state.config.devices[context].memory_pools || state.is_captured(stream)? {
            return Err(NOT_SUPPORTED);
        }
        let found = state.allocate(bytes, Source::Pool)?;
        // SAFETY: the function's contract.
        unsafe { put(address, found) }
    })
}

pub(super) unsafe extern "C" fn free_async(address: DevicePtr, stream: Handle) -> ResultCode {
    release(
        "cuMemFreeAsync",
        Needs::Context,
        |state| state.excuse_memory(address),
        |state| {
            state.excuse_memory(address);
            if state.is_captured(stream)? {
                return Err(NOT_SUPPORTED);
            }
            state.release_memory(address, &[Source::Pool])
        },
    )
}

pub(super) unsafe extern "C" fn host_alloc(
    address: *mut *mut c_void,
    bytes: usize,
    _flags: c_uint,
) -> ResultCode {
    call("cuMemHostAlloc", Needs::Context, |state| {
        state.forbid_in_capture()?;
        let found = state.allocate(bytes, Source::Host)?;
        // SAFETY: the function's contract.
        unsafe { put(address, found as *mut c_void) }
    })
}

pub(super) unsafe extern "C" fn free_host(address: *mut c_void) -> ResultCode {
    release(
        "cuMemFreeHost",
        Needs::Context,
        |state| state.excuse_memory(address as u64),
        |state| {
            state.excuse_memory(address as u64);
            state.forbid_in_capture()?;
            state.release_memory(address as u64, &[Source::Host])
        },
    )
}

pub(super) unsafe extern "C" fn copy_to_device(
    to: DevicePtr,
    from: *const c_void,
    bytes: usize,
    stream: Handle,
) -> ResultCode {
    call("cuMemcpyHtoDAsync_v2", Needs::Context, |state| {
        // SAFETY: the function's contract.
        unsafe { state.copy((to, false), (from as u64, true), bytes, stream) }
    })
}

pub(super) unsafe extern "C" fn copy_to_host(
    to: *mut c_void,
    from: DevicePtr,
    bytes: usize,
    stream: Handle,
) -> ResultCode {
    call("cuMemcpyDtoHAsync_v2", Needs::Context, |state| {
        // SAFETY: the function's contract.
        unsafe { state.copy((to as u64, true), (from, false), bytes, stream) }
    })
}

pub(super) unsafe extern "C" fn copy_on_device(
    to: DevicePtr,
    from: DevicePtr,
    bytes: usize,
    stream: Handle,
) -> ResultCode {
    call("cuMemcpyDtoDAsync_v2", Needs::Context, |state| {
        state.check_device(to, bytes)?;
        state.check_device(from, bytes)?;
        if to < from + bytes as u64 && from < to + bytes as u64 {
            return Err(state.violate("source and destination overlap"));
        }
        state.enqueue(stream, Work::Copy { to, from, bytes })
    })
}

pub(super) unsafe extern "C" fn fill(
    to: DevicePtr,
    byte: u8,
    bytes: usize,
    stream: Handle,
) -> ResultCode {
    call("cuMemsetD8Async", Needs::Context, |state| {
        state.check_device(to, bytes)?;
        state.enqueue(stream, Work::Fill { to, byte, bytes })
    })
}

impl State {
    /// Whether a stream is being captured.
    pub fn is_captured(&mut self, stream: Handle) -> Outcome<bool> {
        if super::stream::is_default(stream) {
            return Ok(false);
        }
        let object = self.object(stream, "stream")?;
        Ok(matches!(&object.kind, Kind::Stream(Some(_))))
    }
}
