//! Which points does each cell have?

use super::locate::NOWHERE;
use std::ops::Range;

/// Cells with their points.
pub(crate) struct Groups {
    /// Points by the key of their cell, those of a cell by index.
    points: Vec<u64>,
    /// The keys of cells that have points, and where these are, in order.
    cells: Vec<(u64, Range<usize>)>,
}

impl Groups {
    /// Sorts points by their keys.
    pub fn of(keys: &[u64]) -> Groups {
        let somewhere = |&point: &u64| keys[point as usize] != NOWHERE;
        let mut points: Vec<u64> = (0..keys.len() as u64).filter(somewhere).collect();
        points.sort_by_key(|&point| keys[point as usize]);
        let mut cells = Vec::new();
        let mut begin = 0;
        for run in points.chunk_by(|&a, &b| keys[a as usize] == keys[b as usize]) {
            let end = begin + run.len();
            cells.push((keys[run[0] as usize], begin..end));
            begin = end;
        }
        Groups { points, cells }
    }

    /// Puts the cells into the order of their first points.
    pub fn by_first_point(mut self) -> Groups {
        let points = &self.points;
        self.cells.sort_by_key(|(_, range)| points[range.start]);
        self
    }

    /// How many cells have points.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The key and the points of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u64])> {
        let points = &self.points;
        self.cells
            .iter()
            .map(move |(key, range)| (*key, &points[range.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_by_key_or_by_their_first_point() {
        let groups = Groups::of(&[7, NOWHERE, 3, 7, 3, 9]);
        let all: Vec<_> = groups.iter().collect();
        assert_eq!(all, [(3, &[2u64, 4][..]), (7, &[0, 3]), (9, &[5])]);
        let groups = groups.by_first_point();
        let all: Vec<_> = groups.iter().map(|(key, _)| key).collect();
        assert_eq!(all, [7, 3, 9]);
        assert_eq!(Groups::of(&[NOWHERE; 3]).len(), 0);
    }
}
