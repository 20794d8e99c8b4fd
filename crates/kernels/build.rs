//! Generates the variants' constants from registry.toml, and embeds the kernel sources.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    architectures: Vec<u32>,
    variant: Vec<Variant>,
    #[serde(default)]
    device: Vec<Device>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    name: String,
    measured: Option<String>,
    #[serde(default)]
    choice: Vec<Choice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    op: String,
    key: String,
    variant: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    id: String,
    summary: String,
    target: Target,
    dtypes: Vec<String>,
    source: Option<String>,
    entry: Option<String>,
    budget: Option<Budget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Target {
    Cpu(CpuLevel),
    Cuda { min: u32, max: Option<u32> },
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum CpuLevel {
    Scalar,
    Avx2,
    Avx512,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Budget {
    registers: u32,
    shared_bytes: u32,
    #[serde(default)]
    spill_bytes: u32,
}

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap());
    let kernels = here.join("kernels");
    println!("cargo::rerun-if-changed=registry.toml");
    println!("cargo::rerun-if-changed=kernels");
    println!("cargo::rerun-if-env-changed=ROBOCACHE_KERNEL_IMAGES");

    let text = fs::read_to_string(here.join("registry.toml")).expect("registry.toml is readable");
    let registry: Registry = toml::from_str(&text).unwrap_or_else(|e| panic!("registry.toml: {e}"));
    let files = read_tree(&kernels);

    let mut code = String::new();
    let sources = write_sources(&mut code, &files);
    write_variants(&mut code, &registry, &sources);
    write_devices(&mut code, &registry);
    write_images(&mut code, &registry, &sources, &here);
    let out = PathBuf::from(env::var("OUT_DIR").unwrap()).join("generated.rs");
    fs::write(out, code).expect("the output folder is writable");
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
    let mut names: Vec<String> = Vec::new();
    let mut constants = Vec::new();
    for variant in &registry.variant {
        let id = &variant.id;
        let op = id.split('.').next().unwrap();
        assert!(
            id.split('.').count() == 3,
            "registry.toml: {id:?} is not <operation>.<idea>.<target>"
        );
        let (target, is_cuda) = match &variant.target {
            Target::Cpu(level) => (format!("Target::Cpu(CpuLevel::{level:?})"), false),
            Target::Cuda { min, max } => {
                (format!("Target::Cuda {{ min: {min}, max: {max:?} }}"), true)
            }
        };
        let complete =
            variant.source.is_some() && variant.entry.is_some() && variant.budget.is_some();
        let bare = variant.source.is_none() && variant.entry.is_none() && variant.budget.is_none();
        assert!(
            if is_cuda { complete } else { bare },
            "registry.toml: {id} needs source, entry and budget exactly if it is for CUDA"
        );
        let source = match &variant.source {
            Some(path) => {
                let found = sources
                    .get(path)
                    .unwrap_or_else(|| panic!("registry.toml: {id}: no kernels/{path}"));
                format!("Some(&{})", found.0)
            }
            None => "None".into(),
        };
        let mut entries = String::new();
        if let Some(pattern) = &variant.entry {
            for dtype in &variant.dtypes {
                let name = pattern.replace("{dtype}", dtype);
                let slot = names.len();
                assert!(
                    !names.contains(&name),
                    "registry.toml: the entry {name} is there twice"
                );
                write!(
                    entries,
                    "KernelEntry {{ name: {name:?}, dtype: {}, slot: {slot} }}, ",
                    dtype_constant(id, dtype)
                )
                .unwrap();
                names.push(name);
            }
        }
        let dtypes: Vec<_> = variant
            .dtypes
            .iter()
            .map(|d| dtype_constant(id, d))
            .collect();
        let Budget {
            registers,
            shared_bytes,
            spill_bytes,
        } = variant.budget.as_ref().unwrap_or(&Budget {
            registers: 0,
            shared_bytes: 0,
            spill_bytes: 0,
        });
        let constant = identifier(id);
        writeln!(
            code,
            "/// `{id}`: {}.\npub static {constant}: VariantInfo = VariantInfo {{ id: {id:?}, op: {op:?}, \
             summary: {:?}, target: {target}, dtypes: &[{}], source: {source}, entries: &[{entries}], \
             budget: Budget {{ registers: {registers}, shared_bytes: {shared_bytes}, spill_bytes: {spill_bytes} }} }};",
            variant.summary,
            variant.summary,
            dtypes.join(", ")
        )
        .unwrap();
        assert!(
            !constants.contains(&constant),
            "registry.toml: {id} is there twice"
        );
        constants.push(constant);
    }
    let all: Vec<_> = constants.iter().map(|c| format!("&{c}")).collect();
    writeln!(
        code,
        "/// Every variant of registry.toml, in its order.\npub static VARIANTS: &[&VariantInfo] = &[{}];\n\
         /// How many entry points there are: one more than the largest slot.\npub const ENTRY_COUNT: usize = {};\n\
         /// The compute capabilities that images are made for.\npub static ARCHITECTURES: &[u32] = &{:?};",
        all.join(", "),
        names.len(),
        registry.architectures
    )
    .unwrap();
}

/// The table of devices and what was found to be fastest on them.
fn write_devices(code: &mut String, registry: &Registry) {
    code.push_str(
        "/// What registry.toml knows of devices.\npub static DEVICES: &[TunedDevice] = &[\n",
    );
    for Device {
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
        for Choice { op, key, variant } in choice {
            assert!(
                registry.variant.iter().any(|v| v.id == *variant) && measured.is_some(),
                "registry.toml: the device {name:?} chooses {variant:?}, which there is not, or which \
                 nobody has measured"
            );
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

/// The table of images; empty without the feature `aot`.
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
        for variant in &registry.variant {
            let (Some(path), Some(pattern)) = (&variant.source, &variant.entry) else {
                continue;
            };
            let hash = &sources[path].1;
            for (dtype, arch) in variant
                .dtypes
                .iter()
                .flat_map(|d| registry.architectures.iter().map(move |a| (d, a)))
            {
                let entry = pattern.replace("{dtype}", dtype);
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

fn identifier(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

fn dtype_constant(id: &str, dtype: &str) -> String {
    let constant = match dtype {
        "f16" => "F16",
        "bf16" => "Bf16",
        "f32" => "F32",
        "f64" => "F64",
        "u8" => "U8",
        "i16" => "I16",
        "i32" => "I32",
        "i64" => "I64",
        other => panic!("registry.toml: {id}: there is no type {other:?}"),
    };
    format!("DType::{constant}")
}
