//! In which cell is a point?

use crate::{Clouds, Grid, Outside};
use robocache_core::{DType, Element, Error, HostTensor, Result, RowSpan, Rows, f16};

/// The key of a point that is in no cell.
pub(crate) const NOWHERE: u64 = u64::MAX;

/// A type of coordinates.
trait Coordinate: Element {
    /// How far it is from the grid's corner, as f32 reckons it; not finite if it is not.
    fn beyond_corner(self, min: f32) -> f32;
    fn is_finite(self) -> bool;
}

impl Coordinate for f32 {
    #[inline]
    fn beyond_corner(self, min: f32) -> f32 {
        self - min
    }
    #[inline]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
}

impl Coordinate for f16 {
    #[inline]
    fn beyond_corner(self, min: f32) -> f32 {
        self.to_f32() - min
    }
    #[inline]
    fn is_finite(self) -> bool {
        f16::is_finite(self)
    }
}

impl Coordinate for f64 {
    /// Large coordinates keep their digits: what is rounded is the difference.
    #[inline]
    fn beyond_corner(self, min: f32) -> f32 {
        (self - f64::from(min)) as f32
    }
    #[inline]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
}

/// Finds the keys of points: the number of the cloud, times the cells of the grid, plus the number of the cell.
pub(crate) trait Locate: Sync {
    /// The keys of the points from `first` on.
    fn locate(&self, first: usize, keys: &mut [u64]);
}

/// How to find the keys of some clouds.
pub(crate) fn locator<'a>(
    clouds: &Clouds<'a>,
    grid: Grid,
    outside: Outside,
) -> Result<Box<dyn Locate + 'a>> {
    Ok(match clouds.points.dtype() {
        DType::F16 => Box::new(Locator::<f16>::new(clouds, grid, outside)?),
        DType::F32 => Box::new(Locator::<f32>::new(clouds, grid, outside)?),
        DType::F64 => Box::new(Locator::<f64>::new(clouds, grid, outside)?),
        found => {
            return Err(Error::DType {
                argument: "points",
                found,
                expected: "f16, f32 or f64",
            });
        }
    })
}

struct Locator<'a, T> {
    points: HostTensor<'a, T, 2>,
    spans: Vec<RowSpan>,
    grid: Grid,
    outside: Outside,
}

impl<'a, T: Coordinate> Locator<'a, T> {
    fn new(clouds: &Clouds<'a>, grid: Grid, outside: Outside) -> Result<Self> {
        let points = HostTensor::<T, 2>::new(&clouds.points)?;
        let [count, _] = points.shape();
        let all = RowSpan { first: 0, count };
        let spans = match clouds.offsets {
            None => vec![all],
            Some(offsets) => {
                let clouds = clouds.batch().unwrap_or(0);
                let spans = Rows::Packed(offsets).spans(clouds, count)?;
                spans.unwrap_or_default()
            }
        };
        Ok(Locator {
            points,
            spans,
            grid,
            outside,
        })
    }

    /// The number of a point's cell.
    #[inline]
    fn cell(&self, point: [T; 3]) -> Option<u64> {
        let (min, size, shape) = (self.grid.min(), self.grid.voxel_size(), self.grid.shape());
        let each = |axis: usize| {
            let quotient = f64::from(point[axis].beyond_corner(min[axis]) / size[axis]);
            let cells = shape[axis] as f64;
            // Whole numbers of cells are exact here: this is the test of the quotient's floor, which no number fails
            // that is not finite, as its quotient is not.
            let inside = (quotient >= 0.0) & (quotient < cells);
            // Within the grid, truncation is the floor.
            let nearest = quotient.max(0.0).min(cells - 1.0) as u32 as usize;
            (inside, nearest)
        };
        let [x, y, z] = [each(0), each(1), each(2)];
        let is_in = match self.outside {
            Outside::Drop => x.0 & y.0 & z.0,
            Outside::Clamp => point.into_iter().all(Coordinate::is_finite),
        };
        is_in.then(|| self.grid.number([x.1, y.1, z.1]))
    }
}

impl<T: Coordinate> Locate for Locator<'_, T> {
    fn locate(&self, first: usize, keys: &mut [u64]) {
        keys.fill(NOWHERE);
        let end = first + keys.len();
        // Offsets ascend: clouds that end before the first point come before all others.
        let before = self
            .spans
            .partition_point(|span| span.first + span.count <= first);
        let clouds = self.spans.iter().enumerate().skip(before);
        for (cloud, span) in clouds.take_while(|(_, span)| span.first < end) {
            let corner = cloud as u64 * self.grid.cells();
            let points = span.first.max(first)..(span.first + span.count).min(end);
            let rows = self.points.has_rows();
            for point in points {
                let coordinates = match rows {
                    true => self.points.row(point).first_chunk().copied(),
                    false => None,
                };
                let at = |axis| self.points.at([point, axis]);
                let coordinates = coordinates.unwrap_or_else(|| [at(0), at(1), at(2)]);
                if let Some(cell) = self.cell(coordinates) {
                    keys[point - first] = corner + cell;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache_core::TensorView;

    fn keys(points: &[f32], offsets: Option<&[i32]>, outside: Outside) -> Vec<u64> {
        let grid = Grid::new([-1.0, 0.0, 0.0], [0.5, 1.0, 2.0], [4, 3, 2]).unwrap();
        let view = TensorView::from_slice(points, [points.len() / 3, 3]).unwrap();
        let mut clouds = Clouds::new(view);
        if let Some(offsets) = offsets {
            clouds.offsets = Some(TensorView::from_slice(offsets, [offsets.len()]).unwrap());
        }
        let locator = locator(&clouds, grid, outside).unwrap();
        let mut all = vec![0; points.len() / 3];
        locator.locate(0, &mut all);
        // Piece by piece it is the same.
        for pieces in [1, 2, 3] {
            let mut again = vec![0; all.len()];
            for (piece, keys) in again.chunks_mut(pieces).enumerate() {
                locator.locate(piece * pieces, keys);
            }
            assert_eq!(again, all);
        }
        all
    }

    const POINTS: [f32; 15] = [
        -1.0,
        0.0,
        0.0, // the corner
        0.99,
        2.99,
        3.99, // the last cell
        1.0,
        0.0,
        0.0, // on the upper face
        -1.1,
        5.0,
        -1e30, //
        0.0,
        1.0,
        f32::NAN,
    ];

    #[test]
    fn cells_are_numbered_x_major() {
        let none = NOWHERE;
        let found = keys(&POINTS, None, Outside::Drop);
        assert_eq!(found, [0, 23, none, none, none]);
        let found = keys(&POINTS, None, Outside::Clamp);
        assert_eq!(found, [0, 23, 18, 4, none]);
    }

    #[test]
    fn points_of_no_cloud_are_nowhere() {
        let none = NOWHERE;
        let found = keys(&POINTS, Some(&[1, 1, 2, 2, 3]), Outside::Clamp);
        assert_eq!(found, [none, 24 + 23, 3 * 24 + 18, none, none]);
        assert_eq!(keys(&POINTS, Some(&[0]), Outside::Clamp), [none; 5]);
    }

    #[test]
    fn large_doubles_keep_their_digits() {
        let corner = 4_000_000.0f32;
        let grid = Grid::new([corner; 3], [0.1; 3], [100; 3]).unwrap();
        let at = f64::from(corner) + 0.35;
        let points = [at, at, at];
        let view = TensorView::from_slice(&points, [1, 3]).unwrap();
        let locator = locator(&Clouds::new(view), grid, Outside::Drop).unwrap();
        let mut key = [0];
        locator.locate(0, &mut key);
        assert_eq!(grid.cell(key[0]), [3; 3]);
    }
}
