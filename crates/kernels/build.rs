//! Generates the variants' constants from registry.toml, and embeds the kernel sources.

#[path = "build/registry.rs"]
mod registry;

use registry::{Registry, Target, identifier};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    let kernels = here.join("kernels");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=registry.toml");
    println!("cargo::rerun-if-changed=kernels");
    println!("cargo::rerun-if-env-changed=ROBOCACHE_KERNEL_IMAGES");
    println!("cargo::rerun-if-env-changed=ROBOCACHE_KERNEL_ARCHITECTURES");

    let text = fs::read_to_string(here.join("registry.toml")).expect("registry.toml is readable");
    let files = read_tree(&kernels);
    let is_source = |path: &str| path.ends_with(".cu") && files.contains_key(path);
    let registry = match registry::parse(&text, is_source) {
        Ok(registry) => registry,
        Err(what) => {
            for line in format!("registry.toml: {what}").lines() {
                println!("cargo::error={line}");
            }
            return ExitCode::FAILURE;
        }
    };

    let mut code = String::new();
    let sources = write_sources(&mut code, &files);
    write_variants(&mut code, &registry, &sources);
    write_devices(&mut code, &registry);
    write_images(&mut code, &registry, &sources, &here);
    let out = PathBuf::from(env::var("OUT_DIR").unwrap()).join("generated.rs");
    fs::write(out, code).expect("the output folder is writable");
    ExitCode::SUCCESS
}

/// Every file under kernels/ by its path relative to it.
fn read_tree(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("kernels/ is readable") {
            let path = entry.expect("kernels/ is readable").path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".cu") || name.ends_with(".cuh") {
                files.insert(
                    name,
                    fs::read_to_string(&path).expect("kernel sources are text"),
                );
            }
        }
    }
    files
}

/// A constant per `.cu` file and the table of headers; returns each source's constant and hash.
fn write_sources(
    code: &mut String,
    files: &BTreeMap<String, String>,
) -> BTreeMap<String, (String, String)> {
    let mut sources = BTreeMap::new();
    code.push_str("/// Every header by the name under which sources include it.\n");
    code.push_str("pub static HEADERS: &[(&str, &str)] = &[\n");
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".cuh")) {
        writeln!(code, "    ({name:?}, {text:?}),").unwrap();
    }
    code.push_str("];\n");
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".cu")) {
        let mut hasher = Sha256::new();
        let mut seen = Vec::new();
        hash_with_includes(name, files, &mut seen, &mut hasher);
        let hash: String = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let constant = format!("SOURCE_{}", identifier(name));
        writeln!(
            code,
            "static {constant}: Source = Source {{ path: {name:?}, text: {text:?}, hash: {hash:?} }};"
        )
        .unwrap();
        sources.insert(name.clone(), (constant, hash));
    }
    let all: Vec<_> = sources
        .values()
        .map(|(constant, _)| format!("&{constant}"))
        .collect();
    writeln!(
        code,
        "/// Every kernel source, by path.\npub static SOURCES: &[&Source] = &[{}];",
        all.join(", ")
    )
    .unwrap();
    sources
}

fn hash_with_includes(
    name: &str,
    files: &BTreeMap<String, String>,
    seen: &mut Vec<String>,
    hasher: &mut Sha256,
) {
    if seen.iter().any(|n| n == name) {
        return;
    }
    seen.push(name.to_owned());
    let text = files
        .get(name)
        .unwrap_or_else(|| panic!("kernels/{name} is included but missing"));
    hasher.update(name.as_bytes());
    hasher.update([0]);
    hasher.update(text.as_bytes());
    hasher.update([0]);
    for line in text.lines() {
        if let Some(rest) = line.trim().strip_prefix("#include \"") {
            hash_with_includes(rest.trim_end_matches('"'), files, seen, hasher);
        }
    }
}

fn write_variants(
    code: &mut String,
    registry: &Registry,
    sources: &BTreeMap<String, (String, String)>,
) {
    let mut slots = 0usize;
    let mut constants = Vec::new();
    for variant in &registry.variant {
        let id = &variant.id;
        let op = id.split('.').next().unwrap();
        let target = match &variant.target {
            Target::Cpu(level) => format!("Target::Cpu(CpuLevel::{level:?})"),
            Target::Cuda { min, max } => format!("Target::Cuda {{ min: {min}, max: {max:?} }}"),
        };
        let source = match &variant.source {
            Some(path) => format!("Some(&{})", sources[path].0),
            None => "None".into(),
        };
        let mut entries = String::new();
        for (name, dtype) in variant.entries() {
            let dtype = match dtype {
                Some(dtype) => format!("Some({})", dtype_constant(dtype)),
                None => "None".into(),
            };
            let mut functions = String::new();
            for (i, symbol) in variant.symbols(&name).iter().enumerate() {
                let stage = variant.stages.get(i).map_or("", String::as_str);
                write!(
                    functions,
                    "KernelFunction {{ stage: {stage:?}, symbol: {symbol:?}, slot: {slots} }}, "
                )
                .unwrap();
                slots += 1;
            }
            write!(
                entries,
                "KernelEntry {{ name: {name:?}, dtype: {dtype}, functions: &[{functions}] }}, ",
            )
            .unwrap();
        }
        let dtypes: Vec<_> = variant.dtypes.iter().map(|d| dtype_constant(d)).collect();
        let registry::Budget {
            registers,
            shared_bytes,
            spill_bytes,
        } = variant.budget.unwrap_or_default();
        let instructions = variant.instructions.iter();
        let instructions: Vec<_> = instructions.map(|i| instruction_constant(i)).collect();
        let constant = identifier(id);
        writeln!(
            code,
            "/// `{id}`: {}.\npub static {constant}: VariantInfo = VariantInfo {{ id: {id:?}, op: {op:?}, \
             summary: {:?}, target: {target}, dtypes: &[{}], source: {source}, entries: &[{entries}], \
             budget: Budget {{ registers: {registers}, shared_bytes: {shared_bytes}, spill_bytes: {spill_bytes} }}, \
             instructions: &[{}] }};",
            variant.summary,
            variant.summary,
            dtypes.join(", "),
            instructions.join(", ")
        )
        .unwrap();
        constants.push(constant);
    }
    let all: Vec<_> = constants.iter().map(|c| format!("&{c}")).collect();
    writeln!(
        code,
        "/// Every variant of registry.toml, in its order.\npub static VARIANTS: &[&VariantInfo] = &[{}];\n\
         /// How many kernels there are: one more than the largest slot.\npub const FUNCTION_COUNT: usize = {};\n\
         /// The compute capabilities that images are made for.\npub static ARCHITECTURES: &[u32] = &{:?};",
        all.join(", "),
        slots,
        registry.architectures
    )
    .unwrap();
}

/// The table of devices and what was found to be fastest on them.
fn write_devices(code: &mut String, registry: &Registry) {
    code.push_str("/// What registry.toml knows of devices.\n");
    code.push_str("pub static DEVICES: &[TunedDevice] = &[\n");
    for registry::Device {
        name,
        measured,
        choice,
    } in &registry.device
    {
        writeln!(
            code,
            "    TunedDevice {{ name: {name:?}, measured: {measured:?}, choices: &["
        )
        .unwrap();
        for registry::Choice { op, key, variant } in choice {
            writeln!(
                code,
                "        robocache_registry::tune::TunedChoice {{ op: {op:?}, key: {key:?}, variant: {variant:?} }},"
            )
            .unwrap();
        }
        code.push_str("    ] },\n");
    }
    code.push_str("];\n");
}

/// The table of images; empty without the feature `aot`. Of all architectures, or those that
/// ROBOCACHE_KERNEL_ARCHITECTURES names, separated by commas.
fn write_images(
    code: &mut String,
    registry: &Registry,
    sources: &BTreeMap<String, (String, String)>,
    here: &Path,
) {
    code.push_str("/// Images compiled ahead of time.\npub static IMAGES: &[Image] = &[\n");
    if env::var_os("CARGO_FEATURE_AOT").is_some() {
        let folder = env::var_os("ROBOCACHE_KERNEL_IMAGES")
            .map(PathBuf::from)
            .unwrap_or_else(|| here.join("../../target/kernels"));
        println!("cargo::rerun-if-changed={}", folder.display());
        let wanted = wanted_architectures(&registry.architectures);
        for variant in &registry.variant {
            let Some(path) = &variant.source else {
                continue;
            };
            let hash = &sources[path].1;
            for ((entry, _), arch) in variant.entries().flat_map(|entry| {
                let made_for = |arch: &&u32| variant.target.takes_capability(**arch);
                let architectures = wanted.iter().filter(made_for);
                architectures.map(move |arch| (entry.clone(), arch))
            }) {
                // The file's name holds the hash, so an image of other sources is a missing one.
                let file = folder.join(format!("{entry}-sm_{arch}-{}.cubin", &hash[..16]));
                let file = fs::canonicalize(&file).unwrap_or_else(|_| {
                    panic!(
                        "feature `aot`: {} is missing; run `cargo xtask kernels` first",
                        file.display()
                    )
                });
                writeln!(
                    code,
                    "    Image {{ entry: {entry:?}, architecture: {arch}, bytes: include_bytes!({:?}) }},",
                    file.display().to_string()
                )
                .unwrap();
            }
        }
    }
    code.push_str("];\n");
}

/// What ROBOCACHE_KERNEL_ARCHITECTURES names of the architectures that images are made for; all without it.
fn wanted_architectures(all: &[u32]) -> Vec<u32> {
    let Ok(names) = env::var("ROBOCACHE_KERNEL_ARCHITECTURES") else {
        return all.to_vec();
    };
    let known = |name: &str| {
        let arch = all.iter().find(|arch| arch.to_string() == name.trim());
        *arch.unwrap_or_else(|| {
            panic!("ROBOCACHE_KERNEL_ARCHITECTURES={names:?}: {name:?} is none of {all:?}")
        })
    };
    names.split(',').map(known).collect()
}

/// The types' names were checked when the registry was read.
fn dtype_constant(name: &str) -> String {
    format!("DType::{}", registry::dtype_constant(name).unwrap())
}

fn instruction_constant(name: &str) -> String {
    format!(
        "Instruction::{}",
        registry::instruction_constant(name).unwrap()
    )
}
