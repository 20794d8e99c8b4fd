//! What is kept of a race, and does it still hold?

use super::race::{Outcome, median};
use crate::{DeviceCaps, KeyText, VariantInfo};
use serde::{Deserialize, Serialize};

/// The only format there is; another number in a file makes it a foreign one.
const FORMAT: u32 = 1;

/// One race: which problems on which device, who won, and all times. The contents of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    format: u32,
    /// The operation.
    pub op: String,
    /// The problems, as a [`KeyText`].
    pub key: String,
    /// The model of device, as [`DeviceCaps::model`] tells it.
    pub device: String,
    /// The CUDA version of the driver, as 1000 * major + 10 * minor; 0 for a CPU.
    pub driver: u32,
    /// The id of the variant that won.
    pub choice: String,
    /// The id of the variant that would have run if nothing had been measured.
    pub default: String,
    /// Every candidate's times.
    #[serde(rename = "sample")]
    pub samples: Vec<Sample>,
}

/// One candidate's part in a race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Its id.
    pub variant: String,
    /// What it was made from: see [`VariantInfo::source_hash`].
    pub source: String,
    /// Microseconds of each run.
    pub micros: Vec<f64>,
}

impl Sample {
    /// The median of its times, in microseconds.
    pub fn median(&self) -> f64 {
        median(self.micros.iter().copied())
    }
}

/// The driver's part of a device's identity.
fn driver(caps: &DeviceCaps) -> u32 {
    match caps {
        DeviceCaps::Cpu(_) => 0,
        DeviceCaps::Cuda(cuda) => cuda.cuda_version,
    }
}

impl Entry {
    /// The entry of a race. `infos` are the candidates'.
    pub fn new(
        op: &str,
        key: &KeyText,
        caps: &DeviceCaps,
        default: &str,
        outcome: Outcome,
        infos: &[&'static VariantInfo],
    ) -> Entry {
        let sample = |(id, micros): (&'static str, Vec<f64>)| {
            let info = infos.iter().find(|info| info.id == id)?;
            Some(Sample {
                variant: id.to_owned(),
                source: info.source_hash().to_owned(),
                micros,
            })
        };
        Entry {
            format: FORMAT,
            op: op.to_owned(),
            key: key.as_str().to_owned(),
            device: caps.model(),
            driver: driver(caps),
            choice: outcome.choice.to_owned(),
            default: default.to_owned(),
            samples: outcome.times.into_iter().filter_map(sample).collect(),
        }
    }

    /// An entry from a file's text.
    ///
    /// # Errors
    /// In words, what is wrong with it; it is then as good as none.
    pub fn parse(text: &str) -> Result<Entry, String> {
        let entry: Entry = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if entry.format != FORMAT {
            return Err(format!("has format {}, not {FORMAT}", entry.format));
        }
        for sample in &entry.samples {
            let sound = |micros: &f64| micros.is_finite() && *micros > 0.0;
            if !sample.micros.iter().all(sound) {
                return Err(format!("{} has a time that is none", sample.variant));
            }
        }
        for id in [&entry.choice, &entry.default] {
            if entry.sample(id).is_none_or(|s| s.micros.is_empty()) {
                return Err(format!("{id} has no times"));
            }
        }
        Ok(entry)
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// A candidate's part.
    pub fn sample(&self, variant: &str) -> Option<&Sample> {
        self.samples.iter().find(|s| s.variant == variant)
    }

    /// Whether it is about these problems on this device and driver.
    pub fn is_about(&self, op: &str, key: &KeyText, caps: &DeviceCaps) -> bool {
        self.op == op
            && self.key == key.as_str()
            && self.device == caps.model()
            && self.driver == driver(caps)
    }

    /// Whether a variant ran in this race as it is now.
    pub fn knows(&self, info: &VariantInfo) -> bool {
        self.sample(info.id)
            .is_some_and(|sample| sample.source == info.source_hash())
    }

    /// Whether its choice still holds: the winner and the one that it was held against are among the
    /// candidates, and are what they were.
    pub fn holds(&self, candidates: &[&'static VariantInfo]) -> bool {
        [&self.choice, &self.default].into_iter().all(|id| {
            let info = candidates.iter().find(|info| info.id == id);
            info.is_some_and(|info| self.knows(info))
        })
    }

    /// Whether nothing is to be learned from another race: its choice holds, and all candidates ran.
    pub fn is_complete(&self, candidates: &[&'static VariantInfo]) -> bool {
        self.holds(candidates) && candidates.iter().all(|info| self.knows(info))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::store::tests::{caps, entry, infos, key};

    #[test]
    fn an_entry_survives_its_file() {
        let entry = entry("toy.b.sm80");
        assert_eq!(Entry::parse(&entry.to_text()), Ok(entry.clone()));
        assert!(entry.is_about("toy", &key(), &caps("NVIDIA H200")));
        assert!(!entry.is_about("toy2", &key(), &caps("NVIDIA H200")));
        assert!(!entry.is_about("toy", &KeyText::new(), &caps("NVIDIA H200")));
        assert!(!entry.is_about("toy", &key(), &caps("NVIDIA H100")));
        let DeviceCaps::Cuda(mut newer) = caps("NVIDIA H200") else {
            panic!()
        };
        newer.cuda_version += 10;
        assert!(!entry.is_about("toy", &key(), &DeviceCaps::Cuda(newer)));
    }

    #[test]
    fn a_text_that_is_no_sound_entry_is_refused() {
        let good = entry("toy.b.sm80").to_text();
        for (from, to) in [
            ("format = 1", "format = 2"),
            ("format = 1\n", ""),
            ("micros = [2.0, 2.5]", "micros = [2.0, -1.0]"),
            ("micros = [2.0, 2.5]", "micros = [nan]"),
            ("micros = [2.0, 2.5]", "micros = []"),
            ("micros = [2.0, 2.5]", "micros = \"2\""),
            ("choice = \"toy.b.sm80\"", "choice = \"toy.x.sm80\""),
            ("driver = 13000", "driver = -1"),
            ("op = \"toy\"", "op = \"toy\"\nsurprise = 1"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert!(Entry::parse(&bad).is_err(), "{bad}");
        }
        for cut in 0..good.len() {
            if good.is_char_boundary(cut) {
                let _ = Entry::parse(&good[..cut]); // Whatever it is, no panic.
            }
        }
    }

    #[test]
    fn a_changed_source_ends_what_was_measured_with_it() {
        let entry = entry("toy.b.sm80");
        let [a, b, c] = infos();
        assert!(entry.is_complete(&[a, b]));
        // One that the race did not know: the choice holds, but there is something to learn.
        assert!(entry.holds(&[a, b, c]) && !entry.is_complete(&[a, b, c]));
        // The winner, or what it was held against, is no candidate.
        assert!(!entry.holds(&[a]) && !entry.holds(&[b]));
        for variant in ["toy.a.sm80", "toy.b.sm80"] {
            let mut stale = entry.clone();
            let sample = stale.samples.iter_mut().find(|s| s.variant == variant);
            sample.unwrap().source = "another".into();
            assert!(!stale.holds(&[a, b]), "{variant}");
        }
    }
}
