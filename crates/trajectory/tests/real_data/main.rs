//! Recordings of datasets, resampled on every variant of the CPU, against scipy in float64: see
//! `expected.py`.
//!
//! `ROBOCACHE_REAL_DATA` names the folder of the datasets, `ROBOCACHE_PYTHON` a Python with numpy, scipy
//! and h5py; without either nothing is tested, and `ROBOCACHE_REQUIRE_SCIPY=1` makes a missing Python a
//! failure.

#[path = "../common/mod.rs"]
mod common;
mod compare;
mod recording;

use compare::holds_against_scipy;
use robocache_trajectory::{Kind, Quaternion, Span, Spans};

const ROTATION: Kind = Kind::Slerp(Quaternion::Xyzw);
const POSE: Kind = Kind::Pose(Quaternion::Xyzw);

fn spans(list: &[(usize, Kind)]) -> Spans {
    let list: Vec<_> = list
        .iter()
        .map(|&(columns, kind)| Span { columns, kind })
        .collect();
    Spans::new(&list).unwrap()
}

#[test]
fn kitti_poses_at_50_hz_are_those_of_scipy() {
    holds_against_scipy("kitti", spans(&[(7, POSE)]), 23_530);
}

#[test]
fn euroc_states_at_integer_nanoseconds_are_those_of_scipy() {
    let pose = Kind::Pose(Quaternion::Wxyz);
    holds_against_scipy("euroc", spans(&[(7, pose), (9, Kind::Linear)]), 5_011);
}

#[test]
fn tum_poses_at_30_hz_are_those_of_scipy() {
    holds_against_scipy("tum", spans(&[(7, POSE)]), 903);
}

#[test]
fn tum_positions_on_smooth_curves_are_those_of_scipy() {
    let kinds = spans(&[(3, Kind::Pchip), (4, ROTATION)]);
    holds_against_scipy("tum_smooth", kinds, 903);
}

#[test]
fn tartanair_poses_between_frames_are_those_of_scipy() {
    holds_against_scipy("tartanair", spans(&[(7, POSE)]), 2_444);
}

#[test]
fn isaac_gym_root_states_in_one_call_are_those_of_scipy() {
    let kinds = spans(&[(7, POSE), (6, Kind::Linear)]);
    holds_against_scipy("isaac_gym", kinds, 4_796);
}

/// One kind for all columns: what the vector variants take, too.
#[test]
fn isaac_gym_joints_are_those_of_scipy() {
    holds_against_scipy("isaac_gym_joints", spans(&[(24, Kind::Linear)]), 4_796);
}

#[test]
fn fifteen_rotations_a_frame_of_an_amp_clip_are_those_of_scipy() {
    holds_against_scipy("amp_run", spans(&[(4, ROTATION)]).repeated(), 68);
}

#[test]
fn a_whole_amp_clip_in_one_call_is_that_of_scipy() {
    let kinds = spans(&[(3, Kind::Linear), (60, ROTATION), (90, Kind::Linear)]);
    holds_against_scipy("amp_walk", kinds, 128);
}
