//! What are sum, maximum and minimum of a cell?

use super::fixed::Quantum;
use crate::{Determinism, Output, Problem};

/// The totals of some cells, column by column, while points are added one after the other.
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

    /// Begins anew with so many cells.
    pub fn clear(&mut self, cells: usize) {
        fn first<T>(all: &mut [T], count: usize) -> &mut [T] {
            let count = count.min(all.len());
            &mut all[..count]
        }
        let count = cells * self.columns;
        first(&mut self.multiples, count).fill(0);
        first(&mut self.sums, count).fill(0.0);
        first(&mut self.highest, count).fill(i32::MIN);
        first(&mut self.lowest, count).fill(i32::MAX);
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
        // Told of them here, the compiler knows that they stay where they are.
        let (sums, multiples) = (&mut self.sums[..], &mut self.multiples[..]);
        match &self.quanta {
            _ if sums.is_empty() => {}
            None => {
                for (cell, values) in points.clone() {
                    for (sum, value) in sums[of(cell)].iter_mut().zip(values) {
                        *sum += f64::from(value);
                    }
                }
            }
            Some(quanta) => {
                let quanta = &quanta[column..column + W];
                for (cell, values) in points.clone() {
                    let (multiples, sums) = (&mut multiples[of(cell)], &mut sums[of(cell)]);
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
        let (highest, lowest) = (&mut self.highest[..], &mut self.lowest[..]);
        if highest.is_empty() {
            return;
        }
        for (cell, values) in points {
            let (highest, lowest) = (&mut highest[of(cell)], &mut lowest[of(cell)]);
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

    /// Reckons the sums of so many cells, once everything has been added.
    pub fn settle(&mut self, cells: usize) {
        let Some(quanta) = &self.quanta else {
            return;
        };
        let rows = self.sums.chunks_exact_mut(self.columns.max(1));
        let multiples = self.multiples.chunks_exact(self.columns.max(1));
        for (sums, multiples) in rows.zip(multiples).take(cells) {
            for ((sum, multiple), quantum) in sums.iter_mut().zip(multiples).zip(quanta) {
                if *sum == 0.0 {
                    *sum = quantum.times(*multiple);
                }
            }
        }
    }

    /// The sums of all columns, cell by cell, as they were settled.
    #[inline]
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// The largest numbers of all columns, cell by cell: see [`highest_of`].
    #[inline]
    pub fn highest(&self) -> &[i32] {
        &self.highest
    }

    /// The smallest numbers, likewise: see [`lowest_of`].
    #[inline]
    pub fn lowest(&self) -> &[i32] {
        &self.lowest
    }
}

/// The largest number of a column, −0 below +0; NaN if nothing is one.
#[inline]
pub(crate) fn highest_of(highest: i32) -> f64 {
    match highest {
        i32::MIN => f64::NAN,
        highest => f64::from(f32::from_bits(ordered_bits(highest as u32))),
    }
}

/// The smallest number of a column, likewise.
#[inline]
pub(crate) fn lowest_of(lowest: i32) -> f64 {
    match lowest {
        i32::MAX => f64::NAN,
        lowest => f64::from(f32::from_bits(ordered_bits(lowest as u32))),
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
        totals.clear(2);
        totals.add(0, [(0, [7.0])].into_iter());
        totals.add(0, values.iter().map(|&value| (1, [value])));
        totals.settle(2);
        let of_cell = |cell: usize| {
            let [high, low] = [totals.highest()[cell], totals.lowest()[cell]];
            [totals.sums()[cell], highest_of(high), lowest_of(low)]
        };
        assert_eq!(of_cell(0), [7.0; 3]);
        of_cell(1)
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
