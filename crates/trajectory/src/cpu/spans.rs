//! Rows of values of any kinds, their columns adjacent in memory.
//!
//! The formulas are the reference's. Along the columns of a row nothing but the samples changes, so that the compiler
//! makes vector instructions of the loops here, in whatever they are inlined into.

use super::arith::Arith;
use super::bracket::Bracket;
use super::element::{Sample, Value, convert};
use super::hermite::{self, Ratios};
use super::{rotation, trig};
use crate::Invalid;
use crate::runs::Rule;
use robocache_core::HostRows;

/// A type of samples that are computed with.
pub(crate) trait Real: Sample<Wide = <Self as Sample>::Arith> {}

impl<T: Sample<Wide = <T as Sample>::Arith>> Real for T {}

/// What a target's value is made of, whatever the columns.
#[derive(Clone, Copy)]
pub(crate) struct Recipe<A, O> {
    pub rule: Rule,
    pub bracket: Bracket<A>,
    /// Of a [hermite](Rule::is_hermite) rule.
    pub ratios: Ratios<A>,
    /// What becomes of a value that the samples make invalid.
    pub invalid: Invalid,
    pub fill: O,
    pub nan: O,
}

impl<A: Arith, O: Value<A>> Recipe<A, O> {
    /// Writes columns from `first` on. Returns whether the samples make a rotation.
    #[inline(always)]
    pub fn write<I: Real<Arith = A>>(
        self,
        samples: HostRows<'_, I>,
        first: usize,
        out: &mut [O],
    ) -> bool {
        let last = first + out.len();
        let of = |i: usize| &samples.row(i)[first..last];
        match (self.bracket, self.rule) {
            (Bracket::Fill, _) => out.fill(self.fill),
            (Bracket::NotATime, _) => out.fill(self.nan),
            (Bracket::Copy(i), Rule::SlerpXyzw | Rule::SlerpWxyz) => {
                return self.rotations(out, |at| rotation::unit(quad(of(i), at)));
            }
            (Bracket::Between(i, weight), Rule::SlerpXyzw | Rule::SlerpWxyz) => {
                let (a, b) = (of(i), of(i + 1));
                return self.rotations(out, |at| rotation::slerp(weight, quad(a, at), quad(b, at)));
            }
            (Bracket::Copy(i), Rule::Angle) => {
                by_lanes([of(i)], out, Wrapped);
            }
            (Bracket::Copy(i), _) => convert(of(i), out),
            (Bracket::Between(i, weight), Rule::Angle) => {
                by_lanes([of(i), of(i + 1)], out, Turn(weight));
            }
            // Named, so that the loop is one of this rule.
            (Bracket::Between(i, weight), Rule::Cubic) => {
                self.hermite(Rule::Cubic, i, weight, of, out);
            }
            (Bracket::Between(i, weight), Rule::Pchip) => {
                self.hermite(Rule::Pchip, i, weight, of, out);
            }
            (Bracket::Between(i, weight), _) => {
                by_lanes([of(i), of(i + 1)], out, Line(weight));
            }
        }
        true
    }

    #[inline(always)]
    fn hermite<'s, I: Real<Arith = A>>(
        self,
        rule: Rule,
        i: usize,
        weight: A,
        of: impl Fn(usize) -> &'s [I],
        out: &mut [O],
    ) {
        let Ratios { before, after } = self.ratios;
        let (a, b) = (of(i), of(i + 1));
        // Those that are not there are not looked at.
        let previous = if before > A::ZERO { of(i - 1) } else { a };
        let next = if after > A::ZERO { of(i + 2) } else { b };
        let curve = Curve {
            rule,
            weight,
            ratios: self.ratios,
        };
        by_lanes([previous, a, b, next], out, curve);
    }

    #[inline(always)]
    fn rotations(self, out: &mut [O], make: impl Fn(usize) -> Option<rotation::Quad<A>>) -> bool {
        let mut all = true;
        for (k, out) in out.chunks_exact_mut(4).enumerate() {
            match make(4 * k) {
                Some(rotation) => out.copy_from_slice(&rotation.map(O::narrow)),
                None => {
                    all = false;
                    out.fill(match self.invalid {
                        Invalid::Keep => O::narrow(A::NAN),
                        Invalid::Fill => self.fill,
                    });
                }
            }
        }
        all
    }
}

/// Elements that are computed together: a loop over so many becomes vector instructions.
pub(crate) const LANES: usize = 8;

/// Makes a value of a column of the samples at hand. (Closures cannot be told to be part of a loop.)
trait Formula<A, const N: usize> {
    fn value(&self, samples: [A; N]) -> A;
}

struct Line<A>(A);

impl<A: Arith> Formula<A, 2> for Line<A> {
    #[inline(always)]
    fn value(&self, [a, b]: [A; 2]) -> A {
        self.0.blend(a, b)
    }
}

struct Wrapped;

impl<A: Arith> Formula<A, 1> for Wrapped {
    #[inline(always)]
    fn value(&self, [sample]: [A; 1]) -> A {
        trig::wrap(sample)
    }
}

struct Turn<A>(A);

impl<A: Arith> Formula<A, 2> for Turn<A> {
    #[inline(always)]
    fn value(&self, [a, b]: [A; 2]) -> A {
        trig::blend_angles(self.0, a, b)
    }
}

struct Curve<A> {
    rule: Rule,
    weight: A,
    ratios: Ratios<A>,
}

impl<A: Arith> Formula<A, 4> for Curve<A> {
    #[inline(always)]
    fn value(&self, [previous, a, b, next]: [A; 4]) -> A {
        hermite::value(self.rule, self.weight, self.ratios, [previous, a, b, next])
    }
}

/// Each element of `out` from those of the rows at its place.
#[inline(always)]
fn by_lanes<I: Real, O: Value<I::Arith>, const N: usize>(
    rows: [&[I]; N],
    out: &mut [O],
    formula: impl Formula<I::Arith, N>,
) {
    let rows = rows.map(|row| &row[..out.len()]);
    let Some(last) = out.len().checked_sub(LANES) else {
        let lanes = rows.map(|row| {
            std::array::from_fn(|k| row.get(k).map_or(I::Arith::ZERO, |sample| sample.widen()))
        });
        for (out, value) in out.iter_mut().zip(on_lanes(lanes, &formula)) {
            *out = O::narrow(value);
        }
        return;
    };
    // The last lanes overlap those before, which are made once more.
    for at in (0..last).step_by(LANES).chain([last]) {
        let mut lanes = [[I::Arith::ZERO; LANES]; N];
        for (lanes, row) in lanes.iter_mut().zip(rows) {
            for (lane, sample) in lanes.iter_mut().zip(&row[at..at + LANES]) {
                *lane = sample.widen();
            }
        }
        let values = on_lanes(lanes, &formula);
        for (out, value) in out[at..at + LANES].iter_mut().zip(values) {
            *out = O::narrow(value);
        }
    }
}

#[inline(always)]
fn on_lanes<A: Arith, const N: usize>(
    lanes: [[A; LANES]; N],
    formula: &impl Formula<A, N>,
) -> [A; LANES] {
    let mut values = [A::ZERO; LANES];
    for (k, value) in values.iter_mut().enumerate() {
        let mut samples = [A::ZERO; N];
        for (sample, lane) in samples.iter_mut().zip(&lanes) {
            *sample = lane[k];
        }
        *value = formula.value(samples);
    }
    values
}

/// The rotations of as many targets as there are lanes, from column `first` on; `None` if some of them want a closer
/// look.
#[inline(always)]
pub(crate) fn plain_rotations<I: Real, O: Value<I::Arith>>(
    brackets: &[Bracket<I::Arith>; LANES],
    samples: HostRows<'_, I>,
    first: usize,
) -> Option<[[O; 4]; LANES]> {
    let mut weights = [I::Arith::ZERO; LANES];
    let (mut a, mut b) = ([[I::Arith::ZERO; LANES]; 4], [[I::Arith::ZERO; LANES]; 4]);
    for (t, bracket) in brackets.iter().enumerate() {
        let Bracket::Between(i, weight) = *bracket else {
            return None;
        };
        weights[t] = weight;
        let (here, there) = (quad(samples.row(i), first), quad(samples.row(i + 1), first));
        for k in 0..4 {
            (a[k][t], b[k][t]) = (here[k], there[k]);
        }
    }
    let mut rotations = [[I::Arith::ZERO; LANES]; 4];
    let mut plain = [false; LANES];
    for t in 0..LANES {
        let (a, b) = (lane(&a, t), lane(&b, t));
        let (rotation, is_plain) = rotation::plain_slerp(weights[t], a, b);
        plain[t] = is_plain;
        for k in 0..4 {
            rotations[k][t] = rotation[k];
        }
    }
    if plain != [true; LANES] {
        return None;
    }
    let mut values = [[O::narrow(I::Arith::ZERO); 4]; LANES];
    for (t, value) in values.iter_mut().enumerate() {
        *value = lane(&rotations, t).map(O::narrow);
    }
    Some(values)
}

#[inline(always)]
fn lane<A: Copy>(quads: &[[A; LANES]; 4], t: usize) -> rotation::Quad<A> {
    [quads[0][t], quads[1][t], quads[2][t], quads[3][t]]
}

#[inline(always)]
fn quad<T: Real>(row: &[T], at: usize) -> rotation::Quad<T::Arith> {
    let row = &row[at..at + 4];
    [
        row[0].widen(),
        row[1].widen(),
        row[2].widen(),
        row[3].widen(),
    ]
}
