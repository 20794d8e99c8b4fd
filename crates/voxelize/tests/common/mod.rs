//! What the tests of voxelization share: a trial on all variants, and what trials are made of.

#![allow(dead_code)] // Each test program uses a part of it.

use robocache_core::DType;
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{OpEntry, Target, operations};
use robocache_testkit::operand::{Operand, Style};
use robocache_testkit::survey;
use robocache_voxelize::testing::{Place, Trial, Wish, Wishes};
use robocache_voxelize::{Grid, Options, Order, Output, dispatcher};

/// Voxelization.
pub fn op() -> &'static OpEntry {
    let mut all = operations().into_iter();
    all.find(|op| op.name == "voxelize").expect("it is linked")
}

/// Runs a trial on every variant: each must agree with the oracle, and with the first one. Returns the outputs.
pub fn everywhere(trial: &Trial) -> CaseOutputs {
    // Emulated devices take seconds for what is much larger.
    let small = trial.count() < 80_000;
    let (outputs, reached) = survey::everywhere(op(), trial, small);
    assert!(reached.contains(&"voxelize.scalar.cpu"), "{reached:?}");
    outputs
}

/// The ids of the variants that run on host memory.
pub fn variants_of_the_cpu() -> impl Iterator<Item = &'static str> {
    let all = dispatcher().variants().iter().map(|variant| variant.info);
    let of_cpu = all.filter(|info| matches!(info.target, Target::Cpu(_)));
    of_cpu.map(|info| info.id)
}

/// Contiguous f32 points.
pub fn points(points: &[[f64; 3]]) -> Operand<2> {
    let shape = [points.len(), 3];
    Operand::floats(DType::F32, shape, Style::default(), |[point, axis]| {
        points[point][axis]
    })
}

/// A feature of each point, all different.
pub fn numbered(count: usize, columns: usize) -> Operand<2> {
    Operand::floats(
        DType::F32,
        [count, columns],
        Style::default(),
        |[point, column]| (point * columns + column) as f64 - 0.5,
    )
}

/// Everything that a form has, in f32 and i32.
pub fn all_of(place: Place) -> Wishes {
    let mut wishes = [None; Output::COUNT];
    for output in Output::ALL {
        let only = match output {
            Output::Occupancy | Output::Bits => Some(true),
            Output::Number | Output::Coords | Output::PointToVoxel | Output::Gathered => {
                Some(false)
            }
            _ => None,
        };
        let dtype = match output {
            Output::Occupancy | Output::Bits => DType::U8,
            Output::Number => DType::I64,
            Output::Count | Output::First | Output::Coords | Output::PointToVoxel => DType::I32,
            _ => DType::F32,
        };
        if only.is_none_or(|dense| dense == (place == Place::Dense)) {
            wishes[output as usize] = Some(Wish::of(dtype));
        }
    }
    wishes
}

/// By key, with two points gathered.
pub fn sparse(capacity: usize) -> Place {
    Place::Sparse {
        capacity,
        gathered: 2,
        order: Order::Key,
    }
}

/// Points with two features into everything.
pub fn trial(name: &str, cloud: &[[f64; 3]], grid: Grid, place: Place) -> Trial {
    Trial {
        name: name.to_owned(),
        points: points(cloud),
        features: Some(numbered(cloud.len(), 2)),
        offsets: None,
        grid,
        place,
        wishes: all_of(place),
        options: Options::default(),
    }
}

/// The numbers of an i32 output.
pub fn integers(outputs: &CaseOutputs, output: Output) -> Vec<i32> {
    let bytes = outputs[output as usize].as_chunks::<4>().0;
    bytes
        .iter()
        .map(|&bytes| i32::from_le_bytes(bytes))
        .collect()
}

/// How many voxels there are.
pub fn number(outputs: &CaseOutputs) -> i64 {
    let bytes = outputs[Output::Number as usize].first_chunk();
    i64::from_le_bytes(*bytes.expect("it is wanted"))
}
