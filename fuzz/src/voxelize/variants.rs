//! Any small voxelization on every variant of the CPU: all of the same bytes as the reference where the contract says
//! so, right by the oracle, and nothing written that is not theirs. See [`trial`](super::trial) for the bytes.

use super::trial::{Decoded, decode};
use crate::variants::everywhere;
use robocache_core::Error;
use robocache_registry::Case;
use robocache_voxelize::dispatcher;

const REFERENCE: &str = "voxelize.scalar.cpu";

/// Runs and compares. Whether the trial was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let Decoded {
        trial,
        is_index_sound,
    } = decode(data);
    let infos = dispatcher().variants().iter().map(|variant| variant.info);
    let found = everywhere(&trial, REFERENCE, infos);
    match &found {
        Ok(outputs) => {
            assert!(is_index_sound, "bad offsets accepted: {}", trial.describe());
            if let Err(what) = trial.check(outputs) {
                panic!("{REFERENCE}: {what}\n{}", trial.describe());
            }
        }
        Err(Error::Range {
            argument: "offsets",
            ..
        }) if !is_index_sound => {}
        Err(error) => panic!("refused without a reason: {error}\n{}", trial.describe()),
    }
    found.is_ok()
}
