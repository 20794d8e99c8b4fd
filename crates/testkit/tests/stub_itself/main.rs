//! The stub driver catches what it is there to catch.
#![cfg(feature = "cuda")]

mod contexts;
mod faults;
mod raw;
mod work;
