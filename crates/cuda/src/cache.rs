//! The user's cache of compiled kernels: only ever a short cut.
//!
//! A file is the SHA-256 of its payload and of the source's hash, then the payload. Anything that does
//! not fit, whether damaged, foreign or unreadable, is a miss, and a full disk loses the cache alone.

use robocache_registry::user_cache::{folder, write_whole};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

pub(crate) fn read(name: &str, source_hash: &str) -> Option<Vec<u8>> {
    read_in(&folder()?.join("kernels"), name, source_hash)
}

pub(crate) fn write(name: &str, source_hash: &str, payload: &[u8]) {
    let Some(folder) = folder() else { return };
    let folder = folder.join("kernels");
    if let Err(error) = write_in(&folder, name, source_hash, payload) {
        tracing::warn!(
            "compiled kernels are not kept: {}: {error}",
            folder.display()
        );
    }
}

fn file(folder: &Path, name: &str, source_hash: &str) -> PathBuf {
    folder.join(format!(
        "{name}-{}.bin",
        &source_hash[..16.min(source_hash.len())]
    ))
}

fn digest(source_hash: &str, payload: &[u8]) -> Vec<u8> {
    Sha256::new()
        .chain_update(source_hash)
        .chain_update(payload)
        .finalize()
        .to_vec()
}

fn read_in(folder: &Path, name: &str, source_hash: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file(folder, name, source_hash)).ok()?;
    let (expected, payload) = bytes.split_at_checked(32)?;
    if payload.is_empty() || digest(source_hash, payload) != expected {
        tracing::warn!("{name} in the kernel cache is damaged and will be compiled again");
        return None;
    }
    Some(payload.to_vec())
}

fn write_in(folder: &Path, name: &str, source_hash: &str, payload: &[u8]) -> std::io::Result<()> {
    let contents = [&digest(source_hash, payload)[..], payload].concat();
    write_whole(&file(folder, name, source_hash), &contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123";

    #[test]
    fn what_was_written_is_read_and_only_that() {
        let folder = tempfile::tempdir().unwrap();
        write_in(folder.path(), "k", HASH, b"image").unwrap();
        assert_eq!(
            read_in(folder.path(), "k", HASH).as_deref(),
            Some(&b"image"[..])
        );
        assert_eq!(read_in(folder.path(), "other", HASH), None);
        assert_eq!(read_in(folder.path(), "k", "ffff456789abcdef0123"), None);
        // The same first sixteen characters, another source.
        assert_eq!(read_in(folder.path(), "k", "0123456789abcdef9999"), None);
    }

    #[test]
    fn damage_anywhere_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        write_in(folder.path(), "k", HASH, b"image").unwrap();
        let path = file(folder.path(), "k", HASH);
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert_eq!(read_in(folder.path(), "k", HASH), None, "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(read_in(folder.path(), "k", HASH), None, "cut at {at}");
        }
    }
}
