//! `cargo xtask kernels`: every source for every architecture, within its budget and made of the instructions
//! that it is for.

use crate::setup;
use anyhow::{Context, Result, bail};
use robocache_cuda::nvrtc::Compiler;
use robocache_cuda::resources::Resources;
use robocache_cuda::sass::{self, Instructions};
use robocache_kernels::{ARCHITECTURES, VARIANTS, image_name};
use robocache_registry::{Instruction, KernelEntry, VariantInfo};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Compiles all images into `out`.
pub fn run(out: &Path) -> Result<()> {
    let compiler = Compiler::open_in(&setup::nvrtc()?).map_err(anyhow::Error::msg)?;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    println!("NVRTC {} for {ARCHITECTURES:?}", compiler.version());

    let jobs: Vec<Job> = VARIANTS
        .iter()
        .flat_map(|variant| variant.entries.iter().map(move |entry| (variant, entry)))
        .flat_map(|(variant, entry)| {
            let runs_on = |arch: &&u32| variant.target.takes_capability(**arch);
            ARCHITECTURES
                .iter()
                .filter(runs_on)
                .map(move |&arch| (*variant, entry, arch))
        })
        .collect();
    let built = in_parallel(&jobs, |&(variant, entry, architecture)| {
        build(&compiler, variant, entry, architecture, out)
    });

    let mut table: BTreeMap<String, Vec<Kernel>> = BTreeMap::new();
    let (mut faults, mut bytes) = (Vec::new(), 0);
    for image in built {
        let mut image = image?;
        faults.append(&mut image.faults);
        bytes += image.bytes;
        for kernel in image.kernels {
            let kernels = table.entry(kernel.used.entry.clone()).or_default();
            kernels.push(kernel);
        }
    }
    print(&table);
    println!("{} images, {bytes} bytes, in {}", jobs.len(), out.display());
    if !faults.is_empty() {
        bail!(
            "kernels are not what registry.toml asks for:\n  {}",
            faults.join("\n  ")
        );
    }
    Ok(())
}

type Job = (&'static VariantInfo, &'static KernelEntry, u32);

struct Image {
    kernels: Vec<Kernel>,
    bytes: usize,
    faults: Vec<String>,
}

struct Kernel {
    architecture: u32,
    used: Resources,
    made_of: Instructions,
}

fn build(
    compiler: &Compiler,
    variant: &VariantInfo,
    entry: &KernelEntry,
    architecture: u32,
    out: &Path,
) -> Result<Image> {
    let source = variant.source.context("a kernel entry has a source")?;
    let target = format!("sm_{architecture}");
    let compiled = compiler.compile(source, entry, &target)?;
    let resources = Resources::parse(&compiled.log);
    let kernel = |symbol: &str| {
        let used = resources.iter().find(|r| r.entry == symbol).cloned();
        Ok(Kernel {
            architecture,
            used: used.with_context(|| format!("{} has no kernel {symbol}", source.path))?,
            made_of: Instructions::read(&compiled.image, symbol).map_err(anyhow::Error::msg)?,
        })
    };
    let symbols = entry.functions.iter().map(|function| function.symbol);
    let kernels = symbols.map(kernel).collect::<Result<Vec<_>>>()?;
    let all = kernels.iter();
    let mut faults: Vec<_> = all.flat_map(|k| k.used.excess(&variant.budget)).collect();
    let made_of: Vec<_> = kernels.iter().map(|kernel| &kernel.made_of).collect();
    faults.extend(sass::faults(&made_of, entry.name, variant));
    faults.extend(warnings(&compiled.log).map(str::to_owned));
    faults
        .iter_mut()
        .for_each(|fault| fault.insert_str(0, &format!("{target}: ")));
    let path = out.join(image_name(source, entry, architecture));
    std::fs::write(&path, &compiled.image)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Image {
        kernels,
        bytes: compiled.image.len(),
        faults,
    })
}

/// Results in the order of the jobs, worked on by as many threads as the machine has.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let worker = || {
        let mut done = Vec::new();
        while let Some((index, job)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, jobs.get(i)?)))
        {
            done.push((index, work(job)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn warnings(log: &str) -> impl Iterator<Item = &str> {
    log.lines().filter(|line| line.contains("warning"))
}

fn print(table: &BTreeMap<String, Vec<Kernel>>) {
    let heads: Vec<_> = ARCHITECTURES
        .iter()
        .map(|arch| format!("{:>7}", format!("sm_{arch}")))
        .collect();
    println!(
        "{:<32}{}  (registers)   shared  spills  instructions",
        "kernel",
        heads.concat()
    );
    for (entry, images) in table {
        let registers: Vec<_> = ARCHITECTURES
            .iter()
            .map(|arch| images.iter().find(|image| image.architecture == *arch))
            .map(|found| found.map_or(String::new(), |image| image.used.registers.to_string()))
            .map(|text| format!("{text:>7}"))
            .collect();
        let most = |field: fn(&Resources) -> u32| {
            let all = images.iter().map(|image| field(&image.used));
            all.max().unwrap_or(0)
        };
        println!(
            "{entry:<32}{}              {:>8}{:>8}  {}",
            registers.concat(),
            most(|r| r.shared_bytes),
            most(|r| r.spill_bytes),
            instructions(images)
        );
    }
}

/// The kinds of instructions that a kernel's images contain, with the architectures of those that not all contain.
fn instructions(images: &[Kernel]) -> String {
    let kinds: BTreeSet<Instruction> = images.iter().flat_map(|i| i.made_of.kinds()).collect();
    let named = |kind: Instruction| {
        let having = images.iter().filter(|i| i.made_of.count(kind) > 0);
        let having: Vec<_> = having.map(|i| format!("sm_{}", i.architecture)).collect();
        match having.len() == images.len() {
            true => kind.to_string(),
            false => format!("{kind} ({})", having.join(" ")),
        }
    };
    match kinds.is_empty() {
        true => "-".to_owned(),
        false => kinds.into_iter().map(named).collect::<Vec<_>>().join(", "),
    }
}
