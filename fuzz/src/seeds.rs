//! Where the fuzzer starts: small inputs, made by hand. `examples/seeds.rs` writes them to fuzz/seeds.

mod points;

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
    points::points(&mut seeds);
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
                budget = { registers = 64, shared_bytes = 0, spill_bytes = 8 }\n\
                instructions = [\"load128\", \"bulk_copy\"]\n";
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

// Tensors in a plan's words: row-major, in place; shared times; a uniform axis.
const PLAIN: [u8; 2] = [0, 0x80];
const SHARED: [u8; 3] = [1, 0, 0x80];
const UNIFORM: [u8; 3] = [2, 2, 3];
const HOST: u8 = 0;
const DEVICE: u8 = 1;

/// A plan's request: see `plan::request` for the order. f64 times, kept values, checked.
struct Request<'a> {
    place: u8,
    sizes: &'a [u8],
    kinds: &'a [u8],
    types: &'a [u8],
    extrapolation: u8,
    rows: &'a [u8],
    data: &'a [u8],
    mask: &'a [u8],
    age: &'a [u8],
}

impl Default for Request<'_> {
    /// Linear, f32 in and out, dense rows, a mask and no ages.
    fn default() -> Self {
        Request {
            place: HOST,
            sizes: &[2, 5, 3, 4],
            kinds: &[0, 0],
            types: &[2, 0],
            extrapolation: 0,
            rows: &[0],
            data: &PLAIN,
            mask: &[1, 0, 0x80],
            age: &[0],
        }
    }
}

impl Request<'_> {
    fn bytes(&self) -> Vec<u8> {
        // The type of the times, invalid values, what is given; lengths and offsets are i64.
        let (times, options) = ([1], [self.extrapolation, 0, 1]);
        [
            &[self.place][..],
            self.sizes,
            self.kinds,
            self.types,
            &times,
            &options,
            &[1],
            self.rows,
            self.data,
            &SHARED,
            &UNIFORM,
            &PLAIN,
            self.mask,
            self.age,
        ]
        .concat()
    }
}

fn plans(seeds: &mut Vec<Seed>) {
    let mut add = |name: &str, good, request: Request<'_>| {
        add(seeds, "plan", name, good, &request.bytes());
    };
    let sizes: [(&str, &[u8]); 4] = [
        ("small", &[2, 5, 3, 4]),
        ("chunks", &[3, 4, 4, 8]),
        ("empty", &[2, 0, 3, 1]),
        // 2^20 targets.
        ("many", &[1, 3, 0xc1, 20, 4]),
    ];
    for (on, place) in [("host", HOST), ("device", DEVICE)] {
        for (name, sizes) in sizes {
            for (form, rows) in [("dense", &[0u8][..]), ("lengths", &[3, 0, 0x80])] {
                // What has many elements cannot lie in small memory.
                let good = place == DEVICE || name != "many";
                let request = Request {
                    place,
                    sizes,
                    rows,
                    ..Request::default()
                };
                add(&format!("{on}-{name}-{form}"), good, request);
            }
        }
        // One kind that fits or not; spans, once and in rounds, too many, and too wide; two poses.
        let kinds: [(&str, bool, &[u8]); 7] = [
            ("rotations", true, &[0, 6]),
            ("narrow-poses", false, &[0x18, 8]),
            ("spans", true, &[4, 2, 0, 3, 6, 1]),
            ("rounds", true, &[5, 3, 8, 1, 1, 2, 10, 0, 2]),
            ("uncovered", false, &[0x1c, 1, 0, 3]),
            (
                "many-spans",
                false,
                &[&[4, 17][..], &[1, 0].repeat(17)].concat(),
            ),
            (
                "many-poses",
                false,
                &[&[4, 12][..], &[8, 3].repeat(12)].concat(),
            ),
        ];
        for (name, good, kinds) in kinds {
            let request = Request {
                place,
                sizes: &[1, 5, 2, 8],
                kinds,
                extrapolation: 2,
                ..Request::default()
            };
            add(&format!("{on}-{name}"), good, request);
        }
        // i16 held; u8 to f64; i32 interpolated; f32 to u8; i64 to i32.
        let types: [(&str, bool, u8, &[u8]); 5] = [
            ("integers", true, 1, &[5, 0]),
            ("bytes-to-f64", true, 3, &[4, 2, 3]),
            ("integers-between", false, 0, &[6, 0]),
            ("f32-to-bytes", false, 0, &[2, 1, 4]),
            ("i64-to-i32", false, 2, &[7, 1, 6]),
        ];
        for (name, good, kind, types) in types {
            let request = Request {
                place,
                kinds: &[0, kind],
                types,
                extrapolation: 3,
                ..Request::default()
            };
            add(&format!("{on}-{name}"), good, request);
        }
        // Backwards, and with rows apart.
        for (name, style) in [("backwards", 0x84), ("apart", 0x88)] {
            let request = Request {
                place,
                age: &[1, 0, style],
                ..Request::default()
            };
            add(&format!("{on}-age-{name}"), true, request);
        }
    }
    // Ages where the values are, or the samples; beyond the end of their memory.
    for (name, place, age) in [
        ("device-age-on-values", DEVICE, &[1, 0, 0x10, 4][..]),
        ("device-age-on-samples", DEVICE, &[1, 0, 0x10, 0]),
        ("host-age-too-long", HOST, &[1, 0, 0x10]),
    ] {
        let request = Request {
            place,
            age,
            ..Request::default()
        };
        add(name, false, request);
    }
    // The samples' batch stride is zero: 2^20 rows in small memory, if nothing is wanted of them.
    let repeated = Request {
        sizes: &[0xc1, 20, 3, 0, 4],
        data: &[0, 0x85],
        mask: &[0],
        ..Request::default()
    };
    add("host-repeated", true, repeated);
}

/// See `trial`: types, B, S, T, D, kinds, options, form of the batch, styles, times, samples.
fn trials(seeds: &mut Vec<Seed>) {
    const COLUMNS: [u8; 8] = [1, 3, 8, 16, 17, 33, 64, 71];
    // A pose, two rotations, two angles and three cubics: 20 columns. Of integers, two kinds for 4.
    const SPANS: [u8; 8] = [8, 1, 6, 2, 10, 2, 4, 3];
    const HOLDS: [u8; 4] = [0, 2, 1, 2];
    let mut random = robocache_testkit::random::Random::new(1);
    for n in 0..48u8 {
        let (samples, targets) = (4 + n % 9, 3 + n % 7);
        let is_whole = n % 6 == 4;
        let mut bytes = vec![
            if is_whole { 4 + n / 6 % 4 } else { n % 4 },
            if n % 5 == 0 { n } else { 0 },
            n % 3,
        ];
        let (spans, round) = match is_whole {
            true => (&HOLDS[..], 4),
            false => (&SPANS[..], 20),
        };
        let (columns, kinds) = match n % 5 {
            3 => (round, [&[6][..], spans].concat()),
            4 => (2 * round, [&[7, 1][..], spans].concat()),
            _ => (COLUMNS[usize::from((n + n / 4) % 8)], vec![0, n / 2 % 11]),
        };
        bytes.extend([1 + n % 3, samples, targets, columns]);
        bytes.extend(kinds);
        // Extrapolation, invalid, fill; now and then a tolerance and a gap of one.
        bytes.extend([n / 3 % 4, n / 4 % 2, n % 4]);
        bytes.extend(if n % 6 == 5 { &[6u8, 2, 2][..] } else { &[0] });
        // Dense, or as many samples as there are in each row.
        match n % 4 {
            3 => {
                bytes.extend([1, 2, 0, 0]);
                bytes.extend(vec![samples; usize::from(1 + n % 3)]);
            }
            _ => bytes.extend([0, 0]),
        }
        // Plain samples, then plain or reversed values, then a mask, and ages now and then.
        bytes.push(2 * (n % 3));
        bytes.extend(if n % 7 == 6 {
            &[1u8, 0, 1, 8, 9, 0][..]
        } else {
            &[0]
        });
        bytes.extend([1, 0]);
        bytes.extend(match n % 4 {
            1 => &[1, 0][..],
            2 => &[1, 1, 1, 9, 8],
            _ => &[0],
        });
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
        // Bits, numbers that tell where they stand, or small ones; checked.
        bytes.extend([n % 3, 0]);
        bytes.extend((0..32).map(|_| random.below(256) as u8));
        add(seeds, "variants", &format!("trial-{n:02}"), true, &bytes);
    }
    // One row of four samples and two targets of three columns, of f32 and linear, with f64 times.
    let plain = [2, 0, 1, 1, 4, 2, 3, 0, 0, 0, 0, 0, 0];
    let unsorted = [&plain[..], &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0], &[0xff; 32]].concat();
    add(seeds, "variants", "bad-times", false, &unsorted);
    // A length below zero.
    let short = [&plain[..], &[0, 2, 0, 7, 0xff]].concat();
    add(seeds, "variants", "bad-length", false, &short);
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
            "points" => crate::points::run,
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
