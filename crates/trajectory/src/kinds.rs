//! Which kind of interpolation does each column have?

use robocache_core::{Error, Result};

/// The order of a quaternion's components in four columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quaternion {
    /// Vector first, as ROS, scipy and Isaac Gym have it.
    Xyzw,
    /// Scalar first, as MuJoCo, Eigen's constructor and EuRoC have it.
    Wxyz,
}

/// How a value is made from the samples around a target time.
///
/// `a` and `b` are the two samples around the target, at `t0` and `t1`, and `w = (t - t0) / (t1 - t0)`.
/// A target that coincides with a sample gives that sample, bit for bit; of rotations normalised, of
/// angles wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// On the straight line between the two neighbours, from the nearer one:
    /// `w < 0.5 ? a + w * (b - a) : b - (1 - w) * (b - a)`, each operation rounded once.
    #[default]
    Linear,
    /// The newest sample that is not after the target (zero-order hold, backward as-of join).
    Previous,
    /// The oldest sample that is not before the target (forward as-of join).
    Next,
    /// The nearer neighbour; the earlier one if both are equally far, as scipy and pandas do.
    Nearest,
    /// A cubic through `a` and `b` whose tangent at each is that of the parabola through it and its two
    /// neighbours (the non-uniform three-point formula); smooth, and may overshoot. At the ends of the
    /// recording, and beside samples of equal times, the tangent is the line from `a` to `b`.
    Cubic,
    /// A cubic that never overshoots: scipy's `PchipInterpolator`, after Fritsch and Butland, "A method
    /// for constructing local monotone piecewise cubic interpolants", 1984. Beside samples of equal
    /// times, the tangent is the line from `a` to `b`.
    Pchip,
    /// Rotations, four columns each: along the shorter arc at constant speed (Shoemake, "Animating
    /// rotation with quaternion curves", 1985). Samples need not be normalised, results are. With a
    /// quaternion of length zero the target is invalid, and of its columns those four.
    Slerp(Quaternion),
    /// Poses, seven columns each: three of translation, `Linear`, and four of rotation, `Slerp`.
    Pose(Quaternion),
    /// Angles in radians: along the shorter arc; results lie in (−π, π]. Exact for angles of up to 2^16
    /// turns.
    Angle,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::Linear,
        Kind::Previous,
        Kind::Next,
        Kind::Nearest,
        Kind::Cubic,
        Kind::Pchip,
        Kind::Slerp(Quaternion::Xyzw),
        Kind::Slerp(Quaternion::Wxyz),
        Kind::Pose(Quaternion::Xyzw),
        Kind::Pose(Quaternion::Wxyz),
        Kind::Angle,
    ];

    /// The kinds that copy samples; the only ones for integers.
    pub const HOLDS: [Kind; 3] = [Kind::Previous, Kind::Next, Kind::Nearest];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Linear => "linear",
            Kind::Previous => "previous",
            Kind::Next => "next",
            Kind::Nearest => "nearest",
            Kind::Cubic => "cubic",
            Kind::Pchip => "pchip",
            Kind::Slerp(Quaternion::Xyzw) => "slerp",
            Kind::Slerp(Quaternion::Wxyz) => "slerp-wxyz",
            Kind::Pose(Quaternion::Xyzw) => "pose",
            Kind::Pose(Quaternion::Wxyz) => "pose-wxyz",
            Kind::Angle => "angle",
        }
    }

    /// The kind of that [`name`](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Columns that one value takes: 4 for a rotation, 7 for a pose, else 1.
    pub const fn width(self) -> usize {
        match self {
            Kind::Slerp(_) => 4,
            Kind::Pose(_) => 7,
            _ => 1,
        }
    }
}

/// Columns beside each other that have one kind; a multiple of its [`width`](Kind::width).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// How many.
    pub columns: usize,
    /// Their kind.
    pub kind: Kind,
}

/// Several spans, one behind the other, that cover all columns once, or as often as they are repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    list: [Span; Spans::MOST],
    len: usize,
    repeated: bool,
}

impl Spans {
    /// The longest list.
    pub const MOST: usize = 16;

    /// Spans that together cover every column once.
    ///
    /// # Errors
    /// [`Error::Range`] for an empty list, for one of more than [`MOST`](Self::MOST) spans, and for a
    /// span whose columns are no multiple of its kind's width.
    pub fn new(spans: &[Span]) -> Result<Spans> {
        if spans.is_empty() || spans.len() > Spans::MOST {
            return Err(Error::Range {
                argument: "spans",
                found: format!("{} spans", spans.len()),
                expected: "1 to 16 spans; what recurs can be repeated",
            });
        }
        for span in spans {
            check_width(*span)?;
        }
        let nothing = Span {
            columns: 0,
            kind: Kind::Linear,
        };
        let mut list = [nothing; Spans::MOST];
        list[..spans.len()].copy_from_slice(spans);
        Ok(Spans {
            list,
            len: spans.len(),
            repeated: false,
        })
    }

    /// The same spans over and over, as often as fits the columns without rest: the bodies of a robot,
    /// each with position, rotation and velocities.
    #[must_use]
    pub fn repeated(mut self) -> Spans {
        self.repeated = true;
        self
    }

    /// The spans of one round.
    pub fn list(&self) -> &[Span] {
        &self.list[..self.len]
    }

    /// Whether they are repeated.
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }
}

impl std::fmt::Debug for Spans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let often = if self.repeated {
            "over and over"
        } else {
            "once"
        };
        write!(f, "{} {often}", list(self.list()))
    }
}

pub(crate) fn check_width(span: Span) -> Result<()> {
    if span.columns.is_multiple_of(span.kind.width()) {
        return Ok(());
    }
    Err(Error::Range {
        argument: "kind",
        found: format!("{} columns of {}", span.columns, span.kind.name()),
        expected: match span.kind.width() {
            4 => "a multiple of 4 columns, a quaternion each",
            _ => "a multiple of 7 columns, a pose each",
        },
    })
}

/// The kinds of all columns.
#[allow(clippy::large_enum_variant)] // Copied with the options; a box would be an allocation per call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// One for all.
    All(Kind),
    /// One for each span.
    Spans(Spans),
}

impl Default for Kinds {
    fn default() -> Self {
        Kinds::All(Kind::default())
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Kinds::All(kind)
    }
}

impl From<Spans> for Kinds {
    fn from(spans: Spans) -> Self {
        Kinds::Spans(spans)
    }
}

pub(crate) fn list(spans: &[Span]) -> String {
    let each = spans
        .iter()
        .map(|span| format!("{} of {}", span.columns, span.kind.name()));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_name("Linear"), None);
    }
}
