//! What was measured, as a table for people and raw samples for files.

use std::fmt::Write as _;

/// One measured row.
pub struct Row {
    pub shape: String,
    /// A variant's id, or `copy` for a memory copy of the same bytes.
    pub what: String,
    pub bytes: usize,
    /// Whether the dispatcher would have taken this variant.
    pub chosen: bool,
    pub micros: Vec<f64>,
}

/// All rows with their circumstances.
pub struct Report {
    pub facts: Vec<(String, String)>,
    pub rows: Vec<Row>,
    /// Host nanoseconds by name.
    pub host: Vec<(String, Vec<f64>)>,
}

impl Report {
    pub fn new(device: &str, commit: Option<String>) -> Report {
        let mut facts = vec![
            ("device".to_owned(), device.to_owned()),
            ("package".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ];
        facts.extend(commit.map(|commit| ("commit".to_owned(), commit)));
        Report {
            facts,
            rows: Vec::new(),
            host: Vec::new(),
        }
    }

    pub fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.facts.push((name.to_owned(), value.into()));
    }

    /// The copy's median over the variant's, per row, with every median.
    pub fn print(&self) {
        for (name, value) in &self.facts {
            println!("{name}: {value}");
        }
        println!(
            "{:<34}{:<28}{:>10}{:>10}{:>9}{:>9}",
            "shape", "", "median us", "p10", "GB/s", "of copy"
        );
        for row in &self.rows {
            let copy = self
                .rows
                .iter()
                .find(|r| r.shape == row.shape && r.what == "copy");
            let middle = quantile(&row.micros, 0.5);
            println!(
                "{:<34}{:<28}{:>10.2}{:>10.2}{:>9.0}{:>9.2}",
                row.shape,
                format!("{}{}", row.what, if row.chosen { " *" } else { "" }),
                middle,
                quantile(&row.micros, 0.1),
                row.bytes as f64 / middle / 1e3,
                copy.map_or(f64::NAN, |copy| quantile(&copy.micros, 0.5) / middle),
            );
        }
        for (name, nanos) in &self.host {
            println!(
                "host {name}: median {:.0} ns, p10 {:.0} ns",
                quantile(nanos, 0.5),
                quantile(nanos, 0.1)
            );
        }
    }

    pub fn json(&self) -> String {
        let numbers = |samples: &[f64]| {
            samples
                .iter()
                .map(|n| format!("{n:.3}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let mut text = String::from("{\n  \"facts\": {");
        let facts: Vec<_> = self
            .facts
            .iter()
            .map(|(k, v)| format!("{k:?}: {v:?}"))
            .collect();
        text.push_str(&facts.join(", "));
        text.push_str("},\n  \"rows\": [\n");
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                format!(
                    "    {{\"shape\": {:?}, \"what\": {:?}, \"bytes\": {}, \"chosen\": {}, \"micros\": [{}]}}",
                    row.shape,
                    row.what,
                    row.bytes,
                    row.chosen,
                    numbers(&row.micros)
                )
            })
            .collect();
        text.push_str(&rows.join(",\n"));
        text.push_str("\n  ],\n  \"host_nanos\": {\n");
        let host: Vec<_> = self
            .host
            .iter()
            .map(|(k, v)| format!("    {k:?}: [{}]", numbers(v)))
            .collect();
        text.push_str(&host.join(",\n"));
        let _ = writeln!(text, "\n  }}\n}}");
        text
    }
}

/// A quantile of unsorted samples.
pub fn quantile(samples: &[f64], q: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(((sorted.len().saturating_sub(1)) as f64 * q) as usize)
        .copied()
        .unwrap_or(f64::NAN)
}
