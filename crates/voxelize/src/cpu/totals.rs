//! What are sum, maximum and minimum of a cell?

use super::fixed::Quantum;
use crate::{Determinism, Output, Problem};
use std::ops::Range;

/// The totals of some cells, column by column, while points are added one after the other.
#[derive(Clone)]
pub(crate) struct Totals {
    columns: usize,
    /// Of each column, where sums have to be the same in any order.
    quanta: Option<Vec<Quantum>>,
    /// How many quanta; nothing without them.
    multiples: Vec<i64>,
    /// The sum in doubles, in the order of the points: it loses less than f32 can tell. With quanta that of what is
    /// not finite.
    sums: Vec<f64>,
    /// See [`ordered`]; nothing if they are not wanted.
    highest: Vec<i32>,
    lowest: Vec<i32>,
}

impl Totals {
    /// Those of a problem for so many cells; its columns have these largest finite magnitudes, which is of interest
    /// where sums have to be the same in any order.
    pub fn new(problem: &Problem, largest: &[f32], cells: usize) -> Totals {
        let quantum = |&largest| Quantum::of(largest, problem.points);
        let fixed = problem.determinism == Determinism::CpuEqualsGpu;
        let room = |wanted: bool| if wanted { cells * problem.features } else { 0 };
        let sums = problem.wants(Output::Sum) || problem.wants(Output::Mean);
        let extremes = problem.wants(Output::Max) || problem.wants(Output::Min);
        Totals {
            columns: problem.features,
            quanta: (fixed && sums).then(|| largest.iter().map(quantum).collect()),
            multiples: vec![0; room(sums && fixed)],
            sums: vec![0.0; room(sums)],
            highest: vec![i32::MIN; room(extremes)],
            lowest: vec![i32::MAX; room(extremes)],
        }
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.multiples.fill(0);
        self.sums.fill(0.0);
        self.highest.fill(i32::MIN);
        self.lowest.fill(i32::MAX);
    }

    /// Adds to cells some neighbouring columns of points, from `column` on.
    #[inline(always)]
    pub fn add<const W: usize>(
        &mut self,
        column: usize,
        points: impl Iterator<Item = (usize, [f32; W])> + Clone,
    ) {
        let columns = self.columns;
        let of = |cell: usize| cell * columns + column..cell * columns + column + W;
        match &self.quanta {
            _ if self.sums.is_empty() => {}
            None => {
                for (cell, values) in points.clone() {
                    for (sum, value) in self.sums[of(cell)].iter_mut().zip(values) {
                        *sum += f64::from(value);
                    }
                }
            }
            Some(quanta) => {
                let quanta = &quanta[column..column + W];
                for (cell, values) in points.clone() {
                    let (multiples, sums) =
                        (&mut self.multiples[of(cell)], &mut self.sums[of(cell)]);
                    let sums = multiples.iter_mut().zip(sums).zip(quanta);
                    for (((multiple, beyond), quantum), value) in sums.zip(values) {
                        match value.is_finite() {
                            true => *multiple += quantum.multiple(value),
                            false => *beyond += f64::from(value),
                        }
                    }
                }
            }
        }
        if self.highest.is_empty() {
            return;
        }
        for (cell, values) in points {
            let (highest, lowest) = (&mut self.highest[of(cell)], &mut self.lowest[of(cell)]);
            for ((highest, lowest), value) in highest.iter_mut().zip(lowest).zip(values) {
                let number = ordered(value);
                let (high, low) = match value.is_nan() {
                    true => NO_ENDS,
                    false => (number, number),
                };
                (*highest, *lowest) = ((*highest).max(high), (*lowest).min(low));
            }
        }
    }

    /// The sums of a cell's columns.
    #[inline]
    pub fn sums(&self, cell: usize) -> impl Iterator<Item = f64> {
        let of_cell = self.of(cell);
        let (sums, multiples) = (&self.sums[of_cell.clone()], self.multiples.get(of_cell));
        let quanta = self.quanta.as_deref();
        sums.iter().enumerate().map(move |(column, &sum)| {
            let of_column = quanta.map(|quanta| &quanta[column]);
            match of_column.zip(multiples) {
                Some((quantum, multiples)) if sum == 0.0 => quantum.times(multiples[column]),
                _ => sum,
            }
        })
    }

    /// The largest number of each column of a cell, −0 below +0; NaN if none is one.
    #[inline]
    pub fn max(&self, cell: usize) -> impl Iterator<Item = f64> {
        let highest = self.highest[self.of(cell)].iter();
        highest.map(|&highest| match highest {
            i32::MIN => f64::NAN,
            highest => f64::from(f32::from_bits(ordered_bits(highest as u32))),
        })
    }

    /// The smallest number of each column, likewise.
    #[inline]
    pub fn min(&self, cell: usize) -> impl Iterator<Item = f64> {
        let lowest = self.lowest[self.of(cell)].iter();
        lowest.map(|&lowest| match lowest {
            i32::MAX => f64::NAN,
            lowest => f64::from(f32::from_bits(ordered_bits(lowest as u32))),
        })
    }

    #[inline]
    fn of(&self, cell: usize) -> Range<usize> {
        cell * self.columns..(cell + 1) * self.columns
    }
}

/// The highest and the lowest of nothing.
const NO_ENDS: (i32, i32) = (i32::MIN, i32::MAX);

/// An integer that compares as the number does. Only NaNs become the smallest and the largest.
#[inline]
fn ordered(value: f32) -> i32 {
    ordered_bits(value.to_bits()) as i32
}

/// The way there and back: below zero all but the sign is turned around.
#[inline]
fn ordered_bits(bits: u32) -> u32 {
    bits ^ (((bits as i32) >> 31) as u32 >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32], quanta: bool) -> [f64; 3] {
        let mut totals = Totals {
            columns: 1,
            quanta: quanta.then(|| vec![Quantum::of(8.0, 4)]),
            multiples: vec![0; 2],
            sums: vec![0.0; 2],
            highest: vec![i32::MIN; 2],
            lowest: vec![i32::MAX; 2],
        };
        totals.add(0, [(1, [5.0])].into_iter());
        totals.clear();
        totals.add(0, [(0, [7.0])].into_iter());
        totals.add(0, values.iter().map(|&value| (1, [value])));
        let of_cell = |cell| {
            let [mut sums, mut max] = [
                totals.sums(cell).collect::<Vec<_>>(),
                totals.max(cell).collect(),
            ];
            sums.append(&mut max);
            sums.extend(totals.min(cell));
            sums
        };
        assert_eq!(of_cell(0), [7.0; 3]);
        of_cell(1).try_into().unwrap()
    }

    #[test]
    fn extremes_ignore_what_is_no_number_unless_nothing_is() {
        let [sum, max, min] = of(&[f32::NAN, -3.0, -7.0], false);
        assert!(sum.is_nan() && [max, min] == [-3.0, -7.0]);
        let all = of(&[f32::NAN, -f32::NAN], false);
        assert!(all.iter().all(|v| v.is_nan()));
        for zeros in [[0.0, -0.0], [-0.0, 0.0]] {
            let [_, max, min] = of(&zeros, false);
            assert!(max.is_sign_positive() && min.is_sign_negative());
        }
        let inf = f32::INFINITY;
        assert_eq!(of(&[1.0, inf], false)[1..], [f64::INFINITY, 1.0]);
        assert_eq!(of(&[-inf, -1.0], false)[1..], [-1.0, f64::NEG_INFINITY]);
    }

    #[test]
    fn what_is_not_finite_is_in_the_sum_in_any_order() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_eq!(of(&[1.0, 2.5, -3.0], true)[0], 0.5);
        assert_eq!(of(&[1.0, inf, -3.0, inf], true)[0], f64::INFINITY);
        assert_eq!(of(&[-inf, 2.0], true)[0], f64::NEG_INFINITY);
        assert!(of(&[-inf, 2.0, inf], true)[0].is_nan());
        assert!(of(&[nan, 2.0, inf], true)[0].is_nan());
        assert_eq!(of(&[-0.0], true)[0].to_bits(), 0);
    }
}
