//! The format of a file is told where it is certain, and every format gives the same points.

use robocache_io::Error;
use robocache_io::csv::{ColumnRef, write_table};
use robocache_io::error::Emptiness;
use robocache_io::npy::{ArrayRef, write_npy};
use robocache_io::points::{
    Format, PointCloud, Values, parse_floats, parse_points, read_floats, read_points,
    read_points_as,
};
use std::path::PathBuf;
use tempfile::TempDir;

fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// A scan of that many points as a lidar gives it: x, y, z, an intensity in hundredths.
fn scan(points: usize) -> Vec<f32> {
    let rows = (0..points).map(|at| {
        let at = at as f32;
        [at * 0.25, 40.0 - at, -1.7, (at % 100.0) / 100.0]
    });
    rows.flatten().collect()
}

/// A sweep of that many points: x, y, z, an intensity up to 255, one of 32 rings.
fn sweep(points: usize) -> Vec<f32> {
    let rows = (0..points).map(|at| {
        let at = at as f32;
        [at * 0.25, 40.0 - at, -1.7, at % 256.0, at % 32.0]
    });
    rows.flatten().collect()
}

fn put(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn scans_and_sweeps_have_their_columns() {
    let (scan, sweep) = (scan(20_000), sweep(20_000));
    let cloud = parse_points(&bytes(&scan), Format::Kitti).unwrap();
    assert_eq!(cloud.columns, ["x", "y", "z", "intensity"]);
    assert_eq!(cloud.values, Values::F32(scan));
    let cloud = parse_points(&bytes(&sweep), Format::NuScenes).unwrap();
    assert_eq!(cloud.columns, ["x", "y", "z", "intensity", "ring"]);
    assert_eq!(cloud.values, Values::F32(sweep));
}

#[test]
fn rows_of_any_width_are_read_from_bytes_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<f32> = (0..66u8).map(f32::from).collect();
    let path = put(&folder, "waymo.bin", &bytes(&values));
    let cloud = read_floats(&path, 6).unwrap();
    assert_eq!(cloud.columns, ["x", "y", "z", "3", "4", "5"]);
    assert_eq!(cloud.points(), 11);
    assert_eq!(cloud, parse_floats(&bytes(&values), 6).unwrap());
    assert_eq!(cloud.values, Values::F32(values));
}

#[test]
fn every_format_gives_the_same_points() {
    let folder = tempfile::tempdir().unwrap();
    let values = scan(100);
    let pcd = [
        b"FIELDS x y z intensity\nWIDTH 100\nDATA binary\n".to_vec(),
        bytes(&values),
    ];
    put(&folder, "a.bin", &bytes(&values));
    put(&folder, "a.pcd", &pcd.concat());
    let npy = folder.path().join("a.npy");
    write_npy(&npy, &ArrayRef::new(&[100, 4], &values[..])).unwrap();
    let column = |at: usize| {
        values
            .iter()
            .copied()
            .skip(at)
            .step_by(4)
            .collect::<Vec<f32>>()
    };
    let columns = [column(0), column(1), column(2), column(3)];
    let names = ["x", "y", "z", "intensity"];
    let named: Vec<_> = names
        .into_iter()
        .zip(columns.iter().map(|column| ColumnRef::F32(column)))
        .collect();
    write_table(folder.path().join("a.csv"), &named, &mut |_, _| {}).unwrap();

    let read = |name: &str| read_points(folder.path().join(name)).unwrap();
    let expected = PointCloud {
        columns: names.map(str::to_owned).to_vec(),
        values: Values::F32(values.clone()),
    };
    assert_eq!(read("a.bin"), expected);
    assert_eq!(read("a.pcd"), expected);
    let array = read("a.npy");
    assert_eq!(array.columns, ["x", "y", "z", "3"]);
    assert_eq!(array.values, expected.values);
    let table = read("a.csv");
    assert_eq!(table.columns, expected.columns);
    let Values::F64(cells) = table.values else {
        panic!("f32");
    };
    let narrowed: Vec<f32> = cells.iter().map(|&cell| cell as f32).collect();
    assert_eq!(narrowed, values);
    for (name, format) in [
        ("a.pcd", Format::Pcd),
        ("a.npy", Format::Npy),
        ("a.csv", Format::Csv),
    ] {
        let content = std::fs::read(folder.path().join(name)).unwrap();
        assert_eq!(parse_points(&content, format).unwrap(), read(name));
    }
}

#[test]
fn the_format_is_told_by_the_name_and_else_by_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, sweep) = (bytes(&scan(1000)), bytes(&sweep(1000)));
    let pcd = b"# .PCD v0.7\nFIELDS x y z\nWIDTH 0\nDATA ascii\n";
    for (name, content, format) in [
        ("1.pcd.bin", &scan[..], Format::NuScenes),
        ("2.PCD", b"", Format::Pcd),
        ("3.npy", b"", Format::Npy),
        ("4.Csv", b"", Format::Csv),
        ("000000.bin", &scan, Format::Kitti),
        ("000001.BIN", &sweep, Format::NuScenes),
        ("5.bin", pcd, Format::Pcd),
        ("cloud", pcd, Format::Pcd),
        ("6.txt", b"VERSION 0.7\n", Format::Pcd),
        ("7.bin", b"\x93NUMPY\x01\0", Format::Npy),
    ] {
        let path = put(&folder, name, content);
        assert_eq!(Format::detect(path).unwrap(), format, "{name}");
    }
    let path = put(&folder, "sweep.bin", &sweep);
    assert_eq!(read_points(path).unwrap().columns[4], "ring");
}

#[test]
fn what_is_not_certain_is_refused_with_the_names_that_could_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let both = bytes(
        &[[1.0, 2.0, 3.0, 0.0], [2.0, 1.0, 0.0, 1.0]]
            .as_flattened()
            .repeat(160),
    );
    let scans = "name its format: kitti (x y z intensity), nuscenes (x y z intensity ring), or how \
                 many 32-bit floats a point has";
    let all = "name its format: kitti (x y z intensity), nuscenes (x y z intensity ring), pcd, npy, \
               csv, or how many 32-bit floats a point has";
    for (name, content, found, expected) in [
        (
            "a.bin",
            &bytes(&scan(63))[..],
            "its bytes are not certain to be a scan",
            scans,
        ),
        (
            "b.bin",
            &bytes(&scan(1000))[..15_996],
            "its bytes are not certain to be a scan",
            scans,
        ),
        (
            "c.bin",
            b"",
            "its bytes are not certain to be a scan",
            scans,
        ),
        (
            "d.dat",
            &bytes(&scan(1000)),
            "neither its name nor its first bytes",
            all,
        ),
        ("e", b"", "neither its name nor its first bytes", all),
        (
            "f.txt",
            b"x,y,z\n1,2,3\n",
            "neither its name nor its first bytes",
            all,
        ),
    ] {
        let path = put(&folder, name, content);
        let error = read_points(&path).unwrap_err();
        assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&path.display().to_string()), "{text}");
        assert!(text.contains(found) && text.ends_with(expected), "{text}");
    }
    // Rows of four that are rows of five as well.
    let path = put(&folder, "g.bin", &both);
    let error = read_points(&path).unwrap_err().to_string();
    assert!(error.contains("as well as a sweep of nuScenes"), "{error}");
    // Named, it is read.
    assert_eq!(read_points_as(&path, Format::Kitti).unwrap().points(), 320);
    assert_eq!(
        read_points_as(&path, Format::NuScenes).unwrap().points(),
        256
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_telling_name_is_not_opened_to_find_out() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("points");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // Nobody writes to it: opened, it would never return.
    let error = Format::detect(&pipe).unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
    assert!(
        error.to_string().contains("it is no file to be read twice"),
        "{error}"
    );
}

#[test]
fn missing_files_are_named() {
    for error in [
        read_points("/no/such/a.pcd").unwrap_err(),
        read_points("/no/such/a").unwrap_err(),
        read_points_as("/no/such/a.pcd.bin", Format::NuScenes).unwrap_err(),
        read_floats("/no/such/a", 3).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().starts_with("/no/such/a"), "{error}");
    }
}

#[test]
fn files_without_content_are_empty() {
    for format in [Format::Kitti, Format::NuScenes, Format::Pcd] {
        let error = parse_points(b"", format).unwrap_err();
        assert_eq!(
            error.to_string(),
            "<bytes>: the file is empty, expected points"
        );
        assert!(matches!(
            error,
            Error::Empty {
                what: Emptiness::NoPoints,
                ..
            }
        ));
    }
    let error = parse_points(b"", Format::Csv).unwrap_err();
    assert!(matches!(
        error,
        Error::Empty {
            what: Emptiness::NoContent,
            ..
        }
    ));
    assert!(matches!(
        parse_points(b"", Format::Npy),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn rows_of_floats_are_whole_and_have_three_columns() {
    let error = parse_points(&[0; 31], Format::Kitti)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("found 31 bytes, expected a multiple of 16"),
        "{error}"
    );
    let error = parse_points(&[0; 32], Format::NuScenes)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("of a point of 5 32-bit floats: 12 byte(s) follow"),
        "{error}"
    );
    let error = parse_floats(&[0; 32], 6).unwrap_err().to_string();
    assert!(error.contains("expected a multiple of 24"), "{error}");
    for columns in [0, 2, 16_385, usize::MAX] {
        let error = parse_floats(&[0; 32], columns).unwrap_err();
        assert!(matches!(error, Error::Shape { array: None, .. }), "{error}");
    }
}
