//! What RoboCache's tests are made of.
//!
//! | module | question it answers |
//! |---|---|
//! | [`random`] | how are cases drawn, repeatably? |
//! | [`oracle`] | what would the right answer of a resampling be? |
//! | [`voxels`] | what would that of a voxelization be? |
//! | [`operand`] | how do numbers come to lie in strided memory? |
//! | [`guard`] | was everything written that should be, and nothing else? |
//! | [`devices`] | where is a case run: the CPU, the GPUs that are there, emulated ones? |
//! | [`survey`] | does every variant agree with the oracle, and with every other? |
//! | `emulate` (feature `cuda`) | what do the kernels do, where there is no GPU? |
//! | `mirror` (feature `cuda`) | do the kernels know the same structs? |
//! | `stub` (feature `cuda`) | what did the code ask of the CUDA driver, and what if that fails? |

pub mod devices;
#[cfg(feature = "cuda")]
pub mod emulate;
pub mod guard;
#[cfg(feature = "cuda")]
pub mod mirror;
pub mod operand;
pub mod oracle;
pub mod random;
#[cfg(feature = "cuda")]
pub mod stub;
pub mod survey;
pub mod voxels;
