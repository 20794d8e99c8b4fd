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
    console::say("error", &format!("{error:#}"));
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
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
