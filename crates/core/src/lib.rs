//! The vocabulary that every RoboCache crate shares.
//!
//! | module | question it answers |
//! |---|---|
//! | [`dtype`] | what is an element? |
//! | [`layout`] | where do the elements of a tensor lie, and do they overlap? |
//! | [`view`] | how is borrowed host or device memory described? |
//! | [`host`] | how does the CPU read and write a view? |
//! | [`time`] | what is a time axis? |
//! | [`ragged`] | which rows of a batch are real? |
//! | [`round`] | how does a wide number become a narrow one, rounded or truncated once? |
//! | [`parallel`] | how is CPU work spread over threads? |
//! | [`wide`] | how do loops get the widest vectors that there are? |
//! | [`error`] | what can go wrong? |

pub mod dtype;
pub mod error;
pub mod host;
pub mod layout;
pub mod parallel;
pub mod ragged;
pub mod round;
pub mod time;
pub mod view;
pub mod wide;

pub use dtype::{DType, Element};
pub use error::{Error, Refusal, Refused, Result, TimeFault};
pub use host::{HostRows, HostRowsMut, HostTensor, HostTensorMut};
pub use layout::Layout;
pub use ragged::{RowSpan, Rows};
pub use time::{TimeAxis, TimeScalar, TimeType};
pub use view::{Place, TensorView, TensorViewMut};

/// The 16-bit float types, re-exported so that users need not depend on `half` themselves.
pub use half::{bf16, f16};
