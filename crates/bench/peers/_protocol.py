"""What every peer has in common: the conversation with the harness, shapes, inputs, checks and clocks.

A peer is a class with
    name       what it is called
    versions() the versions of what it is made of; raises ImportError if that is missing
    open(task) makes a problem ready and gives back a Runner; raises Refused for what it does not do
and runs by main(Peer).  The harness sends one JSON object per line on stdin and gets one per line on stdout;
crates/bench/src/protocol.rs says which.
"""
import argparse
import json
import math
import os
import sys
import time

VERSION = 1


class Refused(Exception):
    """This peer does not do such a problem."""


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


class HostRunner:
    """Times calls that are over when they return, by the wall's clock."""

    ROTATION = 256 << 20

    def __init__(self, task, make, call):
        self.sets = [make(i) for i in range(min(max(self.ROTATION // task.bytes(), 2), 64))]
        self.call, self.next = call, 0

    def prepare(self):
        pass

    def time(self, cache, runs, warmup):
        micros = []
        for _ in range(warmup + runs):
            if cache == "cold":
                self.next = (self.next + 1) % len(self.sets)
            memory = self.sets[self.next]
            start = time.perf_counter_ns()
            self.call(memory)
            micros.append((time.perf_counter_ns() - start) / 1e3)
        return micros[warmup:]

    def host(self, runs, warmup):
        return [1e3 * micros for micros in self.time("warm", runs, warmup)]

    def close(self):
        self.sets = []


class DeviceRunner:
    """Times calls that only enqueue work on a CUDA device, by events around each.

    A batch of calls is enqueued behind fills that keep the device busy meanwhile, so that it never waits for the
    host; where the fills were over before the last call was enqueued, the batch is done again behind longer ones.
    Cold: inputs and outputs rotate through eight times the second-level cache.
    """

    BATCH = 40
    QUEUE = 20

    def __init__(self, task, make, call, launches):
        """`call(memory)` gives back the output, or None if it is in the memory already; `launches` is about how many
        kernels it launches, since a stream takes a thousand before it makes the host wait."""
        import torch

        self.torch = torch
        properties = torch.cuda.get_device_properties(torch.cuda.current_device())
        cache = properties.L2_cache_size
        count = min(max(math.ceil(8 * cache / task.bytes()), 2), 400)
        self.sets = [make(i) for i in range(count)]
        # Outputs that a framework allocates rotate, too: each is kept until its turn comes again.
        self.outputs = [None] * count
        self.scratch = torch.empty(max(4 * cache, 64 << 20), dtype=torch.uint8, device="cuda")
        self.fills = math.ceil((4 << 30) / self.scratch.numel())
        self.batch = max(1, min(self.BATCH, 400 // (launches + 2)))
        pair = lambda: tuple(torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.events = [pair() for _ in range(self.batch)]
        self.busy = torch.cuda.Event()
        self.call, self.next = call, 0
        torch.cuda.synchronize()

    def prepare(self):
        pass

    def turn(self, cache):
        if cache == "cold":
            self.next = (self.next + 1) % len(self.sets)
        self.outputs[self.next] = self.call(self.sets[self.next])

    def time(self, cache, runs, warmup):
        micros = []
        while len(micros) < warmup + runs:
            count = min(self.batch, warmup + runs - len(micros))
            if self.enqueue(cache, count):
                micros += [1e3 * start.elapsed_time(end) for start, end in self.events[:count]]
        return micros[warmup:]

    def enqueue(self, cache, count):
        """A batch; False if the device may have waited for the host."""
        for _ in range(self.fills):
            self.scratch.fill_(1)
        self.busy.record()
        for start, end in self.events[:count]:
            start.record()
            self.turn(cache)
            end.record()
        waited = self.busy.query()
        self.torch.cuda.synchronize()
        if waited:
            self.fills *= 2
            if self.fills > 4096:
                raise RuntimeError("the host is too slow to keep the device busy")
        return not waited

    def host(self, runs, warmup):
        nanos = []
        for run in range(warmup + runs):
            if run % self.QUEUE == 0:
                self.torch.cuda.synchronize()
            start = time.perf_counter_ns()
            self.turn("warm")
            nanos.append(time.perf_counter_ns() - start)
        self.torch.cuda.synchronize()
        return nanos[warmup:]

    def close(self):
        self.sets = self.outputs = self.events = []
        self.scratch = None
        self.torch.cuda.empty_cache()


def torch_setup(arguments):
    """torch, with the device and the threads that were asked for."""
    import torch

    if arguments.device == "cpu":
        torch.set_num_threads(arguments.threads)
    else:
        if not torch.cuda.is_available():
            raise ImportError("this torch finds no CUDA device")
        torch.cuda.set_device(int(arguments.device.split(":")[1]))
    torch.set_grad_enabled(False)
    return torch


def torch_versions(torch):
    return {"python": sys.version.split()[0], "torch": torch.__version__, "CUDA of torch": str(torch.version.cuda)}


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


def answer(peer, request, state):
    do = request["do"]
    if do == "hello":
        return {"hello": {"protocol": VERSION, "versions": peer.versions()}}
    if do == "open":
        close(state)
        if request["operation"] != "trajectory":
            raise Refused(f"does not do {request['operation']}")
        state["fresh"], state["runner"] = True, peer.open(Task(request["shape"], request["seed"]))
        return {"opened": {"subjects": [peer.name]}}
    if do in ("time", "host"):
        runner = state["runner"]
        if state.pop("fresh", False):
            # Whatever measures by itself belongs here, where nobody else is at work.
            runner.prepare()
        if do == "host":
            return {"nanos": runner.host(request["runs"], request["warmup"])}
        return {"micros": runner.time(request["cache"], request["runs"], request["warmup"])}
    if do == "close":
        close(state)
        return {"closed": {}}
    raise Refused(f"does not know how to {do}")


def close(state):
    runner = state.pop("runner", None)
    if runner is not None:
        runner.close()


def main(Peer):
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    # Whatever a library prints must not get into the conversation.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer, state = None, {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        try:
            peer = peer or Peer(arguments)
            reply = answer(peer, request, state)
        except (Refused, ImportError) as reason:
            reply = {"refused": str(reason)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:400]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
