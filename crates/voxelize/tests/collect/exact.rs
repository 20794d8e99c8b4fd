//! The exact form, with memory made here.

use crate::case::FEATURES;
use robocache_core::TensorViewMut;
use robocache_voxelize::{Collect, Sparse, Voxels, voxelize_sparse};

/// The shape of an output, and its elements as bits.
pub type Output = Option<(Vec<usize>, Vec<u32>)>;

/// How many voxels there are, and the outputs in the order of [`Voxels`].
pub type Outputs = (usize, [Output; 9]);

fn i32s(shape: &[usize], values: &[i32]) -> Output {
    Some((shape.to_vec(), values.iter().map(|&v| v as u32).collect()))
}

fn f32s(shape: &[usize], values: &[f32]) -> Output {
    let bits = values.iter().map(|v| v.to_bits());
    Some((shape.to_vec(), bits.collect()))
}

/// What a result holds.
pub fn outputs(voxels: &Voxels) -> Outputs {
    macro_rules! of {
        ($kind:ident, $array:expr) => {
            $array
                .as_ref()
                .and_then(|array| $kind(&array.shape, &array.values))
        };
    }
    let all = [
        i32s(&voxels.coords.shape, &voxels.coords.values),
        of!(i32s, voxels.count),
        of!(i32s, voxels.first),
        of!(f32s, voxels.sum),
        of!(f32s, voxels.mean),
        of!(f32s, voxels.max),
        of!(f32s, voxels.min),
        of!(i32s, voxels.point_to_voxel),
        of!(f32s, voxels.gathered),
    ];
    (voxels.number, all)
}

/// How many voxels there are, as the counter of a call without room for any tells.
fn number(wanted: &Collect<'_>) -> usize {
    let mut number = [-1i64];
    let request = Sparse::new(
        wanted.clouds,
        wanted.grid,
        TensorViewMut::from_slice(&mut number, [1]).unwrap(),
        TensorViewMut::from_slice(&mut [0i32; 0], [0, 4]).unwrap(),
    );
    voxelize_sparse(request.options(wanted.options)).unwrap();
    usize::try_from(number[0]).unwrap()
}

/// What the exact form gives with as much room as there are voxels, or as are to be kept of them.
pub fn exact(wanted: &Collect<'_>) -> Outputs {
    let all = number(wanted);
    let m = wanted.max_voxels.map_or(all, |most| most.min(all));
    let [n, _] = wanted.clouds.points.shape();
    let (f, p) = (FEATURES, wanted.gathered.unwrap_or(0));
    let mut number = [-7i64];
    let mut coords = vec![-7i32; 4 * m];
    let [mut count, mut first] = [vec![-7i32; m], vec![-7i32; m]];
    let mut map = vec![-7i32; n];
    let [mut sum, mut mean, mut max, mut min] = [(); 4].map(|()| vec![-7.5f32; m * f]);
    let mut gathered = vec![-7.5f32; m * p * f];
    let mut request = Sparse::new(
        wanted.clouds,
        wanted.grid,
        TensorViewMut::from_slice(&mut number, [1]).unwrap(),
        TensorViewMut::from_slice(&mut coords, [m, 4]).unwrap(),
    )
    .order(wanted.order)
    .options(wanted.options);
    macro_rules! give {
        ($wanted:expr, $request:expr, $memory:ident, $shape:expr) => {
            if $wanted {
                $request = Some(TensorViewMut::from_slice(&mut $memory, $shape).unwrap());
            }
        };
    }
    give!(wanted.count, request.voxels.count, count, [m]);
    give!(wanted.first, request.voxels.first, first, [m]);
    give!(wanted.sum, request.voxels.sum, sum, [m, f]);
    give!(wanted.mean, request.voxels.mean, mean, [m, f]);
    give!(wanted.max, request.voxels.max, max, [m, f]);
    give!(wanted.min, request.voxels.min, min, [m, f]);
    give!(wanted.point_to_voxel, request.point_to_voxel, map, [n]);
    let wants_gathered = wanted.gathered.is_some();
    give!(wants_gathered, request.gathered, gathered, [m, p, f]);
    voxelize_sparse(request).unwrap();
    assert_eq!(number[0], all as i64);
    let if_wanted = |wanted: bool, output: Output| output.filter(|_| wanted);
    let outputs = [
        i32s(&[m, 4], &coords),
        if_wanted(wanted.count, i32s(&[m], &count)),
        if_wanted(wanted.first, i32s(&[m], &first)),
        if_wanted(wanted.sum, f32s(&[m, f], &sum)),
        if_wanted(wanted.mean, f32s(&[m, f], &mean)),
        if_wanted(wanted.max, f32s(&[m, f], &max)),
        if_wanted(wanted.min, f32s(&[m, f], &min)),
        if_wanted(wanted.point_to_voxel, i32s(&[n], &map)),
        if_wanted(wants_gathered, f32s(&[m, p, f], &gathered)),
    ];
    (all, outputs)
}
