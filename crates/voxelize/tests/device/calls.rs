//! Graphs, workspaces, and what a call asks of the driver.

use crate::on_each;
use crate::scene::Scene;
use robocache_core::Error;
use robocache_cuda::{Context, DeviceBuffer, Graph, Stream, Workspace};
use robocache_testkit::emulate::{Emulation, Order};
use robocache_testkit::stub::{Config, Device, Stub};
use robocache_voxelize::{Determinism, Plan, enqueue};
use std::sync::Arc;

const LEVEL: Determinism = Determinism::RunToRun;

/// The outputs of both forms as plain calls leave them.
fn expected(scene: &mut Scene, stream: &Arc<Stream>) -> [Vec<Vec<u8>>; 2] {
    scene.spoil(stream);
    enqueue(scene.dense(LEVEL), stream).unwrap();
    let dense = scene.outputs(stream).unwrap();
    scene.spoil(stream);
    enqueue(scene.sparse(LEVEL), stream).unwrap();
    [dense, scene.outputs(stream).unwrap()]
}

#[test]
fn both_forms_can_be_captured_and_replayed() {
    on_each(|context, _| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let mut scene = Scene::new(&stream, 500, 1).unwrap();
        let other = Scene::new(&stream, 500, 2).unwrap();
        let first = expected(&mut scene, &stream);
        let plans = [
            Plan::new_cuda(&mut scene.dense(LEVEL), context).unwrap(),
            Plan::new_cuda(&mut scene.sparse(LEVEL), context).unwrap(),
        ];
        let room = |plan: &Plan| DeviceBuffer::new(context, plan.workspace_bytes()).unwrap();
        let mut memory = [room(&plans[0]), room(&plans[1])];
        let mut graphs = plans.iter().zip(&mut memory).enumerate();
        let mut graphs: Vec<_> = graphs
            .by_ref()
            .map(|(form, (plan, memory))| {
                let graph = Graph::capture(&stream, |stream| {
                    let workspace = Workspace::from(&mut *memory);
                    match form {
                        0 => plan.launch(scene.dense(LEVEL), workspace, stream),
                        _ => plan.launch(scene.sparse(LEVEL), workspace, stream),
                    }
                });
                graph.unwrap()
            })
            .collect();
        // Again and again, and with other points in the same memory.
        for round in 0..3 {
            if round == 2 {
                let bytes = other.points.len();
                scene
                    .points
                    .copy_from(&stream, &other.points, bytes)
                    .unwrap();
            }
            let now = match round {
                2 => expected(&mut scene, &stream),
                _ => first.clone(),
            };
            for (graph, expected) in graphs.iter_mut().zip(&now) {
                scene.spoil(&stream);
                graph.launch(&stream).unwrap();
                assert!(
                    scene.outputs(&stream).unwrap() == *expected,
                    "round {round}"
                );
            }
        }
        assert!(expected(&mut scene, &stream) != first);
    });
}

fn with_plan(context: &Arc<Context>, scene: &mut Scene) -> (Plan, DeviceBuffer) {
    let plan = Plan::new_cuda(&mut scene.sparse(LEVEL), context).unwrap();
    let memory = DeviceBuffer::new(context, plan.workspace_bytes()).unwrap();
    (plan, memory)
}

/// With a plan and a workspace a call launches kernels and does nothing else.
#[test]
fn a_call_only_launches() {
    let stub = Stub::install(Config {
        emulation: Some(Emulation::new(Order::Ascending)),
        ..Config::new([Device::H200])
    });
    let driver = stub.driver().unwrap();
    let context = driver.context(0).unwrap();
    let stream = Arc::new(Stream::new(&context).unwrap());
    let mut scene = Scene::new(&stream, 300, 3).unwrap();
    let (plan, mut memory) = with_plan(&context, &mut scene);
    let before = stub.names().len();
    let workspace = Workspace::from(&mut memory);
    plan.launch(scene.sparse(LEVEL), workspace, &stream)
        .unwrap();
    let names: Vec<_> = stub.names().split_off(before);
    let launches = names
        .iter()
        .filter(|name| name.starts_with("cuLaunchKernel"));
    assert_eq!(launches.count(), 5, "{names:?}");
    let rest = |name: &&&str| !name.starts_with("cuLaunchKernel") && !name.starts_with("cuCtxP");
    assert_eq!(names.iter().find(rest), None);
}

#[test]
fn what_does_not_belong_to_a_plan_is_refused() {
    on_each(|context, _| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let mut scene = Scene::new(&stream, 300, 3).unwrap();
        let (plan, mut memory) = with_plan(context, &mut scene);
        let mut less = DeviceBuffer::new(context, plan.workspace_bytes() - 1).unwrap();
        let too_small = Workspace::from(&mut less);
        let refused = plan.launch(scene.sparse(LEVEL), too_small, &stream);
        assert!(matches!(refused, Err(Error::Memory { .. })), "{refused:?}");
        let workspace = Workspace::from(&mut memory);
        let refused = plan.launch(scene.dense(LEVEL), workspace, &stream);
        assert!(matches!(refused, Err(Error::Memory { .. })), "{refused:?}");
        let refused = plan.run(scene.sparse(LEVEL));
        assert!(matches!(refused, Err(Error::Memory { .. })), "{refused:?}");
        let refused = Plan::new_cpu(&mut scene.sparse(LEVEL)).err();
        assert!(matches!(refused, Some(Error::Memory { .. })), "{refused:?}");
    });
}
