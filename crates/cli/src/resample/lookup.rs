//! Which columns do the names in `--kind` mean?

use super::assign::Place;
use super::csv::names;
use super::kinds::Wanted;
use super::log::Log;
use crate::failure::usage;
use anyhow::Result;
use robocache_io::csv::{by_similarity, plain_name};

/// The fields that are named, in the order of the names; those of a pattern in the file's order.
///
/// # Errors
/// For a name that no field has, with those that are alike, and for that of the times.
pub(super) fn choose(
    log: &Log,
    places: &[Place<'_>],
    columns: &str,
    wanted: &Wanted,
) -> Result<Vec<usize>> {
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
