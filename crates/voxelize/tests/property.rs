//! Voxelization on random problems: each variant against the oracle, and all against each other.

use robocache_registry::operations;
use robocache_testkit::devices::Device;
use robocache_testkit::survey::{notices_wrong_outputs, survey};
use robocache_voxelize as _;

#[test]
fn every_variant_of_the_cpu_agrees_with_the_oracle() {
    survey(&Device::cpu(), 0, 6000);
}

#[test]
fn a_wrong_output_is_noticed() {
    for op in operations() {
        notices_wrong_outputs(op);
    }
}
