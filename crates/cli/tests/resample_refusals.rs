//! What `resample` refuses of kinds, limits and added columns, and what it says.

mod common;
use common::{Folder, fail, refused};
use robocache_io::npy::{Array, Values, write_npz};

fn array(shape: &[usize], values: impl Into<Values>) -> Array {
    Array {
        shape: shape.to_vec(),
        values: values.into(),
    }
}

const LOG: &str = "t,q_w,q_x,q_y,q_z,grip,name\n0.0,1,0,0,0,True,a\n1.0,0,0,0,1,False,b\n";

/// Resamples a text with these kinds and expects a failure.
#[track_caller]
fn refuse(text: &str, kinds: &[&str], code: i32, words: &[&str]) {
    let kinds: Vec<&str> = kinds.iter().flat_map(|kind| ["--kind", kind]).collect();
    refused(text, &kinds, code, words);
}

#[test]
fn kinds_that_cannot_be_are_named() {
    refuse(
        LOG,
        &["grip=spline"],
        2,
        &["--kind", "\"spline\"", "linear, previous", "pose-wxyz"],
    );
    refuse(LOG, &["=slerp"], 2, &["--kind", "no columns"]);
    refuse(
        LOG,
        &["gripp=previous"],
        1,
        &["--kind gripp=previous", "\"gripp\"", "resampled: \"grip\""],
    );
    refuse(
        LOG,
        &["p_*=slerp"],
        1,
        &["--kind p_*=slerp", "begins with \"p_\"", "\"q_"],
    );
    refuse(
        LOG,
        &["name=previous"],
        1,
        &["--kind name=previous", "\"name\"", "resampled"],
    );
    refuse(LOG, &["t=previous"], 2, &["--kind t=previous", "--time"]);
    refuse(
        LOG,
        &["grip=previous", "g*=next"],
        2,
        &[
            "\"grip\"",
            "--kind grip=previous",
            "--kind g*=next",
            "two kinds",
        ],
    );
    refuse(
        LOG,
        &["grip,grip=next"],
        2,
        &["--kind grip,grip=next", "\"grip\"", "twice"],
    );
    refuse(
        LOG,
        &["next", "previous"],
        2,
        &["--kind next", "--kind previous", "all columns"],
    );
}

#[test]
fn rotations_that_are_not_whole_or_not_in_order_are_named() {
    refuse(
        LOG,
        &["q_x,q_y,q_z=slerp"],
        1,
        &[
            "--kind q_x,q_y,q_z=slerp",
            "3 columns",
            "\"q_x\", \"q_y\", \"q_z\"",
            "4 columns each",
        ],
    );
    refuse(
        LOG,
        &["q*=pose"],
        1,
        &["--kind q*=pose", "4 columns", "7 columns each"],
    );
    refuse(
        LOG,
        &["slerp"],
        1,
        &["--kind slerp", "5 columns", "--kind qx,qy,qz,qw=slerp"],
    );
    refuse(
        LOG,
        &["pose-wxyz"],
        1,
        &["--kind pose-wxyz", "5 columns", "qw=pose-wxyz"],
    );
    refuse(
        LOG,
        &["q*=slerp"],
        1,
        &[
            "--kind q*=slerp",
            "q_w, q_x, q_y, q_z",
            "\"xyzw\"",
            "slerp-wxyz",
        ],
    );
    refuse(
        LOG,
        &["q_z,q_y,q_x,q_w=slerp"],
        1,
        &["q_z, q_y, q_x, q_w", "\"xyzw\""],
    );
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let t = array(&[3], vec![0.0f64, 1.0, 2.0]);
    let v = array(&[3, 3], vec![1.0f64; 9]);
    let w = array(&[3], vec![0f32; 3]);
    let arrays = [("t", t.as_ref()), ("v", v.as_ref()), ("w", w.as_ref())];
    write_npz(&input, &arrays).expect("written");
    let with = |kind: &str, words: &[&str]| {
        let args = [
            "resample", &input, "--time", "t", "--rate", "9", "--kind", kind, "-o", &out,
        ];
        common::fail(&args, 1, words);
    };
    with("v=slerp", &["--kind v=slerp", "\"v\"", "3 columns"]);
    with("v,w=slerp", &["\"v\"", "\"w\"", "different types"]);
}

#[test]
fn durations_are_numbers_with_a_unit() {
    for option in ["--max-gap", "--tolerance"] {
        for duration in ["", "fast", "-1", "-5ms", "nan", "inf", "1min", "1,5s"] {
            refused(LOG, &[option, duration], 2, &[option, "100ms"]);
        }
        refused(LOG, &[option], 2, &[option]);
    }
    // As integers of milliseconds, times cannot tell less.
    let text = "t,x\n0,1\n20,2\n";
    for (option, duration) in [("--max-gap", "0.1"), ("--tolerance", "250us")] {
        refused(
            text,
            &["--time-unit", "ms", option, duration],
            2,
            &[option, duration, "integers in milliseconds"],
        );
    }
}

#[test]
fn what_has_no_effect_is_refused() {
    let about = &["--on-invalid", "--max-gap", "--tolerance"];
    refused(LOG, &["--on-invalid", "nan"], 2, about);
    refused(
        LOG,
        &["--on-invalid", "keep", "--max-gap", "1s"],
        2,
        &["--on-invalid keep", "--mask"],
    );
    refused(
        LOG,
        &["--on-invalid", "zero", "--max-gap", "1s"],
        2,
        &["--on-invalid", "nan", "keep"],
    );
}

#[test]
fn added_columns_need_a_name_that_is_free() {
    for option in ["--mask", "--age"] {
        for name in ["t", "grip", "#t"] {
            refused(LOG, &[option, name], 2, &[option, name, "already"]);
        }
        refused(LOG, &[option, " "], 2, &[option, "name"]);
        let npy = Folder::new();
        let (log, out) = (npy.put("log.csv", LOG), npy.at("out.npy"));
        let args = ["resample", &log, "--time", "t", "--rate", "10", "-o", &out];
        let more = [option, "covered"];
        fail(
            &[&args[..], &more].concat(),
            2,
            &[option, ".npy", "no names", ".npz"],
        );
    }
    refused(
        LOG,
        &["--mask", "m", "--age", "m"],
        2,
        &["--age m", "already"],
    );
    // The copied arrays of an .npz file have names too.
    let folder = Folder::new();
    let (input, out) = (folder.at("log.npz"), folder.at("out.npz"));
    let t = array(&[2], vec![0.0f64, 1.0]);
    let rest = array(&[3], vec![1u8, 2, 3]);
    let arrays = [
        ("t", t.as_ref()),
        ("x", t.as_ref()),
        ("rest", rest.as_ref()),
    ];
    write_npz(&input, &arrays).expect("written");
    let args = [
        "resample", &input, "--time", "t", "--rate", "10", "--mask", "rest", "-o", &out,
    ];
    fail(&args, 2, &["--mask rest", "already"]);
}
