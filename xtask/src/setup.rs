//! What the checks need beyond Rust: the pinned NVRTC, from a private Python environment.

use crate::shell::{program, run, target};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The compiler that images are made with. Its cubins load on drivers from 525 on.
const NVRTC: &str = "nvidia-cuda-nvrtc-cu12==12.9.86";

/// The folder of the pinned NVRTC; installed on the first call. `ROBOCACHE_NVRTC` names another one.
pub fn nvrtc() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ROBOCACHE_NVRTC").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let environment = target().join("xtask").join("venv");
    if let Some(folder) = find(&environment) {
        return Ok(folder);
    }
    println!("installing {NVRTC} into {}", environment.display());
    let python = python()?;
    run(program(
        &python,
        &["-m", "venv", &environment.to_string_lossy()],
    ))
    .context("a virtual environment cannot be made (on Debian: apt install python3-venv)")?;
    run(program(
        environment.join("bin/python"),
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            NVRTC,
        ],
    ))?;
    find(&environment).with_context(|| format!("{NVRTC} was installed, but holds no libnvrtc"))
}

fn find(environment: &Path) -> Option<PathBuf> {
    let lib = std::fs::read_dir(environment.join("lib")).ok()?;
    lib.filter_map(Result::ok)
        .map(|python| python.path().join("site-packages/nvidia/cuda_nvrtc/lib"))
        .find(|folder| folder.join("libnvrtc.so.12").exists())
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
    bail!("Python 3.10 or newer is needed to install the kernel compiler ({NVRTC})")
}
