//! `cargo xtask test`: everything that can be checked on this machine.

use crate::shell::{cargo, output, program, run as sh, target};
use crate::{fuzz, kernels, packages, setup};
use anyhow::{Context, Result, ensure};
use std::process::Command;
use std::time::Instant;

/// Runs every check, and stops at the first that fails.
pub fn run() -> Result<()> {
    let nvrtc = setup::nvrtc()?;
    let scipy = setup::scipy()?;
    let images = target().join("kernels");
    let with = |mut command: Command| {
        command.env("ROBOCACHE_NVRTC", &nvrtc);
        command.env("ROBOCACHE_KERNEL_IMAGES", &images);
        // A cache of our own: tests must not pass because of what some earlier build left.
        command.env("ROBOCACHE_CACHE_DIR", target().join("xtask/cache"));
        command.env("ROBOCACHE_REQUIRE_NVRTC", "1");
        if let Some(python) = &scipy {
            command.env("ROBOCACHE_PYTHON", python);
            command.env("ROBOCACHE_REQUIRE_SCIPY", "1");
        }
        command
    };
    let mut steps = Steps::default();
    steps.step("format", || sh(cargo(&["fmt", "--all", "--", "--check"])))?;
    steps.step("kernels as registry.toml has them", || {
        kernels::run(&images)
    })?;
    steps.step("lints", || {
        sh(with(cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            TESTING,
            "--",
            "-D",
            "warnings",
        ])))
    })?;
    steps.step("tests", || {
        sh(with(cargo(&["test", "--workspace", "--features", TESTING])))
    })?;
    steps.step("fuzzing", fuzzing)?;
    steps.step("documentation", || {
        let mut command = with(cargo(&["doc", "--workspace", "--no-deps"]));
        command.env("RUSTDOCFLAGS", "-D warnings");
        sh(command)
    })?;
    steps.step("without CUDA", without_cuda)?;
    steps.step("with embedded kernels", || {
        let features = format!("{TESTING},robocache-cli/aot");
        sh(with(cargo(&[
            "check",
            "--workspace",
            "--features",
            &features,
        ])))?;
        links_no_cuda()
    })?;
    steps.step("packages build on their own", || packages::check(&with))?;
    steps.report();
    Ok(())
}

/// Random cases and oracles are compiled into the operation crates for their tests.
const TESTING: &str = "robocache-trajectory/testing,robocache-voxelize/testing";

/// Seconds for each target: enough to replay what is kept and to see that all of it still works.
const FUZZ_SECONDS: u64 = 6;

/// Format, lints and tests of the fuzz package, whose workspace is another, and a short run of each
/// target.
fn fuzzing() -> Result<()> {
    let manifest = ["--manifest-path", "fuzz/Cargo.toml"];
    sh(cargo(&["fmt", manifest[0], manifest[1], "--", "--check"]))?;
    fuzz::check()?;
    fuzz::all(FUZZ_SECONDS)
}

fn without_cuda() -> Result<()> {
    sh(cargo(&[
        "check",
        "--package",
        "robocache-trajectory",
        "--no-default-features",
    ]))?;
    sh(cargo(&[
        "check",
        "--package",
        "robocache-cli",
        "--no-default-features",
    ]))?;
    let tree = output(cargo(&[
        "tree",
        "--package",
        "robocache-trajectory",
        "--no-default-features",
        "--edges",
        "normal,build",
    ]))?;
    ensure!(
        !tree.contains("cudarc"),
        "robocache-trajectory without `cuda` depends on cudarc:\n{tree}"
    );
    Ok(())
}

fn links_no_cuda() -> Result<()> {
    let command = target().join("debug/robocache");
    let libraries = output(program("ldd", &[&command.to_string_lossy()]))?;
    let linked = libraries
        .lines()
        .find(|line| line.contains("cuda") || line.contains("nvrtc"));
    ensure!(
        linked.is_none(),
        "{} is linked against {}",
        command.display(),
        linked.unwrap_or("")
    );
    Ok(())
}

#[derive(Default)]
struct Steps(Vec<(&'static str, f64)>);

impl Steps {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n== {name}");
        let start = Instant::now();
        work().with_context(|| name.to_owned())?;
        self.0.push((name, start.elapsed().as_secs_f64()));
        Ok(())
    }

    fn report(&self) {
        println!("\nall checks passed");
        for (name, seconds) in &self.0 {
            println!("  {seconds:>7.1} s  {name}");
        }
        println!(
            "  {:>7.1} s  together",
            self.0.iter().map(|(_, seconds)| seconds).sum::<f64>()
        );
        if std::env::var_os("ROBOCACHE_REAL_DATA").is_none() {
            println!(
                "skipped: tests on real files of datasets; ROBOCACHE_REAL_DATA does not name their folder"
            );
        }
        if !std::path::Path::new("/dev/nvidiactl").exists() {
            println!(
                "skipped: tests on a GPU; this machine has none (see `cargo xtask gpu-bundle`)"
            );
        }
    }
}
