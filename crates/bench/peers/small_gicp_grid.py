"""small_gicp: its voxelgrid_sampling, with one thread or with all, whichever measures faster.

It takes a point cloud of its own kind, which is made before anything is timed.
"""
import importlib.metadata
import sys

import _protocol as protocol


class SmallGicp:
    name = "small_gicp"

    def __init__(self, arguments):
        import numpy
        import small_gicp

        self.np, self.small_gicp, self.threads = numpy, small_gicp, arguments.threads
        if arguments.device != "cpu":
            raise protocol.Refused("runs on the CPU")

    def versions(self):
        return {"python": sys.version.split()[0], "small_gicp": importlib.metadata.version("small_gicp")}

    def voxelize(self, task):
        task.does(("sparse",), ("mean",), batch=False)
        np, sample = self.np, self.small_gicp.voxelgrid_sampling
        if max(task.cells) > 1 << 20:
            raise protocol.Refused("has 21 bits for a coordinate")
        points = task.cloud()[0, :, :3].astype(np.float64)
        threads = 1

        def call(cloud):
            return sample(cloud, 1.0, num_threads=threads)

        def use(count):
            nonlocal threads
            threads = count

        runner = protocol.HostRunner(task, lambda _: self.small_gicp.PointCloud(points), call)
        choices = sorted({1, self.threads})
        for count in choices:
            use(count)
            # With several threads, voxels at the borders of their shares come in parts.
            task.check_middles(0.0, call(runner.sets[0]).points()[:, :3], parts=count > 1)
        runner.choose(choices, use)
        runner.differs = (
            "means of coordinates alone, in f64, without cells, features or an order; "
            "with several threads some voxels come in parts"
        )
        return runner


if __name__ == "__main__":
    protocol.main(SmallGicp)
