//! What a voxelization asks of the driver, what it refuses to ask, and what becomes of it when a call fails: without
//! any device, and without a compiler.

#![cfg(feature = "cuda")]

mod failures;
mod refusals;
#[path = "../common/scene.rs"]
mod scene;

use robocache_cuda::{DeviceBuffer, Workspace};
use robocache_testkit::stub::{Config, Device, Rig};
use robocache_voxelize::{Determinism, Plan};
use scene::Scene;

const LEVEL: Determinism = Determinism::RunToRun;
const POINTS: usize = 300;

/// A device of which the stub has little to fill.
const SMALL: Device = Device {
    l2_bytes: 1 << 10,
    ..Device::H200
};
/// One whose memory has to be allocated apart from streams.
const WITHOUT_POOLS: Device = Device {
    memory_pools: false,
    ..Device::A100
};

fn rig(devices: impl IntoIterator<Item = Device>) -> Rig {
    Rig::new(Config::new(devices).uncompiled())
}

/// Launches on a workspace of its own.
fn launch(
    rig: &Rig,
    plan: &Plan,
    memory: &mut DeviceBuffer,
    scene: &mut Scene,
) -> robocache_core::Result<()> {
    plan.launch(scene.sparse(LEVEL), Workspace::from(memory), &rig.stream)
}
