"""Writes a recording of a dataset, times to resample it to, and what scipy makes of it in float64.

    python expected.py DATA OUT NAME

DATA is the folder of datasets, NAME one of the functions below `recordings`. OUT gets times.npy [S],
data.npy [S, D], targets.npy [T] and expected.npy [T, D].
"""

import pathlib
import sys

import numpy as np
from scipy.interpolate import PchipInterpolator, interp1d
from scipy.spatial.transform import Rotation, Slerp


def linear(times, values, targets):
    return interp1d(times, values, axis=0)(targets)


def pchip(times, values, targets):
    return PchipInterpolator(times, values)(targets)


def slerp(times, values, targets):
    """Quaternions beside each other, as x, y, z, w."""
    parts = np.split(values, values.shape[1] // 4, axis=1)
    return np.hstack([Slerp(times, Rotation.from_quat(q))(targets).as_quat() for q in parts])


def slerp_wxyz(times, values, targets):
    return np.roll(slerp(times, np.roll(values, -1, axis=1), targets), 1, axis=1)


def steps(first, last, step):
    """Moments from the first to the last."""
    return first + step * np.arange(int((last - first) / step) + 1)


# Recordings: times, data, targets, and who interpolates how many columns.


def kitti(folder):
    times = np.loadtxt(folder / "kitti/odometry_00_times.txt")
    poses = np.loadtxt(folder / "kitti/odometry_00_poses_gt.txt").reshape(-1, 3, 4)
    rotations = Rotation.from_matrix(poses[:, :, :3]).as_quat()
    data = np.hstack([poses[:, :, 3], rotations])
    return times, data, steps(times[0], times[-1], 1 / 50), [(linear, 3), (slerp, 4)]


def euroc(folder):
    """Nanoseconds as integers."""
    path = folder / "extra_trajectories/euroc_V102_groundtruth.csv"
    times = np.loadtxt(path, delimiter=",", usecols=0, dtype=np.int64)
    data = np.loadtxt(path, delimiter=",", usecols=range(1, 17))
    targets = np.arange(times[0], times[-1], 16_666_667)
    return times, data, targets, [(linear, 3), (slerp_wxyz, 4), (linear, 9)]


def tum(folder):
    rows = np.loadtxt(folder / "extra_trajectories/tum_freiburg1_xyz-groundtruth.txt")
    times = rows[:, 0]
    return times, rows[:, 1:], steps(times[0], times[-1], 1 / 30), [(linear, 3), (slerp, 4)]


def tum_smooth(folder):
    times, data, targets, _ = tum(folder)
    return times, data, targets, [(pchip, 3), (slerp, 4)]


def tartanair(folder):
    """Without stamps: a frame is the unit of time."""
    data = np.loadtxt(folder / "tartanair/pose_gt.txt")
    times = np.arange(len(data), dtype=np.float32)
    targets = steps(times[0], times[-1], 0.3).astype(np.float32)
    return times, data, targets, [(linear, 3), (slerp, 4)]


def rollout(folder, *names):
    """The one environment that is filled, without its last step, which is not."""
    import h5py

    with h5py.File(folder / "isaac_gym/quadruped_amp_rollout.h5") as file:
        data = np.hstack([file[name][0, :-1].astype(np.float64) for name in names])
        times = file.attrs["dt"] * np.arange(len(data))
    return times, data, steps(times[0], times[-1], 1 / 120)


def isaac_gym(folder):
    return *rollout(folder, "root_states"), [(linear, 3), (slerp, 4), (linear, 6)]


def isaac_gym_joints(folder):
    return *rollout(folder, "dof_pos", "dof_vel"), [(linear, 24)]


def amp(folder, name):
    clip = np.load(folder / f"isaac_gym/derived/amp_humanoid_{name}.npz")
    times = np.arange(len(clip["rotation"])) / float(clip["fps"])
    columns = lambda name: clip[name].reshape(len(times), -1).astype(np.float64)
    return times, columns, steps(times[0], times[-1], 1 / 50)


def amp_run(folder):
    times, columns, targets = amp(folder, "run")
    return times, columns("rotation"), targets, [(slerp, 60)]


def amp_walk(folder):
    times, columns, targets = amp(folder, "walk")
    names = ["root_translation", "rotation", "global_velocity", "global_angular_velocity"]
    data = np.hstack([columns(name) for name in names])
    return times, data, targets, [(linear, 3), (slerp, 60), (linear, 90)]


recordings = [
    kitti,
    euroc,
    tum,
    tum_smooth,
    tartanair,
    isaac_gym,
    isaac_gym_joints,
    amp_run,
    amp_walk,
]


def main(folder, out, name):
    recording = {function.__name__: function for function in recordings}[name]
    times, data, targets, spans = recording(pathlib.Path(folder))
    targets = targets[targets <= times[-1]]
    # Integers from the first one on: those differences are exact in float64.
    zero = times[0] if times.dtype == np.int64 else 0
    knots, moments = (np.float64(x - zero) for x in (times, targets))
    ends = np.cumsum([columns for _, columns in spans])
    assert ends[-1] == data.shape[1], f"{ends[-1]} of {data.shape[1]} columns"
    parts = np.split(data, ends[:-1], axis=1)
    results = [how(knots, part, moments) for (how, _), part in zip(spans, parts)]
    arrays = dict(times=times, data=data, targets=targets, expected=np.hstack(results))
    for name, array in arrays.items():
        np.save(pathlib.Path(out) / name, np.ascontiguousarray(array))


main(*sys.argv[1:])
