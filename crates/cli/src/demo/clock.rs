//! Which targets do all streams share?

use super::session::Session;
use crate::memory;
use crate::time::{Stamps, grid, per_interval};
use anyhow::{Result, bail};

/// Targets at a rate from the latest first stamp to the earliest last one: where every stream has
/// samples on both sides.
///
/// # Errors
/// If the streams do not overlap, or the rate makes more targets than fit.
pub(super) fn common(session: &Session, rate: f64) -> Result<Stamps> {
    let ends = ends(session.streams.iter().map(|stream| &stream.stamps));
    let Some(ends) = ends else {
        bail!("the streams of this log have no time in common");
    };
    let count = per_interval(&ends, session.unit, rate);
    if count <= f64::from(i32::MAX) {
        let columns: usize = session.streams.iter().map(|s| s.columns.len()).sum();
        // Each value is kept for each device, for the reference and for the page.
        let row = 8 * (1 + 4 * columns as u128);
        memory::ensure(
            count as u128 * row,
            &format!("the demo at {rate} Hz, {count:.0} targets,"),
        )?;
    }
    Ok(grid(&ends, session.unit, rate)?)
}

/// The latest first and the earliest last stamp.
fn ends<'s>(all: impl Iterator<Item = &'s Stamps>) -> Option<Stamps> {
    all.map(|stamps| match stamps {
        Stamps::Float(times) => Some(Stamps::Float(vec![*times.first()?, *times.last()?])),
        Stamps::Ticks(times) => Some(Stamps::Ticks(vec![*times.first()?, *times.last()?])),
    })
    .reduce(|one, other| match (one?, other?) {
        (Stamps::Float(a), Stamps::Float(b)) => {
            Some(Stamps::Float(vec![a[0].max(b[0]), a[1].min(b[1])]))
        }
        (Stamps::Ticks(a), Stamps::Ticks(b)) => {
            Some(Stamps::Ticks(vec![a[0].max(b[0]), a[1].min(b[1])]))
        }
        _ => None,
    })
    .flatten()
    .filter(|ends| ends.fault().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[Stamps]) -> Option<Stamps> {
        ends(all.iter())
    }

    #[test]
    fn the_clock_lies_where_all_streams_do() {
        let a = Stamps::Float(vec![0.0, 0.5, 2.0]);
        let b = Stamps::Float(vec![0.25, 3.0]);
        let c = Stamps::Float(vec![2.5, 3.0]);
        let shared = of(&[a.clone(), b.clone()]);
        assert_eq!(shared, Some(Stamps::Float(vec![0.25, 2.0])));
        assert_eq!(of(&[a, c]), None, "no time in common");
        assert_eq!(of(&[b, Stamps::Float(vec![])]), None);
        assert_eq!(of(&[]), None);
        let one = Stamps::Ticks(vec![5, 6, 7]);
        assert_eq!(of(&[one]), Some(Stamps::Ticks(vec![5, 7])));
    }
}
