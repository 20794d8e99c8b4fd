//! Where the fuzzer starts: small inputs, made by hand. `examples/seeds.rs` writes them to fuzz/seeds.

use crate::archive;

/// An input of a target.
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The file's name.
    pub name: String,
    /// The input.
    pub bytes: Vec<u8>,
    /// Whether it is good input, so that the target gets past its checks.
    pub is_accepted: bool,
}

/// Every seed.
pub fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    tables(&mut seeds);
    arrays(&mut seeds);
    archives(&mut seeds);
    registries(&mut seeds);
    entries(&mut seeds);
    plans(&mut seeds);
    trials(&mut seeds);
    seeds
}

fn add(seeds: &mut Vec<Seed>, target: &'static str, name: &str, is_accepted: bool, bytes: &[u8]) {
    seeds.push(Seed {
        target,
        name: name.to_owned(),
        bytes: bytes.to_vec(),
        is_accepted,
    });
}

fn tables(seeds: &mut Vec<Seed>) {
    let mut add = |name, good, text: &[u8]| add(seeds, "csv", name, good, text);
    add("plain", true, b"t,x,y\n0,0.5,1\n1,-0.25,2\n2,1e-3,3\n");
    add(
        "euroc",
        true,
        b"#timestamp [ns],p_x [m]\n1403715273262142976,0.25\n1403715273267142976,0.5\n",
    );
    add(
        "quoted",
        true,
        b"\xef\xbb\xbf\"a,b\";\"say \"\"x\"\"\"\r\n1;true\r\n\r\n2;False\r\n",
    );
    add(
        "lines",
        true,
        b"# made by hand\n\nt\tname\tok\n1\t\"two\nlines\"\ttrue\n\n# a comment\n2\tb\tfalse\n",
    );
    add("missing", true, b"t,v\n1,\n2,nan\n3,inf\n,-Infinity\n");
    add("counted", true, b"0,1,2\n9007199254740993,-0.0,1e400\n");
    add("options", true, b"\x01;%t;x\n% a comment\n1;2\n");
    add("ragged", false, b"a,b\n1,2,3\n");
    add("open", false, b"a,b\n1,\"2\n");
    add("mixed", false, b"a\n1\ntrue\n");
    add("inexact", false, b"a,b\n9007199254740993,1\n,2\n");
}

fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let length = (header.len() as u32).to_le_bytes();
    bytes.extend(&length[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn arrays(seeds: &mut Vec<Seed>) {
    let mut add = |name, good, version, descr, fortran, shape, bytes| {
        let header =
            format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let data: Vec<u8> = (0..bytes).map(|i| (37 * i + 1) as u8).collect();
        add(seeds, "npy", name, good, &npy(version, &header, &data));
    };
    add("plain", true, 1, "'<f4'", "False", "(3, 2)", 24);
    add("big-endian", true, 2, "'>f8'", "False", "(2,)", 16);
    add("fortran", true, 3, "'<i2'", "True", "(2, 3, 2)", 24);
    add("scalar", true, 1, "'|u1'", "False", "()", 1);
    add("empty", true, 1, "'<i8'", "True", "(0, 5)", 0);
    add("half", true, 1, "'<f2'", "False", "(4,)", 8);
    add("short", false, 1, "'<f8'", "False", "(4, 4)", 100);
    add(
        "huge",
        false,
        1,
        "'<f8'",
        "False",
        "(4294967296, 4294967296)",
        8,
    );
    add("objects", false, 1, "'|O'", "False", "(1,)", 8);
    add(
        "records",
        false,
        1,
        "[('x', '<f4'), ('y', '<f4')]",
        "False",
        "(1,)",
        8,
    );
}

fn archives(seeds: &mut Vec<Seed>) {
    // Of each member: its shape, its name, the length of its content, the content.
    let member = |shape: u8, name: u8, content: &[u8]| {
        let mut bytes = vec![shape, name];
        bytes.extend((content.len() as u16).to_le_bytes());
        bytes.extend(content);
        bytes
    };
    let numbers: Vec<u8> = (0..48).map(|i| i * 5).collect();
    let array = npy(
        1,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n",
        &numbers[..16],
    );
    let two = [member(0xa0, 5, &numbers[..16]), member(0xae, 6, &numbers)].concat();
    let own = member(0xa3, 5, &array);
    for (name, good, members) in [
        ("stored", true, member(0xa0, 5, &numbers)),
        ("deflated", true, member(0xa2, 5, &numbers)),
        ("two", true, two.clone()),
        ("own-header", true, own.clone()),
        ("no-array", true, member(0xa1, 2, b"text")),
        ("twice", false, [&own[..], &own[..]].concat()),
    ] {
        add(seeds, "npz", name, good, &archive::build(&members).0);
        add(
            seeds,
            "npz",
            &format!("{name}-described"),
            good,
            &[&[1], &members[..]].concat(),
        );
    }
    // False sizes in the directory, and a false checksum.
    let lies = [&member(0x42, 5, &numbers)[..], &[0xff; 8]].concat();
    add(
        seeds,
        "npz",
        "sizes-described",
        false,
        &[&[1], &lies[..]].concat(),
    );
    let damaged = [&member(0x60, 5, &numbers)[..], &[1]].concat();
    add(
        seeds,
        "npz",
        "checksum-described",
        false,
        &[&[1], &damaged[..]].concat(),
    );
}

fn registries(seeds: &mut Vec<Seed>) {
    let head = "architectures = [80, 90]\n";
    let cpu = "[[variant]]\nid = \"toy.scalar.cpu\"\nsummary = \"plain\"\ntarget = { cpu = \"scalar\" }\n\
               dtypes = [\"f16\", \"f32\"]\n";
    let cuda = "[[variant]]\nid = \"toy.wide.sm80\"\nsummary = \"wide\"\n\
                target = { cuda = { min = 80, max = 90 } }\ndtypes = [\"f16\", \"bf16\"]\n\
                source = \"toy/wide.cu\"\nentry = \"toy_wide_{dtype}\"\n\
                budget = { registers = 64, shared_bytes = 0, spill_bytes = 8 }\n";
    let mut add = |name, good, text: String| add(seeds, "registry", name, good, text.as_bytes());
    add("both", true, format!("{head}{cpu}{cuda}"));
    add("none", true, format!("{head}variant = []\n"));
    add("twice", false, format!("{head}{cpu}{cpu}"));
    add("unknown", false, format!("{head}{cpu}speed = 1\n"));
    add("type", false, format!("{head}{}", cpu.replace("f32", "f8")));
    add(
        "lines",
        false,
        format!("{head}{}", cpu.replace("plain", "a\\nb")),
    );
}

/// See `plan::request`: the kind of place, B, S, T, D, types, options, then each tensor.
fn entries(seeds: &mut Vec<Seed>) {
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

fn plans(seeds: &mut Vec<Seed>) {
    const PLAIN: [u8; 2] = [0, 0x80];
    const SHARED: [u8; 3] = [1, 0, 0x80];
    const UNIFORM: [u8; 3] = [2, 2, 3];
    let sizes: [(&str, [u8; 4]); 4] = [
        ("small", [2, 5, 3, 4]),
        ("chunks", [3, 4, 4, 8]),
        ("empty", [2, 0, 3, 1]),
        // 2^20 targets.
        ("many", [1, 3, 0xc1, 4]),
    ];
    for (place, code) in [("host", 0u8), ("device", 1)] {
        for (name, sizes) in sizes {
            let mut bytes = vec![code];
            for size in sizes {
                bytes.push(size);
                if size == 0xc1 {
                    bytes.push(20);
                }
            }
            for (form, rows) in [("dense", &[0u8][..]), ("lengths", &[3, 0, 0x80])] {
                // f32 in and out, f64 times, linear, hold, keep, checked, i64 lengths.
                let mut bytes = [&bytes[..], &[2, 0, 1, 0, 0, 0, 1, 1], rows].concat();
                bytes.extend([&PLAIN[..], &SHARED, &UNIFORM, &PLAIN, &[1], &PLAIN].concat());
                // What has many elements cannot lie in small memory.
                let good = place == "device" || name != "many";
                add(
                    seeds,
                    "plan",
                    &format!("{place}-{name}-{form}"),
                    good,
                    &bytes,
                );
            }
        }
    }
    // The samples' batch stride is zero: 2^20 rows in small memory, if nothing is wanted of them.
    let mut bytes = vec![0, 0xc1, 20, 3, 0, 4, 2, 0, 1, 0, 0, 0, 1, 1, 0];
    bytes.extend([&[0, 0x85][..], &SHARED, &UNIFORM, &PLAIN, &[0]].concat());
    add(seeds, "plan", "host-repeated", true, &bytes);
}

/// See `trial`: types, B, S, T, D, options, form of the batch, styles, times, samples.
fn trials(seeds: &mut Vec<Seed>) {
    const COLUMNS: [u8; 8] = [1, 3, 8, 16, 17, 33, 64, 71];
    let mut random = robocache_testkit::random::Random::new(1);
    for n in 0..24u8 {
        let (samples, targets) = (4 + n % 9, 3 + n % 7);
        let mut bytes = vec![n % 4, if n % 5 == 0 { n } else { 0 }, n % 3];
        bytes.extend([
            1 + n % 3,
            samples,
            targets,
            COLUMNS[usize::from((n + n / 4) % 8)],
        ]);
        // Kind, extrapolation, invalid, fill; now and then a tolerance and a gap of one.
        bytes.extend([n / 2 % 4, n % 2, n / 4 % 2, n % 4]);
        bytes.extend(if n % 6 == 5 { &[6u8, 2, 2][..] } else { &[0] });
        // Dense, or as many samples as there are in each row.
        match n % 4 {
            3 => {
                bytes.extend([1, 2, 0, 0]);
                bytes.extend(vec![samples; usize::from(1 + n % 3)]);
            }
            _ => bytes.extend([0, 0]),
        }
        // Plain samples, then plain or reversed values, then a mask.
        bytes.push(2 * (n % 3));
        bytes.extend(if n % 7 == 6 {
            &[1u8, 0, 1, 8, 9, 0][..]
        } else {
            &[0]
        });
        bytes.extend([1, 0]);
        // Shared times in small steps, then targets in such steps, or at the times and beside them; or
        // targets amid the times, where 16-bit results lie amid two numbers.
        bytes.extend([0, 0, 0, 0]);
        let amid = n % 8 == 1;
        let mut step = || if amid { 2 } else { 1 + random.below(7) as u8 };
        bytes.extend((0..samples).map(|_| step()));
        bytes.extend([0, 0, 3 * (n / 2 % 2), 0]);
        bytes.extend((0..targets).map(|t| match amid {
            true => 2 + u8::from(t == 0),
            false => random.below(256) as u8,
        }));
        bytes.extend([n % 2, 0]);
        bytes.extend((0..32).map(|_| random.below(256) as u8));
        add(seeds, "variants", &format!("trial-{n:02}"), true, &bytes);
    }
    let unsorted = [
        2, 0, 1, 1, 4, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
    ];
    let unsorted = [&unsorted[..], &[0xff; 32]].concat();
    add(seeds, "variants", "bad-times", false, &unsorted);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    fn run(target: &str) -> fn(&[u8]) -> bool {
        match target {
            "csv" => crate::csv::run,
            "npy" => crate::npy::run,
            "npz" => crate::npz::run,
            "plan" => crate::plan::run,
            "registry" => crate::registry::run,
            "tuning" => crate::tuning::run,
            "variants" => crate::variants::run,
            other => panic!("{other} is no target"),
        }
    }

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn good_seeds_get_past_the_checks_and_bad_ones_do_not() {
        for seed in all() {
            let accepted = run(seed.target)(&seed.bytes);
            assert_eq!(accepted, seed.is_accepted, "{} {}", seed.target, seed.name);
        }
    }

    #[test]
    fn the_files_are_these_seeds() {
        let mut files = BTreeMap::new();
        for folder in std::fs::read_dir(root().join("seeds")).unwrap() {
            let folder = folder.unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let file = file.unwrap();
                let name = (folder.file_name(), file.file_name());
                let name = (name.0.into_string().unwrap(), name.1.into_string().unwrap());
                files.insert(name, std::fs::read(file.path()).unwrap());
            }
        }
        let made: BTreeMap<_, _> = all()
            .into_iter()
            .map(|seed| ((seed.target.to_owned(), seed.name), seed.bytes))
            .collect();
        let names = |of: &BTreeMap<(String, String), Vec<u8>>| -> BTreeSet<_> {
            of.keys().cloned().collect()
        };
        assert_eq!(names(&files), names(&made));
        assert!(files == made, "run the example `seeds`");
    }

    #[test]
    fn every_target_has_seeds_of_both_sorts() {
        let seeds = all();
        for file in std::fs::read_dir(root().join("fuzz_targets")).unwrap() {
            let path = file.unwrap().path();
            let target = path.file_stem().unwrap().to_str().unwrap();
            for sort in [true, false] {
                let has = seeds
                    .iter()
                    .any(|s| s.target == target && s.is_accepted == sort);
                assert!(has, "{target}");
            }
        }
    }
}
