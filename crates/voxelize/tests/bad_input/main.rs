//! Requests that are refused: the error names the argument, and no output is touched.

use robocache_core::{Error, Layout, Place, TensorView, TensorViewMut, f16};
use robocache_voxelize::{Clouds, Dense, Grid, Options, Sparse, voxelize_dense, voxelize_sparse};

const POINTS: [f32; 12] = [0.5; 12];

fn grid() -> Grid {
    Grid::new([0.0; 3], [1.0; 3], [2, 3, 4]).unwrap()
}

fn points() -> TensorView<'static, 2> {
    TensorView::from_slice(&POINTS, [4, 3]).unwrap()
}

/// The argument that an error names.
fn argument(error: &Error) -> &'static str {
    match error {
        Error::Shape { argument, .. }
        | Error::DType { argument, .. }
        | Error::Range { argument, .. }
        | Error::Memory { argument, .. } => argument,
        other => panic!("{other:?}"),
    }
}

/// What a dense request is refused for.
fn dense<'a>(change: impl FnOnce(Dense<'a>) -> Dense<'a>) -> Error {
    voxelize_dense(change(Dense::new(Clouds::new(points()), grid()))).unwrap_err()
}

/// What a sparse request with room for two voxels is refused for.
fn sparse(change: impl FnOnce(Sparse<'_>) -> Sparse<'_>) -> Error {
    let (mut number, mut coords) = ([-7i64], [-7i32; 8]);
    let request = Sparse::new(
        Clouds::new(points()),
        grid(),
        TensorViewMut::from_slice(&mut number, [1]).unwrap(),
        TensorViewMut::from_slice(&mut coords, [2, 4]).unwrap(),
    );
    let error = voxelize_sparse(change(request)).unwrap_err();
    assert_eq!((number, coords), ([-7], [-7; 8]));
    error
}

#[test]
fn shapes() {
    let mut cells = [7i32; 24];
    let mut floats = [7f32; 48];
    let error = dense(|request| {
        let count = TensorViewMut::from_slice(&mut cells, [1, 4, 3, 2]).unwrap();
        request.count(count)
    });
    assert!(error.to_string().contains("[1, 2, 3, 4]"), "{error}");
    assert_eq!(argument(&error), "count");
    let flat = TensorView::from_slice(&POINTS, [6, 2]).unwrap();
    let error = dense(|request| Dense {
        clouds: Clouds::new(flat),
        ..request
    });
    assert_eq!(argument(&error), "points");
    let features = TensorView::from_slice(&POINTS, [6, 2]).unwrap();
    let error = dense(|mut request| {
        request.clouds = request.clouds.features(features);
        request
    });
    assert_eq!(argument(&error), "features");
    assert!(error.to_string().contains("[4, F]"), "{error}");
    let error = dense(|request| {
        let mean = TensorViewMut::from_slice(&mut floats, [1, 2, 3, 4, 2]).unwrap();
        request.mean(mean)
    });
    assert_eq!(argument(&error), "features");
    assert!(error.to_string().contains("mean"), "{error}");
    let error = dense(|mut request| {
        request.clouds = request
            .clouds
            .offsets(TensorView::from_slice(&[0i64; 0], [0]).unwrap());
        request
    });
    assert_eq!(argument(&error), "offsets");
    let mut bits = [7u8; 4];
    let error =
        dense(|request| request.bits(TensorViewMut::from_slice(&mut bits, [1, 4]).unwrap()));
    assert_eq!(argument(&error), "bits");
    let mut map = [7i32; 5];
    let error = sparse(|request| {
        // SAFETY: never written to, as the request is refused.
        let map = unsafe {
            let layout = Layout::contiguous([5]).unwrap();
            TensorViewMut::from_raw(
                map.as_mut_ptr().cast(),
                robocache_core::DType::I32,
                layout,
                Place::Host,
            )
        };
        request.point_to_voxel(map.unwrap())
    });
    assert_eq!(argument(&error), "point_to_voxel");
    assert!(cells == [7; 24] && floats == [7.0; 48] && bits == [7; 4] && map == [7; 5]);
}

#[test]
fn types() {
    let integers = [1i32; 12];
    let error = dense(|request| Dense {
        clouds: Clouds::new(TensorView::from_slice(&integers, [4, 3]).unwrap()),
        ..request
    });
    assert_eq!(argument(&error), "points");
    let error = dense(|mut request| {
        request.clouds = request
            .clouds
            .features(TensorView::from_slice(&integers, [4, 3]).unwrap());
        request
    });
    assert_eq!(argument(&error), "features");
    let halves = [f16::ONE; 2];
    let error = dense(|mut request| {
        request.clouds = request
            .clouds
            .offsets(TensorView::from_slice(&halves, [2]).unwrap());
        request
    });
    assert_eq!(argument(&error), "offsets");
    let mut wrong = [7i64; 24];
    let error = dense(|request| {
        request.count(TensorViewMut::from_slice(&mut wrong, [1, 2, 3, 4]).unwrap())
    });
    assert_eq!(argument(&error), "count");
    assert_eq!(wrong, [7; 24]);
    let mut doubles = [7f64; 24];
    let error = dense(|mut request| {
        request.clouds = request
            .clouds
            .features(TensorView::from_slice(&POINTS[..4], [4, 1]).unwrap());
        request.max(TensorViewMut::from_slice(&mut doubles, [1, 2, 3, 4, 1]).unwrap())
    });
    assert_eq!(argument(&error), "max");
    assert!(error.to_string().contains("f16, bf16 or f32"), "{error}");
    assert_eq!(doubles, [7.0; 24]);
}

#[test]
fn offsets_that_descend_or_leave_the_points() {
    for list in [[0, 3, 2], [0, 2, 5], [-1, 2, 4]] {
        let mut count = [7i32; 48];
        let error = dense(|mut request| {
            request.clouds = request
                .clouds
                .offsets(TensorView::from_slice(&list, [3]).unwrap());
            request.count(TensorViewMut::from_slice(&mut count, [2, 2, 3, 4]).unwrap())
        });
        assert_eq!(argument(&error), "offsets");
        assert_eq!(count, [7; 48]);
    }
}

#[test]
fn memory_that_overlaps_or_lies_elsewhere() {
    let mut shared = [0.5f32; 24];
    let all = shared.as_mut_ptr().cast::<u8>();
    // SAFETY: the request is refused before anything is read or written.
    let error = unsafe {
        let flat = Layout::contiguous([4, 3]).unwrap();
        let points =
            TensorView::from_raw(all, robocache_core::DType::F32, flat, Place::Host).unwrap();
        let cells = Layout::contiguous([1, 2, 3, 4]).unwrap();
        let count =
            TensorViewMut::from_raw(all, robocache_core::DType::I32, cells, Place::Host).unwrap();
        voxelize_dense(Dense::new(Clouds::new(points), grid()).count(count)).unwrap_err()
    };
    assert_eq!(argument(&error), "count");
    assert!(error.to_string().contains("overlaps points"), "{error}");
    // SAFETY: as above.
    let elsewhere = unsafe {
        let flat = Layout::contiguous([4, 3]).unwrap();
        TensorView::from_raw(
            4096 as *const u8,
            robocache_core::DType::F32,
            flat,
            Place::Cuda(0),
        )
    }
    .unwrap();
    let error = dense(|request| Dense {
        clouds: Clouds::new(elsewhere),
        ..request
    });
    assert_eq!(argument(&error), "points");
    let error = dense(|mut request| {
        request.clouds = request.clouds.features(elsewhere);
        request
    });
    assert_eq!(argument(&error), "features");
}

#[test]
fn sizes_whose_product_is_no_number() {
    let nowhere: [f32; 0] = [];
    let points = TensorView::from_slice(&nowhere, [0, 3]).unwrap();
    let most = i32::MAX as usize;
    let grid = Grid::new([0.0; 3], [1.0; 3], [most, most, 1]).unwrap();
    let (mut number, mut coords) = ([-7i64], [-7i32; 8]);
    let offsets = [0i32; 9];
    let mut clouds = Clouds::new(points);
    clouds.offsets = Some(TensorView::from_slice(&offsets, [9]).unwrap());
    let request = Sparse::new(
        clouds,
        grid,
        TensorViewMut::from_slice(&mut number, [1]).unwrap(),
        TensorViewMut::from_slice(&mut coords, [2, 4]).unwrap(),
    );
    let error = voxelize_sparse(request).unwrap_err();
    assert!(matches!(error, Error::Overflow { .. }), "{error}");
    let layout = Layout::strided([1 << 31, 3], [0, 1]).unwrap();
    let broadcast = TensorView::from_slice_strided(&POINTS, layout, 0).unwrap();
    let error = dense(|request| Dense {
        clouds: Clouds::new(broadcast),
        ..request
    });
    assert!(matches!(error, Error::Overflow { .. }), "{error}");
}

/// Without room for a voxel they would take no memory.
#[test]
fn more_gathered_points_or_features_than_can_be_numbered() {
    let beyond = 1usize << 31;
    for (gathered, features, what) in [(beyond, 2, "gathered"), (2, beyond, "features")] {
        let layout = Layout::strided([4, features], [1, 0]).unwrap();
        let view = TensorView::from_slice_strided(&POINTS, layout, 0).unwrap();
        let (mut number, mut coords, mut values) = ([-7i64], [0i32; 0], [0f32; 0]);
        let request = Sparse::new(
            Clouds::new(points()).features(view),
            grid(),
            TensorViewMut::from_slice(&mut number, [1]).unwrap(),
            TensorViewMut::from_slice(&mut coords, [0, 4]).unwrap(),
        );
        let room = TensorViewMut::from_slice(&mut values, [0, gathered, features]).unwrap();
        let error = voxelize_sparse(request.gathered(room)).unwrap_err();
        assert!(matches!(error, Error::Overflow { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(number, [-7]);
    }
}

#[test]
fn a_variant_that_does_not_exist() {
    let error = dense(|request| request.options(Options::default().forced("voxelize.none.cpu")));
    assert_eq!(argument(&error), "variant");
}
