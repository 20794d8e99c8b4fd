"""The points that our own contender has, number by number: crates/voxelize/src/workload/cloud.rs draws them."""
import math
import os

HEAPS = 100
BEAMS = 64
LAST = 1.0 - 1e-6


def draws(np, seed, count):
    """Numbers in [0, 1) of a linear congruential generator, of which many are made at once: the n-th state after a
    state is an affine function of it."""
    mask = (1 << 64) - 1
    multiplier, increment = 6_364_136_223_846_793_005, 1_442_695_040_888_963_407
    states = np.empty(max(count, 1), np.uint64)
    states[0] = ((seed * 0x9E37_79B9_7F4A_7C15 & mask | 1) * multiplier + increment) & mask
    done = 1
    while done < count:
        # `multiplier` and `increment` lead `done` states on.
        more = min(done, count - done)
        states[done : done + more] = states[:more] * np.uint64(multiplier) + np.uint64(increment)
        increment = (multiplier * increment + increment) & mask
        multiplier = multiplier * multiplier & mask
        done += more
    states >>= np.uint64(40)
    return states / float(1 << 24)


def heap(four):
    """Between -2 and 2, more often near zero."""
    four = four - 0.5
    return four[..., 0] + four[..., 1] + four[..., 2] + four[..., 3]


def cloud(np, task):
    """`[B * N, 3 + F]` points as float32."""
    count, features = task.batch * task.points, task.features
    # At most so many numbers for a point.
    scenes = {"uniform": (uniform, 3), "one": (one, 3), "clustered": (clustered, 13), "lidar": (lidar, 6), "kitti": (kitti, 3)}
    make, width = scenes[task.scene]
    numbers = draws(np, task.seed, 3 * HEAPS + count * (width + features))
    at, rest = make(np, task, numbers[: 3 * HEAPS].reshape(HEAPS, 3), numbers[3 * HEAPS :])
    points = np.empty((count, 3 + features), np.float32)
    points[:, :3] = at * np.array(task.cells, np.float64)
    points[:, 3:] = rest.astype(np.float32) * np.float32(2) - np.float32(1)
    return points


def rows(numbers, count, width):
    return numbers[: count * width].reshape(count, width)


def uniform(np, task, _, numbers):
    drawn = rows(numbers, task.batch * task.points, 3 + task.features)
    return drawn[:, :3], drawn[:, 3:]


def one(np, task, _, numbers):
    drawn = rows(numbers, task.batch * task.points, 3 + task.features)
    return 0.5 + 1e-3 * drawn[:, :3] / task.points, drawn[:, 3:]


def clustered(np, task, heaps, numbers):
    drawn = rows(numbers, task.batch * task.points, 13 + task.features)
    middle = heaps[(drawn[:, 0] * HEAPS).astype(np.int64)]
    at = middle + 0.02 * heap(drawn[:, 1:13].reshape(-1, 3, 4))
    return at.clip(0.0, LAST), drawn[:, 13:]


def kitti(np, task, _, numbers):
    """The first points of a scan that are within the range, as parts of it."""
    least, extent = np.array([-70.4, -40.0, -3.0]), np.array([140.8, 80.0, 4.0])
    path = os.path.join(os.environ["ROBOCACHE_REAL_DATA"], "kitti/odometry_00_000000.bin")
    at = (np.fromfile(path, np.float32).reshape(-1, 4)[:, :3].astype(np.float64) - least) / extent
    at = at[((at >= 0.0) & (at < 1.0 - 1e-6)).all(axis=1)][: task.points]
    if len(at) < task.points:
        raise ValueError(f"{path} has {len(at)} points in range")
    return np.tile(at, (task.batch, 1)), rows(numbers, task.batch * task.points, task.features)


def lidar(np, task, _, numbers):
    """A beam that looks down meets the ground, or something upright before it, for which it draws once more."""
    count, features = task.batch * task.points, task.features
    upright = numbers < 0.3
    begin, at = np.empty(count, np.int64), 0
    quick = upright.tolist()
    for point in range(count):
        begin[point] = at
        at += 6 + features if quick[at] else 5 + features
    upright = upright[begin]
    after = begin + 1 + upright
    per_beam = -(-task.points // BEAMS)
    beam, turn = np.divmod(np.arange(count) % task.points, per_beam)
    # By the C library, as Rust's are, and not by numpy's vectors.
    angles = [math.tau * turn / per_beam for turn in range(per_beam)]
    cosine, sine = (np.array([of(angle) for angle in angles])[turn] for of in (math.cos, math.sin))
    slope = np.array([math.tan(0.02 + 0.4 * beam / BEAMS) for beam in range(BEAMS)])[beam]
    ground = 0.01 / slope
    near = np.minimum(ground, 0.45) * (0.3 + 0.7 * numbers[begin + 1])
    distance = np.where(upright, near, np.minimum(ground, 0.49))
    jitter = 1e-3 * heap(numbers[after[:, None] + np.arange(4)])
    where = [0.5 + distance * cosine + jitter, 0.5 + distance * sine + jitter, 0.5 + 10.0 * (0.01 - distance * slope)]
    return np.stack(where, axis=1).clip(0.0, LAST), numbers[(after + 4)[:, None] + np.arange(features)]
