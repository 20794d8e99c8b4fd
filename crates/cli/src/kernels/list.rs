//! What is each variant, and what may it cost?

use crate::console::{self, table};
use anyhow::Result;
use robocache::registry::{Budget, VariantInfo, operations};
use serde::Serialize;

/// Lists every variant of every operation
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a JSON list of objects
    #[arg(long)]
    json: bool,
}

/// A variant as JSON.
#[derive(Serialize)]
struct Entry {
    id: &'static str,
    op: &'static str,
    summary: &'static str,
    target: String,
    dtypes: Vec<&'static str>,
    /// The path under `kernels/`; none for variants of the CPU.
    source: Option<&'static str>,
    /// What a compiled entry may use; none for variants of the CPU.
    budget: Option<Limits>,
}

#[derive(Serialize)]
struct Limits {
    registers: u32,
    shared_bytes: u32,
    spill_bytes: u32,
}

impl From<Budget> for Limits {
    fn from(budget: Budget) -> Self {
        Limits {
            registers: budget.registers,
            shared_bytes: budget.shared_bytes,
            spill_bytes: budget.spill_bytes,
        }
    }
}

impl From<&'static VariantInfo> for Entry {
    fn from(info: &'static VariantInfo) -> Self {
        Entry {
            id: info.id,
            op: info.op,
            summary: info.summary,
            target: info.target.to_string(),
            dtypes: info.dtypes.iter().map(|dtype| dtype.name()).collect(),
            source: info.source.map(|source| source.path),
            budget: info.source.map(|_| info.budget.into()),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<()> {
    let variants = operations().into_iter().flat_map(|op| (op.variants)());
    let entries: Vec<Entry> = variants.map(Entry::from).collect();
    let text = if args.json {
        serde_json::to_string_pretty(&entries)? + "\n"
    } else {
        as_table(&entries)
    };
    Ok(console::print(&text)?)
}

fn as_table(entries: &[Entry]) -> String {
    let dash = || "-".to_owned();
    let row = |entry: &Entry| {
        let budget = entry.budget.as_ref();
        vec![
            entry.id.to_owned(),
            entry.target.clone(),
            entry.dtypes.join(","),
            entry.source.map_or_else(dash, str::to_owned),
            budget.map_or_else(dash, |budget| budget.registers.to_string()),
            budget.map_or_else(dash, |budget| budget.shared_bytes.to_string()),
            entry.summary.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    let header = [
        "VARIANT",
        "TARGET",
        "TYPES",
        "SOURCE",
        "REGISTERS",
        "SHARED",
        "IDEA",
    ];
    table(&header, &[4, 5], &rows)
}
