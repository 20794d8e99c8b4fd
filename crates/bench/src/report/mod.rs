//! How is it shown?
//!
//! From every file of samples in a folder: tables as Markdown and CSV and plots as SVG beside it, and a
//! part of the repository's README. All of it follows from the files alone, the same on every machine, so
//! that a test can tell when they disagree.
//!
//! | module | question it answers |
//! |---|---|
//! | [`rows`] | what does a file of samples say about each shape? |
//! | [`text`] | how are numbers written? |
//! | [`markdown`], [`table`], [`readme`] | what stands in the tables? |
//! | [`svg`], [`plots`] | what is drawn? |

pub mod markdown;
pub mod plots;
pub mod readme;
pub mod rows;
pub mod svg;
pub mod table;
pub mod text;

use crate::results::ResultFile;
use crate::results::folder::write_whole;
use anyhow::{Context, Result, ensure};
use rows::Analysis;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder of the files of samples, and of what is made from them.
    pub results: PathBuf,
    /// The README.
    pub readme: PathBuf,
    /// The folder as the README writes it.
    pub link: String,
}

impl Places {
    /// Those of a repository.
    pub fn of(repository: &Path) -> Places {
        let link = "crates/bench/results".to_owned();
        Places {
            results: repository.join(&link),
            readme: repository.join("README.md"),
            link,
        }
    }
}

/// Writes everything that follows from the files of samples, and removes what once did and does not
/// any more. Says what it wrote.
///
/// # Errors
/// If a file cannot be understood, read or written.
pub fn write(places: &Places) -> Result<Vec<PathBuf>> {
    let wanted = wanted(places)?;
    for path in stale(places, &wanted)? {
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    for (path, text) in &wanted {
        write_whole(path, text.as_bytes())?;
    }
    Ok(wanted.into_keys().collect())
}

/// Checks that [`write()`] would change nothing.
///
/// # Errors
/// What differs.
pub fn check(places: &Places) -> Result<()> {
    let wanted = wanted(places)?;
    let mut faults: Vec<String> = Vec::new();
    for (path, text) in &wanted {
        let found = std::fs::read_to_string(path).unwrap_or_default();
        if found != *text {
            let same = found.lines().zip(text.lines()).take_while(|(a, b)| a == b);
            faults.push(format!(
                "{} differs in line {}",
                path.display(),
                same.count() + 1
            ));
        }
    }
    for path in stale(places, &wanted)? {
        faults.push(format!("{} is made from nothing", path.display()));
    }
    ensure!(
        faults.is_empty(),
        "tables and samples disagree; `cargo xtask report` makes the tables anew: {}",
        faults.join("; ")
    );
    Ok(())
}

/// Every file that follows from the samples, with its text.
fn wanted(places: &Places) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = Vec::new();
    for path in listed(places, "json")? {
        let file = ResultFile::read(&path)?;
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        ensure!(
            stem == file.name(),
            "{} should be called {}.json",
            path.display(),
            file.name()
        );
        files.push((stem, file));
    }
    let mut analyses: Vec<(String, Analysis<'_>)> = Vec::new();
    for (name, file) in &files {
        analyses.push((
            name.clone(),
            rows::analyse(file).with_context(|| name.clone())?,
        ));
    }
    let mut wanted = BTreeMap::new();
    let mut put = |name: String, text: String| wanted.insert(places.results.join(name), text);
    for (name, analysis) in &analyses {
        put(format!("{name}.md"), markdown::page(analysis, name));
        put(format!("{name}.csv"), table::csv(analysis));
        for plot in plots::NAMES {
            put(format!("{name}-{plot}.svg"), plots::draw(analysis, plot));
        }
    }
    let readme = std::fs::read_to_string(&places.readme)
        .with_context(|| format!("cannot read {}", places.readme.display()))?;
    let readme = readme::with_section(&readme, &readme::section(&analyses, &places.link))
        .with_context(|| places.readme.display().to_string())?;
    wanted.insert(places.readme.clone(), readme);
    Ok(wanted)
}

/// Tables and plots that follow from no file.
fn stale(places: &Places, wanted: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    for extension in ["md", "csv", "svg"] {
        stale.extend(listed(places, extension)?);
    }
    // What says what the folder is for is written by hand.
    stale.retain(|path| !wanted.contains_key(path) && !path.ends_with("README.md"));
    Ok(stale)
}

fn listed(places: &Places, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(&places.results)
        .with_context(|| format!("cannot read {}", places.results.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
