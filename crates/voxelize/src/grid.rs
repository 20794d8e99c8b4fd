//! The grid that points fall into.

use robocache_core::{Error, Result};

/// A regular grid of cells along x, y and z: where it begins, how large a cell is, how many there are.
///
/// Cell `i` along an axis holds the points with `floor((p - min) / voxel_size) == i`, reckoned in f32 with IEEE
/// division: what numpy and PyTorch give for `((points - min) / voxel_size).floor()` in float32. A point on the
/// face between two cells belongs to the upper one; one on the grid's upper face is outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    min: [f32; 3],
    voxel_size: [f32; 3],
    shape: [usize; 3],
}

/// Coordinates of cells are i32.
const MOST_CELLS: usize = i32::MAX as usize;

impl Grid {
    /// A grid of `shape` cells from its lower corner `min`, each `voxel_size` wide, in the points' unit.
    ///
    /// # Errors
    /// [`Error::Range`] for a corner that is not finite, a size that is not above zero, or an axis without cells or
    /// with more than 2³¹ − 1; [`Error::Overflow`] if there are 2⁶³ cells or more.
    pub fn new(min: [f32; 3], voxel_size: [f32; 3], shape: [usize; 3]) -> Result<Grid> {
        for axis in 0..3 {
            if !min[axis].is_finite() {
                return Err(range("grid min", min, "finite numbers"));
            }
            if !(voxel_size[axis] > 0.0 && voxel_size[axis].is_finite()) {
                return Err(range(
                    "voxel_size",
                    voxel_size,
                    "finite numbers above zero that f32 can hold",
                ));
            }
            if !(1..=MOST_CELLS).contains(&shape[axis]) {
                return Err(range(
                    "grid shape",
                    shape,
                    "from 1 to 2^31 - 1 cells along each axis",
                ));
            }
        }
        let grid = Grid {
            min,
            voxel_size,
            shape,
        };
        match shape
            .iter()
            .try_fold(1u64, |all, &n| all.checked_mul(n as u64))
        {
            Some(cells) if cells < 1 << 63 => Ok(grid),
            _ => Err(Error::Overflow {
                what: "the number of cells",
            }),
        }
    }

    /// The grid over a range: `round((max - min) / voxel_size)` cells along each axis, reckoned in f64 from the
    /// numbers as they are given, halves away from zero. (In f32, or rounded down, ranges such as ±75.2 by 0.1 lose
    /// a cell.)
    ///
    /// # Errors
    /// [`Error::Range`] if the range is not finite or holds less than half a cell along an axis; those of
    /// [`Grid::new`].
    pub fn from_range(min: [f64; 3], max: [f64; 3], voxel_size: [f64; 3]) -> Result<Grid> {
        let mut shape = [0; 3];
        for axis in 0..3 {
            if !(min[axis].is_finite() && max[axis].is_finite()) {
                return Err(range("range", [min, max], "finite numbers"));
            }
            if !(voxel_size[axis] > 0.0 && voxel_size[axis].is_finite()) {
                return Err(range("voxel_size", voxel_size, "finite numbers above zero"));
            }
            let cells = ((max[axis] - min[axis]) / voxel_size[axis]).round();
            if !(1.0..=MOST_CELLS as f64).contains(&cells) {
                let found = format!("{cells} cells from {} to {}", min[axis], max[axis]);
                return Err(range(
                    "range",
                    found,
                    "from 1 to 2^31 - 1 cells along each axis",
                ));
            }
            shape[axis] = cells as usize;
        }
        let narrow = |numbers: [f64; 3]| numbers.map(|number| number as f32);
        Grid::new(narrow(min), narrow(voxel_size), shape)
    }

    /// The lower corner, as it is reckoned with.
    pub fn min(&self) -> [f32; 3] {
        self.min
    }

    /// How wide a cell is along each axis, as it is reckoned with.
    pub fn voxel_size(&self) -> [f32; 3] {
        self.voxel_size
    }

    /// X, Y and Z: the cells along each axis.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// All cells; below 2⁶³.
    pub fn cells(&self) -> u64 {
        self.shape.iter().map(|&n| n as u64).product()
    }

    /// The number of a cell, x-major: `(x * Y + y) * Z + z`.
    #[inline]
    pub(crate) fn number(&self, [x, y, z]: [u32; 3]) -> u64 {
        // Whose upper halves are zero, as the compiler sees: its vectors multiply halves.
        let [_, ys, zs] = self.shape.map(|n| u64::from(n as u32));
        ((u64::from(x) * ys) + u64::from(y)) * zs + u64::from(z)
    }

    /// To find many cells by their numbers.
    pub(crate) fn numbers(&self) -> Numbers {
        let [_, ys, zs] = self.shape.map(|n| Divisor::new(n as u64));
        Numbers { ys, zs }
    }

    /// The cell of a number.
    #[inline]
    pub(crate) fn cell(&self, number: u64) -> [usize; 3] {
        let [_, ys, zs] = self.shape.map(|n| n as u64);
        let (rest, z) = (number / zs, number % zs);
        [rest / ys, rest % ys, z].map(|n| n as usize)
    }
}

/// The numbers of a grid's cells.
pub(crate) struct Numbers {
    ys: Divisor,
    zs: Divisor,
}

impl Numbers {
    /// The cell of a number.
    #[inline]
    pub fn cell(&self, number: u64) -> [usize; 3] {
        let (rest, z) = self.zs.divide(number);
        let (x, y) = self.ys.divide(rest);
        [x, y, z].map(|n| n as usize)
    }
}

/// A number by which many others are divided: 32 bits by one multiplication (Lemire, Kaser and Kurz, "Faster remainder
/// by direct computation", 2019).
struct Divisor {
    by: u64,
    /// 2⁶⁴ of it, rounded up; 0 for what is not divided.
    inverse: u64,
}

impl Divisor {
    /// From 1 to 2³² − 1.
    fn new(by: u64) -> Divisor {
        Divisor {
            by,
            inverse: (u64::MAX / by).wrapping_add(1),
        }
    }

    /// Quotient and remainder.
    #[inline]
    fn divide(&self, number: u64) -> (u64, u64) {
        let fits = number <= u64::from(u32::MAX) && self.by > 1;
        let quotient = match fits {
            true => ((u128::from(number) * u128::from(self.inverse)) >> 64) as u64,
            false => number / self.by,
        };
        (quotient, number - quotient * self.by)
    }
}

fn range(argument: &'static str, found: impl std::fmt::Debug, expected: &'static str) -> Error {
    Error::Range {
        argument,
        found: format!("{found:?}"),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(low: f64, high: f64, size: f64) -> usize {
        let grid = Grid::from_range([low; 3], [high; 3], [size; 3]);
        grid.unwrap().shape()[0]
    }

    #[test]
    fn ranges_keep_the_cells_that_rounding_down_loses() {
        assert_eq!(cells(-75.2, 75.2, 0.1), 1504);
        assert_eq!(cells(0.0, 50.0, 0.16), 313); // 312.5: away from zero
        assert_eq!(cells(-50.0, 0.0, 0.16), 313);
        assert_eq!(cells(0.0, 70.4, 0.05), 1408);
        assert_eq!(cells(0.0, 0.3, 0.1), 3);
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let [one, zero] = [[1.0; 3], [0.0; 3]];
        for (min, max, size) in [
            (zero, [1.0, f64::NAN, 1.0], one),
            ([f64::NEG_INFINITY; 3], one, one),
            (zero, one, zero),
            (zero, one, [1.0, -1.0, 1.0]),
            (zero, one, [1.0, 1.0, f64::INFINITY]),
            (one, zero, one),
            (zero, [1.0, 1.0, 0.4], one),
            (zero, [3e9; 3], one),
            (zero, [1e-50; 3], [1e-50; 3]), // f32 has no such size
            ([1e300; 3], [2e300; 3], [1e300; 3]),
        ] {
            let found = Grid::from_range(min, max, size);
            assert!(
                matches!(found, Err(Error::Range { .. })),
                "{min:?} {max:?} {size:?}: {found:?}"
            );
        }
        let most = MOST_CELLS;
        assert!(Grid::new([0.0; 3], [1.0; 3], [most, most, 2]).is_ok());
        assert!(matches!(
            Grid::new([0.0; 3], [1.0; 3], [most, most, 3]),
            Err(Error::Overflow { .. })
        ));
        assert!(Grid::new([0.0; 3], [1.0; 3], [1, 0, 1]).is_err());
        assert!(Grid::new([0.0; 3], [1.0; 3], [1, most + 1, 1]).is_err());
    }

    #[test]
    fn numbers_and_cells_are_each_others_inverse() {
        let grid = Grid::new([0.0; 3], [1.0; 3], [3, 5, 7]).unwrap();
        assert_eq!(grid.cells(), 105);
        for number in 0..105 {
            assert_eq!(grid.number(grid.cell(number).map(|at| at as u32)), number);
        }
        assert_eq!(grid.cell(1), [0, 0, 1]);
        assert_eq!(grid.number([2, 4, 6]), 104);
    }

    #[test]
    fn many_cells_are_found_as_one_is() {
        let most = MOST_CELLS;
        for shape in [
            [3, 5, 7],
            [9, 1, 1],
            [1, 1, most],
            [2, most, 2],
            [most, 2, 1],
        ] {
            let grid = Grid::new([0.0; 3], [1.0; 3], shape).unwrap();
            let (numbers, cells) = (grid.numbers(), grid.cells());
            let around = |number: u64| number.saturating_sub(50)..number.saturating_add(50);
            let all = [0, cells / 3, u64::from(u32::MAX), cells].map(around);
            for number in all.into_iter().flatten().filter(|&number| number < cells) {
                assert_eq!(
                    numbers.cell(number),
                    grid.cell(number),
                    "{number} of {shape:?}"
                );
            }
        }
    }
}
