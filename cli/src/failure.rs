//! What ends a command early, its message and its exit code.

use std::fmt;
use std::io::{self, Write as _};

use trailcore::filter::Diagnostics;
use trailcore::{Error, ErrorKind};

use crate::output::{self, Output};
use crate::{INTERRUPTED, USAGE};

/// What ended a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments are wrong, whatever the trail holds.
    Usage(String),
    /// The trail, or a file that belongs to it.
    Trail(Error),
    /// The standard output cannot be written to.
    Output(io::Error),
    /// The user stopped the command.
    Interrupted,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Prints the message, if there is anything to say, and returns the exit code.
    pub(crate) fn report(self, debug: bool) -> i32 {
        let (message, code) = match &self {
            Self::Interrupted => return INTERRUPTED,
            // The reader of the output has seen enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return 0,
            Self::Output(error) => (format!("cannot write to the standard output: {error}"), 1),
            Self::Usage(message) => (message.clone(), USAGE),
            Self::Trail(error) => (message(error), if error.kind() == ErrorKind::InvalidArgument { USAGE } else { 1 }),
        };
        if debug {
            output::complain(&format!("{self:#?}"), output::YELLOW);
        }
        output::complain(&message, output::RED);
        code
    }
}

/// The message of an error, with the way out in the spelling of the command line.
fn message(error: &Error) -> String {
    let exists = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    let exists = exists.is_some_and(|error| error.kind() == io::ErrorKind::AlreadyExists);
    match error.kind() {
        ErrorKind::Undecidable => format!("{error}; --lenient rejects such changes and counts them"),
        ErrorKind::Io if exists => format!("{error}; --force writes there nevertheless"),
        _ => error.to_string(),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.kind() == ErrorKind::Cancelled { Self::Interrupted } else { Self::Trail(error) }
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Usage(diagnostics.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<Stopped>()) { Self::Interrupted } else { Self::Output(error) }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}

/// The error of a write that the user stopped.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// Prints help or the version, which are no failures, or turns the message of the argument parser into one of ours.
pub(crate) fn usage(error: &clap::Error, output: &mut Output) -> Result<i32, Failure> {
    if !error.use_stderr() {
        write!(output, "{error}")?;
        return Ok(0);
    }
    let text = error.to_string();
    Err(Failure::usage(text.strip_prefix("error: ").unwrap_or(&text).trim_end()))
}
