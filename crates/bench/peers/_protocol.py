"""What every peer has in common: the conversation with the harness, and clocks.

A peer is a class with
    name       what it is called
    versions() the versions of what it is made of; raises ImportError if that is missing
and, under the name of each operation that it does, a method that takes a Task of it, makes the problem ready and gives
back a Runner, or several under their names; it raises Refused for what it does not do. A peer runs by main(Peer).
Tasks of an operation are in the module of its name: shapes, inputs and checks.

The harness sends one JSON object per line on stdin and gets one per line on stdout; crates/bench/src/protocol.rs says
which.
"""
import argparse
import importlib
import json
import math
import os
import sys
import time

VERSION = 1
OPERATIONS = ("trajectory", "voxelize")


class Refused(Exception):
    """This peer does not do such a problem."""


class Runner:
    """Times calls."""

    # In words, how the result is another one than our own contender's, if it is.
    differs = ""

    def prepare(self):
        """Is called once before the first measurement, while nobody else is at work."""

    def choose(self, choices, set_choice):
        """Leaves `prepare` to take the fastest of some ways to do the same, with cold caches."""

        def prepare():
            def median(choice):
                set_choice(choice)
                return sorted(self.time("cold", runs=15, warmup=5))[7]

            set_choice(min(choices, key=median))

        if len(choices) > 1:
            self.prepare = prepare


class HostRunner(Runner):
    """Times calls that are over when they return, by the wall's clock."""

    ROTATION = 256 << 20

    def __init__(self, task, make, call):
        self.sets = [make(i) for i in range(min(max(self.ROTATION // task.bytes(), 2), 64))]
        self.call, self.next = call, 0

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


class DeviceRunner(Runner):
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


class WaitingRunner(DeviceRunner):
    """Times calls that wait for the device in their midst, as those do whose output has a size that the device has to
    tell: one after another, each on an idle device, with whatever the host takes while the device waits for it."""

    def enqueue(self, cache, count):
        for start, end in self.events[:count]:
            self.torch.cuda.synchronize()
            start.record()
            self.turn(cache)
            end.record()
        self.torch.cuda.synchronize()
        return True


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


def answer(peer, request, state):
    do = request["do"]
    if do == "hello":
        return {"hello": {"protocol": VERSION, "versions": peer.versions()}}
    if do == "open":
        close(state)
        operation = request["operation"]
        if operation not in OPERATIONS or not hasattr(peer, operation):
            raise Refused(f"does not do {operation}")
        task = importlib.import_module(f"_{operation}").Task(request["shape"], request["seed"])
        opened = getattr(peer, operation)(task)
        runners = opened if isinstance(opened, dict) else {peer.name: opened}
        state["runners"], state["fresh"] = runners, set(runners)
        differs = {name: runner.differs for name, runner in runners.items() if runner.differs}
        return {"opened": {"subjects": list(runners), "differs": differs}}
    if do in ("time", "host"):
        runner = state["runners"][request["subject"]]
        if request["subject"] in state["fresh"]:
            state["fresh"].remove(request["subject"])
            runner.prepare()
        if do == "host":
            return {"nanos": runner.host(request["runs"], request["warmup"])}
        return {"micros": runner.time(request["cache"], request["runs"], request["warmup"])}
    if do == "close":
        close(state)
        return {"closed": {}}
    raise Refused(f"does not know how to {do}")


def close(state):
    for runner in state.pop("runners", {}).values():
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
