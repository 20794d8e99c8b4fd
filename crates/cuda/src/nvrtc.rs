//! NVRTC: the one compiler that all kernels go through.
//!
//! Loaded by hand rather than through cudarc, because a wheel keeps `libnvrtc.so.13` in a folder of its
//! own, with a `libnvrtc-builtins` that has to be loaded before it by its full path. Documentation:
//! the NVRTC user guide.

use crate::api::Handle;
use libloading::Library;
use robocache_core::{Error, Result};
use robocache_kernels::{HEADERS, element_name};
use robocache_registry::{KernelEntry, Source};
use std::ffi::{CString, c_char, c_int};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

macro_rules! functions {
    ($($field:ident = $name:literal: fn($($ty:ty),*);)*) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($ty),*) -> c_int,)*
        }
        impl Functions {
            /// # Safety
            /// The library must be NVRTC and stay loaded.
            unsafe fn resolve(library: &Library) -> std::result::Result<Functions, String> {
                Ok(Functions {$(
                    // SAFETY: NVRTC's function of that name has this signature.
                    $field: *unsafe {
                        library.get::<unsafe extern "C" fn($($ty),*) -> c_int>($name.as_bytes())
                    }.map_err(|_| format!("the NVRTC that was found lacks {}", $name))?,
                )*})
            }
        }
    };
}

functions! {
    version = "nvrtcVersion": fn(*mut c_int, *mut c_int);
    count_archs = "nvrtcGetNumSupportedArchs": fn(*mut c_int);
    archs = "nvrtcGetSupportedArchs": fn(*mut c_int);
    create = "nvrtcCreateProgram":
        fn(*mut Handle, *const c_char, *const c_char, c_int, *const *const c_char, *const *const c_char);
    compile = "nvrtcCompileProgram": fn(Handle, c_int, *const *const c_char);
    log_size = "nvrtcGetProgramLogSize": fn(Handle, *mut usize);
    log = "nvrtcGetProgramLog": fn(Handle, *mut c_char);
    cubin_size = "nvrtcGetCUBINSize": fn(Handle, *mut usize);
    cubin = "nvrtcGetCUBIN": fn(Handle, *mut c_char);
    ptx_size = "nvrtcGetPTXSize": fn(Handle, *mut usize);
    ptx = "nvrtcGetPTX": fn(Handle, *mut c_char);
    destroy = "nvrtcDestroyProgram": fn(*mut Handle);
}

/// A loaded NVRTC.
pub struct Compiler {
    functions: Functions,
    version: (i32, i32),
    architectures: Vec<u32>,
    found: String,
}

/// A compiled source.
pub struct Compiled {
    /// A cubin, or zero-terminated PTX for a virtual target.
    pub image: Vec<u8>,
    /// The compiler's words, with the resources of each entry.
    pub log: String,
}

impl Compiler {
    /// The NVRTC of this machine; looked for once.
    ///
    /// # Errors
    /// In words, where it was looked for in vain.
    pub fn open() -> std::result::Result<&'static Compiler, &'static str> {
        static COMPILER: OnceLock<std::result::Result<Compiler, String>> = OnceLock::new();
        COMPILER
            .get_or_init(|| find().and_then(|(library, found)| load(library, found)))
            .as_ref()
            .map_err(String::as_str)
    }

    /// The NVRTC in a folder, for tools that bring their own.
    ///
    /// # Errors
    /// In words, what the folder lacks.
    pub fn open_in(folder: &Path) -> std::result::Result<Compiler, String> {
        let (library, found) = open_in(folder).ok_or_else(|| {
            format!(
                "{} holds no libnvrtc.so that can be loaded",
                folder.display()
            )
        })?;
        load(library, found)
    }

    /// Major and minor version, as text.
    pub fn version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    /// Where it was found.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What to compile for a device: machine code of its own architecture where this NVRTC knows it,
    /// else of the highest older one of the same major version, else PTX for the driver to finish.
    pub fn target_for(&self, compute_capability: u32) -> String {
        let older = self
            .architectures
            .iter()
            .copied()
            .filter(|&arch| arch <= compute_capability);
        let same_major = older
            .clone()
            .filter(|arch| arch / 10 == compute_capability / 10)
            .max();
        match (same_major, older.max()) {
            (Some(arch), _) => format!("sm_{arch}"),
            (None, Some(arch)) => format!("compute_{arch}"),
            (None, None) => format!("sm_{compute_capability}"),
        }
    }

    /// Compiles an entry of a source for a target such as `sm_90` or `compute_90`.
    ///
    /// # Errors
    /// [`Error::Build`] with the compiler's log.
    pub fn compile(&self, source: &Source, entry: &KernelEntry, target: &str) -> Result<Compiled> {
        let failed = |log: String| Error::Build {
            module: format!("{} ({})", source.path, entry.name),
            arch: target.to_owned(),
            log,
        };
        let c_string = |text: &str| {
            CString::new(text).map_err(|_| failed("the source holds a zero byte".to_owned()))
        };
        let text = c_string(source.text)?;
        let path = c_string(source.path)?;
        let names = HEADERS
            .iter()
            .map(|(name, _)| c_string(name))
            .collect::<Result<Vec<_>>>()?;
        let headers = HEADERS
            .iter()
            .map(|(_, text)| c_string(text))
            .collect::<Result<Vec<_>>>()?;
        let pointers = |strings: &[CString]| strings.iter().map(|s| s.as_ptr()).collect::<Vec<_>>();
        let (name_pointers, header_pointers) = (pointers(&names), pointers(&headers));

        let mut program = Program {
            functions: &self.functions,
            handle: std::ptr::null_mut(),
        };
        // SAFETY: all strings are zero-terminated and live until the program is destroyed; the two
        // arrays have the length given.
        let code = unsafe {
            (self.functions.create)(
                &mut program.handle,
                text.as_ptr(),
                path.as_ptr(),
                HEADERS.len() as c_int,
                header_pointers.as_ptr(),
                name_pointers.as_ptr(),
            )
        };
        if code != 0 {
            return Err(failed(format!(
                "nvrtcCreateProgram failed with code {code}"
            )));
        }
        let options = [
            c_string(&format!("--gpu-architecture={target}"))?,
            c_string("--std=c++17")?,
            // Generic lambdas cannot be annotated otherwise.
            c_string("--device-as-default-execution-space")?,
            c_string("--ptxas-options=-v")?,
            c_string(&format!(
                "--define-macro=ELEMENT={}",
                element_name(entry.dtype)
            ))?,
            c_string(&format!("--define-macro=ENTRY={}", entry.name))?,
        ];
        let option_pointers = pointers(&options);
        // SAFETY: the program was created; the options are zero-terminated.
        let code = unsafe {
            (self.functions.compile)(
                program.handle,
                options.len() as c_int,
                option_pointers.as_ptr(),
            )
        };
        let log = program
            .bytes(self.functions.log_size, self.functions.log)
            .unwrap_or_default();
        let log = String::from_utf8_lossy(&log)
            .trim_end_matches('\0')
            .to_owned();
        if code != 0 {
            return Err(failed(log));
        }
        let image = if target.starts_with("compute_") {
            program.bytes(self.functions.ptx_size, self.functions.ptx)
        } else {
            program.bytes(self.functions.cubin_size, self.functions.cubin)
        };
        let image = image.filter(|image| !image.is_empty());
        let image = image.ok_or_else(|| failed(format!("no code came out\n{log}")))?;
        tracing::debug!(entry = entry.name, target, bytes = image.len(), "compiled");
        Ok(Compiled { image, log })
    }
}

/// A program that destroys itself.
struct Program<'f> {
    functions: &'f Functions,
    handle: Handle,
}

impl Program<'_> {
    fn bytes(
        &self,
        size: unsafe extern "C" fn(Handle, *mut usize) -> c_int,
        read: unsafe extern "C" fn(Handle, *mut c_char) -> c_int,
    ) -> Option<Vec<u8>> {
        let mut length = 0usize;
        // SAFETY: the program lives; one integer is written.
        if unsafe { size(self.handle, &mut length) } != 0 {
            return None;
        }
        let mut bytes = vec![0u8; length];
        // SAFETY: the buffer has the length that was just asked for.
        let code = unsafe { read(self.handle, bytes.as_mut_ptr().cast()) };
        (code == 0).then_some(bytes)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: created once, destroyed once.
            unsafe { (self.functions.destroy)(&mut self.handle) };
        }
    }
}

fn load(library: Library, found: String) -> std::result::Result<Compiler, String> {
    // Stays loaded for the life of the process, as its functions do.
    let library: &'static Library = Box::leak(Box::new(library));
    // SAFETY: a library of that name, leaked above.
    let functions = unsafe { Functions::resolve(library)? };
    let (mut major, mut minor, mut count) = (0, 0, 0);
    // SAFETY: each writes the integers it is given; the array has the length asked for.
    let architectures = unsafe {
        (functions.version)(&mut major, &mut minor);
        if (functions.count_archs)(&mut count) != 0 {
            count = 0;
        }
        let mut list = vec![0 as c_int; usize::try_from(count).unwrap_or(0)];
        if list.is_empty() || (functions.archs)(list.as_mut_ptr()) != 0 {
            list.clear();
        }
        list.into_iter()
            .filter_map(|arch| u32::try_from(arch).ok())
            .collect()
    };
    Ok(Compiler {
        functions,
        version: (major, minor),
        architectures,
        found,
    })
}

/// In order: the folder that `ROBOCACHE_NVRTC` names, the loader's own path, the toolkit's folders.
fn find() -> std::result::Result<(Library, String), String> {
    if let Some(folder) = std::env::var_os("ROBOCACHE_NVRTC").filter(|value| !value.is_empty()) {
        let folder = PathBuf::from(folder);
        return open_in(&folder).ok_or_else(|| {
            format!(
                "ROBOCACHE_NVRTC names {}, which holds no libnvrtc.so",
                folder.display()
            )
        });
    }
    for name in ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"] {
        // SAFETY: loading NVRTC runs no code of anybody else's.
        if let Ok(library) = unsafe { Library::new(name) } {
            return Ok((library, name.to_owned()));
        }
    }
    let toolkits = ["CUDA_HOME", "CUDA_PATH"]
        .into_iter()
        .filter_map(std::env::var_os);
    let folders = toolkits
        .map(PathBuf::from)
        .chain([PathBuf::from("/usr/local/cuda")]);
    for folder in folders.flat_map(|root| [root.join("lib64"), root.join("lib")]) {
        if let Some(found) = open_in(&folder) {
            return Ok(found);
        }
    }
    Err(
        "NVRTC (libnvrtc.so.12 or .13) was not found; install the CUDA toolkit or `pip install \
         nvidia-cuda-nvrtc-cu12` and let ROBOCACHE_NVRTC name the folder that holds it"
            .to_owned(),
    )
}

fn open_in(folder: &Path) -> Option<(Library, String)> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains(".so") && !name.contains(".alt"))
        .collect();
    names.sort();
    for name in names
        .iter()
        .filter(|name| name.starts_with("libnvrtc-builtins.so"))
    {
        // SAFETY: NVRTC's own data library. It must stay loaded, so the handle is forgotten.
        if let Ok(builtins) = unsafe { Library::new(folder.join(name)) } {
            std::mem::forget(builtins);
        }
    }
    names
        .iter()
        .rev()
        .filter(|name| name.starts_with("libnvrtc.so"))
        .find_map(|name| {
            let path = folder.join(name);
            // SAFETY: loading NVRTC runs no code of anybody else's.
            let library = unsafe { Library::new(&path) }.ok()?;
            Some((library, path.display().to_string()))
        })
}
