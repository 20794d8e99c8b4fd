//! What is there?

#[cfg(feature = "cuda")]
use super::findings::Capabilities;
use super::findings::{
    Cache, Choices, Cpu, Device, Driver, Findings, Images, Nvrtc, SelfTest, Variant,
};
use crate::console::spinner;
use robocache::registry::{
    DeviceCaps, DeviceId, SelfTestOutcome, Target, operations, tune, user_cache,
};

/// Looks at everything and runs the self-tests.
pub(super) fn look() -> Findings {
    let (driver, cuda) = driver();
    let mut devices = vec![cpu_device()];
    devices.extend(cuda);
    let without_device = if devices.len() == 1 {
        let reason = driver
            .problem
            .as_deref()
            .unwrap_or("there is no CUDA device");
        refused(DeviceId::Cuda(0), &short(reason))
    } else {
        Vec::new()
    };
    let has_failed = devices
        .iter()
        .flat_map(|device| &device.variants)
        .any(Variant::failed);
    Findings {
        version: env!("CARGO_PKG_VERSION"),
        healthy: !has_failed,
        cpu: cpu(),
        driver,
        nvrtc: nvrtc(),
        kernel_cache: cache(),
        embedded_images: images(),
        devices,
        without_device,
    }
}

/// The variants for such a device, none of which can be used for a reason that they share.
fn refused(device: DeviceId, reason: &str) -> Vec<Variant> {
    let infos = operations().into_iter().flat_map(|op| (op.variants)());
    infos
        .filter(|info| is_for(info, device))
        .map(|info| Variant::refused(info.id, reason))
        .collect()
}

/// The first part of a reason, where the whole has been said before.
fn short(reason: &str) -> String {
    let end = reason.find([':', ';']).unwrap_or(reason.len());
    reason[..end].to_owned()
}

fn cpu() -> Cpu {
    let (avx2, avx512) = match DeviceCaps::cpu() {
        DeviceCaps::Cpu(caps) => (caps.avx2, caps.avx512),
        DeviceCaps::Cuda(_) => (false, false),
    };
    Cpu {
        threads: robocache::parallel::threads(),
        avx2,
        avx512,
    }
}

fn cpu_device() -> Device {
    Device {
        id: DeviceId::Cpu.to_string(),
        name: crate::device::Device::Cpu.name(),
        cuda: None,
        problem: None,
        choices: Some(choices(DeviceCaps::cpu())),
        variants: variants(DeviceId::Cpu, DeviceCaps::cpu()),
    }
}

fn choices(caps: &DeviceCaps) -> Choices {
    let entries = user_cache::folder().map(|folder| tune::store::files(&folder, caps));
    let entries = entries.and_then(|folder| std::fs::read_dir(folder).ok());
    let model = caps.model();
    let device = robocache::kernels::DEVICES.iter().find(|d| d.name == model);
    Choices {
        mode: tune::mode().name(),
        measured: entries.map_or(0, Iterator::count),
        defaults: device.and_then(|device| device.measured),
    }
}

fn is_for(info: &robocache::registry::VariantInfo, device: DeviceId) -> bool {
    match device {
        DeviceId::Cpu => matches!(info.target, Target::Cpu(_)),
        DeviceId::Cuda(_) => matches!(info.target, Target::Cuda { .. }),
    }
}

/// The variants for a device: what each needs and, where the device has it, how it fares.
fn variants(device: DeviceId, caps: &DeviceCaps) -> Vec<Variant> {
    let bar = spinner(format!("testing {device}"));
    let mut all = Vec::new();
    for op in operations() {
        let tests = (op.self_test)(device);
        for info in (op.variants)() {
            if !is_for(info, device) {
                continue;
            }
            if let Err(refusal) = info.runs_on(caps) {
                all.push(Variant::refused(info.id, refusal.to_string()));
                continue;
            }
            let test = tests.iter().find(|test| test.variant == info.id);
            all.push(match test.map(|test| &test.outcome) {
                Some(SelfTestOutcome::Refused(refusal)) => {
                    Variant::refused(info.id, refusal.to_string())
                }
                Some(SelfTestOutcome::Passed {
                    micros,
                    gigabytes_per_second,
                }) => tested(
                    info.id,
                    SelfTest {
                        passed: true,
                        micros: Some(*micros),
                        gigabytes_per_second: Some(*gigabytes_per_second),
                        failure: None,
                    },
                ),
                Some(SelfTestOutcome::Failed(failure)) => failed(info.id, failure.clone()),
                None => failed(info.id, "its operation did not test it".to_owned()),
            });
        }
    }
    bar.finish_and_clear();
    all
}

fn tested(id: &'static str, test: SelfTest) -> Variant {
    Variant {
        id,
        usable: test.passed,
        reason: test.failure.clone(),
        self_test: Some(test),
    }
}

fn failed(id: &'static str, failure: String) -> Variant {
    tested(
        id,
        SelfTest {
            passed: false,
            micros: None,
            gigabytes_per_second: None,
            failure: Some(failure),
        },
    )
}

fn images() -> Images {
    let images = robocache::kernels::IMAGES;
    let mut architectures: Vec<u32> = images.iter().map(|image| image.architecture).collect();
    architectures.sort_unstable();
    architectures.dedup();
    Images {
        count: images.len(),
        architectures,
    }
}

#[cfg(feature = "cuda")]
fn driver() -> (Driver, Vec<Device>) {
    use crate::device::why;
    match robocache::cuda::Driver::open() {
        Ok(driver) => {
            let count = driver.device_count();
            let found = Driver {
                usable: true,
                cuda_version: Some(robocache::cuda::driver::dotted(driver.cuda_version())),
                devices: count,
                problem: (count == 0).then(|| {
                    why(&robocache::Error::NoDevice {
                        ordinal: 0,
                        count: 0,
                    })
                }),
            };
            (
                found,
                (0..count).map(|at| cuda_device(driver, at)).collect(),
            )
        }
        Err(error) => (unusable(why(&error)), Vec::new()),
    }
}

#[cfg(feature = "cuda")]
fn cuda_device(driver: &robocache::cuda::Driver, ordinal: u32) -> Device {
    let id = DeviceId::Cuda(ordinal);
    match driver.context(ordinal) {
        Ok(context) => {
            let caps = context.cuda_caps();
            let free = context.memory_info().ok().map(|(free, _)| free as u64);
            Device {
                id: id.to_string(),
                name: caps.name.clone(),
                cuda: Some(Capabilities {
                    compute_capability: format!("{}.{}", caps.major, caps.minor),
                    multiprocessors: caps.multiprocessors,
                    memory_bytes: caps.memory_bytes,
                    free_bytes: free,
                    l2_bytes: caps.l2_bytes,
                    shared_per_block_optin: caps.shared_per_block_optin,
                    memory_pools: caps.memory_pools,
                }),
                problem: None,
                choices: Some(choices(context.caps())),
                variants: variants(id, context.caps()),
            }
        }
        Err(error) => Device {
            id: id.to_string(),
            name: id.to_string(),
            cuda: None,
            problem: Some(crate::device::why(&error)),
            choices: None,
            variants: refused(id, "the device cannot be opened"),
        },
    }
}

#[cfg(not(feature = "cuda"))]
fn driver() -> (Driver, Vec<Device>) {
    let problem = crate::device::no_cuda().to_string();
    (unusable(problem), Vec::new())
}

fn unusable(problem: String) -> Driver {
    Driver {
        usable: false,
        cuda_version: None,
        devices: 0,
        problem: Some(problem),
    }
}

#[cfg(feature = "cuda")]
fn nvrtc() -> Nvrtc {
    match robocache::cuda::nvrtc::Compiler::open() {
        Ok(compiler) => Nvrtc {
            usable: true,
            version: Some(compiler.version()),
            found: Some(compiler.found().to_owned()),
            problem: None,
        },
        Err(problem) => Nvrtc {
            usable: false,
            version: None,
            found: None,
            problem: Some(problem.to_owned()),
        },
    }
}

#[cfg(not(feature = "cuda"))]
fn nvrtc() -> Nvrtc {
    Nvrtc {
        usable: false,
        version: None,
        found: None,
        problem: Some(crate::device::no_cuda().to_string()),
    }
}

#[cfg(feature = "cuda")]
fn cache() -> Cache {
    let Some(folder) = user_cache::folder() else {
        return Cache {
            path: None,
            writable: false,
            files: 0,
            bytes: 0,
            problem: Some(
                "there is no folder for it: set HOME or ROBOCACHE_CACHE_DIR, or each program \
                 compiles its kernels again"
                    .to_owned(),
            ),
        };
    };
    let folder = folder.join("kernels");
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        if let Ok(found) = entry.metadata()
            && found.is_file()
        {
            files += 1;
            bytes += found.len();
        }
    }
    let problem = try_to_write(&folder).err().map(|error| {
        format!(
            "{error}: compiled kernels are not kept; make it writable or set ROBOCACHE_CACHE_DIR"
        )
    });
    Cache {
        path: Some(folder.display().to_string()),
        writable: problem.is_none(),
        files,
        bytes,
        problem,
    }
}

/// Writes a nameless file into the folder or, as that is made when it is first needed, into the
/// nearest folder above it that there is.
#[cfg(feature = "cuda")]
fn try_to_write(folder: &std::path::Path) -> std::io::Result<()> {
    use std::io::Write;
    let mut above = folder
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty());
    let nearest = above.find(|path| path.exists());
    let mut file = tempfile::tempfile_in(nearest.unwrap_or(std::path::Path::new(".")))?;
    file.write_all(b"robocache")
}

#[cfg(not(feature = "cuda"))]
fn cache() -> Cache {
    Cache {
        path: None,
        writable: false,
        files: 0,
        bytes: 0,
        problem: Some(crate::device::no_cuda().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_shortened_at_their_first_part() {
        assert_eq!(short("no CUDA driver: libcuda.so.1 was"), "no CUDA driver");
        assert_eq!(short("no device; look"), "no device");
        assert_eq!(short("no"), "no");
    }

    #[test]
    #[cfg(feature = "cuda")]
    fn a_folder_is_tried_where_it_would_be_made() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(try_to_write(&folder.path().join("a/b")).is_ok());
        assert_eq!(folder.path().read_dir().map(Iterator::count).ok(), Some(0));
        let file = folder.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        assert!(try_to_write(&file.join("below")).is_err());
    }
}
