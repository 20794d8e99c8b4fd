//! Damaged files give an error or a result, never a panic, and take no memory that they do not fill.

mod damage;

use damage::{damaged, damages, survives};
use proptest::prelude::*;
use robocache_io::csv::parse_table;
use robocache_io::npy::{ArrayRef, parse_npy, parse_npz, write_npy, write_npz};
use std::sync::OnceLock;

struct Samples {
    csv: Vec<&'static [u8]>,
    npy: Vec<Vec<u8>>,
    npz: Vec<Vec<u8>>,
}

/// Intact files, small enough that most damage hits something that matters.
fn samples() -> &'static Samples {
    static SAMPLES: OnceLock<Samples> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let array = ArrayRef::new(&[2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0][..]);
        write_npy(&path, &array).unwrap();
        let npy = std::fs::read(&path).unwrap();
        write_npz(
            &path,
            &[("a", array), ("ü/b", ArrayRef::new(&[1], &[7u8][..]))],
        )
        .unwrap();
        let npz = std::fs::read(&path).unwrap();
        Samples {
            csv: vec![
                b"#t [ns], q,ok\n1403715273262142976,0.5,True\n\n2,nan,\"false\"\n",
                b"\xef\xbb\xbft;note;x\r\n1;\"a \"\"b\"\"\r\n;c\";1e5\r\n2;;-7\r\n",
            ],
            npy: vec![
                npy,
                include_bytes!("fixtures/big_endian_fortran.npy").to_vec(),
                include_bytes!("fixtures/fortran_3d.npy").to_vec(),
                include_bytes!("fixtures/records.npy").to_vec(),
                include_bytes!("fixtures/version_3.npy").to_vec(),
            ],
            npz: vec![
                npz,
                include_bytes!("fixtures/mixed.npz").to_vec(),
                include_bytes!("fixtures/compressed.npz").to_vec(),
                include_bytes!("fixtures/lzma.npz").to_vec(),
            ],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn damaged_csv(damages in damages()) {
        for sample in &samples().csv {
            survives(|bytes| parse_table(bytes, "a.csv"), &damaged(sample, &damages));
        }
    }

    #[test]
    fn damaged_npy(damages in damages()) {
        for sample in &samples().npy {
            survives(parse_npy, &damaged(sample, &damages));
        }
    }

    #[test]
    fn damaged_npz(damages in damages()) {
        for sample in &samples().npz {
            survives(parse_npz, &damaged(sample, &damages));
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(|bytes| parse_table(bytes, "a.csv"), &bytes);
        survives(parse_npy, &bytes);
        survives(parse_npz, &bytes);
        survives(parse_npy, &[b"\x93NUMPY\x01\0", &bytes[..]].concat());
    }
}

#[test]
fn each_file_is_intact_before_it_is_damaged_and_refused_when_cut() {
    for sample in &samples().csv {
        parse_table(*sample, "a.csv").unwrap();
    }
    let refused = |result: robocache_io::Result<()>, length: usize| {
        assert!(result.is_err(), "taken with {length} bytes");
    };
    for (index, sample) in samples().npy.iter().enumerate() {
        let is_records = index == 3;
        assert_eq!(parse_npy(sample).is_err(), is_records);
        for length in 0..sample.len() {
            refused(parse_npy(&sample[..length]).map(drop), length);
        }
        refused(
            parse_npy(&[sample, &b"\0"[..]].concat()).map(drop),
            sample.len() + 1,
        );
    }
    for sample in &samples().npz {
        parse_npz(sample).unwrap();
        for length in 0..sample.len() {
            refused(parse_npz(&sample[..length]).map(drop), length);
        }
    }
}

#[test]
fn a_claim_of_much_data_takes_no_memory() {
    let intact = &samples().npy[0];
    let text = String::from_utf8_lossy(intact);
    let at = text.find("(2, 3)").unwrap() - text.find("{").unwrap() + 10;
    let mut claim = intact.clone();
    claim[at..at + 23].copy_from_slice(b"(2000000000, 99999999)}");
    let error = parse_npy(&claim).unwrap_err().to_string();
    assert!(error.contains("cut short: found 24 bytes"), "{error}");
    survives(parse_npy, &claim);

    // In a ZIP archive the size is a claim as well, in the header and in the directory.
    let sample = &samples().npz[0];
    let size = 128u32 + 24;
    let mut claim = sample.clone();
    for at in 0..claim.len() - 4 {
        if claim[at..at + 4] == size.to_le_bytes() {
            claim[at..at + 4].copy_from_slice(&0x7fff_ff00u32.to_le_bytes());
        }
    }
    assert_ne!(&claim, sample);
    let header = claim
        .windows(6)
        .position(|bytes| bytes == b"(2, 3)")
        .unwrap();
    claim[header..header + 12].copy_from_slice(b"(99999999,)}");
    parse_npz(&claim).unwrap_err();
    survives(parse_npz, &claim);
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut bytes = samples().npz[0].clone();
    let value = 1.0f32.to_le_bytes();
    let at = bytes.windows(8).position(|w| w[..4] == value).unwrap();
    bytes[at] ^= 1;
    let error = parse_npz(&bytes).unwrap_err().to_string();
    assert!(
        error.contains("array \"a\": the file is damaged"),
        "{error}"
    );
}

/// Where each entry of an archive's directory begins.
fn directory(bytes: &[u8]) -> Vec<usize> {
    let entries = bytes.windows(4).enumerate();
    entries
        .filter(|(_, bytes)| bytes == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn encrypted_members_are_skipped() {
    let mut bytes = samples().npz[0].clone();
    let entry = directory(&bytes)[0];
    bytes[entry + 8] |= 1;
    let npz = parse_npz(&bytes).unwrap();
    assert_eq!(npz.arrays.len(), 1);
    assert_eq!(npz.skipped[0].0, "a");
    assert!(npz.skipped[0].1.contains("encrypted"), "{:?}", npz.skipped);
}

#[test]
fn two_members_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let array = ArrayRef::new(&[1], &[7u8][..]);
    write_npz(&path, &[("a", array), ("b", array)]).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() - 5 {
        if bytes[at..].starts_with(b"b.npy") {
            bytes[at] = b'a';
        }
    }
    let error = parse_npz(&bytes).unwrap_err().to_string();
    assert!(error.contains("two arrays have the same name"), "{error}");
}

#[test]
fn members_that_share_their_data_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let values = [0u8; 5000];
    write_npz(&path, &[("00", ArrayRef::new(&[5000], &values[..]))]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let start = directory(&bytes)[0];
    let end = bytes.windows(4).position(|b| b == b"PK\x05\x06").unwrap();
    let (entry, mut tail) = (&bytes[start..end], bytes[end..].to_vec());
    let name = entry.windows(6).position(|b| b == b"00.npy").unwrap();
    let mut many = bytes[..start].to_vec();
    for number in 0..50u16 {
        let copy = many.len();
        many.extend_from_slice(entry);
        many[copy + name..copy + name + 2].copy_from_slice(format!("{number:02}").as_bytes());
    }
    tail[8..10].copy_from_slice(&50u16.to_le_bytes());
    tail[10..12].copy_from_slice(&50u16.to_le_bytes());
    tail[12..16].copy_from_slice(&(50 * entry.len() as u32).to_le_bytes());
    many.extend(tail);
    let error = parse_npz(&many).map(drop).unwrap_err().to_string();
    assert!(error.contains("larger than the file"), "{error}");
}
