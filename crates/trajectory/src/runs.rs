//! The kinds of all columns in the one form that means them.

use crate::kinds::{Kind, Kinds, Quaternion, Span, Spans, check_width, list};
use robocache_core::{Error, Result};

/// What a kernel or a loop over columns tells apart: [`Kind`] with poses taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Rule {
    /// [`Kind::Linear`].
    Linear = 0,
    /// [`Kind::Previous`].
    Previous = 1,
    /// [`Kind::Next`].
    Next = 2,
    /// [`Kind::Nearest`].
    Nearest = 3,
    /// [`Kind::Cubic`].
    Cubic = 4,
    /// [`Kind::Pchip`].
    Pchip = 5,
    /// [`Kind::Slerp`], vector first.
    SlerpXyzw = 6,
    /// [`Kind::Slerp`], scalar first.
    SlerpWxyz = 7,
    /// [`Kind::Angle`].
    Angle = 8,
}

impl Rule {
    /// Whether it copies samples as they are.
    pub const fn is_hold(self) -> bool {
        matches!(self, Rule::Previous | Rule::Next | Rule::Nearest)
    }

    /// Whether its values depend on the widths of three brackets.
    pub const fn is_hermite(self) -> bool {
        matches!(self, Rule::Cubic | Rule::Pchip)
    }

    /// Whether it takes four columns together.
    pub const fn is_rotation(self) -> bool {
        matches!(self, Rule::SlerpXyzw | Rule::SlerpWxyz)
    }

    const fn name(self) -> &'static str {
        match self {
            Rule::Linear => "linear",
            Rule::Previous => "previous",
            Rule::Next => "next",
            Rule::Nearest => "nearest",
            Rule::Cubic => "cubic",
            Rule::Pchip => "pchip",
            Rule::SlerpXyzw => "slerp",
            Rule::SlerpWxyz => "slerp-wxyz",
            Rule::Angle => "angle",
        }
    }
}

/// Columns of one rule within a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Run {
    /// The first column behind it, counted within the round.
    pub end: u32,
    /// Their rule.
    pub rule: Rule,
}

/// The kinds of `columns` columns in the one form that means them: neighbours of one rule are one run, and
/// runs that recur are told once.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Runs {
    runs: [Run; Runs::MOST],
    len: u32,
    /// Columns of a round; 0 where one rule is for all columns, however many there are.
    round: u32,
}

impl PartialEq for Runs {
    /// What is behind the list means nothing.
    fn eq(&self, other: &Runs) -> bool {
        self.round == other.round && self.list() == other.list()
    }
}

impl Runs {
    /// The longest list.
    pub const MOST: usize = 2 * Spans::MOST;

    /// The runs of some columns.
    ///
    /// # Errors
    /// [`Error::Range`] where a span's columns are no multiple of its kind's width;
    /// [`Error::Shape`] where spans do not cover the columns; [`Error::Overflow`] where they are too many.
    pub fn of(kinds: &Kinds, columns: usize) -> Result<Runs> {
        let single;
        let (spans, repeated) = match kinds {
            // By far the most calls: nothing to be put together.
            Kinds::All(kind) if kind.width() == 1 => return Ok(Runs::all(rule(*kind))),
            Kinds::All(kind) => {
                single = [whole(*kind, columns)?];
                (&single[..], true)
            }
            Kinds::Spans(spans) => (spans.list(), spans.is_repeated()),
        };
        let covered = spans
            .iter()
            .try_fold(0usize, |sum, span| sum.checked_add(span.columns));
        let fits = covered.is_some_and(|covered| match repeated {
            true => columns == 0 || (covered > 0 && columns.is_multiple_of(covered)),
            false => covered == columns,
        });
        if !fits {
            let often = if repeated {
                "some number of times"
            } else {
                "once"
            };
            return Err(Error::shape(
                "kind",
                &[columns],
                format!("columns that {} cover {often}", list(spans)),
            ));
        }
        let mut runs = Runs {
            runs: [Run {
                end: 0,
                rule: Rule::Linear,
            }; Runs::MOST],
            len: 0,
            round: 0,
        };
        for &Span { columns, kind } in spans {
            match kind {
                Kind::Pose(order) => {
                    for _ in 0..columns / kind.width() {
                        runs.push(3, Rule::Linear)?;
                        runs.push(4, rule(Kind::Slerp(order)))?;
                    }
                }
                _ => runs.push(columns, rule(kind))?,
            }
        }
        if runs.len <= 1 {
            // No columns at all still have a mask: by the first kind, as if it were for all of them.
            let first = spans.first().map_or(Rule::Linear, |span| rule(span.kind));
            let rule = runs.list().first().map_or(first, |run| run.rule);
            return Ok(Runs::all(rule));
        }
        Ok(runs)
    }

    /// One rule for all columns.
    fn all(rule: Rule) -> Runs {
        Runs {
            runs: [Run { end: 0, rule }; Runs::MOST],
            len: 1,
            round: 0,
        }
    }

    fn push(&mut self, columns: usize, rule: Rule) -> Result<()> {
        const TOO_MANY: Error = Error::Overflow {
            what: "the list of spans (of poses in it, each counts as two)",
        };
        if columns == 0 {
            return Ok(());
        }
        let columns = u32::try_from(columns).map_err(|_| TOO_MANY)?;
        self.round = self.round.checked_add(columns).ok_or(TOO_MANY)?;
        let last = self.len.wrapping_sub(1) as usize;
        if let Some(run) = self.runs.get_mut(last)
            && run.rule == rule
        {
            run.end = self.round;
            return Ok(());
        }
        let run = self.runs.get_mut(self.len as usize).ok_or(TOO_MANY)?;
        *run = Run {
            end: self.round,
            rule,
        };
        self.len += 1;
        Ok(())
    }

    /// The runs of one round; of a single one the end means nothing.
    pub fn list(&self) -> &[Run] {
        &self.runs[..self.len as usize]
    }

    /// The list with its unused rest: what a kernel gets.
    #[cfg(feature = "cuda")]
    pub(crate) fn all_runs(&self) -> &[Run; Runs::MOST] {
        &self.runs
    }

    /// A bit for each rule that some run has.
    #[cfg(feature = "cuda")]
    pub(crate) fn rules(&self) -> u32 {
        self.list()
            .iter()
            .fold(0, |bits, run| bits | 1 << run.rule as u32)
    }

    /// Columns of a round; 0 where one rule is for all columns.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// The rule of all columns, if it is one.
    #[inline]
    pub fn only(&self) -> Option<Rule> {
        (self.len == 1).then_some(self.runs[0].rule)
    }

    /// Whether some run's rule is of that sort.
    pub fn any(&self, sort: impl Fn(Rule) -> bool) -> bool {
        self.list().iter().any(|run| sort(run.rule))
    }

    /// A number below 16 for each [`name`](Self::name).
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.only().map_or(15, |rule| rule as u32)
    }

    /// What the columns are called where variants compete: one rule's name, or "mixed".
    pub(crate) fn name(&self) -> &'static str {
        self.only().map_or("mixed", Rule::name)
    }
}

/// All columns as one round of spans of that kind.
fn whole(kind: Kind, columns: usize) -> Result<Span> {
    check_width(Span { columns, kind })?;
    Ok(Span {
        columns: kind.width(),
        kind,
    })
}

/// The rule of a kind; of a pose, that of its first columns.
const fn rule(kind: Kind) -> Rule {
    match kind {
        Kind::Linear | Kind::Pose(_) => Rule::Linear,
        Kind::Previous => Rule::Previous,
        Kind::Next => Rule::Next,
        Kind::Nearest => Rule::Nearest,
        Kind::Cubic => Rule::Cubic,
        Kind::Pchip => Rule::Pchip,
        Kind::Slerp(Quaternion::Xyzw) => Rule::SlerpXyzw,
        Kind::Slerp(Quaternion::Wxyz) => Rule::SlerpWxyz,
        Kind::Angle => Rule::Angle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XYZW: Quaternion = Quaternion::Xyzw;

    fn spans(list: &[(usize, Kind)]) -> Spans {
        let list: Vec<_> = list
            .iter()
            .map(|&(columns, kind)| Span { columns, kind })
            .collect();
        Spans::new(&list).unwrap()
    }

    fn ends(runs: &Runs) -> Vec<(u32, Rule)> {
        runs.list().iter().map(|run| (run.end, run.rule)).collect()
    }

    #[test]
    fn spans_become_the_fewest_runs() {
        let runs = |kinds: Kinds, columns| Runs::of(&kinds, columns).unwrap();
        let one = runs(Kind::Angle.into(), usize::MAX);
        assert_eq!((one.only(), one.round()), (Some(Rule::Angle), 0));
        let poses = runs(Kind::Pose(XYZW).into(), 21);
        assert_eq!(ends(&poses), [(3, Rule::Linear), (7, Rule::SlerpXyzw)]);
        assert_eq!(
            (poses.only(), poses.round(), poses.name()),
            (None, 7, "mixed")
        );
        let body = [
            (7, Kind::Pose(XYZW)),
            (3, Kind::Linear),
            (3, Kind::Linear),
            (1, Kind::Previous),
        ];
        let body = runs(spans(&body).into(), 14);
        let expected = [
            (3, Rule::Linear),
            (7, Rule::SlerpXyzw),
            (13, Rule::Linear),
            (14, Rule::Previous),
        ];
        assert_eq!(ends(&body), expected);
        let same = runs(spans(&[(2, Kind::Next), (3, Kind::Next)]).into(), 5);
        assert_eq!(same, runs(Kind::Next.into(), 5));
    }

    #[test]
    fn what_covers_not_or_covers_too_much_is_refused() {
        let of = |kinds: Kinds, columns| Runs::of(&kinds, columns);
        let pair = spans(&[(3, Kind::Linear), (4, Kind::Slerp(XYZW))]);
        assert!(of(pair.into(), 7).is_ok());
        assert!(matches!(of(pair.into(), 14), Err(Error::Shape { .. })));
        assert!(of(pair.repeated().into(), 14).is_ok());
        assert!(of(pair.repeated().into(), 0).is_ok());
        let error = of(pair.repeated().into(), 15).unwrap_err().to_string();
        assert!(
            error.contains("[15]") && error.contains("4 of slerp"),
            "{error}"
        );
        let error = of(Kind::Slerp(XYZW).into(), 6).unwrap_err().to_string();
        assert!(error.contains("6 columns of slerp"), "{error}");
        let nothing = spans(&[(0, Kind::Linear)]);
        assert!(of(nothing.repeated().into(), 3).is_err());
        let huge = spans(&[(usize::MAX, Kind::Linear), (1, Kind::Next)]);
        assert!(of(huge.into(), 0).is_err());
        let wide = spans(&[(1 << 40, Kind::Linear), (1, Kind::Next)]);
        assert!(matches!(
            of(wide.into(), (1 << 40) + 1),
            Err(Error::Overflow { .. })
        ));
        let poses = spans(&[(7 * 16, Kind::Pose(XYZW)), (1, Kind::Next)]);
        assert!(matches!(of(poses.into(), 113), Err(Error::Overflow { .. })));
    }

    #[test]
    fn lists_are_as_long_as_they_may_be() {
        let span = Span {
            columns: 7,
            kind: Kind::Pose(XYZW),
        };
        assert!(Spans::new(&[]).is_err());
        assert!(Spans::new(&[span; 17]).is_err());
        let most = Spans::new(&[span; 16]).unwrap();
        assert_eq!(
            Runs::of(&most.into(), 112).unwrap().list().len(),
            Runs::MOST
        );
        let odd = Span { columns: 8, ..span };
        assert!(
            Spans::new(&[odd])
                .unwrap_err()
                .to_string()
                .contains("8 columns of pose")
        );
    }
}
