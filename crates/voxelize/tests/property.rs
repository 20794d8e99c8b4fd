//! Voxelization on random problems: each variant against the oracle, and all against each other. CUDA variants run on
//! the devices that are there, and emulated on the CPU everywhere.

use robocache_registry::operations;
use robocache_testkit::devices::{Device, devices};
use robocache_testkit::survey::{notices_wrong_outputs, survey};
use robocache_voxelize as _;

#[test]
fn every_variant_of_the_cpu_agrees_with_the_oracle() {
    survey(&Device::cpu(), 0, 6000);
}

#[test]
fn every_variant_of_every_cuda_device_agrees_with_the_oracle_and_the_cpu() {
    for device in devices() {
        if !device.is_cpu() && !device.is_emulated() {
            survey(device, 0, 4000);
        }
    }
}

/// Each on problems of its own: what the kernels do is the same on all of them, but for the shapes of launches.
#[test]
fn every_cuda_variant_emulated_on_the_cpu_agrees_with_the_oracle_and_the_cpu() {
    for (i, device) in devices().iter().filter(|d| d.is_emulated()).enumerate() {
        survey(device, 10_000 * (1 + i as u64), 500);
    }
}

#[test]
fn a_wrong_output_is_noticed() {
    for op in operations() {
        notices_wrong_outputs(op);
    }
}
