//! For which devices is a launch planned?

use robocache_registry::DeviceCaps;
use robocache_testkit::stub::Device;
use std::sync::OnceLock;

/// Those that are in use, and the smallest that there could be.
pub fn devices() -> &'static [DeviceCaps] {
    static DEVICES: OnceLock<Vec<DeviceCaps>> = OnceLock::new();
    let caps = |(ordinal, device): (usize, Device)| device.caps(ordinal as u32);
    DEVICES.get_or_init(|| {
        let least = Device {
            multiprocessors: 1,
            shared_per_block_optin: 49_152,
            threads_per_multiprocessor: 1024,
            ..Device::A100
        };
        let least_of_90 = Device {
            compute_capability: (9, 0),
            ..least
        };
        Device::ALL
            .into_iter()
            .chain([least, least_of_90])
            .enumerate()
            .map(caps)
            .collect()
    })
}
