"""The peers of voxelization: their points, their checks, and that those notice what is wrong. Run by tests/peers.rs."""
import os
import sys
import types

# Has to be known when kernels are declared.
os.environ["TRITON_INTERPRET"] = "1"
fake, peers = sys.argv[1:]
sys.path.insert(0, peers)

import _protocol as protocol
import _voxelize as voxelize

# Shapes, as the harness writes them.
task = voxelize.Task("sparse lidar 3*115 2816x1600x40 first-point count+mean f4 cpu-equals-gpu", 9)
assert (task.form, task.scene, task.batch, task.points, task.cells) == ("sparse", "lidar", 3, 115, (2816, 1600, 40))
assert (task.wanted, task.features, task.order) == ({"count", "mean"}, 4, "first-point")
assert (task.level, task.seed, task.places()) == ("cpu-equals-gpu", 9, 3 * 2816 * 1600 * 40)


def refused(call):
    try:
        call()
    except protocol.Refused:
        return True
    return False


def wrong(call):
    try:
        call()
    except ValueError:
        return True
    return False


for shape in [
    "dense sphere 5 2x2x2 count",
    "dense one 5 2x2 count",
    "flat one 5 2x2x2 count",
    "dense one 5 2x2x2 median",
]:
    assert refused(lambda: voxelize.Task(shape, 1)), shape
assert refused(lambda: task.does(("dense",), voxelize.OUTPUTS, order=True))
assert refused(lambda: task.does(("sparse",), ("mean",), order=True))
assert refused(lambda: task.does(("sparse",), voxelize.OUTPUTS))
assert refused(lambda: task.does(("sparse",), voxelize.OUTPUTS, order=True, batch=False))
task.does(("sparse",), ("count", "mean"), order=True)
assert task.looser("in turn") == "sums may differ between devices" and "atomically" in task.looser("atomically")
assert voxelize.Task("dense one 5 2x2x2 mean f1", 1).looser("in turn") == ""
assert voxelize.Task("dense one 5 2x2x2 max f1", 1).looser("atomically") == ""

try:
    import numpy as np
except ImportError as missing:
    print(f"the rest is not tried: {missing}")
    sys.exit()

np.seterr(invalid="ignore")

# The same points as our own contender's, of which crates/voxelize/src/workload/cloud.rs knows the same sums.
for scene, expected in [
    ("uniform", 2085898.3299267292),
    ("clustered", 2074842.4621027987),
    ("lidar", 2061152.6517320871),
    ("one", 2054484.3134673834),
]:
    points = voxelize.Task(f"dense {scene} 2*700 30x20x10 mean f2", 3).cloud().astype(np.float64).reshape(-1)
    found = (points * (np.arange(points.size) % 97 + 1)).sum()
    assert abs(found / expected - 1) < 1e-9, (scene, found)


class Hard(voxelize.Task):
    """Points that a grid with odd sizes makes difficult: at borders, outside and not finite."""

    def grid(self):
        return np.array([-1.1, 0.3, -2.0], np.float32), np.array([0.049, 0.11, 0.13], np.float32)

    def cloud(self):
        random = np.random.default_rng(self.seed)
        least, size = self.grid()
        cells = random.integers(-2, np.array(self.cells) + 3, (self.batch, self.points, 3))
        points = random.random((self.batch, self.points, 3 + self.features), np.float32) - np.float32(0.5)
        points[:, :, :3] = least + cells.astype(np.float32) * size
        points[:, ::3, :3] += size * random.random((1, 3), np.float32)
        points[:, 5, 0], points[:, 7, 1], points[:, 9, 2] = np.nan, np.inf, -np.inf
        points[:, 11, :3] = 1e30
        return points


def by_hand(task):
    """Points of each voxel, one after another."""
    voxels = {}
    least, size = task.grid()
    for index, point in enumerate(task.cloud().reshape(-1, 3 + task.features)):
        cell = []
        for axis in range(3):
            quotient = np.float32(np.float32(point[axis] - least[axis]) / size[axis])
            cell.append(int(np.floor(quotient)) if np.isfinite(quotient) else -1)
        if all(0 <= c < cells for c, cells in zip(cell, task.cells)):
            voxels.setdefault((index // task.points, *cell), []).append((index, point[3:].astype(np.float64)))
    return voxels


# Whoever multiplies by a reciprocal has some of these points in another cell.
many = Hard("dense uniform 2*400 70x50x30 count f3", 4)
least, size = many.grid()
points = many.cloud()[:, :, :3]
quotient, product = np.floor((points - least) / size), np.floor((points - least) * (np.float32(1) / size))
assert (((quotient != product) & (quotient >= 0) & (quotient < many.cells)).reshape(-1, 3).sum(axis=0) > 5).all()

ALL = "sum+mean+max+min+count+first"
task = Hard(f"sparse uniform 2*400 7x5x3 {ALL} f2", 4)
voxels, right = by_hand(task), task.reference()
assert len(right.keys) == len(voxels) and 20 < len(voxels) < 2 * 7 * 5 * 3
for row, (_, points) in enumerate(sorted(voxels.items())):
    values = np.array([value for _, value in points])
    assert right.output("count")[0][row] == len(points) and right.output("first")[0][row] == points[0][0]
    for name in ("sum", "mean", "max", "min"):
        assert np.abs(right.output(name)[0][row] - getattr(values, name)(axis=0)).max() < 1e-12, name

# What is right is let through, and each thing that is wrong is not.
found = {name: right.output(name)[0].copy() for name in task.wanted}
found["coords"] = np.array(sorted(voxels))
task.check(found)
for name, array in found.items():
    changed = array.astype(np.float64)
    changed[3] += 1e-3 if name in ("sum", "mean", "max", "min") else 1
    assert wrong(lambda: task.check(found | {name: changed})), name
    assert wrong(lambda: task.check({other: found[other] for other in found if other != name})), name
assert wrong(lambda: task.check({name: array[:-1] for name, array in found.items()}))
assert wrong(lambda: task.check({name: array[::-1] for name, array in found.items()}))
dense = Hard(f"dense uniform 2*400 7x5x3 occupancy+{ALL} f2", 4)
found = {name: np.full(dense.places(), -1 if name == "first" else 0) for name in ("count", "first", "occupancy")}
found |= {name: np.zeros((dense.places(), 2)) for name in voxelize.OF_FEATURES}
for name in dense.wanted:
    found[name][dense.reference().keys] = dense.reference().output(name)[0]
dense.check(found)
outside = min(set(range(dense.places())) - set(dense.reference().keys))
for name in dense.wanted:
    changed = found[name].copy()
    changed[outside] = 1
    assert wrong(lambda: dense.check(found | {name: changed})), name

# Whoever gathers points of a voxel may stop at ten, and no earlier.
import spconv_voxels

some = voxelize.Task("sparse clustered 900 9x9x9 mean f2", 5)
right = some.reference()
assert right.count.max() > spconv_voxels.MOST
coords = np.stack(np.unravel_index(right.keys, some.cells), axis=1)[:, ::-1]
mean, count = right.output("mean")[0], np.minimum(right.count, spconv_voxels.MOST)
check = spconv_voxels.Spconv.check
check(some, mean[::-1], coords[::-1], count[::-1])
single = np.flatnonzero(right.count == 1)[0]
moved = mean + 1e-3 * (np.arange(len(mean)) == single)[:, None]
far = mean + 3.0 * (right.count > spconv_voxels.MOST)[:, None]
for arguments in [(moved, coords, count), (far, coords, count), (mean, coords, right.count), (mean, coords + 1, count)]:
    assert wrong(lambda: check(some, *arguments))


def times(runner):
    for cache in ("cold", "warm"):
        assert len(runner.time(cache, 2, 1)) == 2
    runner.close()


# Everyone who computes here, with points that are difficult.
hard = [
    Hard(f"dense uniform 2*400 7x5x3 occupancy+sum+mean+max+min+count f{features} cpu-equals-gpu", 6)
    for features in (1, 3)
]
hard += [Hard("sparse uniform 2*400 7x5x3 sum+mean+max+min+count f3", 7)]
hard += [Hard("dense uniform 400 7x5x3 count", 8), many]
whole = hard + [Hard(f"{form} uniform 2*400 7x5x3 {ALL} f2", 9) for form in ("dense", "sparse")]
whole.append(Hard(f"sparse uniform 2*400 7x5x3 first-point {ALL} f2", 10))
import _voxelize_numpy

for task in whole:
    times(_voxelize_numpy.runner(np, task))
try:
    import numba

    import _voxelize_numba
except ImportError as missing:
    print(f"numba is not tried: {missing}")
else:
    functions = _voxelize_numba.compiled(numba, np)
    for task in whole:
        times(_voxelize_numba.runner(np, functions, task, 3))
try:
    import torch

    import _voxelize_torch
except ImportError as missing:
    print(f"torch is not tried: {missing}")
else:
    for task in hard:
        times(_voxelize_torch.eager(torch, task, "cpu"))
    try:
        import _voxelize_triton
    except ImportError as missing:
        print(f"triton is not tried: {missing}")
    else:
        for task in hard:
            if task.form == "dense":
                times(_voxelize_triton.runner(torch, task, "cpu"))

# Whoever has other voxels is let through if they are what they are said to be, and only then.
sys.path.insert(0, fake)
arguments = types.SimpleNamespace(device="cpu", threads=2)
for name in ("small_gicp", "open3d"):
    sys.modules.pop(name, None)
import small_gicp

import open3d_grid
import small_gicp_grid

assert small_gicp.__file__.startswith(fake)
some = voxelize.Task("sparse clustered 3000 40x30x9 mean f2", 11)
gicp = small_gicp_grid.SmallGicp(arguments)
runner = gicp.voxelize(some)
assert "in parts" in runner.differs
times(runner)
for small_gicp.fault in ("lost", "moved", "doubled"):
    assert wrong(lambda: gicp.voxelize(some)), small_gicp.fault
small_gicp.fault = None
for shape in ["dense uniform 9 2x2x2 mean f1", "sparse uniform 9 2x2x2 max f1", "sparse uniform 2*9 2x2x2 mean f1"]:
    assert refused(lambda: gicp.voxelize(voxelize.Task(shape, 1))), shape
assert refused(lambda: gicp.voxelize(voxelize.Task("sparse uniform 9 2000000x2x2 mean f1", 1)))
runners = open3d_grid.Open3D(arguments).voxelize(some)
assert list(runners) == ["open3d", "open3d-tensor"]
assert "half a cell below" in runners["open3d"].differs
for runner in runners.values():
    times(runner)
points = some.cloud()[0].astype(np.float64)
# A grid that begins elsewhere is another one.
assert wrong(lambda: some.check_middles(0.25, small_gicp.means(points[:, :3], 0.0)))
features = small_gicp.means(points, 0.0)
some.check_middles(0.0, features[:, :3], features[:, 3:])
assert wrong(lambda: some.check_middles(0.0, features[:, :3], features[:, 3:] + 1e-3))
print("fine")
