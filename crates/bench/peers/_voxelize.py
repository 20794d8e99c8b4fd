"""What the peers of voxelization have in common: shapes, inputs and checks."""
import math

from _protocol import Refused
from _voxelize_cloud import cloud

SCENES = ("uniform", "clustered", "lidar", "one", "kitti")
OF_FEATURES = ("sum", "mean", "max", "min")
OUTPUTS = ("occupancy", "bits", "count", "first") + OF_FEATURES
UNIT = 2.0**-24


class Task:
    """A problem of voxelization: `batch` clouds of `points` points with `features` features each, on a grid the cells
    of which are one wide and begin at zero."""

    def __init__(self, shape, seed):
        self.text, self.seed = shape, seed
        self.form, self.scene, sizes, cells, *words = shape.split()
        batch, points = sizes.split("*") if "*" in sizes else ("1", sizes)
        self.batch, self.points = int(batch), int(points)
        self.cells = tuple(map(int, cells.split("x")))
        self.wanted, self.features, self.order, self.level = set(), 0, "key", "run-to-run"
        for word in words:
            if word[0] == "f" and word[1:].isdigit():
                self.features = int(word[1:])
            elif word == "first-point":
                self.order = word
            elif word in ("not-guaranteed", "cpu-equals-gpu"):
                self.level = word
            else:
                self.wanted |= set(word.split("+"))
        known = self.form in ("dense", "sparse") and self.scene in SCENES and len(self.cells) == 3
        if not known or not self.wanted or not self.wanted <= set(OUTPUTS):
            raise Refused(f"does not know {shape}")
        self.made, self.seen = None, None

    def does(self, form, outputs, batch=True, order=False):
        """Refuses what a peer does not do."""
        if self.form not in form:
            raise Refused(f"does no {self.form} voxels")
        if not self.wanted <= set(outputs):
            raise Refused(f"gives no {', '.join(sorted(self.wanted - set(outputs)))}")
        if self.batch > 1 and not batch:
            raise Refused("takes one cloud at a time")
        if self.order != "key" and not order:
            raise Refused("does not order voxels by their first points")

    def places(self):
        return self.batch * math.prod(self.cells)

    def bytes(self):
        """About the bytes that have to move, for the number of problems that a rotation needs."""
        inputs = 4 * self.batch * self.points * (3 + self.features)
        outputs = [("occupancy", 1), ("bits", 1 / 8), ("count", 4), ("first", 4)]
        outputs += [(name, 4 * self.features) for name in OF_FEATURES]
        of_one = sum(size for name, size in outputs if name in self.wanted)
        if self.form == "dense":
            return int(inputs + self.places() * of_one)
        return int(inputs + len(self.reference().keys) * (16 + of_one))

    def cloud(self):
        """`[B, N, 3 + F]` points as float32, made once."""
        import numpy as np

        if self.made is None:
            self.made = cloud(np, self).reshape(self.batch, self.points, 3 + self.features)
        return self.made

    def grid(self):
        """The least corner and the size of a cell: peers are not told that they are zero and one."""
        import numpy as np

        return np.zeros(3, np.float32), np.ones(3, np.float32)

    def reference(self):
        """What is right, made once."""
        if self.seen is None:
            self.seen = Reference(self)
        return self.seen

    def check(self, found):
        """Compares a result with the reference: arrays under the names of outputs, and `coords` `[M, 4]` of sparse
        voxels, in the order that was asked for."""
        import numpy as np

        right = self.reference()
        if missing := (self.wanted | ({"coords"} if self.form == "sparse" else set())) - set(found):
            raise ValueError(f"{missing} were not given")
        if self.form == "dense":
            keys, order = right.keys, slice(None)
        else:
            x, y, z = self.cells
            b, *at = found["coords"].astype(np.int64).reshape(-1, 4).T
            keys = ((b * x + at[0]) * y + at[1]) * z + at[2]
            order = slice(None) if self.order == "key" else np.argsort(right.first)
            if not np.array_equal(keys, right.keys[order]):
                raise ValueError(f"{len(keys)} voxels are not the {len(right.keys)} in which points are, in order")
        for name in sorted(self.wanted):
            numbers = found[name].reshape(-1, self.features) if name in OF_FEATURES else found[name].reshape(-1)
            expected, limit = right.output(name)
            here = numbers
            if self.form == "dense":
                here, empty = numbers[keys], -1 if name == "first" else 0
                filled = np.count_nonzero(here != empty)
                if len(numbers) != self.places() or np.count_nonzero(numbers != empty) != filled:
                    raise ValueError(f"{name} is not {empty} in cells without points")
            error = np.abs(here.astype(np.float64) - expected[order])
            if not (error <= limit[order]).all():
                raise ValueError(f"{name} is wrong by {error.max()}")

    def check_middles(self, least, middles, features=None, parts=False):
        """Compares voxels that a peer gives as the mean points `[M, 3]` in them, in any order, with those of cells
        that begin at `least`; features `[M, F]`, too, if it has means of them. Its voxels may come in several parts."""
        import numpy as np

        columns = 3 if features is None else 3 + self.features
        points = self.cloud().reshape(-1, 3 + self.features)[:, :columns].astype(np.float64)
        cells = np.floor(points[:, :3] - least).astype(np.int64)
        low = cells.min(axis=0)
        extent = cells.max(axis=0) - low + 1
        place = lambda cells: np.ravel_multi_index(tuple((cells - low).T), tuple(extent), mode="wrap")
        keys, voxel, count = np.unique(place(cells), return_inverse=True, return_counts=True)
        found, first, times = np.unique(
            place(np.floor(middles.astype(np.float64) - least).astype(np.int64)), return_index=True, return_counts=True
        )
        if not np.array_equal(found, keys):
            raise ValueError(f"{len(found)} voxels are not the {len(keys)} in which points are")
        if len(middles) > (1.1 * len(keys) + len(points) / 1024 if parts else len(keys)):
            raise ValueError(f"{len(middles)} points are too many for {len(keys)} voxels")
        mean = middles if features is None else np.concatenate((middles, features), axis=1)
        for column in range(columns):
            total = lambda values: np.bincount(voxel, values) / count
            error = np.abs(mean[first, column] - total(points[:, column]))
            limit = (count + 1) * UNIT * total(np.abs(points[:, column]))
            if not (error <= limit)[times == 1].all():
                raise ValueError(f"means of column {column} are wrong by {error[times == 1].max()}")

    def looser(self, where):
        """In words, what a peer does not promise that our own contender does: it adds floats `where`."""
        if not self.wanted & {"sum", "mean"} or self.level == "not-guaranteed":
            return ""
        if where == "atomically":
            return "adds atomically: sums may differ between runs"
        return "sums may differ between devices" if self.level == "cpu-equals-gpu" else ""


class Reference:
    """Cells by the IEEE quotient in float32, and all else in float64."""

    def __init__(self, task):
        import numpy as np

        self.np = np
        points = task.cloud().reshape(-1, 3 + task.features)
        least, size = task.grid()
        cell = np.floor((points[:, :3] - least) / size).astype(np.int64)
        inside = ((cell >= 0) & (cell < np.array(task.cells))).all(axis=1)
        key = np.repeat(np.arange(task.batch), task.points)
        for axis in range(3):
            key = key * task.cells[axis] + cell[:, axis]
        key = key[inside]
        if task.form == "dense" and task.wanted <= {"occupancy", "count"}:
            # There may be very many points, and nothing else is asked for.
            each = np.bincount(key, minlength=task.places())
            self.keys = np.flatnonzero(each)
            self.count = each[self.keys]
            return
        self.keys, first, voxel, self.count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        self.first, self.values = np.flatnonzero(inside)[first], points[inside][:, 3:].astype(np.float64)
        self.order = np.argsort(voxel)
        self.starts = np.concatenate(([0], np.cumsum(self.count)[:-1]))

    def added(self, values):
        return self.np.add.reduceat(values[self.order], self.starts, axis=0)

    def output(self, name):
        """The numbers of a voxel, and by how much they may differ."""
        np = self.np
        if name in ("occupancy", "count", "first"):
            values = np.ones(len(self.keys)) if name == "occupancy" else getattr(self, name)
            return values, np.zeros(len(self.keys))
        if name in ("max", "min"):
            of = np.maximum if name == "max" else np.minimum
            values = of.reduceat(self.values[self.order], self.starts, axis=0)
            return values, np.zeros(values.shape)
        total, count = self.added(self.values), self.count[:, None]
        # As many roundings as there are additions, and one for the quotient.
        limit = (count + 1) * UNIT * self.added(np.abs(self.values))
        return (total, limit) if name == "sum" else (total / count, limit / count)
