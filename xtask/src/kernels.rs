//! `cargo xtask kernels`: every source for every architecture, within its budget.

use crate::setup;
use anyhow::{Context, Result, bail};
use robocache_cuda::nvrtc::Compiler;
use robocache_cuda::resources::Resources;
use robocache_kernels::{ARCHITECTURES, VARIANTS, image_name};
use std::collections::BTreeMap;
use std::path::Path;

/// Compiles all images into `out`.
pub fn run(out: &Path) -> Result<()> {
    let compiler = Compiler::open_in(&setup::nvrtc()?).map_err(anyhow::Error::msg)?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    println!("NVRTC {} for {ARCHITECTURES:?}", compiler.version());

    let mut table: BTreeMap<String, Vec<Resources>> = BTreeMap::new();
    let (mut faults, mut images, mut bytes) = (Vec::new(), 0, 0);
    for (variant, entry) in VARIANTS
        .iter()
        .flat_map(|v| v.entries.iter().map(move |e| (v, e)))
    {
        let source = variant.source.context("a kernel entry has a source")?;
        for &architecture in ARCHITECTURES {
            let target = format!("sm_{architecture}");
            let compiled = compiler.compile(source, entry, &target)?;
            faults.extend(warnings(&compiled.log).map(|line| format!("{target}: {line}")));
            let resources = Resources::parse(&compiled.log);
            let used = resources.into_iter().find(|r| r.entry == entry.name);
            let used =
                used.with_context(|| format!("{} has no entry {}", source.path, entry.name))?;
            faults.extend(
                used.excess(&variant.budget)
                    .iter()
                    .map(|line| format!("{target}: {line}")),
            );
            table.entry(used.entry.clone()).or_default().push(used);
            bytes += compiled.image.len();
            images += 1;
            let path = out.join(image_name(source, entry, architecture));
            std::fs::write(&path, &compiled.image)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    print(&table);
    println!("{images} images, {bytes} bytes, in {}", out.display());
    if !faults.is_empty() {
        bail!(
            "kernels exceed their budgets in registry.toml:\n  {}",
            faults.join("\n  ")
        );
    }
    Ok(())
}

fn warnings(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains("warning"))
}

fn print(table: &BTreeMap<String, Vec<Resources>>) {
    let heads: Vec<_> = ARCHITECTURES
        .iter()
        .map(|arch| format!("{:>7}", format!("sm_{arch}")))
        .collect();
    println!(
        "{:<32}{}  (registers)   shared  spills",
        "entry",
        heads.concat()
    );
    for (entry, resources) in table {
        let registers: Vec<_> = resources
            .iter()
            .map(|r| format!("{:>7}", r.registers))
            .collect();
        let most = |field: fn(&Resources) -> u32| resources.iter().map(field).max().unwrap_or(0);
        println!(
            "{entry:<32}{}              {:>8}{:>8}",
            registers.concat(),
            most(|r| r.shared_bytes),
            most(|r| r.spill_bytes)
        );
    }
}
