//! A problem with its inputs, and the outputs that are wanted.

use super::{judge, run};
use crate::{Form, Grid, Options, Order, Output};
use robocache_core::{DType, Error, Result};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, DeviceId};
use robocache_testkit::operand::{Operand, Space, Style};

/// An output that is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// The type of its elements.
    pub dtype: DType,
    /// How it lies in memory; of fewer dimensions the first ones count.
    pub style: Style<5>,
}

impl Wish {
    /// Contiguous, of a type.
    pub fn of(dtype: DType) -> Wish {
        let style = Style::default();
        Wish { dtype, style }
    }
}

/// All outputs, by [`Output`].
pub type Wishes = [Option<Wish>; Output::COUNT];

/// In which form the result is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value for every cell.
    Dense,
    /// A place for every cell with points.
    Sparse {
        /// M.
        capacity: usize,
        /// P.
        gathered: usize,
        /// The order of the voxels.
        order: Order,
    },
}

/// A voxelization with all of its memory.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it is, or the seed it was drawn from.
    pub name: String,
    /// `[N, C]`.
    pub points: Operand<2>,
    /// `[N, F]`.
    pub features: Option<Operand<2>>,
    /// `[B + 1]`.
    pub offsets: Option<Operand<1>>,
    /// Where points fall.
    pub grid: Grid,
    /// Into what.
    pub place: Place,
    /// What is wanted.
    pub wishes: Wishes,
    /// Options; the variant is set by [`Case::run`].
    pub options: Options,
}

impl Trial {
    /// N.
    pub fn count(&self) -> usize {
        self.points.space.layout.shape[0]
    }

    /// F.
    pub fn columns(&self) -> usize {
        let features = self.features.as_ref();
        features.map_or(0, |features| features.space.layout.shape[1])
    }

    /// B.
    pub fn batch(&self) -> usize {
        let offsets = self.offsets.as_ref();
        offsets.map_or(1, |offsets| offsets.space.layout.shape[0] - 1)
    }

    /// Which form the result has.
    pub fn form(&self) -> Form {
        match self.place {
            Place::Dense => Form::Dense,
            Place::Sparse { .. } => Form::Sparse,
        }
    }

    /// M; the cells of all clouds for a dense result.
    pub fn places(&self) -> usize {
        match self.place {
            Place::Dense => self.batch() * self.grid.cells() as usize,
            Place::Sparse { capacity, .. } => capacity,
        }
    }

    /// The shape of an output.
    pub fn shape(&self, output: Output) -> Vec<usize> {
        let ([x, y, z], b) = (self.grid.shape(), self.batch());
        let (n, f) = (self.count(), self.columns());
        let mut one_each = match self.place {
            Place::Dense => vec![b, x, y, z],
            Place::Sparse { capacity, .. } => vec![capacity],
        };
        match output {
            Output::Occupancy | Output::Count | Output::First => one_each,
            Output::Sum | Output::Mean | Output::Max | Output::Min => {
                one_each.push(f);
                one_each
            }
            Output::Bits => vec![b, (x * y * z).div_ceil(8)],
            Output::Number => vec![1],
            Output::Coords => vec![one_each[0], 4],
            Output::PointToVoxel => vec![n],
            Output::Gathered => match self.place {
                Place::Sparse {
                    capacity, gathered, ..
                } => vec![capacity, gathered, f],
                Place::Dense => vec![0, 0, 0],
            },
        }
    }

    /// Room for an output of rank R, if it is wanted.
    pub fn space<const R: usize>(&self, output: Output) -> Option<Space<R>> {
        let Wish { dtype, style } = self.wishes[output as usize]?;
        let shape = self.shape(output);
        let order: Vec<_> = style.order.into_iter().filter(|&axis| axis < R).collect();
        let style = Style {
            order: std::array::from_fn(|i| order[i]),
            steps: std::array::from_fn(|i| style.steps[i]),
            pads: std::array::from_fn(|i| style.pads[i]),
            reversed: std::array::from_fn(|i| style.reversed[i]),
            repeated: [false; R],
            shift: style.shift,
        };
        Some(Space::new(dtype, std::array::from_fn(|i| shape[i]), style))
    }

    /// The same with other points, features with them, in an order of the caller's: `order[i]` is the point that
    /// becomes point i.
    #[must_use]
    pub fn permuted(&self, order: &[usize]) -> Trial {
        let again = |operand: &Operand<2>| {
            let Space { dtype, layout, .. } = operand.space;
            Operand::floats(dtype, layout.shape, Style::default(), |[point, column]| {
                operand.float([order[point], column])
            })
        };
        Trial {
            points: again(&self.points),
            features: self.features.as_ref().map(again),
            ..self.clone()
        }
    }
}

impl Case for Trial {
    fn describe(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{}: points {}", self.name, self.points.space);
        // Writing to a string does not fail.
        if let Some(features) = &self.features {
            let _ = write!(text, ", features {}", features.space);
        }
        if let Some(offsets) = &self.offsets {
            let of = (0..=self.batch()).map(|i| offsets.integer([i]));
            let _ = write!(text, ", offsets {:?}", of.collect::<Vec<_>>());
        }
        let _ = write!(text, ", {:?}, {:?}", self.grid, self.place);
        for output in Output::ALL {
            if let Some(wish) = &self.wishes[output as usize] {
                let _ = write!(text, ", {} {}", output.name(), wish.dtype);
                if wish.style != Style::default() {
                    let _ = write!(text, " {:?}", wish.style);
                }
            }
        }
        let _ = write!(text, ", {:?}", self.options);
        text
    }

    fn run(&self, variant: &str, device: DeviceId) -> Result<CaseOutcome> {
        let id = crate::dispatcher().by_id(variant)?.info.id;
        let done = match device {
            DeviceId::Cpu => run::on_host(self, id),
            #[cfg(feature = "cuda")]
            DeviceId::Cuda(ordinal) => super::device::on_device(self, id, ordinal),
            #[cfg(not(feature = "cuda"))]
            DeviceId::Cuda(_) => Err(Error::memory("points", "built without the feature `cuda`")),
        };
        match done {
            Ok(outputs) => Ok(CaseOutcome::Outputs(outputs)),
            Err(Error::Unsupported { mut refusals, .. }) if refusals.len() == 1 => {
                Ok(CaseOutcome::Refused(refusals.remove(0).refusal))
            }
            Err(error) => Err(error),
        }
    }

    fn check(&self, outputs: &CaseOutputs) -> Result<(), String> {
        judge::check(self, outputs)
    }

    fn same(&self, one: &CaseOutputs, other: &CaseOutputs) -> Result<(), String> {
        judge::same(self, one, other)
    }
}
