//! How is what was measured kept?
//!
//! | module | question it answers |
//! |---|---|
//! | [`part`] | what is kept of one shape with one seed? |
//! | [`folder`] | where do parts lie until a run is complete? |
//! | [`mod@collect`] | how do parts become one file? |
//!
//! A run writes a part as soon as it is measured, so that it can be split and resumed; the parts of an
//! operation on a device are then collected into one file, which holds everything that is claimed.

pub mod collect;
pub mod folder;
pub mod part;

pub use collect::{ResultFile, collect};
pub use folder::Folder;
pub use part::{LeftOut, Part, Series, Setup, State};
