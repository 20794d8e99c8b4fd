//! Cases for tests, soak and fuzzing: whole problems with their memory, run through the public functions and held
//! against the oracle.
//!
//! | module | question it answers |
//! |---|---|
//! | [`trial`] | what is a problem with its inputs and the outputs that are wanted? |
//! | `judge` | what must come out? |
//! | `run` | how does it run on host memory? |
//! | `device` | how does it run on a CUDA device? |
//! | `draw` | how is one drawn at random? |
//! | `launch` | what would be launched for one? |

#[cfg(feature = "cuda")]
mod device;
mod draw;
mod judge;
#[cfg(feature = "cuda")]
mod launch;
mod run;
pub mod trial;

#[cfg(feature = "cuda")]
pub use launch::{LaunchShape, Launches, launches, problem};
pub use trial::{Place, Trial, Wish, Wishes};

use robocache_registry::Case;

/// A random problem; the same one for the same seed, everywhere.
pub fn generate(seed: u64) -> Box<dyn Case> {
    Box::new(draw::trial(seed))
}
