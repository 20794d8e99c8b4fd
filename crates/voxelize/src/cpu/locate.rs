//! In which cell is a point?

use crate::{Clouds, Grid, Outside};
use robocache_core::wide::{self, Loops};
use robocache_core::{DType, Element, Error, HostTensor, Result, RowSpan, Rows, f16, round};
use std::ops::Range;

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

    /// The keys of up to `N` points of a cloud whose cells are numbered from `corner` on.
    #[inline(always)]
    fn block<const N: usize>(&self, points: Range<usize>, corner: u64, keys: &mut [u64]) {
        // They come from far away, and the processor asks for too few of them by itself.
        points
            .clone()
            .for_each(|point| self.points.fetch([point + AHEAD, 0]));
        let along = |axis| self.along::<N>(points.clone(), axis);
        // One by one: by `map` they would not be inlined.
        let (x, y, z) = (along(0), along(1), along(2));
        for (i, key) in keys.iter_mut().enumerate() {
            let cell = [x.cells[i], y.cells[i], z.cells[i]];
            let outside = x.outside[i] | y.outside[i] | z.outside[i];
            // No key has all bits: that is `NOWHERE`.
            *key = (corner + self.grid.number(cell)) | outside as i64 as u64;
        }
    }

    #[inline(always)]
    fn along<const N: usize>(&self, points: Range<usize>, axis: usize) -> Along<N> {
        let grid = &self.grid;
        let (min, size, cells) = (
            grid.min()[axis],
            grid.voxel_size()[axis],
            grid.shape()[axis],
        );
        let coordinates = || self.points.column(points.clone(), axis);
        let mut quotients = [0.0; N];
        for (distance, coordinate) in quotients.iter_mut().zip(coordinates()) {
            *distance = coordinate.beyond_corner(min);
        }
        quotients.iter_mut().for_each(|distance| *distance /= size);
        let mut along = Along {
            cells: [0; N],
            outside: [0; N],
        };
        // A grid has fewer cells along an axis than i32 has numbers; within it, truncation is the floor.
        let (last, limit) = ((cells - 1) as i32, not_below(cells));
        for (cell, quotient) in along.cells.iter_mut().zip(quotients) {
            let below = quotient < limit;
            *cell = if below {
                round::positive_i32(quotient)
            } else {
                last
            } as u32;
        }
        let mask = |outside: bool| -i32::from(outside);
        match self.outside {
            Outside::Drop => {
                // This is the test of the quotient's floor, which no number passes that is not finite, as its
                // quotient is not.
                for (outside, quotient) in along.outside.iter_mut().zip(quotients) {
                    *outside = mask(!((quotient >= 0.0) & (quotient < limit)));
                }
            }
            Outside::Clamp => {
                for (outside, coordinate) in along.outside.iter_mut().zip(coordinates()) {
                    *outside = mask(!coordinate.is_finite());
                }
            }
        }
        along
    }
}

/// Points that are located together: enough for vectors of any width.
const BLOCK: usize = 64;
/// As many as clouds of a large batch may have.
const FEW: usize = 8;

/// So many points are asked for ahead.
const AHEAD: usize = 4 * BLOCK;

/// Where the points of a block are along an axis.
struct Along<const N: usize> {
    cells: [u32; N],
    /// All bits of those that are in no cell.
    outside: [i32; N],
}

/// The smallest f32 that is not below a number: others are below both or neither.
fn not_below(number: usize) -> f32 {
    let nearest = number as f32;
    match (nearest as usize) < number {
        true => nearest.next_up(),
        false => nearest,
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
            let keys = &mut keys[points.start - first..points.end - first];
            wide::run(OfCloud {
                locator: self,
                points,
                corner,
                keys,
            });
        }
    }
}

/// Neighbouring points of a cloud that are to be located.
struct OfCloud<'k, 'a, T> {
    locator: &'k Locator<'a, T>,
    points: Range<usize>,
    /// The key of the cloud's first cell.
    corner: u64,
    keys: &'k mut [u64],
}

impl<T: Coordinate> Loops for OfCloud<'_, '_, T> {
    #[inline(always)]
    fn run(self) {
        let blocks = self.points.clone().step_by(BLOCK);
        for (begin, keys) in blocks.zip(self.keys.chunks_mut(BLOCK)) {
            let block = begin..begin + keys.len();
            match keys.len() {
                ..=FEW => self.locator.block::<FEW>(block, self.corner, keys),
                _ => self.locator.block::<BLOCK>(block, self.corner, keys),
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
    fn long_axes_end_where_they_should() {
        // One more than f32 can tell from its neighbour, and the most that there are.
        for cells in [16_777_217, i32::MAX as usize] {
            let grid = Grid::new([0.0; 3], [1.0; 3], [cells, 1, 1]).unwrap();
            let last = cells as u64 - 1;
            let below = (cells as f32).next_down();
            let points = [[0.5, 0.0, 0.0], [below, 0.5, 0.0], [1e30, 0.0, 0.0]];
            let view = TensorView::from_slice(points.as_flattened(), [3, 3]).unwrap();
            let clouds = Clouds::new(view);
            let found = |outside| {
                let mut keys = [0; 3];
                locator(&clouds, grid, outside)
                    .unwrap()
                    .locate(0, &mut keys);
                keys
            };
            let inside = below as u64;
            assert!(inside <= last);
            assert_eq!(found(Outside::Drop), [0, inside, NOWHERE]);
            assert_eq!(found(Outside::Clamp), [0, inside, last]);
        }
        assert_eq!(
            [1, 16_777_216, 16_777_217].map(not_below),
            [1.0, 16_777_216.0, 16_777_218.0]
        );
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
