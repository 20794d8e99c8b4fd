//! Times every operation beside its rivals and beside a memory copy, and writes the tables.
//!
//! | module | question it answers |
//! |---|---|
//! | [`protocol`] | how is a contender told what to do? |
//! | [`serve`] | how do our own variants take part? |
//! | [`run`] | who runs what, when? |
//! | [`results`] | how is what was measured kept? |
//! | [`stats`] | what do samples say, and how surely? |
//! | [`report`] | how is it shown? |
//!
//! The harness knows no operation: it iterates over the table of operations, and shapes are text to it.
//! A contender is a process that speaks the protocol on stdin and stdout; our own is this program.

pub mod protocol;
pub mod report;
pub mod results;
pub mod run;
pub mod serve;
pub mod stats;
