//! Cases for tests, soak and fuzzing: whole problems with their memory, run through the public
//! functions and held against the oracle.
//!
//! | module | question it answers |
//! |---|---|
//! | [`trial`] | what is a problem with its inputs, and what must come out? |
//! | `run` | how does it run on host memory? |
//! | `device` | how does it run on a CUDA device? |
//! | `draw`, `axes`, `clock` | how is one drawn at random? |
//! | `spans` | what does the oracle call the kinds of columns? |
//! | `launch` | in which shape would a kernel be launched? |

mod axes;
mod clock;
#[cfg(feature = "cuda")]
mod device;
mod draw;
#[cfg(feature = "cuda")]
mod launch;
mod run;
mod spans;
pub mod trial;

#[cfg(feature = "cuda")]
pub use launch::{LaunchShape, launch_shape};
pub use robocache_testkit::operand::{Operand, Space, Style};
pub use trial::{Axis, Batch, Trial};

use robocache_registry::Case;

/// A random problem; the same one for the same seed, everywhere.
pub fn generate(seed: u64) -> Box<dyn Case> {
    Box::new(draw::trial(seed))
}
