"""The clock of the peers on CUDA devices, on a device that is made up. Run by tests/peers.rs."""
import sys

sys.path[:0] = sys.argv[1:]

import torch

import _protocol as protocol
import _trajectory as trajectory

calls = []


def runner(micros, host, launches=1, kind=protocol.DeviceRunner):
    """Calls that keep the device busy for so long, and the host."""

    def call(memory):
        calls.append(memory)
        torch.device.host += host
        torch.device.run(micros)
        return f"output of {memory}"

    task = trajectory.Task("64x1000x512->500 f32", 1)
    calls.clear()
    return kind(task, lambda i: i, call, launches)


def near(times, micros):
    return all(abs(time - micros) < 0.01 for time in times)


# The rotation runs through eight times the second-level cache, the numbers are the device's, and warm runs stay where
# they are.
quick = runner(micros=50.0, host=5.0)
small = trajectory.Task("8x250x128->125 f32", 1)
assert 8 * (60 << 20) / small.bytes() <= len(protocol.DeviceRunner(small, lambda i: i, None, 1).sets) <= 400
count = len(quick.sets)
assert count * trajectory.Task("64x1000x512->500 f32", 1).bytes() >= 8 * (60 << 20)
times = quick.time("cold", runs=10, warmup=3)
assert len(times) == 10 and near(times, 50.0), times
assert len(calls) == 13 and calls[0] != calls[1] and set(calls) == set(range(count))
assert quick.outputs[calls[-1]] == f"output of {calls[-1]}"
calls.clear()
assert near(quick.time("warm", runs=4, warmup=1), 50.0) and len(set(calls)) == 1

# More runs than a batch holds.
many = runner(micros=7.0, host=5.0)
assert len(many.time("cold", runs=100, warmup=7)) == 100 and len(calls) == 107

# A host that is slower than the first fills last: the device would wait, and the batch is done again behind more.
slow = runner(micros=5.0, host=700.0)
fills = slow.fills
times = slow.time("cold", runs=10, warmup=3)
assert len(times) == 10 and near(times, 5.0), times
assert slow.fills > fills and len(calls) > 13

# One that is too slow for any says so.
hopeless = runner(micros=5.0, host=1e7)
try:
    hopeless.time("cold", runs=10, warmup=3)
    raise SystemExit("a device that waited was believed")
except RuntimeError as error:
    assert "too slow" in str(error)

# A stream does not take more than about a thousand launches.
assert runner(micros=1.0, host=1.0, launches=100).batch * (100 + 2) <= 400

# Calls that wait for the device themselves are timed one by one, each on an idle device, their waiting included.
waiting = runner(micros=50.0, host=20.0, kind=protocol.WaitingRunner)
synchronized = torch.device.synchronized
times = waiting.time("cold", runs=10, warmup=3)
assert len(times) == 10 and all(70.0 <= time <= 75.0 for time in times), times
assert torch.device.synchronized >= synchronized + 13 and len(set(calls)) > 1

# Of several ways to do the same, the fastest is taken when it is time to measure.
class Ways(protocol.Runner):
    def time(self, cache, runs, warmup):
        assert cache == "cold"
        return [self.way] * runs


ways, one = Ways(), Ways()
ways.choose([3, 1, 2], lambda way: setattr(ways, "way", way))
ways.prepare()
assert ways.way == 1
one.choose([3], None)
one.prepare()

# The host's share is the host's.
import time

ticks = iter(range(0, 10**9, 2500))
time.perf_counter_ns = lambda: next(ticks)
assert quick.host(runs=30, warmup=5) == [2500] * 30

# Shapes, as the harness writes them.
task = trajectory.Task("4x60x7->50 bf16 i64-times", 9)
assert (task.batch, task.samples, task.columns, task.targets) == (4, 60, 7, 50)
assert (task.dtype, task.times, task.seed) == ("bf16", "i64", 9)
for refused in ["4x60x7->50 f32 nearest", "4x1x7->50 f32"]:
    try:
        trajectory.Task(refused, 1)
        raise SystemExit(f"{refused} was taken")
    except protocol.Refused:
        pass
print("fine")
