//! Any description of a voxelization: sizes, strides, grids and addresses up to the ends of their types.
//!
//! | file | question it answers |
//! |---|---|
//! | `description` | which request do some bytes describe? |
//! | `faults` | what is wrong with it, by the contract alone? |
//! | `outcome` | what must come of it in host memory? |
//! | `launch` | what must hold of its launches on a device? |
//!
//! A request must be accepted if nothing is wrong with it, and refused by the name of something that is. Half of them
//! lie in small host memory: those accepted are run where that ends soon, each operand in an allocation of its own, so
//! that the address sanitizer sees any access outside, and held against the oracle. The others name memory of a device
//! that is not there, and are only planned.

mod description;
mod faults;
mod launch;
mod outcome;

use crate::bytes::Bytes;
use crate::operand::{OnDevice, Where};
use description::{Description, Request};
use robocache_core::{Error, Result};
use robocache_voxelize::{Grid, Problem, testing};

/// Plans, checks and, in host memory, runs. Whether the request was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let from = &mut Bytes(data);
    match from.flag() {
        false => outcome::on_the_host(from),
        true => on_a_device(from),
    }
}

/// A request in the memory of a device that is not there.
fn on_a_device(from: &mut Bytes<'_>) -> bool {
    let description = Description::decode(from, Where::Device);
    let Some(grid) = grid(&description) else {
        return false;
    };
    let Some(mut request) = description.request(grid, OnDevice) else {
        return false;
    };
    let Some(problem) = problem(&description, &mut request, true) else {
        return false;
    };
    launch::check(&description, &problem);
    true
}

/// The grid, if there is one like that.
fn grid(description: &Description) -> Option<Grid> {
    let Description {
        min,
        voxel_size,
        shape,
        ..
    } = *description;
    let found = Grid::new(min, voxel_size, shape);
    justly(found, &faults::of_grid(description), description)
}

/// The problem of a request, if it is accepted. `can_meet`: its operands may lie in the same memory.
fn problem(
    description: &Description,
    request: &mut Request<'_>,
    can_meet: bool,
) -> Option<Problem> {
    let found = match request {
        Request::Dense(request) => testing::problem(request),
        Request::Sparse(request) => testing::problem(request),
    };
    let mut faults = faults::of_request(description);
    if can_meet {
        faults.extend(faults::of_places(description));
    }
    let problem = justly(found, &faults, description)?;
    description.holds(&problem);
    Some(problem)
}

/// What was accepted without a fault; a refusal must name one.
fn justly<T>(found: Result<T>, faults: &[&str], description: &Description) -> Option<T> {
    match found {
        Ok(found) => {
            assert!(
                faults.is_empty(),
                "accepted in spite of {faults:?}: {description:?}"
            );
            Some(found)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let named = match &error {
                Error::Shape { argument, .. }
                | Error::DType { argument, .. }
                | Error::Range { argument, .. }
                | Error::Memory { argument, .. } => argument,
                Error::Overflow { what } => what,
                other => panic!("{other}: {description:?}"),
            };
            assert!(
                faults.contains(named),
                "{error}, but what is wrong is {faults:?}: {description:?}"
            );
            None
        }
    }
}
