//! Resampling on the CPU.
//!
//! | file | question |
//! |---|---|
//! | `axis.rs` | what is knot i, and what are times made of? |
//! | `finder.rs` | where does a target lie among the times of its row? |
//! | `bracket.rs` | which samples make a target's value, and is it valid? The contract's rules. |
//! | `arith.rs` | what are values computed in? |
//! | `hermite.rs`, `rotation.rs`, `trig.rs` | cubics, rotations, angles |
//! | `element.rs` | how do element types widen and narrow? |
//! | `drive.rs` | how is the work spread, checked and tiled? |
//! | `scalar.rs` | the reference variant |
//! | `vector.rs` | what do the variants for vector instructions share? |
//! | `targets.rs`, `rows.rs` | how do they get from places to rows of values? |
//! | `spans.rs` | how do they write rows of any kinds? |
//! | `avx2.rs`, `avx512.rs` | the reference's arithmetic in those instructions |

mod arith;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod axis;
mod bracket;
mod drive;
mod element;
mod finder;
mod hermite;
mod rotation;
#[cfg(target_arch = "x86_64")]
mod rows;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod spans;
#[cfg(target_arch = "x86_64")]
mod targets;
mod trig;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(feature = "cuda")]
pub(crate) use element::fill_bits;
