//! Which exit code does a failure have?

use crate::console;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Arguments that make no sense, whatever the files hold: exit code 2, as for what clap finds.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// An error of the kind [`Usage`].
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// Says what went wrong, and returns the exit code for it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        // Whoever read our output, `head` for example, has seen enough.
        return ExitCode::SUCCESS;
    }
    console::say("error", &in_words(error));
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

/// The error and what caused it; what is said already, as by libraries whose messages hold their cause, is not said
/// again.
fn in_words(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .fold(error.to_string(), |text, cause| {
            let cause = cause.to_string();
            match text.ends_with(&cause) {
                true => text,
                false => format!("{text}: {cause}"),
            }
        })
}

/// Whether our own output could not be written because nobody reads it any more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn only_usage_has_the_exit_code_two() {
        let code = |error: anyhow::Error| format!("{:?}", report(&error));
        let two = format!("{:?}", ExitCode::from(2));
        assert_eq!(code(usage("what?")), two);
        assert_eq!(
            code(usage("what?").context("in words")),
            two,
            "context hides nothing"
        );
        assert_eq!(code(anyhow!("no")), format!("{:?}", ExitCode::from(1)));
    }

    #[test]
    fn a_cause_is_said_once() {
        let missing = robocache_io::csv::parse_table(&b""[..], std::path::Path::new("a.csv"));
        let empty = anyhow::Error::from(missing.expect_err("nothing to read"));
        assert_eq!(in_words(&empty), empty.to_string());
        let gone = robocache_io::npy::read_npy("/nowhere/a.npy").expect_err("no such file");
        let said = in_words(&anyhow::Error::from(gone).context("the log"));
        assert_eq!(said.matches("os error 2").count(), 1, "{said}");
        assert!(said.starts_with("the log: /nowhere/a.npy: "), "{said}");
    }

    #[test]
    fn a_closed_pipe_is_no_failure_but_other_io_is() {
        let of = |kind: io::ErrorKind| format!("{:?}", report(&io::Error::from(kind).into()));
        assert_eq!(
            of(io::ErrorKind::BrokenPipe),
            format!("{:?}", ExitCode::SUCCESS)
        );
        assert_eq!(
            of(io::ErrorKind::PermissionDenied),
            format!("{:?}", ExitCode::from(1))
        );
        let wrapped: anyhow::Result<()> =
            Err(io::Error::from(io::ErrorKind::NotFound)).context("the file");
        assert!(!is_closed_pipe(&wrapped.expect_err("an error")));
    }
}
