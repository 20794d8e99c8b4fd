//! The CUDA driver and NVRTC, as far as RoboCache's operations need them.
//!
//! | module | question it answers |
//! |---|---|
//! | [`api`] | which driver functions are called? |
//! | [`driver`] | is there a usable driver, and if not, why? |
//! | [`context`] | how is a device's primary context held and made current? |
//! | [`stream`] | how is work ordered, and a kernel launched? |
//! | [`event`] | how are points in a stream marked, and the time between them? |
//! | [`clock`] | how is work timed that is shorter than the host takes to enqueue it? |
//! | [`graph`] | how is work captured and replayed? |
//! | [`memory`] | how is device memory allocated and filled? |
//! | [`module`] | how does a kernel source become a function? |
//! | [`nvrtc`] | how is a kernel compiled? |
//! | `cache` | where are compiled kernels kept? |
//! | [`resources`] | what does a compiled kernel use? |
//! | [`sass`] | which instructions is a compiled kernel made of? |
//! | [`workspace`] | who owns scratch memory? |
//!
//! Architecture invariants: no other crate calls the driver; no type of cudarc is public here; after
//! construction, `Stream::launch` neither locks, allocates, formats nor queries.

pub mod api;
mod cache;
pub mod clock;
pub mod context;
pub mod driver;
pub mod event;
mod fork;
pub mod graph;
pub mod memory;
pub mod module;
pub mod nvrtc;
pub mod resources;
pub mod sass;
pub mod stream;
pub mod workspace;

pub use api::Api;
pub use clock::Clock;
pub use context::Context;
pub use driver::Driver;
pub use event::Event;
pub use graph::Graph;
pub use memory::{DeviceBuffer, PinnedBuffer, StatusWord};
pub use module::Function;
pub use stream::{LaunchConfig, Stream};
pub use workspace::Workspace;
