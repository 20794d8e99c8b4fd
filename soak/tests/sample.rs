//! What is sampled is what there is. Alone in its process, so that nothing else takes or frees.

#![cfg(target_os = "linux")]

use robocache_soak::sample::{Held, Process};

#[test]
fn what_the_process_takes_is_seen() {
    let mut process = Process::default();
    // The first look opens what later ones use.
    process.look();
    let before = process.look();
    let block: Vec<u8> = (0..64 << 20).map(|i: usize| (i >> 12) as u8).collect();
    let files: Vec<_> = (0..10)
        .map(|_| std::fs::File::open("/proc/self/stat").unwrap())
        .collect();
    let threads: Vec<_> = (0..3)
        .map(|_| std::thread::spawn(std::thread::park))
        .collect();
    let after = process.look();
    let grown = |of: fn(&Held) -> Option<f64>| of(&after).unwrap() - of(&before).unwrap();
    let memory = grown(|held| held.memory);
    assert!((60e6..80e6).contains(&memory), "{memory}");
    assert_eq!(grown(|held| held.descriptors), 10.0);
    assert_eq!(grown(|held| held.threads), 3.0);
    let listed = std::fs::read_dir("/proc/self/task").unwrap().count() as f64;
    assert_eq!(after.threads, Some(listed));
    drop((std::hint::black_box(block), files));
    for thread in threads {
        thread.thread().unpark();
        thread.join().unwrap();
    }
    let again = process.look();
    assert_eq!(again.descriptors, before.descriptors);
    assert_eq!(again.threads, before.threads);
}
