//! Where were the joints and the fingers at a given moment?
//!
//! The arm picks parts from one side of the table and places them on the other. Every move is
//! of minimum jerk between two postures, as long as its widest joint needs.

use std::f64::consts::TAU;

use super::kinematics::{JOINTS, above};
use super::random::Random;

/// How fast the joints go at most in a planned move, in radians per second.
const JOINT_SPEED: f64 = 1.0;
/// The peak of a minimum-jerk move's speed over its mean speed.
const PEAK_OVER_MEAN: f64 = 1.875;
/// The shortest move, in seconds.
const SHORTEST_MOVE: f64 = 0.8;
/// How fast the fingers open and close together, in metres per second.
const FINGER_SPEED: f64 = 0.1;
/// The fingers' width when open, in metres.
const OPEN: f64 = 0.08;
/// How high the hand travels, in metres.
const TRAVEL_HEIGHT: f64 = 0.28;

/// One move between two postures, and then rest until the next.
#[derive(Debug, Clone)]
struct Move {
    start: f64,
    seconds: f64,
    from: [f64; JOINTS],
    to: [f64; JOINTS],
    /// Whether this crosses the table.
    travels: bool,
}

/// A command to the fingers.
#[derive(Debug, Clone)]
struct Grip {
    start: f64,
    from: f64,
    to: f64,
}

impl Grip {
    fn end(&self) -> f64 {
        self.start + (self.to - self.from).abs() / FINGER_SPEED
    }
}

/// What the gripper does at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fingers {
    /// The distance between the fingertips, in metres.
    pub(super) width: f64,
    /// Whether they hold a part.
    pub(super) grasped: bool,
}

/// The motion of a whole session.
#[derive(Debug, Clone)]
pub(super) struct Motion {
    moves: Vec<Move>,
    grips: Vec<Grip>,
    /// The phases of the slow sway of the joints that a planned posture leaves at zero.
    sway: [f64; JOINTS],
}

/// Builds a [`Motion`] one step after another.
struct Planner<'r> {
    motion: Motion,
    now: f64,
    posture: [f64; JOINTS],
    width: f64,
    random: &'r mut Random,
}

impl Planner<'_> {
    fn go(&mut self, to: [f64; JOINTS], travels: bool) {
        let widest = self
            .posture
            .iter()
            .zip(to)
            .map(|(from, to)| (to - from).abs())
            .fold(0.0, f64::max);
        let seconds = (PEAK_OVER_MEAN * widest / JOINT_SPEED).max(SHORTEST_MOVE);
        self.motion.moves.push(Move {
            start: self.now,
            seconds,
            from: self.posture,
            to,
            travels,
        });
        self.posture = to;
        self.now += seconds + self.random.between(0.05, 0.2);
    }

    fn grip(&mut self, width: f64) {
        let grip = Grip {
            start: self.now,
            from: self.width,
            to: width,
        };
        self.now = grip.end() + self.random.between(0.15, 0.3);
        self.width = width;
        self.motion.grips.push(grip);
    }

    /// Goes across to one side of the table, down, moves the fingers, and up again.
    fn visit(&mut self, bearing: f64, fingers: f64) {
        let reach = self.random.between(0.44, 0.6);
        let height = self.random.between(0.02, 0.06);
        let yaw = self.random.between(-0.4, 0.4);
        self.go(above(bearing, reach, TRAVEL_HEIGHT, yaw), true);
        self.go(above(bearing, reach, height, yaw), false);
        self.grip(fingers);
        self.go(above(bearing, reach, TRAVEL_HEIGHT, yaw), false);
    }
}

impl Motion {
    /// Plans at least `seconds` seconds of motion.
    pub(super) fn plan(seconds: f64, random: &mut Random) -> Self {
        let sway = std::array::from_fn(|_| random.between(0.0, TAU));
        let mut planner = Planner {
            motion: Self {
                moves: Vec::new(),
                grips: Vec::new(),
                sway,
            },
            now: random.between(0.1, 0.3),
            posture: above(0.0, 0.4, 0.45, 0.0),
            width: OPEN,
            random,
        };
        while planner.now < seconds || planner.motion.moves.is_empty() {
            let part = planner.random.between(0.025, 0.06);
            let pick = planner.random.between(0.35, 0.85);
            planner.visit(pick, part);
            let place = planner.random.between(-0.85, -0.35);
            planner.visit(place, OPEN);
        }
        planner.motion
    }

    /// The joint angles at `time`.
    pub(super) fn joints(&self, time: f64) -> [f64; JOINTS] {
        let current = self.moves.partition_point(|step| step.start <= time);
        let step = &self.moves[current.saturating_sub(1)];
        let share = ((time - step.start) / step.seconds).clamp(0.0, 1.0);
        // 10 s³ - 15 s⁴ + 6 s⁵
        let done = share * share * share * (10.0 + share * (6.0 * share - 15.0));
        std::array::from_fn(|joint| {
            let planned = step.from[joint] + (step.to[joint] - step.from[joint]) * done;
            planned + self.sway(joint, time)
        })
    }

    /// A redundant arm keeps adjusting the joints that its task leaves free.
    fn sway(&self, joint: usize, time: f64) -> f64 {
        let (wide, narrow) = match joint {
            2 => (0.06, 0.015),
            4 => (0.05, 0.012),
            _ => (0.004, 0.001),
        };
        let phase = self.sway[joint];
        wide * (TAU * 0.13 * time + phase).sin() + narrow * (TAU * 0.47 * time + 2.0 * phase).sin()
    }

    /// What the fingers do at `time`.
    pub(super) fn fingers(&self, time: f64) -> Fingers {
        let current = self.grips.partition_point(|grip| grip.start <= time);
        let Some(grip) = current.checked_sub(1).and_then(|last| self.grips.get(last)) else {
            return Fingers {
                width: OPEN,
                grasped: false,
            };
        };
        let moved = ((time - grip.start) * FINGER_SPEED).min((grip.to - grip.from).abs());
        Fingers {
            width: grip.from + moved.copysign(grip.to - grip.from),
            grasped: grip.to < OPEN && time >= grip.end(),
        }
    }

    /// The middle of the move across the table that is nearest to `time`.
    pub(super) fn travel_near(&self, time: f64) -> f64 {
        self.moves
            .iter()
            .filter(|step| step.travels)
            .map(|step| step.start + 0.5 * step.seconds)
            .min_by(|a, b| (a - time).abs().total_cmp(&(b - time).abs()))
            .unwrap_or(time)
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinematics::LIMITS;
    use super::*;

    #[test]
    fn joints_stay_within_their_limits_and_move_smoothly() {
        for seed in 0..8 {
            let motion = Motion::plan(40.0, &mut Random::new(seed, 0));
            let mut previous = motion.joints(0.0);
            for tick in 1..40_000 {
                let joints = motion.joints(f64::from(tick) * 1e-3);
                for (joint, (least, greatest)) in joints.iter().zip(LIMITS) {
                    assert!(
                        (least..=greatest).contains(joint),
                        "seed {seed}: {joints:?}"
                    );
                }
                for (a, b) in joints.iter().zip(previous) {
                    let speed = (a - b).abs() / 1e-3;
                    assert!(speed < 1.2 * JOINT_SPEED, "seed {seed}: {speed} rad/s");
                }
                previous = joints;
            }
        }
    }

    #[test]
    fn a_part_is_held_exactly_while_the_fingers_are_closed_on_it() {
        let motion = Motion::plan(30.0, &mut Random::new(3, 0));
        let at: Vec<_> = (0..3000)
            .map(|i| motion.fingers(f64::from(i) * 0.01))
            .collect();
        assert!(at.iter().any(|f| f.grasped) && at.iter().any(|f| !f.grasped));
        for pair in at.windows(2) {
            let speed = (pair[1].width - pair[0].width).abs() / 0.01;
            assert!(speed <= FINGER_SPEED * 1.001, "{speed} m/s");
            if pair[0].grasped && pair[1].grasped {
                assert_eq!(pair[0].width, pair[1].width);
            }
        }
        assert!(at.iter().all(|f| (0.025..=OPEN).contains(&f.width)));
        assert!(at.iter().filter(|f| f.grasped).all(|f| f.width < OPEN));
    }

    #[test]
    fn an_empty_session_still_has_a_posture() {
        let motion = Motion::plan(0.0, &mut Random::new(1, 0));
        assert!(motion.joints(-1.0).iter().all(|q| q.is_finite()));
        assert_eq!(motion.fingers(-1.0).width, OPEN);
    }
}
