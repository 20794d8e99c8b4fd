//! What must come of a request in host memory?

use super::description::{Description, Request};
use super::{grid, problem};
use crate::bytes::Bytes;
use crate::operand::{Memory, OnHost, Tensor, Where};
use robocache_core::{Error, Result};
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, DeviceCaps};
use robocache_testkit::operand::{Operand, Space};
use robocache_voxelize::testing::{Place, Trial, Wish};
use robocache_voxelize::{Form, Grid, Output, Plan, dispatcher};

/// The most points, features, clouds and cells of a request that is run.
const SOON: u128 = 4096;

/// The memory of a request: points, features and offsets, then each output.
struct Held {
    inputs: Vec<Memory>,
    outputs: Vec<Memory>,
}

impl Held {
    fn new(description: &Description, from: &mut Bytes<'_>) -> Held {
        let none = || Memory::U8(Vec::new());
        let points = Memory::of(&description.points, from);
        let features = description.features.as_ref();
        let features = features.map_or_else(none, |of| Memory::of(of, from));
        let offsets = description.offsets.as_ref();
        let offsets = offsets.map_or_else(none, |of| Memory::of(of, from));
        let mut output = |output: Output| match &description.outputs[output as usize] {
            Some(given) => Memory::of(&given.tensor, from),
            None => none(),
        };
        Held {
            outputs: Output::ALL.into_iter().map(&mut output).collect(),
            inputs: vec![points, features, offsets],
        }
    }

    /// Copies of all of it.
    fn bytes(&self) -> [Vec<Vec<u8>>; 2] {
        [&self.inputs, &self.outputs]
            .map(|memory| memory.iter().map(|of| of.bytes().to_vec()).collect())
    }
}

/// A request in small host memory.
pub fn on_the_host(from: &mut Bytes<'_>) -> bool {
    let description = Description::decode(from, |_| Where::Host);
    let Some(grid) = grid(&description) else {
        return false;
    };
    let mut held = Held::new(&description, from);
    let before = held.bytes();
    let views = OnHost {
        inputs: held.inputs.iter().collect(),
        outputs: held.outputs.iter_mut().map(Some).collect(),
    };
    let Some(mut request) = description.request(grid, views) else {
        return false;
    };
    let Some(problem) = problem(&description, &mut request, false) else {
        return false;
    };
    // What a caller wishes for, or what is best.
    let ids: Vec<_> = dispatcher()
        .survey(&problem, DeviceCaps::cpu())
        .filter_map(|(variant, refusal)| refusal.is_ok().then_some(variant.info.id))
        .collect();
    let wish = ids.get(from.below(ids.len() + 1)).copied();
    let plan = match &mut request {
        Request::Dense(request) => {
            request.options.variant = wish;
            Plan::new_cpu(request)
        }
        Request::Sparse(request) => {
            request.options.variant = wish;
            Plan::new_cpu(request)
        }
    };
    let plan = plan.expect("the reference takes every problem");
    assert_eq!(plan.problem(), &problem);
    assert!(wish.is_none_or(|wish| wish == plan.variant()));
    if ends_soon(&description) {
        // An access outside of any operand ends the process.
        let ended = match request {
            Request::Dense(request) => plan.run(request),
            Request::Sparse(request) => plan.run(request),
        };
        judge(&description, grid, &held, &before, ended);
    }
    true
}

/// Whether running it takes a moment only.
fn ends_soon(description: &Description) -> bool {
    let product = |sizes: &[usize]| sizes.iter().map(|&n| n.max(1) as u128).product::<u128>();
    let [count, _] = description.points.layout.shape;
    let batch = description.batch();
    let places = match description.form {
        Form::Dense => description.cells().saturating_mul(batch.max(1) as u128),
        Form::Sparse => batch as u128,
    };
    product(&[count, description.columns()]) <= SOON && places <= SOON
}

/// Whether only the outputs were written, and rightly.
fn judge(
    description: &Description,
    grid: Grid,
    held: &Held,
    [inputs, outputs]: &[Vec<Vec<u8>>; 2],
    ended: Result<()>,
) {
    for (memory, before) in held.inputs.iter().zip(inputs) {
        assert!(memory.bytes() == before, "an input was written");
    }
    for (at, given) in description.outputs.iter().enumerate() {
        let is_intact = match given {
            Some(given) => held.outputs[at].is_intact_around(&given.tensor, &outputs[at]),
            None => true,
        };
        let name = Output::ALL[at].name();
        assert!(is_intact, "{name}: written between its elements");
    }
    let trial = trial(description, grid, inputs);
    let is_sound = offsets_are_sound(&trial);
    match ended {
        Ok(()) => assert!(is_sound, "bad offsets accepted: {}", trial.describe()),
        Err(Error::Range {
            argument: "offsets",
            ..
        }) if !is_sound => return,
        Err(error) => panic!("{error}: {}", trial.describe()),
    }
    let gathered = |at: usize| {
        let given = description.outputs[at].as_ref();
        given.map_or_else(Vec::new, |given| held.outputs[at].gather(&given.tensor))
    };
    let found: CaseOutputs = (0..Output::COUNT).map(gathered).collect();
    if let Err(what) = trial.check(&found) {
        panic!("{what}: {}", trial.describe());
    }
}

/// The same problem, to be judged by the oracle.
fn trial(description: &Description, grid: Grid, inputs: &[Vec<u8>]) -> Trial {
    fn operand<const R: usize>(tensor: &Tensor<R>, body: &[u8]) -> Operand<R> {
        let space = Space {
            dtype: tensor.dtype,
            layout: tensor.layout,
            first: tensor.first as usize,
            span: tensor.len,
            shift: 0,
        };
        let body = body.to_vec();
        Operand { space, body }
    }
    let features = description.features.as_ref();
    let offsets = description.offsets.as_ref();
    Trial {
        name: "from bytes".into(),
        points: operand(&description.points, &inputs[0]),
        features: features.map(|of| operand(of, &inputs[1])),
        offsets: offsets.map(|of| operand(of, &inputs[2])),
        grid,
        place: match description.form {
            Form::Dense => Place::Dense,
            Form::Sparse => Place::Sparse {
                capacity: description.size_of(Output::Coords, 0),
                gathered: description.size_of(Output::Gathered, 1),
                order: description.order,
            },
        },
        wishes: description
            .outputs
            .map(|given| Some(Wish::of(given?.tensor.dtype))),
        options: description.options,
    }
}

/// Whether offsets ascend within the points, where there is a cloud.
fn offsets_are_sound(trial: &Trial) -> bool {
    let (Some(offsets), batch @ 1..) = (&trial.offsets, trial.batch()) else {
        return true;
    };
    let all: Vec<i64> = (0..=batch).map(|i| offsets.integer([i])).collect();
    let inside = |&offset: &i64| (0..=trial.count() as i64).contains(&offset);
    all.is_sorted() && all.iter().all(inside)
}
