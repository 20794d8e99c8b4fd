//! From a kernel source to a function of this machine.

use super::cache;
use super::run::Kernel;
use super::source::rewritten;
use robocache_kernels::{HEADERS, VARIANTS, element_name};
use robocache_registry::{KernelEntry, Source};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What CUDA C++ has beyond C++: the headers of this package.
const SHIM: [(&str, &str); 6] = [
    ("emulate/block.h", include_str!("../../emulate/block.h")),
    ("emulate/entry.h", include_str!("../../emulate/entry.h")),
    (
        "emulate/language.h",
        include_str!("../../emulate/language.h"),
    ),
    (
        "emulate/schedule.h",
        include_str!("../../emulate/schedule.h"),
    ),
    ("emulate/switch.h", include_str!("../../emulate/switch.h")),
    ("emulate/warp.h", include_str!("../../emulate/warp.h")),
];
/// The header of the kernels that the emulation replaces, and by what.
const PTX: (&str, &str) = ("common/ptx.cuh", include_str!("../../emulate/ptx.cuh"));

const FLAGS: &[&str] = &[
    "-std=c++17",
    "-O1",
    "-fPIC",
    "-shared",
    "-w",
    "-fvisibility=hidden",
    // As on a GPU: nothing is fused, and integers wrap.
    "-ffp-contract=off",
    "-fwrapv",
    // Kernels look at the same bytes as chunks and as elements.
    "-fno-strict-aliasing",
    // A GPU takes no address that is not aligned; block.h is told of one.
    "-fsanitize=alignment",
    // Which is why the library that comes with it is of no use.
    "-Wl,--as-needed",
    // Nothing may unwind or look through the stacks that are switched.
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-stack-protector",
    "-U_FORTIFY_SOURCE",
];

/// What to compile: a source, and what its macros stand for.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// The path under which errors name the source.
    pub path: &'a str,
    /// The source. It may include the headers of the kernels.
    pub text: &'a str,
    /// What `ENTRY` stands for: the kernel, or how the names of several begin.
    pub entry: &'a str,
    /// What `ELEMENT` stands for.
    pub element: &'a str,
}

impl<'a> Unit<'a> {
    fn of(source: &'a Source, entry: &'a KernelEntry) -> Unit<'a> {
        Unit {
            path: source.path,
            text: source.text,
            entry: entry.name,
            element: element_name(entry.dtype),
        }
    }

    /// Compiles and loads it, or takes what was kept of an earlier time: the kernels of these symbols. It stays
    /// loaded.
    ///
    /// # Errors
    /// In words: that there is no C++ compiler, or what it says to the source.
    pub fn compile(&self, symbols: &[&str]) -> Result<Vec<Kernel>, String> {
        let compiler = Compiler::found()?;
        let files = self.files(symbols);
        let path = cache::library(self.entry, &[&compiler.identity], &files, |folder, to| {
            compiler.run(folder, to)
        })?;
        // SAFETY: compiled from sources of ours, with the functions that `Kernel` asks for.
        unsafe { Kernel::load(symbols, &path) }
    }

    /// All that the compiler reads, by path; `main.cpp` is where it begins.
    fn files(&self, symbols: &[&str]) -> Vec<(&str, String)> {
        let headers = HEADERS.iter().filter(|(path, _)| *path != PTX.0);
        let mut files: Vec<_> = headers
            .chain(&SHIM)
            .chain([&PTX])
            .map(|&(path, text)| (path, rewritten(text)))
            .collect();
        let Unit {
            path,
            text,
            entry,
            element,
        } = self;
        files.push((path, rewritten(text)));
        let found: String = symbols.iter().map(|s| format!("EMULATED({s})\n")).collect();
        let main = format!(
            "#include \"emulate/language.h\"\n#define ENTRY {entry}\n#define ELEMENT {element}\n\
             #include \"{path}\"\n#include \"emulate/entry.h\"\n{found}"
        );
        files.push(("main.cpp", main));
        files
    }
}

/// The C++ compiler of this machine.
struct Compiler {
    /// The program and its first arguments.
    words: Vec<String>,
    /// What it says of itself, with our flags: another compiler makes another library.
    identity: String,
}

impl Compiler {
    /// `$CXX`, else `c++`; looked for once.
    fn found() -> Result<&'static Compiler, String> {
        static COMPILER: OnceLock<Result<Compiler, String>> = OnceLock::new();
        COMPILER
            .get_or_init(|| {
                let name = std::env::var("CXX").ok().filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| "c++".to_owned());
                let words: Vec<_> = name.split_whitespace().map(str::to_owned).collect();
                let missing = |what: String| {
                    format!(
                        "kernels are emulated with a C++ compiler, and {name} (from CXX, else c++) \
                         does not work: {what}"
                    )
                };
                let version = command(&words).arg("--version").output();
                let version = version.map_err(|error| missing(error.to_string()))?;
                if !version.status.success() {
                    return Err(missing(format!("--version ends with {}", version.status)));
                }
                let version = String::from_utf8_lossy(&version.stdout).into_owned();
                let identity = format!("{name}\n{version}\n{}", FLAGS.join(" "));
                Ok(Compiler { words, identity })
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Compiles `main.cpp` of a folder.
    fn run(&self, folder: &Path, to: &Path) -> Result<(), String> {
        let mut command = command(&self.words);
        command.current_dir(folder).args(FLAGS).arg("-I.");
        command.arg("main.cpp").arg("-o").arg(to);
        let output = command
            .output()
            .map_err(|error| format!("{}: {error}", self.words[0]))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "{} ends with {}:\n{}",
            self.words[0],
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// A command whose messages are in English, whatever the user speaks.
fn command(words: &[String]) -> Command {
    let (program, arguments) = words
        .split_first()
        .map_or(("c++", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C");
    command
}

type Kernels = HashMap<&'static str, Kernel>;

/// The kernel of a symbol of registry.toml. The first call compiles all of them, on as many threads as the
/// machine has, unless they are still there from an earlier process.
///
/// # Errors
/// In words, as [`ready`]; that there is no such kernel.
pub fn kernel(symbol: &str) -> Result<&'static Kernel, String> {
    let all = kernels()?;
    all.get(symbol)
        .ok_or_else(|| format!("registry.toml has no kernel {symbol}"))
}

/// Whether kernels can be emulated here.
///
/// # Errors
/// In words: that there is no C++ compiler, or what it says to a kernel.
pub fn ready() -> Result<(), &'static str> {
    kernels().map(|_| ())
}

fn kernels() -> Result<&'static Kernels, &'static str> {
    static KERNELS: OnceLock<Result<Kernels, String>> = OnceLock::new();
    let all = KERNELS.get_or_init(|| {
        let jobs: Vec<_> = VARIANTS
            .iter()
            .filter_map(|variant| Some((variant.source?, variant.entries)))
            .flat_map(|(source, entries)| entries.iter().map(move |entry| (source, entry)))
            .collect();
        compile_all(&jobs)
    });
    all.as_ref().map_err(String::as_str)
}

fn compile_all(jobs: &[(&'static Source, &'static KernelEntry)]) -> Result<Kernels, String> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(&(source, entry)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let symbols: Vec<_> = entry.functions.iter().map(|f| f.symbol).collect();
            match Unit::of(source, entry).compile(&symbols) {
                Ok(kernels) => done.extend(symbols.into_iter().zip(kernels).map(Ok)),
                Err(error) => done.push(Err(error)),
            }
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let done = workers.into_iter().flat_map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.collect()
    })
}
