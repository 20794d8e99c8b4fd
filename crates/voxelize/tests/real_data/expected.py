"""What numpy makes of a scan: the cell of each point by float32 division and floor, then counts and exact means.

Usage: expected.py DATASETS OUT NAME MIN*3 SIZE*3 SHAPE*3
"""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

FILES = {
    "kitti": ("kitti/odometry_00_000000.bin", 4),
    "nuscenes": ("nuscenes/n015-2018-07-24-11-22-45+0800__LIDAR_TOP__1532402927647951.pcd.bin", 5),
}


def main() -> None:
    datasets, out, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    low, size = (np.array(sys.argv[i : i + 3], dtype=np.float64).astype(np.float32) for i in (4, 7))
    shape = np.array(sys.argv[10:13], dtype=np.int64)
    file, columns = FILES[name]
    points = np.fromfile(datasets / file, dtype="<f4").reshape(-1, columns)

    with np.errstate(invalid="ignore"):
        cells = np.floor((points[:, :3] - low) / size)
    assert cells.dtype == np.float32
    inside = np.isfinite(points[:, :3]).all(axis=1) & (cells >= 0).all(axis=1) & (cells < shape).all(axis=1)
    cells = np.where(inside[:, None], cells, -1).astype(np.int64)
    keys = (cells[:, 0] * shape[1] + cells[:, 1]) * shape[2] + cells[:, 2]

    kept, index, count = np.unique(keys[inside], return_inverse=True, return_counts=True)
    sums = [[Fraction(0)] * columns for _ in kept]
    for voxel, point in zip(index, points[inside].tolist()):
        of_voxel = sums[voxel]
        for column, value in enumerate(point):
            of_voxel[column] += Fraction(value)
    mean = [[float(value / int(n)) for value in of_voxel] for of_voxel, n in zip(sums, count)]
    coords = np.stack([kept // (shape[1] * shape[2]), kept // shape[2] % shape[1], kept % shape[2]], axis=1)

    np.save(out / "points.npy", points)
    np.save(out / "cells.npy", cells.astype(np.int32))
    np.save(out / "coords.npy", coords.astype(np.int32))
    np.save(out / "count.npy", count.astype(np.int32))
    np.save(out / "mean.npy", np.array(mean))


main()
