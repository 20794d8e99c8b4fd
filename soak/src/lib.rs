//! Random cases of every operation for hours, and what becomes of memory, descriptors, threads and
//! latency meanwhile.
//!
//! | module | question it answers |
//! |---|---|
//! | [`args`] | what was asked for? |
//! | [`run`](mod@run) | how does a run go, from its start to its report? |
//! | `watch` | what happens while cases run? |
//! | [`workers`] | how are cases run from several threads, paused and stopped? |
//! | [`trial`] | what becomes of one case on every variant? |
//! | [`tally`] | how many cases ran where? |
//! | [`device`] | which devices are used? |
//! | [`probe`] | how long does one fixed case take? |
//! | [`sample`] | what does the process hold? |
//! | [`telemetry`] | did the GPU slow down by itself? |
//! | [`slope`] | how fast does a series rise, and how sure is that? |
//! | [`judge`](mod@judge) | is a rise a fault? |
//! | [`limits`] | what may each series do? |
//! | [`segment`] | what is kept of a run, and what follows from it? |
//! | [`report`] | what is said of all runs? |
//! | [`plant`] | which faults are planted? |
//! | [`repeat`] | what happens in one case? |
//! | [`seed`] | which cases are drawn? |
//! | [`allocator`] | why does memory that was freed not go back? |
//! | [`progress`], [`signal`] | what does a person see, and how does one end it? |
//!
//! Architecture invariant: operations are known through the operation table alone.

#![forbid(unsafe_code)]

pub mod allocator;
pub mod args;
pub mod device;
pub mod judge;
pub mod limits;
pub mod plant;
pub mod probe;
pub mod progress;
pub mod repeat;
pub mod report;
pub mod run;
pub mod sample;
pub mod seed;
pub mod segment;
pub mod signal;
pub mod slope;
pub mod tally;
pub mod telemetry;
pub mod trial;
mod watch;
pub mod workers;

/// Does what was asked for.
///
/// # Errors
/// If it cannot be done; what a run finds is its verdict.
pub fn soak(options: &args::Options) -> anyhow::Result<judge::Verdict> {
    match &options.repeat {
        Some(one) => repeat::run(one, options),
        None => run::run(options),
    }
}
