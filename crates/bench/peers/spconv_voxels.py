"""spconv: its PointToVoxel, which gathers up to ten points of each voxel, and the mean of those by torch.

It has room for just as many voxels as there are.
"""
import _protocol as protocol

# As most detectors have it that take means of what it gives.
MOST = 10


class Spconv:
    name = "spconv"

    def __init__(self, arguments):
        self.torch, self.place = protocol.torch_setup(arguments), arguments.device
        import spconv
        from spconv.pytorch.utils import PointToVoxel

        self.spconv, self.PointToVoxel = spconv, PointToVoxel

    def versions(self):
        return protocol.torch_versions(self.torch) | {"spconv": self.spconv.__version__}

    def voxelize(self, task):
        task.does(("sparse",), ("mean", "count"), batch=False)
        if "mean" not in task.wanted:
            raise protocol.Refused("gathers points whether or not they are wanted")
        torch, features = self.torch, task.features
        least, size = task.grid()
        generate = self.PointToVoxel(
            vsize_xyz=size.tolist(),
            coors_range_xyz=[*least.tolist(), *(least + size * task.cells).tolist()],
            num_point_features=3 + features,
            max_num_voxels=len(task.reference().keys),
            max_num_points_per_voxel=MOST,
            device=torch.device(self.place),
        )
        points = torch.from_numpy(task.cloud()[0]).to(self.place)

        def gather(points):
            return generate(points)

        def mean(points):
            voxels, coords, count = generate(points)
            return voxels[:, :, 3:].sum(dim=1).div_(count.unsqueeze(1)), coords, count

        def runner(call, differs):
            make = lambda _: points.clone()
            if self.place == "cpu":
                runner = protocol.HostRunner(task, make, call)
            else:
                runner = protocol.WaitingRunner(task, make, call, launches=20)
            runner.differs = f"the first {MOST} points of a voxel alone, in no order; {differs}"
            return runner

        self.check(task, *(tensor.cpu().numpy() for tensor in mean(points)))
        return {
            "spconv": runner(mean, "means of those"),
            "spconv-gather": runner(gather, "no means"),
        }

    @staticmethod
    def check(task, mean, coords, count):
        """All voxels, up to ten points of each, and means of what may be ten of its points."""
        import numpy as np

        right = task.reference()
        z, y, x = coords.astype(np.int64).T
        keys = (x * task.cells[1] + y) * task.cells[2] + z
        order = np.argsort(keys)
        if not np.array_equal(keys[order], right.keys):
            raise ValueError(f"{len(keys)} voxels are not the {len(right.keys)} in which points are")
        if not np.array_equal(count[order], np.minimum(right.count, MOST)):
            raise ValueError("counts are wrong")
        expected, limit = right.output("mean")
        low, high = right.output("min")[0], right.output("max")[0]
        whole = (right.count <= MOST)[:, None]
        found = mean[order].astype(np.float64)
        fine = np.where(whole, np.abs(found - expected) <= limit, (found >= low - 1e-6) & (found <= high + 1e-6))
        if not fine.all():
            raise ValueError("means are wrong")


if __name__ == "__main__":
    protocol.main(Spconv)
