//! How do findings get into registry.toml?

use super::measure::Finding;
use anyhow::{Context, Result};
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// Writes the findings as their device's choices: those of the same problems are replaced, others and
/// all of the rest of the file stay as they are. Returns what was done, in words.
///
/// # Errors
/// A file that cannot be read or written, or is no registry.toml.
pub(super) fn write(path: &Path, findings: &[Finding]) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let edited = edit(&text, findings).with_context(|| path.display().to_string())?;
    robocache::registry::user_cache::write_whole(path, edited.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let changed = findings.iter().filter(|f| f.choice != f.default).count();
    Ok(format!(
        "{} written, {changed} of them other than what ran before",
        crate::console::counted(findings.len(), "choice")
    ))
}

fn edit(text: &str, findings: &[Finding]) -> Result<String> {
    let mut document: DocumentMut = text.parse()?;
    anyhow::ensure!(
        document.contains_array_of_tables("variant"),
        "is no registry.toml: it lists no variants"
    );
    for finding in findings {
        let devices = document
            .entry("device")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
            .as_array_of_tables_mut()
            .context("`device` is not a list of tables")?;
        let device = named(devices, &finding.device);
        device["measured"] = value(&finding.with);
        let choices = device
            .entry("choice")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
            .as_array_of_tables_mut()
            .context("`choice` is not a list of tables")?;
        let is = |table: &Table, name: &str, text: &str| {
            table.get(name).and_then(Item::as_str) == Some(text)
        };
        choices.retain(|c| !(is(c, "op", finding.op) && is(c, "key", &finding.key)));
        let mut choice = Table::new();
        choice["op"] = value(finding.op);
        choice["key"] = value(&finding.key);
        choice["variant"] = value(&finding.choice);
        choices.push(choice);
    }
    Ok(document.to_string())
}

/// The table of a device, made if there is none.
fn named<'d>(devices: &'d mut ArrayOfTables, name: &str) -> &'d mut Table {
    let is = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
    let found = devices.iter().position(is);
    if found.is_none() {
        let mut table = Table::new();
        table["name"] = value(name);
        devices.push(table);
    }
    let at = found.unwrap_or(devices.len() - 1);
    devices.get_mut(at).expect("it was found or pushed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(device: &str, key: &str, choice: &str) -> Finding {
        Finding {
            op: "toy",
            shape: "any".into(),
            key: key.into(),
            device: device.into(),
            with: "CUDA 13.0".into(),
            default: "toy.a.sm80".into(),
            choice: choice.into(),
            samples: Vec::new(),
            again: None,
        }
    }

    const BEFORE: &str =
        "# about\n\n[[variant]]\nid = \"toy.a.sm80\" # kept\n\n[[device]]\nname = \"B\"\n";

    #[test]
    fn choices_are_added_and_replaced_and_the_rest_stays() {
        let one = edit(BEFORE, &[finding("B", "k", "toy.a.sm80")]).expect("edited");
        assert!(one.starts_with(BEFORE), "{one}");
        let findings = [
            finding("B", "k", "toy.b.sm80"),
            finding("B", "l", "toy.a.sm80"),
            finding("C", "k", "toy.a.sm80"),
        ];
        let two = edit(&one, &findings).expect("edited");
        assert!(two.starts_with(BEFORE), "{two}");
        let count = |text: &str| two.matches(text).count();
        assert_eq!(count("[[device]]"), 2);
        assert_eq!(count("[[device.choice]]"), 3);
        assert_eq!(count("variant = \"toy.b.sm80\""), 1);
        assert_eq!(count("measured = \"CUDA 13.0\""), 2);
        // The same again changes nothing.
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(
            sorted(&edit(&two, &findings).expect("edited")),
            sorted(&two)
        );
    }

    #[test]
    fn what_is_no_registry_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["", "[[device]]\n", "variant = 1\n", "[["] {
            let path = folder.path().join("file.toml");
            std::fs::write(&path, text).expect("written");
            assert!(write(&path, &[finding("B", "k", "x")]).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        }
        assert!(write(&folder.path().join("none"), &[]).is_err());
    }
}
