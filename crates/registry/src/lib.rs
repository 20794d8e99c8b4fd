//! What a kernel variant is and how one is chosen.
//!
//! | module | question it answers |
//! |---|---|
//! | [`info`] | what is a variant, where does it come from, what may it cost? |
//! | [`caps`] | what can a device do? |
//! | [`key`] | which problems are alike? |
//! | [`dispatch`] | which variant runs? |
//! | [`tune`] | how is a choice measured and kept? |
//! | [`user_cache`] | where do files go that only save time? |
//! | [`operation`] | which operations exist, and how is any of them tested? |
//! | [`workload`] | how is any operation timed? |
//! | [`host_copy`] | how long does a copy in host memory take, to compare with? |
//! | [`status`] | how does a kernel report bad data without a synchronisation? |
//!
//! Architecture invariant: this crate knows no operation, no driver and no pointer; it is plain data
//! and choice, and contains no `unsafe`.

#![forbid(unsafe_code)]

pub mod caps;
pub mod dispatch;
pub mod host_copy;
pub mod info;
pub mod key;
pub mod operation;
pub mod status;
pub mod tune;
pub mod user_cache;
pub mod workload;

pub use caps::{CpuCaps, CudaCaps, DeviceCaps};
pub use dispatch::{Descriptor, Dispatcher};
pub use info::{
    Budget, CpuLevel, Instruction, KernelEntry, KernelFunction, Source, Target, VariantInfo,
};
pub use key::{Features, KeyText, ProblemKey};
pub use operation::{Case, CaseOutcome, DeviceId, OpEntry, SelfTest, SelfTestOutcome, operations};
pub use status::{StatusCode, decode_status};

pub use workload::{CacheState, Subject, Workload, Workloads};

#[doc(hidden)]
pub use inventory;
