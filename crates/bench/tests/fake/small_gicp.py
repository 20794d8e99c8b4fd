"""Stands in for small_gicp, as far as its voxels need it."""
import numpy as np

# What is wrong with the next result.
fault = None


class PointCloud:
    def __init__(self, points):
        self.kept = np.asarray(points)

    def points(self):
        return np.concatenate((self.kept, np.ones((len(self.kept), 1))), axis=1)


def means(points, least):
    """The mean points of cells one wide that begin at `least`, in no order to rely on."""
    _, voxel, count = np.unique(np.floor(points[:, :3] - least), axis=0, return_inverse=True, return_counts=True)
    columns = [np.bincount(voxel.reshape(-1), column) / count for column in points.T]
    return np.stack(columns, axis=1)[::-1].copy()


def voxelgrid_sampling(cloud, resolution, num_threads=1):
    assert resolution == 1.0
    found = means(cloud.kept, 0.0)
    if num_threads > 1:
        # A voxel at the border of two shares.
        found = np.concatenate((found, found[:1]))
    if fault == "lost":
        found = found[1:]
    elif fault == "moved":
        found[-1, 0] += 1e-3
    elif fault == "doubled":
        found = np.concatenate((found, found, found))
    return PointCloud(found)
