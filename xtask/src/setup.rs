//! What the checks need beyond Rust, from a private Python environment: the pinned NVRTC and scipy.

use crate::shell::{program, run, target};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The compiler that images are made with. Its cubins load on drivers from 525 on.
const NVRTC: &[&str] = &["nvidia-cuda-nvrtc-cu12==12.9.86"];

/// What reads datasets and says what their values are between samples. These need Python 3.11.
const SCIPY: &[&str] = &["numpy==2.4.6", "scipy==1.17.1", "h5py==3.16.0"];

/// The folder of the pinned NVRTC; installed on the first call. `ROBOCACHE_NVRTC` names another one.
pub fn nvrtc() -> Result<PathBuf> {
    if let Some(folder) = variable("ROBOCACHE_NVRTC") {
        return Ok(folder);
    }
    let environment = environment();
    let find = || {
        let folder = find(&environment, "nvidia/cuda_nvrtc/lib/libnvrtc.so.12")?;
        folder.parent().map(Path::to_path_buf)
    };
    if let Some(folder) = find() {
        return Ok(folder);
    }
    install(NVRTC, &environment)?;
    find().with_context(|| format!("{} was installed, but holds no libnvrtc", NVRTC.join(" ")))
}

/// A Python with the pinned scipy, where there is real data to compare with it; installed on the first
/// call. `ROBOCACHE_PYTHON` names another one.
pub fn scipy() -> Result<Option<PathBuf>> {
    if variable("ROBOCACHE_REAL_DATA").is_none() {
        return Ok(None);
    }
    if let Some(python) = variable("ROBOCACHE_PYTHON") {
        return Ok(Some(python));
    }
    let environment = environment();
    let installed = |package: &&str| {
        let name = format!("{}.dist-info", package.replace("==", "-"));
        find(&environment, &name).is_some()
    };
    if !SCIPY.iter().all(installed) {
        install(SCIPY, &environment)?;
    }
    Ok(Some(python_of(&environment)))
}

fn variable(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(PathBuf::from(value))
}

fn environment() -> PathBuf {
    target().join("xtask").join("venv")
}

fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

/// Installs packages into the environment, which is made if it is not there.
fn install(packages: &[&str], environment: &Path) -> Result<()> {
    let names = packages.join(" ");
    println!("installing {names} into {}", environment.display());
    if !python_of(environment).exists() {
        let python = python().with_context(|| format!("{names} cannot be installed"))?;
        run(program(
            &python,
            &["-m", "venv", &environment.to_string_lossy()],
        ))
        .context("a virtual environment cannot be made (on Debian: apt install python3-venv)")?;
    }
    let mut pip = program(
        python_of(environment),
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ],
    );
    pip.args(packages);
    run(pip)
}

/// What lies under that name among the environment's packages.
fn find(environment: &Path, name: &str) -> Option<PathBuf> {
    let lib = std::fs::read_dir(environment.join("lib")).ok()?;
    lib.filter_map(Result::ok)
        .map(|python| python.path().join("site-packages").join(name))
        .find(|found| found.exists())
}

fn python() -> Result<String> {
    for name in ["python3", "python"] {
        let modern = "import sys; sys.exit(sys.version_info < (3, 10))";
        let found = std::process::Command::new(name)
            .args(["-c", modern])
            .status()
            .is_ok_and(|status| status.success());
        if found {
            return Ok(name.to_owned());
        }
    }
    bail!("Python 3.10 or newer is needed")
}
