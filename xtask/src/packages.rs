//! Whether what would be published builds from its packages alone.

use crate::shell::{cargo, program, run as sh, target};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that are published.
const PUBLISHED: &[&str] = &[
    "robocache-core",
    "robocache-registry",
    "robocache-kernels",
    "robocache-cuda",
    "robocache-testkit",
    "robocache-trajectory",
    "robocache-voxelize",
    "robocache",
    "robocache-io",
    "robocache-cli",
];

/// Packs every published crate, and builds each from its package alone.
pub fn check(with: &dyn Fn(Command) -> Command) -> Result<()> {
    let folder = target().join("packages");
    forget_earlier_packages(&folder)?;
    let mut arguments = vec!["package", "--allow-dirty", "--quiet"];
    for name in PUBLISHED {
        arguments.extend(["--package", name]);
    }
    let command = cargo(&arguments);
    sh(with(built_in(command, &folder)))?;
    kernels(&folder, with)
}

/// There, and without what only debuggers read: nothing of it is run.
fn built_in(mut command: Command, folder: &Path) -> Command {
    command.env("CARGO_TARGET_DIR", folder);
    command.env("CARGO_PROFILE_DEV_DEBUG", "none");
    command
}

/// Cargo takes a package of a name and version for what it unpacked and built of that name and version
/// before, and does not look whether it has changed since.
fn forget_earlier_packages(folder: &Path) -> Result<()> {
    let ours = |name: &str| PUBLISHED.iter().any(|ours| name.starts_with(ours));
    for unpacked in entries(&cargo_home()?.join("registry/src"), &|name| {
        // Where packages are unpacked that came from no registry: the name of its host is empty.
        name.starts_with('-')
    })? {
        remove(&unpacked, &ours)?;
    }
    remove(&folder.join("debug/.fingerprint"), &ours)?;
    remove(folder, &|name| name == "package")
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("neither CARGO_HOME nor a home folder is set")?;
    Ok(home.join(".cargo"))
}

/// What lies in a folder under a name of that sort; nothing if there is no such folder.
fn entries(folder: &Path, named: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.exists() {
        let listing = std::fs::read_dir(folder)
            .with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in listing {
            let entry = entry?;
            if named(&entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

fn remove(folder: &Path, named: &dyn Fn(&str) -> bool) -> Result<()> {
    for path in entries(folder, named)? {
        std::fs::remove_dir_all(&path)
            .with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// The kernels' package, outside of the workspace, embeds its images: their names carry the hash of
/// what they were compiled from, so the package holds every source and header as it was compiled.
fn kernels(folder: &Path, with: &dyn Fn(Command) -> Command) -> Result<()> {
    let outside = tempfile::tempdir()?;
    let mut patches = Vec::new();
    for name in ["robocache-core", "robocache-registry", "robocache-kernels"] {
        let packed = format!("package/{name}-{}", env!("CARGO_PKG_VERSION"));
        let to = outside.path().join(name);
        sh(program(
            "cp",
            &[
                "-r",
                &folder.join(packed).to_string_lossy(),
                &to.to_string_lossy(),
            ],
        ))?;
        patches.push(format!("patch.crates-io.{name}.path='{}'", to.display()));
    }
    let manifest = outside.path().join("robocache-kernels/Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let mut command = cargo(&["build", "--features", "aot", "--manifest-path", &manifest]);
    for patch in &patches[..2] {
        command.args(["--config", patch]);
    }
    sh(with(built_in(command, &folder.join("kernels"))))
}
