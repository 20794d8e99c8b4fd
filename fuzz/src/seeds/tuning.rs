//! Entries of the tuning cache.

use super::{Seed, add};

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let mut add = |name, good, text: &str| add(seeds, "tuning", name, good, text.as_bytes());
    let version = env!("CARGO_PKG_VERSION");
    let entry = format!(
        "format = 1\nop = \"trajectory\"\nkey = \"in=f32 B=64..\"\ndevice = \"A CPU, 2 threads\"\ndriver = 0\n\
         choice = \"trajectory.simd.avx2\"\ndefault = \"trajectory.scalar.cpu\"\n\n\
         [[sample]]\nvariant = \"trajectory.scalar.cpu\"\nsource = \"robocache {version}\"\nmicros = [3.5, 4]\n\n\
         [[sample]]\nvariant = \"trajectory.simd.avx2\"\nsource = \"robocache {version}\"\nmicros = [1.5, 1e-3, 2.0]\n"
    );
    add("whole", true, &entry);
    add("another-source", true, &entry.replace(version, "9.9.9"));
    add(
        "another-format",
        false,
        &entry.replace("format = 1", "format = 2"),
    );
    add("no-time", false, &entry.replace("1e-3", "nan"));
    add(
        "no-sample",
        false,
        &entry.replace("choice = \"trajectory.simd", "choice = \"trajectory.wide"),
    );
    add("cut", false, &entry[..entry.len() / 2]);
}
