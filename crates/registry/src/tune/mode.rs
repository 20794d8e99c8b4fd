//! When is measured at all.

use std::sync::atomic::{AtomicU8, Ordering};

/// What a call may do about a problem that nobody has measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mode {
    /// Nothing is looked up: the ranks decide, the same way on every machine.
    Off = 1,
    /// What was measured before is used, nothing is measured. The default.
    CachedOnly = 2,
    /// The first call with a new kind of problem measures the variants on the caller's own memory and
    /// stream, waits for the device meanwhile, and keeps what it found. Never while a stream is being
    /// captured.
    OnMiss = 3,
    /// As `OnMiss`, with more runs, and measuring anew once per process what is known from before.
    Exhaustive = 4,
}

impl Mode {
    const ALL: [Mode; 4] = [Mode::Off, Mode::CachedOnly, Mode::OnMiss, Mode::Exhaustive];

    /// What `ROBOCACHE_TUNE` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::CachedOnly => "cached",
            Mode::OnMiss => "on-miss",
            Mode::Exhaustive => "exhaustive",
        }
    }
}

/// 0 until it is set or read from the environment.
static MODE: AtomicU8 = AtomicU8::new(0);

/// The mode of this process: the last one set, else what `ROBOCACHE_TUNE` says (`off`, `cached`,
/// `on-miss`, `exhaustive`), else [`Mode::CachedOnly`].
#[inline]
pub fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        1 => Mode::Off,
        2 => Mode::CachedOnly,
        3 => Mode::OnMiss,
        4 => Mode::Exhaustive,
        _ => from_environment(),
    }
}

/// Sets the mode of this process, and forgets choices that were made in another one.
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
    crate::dispatch::forget_choices();
}

#[cold]
fn from_environment() -> Mode {
    let text = std::env::var("ROBOCACHE_TUNE").unwrap_or_default();
    let mode = parse(&text).unwrap_or_else(|| {
        tracing::warn!(
            "ROBOCACHE_TUNE is ignored: found {text:?}, expected off, cached, on-miss or exhaustive"
        );
        Mode::CachedOnly
    });
    // Whoever has set one meanwhile wins.
    let _ = MODE.compare_exchange(0, mode as u8, Ordering::Relaxed, Ordering::Relaxed);
    mode
}

fn parse(text: &str) -> Option<Mode> {
    match text.trim() {
        "" => Some(Mode::CachedOnly),
        name => Mode::ALL.into_iter().find(|mode| mode.name() == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_named_and_nothing_else_is_one() {
        assert_eq!(parse(""), Some(Mode::CachedOnly));
        assert_eq!(parse(" off "), Some(Mode::Off));
        assert_eq!(parse("cached"), Some(Mode::CachedOnly));
        assert_eq!(parse("on-miss"), Some(Mode::OnMiss));
        assert_eq!(parse("exhaustive"), Some(Mode::Exhaustive));
        for text in ["1", "on", "Off", "onmiss"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
