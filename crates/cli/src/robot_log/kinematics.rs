//! Which pose do the joints hold, and which joints reach a pose?
//!
//! The arm is the Franka Emika Panda with its hand, in the modified Denavit-Hartenberg
//! parameters that its maker publishes.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

/// How many joints the arm has.
pub(super) const JOINTS: usize = 7;

/// The least and the greatest angle of each joint, in radians.
pub(super) const LIMITS: [(f64, f64); JOINTS] = [
    (-2.8973, 2.8973),
    (-1.7628, 1.7628),
    (-2.8973, 2.8973),
    (-3.0718, -0.0698),
    (-2.8973, 2.8973),
    (-0.0175, 3.7525),
    (-2.8973, 2.8973),
];

/// Each joint's link length `a` in metres, offset `d` in metres and twist `alpha`.
const LINKS: [(f64, f64, f64); JOINTS] = [
    (0.0, SHOULDER, 0.0),
    (0.0, 0.0, -FRAC_PI_2),
    (0.0, UPPER_ARM, FRAC_PI_2),
    (ELBOW, 0.0, FRAC_PI_2),
    (-ELBOW, FOREARM, -FRAC_PI_2),
    (0.0, 0.0, FRAC_PI_2),
    (WRIST, 0.0, FRAC_PI_2),
];

/// The shoulder's height, in metres.
const SHOULDER: f64 = 0.333;
const UPPER_ARM: f64 = 0.316;
/// How far the elbow's axis lies in front of the upper arm.
const ELBOW: f64 = 0.0825;
const FOREARM: f64 = 0.384;
/// How far the last joint's axis lies in front of the sixth's.
const WRIST: f64 = 0.088;
/// From the last joint to the flange and on to the point between the fingertips.
const HAND: f64 = 0.107 + 0.1034;

/// A rotation matrix by rows.
type Rotation = [[f64; 3]; 3];

/// Where the point between the fingertips is and how the hand is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// In metres from the arm's base.
    pub(super) position: [f64; 3],
    rotation: Rotation,
}

impl Pose {
    /// The hand's rotation as a unit quaternion `x, y, z, w`, of either sign.
    pub(super) fn quaternion(&self) -> [f64; 4] {
        let r = &self.rotation;
        // Four times the square of each part; the greatest is at least one (Shepperd).
        let squares = [
            1.0 + r[0][0] - r[1][1] - r[2][2],
            1.0 - r[0][0] + r[1][1] - r[2][2],
            1.0 - r[0][0] - r[1][1] + r[2][2],
            1.0 + r[0][0] + r[1][1] + r[2][2],
        ];
        let greatest = (1..4).fold(0, |best, part| {
            if squares[part] > squares[best] {
                part
            } else {
                best
            }
        });
        let xy = r[1][0] + r[0][1];
        let xz = r[0][2] + r[2][0];
        let yz = r[2][1] + r[1][2];
        let (wx, wy, wz) = (r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]);
        let products = match greatest {
            0 => [squares[0], xy, xz, wx],
            1 => [xy, squares[1], yz, wy],
            2 => [xz, yz, squares[2], wz],
            _ => [wx, wy, wz, squares[3]],
        };
        let norm = products.iter().map(|part| part * part).sum::<f64>().sqrt();
        products.map(|part| part / norm)
    }
}

/// The pose that the joint angles hold.
pub(super) fn forward(joints: &[f64; JOINTS]) -> Pose {
    let mut rotation = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut position = [0.0; 3];
    let advance = |rotation: &Rotation, position: &mut [f64; 3], by: [f64; 3]| {
        for (at, row) in position.iter_mut().zip(rotation) {
            *at += row.iter().zip(by).map(|(r, b)| r * b).sum::<f64>();
        }
    };
    for (&(a, d, alpha), &angle) in LINKS.iter().zip(joints) {
        let (sin, cos) = angle.sin_cos();
        let (twist_sin, twist_cos) = alpha.sin_cos();
        advance(&rotation, &mut position, [a, -d * twist_sin, d * twist_cos]);
        rotation = product(
            &rotation,
            &[
                [cos, -sin, 0.0],
                [sin * twist_cos, cos * twist_cos, -twist_sin],
                [sin * twist_sin, cos * twist_sin, twist_cos],
            ],
        );
    }
    advance(&rotation, &mut position, [0.0, 0.0, HAND]);
    // The hand is mounted turned by an eighth of a turn.
    let (sin, cos) = (-FRAC_PI_4).sin_cos();
    let hand = [[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]];
    Pose {
        position,
        rotation: product(&rotation, &hand),
    }
}

fn product(left: &Rotation, right: &Rotation) -> Rotation {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..3).map(|k| left[row][k] * right[k][column]).sum())
    })
}

/// The joint angles that hold the hand pointing down, `reach` metres from the base's axis at
/// `height` metres, in the direction `bearing` and turned by `yaw` about the vertical.
///
/// A point outside of the arm's reach gives the nearest stretched or folded posture; the
/// result is held to the joints' limits.
pub(super) fn above(bearing: f64, reach: f64, height: f64, yaw: f64) -> [f64; JOINTS] {
    // With the third and the fifth joint at zero, the arm is two links in a vertical plane.
    let (upper, lower) = (UPPER_ARM.hypot(ELBOW), FOREARM.hypot(ELBOW));
    let (upper_lean, lower_lean) = (ELBOW.atan2(UPPER_ARM), ELBOW.atan2(FOREARM));
    let (out, up) = (reach - WRIST, height + HAND - SHOULDER);
    let cos = (out * out + up * up - upper * upper - lower * lower) / (2.0 * upper * lower);
    let bend = cos.clamp(-1.0, 1.0).acos();
    // Angles from the vertical, forward positive.
    let first = out.atan2(up) - (lower * bend.sin()).atan2(upper + lower * bend.cos());
    let shoulder = first - upper_lean;
    let elbow = shoulder - (first + bend) - lower_lean;
    let wrist = shoulder - elbow;
    let mut joints = [
        bearing,
        shoulder,
        0.0,
        elbow,
        0.0,
        wrist,
        FRAC_PI_4 + bearing - yaw,
    ];
    for (joint, (least, greatest)) in joints.iter_mut().zip(LIMITS) {
        *joint = joint.clamp(least, greatest);
    }
    joints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: &[f64], want: &[f64], by: f64) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < by, "{got:?} is not {want:?}");
        }
    }

    #[test]
    fn the_ready_posture_is_where_the_maker_says() {
        let ready = [
            0.0,
            -FRAC_PI_4,
            0.0,
            -3.0 * FRAC_PI_4,
            0.0,
            FRAC_PI_2,
            FRAC_PI_4,
        ];
        let pose = forward(&ready);
        close(&pose.position, &[0.3069, 0.0, 0.4869], 5e-4);
        // Fingers down: half a turn about x.
        let q = pose.quaternion();
        close(
            &[q[0].abs(), q[1], q[2], q[3]],
            &[1.0, 0.0, 0.0, 0.0],
            1e-12,
        );
    }

    #[test]
    fn joints_from_a_pose_reach_it() {
        for (bearing, reach, height, yaw) in [
            (0.0, 0.45, 0.3, 0.0),
            (0.7, 0.6, 0.02, 0.3),
            (-0.8, 0.42, 0.05, -0.4),
            (0.3, 0.5, 0.4, 0.2),
        ] {
            let pose = forward(&above(bearing, reach, height, yaw));
            let want = [reach * f64::cos(bearing), reach * f64::sin(bearing), height];
            close(&pose.position, &want, 1e-9);
            let q = pose.quaternion();
            assert!(q[2].abs() < 1e-9 && q[3].abs() < 1e-9, "not down: {q:?}");
            let turned = 2.0 * q[1].atan2(q[0]);
            assert!((turned - yaw).sin().abs() < 1e-9, "{turned} for {yaw}");
        }
    }

    #[test]
    fn quaternions_are_those_of_their_rotations() {
        let mut joints = above(0.4, 0.5, 0.2, 0.1);
        for step in 0..60 {
            joints[4] = 0.1 * f64::from(step) - 2.8;
            joints[6] = -joints[4];
            let pose = forward(&joints);
            let [x, y, z, w] = pose.quaternion();
            let rebuilt = [
                1.0 - 2.0 * (y * y + z * z),
                2.0 * (x * y - w * z),
                2.0 * (x * z + w * y),
                2.0 * (x * y + w * z),
                1.0 - 2.0 * (x * x + z * z),
                2.0 * (y * z - w * x),
                2.0 * (x * z - w * y),
                2.0 * (y * z + w * x),
                1.0 - 2.0 * (x * x + y * y),
            ];
            close(pose.rotation.as_flattened(), &rebuilt, 1e-12);
        }
    }

    #[test]
    fn points_out_of_reach_stay_within_the_limits() {
        for joints in [above(9.0, 5.0, 5.0, 9.0), above(0.0, 0.0, 0.0, 0.0)] {
            for (joint, (least, greatest)) in joints.iter().zip(LIMITS) {
                assert!((least..=greatest).contains(joint), "{joints:?}");
            }
        }
    }
}
