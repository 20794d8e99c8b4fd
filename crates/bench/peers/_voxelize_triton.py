"""Triton: dense voxels with one kernel that adds all points atomically, and one that finishes means and extremes.

The quotient is rounded as IEEE wants it: Triton's own division is not.
"""
import math

import triton
import triton.language as tl

import _protocol as protocol
from _voxelize import OF_FEATURES

OUTPUTS = ("occupancy", "count") + OF_FEATURES


@triton.jit
def add(
    points,
    least,
    size,
    occupancy,
    count,
    total,
    highest,
    lowest,
    all_points,
    of_cloud,
    X,
    Y,
    Z,
    FEATURES: tl.constexpr,
    WIDTH: tl.constexpr,
    OCCUPANCY: tl.constexpr,
    COUNT: tl.constexpr,
    TOTAL: tl.constexpr,
    HIGHEST: tl.constexpr,
    LOWEST: tl.constexpr,
    ROWS: tl.constexpr,
):
    i = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    live = i < all_points
    row = points + i.to(tl.int64) * (3 + FEATURES)
    x = tl.floor(tl.div_rn(tl.load(row, mask=live, other=0) - tl.load(least), tl.load(size)))
    y = tl.floor(tl.div_rn(tl.load(row + 1, mask=live, other=0) - tl.load(least + 1), tl.load(size + 1)))
    z = tl.floor(tl.div_rn(tl.load(row + 2, mask=live, other=0) - tl.load(least + 2), tl.load(size + 2)))
    inside = live & (x >= 0) & (x < X) & (y >= 0) & (y < Y) & (z >= 0) & (z < Z)
    # What is not inside may not fit an integer.
    x = tl.where(inside, x, 0).to(tl.int64)
    y = tl.where(inside, y, 0).to(tl.int64)
    z = tl.where(inside, z, 0).to(tl.int64)
    cell = (((i // of_cloud) * X + x) * Y + y) * Z + z
    if OCCUPANCY:
        tl.store(occupancy + cell, tl.full([ROWS], 1, tl.uint8), mask=inside)
    if COUNT:
        tl.atomic_add(count + cell, tl.full([ROWS], 1, tl.int32), mask=inside, sem="relaxed")
    if TOTAL or HIGHEST or LOWEST:
        f = tl.arange(0, WIDTH)[None, :]
        mask = inside[:, None] & (f < FEATURES)
        values = tl.load(row[:, None] + 3 + f, mask=mask, other=0)
        place = cell[:, None] * FEATURES + f
        if TOTAL:
            tl.atomic_add(total + place, values, mask=mask, sem="relaxed")
        if HIGHEST:
            tl.atomic_max(highest + place, values, mask=mask, sem="relaxed")
        if LOWEST:
            tl.atomic_min(lowest + place, values, mask=mask, sem="relaxed")


@triton.jit
def finish(
    count,
    total,
    mean,
    highest,
    lowest,
    size,
    FEATURES: tl.constexpr,
    MEAN: tl.constexpr,
    HIGHEST: tl.constexpr,
    LOWEST: tl.constexpr,
    BLOCK: tl.constexpr,
):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    live = at < size
    if MEAN:
        points = tl.maximum(tl.load(count + at // FEATURES, mask=live, other=1), 1)
        value = tl.load(total + at, mask=live, other=0)
        tl.store(mean + at, tl.div_rn(value, points.to(tl.float32)), mask=live)
    if HIGHEST:
        value = tl.load(highest + at, mask=live, other=0)
        tl.store(highest + at, tl.where(value == -float("inf"), 0.0, value), mask=live)
    if LOWEST:
        value = tl.load(lowest + at, mask=live, other=0)
        tl.store(lowest + at, tl.where(value == float("inf"), 0.0, value), mask=live)


class Voxelizer:
    def __init__(self, torch, task, place):
        self.torch, self.task, self.place = torch, task, place
        self.grid = [torch.from_numpy(array).to(place) for array in task.grid()]
        self.block = (256, 4)

    def make(self, points):
        """Points, and memory for what is wanted and what that needs."""
        torch, task, wanted = self.torch, self.task, self.task.wanted
        outputs = {"points": points.clone()}
        names = set(wanted) | ({"count"} if "mean" in wanted else set())
        for name in names:
            shape = (task.places(), task.features) if name in OF_FEATURES else (task.places(),)
            kind = {"occupancy": torch.uint8, "count": torch.int32}.get(name, torch.float32)
            outputs[name] = torch.ones(shape, dtype=kind, device=self.place)
        return outputs

    def __call__(self, memory):
        task, wanted = self.task, self.task.wanted
        rows, warps = self.block
        start = {"max": -math.inf, "min": math.inf}
        # Means are made of sums where those are, unless these are wanted, too.
        total = memory.get("sum", memory.get("mean"))
        for name, tensor in memory.items():
            if name != "points" and not (name == "mean" and "sum" in wanted):
                tensor.fill_(start.get(name, 0))
        given = lambda name: memory.get(name, memory["points"])
        total = memory["points"] if total is None else total
        count = task.batch * task.points
        add[(math.ceil(count / rows),)](
            memory["points"],
            *self.grid,
            given("occupancy"),
            given("count"),
            total,
            given("max"),
            given("min"),
            count,
            task.points,
            *task.cells,
            FEATURES=task.features,
            WIDTH=1 << max(task.features - 1, 0).bit_length(),
            OCCUPANCY="occupancy" in wanted,
            COUNT="count" in memory,
            TOTAL="sum" in wanted or "mean" in wanted,
            HIGHEST="max" in wanted,
            LOWEST="min" in wanted,
            ROWS=rows,
            num_warps=warps,
        )
        if wanted & {"mean", "max", "min"}:
            size = task.places() * task.features
            finish[(math.ceil(size / 1024),)](
                given("count"),
                total,
                given("mean"),
                given("max"),
                given("min"),
                size,
                FEATURES=task.features,
                MEAN="mean" in wanted,
                HIGHEST="max" in wanted,
                LOWEST="min" in wanted,
                BLOCK=1024,
            )


def runner(torch, task, place):
    task.does(("dense",), OUTPUTS)
    voxelizer = Voxelizer(torch, task, place)
    points = torch.from_numpy(task.cloud().reshape(-1, 3 + task.features)).to(place)
    make = lambda _: voxelizer.make(points)
    memory = make(0)
    blocks = [(rows, warps) for rows in (64, 128, 256, 512) for warps in (2, 4, 8)]
    if place == "cpu":
        blocks = blocks[:1]
    for voxelizer.block in blocks:
        # Compiles, and checks every kernel that may be chosen.
        voxelizer(memory)
        task.check({name: memory[name].cpu().numpy() for name in task.wanted})
    if place == "cpu":
        # Under Triton's interpreter: no time of it means anything.
        return protocol.HostRunner(task, make, voxelizer)
    runner = protocol.DeviceRunner(task, make, voxelizer, launches=8)
    runner.choose(blocks, lambda block: setattr(voxelizer, "block", block))
    runner.differs = task.looser("atomically")
    return runner
