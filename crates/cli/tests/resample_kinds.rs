//! `resample` with a kind for each column.

mod common;
use common::{Csv, Folder, interp, succeed};
use robocache_io::npy::{Array, ArrayRef, Values, read_npz, write_npz};

/// A rotation x, y, z, w by that angle about an axis of length one.
fn about(axis: [f64; 3], angle: f64) -> [f64; 4] {
    let (sin, cos) = (angle / 2.0).sin_cos();
    [axis[0] * sin, axis[1] * sin, axis[2] * sin, cos]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Shoemake's formula, along the shorter arc, of quaternions of any length but zero.
fn slerp(a: &[f64], b: &[f64], w: f64) -> Vec<f64> {
    let unit = |q: &[f64]| -> Vec<f64> {
        let length = dot(q, q).sqrt();
        q.iter().map(|c| c / length).collect()
    };
    let (a, mut b) = (unit(a), unit(b));
    if dot(&a, &b) < 0.0 {
        b.iter_mut().for_each(|c| *c = -*c);
    }
    let angle = dot(&a, &b).min(1.0).acos();
    if angle < 1e-9 {
        return a;
    }
    let (of_a, of_b) = (((1.0 - w) * angle).sin(), (w * angle).sin());
    let parts = a.iter().zip(&b);
    parts
        .map(|(a, b)| (of_a * a + of_b * b) / angle.sin())
        .collect()
}

/// The sample not after a target and the way from it to the next one.
fn place(knots: &[f64], target: f64) -> (usize, f64) {
    let last = knots.len() - 2;
    let low = knots
        .partition_point(|&knot| knot <= target)
        .saturating_sub(1);
    let low = low.min(last);
    (low, (target - knots[low]) / (knots[low + 1] - knots[low]))
}

/// Holds four columns against the formula: of length one, on the shorter arc. A sign is no difference.
#[track_caller]
fn assert_slerp(knots: &[f64], samples: &[Vec<f64>], targets: &[f64], found: &[Vec<f64>]) {
    assert_eq!(targets.len(), found.len());
    for (&target, found) in targets.iter().zip(found) {
        let (low, w) = place(knots, target);
        let (a, b) = (&samples[low], &samples[low + 1]);
        let expected = slerp(a, b, w);
        assert!(
            (dot(found, found) - 1.0).abs() < 1e-6,
            "{target}: {found:?}"
        );
        let same = dot(found, &expected);
        assert!(
            (same.abs() - 1.0).abs() < 1e-6,
            "{target}: {found:?}, {expected:?}"
        );
        // No further from either end than the ends are from each other.
        let turn = |a: &[f64], b: &[f64]| dot(a, b).abs() / (dot(a, a) * dot(b, b)).sqrt();
        let way = turn(a, b) - 1e-6;
        assert!(
            turn(found, a) >= way && turn(found, b) >= way,
            "{target}: {found:?}"
        );
    }
}

/// Columns of a table as rows.
fn rows(csv: &Csv, names: &[&str]) -> Vec<Vec<f64>> {
    let columns: Vec<Vec<f64>> = names.iter().map(|name| csv.f64(csv.at(name))).collect();
    (0..csv.rows.len())
        .map(|row| columns.iter().map(|column| column[row]).collect())
        .collect()
}

/// An arm: its columns lie in no order, its quaternion changes its sign and its length, and the gripper
/// is open or shut.
fn arm() -> String {
    let mut text = "q_w,grip,t,x,q_y,q_z,wrist,q_x,y,z\n".to_owned();
    for i in 0..40 {
        let t = f64::from(i) * 0.1 + 0.013 * f64::from(i % 3);
        let [x, y, z, w] = about([0.6, 0.0, 0.8], 5.0 * t).map(|c| match i % 4 {
            0 => -c,
            1 => 2.0 * c,
            _ => c,
        });
        let (grip, wrist) = (i % 7 < 3, (3.0 * t).sin().atan2((3.0 * t).cos()));
        let position = [t.sin(), t.cos(), t];
        text += &format!(
            "{w},{grip},{t},{},{y},{z},{wrist},{x},{},{}\n",
            position[0], position[1], position[2]
        );
    }
    text
}

#[test]
fn each_column_of_a_table_has_its_kind() {
    let folder = Folder::new();
    let log = folder.put("log.csv", &arm());
    let out = folder.at("out.csv");
    let args = ["resample", &log, "--time", "t", "--rate", "33", "-o", &out];
    let kinds = [
        "--kind",
        "q_x,q_y, q_z,q_w=slerp",
        "--kind",
        "grip=previous",
        "--kind=wrist=angle",
        "--kind",
        "nearest",
    ];
    let ran = succeed(&[&args[..], &kinds].concat());
    assert_eq!(ran.stderr, "");
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    assert_eq!(after.names, before.names, "the order stays");
    let (knots, targets) = (before.f64(2), after.f64(2));
    let rotation = ["q_x", "q_y", "q_z", "q_w"];
    let (samples, found) = (rows(&before, &rotation), rows(&after, &rotation));
    assert_slerp(&knots, &samples, &targets, &found);
    let (grips, grip) = (before.f64(1), after.f64(1));
    let (angles, angle) = (before.f64(6), after.f64(6));
    let (xs, x) = (before.f64(3), after.f64(3));
    for (k, &target) in targets.iter().enumerate() {
        let (low, w) = place(&knots, target);
        assert_eq!(grip[k], grips[low], "{target}");
        assert_eq!(x[k], xs[low + usize::from(w > 0.5)], "{target}");
        let turn = (angles[low + 1] - angles[low]).sin_cos();
        let expected = angles[low] + w * turn.0.atan2(turn.1);
        let off = (angle[k] - expected).sin();
        assert!(off.abs() < 1e-9, "{target}: {} {expected}", angle[k]);
    }
}

#[test]
fn a_pose_is_a_line_and_a_rotation() {
    let folder = Folder::new();
    let log = folder.put("log.csv", &arm());
    let (out, apart, scalar_first) = (folder.at("a.csv"), folder.at("b.csv"), folder.at("c.csv"));
    let resample = |kinds: &[&str], out: &str| {
        let args = ["resample", &log, "--time", "t", "--rate", "33", "-o", out];
        let mut args = args.to_vec();
        for kind in kinds {
            args.extend(["--kind", kind]);
        }
        succeed(&args);
    };
    resample(&["x,y,z,q_x,q_y,q_z,q_w=pose", "grip=next"], &out);
    let (before, after) = (Csv::read(&log), Csv::read(&out));
    let (knots, targets) = (before.f64(2), after.f64(2));
    let rotation = ["q_x", "q_y", "q_z", "q_w"];
    let (samples, found) = (rows(&before, &rotation), rows(&after, &rotation));
    assert_slerp(&knots, &samples, &targets, &found);
    for name in ["x", "y", "z", "wrist"] {
        let (values, found) = (before.f64(before.at(name)), after.f64(after.at(name)));
        common::assert_interp(&knots, &values, &targets, &found, name);
    }
    // It is what its parts are, and in whichever order they are named, the same rotation.
    let same = |other: &str| {
        let text = |path: &str| std::fs::read_to_string(path).expect("a file");
        assert_eq!(text(other), text(&out));
    };
    resample(&["q_x,q_y,q_z,q_w=slerp", "grip=next", "linear"], &apart);
    same(&apart);
    let kinds = ["x,y,z,q_w,q_x,q_y,q_z=pose-wxyz", "grip=next"];
    resample(&kinds, &scalar_first);
    let other = rows(&Csv::read(&scalar_first), &rotation);
    for (one, other) in found.iter().zip(&other) {
        assert!((dot(one, other).abs() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn patterns_name_columns_in_the_files_order() {
    let folder = Folder::new();
    let mut text = "#t, q_x [], q_y [], q_z [], q_w [], gain, freq_x\n".to_owned();
    for i in 0..20 {
        let [x, y, z, w] = about([0.0, 1.0, 0.0], 0.7 * f64::from(i));
        text += &format!("{}, {x}, {y}, {z}, {w}, {i}, 5\n", f64::from(i) * 0.1);
    }
    let log = folder.put("log.csv", &text);
    let (out, listed) = (folder.at("out.csv"), folder.at("listed.csv"));
    let args = ["resample", &log, "--time", "t", "--rate", "47", "--kind"];
    succeed(&[&args[..], &["q_*=slerp", "--kind", "previous", "-o", &out]].concat());
    let names = "q_x [],q_y [],q_z [],q_w []=slerp";
    succeed(&[&args[..], &[names, "--kind", "g*=previous", "-o", &listed]].concat());
    let text = |path: &str| std::fs::read_to_string(path).expect("a file");
    assert_eq!(text(&out), text(&listed));
    let gain = Csv::read(&out).f64(5);
    assert!(gain.iter().all(|gain| gain.fract() == 0.0), "{gain:?}");
}

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

fn get(path: &str, name: &str) -> Array {
    let arrays = read_npz(path).expect("an NPZ file").arrays;
    let mut arrays = arrays.into_iter();
    let found = arrays.find(|(other, _)| other == name);
    found.unwrap_or_else(|| panic!("no {name:?}")).1
}

fn by_rows(array: &Array, width: usize) -> Vec<Vec<f64>> {
    let values = array.values.to_f64();
    values.chunks_exact(width).map(<[f64]>::to_vec).collect()
}

#[test]
fn each_array_has_its_kind() {
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let times: Vec<f64> = (0..30).map(|i| f64::from(i) * 0.1).collect();
    let rotation = |i: i32, speed: f64| about([0.0, 0.6, -0.8], speed * f64::from(i));
    let q: Vec<f32> = (0..30)
        .flat_map(|i| [rotation(i, 0.5), rotation(i, -2.5)].concat())
        .map(|c| c as f32)
        .collect();
    let pose: Vec<f64> = (0..30)
        .flat_map(|i| [&[f64::from(i), 0.5, -f64::from(i)][..], &rotation(i, 4.0)].concat())
        .collect();
    let part = |at: usize| -> Vec<f64> { (0..30).map(|i| rotation(i, 1.5)[at]).collect() };
    put(
        &input,
        &[
            ("t", array(&[30], times.clone())),
            ("w", array(&[30], part(3))),
            ("q", array(&[30, 2, 4], q.clone())),
            (
                "grip",
                array(&[30], (0..30).map(|i| i % 3).collect::<Vec<i32>>()),
            ),
            ("pose", array(&[30, 7], pose.clone())),
            (
                "v",
                array(
                    &[30, 3],
                    (0..30)
                        .flat_map(|i| rotation(i, 1.5)[..3].to_vec())
                        .collect::<Vec<f64>>(),
                ),
            ),
        ],
    );
    let ran = succeed(&[
        "resample",
        &input,
        "--time",
        "t",
        "--rate",
        "37",
        "--kind",
        "q=slerp",
        "--kind",
        "grip=previous",
        "--kind",
        "pose=pose",
        "--kind",
        "v,w=slerp",
        "-o",
        &out,
    ]);
    assert_eq!(ran.stderr, "");
    let targets = get(&out, "t").values.to_f64().into_owned();
    let found = get(&out, "q");
    assert_eq!(found.shape, [targets.len(), 2, 4]);
    assert!(matches!(found.values, Values::F32(_)), "the type stays");
    let (samples, found) = (by_rows(&array(&[30, 8], q), 8), by_rows(&found, 8));
    let halves = |rows: &[Vec<f64>], at: usize| -> Vec<Vec<f64>> {
        rows.iter().map(|row| row[at..at + 4].to_vec()).collect()
    };
    for at in [0, 4] {
        assert_slerp(&times, &halves(&samples, at), &targets, &halves(&found, at));
    }
    let (samples, found) = (
        by_rows(&array(&[30, 7], pose), 7),
        by_rows(&get(&out, "pose"), 7),
    );
    assert_slerp(&times, &halves(&samples, 3), &targets, &halves(&found, 3));
    let column = |rows: &[Vec<f64>], at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    for (&target, found) in targets.iter().zip(&found) {
        let (expected, _) = interp(&times, &column(&samples, 0), target);
        assert!((found[0] - expected).abs() < 1e-9 && found[1] == 0.5);
    }
    // A rotation in two arrays.
    let (v, w) = (
        by_rows(&get(&out, "v"), 3),
        get(&out, "w").values.to_f64().into_owned(),
    );
    let found: Vec<Vec<f64>> = v
        .iter()
        .zip(&w)
        .map(|(v, &w)| [&v[..], &[w]].concat())
        .collect();
    let samples: Vec<Vec<f64>> = (0..30).map(|i| rotation(i, 1.5).to_vec()).collect();
    assert_slerp(&times, &samples, &targets, &found);
    for (&target, found) in targets.iter().zip(get(&out, "grip").values.to_f64().iter()) {
        let held = times.partition_point(|&time| time <= target) - 1;
        assert_eq!(*found, (held % 3) as f64, "{target}");
    }
}

#[test]
fn a_block_of_many_kinds_is_one_call() {
    let folder = Folder::new();
    // More changes of kind from column to column than a call takes spans.
    let names: Vec<String> = (0..40)
        .map(|i| format!("{}{i}", ["a", "b"][i % 2]))
        .collect();
    let mut text = format!("t,{}\n", names.join(","));
    for row in 0..5 {
        let cells: Vec<String> = (0..40).map(|i| (i * 10 + row).to_string()).collect();
        text += &format!("{row}.0,{}\n", cells.join(","));
    }
    let log = folder.put("log.csv", &text);
    let out = folder.at("out.csv");
    let ran = succeed(&[
        "resample",
        &log,
        "--time",
        "t",
        "--rate",
        "2",
        "--kind",
        "a*=next",
        "--kind",
        "b*=previous",
        "-v",
        "-o",
        &out,
    ]);
    let calls = ran.stderr.matches("variant=").count();
    assert_eq!(calls, 1, "{}", ran.stderr);
    let after = Csv::read(&out);
    for (i, name) in names.iter().enumerate() {
        let found = after.f64(after.at(name));
        for (k, found) in found.into_iter().enumerate() {
            let sample = if i % 2 == 0 { k.div_ceil(2) } else { k / 2 };
            assert_eq!(found, (i * 10 + sample) as f64, "{name}, row {k}");
        }
    }
}

#[test]
fn an_npy_file_names_its_columns_by_index() {
    use robocache_io::npy::{read_npy, write_npy};
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npy"), folder.at("out.npy"));
    let log = array(&[2, 3], vec![0.0, 1.0, 10.0, 1.0, 2.0, 20.0]);
    write_npy(&input, &log.as_ref()).expect("written");
    let args = ["resample", &input, "--time", "0", "--rate", "2", "--kind"];
    succeed(&[&args[..], &["2=previous", "-o", &out]].concat());
    let rows = vec![0.0, 1.0, 10.0, 0.5, 1.5, 10.0, 1.0, 2.0, 20.0];
    assert_eq!(read_npy(&out).ok(), Some(array(&[3, 3], rows)));
}
