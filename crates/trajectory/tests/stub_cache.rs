//! Where a kernel comes from: compiled at first, then from the user's cache, which may break or be
//! missing without anything worse than time lost.
#![cfg(all(feature = "cuda", unix))]

#[allow(dead_code)]
mod stub_support;

use robocache_testkit::stub::{Device, skipped, with_kernels};
use robocache_trajectory::Plan;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use stub_support::{Memory, Shape, rig};

/// As [`with_kernels`], but only where they are compiled.
#[track_caller]
fn with_compiler(test: &str, body: impl FnOnce()) {
    if robocache_kernels::IMAGES.is_empty() {
        with_kernels(test, body);
    } else {
        skipped(test, "kernels are embedded, so that nothing is compiled");
    }
}

/// Loads a kernel into a context that never saw it; returns what was warned about meanwhile.
#[track_caller]
fn load() -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let rig = rig([Device::H200]);
        let mut memory = Memory::new(&rig, Shape::of(4, 20, 10, 16));
        Plan::new_cuda(&memory.request(), &rig.context).unwrap();
        drop(memory);
        rig.assert_clean();
    });
    let bytes = log.0.lock().unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn folder() -> PathBuf {
    robocache_registry::user_cache::folder()
        .unwrap()
        .join("kernels")
}

/// Every file of the cache: its contents, and its number, which changes when it is written anew.
fn files() -> BTreeMap<PathBuf, (Vec<u8>, u64)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let (bytes, data) = (std::fs::read(&path).unwrap(), path.metadata().unwrap());
        (path, (bytes, data.ino()))
    });
    entries.collect()
}

#[test]
fn the_first_use_compiles_and_the_second_context_takes_the_image_from_the_cache() {
    let name = "the_first_use_compiles_and_the_second_context_takes_the_image_from_the_cache";
    with_compiler(name, || {
        assert!(!folder().exists());
        assert_eq!(load(), "");
        let first = files();
        assert_eq!(first.len(), 1, "{:?}", first.keys());
        let (path, (bytes, _)) = first.first_key_value().unwrap();
        assert!(path.to_string_lossy().contains("sm_90"), "{path:?}");
        // A digest, and a machine-code image.
        assert_eq!(bytes[32..36], *b"\x7fELF");
        assert_eq!(load(), "");
        assert_eq!(files(), first);
    });
}

#[test]
fn a_damaged_file_is_compiled_again() {
    with_compiler("a_damaged_file_is_compiled_again", || {
        load();
        let good = files();
        let (path, (bytes, _)) = good.first_key_value().unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 0x10;
        let damages = [
            flipped,
            bytes[..bytes.len() - 1].to_vec(),
            Vec::new(),
            b"x".to_vec(),
        ];
        for damaged in damages {
            std::fs::write(path, &damaged).unwrap();
            let warned = load();
            if damaged.len() > 32 {
                assert!(warned.contains("damaged"), "{warned:?}");
            }
            assert_eq!(files()[path].0, *bytes, "{} bytes", damaged.len());
        }
        assert_eq!(load(), "");
    });
}

#[test]
fn a_cache_that_cannot_be_written_only_warns() {
    with_compiler("a_cache_that_cannot_be_written_only_warns", || {
        // A file where the folder should be: nobody can make a folder there, not even root.
        let cache = robocache_registry::user_cache::folder().unwrap();
        std::fs::write(folder(), b"").unwrap();
        for _ in 0..2 {
            let warned = load();
            let kept = "compiled kernels are not kept";
            assert!(
                warned.contains("WARN") && warned.contains(kept),
                "{warned:?}"
            );
            assert!(warned.contains(&cache.display().to_string()), "{warned:?}");
        }
        std::fs::remove_file(folder()).unwrap();
        assert_eq!(load(), "");
        assert_eq!(files().len(), 1);
    });
}
