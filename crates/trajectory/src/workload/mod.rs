//! Problems to time, for the tuner and the benchmarks: see [`robocache_registry::workload`].
//!
//! | module | question it answers |
//! |---|---|
//! | `shape` | which problems, how are they written, and which numbers are in them? |
//! | `on_cpu` | how are they timed on the CPU? |
//! | `on_cuda` | how are they timed on a CUDA device? |

mod on_cpu;
#[cfg(feature = "cuda")]
mod on_cuda;
mod shape;

use robocache_core::{DType, Result, bf16, f16};
use robocache_registry::{DeviceId, Workload, Workloads};
use shape::Shape;

/// This operation's problems.
pub static WORKLOADS: Workloads = Workloads {
    syntax: shape::SYNTAX,
    shapes,
    random: |device, seed| Shape::random(device == DeviceId::Cpu, seed).to_string(),
    open,
};

/// Shapes as robot learning has them: image features, proprioception, long logs.
fn shapes(device: DeviceId) -> Vec<String> {
    let shapes: &[&str] = match device {
        DeviceId::Cuda(_) => &[
            "8x250x128->125 f32",
            "32x500x256->250 f32",
            "32x500x256->500 f32",
            "64x1000x512->500 f32",
            "64x1000x512->500 bf16",
            "64x1000x512->500 f16",
            "64x1000x512->500 f64",
            "64x1000x512->1000 f32",
            "64x1000x512->1000 bf16",
            "256x1000x512->1000 f32",
            "1024x1000x256->500 bf16",
            "4096x500x16->250 f32",
            "4096x500x7->250 f32",
            "4096x500x14->250 f32",
            "4096x500x33->250 f32",
            "4096x500x7->250 f32 nearest i64-times",
            "16384x100x14->50 f32",
            "16384x100x14->50 bf16",
            "1x200000x7->200000 f32",
            "1x200000x7->200000 f64 f64-times",
            "4096x500x7->250 f32 pose",
            "4096x500x14->250 f32 pchip",
            // Where we expect to be worst: an odd number of small columns, targets much thicker than
            // samples or much thinner, which use few bytes of each line.
            "4096x500x7->250 bf16",
            "64x5000x7->50000 f32",
            "64x50000x7->5000 f32",
            "256x2000x512->200 f32",
        ],
        DeviceId::Cpu => &[
            "64x100x14->50 f32",
            "32x500x256->256 f32",
            "16x200x64->2000 f32",
            "1x200000x32->200000 f32",
            "1x200000x7->200000 f64 f64-times",
            "256x500x14->250 f32",
            "64x500x256->250 bf16",
            "64x500x256->250 f16",
            "256x500x14->250 f32 nearest",
            "256x500x7->250 f32 pose",
            "256x500x14->250 f32 pchip",
        ],
    };
    shapes.iter().map(|&shape| shape.to_owned()).collect()
}

fn open(text: &str, device: DeviceId, seed: u64) -> Result<Box<dyn Workload>> {
    let shape: Shape = text.parse()?;
    match device {
        DeviceId::Cpu => Ok(match shape.dtype {
            DType::F64 => Box::new(on_cpu::OnCpu::new(shape, seed, f64::from)?),
            DType::F16 => Box::new(on_cpu::OnCpu::new(shape, seed, f16::from_f32)?),
            DType::Bf16 => Box::new(on_cpu::OnCpu::new(shape, seed, bf16::from_f32)?),
            _ => Box::new(on_cpu::OnCpu::new(shape, seed, |x| x)?),
        }),
        #[cfg(feature = "cuda")]
        DeviceId::Cuda(ordinal) => Ok(match shape.dtype {
            DType::F64 => Box::new(on_cuda::OnCuda::new(shape, ordinal, seed, f64::from)?),
            DType::F16 => Box::new(on_cuda::OnCuda::new(shape, ordinal, seed, f16::from_f32)?),
            DType::Bf16 => Box::new(on_cuda::OnCuda::new(shape, ordinal, seed, bf16::from_f32)?),
            _ => Box::new(on_cuda::OnCuda::new(shape, ordinal, seed, |x| x)?),
        }),
        #[cfg(not(feature = "cuda"))]
        DeviceId::Cuda(_) => Err(robocache_core::Error::DriverMissing {
            reason: "this program was built without the feature `cuda`".into(),
        }),
    }
}

/// Times a race by bursts, whose median stands for a turn.
fn race(
    workload: &mut dyn Workload,
    problem: &crate::Problem,
    effort: robocache_registry::tune::Effort,
) -> Result<std::sync::Arc<robocache_registry::tune::Entry>> {
    use robocache_registry::tune::race::median;
    use robocache_registry::{CacheState, Subject};
    const BURST: usize = 3;
    let caps = workload.caps().clone();
    let mut timer = |id| {
        let micros = workload.time(Subject::Variant(id), CacheState::Cold, BURST)?;
        Ok(median(micros.into_iter()))
    };
    crate::dispatcher().tune(problem, &caps, effort, &mut timer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_registry::{CacheState, Subject};

    #[test]
    fn every_shape_of_the_lists_is_one() {
        for device in [DeviceId::Cpu, DeviceId::Cuda(0)] {
            for text in shapes(device) {
                let shape: Shape = text.parse().unwrap();
                assert_eq!(shape.to_string(), text);
            }
        }
    }

    #[test]
    fn random_shapes_are_shapes_and_differ() {
        let drawn = |seed| (WORKLOADS.random)(DeviceId::Cuda(0), seed);
        let mut all: Vec<_> = (0..100).map(drawn).collect();
        for text in &all {
            let shape: Shape = text.parse().unwrap();
            let rows = shape.batch * shape.samples.max(shape.targets);
            assert!(
                rows * shape.columns * shape.dtype.size() <= 512 << 20,
                "{text}"
            );
        }
        assert_eq!(drawn(7), all[7]);
        all.sort();
        all.dedup();
        assert!(all.len() > 95);
    }

    #[test]
    fn a_workload_on_the_cpu_times_whatever_takes_it() {
        for text in ["2x50x7->40 f32", "3x40x16->20 bf16 nearest i64-times"] {
            let mut workload = open(text, DeviceId::Cpu, 1).unwrap();
            let candidates = workload.candidates();
            assert!(candidates.contains(&"trajectory.scalar.cpu"));
            assert!(candidates.contains(&workload.untuned().unwrap()));
            assert!(candidates.contains(&workload.chosen().unwrap()));
            assert!(workload.bytes() > 0 && workload.shape() == text);
            let subjects = candidates.iter().map(|&id| Subject::Variant(id));
            for subject in subjects.chain([Subject::Copy]) {
                for cache in [CacheState::Cold, CacheState::Warm] {
                    let micros = workload.time(subject, cache, 5).unwrap();
                    assert_eq!(micros.len(), 5);
                    assert!(micros.iter().all(|&m| m > 0.0), "{micros:?}");
                }
            }
            let delayed = Subject::Delayed(candidates[0], 2_000_000);
            let micros = workload.time(delayed, CacheState::Warm, 3).unwrap();
            assert!(micros.iter().all(|&m| m > 2000.0), "{micros:?}");
            let refused = workload.time(Subject::Variant("none"), CacheState::Warm, 1);
            assert!(refused.is_err());
        }
    }
}
