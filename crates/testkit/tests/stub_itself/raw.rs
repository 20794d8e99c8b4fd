//! The driver as a program sees it that calls it directly.

use robocache_cuda::Api;
use robocache_cuda::api::Handle;
use robocache_testkit::stub::{Config, Device, Stub};
use std::ffi::c_void;
use std::ptr::null_mut;

pub const INVALID_VALUE: u32 = 1;
pub const INVALID_CONTEXT: u32 = 201;

/// A stub as a program of its own would use it, by bare calls.
pub struct Raw {
    pub stub: Stub,
    pub api: &'static Api,
}

/// `raw!(self, cuInit(0))`: the call's code.
macro_rules! raw {
    ($raw:expr, $name:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: the arguments are what the function's contract asks for, or what the stub is to
        // refuse without looking behind it.
        unsafe { ($raw.api.$name)($($argument),*) }
    };
}
pub(crate) use raw;

impl Raw {
    /// Initialised, no context yet.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Raw {
        let stub = Stub::install(Config::new(devices));
        let api = stub.api();
        let raw = Raw { stub, api };
        assert_eq!(raw!(raw, cuInit(0)), 0);
        raw
    }

    /// With the context of device 0 current.
    pub fn current() -> Raw {
        let raw = Raw::new([Device::H200]);
        let context = raw.retain(0);
        assert_eq!(raw!(raw, cuCtxPushCurrent_v2(context)), 0);
        raw
    }

    pub fn retain(&self, device: i32) -> Handle {
        let mut context = null_mut();
        assert_eq!(
            raw!(self, cuDevicePrimaryCtxRetain(&mut context, device)),
            0
        );
        context
    }

    pub fn alloc(&self, bytes: usize) -> u64 {
        let mut address = 0;
        assert_eq!(raw!(self, cuMemAlloc_v2(&mut address, bytes)), 0);
        address
    }

    pub fn stream(&self) -> Handle {
        let mut stream = null_mut();
        assert_eq!(raw!(self, cuStreamCreate(&mut stream, 1)), 0);
        stream
    }

    pub fn upload(&self, to: u64, data: &[u8]) -> u32 {
        let from = data.as_ptr().cast::<c_void>();
        raw!(self, cuMemcpyHtoDAsync_v2(to, from, data.len(), null_mut()))
    }

    pub fn function(&self, name: &std::ffi::CStr) -> (Handle, Handle) {
        let (mut module, mut function) = (null_mut(), null_mut());
        let image = b"an image".as_ptr().cast();
        assert_eq!(raw!(self, cuModuleLoadData(&mut module, image)), 0);
        let code = raw!(
            self,
            cuModuleGetFunction(&mut function, module, name.as_ptr())
        );
        assert_eq!(code, 0);
        (module, function)
    }

    pub fn launch(&self, function: Handle, blocks: u32, shared: u32, stream: Handle) -> u32 {
        let mut params = [7u64, 8];
        let mut addresses = [params.as_mut_ptr().cast::<c_void>()];
        let addresses = addresses.as_mut_ptr();
        raw!(
            self,
            cuLaunchKernel(
                function,
                blocks,
                1,
                1,
                256,
                1,
                1,
                shared,
                stream,
                addresses,
                null_mut()
            )
        )
    }

    /// The one violation so far must say this.
    #[track_caller]
    pub fn assert_violation(&self, says: &str) {
        let all = self.stub.violations();
        assert!(all.len() == 1 && all[0].contains(says), "{says:?}: {all:?}");
    }

    #[track_caller]
    pub fn assert_leak(&self, says: &str) {
        let all = self.stub.leaks();
        assert!(
            all.iter().any(|leak| leak.contains(says)),
            "{says:?}: {all:?}"
        );
    }
}
