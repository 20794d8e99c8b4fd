//! Problems to time, for the tuner and the benchmarks: see [`robocache_registry::workload`].
//!
//! | module | question it answers |
//! |---|---|
//! | `shape` | which problems, and how are they written? |
//! | `cloud` | which points are in them? |
//! | `on_cpu` | how are they timed on the CPU? |
//! | `on_cuda` | how are they timed on a CUDA device? |

mod cloud;
mod on_cpu;
#[cfg(feature = "cuda")]
mod on_cuda;
mod shape;

use robocache_core::Result;
use robocache_registry::{DeviceId, Workload, Workloads};
use shape::Shape;

/// This operation's problems.
pub static WORKLOADS: Workloads = Workloads {
    syntax: shape::SYNTAX,
    shapes,
    random: |_, seed| Shape::random(seed).to_string(),
    open,
};

/// Shapes as robots have them: occupancy around an arm, scans of a lidar, and what is hardest.
fn shapes(device: DeviceId) -> Vec<String> {
    if device != DeviceId::Cpu {
        return on_devices();
    }
    [
        "dense uniform 500000 128x128x128 count",
        "dense uniform 500000 128x128x128 occupancy",
        "dense uniform 500000 128x128x128 mean f8",
        "dense uniform 500000 128x128x128 max f8",
        "dense clustered 1000000 128x128x128 count",
        "dense one 1000000 128x128x128 mean f4",
        "dense lidar 16*115000 200x200x16 count+mean f4",
        "sparse lidar 115000 2816x1600x40 mean f4",
        "sparse lidar 271000 2816x1600x40 mean f4",
        "sparse uniform 1000000 2816x1600x40 mean f4",
        "sparse lidar 115000 2816x1600x40 mean f4 cpu-equals-gpu",
        "sparse lidar 115000 2816x1600x40 first-point mean f4",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Likewise, as large as devices are made for.
fn on_devices() -> Vec<String> {
    let mut all = Vec::new();
    for scene in ["uniform", "clustered", "lidar", "one"] {
        all.push(format!("dense {scene} 500000 128x128x128 count"));
        all.push(format!("dense {scene} 16000000 128x128x128 count"));
        all.push(format!("dense {scene} 64000000 256x256x256 count"));
        for level in ["", " not-guaranteed", " cpu-equals-gpu"] {
            all.push(format!("dense {scene} 500000 128x128x128 mean f8{level}"));
        }
    }
    for rest in [
        "dense uniform 500000 128x128x128 occupancy",
        "dense uniform 500000 128x128x128 max f8",
        "dense uniform 1000000 200x200x200 max f16",
        "dense one 1000000 128x128x128 mean f4",
        "dense lidar 500000 64x64x64 mean f8",
        "dense uniform 4000000 128x128x128 mean f4",
        "dense uniform 4000000 128x128x128 mean f4 not-guaranteed",
        "dense lidar 64*120000 200x200x16 count",
        "dense lidar 64*120000 200x200x16 count+mean f4",
        "sparse lidar 115000 2816x1600x40 mean f4",
        "sparse lidar 115000 2816x1600x40 mean f4 not-guaranteed",
        "sparse lidar 115000 2816x1600x40 first-point mean f4",
        "sparse lidar 271000 2816x1600x40 mean f4",
        "sparse uniform 1000000 2816x1600x40 mean f4",
        "sparse uniform 1000000 2816x1600x40 mean f4 not-guaranteed",
        "sparse one 1000000 2816x1600x40 mean f4",
        "sparse lidar 64*115000 2816x1600x40 mean f4",
    ] {
        all.push(rest.to_owned());
    }
    all
}

fn open(text: &str, device: DeviceId, seed: u64) -> Result<Box<dyn Workload>> {
    let shape: Shape = text.parse()?;
    match device {
        DeviceId::Cpu => Ok(Box::new(on_cpu::OnCpu::new(shape, seed)?)),
        #[cfg(feature = "cuda")]
        DeviceId::Cuda(ordinal) => Ok(Box::new(on_cuda::OnCuda::new(shape, ordinal, seed)?)),
        #[cfg(not(feature = "cuda"))]
        DeviceId::Cuda(_) => Err(robocache_core::Error::DriverMissing {
            reason: "this program was built without the feature `cuda`".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_registry::{CacheState, Subject};

    #[test]
    fn every_shape_of_the_list_is_one() {
        for text in shapes(DeviceId::Cpu).into_iter().chain(on_devices()) {
            let shape: Shape = text.parse().unwrap();
            assert_eq!(shape.to_string(), text);
        }
    }

    #[test]
    fn a_workload_times_whatever_takes_it() {
        for text in [
            "dense clustered 2*500 20x20x10 count+mean f3",
            "sparse lidar 700 100x100x10 mean f4 cpu-equals-gpu",
        ] {
            let mut workload = open(text, DeviceId::Cpu, 1).unwrap();
            let candidates = workload.candidates();
            assert!(candidates.contains(&"voxelize.scalar.cpu"));
            assert!(candidates.contains(&workload.untuned().unwrap()));
            assert!(candidates.contains(&workload.chosen().unwrap()));
            assert!(workload.bytes() > 0 && workload.shape() == text);
            let subjects = candidates.iter().map(|&id| Subject::Variant(id));
            for subject in subjects.chain([Subject::Copy]) {
                for cache in [CacheState::Cold, CacheState::Warm] {
                    let micros = workload.time(subject, cache, 3).unwrap();
                    assert_eq!(micros.len(), 3);
                    assert!(micros.iter().all(|&m| m > 0.0), "{micros:?}");
                }
            }
            let refused = workload.time(Subject::Variant("none"), CacheState::Warm, 1);
            assert!(refused.is_err());
        }
    }
}
