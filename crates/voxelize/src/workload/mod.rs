//! Problems to time, for the tuner and the benchmarks: see [`robocache_registry::workload`].
//!
//! | module | question it answers |
//! |---|---|
//! | `shape` | which problems, and how are they written? |
//! | `cloud` | which points are in them? |
//! | `on_cpu` | how are they timed on the CPU? |

mod cloud;
mod on_cpu;
mod shape;

use robocache_core::{Error, Result};
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
        return Vec::new();
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

fn open(text: &str, device: DeviceId, seed: u64) -> Result<Box<dyn Workload>> {
    let shape: Shape = text.parse()?;
    match device {
        DeviceId::Cpu => Ok(Box::new(on_cpu::OnCpu::new(shape, seed)?)),
        DeviceId::Cuda(_) => Err(Error::Unsupported {
            op: "voxelize",
            device: device.to_string(),
            refusals: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_registry::{CacheState, Subject};

    #[test]
    fn every_shape_of_the_list_is_one() {
        for text in shapes(DeviceId::Cpu) {
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
        assert!(open("dense uniform 5 2x2x2 count", DeviceId::Cuda(0), 1).is_err());
    }
}
