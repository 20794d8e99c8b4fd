//! Which request do some bytes describe?

use crate::bytes::Bytes;
use crate::operand::{Tensor, Views, Where, size};
use robocache_core::{DType, TensorViewMut};
use robocache_voxelize::{
    Clouds, Dense, Determinism, Form, Grid, Options, Order, Output, Outside, Problem, Reductions,
    Sparse,
};

/// A request in words; nothing of it is known to be possible.
#[derive(Debug)]
pub struct Description {
    pub points: Tensor<2>,
    pub features: Option<Tensor<2>>,
    pub offsets: Option<Tensor<1>>,
    pub min: [f32; 3],
    pub voxel_size: [f32; 3],
    pub shape: [usize; 3],
    pub form: Form,
    pub order: Order,
    /// By [`Output`].
    pub outputs: [Option<Given>; Output::COUNT],
    pub options: Options,
}

/// Memory for an output, of which the first dimensions count.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    pub rank: usize,
    pub tensor: Tensor<5>,
}

/// Either form.
pub enum Request<'a> {
    Dense(Dense<'a>),
    Sparse(Sparse<'a>),
}

/// The place of an output's memory on a device, behind those of points, features and offsets.
const FIRST_OUTPUT: u64 = 3;

impl Description {
    pub fn decode(from: &mut Bytes<'_>, on: impl Fn(u64) -> Where) -> Description {
        let form = from.pick(&[Form::Dense, Form::Sparse]);
        let [count, clouds, features] = std::array::from_fn(|_| size(from));
        let shape = std::array::from_fn(|_| axis(from));
        let min = std::array::from_fn(|_| number(from, &[0.0, -1.0, 0.5, 4.0, -1e6]));
        let voxel_size = std::array::from_fn(|_| number(from, &[1.0, 4.0, 0.5, 16.0, 0.1]));
        let columns = match from.byte() {
            choice @ 0..0xf0 => 3 + usize::from(choice % 4),
            _ => size(from),
        };
        let options = Options::default()
            .outside(from.pick(&Outside::ALL))
            .determinism(from.pick(&Determinism::ALL))
            .empty(from.pick(&[0.0, -1.0, f64::NAN, 1e300]));
        let order = match form {
            Form::Dense => Order::Key,
            Form::Sparse => from.pick(&Order::ALL),
        };
        let of_points = from.pick(&[DType::F32, DType::F64, DType::F16]);
        let points = Tensor::decode(from, of_points, [count, columns], on(0));
        let features = from.flag().then(|| {
            let dtype = from.pick(&[DType::F32, DType::F16, DType::Bf16, DType::F64]);
            Tensor::decode(from, dtype, [count, features], on(1))
        });
        let offsets = from.flag().then(|| {
            let dtype = from.pick(&[DType::I64, DType::I32]);
            Tensor::decode(from, dtype, [clouds.wrapping_add(1)], on(2))
        });
        let mut description = Description {
            points,
            features,
            offsets,
            min,
            voxel_size,
            shape,
            form,
            order,
            outputs: [None; Output::COUNT],
            options,
        };
        description.outputs = description.wishes(from, on);
        description
    }

    /// Outputs of the form, each of the shape that it should have, or now and then another.
    fn wishes(
        &self,
        from: &mut Bytes<'_>,
        on: impl Fn(u64) -> Where,
    ) -> [Option<Given>; Output::COUNT] {
        let (capacity, gathered) = match self.form {
            Form::Dense => (0, 0),
            Form::Sparse => (size(from), size(from)),
        };
        let wanted = [from.byte(), from.byte()];
        Output::ALL.map(|output| {
            use Output::{Bits, Coords, Gathered, Number, Occupancy, PointToVoxel};
            let is_dense = self.form == Form::Dense;
            let has_place = match output {
                Occupancy | Bits => is_dense,
                Number | Coords | PointToVoxel | Gathered => !is_dense,
                _ => true,
            };
            let bit = wanted[output as usize / 8] >> (output as usize % 8) & 1;
            if !has_place || (bit == 0 && !matches!(output, Number | Coords)) {
                return None;
            }
            let types = types(output);
            let dtype = types[from.below(types.len())];
            let shape = self.expected(output, capacity, gathered);
            let on = on(FIRST_OUTPUT + output as u64);
            Some(Given::decode(from, dtype, &shape, on))
        })
    }

    /// B, or what would be it if there were an offset.
    pub fn batch(&self) -> usize {
        self.offsets
            .as_ref()
            .map_or(1, |offsets| offsets.layout.shape[0].saturating_sub(1))
    }

    /// F.
    pub fn columns(&self) -> usize {
        self.features
            .as_ref()
            .map_or(0, |features| features.layout.shape[1])
    }

    /// All cells of a cloud.
    pub fn cells(&self) -> u128 {
        self.shape
            .iter()
            .fold(1, |all, &n| all.saturating_mul(n as u128))
    }

    /// The shape that an output should have, where there is room for so many voxels and points of each.
    pub fn expected(&self, output: Output, capacity: usize, gathered: usize) -> Vec<usize> {
        let ([x, y, z], batch, columns) = (self.shape, self.batch(), self.columns());
        let mut each = match self.form {
            Form::Dense => vec![batch, x, y, z],
            Form::Sparse => vec![capacity],
        };
        match output {
            Output::Occupancy | Output::Count | Output::First => {}
            Output::Sum | Output::Mean | Output::Max | Output::Min => each.push(columns),
            Output::Bits => {
                let bytes = self.cells().div_ceil(8);
                each = vec![batch, usize::try_from(bytes).unwrap_or(usize::MAX)];
            }
            Output::Number => each = vec![1],
            Output::Coords => each.push(4),
            Output::PointToVoxel => each = vec![self.points.layout.shape[0]],
            Output::Gathered => each.extend([gathered, columns]),
        }
        each
    }

    /// The size of an output along an axis; 0 if there is none.
    pub fn size_of(&self, output: Output, axis: usize) -> usize {
        let given = self.outputs[output as usize];
        given.map_or(0, |given| given.tensor.layout.shape[axis])
    }

    /// The request, if every view of it is accepted.
    pub fn request<'a>(&self, grid: Grid, mut views: impl Views<'a>) -> Option<Request<'a>> {
        let mut clouds = Clouds::new(views.view(0, &self.points)?);
        if let Some(features) = &self.features {
            clouds.features = Some(views.view(1, features)?);
        }
        if let Some(offsets) = &self.offsets {
            clouds.offsets = Some(views.view(2, offsets)?);
        }
        let views = &mut views;
        Some(match self.form {
            Form::Dense => {
                let mut request = Dense::new(clouds, grid).options(self.options);
                request.occupancy = self.output(views, Output::Occupancy)?;
                request.bits = self.output(views, Output::Bits)?;
                request.cells = self.reductions(views)?;
                Request::Dense(request)
            }
            Form::Sparse => {
                let number = self.output(views, Output::Number)??;
                let coords = self.output(views, Output::Coords)??;
                let mut request = Sparse::new(clouds, grid, number, coords);
                request = request.order(self.order).options(self.options);
                request.voxels = self.reductions(views)?;
                request.point_to_voxel = self.output(views, Output::PointToVoxel)?;
                request.gathered = self.output(views, Output::Gathered)?;
                Request::Sparse(request)
            }
        })
    }

    /// A view of an output, if there is one; `None` if it was refused.
    fn output<'a, const R: usize>(
        &self,
        views: &mut impl Views<'a>,
        output: Output,
    ) -> Option<Option<TensorViewMut<'a, R>>> {
        let Some(given) = self.outputs[output as usize] else {
            return Some(None);
        };
        let view = views.view_mut(output as usize, &given.tensor.of_rank::<R>())?;
        Some(Some(view))
    }

    fn reductions<'a, const C: usize, const V: usize>(
        &self,
        views: &mut impl Views<'a>,
    ) -> Option<Reductions<'a, C, V>> {
        Some(Reductions {
            count: self.output(views, Output::Count)?,
            first: self.output(views, Output::First)?,
            sum: self.output(views, Output::Sum)?,
            mean: self.output(views, Output::Mean)?,
            max: self.output(views, Output::Max)?,
            min: self.output(views, Output::Min)?,
        })
    }

    /// What must hold of an accepted problem, whatever it lies in.
    pub fn holds(&self, problem: &Problem) {
        let sizes = [problem.batch, problem.points, problem.features];
        let expected = [self.batch(), self.points.layout.shape[0], self.columns()];
        assert_eq!((sizes, problem.shape), (expected, self.shape));
        let kinds = (
            problem.form,
            problem.order,
            problem.outside,
            problem.determinism,
        );
        let (outside, determinism) = (self.options.outside, self.options.determinism);
        assert_eq!(kinds, (self.form, self.order, outside, determinism));
        let room = [problem.capacity, problem.gathered];
        let given = [
            self.size_of(Output::Coords, 0),
            self.size_of(Output::Gathered, 1),
        ];
        assert_eq!(room, given);
        for output in Output::ALL {
            let given = &self.outputs[output as usize];
            assert_eq!(problem.wants(output), given.is_some());
            if let (Some(form), Some(given)) = (problem.outputs[output as usize], given) {
                assert_eq!(form.dtype, given.tensor.dtype);
                assert_eq!(form.strides, given.tensor.layout.strides);
                given.tensor.is_distinct();
            }
        }
        // Whatever is asked of a problem has an answer.
        let _ = (problem.key_text(), problem.bytes(), problem.cells());
    }
}

impl Given {
    fn decode(from: &mut Bytes<'_>, dtype: DType, shape: &[usize], on: Where) -> Given {
        let tensor = match *shape {
            [a] => Tensor::decode(from, dtype, [a], on).of_rank(),
            [a, b] => Tensor::decode(from, dtype, [a, b], on).of_rank(),
            [a, b, c] => Tensor::decode(from, dtype, [a, b, c], on).of_rank(),
            [a, b, c, d] => Tensor::decode(from, dtype, [a, b, c, d], on).of_rank(),
            [a, b, c, d, e] => Tensor::decode(from, dtype, [a, b, c, d, e], on),
            _ => unreachable!("outputs have one to five dimensions"),
        };
        Given {
            rank: shape.len(),
            tensor,
        }
    }
}

/// The types that an output takes.
pub fn types(output: Output) -> &'static [DType] {
    match output {
        Output::Occupancy | Output::Bits => &[DType::U8],
        Output::Count | Output::Coords => &[DType::I32],
        Output::First | Output::PointToVoxel => &[DType::I32, DType::I64],
        Output::Number => &[DType::I64],
        Output::Sum | Output::Mean | Output::Max | Output::Min | Output::Gathered => {
            &[DType::F32, DType::F16, DType::Bf16]
        }
    }
}

/// Cells along an axis, seldom none.
fn axis(from: &mut Bytes<'_>) -> usize {
    match size(from) {
        0 if from.byte() < 0xf0 => 1,
        n => n,
    }
}

/// A usual number, or any bits.
fn number(from: &mut Bytes<'_>, usual: &[f32]) -> f32 {
    match from.byte() {
        choice @ 0..0xf0 => usual[usize::from(choice) % usual.len()],
        _ => f32::from_bits(from.word() as u32),
    }
}
