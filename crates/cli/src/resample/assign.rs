//! Which kind does each column have, and which columns make a value together?

use super::csv::names;
use super::kinds::Wanted;
use super::log::{Field, Log};
use crate::failure::usage;
use anyhow::{Result, bail};
use robocache::trajectory::{Kind, Quaternion};
use robocache_io::csv::{by_similarity, plain_name};

/// A column: the number of its block and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Column {
    pub(super) block: usize,
    pub(super) at: usize,
}

/// Columns of one kind, of a rotation four by four in the order of its components.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) kind: Kind,
    pub(super) columns: Vec<Column>,
}

/// A field and where it lies.
#[derive(Clone, Copy)]
struct Place<'l> {
    field: &'l Field,
    /// Its first column.
    first: Column,
}

/// All columns of a log by their kinds. Poses are taken apart into positions and rotations, which are
/// interpolated by themselves.
///
/// # Errors
/// Names the option and the columns: those that are not there, that have two kinds, or that are no
/// whole rotations or poses.
pub(super) fn assign(log: &Log, wanted: &[Wanted]) -> Result<Vec<Share>> {
    let mut rest = Wanted {
        columns: None,
        kind: Kind::Linear,
    };
    let mut for_all = wanted.iter().filter(|wanted| wanted.columns.is_none());
    if let Some(first) = for_all.next() {
        if let Some(second) = for_all.next() {
            return Err(usage(format!(
                "{first} and {second} are both for all columns; name the columns of one of them, as \
                 in --kind COLUMNS={}",
                second.kind.name()
            )));
        }
        rest = first.clone();
    }
    let places = places(log);
    let mut named: Vec<Option<&Wanted>> = vec![None; places.len()];
    let mut shares = Vec::new();
    for wanted in wanted {
        let Some(columns) = &wanted.columns else {
            continue;
        };
        let chosen = choose(log, &places, columns, wanted)?;
        for &index in &chosen {
            let name = plain_name(&places[index].field.name);
            match named[index].replace(wanted) {
                Some(other) if std::ptr::eq(other, wanted) => {
                    return Err(usage(format!("{wanted} names column {name:?} twice")));
                }
                Some(other) => {
                    return Err(usage(format!(
                        "column {name:?} is given two kinds, by {other} and by {wanted}; name it in \
                         one of them"
                    )));
                }
                None => {}
            }
        }
        let group: Vec<Place<'_>> = chosen.iter().map(|&index| places[index]).collect();
        share(log, &group, wanted, &mut shares)?;
    }
    for block in 0..log.blocks.len() {
        let unnamed = places.iter().zip(&named);
        let group: Vec<Place<'_>> = unnamed
            .filter(|(place, named)| place.first.block == block && named.is_none())
            .map(|(place, _)| *place)
            .collect();
        share(log, &group, &rest, &mut shares)?;
    }
    Ok(shares)
}

fn places(log: &Log) -> Vec<Place<'_>> {
    let blocks = log.blocks.iter().enumerate();
    blocks
        .flat_map(|(block, columns)| {
            columns.fields.iter().scan(0, move |end, field| {
                let first = Column { block, at: *end };
                *end += field.width();
                Some(Place { field, first })
            })
        })
        .collect()
}

/// The fields that are named, in the order of the names; those of a pattern in the file's order.
fn choose(log: &Log, places: &[Place<'_>], columns: &str, wanted: &Wanted) -> Result<Vec<usize>> {
    let find = |name: &str| {
        let exact = places.iter().position(|place| place.field.name == name);
        let plain = |place: &Place<'_>| plain_name(&place.field.name) == plain_name(name);
        exact.or_else(|| places.iter().position(plain))
    };
    let mut chosen = Vec::new();
    for name in names(&[columns.to_owned()], |name| find(name).is_some()) {
        if let Some(index) = find(name) {
            chosen.push(index);
        } else if plain_name(name) == plain_name(&log.time.name) {
            return Err(usage(format!(
                "{wanted}: {name:?} is --time, which has no kind"
            )));
        } else {
            let before = chosen.len();
            if let Some(beginning) = name.strip_suffix('*') {
                let matches = |place: &Place<'_>| {
                    plain_name(&place.field.name).starts_with(plain_name(beginning))
                };
                chosen.extend((0..places.len()).filter(|&index| matches(&places[index])));
            }
            if chosen.len() == before {
                return Err(missing(log, places, name, wanted));
            }
        }
    }
    Ok(chosen)
}

fn missing(log: &Log, places: &[Place<'_>], name: &str, wanted: &Wanted) -> anyhow::Error {
    const SHOWN: usize = 8;
    let (what, name) = match name.strip_suffix('*') {
        Some(beginning) => ("that begins with", beginning),
        None => ("with the name", name),
    };
    let there = places.iter().map(|place| plain_name(&place.field.name));
    let mut there = by_similarity(plain_name(name), there);
    let more = there.len().saturating_sub(SHOWN);
    there.truncate(SHOWN);
    let there: Vec<String> = there.iter().map(|name| format!("{name:?}")).collect();
    let mut there = there.join(", ");
    if more > 0 {
        there += &format!(" and {more} more");
    }
    anyhow::anyhow!(
        "{wanted}: {} has no column {what} {name:?} among those that are resampled: {there}",
        log.path.display()
    )
}

/// Gives the columns of a group to the shares.
fn share(log: &Log, group: &[Place<'_>], wanted: &Wanted, shares: &mut Vec<Share>) -> Result<()> {
    let mut columns = Vec::new();
    for Place { field, first } in group {
        columns.extend((0..field.width()).map(|at| Column {
            block: first.block,
            at: first.at + at,
        }));
    }
    check_whole(log, group, columns.len(), wanted)?;
    let mut give =
        |kind: Kind, columns: &[Column]| match shares.iter_mut().find(|share| share.kind == kind) {
            Some(share) => share.columns.extend(columns),
            None if columns.is_empty() => {}
            None => shares.push(Share {
                kind,
                columns: columns.to_vec(),
            }),
        };
    match wanted.kind {
        Kind::Pose(order) => {
            for pose in columns.chunks_exact(7) {
                let (position, rotation) = pose.split_at(3);
                check_order(group, rotation, order, wanted)?;
                give(Kind::Linear, position);
                give(Kind::Slerp(order), rotation);
            }
        }
        Kind::Slerp(order) => {
            for rotation in columns.chunks_exact(4) {
                check_order(group, rotation, order, wanted)?;
            }
            give(wanted.kind, &columns);
        }
        kind => give(kind, &columns),
    }
    Ok(())
}

/// Makes sure that a group consists of whole rotations or poses, and that none takes a part of one array
/// and a part of another.
fn check_whole(log: &Log, group: &[Place<'_>], columns: usize, wanted: &Wanted) -> Result<()> {
    let width = wanted.kind.width();
    let (what, example) = match wanted.kind {
        Kind::Pose(_) => ("poses of 7 columns each", "x,y,z,qx,qy,qz,qw"),
        _ => ("rotations of 4 columns each", "qx,qy,qz,qw"),
    };
    if !columns.is_multiple_of(width) {
        const SHOWN: usize = 8;
        let names = group.iter().map(|place| plain_name(&place.field.name));
        let names: Vec<String> = names.take(SHOWN).map(|name| format!("{name:?}")).collect();
        let more = if group.len() > SHOWN { ", ..." } else { "" };
        let advice = match wanted.columns {
            Some(_) => String::new(),
            None => format!("; name them, as in --kind {example}={}", wanted.kind.name()),
        };
        bail!(
            "{wanted}: {}: {columns} columns ({}{more}) are no {what}{advice}",
            log.path.display(),
            names.join(", ")
        );
    }
    let mut at = 0;
    for Place { field, .. } in group {
        let (begin, end) = (at, at + field.width());
        at = end;
        let Some(&last) = field.shape.last() else {
            continue;
        };
        let is_part = begin < end && begin / width == (end - 1) / width;
        let is_row = [begin, end, last].iter().all(|n| n.is_multiple_of(width));
        if width > 1 && begin < end && !is_part && !is_row {
            bail!(
                "{wanted}: {}: array {:?} has {last} columns in its last dimension, which are no {what}",
                log.path.display(),
                field.name
            );
        }
    }
    Ok(())
}

/// Makes sure that columns whose names end with w, x, y and z come in the kind's order: the other one
/// gives rotations that look right and are wrong.
fn check_order(
    group: &[Place<'_>],
    rotation: &[Column],
    order: Quaternion,
    wanted: &Wanted,
) -> Result<()> {
    let field = |column: &Column| {
        let mut fields = group.iter();
        fields.find(|place| place.first == *column && place.field.shape.is_empty())
    };
    let fields: Option<Vec<&Place<'_>>> = rotation.iter().map(field).collect();
    let Some(fields) = fields else {
        return Ok(());
    };
    let letters: Option<String> = fields.iter().map(|f| component(&f.field.name)).collect();
    let expected = match order {
        Quaternion::Xyzw => "xyzw",
        Quaternion::Wxyz => "wxyz",
    };
    let is_each_once = |letters: &str| "wxyz".chars().all(|letter| letters.contains(letter));
    match letters {
        Some(letters) if letters != expected && is_each_once(&letters) => {
            let names = fields.iter().map(|f| plain_name(&f.field.name));
            let other = match (letters.as_str(), wanted.kind) {
                ("wxyz", Kind::Slerp(_)) => ", or take the kind slerp-wxyz",
                ("wxyz", _) => ", or take the kind pose-wxyz",
                ("xyzw", Kind::Slerp(_)) => ", or take the kind slerp",
                ("xyzw", _) => ", or take the kind pose",
                _ => "",
            };
            bail!(
                "{wanted}: a rotation is made of {} in this order, but the kind takes {expected:?}; \
                 name them in that order{other}",
                names.collect::<Vec<_>>().join(", ")
            )
        }
        _ => Ok(()),
    }
}

/// Which component of a quaternion a name ends with, a unit in brackets aside.
fn component(name: &str) -> Option<char> {
    let name = name
        .split(['[', '(', '{'])
        .next()
        .unwrap_or(name)
        .trim_end();
    let last = name.chars().next_back()?.to_ascii_lowercase();
    "wxyz".contains(last).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::log::{Block, Data, Rows, Stored, Time};
    use crate::time::Stamps;

    /// A log of arrays without rows, each a block.
    fn log(fields: &[(&str, &[usize])]) -> Log {
        let block = |(name, shape): &(&str, &[usize])| Block {
            fields: vec![Field {
                name: (*name).to_owned(),
                shape: shape.to_vec(),
            }],
            data: Data::F64(Vec::new()),
        };
        Log {
            path: "log.npz".into(),
            time: Time {
                name: "t".into(),
                stamps: Stamps::Float(Vec::new()),
                position: 0,
                stored: Stored::F64,
            },
            blocks: fields.iter().map(block).collect(),
            rest: Vec::new(),
            added: Vec::new(),
            rows: Rows::Indices,
        }
    }

    fn of(log: &Log, kinds: &[&str]) -> Result<Vec<Share>> {
        let kinds = kinds.iter().map(|kind| kind.parse().expect("a kind"));
        assign(log, &kinds.collect::<Vec<_>>())
    }

    fn columns(list: &[(usize, usize)]) -> Vec<Column> {
        let columns = list.iter();
        columns.map(|&(block, at)| Column { block, at }).collect()
    }

    #[test]
    fn poses_are_taken_apart_across_arrays_and_the_rest_is_linear() {
        let log = log(&[("p", &[3]), ("grip", &[]), ("q", &[4]), ("x", &[2])]);
        let shares = of(&log, &["p,q=pose", "grip=previous"]).expect("assigned");
        let of = |kind| {
            let mut all = shares.iter().filter(|share| share.kind == kind);
            all.next().map(|share| share.columns.clone())
        };
        let linear = columns(&[(0, 0), (0, 1), (0, 2), (3, 0), (3, 1)]);
        assert_eq!(of(Kind::Linear), Some(linear));
        let rotation = columns(&[(2, 0), (2, 1), (2, 2), (2, 3)]);
        assert_eq!(of(Kind::Slerp(Quaternion::Xyzw)), Some(rotation));
        assert_eq!(of(Kind::Previous), Some(columns(&[(1, 0)])));
        assert_eq!(shares.len(), 3);
    }

    #[test]
    fn arrays_are_not_torn() {
        let is_good = |fields: &[(&str, &[usize])], kind: &str| of(&log(fields), &[kind]).is_ok();
        assert!(is_good(&[("q", &[4])], "q=slerp"));
        assert!(is_good(&[("q", &[2, 3, 4])], "q=slerp"));
        assert!(is_good(&[("q", &[8])], "slerp"));
        assert!(is_good(&[("q", &[0])], "q=slerp"));
        assert!(is_good(&[("v", &[3]), ("w", &[])], "v,w=slerp"));
        assert!(!is_good(&[("q", &[4, 3])], "q=slerp"), "rows of 3");
        assert!(!is_good(&[("a", &[3]), ("b", &[5])], "a,b=slerp"));
        assert!(!is_good(&[("a", &[2]), ("b", &[2])], "slerp"), "by array");
        assert!(is_good(&[("a", &[2]), ("b", &[2])], "*=slerp"));
    }

    #[test]
    fn names_tell_their_component() {
        for (name, expected) in [
            ("qx", Some('x')),
            ("q_RS_w []", Some('w')),
            ("rot.Z", Some('z')),
            ("#y ", Some('y')),
            ("q0", None),
            ("", None),
        ] {
            assert_eq!(component(name), expected, "{name:?}");
        }
    }
}
