//! From an entry of a kernel source to a loaded function: the image built ahead of time, else the
//! user's cache, else NVRTC.

use crate::api::Handle;
use crate::{Context, cache, nvrtc};
use robocache_core::{Error, Result};
use robocache_kernels::image_for;
use robocache_registry::{KernelEntry, KernelFunction, Source, VariantInfo};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

/// Where the compiled form of an entry for a compute capability comes from.
pub type Images = fn(&'static Source, &'static KernelEntry, u32) -> Result<Cow<'static, [u8]>>;

/// A kernel, loaded; valid as long as its context.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    handle: Handle,
}

// SAFETY: driver functions may be used from any thread.
unsafe impl Send for Function {}
// SAFETY: as above.
unsafe impl Sync for Function {}

impl Function {
    /// The driver's handle, for other libraries.
    pub fn raw(self) -> u64 {
        self.handle as u64
    }

    #[inline]
    pub(crate) fn handle(self) -> Handle {
        self.handle
    }
}

/// The modules of a context by entry.
#[derive(Default)]
pub(crate) struct Modules {
    loaded: Mutex<HashMap<&'static str, Loaded>>,
}

struct Loaded(Handle);

// SAFETY: driver modules may be used from any thread.
unsafe impl Send for Loaded {}

const MAX_DYNAMIC_SHARED: i32 = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
const STATIC_SHARED: i32 = 1; // CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES

impl Modules {
    pub(crate) fn function(
        &self,
        context: &Context,
        variant: &'static VariantInfo,
        entry: &'static KernelEntry,
        kernel: &'static KernelFunction,
    ) -> Result<Function> {
        let source = variant.source.ok_or_else(|| Error::Range {
            argument: "variant",
            found: variant.id.to_owned(),
            expected: "a variant with a CUDA source",
        })?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let module = match loaded.get(entry.name) {
            Some(module) => module.0,
            None => {
                let module = load(context, source, entry)?;
                loaded.insert(entry.name, Loaded(module));
                module
            }
        };
        context.with_current(|| find(context, module, kernel))
    }

    pub(crate) fn unload(&self, context: &Context) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, module) in loaded.drain() {
            // SAFETY: loaded by `load`, unloaded once; the context is going, so nothing uses it.
            let unload = || unsafe { (context.api().cuModuleUnload)(module.0) };
            context.release("cuModuleUnload", unload);
        }
    }
}

fn load(context: &Context, source: &'static Source, entry: &'static KernelEntry) -> Result<Handle> {
    let image = (context.images())(source, entry, context.cuda_caps().compute_capability())?;
    let mut module: Handle = std::ptr::null_mut();
    let loaded = context.with_current(|| {
        // SAFETY: the image is a complete cubin, or PTX with its terminator.
        let code = unsafe { (context.api().cuModuleLoadData)(&mut module, image.as_ptr().cast()) };
        context.check("cuModuleLoadData", code)
    });
    if loaded.is_err() && !module.is_null() {
        // Loaded, and then the context before could not be restored.
        // SAFETY: loaded above, and nobody has seen it.
        let unload = || unsafe { (context.api().cuModuleUnload)(module) };
        context.release("cuModuleUnload", unload);
    }
    loaded.map(|()| module)
}

/// The compiled form of an entry for a device.
///
/// # Errors
/// [`Error::Build`] if there is no image and it cannot be compiled.
pub fn image(
    source: &'static Source,
    entry: &'static KernelEntry,
    compute_capability: u32,
) -> Result<Cow<'static, [u8]>> {
    if let Some(image) = image_for(entry, compute_capability).filter(|_| !compile_always()) {
        tracing::debug!(
            entry = entry.name,
            architecture = image.architecture,
            "embedded image"
        );
        return Ok(Cow::Borrowed(image.bytes));
    }
    let compiler = nvrtc::Compiler::open().map_err(|reason| Error::Build {
        module: source.path.to_owned(),
        arch: format!("sm_{compute_capability}"),
        log: reason.to_string(),
    })?;
    let target = compiler.target_for(compute_capability);
    let name = format!("{}-{target}-nvrtc{}", entry.name, compiler.version());
    if let Some(bytes) = cache::read(&name, source.hash) {
        tracing::debug!(entry = entry.name, "image from the cache");
        return Ok(Cow::Owned(bytes));
    }
    let compiled = compiler.compile(source, entry, &target)?;
    cache::write(&name, source.hash, &compiled.image);
    Ok(Cow::Owned(compiled.image))
}

/// `ROBOCACHE_COMPILE=always` passes over embedded images, to compare them with what NVRTC makes.
fn compile_always() -> bool {
    std::env::var_os("ROBOCACHE_COMPILE").is_some_and(|value| value == "always")
}

fn find(context: &Context, module: Handle, kernel: &'static KernelFunction) -> Result<Function> {
    let api = context.api();
    let name = CString::new(kernel.symbol).map_err(|_| Error::Overflow {
        what: "a kernel's name",
    })?;
    let mut handle: Handle = std::ptr::null_mut();
    // SAFETY: the module is loaded; one handle is written.
    let code = unsafe { (api.cuModuleGetFunction)(&mut handle, module, name.as_ptr()) };
    context.check("cuModuleGetFunction", code)?;
    let mut fixed = 0;
    // SAFETY: the function was just found; one integer is written.
    let code = unsafe { (api.cuFuncGetAttribute)(&mut fixed, STATIC_SHARED, handle) };
    context.check("cuFuncGetAttribute", code)?;
    // Up to what the device offers; what a launch really uses decides how many blocks fit.
    let most = context.cuda_caps().shared_per_block_optin as i32 - fixed;
    // SAFETY: as above.
    let code = unsafe { (api.cuFuncSetAttribute)(handle, MAX_DYNAMIC_SHARED, most) };
    context.check("cuFuncSetAttribute", code)?;
    Ok(Function { handle })
}
