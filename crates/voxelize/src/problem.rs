//! What is left of a request without its pointers: validated once, compared and planned with ever after.

use crate::request::Request;
use crate::validate::validate;
use crate::{Determinism, Order, Outside};
use robocache_core::{DType, Place, Result};
use robocache_registry::{Features, KeyText};

/// The two forms of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Form {
    /// A value for every cell.
    Dense = 0,
    /// A place for every cell with points.
    Sparse = 1,
}

impl Form {
    /// The name used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Dense => "dense",
            Form::Sparse => "sparse",
        }
    }
}

/// What a call can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Output {
    /// Of cells: whether there is a point.
    Occupancy = 0,
    /// The same as bits.
    Bits = 1,
    /// How many points.
    Count = 2,
    /// The lowest index of a point.
    First = 3,
    /// The sum of the features.
    Sum = 4,
    /// Their mean.
    Mean = 5,
    /// Their maximum.
    Max = 6,
    /// Their minimum.
    Min = 7,
    /// How many voxels.
    Number = 8,
    /// The cells of the voxels.
    Coords = 9,
    /// The voxels of the points.
    PointToVoxel = 10,
    /// The features of the first points of the voxels.
    Gathered = 11,
}

impl Output {
    /// How many there are.
    pub const COUNT: usize = 12;

    /// Every output, in the order of the discriminants.
    pub const ALL: [Output; Output::COUNT] = [
        Output::Occupancy,
        Output::Bits,
        Output::Count,
        Output::First,
        Output::Sum,
        Output::Mean,
        Output::Max,
        Output::Min,
        Output::Number,
        Output::Coords,
        Output::PointToVoxel,
        Output::Gathered,
    ];

    /// The name of the argument.
    pub const fn name(self) -> &'static str {
        match self {
            Output::Occupancy => "occupancy",
            Output::Bits => "bits",
            Output::Count => "count",
            Output::First => "first",
            Output::Sum => "sum",
            Output::Mean => "mean",
            Output::Max => "max",
            Output::Min => "min",
            Output::Number => "number",
            Output::Coords => "coords",
            Output::PointToVoxel => "point_to_voxel",
            Output::Gathered => "gathered",
        }
    }

    /// Whether it is made of the points' features.
    pub const fn is_of_features(self) -> bool {
        matches!(
            self,
            Output::Sum | Output::Mean | Output::Max | Output::Min | Output::Gathered
        )
    }
}

/// The most dimensions that an output has.
pub(crate) const RANK: usize = 5;

/// How an output lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputForm {
    /// The type of its elements.
    pub dtype: DType,
    /// Its strides, in elements; zeros behind the last dimension.
    pub strides: [isize; RANK],
    /// The largest power of two, up to 16, that divides its address.
    pub align: u8,
}

/// Everything about a request by which variants are chosen and planned.
///
/// Making one validates the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where all memory lies.
    pub place: Place,
    /// Which form the result has.
    pub form: Form,
    /// B.
    pub batch: usize,
    /// N.
    pub points: usize,
    /// F.
    pub features: usize,
    /// X, Y and Z.
    pub shape: [usize; 3],
    /// Type of the points.
    pub point_dtype: DType,
    /// Type of the features; f32 without any.
    pub feature_dtype: DType,
    /// Type of the offsets, if there are some.
    pub offsets_dtype: Option<DType>,
    /// Strides of points and columns, in elements.
    pub point_strides: [isize; 2],
    /// Likewise of the features.
    pub feature_strides: [isize; 2],
    /// Stride of the offsets.
    pub offsets_stride: isize,
    /// The largest power of two, up to 16, that divides the address of the points.
    pub point_align: u8,
    /// Likewise of the features.
    pub feature_align: u8,
    /// What is filled, by [`Output`].
    pub outputs: [Option<OutputForm>; Output::COUNT],
    /// M: voxels that there is room for; 0 for a dense result.
    pub capacity: usize,
    /// P: points that are gathered of each voxel.
    pub gathered: usize,
    /// What becomes of points outside.
    pub outside: Outside,
    /// What two runs have in common.
    pub determinism: Determinism,
    /// The order of the voxels.
    pub order: Order,
}

impl Problem {
    /// The problem of a request.
    ///
    /// # Errors
    /// Names the argument, what was found and what was expected: shapes, types, places, overlap, sizes that do not
    /// fit.
    pub(crate) fn of(request: &Request<'_>) -> Result<Problem> {
        validate(request)
    }

    /// Whether something is filled.
    #[inline]
    pub fn wants(&self, output: Output) -> bool {
        self.outputs[output as usize].is_some()
    }

    /// Whether something is made of features: where there is room for no cell, nothing is, however many there are.
    pub fn wants_features(&self) -> bool {
        let made = |output: Output| output.is_of_features() && self.wants(output);
        self.has_places() && Output::ALL.into_iter().any(made)
    }

    /// Whether features are added up, or the largest and smallest of them looked for.
    pub fn wants_totals(&self) -> bool {
        let totals = [Output::Sum, Output::Mean, Output::Max, Output::Min];
        self.has_places() && totals.into_iter().any(|output| self.wants(output))
    }

    fn has_places(&self) -> bool {
        match self.form {
            Form::Dense => self.cells() > 0,
            Form::Sparse => self.capacity > 0,
        }
    }

    /// The cells of the whole batch; saturates.
    pub fn cells(&self) -> u64 {
        let sizes = self.shape.iter().chain([&self.batch]);
        sizes.fold(1u64, |all, &n| all.saturating_mul(n as u64))
    }

    /// The features by which variants compete.
    #[inline]
    pub(crate) fn features<F: Features>(&self, into: F) -> F {
        let (form, level, order) = (self.form, self.determinism, self.order);
        let (points, of) = (self.point_dtype, self.feature_dtype);
        let mut into = into
            .with("form", form as u32, 1, form.name())
            .with("points", points as u32, 4, points.name())
            .with("features", of as u32, 4, of.name())
            .with("level", level as u32, 2, level.name())
            .with("order", order as u32, 1, order.name());
        for output in Output::ALL {
            let wanted = u32::from(self.wants(output));
            into = into.with(output.name(), wanted, 1, ["no", "yes"][wanted as usize]);
        }
        into.with_number("F_to_63", self.features.min(63) as u32, 6)
            .with_size("B", self.batch)
            .with_size("N", self.points)
            .with_size("cells", usize::try_from(self.cells()).unwrap_or(usize::MAX))
            .with_size("M", self.capacity)
    }

    /// The features by which variants compete, in words: under these a choice is kept.
    pub fn key_text(&self) -> KeyText {
        self.features(KeyText::new())
    }

    /// The bytes that have to move at least: coordinates and features once, each output once, of a sparse one as many
    /// voxels as there are points. Saturates.
    pub fn bytes(&self) -> usize {
        let product = |sizes: &[usize]| sizes.iter().fold(1usize, |p, &n| p.saturating_mul(n));
        let cells = usize::try_from(self.cells()).unwrap_or(usize::MAX);
        let places = match self.form {
            Form::Dense => cells,
            Form::Sparse => self.capacity.min(self.points),
        };
        let of_features = Output::ALL
            .iter()
            .any(|o| o.is_of_features() && self.wants(*o));
        let read = match of_features {
            true => product(&[self.points, self.features, self.feature_dtype.size()]),
            false => 0,
        };
        let written = Output::ALL.into_iter().filter_map(|output| {
            let size = self.outputs[output as usize]?.dtype.size();
            Some(match output {
                Output::Occupancy | Output::Count | Output::First => product(&[places, size]),
                Output::Bits => cells / 8,
                Output::Sum | Output::Mean | Output::Max | Output::Min => {
                    product(&[places, self.features, size])
                }
                Output::Number => size,
                Output::Coords => product(&[places, 4, size]),
                Output::PointToVoxel => product(&[self.points, size]),
                Output::Gathered => product(&[places, self.gathered, self.features, size]),
            })
        });
        let coordinates = product(&[self.points, 3, self.point_dtype.size()]);
        written.fold(coordinates.saturating_add(read), usize::saturating_add)
    }
}
