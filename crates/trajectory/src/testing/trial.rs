//! A problem with its inputs.

use super::{run, spans};
use crate::{Extrapolation, Invalid, Options};
use robocache_core::{Error, Result, TimeScalar};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, DeviceId};
use robocache_testkit::operand::{Operand, Space};
use robocache_testkit::oracle::{self, Answer, Number, Question, Times};

/// A time axis with its memory. `[B, N]` of batch stride zero is what others call expanded.
#[derive(Clone, Debug)]
pub enum Axis {
    /// `[B, N]`.
    PerRow(Operand<2>),
    /// `[N]`.
    Shared(Operand<1>),
    /// Computed.
    Uniform {
        /// The first knot.
        start: TimeScalar,
        /// The distance of two neighbours.
        step: TimeScalar,
        /// The number of knots.
        len: usize,
    },
}

/// Which samples of a batch are real.
#[derive(Clone, Debug)]
pub enum Batch {
    /// All.
    Dense,
    /// As many of each row as its length.
    Lengths(Operand<1>),
    /// Those between two offsets.
    Packed(Operand<1>),
}

/// A resampling with all of its memory.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it is, or the seed it was drawn from.
    pub name: String,
    /// Samples.
    pub data: Operand<3>,
    /// Form of the batch.
    pub batch: Batch,
    /// When the samples were taken.
    pub source: Axis,
    /// When values are wanted.
    pub target: Axis,
    /// Room for the values.
    pub out: Space<3>,
    /// Room for the mask.
    pub mask: Option<Space<2>>,
    /// Room for the ages.
    pub age: Option<Space<2>>,
    /// Options; the variant is set by [`Case::run`]. With `check` on, or where targets outside are an
    /// error, a device gets a status word, and what that tells is the result of the run.
    pub options: Options,
    /// Whether lengths, offsets or times break the contract without being checked: then values and mask
    /// may be anything, and only memory that does not belong to them must stay as it was.
    pub unspecified: bool,
}

impl Axis {
    /// `count` of a row's times, from one on. Rows of a packed batch start over on a uniform axis.
    fn times(&self, row: usize, first: usize, count: usize) -> Times {
        match self {
            Axis::PerRow(times) => times.read_times(count, |i| [row, first + i]),
            Axis::Shared(times) => times.read_times(count, |i| [first + i]),
            &Axis::Uniform { start, step, .. } => Times::uniform(start, step, count)
                .unwrap_or_else(|| Times::F64(vec![f64::NAN; count])),
        }
    }
}

impl Trial {
    /// B, T and D.
    pub fn shape(&self) -> [usize; 3] {
        self.out.layout.shape
    }

    /// The first sample of a row and how many it has.
    fn span(&self, row: usize) -> (usize, usize) {
        match &self.batch {
            Batch::Dense => (0, self.data.space.layout.shape[1]),
            Batch::Lengths(lengths) => (0, lengths.integer([row]) as usize),
            Batch::Packed(offsets) => {
                let (from, to) = (offsets.integer([row]), offsets.integer([row + 1]));
                (from as usize, (to - from) as usize)
            }
        }
    }

    /// The times of a row's real samples.
    pub fn source_times(&self, row: usize) -> Times {
        let (first, count) = self.span(row);
        self.source.times(row, first, count)
    }

    /// The target times of a row.
    pub fn target_times(&self, row: usize) -> Times {
        self.target.times(row, 0, self.shape()[1])
    }

    /// What the oracle says to each target of a row.
    pub fn answers(&self, row: usize) -> Vec<Answer> {
        let (first, _) = self.span(row);
        let packed = matches!(self.batch, Batch::Packed(_));
        let data_row = if packed { 0 } else { row };
        let options = &self.options;
        oracle::answers(&Question {
            times: &self.source_times(row),
            targets: &self.target_times(row),
            sample: &|i, column| self.data.number([data_row, first + i, column]),
            spans: &spans::spans(&options.kind, self.shape()[2]),
            in_dtype: self.data.space.dtype,
            out_dtype: self.out.dtype,
            extrapolation: spans::extrapolation(options.extrapolation),
            offset: options.offset,
            tolerance: options.tolerance,
            max_gap: options.max_gap,
            invalid_fills: options.invalid == Invalid::Fill,
            fill: options.fill,
        })
    }

    /// Row and index of the first target outside, where that is an error.
    fn first_outside(&self) -> Option<(u64, u64)> {
        if self.options.extrapolation != Extrapolation::Error || self.shape()[1] == 0 {
            return None;
        }
        (0..self.shape()[0]).find_map(|row| {
            let index = oracle::first_outside(&self.answers(row))?;
            Some((row as u64, index as u64))
        })
    }

    /// The last output, by what a run came to: row and index of the first target outside where that was
    /// to be an error, and told; else nothing.
    pub(super) fn told(&self, done: Result<()>) -> Result<Vec<u8>> {
        match done {
            Ok(()) => Ok(Vec::new()),
            Err(Error::Outside { batch, index })
                if self.options.extrapolation == Extrapolation::Error =>
            {
                Ok([batch, index].map(u64::to_le_bytes).concat())
            }
            Err(other) => Err(other),
        }
    }
}

impl Case for Trial {
    fn describe(&self) -> String {
        let axis = |axis: &Axis| match axis {
            Axis::PerRow(times) => format!("per row {}", times.space),
            Axis::Shared(times) => format!("shared {}", times.space),
            Axis::Uniform { start, step, len } => format!("uniform {start} + i * {step}, {len}"),
        };
        let optional = |space: &Option<Space<2>>| {
            let text = space.as_ref().map(Space::to_string);
            text.unwrap_or("none".into())
        };
        let index = |operand: &Operand<1>| {
            let count = operand.space.layout.shape[0];
            let numbers: Vec<_> = (0..count.min(20)).map(|i| operand.integer([i])).collect();
            format!("{} {numbers:?}", operand.space)
        };
        format!(
            "{}: data {}, rows {}, source {}, target {}, out {}, mask {}, age {}, {:?}",
            self.name,
            self.data.space,
            match &self.batch {
                Batch::Dense => "dense".into(),
                Batch::Lengths(lengths) => format!("lengths {}", index(lengths)),
                Batch::Packed(offsets) => format!("offsets {}", index(offsets)),
            },
            axis(&self.source),
            axis(&self.target),
            self.out,
            optional(&self.mask),
            optional(&self.age),
            self.options,
        )
    }

    fn run(&self, variant: &str, device: DeviceId) -> Result<CaseOutcome> {
        let variant = crate::dispatcher().by_id(variant)?.info.id;
        let outputs = match device {
            DeviceId::Cpu => run::on_host(self, variant),
            #[cfg(feature = "cuda")]
            DeviceId::Cuda(ordinal) => super::device::on_device(self, variant, ordinal),
            #[cfg(not(feature = "cuda"))]
            DeviceId::Cuda(_) => Err(Error::DriverMissing {
                reason: "this program was built without the feature `cuda`".into(),
            }),
        };
        match outputs {
            Ok(outputs) => Ok(CaseOutcome::Outputs(outputs)),
            Err(Error::Unsupported { mut refusals, .. })
                if refusals.len() == 1 && refusals[0].variant == variant =>
            {
                Ok(CaseOutcome::Refused(refusals.remove(0).refusal))
            }
            Err(other) => Err(other),
        }
    }

    fn check(&self, outputs: &CaseOutputs) -> Result<(), String> {
        let Split {
            values,
            mask,
            age,
            outside,
        } = split(self, outputs)?;
        if self.unspecified {
            return Ok(());
        }
        let expected = self.first_outside();
        if outside != expected {
            return Err(format!(
                "outside is {outside:?} (row, target), expected {expected:?}"
            ));
        }
        let [batch, targets, columns] = self.shape();
        let size = self.out.dtype.size();
        for row in 0..batch {
            for (t, answer) in self.answers(row).iter().enumerate() {
                let flat = row * targets + t;
                let mask = self.mask.as_ref().map(|_| mask[flat]);
                let age = self.age.as_ref().map(|_| f32_at(age, flat));
                let found = |column| {
                    Number::decode(self.out.dtype, &values[(flat * columns + column) * size..])
                };
                answer
                    .check(mask, age, &found, self.out.dtype)
                    .map_err(|difference| {
                        let target = self.target_times(row).at(t);
                        format!("row {row}, target {t} at {target}: {difference}")
                    })?;
            }
        }
        Ok(())
    }

    fn same(&self, one: &CaseOutputs, other: &CaseOutputs) -> Result<(), String> {
        let (one, other) = (split(self, one)?, split(self, other)?);
        if self.unspecified {
            return Ok(());
        }
        if one.outside != other.outside {
            return Err(format!(
                "outside (row, target): {:?} and {:?}",
                one.outside, other.outside
            ));
        }
        let dtype = self.out.dtype;
        let pairs = one
            .values
            .chunks(dtype.size())
            .zip(other.values.chunks(dtype.size()));
        let [_, targets, columns] = self.shape();
        let place = |flat: usize| format!("row {}, target {}", flat / targets, flat % targets);
        for (element, (a, b)) in pairs.enumerate() {
            let (a, b) = (Number::decode(dtype, a), Number::decode(dtype, b));
            if !a.same(b) {
                let (place, column) = (place(element / columns), element % columns);
                return Err(format!("{place}, column {column}: {a:?} and {b:?}"));
            }
        }
        for flat in 0..one.mask.len() {
            if one.mask[flat] != other.mask[flat] {
                let place = place(flat);
                return Err(format!(
                    "mask of {place}: {} and {}",
                    one.mask[flat], other.mask[flat]
                ));
            }
        }
        for flat in 0..one.age.len() / 4 {
            let (a, b) = (f32_at(one.age, flat), f32_at(other.age, flat));
            if a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()) {
                return Err(format!("age of {}: {a} and {b}", place(flat)));
            }
        }
        Ok(())
    }
}

/// A trial's outputs, each of the size that it must have.
struct Split<'o> {
    values: &'o [u8],
    mask: &'o [u8],
    age: &'o [u8],
    /// Row and index of the first target outside, if that was told.
    outside: Option<(u64, u64)>,
}

fn split<'o>(trial: &Trial, outputs: &'o CaseOutputs) -> Result<Split<'o>, String> {
    let [batch, targets, columns] = trial.shape();
    let per_target = |space: &Option<Space<2>>| {
        let size = space.as_ref().map_or(0, |space| space.dtype.size());
        batch * targets * size
    };
    let sizes = [
        batch * targets * columns * trial.out.dtype.size(),
        per_target(&trial.mask),
        per_target(&trial.age),
    ];
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    match outputs.as_slice() {
        [values, mask, age, told]
            if [values.len(), mask.len(), age.len()] == sizes && [0, 16].contains(&told.len()) =>
        {
            let outside = told.split_at_checked(8);
            Ok(Split {
                values,
                mask,
                age,
                outside: outside.map(|(row, index)| (word(row), word(index))),
            })
        }
        _ => Err(format!(
            "outputs of {:?} bytes, expected {sizes:?} and 0 or 16",
            outputs.iter().map(Vec::len).collect::<Vec<_>>()
        )),
    }
}

fn f32_at(bytes: &[u8], index: usize) -> f32 {
    let bytes = &bytes[4 * index..4 * index + 4];
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
