//! Measured choices on the CPU: made by the first call where the mode says so, and used by later
//! processes.

use robocache_core::{TensorView, TensorViewMut, TimeAxis, TimeScalar};
use robocache_registry::tune::race::Outcome;
use robocache_registry::tune::{Entry, store};
use robocache_registry::{DeviceCaps, KeyText, VariantInfo, user_cache};
use robocache_trajectory::{Options, Plan, Problem, Resample, dispatcher, resample};
use std::path::Path;
use std::process::Command;

const CHILD: &str = "ROBOCACHE_TUNE_CHILD";

/// Runs `body` in a process of its own, with a mode and a cache folder from its environment.
#[track_caller]
fn in_process(test: &str, part: &str, mode: &str, folder: &Path, body: impl FnOnce()) {
    let name = format!("{test} {part}");
    match std::env::var(CHILD) {
        Ok(running) if running == name => return body(),
        Ok(_) => return,
        Err(_) => {}
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, name)
        .env("ROBOCACHE_TUNE", mode)
        .env("ROBOCACHE_CACHE_DIR", folder)
        .env_remove("ROBOCACHE_FORCE_VARIANT")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{part}: {err}");
}

fn with_request<R>(work: impl FnOnce(Resample<'_>) -> R) -> (R, Vec<f32>) {
    let data: Vec<f32> = (0..8 * 100 * 16).map(|i| (i % 97) as f32).collect();
    let mut out = vec![0f32; 8 * 50 * 16];
    let axis = |step, len| TimeAxis::Uniform {
        start: TimeScalar::F64(0.0),
        step: TimeScalar::F64(step),
        len,
    };
    let request = Resample::new(
        TensorView::from_slice(&data, [8, 100, 16]).unwrap(),
        axis(1.0, 100),
        axis(1.9, 50),
        TensorViewMut::from_slice(&mut out, [8, 50, 16]).unwrap(),
    );
    (work(request), out)
}

fn planned() -> &'static str {
    with_request(|request| Plan::new_cpu(&request).unwrap().variant()).0
}

fn problem() -> Problem {
    with_request(|request| Problem::of(&request).unwrap()).0
}

fn infos() -> Vec<&'static VariantInfo> {
    let candidates = dispatcher().candidates(&problem(), DeviceCaps::cpu());
    candidates.iter().map(|variant| variant.info).collect()
}

#[test]
fn the_first_call_measures_where_the_mode_says_so_and_changes_no_bit() {
    let test = "the_first_call_measures_where_the_mode_says_so_and_changes_no_bit";
    let folder = tempfile::tempdir().unwrap();
    let measured = || dispatcher().measured(&problem(), DeviceCaps::cpu());
    let alone = infos().len() < 2;
    in_process(test, "cached", "cached", folder.path(), || {
        with_request(|request| resample(request).unwrap());
        assert!(measured().is_none(), "nobody asked for it");
    });
    in_process(test, "on-miss", "on-miss", folder.path(), || {
        let ((), expected) = with_request(|request| {
            let options = Options::default().forced("trajectory.scalar.cpu");
            resample(request.options(options)).unwrap();
        });
        assert!(measured().is_none(), "the caller knew what to run");
        let ((), values) = with_request(|request| resample(request).unwrap());
        assert_eq!(values, expected);
        assert_eq!(measured().is_none(), alone);
    });
    in_process(test, "later", "cached", folder.path(), || {
        let choice = measured().map(|entry| entry.choice.clone());
        assert!(alone || choice.as_deref() == Some(planned()));
    });
    in_process(test, "a call that fails", "on-miss", folder.path(), || {
        let times = [3.0f64, 2.0, 1.0];
        let mut out = [0f32; 2];
        let request = Resample::new(
            TensorView::from_slice(&[0f32; 3], [1, 3, 1]).unwrap(),
            TimeAxis::Shared(TensorView::from_slice(&times, [3]).unwrap()),
            TimeAxis::Shared(TensorView::from_slice(&times[..2], [2]).unwrap()),
            TensorViewMut::from_slice(&mut out, [1, 2, 1]).unwrap(),
        );
        let error = resample(request).unwrap_err();
        assert!(
            matches!(error, robocache_core::Error::Time { .. }),
            "{error}"
        );
    });
}

#[test]
fn what_a_file_says_is_run_unless_the_mode_is_off() {
    let test = "what_a_file_says_is_run_unless_the_mode_is_off";
    let folder = tempfile::tempdir().unwrap();
    let cpu = DeviceCaps::cpu();
    let default = dispatcher().untuned(&problem(), cpu).unwrap().info.id;
    let scalar = "trajectory.scalar.cpu";
    in_process(test, "writing", "cached", folder.path(), || {
        let times = infos().iter().map(|info| (info.id, vec![1.0])).collect();
        let outcome = Outcome {
            choice: scalar,
            times,
        };
        let key = problem().key_text();
        let entry = Entry::new("trajectory", &key, cpu, default, outcome, &infos());
        let folder = user_cache::folder().unwrap();
        store::keep_in(&folder, &entry, "trajectory", &key, cpu).unwrap();
        assert!(store::load_in(&folder, "trajectory", &key, cpu).is_some());
        let other = KeyText::new();
        assert!(store::load_in(&folder, "trajectory", &other, cpu).is_none());
    });
    in_process(test, "cached", "cached", folder.path(), || {
        assert_eq!(planned(), scalar);
    });
    in_process(test, "misspelt", "quick", folder.path(), || {
        assert_eq!(planned(), scalar, "as if nothing had been said");
    });
    in_process(test, "off", "off", folder.path(), || {
        assert_eq!(planned(), default);
    });
}
