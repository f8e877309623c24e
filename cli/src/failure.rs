//! Failures of commands: their messages and exit codes.

use std::fmt;
use std::io;
use std::sync::Arc;

use trailcore::filter::Diagnostics;
use trailcore::{Error, ErrorKind};

use crate::interrupt::INTERRUPTED;

/// Exit code for damage.
pub(crate) const DAMAGE: i32 = 1;
/// Exit code for wrong arguments.
pub(crate) const USAGE: i32 = 2;
/// Exit code if a file cannot be read or written.
const FILES: i32 = 3;
/// Exit code if the trail is still being written.
pub(crate) const GROWING: i32 = 4;
/// Exit code if rows are undecided.
pub(crate) const UNDECIDED: i32 = 5;
/// Exit code if two trails differ.
pub(crate) const DIFFERENT: i32 = 6;

/// The reason why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments are wrong, whatever is in the trail.
    Usage(String),
    /// An error of the trail, or of a file that belongs to it.
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

    /// Returns the failure of the argument parser.
    pub(crate) fn of_arguments(error: &clap::Error) -> Self {
        let text = error.to_string();
        Self::usage(text.strip_prefix("error: ").unwrap_or(&text).trim_end())
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Interrupted => INTERRUPTED,
            Self::Usage(_) => USAGE,
            Self::Trail(error) => code(error.kind()),
            Self::Output(_) if self.message().is_none() => 0,
            Self::Output(_) => FILES,
        }
    }

    /// Returns the message; `None` if the user stopped the command, or if the reader of the output has closed it.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Interrupted => None,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("cannot write to the standard output: {error}")),
            Self::Usage(message) => Some(message.clone()),
            Self::Trail(error) => Some(message(error)),
        }
    }
}

/// Returns the exit code of an error.
pub(crate) fn code(kind: ErrorKind) -> i32 {
    match kind {
        ErrorKind::Io | ErrorKind::NotFound => FILES,
        ErrorKind::Truncated => GROWING,
        ErrorKind::Undecidable => UNDECIDED,
        ErrorKind::InvalidArgument
        | ErrorKind::InvalidPosition
        | ErrorKind::Filter
        | ErrorKind::Definitions
        | ErrorKind::UnknownTable
        | ErrorKind::SchemaChange => USAGE,
        _ => DAMAGE,
    }
}

/// Returns the message of an error, with the way out in the spelling of the command line.
fn message(error: &Error) -> String {
    let is_trail = error.what().contains("the trail to write has files already");
    match error.kind() {
        ErrorKind::Undecidable if error.to_string().contains("lenient mode") => {
            format!("{error}; without --strict such changes are rejected and counted")
        }
        ErrorKind::Io if is_trail => format!("{error}; choose another prefix"),
        _ => error.to_string(),
    }
}

/// Returns whether the reason of an error is a file that exists.
pub(crate) fn is_existing(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Arc<io::Error>>());
    source.is_some_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
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
