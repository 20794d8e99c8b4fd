//! Where are entries kept?
//!
//! In memory for this process, and one TOML file for each in the user's cache folder:
//! `tuning/<device and driver>/<operation>-<hash of the key>.toml`. A file is only ever a short cut: one
//! that is damaged, foreign, unreadable or out of date is as good as none, and where none can be written,
//! only later processes lose something.

use super::Entry;
use crate::{DeviceCaps, KeyText, user_cache};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Place, operation and key.
type At = (String, String, KeyText);

struct Known {
    entry: Arc<Entry>,
    measured_here: bool,
}

/// What this process has measured or read.
static KNOWN: Mutex<Option<HashMap<At, Known>>> = Mutex::new(None);

fn known<R>(work: impl FnOnce(&mut HashMap<At, Known>) -> R) -> R {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    work(known.get_or_insert_default())
}

fn at(op: &str, key: &KeyText, caps: &DeviceCaps) -> At {
    (place(caps), op.to_owned(), key.clone())
}

/// The entry for some problems on a device, wherever it is known from.
///
/// Waits for nobody: what this process knows is a short cut like the files, and in a forked child a lock
/// that another thread held at the fork is never given back.
pub(crate) fn load(op: &str, key: &KeyText, caps: &DeviceCaps) -> Option<Arc<Entry>> {
    let at = at(op, key, caps);
    let known = || KNOWN.try_lock().ok();
    let found = known().and_then(|known| Some(known.as_ref()?.get(&at)?.entry.clone()));
    if found.is_some() {
        return found;
    }
    let entry = Arc::new(load_in(&user_cache::folder()?, op, key, caps)?);
    if let Some(mut known) = known() {
        // Whoever has measured meanwhile knows better.
        let known = known.get_or_insert_default().entry(at).or_insert(Known {
            entry,
            measured_here: false,
        });
        return Some(known.entry.clone());
    }
    Some(entry)
}

/// Whether this process has measured such problems itself.
pub(crate) fn is_of_this_process(op: &str, key: &KeyText, caps: &DeviceCaps) -> bool {
    known(|known| {
        known
            .get(&at(op, key, caps))
            .is_some_and(|k| k.measured_here)
    })
}

/// Keeps an entry that was measured.
pub(crate) fn keep(entry: Entry, op: &str, key: &KeyText, caps: &DeviceCaps) -> Arc<Entry> {
    if let Some(folder) = user_cache::folder()
        && let Err(error) = keep_in(&folder, &entry, op, key, caps)
    {
        tracing::warn!(
            "what was measured is not kept: {}: {error}",
            folder.display()
        );
    }
    let entry = Arc::new(entry);
    let measured_here = true;
    let kept = Known {
        entry: entry.clone(),
        measured_here,
    };
    known(|known| known.insert(at(op, key, caps), kept));
    entry
}

/// As if the process had just started.
#[cfg(test)]
pub(crate) fn forget_everything() {
    known(HashMap::clear);
}

/// Reads the entry for some problems on a device from a cache folder.
pub fn load_in(folder: &Path, op: &str, key: &KeyText, caps: &DeviceCaps) -> Option<Entry> {
    let path = file(folder, op, key, caps);
    let text = std::fs::read_to_string(&path).ok()?;
    match Entry::parse(&text) {
        Ok(entry) if entry.is_about(op, key, caps) => Some(entry),
        Ok(_) => {
            tracing::debug!("{} is about something else", path.display());
            None
        }
        Err(reason) => {
            tracing::warn!("{} is ignored: it {reason}", path.display());
            None
        }
    }
}

/// Writes an entry into a cache folder.
///
/// # Errors
/// Those of the file system.
pub fn keep_in(
    folder: &Path,
    entry: &Entry,
    op: &str,
    key: &KeyText,
    caps: &DeviceCaps,
) -> std::io::Result<()> {
    user_cache::write_whole(&file(folder, op, key, caps), entry.to_text().as_bytes())
}

/// The file of an entry.
pub fn file(folder: &Path, op: &str, key: &KeyText, caps: &DeviceCaps) -> PathBuf {
    let name = format!("{op}-{:016x}.toml", hash(key.as_str()));
    files(folder, caps).join(name)
}

/// The folder of a device's entries below a cache folder.
pub fn files(folder: &Path, caps: &DeviceCaps) -> PathBuf {
    folder.join("tuning").join(place(caps))
}

/// Device and driver as the name of a folder.
fn place(caps: &DeviceCaps) -> String {
    let driver = match caps {
        DeviceCaps::Cpu(_) => String::new(),
        DeviceCaps::Cuda(cuda) => {
            let version = cuda.cuda_version;
            format!(" cuda {}.{}", version / 1000, version % 1000 / 10)
        }
    };
    let name = (caps.model() + &driver).to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// FNV-1a, which stays the same in every build; the key itself is in the file.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::key::Features;
    use crate::tune::race::Outcome;
    use crate::{Budget, CudaCaps, Source, Target, VariantInfo};
    use robocache_core::DType;

    const fn info(id: &'static str, source: &'static Source) -> VariantInfo {
        VariantInfo {
            id,
            op: "toy",
            summary: "",
            target: Target::Cuda { min: 80, max: None },
            dtypes: &[DType::F32],
            source: Some(source),
            entries: &[],
            budget: Budget {
                registers: 0,
                shared_bytes: 0,
                spill_bytes: 0,
            },
            instructions: &[],
        }
    }

    const fn source(hash: &'static str) -> Source {
        Source {
            path: "toy.cu",
            text: "",
            hash,
        }
    }

    pub(crate) fn infos() -> [&'static VariantInfo; 3] {
        static SOURCES: [Source; 3] = [source("aaaa"), source("bbbb"), source("cccc")];
        static A: VariantInfo = info("toy.a.sm80", &SOURCES[0]);
        static B: VariantInfo = info("toy.b.sm80", &SOURCES[1]);
        static C: VariantInfo = info("toy.c.sm80", &SOURCES[2]);
        [&A, &B, &C]
    }

    pub(crate) fn key() -> KeyText {
        KeyText::new().with("in", 0, 1, "f32").with_size("n", 9)
    }

    pub(crate) fn caps(name: &str) -> DeviceCaps {
        DeviceCaps::Cuda(CudaCaps {
            ordinal: 0,
            name: name.to_owned(),
            major: 9,
            minor: 0,
            multiprocessors: 132,
            shared_per_block: 49_152,
            shared_per_block_optin: 232_448,
            shared_per_multiprocessor: 233_472,
            threads_per_multiprocessor: 2048,
            l2_bytes: 60 << 20,
            memory_bytes: 1 << 37,
            memory_pools: true,
            cuda_version: 13_000,
        })
    }

    /// Of a race between the first two of [`infos`].
    pub(crate) fn entry(choice: &'static str) -> Entry {
        let outcome = Outcome {
            choice,
            times: vec![
                ("toy.a.sm80", vec![3.0, 3.5]),
                ("toy.b.sm80", vec![2.0, 2.5]),
            ],
        };
        let device = caps("NVIDIA H200");
        Entry::new("toy", &key(), &device, "toy.a.sm80", outcome, &infos())
    }

    #[test]
    fn entries_lie_by_device_driver_operation_and_key() {
        let path = file(
            Path::new("/cache"),
            "toy",
            &key(),
            &caps("NVIDIA H200 (x)/y"),
        );
        let text = path.to_str().unwrap();
        assert!(
            text.starts_with("/cache/tuning/nvidia-h200-x-y-cuda-13.0/toy-"),
            "{text}"
        );
        let other = key().with_size("m", 1);
        assert_ne!(
            path,
            file(
                Path::new("/cache"),
                "toy",
                &other,
                &caps("NVIDIA H200 (x)/y")
            )
        );
        assert_eq!(hash(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C); // of the published test vectors
    }

    #[test]
    fn what_was_kept_is_loaded_and_nothing_foreign_or_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, device) = (folder.path(), caps("NVIDIA H200"));
        let load = |key: &KeyText, device: &DeviceCaps| load_in(folder, "toy", key, device);
        assert_eq!(load(&key(), &device), None);
        let kept = entry("toy.b.sm80");
        keep_in(folder, &kept, "toy", &key(), &device).unwrap();
        assert_eq!(load(&key(), &device), Some(kept.clone()));

        // Another machine's file in this one's place: a home folder that is shared, say.
        let foreign = caps("NVIDIA H100");
        let path = file(folder, "toy", &key(), &foreign);
        user_cache::write_whole(&path, kept.to_text().as_bytes()).unwrap();
        assert_eq!(load(&key(), &foreign), None);

        let path = file(folder, "toy", &key(), &device);
        for bytes in [&b""[..], b"\xff\xfe", b"format = 1", b"[[sample]]"] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(load(&key(), &device), None);
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(load(&key(), &device), None);
        assert!(keep_in(folder, &kept, "toy", &key(), &device).is_err());
    }

    #[test]
    fn what_is_kept_is_found_although_another_thread_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let device = caps("A device of its own");
        user_cache::tests::with_folder(folder.path(), || {
            let held = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            assert_eq!(load("toy", &key(), &device), None);
            let mut kept = entry("toy.b.sm80");
            kept.device = device.model();
            keep_in(folder.path(), &kept, "toy", &key(), &device).unwrap();
            let found = load("toy", &key(), &device);
            assert_eq!(found.as_deref(), Some(&kept));
            drop(held);
        });
    }

    #[test]
    fn two_that_write_at_once_leave_one_of_both() {
        let folder = tempfile::tempdir().unwrap();
        let device = caps("NVIDIA H200");
        let both = [entry("toy.a.sm80"), entry("toy.b.sm80")];
        std::thread::scope(|scope| {
            for entry in &both {
                let (folder, device) = (folder.path(), &device);
                scope.spawn(move || {
                    for _ in 0..200 {
                        keep_in(folder, entry, "toy", &key(), device).unwrap();
                    }
                });
            }
            let mut seen = 0;
            while seen < 300 {
                if let Some(found) = load_in(folder.path(), "toy", &key(), &device) {
                    assert!(both.contains(&found));
                    seen += 1;
                }
            }
        });
        let path = file(folder.path(), "toy", &key(), &device);
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }
}
