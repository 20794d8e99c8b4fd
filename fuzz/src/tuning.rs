//! Any bytes as a file of the tuning cache.

use robocache_registry::tune::Entry;
use robocache_registry::{KeyText, operations};
// Links the variants.
use robocache_trajectory as _;

/// Reads an entry; what is accepted must be sound and survive being written. Whether it was accepted.
///
/// # Panics
/// On a bug.
pub fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let entry = match Entry::parse(text) {
        Ok(entry) => entry,
        Err(what) => {
            assert!(!what.is_empty());
            return false;
        }
    };
    for id in [&entry.choice, &entry.default] {
        let sample = entry.sample(id).expect("what was chosen was measured");
        assert!(sample.median() > 0.0 && sample.median().is_finite(), "{id}");
    }
    let micros = entry.samples.iter().flat_map(|sample| &sample.micros);
    assert!(
        micros
            .into_iter()
            .all(|&time| time > 0.0 && time.is_finite())
    );
    assert_eq!(Entry::parse(&entry.to_text()).as_ref(), Ok(&entry));

    let infos: Vec<_> = operations().iter().flat_map(|op| (op.variants)()).collect();
    let knows = |id: &str| infos.iter().any(|info| info.id == id && entry.knows(info));
    let holds = knows(&entry.choice) && knows(&entry.default);
    assert_eq!(entry.holds(&infos), holds);
    assert!(!entry.holds(&[]) && (holds || !entry.is_complete(&infos)));
    let caps = robocache_registry::DeviceCaps::cpu();
    assert!(!entry.is_about(&entry.op, &KeyText::new(), caps) || entry.key.is_empty());
    true
}
