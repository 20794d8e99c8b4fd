//! What the oracle calls the kinds of some columns.

use crate::{Extrapolation, Kind, Kinds, Quaternion};
use robocache_testkit::oracle::{self, QuaternionOrder};

/// The oracle's spans of `columns` columns; poses and rotations are taken apart.
pub(super) fn spans(kinds: &Kinds, columns: usize) -> Vec<oracle::Span> {
    let mut all = Vec::new();
    match kinds {
        Kinds::All(kind) => push(&mut all, *kind, columns),
        Kinds::Spans(spans) => {
            let mut left = columns;
            loop {
                // What has no columns does not count, unless there is nothing else.
                for span in spans.list().iter().filter(|span| span.columns > 0) {
                    push(&mut all, span.kind, span.columns.min(columns));
                    left = left.saturating_sub(span.columns);
                }
                if left == 0 {
                    break;
                }
            }
            if all.is_empty() {
                push(&mut all, spans.list()[0].kind, 0);
            }
        }
    }
    all
}

fn push(all: &mut Vec<oracle::Span>, kind: Kind, columns: usize) {
    let order = |order| match order {
        Quaternion::Xyzw => QuaternionOrder::Xyzw,
        Quaternion::Wxyz => QuaternionOrder::Wxyz,
    };
    let kind = match kind {
        Kind::Linear => oracle::Kind::Linear,
        Kind::Previous => oracle::Kind::Previous,
        Kind::Next => oracle::Kind::Next,
        Kind::Nearest => oracle::Kind::Nearest,
        Kind::Cubic => oracle::Kind::Cubic,
        Kind::Pchip => oracle::Kind::Pchip,
        // One by one: what has no direction is invalid alone.
        Kind::Slerp(_) if columns > kind.width() => {
            for _ in 0..columns / kind.width() {
                push(all, kind, kind.width());
            }
            return;
        }
        Kind::Slerp(of) => oracle::Kind::Slerp { order: order(of) },
        Kind::Angle => oracle::Kind::Angle,
        Kind::Pose(of) => {
            // Without any column the mask still is that of both parts.
            let part = |of: usize| of.min(columns);
            for _ in 0..(columns / kind.width()).max(1) {
                push(all, Kind::Linear, part(3));
                push(all, Kind::Slerp(of), part(4));
            }
            return;
        }
    };
    all.push(oracle::Span { columns, kind });
}

/// The oracle's word for a rule outside of the range.
pub(super) fn extrapolation(rule: Extrapolation) -> oracle::Extrapolation {
    match rule {
        Extrapolation::Hold => oracle::Extrapolation::Hold,
        Extrapolation::Nan => oracle::Extrapolation::Nan,
        Extrapolation::Linear => oracle::Extrapolation::Linear,
        Extrapolation::Error => oracle::Extrapolation::Error,
    }
}
