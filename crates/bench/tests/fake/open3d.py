"""Stands in for Open3D, as far as its voxels need it."""
import types

import numpy as np

import small_gicp

__version__ = "0"


class Older:
    def __init__(self, points):
        self.points = points

    def voxel_down_sample(self, size):
        return Older(small_gicp.means(self.points, self.points.min(axis=0) - size / 2))


class Tensor:
    def __init__(self, array):
        self.array = array

    def numpy(self):
        return self.array


class OfTensors:
    def __init__(self, positions):
        self.point = {"positions": positions}

    def voxel_down_sample(self, size):
        columns = np.concatenate([self.point[name].numpy() for name in ("positions", "features")], axis=1)
        found = small_gicp.means(columns.astype(np.float64), 0.0).astype(np.float32)
        sampled = OfTensors(Tensor(found[:, :3]))
        sampled.point["features"] = Tensor(found[:, 3:])
        return sampled


geometry = types.SimpleNamespace(PointCloud=Older)
utility = types.SimpleNamespace(Vector3dVector=np.asarray)
core = types.SimpleNamespace(Tensor=Tensor)
t = types.SimpleNamespace(geometry=types.SimpleNamespace(PointCloud=OfTensors))
