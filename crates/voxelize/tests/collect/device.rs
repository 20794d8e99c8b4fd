//! On the CUDA devices that are there, and on emulated ones.

use crate::case::{COLUMNS, Case, FEATURES};
use crate::exact::{exact, outputs};
use robocache_core::{Error, Layout, Place, Result};
use robocache_cuda::{Context, DeviceBuffer, Driver, Graph, Stream};
use robocache_registry::DeviceId;
use robocache_testkit::devices::devices;
use robocache_testkit::emulate::{self, Emulation, Order};
use robocache_testkit::stub::{Config, Device, Stub};
use robocache_voxelize::{Determinism, OnDevice, Voxels, collect, collect_on};
use std::sync::Arc;

/// Calls `work` for each device; how many cases it may take.
fn on_each(work: impl Fn(&Arc<Context>, u64)) {
    for device in devices() {
        match (device.id, device.emulated) {
            (DeviceId::Cpu, _) => {}
            (DeviceId::Cuda(_), Some((model, order))) => {
                let run = || work(&emulate::context(0).unwrap(), 400);
                emulate::instead(&[model], order, run).unwrap();
            }
            (DeviceId::Cuda(ordinal), None) => {
                let driver = Driver::open().unwrap();
                work(&driver.context(ordinal).unwrap(), 1000);
            }
        }
    }
}

/// A case's clouds in device memory.
struct Uploaded {
    points: DeviceBuffer,
    offsets: Option<DeviceBuffer>,
}

impl Uploaded {
    fn new(case: &Case, stream: &Stream) -> Result<Uploaded> {
        let offsets = case.offsets.as_ref();
        let offsets = offsets.map(|offsets| DeviceBuffer::upload(stream, offsets));
        Ok(Uploaded {
            points: DeviceBuffer::upload(stream, &case.points)?,
            offsets: offsets.transpose()?,
        })
    }

    fn collect(&self, case: &Case, stream: &Arc<Stream>) -> Result<Voxels<OnDevice>> {
        let view = |from: usize, columns| {
            let layout = Layout::strided([case.count(), columns], [COLUMNS as isize, 1])?;
            self.points.view::<f32, 2>(4 * from, layout)
        };
        let offsets = self.offsets.as_ref().map(|offsets| {
            let layout = Layout::contiguous([offsets.len() / 8])?;
            offsets.view::<i64, 1>(0, layout)
        });
        let clouds = case.with_parts(view(0, 3)?, view(3, FEATURES)?, offsets.transpose()?);
        collect_on(case.request(clouds), stream)
    }
}

/// A case whose sums are the same everywhere.
fn strict(seed: u64) -> Case {
    let mut case = Case::drawn(seed);
    case.options = case.options.determinism(Determinism::CpuEqualsGpu);
    case
}

#[test]
fn owned_results_on_devices_are_the_bytes_of_the_cpu() {
    on_each(|context, seeds| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let (mut trimmed, mut again) = (0, 0);
        for seed in 0..seeds {
            let case = strict(seed);
            let expected = exact(&case.request(case.clouds()));
            let uploaded = Uploaded::new(&case, &stream).unwrap();
            let voxels = uploaded.collect(&case, &stream).unwrap();
            let coords = voxels.coords.view().unwrap();
            assert_eq!(coords.place(), context.place());
            // No more memory than it takes.
            assert_eq!(voxels.coords.values.len(), 16 * voxels.len());
            let found = outputs(&voxels.download(&stream).unwrap());
            assert!(
                found == expected,
                "seed {seed}: {found:?}, expected {expected:?}"
            );
            let kept = voxels.len();
            trimmed += usize::from(kept > 0 && kept < case.count() && case.expecting.is_none());
            again += usize::from(case.expecting.is_some_and(|room| room < kept));
        }
        assert!(trimmed > 20 && again > 20, "{trimmed} {again}");
    });
}

/// A case with voxels to trim and every output.
fn rich() -> Case {
    let mut cases = (0..).map(strict);
    let is_rich = |case: &Case| {
        let wanted = case.request(case.clouds());
        let all = [wanted.count, wanted.mean, wanted.point_to_voxel];
        let voxels = exact(&wanted).0;
        all == [true; 3]
            && wanted.gathered.is_some()
            && (case.expecting, case.max_voxels) == (None, None)
            && (10..case.count()).contains(&voxels)
    };
    cases.find(is_rich).unwrap()
}

#[test]
fn every_failure_of_the_driver_is_an_error_that_leaves_nothing_behind() {
    let (case, mut failures) = (rich(), 0);
    for n in 1.. {
        let stub = Stub::install(Config {
            emulation: Some(Emulation::new(Order::Ascending)),
            ..Config::new([Device::H200])
        });
        let driver = stub.driver().unwrap();
        let stream = Arc::new(Stream::new(&driver.context(0).unwrap()).unwrap());
        let uploaded = Uploaded::new(&case, &stream).unwrap();
        stub.fail_call(n, 2);
        let work = || uploaded.collect(&case, &stream)?.download(&stream);
        let found = work();
        let failed = stub.failed().map(|call| stub.names()[call]);
        if failed.is_none() {
            assert!(outputs(&found.unwrap()) == exact(&case.request(case.clouds())));
            break;
        }
        match found {
            // What fails while memory is given back does not fail the call: it is done.
            Ok(voxels) => {
                let is_release =
                    |name: &str| name.starts_with("cuMemFree") || name.starts_with("cuCtx");
                assert!(failed.is_some_and(is_release), "call {n}: {failed:?}");
                assert!(outputs(&voxels) == exact(&case.request(case.clouds())));
            }
            Err(error) => assert!(matches!(error, Error::Driver { .. }), "{error:?}"),
        }
        failures += 1;
        drop((uploaded, stream, driver));
        assert_eq!(stub.violations(), [""; 0]);
        assert_eq!(stub.leaks(), [""; 0], "call {n}: {failed:?}");
    }
    assert!(failures > 20, "{failures}");
}

#[test]
fn a_stream_that_is_captured_is_not_waited_for() {
    on_each(|context, _| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let case = rich();
        let uploaded = Uploaded::new(&case, &stream).unwrap();
        let mut refused = None;
        let captured = Graph::capture(&stream, |_| {
            refused = Some(uploaded.collect(&case, &stream).map(|_| ()));
            Ok(())
        });
        assert!(
            matches!(
                refused,
                Some(Err(Error::Memory {
                    argument: "stream",
                    ..
                }))
            ),
            "{refused:?}"
        );
        // And the capture goes on.
        captured.unwrap();
    });
}

#[test]
fn memory_of_another_place_is_refused() {
    on_each(|context, _| {
        let stream = Arc::new(Stream::new(context).unwrap());
        let case = rich();
        let refused = collect_on(case.request(case.clouds()), &stream).unwrap_err();
        assert!(refused.to_string().contains("host memory"), "{refused}");
        let uploaded = Uploaded::new(&case, &stream).unwrap();
        let layout = Layout::contiguous([case.count(), COLUMNS]).unwrap();
        let points = uploaded.points.view::<f32, 2>(0, layout).unwrap();
        assert_eq!(points.place(), Place::Cuda(context.ordinal()));
        let clouds = case.with_parts(points, points, None);
        let refused = collect(case.request(clouds)).unwrap_err();
        assert!(
            matches!(
                refused,
                Error::Memory {
                    argument: "points",
                    ..
                }
            ),
            "{refused:?}"
        );
    });
}
