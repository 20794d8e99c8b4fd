//! Which kind does each column have, and which columns make a value together?

use super::kinds::Wanted;
use super::log::{Field, Log};
use super::lookup::choose;
use super::rotations::{check_order, check_whole};
use crate::failure::usage;
use anyhow::Result;
use robocache::trajectory::Kind;
use robocache_io::csv::plain_name;

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
pub(super) struct Place<'l> {
    pub(super) field: &'l Field,
    /// Its first column.
    pub(super) first: Column,
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
    let unnamed: Vec<Place<'_>> = places
        .iter()
        .zip(&named)
        .filter(|(_, named)| named.is_none())
        .map(|(place, _)| *place)
        .collect();
    // A rotation that nobody named lies in one array.
    for group in unnamed.chunk_by(|one, other| one.first.block == other.first.block) {
        share(log, group, &rest, &mut shares)?;
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

/// Gives the columns of a group to the shares.
fn share(log: &Log, group: &[Place<'_>], wanted: &Wanted, shares: &mut Vec<Share>) -> Result<()> {
    check_whole(log, group, wanted)?;
    let (mut columns, mut fields) = (Vec::new(), Vec::new());
    for &Place { field, first } in group {
        columns.extend((first.at..first.at + field.width()).map(|at| Column {
            block: first.block,
            at,
        }));
        fields.resize(columns.len(), field);
    }
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
            for (pose, fields) in columns.chunks_exact(7).zip(fields.chunks_exact(7)) {
                check_order(&fields[3..], order, wanted)?;
                give(Kind::Linear, &pose[..3]);
                give(Kind::Slerp(order), &pose[3..]);
            }
        }
        Kind::Slerp(order) => {
            for fields in fields.chunks_exact(4) {
                check_order(fields, order, wanted)?;
            }
            give(wanted.kind, &columns);
        }
        kind => give(kind, &columns),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::log::{Block, Data, testing};
    use robocache::trajectory::Quaternion;

    /// A log of arrays without rows, each a block.
    fn log(fields: &[(&str, &[usize])]) -> Log {
        let block = |(name, shape): &(&str, &[usize])| Block {
            fields: vec![Field {
                name: (*name).to_owned(),
                shape: shape.to_vec(),
            }],
            data: Data::F64(Vec::new()),
        };
        testing::log(fields.iter().map(block).collect())
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
}
