//! What do the stamps of a log mean, and which targets are on its clock?
//!
//! | module | question it answers |
//! |---|---|
//! | `unit` | what is the unit of the stamps? |
//! | `stamps` | what are they, and what is wrong with them? |
//! | `duration` | how long is a duration that a person wrote? |
//! | `grid` | which targets are on a clock of a given rate? |

mod duration;
mod grid;
mod stamps;
mod unit;

pub(crate) use duration::Duration;
pub(crate) use grid::{grid, per_interval};
pub(crate) use stamps::{Fault, Stamps};
pub(crate) use unit::{Unit, find};
