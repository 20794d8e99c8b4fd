//! PCD files come out as they were meant, however they are written.

mod pcd;

use pcd::{Data, Field, field, write};
use proptest::prelude::*;
use robocache_io::points::{Format, PointCloud, Values, parse_points, read_points};

const KINDS: [&str; 10] = ["F4", "F8", "I1", "I2", "I4", "I8", "U1", "U2", "U4", "U8"];

const ENCODINGS: [Data; 4] = [
    Data::Ascii,
    Data::Binary,
    Data::Compressed,
    Data::CompressedWithPadding,
];

fn parse(bytes: &[u8]) -> PointCloud {
    parse_points(bytes, Format::Pcd).unwrap()
}

/// The number that the bits of a value of this type are.
fn value(kind: &str, bits: u64) -> f64 {
    match kind {
        "F4" => f64::from(f32::from_bits(bits as u32)),
        "F8" => f64::from_bits(bits),
        "I1" => f64::from(bits as i8),
        "I2" => f64::from(bits as i16),
        "I4" => f64::from(bits as i32),
        "I8" => bits as i64 as f64,
        "U1" => f64::from(bits as u8),
        "U2" => f64::from(bits as u16),
        "U4" => f64::from(bits as u32),
        "U8" => bits as f64,
        other => panic!("{other}"),
    }
}

/// The columns of a file: x, y and z, then the others, each with its type and its place in a point.
fn columns(fields: &[Field]) -> Vec<(String, &'static str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for field in fields {
        for index in 0..field.count {
            let name = match field.count {
                1 => field.name.clone(),
                _ => format!("{}[{index}]", field.name),
            };
            if field.name != "_" {
                found.push((name, field.kind, at));
            }
            at += 1;
        }
    }
    // A stable sort: what is no coordinate keeps its order.
    found.sort_by_key(|(name, ..)| {
        let coordinates = ["x", "y", "z"];
        coordinates
            .iter()
            .position(|other| other == name)
            .unwrap_or(3)
    });
    found
}

/// Whether both are the same number, or none.
fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
}

/// Fields in any order, of any types, with coordinates among them and padding between them.
fn fields() -> impl Strategy<Value = Vec<Field>> {
    let kind = || prop::sample::select(&KINDS[..]);
    let narrow = prop::sample::select(&["F4", "F4", "I2", "U1"][..]);
    let other = (any::<bool>(), kind(), 1usize..4);
    let coordinates = prop_oneof![
        [narrow.clone(), narrow.clone(), narrow],
        [kind(), kind(), kind()],
    ];
    (coordinates, prop::collection::vec(other, 0..5)).prop_flat_map(|(kinds, others)| {
        let mut fields: Vec<Field> = ["x", "y", "z"]
            .into_iter()
            .zip(kinds)
            .map(|(name, kind)| field(name, kind, 1))
            .collect();
        for (number, (is_padding, kind, count)) in others.into_iter().enumerate() {
            let name = if is_padding {
                "_".to_owned()
            } else {
                format!("f{number}")
            };
            fields.push(field(&name, kind, count));
        }
        Just(fields).prop_shuffle()
    })
}

/// Bits of which some are small and repeat, so that they can be compressed.
fn bits() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0u64..4,
        any::<f32>().prop_map(|value| u64::from(value.to_bits())),
        any::<f64>().prop_map(f64::to_bits),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_encoding_gives_the_same_points(
        (fields, points) in fields().prop_flat_map(|fields| {
            let values = fields.iter().map(|field| field.count).sum::<usize>();
            let point = prop::collection::vec(bits(), values);
            (Just(fields), prop::collection::vec(point, 0..20))
        })
    ) {
        let columns = columns(&fields);
        let is_narrow = columns.iter().all(|(_, kind, _)| ["F4", "I1", "I2", "U1", "U2"].contains(kind));
        for data in ENCODINGS {
            let cloud = parse(&write(&fields, &points, data));
            let names: Vec<&String> = columns.iter().map(|(name, ..)| name).collect();
            prop_assert_eq!(cloud.columns.iter().collect::<Vec<_>>(), names);
            prop_assert_eq!(cloud.points(), points.len());
            let values: Vec<f64> = match &cloud.values {
                Values::F32(values) => {
                    prop_assert!(is_narrow);
                    values.iter().map(|&value| f64::from(value)).collect()
                }
                Values::F64(values) => {
                    prop_assert!(!is_narrow);
                    values.clone()
                }
            };
            for (point, row) in points.iter().zip(values.chunks(columns.len())) {
                for ((name, kind, at), &found) in columns.iter().zip(row) {
                    let expected = value(kind, point[*at]);
                    prop_assert!(same(found, expected), "{data:?} {name}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn what_is_compressed_for_the_tests_is_smaller(byte: u8, count in 100usize..3000) {
        let bytes = vec![byte; count];
        prop_assert!(pcd::compress(&bytes).len() < count / 20 + 10);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn many_points_survive(count in 0usize..9000, seed: u32) {
        let fields = [field("x", "F4", 1), field("_", "U1", 3), field("y", "F4", 1), field("z", "F4", 1)];
        let point = |at: usize| {
            let at = at as u32;
            let value = |by: u32| u64::from(seed.wrapping_add(at / 7).wrapping_mul(by) & 0x7f7f_ffff);
            vec![value(1), 1, 2, 3, value(3), value(65_539)]
        };
        let points: Vec<Vec<u64>> = (0..count).map(point).collect();
        for data in ENCODINGS {
            let cloud = parse(&write(&fields, &points, data));
            let Values::F32(values) = cloud.values else {
                panic!("f64");
            };
            let bits: Vec<u64> = values.iter().map(|value| u64::from(value.to_bits())).collect();
            let expected: Vec<u64> = points.iter().flat_map(|p| [p[0], p[4], p[5]]).collect();
            prop_assert!(bits == expected, "{data:?}");
        }
    }
}

/// The bits of x, y, z: 1, 2, 3 and 4, 5, 6.
fn two_points() -> Vec<u8> {
    [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn expect_two_points(bytes: &[u8]) {
    let cloud = parse(bytes);
    assert_eq!(cloud.columns, ["x", "y", "z"]);
    assert_eq!(
        cloud.values,
        Values::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    );
}

#[test]
fn headers_of_all_versions_and_dresses_are_read() {
    for header in [
        "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2\nHEIGHT 1\n\
         VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA binary\n",
        "# .PCD v.6 - Point Cloud Data file format\nVERSION .6\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\n\
         WIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA binary\n",
        "# .PCD v.5 - Point Cloud Data file format\nVERSION .5\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\n\
         COUNT 1 1 1\nWIDTH 1\nHEIGHT 2\nPOINTS 2\nDATA binary\n",
        "COLUMNS x y z\nPOINTS 2\nDATA binary\n",
        "FIELDS x y z\nWIDTH 2\nDATA binary\n",
        "\u{feff}# a\r\n\r\n  FIELDS\tx  y z \r\nWIDTH 2\r\nHEIGHT 1\r\nPOINTS 2 \r\n# b\r\nDATA binary\r\n",
        "POINTS 2\nHEIGHT 2\nWIDTH 1\nCOUNT 1 1 1\nTYPE F F F\nSIZE 4 4 4\nFIELDS x y z\nDATA binary\n",
    ] {
        expect_two_points(&[header.as_bytes(), &two_points()].concat());
    }
}

#[test]
fn text_is_read_in_any_dress() {
    let header = "FIELDS x y z\nWIDTH 2\nDATA ascii\n";
    for body in [
        "1 2 3\n4 5 6\n",
        "1\t2.0 3e0\r\n\r\n  4 5 6.",
        "+1 2 3 \n\n4 5 6\n\n",
    ] {
        expect_two_points(format!("{header}{body}").as_bytes());
    }
    let cloud = parse(format!("{header}nan -nan NaN\ninf -inf -0.0\n").as_bytes());
    let Values::F32(values) = cloud.values else {
        panic!("f64");
    };
    assert!(values[..3].iter().all(|value| value.is_nan()));
    assert_eq!(values[3..5], [f32::INFINITY, f32::NEG_INFINITY]);
    assert_eq!(values[5].to_bits(), (-0.0f32).to_bits());
}

#[test]
fn text_for_32_bits_is_rounded_once() {
    // Halfway between two neighbours of f32 but for the last digit, which f64 does not hold.
    let text = "FIELDS x y z\nWIDTH 1\nDATA ascii\n1.000000059604644775390626 0 0\n";
    let Values::F32(values) = parse(text.as_bytes()).values else {
        panic!("f64");
    };
    assert_eq!(values[0], 1.0 + f32::EPSILON);
}

#[test]
fn a_radar_sweep_of_nuscenes_is_read() {
    let names = "x y z dyn_prop id rcs vx vy vx_comp vy_comp is_quality_valid ambig_state x_rms y_rms \
                 invalid_state pdh0 vx_rms vy_rms";
    let kinds = "F4 F4 F4 I1 I2 F4 F4 F4 F4 F4 I1 I1 I1 I1 I1 I1 I1 I1";
    let fields: Vec<Field> = names
        .split_whitespace()
        .zip(kinds.split_whitespace())
        .map(|(name, kind)| field(name, kind, 1))
        .collect();
    let point: Vec<u64> = (0..18)
        .map(|at| if at < 3 { 0x3f80_0000 } else { at })
        .collect();
    let cloud = parse(&write(&fields, &[point.clone(), point], Data::Binary));
    assert_eq!(
        cloud.columns.join(" "),
        names.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    assert_eq!(cloud.column("pdh0"), Some(15));
    let Values::F32(values) = cloud.values else {
        panic!("f64");
    };
    assert_eq!(
        (values[18], values[18 + 4], values[18 + 15]),
        (1.0, 4.0, 15.0)
    );
}

#[test]
fn zeros_behind_the_last_point_are_taken() {
    let points = [vec![0x3f80_0000; 3]];
    let fields = ["x", "y", "z"].map(|name| field(name, "F4", 1));
    for data in [Data::Binary, Data::Compressed] {
        let mut bytes = write(&fields, &points, data);
        bytes.extend([0; 5000]);
        assert_eq!(parse(&bytes).values, Values::F32(vec![1.0; 3]));
    }
}

#[test]
fn a_cloud_without_points_is_one() {
    for text in ["ascii\n", "ascii\n\n", "binary\n", "binary_compressed\n"] {
        let cloud =
            parse(format!("FIELDS z y x\nWIDTH 0\nHEIGHT 1\nPOINTS 0\nDATA {text}").as_bytes());
        assert_eq!((cloud.points(), cloud.columns.len()), (0, 3));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_a_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let fields = ["x", "y", "z"].map(|name| field(name, "F4", 1));
    let points: Vec<Vec<u64>> = (0..20_000).map(|at| vec![at, at % 7, 1]).collect();
    for data in ENCODINGS {
        let bytes = write(&fields, &points, data);
        let pipe = folder.path().join(format!("{data:?}.pcd"));
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let (other_end, content) = (pipe.clone(), bytes.clone());
        let writer = std::thread::spawn(move || std::fs::write(other_end, content).unwrap());
        let cloud = read_points(&pipe).unwrap();
        writer.join().unwrap();
        assert_eq!(cloud, parse(&bytes));
    }
}
