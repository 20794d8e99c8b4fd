//! What is refused before the driver is asked for anything, and in which words.

use crate::scene::Scene;
use crate::{LEVEL, POINTS, SMALL, launch, rig};
use robocache_core::{Error, Refused, Result, TensorView, TensorViewMut};
use robocache_cuda::{DeviceBuffer, Graph, Stream, Workspace};
use robocache_registry::Target;
use robocache_registry::tune::Effort;
use robocache_testkit::stub::{Device, Rig};
use robocache_voxelize::{
    Clouds, Dense, Grid, Options, Plan, dispatcher, enqueue, tune, tune_on, voxelize_dense,
    voxelize_sparse,
};
use std::sync::Arc;

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

#[track_caller]
fn assert_unasked(rig: &Rig) {
    let names = rig.stub.names();
    assert_eq!(names, [""; 0], "the driver was asked for something");
}

const SOURCE: [f32; 12] = [0.5; 12];

/// Counts of four points in host memory.
fn on_the_host(count: &mut [i32; 8]) -> Dense<'_> {
    let points = TensorView::from_slice(&SOURCE, [4, 3]).unwrap();
    let grid = Grid::new([0.0; 3], [1.0; 3], [2; 3]).unwrap();
    let count = TensorViewMut::from_slice(count, [1, 2, 2, 2]).unwrap();
    Dense::new(Clouds::new(points), grid).count(count)
}

#[test]
fn memory_elsewhere_is_refused() {
    let rig = rig([Device::H200, Device::H200]);
    let other = rig.driver.context(1).unwrap();
    let stream_there = Arc::new(Stream::new(&other).unwrap());
    let mut here = Scene::new(&rig.stream, POINTS, 1).unwrap();
    let mut there = Scene::new(&stream_there, POINTS, 1).unwrap();
    rig.stub.clear_calls();

    // All of it on another device, for every way to ask.
    let says = "lie in memory of CUDA device 1, the stream belongs to CUDA device 0";
    let enqueued = enqueue(there.sparse(LEVEL), &rig.stream);
    assert_memory(enqueued, "points", says);
    let planned = Plan::new_cuda(&mut there.dense(LEVEL), &rig.context).map(|_| ());
    assert_memory(planned, "points", says);
    let raced = tune_on(&mut there.counts(), &rig.stream, Effort::QUICK).map(|_| ());
    assert_memory(raced, "points", says);

    // A part of it.
    let mut mixed = here.dense(LEVEL);
    mixed.clouds.features = there.dense(LEVEL).clouds.features;
    let says = "lies in memory of CUDA device 1, the points in memory of CUDA device 0";
    assert_memory(enqueue(mixed, &rig.stream), "features", says);
    let mut mixed = here.dense(LEVEL);
    mixed.clouds.offsets = there.dense(LEVEL).clouds.offsets;
    assert_memory(enqueue(mixed, &rig.stream), "offsets", says);
    let mut mixed = here.dense(LEVEL);
    mixed.cells.mean = there.dense(LEVEL).cells.mean;
    assert_memory(enqueue(mixed, &rig.stream), "mean", says);
    assert_unasked(&rig);
    drop((here, there, stream_there, other));
    rig.assert_clean();
}

#[test]
fn host_memory_and_device_memory_are_not_taken_for_each_other() {
    let rig = rig([Device::H200]);
    let mut scene = Scene::new(&rig.stream, POINTS, 1).unwrap();
    rig.stub.clear_calls();
    let mut count = [7; 8];
    let enqueued = enqueue(on_the_host(&mut count), &rig.stream);
    assert_memory(enqueued, "points", "lie in host memory");
    let planned = Plan::new_cuda(&mut on_the_host(&mut count), &rig.context).map(|_| ());
    assert_memory(planned, "points", "lie in host memory");
    let raced = tune_on(&mut on_the_host(&mut count), &rig.stream, Effort::QUICK);
    assert_memory(raced.map(|_| ()), "points", "lie in host memory");
    assert_eq!(count, [7; 8]);

    let says = "not in host memory";
    assert_memory(voxelize_dense(scene.dense(LEVEL)), "points", says);
    assert_memory(voxelize_sparse(scene.sparse(LEVEL)), "points", says);
    let planned = Plan::new_cpu(&mut scene.sparse(LEVEL)).map(|_| ());
    assert_memory(planned, "points", says);
    let raced = tune(&mut scene.counts(), Effort::QUICK).map(|_| ());
    assert_memory(raced, "points", says);
    assert_unasked(&rig);
}

#[test]
fn a_plan_takes_only_what_it_was_made_for() {
    let rig = rig([Device::H200, Device::H200]);
    let other = rig.driver.context(1).unwrap();
    let stream_there = Stream::new(&other).unwrap();
    let mut scene = Scene::new(&rig.stream, POINTS, 1).unwrap();
    let mut longer = Scene::new(&rig.stream, POINTS + 1, 1).unwrap();
    let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), &rig.context).unwrap();
    let mut memory = DeviceBuffer::new(&rig.context, plan.workspace_bytes()).unwrap();
    let mut less = DeviceBuffer::new(&rig.context, plan.workspace_bytes() - 1).unwrap();
    rig.stub.clear_calls();

    let made = "was made for another problem";
    assert_memory(launch(&rig, &plan, &mut memory, &mut longer), "plan", made);
    let of_another_form = plan.launch(
        scene.dense(LEVEL),
        Workspace::from(&mut memory),
        &rig.stream,
    );
    assert_memory(of_another_form, "plan", made);
    let needed = format!("the plan needs {}", plan.workspace_bytes());
    let too_small = launch(&rig, &plan, &mut less, &mut scene);
    assert_memory(too_small, "workspace", &needed);
    let without = plan.launch(scene.sparse(LEVEL), Workspace::none(), &rig.stream);
    assert_memory(without, "workspace", "holds 0 bytes");
    let elsewhere = plan.launch(
        scene.sparse(LEVEL),
        Workspace::from(&mut memory),
        &stream_there,
    );
    assert_memory(elsewhere, "stream", "another device");
    assert_memory(plan.run(scene.sparse(LEVEL)), "plan", "use Plan::launch");

    let mut count = [7; 8];
    let on_cpu = Plan::new_cpu(&mut on_the_host(&mut count)).unwrap();
    let launched = on_cpu.launch(on_the_host(&mut count), Workspace::none(), &rig.stream);
    assert_memory(launched, "plan", "use Plan::run");
    assert_unasked(&rig);
    assert_eq!(count, [7; 8]);

    launch(&rig, &plan, &mut memory, &mut scene).unwrap();
    assert!(!rig.stub.launches().is_empty());
    drop((scene, longer, plan, memory, less, stream_there, other));
    rig.assert_clean();
}

/// The refusals of a request that no variant, or not the forced one, takes.
#[track_caller]
fn refusals(rig: &Rig, scene: &mut Scene, options: Options) -> Vec<Refused> {
    let enqueued = enqueue(scene.counts().options(options), &rig.stream);
    let planned = Plan::new_cuda(&mut scene.counts().options(options), &rig.context).map(|_| ());
    assert_eq!(planned, enqueued);
    match planned {
        Err(Error::Unsupported {
            op: "voxelize",
            device,
            refusals,
        }) => {
            assert_eq!(device, rig.context.caps().to_string());
            refusals
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_forced_variant_of_the_cpu_says_that_it_is_one() {
    let rig = rig([Device::RTX_4090]);
    let mut scene = Scene::new(&rig.stream, POINTS, 1).unwrap();
    rig.stub.clear_calls();
    for variant in dispatcher().variants() {
        let id = variant.info.id;
        let Target::Cpu(_) = variant.info.target else {
            continue;
        };
        let found = refusals(&rig, &mut scene, Options::default().forced(id));
        let [refused] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(refused.variant, id);
        assert!(refused.refusal.0.contains("runs on the CPU"), "{refused:?}");
    }
    let none = Options::default().forced("voxelize.none");
    let unknown = enqueue(scene.counts().options(none), &rig.stream);
    assert!(
        matches!(
            unknown,
            Err(Error::Range {
                argument: "variant",
                ..
            })
        ),
        "{unknown:?}"
    );
    assert_unasked(&rig);
}

#[test]
fn where_no_variant_runs_each_says_why() {
    let old = Device {
        name: "Tesla T4",
        compute_capability: (7, 5),
        ..Device::A100
    };
    let rig = rig([old]);
    let mut scene = Scene::new(&rig.stream, POINTS, 1).unwrap();
    rig.stub.clear_calls();
    let found = refusals(&rig, &mut scene, Options::default());
    assert_unasked(&rig);
    let all: Vec<_> = dispatcher().variants().iter().map(|v| v.info.id).collect();
    assert_eq!(found.iter().map(|r| r.variant).collect::<Vec<_>>(), all);
    for refused in &found {
        let variant = dispatcher().by_id(refused.variant).unwrap();
        let says = match variant.info.target {
            Target::Cpu(_) => "runs on the CPU",
            _ => "or higher, the device has 7.5",
        };
        assert!(refused.refusal.0.contains(says), "{refused:?}");
    }
}

#[test]
fn nothing_is_loaded_or_measured_while_a_stream_is_captured() {
    let rig = rig([SMALL]);
    let mut scene = Scene::new(&rig.stream, POINTS, 1).unwrap();
    rig.stub.clear_calls();
    let not_prepared = |result: Result<()>| match result {
        Err(Error::NotPrepared { variant }) => assert!(dispatcher().by_id(variant).is_ok()),
        other => panic!("{other:?}"),
    };
    let unprepared = Graph::capture(&rig.stream, |_| enqueue(scene.sparse(LEVEL), &rig.stream));
    not_prepared(unprepared.map(|_| ()));
    let unmeasured = Graph::capture(&rig.stream, |_| {
        tune_on(&mut scene.counts(), &rig.stream, Effort::QUICK).map(|_| ())
    });
    not_prepared(unmeasured.map(|_| ()));
    for forbidden in ["cuModuleLoadData", "cuMemAllocAsync", "cuEventCreate"] {
        assert!(!rig.stub.names().contains(&forbidden), "{forbidden}");
    }
    // The stream is none the worse for it.
    assert_eq!(rig.stream.is_capturing(), Ok(false));
    let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), &rig.context).unwrap();
    let mut memory = DeviceBuffer::new(&rig.context, plan.workspace_bytes()).unwrap();
    let mut graph = Graph::capture(&rig.stream, |_| {
        launch(&rig, &plan, &mut memory, &mut scene)
    })
    .unwrap();
    assert_eq!(rig.stub.launches(), []);
    graph.launch(&rig.stream).unwrap();
    assert!(!rig.stub.launches().is_empty());
    drop((graph, plan, memory, scene));
    rig.assert_clean();
}
