//! What is asked of a resampling.

use crate::Kinds;
use robocache_core::TimeScalar;

/// What holds outside of the source's range; the mask is false there. `Previous` after the last sample and
/// `Next` before the first one are not outside: those samples are what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Extrapolation {
    /// The first or the last sample.
    #[default]
    Hold = 0,
    /// The fill value, NaN unless chosen otherwise.
    Nan = 1,
    /// On along the slope at the end: of the line through the last two samples, of the cubic's tangent
    /// there, of the rotation's or the angle's speed between the last two. The hold kinds hold, and so do
    /// all where there is one sample or the last two have the same time.
    Linear = 2,
    /// [`Error::Outside`](robocache_core::Error::Outside) with the first such target. On a device it is
    /// left in the status word, which has to be given; values and mask are then those of `Hold`.
    Error = 3,
}

impl Extrapolation {
    /// Every rule.
    pub const ALL: [Extrapolation; 4] = [
        Extrapolation::Hold,
        Extrapolation::Nan,
        Extrapolation::Linear,
        Extrapolation::Error,
    ];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Extrapolation::Hold => "hold",
            Extrapolation::Nan => "nan",
            Extrapolation::Linear => "linear",
            Extrapolation::Error => "error",
        }
    }
}

/// What becomes of a value that fails `tolerance` or `max_gap`; the mask is false either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// It keeps the value that it would have had.
    #[default]
    Keep,
    /// It takes the fill value.
    Fill,
}

/// The options of a call. Durations are in the type and unit of the time axes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// How values are made: one kind for all columns, or one for each of several spans.
    pub kind: Kinds,
    /// What holds outside of the source's range.
    pub extrapolation: Extrapolation,
    /// What to add to the source's stamps to get true time: a sensor that stamps on arrival, with a
    /// latency L, has −L. Taken off each target, once, in the axis' type.
    pub offset: Option<TimeScalar>,
    /// The largest distance from a target to each of the samples around it that are used for it: the one
    /// that is held, else both (the outer two of a cubic shape its tangents only). An exact hit satisfies
    /// it.
    pub tolerance: Option<TimeScalar>,
    /// The largest distance between the two samples around a target. An exact hit satisfies it.
    pub max_gap: Option<TimeScalar>,
    /// What becomes of values that fail `tolerance` or `max_gap`.
    pub invalid: Invalid,
    /// The fill value; for integers rounded towards zero, saturated, and 0 if it is NaN.
    pub fill: f64,
    /// Whether source times are checked: on the CPU all of them, on a device the uniform ones only
    /// (arrays are checked there when a status word is given). On by default.
    pub check: bool,
    /// The id of the variant to run, for tests and measurements.
    pub variant: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kind: Kinds::default(),
            extrapolation: Extrapolation::default(),
            offset: None,
            tolerance: None,
            max_gap: None,
            invalid: Invalid::default(),
            fill: f64::NAN,
            check: true,
            variant: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)*) => {
        impl Options {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: $ty) -> Self {
                self.$name = $name.into();
                self
            }
        )*}
    };
}

impl Options {
    /// Sets [`kind`](Self::kind): a [`Kind`](crate::Kind) for all columns, or [`Spans`](crate::Spans).
    #[must_use]
    pub fn kind(mut self, kind: impl Into<Kinds>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Sets [`variant`](Self::variant).
    #[must_use]
    pub fn forced(mut self, variant: &'static str) -> Self {
        self.variant = Some(variant);
        self
    }
}

setters! {
    /// Sets [`extrapolation`](Self::extrapolation).
    extrapolation: Extrapolation;
    /// Sets [`offset`](Self::offset).
    offset: TimeScalar;
    /// Sets [`tolerance`](Self::tolerance).
    tolerance: TimeScalar;
    /// Sets [`max_gap`](Self::max_gap).
    max_gap: TimeScalar;
    /// Sets [`invalid`](Self::invalid).
    invalid: Invalid;
    /// Sets [`fill`](Self::fill).
    fill: f64;
    /// Sets [`check`](Self::check).
    check: bool;
}
