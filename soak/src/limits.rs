//! Which series are sampled, and what may each do?

use crate::judge::Limit;

/// Resident memory and memory used on a device, in MB (10⁶ bytes).
pub const MEMORY: Limit = Limit::absolute(100.0, 200.0);
/// Open file descriptors, and threads.
pub const COUNT: Limit = Limit::absolute(8.0, 16.0);
/// Latency, in shares of its median.
pub const LATENCY: Limit = Limit::relative(0.10, 0.50);
/// The coefficient of variation of latency that a window should stay below.
pub const VARIATION: f64 = 0.10;
/// The coefficient of variation of the yardstick below which the machine was calm.
pub const CALM: f64 = 0.05;
