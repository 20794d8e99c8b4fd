//! Damages files, and watches how much memory is taken while they are read.

use proptest::prelude::*;
use proptest::sample::Index;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Remembers the largest piece of memory that each thread asked for.
struct Watching;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn note(size: usize) {
    // Fails only while a thread ends.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// The most that one piece of memory may have: buffers and a header of 1 MiB, whatever the file
/// claims. The files in these tests have a few hundred bytes.
const MOST: usize = 2 << 20;

/// Runs `parse` on the bytes; what it returns does not matter.
pub fn survives<T>(parse: impl FnOnce(&[u8]) -> T, bytes: &[u8]) {
    LARGEST.set(0);
    let result = parse(bytes);
    let largest = LARGEST.get();
    drop(result);
    assert!(
        largest <= MOST,
        "{largest} bytes at once for a file of {}",
        bytes.len()
    );
}

/// One way to damage a file.
#[derive(Clone, Debug)]
pub enum Damage {
    Set(Index, u8),
    Cut(Index),
    Remove(Index, Index),
    Insert(Index, Vec<u8>),
    Double(Index, Index),
}

pub fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let interesting = prop_oneof![
        any::<u8>(),
        prop::sample::select(&b"\x00\xff\x7f\x80\"'(){}[],;:\n\r#-<>|OUbfiu0189"[..]),
    ];
    let pieces = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..8),
        prop::sample::select(vec![
            b"18446744073709551615".to_vec(),
            b"4611686018427387904, ".to_vec(),
            b"((((((((((((((((((((".to_vec(),
            b"\"".to_vec(),
            b",,".to_vec(),
            b"\n".to_vec(),
            b"nan".to_vec(),
            b"PK\x01\x02".to_vec(),
            b"PK\x05\x06".to_vec(),
            b" 16383".to_vec(),
            b"\nCOUNT 1 1 1 9 1\n".to_vec(),
            b"\xe0\xff\x00\xe0\xff\x00".to_vec(),
            b"\x01\x99\x07\x00\x02\x00AE\x03\x00\x00".to_vec(),
        ]),
    ];
    let one = prop_oneof![
        6 => (any::<Index>(), interesting).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Remove(a, b)),
        2 => (any::<Index>(), pieces).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Double(a, b)),
    ];
    prop::collection::vec(one, 1..5)
}

pub fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let range = |a: &Index, b: &Index| {
            let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
            a.min(b)..a.max(b)
        };
        match damage {
            Damage::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Remove(a, b) => drop(bytes.drain(range(a, b))),
            Damage::Insert(at, piece) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Double(a, b) => {
                let piece = bytes[range(a, b)].to_vec();
                bytes.extend(piece);
            }
        }
    }
    bytes
}
