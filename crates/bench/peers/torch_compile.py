"""torch.compile, for the one shape that this process is there for: of searchsorted, gather and lerp, or of what
voxelizes without it.

It compiles anew for each shape, and after eight of them falls back to what torch does without it: so a process opens
one shape only. Compilation is not timed.
"""
import os

import _protocol as protocol
import _trajectory as trajectory
import _voxelize_torch

# A handful of kernels: to start more compilers takes longer than they save.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")


def resample(torch):
    def linear(data, source, target):
        high = torch.searchsorted(source, target, right=True).clamp(1, data.shape[1] - 1)
        low = high - 1
        start = source.gather(1, low)
        weight = ((target - start) / (source.gather(1, high) - start)).clamp(0, 1)
        rows = lambda index: data.gather(1, index.unsqueeze(-1).expand(-1, -1, data.shape[2]))
        return torch.lerp(rows(low), rows(high), weight.unsqueeze(-1).to(data.dtype))

    return torch.compile(linear, dynamic=False)


class TorchCompile:
    name = "torch-compile"

    def __init__(self, arguments):
        self.torch = protocol.torch_setup(arguments)
        self.place, self.used = arguments.device, False

    def versions(self):
        return protocol.torch_versions(self.torch)

    def begin(self):
        if self.used:
            raise RuntimeError("one process is for one shape")
        self.used = True
        # Nothing may fall back in silence.
        self.torch._dynamo.config.suppress_errors = False
        return self.torch

    def trajectory(self, task):
        torch = self.begin()
        linear = resample(torch)
        make = trajectory.torch_memory(task, torch, self.place)
        call = lambda memory: linear(*memory)
        trajectory.torch_check(task, torch, make(0), call(make(0)))
        if self.place == "cpu":
            return protocol.HostRunner(task, make, call)
        return protocol.DeviceRunner(task, make, call, launches=4)

    def voxelize(self, task):
        task.does(("dense",), _voxelize_torch.OUTPUTS)
        return _voxelize_torch.compiled(self.begin(), task, self.place)


if __name__ == "__main__":
    protocol.main(TorchCompile)
