"""Open3D: voxel_down_sample of its older point clouds, and of those made of tensors.

Both kinds of point clouds are made before anything is timed.
"""
import sys

import _protocol as protocol


class Open3D:
    name = "open3d"

    def __init__(self, arguments):
        import numpy
        import open3d

        self.np, self.open3d = numpy, open3d
        if arguments.device != "cpu":
            raise protocol.Refused("runs on the CPU")

    def versions(self):
        return {"python": sys.version.split()[0], "open3d": self.open3d.__version__}

    def voxelize(self, task):
        task.does(("sparse",), ("mean",), batch=False)
        return {"open3d": self.older(task), "open3d-tensor": self.tensor(task)}

    def older(self, task):
        np, open3d = self.np, self.open3d
        points = task.cloud()[0, :, :3].astype(np.float64)
        make = lambda _: open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
        runner = protocol.HostRunner(task, make, lambda cloud: cloud.voxel_down_sample(1.0))
        # Its cells begin half a cell below the least point.
        found = np.asarray(runner.call(runner.sets[0]).points)
        task.check_middles(points.min(axis=0) - 0.5, found)
        runner.differs = (
            "means of coordinates alone, in f64, without cells, features or an order; "
            "the grid begins half a cell below the least point"
        )
        return runner

    def tensor(self, task):
        np, open3d = self.np, self.open3d
        points = task.cloud()[0]

        def make(_):
            cloud = open3d.t.geometry.PointCloud(open3d.core.Tensor(np.ascontiguousarray(points[:, :3])))
            cloud.point["features"] = open3d.core.Tensor(np.ascontiguousarray(points[:, 3:]))
            return cloud

        runner = protocol.HostRunner(task, make, lambda cloud: cloud.voxel_down_sample(1.0))
        found = runner.call(runner.sets[0]).point
        task.check_middles(0.0, found["positions"].numpy(), features=found["features"].numpy())
        runner.differs = "means of coordinates, too, without cells or an order"
        return runner


if __name__ == "__main__":
    protocol.main(Open3D)
