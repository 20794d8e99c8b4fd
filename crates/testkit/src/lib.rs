//! What RoboCache's tests are made of.
//!
//! | module | question it answers |
//! |---|---|
//! | [`random`] | how are cases drawn, repeatably? |
//! | [`oracle`] | what would the right answer be? |
//! | [`guard`] | was everything written that should be, and nothing else? |
//! | `emulate` (feature `cuda`) | what do the kernels do, where there is no GPU? |
//! | `stub` (feature `cuda`) | what did the code ask of the CUDA driver, and what if that fails? |

#[cfg(feature = "cuda")]
pub mod emulate;
pub mod guard;
pub mod oracle;
pub mod random;
#[cfg(feature = "cuda")]
pub mod stub;
