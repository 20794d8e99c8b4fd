//! What is there to know beyond the options?

/// What `--help` says below the options.
pub(super) const LONG: &str = "\
Kinds:
  linear      on the straight line between the two neighbours
  previous    the newest sample that is not after the target (zero-order hold)
  next        the oldest sample that is not before the target
  nearest     the nearer neighbour, the earlier one if both are equally far
  cubic       smooth through the samples; may overshoot
  pchip       smooth, and never overshoots
  slerp       rotations, four columns x, y, z, w each: along the shorter arc, of length one
  slerp-wxyz  the same, scalar first
  pose        seven columns each: a position, linear, and a rotation x, y, z, w
  pose-wxyz   the same, scalar first in the rotation
  angle       radians, along the shorter arc; results lie in (-pi, pi]

  In --kind COLUMNS=KIND, COLUMNS are names separated by commas; a name with * at its end is the
  beginning of several, in the file's order (quote it for the shell). The columns of a rotation or a
  pose are named in the order of its parts and may lie anywhere in the file. In an NPZ file a name is
  an array: q=slerp takes [S, 4], [S, 8] and [S, 5, 4]; position,q=pose takes [S, 3] and [S, 4]. In
  an NPY file names are indices. A column has one kind; those that no COLUMNS name have the KIND that
  is given alone, else linear.

Gaps:
  A row is valid if, in every column, the samples beside it are no further than --max-gap from each
  other and those it is made of (both, or the one that previous, next and nearest take) no further
  than --tolerance from the row. A row at exactly a sample's time is always valid. Values beyond are
  nan, in each column by its kind; --on-invalid keep leaves them to be told by --mask alone. Choose a
  gap well above the usual one: stamps in floating point jitter in their last digit.
  The mask is about times: a value that is missing in the file is nan in rows that are valid. A
  rotation of length zero is none, and invalid.

Times:
  Floating point is seconds; a unit in the column's name (t_ms, \"stamp [us]\") or stamps too large
  for seconds say otherwise. Integers take their unit from the name, else from their size as Unix
  time; --time-unit overrides both. Times must not decrease. Integers stay integers: target k is
  t0 + k/rate rounded to the nearest tick.

CSV:
  Values are resampled in 64-bit floating point. Columns of true and false count as 1 and 0, empty
  cells and nan are missing values and stay NaN. Columns of text are skipped with a note.

NPZ:
  --time names the array of times [S]. Every other array whose first dimension is S is a stream
  [S, ...] and becomes [T, ...]; the rest is copied unchanged. f16, f32 and f64 arrays keep their
  type; integers and booleans become f64, for the hold kinds too. A mask is an array of booleans [T],
  ages are f32.

NPY:
  One array [S, columns]; --time is the index of its column of times, counted from 0, and --columns
  are indices too. A file of one type cannot hold integer stamps beside fractions, nor a mask: such a
  log is best written as .npz.

Examples:
  robocache resample log.csv --time timestamp --rate 50 -o log_50hz.csv
  robocache resample imu.csv --time '#timestamp [ns]' --rate 200 --kind previous -o imu.npz
  robocache resample run.npz --time t --columns q,qd --rate 100 --device cuda:0 -o run_100hz.npz
  robocache resample arm.csv --time t --rate 50 --kind 'q_*=slerp' --kind grip=previous -o arm50.csv
  robocache resample mocap.csv --time t --rate 50 --kind x,y,z,qx,qy,qz,qw=pose -o mocap50.csv
  robocache resample log.csv --time t --rate 50 --max-gap 100ms --mask covered -o log50.csv";
