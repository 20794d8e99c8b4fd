//! What registry.toml says, and whether it can be true.
//!
//! A module of the build script; the fuzzer includes it too. No text makes it panic: what is wrong is
//! an error that names the variant and the field.

use serde::Deserialize;
use std::collections::HashSet;

/// The file.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Compute capabilities that images are made for.
    pub architectures: Vec<u32>,
    /// Every variant, in the file's order.
    pub variant: Vec<Variant>,
    /// What is known of devices.
    #[serde(default)]
    pub device: Vec<Device>,
}

/// A model of device.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What its driver calls it.
    pub name: String,
    /// With what its choices were measured; nobody has measured it without.
    pub measured: Option<String>,
    /// What was found to be fastest.
    #[serde(default)]
    pub choice: Vec<Choice>,
}

/// The fastest variant for some problems.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The operation.
    pub op: String,
    /// The problems, in the words of their key.
    pub key: String,
    /// The id.
    pub variant: String,
}

/// One variant.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// `<operation>.<idea>.<target>`.
    pub id: String,
    /// The idea, in one line.
    pub summary: String,
    /// Where it can run.
    pub target: Target,
    /// Names of the element types it takes.
    pub dtypes: Vec<String>,
    /// For CUDA: the file under kernels/.
    pub source: Option<String>,
    /// For CUDA: the symbol, with `{dtype}` for the element type; without, one entry is for all.
    pub entry: Option<String>,
    /// For CUDA, where one kernel is not enough: the names of its kernels.
    #[serde(default)]
    pub stages: Vec<String>,
    /// For CUDA: what a compiled entry may use.
    pub budget: Option<Budget>,
    /// For CUDA: names of the instructions that the code of a compiled entry must contain.
    #[serde(default)]
    pub instructions: Vec<String>,
}

/// The devices that a variant can run on.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Target {
    /// A CPU with at least these instructions.
    Cpu(CpuLevel),
    /// CUDA devices of these compute capabilities.
    Cuda {
        /// The lowest.
        min: u32,
        /// The highest, if there is one.
        max: Option<u32>,
    },
}

impl Target {
    /// Whether devices of a compute capability are among these.
    pub fn takes_capability(&self, capability: u32) -> bool {
        match *self {
            Target::Cpu(_) => false,
            Target::Cuda { min, max } => {
                min <= capability && max.is_none_or(|max| capability <= max)
            }
        }
    }
}

/// Instruction sets.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum CpuLevel {
    /// Plain Rust.
    Scalar,
    /// AVX2 and F16C.
    Avx2,
    /// AVX-512.
    Avx512,
}

/// What a compiled entry may use.
#[derive(Deserialize, Debug, Default, Clone, Copy)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Registers per thread.
    pub registers: u32,
    /// Static shared memory, bytes per block.
    pub shared_bytes: u32,
    /// Spills, bytes per thread.
    #[serde(default)]
    pub spill_bytes: u32,
}

/// The element types: their names, and what the constants of `DType` are called.
const DTYPES: [(&str, &str); 8] = [
    ("f16", "F16"),
    ("bf16", "Bf16"),
    ("f32", "F32"),
    ("f64", "F64"),
    ("u8", "U8"),
    ("i16", "I16"),
    ("i32", "I32"),
    ("i64", "I64"),
];

/// The instructions that a variant can ask for: their names, and what the constants of `Instruction` are
/// called.
const INSTRUCTIONS: [(&str, &str); 4] = [
    ("load128", "Load128"),
    ("store128", "Store128"),
    ("async_copy", "AsyncCopy"),
    ("bulk_copy", "BulkCopy"),
];

/// The registry in a text; `has_source` says whether there is a file of that path under kernels/.
///
/// # Errors
/// What is wrong, for whoever wrote the text.
pub fn parse(text: &str, has_source: impl Fn(&str) -> bool) -> Result<Registry, String> {
    let registry: Registry = toml::from_str(text).map_err(|error| format!("{error}"))?;
    if let Some(twice) = first_twice(&registry.architectures) {
        return Err(format!("architectures: {twice} is there twice"));
    }
    let (mut constants, mut symbols) = (HashSet::new(), HashSet::new());
    for variant in &registry.variant {
        let fault = |field: &str, what: String| Err(format!("{}: {field}: {what}", named(variant)));
        if let Err(what) = check_id(&variant.id) {
            return fault("id", what);
        }
        if !constants.insert(identifier(&variant.id)) {
            return fault("id", "another variant has the same constant".into());
        }
        // It becomes the line of a doc comment.
        if variant.summary.trim().is_empty() || variant.summary.contains(char::is_control) {
            return fault("summary", "expected one line of text".into());
        }
        if let Target::Cuda {
            min,
            max: Some(max),
        } = variant.target
            && max < min
        {
            return fault("target", format!("max = {max} is below min = {min}"));
        }
        if let Err(what) = check_dtypes(&variant.dtypes) {
            return fault("dtypes", what);
        }
        if let Err(what) = check_instructions(&variant.instructions) {
            return fault("instructions", what);
        }
        let is_cuda = matches!(variant.target, Target::Cuda { .. });
        for (field, is_there) in [
            ("source", variant.source.is_some()),
            ("entry", variant.entry.is_some()),
            ("budget", variant.budget.is_some()),
        ] {
            match (is_cuda, is_there) {
                (true, false) => return fault(field, "missing; a variant for CUDA has one".into()),
                (false, true) => return fault(field, "only a variant for CUDA has one".into()),
                _ => {}
            }
        }
        if let Err(what) = check_stages(&variant.stages) {
            return fault("stages", what);
        }
        if !is_cuda && !variant.stages.is_empty() {
            return fault("stages", "only a variant for CUDA has some".into());
        }
        if !is_cuda && !variant.instructions.is_empty() {
            return fault("instructions", "only a variant for CUDA has some".into());
        }
        if let Some(path) = variant.source.as_deref().filter(|path| !has_source(path)) {
            return fault("source", format!("there is no kernels/{path}"));
        }
        for (entry, _) in variant.entries() {
            if !is_symbol(&entry) {
                return fault("entry", format!("{entry:?} is no symbol of C"));
            }
            for symbol in variant.symbols(&entry) {
                if !symbols.insert(symbol.clone()) {
                    return fault("entry", format!("the entry {symbol} is there twice"));
                }
            }
        }
    }
    check_devices(&registry)?;
    Ok(registry)
}

fn check_devices(registry: &Registry) -> Result<(), String> {
    let mut names = HashSet::new();
    for device in &registry.device {
        let fault = |what: String| Err(format!("device {:?}: {what}", device.name));
        if device.name.trim().is_empty() || !names.insert(&device.name) {
            return fault("expected a name of its own".into());
        }
        if device.measured.is_none() && !device.choice.is_empty() {
            return fault("choices, but nobody has measured".into());
        }
        let mut problems = HashSet::new();
        for Choice { op, key, variant } in &device.choice {
            let is_known = registry.variant.iter().any(|v| v.id == *variant);
            if !is_known || variant.split('.').next() != Some(op) {
                return fault(format!("{op} has no variant {variant:?}"));
            }
            if !problems.insert((op, key)) {
                return fault(format!("two choices for {op} {key:?}"));
            }
        }
    }
    Ok(())
}

impl Variant {
    /// The name of each entry with the element type it is for, if it is not for all; none for the CPU.
    pub fn entries(&self) -> impl Iterator<Item = (String, Option<&str>)> {
        self.entry.iter().flat_map(|pattern| {
            let types: Vec<Option<&str>> = match pattern.contains("{dtype}") {
                true => self
                    .dtypes
                    .iter()
                    .map(|dtype| Some(dtype.as_str()))
                    .collect(),
                false => vec![None],
            };
            types.into_iter().map(move |dtype| {
                let name = pattern.replace("{dtype}", dtype.unwrap_or_default());
                (name, dtype)
            })
        })
    }

    /// The symbols of an entry's kernels: its name, or that with each stage behind it.
    pub fn symbols(&self, entry: &str) -> Vec<String> {
        match self.stages.is_empty() {
            true => vec![entry.to_owned()],
            false => {
                let stages = self.stages.iter();
                stages.map(|stage| format!("{entry}_{stage}")).collect()
            }
        }
    }
}

/// The name of the constant for a variant, or for a source file.
pub fn identifier(name: &str) -> String {
    name.chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_uppercase(),
            false => '_',
        })
        .collect()
}

/// The constant of `DType` for an element type's name.
pub fn dtype_constant(name: &str) -> Option<&'static str> {
    let found = DTYPES.iter().find(|(dtype, _)| *dtype == name);
    found.map(|(_, constant)| *constant)
}

/// The constant of `Instruction` for its name.
pub fn instruction_constant(name: &str) -> Option<&'static str> {
    let found = INSTRUCTIONS
        .iter()
        .find(|(instruction, _)| *instruction == name);
    found.map(|(_, constant)| *constant)
}

/// A variant, in a message.
fn named(variant: &Variant) -> String {
    match variant.id.is_empty() {
        true => "a variant without id".into(),
        false => variant.id.escape_debug().to_string(),
    }
}

fn check_id(id: &str) -> Result<(), String> {
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
    };
    if id.split('.').count() == 3 && id.split('.').all(is_word) {
        return Ok(());
    }
    Err("expected <operation>.<idea>.<target>, each of a-z, 0-9 and _".into())
}

fn check_dtypes(dtypes: &[String]) -> Result<(), String> {
    if dtypes.is_empty() {
        return Err("expected at least one type".into());
    }
    if let Some(unknown) = dtypes.iter().find(|name| dtype_constant(name).is_none()) {
        return Err(format!("there is no type {unknown:?}"));
    }
    match first_twice(dtypes) {
        Some(twice) => Err(format!("{twice} is there twice")),
        None => Ok(()),
    }
}

fn check_stages(names: &[String]) -> Result<(), String> {
    let is_word = |name: &&String| !name.is_empty() && is_symbol(&format!("_{name}"));
    if let Some(wrong) = names.iter().find(|name| !is_word(name)) {
        return Err(format!("{wrong:?} cannot end a symbol of C"));
    }
    match first_twice(names) {
        Some(twice) => Err(format!("{twice} is there twice")),
        None => Ok(()),
    }
}

fn check_instructions(names: &[String]) -> Result<(), String> {
    let is_unknown = |name: &&String| instruction_constant(name).is_none();
    if let Some(unknown) = names.iter().find(is_unknown) {
        let known = INSTRUCTIONS.map(|(name, _)| name).join(", ");
        return Err(format!("expected some of {known}; found {unknown:?}"));
    }
    match first_twice(names) {
        Some(twice) => Err(format!("{twice} is there twice")),
        None => Ok(()),
    }
}

fn is_symbol(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn first_twice<T: std::hash::Hash + Eq>(items: &[T]) -> Option<&T> {
    let mut seen = HashSet::new();
    items.iter().find(|item| !seen.insert(*item))
}
