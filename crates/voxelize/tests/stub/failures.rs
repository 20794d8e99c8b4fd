//! Every driver call of a voxelization is made to fail in turn: a typed error, and nothing is left.

use crate::scene::Scene;
use crate::{LEVEL, POINTS, SMALL, WITHOUT_POOLS, launch, rig};
use robocache_core::{Error, Result};
use robocache_cuda::{DeviceBuffer, Graph, Stream, Workspace};
use robocache_registry::tune::Effort;
use robocache_testkit::stub::failures::{CODES, gives_back, of_each_call};
use robocache_testkit::stub::{Config, Device, Rig, Stub, alone};
use robocache_voxelize::{Plan, enqueue, tune_on};
use std::sync::Arc;

/// A voxelization by plan, without one, and by graph; returns how many calls came before the end, when everything is
/// given back.
fn voxelize(stub: &Stub) -> Result<usize> {
    let driver = stub.driver()?;
    let context = driver.context(0)?;
    let stream = Arc::new(Stream::new(&context)?);
    let mut scene = Scene::new(&stream, POINTS, 1)?;

    let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), &context)?;
    let mut memory = DeviceBuffer::new(&context, plan.workspace_bytes())?;
    plan.launch(scene.sparse(LEVEL), Workspace::from(&mut memory), &stream)?;
    enqueue(scene.dense(LEVEL), &stream)?;
    enqueue(scene.counts(), &stream)?;
    let mut graph = Graph::capture(&stream, |stream| {
        plan.launch(scene.sparse(LEVEL), Workspace::from(&mut memory), stream)
    })?;
    graph.launch(&stream)?;
    scene.outputs(&stream)?;
    stream.synchronize()?;
    Ok(stub.names().len())
}

#[test]
fn whichever_call_fails_the_error_is_typed_and_nothing_is_left_behind() {
    for device in [Device::H200, WITHOUT_POOLS] {
        let config = Config::new([device]).uncompiled();
        let (names, faults) = of_each_call(&config, &CODES, voxelize);
        let allocated = match device.memory_pools {
            true => "cuMemAllocAsync",
            false => "cuMemAlloc_v2",
        };
        for used in [
            "cuModuleLoadData",
            "cuModuleGetFunction",
            "cuModuleUnload",
            "cuGraphLaunch",
            allocated,
        ] {
            assert!(names.contains(&used), "{used}");
        }
        assert!(
            faults.is_empty(),
            "{} faults of {} calls:\n{}",
            faults.len(),
            names.len(),
            faults.join("\n")
        );
    }
}

/// Lets each driver call of some work fail once, each time on a device that never saw it. An error must name the call,
/// and the work must be done when it is asked for again. `prepare` makes what the work is on.
fn fails_once<T>(
    device: Device,
    prepare: impl Fn(&Rig, &mut Scene) -> T,
    work: impl Fn(&Rig, &mut Scene, &mut T) -> Result<()>,
) {
    let begin = || {
        let rig = rig([device]);
        let mut scene = Scene::new(&rig.stream, POINTS, 2).unwrap();
        let on = prepare(&rig, &mut scene);
        rig.stub.clear_calls();
        (rig, scene, on)
    };
    let names = {
        let (rig, mut scene, mut on) = begin();
        work(&rig, &mut scene, &mut on).unwrap();
        rig.stub.names()
    };
    assert!(names.len() > 2, "{names:?}");
    for (n, call) in (1..).zip(&names) {
        let (rig, mut scene, mut on) = begin();
        rig.stub.fail_call(n, 2);
        match work(&rig, &mut scene, &mut on) {
            Ok(()) => assert!(gives_back(&names, n), "call {n}, {call}, went unnoticed"),
            Err(Error::Driver {
                call: named, code, ..
            }) => assert!(
                code == 2 && call.starts_with(named),
                "call {n}, {call}: {named} failed with {code}"
            ),
            Err(other) => panic!("call {n}, {call}: {other:?}"),
        }
        rig.stub.clear_calls();
        let again = work(&rig, &mut scene, &mut on);
        assert_eq!(again, Ok(()), "after call {n}, {call}");
        assert!(rig.stub.names().len() > 2);
        drop((scene, on));
        rig.assert_clean();
    }
}

#[test]
fn after_any_failed_call_of_enqueue_the_next_one_works() {
    for device in [Device::H200, WITHOUT_POOLS] {
        let nothing = |_: &Rig, _: &mut Scene| ();
        fails_once(device, nothing, |rig, scene, _| {
            enqueue(scene.sparse(LEVEL), &rig.stream)
        });
        fails_once(device, nothing, |rig, scene, _| {
            enqueue(scene.dense(LEVEL), &rig.stream)
        });
        fails_once(device, nothing, |rig, scene, _| {
            enqueue(scene.counts(), &rig.stream)
        });
    }
}

#[test]
fn after_any_failed_call_of_planning_the_next_plan_is_made() {
    let nothing = |_: &Rig, _: &mut Scene| ();
    fails_once(Device::H200, nothing, |rig, scene, _| {
        Plan::new_cuda(&mut scene.sparse(LEVEL), &rig.context).map(|_| ())
    });
}

#[test]
fn after_any_failed_call_of_a_launch_the_next_one_works() {
    let prepare = |rig: &Rig, scene: &mut Scene| {
        let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), &rig.context).unwrap();
        let memory = DeviceBuffer::new(&rig.context, plan.workspace_bytes()).unwrap();
        (plan, memory)
    };
    fails_once(Device::H200, prepare, |rig, scene, (plan, memory)| {
        launch(rig, plan, memory, scene)
    });
}

#[test]
fn a_kernel_that_breaks_the_device_is_reported_ever_after() {
    let rig = rig([Device::H200]);
    let mut scene = Scene::new(&rig.stream, POINTS, 3).unwrap();
    let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), &rig.context).unwrap();
    let mut memory = DeviceBuffer::new(&rig.context, plan.workspace_bytes()).unwrap();
    // The second kernel of a call breaks it, and the third is not launched any more.
    rig.stub.break_after_launch(2, 715);
    let before = rig.stub.launches().len();
    let expected = launch(&rig, &plan, &mut memory, &mut scene);
    assert!(
        matches!(&expected, Err(Error::Driver { code: 715, name, .. })
            if name == "CUDA_ERROR_ILLEGAL_INSTRUCTION"),
        "{expected:?}"
    );
    assert_eq!(rig.stub.launches().len(), before + 2);
    let expected = rig.context.usable();
    rig.stub.clear_calls();
    assert_eq!(launch(&rig, &plan, &mut memory, &mut scene), expected);
    assert_eq!(enqueue(scene.dense(LEVEL), &rig.stream), expected);
    assert_eq!(rig.stream.synchronize(), expected);
    let more = Plan::new_cuda(&mut scene.counts(), &rig.context);
    assert_eq!(more.map(|_| ()), expected);
    assert_eq!(rig.stub.launches(), []);
    drop((plan, memory, scene));
    rig.assert_clean();
}

#[test]
fn whichever_call_of_a_race_fails_it_is_reported_and_the_next_race_is_run() {
    let name = "failures::whichever_call_of_a_race_fails_it_is_reported_and_the_next_race_is_run";
    alone(name, || {
        const EFFORT: Effort = Effort {
            screening: 1,
            rounds: 1,
        };
        let begin = || {
            let rig = rig([SMALL]);
            let scene = Scene::new(&rig.stream, POINTS, 4).unwrap();
            rig.stub.clear_calls();
            (rig, scene)
        };
        let race = |rig: &Rig, scene: &mut Scene| {
            tune_on(&mut scene.counts(), &rig.stream, EFFORT).map(|entry| entry.samples.len())
        };
        let (names, candidates) = {
            let (rig, mut scene) = begin();
            let candidates = race(&rig, &mut scene).unwrap();
            (rig.stub.names(), candidates)
        };
        assert!(candidates > 1, "nothing to race");
        let mut failed = 0;
        // Fills before each run are many, and all alike: of those the first ones count.
        let filled = names.iter().scan(0, |fills, name| {
            *fills += usize::from(*name == "cuMemsetD8Async");
            Some(*fills)
        });
        let telling = (1..).zip(&names).zip(filled);
        let telling = telling.filter(|((_, name), fills)| {
            *fills <= 2
                || ![
                    "cuMemsetD8Async",
                    "cuCtxPushCurrent_v2",
                    "cuCtxPopCurrent_v2",
                ]
                .contains(name)
        });
        for ((n, call), _) in telling {
            let (rig, mut scene) = begin();
            rig.stub.fail_call(n, 2);
            // A candidate that fails leaves the race; all else is an error.
            match race(&rig, &mut scene) {
                Ok(_) => {}
                Err(Error::Driver {
                    call: named, code, ..
                }) => {
                    assert!(code == 2 && call.starts_with(named), "{call}: {named}");
                    failed += 1;
                }
                Err(other) => panic!("call {n}, {call}: {other:?}"),
            }
            assert_eq!(race(&rig, &mut scene), Ok(candidates), "after {call}");
            drop(scene);
            rig.assert_clean();
        }
        println!("{failed} failed of {}", names.len());
        assert!(failed > 20, "{failed} of {}", names.len());
    });
}
