//! What is refused before the driver is asked for anything, and in which words.
#![cfg(feature = "cuda")]

#[allow(dead_code)]
mod stub_support;

use robocache_core::{
    DType, Error, Layout, Place, Refused, Result, TensorView, TensorViewMut, TimeAxis, TimeScalar,
};
use robocache_cuda::{Graph, Stream, Workspace};
use robocache_registry::tune::Effort;
use robocache_testkit::stub::{Device, Rig, with_kernels};
use robocache_trajectory::{Extrapolation, Plan, Resample, dispatcher, enqueue, tune_on};
use stub_support::{Memory, Shape, rig};

/// The refusals of a request that no variant, or not the forced one, takes.
#[track_caller]
fn refusals(rig: &Rig, request: impl Fn() -> Resample<'static>) -> Vec<Refused> {
    rig.stub.clear_calls();
    let planned = Plan::new_cuda(&request(), &rig.context).map(|_| ());
    let enqueued = enqueue(request(), &rig.stream, None);
    assert_eq!(planned, enqueued);
    assert_eq!(
        rig.stub.names(),
        [""; 0],
        "the driver was asked for something"
    );
    match planned {
        Err(Error::Unsupported {
            op: "trajectory",
            device,
            refusals,
        }) => {
            assert_eq!(device, rig.context.caps().to_string());
            refusals
        }
        other => panic!("{other:?}"),
    }
}

/// A request for memory that is not there: only what is said about it matters.
fn imaginary(shape: [usize; 4], variant: Option<&'static str>) -> Resample<'static> {
    let [batch, samples, targets, columns] = shape;
    let layout = |steps| Layout::contiguous([batch, steps, columns]).unwrap();
    let axis = |len| TimeAxis::Uniform {
        start: TimeScalar::F64(0.0),
        step: TimeScalar::F64(1.0),
        len,
    };
    let place = Place::Cuda(0);
    let at = |address: u64| address as *mut u8;
    // SAFETY: no kernel runs, so nobody looks there.
    let (data, out) = unsafe {
        (
            TensorView::from_raw(at(1 << 20), DType::F32, layout(samples), place).unwrap(),
            TensorViewMut::from_raw(at(1 << 50), DType::F32, layout(targets), place).unwrap(),
        )
    };
    let mut request = Resample::new(data, axis(samples), axis(targets), out);
    request.options.variant = variant;
    request
}

#[test]
fn a_forced_variant_that_cannot_says_why() {
    let rig = rig([Device::RTX_4090]);
    let wide = "trajectory.wide.sm80";
    let row = "trajectory.row.sm80";
    for (shape, variant, says) in [
        ([4, 10, 10, 7], wide, "16-byte chunks"),
        ([4, 5000, 10, 7], row, "101376 bytes of shared memory"),
        ([4, 10, 10, 7], "trajectory.scalar.cpu", "runs on the CPU"),
        ([4, 10, 10, 7], "trajectory.simd.avx2", "runs on the CPU"),
    ] {
        let found = refusals(&rig, || imaginary(shape, Some(variant)));
        let [refused] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(refused.variant, variant);
        assert!(refused.refusal.0.contains(says), "{refused:?}");
    }
    let unknown = enqueue(
        imaginary([1, 1, 1, 1], Some("trajectory.none")),
        &rig.stream,
        None,
    );
    assert!(matches!(
        unknown,
        Err(Error::Range {
            argument: "variant",
            ..
        })
    ));
}

#[test]
fn where_no_variant_runs_each_says_why() {
    let old = Device {
        name: "Tesla T4",
        compute_capability: (7, 5),
        ..Device::A100
    };
    let rig = rig([old]);
    let found = refusals(&rig, || imaginary([4, 10, 10, 16], None));
    let all: Vec<_> = dispatcher().variants().iter().map(|v| v.info.id).collect();
    assert_eq!(found.iter().map(|r| r.variant).collect::<Vec<_>>(), all);
    for refused in &found {
        let says = match refused.variant.rsplit('.').next() {
            Some("sm80") => "needs compute capability 8.0 or higher, the device has 7.5",
            Some("sm90") => "needs compute capability 9.0 or higher, the device has 7.5",
            _ => "runs on the CPU",
        };
        assert!(refused.refusal.0.contains(says), "{refused:?}");
    }
}

#[test]
fn more_blocks_than_a_grid_has_are_refused() {
    let rig = rig([Device::H200]);
    let found = refusals(&rig, || imaginary([1 << 31, 1, 1, 1], None));
    let generic = found
        .iter()
        .find(|r| r.variant == "trajectory.generic.sm80");
    assert!(
        generic.is_some_and(|r| r.refusal.0.contains("grid")),
        "{found:?}"
    );
}

#[track_caller]
fn assert_memory(result: Result<()>, argument: &str, says: &str) {
    match &result {
        Err(Error::Memory {
            argument: found,
            problem,
        }) => {
            assert_eq!(*found, argument, "{problem}");
            assert!(problem.contains(says), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn memory_elsewhere_is_refused() {
    let rig = rig([Device::H200, Device::H200]);
    let other = rig.driver.context(1).unwrap();
    let mut memory = Memory::new(&rig, Shape::of(4, 10, 10, 7));
    let mut there = Memory::on(&other, &Stream::new(&other).unwrap(), memory.shape);
    let there = there.as_mut().unwrap();
    rig.stub.clear_calls();
    assert_memory(
        enqueue(there.request(), &rig.stream, None),
        "out",
        "device 1",
    );
    let plan = Plan::new_cuda(&there.request(), &rig.context).map(|_| ());
    assert_memory(plan, "out", "belongs to CUDA device 0");
    let raced = tune_on(&mut there.request(), &rig.stream, Effort::QUICK).map(|_| ());
    assert_memory(raced, "out", "belongs to CUDA device 0");
    assert_memory(
        Plan::new_cpu(&memory.request()).map(|_| ()),
        "out",
        "not in host memory",
    );
    let mut mixed = memory.request();
    let spare = there.request();
    mixed.data = spare.data;
    assert_memory(
        enqueue(mixed, &rig.stream, None),
        "data",
        "memory of CUDA device 1",
    );
    let (samples, mut values) = ([0f32; 8], [0f32; 8]);
    let host = on_the_host(&samples, &mut values);
    assert_memory(enqueue(host, &rig.stream, None), "out", "host memory");
    let host = on_the_host(&samples, &mut values);
    assert_memory(
        Plan::new_cuda(&host, &rig.context).map(|_| ()),
        "out",
        "host memory",
    );
    let raced = tune_on(
        &mut on_the_host(&samples, &mut values),
        &rig.stream,
        Effort::QUICK,
    );
    assert_memory(raced.map(|_| ()), "out", "host memory");
    assert_eq!(rig.stub.names(), [""; 0]);
}

fn on_the_host<'a>(samples: &'a [f32; 8], values: &'a mut [f32; 8]) -> Resample<'a> {
    let axis = TimeAxis::Uniform {
        start: TimeScalar::F64(0.0),
        step: TimeScalar::F64(1.0),
        len: 4,
    };
    let data = TensorView::from_slice(samples, [1, 4, 2]).unwrap();
    let out = TensorViewMut::from_slice(values, [1, 4, 2]).unwrap();
    Resample::new(data, axis, axis, out)
}

fn launch(plan: &Plan, request: Resample<'_>, stream: &Stream) -> Result<()> {
    plan.launch(request, Workspace::none(), stream, None)
}

#[test]
fn a_plan_takes_only_what_it_was_made_for() {
    with_kernels("a_plan_takes_only_what_it_was_made_for", || {
        let rig = rig([Device::H200, Device::H200]);
        let other = rig.driver.context(1).unwrap();
        let stream_there = Stream::new(&other).unwrap();
        let mut memory = Memory::new(&rig, Shape::of(4, 10, 10, 7));
        let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
        rig.stub.clear_calls();

        let made = "was made for another problem";
        for shape in [
            Shape::of(5, 10, 10, 7),
            Shape::of(4, 11, 10, 7),
            Shape::of(4, 10, 11, 7),
            Shape::of(4, 10, 10, 8),
            Shape::of(4, 10, 10, 7).strided(2),
            Shape::of(4, 10, 10, 7).shifted(1),
            Shape::of(4, 10, 10, 7).f64(),
        ] {
            let mut wrong = Memory::new(&rig, shape);
            rig.stub.clear_calls();
            assert_memory(launch(&plan, wrong.request(), &rig.stream), "plan", made);
            assert_eq!(rig.stub.names(), [""; 0], "{shape:?}");
        }
        rig.stub.clear_calls();
        assert_memory(
            launch(&plan, memory.request(), &stream_there),
            "stream",
            "another device",
        );
        let mut there = Memory::on(&other, &stream_there, memory.shape).unwrap();
        rig.stub.clear_calls();
        assert_memory(launch(&plan, there.request(), &stream_there), "plan", made);
        assert_memory(plan.run(memory.request()), "plan", "use Plan::launch");

        let (samples, mut values) = ([0f32; 8], [0f32; 8]);
        let on_cpu = Plan::new_cpu(&on_the_host(&samples, &mut values)).unwrap();
        let host = on_the_host(&samples, &mut values);
        let launched = on_cpu.launch(host, Workspace::none(), &rig.stream, None);
        assert_memory(launched, "plan", "use Plan::run");
        assert_eq!(rig.stub.names(), [""; 0]);

        // Values of options may change, as no plan depends on them.
        let mut request = memory.request();
        request.options.fill = 1.0;
        request.options.tolerance = Some(TimeScalar::F64(0.1));
        launch(&plan, request, &rig.stream).unwrap();
        drop((memory, there, plan, stream_there, other));
        rig.assert_clean();
    });
}

#[test]
fn nothing_is_loaded_while_a_stream_is_captured() {
    with_kernels("nothing_is_loaded_while_a_stream_is_captured", || {
        let rig = rig([Device::A100]);
        let mut memory = Memory::new(&rig, Shape::of(4, 10, 10, 7));
        rig.stub.clear_calls();
        let unprepared = Graph::capture(&rig.stream, |stream| {
            enqueue(memory.request(), stream, None)
        });
        let expected = Error::NotPrepared {
            variant: "trajectory.generic.sm80",
        };
        assert_eq!(unprepared.map(|_| ()), Err(expected));
        assert!(!rig.stub.names().contains(&"cuModuleLoadData"));
        // The stream is none the worse for it.
        assert_eq!(rig.stream.is_capturing(), Ok(false));
        Plan::new_cuda(&memory.request(), &rig.context).unwrap();
        let mut graph = Graph::capture(&rig.stream, |stream| {
            enqueue(memory.request(), stream, None)
        })
        .unwrap();
        graph.launch(&rig.stream).unwrap();
        assert_eq!(rig.stub.launches().len(), 1);
        drop((graph, memory));
        rig.assert_clean();
    });
}

#[test]
fn targets_outside_need_a_word_to_be_told_in() {
    with_kernels("targets_outside_need_a_word_to_be_told_in", || {
        let rig = rig([Device::H200]);
        let mut memory = Memory::new(&rig, Shape::of(4, 10, 10, 7));
        let mut request = memory.request();
        request.options.extrapolation = Extrapolation::Error;
        assert_memory(enqueue(request, &rig.stream, None), "status", "outside");
        assert_eq!(rig.stub.launches().len(), 0);
        drop(memory);
        rig.assert_clean();
    });
}
