//! The CPU variants on small shapes, for somebody who works on one of them:
//! `cargo bench -p robocache-trajectory --bench cpu`.
//!
//! What is claimed of them is measured by `cargo xtask bench`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use robocache_registry::{CacheState, DeviceId, Subject, operations};
// Naming the crate is what links its variants into this program.
use robocache_trajectory as _;
use std::time::Duration;

const SHAPES: [&str; 4] = [
    "16x100x14->50 f32",
    "8x200x64->400 f32",
    "8x200x64->400 bf16",
    "1x5000x7->5000 f64 f64-times",
];

fn variants(criterion: &mut Criterion) {
    let operations = operations();
    let resampling = operations.iter().find(|op| op.name == "trajectory");
    let open = resampling.expect("resampling is linked").workloads.open;
    for shape in SHAPES {
        let mut workload = open(shape, DeviceId::Cpu, 1).expect("the shape is one");
        let mut group = criterion.benchmark_group(shape);
        group.throughput(Throughput::Bytes(workload.bytes() as u64));
        group
            .sample_size(30)
            .measurement_time(Duration::from_secs(2));
        for id in workload.candidates() {
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|runs| {
                    let subject = Subject::Variant(id);
                    let micros = workload.time(subject, CacheState::Cold, runs as usize);
                    let micros: f64 = micros.expect("a candidate runs").iter().sum();
                    Duration::from_secs_f64(micros / 1e6)
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, variants);
criterion_main!(benches);
