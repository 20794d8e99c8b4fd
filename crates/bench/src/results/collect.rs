//! How do parts become one file?
//!
//! Parts are put together only if they are of one device, version and commit, and none is there twice:
//! nobody gets to choose among several measurements of the same thing.

use super::folder::{Folder, write_whole};
use super::part::{FORMAT, Measured, Part, Setup};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All samples of one operation on one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResultFile {
    /// The version of the files.
    pub format: u32,
    /// The operation's name.
    pub operation: String,
    /// What all parts have in common.
    pub setup: Setup,
    /// What was measured, by shape in the order of the operation's list, then by seed.
    pub parts: Vec<Measured>,
}

impl ResultFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is not one.
    pub fn read(path: &Path) -> Result<ResultFile> {
        let file = || -> Result<ResultFile> {
            let file: ResultFile = serde_json::from_str(&std::fs::read_to_string(path)?)?;
            ensure!(
                file.format == FORMAT,
                "format {} is not {FORMAT}",
                file.format
            );
            Ok(file)
        };
        file().with_context(|| format!("{} holds no results", path.display()))
    }

    /// The file as text: a line for each part, so that changes can be told apart.
    ///
    /// # Errors
    /// If a number is none.
    pub fn text(&self) -> Result<String> {
        let parts = self.parts.iter().map(serde_json::to_string);
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(format!(
            "{{\n\"format\":{},\n\"operation\":{},\n\"setup\":{},\n\"parts\":[\n{}\n]\n}}\n",
            self.format,
            serde_json::to_string(&self.operation)?,
            serde_json::to_string(&self.setup)?,
            parts.join(",\n")
        ))
    }

    /// Its name: operation and device, for example `trajectory-nvidia-h200`.
    pub fn name(&self) -> String {
        let fact = |name: &str| self.setup.facts.get(name).map_or("unknown", String::as_str);
        let device = match self.setup.device.as_str() {
            "cpu" => format!("cpu-{}-threads", fact("threads")),
            _ => fact("model").to_owned(),
        };
        let mut name = String::new();
        for c in format!("{}-{device}", self.operation).chars() {
            if c.is_ascii_alphanumeric() {
                name.push(c.to_ascii_lowercase());
            } else if !name.ends_with('-') {
                name.push('-');
            }
        }
        name.trim_matches('-').to_owned()
    }
}

/// Puts the parts of some runs together into files in a folder, and says which.
///
/// # Errors
/// If parts do not belong together, or files cannot be read or written.
pub fn collect(folders: &[PathBuf], to: &Path) -> Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for folder in folders {
        parts.extend(Folder::of(folder).read()?);
    }
    ensure!(!parts.is_empty(), "there is nothing to collect");
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut written = Vec::new();
    for file in together(parts)? {
        let path = to.join(file.name()).with_extension("json");
        write_whole(&path, file.text()?.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// Files of parts that belong together.
///
/// # Errors
/// If some are of the same operation and device and do not.
pub fn together(parts: Vec<Part>) -> Result<Vec<ResultFile>> {
    let mut files: BTreeMap<String, ResultFile> = BTreeMap::new();
    for part in parts {
        let new = ResultFile {
            format: FORMAT,
            operation: part.operation,
            setup: part.setup,
            parts: Vec::new(),
        };
        let name = new.name();
        let file = files.entry(name.clone()).or_insert_with(|| new.clone());
        ensure!(
            file.setup == new.setup,
            "parts of {name} do not belong together: {}",
            difference(&file.setup, &new.setup)
        );
        let (seed, shape) = (part.measured.seed, &part.measured.shape);
        let same = |other: &Measured| other.seed == seed && other.shape == *shape;
        if file.parts.iter().any(same) {
            bail!("seed {seed} of {shape} is there twice for {name}");
        }
        file.parts.push(part.measured);
    }
    let mut files: Vec<_> = files.into_values().collect();
    files.iter_mut().for_each(sort);
    Ok(files)
}

/// In the order of the operation's list; shapes that are not on it follow, by size.
fn sort(file: &mut ResultFile) {
    let device = match file.setup.device.strip_prefix("cuda:").map(str::parse) {
        Some(Ok(ordinal)) => robocache::registry::DeviceId::Cuda(ordinal),
        _ => robocache::registry::DeviceId::Cpu,
    };
    let operations = robocache::registry::operations();
    let entry = operations
        .into_iter()
        .find(|entry| entry.name == file.operation);
    let listed = entry.map_or(Vec::new(), |entry| (entry.workloads.shapes)(device));
    let place = |shape: &str| listed.iter().position(|other| other == shape);
    file.parts.sort_by_cached_key(|part| {
        let place = place(&part.shape).unwrap_or(usize::MAX);
        let bytes = if place == usize::MAX { part.bytes } else { 0 };
        (place, bytes, part.shape.clone(), part.seed)
    });
}

fn difference(one: &Setup, other: &Setup) -> String {
    let value = |setup| serde_json::to_value(setup).unwrap_or_default();
    let (one, other) = (value(one), value(other));
    let fields = one.as_object().into_iter().flatten();
    let differ = fields.filter(|(name, value)| other.get(name.as_str()) != Some(value));
    let words = differ.map(|(name, value)| format!("{name} is {value} and {}", other[name]));
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(commit: &str, shape: &str, seed: u64) -> Part {
        let mut part = Part {
            format: FORMAT,
            operation: "trajectory".into(),
            ..Part::default()
        };
        part.setup.device = "cuda:0".into();
        part.setup
            .facts
            .insert("model".into(), "NVIDIA H200".into());
        part.setup.commit = commit.into();
        (part.measured.shape, part.measured.seed) = (shape.into(), seed);
        part
    }

    #[test]
    fn parts_of_a_device_become_one_file_in_the_order_of_the_list() {
        let small = "8x250x128->125 f32";
        let large = "64x1000x512->500 f32";
        let mut cpu = part("a", "1x2x3->4 f32", 1);
        cpu.setup.device = "cpu".into();
        cpu.setup.facts = BTreeMap::from([("threads".into(), "2".into())]);
        let parts = vec![
            part("a", large, 2),
            part("a", "9x9x9->9 f32", 1),
            part("a", small, 1),
            part("a", large, 1),
            cpu,
        ];
        let files = together(parts).unwrap();
        assert_eq!(files[0].name(), "trajectory-cpu-2-threads");
        assert_eq!(files[1].name(), "trajectory-nvidia-h200");
        let order: Vec<_> = files[1]
            .parts
            .iter()
            .map(|p| (p.shape.as_str(), p.seed))
            .collect();
        assert_eq!(
            order,
            [(small, 1), (large, 1), (large, 2), ("9x9x9->9 f32", 1)]
        );
        let text = files[1].text().unwrap();
        assert_eq!(serde_json::from_str::<ResultFile>(&text).unwrap(), files[1]);
        assert_eq!(text.lines().count(), 11);
    }

    #[test]
    fn parts_of_two_commits_and_parts_twice_are_refused() {
        let reason = |parts| format!("{:#}", together(parts).unwrap_err());
        let mixed = reason(vec![part("a", "s", 1), part("b", "s", 2)]);
        assert!(
            mixed.contains("commit") && mixed.contains("\"b\""),
            "{mixed}"
        );
        let twice = reason(vec![part("a", "s", 1), part("a", "s", 1)]);
        assert!(twice.contains("twice"), "{twice}");
    }

    #[test]
    fn runs_are_collected_from_several_folders() {
        let temporary = tempfile::tempdir().unwrap();
        let folders: Vec<PathBuf> = (1..=2u64)
            .map(|seed| {
                let path = temporary.path().join(seed.to_string());
                Folder::new(&path)
                    .unwrap()
                    .keep(&part("a", "s", seed))
                    .unwrap();
                path
            })
            .collect();
        let to = temporary.path().join("results");
        let written = collect(&folders, &to).unwrap();
        assert_eq!(written, [to.join("trajectory-nvidia-h200.json")]);
        assert_eq!(ResultFile::read(&written[0]).unwrap().parts.len(), 2);
        assert!(collect(&[to], temporary.path()).is_err());
    }
}
