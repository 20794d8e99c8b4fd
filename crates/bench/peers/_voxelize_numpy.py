"""numpy: keys of cells in whole columns, counted as they are or sorted first.

Keys are sorted together with the points' indices, as one number: that takes a third of the time of an argsort, and
leaves points of a voxel in their order. Sums are those of numpy.add.reduceat or numpy.add.at, whichever measures
faster; to call numpy.bincount with weights for each column is slower than either.
"""
import _protocol as protocol
from _voxelize import OF_FEATURES

OUTPUTS = ("occupancy", "count", "first") + OF_FEATURES


class Voxelizer:
    def __init__(self, np, task):
        self.np, self.task = np, task
        self.grid = [(least, size, cells) for least, size, cells in zip(*task.grid(), task.cells)]
        self.bits = (task.batch * task.points - 1).bit_length()
        if task.places().bit_length() + self.bits > 63:
            raise protocol.Refused("has no 64 bits for a key and an index")
        self.index = np.arange(task.batch * task.points)
        self.cloud = np.repeat(np.arange(task.batch), task.points) if task.batch > 1 else None
        self.of_features = [name for name in OF_FEATURES if name in task.wanted]
        self.scatter = False

    def ways(self):
        """Whether features are added where they belong, or sorted first."""
        return [False, True] if self.task.form == "dense" and self.of_features else [False]

    def keys(self, points):
        """A key for each point, and which of them are inside; None if all are."""
        np = self.np
        key, inside = None, None
        for axis, (least, size, cells) in enumerate(self.grid):
            cell = points[:, axis] - least
            cell /= size
            np.floor(cell, out=cell)
            # Before they are integers: what is not finite is none.
            fits = cell >= 0
            fits &= cell < cells
            cell = cell.astype(np.int64)
            inside = fits if inside is None else np.logical_and(inside, fits, out=inside)
            if key is None:
                key = cell if self.cloud is None else np.add(cell, self.cloud * cells, out=cell)
            else:
                key *= cells
                key += cell
        return key, None if inside.all() else inside

    def dense(self, memory):
        np = self.np
        points, outputs = memory
        key, inside = self.keys(points)
        features, index = points[:, 3:], self.index
        if inside is not None:
            key, features, index = key[inside], features[inside], index[inside]
        if "occupancy" in outputs:
            outputs["occupancy"].fill(0)
            outputs["occupancy"][key] = 1
        if "first" in outputs:
            # Of several that go to one place the last one stays.
            outputs["first"].fill(-1)
            outputs["first"][key[::-1]] = index[::-1]
        count = None
        if "count" in outputs or (self.scatter and self.of_features):
            count = np.bincount(key, minlength=self.task.places())
        if "count" in outputs:
            outputs["count"][:] = count
        if self.of_features and self.scatter:
            self.scattered(key, features, count, outputs)
        elif self.of_features:
            key, order, starts, each = self.segments(key)
            values = self.values(features, order, starts, each)
            for name in self.of_features:
                outputs[name].fill(0)
                outputs[name][key[starts]] = values[name]
        return outputs

    def scattered(self, key, features, count, outputs):
        np, width = self.np, self.task.features
        place = (key[:, None] * width + np.arange(width)).ravel()
        values = np.ascontiguousarray(features).ravel()
        for name in self.of_features:
            out = outputs[name]
            out.fill({"max": -np.inf, "min": np.inf}.get(name, 0))
            add = {"max": np.maximum, "min": np.minimum}.get(name, np.add)
            add.at(out.reshape(-1), place, values)
            if name == "mean":
                np.divide(out, np.maximum(count, 1).astype(np.float32)[:, None], out=out)
            elif name != "sum":
                out[count == 0] = 0

    def segments(self, key):
        """Sorted keys, where their points are, where voxels begin among them, and of how many points each is."""
        np = self.np
        packed = key << self.bits
        packed |= self.index[: len(key)]
        packed.sort()
        order = packed & ((1 << self.bits) - 1)
        packed >>= self.bits
        begins = np.empty(len(packed), bool)
        begins[:1] = True
        np.not_equal(packed[1:], packed[:-1], out=begins[1:])
        starts = np.flatnonzero(begins)
        return packed, order, starts, np.diff(starts, append=len(packed))

    def values(self, features, order, starts, each):
        np = self.np
        columns = np.take(features, order, axis=0)
        found = {}
        for name in self.of_features:
            out = found[name] = np.empty((len(starts), self.task.features), np.float32)
            of = {"max": np.maximum, "min": np.minimum}.get(name, np.add)
            for column in range(self.task.features):
                of.reduceat(columns[:, column], starts, out=out[:, column])
            if name == "mean":
                out /= each[:, None]
        return found

    def sparse(self, memory):
        np = self.np
        points, _ = memory
        key, inside = self.keys(points)
        features, index = points[:, 3:], self.index
        if inside is not None:
            key, features, index = key[inside], features[inside], index[inside]
        key, order, starts, each = self.segments(key)
        found = self.values(features, order, starts, each)
        found["count"], found["first"], rest = each, index[order[starts]], key[starts]
        coords = found["coords"] = np.empty((len(starts), 4), np.int32)
        for axis in (2, 1, 0):
            rest, coords[:, axis + 1] = np.divmod(rest, self.task.cells[axis])
        coords[:, 0] = rest
        if self.task.order == "first-point":
            by_first = np.argsort(found["first"])
            found = {name: array[by_first] for name, array in found.items()}
        return found


def runner(np, task):
    task.does(("dense", "sparse"), OUTPUTS, order=True)
    voxelizer = Voxelizer(np, task)
    points = task.cloud().reshape(-1, 3 + task.features)
    types = {"occupancy": np.uint8, "count": np.int32, "first": np.int32}

    def make(_):
        outputs = {}
        if task.form == "dense":
            for name in task.wanted:
                shape = (task.places(), task.features) if name in OF_FEATURES else (task.places(),)
                outputs[name] = np.ones(shape, types.get(name, np.float32))
        return points.copy(), outputs

    call = voxelizer.dense if task.form == "dense" else voxelizer.sparse
    runner = protocol.HostRunner(task, make, call)
    ways = voxelizer.ways()
    for voxelizer.scatter in ways:
        task.check(call(runner.sets[0]))
    runner.choose(ways, lambda way: setattr(voxelizer, "scatter", way))
    runner.differs = task.looser("in turn")
    return runner
