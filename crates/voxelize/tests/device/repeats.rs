//! The same bytes on every run, whatever else the device does.

use crate::on_each;
use crate::scene::Scene;
use robocache_cuda::{DeviceBuffer, Stream};
use robocache_testkit::devices::number;
use robocache_voxelize::{Determinism, enqueue};
use std::sync::Arc;

#[test]
fn runs_differ_in_no_byte() {
    let thin = number("ROBOCACHE_TEST_THIN", 1).max(1) as usize;
    on_each(|context, emulated| {
        let (points, runs) = match emulated {
            true => (400, 3),
            false => (200_000 / thin, (100 / thin).max(2)),
        };
        let stream = Arc::new(Stream::new(context).unwrap());
        let beside = Stream::new(context).unwrap();
        let mut other = DeviceBuffer::new(context, 32 << 20).unwrap();
        let mut scene = Scene::new(&stream, points, 5).unwrap();
        for level in [Determinism::RunToRun, Determinism::CpuEqualsGpu] {
            let mut first = None;
            for run in 0..runs {
                scene.spoil(&stream);
                for value in 0..(run % 4) as u8 {
                    other.fill(&beside, value).unwrap();
                }
                enqueue(scene.dense(level), &stream).unwrap();
                let dense = scene.outputs(&stream).unwrap();
                scene.spoil(&stream);
                enqueue(scene.sparse(level), &stream).unwrap();
                let found = [dense, scene.outputs(&stream).unwrap()];
                match &first {
                    None => first = Some(found),
                    Some(first) => assert!(found == *first, "run {run}, {level:?}"),
                }
            }
        }
        beside.synchronize().unwrap();
    });
}
