//! Are these columns whole rotations or poses, in the right order?

use super::assign::Place;
use super::kinds::Wanted;
use super::log::{Field, Log};
use anyhow::{Result, bail};
use robocache::trajectory::{Kind, Quaternion};
use robocache_io::csv::plain_name;

/// Makes sure that a group consists of whole rotations or poses, and that none takes a part of one array
/// and a part of another.
///
/// # Errors
/// Names the columns.
pub(super) fn check_whole(log: &Log, group: &[Place<'_>], wanted: &Wanted) -> Result<()> {
    let width = wanted.kind.width();
    let columns: usize = group.iter().map(|place| place.field.width()).sum();
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
/// gives rotations that look right and are wrong. `fields` are those of the four columns.
///
/// # Errors
/// If they come in another order.
pub(super) fn check_order(fields: &[&Field], order: Quaternion, wanted: &Wanted) -> Result<()> {
    if fields.iter().any(|field| !field.shape.is_empty()) {
        return Ok(()); // The columns of an array have no names of their own.
    }
    let letters: Option<String> = fields.iter().map(|field| component(&field.name)).collect();
    let expected = match order {
        Quaternion::Xyzw => "xyzw",
        Quaternion::Wxyz => "wxyz",
    };
    let is_each_once = |letters: &str| "wxyz".chars().all(|letter| letters.contains(letter));
    match letters {
        Some(letters) if letters != expected && is_each_once(&letters) => {
            let names = fields.iter().map(|field| plain_name(&field.name));
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
