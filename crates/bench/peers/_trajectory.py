"""What the peers of resampling have in common: shapes, inputs and checks."""

from _protocol import Refused


class Task:
    """A problem of resampling: [batch, samples, columns] with times per row onto [batch, targets]."""

    def __init__(self, shape, seed):
        sizes, *words = shape.split()
        source, targets = sizes.split("->")
        self.batch, self.samples, self.columns = map(int, source.split("x"))
        self.targets, self.seed, self.text = int(targets), seed, shape
        self.dtype, self.kind, self.times = "f32", "linear", "f32"
        for word in words:
            if word in ("f16", "bf16", "f32", "f64"):
                self.dtype = word
            elif word.endswith("-times"):
                self.times = word.removesuffix("-times")
            else:
                self.kind = word
        if self.kind != "linear":
            raise Refused(f"does linear resampling only, not {self.kind}")
        if self.samples < 2:
            raise Refused("needs two samples in a row")

    def element_bytes(self):
        return {"f16": 2, "bf16": 2, "f32": 4, "f64": 8}[self.dtype]

    def bytes(self):
        """About the bytes that have to move, for the number of problems that a rotation needs."""
        rows = self.batch * (min(self.samples, 2 * self.targets) + self.targets)
        stamps = self.batch * (self.samples + self.targets)
        return rows * self.columns * self.element_bytes() + stamps * (4 if self.times == "f32" else 8)

    def stamps(self):
        """A jittery clock of about 1 kHz and targets evenly over its range, as our own contender has them: f32
        milliseconds, f64 seconds since 1970 or i64 nanoseconds since 1970."""
        import numpy as np

        random = np.random.default_rng(self.seed)
        source = np.arange(self.samples) + 0.4 * random.random((self.batch, self.samples))
        even = (np.arange(self.targets) + 0.5) * (self.samples - 1) / self.targets
        target = np.broadcast_to(even, (self.batch, self.targets))
        if self.times == "f32":
            return source.astype(np.float32), np.ascontiguousarray(target, np.float32)
        if self.times == "f64":
            return 1.7e9 + source / 1e3, 1.7e9 + target / 1e3
        epoch = 1_700_000_000 * 10**9
        return epoch + (source * 1e6).astype(np.int64), epoch + (target * 1e6).astype(np.int64)

    def values(self):
        """Numbers between -1 and 1, as float32."""
        import numpy as np

        random = np.random.default_rng(self.seed + 1)
        shape = (self.batch, self.samples, self.columns)
        return random.random(shape, np.float32) * np.float32(2) - np.float32(1)

    def rows_to_check(self):
        return sorted({0, self.batch // 2, self.batch - 1})

    def check(self, row, data, source, target, out):
        """Compares one row of a result with a float64 reference: data [S, D], times [S] and [T], out [T, D]."""
        import numpy as np

        after = np.searchsorted(source, target, side="right").clip(1, self.samples - 1)
        # Differences first: epochs do not fit what the differences fit.
        part = (target - source[after - 1]).astype(np.float64)
        whole = (source[after] - source[after - 1]).astype(np.float64)
        weight = np.clip(part / whole, 0, 1)[:, None]
        low, high = (data[i].astype(np.float64) for i in (after - 1, after))
        error = np.abs(out.astype(np.float64) - (low + weight * (high - low))).max()
        # Frameworks round the weight to the type of the data.
        limit = {"f16": 6e-3, "bf16": 5e-2, "f32": 1e-5, "f64": 1e-6}[self.dtype]
        if not error <= limit:
            raise ValueError(f"wrong by {error} in row {row}, where {limit} is allowed")


def torch_memory(task, torch, place):
    """A function that makes the i-th set of data, source and target times. The first one's numbers are copied: that
    is faster than to draw them anew, and no kernel's time depends on them."""
    dtype = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32, "f64": torch.float64}[task.dtype]
    source, target = (torch.from_numpy(times).to(place) for times in task.stamps())
    shape = (task.batch, task.samples, task.columns)
    generator = torch.Generator(place).manual_seed(task.seed)
    data = torch.empty(shape, device=place, dtype=dtype).uniform_(-1, 1, generator=generator)
    return lambda i: (data, source, target) if i == 0 else tuple(t.clone() for t in (data, source, target))


def torch_check(task, torch, memory, out):
    """Compares some rows of a result with the reference."""
    data, source, target = memory[:3]
    for row in task.rows_to_check():
        numbers = lambda tensor: tensor[row].double().cpu().numpy() if tensor.is_floating_point() else tensor[row].cpu().numpy()
        stamps = lambda tensor: tensor[row].cpu().numpy()
        task.check(row, numbers(data), stamps(source), stamps(target), numbers(out))
