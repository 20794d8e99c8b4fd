"""numpy, in whole arrays.

Resampling: one search for each row, then the two neighbours of all columns at once. That is faster than numpy.interp,
which takes one column at a time and searches again for each.
"""
import sys

import _protocol as protocol
import _voxelize_numpy


class Numpy:
    name = "numpy"

    def __init__(self, arguments):
        import numpy

        self.np = numpy
        if arguments.device != "cpu":
            raise protocol.Refused("runs on the CPU")

    def versions(self):
        return {"python": sys.version.split()[0], "numpy": self.np.__version__}

    def trajectory(self, task):
        np = self.np
        types = {"f32": np.float32, "f64": np.float64, "f16": np.float16}
        if task.dtype not in types:
            raise protocol.Refused(f"has no {task.dtype}")
        dtype = types[task.dtype]
        data, (source, target) = task.values().astype(dtype), task.stamps()

        def make(_):
            out = np.empty((task.batch, task.targets, task.columns), dtype)
            return data.copy(), source.copy(), target.copy(), out

        def call(memory):
            for x, s, t, out in zip(*memory):
                after = np.searchsorted(s, t, side="right").clip(1, len(s) - 1)
                start = s[after - 1]
                weight = np.clip((t - start) / (s[after] - start), 0, 1).astype(dtype)[:, None]
                low, high = x.take(after - 1, axis=0), x.take(after, axis=0)
                np.subtract(high, low, out=high)
                np.multiply(high, weight, out=high)
                np.add(low, high, out=out)

        runner = protocol.HostRunner(task, make, call)
        memory = runner.sets[0]
        call(memory)
        for row in task.rows_to_check():
            task.check(row, *(array[row] for array in memory))
        return runner

    def voxelize(self, task):
        return _voxelize_numpy.runner(self.np, task)


if __name__ == "__main__":
    protocol.main(Numpy)
