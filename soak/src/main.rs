//! The soak: `cargo xtask soak --hours H`.

use clap::Parser;
use robocache_soak::args::Options;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            // 2, as usual, would say that the run was too short.
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    robocache_soak::allocator::steady();
    match robocache_soak::soak(&options) {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(error) => {
            eprintln!("soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}
