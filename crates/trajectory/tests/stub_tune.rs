//! What measuring asks of the driver, and when it must not.
#![cfg(feature = "cuda")]

#[allow(dead_code)]
mod stub_support;

use robocache_core::Error;
use robocache_cuda::Graph;
use robocache_registry::tune::{Effort, Mode, set_mode};
use robocache_registry::user_cache;
use robocache_testkit::stub::{Device, with_kernels};
use robocache_trajectory::{Extrapolation, dispatcher, enqueue, tune_on};
use stub_support::{LAUNCH, Memory, Shape, rig};

const SHAPE: Shape = Shape::of(64, 100, 50, 512);

/// A device of which the stub has little to fill.
const SMALL: Device = Device {
    l2_bytes: 1 << 10,
    ..Device::H200
};

/// Calls that no call may make while a stream is being captured.
const FORBIDDEN: [&str; 6] = [
    "cuMemAlloc_v2",
    "cuMemAllocAsync",
    "cuModuleLoadDataEx",
    "cuStreamSynchronize",
    "cuEventRecord",
    "cuEventCreate",
];

fn kept() -> usize {
    let folder = user_cache::folder().unwrap().join("tuning");
    let places = std::fs::read_dir(folder).into_iter().flatten();
    places
        .map(|place| std::fs::read_dir(place.unwrap().path()).unwrap().count())
        .sum()
}

#[test]
fn the_first_call_of_a_kind_measures_and_the_next_only_launches() {
    with_kernels(
        "the_first_call_of_a_kind_measures_and_the_next_only_launches",
        || {
            let rig = rig([SMALL]);
            let mut memory = Memory::new(&rig, SHAPE);
            enqueue(memory.request(), &rig.stream, None).unwrap();
            assert_eq!(kept(), 0, "nobody asked for it");

            set_mode(Mode::OnMiss);
            rig.stub.clear_calls();
            enqueue(memory.request(), &rig.stream, None).unwrap();
            let problem = robocache_trajectory::Plan::new_cuda(&memory.request(), &rig.context);
            let problem = *problem.unwrap().problem();
            let candidates = dispatcher().candidates(&problem, rig.context.caps()).len();
            assert!(candidates > 1);
            let Effort { rounds, screening } = Effort::QUICK;
            let launches = rig.stub.launches().len();
            let (least, most) = (rounds + 1 + screening, candidates * (rounds + 1));
            assert!(
                (3 * least..=3 * most + 1).contains(&launches),
                "{launches} launches for {candidates} candidates"
            );
            assert_eq!(kept(), 1);

            for expected in [1, 1] {
                rig.stub.clear_calls();
                enqueue(memory.request(), &rig.stream, None).unwrap();
                assert_eq!(rig.stub.names(), LAUNCH);
                assert_eq!(kept(), expected);
            }
            drop(memory);
            rig.assert_clean();
        },
    );
}

#[test]
fn a_race_needs_no_word_for_targets_outside() {
    with_kernels("a_race_needs_no_word_for_targets_outside", || {
        let rig = rig([SMALL]);
        let mut memory = Memory::new(&rig, SHAPE);
        let mut request = memory.request();
        request.options.extrapolation = Extrapolation::Error;
        let entry = tune_on(&mut request, &rig.stream, Effort::QUICK).unwrap();
        drop(entry);
        assert_eq!(kept(), 1);
        drop(memory);
        rig.assert_clean();
    });
}

#[test]
fn nothing_is_measured_while_a_stream_is_captured() {
    with_kernels("nothing_is_measured_while_a_stream_is_captured", || {
        let rig = rig([SMALL]);
        let mut memory = Memory::new(&rig, SHAPE);
        // Loaded ahead, so that the call can be captured at all.
        enqueue(memory.request(), &rig.stream, None).unwrap();
        set_mode(Mode::OnMiss);
        rig.stub.clear_calls();
        let graph = Graph::capture(&rig.stream, |_| {
            enqueue(memory.request(), &rig.stream, None)?;
            let refused = tune_on(&mut memory.request(), &rig.stream, Effort::QUICK);
            assert!(
                matches!(refused, Err(Error::NotPrepared { .. })),
                "{refused:?}"
            );
            Ok(())
        })
        .unwrap();
        let names = rig.stub.names();
        assert!(
            !FORBIDDEN.iter().any(|name| names.contains(name)),
            "{names:?}"
        );
        let launches = names.iter().filter(|&&name| name == "cuLaunchKernel");
        assert_eq!((launches.count(), kept()), (1, 0));
        drop(graph);
        // What was taken meanwhile is not taken for measured.
        enqueue(memory.request(), &rig.stream, None).unwrap();
        assert_eq!(kept(), 1);
        drop(memory);
        rig.assert_clean();
    });
}

#[test]
fn whichever_call_of_a_race_fails_it_is_reported_and_nothing_is_left_behind() {
    with_kernels(
        "whichever_call_of_a_race_fails_it_is_reported_and_nothing_is_left_behind",
        || {
            const EFFORT: Effort = Effort {
                screening: 1,
                rounds: 2,
            };
            let count = {
                let rig = rig([SMALL]);
                let mut memory = Memory::new(&rig, SHAPE);
                rig.stub.clear_calls();
                tune_on(&mut memory.request(), &rig.stream, EFFORT).unwrap();
                rig.stub.names().len()
            };
            let mut failed = 0;
            // All calls of the beginning, then a share of those that repeat.
            for call in (1..=60).chain((61..=count).step_by(13)) {
                let rig = rig([SMALL]);
                let mut memory = Memory::new(&rig, SHAPE);
                rig.stub.fail_call(call, 2);
                // A candidate that fails leaves the race; all else is an error.
                if let Err(error) = tune_on(&mut memory.request(), &rig.stream, EFFORT) {
                    assert!(matches!(error, Error::Driver { code: 2, .. }), "{error}");
                    failed += 1;
                }
                drop(memory);
                rig.assert_clean();
            }
            assert!(count > 200 && failed > 40, "{failed} of {count}");
        },
    );
}
