//! What is there to know beyond the options?

/// What `--help` says below the options.
pub(super) const LONG: &str = "\
Arrays of the NPZ file, for B scans and C columns in each of them (x, y, z, intensity, ...):
  grid_min, voxel_size   three 32-bit floats each, as they were reckoned with
  shape                  cells along x, y and z
  count                  points of each cell: [B, X, Y, Z], or [M] with --sparse
  coords                 with --sparse: scan, x, y and z of each of the M cells that have points, in order
  occupancy              1 where there is a point: [B, X, Y, Z]
  first                  the lowest index of a point among all scans' points; -1 without: as count
  sum, mean, max, min    of all C columns: [B, X, Y, Z, C], or [M, C]; 0 in cells without points

The grid:
  Without --range its corner is a multiple of the cell's size, and it holds every finite point of all scans.
  With --range it has round((max - min) / size) cells along each axis; a point on its upper face is outside.
  Points that are not finite are in no cell.

Devices:
  The file has the same bytes whichever device makes it: values are added in a way that no order changes. By default
  the first GPU is used where points and arrays come to 64 MiB, and the CPU below, or where there is no GPU.

Formats:
  kitti      32-bit floats x, y, z, intensity            .bin
  nuscenes   32-bit floats x, y, z, intensity, ring      .pcd.bin
  pcd        Point Cloud Library: text, binary, compressed
  npy        an array [N, C] whose first columns are x, y, z
  csv        a table with columns x, y, z
  6          any other number of 32-bit floats for each point, x, y, z first

Examples:
  robocache voxelize scan.bin --format kitti --voxel 0.05,0.05,0.1 --range 0,-40,-3,70.4,40,1 \\
      --sparse --reduce mean -o voxels.npz
  robocache voxelize sweeps/*.pcd.bin --format nuscenes --voxel 0.2 -o grids.npz --image above.png
  robocache voxelize sweeps/*.pcd.bin --format nuscenes --voxel 0.1 --sparse --reduce mean,max --device cuda:0 \\
      -o voxels.npz
";
