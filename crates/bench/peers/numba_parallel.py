"""numba, with compiled loops over all threads. Resampling: search, walk and lerp fused in one."""
import sys

import _protocol as protocol
import _voxelize_numba


def compiled(numba, np):
    """Tasks of 64 targets: one search each, then a walk, as targets ascend as a rule. Where they do not, it searches
    again."""

    @numba.njit(parallel=True, error_model="numpy", boundscheck=False)
    def linear(data, source, target, out):
        batch, samples, columns = data.shape
        targets = target.shape[1]
        pieces = (targets + 63) // 64
        one = data.dtype.type(1)
        for task in numba.prange(batch * pieces):
            b = task // pieces
            first = 64 * (task - b * pieces)
            s, x = source[b], data[b]
            after = np.searchsorted(s, target[b, first], side="right")
            for t in range(first, min(first + 64, targets)):
                q = target[b, t]
                if after > 0 and q < s[after - 1]:
                    after = np.searchsorted(s, q, side="right")
                while after < samples and s[after] <= q:
                    after += 1
                high = min(max(after, 1), samples - 1)
                low = high - 1
                weight = (q - s[low]) / (s[high] - s[low])
                w = one * min(max(weight, 0.0), 1.0)
                for d in range(columns):
                    start = x[low, d]
                    out[b, t, d] = start + w * (x[high, d] - start)

    return linear


class Numba:
    name = "numba"

    def __init__(self, arguments):
        import numba
        import numpy

        self.numba, self.np = numba, numpy
        if arguments.device != "cpu":
            raise protocol.Refused("runs on the CPU")
        self.threads = min(arguments.threads, numba.config.NUMBA_NUM_THREADS)
        numba.set_num_threads(self.threads)
        self.linear = compiled(numba, numpy)
        self.voxels = _voxelize_numba.compiled(numba, numpy)

    def versions(self):
        return {
            "python": sys.version.split()[0],
            "numba": self.numba.__version__,
            "numpy": self.np.__version__,
        }

    def trajectory(self, task):
        np = self.np
        types = {"f32": np.float32, "f64": np.float64}
        if task.dtype not in types:
            raise protocol.Refused(f"has no {task.dtype} on the CPU")
        data, (source, target) = task.values().astype(types[task.dtype]), task.stamps()

        def make(_):
            out = np.empty((task.batch, task.targets, task.columns), data.dtype)
            return data.copy(), source.copy(), target.copy(), out

        # The first call compiles.
        runner = protocol.HostRunner(task, make, lambda memory: self.linear(*memory))
        memory = runner.sets[0]
        self.linear(*memory)
        for row in task.rows_to_check():
            task.check(row, *(array[row] for array in memory))
        return runner

    def voxelize(self, task):
        return _voxelize_numba.runner(self.np, self.voxels, task, self.threads)


if __name__ == "__main__":
    protocol.main(Numba)
