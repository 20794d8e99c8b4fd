"""Stands in for torch, as far as the clock for devices needs it: a device on which work takes as long as it says, and
a host on which each call takes a microsecond."""
import types


class Device:
    def __init__(self):
        self.host = 0.0  # microseconds
        self.free = 0.0  # when the device has done all that was enqueued
        self.synchronized = 0

    def run(self, micros):
        self.host += 1.0
        self.free = max(self.free, self.host) + micros


device = Device()


class Event:
    def __init__(self, enable_timing=False):
        self.timed, self.at = enable_timing, 0.0

    def record(self):
        device.run(0.0)
        self.at = device.free

    def query(self):
        return self.at <= device.host

    def elapsed_time(self, end):
        assert self.timed and end.timed
        return (end.at - self.at) / 1e3


class Scratch:
    def __init__(self, size):
        self.size = size

    def numel(self):
        return self.size

    def fill_(self, _):
        device.run(self.size / 4e6)


def synchronize():
    device.host = max(device.host, device.free)
    device.synchronized += 1


uint8 = "uint8"
empty = lambda size, dtype, device: Scratch(size)
cuda = types.SimpleNamespace(
    Event=Event,
    synchronize=synchronize,
    current_device=lambda: 0,
    empty_cache=lambda: None,
    get_device_properties=lambda _: types.SimpleNamespace(L2_cache_size=60 << 20),
)
