//! A recording and what scipy makes of it.

use robocache_core::{TensorView, TimeAxis};
use robocache_io::npy::{Array, Values, read_npy};
use robocache_testkit::devices::number;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What `expected.py` writes.
pub struct Recording {
    times: Array,
    targets: Array,
    data: Array,
    expected: Array,
}

impl Recording {
    /// A dataset's, or `None` where it or scipy is not at hand.
    pub fn of(name: &str) -> Option<Recording> {
        let Some(datasets) = variable("ROBOCACHE_REAL_DATA") else {
            println!(
                "skipped: ROBOCACHE_REAL_DATA names no folder of datasets, {name} is not tried"
            );
            return None;
        };
        let Some(python) = variable("ROBOCACHE_PYTHON") else {
            assert!(
                number("ROBOCACHE_REQUIRE_SCIPY", 0) == 0,
                "ROBOCACHE_REQUIRE_SCIPY is set, but ROBOCACHE_PYTHON is not"
            );
            println!("skipped: ROBOCACHE_PYTHON names no Python with scipy, {name} is not tried");
            return None;
        };
        let out = tempfile::tempdir().unwrap();
        let status = Command::new(python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_data/expected.py"))
            .args([&datasets, out.path().as_os_str()])
            .arg(name)
            .status()
            .unwrap();
        assert!(status.success(), "expected.py {name}: {status}");
        let read = |file| read_npy(out.path().join(file)).unwrap();
        Some(Recording {
            times: read("times.npy"),
            targets: read("targets.npy"),
            data: read("data.npy"),
            expected: read("expected.npy"),
        })
    }

    pub fn samples(&self) -> usize {
        self.times.values.len()
    }

    pub fn targets(&self) -> usize {
        self.targets.values.len()
    }

    pub fn columns(&self) -> usize {
        self.data.shape[1]
    }

    pub fn source_times(&self) -> TimeAxis<'_> {
        axis(&self.times.values)
    }

    pub fn target_times(&self) -> TimeAxis<'_> {
        axis(&self.targets.values)
    }

    /// `[S, D]`.
    pub fn data(&self) -> &[f64] {
        floats(&self.data)
    }

    /// `[T, D]`.
    pub fn expected(&self) -> &[f64] {
        floats(&self.expected)
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn axis(times: &Values) -> TimeAxis<'_> {
    let shape = [times.len()];
    TimeAxis::Shared(
        match times {
            Values::F32(times) => TensorView::from_slice(times, shape),
            Values::F64(times) => TensorView::from_slice(times, shape),
            Values::I64(times) => TensorView::from_slice(times, shape),
            other => panic!("times of {}", other.dtype()),
        }
        .unwrap(),
    )
}

fn floats(array: &Array) -> &[f64] {
    match &array.values {
        Values::F64(values) => values,
        other => panic!("numbers of {}", other.dtype()),
    }
}
