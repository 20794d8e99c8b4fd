//! Is a request sound? Each check names the argument, what was found and what was expected.

use crate::problem::{Form, Output, OutputForm, Problem, RANK};
use crate::request::{Reductions, Request};
use crate::{Clouds, Grid, Options, Order};
use robocache_core::{DType, Error, Place, Result, Rows, TensorView, TensorViewMut};

/// Points are counted and numbered by i32. So are the points that are gathered of a voxel and the columns of features, so
/// that the product of both fits 64 bits.
const MOST_POINTS: usize = i32::MAX as usize;
const MOST_COLUMNS: usize = i32::MAX as usize;
/// So are the cells of a dense cloud, and the places of a sparse result.
const MOST_CELLS: usize = i32::MAX as usize;
const BEYOND: Error = Error::Overflow {
    what: "the number of cells of the batch",
};

/// An output as it is given, its rank forgotten.
struct Seen {
    output: Output,
    rank: usize,
    shape: [usize; RANK],
    place: Place,
    range: Option<(u64, u64)>,
    form: OutputForm,
}

impl Seen {
    fn of<const R: usize>(output: Output, view: &TensorViewMut<'_, R>) -> Seen {
        let view = view.as_view();
        let (mut shape, mut strides) = ([0; RANK], [0; RANK]);
        shape[..R].copy_from_slice(&view.shape());
        strides[..R].copy_from_slice(&view.layout().strides);
        Seen {
            output,
            rank: R,
            shape,
            place: view.place(),
            range: view.byte_range(),
            form: OutputForm {
                dtype: view.dtype(),
                strides,
                align: alignment(view.address()),
            },
        }
    }
}

/// What is given, by [`Output`].
type Outputs = [Option<Seen>; Output::COUNT];

fn put<const R: usize>(outputs: &mut Outputs, output: Output, view: &Option<TensorViewMut<'_, R>>) {
    outputs[output as usize] = view.as_ref().map(|view| Seen::of(output, view));
}

fn put_reductions<const C: usize, const V: usize>(
    outputs: &mut Outputs,
    of: &Reductions<'_, C, V>,
) {
    put(outputs, Output::Count, &of.count);
    put(outputs, Output::First, &of.first);
    put(outputs, Output::Sum, &of.sum);
    put(outputs, Output::Mean, &of.mean);
    put(outputs, Output::Max, &of.max);
    put(outputs, Output::Min, &of.min);
}

/// What the two forms of a request have in common.
struct Common<'r, 'a> {
    form: Form,
    clouds: &'r Clouds<'a>,
    grid: &'r Grid,
    options: &'r Options,
    order: Order,
    outputs: Outputs,
}

fn look<'r, 'a>(request: &'r Request<'a>) -> Common<'r, 'a> {
    let mut outputs: Outputs = [const { None }; Output::COUNT];
    match request {
        Request::Dense(dense) => {
            put(&mut outputs, Output::Occupancy, &dense.occupancy);
            put(&mut outputs, Output::Bits, &dense.bits);
            put_reductions(&mut outputs, &dense.cells);
            Common {
                form: Form::Dense,
                clouds: &dense.clouds,
                grid: &dense.grid,
                options: &dense.options,
                order: Order::Key,
                outputs,
            }
        }
        Request::Sparse(sparse) => {
            put_reductions(&mut outputs, &sparse.voxels);
            put(&mut outputs, Output::PointToVoxel, &sparse.point_to_voxel);
            put(&mut outputs, Output::Gathered, &sparse.gathered);
            outputs[Output::Number as usize] = Some(Seen::of(Output::Number, &sparse.number));
            outputs[Output::Coords as usize] = Some(Seen::of(Output::Coords, &sparse.coords));
            Common {
                form: Form::Sparse,
                clouds: &sparse.clouds,
                grid: &sparse.grid,
                options: &sparse.options,
                order: sparse.order,
                outputs,
            }
        }
    }
}

/// Checks everything but the numbers in memory.
pub(crate) fn validate(request: &Request<'_>) -> Result<Problem> {
    let seen = look(request);
    let (clouds, outputs) = (seen.clouds, &seen.outputs);
    let sizes = check_clouds(clouds, outputs)?;
    check_cells(seen.form, seen.grid, sizes.batch)?;
    let size_of =
        |output: Output, axis: usize| outputs[output as usize].as_ref().map(|s| s.shape[axis]);
    let capacity = size_of(Output::Coords, 0).unwrap_or(0);
    let gathered = size_of(Output::Gathered, 1).unwrap_or(0);
    if capacity > MOST_CELLS {
        return Err(Error::Overflow {
            what: "the number of voxels that there is room for",
        });
    }
    if gathered > MOST_POINTS {
        return Err(Error::Overflow {
            what: "the number of points that are gathered of each voxel",
        });
    }
    for output in outputs.iter().flatten() {
        check_type(output)?;
        check_shape(
            output,
            &sizes,
            seen.form,
            seen.grid.shape(),
            capacity,
            gathered,
        )?;
    }
    let place = check_places(clouds, outputs)?;
    check_overlap(clouds, outputs)?;
    let (points, features) = (&clouds.points, clouds.features.as_ref());
    Ok(Problem {
        place,
        form: seen.form,
        batch: sizes.batch,
        points: sizes.points,
        features: sizes.features,
        shape: seen.grid.shape(),
        point_dtype: points.dtype(),
        feature_dtype: features.map_or(DType::F32, |view| view.dtype()),
        offsets_dtype: clouds.offsets.as_ref().map(|view| view.dtype()),
        point_strides: points.layout().strides,
        feature_strides: features.map_or([0, 0], |view| view.layout().strides),
        offsets_stride: clouds
            .offsets
            .as_ref()
            .map_or(0, |view| view.layout().strides[0]),
        point_align: alignment(points.address()),
        feature_align: features.map_or(16, |view| alignment(view.address())),
        outputs: std::array::from_fn(|i| outputs[i].as_ref().map(|seen| seen.form)),
        capacity,
        gathered,
        outside: seen.options.outside,
        determinism: seen.options.determinism,
        order: seen.order,
    })
}

/// B, N and F.
struct Sizes {
    batch: usize,
    points: usize,
    features: usize,
}

fn check_clouds(clouds: &Clouds<'_>, outputs: &Outputs) -> Result<Sizes> {
    let points = &clouds.points;
    let [count, columns] = points.shape();
    if columns < 3 {
        let expected = "[N, C] with at least the three columns x, y and z";
        return Err(Error::shape("points", &points.shape(), expected));
    }
    if !matches!(points.dtype(), DType::F16 | DType::F32 | DType::F64) {
        return Err(wrong_type("points", points.dtype(), "f16, f32 or f64"));
    }
    if count > MOST_POINTS {
        return Err(Error::Overflow {
            what: "the number of points",
        });
    }
    if let Some(features) = &clouds.features {
        if features.shape()[0] != count {
            let expected = format!("[{count}, F] for as many points");
            return Err(Error::shape("features", &features.shape(), expected));
        }
        if features.shape()[1] > MOST_COLUMNS {
            return Err(Error::Overflow {
                what: "the number of features",
            });
        }
        if !features.dtype().is_float() {
            return Err(wrong_type(
                "features",
                features.dtype(),
                "f16, bf16, f32 or f64",
            ));
        }
    } else if let Some(seen) = outputs.iter().flatten().find(|s| s.output.is_of_features()) {
        let expected = format!("some, as {} is asked for", seen.output.name());
        return Err(Error::Shape {
            argument: "features",
            found: "none".into(),
            expected,
        });
    }
    let batch = clouds.batch();
    if let Some(offsets) = &clouds.offsets {
        match batch {
            Some(batch) => Rows::Packed(*offsets).check(batch)?,
            None => {
                let expected = "[B + 1] for a batch of B clouds";
                return Err(Error::shape("offsets", &offsets.shape(), expected));
            }
        }
    }
    Ok(Sizes {
        batch: batch.unwrap_or(1),
        points: count,
        features: clouds.features.as_ref().map_or(0, |view| view.shape()[1]),
    })
}

fn check_cells(form: Form, grid: &Grid, batch: usize) -> Result<()> {
    if form == Form::Dense && grid.cells() > MOST_CELLS as u64 {
        return Err(Error::Range {
            argument: "grid",
            found: format!("{:?}: {} cells", grid.shape(), grid.cells()),
            expected: "at most 2^31 - 1 cells for a dense result",
        });
    }
    if batch > i32::MAX as usize {
        return Err(BEYOND);
    }
    match grid.cells().checked_mul(batch as u64) {
        Some(all) if all < 1 << 63 => Ok(()),
        _ => Err(BEYOND),
    }
}

fn wrong_type(argument: &'static str, found: DType, expected: &'static str) -> Error {
    Error::DType {
        argument,
        found,
        expected,
    }
}

fn check_type(seen: &Seen) -> Result<()> {
    use DType::{Bf16, F16, F32, I32, I64, U8};
    let (taken, expected): (&[DType], _) = match seen.output {
        Output::Occupancy | Output::Bits => (&[U8], "u8"),
        Output::Count | Output::Coords => (&[I32], "i32"),
        Output::First | Output::PointToVoxel => (&[I32, I64], "i32 or i64"),
        Output::Number => (&[I64], "i64"),
        _ => (&[F16, Bf16, F32], "f16, bf16 or f32"),
    };
    match taken.contains(&seen.form.dtype) {
        true => Ok(()),
        false => Err(wrong_type(seen.output.name(), seen.form.dtype, expected)),
    }
}

fn check_shape(
    seen: &Seen,
    sizes: &Sizes,
    form: Form,
    [x, y, z]: [usize; 3],
    m: usize,
    p: usize,
) -> Result<()> {
    let &Sizes {
        batch: b,
        points: n,
        features: f,
    } = sizes;
    let one_each: &[usize] = match form {
        Form::Dense => &[b, x, y, z],
        Form::Sparse => &[m],
    };
    let some_each: &[usize] = match form {
        Form::Dense => &[b, x, y, z, f],
        Form::Sparse => &[m, f],
    };
    let (expected, meaning): (&[usize], _) = match seen.output {
        // A dense grid has few enough cells.
        Output::Bits => (&[b, (x * y * z).div_ceil(8)], "B and a bit for each cell"),
        Output::Occupancy | Output::Count | Output::First => (one_each, "one for each cell"),
        Output::Sum | Output::Mean | Output::Max | Output::Min => (some_each, "F for each cell"),
        Output::Number => (&[1], "one number"),
        Output::Coords => (&[m, 4], "cloud, x, y and z of each voxel"),
        Output::PointToVoxel => (&[n], "one for each point"),
        Output::Gathered => (&[m, p, f], "F for each of P points of each voxel"),
    };
    let found = &seen.shape[..seen.rank];
    match found == expected {
        true => Ok(()),
        false => Err(Error::shape(
            seen.output.name(),
            found,
            format!("{expected:?}: {meaning}"),
        )),
    }
}

fn check_places(clouds: &Clouds<'_>, outputs: &Outputs) -> Result<Place> {
    let place = clouds.points.place();
    let inputs = [
        ("features", clouds.features.as_ref().map(TensorView::place)),
        ("offsets", clouds.offsets.as_ref().map(TensorView::place)),
    ];
    let written = outputs.iter().flatten();
    let written = written.map(|seen| (seen.output.name(), Some(seen.place)));
    for (argument, found) in inputs.into_iter().chain(written) {
        if let Some(found) = found
            && found != place
        {
            return Err(Error::memory(
                argument,
                format!("lies in {found}, the points in {place}"),
            ));
        }
    }
    Ok(place)
}

fn check_overlap(clouds: &Clouds<'_>, outputs: &Outputs) -> Result<()> {
    let inputs = [
        ("points", clouds.points.byte_range()),
        (
            "features",
            clouds.features.as_ref().and_then(TensorView::byte_range),
        ),
        (
            "offsets",
            clouds.offsets.as_ref().and_then(TensorView::byte_range),
        ),
    ];
    for (at, seen) in outputs.iter().enumerate() {
        let Some(seen) = seen else { continue };
        let before = outputs[..at].iter().flatten();
        let before = before.map(|other| (other.output.name(), other.range));
        for (other, taken) in inputs.into_iter().chain(before) {
            if overlap(seen.range, taken) {
                let problem = format!("overlaps {other}");
                return Err(Error::memory(seen.output.name(), problem));
            }
        }
    }
    Ok(())
}

fn overlap(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> bool {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => a < d && c < b,
        _ => false,
    }
}

fn alignment(address: u64) -> u8 {
    1 << address.trailing_zeros().min(4)
}
