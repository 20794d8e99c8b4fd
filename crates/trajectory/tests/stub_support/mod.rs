//! What the tests of the launch path share: a device without hardware, and requests on it.

mod params;
mod requests;

pub use params::Fields;
pub use requests::{Memory, Shape};

use robocache_testkit::stub::{Config, Device, Rig};

/// What a launch on a prepared plan asks of the driver; nothing else may ever come in between.
pub const LAUNCH: [&str; 3] = [
    "cuCtxPushCurrent_v2",
    "cuLaunchKernel",
    "cuCtxPopCurrent_v2",
];

/// A rig that keeps the parameters of launches.
pub fn rig(devices: impl IntoIterator<Item = Device>) -> Rig {
    let rig = Rig::new(Config::new(devices));
    // SAFETY: every kernel of this operation takes one `Params`.
    unsafe { rig.stub.param_bytes(Fields::of_params().bytes()) };
    rig
}
