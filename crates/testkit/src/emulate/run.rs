//! A launch.

use super::Order;
use libloading::Library;
use std::alloc::Layout;
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::path::Path;

/// How many blocks of how many threads, and what each block gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Blocks along x, y, z.
    pub grid: [u32; 3],
    /// Threads along x, y, z.
    pub block: [u32; 3],
    /// Dynamic shared memory, bytes per block.
    pub shared_bytes: u32,
}

/// A kernel, compiled for this machine.
#[derive(Debug)]
pub struct Kernel {
    name: String,
    launch: unsafe extern "C" fn(*const Request) -> c_int,
    param_bytes: Vec<usize>,
    static_shared: u32,
}

/// Mirrors `Request` in emulate/block.h, field by field.
#[repr(C)]
struct Request {
    grid: [c_uint; 3],
    block: [c_uint; 3],
    order: c_uint,
    shared_bytes: c_uint,
    seed: u64,
    params: *const *mut c_void,
    stacks: *mut u8,
    stack_bytes: usize,
    shared: *mut u8,
    zone: usize,
    message: *mut c_char,
    message_bytes: usize,
}

/// Of each thread of a block. Kernels need a few hundred bytes; what tells of a fault needs more.
const STACK_BYTES: usize = 64 << 10;
/// Bytes before and behind the dynamic shared memory that must stay as they are.
const ZONE: usize = 1024;
/// More alignment than any kernel asks of its shared memory.
const ALIGNMENT: usize = 1024;
const MOST_PARAMS: usize = 16;
const MOST_THREADS: u64 = 1024;

impl Kernel {
    /// Loads a library for good, and finds the kernels of these symbols in it.
    ///
    /// # Safety
    /// It must have been compiled from `emulate/entry.h` behind a source, with `EMULATED` for each symbol.
    pub(super) unsafe fn load(symbols: &[&str], path: &Path) -> Result<Vec<Kernel>, String> {
        let failed = |error: libloading::Error| format!("{}: {error}", path.display());
        // SAFETY: by the caller's promise it runs nothing when it is loaded.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // The functions are used to the end of the process.
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the caller's promise.
        let find = |name: &&str| unsafe { Kernel::find(library, name) }.map_err(failed)?;
        symbols.iter().map(find).collect()
    }

    /// # Safety
    /// As [`load`](Self::load).
    unsafe fn find(
        library: &'static Library,
        name: &str,
    ) -> Result<Result<Kernel, String>, libloading::Error> {
        type ParamBytes = unsafe extern "C" fn(*mut usize, c_uint) -> c_uint;
        type StaticShared = unsafe extern "C" fn() -> usize;
        let (run, sizes) = (
            format!("emulated_launch_{name}"),
            format!("emulated_param_bytes_{name}"),
        );
        // SAFETY: entry.h defines the three functions with these signatures.
        let (launch, param_bytes, static_shared) = unsafe {
            (
                *library.get(run.as_bytes())?,
                *library.get::<ParamBytes>(sizes.as_bytes())?,
                *library.get::<StaticShared>(b"emulated_static_shared")?,
            )
        };
        let mut bytes = [0; MOST_PARAMS];
        // SAFETY: writes at most as many sizes as it is told.
        let count = unsafe { param_bytes(bytes.as_mut_ptr(), MOST_PARAMS as c_uint) } as usize;
        let Some(known) = bytes.get(..count) else {
            return Ok(Err(format!("{name} has {count} parameters")));
        };
        Ok(Ok(Kernel {
            name: name.to_owned(),
            launch,
            param_bytes: known.to_vec(),
            // SAFETY: only asks the loader about the library itself.
            static_shared: unsafe { static_shared() } as u32,
        }))
    }

    /// The size of each parameter.
    pub fn param_bytes(&self) -> &[usize] {
        &self.param_bytes
    }

    /// Bytes of static shared memory of a block.
    pub fn static_shared(&self) -> u32 {
        self.static_shared
    }

    /// Runs all blocks, and returns when they have ended.
    ///
    /// # Safety
    /// `params` holds the address of each parameter, of a value that it can have; all memory that the kernel
    /// touches with them is valid.
    ///
    /// # Errors
    /// In words, with block and thread: a wait that cannot end, a collective that not all of its lanes come to, a
    /// write beyond the dynamic shared memory. The rest of the launch has not run then.
    pub unsafe fn launch(
        &self,
        shape: &Shape,
        order: Order,
        params: &[*mut c_void],
    ) -> Result<(), String> {
        let fail = |what: &str| Err(format!("{}: {what}", self.name));
        let threads: u64 = shape.block.iter().map(|&n| u64::from(n)).product();
        if !(1..=MOST_THREADS).contains(&threads) || shape.grid.contains(&0) {
            return fail(&format!("cannot run as {shape:?}"));
        }
        if params.len() != self.param_bytes.len() {
            return fail(&format!(
                "takes {} parameters, not {}",
                self.param_bytes.len(),
                params.len()
            ));
        }
        let mut message = [0u8; 512];
        let (order, seed) = match order {
            Order::Ascending => (0, 0),
            Order::Descending => (1, 0),
            Order::Drawn(seed) => (2, seed),
        };
        let code = SPACE.with_borrow_mut(|space| {
            let stacks = space.stacks.at_least(threads as usize * STACK_BYTES);
            let shared = space
                .shared
                .at_least(2 * ZONE + shape.shared_bytes as usize);
            let request = Request {
                grid: shape.grid,
                block: shape.block,
                order,
                shared_bytes: shape.shared_bytes,
                seed,
                params: params.as_ptr(),
                stacks,
                stack_bytes: STACK_BYTES,
                shared: shared.wrapping_add(ZONE),
                zone: ZONE,
                message: message.as_mut_ptr().cast(),
                message_bytes: message.len(),
            };
            // SAFETY: the request's memory is ours and as large as it says, the parameters are as many as the
            // kernel has, and for the rest the caller vouches. Fibers stay on this thread.
            unsafe { (self.launch)(&request) }
        });
        if code == 0 {
            return Ok(());
        }
        let end = message.iter().position(|&byte| byte == 0);
        fail(&String::from_utf8_lossy(
            &message[..end.unwrap_or(message.len())],
        ))
    }
}

/// What launches of a thread share: pages that were touched once are fast.
#[derive(Default)]
struct Space {
    stacks: Memory,
    shared: Memory,
}

thread_local! {
    static SPACE: RefCell<Space> = RefCell::default();
}

/// Zeroed memory that grows.
struct Memory {
    first: *mut u8,
    layout: Layout,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            first: std::ptr::null_mut(),
            layout: Layout::new::<()>(),
        }
    }
}

impl Memory {
    /// Room for so many bytes; what it held before is lost where it has to grow.
    fn at_least(&mut self, bytes: usize) -> *mut u8 {
        if self.layout.size() < bytes {
            let layout = Layout::from_size_align(bytes, ALIGNMENT).expect("far below isize::MAX");
            // SAFETY: the size is not zero.
            let first = unsafe { std::alloc::alloc_zeroed(layout) };
            if first.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            *self = Memory { first, layout };
        }
        self.first
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if !self.first.is_null() {
            // SAFETY: allocated in `at_least` with this layout.
            unsafe { std::alloc::dealloc(self.first, self.layout) };
        }
    }
}
