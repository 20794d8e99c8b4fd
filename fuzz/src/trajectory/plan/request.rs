//! Which request do the tensors make together, and what must hold of it if it is accepted?

use super::launch;
use crate::bytes::Bytes;
use crate::operand::{Memory, OnDevice, OnHost, Tensor, Views, Where, meet, size};
use crate::trajectory::kinds;
use robocache_core::{DType, Rows, TimeAxis, TimeScalar, TimeType};
use robocache_registry::DeviceCaps;
use robocache_trajectory::{
    Extrapolation, Invalid, Kinds, Options, Plan, Problem, Resample, dispatcher,
};

const FLOATS: [DType; 4] = [DType::F16, DType::Bf16, DType::F32, DType::F64];

/// The most elements of a request that is run, and of its axes.
const SOON: u128 = 4096;

/// The most knots of a uniform f32 axis: for the resolution, each may be looked at.
const MOST_KNOTS: usize = 1 << 14;

/// A request in words.
struct Description {
    data: Tensor<3>,
    rows: Option<(bool, Tensor<1>)>,
    source: Axis,
    target: Axis,
    out: Tensor<3>,
    mask: Option<Tensor<2>>,
    age: Option<Tensor<2>>,
    /// `None` if there are none like that.
    kinds: Option<Kinds>,
    options: Options,
}

enum Axis {
    PerRow(Tensor<2>),
    Shared(Tensor<1>),
    Uniform(TimeScalar, TimeScalar, usize),
}

impl Description {
    fn decode(from: &mut Bytes<'_>, on: impl Fn(u64) -> Where) -> Description {
        let [batch, samples, targets, columns] = std::array::from_fn(|_| size(from));
        let (kinds, columns) = kinds::any(from, columns, size);
        let in_dtype = from.pick(&DType::ALL);
        let out_dtype = match from.below(4) {
            0 => in_dtype,
            1 => from.pick(&DType::ALL),
            _ => from.pick(&FLOATS),
        };
        let times = from.pick(&[TimeType::F32, TimeType::F64, TimeType::I64]);
        let options = options(from, times);
        let index = from.pick(&[DType::I32, DType::I64]);
        let rows = match from.below(5) {
            0..3 => None,
            3 => Some((false, Tensor::decode(from, index, [batch], on(1)))),
            _ => Some((
                true,
                Tensor::decode(from, index, [batch.wrapping_add(1)], on(1)),
            )),
        };
        let stored = if matches!(rows, Some((true, _))) {
            1
        } else {
            batch
        };
        let per_target = |from: &mut Bytes<'_>, dtype, slot| {
            from.flag()
                .then(|| Tensor::decode(from, dtype, [batch, targets], on(slot)))
        };
        Description {
            data: Tensor::decode(from, in_dtype, [stored, samples, columns], on(0)),
            source: Axis::decode(from, times, [batch, samples], on(2)),
            target: Axis::decode(from, times, [batch, targets], on(3)),
            out: Tensor::decode(from, out_dtype, [batch, targets, columns], on(4)),
            mask: per_target(from, DType::U8, 5),
            age: per_target(from, DType::F32, 6),
            rows,
            kinds,
            options,
        }
    }

    /// What must hold of an accepted problem, whatever it lies in.
    fn holds(&self, problem: &Problem) {
        let [batch, targets, columns] = self.out.layout.shape;
        let [rows, samples, data_columns] = self.data.layout.shape;
        let is_packed = matches!(self.rows, Some((true, _)));
        assert_eq!(
            (
                problem.batch,
                problem.samples,
                problem.targets,
                problem.columns
            ),
            (batch, samples, targets, columns)
        );
        assert_eq!(
            (rows, data_columns),
            (if is_packed { 1 } else { batch }, columns)
        );
        if let Some((_, index)) = &self.rows {
            let expected = batch as u128 + u128::from(is_packed);
            assert_eq!(index.layout.shape[0] as u128, expected);
        }
        for (view, dtype) in [(&self.mask, DType::U8), (&self.age, DType::F32)] {
            if let Some(view) = view {
                assert_eq!((view.layout.shape, view.dtype), ([batch, targets], dtype));
                view.is_distinct();
            }
        }
        let kinds = self.kinds.as_ref().expect("kinds that were not refused");
        kinds::hold(kinds, &problem.kinds, columns);
        let (data, out) = (self.data.dtype, self.out.dtype);
        assert!(data.is_float() || !problem.kinds.any(|rule| !rule.is_hold()));
        assert!(out.is_float() || out == data, "{data} to {out}");
        self.out.is_distinct();
        assert!(!is_packed || !matches!(self.source, Axis::PerRow(_)));
        self.source.holds([batch, samples], problem.time_type);
        self.target.holds([batch, targets], problem.time_type);
        // Whatever is asked of a problem has an answer.
        let _ = (
            problem.key_text(),
            problem.bytes(),
            problem.is_empty(),
            problem.columns_adjacent(),
        );
    }
}

impl Axis {
    fn decode(from: &mut Bytes<'_>, of: TimeType, shape: [usize; 2], on: Where) -> Axis {
        match from.below(3) {
            0 => Axis::PerRow(Tensor::decode(from, of.dtype(), shape, on)),
            1 => Axis::Shared(Tensor::decode(from, of.dtype(), [shape[1]], on)),
            _ => {
                let len = match of {
                    TimeType::F32 => shape[1].min(MOST_KNOTS),
                    _ => shape[1],
                };
                Axis::Uniform(moment(from, of), moment(from, of), len)
            }
        }
    }

    fn holds(&self, shape: [usize; 2], of: TimeType) {
        match *self {
            Axis::PerRow(ref times) => {
                assert_eq!((times.layout.shape, times.dtype), (shape, of.dtype()));
            }
            Axis::Shared(ref times) => {
                assert_eq!((times.layout.shape[0], times.dtype), (shape[1], of.dtype()));
            }
            Axis::Uniform(start, step, len) => {
                assert_eq!(len, shape[1]);
                let last = len.saturating_sub(1);
                let fits = match (start, step) {
                    (TimeScalar::I64(start), TimeScalar::I64(step)) => {
                        let knot = i128::from(start) + last as i128 * i128::from(step);
                        i64::try_from(knot).is_ok()
                    }
                    (TimeScalar::F64(start), TimeScalar::F64(step)) => {
                        (start + last as f64 * step).is_finite()
                    }
                    (TimeScalar::F32(start), TimeScalar::F32(step)) => {
                        (start + last as f32 * step).is_finite()
                    }
                    _ => false,
                };
                assert!(fits, "knots beyond their type: {start} + {last} * {step}");
            }
        }
    }

    fn memory(&self, from: &mut Bytes<'_>) -> Option<Memory> {
        match self {
            Axis::PerRow(times) => Some(Memory::of(times, from)),
            Axis::Shared(times) => Some(Memory::of(times, from)),
            Axis::Uniform(..) => None,
        }
    }
}

fn options(from: &mut Bytes<'_>, of: TimeType) -> Options {
    let mut options = Options::default()
        .extrapolation(from.pick(&Extrapolation::ALL))
        .invalid(from.pick(&[Invalid::Keep, Invalid::Fill]));
    let given = from.byte();
    options.check = given & 1 != 0;
    options.offset = (given & 2 != 0).then(|| moment(from, of));
    options.tolerance = (given & 4 != 0).then(|| moment(from, of));
    options.max_gap = (given & 8 != 0).then(|| moment(from, of));
    options
}

/// A moment or a duration; small, or of any bits, and now and then of another type.
fn moment(from: &mut Bytes<'_>, of: TimeType) -> TimeScalar {
    let choice = from.byte();
    let any = choice & 0x40 != 0;
    let small = i16::from(choice & 15) - 2;
    match (of, choice & 0xb0 == 0xb0) {
        (TimeType::F32, false) if any => TimeScalar::F32(f32::from_bits(from.word() as u32)),
        (TimeType::F64, false) if any => TimeScalar::F64(f64::from_bits(from.word())),
        (TimeType::I64, false) if any => TimeScalar::I64(from.word() as i64),
        (TimeType::F64, false) | (TimeType::I64, true) => TimeScalar::F64(small.into()),
        (TimeType::I64, false) | (TimeType::F32, true) => TimeScalar::I64(small.into()),
        (TimeType::F32, false) | (TimeType::F64, true) => TimeScalar::F32(small.into()),
    }
}

impl Description {
    /// The request, if every view of it is accepted.
    fn request<'a>(&self, mut views: impl Views<'a>) -> Option<Resample<'a>> {
        let axis = |axis: &Axis, slot| {
            Some(match axis {
                Axis::PerRow(times) => TimeAxis::PerRow(views.view(slot, times)?),
                Axis::Shared(times) => TimeAxis::Shared(views.view(slot, times)?),
                &Axis::Uniform(start, step, len) => TimeAxis::Uniform { start, step, len },
            })
        };
        let (source_times, target_times) = (axis(&self.source, 2)?, axis(&self.target, 3)?);
        Some(Resample {
            data: views.view(0, &self.data)?,
            rows: match &self.rows {
                None => Rows::Dense,
                Some((false, lengths)) => Rows::Lengths(views.view(1, lengths)?),
                Some((true, offsets)) => Rows::Packed(views.view(1, offsets)?),
            },
            source_times,
            target_times,
            out: views.view_mut(0, &self.out)?,
            mask: match &self.mask {
                None => None,
                Some(mask) => Some(views.view_mut(1, mask)?),
            },
            age: match &self.age {
                None => None,
                Some(age) => Some(views.view_mut(2, age)?),
            },
            options: self.options.kind(self.kinds?),
        })
    }

    /// The problem of a request, if it is accepted; if not, there must be a reason.
    fn problem(&self, request: &Resample<'_>) -> Option<Problem> {
        let found = Problem::of(request);
        let columns = self.out.layout.shape[2];
        let types = [self.data.dtype, self.out.dtype];
        if let (Err(error), Some(kinds)) = (&found, &self.kinds) {
            let is_just = kinds::refused_justly(error, kinds, columns, types);
            assert!(is_just, "{error} of {kinds:?} for {columns}, {types:?}");
        }
        let problem = found.ok()?;
        self.holds(&problem);
        Some(problem)
    }

    /// Whether outputs overlap each other or an input on the device.
    fn overlaps(&self) -> bool {
        let axis = |axis: &Axis| match axis {
            Axis::PerRow(times) => times.bytes(),
            Axis::Shared(times) => times.bytes(),
            Axis::Uniform(..) => None,
        };
        let per_target = |view: &Option<Tensor<2>>| view.as_ref().and_then(Tensor::bytes);
        let outputs = [
            self.out.bytes(),
            per_target(&self.mask),
            per_target(&self.age),
        ];
        let rows = self.rows.as_ref().and_then(|(_, index)| index.bytes());
        let inputs = [
            self.data.bytes(),
            rows,
            axis(&self.source),
            axis(&self.target),
        ];
        outputs.iter().enumerate().any(|(at, &output)| {
            let others = inputs.iter().chain(&outputs[..at]);
            others.into_iter().any(|&other| meet(output, other))
        })
    }

    /// Whether running it takes a moment only.
    fn ends_soon(&self) -> bool {
        let product = |shape: &[usize]| shape.iter().map(|&n| n.max(1) as u128).product::<u128>();
        let [batch, samples, _] = self.data.layout.shape;
        product(&self.out.layout.shape) <= SOON && product(&[batch, samples]) <= SOON
    }
}

/// A request in small host memory.
pub fn on_the_host(from: &mut Bytes<'_>) -> bool {
    let description = Description::decode(from, |_| Where::Host);
    let none = || Memory::U8(Vec::new());
    let inputs = [
        Memory::of(&description.data, from),
        description
            .rows
            .as_ref()
            .map_or_else(none, |(_, index)| Memory::of(index, from)),
        description.source.memory(from).unwrap_or_else(none),
        description.target.memory(from).unwrap_or_else(none),
    ];
    let mut out = Memory::of(&description.out, from);
    let mut per_target = |view: &Option<Tensor<2>>| match view {
        Some(view) => Memory::of(view, from),
        None => none(),
    };
    let (mut mask, mut age) = (per_target(&description.mask), per_target(&description.age));
    let views = OnHost {
        inputs: inputs.iter().collect(),
        outputs: vec![Some(&mut out), Some(&mut mask), Some(&mut age)],
    };
    let Some(mut request) = description.request(views) else {
        return false;
    };
    let Some(problem) = description.problem(&request) else {
        return false;
    };
    // What a caller wishes for, or what is best.
    let ids: Vec<_> = dispatcher()
        .survey(&problem, DeviceCaps::cpu())
        .filter_map(|(variant, refusal)| refusal.is_ok().then_some(variant.info.id))
        .collect();
    let wish = from.below(ids.len() + 1);
    request.options.variant = ids.get(wish).copied();
    let plan = Plan::new_cpu(&request).expect("the reference takes every problem");
    assert_eq!(plan.problem(), &problem);
    if description.ends_soon() {
        // Bad lengths and times are errors; an access outside of any operand ends the process.
        let _ = plan.run(request);
    }
    true
}

/// A request in the memory of a device that is not there.
pub fn on_a_device(from: &mut Bytes<'_>) -> bool {
    let description = Description::decode(from, Where::Device);
    let Some(request) = description.request(OnDevice) else {
        return false;
    };
    let Some(problem) = description.problem(&request) else {
        return false;
    };
    assert!(
        !description.overlaps(),
        "an output that overlaps something is accepted"
    );
    launch::check(&problem, &request);
    true
}
