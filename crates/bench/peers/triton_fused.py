"""Triton.

Resampling: search, gather and lerp in one kernel, with one search for each target rather than for each element.
The sizes of blocks are chosen by measuring, with cold caches, before anything is timed.
"""
import math
import os
import sys

import _protocol as protocol
import _trajectory as trajectory

if "cpu" in sys.argv:
    # To test this script. Has to be known when kernels are declared.
    os.environ.setdefault("TRITON_INTERPRET", "1")

try:
    import triton
    import triton.language as tl
except ImportError as missing:
    triton, reason = None, str(missing)
else:

    @triton.jit
    def linear(
        data,
        source,
        target,
        out,
        samples,
        columns,
        targets,
        steps,
        ROWS: tl.constexpr,
        WIDTH: tl.constexpr,
        COMPUTE: tl.constexpr,
    ):
        b = tl.program_id(1).to(tl.int64)
        t = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
        live = t < targets
        q = tl.load(target + b * targets + t, mask=live, other=0)
        times = source + b * samples
        low = tl.zeros([ROWS], tl.int32)
        high = low + samples
        for _ in range(steps):
            middle = (low + high) // 2
            open_ = low < high
            stamp = tl.load(times + middle, mask=open_ & live, other=0)
            low = tl.where(open_ & (stamp <= q), middle + 1, low)
            high = tl.where(open_ & (stamp > q), middle, high)
        after = tl.minimum(tl.maximum(low, 1), samples - 1)
        start = tl.load(times + after - 1, mask=live, other=0)
        end = tl.load(times + after, mask=live, other=1)
        weight = ((q - start) / (end - start)).to(COMPUTE)
        weight = tl.minimum(tl.maximum(weight, 0.0), 1.0)[:, None]
        first = data + (b * samples + after - 1)[:, None] * columns
        result = out + (b * targets + t)[:, None] * columns
        for left in range(0, columns, WIDTH):
            d = left + tl.arange(0, WIDTH)[None, :]
            mask = live[:, None] & (d < columns)
            y0 = tl.load(first + d, mask=mask, other=0).to(COMPUTE)
            y1 = tl.load(first + columns + d, mask=mask, other=0).to(COMPUTE)
            tl.store(result + d, (y0 + weight * (y1 - y0)).to(out.dtype.element_ty), mask=mask)


def blocks(columns):
    """Rows, width and warps to choose from."""
    width = 1 << max(columns - 1, 1).bit_length()
    if width <= 64:
        return [(rows, width, warps) for rows in (32, 64, 128) for warps in (4, 8)]
    sizes = [(4, 512), (8, 256), (16, 128), (16, 256), (32, 128)]
    return sorted({(rows, min(size, width), warps) for rows, size in sizes for warps in (4, 8)})


class Launch:
    """The kernel with the blocks that were chosen."""

    def __init__(self, task, torch):
        self.task, self.steps = task, task.samples.bit_length()
        self.compute = tl.float64 if task.dtype == "f64" else tl.float32
        self.block = blocks(task.columns)[0]

    def __call__(self, memory):
        rows, width, warps = self.block
        task = self.task
        grid = (math.ceil(task.targets / rows), task.batch)
        sizes = (task.samples, task.columns, task.targets, self.steps)
        linear[grid](*memory, *sizes, ROWS=rows, WIDTH=width, COMPUTE=self.compute, num_warps=warps)


class TritonFused:
    name = "triton"

    def __init__(self, arguments):
        if triton is None:
            raise ImportError(reason)
        self.torch, self.place = protocol.torch_setup(arguments), arguments.device

    def versions(self):
        return protocol.torch_versions(self.torch) | {"triton": triton.__version__}

    def trajectory(self, task):
        torch = self.torch
        if task.batch > 65535:
            raise protocol.Refused("has its batch in the grid's second dimension, which ends at 65535")
        make = trajectory.torch_memory(task, torch, self.place)

        def with_output(i):
            data, source, target = make(i)
            return data, source, target, data.new_empty(task.batch, task.targets, task.columns)

        launch, memory = Launch(task, torch), with_output(0)
        choices = blocks(task.columns)
        for launch.block in choices if self.place != "cpu" else choices[:1]:
            # Compiles, and checks every kernel that may be chosen.
            memory[3].fill_(math.nan)
            launch(memory)
            trajectory.torch_check(task, torch, memory, memory[3])
        if self.place == "cpu":
            # Under Triton's interpreter: no time of it means anything.
            return protocol.HostRunner(task, with_output, launch)
        runner = protocol.DeviceRunner(task, with_output, launch, launches=1)
        runner.choose(choices, lambda block: setattr(launch, "block", block))
        return runner

    def voxelize(self, task):
        import _voxelize_triton

        return _voxelize_triton.runner(self.torch, task, self.place)


if __name__ == "__main__":
    protocol.main(TritonFused)
