//! `resample` from and to NPZ and NPY.

mod common;
use common::{Csv, Folder, assert_interp, fail, succeed};
use robocache::f16;
use robocache_io::npy::{Array, ArrayRef, Values, read_npy, read_npz, write_npy, write_npz};

fn array(shape: &[usize], values: impl Into<Values>) -> Array {
    Array {
        shape: shape.to_vec(),
        values: values.into(),
    }
}

fn put(path: &str, arrays: &[(&str, Array)]) {
    let arrays: Vec<(&str, ArrayRef<'_>)> = arrays
        .iter()
        .map(|(name, array)| (*name, array.as_ref()))
        .collect();
    write_npz(path, &arrays).expect("written");
}

fn get(path: &str) -> Vec<(String, Array)> {
    read_npz(path).expect("an NPZ file").arrays
}

/// Nine samples at 0.5 s, of each type.
fn log() -> Vec<(&'static str, Array)> {
    let times: Vec<f64> = (0..9).map(|i| f64::from(i) * 0.5).collect();
    let q: Vec<f32> = (0..9 * 6).map(|i| i as f32).collect();
    vec![
        ("names", array(&[3], vec![1u8, 2, 3])),
        ("q", array(&[9, 2, 3], q)),
        ("t", array(&[9], times)),
        (
            "half",
            array(
                &[9],
                (0..9).map(|i| f16::from_f32(i as f32)).collect::<Vec<_>>(),
            ),
        ),
        (
            "on",
            array(&[9], (0..9).map(|i| i >= 4).collect::<Vec<bool>>()),
        ),
        (
            "count",
            array(&[9, 1], (0..9).map(|i| i * 10).collect::<Vec<i32>>()),
        ),
        ("scalar", array(&[], vec![7.5f64])),
    ]
}

#[test]
fn arrays_keep_their_type_shape_name_and_order() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    put(&input, &log());
    let ran = succeed(&["resample", &input, "--time", "t", "--rate", "4", "-o", &out]);
    for name in ["\"names\"", "\"scalar\""] {
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    let found = get(&out);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["q", "t", "half", "on", "count", "names", "scalar"]);
    let quarter = |scale: f64, first: f64| (0..17).map(move |k| first + scale * f64::from(k) / 2.0);
    let q: Vec<f32> = (0..17)
        .flat_map(|k| (0..6).map(move |c| (3 * k + c) as f32))
        .collect();
    assert_eq!(found[0].1, array(&[17, 2, 3], q));
    let times: Vec<f64> = (0..17).map(|k| f64::from(k) / 4.0).collect();
    assert_eq!(found[1].1, array(&[17], times));
    let half: Vec<f16> = quarter(1.0, 0.0).map(f16::from_f64).collect();
    assert_eq!(found[2].1, array(&[17], half));
    let on: Vec<f64> = (0..17)
        .map(|k| f64::from((k - 6).clamp(0, 2)) / 2.0)
        .collect();
    assert_eq!(found[3].1, array(&[17], on));
    assert_eq!(
        found[4].1,
        array(&[17, 1], quarter(10.0, 0.0).collect::<Vec<f64>>())
    );
    assert_eq!(found[5].1, log()[0].1, "copied unchanged");
    assert_eq!(found[6].1, log()[6].1, "copied unchanged");
}

#[test]
fn holding_integers_gives_their_values_in_f64() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    put(&input, &log());
    succeed(&[
        "resample",
        &input,
        "--time",
        "t",
        "--rate",
        "4",
        "--kind",
        "previous",
        "--columns",
        "count,on",
        "-o",
        &out,
    ]);
    let found = get(&out);
    assert_eq!(found.len(), 3);
    let count: Vec<f64> = (0..17).map(|k| f64::from(k / 2 * 10)).collect();
    assert_eq!(found[2], ("count".into(), array(&[17, 1], count)));
}

#[test]
fn integer_and_narrow_times_keep_their_type() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let first = 1_700_000_000_000_000_000u64;
    let stamps: Vec<u64> = (0..4).map(|i| first + i * 100_000_000).collect();
    let x = array(&[4], vec![0.0f64, 1.0, 2.0, 3.0]);
    put(&input, &[("stamp", array(&[4], stamps)), ("x", x.clone())]);
    succeed(&[
        "resample", &input, "--time", "stamp", "--rate", "30", "-o", &out,
    ]);
    let found = get(&out);
    let expected: Vec<u64> = (0..10)
        .map(|k| first + (k * 1_000_000_000 + 15) / 30)
        .collect();
    assert_eq!(found[0].1.values, Values::U64(expected));

    let times = vec![0.0f32, 0.1, 0.2, 0.3];
    put(
        &input,
        &[("t", array(&[4], times.clone())), ("x", x.clone())],
    );
    succeed(&[
        "resample", &input, "--time", "t", "--rate", "30", "-o", &out,
    ]);
    let found = get(&out);
    let Values::F32(targets) = &found[0].1.values else {
        panic!("{:?}", found[0]);
    };
    let wide = |all: &[f32]| all.iter().map(|&t| f64::from(t)).collect::<Vec<f64>>();
    let values = found[1].1.values.to_f64();
    // The values belong to the times as written.
    assert_interp(
        &wide(&times),
        &x.values.to_f64(),
        &wide(targets),
        &values,
        "x",
    );

    let epoch: Vec<f32> = (0..20).map(|i| 1.7e9 + i as f32 * 0.1).collect();
    let x = array(&[20], vec![0f64; 20]);
    put(&input, &[("t", array(&[20], epoch)), ("x", x)]);
    let args = [
        "resample", &input, "--time", "t", "--rate", "30", "-o", &out,
    ];
    fail(&args, 1, &["f32", "float64"]);
}

#[test]
fn tables_become_arrays_and_back() {
    let folder = Folder::new();
    let csv = folder.put("log.csv", "a,t,b\n1,0.0,5\n2,0.5,7\n3,1.0,9\n");
    let (npz, npy, back) = (
        folder.at("o.npz"),
        folder.at("o.npy"),
        folder.at("back.csv"),
    );
    let resample = |from: &str, time: &str, to: &str| {
        succeed(&["resample", from, "--time", time, "--rate", "4", "-o", to]);
    };
    resample(&csv, "t", &npz);
    let found = get(&npz);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "t", "b"]);
    assert_eq!(found[2].1, array(&[5], vec![5.0f64, 6.0, 7.0, 8.0, 9.0]));
    resample(&npz, "t", &back);
    let expected = "a,t,b\n1.0,0.0,5.0\n1.5,0.25,6.0\n2.0,0.5,7.0\n2.5,0.75,8.0\n3.0,1.0,9.0\n";
    assert_eq!(
        std::fs::read_to_string(&back).ok().as_deref(),
        Some(expected)
    );

    resample(&csv, "t", &npy);
    let rows = vec![
        1.0, 0.0, 5.0, 1.5, 0.25, 6.0, 2.0, 0.5, 7.0, 2.5, 0.75, 8.0, 3.0, 1.0, 9.0,
    ];
    assert_eq!(read_npy(&npy).ok(), Some(array(&[5, 3], rows)));
    resample(&npy, "1", &back);
    let after = Csv::read(&back);
    assert_eq!(after.names, ["0", "1", "2"]);
    assert_eq!(after.f64(2), [5.0, 6.0, 7.0, 8.0, 9.0]);
    // What was written can be read again.
    resample(&back, "1", &npz);
}

#[test]
fn columns_of_wide_arrays_are_named_in_tables() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.csv"));
    put(&input, &log());
    let ran = succeed(&[
        "resample",
        &input,
        "--time",
        "t",
        "--rate",
        "2",
        "--columns",
        "q,half",
        "-o",
        &out,
    ]);
    assert_eq!(ran.stderr, "");
    let after = Csv::read(&out);
    assert_eq!(
        after.names,
        [
            "q[0][0]", "q[0][1]", "q[0][2]", "q[1][0]", "q[1][1]", "q[1][2]", "t", "half"
        ]
    );
    assert_eq!(after.f64(3)[2], 15.0);
}

#[test]
fn an_npy_file_keeps_f32() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npy"), folder.at("out.npy"));
    let rows: Vec<f32> = vec![0.0, 1.0, 10.0, 1.0, 2.0, 20.0];
    let log = array(&[2, 3], rows);
    write_npy(&input, &log.as_ref()).expect("written");
    succeed(&[
        "resample",
        &input,
        "--time",
        "0",
        "--rate",
        "2",
        "--columns",
        "2",
        "-o",
        &out,
    ]);
    let expected = array(&[3, 2], vec![0.0f32, 10.0, 0.5, 15.0, 1.0, 20.0]);
    assert_eq!(read_npy(&out).ok(), Some(expected));
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    put(&input, &log());
    let npz = |time: &str, more: &[&str], code: i32, words: &[&str]| {
        let args = [
            "resample", &input, "--time", time, "--rate", "4", "-o", &out,
        ];
        fail(&[&args[..], more].concat(), code, words);
    };
    npz("time", &[], 1, &["\"time\"", "there are \"t\""]);
    npz("q", &[], 1, &["[9, 2, 3]", "one dimension"]);
    npz("on", &[], 1, &["\"on\"", "no times"]);
    npz("half", &[], 1, &["\"half\"", "float64"]);
    npz("t", &["--columns", "names"], 1, &["\"names\"", "[9, ...]"]);
    npz("t", &["--columns", "t"], 2, &["--time and in --columns"]);
    put(
        &input,
        &[
            ("t", array(&[2], vec![1.0f64, 0.5])),
            ("x", array(&[2], vec![0f32; 2])),
        ],
    );
    npz("t", &[], 1, &["index 1", "0.5", "index 0"]);
    put(&input, &[("t", array(&[0], Vec::<f64>::new()))]);
    npz("t", &[], 1, &["empty"]);
    put(
        &input,
        &[
            ("t", array(&[1], vec![1.0f64])),
            ("x", array(&[2], vec![0f32; 2])),
        ],
    );
    npz("t", &[], 1, &["no array beside the times"]);
    std::fs::write(&input, b"not a zip").expect("written");
    npz("t", &[], 1, &["log.npz"]);

    let input = folder.at("log.npy");
    let npy = |log: Array, time: &str, code: i32, words: &[&str]| {
        write_npy(&input, &log.as_ref()).expect("written");
        fail(
            &[
                "resample", &input, "--time", time, "--rate", "4", "-o", &out,
            ],
            code,
            words,
        );
    };
    npy(array(&[2], vec![0f64; 2]), "0", 1, &["two dimensions"]);
    npy(array(&[2, 2], vec![0f64; 4]), "2", 1, &["no column 2"]);
    npy(array(&[2, 2], vec![0f64; 4]), "t", 2, &["index", "0 to 1"]);
    npy(array(&[2, 1], vec![0f64; 2]), "0", 1, &["no column beside"]);
    npy(array(&[0, 2], Vec::<f64>::new()), "0", 1, &["empty"]);

    // Nanoseconds do not fit beside fractions in one array of f64.
    let csv = folder.put(
        "log.csv",
        "t,x\n1700000000000000001,1\n1700000000100000001,2\n",
    );
    let args = ["resample", &csv, "--time", "t", "--rate", "4", "-o"];
    let to = folder.at("o.npy");
    fail(
        &[&args[..], &[to.as_str()]].concat(),
        1,
        &["1700000000000000001", ".npz"],
    );
}
