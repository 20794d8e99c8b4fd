//! Which kinds do some bytes give to some columns, and what do they mean, column by column?

use crate::bytes::Bytes;
use robocache_core::{DType, Error};
use robocache_trajectory::runs::{Rule, Run};
use robocache_trajectory::{Kind, Kinds, Quaternion, Runs, Span, Spans};

/// Kinds that fit about so many columns of a type, and how many they then are.
pub fn fitting(from: &mut Bytes<'_>, dtype: DType, columns: usize) -> (Kinds, usize) {
    let kinds: &[Kind] = match dtype.is_float() {
        true => &Kind::ALL,
        false => &Kind::HOLDS,
    };
    match from.below(8) {
        form @ 6.. => {
            let rounds = if form == 7 { 1 + from.below(4) } else { 1 };
            let round = columns / rounds;
            let spans = covering(from, kinds, round);
            match form {
                7 => (spans.repeated().into(), rounds * round),
                _ => (spans.into(), round),
            }
        }
        _ => {
            let kind = from.pick(kinds);
            (kind.into(), columns - columns % kind.width())
        }
    }
}

/// Spans that cover some columns once, those without any column among them.
fn covering(from: &mut Bytes<'_>, kinds: &[Kind], columns: usize) -> Spans {
    let mut list = Vec::new();
    let mut left = columns;
    while left > 0 && list.len() + 1 < Spans::MOST {
        let kind = from.pick(kinds);
        // One pose, as each counts as two spans.
        let most = if kind.width() == 7 { 1 } else { 20 };
        let columns = from.below((left / kind.width()).min(most) + 1) * kind.width();
        list.push(Span { columns, kind });
        left -= columns;
    }
    if left > 0 || list.is_empty() {
        let kind = from.pick(&Kind::HOLDS);
        list.push(Span {
            columns: left,
            kind,
        });
    }
    Spans::new(&list).expect("a short list of whole widths")
}

/// Any kinds for about so many columns, whether they fit or not, and how many the columns then are.
/// `None` if they were refused at once.
pub fn any(
    from: &mut Bytes<'_>,
    columns: usize,
    size: fn(&mut Bytes<'_>) -> usize,
) -> (Option<Kinds>, usize) {
    let choice = from.byte();
    // Mostly so that they fit; now and then not.
    let fits = choice & 0x18 != 0x18;
    if choice & 7 < 4 {
        let kind = from.pick(&Kind::ALL);
        let rest = if fits { columns % kind.width() } else { 0 };
        return (Some(kind.into()), columns - rest);
    }
    let is_repeated = choice & 1 != 0;
    let mut list: Vec<Span> = (0..from.below(Spans::MOST + 2))
        .map(|_| {
            let kind = from.pick(&Kind::ALL);
            let choice = from.byte();
            let columns = match choice >> 6 {
                3 => size(from),
                _ => kind.width() * usize::from(choice & 3),
            };
            Span { columns, kind }
        })
        .collect();
    let covered = list.iter().map(|span| span.columns);
    let covered = covered.fold(0usize, usize::saturating_add);
    let columns = match (fits, is_repeated) {
        (true, true) => covered.saturating_mul(from.below(4)),
        (true, false) if covered <= columns && list.len() < Spans::MOST => {
            list.push(Span {
                columns: columns - covered,
                kind: Kind::Linear,
            });
            columns
        }
        (true, false) => covered,
        (false, _) => columns,
    };
    let whole = |span: &Span| span.columns.is_multiple_of(span.kind.width());
    let is_possible = (1..=Spans::MOST).contains(&list.len()) && list.iter().all(whole);
    let spans = Spans::new(&list);
    assert_eq!(spans.is_ok(), is_possible, "{list:?}: {spans:?}");
    let spans = spans.ok().map(|spans| match is_repeated {
        true => spans.repeated(),
        false => spans,
    });
    (spans.map(Kinds::Spans), columns)
}

/// Columns of one rule, counted from the first of all or of a round.
type Part = (u128, Rule);

/// The rules of one round, poses taken apart, as many as can be asked about; of spans without columns, the
/// first one's.
fn round(kinds: &Kinds) -> Vec<Part> {
    let one;
    let spans = match kinds {
        Kinds::All(kind) => {
            one = [Span {
                columns: kind.width(),
                kind: *kind,
            }];
            &one[..]
        }
        Kinds::Spans(spans) => spans.list(),
    };
    let all = spans.iter().flat_map(|span| {
        let (width, columns) = (span.kind.width(), span.columns);
        let times = match span.kind {
            Kind::Pose(_) => columns / width,
            _ => 1,
        };
        // More make too long a list, whatever comes behind.
        (0..times.min(Runs::MOST)).flat_map(move |_| parts(span.kind, columns))
    });
    let mut round: Vec<Part> = all.filter(|(columns, _)| *columns > 0).collect();
    if round.is_empty() {
        round.push(parts(spans[0].kind, 0)[0]);
    }
    round
}

fn parts(kind: Kind, columns: usize) -> Vec<Part> {
    let slerp = |order| match order {
        Quaternion::Xyzw => Rule::SlerpXyzw,
        Quaternion::Wxyz => Rule::SlerpWxyz,
    };
    let rule = match kind {
        Kind::Linear => Rule::Linear,
        Kind::Previous => Rule::Previous,
        Kind::Next => Rule::Next,
        Kind::Nearest => Rule::Nearest,
        Kind::Cubic => Rule::Cubic,
        Kind::Pchip => Rule::Pchip,
        Kind::Slerp(order) => slerp(order),
        Kind::Angle => Rule::Angle,
        Kind::Pose(order) => return vec![(3, Rule::Linear), (4, slerp(order))],
        other => panic!("nothing is known about {other:?}"),
    };
    vec![(columns as u128, rule)]
}

/// How many neighbours of different rules there are, each counted once.
fn changes(parts: &[Part]) -> usize {
    parts.chunk_by(|a, b| a.1 == b.1).count()
}

/// What must hold of kinds that were accepted for some columns.
pub fn hold(kinds: &Kinds, runs: &Runs, columns: usize) {
    assert!(cover(kinds, columns), "{kinds:?} for {columns} columns");
    let parts = round(kinds);
    let found: &[Run] = runs.list();
    assert!((1..=Runs::MOST).contains(&found.len()), "{runs:?}");
    // Neighbours are of one rule or told apart; each begins where the one before it ends.
    let mut end = 0;
    let merged = parts.chunk_by(|a, b| a.1 == b.1).map(|same| {
        end += same.iter().map(|(columns, _)| columns).sum::<u128>();
        (end, same[0].1)
    });
    let merged: Vec<Part> = merged.collect();
    match &merged[..] {
        [(_, rule)] => assert_eq!((runs.only(), runs.round()), (Some(*rule), 0)),
        _ => {
            let found = found.iter().map(|run| (u128::from(run.end), run.rule));
            assert_eq!(found.collect::<Vec<_>>(), merged);
            assert_eq!(u128::from(runs.round()), end);
            assert_eq!(runs.only(), None);
        }
    }
}

/// Whether an error that is about kinds, or about the types they take, has a reason.
pub fn refused_justly(error: &Error, kinds: &Kinds, columns: usize, types: [DType; 2]) -> bool {
    let parts = round(kinds);
    match error {
        Error::Shape {
            argument: "kind", ..
        }
        | Error::Range {
            argument: "kind", ..
        } => !cover(kinds, columns),
        Error::Overflow { what } if what.contains("spans") => {
            let widest = u128::from(u32::MAX);
            let covered: u128 = parts.iter().map(|(columns, _)| columns).sum();
            changes(&parts) > Runs::MOST || covered > widest
        }
        Error::DType {
            argument: "data", ..
        } => !types[0].is_float() && !parts.iter().all(|(_, rule)| rule.is_hold()),
        Error::DType {
            argument: "out", ..
        } => !types[1].is_float() && types[0] != types[1],
        _ => true,
    }
}

/// Whether kinds cover some columns, once or in whole rounds.
fn cover(kinds: &Kinds, columns: usize) -> bool {
    let spans = match kinds {
        Kinds::All(kind) => return columns.is_multiple_of(kind.width()),
        Kinds::Spans(spans) => spans,
    };
    let covered: u128 = spans.list().iter().map(|span| span.columns as u128).sum();
    let columns = columns as u128;
    match spans.is_repeated() {
        false => covered == columns,
        // More than can be counted cover nothing.
        true if covered > usize::MAX as u128 => false,
        true => columns == 0 || covered > 0 && columns.is_multiple_of(covered),
    }
}
