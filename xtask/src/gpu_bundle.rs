//! `cargo xtask gpu-bundle`: what a GPU machine without Rust and without network needs.

use crate::shell::{cargo, output, root, run as sh, target};
use crate::{bench, kernels, setup};
use anyhow::{Context, Result, ensure};
use robocache_kernels::ARCHITECTURES;
use std::path::{Path, PathBuf};
use std::process::Command;

const FEATURES: &str = "robocache-trajectory/testing,robocache-voxelize/testing,robocache-cuda/aot";

/// The packages with tests that a device says more to than a CPU or the stub driver, and those tests; each brings its
/// own images of all kernels, and bundles have to travel.
const ON_DEVICE: [(&str, &[&str]); 2] = [
    (
        "robocache-trajectory",
        &["edges", "fork", "huge", "invariants", "property"],
    ),
    (
        "robocache-voxelize",
        &["collect", "device", "edges", "property", "real_data"],
    ),
];

/// Builds and collects; `architectures`: what images are embedded of, all without it.
pub fn run(out: &Path, architectures: Option<&str>) -> Result<()> {
    check(architectures)?;
    let nvrtc = setup::nvrtc()?;
    let images = target().join("kernels");
    kernels::run(&images)?;
    let built = |mut command: Command| {
        if let Some(list) = architectures {
            command.env("ROBOCACHE_KERNEL_ARCHITECTURES", list);
        }
        command
            .env("ROBOCACHE_NVRTC", &nvrtc)
            .env("ROBOCACHE_KERNEL_IMAGES", &images)
            .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
            .env("CARGO_PROFILE_RELEASE_LTO", "off");
        command
    };
    let packages = ON_DEVICE.map(|(package, _)| ["--package", package]);
    let tests = [
        "test",
        "--release",
        "--no-run",
        "--tests",
        "--features",
        FEATURES,
    ];
    let json = ["--message-format", "json-render-diagnostics"];

    fresh(out)?;
    std::fs::create_dir(out.join("tests"))?;
    let listed = output(built(cargo(
        &[&tests[..], packages.as_flattened(), &json].concat(),
    )))?;
    for (package, name, path) in executables(&listed)? {
        let of_package = ON_DEVICE.iter().find(|(known, _)| package == *known);
        if of_package.is_some_and(|(_, tests)| tests.contains(&name.as_str())) {
            let operation = package.trim_start_matches("robocache-");
            copy(
                &path,
                &out.join("tests").join(format!("{operation}-{name}")),
            )?;
        }
    }
    sh(built(cargo(&[
        "build",
        "--release",
        "--package",
        "robocache-cli",
        "--package",
        "robocache-bench",
        "--features",
        "robocache-cli/aot,robocache-bench/aot",
    ])))?;
    sh(built(cargo(&[
        "build",
        "--release",
        "--package",
        "robocache-soak",
        "--features",
        "testing,aot",
    ])))?;
    copy(&target().join("release/robocache-soak"), &out.join("soak"))?;
    for name in ["robocache", "robocache-bench"] {
        copy(&target().join("release").join(name), &out.join(name))?;
    }
    scripts(&root().join("crates/bench/peers"), &out.join("peers"))?;
    copy(&root().join("xtask/src/gpu_bundle.sh"), &out.join("run.sh"))?;
    std::fs::write(out.join("commit"), bench::commit()?)?;
    println!("{}", out.display());
    Ok(())
}

/// Says at once what would end the builds minutes later.
fn check(architectures: Option<&str>) -> Result<()> {
    for name in architectures.iter().flat_map(|list| list.split(',')) {
        let known = ARCHITECTURES.iter().any(|arch| arch.to_string() == name);
        ensure!(
            known,
            "no image is made for {name:?}, only for {ARCHITECTURES:?}"
        );
    }
    Ok(())
}

/// Empties the folder, if it is one that this command made.
fn fresh(out: &Path) -> Result<()> {
    if out.exists() {
        let ours = out.join("run.sh").exists() || std::fs::read_dir(out)?.next().is_none();
        ensure!(
            ours,
            "{} holds something else; name an empty folder",
            out.display()
        );
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))
}

/// Package, name and path of every program in Cargo's messages.
fn executables(messages: &str) -> Result<Vec<(String, String, PathBuf)>> {
    let mut found = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let name = message["target"]["name"].as_str();
        // `path+file:///…/trajectory#robocache-trajectory@0.1.0`
        let package = message["package_id"].as_str().and_then(|id| {
            let (_, named) = id.rsplit_once('#')?;
            Some(named.split('@').next().unwrap_or(named))
        });
        if let (Some(package), Some(name), Some(path)) =
            (package, name, message["executable"].as_str())
        {
            found.push((package.to_owned(), name.to_owned(), PathBuf::from(path)));
        }
    }
    ensure!(!found.is_empty(), "cargo built no program");
    Ok(found)
}

/// The Python scripts of a folder.
fn scripts(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if let (Some("py"), Some(name)) =
            (path.extension().and_then(|e| e.to_str()), path.file_name())
        {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
