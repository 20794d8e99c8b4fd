//! What only devices have: streams, graphs, workspaces. On the CUDA devices that are there, and on an emulated one.

#![cfg(feature = "cuda")]

mod calls;
mod huge;
mod offsets;
mod repeats;
#[path = "../common/scene.rs"]
mod scene;

use robocache_cuda::{Context, Driver};
use robocache_registry::DeviceId;
use robocache_testkit::devices::devices;
use robocache_testkit::emulate;
use std::sync::Arc;

/// Calls `work` for each device, and whether it is emulated.
fn on_each(work: impl Fn(&Arc<Context>, bool)) {
    let mut emulated = 0;
    for device in devices() {
        match (device.id, device.emulated) {
            (DeviceId::Cpu, _) => {}
            (DeviceId::Cuda(_), Some((model, order))) => {
                let run = || work(&emulate::context(0).unwrap(), true);
                emulated += 1;
                if emulated == 1 {
                    emulate::instead(&[model], order, run).unwrap();
                }
            }
            (DeviceId::Cuda(ordinal), None) => {
                let driver = Driver::open().unwrap();
                work(&driver.context(ordinal).unwrap(), false);
            }
        }
    }
}
