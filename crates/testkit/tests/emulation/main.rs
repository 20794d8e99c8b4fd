//! The emulation computes what a GPU would, and finds what it is there to find.
#![cfg(feature = "cuda")]

mod bulk;
mod compiler;
mod copies;
mod driver;
mod faults;
mod language;
mod orders;
mod probe;
