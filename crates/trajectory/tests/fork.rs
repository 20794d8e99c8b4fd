//! A forked child resamples on the CPU, although the threads of its parent's pool are not there.
//!
//! Data loaders fork. A pool that was used before and is used again in the child waits for ever for
//! threads that the child does not have; so the child is given a time to be done in.

#![cfg(unix)]

use robocache_core::{Result, TensorView, TensorViewMut, TimeAxis, parallel};
use robocache_trajectory::{Resample, resample};
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
    fn _exit(code: i32) -> !;
}

const WNOHANG: i32 = 1;
const SIGKILL: i32 = 9;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the child says by its exit code.
const RIGHT: i32 = 17;
const WRONG: i32 = 18;
const STILL_THREADED: i32 = 19;

/// Enough to be spread over threads, several times over.
const BATCH: usize = 64;
const SAMPLES: usize = 100;
const TARGETS: usize = 200;
const COLUMNS: usize = 16;

fn work(data: &[f32], source: &[f64], target: &[f64], out: &mut [f32]) -> Result<()> {
    resample(Resample::new(
        TensorView::from_slice(data, [BATCH, SAMPLES, COLUMNS])?,
        TimeAxis::Shared(TensorView::from_slice(source, [SAMPLES])?),
        TimeAxis::Shared(TensorView::from_slice(target, [TARGETS])?),
        TensorViewMut::from_slice(out, [BATCH, TARGETS, COLUMNS])?,
    ))
}

#[test]
fn a_forked_child_resamples() {
    // SAFETY: the only test of this program; nobody reads the environment at the same time.
    unsafe { std::env::set_var("ROBOCACHE_NUM_THREADS", "2") };
    let data: Vec<f32> = (0..BATCH * SAMPLES * COLUMNS)
        .map(|i| (i % 1013) as f32)
        .collect();
    let source: Vec<f64> = (0..SAMPLES).map(|i| i as f64).collect();
    let target: Vec<f64> = (0..TARGETS).map(|i| 0.49 * i as f64).collect();
    let mut expected = vec![0f32; BATCH * TARGETS * COLUMNS];
    let mut out = expected.clone();
    assert!(size_of_val(expected.as_slice()) > 2 * parallel::WORTH_SPLITTING);
    work(&data, &source, &target, &mut expected).unwrap();
    assert_eq!(parallel::threads(), 2, "the parent must have used a pool");
    assert!(expected.iter().any(|&value| value != 0.0));

    // SAFETY: the child only resamples, compares and leaves without running any destructor; the
    // allocator of every supported system may be used after a fork.
    let child = unsafe { fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let code = if parallel::threads() != 1 {
            STILL_THREADED
        } else if work(&data, &source, &target, &mut out).is_ok() && out == expected {
            RIGHT
        } else {
            WRONG
        };
        // SAFETY: ends the process at once.
        unsafe { _exit(code) };
    }
    let start = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: the process is our child; one integer is written.
        let done = unsafe { waitpid(child, &mut status, WNOHANG) };
        assert!(done >= 0, "waitpid failed");
        if done == child {
            break;
        }
        if start.elapsed() > PATIENCE {
            // SAFETY: the process is our child and was not waited for yet.
            unsafe {
                kill(child, SIGKILL);
                waitpid(child, &mut status, 0);
            }
            panic!("the child still hung after {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let (signal, code) = (status & 0x7f, (status >> 8) & 0xff);
    assert_eq!(
        (signal, code),
        (0, RIGHT),
        "signal and exit code of the child"
    );
    // The parent's pool works on.
    work(&data, &source, &target, &mut out).unwrap();
    assert!(out == expected && parallel::threads() == 2);
}
