//! `resample` over stalls: the largest gap, the tolerance, the mask and the age.

mod common;
use common::{Csv, Folder, succeed};
use robocache_io::npy::{Array, ArrayRef, Values, read_npz, write_npz};

/// Samples at 20 ms, and none from 2.0 s until 2.5 s.
fn stall() -> Vec<f64> {
    let times = (0..250).map(|i| f64::from(i) / 50.0);
    times.filter(|t| !(2.01..2.49).contains(t)).collect()
}

fn table(times: &[f64]) -> String {
    let rows = times.iter().map(|t| format!("{t},{},{t}\n", t.sin()));
    format!("t,x,hold\n{}", rows.collect::<String>())
}

/// A column of true and false, written so.
#[track_caller]
fn mask(csv: &Csv, name: &str) -> Vec<bool> {
    let at = csv.at(name);
    let cells = csv.rows.iter().map(|row| match row[at].as_str() {
        "true" => true,
        "false" => false,
        other => panic!("{other:?}"),
    });
    cells.collect()
}

#[test]
fn exactly_the_stall_is_masked_and_nan() {
    let folder = Folder::new();
    let (log, out) = (
        folder.put("log.csv", &table(&stall())),
        folder.at("out.csv"),
    );
    let resample = |more: &[&str]| {
        let args = ["resample", &log, "--time", "t", "--rate", "100", "-o", &out];
        let kinds = ["--kind", "hold=previous", "--max-gap", "100ms"];
        let ran = succeed(&[&args[..], &kinds, more].concat());
        (Csv::read(&out), ran.stderr)
    };
    let (after, said) = resample(&["--mask", "covered"]);
    assert_eq!(after.names, ["t", "x", "hold", "covered"]);
    let targets = after.f64(0);
    let expected: Vec<bool> = targets.iter().map(|&t| t <= 2.0 || t >= 2.5).collect();
    let masked = expected.iter().filter(|covered| !**covered).count();
    assert_eq!(masked, 49, "at 10 ms within half a second");
    assert_eq!(mask(&after, "covered"), expected);
    for column in [1, 2] {
        let values = after.f64(column);
        let found: Vec<bool> = values.iter().map(|value| !value.is_nan()).collect();
        assert_eq!(found, expected, "column {column}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains("49 of 499 rows") && said.contains("--max-gap 100ms"),
        "{said}"
    );

    // Without the mask the values say it too.
    let (plain, _) = resample(&[]);
    assert_eq!(plain.names, ["t", "x", "hold"]);
    let isnan = |csv: &Csv| csv.f64(1).iter().map(|x| x.is_nan()).collect::<Vec<_>>();
    assert_eq!(isnan(&plain), isnan(&after));

    // Or it alone.
    let (kept, said) = resample(&["--mask", "covered", "--on-invalid", "keep"]);
    assert_eq!(mask(&kept, "covered"), expected);
    common::assert_interp(
        &stall(),
        &Csv::read(&log).f64(1),
        &targets,
        &kept.f64(1),
        "x",
    );
    assert!(said.contains("kept"), "{said}");

    // A limit as wide as the gap, in any unit, masks nothing and says nothing.
    for gap in ["0.5s", "501ms", "500001us", "501000000ns", "0.501", "1e3"] {
        let args = ["resample", &log, "--time", "t", "--rate", "100", "-o", &out];
        let ran = succeed(&[&args[..], &["--max-gap", gap, "--mask", "covered"]].concat());
        let covered = mask(&Csv::read(&out), "covered");
        assert!(covered.iter().all(|covered| *covered), "{gap}");
        assert_eq!(ran.stderr, "", "{gap}");
    }
}

#[test]
fn limits_of_nanoseconds_are_exact() {
    let folder = Folder::new();
    let first = 1_403_715_524_907_143_169i64;
    // Gaps of 100 ms, and of a nanosecond more.
    let log = folder.put(
        "log.csv",
        &format!(
            "t_ns,x\n{first},1\n{},2\n{},3\n",
            first + 100_000_000,
            first + 200_000_001
        ),
    );
    let out = folder.at("out.csv");
    let covered = |option: &str, duration: &str| {
        succeed(&[
            "resample", &log, "--time", "t_ns", "--rate", "20", option, duration, "--mask", "ok",
            "-o", &out,
        ]);
        mask(&Csv::read(&out), "ok")
    };
    for duration in [
        "100ms",
        "0.1s",
        "100000us",
        "100000000ns",
        "100000000",
        "1e8",
    ] {
        let found = covered("--max-gap", duration);
        assert_eq!(found, [true, true, true, false, false], "{duration}");
    }
    assert_eq!(covered("--max-gap", "100000001ns"), [true; 5]);
    assert_eq!(
        covered("--max-gap", "99999999ns"),
        [true, false, true, false, false]
    );
    assert_eq!(covered("--max-gap", "0"), [true, false, true, false, false]);
    // From the fourth row to the later sample it is 50,000,001 ns.
    assert_eq!(
        covered("--tolerance", "50ms"),
        [true, true, true, false, false]
    );
    assert_eq!(
        covered("--tolerance", "50000001"),
        [true, true, true, true, false]
    );
}

#[test]
fn the_tolerance_is_of_the_samples_that_a_column_uses() {
    let folder = Folder::new();
    let log = folder.put(
        "log.csv",
        "t,line,before,after,near\n0.0,0,0,0,0\n1.0,10,10,10,10\n",
    );
    let out = folder.at("out.csv");
    succeed(&[
        "resample",
        &log,
        "--time",
        "t",
        "--rate",
        "8",
        "--kind",
        "before=previous",
        "--kind",
        "after=next",
        "--kind",
        "near=nearest",
        "--tolerance",
        "250ms",
        "--mask",
        "all",
        "-o",
        &out,
    ]);
    let after = Csv::read(&out);
    let valid = |column: usize| -> String {
        let values = after.f64(column);
        values
            .iter()
            .map(|x| if x.is_nan() { '-' } else { 'x' })
            .collect()
    };
    assert_eq!(valid(1), "x-------x", "both are used");
    assert_eq!(valid(2), "xxx-----x");
    assert_eq!(valid(3), "x-----xxx");
    assert_eq!(valid(4), "xxx---xxx");
    let all = mask(&after, "all");
    assert_eq!(
        all.iter().filter(|valid| **valid).count(),
        2,
        "every column"
    );
}

#[test]
fn ages_are_seconds_whatever_the_unit() {
    let folder = Folder::new();
    let out = folder.at("out.csv");
    for (name, times) in [
        ("t", "0.0 0.2 1.0"),
        ("t_ms", "0 200 1000"),
        ("t_us", "0 200000 1000000"),
    ] {
        let rows: String = times.split(' ').map(|t| format!("{t},1,2\n")).collect();
        let log = folder.put("log.csv", &format!("{name},x,y\n{rows}"));
        succeed(&[
            "resample", &log, "--time", name, "--rate", "10", "--kind", "y=next", "--age", "age",
            "--mask", "covered", "-o", &out,
        ]);
        let after = Csv::read(&out);
        assert_eq!(after.names[3..], ["covered", "age"]);
        let age = after.f64(4);
        let expected = [0.0, 0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.0];
        assert_eq!(age.len(), 11);
        for (found, expected) in age.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{name}: {age:?}");
        }
    }
}

#[test]
fn masks_and_ages_are_arrays_too() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let times = stall();
    let array = |shape: &[usize], values: Values| Array {
        shape: shape.to_vec(),
        values,
    };
    let n = times.len();
    let arrays = [
        ("t", array(&[n], Values::F64(times.clone()))),
        ("q", array(&[n, 2], Values::F32(vec![1.0; 2 * n]))),
        ("x", array(&[n], Values::F64(times))),
        ("rest", array(&[1], Values::U8(vec![7]))),
    ];
    let arrays: Vec<(&str, ArrayRef<'_>)> =
        arrays.iter().map(|(name, a)| (*name, a.as_ref())).collect();
    write_npz(&input, &arrays).expect("written");
    succeed(&[
        "resample",
        &input,
        "--time",
        "t",
        "--rate",
        "100",
        "--max-gap",
        "100ms",
        "--mask",
        "covered",
        "--age",
        "age",
        "-o",
        &out,
    ]);
    let found = read_npz(&out).expect("an NPZ file").arrays;
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["t", "q", "x", "covered", "age", "rest"]);
    let targets = found[0].1.values.to_f64();
    let expected: Vec<bool> = targets.iter().map(|&t| t <= 2.0 || t >= 2.5).collect();
    let covered = &found[3].1;
    assert_eq!(covered.shape, [targets.len()]);
    assert_eq!(covered.values, Values::Bool(expected.clone()));
    let q = found[1].1.values.to_f64();
    let missing: Vec<bool> = q
        .chunks_exact(2)
        .map(|q| q.iter().all(|x| !x.is_nan()))
        .collect();
    assert_eq!(missing, expected);
    let Values::F32(age) = &found[4].1.values else {
        panic!("{:?}", found[4].1.values);
    };
    assert!(age.iter().any(|&age| (age - 0.49).abs() < 1e-5));
}

#[test]
fn the_mask_is_of_all_arrays() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let two = Array {
        shape: vec![2],
        values: Values::F64(vec![0.0, 1.0]),
    };
    let names = ["t", "before", "after", "near"];
    write_npz(&input, &names.map(|name| (name, two.as_ref()))).expect("written");
    let mut args = vec!["resample", &input, "--time", "t", "--rate", "8", "-o", &out];
    for kind in ["before=previous", "after=next", "near=nearest"] {
        args.extend(["--kind", kind]);
    }
    succeed(&[&args[..], &["--tolerance", "625ms", "--mask", "all"]].concat());
    let found = read_npz(&out).expect("an NPZ file").arrays;
    // Held from before up to 5/8 s, from after from 3/8 s on.
    let expected = [true, false, false, true, true, true, false, false, true];
    assert_eq!(found[4].1.values, Values::Bool(expected.to_vec()));
}

#[test]
fn missing_values_are_nan_in_rows_that_are_covered() {
    let folder = Folder::new();
    let log = folder.put("log.csv", "t,x\n0.0,1\n0.1,\n0.2,3\n");
    let out = folder.at("out.csv");
    succeed(&[
        "resample", &log, "--time", "t", "--rate", "10", "--mask", "covered", "-o", &out,
    ]);
    let after = Csv::read(&out);
    assert_eq!(mask(&after, "covered"), [true; 3]);
    assert!(after.f64(1)[1].is_nan());
}

#[test]
fn a_rotation_of_length_zero_is_masked() {
    let folder = Folder::new();
    let log = folder.put(
        "log.csv",
        "t,x,y,z,w\n0.0,0,0,0,1\n1.0,0,0,0,0\n2.0,0,0,0,1\n",
    );
    let out = folder.at("out.csv");
    succeed(&[
        "resample", &log, "--time", "t", "--rate", "1", "--kind", "slerp", "--mask", "covered",
        "-o", &out,
    ]);
    let after = Csv::read(&out);
    assert_eq!(mask(&after, "covered"), [true, false, true]);
    assert!(after.f64(4)[1].is_nan());
}
