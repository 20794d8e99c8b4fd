//! Kernels on the CPU: what a kernel does, without a GPU.
//!
//! | file | question it answers |
//! |---|---|
//! | `compile.rs` | how does a kernel source become a library of this machine? |
//! | `source.rs` | what is changed in a source before that? |
//! | `cache.rs` | where are the libraries kept? |
//! | `run.rs` | how is a kernel launched, and what can be wrong with it? |
//! | `instead.rs` | how do cases come to run on emulated devices? |
//!
//! The C++ compiler of this machine translates the very sources that NVRTC does, with headers from the folder
//! `emulate/` of this package: `language.h` has what CUDA C++ has beyond C++, `schedule.h` runs the threads of a
//! block in turns, `warp.h` is what they do together, and `ptx.cuh` takes the place of `common/ptx.cuh`, the
//! kernels' only inline PTX.
//!
//! Blocks run one after another. A thread runs until it has to wait for others, so that a missing barrier shows
//! in one [`Order`] or another: whoever reads too early finds a pattern, as shared memory holds it at first and
//! asynchronous copies only arrive when they are waited for. What cannot go on is told and not waited for, and so
//! are writes beyond the dynamic shared memory. Not found: races inside of a warp's step, reads outside of
//! global memory, wrong cache hints, anything about speed.

mod cache;
mod compile;
mod instead;
mod run;
mod source;

pub use compile::{Unit, kernel, ready};
pub use instead::{context, instead};
pub use run::{Kernel, Shape};

/// In which order the threads of a block take turns, and its warps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first one first.
    Ascending,
    /// The last one first.
    Descending,
    /// Drawn anew for each turn; the same for the same seed.
    Drawn(u64),
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Order::Ascending => f.write_str("ascending"),
            Order::Descending => f.write_str("descending"),
            Order::Drawn(seed) => write!(f, "drawn from {seed}"),
        }
    }
}

/// How a [`Stub`](crate::stub::Stub) emulates.
#[derive(Clone, Copy, Debug)]
pub struct Emulation {
    /// The order of threads.
    pub order: Order,
    /// The kernel of a name; those of registry.toml by [`kernel`].
    pub kernels: fn(&str) -> Result<&'static Kernel, String>,
}

impl Emulation {
    /// Of the kernels in registry.toml.
    pub fn new(order: Order) -> Emulation {
        Emulation {
            order,
            kernels: kernel,
        }
    }
}
