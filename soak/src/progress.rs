//! What does a person see while it runs?
//!
//! One line on a terminal, refreshed; elsewhere a plain line now and then. All of it goes to stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The run's line.
pub struct Progress {
    bar: Option<ProgressBar>,
    /// When the next plain line is due.
    due: Instant,
    pause: Duration,
}

impl Progress {
    /// For a run of some duration.
    pub fn new(duration: Duration) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(duration.as_secs().max(1));
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:24} {elapsed_precise} {wide_msg}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        });
        Progress {
            bar,
            due: Instant::now(),
            pause: (duration / 20).clamp(Duration::from_secs(2), Duration::from_secs(300)),
        }
    }

    /// Shows how far it is.
    pub fn show(&mut self, elapsed: Duration, message: impl FnOnce() -> String) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(elapsed.as_secs());
                bar.set_message(message());
            }
            None if Instant::now() >= self.due => {
                self.due = Instant::now() + self.pause;
                say(&format!("{:>7.0} s  {}", elapsed.as_secs_f64(), message()));
            }
            None => {}
        }
    }

    /// Prints something that stays.
    pub fn print(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A line on stderr. If nobody can read it, there is nobody else to tell.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
