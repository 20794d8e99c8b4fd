"""torch without a compiler.

Resampling: searchsorted, then the two neighbouring rows by index_select, then lerp. Rows by index_select are faster
than a gather with an expanded index, which is what most repositories have.
"""
import _protocol as protocol
import _trajectory as trajectory
import _voxelize_torch


def resample(torch, data, source, target, offset):
    batch, samples, columns = data.shape
    high = torch.searchsorted(source, target, right=True).clamp_(1, samples - 1)
    low = high - 1
    start = source.gather(1, low)
    weight = ((target - start) / (source.gather(1, high) - start)).clamp_(0, 1)
    rows = data.view(batch * samples, columns)
    first = rows.index_select(0, (low + offset).view(-1))
    second = rows.index_select(0, (high + offset).view(-1))
    return first.lerp_(second, weight.view(-1, 1).to(data.dtype)).view(batch, -1, columns)


class TorchEager:
    name = "torch"

    def __init__(self, arguments):
        self.torch = protocol.torch_setup(arguments)
        self.place = arguments.device

    def versions(self):
        return protocol.torch_versions(self.torch)

    def trajectory(self, task):
        torch = self.torch
        offset = torch.arange(0, task.batch * task.samples, task.samples, device=self.place).unsqueeze(1)
        make = trajectory.torch_memory(task, torch, self.place)
        call = lambda memory: resample(torch, *memory, offset)
        trajectory.torch_check(task, torch, make(0), call(make(0)))
        if self.place == "cpu":
            return protocol.HostRunner(task, make, call)
        return protocol.DeviceRunner(task, make, call, launches=16)

    def voxelize(self, task):
        return _voxelize_torch.eager(self.torch, task, self.place)


if __name__ == "__main__":
    protocol.main(TorchEager)
