//! Finding the driver, and saying in words why it cannot be used.

use crate::api::{Api, call};
use crate::module::{Images, image};
use crate::{Context, fork};
use robocache_core::{Error, Result};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The oldest CUDA version a driver may offer: 12.0 (driver 525).
pub const OLDEST_CUDA: i32 = 12_000;

const NO_DEVICE: u32 = 100;
const STUB_LIBRARY: u32 = 34;
const NOT_INITIALIZED_AFTER_FORK: u32 = 3;

/// An initialised driver, with the contexts that were opened through it.
///
/// Dropping it releases those contexts; the process' own, from [`Driver::open`], lives to the end.
pub struct Driver {
    api: &'static Api,
    version: i32,
    devices: u32,
    images: Images,
    contexts: Mutex<HashMap<u32, Arc<Context>>>,
}

impl Driver {
    /// The driver of this machine; loaded on the first call, and the same one ever after.
    ///
    /// # Errors
    /// [`Error::DriverMissing`], [`Error::DriverTooOld`], [`Error::NoDevice`] or [`Error::Driver`],
    /// each telling what a person can do; the same error on every call.
    pub fn open() -> Result<&'static Driver> {
        static DRIVER: OnceLock<Result<Driver>> = OnceLock::new();
        fork::check()?;
        DRIVER
            .get_or_init(|| Driver::with_api(load()?))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// A driver behind a table of the caller's; tests pass stubs.
    ///
    /// # Errors
    /// As [`Driver::open`].
    pub fn with_api(api: &'static Api) -> Result<Driver> {
        Driver::with_images(api, image)
    }

    /// As [`with_api`](Driver::with_api), for a driver that takes other images than those made for GPUs.
    ///
    /// # Errors
    /// As [`Driver::open`].
    pub fn with_images(api: &'static Api, images: Images) -> Result<Driver> {
        let mut version: c_int = 0;
        // SAFETY: may be called before initialisation; writes one integer.
        unsafe { call!(api, cuDriverGetVersion(&mut version)) }?;
        if version < OLDEST_CUDA {
            return Err(Error::DriverTooOld {
                found: format!("CUDA {}", dotted(version)),
                needed: format!("CUDA {} (driver 525 or newer)", dotted(OLDEST_CUDA)),
            });
        }
        // SAFETY: initialisation may be repeated.
        match unsafe { (api.cuInit)(0) } {
            0 => {}
            NO_DEVICE => {
                return Err(Error::NoDevice {
                    ordinal: 0,
                    count: 0,
                });
            }
            STUB_LIBRARY => {
                return Err(Error::DriverMissing {
                    reason: "the library found is the toolkit's link-time stub, not a driver; \
                             remove its folder from LD_LIBRARY_PATH"
                        .into(),
                });
            }
            NOT_INITIALIZED_AFTER_FORK => return Err(Error::Forked),
            code => return Err(api.error("cuInit", code)),
        }
        let mut devices: c_int = 0;
        // SAFETY: writes one integer.
        unsafe { call!(api, cuDeviceGetCount(&mut devices)) }?;
        fork::watch();
        let devices = u32::try_from(devices).unwrap_or(0);
        Ok(Driver {
            api,
            version,
            devices,
            images,
            contexts: Mutex::default(),
        })
    }

    /// How many devices the driver shows.
    pub fn device_count(&self) -> u32 {
        self.devices
    }

    /// The newest CUDA version that the driver supports, as 1000 * major + 10 * minor.
    pub fn cuda_version(&self) -> i32 {
        self.version
    }

    /// The primary context of a device: the one that PyTorch and the CUDA runtime use. Opened on the
    /// first call (a third of a second on a large GPU) and kept.
    ///
    /// # Errors
    /// [`Error::NoDevice`]; [`Error::Driver`] if the context cannot be created.
    pub fn context(&self, ordinal: u32) -> Result<Arc<Context>> {
        fork::check()?;
        if ordinal >= self.devices {
            return Err(Error::NoDevice {
                ordinal,
                count: self.devices,
            });
        }
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = contexts.get(&ordinal) {
            return Ok(context.clone());
        }
        let context = Arc::new(Context::retain(
            self.api,
            self.images,
            ordinal,
            self.version,
        )?);
        contexts.insert(ordinal, context.clone());
        Ok(context)
    }
}

/// CUDA's version numbers as people write them.
pub fn dotted(version: i32) -> String {
    format!("{}.{}", version / 1000, version % 1000 / 10)
}

fn load() -> Result<&'static Api> {
    // SAFETY: loading the driver runs its initialisers, as any program that uses CUDA does. cudarc
    // panics where the library is missing, so that is asked first.
    if !unsafe { cudarc::driver::sys::is_culib_present() } {
        return Err(Error::DriverMissing {
            reason:
                "libcuda.so.1 was not found; install NVIDIA's driver (the toolkit alone has none), \
                     or start the container with GPU access"
                    .into(),
        });
    }
    // SAFETY: present, as was asked; the handle stays open for ever.
    let library = unsafe { cudarc::driver::sys::culib() };
    table(|name| {
        let name = std::ffi::CString::new(name).ok()?;
        // SAFETY: only the address is taken; `Api` pairs it with its signature.
        let symbol = unsafe { library.get::<*const c_void>(name.as_bytes_with_nul()) };
        symbol.ok().map(|address| *address)
    })
}

/// The table from a library's symbols, telling an old driver from a damaged one.
fn table(symbol: impl Fn(&'static str) -> Option<*const c_void>) -> Result<&'static Api> {
    // SAFETY: the symbols are the driver's own, under its own names.
    let missing = match unsafe { Api::resolve(&symbol) } {
        Ok(api) => return Ok(Box::leak(Box::new(api))),
        Err(missing) => missing,
    };
    let version = symbol("cuDriverGetVersion").and_then(|address| {
        type GetVersion = unsafe extern "C" fn(*mut c_int) -> u32;
        let mut version = 0;
        // SAFETY: the driver's function of that name has this signature and writes one integer.
        let code =
            unsafe { std::mem::transmute::<*const c_void, GetVersion>(address)(&mut version) };
        (code == 0).then_some(version)
    });
    Err(match version {
        Some(version) if version < OLDEST_CUDA => Error::DriverTooOld {
            found: format!("CUDA {}, without {missing}", dotted(version)),
            needed: format!("CUDA {} (driver 525 or newer)", dotted(OLDEST_CUDA)),
        },
        _ => Error::DriverMissing {
            reason: format!(
                "the libcuda.so that was found lacks {missing}: the installation is damaged, or \
                 another library of that name comes first in LD_LIBRARY_PATH"
            ),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn old(version: *mut c_int) -> u32 {
        // SAFETY: called with the address of an integer.
        unsafe { *version = 11_040 };
        0
    }

    #[test]
    fn an_old_library_and_a_damaged_one_are_told_apart() {
        let only_version =
            |name: &str| (name == "cuDriverGetVersion").then_some(old as *const c_void);
        let Err(Error::DriverTooOld { found, .. }) = table(only_version) else {
            panic!()
        };
        assert!(found.contains("11.4"), "{found}");
        let Err(Error::DriverMissing { reason }) = table(|_| None) else {
            panic!()
        };
        assert!(reason.contains("cuInit"), "{reason}");
    }

    #[test]
    fn opening_never_panics_whatever_this_machine_has() {
        let first = Driver::open().map(Driver::device_count);
        assert_eq!(first, Driver::open().map(Driver::device_count));
    }
}
