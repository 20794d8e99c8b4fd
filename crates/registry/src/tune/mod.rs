//! Measured choices: how they are made, kept and found again.
//!
//! | module | question it answers |
//! |---|---|
//! | [`race`] | which of some candidates is the fastest, beyond the noise? |
//! | [`entry`] | what is kept of a race, and does it still hold? |
//! | [`store`] | where are entries kept? |
//! | [`mod@mode`] | when is measured at all? |
//!
//! The order in which a choice is looked for is the [`Dispatcher`](crate::Dispatcher)'s: an entry of
//! this user, else one of registry.toml for this model of device ([`TunedDevice`]), else the ranks.
//!
//! Several processes that work together (ranks of one training) should not each measure, as their
//! choices could differ where two variants are close: let one of them tune, and the others start after
//! it, with [`Mode::CachedOnly`].

pub mod entry;
pub mod mode;
pub mod race;
pub mod store;

pub use entry::{Entry, Sample};
pub use mode::{Mode, mode, set_mode};
pub use race::{Effort, Timer};

/// What registry.toml says of a model of device.
#[derive(Clone, Copy, Debug)]
pub struct TunedDevice {
    /// The model, as [`DeviceCaps::model`](crate::DeviceCaps::model) tells it.
    pub name: &'static str,
    /// When and with what its choices were measured; `None` where they were not, so that the ranks
    /// decide.
    pub measured: Option<&'static str>,
    /// What was found to be fastest.
    pub choices: &'static [TunedChoice],
}

/// One choice of registry.toml.
#[derive(Clone, Copy, Debug)]
pub struct TunedChoice {
    /// The operation.
    pub op: &'static str,
    /// The problems it is for, as a [`KeyText`](crate::key::KeyText).
    pub key: &'static str,
    /// The id of the variant.
    pub variant: &'static str,
}

impl TunedDevice {
    /// The variant that was found to be fastest for some problems.
    pub fn choice(&self, op: &str, key: &str) -> Option<&'static str> {
        let choice = self.choices.iter().find(|c| c.op == op && c.key == key)?;
        Some(choice.variant)
    }
}
