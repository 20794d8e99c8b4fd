//! The same file from every device: those that are there, and emulated ones.

use super::fill::Job;
use super::numbers::Sizes;
use super::reductions::Reduction;
use super::scans::{Scans, read};
use super::{grid, options, write};
use crate::device::testing::on_each;
use crate::device::{Device, Gpu, WORTH_A_GPU};
use robocache::cuda::Stream;
use robocache::voxelize::Grid;
use robocache_testkit::random::Random;
use robocache_testkit::stub::{Config, Device as Model, Stub};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Points whose sums depend on the order of additions in f32, as text, so that they are doubles.
fn table(folder: &Path, name: &str, points: usize, seed: u64) -> PathBuf {
    let mut random = Random::new(seed);
    let mut text = "x,y,z,intensity\n".to_owned();
    for _ in 0..points {
        let [x, y, z] = [(); 3].map(|()| random.between(-2.0, 2.0));
        let size = random.between(-20.0, 20.0).exp2();
        let intensity = random.between(-1.0, 1.0) * size;
        text += &format!("{x},{y},{z},{intensity}\n");
    }
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

/// The same as 32-bit floats.
fn floats(folder: &Path, name: &str, points: usize, seed: u64) -> PathBuf {
    let text = std::fs::read_to_string(table(folder, "a.csv", points, seed)).expect("text");
    let cells = text.lines().skip(1).flat_map(|line| line.split(','));
    let cells = cells.map(|cell| cell.parse::<f32>().expect("a number"));
    let path = folder.join(name);
    let bytes: Vec<u8> = cells.flat_map(f32::to_le_bytes).collect();
    std::fs::write(&path, bytes).expect("written");
    path
}

const WANTED: [Reduction; 6] = [
    Reduction::Count,
    Reduction::First,
    Reduction::Sum,
    Reduction::Mean,
    Reduction::Max,
    Reduction::Min,
];

fn job(scans: &Scans, grid: Grid, sparse: bool) -> Job<'_> {
    Job {
        scans,
        grid,
        wanted: &WANTED,
        sparse,
        options: options(false),
    }
}

#[test]
fn every_device_makes_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let batches = [
        read(
            &[table(folder, "b.csv", 250, 1), table(folder, "c.csv", 1, 2)],
            None,
        ),
        read(
            &[3, 4].map(|seed| floats(folder, &format!("{seed}.bin"), 300, seed)),
            Some("kitti".parse().expect("a format")),
        ),
    ];
    let mut wanted = WANTED.to_vec();
    for scans in batches.map(|scans| scans.expect("scans")) {
        for sparse in [false, true] {
            let grid = grid::around(&scans, &Sizes([0.5, 1.0, 4.0])).expect("a grid");
            let mut job = job(&scans, grid, sparse);
            if !sparse {
                wanted.push(Reduction::Occupancy);
                job.wanted = &wanted;
            }
            let of = |device: &Device| {
                let filled = job.run(device).expect("voxels");
                let path = folder.join("out.npz");
                write::write(&path, grid, &filled).expect("written");
                (filled.voxels, std::fs::read(path).expect("a file"))
            };
            let expected = of(&Device::Cpu);
            // Several points in many voxels.
            assert!((10..150).contains(&expected.0), "{}", expected.0);
            let count = on_each(|device| {
                assert!(of(device) == expected, "{} differs", device.name());
            });
            assert!(count > 1, "there is no device but the CPU");
        }
    }
}

#[test]
fn too_little_memory_on_a_device_comes_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    let scans = read(&[table(folder.path(), "a.csv", 20, 1)], None).expect("a scan");
    let grid = grid::around(&scans, &Sizes([1.0; 3])).expect("a grid");
    for sparse in [false, true] {
        let stub = Stub::install(Config::new([Model::H200]));
        let context = stub.driver().expect("a stub").context(0).expect("a device");
        let stream = Arc::new(Stream::new(&context).expect("a stream"));
        let device = Device::Cuda(Gpu { context, stream });
        let allocation = |name: &&str| name.starts_with("cuMemAlloc");
        // The first allocation behind those before.
        let calls = (1..).find_map(|n| {
            stub.clear_calls();
            stub.fail_call(n, 2);
            let error = job(&scans, grid, sparse).run(&device).err()?;
            let names = stub.names();
            let failed = names[stub.failed()?];
            allocation(&failed).then(|| format!("{error:#}"))
        });
        let text = calls.expect("an allocation");
        assert!(
            text.contains("on the GPU") && text.contains("use --device cpu"),
            "{text}"
        );
    }
}

#[test]
fn large_batches_are_worth_a_gpu_and_small_ones_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let scans = read(&[table(folder.path(), "a.csv", 100, 1)], None).expect("a scan");
    let small = Grid::new([-2.0; 3], [1.0; 3], [4; 3]).expect("a grid");
    let large = Grid::new([-2.0; 3], [0.01; 3], [400; 3]).expect("a grid");
    assert!(job(&scans, small, false).traffic() < WORTH_A_GPU);
    assert!(job(&scans, large, false).traffic() > WORTH_A_GPU);
    // Cells without points take nothing.
    assert!(job(&scans, large, true).traffic() < WORTH_A_GPU);
    // 100 points of four doubles, and 64 cells of count, first and four values for each of four columns.
    let bytes = job(&scans, small, false).traffic();
    assert_eq!(bytes, 100 * 4 * 8 + 64 * (4 + 4 + 4 * 4 * 4));
}
