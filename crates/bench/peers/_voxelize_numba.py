"""numba: keys by all threads, then a share of the grid for each, or of the voxels once numpy has sorted the keys.

Threads that share a dense grid all read all keys: that takes less than to bring the points to whom they belong, with
the few threads that a robot has.
"""
import _protocol as protocol
from _voxelize import OF_FEATURES

OUTPUTS = ("occupancy", "count", "first") + OF_FEATURES


def compiled(numba, np):
    options = {"parallel": True, "error_model": "numpy", "boundscheck": False}

    @numba.njit(**options)
    def keys(points, least, size, cells, of_cloud, bits, out):
        """A key for each point, before its index; one past the grid outside of it."""
        x, y, z = cells
        clouds = len(points) // of_cloud
        pieces = (of_cloud + 4095) // 4096
        for task in numba.prange(clouds * pieces):
            cloud = task // pieces
            first = 4096 * (task - cloud * pieces)
            for i in range(cloud * of_cloud + first, cloud * of_cloud + min(first + 4096, of_cloud)):
                a = np.floor((points[i, 0] - least[0]) / size[0])
                b = np.floor((points[i, 1] - least[1]) / size[1])
                c = np.floor((points[i, 2] - least[2]) / size[2])
                key = clouds * x * y * z
                if 0 <= a < x and 0 <= b < y and 0 <= c < z:
                    key = ((cloud * x + int(a)) * y + int(b)) * z + int(c)
                out[i] = key << bits | i if bits > 0 else key

    @numba.njit(**options)
    def dense(key, points, shares, places, occupancy, count, first, total, mean, highest, lowest):
        features = points.shape[1] - 3
        for share in numba.prange(shares):
            low, high = places * share // shares, places * (share + 1) // shares
            occupancy[low:high] = 0
            count[low:high] = 0
            first[low:high] = -1
            total[low:high] = 0
            mean[low:high] = 0
            highest[low:high] = -np.inf
            lowest[low:high] = np.inf
            for i in range(len(key)):
                k = key[i]
                if k < low or k >= high:
                    continue
                if len(occupancy):
                    occupancy[k] = 1
                if len(count):
                    count[k] += 1
                if len(first) and first[k] < 0:
                    first[k] = i
                for f in range(features):
                    value = points[i, 3 + f]
                    if len(total):
                        total[k, f] += value
                    if len(mean):
                        mean[k, f] += value
                    if len(highest):
                        highest[k, f] = max(highest[k, f], value)
                    if len(lowest):
                        lowest[k, f] = min(lowest[k, f], value)
            for k in range(low, high):
                for f in range(features):
                    if len(mean) and count[k] > 1:
                        mean[k, f] /= np.float32(count[k])
                    if len(highest) and highest[k, f] == -np.inf:
                        highest[k, f] = 0
                    if len(lowest) and lowest[k, f] == np.inf:
                        lowest[k, f] = 0

    @numba.njit(**options)
    def sparse(packed, starts, points, bits, cells, coords, count, first, total, mean, highest, lowest):
        features = points.shape[1] - 3
        x, y, z = cells
        mask = (1 << bits) - 1
        for v in numba.prange(len(coords)):
            key = packed[starts[v]] >> bits
            coords[v, 3] = key % z
            coords[v, 2] = key // z % y
            coords[v, 1] = key // z // y % x
            coords[v, 0] = key // z // y // x
            begin, end = starts[v], starts[v + 1]
            if len(count):
                count[v] = end - begin
            first[v] = packed[begin] & mask
            for f in range(features):
                added = np.float32(0)
                most, least = np.float32(-np.inf), np.float32(np.inf)
                for p in range(begin, end):
                    value = points[packed[p] & mask, 3 + f]
                    added += value
                    most, least = max(most, value), min(least, value)
                if len(total):
                    total[v, f] = added
                if len(mean):
                    mean[v, f] = added / np.float32(end - begin)
                if len(highest):
                    highest[v, f] = most
                if len(lowest):
                    lowest[v, f] = least

    return keys, dense, sparse


class Voxelizer:
    def __init__(self, np, functions, task, threads):
        self.np, self.task, self.threads = np, task, threads
        self.keys, self.of_dense, self.of_sparse = functions
        self.bits = (task.batch * task.points - 1).bit_length() if task.form == "sparse" else 0
        if task.places().bit_length() + self.bits > 63:
            raise protocol.Refused("has no 64 bits for a key and an index")
        self.key = np.empty(task.batch * task.points, np.int64)

    def memory(self, rows):
        """Memory for what is wanted and what means need; none for the rest."""
        np, task = self.np, self.task
        types = {"occupancy": np.uint8, "count": np.int32, "first": np.int32}
        outputs = {}
        for name in ("occupancy", "count", "first") + OF_FEATURES:
            needed = name in task.wanted or (name == "count" and "mean" in task.wanted)
            needed = needed or (name == "first" and task.form == "sparse")
            shape = (rows if needed else 0, task.features) if name in OF_FEATURES else (rows if needed else 0,)
            outputs[name] = np.empty(shape, types.get(name, np.float32))
        return outputs

    def __call__(self, memory):
        points, outputs = memory
        task, key = self.task, self.key
        self.keys(points, *task.grid(), task.cells, task.points, self.bits, key)
        if task.form == "dense":
            self.of_dense(key, points, self.threads, task.places(), *outputs.values())
            return outputs
        return self.sparse(points)

    def sparse(self, points):
        np, task, key = self.np, self.task, self.key
        key.sort()
        cell = key >> self.bits
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        inside = np.searchsorted(cell, task.places())
        voxels = np.searchsorted(starts, inside)
        starts = np.append(starts[:voxels], inside)
        outputs = self.memory(voxels)
        outputs.pop("occupancy")
        coords = np.empty((voxels, 4), np.int32)
        self.of_sparse(key, starts, points, self.bits, task.cells, coords, *outputs.values())
        outputs["coords"] = coords
        if task.order == "first-point":
            order = np.argsort(outputs["first"])
            outputs = {name: array[order] for name, array in outputs.items() if len(array) == voxels}
        return outputs


def runner(np, functions, task, threads):
    task.does(("dense", "sparse"), OUTPUTS, order=True)
    voxelizer = Voxelizer(np, functions, task, threads)
    points = task.cloud().reshape(-1, 3 + task.features)

    def make(_):
        return points.copy(), voxelizer.memory(task.places() if task.form == "dense" else 0)

    # The first call compiles.
    runner = protocol.HostRunner(task, make, voxelizer)
    found = voxelizer(runner.sets[0])
    task.check({name: found[name] for name in found if len(found[name])})
    runner.differs = task.looser("in turn")
    return runner
