//! `doctor` and `kernels list`.

mod common;
use common::{Ran, command, finish, succeed};
use robocache::registry::operations;
use serde_json::Value;
use std::collections::BTreeSet;

/// Ids of all variants in the program.
fn ids() -> BTreeSet<String> {
    let all = operations().into_iter().flat_map(|op| (op.variants)());
    all.map(|info| info.id.to_owned()).collect()
}

/// `doctor` on a machine whose GPUs are hidden.
fn doctor(args: &[&str]) -> Ran {
    let mut command = command(args);
    command.env("CUDA_VISIBLE_DEVICES", "-1");
    finish(command)
}

#[test]
fn kernels_are_listed_as_json() {
    let ran = succeed(&["kernels", "list", "--json"]);
    let list: Value = serde_json::from_str(&ran.stdout).expect("JSON and nothing else");
    let list = list.as_array().expect("a list");
    let found: BTreeSet<String> = list
        .iter()
        .map(|entry| entry["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(found, ids());
    assert_eq!(found.len(), list.len(), "no id is listed twice");
    for entry in list {
        let id = entry["id"].as_str().unwrap_or_default();
        assert_eq!(id.split('.').next(), entry["op"].as_str());
        assert!(
            entry["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(
            entry["dtypes"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        );
        let is_cuda = entry["target"]
            .as_str()
            .is_some_and(|t| t.starts_with("cuda"));
        assert_eq!(entry["source"].is_string(), is_cuda, "{entry}");
        assert_eq!(entry["budget"]["registers"].is_u64(), is_cuda, "{entry}");
    }
}

#[test]
fn kernels_are_listed_as_a_table() {
    let text = succeed(&["kernels", "list"]).stdout;
    for id in ids() {
        assert!(text.lines().any(|line| line.starts_with(&id)), "{text}");
    }
    assert_eq!(text.lines().count(), ids().len() + 1);
}

#[test]
fn doctor_prints_one_json_object_and_exits_with_zero_without_a_gpu() {
    let ran = doctor(&["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).expect("JSON and nothing else");
    assert_eq!(found["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(found["healthy"], Value::Bool(true));
    assert_eq!(found["driver"]["usable"].as_bool(), Some(false));
    assert!(
        found["driver"]["problem"]
            .as_str()
            .is_some_and(|p| p.len() > 20)
    );
    assert!(found["cpu"]["threads"].as_u64().is_some_and(|n| n > 0));
    for key in ["nvrtc", "kernel_cache", "embedded_images"] {
        assert!(found[key].is_object(), "{key}");
    }

    let devices = found["devices"].as_array().expect("devices");
    assert_eq!(devices.len(), 1);
    let here = devices[0]["variants"].as_array().expect("variants");
    let away = found["without_device"].as_array().expect("variants");
    let named: BTreeSet<String> = here
        .iter()
        .chain(away)
        .map(|variant| variant["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(named, ids(), "every variant is accounted for");
    for variant in here.iter().chain(away) {
        let test = &variant["self_test"];
        if variant["usable"] == true {
            assert_eq!(test["passed"], true, "{variant}");
            assert!(test["micros"].as_f64().is_some_and(|t| t > 0.0));
            assert!(
                test["gigabytes_per_second"]
                    .as_f64()
                    .is_some_and(|s| s > 0.0)
            );
        } else {
            assert!(test.is_null(), "{variant}");
            assert!(
                variant["reason"]
                    .as_str()
                    .is_some_and(|why| !why.is_empty())
            );
        }
    }
    let reference = here.iter().find(|v| v["id"] == "trajectory.scalar.cpu");
    assert!(reference.is_some_and(|v| v["usable"] == true));
}

#[test]
fn doctor_says_in_words_why_no_gpu_is_used() {
    let ran = doctor(&["doctor"]);
    assert_eq!(ran.code, 0);
    for words in [
        concat!("robocache ", env!("CARGO_PKG_VERSION")),
        "CUDA driver",
        "NVRTC",
        "Kernel cache",
        "trajectory.scalar.cpu",
        "passed",
        "not here: ",
        "Everything runs on the CPU here.",
    ] {
        assert!(ran.stdout.contains(words), "{words:?}: {}", ran.stdout);
    }
}

#[test]
#[cfg(feature = "cuda")]
fn doctor_knows_whether_kernels_can_be_kept() {
    let folder = common::Folder::new();
    let cache = |path: &str| {
        let mut command = command(&["doctor", "--json"]);
        command.env("ROBOCACHE_CACHE_DIR", path);
        let found: Value = serde_json::from_str(&finish(command).stdout).expect("JSON");
        found["kernel_cache"].clone()
    };
    let good = cache(&folder.at("new"));
    assert_eq!(good["writable"], true, "{good}");
    assert!(good["problem"].is_null() && good["files"] == 0, "{good}");
    assert!(
        !folder.path().join("new").exists(),
        "looking leaves nothing"
    );

    let kernels = folder.path().join("full/kernels");
    std::fs::create_dir_all(&kernels).expect("a folder");
    std::fs::write(kernels.join("a.bin"), [0; 10]).expect("a file");
    let full = cache(&folder.at("full"));
    assert_eq!((&full["files"], &full["bytes"]), (&1.into(), &10.into()));

    let blocked = folder.put("file", "");
    let bad = cache(&format!("{blocked}/below"));
    assert_eq!(bad["writable"], false, "{bad}");
    let problem = bad["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("ROBOCACHE_CACHE_DIR"), "{bad}");
}
