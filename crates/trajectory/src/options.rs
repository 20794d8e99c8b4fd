//! What is asked of a resampling.

use robocache_core::TimeScalar;

/// How a value is made from the samples around a target time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Kind {
    /// On the straight line between the two neighbours, from the nearer one:
    /// `w < 0.5 ? a + w * (b - a) : b - (1 - w) * (b - a)`, each operation rounded once.
    #[default]
    Linear = 0,
    /// The newest sample that is not after the target (zero-order hold, backward as-of join).
    Previous = 1,
    /// The oldest sample that is not before the target (forward as-of join).
    Next = 2,
    /// The nearer neighbour; the earlier one if both are equally far, as scipy and pandas do.
    Nearest = 3,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Linear, Kind::Previous, Kind::Next, Kind::Nearest];

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Linear => "linear",
            Kind::Previous => "previous",
            Kind::Next => "next",
            Kind::Nearest => "nearest",
        }
    }
}

/// What holds outside of the source's range. `Previous` after the last sample and `Next` before the
/// first one are not outside: those samples are what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Extrapolation {
    /// The first or the last sample.
    #[default]
    Hold = 0,
    /// The fill value, NaN unless chosen otherwise.
    Nan = 1,
}

impl Extrapolation {
    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Extrapolation::Hold => "hold",
            Extrapolation::Nan => "nan",
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
    /// How values are made.
    pub kind: Kind,
    /// What holds outside of the source's range.
    pub extrapolation: Extrapolation,
    /// What to add to the source's stamps to get true time: a sensor that stamps on arrival, with a
    /// latency L, has −L. Taken off each target, once, in the axis' type.
    pub offset: Option<TimeScalar>,
    /// The largest distance from a target to each sample used for it. An exact hit satisfies it.
    pub tolerance: Option<TimeScalar>,
    /// The largest distance between the two samples around a target. An exact hit satisfies it.
    pub max_gap: Option<TimeScalar>,
    /// What becomes of values that fail `tolerance` or `max_gap`.
    pub invalid: Invalid,
    /// The fill value.
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
            kind: Kind::default(),
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
    /// Sets [`variant`](Self::variant).
    #[must_use]
    pub fn forced(mut self, variant: &'static str) -> Self {
        self.variant = Some(variant);
        self
    }
}

setters! {
    /// Sets [`kind`](Self::kind).
    kind: Kind;
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
