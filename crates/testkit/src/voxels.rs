//! What the contract says a voxelization must give: cells by arithmetic of twice the precision, sums by integers of
//! twice the width. Written from the contract alone.

use crate::oracle::round_to;
use robocache_core::DType;
use std::collections::BTreeMap;

/// Clouds and a grid, as plain numbers.
#[derive(Clone, Debug)]
pub struct Question {
    /// The type that the coordinates have in memory.
    pub point_dtype: DType,
    /// The coordinates of each point.
    pub points: Vec<[f64; 3]>,
    /// The features of each point.
    pub features: Vec<Vec<f64>>,
    /// The first point of each cloud, and how many it has.
    pub clouds: Vec<(usize, usize)>,
    /// The corner of the grid; each an f32.
    pub min: [f64; 3],
    /// The size of a cell; likewise.
    pub voxel_size: [f64; 3],
    /// The cells along each axis.
    pub shape: [usize; 3],
    /// Whether points outside are moved to the border; else they are in no cell.
    pub clamp: bool,
}

/// Cloud, x, y and z.
pub type Place = [usize; 4];

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This, bit for bit but for what kind of NaN it is.
    Exactly(f64),
    /// No further from this than that, before it is rounded to the output's type.
    Near(f64, f64),
    /// Likewise, or not finite.
    NearOrBeyond(f64, f64),
}

impl Expected {
    /// Whether a value of a type is right.
    pub fn fits(self, dtype: DType, found: f64) -> bool {
        match self {
            Expected::Exactly(value) => {
                let value = round_to(dtype, value);
                value.to_bits() == found.to_bits() || (value.is_nan() && found.is_nan())
            }
            Expected::Near(value, error) => {
                let (low, high) = (
                    round_to(dtype, value - error),
                    round_to(dtype, value + error),
                );
                low <= found && found <= high
            }
            Expected::NearOrBeyond(value, error) => {
                !found.is_finite() || Expected::Near(value, error).fits(dtype, found)
            }
        }
    }
}

impl Question {
    /// The place of each point.
    pub fn places(&self) -> Vec<Option<Place>> {
        let mut places = vec![None; self.points.len()];
        for (cloud, &(first, count)) in self.clouds.iter().enumerate() {
            let points = self.points.iter().zip(&mut places);
            for (&point, place) in points.skip(first).take(count) {
                *place = self.cell(point).map(|[x, y, z]| [cloud, x, y, z]);
            }
        }
        places
    }

    /// The points of every place that has some, by index; in the order of keys.
    pub fn cells(&self) -> BTreeMap<Place, Vec<usize>> {
        let mut cells = BTreeMap::<Place, Vec<usize>>::new();
        for (point, place) in self.places().into_iter().enumerate() {
            if let Some(place) = place {
                cells.entry(place).or_default().push(point);
            }
        }
        cells
    }

    fn cell(&self, point: [f64; 3]) -> Option<[usize; 3]> {
        if !point.iter().all(|p| p.is_finite()) {
            return None;
        }
        let mut cell = [0; 3];
        for axis in 0..3 {
            // For f32 the difference and the quotient of f64 are rounded twice, which for numbers of so few digits is
            // the same as once (Figueroa, "When is double rounding innocuous?", 1995).
            let difference = round_to(DType::F32, point[axis] - self.min[axis]);
            let index = round_to(DType::F32, difference / self.voxel_size[axis]).floor();
            let last = (self.shape[axis] - 1) as f64;
            if !self.clamp && !(0.0..=last).contains(&index) {
                return None;
            }
            cell[axis] = index.clamp(0.0, last) as usize;
        }
        Some(cell)
    }

    /// A feature as it is added: rounded to f32.
    pub fn feature(&self, point: usize, column: usize) -> f64 {
        round_to(DType::F32, self.features[point][column])
    }

    /// The sum of a column over some points and their mean, where additions may come in any order, or each value be
    /// rounded to a multiple of the column's [`quantum`](Self::quantum).
    pub fn loose_sum(
        &self,
        points: &[usize],
        column: usize,
        quantum: Option<i32>,
    ) -> [Expected; 2] {
        let values = || points.iter().map(|&point| self.feature(point, column));
        let n = points.len() as f64;
        let sum: f64 = values().sum();
        if !sum.is_finite() {
            return [Expected::Exactly(sum); 2];
        }
        let magnitude: f64 = values().map(f64::abs).sum();
        // Floats that are added up may leave their range on the way.
        let near = match quantum {
            None if magnitude >= f64::from(f32::MAX) => Expected::NearOrBeyond,
            _ => Expected::Near,
        };
        let rounded = quantum.map_or(0.0, |exponent| n * f64::powi(2.0, exponent - 1));
        let error = rounded.max(n * magnitude * f64::powi(2.0, -24));
        [near(sum, error), near(sum / n, error / n)]
    }

    /// The sum of a column over some points and their mean, where they are the same in any order; with the column's
    /// [`quantum`](Self::quantum).
    pub fn fixed_sum(&self, points: &[usize], column: usize, exponent: i32) -> [Expected; 2] {
        let (mut total, mut beyond) = (0i128, 0.0);
        for &point in points {
            let value = self.feature(point, column);
            match value.is_finite() {
                true => total += multiple(value, exponent),
                false => beyond += value,
            }
        }
        let sum = match beyond == 0.0 {
            true => total as i64 as f64 * f64::powi(2.0, exponent),
            false => beyond,
        };
        [sum, sum / points.len() as f64].map(Expected::Exactly)
    }

    /// The exponent of the number that all summands of a column are multiples of.
    pub fn quantum(&self, column: usize) -> i32 {
        let placed = self.places();
        let placed = placed
            .iter()
            .enumerate()
            .filter(|(_, place)| place.is_some());
        let magnitudes = placed.map(|(point, _)| self.feature(point, column).abs());
        let largest = magnitudes.filter(|m| m.is_finite()).fold(0.0, f64::max);
        let exponent = match largest > 0.0 {
            true => (-149..=127).rfind(|&e| f64::powi(2.0, e) <= largest),
            false => Some(-149),
        };
        let points = (0..63).find(|&log| 1usize << log >= self.points.len());
        exponent.expect("an f32") + points.expect("fewer points") - 62
    }

    /// The largest number of a column and the smallest, NaN if none is one.
    pub fn extremes(&self, points: &[usize], column: usize) -> [Expected; 2] {
        let values = points.iter().map(|&point| self.feature(point, column));
        let mut values: Vec<_> = values.filter(|value| !value.is_nan()).collect();
        values.sort_by(|a, b| a.total_cmp(b));
        let ends = [values.last(), values.first()];
        ends.map(|end| Expected::Exactly(end.copied().unwrap_or(f64::NAN)))
    }
}

/// How many times `2^exponent` a number is, rounded to nearest, ties to even.
fn multiple(value: f64, exponent: i32) -> i128 {
    // The 24 digits of an f32 as a whole number, and what they have to be multiplied with.
    let mut unit = -149;
    while (value * f64::powi(2.0, -unit)).abs() >= f64::powi(2.0, 24) {
        unit += 1;
    }
    let whole = (value * f64::powi(2.0, -unit)) as i128;
    let shift = exponent - unit;
    if shift <= 0 {
        // What is larger than the quantum is much smaller than 2^63 of them.
        return whole << -shift;
    }
    if shift > 126 {
        return 0;
    }
    let (floor, rest) = (whole >> shift, whole & ((1 << shift) - 1));
    let half = 1i128 << (shift - 1);
    let up = rest > half || (rest == half && floor & 1 == 1);
    floor + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(points: Vec<[f64; 3]>) -> Question {
        Question {
            point_dtype: DType::F32,
            features: points.iter().map(|p| p.to_vec()).collect(),
            clouds: vec![(0, points.len())],
            points,
            min: [0.0; 3],
            voxel_size: [0.5; 3],
            shape: [2, 3, 4],
            clamp: false,
        }
    }

    #[test]
    fn places_are_those_of_the_contract() {
        let nan = f64::NAN;
        let mut question = question(vec![
            [0.0, 0.0, 0.0],
            [0.99, 1.49, 1.99],
            [1.0, 0.0, 0.0],
            [-0.1, 0.0, 0.0],
            [nan, 0.0, 0.0],
        ]);
        let first = [Some([0, 0, 0, 0]), Some([0, 1, 2, 3]), None, None, None];
        assert_eq!(question.places(), first);
        question.clamp = true;
        let border = [Some([0, 1, 0, 0]), Some([0, 0, 0, 0]), None];
        assert_eq!(question.places()[2..], border);
        assert_eq!(question.cells()[&[0, 0, 0, 0]], [0, 3]);
    }

    #[test]
    fn sums_are_whole_multiples() {
        assert_eq!(multiple(1.0, -3), 8);
        assert_eq!(multiple(-1.0, 1), 0);
        assert_eq!(multiple(3.0, 1), 2);
        assert_eq!(multiple(5.0, 1), 2);
        assert_eq!(multiple(-3.0, 1), -2);
        assert_eq!(multiple(f64::powi(2.0, -149), -211), 1 << 62);
        let question = question(vec![[0.25, 0.5, 0.75], [0.125, 0.5, 1e-30]]);
        let [sum, mean] = question.fixed_sum(&[0, 1], 0, question.quantum(0));
        assert_eq!(sum, Expected::Exactly(0.375));
        assert_eq!(mean, Expected::Exactly(0.1875));
        let of_third = question.fixed_sum(&[0, 1], 2, question.quantum(2));
        assert_eq!(of_third[0], Expected::Exactly(0.75));
        let [sum, _] = question.loose_sum(&[0, 1], 2, None);
        assert!(sum.fits(DType::F32, 0.75) && !sum.fits(DType::F32, 0.75000024));
    }
}
