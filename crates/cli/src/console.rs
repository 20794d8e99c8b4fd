//! How are results, notes and progress shown?
//!
//! Results go to stdout and nothing else does, so that they can be piped. Notes, errors, logs and
//! progress go to stderr; progress only if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Shows events of the program's libraries on stderr: as many as `-v` was given, or as the
/// environment variable `RUST_LOG` says.
pub(crate) fn init_tracing(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let (filter, ignored) = match wanted.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(level), Some(error)),
        None => (EnvFilter::new(level), None),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(verbose > 1 || wanted.is_some())
        .without_time()
        .compact()
        .finish();
    // Fails only if there is one already, which is then the one to use.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Some(error) = ignored {
        say("note", &format!("RUST_LOG is ignored: {error}"));
    }
}

/// Prints a result to stdout.
///
/// # Errors
/// What the operating system says, so that a full disk behind a redirection is not taken for success.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Tells the user about something that was decided on the way.
pub(crate) fn note(text: &str) {
    say("note", text);
}

/// A line on stderr. If nobody can read it, there is nobody else to tell.
pub(crate) fn say(kind: &str, text: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {text}");
}

/// A bar that counts bytes; shown on a terminal only. `total` may be learnt later.
pub(crate) fn byte_bar(label: &'static str) -> ProgressBar {
    bar(
        label,
        "{prefix:>12} [{wide_bar}] {bytes}/{total_bytes} {eta}",
    )
}

/// A bar that counts rows or targets; shown on a terminal only.
pub(crate) fn row_bar(label: &'static str) -> ProgressBar {
    bar(
        label,
        "{prefix:>12} [{wide_bar}] {human_pos}/{human_len} {eta}",
    )
}

/// Something that moves while the end is not in sight; shown on a terminal only.
pub(crate) fn spinner(label: impl Into<String>) -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{prefix:>12} {spinner} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.set_prefix(label.into());
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn bar(label: &'static str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(label);
    bar
}

/// Moves a bar to where the work is; for readers and writers that report "so many of so many".
pub(crate) fn progress(bar: &ProgressBar) -> impl FnMut(u64, u64) + '_ {
    |done, total| {
        bar.set_length(total.max(done));
        bar.set_position(done);
    }
}

/// A number of bytes in the unit that suits it, in powers of ten as bandwidths are.
pub(crate) fn bytes(count: impl Into<u128>) -> String {
    let count = count.into();
    const UNITS: [(u128, &str); 4] = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    match UNITS.iter().find(|(size, _)| count >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => format!("{count} B"),
    }
}

/// A time in the unit that suits it, from microseconds.
pub(crate) fn duration(micros: f64) -> String {
    if micros >= 1e6 {
        format!("{:.2} s", micros / 1e6)
    } else if micros >= 1e3 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{micros:.1} µs")
    }
}

/// A count with its thousands set apart.
pub(crate) fn count(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number as u128))
}

/// Rows of text in aligned columns; those named in `right` are aligned to the right. The last
/// column is not padded.
pub(crate) fn table(header: &[&str], right: &[usize], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(header[column].chars().count())
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut written = String::new();
        for (column, cell) in cells.enumerate() {
            let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
            let between = if column == 0 { "" } else { "  " };
            if right.contains(&column) {
                written.extend([between, pad.as_str(), cell]);
            } else {
                written.extend([between, cell, pad.as_str()]);
            }
        }
        text.push_str(written.trim_end());
        text.push('\n');
    };
    line(&mut header.iter().copied());
    for row in rows {
        line(&mut row.iter().take(header.len()).map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_a_fitting_unit() {
        assert_eq!(bytes(999u32), "999 B");
        assert_eq!(bytes(64u32 << 20), "67.1 MB");
        assert_eq!(bytes(140_000_000_000u64), "140.0 GB");
        assert_eq!(duration(12.34), "12.3 µs");
        assert_eq!(duration(1234.0), "1.23 ms");
        assert_eq!(duration(2.5e6), "2.50 s");
        assert_eq!(count(1_234_567u32), "1,234,567");
        assert_eq!(count(123u32), "123");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2000, "row"), "2,000 rows");
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [
            vec!["a".to_owned(), "1".to_owned(), "x".to_owned()],
            vec!["µµµ".to_owned(), "10".to_owned(), String::new()],
        ];
        let text = table(&["id", "n", "rest"], &[1], &rows);
        assert_eq!(text, "id    n  rest\na     1  x\nµµµ  10\n");
    }
}
