"""torch: keys of cells in whole columns, then scattered additions, or the points sorted by their keys.

Keys of points outside are one past the grid, so that nothing waits for the device to say how many are inside. The
ways differ in speed by the cloud and the device: the fastest is measured and taken.
"""
import _protocol as protocol
from _voxelize import OF_FEATURES

OUTPUTS = ("occupancy", "count") + OF_FEATURES
SCATTERED = {"max": "amax", "min": "amin"}


class Voxelizer:
    def __init__(self, torch, task, place):
        self.torch, self.task, self.places = torch, task, task.places()
        numbers = [torch.from_numpy(array).to(place).unbind() for array in task.grid()]
        self.grid = list(zip(*numbers, task.cells))
        self.cloud = None
        if task.batch > 1:
            self.cloud = torch.arange(task.batch, device=place).repeat_interleave(task.points)
        self.of_features = [name for name in OF_FEATURES if name in task.wanted]
        self.ones = torch.ones(task.batch * task.points, dtype=torch.int32, device=place)
        self.ways = [self.scattered] if task.form == "dense" else [self.unique]
        # To sort waits for the device.
        if self.of_features and (place == "cpu" or task.form == "sparse"):
            self.ways.append(self.dense_sorted if task.form == "dense" else self.sorted)
        self.call = self.ways[0]

    def keys(self, points):
        torch, key, inside = self.torch, self.cloud, None
        for axis, (least, size, cells) in enumerate(self.grid):
            cell = points[:, axis].sub(least).div_(size).floor_()
            # Before they are integers: what is not finite is none.
            fits = (cell >= 0) & (cell < cells)
            inside, cell = fits if inside is None else inside & fits, cell.to(torch.int64)
            key = cell if key is None else (key * cells).add_(cell)
        return torch.where(inside, key, self.places)

    def scattered(self, memory):
        """Dense, with a row more than there are cells in everything."""
        points, outputs = memory
        key = self.keys(points)
        found = {}

        def zeros(name):
            found[name] = outputs[name].zero_() if outputs else self.empty(name).zero_()
            return found[name]

        if "occupancy" in self.task.wanted:
            zeros("occupancy").scatter_(0, key, 1)
        if "count" in self.task.wanted or "mean" in self.task.wanted:
            zeros("count").scatter_add_(0, key, self.ones)
        if self.of_features:
            features = points[:, 3:]
            wide = key.unsqueeze(1).expand(-1, self.task.features)
        for name in self.of_features:
            if name in SCATTERED:
                zeros(name).scatter_reduce_(0, wide, features, SCATTERED[name], include_self=False)
            elif name == "sum" or "sum" not in found:
                zeros(name).index_add_(0, key, features)
            else:
                zeros(name).copy_(found["sum"])
            if name == "mean":
                found[name].div_(found["count"].clamp(min=1).unsqueeze(1))
        return found

    def dense_sorted(self, memory):
        points, outputs = memory
        voxels = self.segments(points)
        if "occupancy" in self.task.wanted:
            outputs["occupancy"].zero_().index_fill_(0, voxels["key"], 1)
        for name in self.task.wanted - {"occupancy"}:
            outputs[name].zero_().index_copy_(0, voxels["key"], voxels[name].to(outputs[name].dtype))
        return outputs

    def empty(self, name):
        torch, rows = self.torch, self.places + 1
        if name in OF_FEATURES:
            return torch.empty(rows, self.task.features, device=self.ones.device)
        return torch.empty(rows, device=self.ones.device, dtype=torch.uint8 if name == "occupancy" else torch.int32)

    def segments(self, points):
        torch, key = self.torch, self.keys(points)
        # Half the bytes sort in half the time.
        key, order = (key.to(torch.int32) if self.places < 2**31 - 1 else key).sort()
        key, count = torch.unique_consecutive(key, return_counts=True)
        voxels = {"key": key.to(torch.int64), "count": count}
        features = points[:, 3:].index_select(0, order) if self.of_features else None
        for name in self.of_features:
            voxels[name] = torch.segment_reduce(features, name, lengths=count, axis=0, unsafe=True)
        return voxels

    def unique(self, memory):
        torch, (points, _) = self.torch, memory
        key, voxel, count = torch.unique(self.keys(points), return_inverse=True, return_counts=True)
        voxels, features = {"key": key, "count": count}, points[:, 3:]
        wide = voxel.unsqueeze(1).expand(-1, self.task.features)
        for name in self.of_features:
            out = features.new_zeros(len(key), self.task.features)
            if name in SCATTERED:
                out.scatter_reduce_(0, wide, features, SCATTERED[name], include_self=False)
            else:
                out.index_add_(0, voxel, features)
            voxels[name] = out.div_(count.unsqueeze(1)) if name == "mean" else out
        return self.without_outside(voxels)

    def sorted(self, memory):
        return self.without_outside(self.segments(memory[0]))

    def without_outside(self, voxels):
        """The voxels but the one past the grid, with their coordinates."""
        torch, rest = self.torch, voxels.pop("key")
        count = len(rest) - int(len(rest) > 0 and rest[-1] == self.places)
        rest, axes = rest[:count], []
        for cells in reversed(self.task.cells):
            above = torch.div(rest, cells, rounding_mode="floor")
            axes.append(rest - above * cells)
            rest = above
        coords = torch.stack([rest, *reversed(axes)], dim=1).to(torch.int32)
        return {"coords": coords} | {name: tensor[:count] for name, tensor in voxels.items()}


def arrays(task, found):
    """As numpy arrays, without the row past the grid."""
    rows = task.places() if task.form == "dense" else None
    return {name: tensor[:rows].cpu().numpy() for name, tensor in found.items()}


def memory(torch, task, place, voxelizer):
    """A function that makes the i-th set of points, and memory for dense outputs."""
    points = torch.from_numpy(task.cloud().reshape(-1, 3 + task.features)).to(place)
    names = set(task.wanted) | ({"count"} if "mean" in task.wanted else set())

    def make(_):
        outputs = {name: voxelizer.empty(name).fill_(1) for name in names} if task.form == "dense" else {}
        return points.clone(), outputs

    return make


def eager(torch, task, place):
    task.does(("dense", "sparse"), OUTPUTS)
    voxelizer = Voxelizer(torch, task, place)
    make = memory(torch, task, place, voxelizer)
    call = lambda memory: voxelizer.call(memory)
    if place == "cpu":
        runner = protocol.HostRunner(task, make, call)
    elif task.form == "dense":
        runner = protocol.DeviceRunner(task, make, call, launches=48)
    else:
        runner = protocol.WaitingRunner(task, make, call, launches=60)
    for voxelizer.call in voxelizer.ways:
        task.check(arrays(task, call(runner.sets[0])))
    runner.choose(voxelizer.ways, lambda way: setattr(voxelizer, "call", way))
    runner.differs = task.looser("in turn" if place == "cpu" else "atomically")
    return runner


def compiled(torch, task, place):
    """`scattered`, compiled for the one shape that the process is there for."""
    voxelizer = Voxelizer(torch, task, place)
    points = torch.from_numpy(task.cloud().reshape(-1, 3 + task.features)).to(place)
    # It would write outputs that it is given once more than those that it makes.
    whole = torch.compile(lambda points: voxelizer.scattered((points, {})), dynamic=False)
    make, call = lambda _: points.clone(), lambda points: whole(points)
    task.check(arrays(task, call(make(0))))
    if place == "cpu":
        runner = protocol.HostRunner(task, make, call)
    else:
        runner = protocol.DeviceRunner(task, make, call, launches=10)
    runner.differs = task.looser("atomically")
    return runner
