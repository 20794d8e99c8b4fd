//! What must hold of a problem's launch on a device?

use crate::devices::devices;
use robocache_core::DType;
use robocache_registry::{CudaCaps, Descriptor, DeviceCaps};
use robocache_trajectory::runs::Rule;
use robocache_trajectory::testing::{LaunchShape, launch_shape};
use robocache_trajectory::{AxisForm, Problem, Resample, Variant, dispatcher};

/// Plans for every device, with every variant that takes the problem.
pub fn check(problem: &Problem, request: &Resample<'_>) {
    for caps in devices() {
        let DeviceCaps::Cuda(cuda) = caps else {
            continue;
        };
        let mut takers = Vec::new();
        for (variant, refusal) in dispatcher().survey(problem, caps) {
            if refusal.is_err() {
                continue;
            }
            variant.rank(problem, caps);
            let shape = launch_shape(variant, problem, cuda).expect("a variant for CUDA");
            fits(problem, cuda, &shape, variant);
            suits(problem, request, &shape, variant);
            takers.push(variant.info.id);
        }
        match dispatcher().choose(problem, caps, None) {
            Ok(chosen) => assert!(
                takers.contains(&chosen.info.id),
                "{} was refused",
                chosen.info.id
            ),
            Err(error) => assert!(takers.is_empty(), "{takers:?} take it, but {error}"),
        }
    }
}

/// Whether the launch is one that the device can do, and covers every target once.
fn fits(problem: &Problem, cuda: &CudaCaps, shape: &LaunchShape, variant: &Variant) {
    let id = variant.info.id;
    let (tile, tiles) = (u128::from(shape.tile), u128::from(shape.tiles));
    assert!(tile >= 1, "{id}: {shape:?}");
    assert_eq!(
        tiles,
        (problem.targets as u128).div_ceil(tile),
        "{id}: {shape:?}"
    );
    let blocks = match u128::from(shape.group) {
        1 => problem.batch as u128 * tiles,
        group => {
            assert!(group > 1 && tiles <= 1, "{id}: {shape:?}");
            (problem.batch as u128).div_ceil(group) * tiles
        }
    };
    assert_eq!(u128::from(shape.blocks), blocks, "{id}: {shape:?}");
    assert!(shape.blocks <= i32::MAX as u32, "{id}: {shape:?}");
    assert!(
        shape.threads.is_multiple_of(32) && (32..=1024).contains(&shape.threads),
        "{id}: {shape:?}"
    );
    assert!(
        shape.shared_bytes <= cuda.shared_per_block_optin,
        "{id}: {shape:?}"
    );
    assert_eq!(shape.workspace_bytes, 0, "{id}: {shape:?}");
}

/// Whether a variant takes only what its kernel can do.
fn suits(problem: &Problem, request: &Resample<'_>, shape: &LaunchShape, variant: &Variant) {
    let size = problem.in_dtype.size() as i128;
    let columns = problem.columns as i128;
    let outer = [problem.batch, problem.targets];
    let follows = |n: usize, stride: isize, step: i128| n <= 1 || stride as i128 == step;
    let any_kind = ["trajectory.generic.sm80", "trajectory.mixed.sm90"];
    if !any_kind.contains(&variant.info.id) {
        let rule = problem.kinds.only().expect("one rule for all columns");
        assert!(rule == Rule::Linear || rule.is_hold(), "{rule:?}");
        assert!(problem.in_dtype.is_float() && problem.in_dtype == problem.out_dtype);
    }
    match variant.info.id {
        "trajectory.generic.sm80" => {}
        "trajectory.wide.sm80" | "trajectory.bulk.sm90" => {
            assert!(columns > 0 && columns * size % 16 == 0);
            assert_eq!(
                [request.data.address() % 16, request.out.address() % 16],
                [0, 0]
            );
            let [rows, samples, _] = request.data.shape();
            chunked([rows, samples], problem.data_strides, size);
            chunked(outer, problem.out_strides, size);
            // Its offsets within a tile are 32 bits wide.
            assert!(i128::from(shape.tile) * columns <= i32::MAX.into());
            if variant.info.id == "trajectory.bulk.sm90" {
                assert!(shape.tile <= 32 && shape.capacity >= 2, "{shape:?}");
                let needed = i128::from(shape.capacity) * columns * size;
                assert!(needed <= shape.shared_bytes.into(), "{shape:?}");
            }
        }
        "trajectory.span.sm90" | "trajectory.mixed.sm90" => {
            assert!(columns > 0 && columns * size * (problem.samples as i128) < 1 << 30);
            assert!(follows(problem.samples, problem.data_strides[1], columns));
            assert!(follows(problem.columns, problem.data_strides[2], 1));
            if variant.info.id == "trajectory.span.sm90" {
                assert!(follows(problem.targets, problem.out_strides[1], columns));
                assert!(follows(problem.columns, problem.out_strides[2], 1));
            }
            let uniform = problem.source_form == AxisForm::Uniform;
            assert!(uniform || follows(problem.samples, problem.source_strides[1], 1));
            // Several batch rows lie in memory, and are written, as if they were one.
            let (group, samples) = (i128::from(shape.group), problem.samples as i128);
            if group > 1 {
                assert!(samples <= shape.capacity.into(), "{shape:?}");
                assert_eq!(problem.data_strides[0] as i128, samples * columns);
                let values = problem.targets as i128 * columns;
                assert_eq!(problem.out_strides[0] as i128, values);
                let axis = problem.source_strides[0] as i128;
                assert!(uniform || axis == 0 || axis == samples);
            }
            let rows = samples.min(shape.capacity.into()) * group;
            let targets = i128::from(shape.tile) * group;
            let mix = if problem.in_dtype == DType::F64 {
                16
            } else {
                8
            };
            let mut needed = targets * mix;
            if !shape.in_place {
                needed += rows * columns * size;
            }
            if !uniform && problem.source_form == AxisForm::PerRow {
                needed += rows * problem.time_type.dtype().size() as i128;
            }
            assert!(
                needed <= shape.shared_bytes.into(),
                "{needed} bytes in {shape:?}"
            );
        }
        "trajectory.row.sm80" => {
            assert!(follows(problem.samples, problem.data_strides[1], columns));
            assert!(follows(problem.targets, problem.out_strides[1], columns));
            assert!(follows(problem.columns, problem.data_strides[2], 1));
            assert!(follows(problem.columns, problem.out_strides[2], 1));
            assert!(i128::from(shape.tile) * columns <= i32::MAX.into());
            let bracket = if problem.in_dtype == DType::F64 {
                16
            } else {
                12
            };
            let mut needed =
                i128::from(shape.tile) * bracket + problem.samples as i128 * columns * size;
            if problem.source_form != AxisForm::Uniform {
                assert!(follows(problem.samples, problem.source_strides[1], 1));
                needed += (problem.samples * problem.time_type.dtype().size()) as i128;
            }
            assert!(
                needed <= i128::from(shape.shared_bytes),
                "{needed} bytes in {shape:?}"
            );
        }
        // Say here what the kernel relies on.
        other => panic!("nothing is known about {other}"),
    }
}

/// Whether rows lie whole 16-byte chunks apart.
fn chunked(outer: [usize; 2], strides: [isize; 3], size: i128) {
    for (n, stride) in outer.into_iter().zip(strides) {
        assert!(n <= 1 || stride as i128 * size % 16 == 0, "{strides:?}");
    }
}
