//! The one error type.

use crate::DType;
use std::borrow::Cow;

/// A result with RoboCache's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that a call can report instead of a result.
///
/// Each message names the argument, what was found and what was expected. After an error nothing
/// that was reported as success is half written; outputs of the failed call are unspecified.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable CUDA driver library on this machine.
    #[error("no CUDA driver: {reason}")]
    DriverMissing {
        /// Why, in words for the user.
        reason: String,
    },
    /// A driver is there, but lacks what RoboCache needs.
    #[error("the CUDA driver is too old: it offers {found}, RoboCache needs {needed}")]
    DriverTooOld {
        /// The driver's CUDA version, or the entry point that it lacks.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// The driver works but the device asked for does not exist.
    #[error("no CUDA device {ordinal}: the driver reports {count} device(s)")]
    NoDevice {
        /// The ordinal asked for.
        ordinal: u32,
        /// How many there are.
        count: u32,
    },
    /// An argument's shape does not fit the others.
    #[error("{argument}: found shape {found}, expected {expected}")]
    Shape {
        /// The argument.
        argument: &'static str,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// An argument's element type is not accepted there.
    #[error("{argument}: found type {found}, expected {expected}")]
    DType {
        /// The argument.
        argument: &'static str,
        /// Its type.
        found: DType,
        /// Which types are accepted.
        expected: &'static str,
    },
    /// A source time breaks the contract of a time axis.
    #[error("source time {index} of batch row {batch} {fault}")]
    Time {
        /// Row of the batch.
        batch: u64,
        /// Index of the first offending stamp in that row.
        index: u64,
        /// What is wrong with it.
        fault: TimeFault,
    },
    /// A target time lies outside of its row's source times, and that was to be an error.
    #[error("target {index} of batch row {batch} lies outside of the source times")]
    Outside {
        /// Row of the batch.
        batch: u64,
        /// Index of the first such target in that row.
        index: u64,
    },
    /// A number lies outside of what is meaningful.
    #[error("{argument}: found {found}, expected {expected}")]
    Range {
        /// The argument.
        argument: &'static str,
        /// Its value.
        found: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// An argument's memory cannot be used: null, misaligned, overlapping, on the wrong device.
    #[error("{argument}: {problem}")]
    Memory {
        /// The argument.
        argument: &'static str,
        /// What is wrong with its memory.
        problem: String,
    },
    /// No variant of the operation accepts this problem on this device.
    #[error("{op}: no variant for {device} accepts this problem{}", list(.refusals))]
    Unsupported {
        /// The operation.
        op: &'static str,
        /// The device.
        device: String,
        /// Each variant asked and why it refused.
        refusals: Vec<Refused>,
    },
    /// A kernel would have to be compiled or loaded while a stream is being captured.
    #[error("{variant} is not loaded and cannot be while a stream is captured: call prepare first")]
    NotPrepared {
        /// The variant.
        variant: &'static str,
    },
    /// A call into the CUDA driver failed.
    #[error("{call} failed: {name} (CUDA error {code})")]
    Driver {
        /// The driver's function.
        call: &'static str,
        /// The driver's result code.
        code: u32,
        /// The driver's name of that code.
        name: String,
    },
    /// A kernel did not compile.
    #[error("kernel {module} does not compile for {arch}: {log}")]
    Build {
        /// The source file.
        module: String,
        /// The architecture, for example `sm_90`.
        arch: String,
        /// The compiler's words.
        log: String,
    },
    /// A cache file could not be used; the cache is only ever a short cut, so this is a warning.
    #[error("cache {path}: {reason}")]
    Cache {
        /// The file or folder.
        path: String,
        /// What happened.
        reason: String,
    },
    /// A size does not fit the integers that have to hold it.
    #[error("{what} is too large")]
    Overflow {
        /// What was to be computed.
        what: &'static str,
    },
    /// The process was forked after the CUDA driver was used; CUDA does not survive a fork.
    #[error(
        "this process was forked after its parent used CUDA, and CUDA does not survive a fork: \
         start workers with the 'spawn' or 'forkserver' method, or resample on the CPU in them"
    )]
    Forked,
}

impl Error {
    /// Whether device memory ran out; freeing some and calling again may succeed.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Error::Driver { code: 2, .. })
    }

    /// An [`Error::Shape`] from two shapes.
    pub fn shape(argument: &'static str, found: &[usize], expected: impl Into<String>) -> Error {
        Error::Shape {
            argument,
            found: format!("{found:?}"),
            expected: expected.into(),
        }
    }

    /// An [`Error::Memory`].
    pub fn memory(argument: &'static str, problem: impl Into<String>) -> Error {
        Error::Memory {
            argument,
            problem: problem.into(),
        }
    }
}

/// What is wrong with a source time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeFault {
    /// It is smaller than the one before it.
    Unsorted,
    /// It is NaN or infinite.
    NotFinite,
    /// More than half of the axis' steps are below four units in the last place of its f32 values.
    TooCoarse,
}

impl std::fmt::Display for TimeFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TimeFault::Unsorted => "is smaller than the one before it: source times must be sorted",
            TimeFault::NotFinite => "is NaN or infinite",
            TimeFault::TooCoarse => {
                "is too large for f32: the steps of this axis are below its resolution; use f64 or \
                 i64 times, or subtract the first stamp before converting"
            }
        })
    }
}

/// Why a variant does not take a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl Refusal {
    /// A refusal for a reason known at compile time; costs nothing.
    pub const fn because(reason: &'static str) -> Refusal {
        Refusal(Cow::Borrowed(reason))
    }

    /// A refusal whose reason carries numbers.
    pub fn with(reason: String) -> Refusal {
        Refusal(Cow::Owned(reason))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A variant and why it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The variant's id.
    pub variant: &'static str,
    /// Its reason.
    pub refusal: Refusal,
}

fn list(refusals: &[Refused]) -> String {
    if refusals.is_empty() {
        return ": none is built in".into();
    }
    refusals
        .iter()
        .map(|r| format!("\n  {}: {}", r.variant, r.refusal))
        .collect()
}
