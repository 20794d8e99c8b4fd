//! What a resampling asks of the driver, on every kind of device, without any of them.
#![cfg(feature = "cuda")]

#[allow(dead_code)]
mod stub_support;

use robocache_core::{DType, Rows, TimeAxis, TimeScalar};
use robocache_cuda::{Graph, StatusWord, Stream, Workspace};
use robocache_registry::DeviceCaps;
use robocache_testkit::stub::{Device, Launch, Rig, with_kernels};
use robocache_trajectory::testing::launch_shape;
use robocache_trajectory::{
    Extrapolation, Invalid, Kind, Options, Plan, Problem, dispatcher, enqueue,
};
use stub_support::{Fields, LAUNCH, Memory, Shape, rig};

const GENERIC: &str = "trajectory.generic.sm80";
const WIDE: &str = "trajectory.wide.sm80";
const ROW: &str = "trajectory.row.sm80";
const BULK: &str = "trajectory.bulk.sm90";
const SPAN: &str = "trajectory.span.sm90";
const MIXED: &str = "trajectory.mixed.sm90";

/// Batches, and the variant that suits each on devices before compute capability 9.0 and since then.
const SUITED: [(Shape, &str, &str); 10] = [
    (Shape::of(64, 100, 50, 512), WIDE, BULK),
    (Shape::of(1, 100, 50, 512), WIDE, BULK),
    (Shape::of(256, 200, 600, 7), ROW, SPAN),
    (Shape::of(256, 200, 100, 14), ROW, SPAN),
    // So short that a block takes several.
    (Shape::of(4096, 20, 10, 7), ROW, SPAN),
    // Too few rows to fill a device with one block for each.
    (Shape::of(8, 200, 100, 7), GENERIC, SPAN),
    // So long that few of the samples are next to a target.
    (Shape::of(64, 4000, 400, 7), GENERIC, SPAN),
    // Rows that are neither whole chunks nor fit twice into a multiprocessor's shared memory.
    (Shape::of(256, 4000, 10, 7), GENERIC, SPAN),
    (
        Shape {
            column_stride: 2,
            ..Shape::of(256, 200, 100, 7)
        },
        GENERIC,
        GENERIC,
    ),
    (
        Shape {
            shift: 1,
            ..Shape::of(64, 100, 50, 512)
        },
        GENERIC,
        SPAN,
    ),
];

/// The launch that the last call made.
#[track_caller]
fn only_launch(rig: &Rig) -> Launch {
    let mut launches = rig.stub.launches();
    assert_eq!(launches.len(), 1, "{launches:?}");
    launches.remove(0)
}

fn entry(variant: &str, dtype: DType) -> &'static str {
    let variant = dispatcher().by_id(variant).unwrap();
    variant.info.entry(dtype).unwrap().name
}

/// A constant of a variant's kernel source.
fn constant(variant: &str, name: &str) -> Option<u32> {
    let text = dispatcher()
        .by_id(variant)
        .unwrap()
        .info
        .source
        .unwrap()
        .text;
    let (_, rest) = text.split_once(&format!("constexpr int {name} = "))?;
    rest.split(';').next()?.parse().ok()
}

/// Checks a launch against what the variant's kernel relies on.
#[track_caller]
fn check_shape(launch: &Launch, variant: &str, shape: Shape, device: &Device) {
    let fields = Fields::of_params();
    let [tile, tiles, group, capacity] =
        ["tile", "tiles", "group", "capacity"].map(|name| launch.u32_at(fields.at(name)) as usize);
    let Shape {
        batch,
        samples,
        targets,
        columns,
        ..
    } = shape;
    let shown = (
        launch.grid,
        launch.block,
        launch.shared_bytes,
        [tile, tiles, group, capacity],
    );
    let context = format!("{variant} for {shape:?} on {}: {shown:?}", device.name);

    let threads = launch.block[0];
    match constant(variant, "THREADS") {
        Some(exactly) => assert_eq!(threads, exactly, "{context}"),
        None => {
            let most = constant(variant, "MAX_THREADS").unwrap();
            assert!(
                threads <= most && threads >= 32 && threads.is_multiple_of(32),
                "{context}"
            );
        }
    }
    assert_eq!(
        (launch.grid[1..].to_vec(), launch.block[1..].to_vec()),
        (vec![1; 2], vec![1; 2])
    );
    if let Some(most) = constant(variant, "MAX_TILE") {
        assert!(tile <= most as usize, "{context}");
    }

    // Every target is in one tile, and every tile has its block.
    assert!(tile >= 1 && tiles == targets.div_ceil(tile), "{context}");
    // A block that takes several rows takes all of their targets.
    assert!(group == 1 || (group > 1 && tiles == 1), "{context}");
    let blocks = batch.div_ceil(group) * tiles;
    assert_eq!(launch.grid[0] as usize, blocks, "{context}");
    // A lane of a warp decides about one target.
    let by_lanes = [WIDE, BULK].contains(&variant);
    assert!(!by_lanes || tile <= 32, "{context}");

    let offered = device.shared_per_block_optin - device.static_shared;
    assert!(launch.shared_bytes <= offered, "{context}");
    let row_bytes = columns * shape.dtype.size();
    if [SPAN, MIXED].contains(&variant) {
        // Mixes, then times, then samples, each of the latter from the beginning of a line; what else there is
        // is little.
        let line = |bytes: usize| bytes.next_multiple_of(128) + 128;
        let mix = if shape.dtype.size() == 8 { 16 } else { 8 };
        // `SPARSE` in params.cuh: samples are read where they are.
        let staged = match launch.u32_at(fields.at("flags")) & 64 {
            0 => group * capacity * row_bytes,
            _ => 0,
        };
        let least = group * tile * mix + line(capacity * 8) + line(staged);
        let found = launch.shared_bytes as usize;
        assert!(
            (least..least + 20_000).contains(&found),
            "{least}: {context}"
        );
        return;
    }
    let needed = match variant {
        // Two samples at least, as a target needs them.
        BULK => {
            assert!((2..=2 * tile.max(1)).contains(&capacity), "{context}");
            capacity * row_bytes
        }
        // Brackets of the tile, then the times, then the row, each from a multiple of 16 bytes; the
        // latter two keep their distance to such a multiple.
        ROW => {
            let up = |bytes: usize| bytes.next_multiple_of(16);
            let size = shape.dtype.size();
            let bracket = if size == 8 { 16 } else { 12 };
            up(tile * bracket) + up(samples * 8) + 16 + up(samples * columns * size) + 16
        }
        _ => 0,
    };
    assert_eq!(launch.shared_bytes as usize, needed, "{context}");
}

#[test]
fn each_device_gets_the_variant_and_the_launch_that_suit_the_problem() {
    with_kernels(
        "each_device_gets_the_variant_and_the_launch_that_suit_the_problem",
        || {
            for device in Device::ALL {
                let rig = rig([device]);
                for (shape, before, since) in SUITED {
                    let variant = match device.compute_capability.0 {
                        9.. => since,
                        _ => before,
                    };
                    let mut memory = Memory::new(&rig, shape);
                    let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
                    assert_eq!(plan.variant(), variant, "{shape:?} on {}", device.name);
                    assert_eq!(plan.workspace_bytes(), 0);
                    rig.stub.clear_calls();
                    let (stream, none) = (&rig.stream, Workspace::none());
                    plan.launch(memory.request(), none, stream, None).unwrap();
                    assert_eq!(rig.stub.names(), LAUNCH);
                    let by_plan = only_launch(&rig);
                    assert_eq!(by_plan.function, entry(variant, DType::F32));
                    assert_eq!((by_plan.stream, by_plan.ordinal), (rig.stream.raw(), 0));
                    check_shape(&by_plan, variant, shape, &device);

                    // Without a plan the same happens, and no more.
                    rig.stub.clear_calls();
                    enqueue(memory.request(), &rig.stream, None).unwrap();
                    assert_eq!(rig.stub.names(), LAUNCH);
                    assert_eq!(only_launch(&rig), by_plan);
                }
                rig.assert_clean();
            }
        },
    );
}

#[test]
fn every_variant_runs_in_every_type_where_it_is_forced() {
    with_kernels(
        "every_variant_runs_in_every_type_where_it_is_forced",
        || {
            for device in [Device::A100, Device::H200] {
                let rig = rig([device]);
                let since_90: &[&str] = match device.compute_capability.0 {
                    9.. => &[BULK, SPAN, MIXED],
                    _ => &[],
                };
                for &variant in [GENERIC, WIDE, ROW].iter().chain(since_90) {
                    for shape in [Shape::of(3, 40, 700, 8), Shape::of(3, 40, 1, 8).f64()] {
                        let mut memory = Memory::new(&rig, shape);
                        rig.stub.clear_calls();
                        enqueue(memory.forced(variant), &rig.stream, None).unwrap();
                        let launch = only_launch(&rig);
                        assert_eq!(launch.function, entry(variant, shape.dtype));
                        check_shape(&launch, variant, shape, &device);
                    }
                }
                rig.assert_clean();
            }
        },
    );
}

#[test]
fn a_kernel_is_loaded_once_and_asks_for_all_shared_memory() {
    with_kernels(
        "a_kernel_is_loaded_once_and_asks_for_all_shared_memory",
        || {
            let rig = rig([Device::H200]);
            let mut memory = Memory::new(&rig, Shape::of(256, 200, 100, 7));
            rig.stub.clear_calls();
            for _ in 0..3 {
                Plan::new_cuda(&memory.request(), &rig.context).unwrap();
                enqueue(memory.request(), &rig.stream, None).unwrap();
            }
            let count = |name| rig.stub.names().iter().filter(|n| **n == name).count();
            for once in [
                "cuModuleLoadData",
                "cuModuleGetFunction",
                "cuFuncSetAttribute",
            ] {
                assert_eq!(count(once), 1, "{once}");
            }
            assert_eq!((count("cuLaunchKernel"), count("cuModuleUnload")), (3, 0));
            // A row that only fits because it was asked for.
            let mut large = Memory::new(&rig, Shape::of(1, 5000, 100, 7));
            enqueue(large.forced(ROW), &rig.stream, None).unwrap();
            assert!(rig.stub.launches().pop().unwrap().shared_bytes > 3 * 49_152);
            drop((memory, large));
            rig.assert_clean();
        },
    );
}

#[test]
fn the_kernel_gets_the_addresses_the_shape_and_the_options() {
    with_kernels(
        "the_kernel_gets_the_addresses_the_shape_and_the_options",
        || {
            let rig = rig([Device::H100]);
            let status = StatusWord::new(&rig.stream).unwrap();
            let shape = Shape::of(5, 30, 20, 3).strided(2).shifted(3);
            let mut memory = Memory::new(&rig, shape);
            let options = Options::default()
                .kind(Kind::Nearest)
                .extrapolation(Extrapolation::Nan)
                .offset(TimeScalar::F64(-0.25))
                .tolerance(TimeScalar::F64(0.5))
                .max_gap(TimeScalar::F64(0.75))
                .invalid(Invalid::Fill)
                .fill(-3.5);
            enqueue(memory.with(options, true), &rig.stream, Some(&status)).unwrap();
            let launch = only_launch(&rig);
            let fields = Fields::of_params();
            let [data, out] = memory.addresses();
            for (name, expected) in [
                ("data", data),
                ("out", out),
                ("mask", memory.mask.address()),
                ("rows", memory.lengths.address()),
                ("status", status.address()),
                ("source.times", memory.source.address()),
                ("source.row_stride", 0),
                ("source.stride", 1),
                ("target.times", memory.target.address()),
                ("target.row_stride", 20),
                ("target.stride", 1),
                ("offset", (-0.25f64).to_bits()),
                ("tolerance", 0.5f64.to_bits()),
                ("max_gap", 0.75f64.to_bits()),
                ("fill", u64::from((-3.5f32).to_bits())),
                ("data_stride[0]", 30 * 6),
                ("data_stride[1]", 6),
                ("data_stride[2]", 2),
                ("out_stride[0]", 20 * 6),
                ("out_stride[1]", 6),
                ("out_stride[2]", 2),
                ("mask_stride[0]", 20),
                ("mask_stride[1]", 1),
                ("rows_stride", 1),
                ("samples", 30),
                ("targets", 20),
                ("columns", 3),
            ] {
                assert_eq!(launch.u64_at(fields.at(name)), expected, "{name}");
            }
            // HAS_TOLERANCE, HAS_MAX_GAP, FILL_INVALID, CHECK_TIMES, ROWS_ARE_64_BIT; not SIMPLE.
            for (name, expected) in [
                ("rule", 3),
                ("extrapolation", 1),
                ("time_type", 1),
                ("rows_form", 1),
                ("in_dtype", 2),
                ("out_dtype", 2),
                ("flags", 1 | 2 | 4 | 8 | 16),
            ] {
                assert_eq!(launch.u32_at(fields.at(name)), expected, "{name}");
            }
        },
    );
}

#[test]
fn what_is_not_asked_for_is_null() {
    with_kernels("what_is_not_asked_for_is_null", || {
        let rig = rig([Device::H100]);
        let mut memory = Memory::new(&rig, Shape::of(5, 30, 20, 3));
        let mut request = memory.request();
        let tick = |ticks| TimeScalar::I64(ticks);
        request.source_times = TimeAxis::Uniform {
            start: tick(-7),
            step: tick(10),
            len: 30,
        };
        request.target_times = TimeAxis::Uniform {
            start: tick(3),
            step: tick(-2),
            len: 20,
        };
        request.rows = Rows::Dense;
        enqueue(request, &rig.stream, None).unwrap();
        let launch = only_launch(&rig);
        let fields = Fields::of_params();
        for name in [
            "mask",
            "rows",
            "status",
            "source.times",
            "target.times",
            "source.stride",
        ] {
            assert_eq!(launch.u64_at(fields.at(name)), 0, "{name}");
        }
        for (name, expected) in [
            ("source.start", -7),
            ("source.step", 10),
            ("target.start", 3),
            ("target.step", -2),
        ] {
            assert_eq!(launch.u64_at(fields.at(name)) as i64, expected, "{name}");
        }
        assert_eq!(launch.u32_at(fields.at("time_type")), 2);
        // SIMPLE alone, as values are held outside.
        assert_eq!(launch.u32_at(fields.at("flags")) & !16, 32);
        assert_eq!(launch.u64_at(fields.at("fill")) as u32, f32::NAN.to_bits());
    });
}

#[test]
fn the_callers_stream_is_used_whoever_owns_it() {
    with_kernels("the_callers_stream_is_used_whoever_owns_it", || {
        let rig = rig([Device::H200]);
        let other = Stream::new(&rig.context).unwrap();
        // SAFETY: the stream outlives the borrow; null is the legacy default stream.
        let (theirs, default) = unsafe {
            let theirs = Stream::borrow_raw(&rig.context, other.raw());
            (theirs, Stream::borrow_raw(&rig.context, 0))
        };
        let mut memory = Memory::new(&rig, Shape::of(5, 30, 20, 3));
        let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
        for stream in [&rig.stream, &theirs, &default] {
            rig.stub.clear_calls();
            plan.launch(memory.request(), Workspace::none(), stream, None)
                .unwrap();
            assert_eq!(only_launch(&rig).stream, stream.raw());
        }
        drop((theirs, default, other, memory));
        drop(plan);
        rig.assert_clean();
    });
}

#[test]
fn empty_problems_launch_nothing() {
    with_kernels("empty_problems_launch_nothing", || {
        let rig = rig([Device::H200]);
        for shape in [
            Shape::of(0, 9, 9, 9),
            Shape::of(9, 9, 0, 9),
            Shape::of(9, 9, 9, 0),
        ] {
            let mut memory = Memory::new(&rig, shape);
            rig.stub.clear_calls();
            enqueue(memory.request(), &rig.stream, None).unwrap();
            assert_eq!(rig.stub.names(), [""; 0], "{shape:?}");
            let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
            rig.stub.clear_calls();
            plan.launch(memory.request(), Workspace::none(), &rig.stream, None)
                .unwrap();
            assert_eq!(rig.stub.names(), [""; 0], "{shape:?}");
        }
        // So many rows that a block would take several of them.
        let mut many = Memory::new(&rig, Shape::of(5000, 9, 0, 9));
        let problem = Problem::of(&many.request()).unwrap();
        let DeviceCaps::Cuda(cuda) = rig.context.caps() else {
            panic!("a CUDA device")
        };
        for (variant, refusal) in dispatcher().survey(&problem, rig.context.caps()) {
            if let Some(shape) = launch_shape(variant, &problem, cuda) {
                assert!(refusal.is_err() || shape.blocks == 0, "{shape:?}");
            }
        }
        // No samples, or no columns but a mask: there is something to write.
        let mut nothing_known = Memory::new(&rig, Shape::of(9, 0, 9, 9));
        rig.stub.clear_calls();
        enqueue(nothing_known.request(), &rig.stream, None).unwrap();
        check_shape(&only_launch(&rig), SPAN, nothing_known.shape, &Device::H200);
        let mut only_a_mask = Memory::new(&rig, Shape::of(9, 9, 9, 0));
        rig.stub.clear_calls();
        enqueue(
            only_a_mask.with(Options::default(), true),
            &rig.stream,
            None,
        )
        .unwrap();
        check_shape(
            &only_launch(&rig),
            GENERIC,
            only_a_mask.shape,
            &Device::H200,
        );
    });
}

#[test]
fn a_prepared_plan_can_be_captured_and_replayed() {
    with_kernels("a_prepared_plan_can_be_captured_and_replayed", || {
        let rig = rig([Device::B200]);
        let mut memory = Memory::new(&rig, Shape::of(64, 100, 50, 512));
        let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
        rig.stub.clear_calls();
        plan.launch(memory.request(), Workspace::none(), &rig.stream, None)
            .unwrap();
        let direct = only_launch(&rig);

        rig.stub.clear_calls();
        let mut graph = Graph::capture(&rig.stream, |stream| {
            plan.launch(memory.request(), Workspace::none(), stream, None)?;
            enqueue(memory.request(), stream, None)
        })
        .unwrap();
        assert_eq!(rig.stub.launches(), []);
        for _ in 0..2 {
            rig.stub.clear_calls();
            graph.launch(&rig.stream).unwrap();
            assert_eq!(rig.stub.launches(), [direct.clone(), direct.clone()]);
        }
        drop((graph, plan, memory));
        rig.assert_clean();
    });
}
