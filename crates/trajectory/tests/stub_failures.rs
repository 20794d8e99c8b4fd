//! Every driver call from plan to replay is made to fail in turn: a typed error, and nothing is left.
#![cfg(feature = "cuda")]

#[allow(dead_code)]
mod stub_support;

use robocache_core::{Error, Result};
use robocache_cuda::{Graph, StatusWord, Stream, Workspace};
use robocache_testkit::stub::failures::{CODES, of_each_call};
use robocache_testkit::stub::{Config, Device, Stub, with_kernels};
use robocache_trajectory::{Plan, enqueue};
use stub_support::{Memory, Shape, rig};

/// A resampling by plan, without one, and by graph; returns how many calls came before the end, when
/// everything is given back.
fn resample(stub: &Stub) -> Result<usize> {
    let driver = stub.driver()?;
    let context = driver.context(0)?;
    let stream = Stream::new(&context)?;
    let mut memory = Memory::on(&context, &stream, Shape::of(256, 20, 10, 7))?;
    let mut wide = Memory::on(&context, &stream, Shape::of(4, 20, 10, 16))?;
    let mut status = StatusWord::new(&stream)?;

    let plan = Plan::new_cuda(&memory.request(), &context)?;
    plan.launch(memory.request(), Workspace::none(), &stream, None)?;
    enqueue(wide.request(), &stream, Some(&status))?;
    status.read(&stream)?;
    status.clear(&stream)?;
    let mut graph = Graph::capture(&stream, |stream| {
        plan.launch(memory.request(), Workspace::none(), stream, None)?;
        enqueue(wide.request(), stream, Some(&status))
    })?;
    graph.launch(&stream)?;
    stream.synchronize()?;
    Ok(stub.names().len())
}

#[test]
fn whichever_call_fails_the_error_is_typed_and_nothing_is_left_behind() {
    let name = "whichever_call_fails_the_error_is_typed_and_nothing_is_left_behind";
    with_kernels(name, || {
        let config = Config::new([Device::H200]);
        let stub = Stub::install(config.clone());
        resample(&stub).unwrap();
        assert_eq!(stub.launches().len(), 4);
        let (names, faults) = of_each_call(&config, &CODES, resample);
        for used in [
            "cuModuleLoadData",
            "cuModuleGetFunction",
            "cuModuleUnload",
            "cuFuncGetAttribute",
            "cuFuncSetAttribute",
            "cuLaunchKernel",
            "cuGraphLaunch",
        ] {
            assert!(names.contains(&used), "{used}");
        }
        println!(
            "{} calls, each made to fail with each of {CODES:?}",
            names.len()
        );
        assert!(
            faults.is_empty(),
            "{} faults:\n{}",
            faults.len(),
            faults.join("\n")
        );
    });
}

#[test]
fn a_kernel_that_could_not_be_loaded_is_loaded_the_next_time() {
    with_kernels(
        "a_kernel_that_could_not_be_loaded_is_loaded_the_next_time",
        || {
            let rig = rig([Device::H200]);
            let mut memory = Memory::new(&rig, Shape::of(4, 20, 10, 16));
            // Loading is a push, the load, a pop; finding the function begins with a push again.
            for (n, call) in [
                (2, "cuModuleLoadData"),
                (5, "cuModuleGetFunction"),
                (3, "cuFuncGetAttribute"),
                (4, "cuFuncSetAttribute"),
            ] {
                rig.stub.clear_calls();
                rig.stub.fail_call(n, 2);
                let Err(error) = Plan::new_cuda(&memory.request(), &rig.context) else {
                    panic!("{call}")
                };
                assert!(
                    matches!(error, Error::Driver { call: found, code: 2, .. } if found == call),
                    "{call}: {error:?}"
                );
            }
            Plan::new_cuda(&memory.request(), &rig.context).unwrap();
            drop(memory);
            rig.assert_clean();
        },
    );
}

#[test]
fn a_kernel_that_breaks_the_device_is_reported_ever_after() {
    with_kernels(
        "a_kernel_that_breaks_the_device_is_reported_ever_after",
        || {
            let rig = rig([Device::H200]);
            let mut memory = Memory::new(&rig, Shape::of(4, 20, 10, 16));
            let plan = Plan::new_cuda(&memory.request(), &rig.context).unwrap();
            rig.stub.break_after_launch(2, 715);
            let mut launch =
                |stream| plan.launch(memory.request(), Workspace::none(), stream, None);
            launch(&rig.stream).unwrap();
            // The second launch breaks it, and then every call has the same to say.
            let broken = |result: Result<()>| match result {
                Err(Error::Driver {
                    code: 715, name, ..
                }) => {
                    assert_eq!(name, "CUDA_ERROR_ILLEGAL_INSTRUCTION");
                }
                other => panic!("{other:?}"),
            };
            broken(launch(&rig.stream));
            let expected = rig.context.usable();
            broken(expected.clone());
            rig.stub.clear_calls();
            assert_eq!(launch(&rig.stream), expected);
            assert_eq!(rig.stream.synchronize(), expected);
            let mut more = memory.request();
            more.options.variant = Some("trajectory.generic.sm80");
            assert_eq!(Plan::new_cuda(&more, &rig.context).map(|_| ()), expected);
            assert_eq!(enqueue(memory.request(), &rig.stream, None), expected);
            assert!(!rig.stub.names().contains(&"cuLaunchKernel"));
            drop((plan, memory));
            rig.assert_clean();
        },
    );
}
