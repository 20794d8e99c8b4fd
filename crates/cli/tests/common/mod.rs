//! Running the command, and what its results are held against.

#![allow(dead_code)] // Each test program uses a part of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the command did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The command, not yet run, with no settings of this machine's user.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_robocache"));
    command
        .args(args)
        .env_remove("RUST_LOG")
        .env_remove("ROBOCACHE_FORCE_VARIANT")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn finish(mut command: Command) -> Ran {
    let output = command.output().expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code().expect("an exit code, not a signal"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

pub fn run(args: &[&str]) -> Ran {
    finish(command(args))
}

/// Runs it and expects success.
#[track_caller]
pub fn succeed(args: &[&str]) -> Ran {
    let ran = run(args);
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    ran
}

/// Runs it and expects a failure whose message holds all of these words and no panic.
#[track_caller]
pub fn fail(args: &[&str], code: i32, words: &[&str]) {
    let ran = run(args);
    assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{args:?}: errors go to stderr");
    for word in words {
        assert!(
            ran.stderr.contains(word),
            "{word:?} is not in: {}",
            ran.stderr
        );
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

/// A folder of its own for a test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file in it, as an argument.
    pub fn at(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Writes a file and returns its path.
    pub fn put(&self, name: &str, text: &str) -> String {
        let path = self.at(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

/// Resamples a text by its column t at 10 Hz with more arguments, and expects a failure that writes nothing.
#[track_caller]
pub fn refused(text: &str, more: &[&str], code: i32, words: &[&str]) {
    let folder = Folder::new();
    let (log, out) = (folder.put("log.csv", text), folder.at("out.csv"));
    let args = ["resample", &log, "--time", "t", "--rate", "10", "-o", &out];
    fail(&[&args[..], more].concat(), code, words);
    assert!(!Path::new(&out).exists(), "nothing is written");
}

/// A CSV file read without the code under test: no quotes, no comments, no gaps.
pub struct Csv {
    pub names: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Csv {
    pub fn read(path: impl AsRef<Path>) -> Csv {
        let text = std::fs::read_to_string(path.as_ref()).expect("a file");
        let split = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect();
        let mut lines = text.lines();
        let names: Vec<String> = split(lines.next().expect("a header"));
        let rows: Vec<Vec<String>> = lines.map(split).collect();
        assert!(rows.iter().all(|row| row.len() == names.len()));
        Csv { names, rows }
    }

    pub fn at(&self, name: &str) -> usize {
        let mut names = self.names.iter();
        let found = names.position(|n| n.trim_matches('"').trim() == name);
        found.unwrap_or_else(|| panic!("{name:?} is not in {:?}", self.names))
    }

    pub fn f64(&self, column: usize) -> Vec<f64> {
        let cells = self.rows.iter().map(|row| match row[column].as_str() {
            "True" | "true" => 1.0,
            "False" | "false" => 0.0,
            cell => cell.parse().expect("a number"),
        });
        cells.collect()
    }

    pub fn i64(&self, column: usize) -> Vec<i64> {
        let cells = self.rows.iter();
        cells
            .map(|row| row[column].parse().expect("an integer"))
            .collect()
    }
}

/// `numpy.interp` for one target: the slope of the bracket times the way into it, beyond the ends the
/// end. `since(i)` is the target's time since knot i, exact in sign. Also the larger end of the
/// bracket, to which the tolerance is relative.
pub fn interp(knots: &[f64], values: &[f64], target: f64) -> (f64, f64) {
    let last = knots.len() - 1;
    if target <= knots[0] {
        return (values[0], values[0].abs());
    }
    if target >= knots[last] {
        return (values[last], values[last].abs());
    }
    let mut low = 0;
    while knots[low + 1] <= target {
        low += 1;
    }
    let (a, b) = (values[low], values[low + 1]);
    let slope = (b - a) / (knots[low + 1] - knots[low]);
    (slope * (target - knots[low]) + a, a.abs().max(b.abs()))
}

/// Holds every value of a column against `numpy.interp`, to 1e-6 of the larger neighbour.
#[track_caller]
pub fn assert_interp(knots: &[f64], values: &[f64], targets: &[f64], found: &[f64], what: &str) {
    assert_eq!(targets.len(), found.len(), "{what}");
    for (k, (&target, &found)) in targets.iter().zip(found).enumerate() {
        let (expected, largest) = interp(knots, values, target);
        assert!(
            (found - expected).abs() <= 1e-6 * largest,
            "{what}, target {k} at {target}: found {found}, expected {expected}"
        );
    }
}

/// The folder of real data, if there is one; says so if not.
pub fn real_data(file: &str) -> Option<PathBuf> {
    match std::env::var_os("ROBOCACHE_REAL_DATA").filter(|folder| !folder.is_empty()) {
        Some(folder) => {
            let path = PathBuf::from(folder).join(file);
            assert!(path.is_file(), "{} is missing", path.display());
            Some(path)
        }
        None => {
            eprintln!("skipped: ROBOCACHE_REAL_DATA is not set, {file} is not tried");
            None
        }
    }
}
