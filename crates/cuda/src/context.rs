//! A device's primary context.

use crate::api::{Api, Handle, call};
use crate::module::{Function, Images, Modules};
use crate::{Stream, fork};
use cudarc::driver::sys::CUdevice_attribute_enum as Attribute;
use robocache_core::{Error, Place, Result};
use robocache_kernels::FUNCTION_COUNT;
use robocache_registry::{CudaCaps, DeviceCaps, KernelEntry, KernelFunction, VariantInfo};
use std::ffi::{c_char, c_int};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The primary context of one device, retained; shared with PyTorch and the CUDA runtime.
///
/// No method leaves the context current: each pushes it, works, and pops it, so that whatever another
/// library had made current stays so.
pub struct Context {
    api: &'static Api,
    handle: Handle,
    /// The driver's number of the device.
    device: c_int,
    ordinal: u32,
    caps: DeviceCaps,
    /// The code of a sticky error, 0 while all is well.
    poison: AtomicU32,
    functions: Box<[OnceLock<Function>]>,
    modules: Modules,
    images: Images,
}

// SAFETY: driver handles may be used from any thread; the rest is synchronised by its own types.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub(crate) fn retain(
        api: &'static Api,
        images: Images,
        ordinal: u32,
        cuda_version: i32,
    ) -> Result<Context> {
        let number = c_int::try_from(ordinal).map_err(|_| Error::Overflow {
            what: "the ordinal",
        })?;
        let mut device: c_int = 0;
        // SAFETY: writes one integer.
        unsafe { call!(api, cuDeviceGet(&mut device, number)) }?;
        let caps = DeviceCaps::Cuda(read_caps(api, device, ordinal, cuda_version)?);
        let mut handle: Handle = std::ptr::null_mut();
        // SAFETY: writes one handle; released in drop.
        unsafe { call!(api, cuDevicePrimaryCtxRetain(&mut handle, device)) }?;
        tracing::debug!(device = %caps, "opened the primary context");
        let functions = (0..FUNCTION_COUNT).map(|_| OnceLock::new()).collect();
        let poison = AtomicU32::new(0);
        Ok(Context {
            api,
            handle,
            device,
            ordinal,
            caps,
            poison,
            functions,
            modules: Modules::default(),
            images,
        })
    }

    /// What the device can do.
    pub fn caps(&self) -> &DeviceCaps {
        &self.caps
    }

    /// What the device can do, without the wrapper.
    pub fn cuda_caps(&self) -> &CudaCaps {
        match &self.caps {
            DeviceCaps::Cuda(caps) => caps,
            DeviceCaps::Cpu(_) => unreachable!("a context is made with the capabilities of a GPU"),
        }
    }

    /// Whether kernels may begin while others end, also where they are captured in a graph.
    pub(crate) fn can_overlap(&self) -> bool {
        const OF_GRAPHS: u32 = 12_030;
        let caps = self.cuda_caps();
        caps.major >= 9 && caps.cuda_version >= OF_GRAPHS
    }

    /// The driver's number of the device.
    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// The driver's handle, for other libraries.
    pub fn raw(&self) -> u64 {
        self.handle as u64
    }

    /// Where memory of this device lies.
    pub fn place(&self) -> Place {
        Place::Cuda(self.ordinal)
    }

    /// Waits for all work of this context.
    ///
    /// # Errors
    /// [`Error::Driver`], also for a fault of work enqueued earlier.
    pub fn synchronize(&self) -> Result<()> {
        // SAFETY: called with the context current.
        let wait = || unsafe { (self.api.cuCtxSynchronize)() };
        self.with_current(|| self.check("cuCtxSynchronize", wait()))
    }

    /// Free and total bytes of device memory.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn memory_info(&self) -> Result<(usize, usize)> {
        let (mut free, mut total) = (0, 0);
        // SAFETY: the context is current; two integers are written.
        let mut read = || unsafe { (self.api.cuMemGetInfo_v2)(&mut free, &mut total) };
        self.with_current(|| self.check("cuMemGetInfo", read()))?;
        Ok((free, total))
    }

    /// A loaded kernel of a variant's entry. Once loaded, one atomic load.
    ///
    /// # Errors
    /// [`Error::NotPrepared`] if it is not loaded and `stream` is being captured; [`Error::Build`] or
    /// [`Error::Driver`] if it cannot be compiled or loaded.
    #[inline]
    pub fn function(
        &self,
        variant: &'static VariantInfo,
        entry: &'static KernelEntry,
        kernel: &'static KernelFunction,
        stream: Option<&Stream>,
    ) -> Result<Function> {
        match self.functions.get(kernel.slot).and_then(OnceLock::get) {
            Some(function) => Ok(*function),
            None => self.load(variant, entry, kernel, stream),
        }
    }

    #[cold]
    fn load(
        &self,
        variant: &'static VariantInfo,
        entry: &'static KernelEntry,
        kernel: &'static KernelFunction,
        stream: Option<&Stream>,
    ) -> Result<Function> {
        if let Some(stream) = stream
            && stream.is_capturing()?
        {
            return Err(Error::NotPrepared {
                variant: variant.id,
            });
        }
        let function = self.modules.function(self, variant, entry, kernel)?;
        let slot = self.functions.get(kernel.slot).ok_or(Error::Overflow {
            what: "a kernel's slot",
        })?;
        Ok(*slot.get_or_init(|| function))
    }

    /// Runs `work` with this context current.
    pub(crate) fn with_current<R>(&self, work: impl FnOnce() -> Result<R>) -> Result<R> {
        self.usable()?;
        // SAFETY: the handle is a retained context.
        self.check("cuCtxPushCurrent", unsafe {
            (self.api.cuCtxPushCurrent_v2)(self.handle)
        })?;
        let result = work();
        let mut popped: Handle = std::ptr::null_mut();
        // SAFETY: undoes the push above; writes one handle.
        let pop = self.check("cuCtxPopCurrent", unsafe {
            (self.api.cuCtxPopCurrent_v2)(&mut popped)
        });
        let result = result?;
        pop.map(|()| result)
    }

    /// Frees something, with this context current if that is still possible. Failures are only logged:
    /// whoever drops cannot do anything about them.
    pub(crate) fn release(&self, call: &'static str, free: impl FnOnce() -> u32) {
        if fork::check().is_err() {
            return; // What belongs to the parent process is not ours to free.
        }
        // SAFETY: the handle is a retained context.
        let pushed = unsafe { (self.api.cuCtxPushCurrent_v2)(self.handle) } == 0;
        let code = free();
        if pushed {
            let mut popped: Handle = std::ptr::null_mut();
            // SAFETY: undoes the push above.
            unsafe { (self.api.cuCtxPopCurrent_v2)(&mut popped) };
        }
        const DEINITIALIZED: u32 = 4; // the process is ending and the driver has gone first
        if code != 0 && code != DEINITIALIZED {
            tracing::warn!("{}", self.api.error(call, code));
        }
    }

    /// A result code as a result; a sticky one marks the context for good.
    #[inline]
    pub(crate) fn check(&self, call: &'static str, code: u32) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        if is_sticky(code) {
            self.poison.store(code, Ordering::Relaxed);
        }
        Err(self.api.error(call, code))
    }

    /// Whether the context can still be used.
    ///
    /// # Errors
    /// [`Error::Forked`] in a forked child; the typed error of an earlier fault that broke the context.
    #[inline]
    pub fn usable(&self) -> Result<()> {
        fork::check()?;
        match self.poison.load(Ordering::Relaxed) {
            0 => Ok(()),
            code => Err(self.api.error("an earlier call", code)),
        }
    }

    pub(crate) fn api(&self) -> &'static Api {
        self.api
    }

    pub(crate) fn images(&self) -> Images {
        self.images
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.modules.unload(self);
        if fork::check().is_ok() {
            // SAFETY: retained once in `retain`.
            unsafe { (self.api.cuDevicePrimaryCtxRelease_v2)(self.device) };
        }
    }
}

/// Errors after which every call of the context fails until the process ends.
fn is_sticky(code: u32) -> bool {
    // ECC, NVLink and hardware faults; illegal address; timeout; assert; stack, instruction, address
    // space and program counter faults; launch failure; contained and tensor-memory faults.
    matches!(code, 214 | 220 | 226 | 700 | 702 | 710 | 714..=719 | 721)
}

fn read_caps(
    api: &'static Api,
    device: c_int,
    ordinal: u32,
    cuda_version: i32,
) -> Result<CudaCaps> {
    let attribute = |which: Attribute| -> Result<u32> {
        let mut value: c_int = 0;
        // SAFETY: writes one integer.
        unsafe {
            call!(
                api,
                cuDeviceGetAttribute(&mut value, which as c_int, device)
            )
        }?;
        Ok(u32::try_from(value).unwrap_or(0))
    };
    let mut name = [0 as c_char; 128];
    // SAFETY: writes at most that many bytes and a terminator.
    unsafe {
        call!(
            api,
            cuDeviceGetName(name.as_mut_ptr(), name.len() as c_int - 1, device)
        )
    }?;
    // SAFETY: the last byte is zero whatever the driver wrote.
    let name = unsafe { std::ffi::CStr::from_ptr(name.as_ptr()) }
        .to_string_lossy()
        .into_owned();
    let mut memory = 0usize;
    // SAFETY: writes one integer.
    unsafe { call!(api, cuDeviceTotalMem_v2(&mut memory, device)) }?;
    use Attribute as A;
    Ok(CudaCaps {
        ordinal,
        name,
        major: attribute(A::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        minor: attribute(A::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        multiprocessors: attribute(A::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        shared_per_block: attribute(A::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK)?,
        shared_per_block_optin: attribute(
            A::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
        )?,
        shared_per_multiprocessor: attribute(
            A::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR,
        )?,
        threads_per_multiprocessor: attribute(
            A::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
        )?,
        l2_bytes: attribute(A::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)?,
        memory_bytes: memory as u64,
        memory_pools: attribute(A::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED)? != 0,
        cuda_version: u32::try_from(cuda_version).unwrap_or(0),
    })
}
