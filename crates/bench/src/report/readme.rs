//! The part of the repository's README that is made from the files of samples.

use super::markdown::{circumstances, device, main_table, verdicts};
use super::plots;
use super::rows::Analysis;
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;

const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->";

/// What the README says of some files, whose folder is `folder` from where it stands.
pub fn section(analyses: &[(String, Analysis<'_>)], folder: &str) -> String {
    if analyses.is_empty() {
        return "No measurements are kept of this version yet: `cargo xtask bench` makes them.\n"
            .to_owned();
    }
    let mut text = String::new();
    for (name, analysis) in analyses {
        let _ = write!(
            text,
            "### {} on {}\n\nP50 of one call with cold caches; of the copy: the time of a copy of as many bytes as have \
             to move, over the time; the last columns: how many times as long the rivals take, so that below 1 the rival is faster. Everything else, with \
             intervals, warm caches and the host's share: [{name}.md]({folder}/{name}.md).\n\n{}\n{}\n",
            analysis.file.operation,
            device(analysis),
            main_table(analysis),
            verdicts(analysis),
        );
        for plot in plots::NAMES {
            let _ = writeln!(text, "![{plot}]({folder}/{name}-{plot}.svg)");
        }
        let _ = write!(
            text,
            "\n<details><summary>Circumstances</summary>\n\n{}\n</details>\n\n",
            circumstances(analysis)
        );
    }
    text.trim_end().to_owned() + "\n"
}

/// The README with that part replaced.
///
/// # Errors
/// If it does not have the two marks, once each and in order.
pub fn with_section(readme: &str, section: &str) -> Result<String> {
    let (before, rest) = readme
        .split_once(BEGIN)
        .with_context(|| format!("no {}", BEGIN.trim()))?;
    let (old, after) = rest.split_once(END).with_context(|| format!("no {END}"))?;
    let marks = [before, old, after]
        .iter()
        .any(|part| part.contains(BEGIN.trim()) || part.contains(END));
    ensure!(
        !marks,
        "{} and {END} are there more than once",
        BEGIN.trim()
    );
    Ok(format!("{before}{BEGIN}{section}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced_and_nothing_else() {
        let readme = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
        let new = with_section(readme, "new\n").unwrap();
        assert_eq!(new, "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n");
        assert_eq!(with_section(&new, "new\n").unwrap(), new);
        for broken in ["a", "<!-- bench:begin -->\nx", &format!("{readme}{readme}")] {
            assert!(with_section(broken, "new\n").is_err(), "{broken}");
        }
    }
}
