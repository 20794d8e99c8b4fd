//! Does the demo find the differences that it says there are none of?

use super::*;
use crate::robot_log::random::Random;
use std::path::PathBuf;

/// A small scan of some points, one of them nowhere, in a few cells.
fn scene(folder: &std::path::Path) -> Scene {
    let mut random = Random::new(3, 0);
    let mut text = "x,y,z,intensity\nnan,0,0,1\n".to_owned();
    for _ in 0..120 {
        let [x, y, z] = [(); 3].map(|()| random.between(-2.0, 2.0));
        let intensity = random.between(-1.0, 1.0);
        text += &format!("{x},{y},{z},{intensity}\n");
    }
    let file: PathBuf = folder.join("scan.csv");
    std::fs::write(&file, text).expect("written");
    let source = Source::read(&file, None).expect("a scan");
    // Of a map of 4 x 4 cells and 121 points of doubles, twice.
    source.scene(1.0, 5000).expect("a scene")
}

#[test]
fn a_single_difference_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = scene(folder.path());
    assert_eq!((scene.scans.batch(), scene.ground.shape()), (2, [4, 4, 1]));
    let (id, reference) = super::reference(&scene).expect("voxels");
    assert_eq!(id, "voxelize.scalar.cpu");
    let made = || super::reference(&scene).expect("voxels").1;
    made().agree(&reference, &scene).expect("the same");
    type Change = fn(&mut Outputs<Host>);
    let changes: [(&str, Change); 7] = [
        ("count of the ground", |o| o.count.values[3] += 1),
        ("max of the ground", |o| {
            o.max.values[5] = o.max.values[5].next_up()
        }),
        ("coords", |o| o.voxels.coords.values[1] += 1),
        ("count", |o| o.voxels.count.as_mut().unwrap().values[2] += 1),
        ("mean", |o| {
            let mean = &mut o.voxels.mean.as_mut().unwrap().values[7];
            *mean = mean.next_down();
        }),
        ("voxels, found", |o| o.number.values[0] += 1),
        ("coords", |o| o.voxels.coords.shape[0] -= 1),
    ];
    for (name, change) in changes {
        let mut other = made();
        change(&mut other);
        let error = other.agree(&reference, &scene).expect_err(name);
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

/// What devices and the reference have in common could still be wrong.
#[test]
fn a_map_that_is_not_the_ground_of_its_voxels_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = scene(folder.path());
    let moved = |change: fn(&mut Outputs<Host>)| {
        let [mut one, mut other] = [(); 2].map(|()| super::reference(&scene).expect("voxels").1);
        change(&mut one);
        change(&mut other);
        let error = one.agree(&other, &scene).expect_err("it is wrong");
        error.to_string()
    };
    let error = moved(|o| o.count.values.swap(0, 1));
    assert!(error.contains("the voxels above it"), "{error}");
    let error = moved(|o| {
        o.count.values[0] -= 1;
        o.voxels.count.as_mut().unwrap().values[0] -= 1;
    });
    assert!(error.contains("are finite"), "{error}");
}

#[test]
#[cfg(feature = "cuda")]
fn every_device_is_measured_and_held_against_the_reference() {
    let folder = tempfile::tempdir().expect("a folder");
    let scene = scene(folder.path());
    let count = crate::device::testing::on_each(|device| {
        let alone = std::slice::from_ref(device);
        let made = voxelize(&scene, alone).expect("the same bits");
        let [map, voxels] = &made.measured[..] else {
            panic!("{:?}", made.measured);
        };
        for measured in [map, voxels] {
            assert_eq!(measured.device, device.name());
            let target = robocache::voxelize::dispatcher().by_id(measured.variant);
            assert!(
                target
                    .expect("a variant")
                    .info
                    .runs_on(device.caps())
                    .is_ok()
            );
        }
        assert!(made.agreement.contains(&device.name()));
        let report = made.report(&scene).expect("a picture");
        assert!(report.picture.starts_with(b"\x89PNG"));
        assert_eq!(report.runs.len(), 2);
        assert!(report.facts.contains("121 points"), "{}", report.facts);
    });
    assert!(count > 1, "there is no device but the CPU");
}
