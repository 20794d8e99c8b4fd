//! In host memory.

use crate::case::Case;
use crate::exact::{exact, outputs};
use robocache_core::{Error, Layout, TensorView};
use robocache_voxelize::{Clouds, Collect, Grid, collect};

#[test]
fn owned_results_are_what_the_exact_form_gives() {
    let (mut trimmed, mut again, mut none) = (0, 0, 0);
    for seed in 0..4000 {
        let case = Case::drawn(seed);
        let wanted = case.request(case.clouds());
        let expected = exact(&wanted);
        let found = outputs(&collect(wanted).unwrap());
        assert!(
            found == expected,
            "seed {seed}: {found:?}, expected {expected:?}"
        );
        let kept = case.max_voxels.map_or(found.0, |most| most.min(found.0));
        trimmed += usize::from(kept > 0 && kept < case.count() && case.expecting.is_none());
        again += usize::from(case.expecting.is_some_and(|room| room < kept));
        none += usize::from(found.0 == 0 && case.count() > 0);
    }
    // The cases that this is about are among them.
    assert!(
        trimmed > 300 && again > 200 && none > 300,
        "{trimmed} {again} {none}"
    );
}

fn cube() -> Grid {
    Grid::new([0.0; 3], [1.0; 3], [100; 3]).unwrap()
}

#[test]
fn arrays_take_no_more_memory_than_they_need() {
    let points = [0.5f32; 3000];
    let points = TensorView::from_slice(&points, [1000, 3]).unwrap();
    let wanted = Collect::new(Clouds::new(points).features(points), cube());
    let voxels = collect(wanted.mean().gathered(5)).unwrap();
    assert_eq!((voxels.len(), voxels.is_empty()), (1, false));
    assert_eq!(voxels.coords.values.capacity(), 4);
    assert_eq!(voxels.mean.unwrap().values.capacity(), 3);
    let gathered = voxels.gathered.unwrap();
    assert_eq!(
        (gathered.shape, gathered.values.capacity()),
        ([1, 5, 3], 15)
    );
    assert_eq!(gathered.view().unwrap().shape(), [1, 5, 3]);
}

#[test]
fn clouds_without_a_point_in_the_grid_have_no_voxels() {
    let none = [0f32; 0];
    let outside = [-1f32; 30];
    let offsets = [0i64, 0, 0];
    for (points, shape) in [(&none[..], [0, 3]), (&outside[..], [10, 3])] {
        let points = TensorView::from_slice(points, shape).unwrap();
        let clouds = Clouds::new(points).features(points);
        let empty = clouds.offsets(TensorView::from_slice(&offsets, [3]).unwrap());
        let no_cloud = clouds.offsets(TensorView::from_slice(&offsets[..1], [1]).unwrap());
        for clouds in [clouds, empty, no_cloud] {
            let wanted = Collect::new(clouds, cube()).sum().point_to_voxel();
            let voxels = collect(wanted.gathered(2)).unwrap();
            assert!(voxels.is_empty() && voxels.number == 0);
            assert_eq!(voxels.coords.shape, [0, 4]);
            assert_eq!(voxels.sum.unwrap().shape, [0, 3]);
            assert_eq!(voxels.gathered.unwrap().shape, [0, 2, 3]);
            assert_eq!(voxels.point_to_voxel.unwrap().values, vec![-1; shape[0]]);
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let numbers = [0.5f32; 12];
    let points = TensorView::from_slice(&numbers, [4, 3]).unwrap();
    let clouds = Clouds::new(points);
    let refused = |wanted| collect(wanted).unwrap_err();
    let error = refused(Collect::new(clouds, cube()).mean());
    assert!(matches!(
        &error,
        Error::Shape { argument: "features", found, .. } if found == "none"
    ));
    let narrow = TensorView::from_slice(&numbers, [6, 2]).unwrap();
    let error = refused(Collect::new(Clouds::new(narrow), cube()));
    assert!(matches!(
        error,
        Error::Shape {
            argument: "points",
            ..
        }
    ));
    let nothing = TensorView::from_slice(&[0i64; 0], [0]).unwrap();
    let error = refused(Collect::new(clouds.offsets(nothing), cube()));
    assert!(matches!(
        error,
        Error::Shape {
            argument: "offsets",
            ..
        }
    ));
    let descending = [3i64, 1];
    let descending = TensorView::from_slice(&descending, [2]).unwrap();
    let error = refused(Collect::new(clouds.offsets(descending), cube()));
    assert!(matches!(error, Error::Range { .. }), "{error:?}");
}

/// The same point two thousand million times, by a stride of zero, takes no memory; what is made of it would.
#[test]
fn results_that_fit_nowhere_are_errors() {
    let (point, number) = ([0.5f32; 3], [1i32]);
    let layout = Layout::strided([i32::MAX as usize, 3], [0, 1]).unwrap();
    let points = TensorView::from_slice_strided(&point, layout, 0).unwrap();
    let clouds = Clouds::new(points).features(points);
    let error = collect(Collect::new(clouds, cube()).gathered(1 << 24)).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Memory {
                argument: "voxels",
                ..
            }
        ),
        "{error:?}"
    );
    let error = collect(Collect::new(clouds, cube()).gathered(1 << 62)).unwrap_err();
    assert!(matches!(error, Error::Overflow { .. }), "{error:?}");
    // What else is wrong goes first.
    let layout = Layout::strided([i32::MAX as usize, 3], [0, 0]).unwrap();
    let numbers = TensorView::from_slice_strided(&number, layout, 0).unwrap();
    let clouds = Clouds::new(points).features(numbers);
    let error = collect(Collect::new(clouds, cube()).gathered(1 << 24)).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::DType {
                argument: "features",
                ..
            }
        ),
        "{error:?}"
    );
}
