//! What do samples say, and how surely?
//!
//! | module | question it answers |
//! |---|---|
//! | [`random`] | which random numbers does a report draw? |
//! | [`summary`] | which numbers describe a set of samples? |
//! | [`bootstrap`] | how far could they be off? |
//! | [`gate`] | is one thing slower than another? |

pub mod bootstrap;
pub mod gate;
pub mod random;
pub mod summary;

pub use bootstrap::{Estimate, Estimates, Samples, describe, ratio};
pub use gate::{Judgement, Verdict, judge};
