//! [`Event`]: something about the trail that its follower has to know, and [`Policy`]: what the tail does about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Position};

/// Makes [`EventKind`] from one table: names, meanings and default policies. docs/live.md has a runbook for each kind.
macro_rules! event_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $policy:ident, $error:ident,)+) => {
        /// The kind of an [`Event`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl EventKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the name of the kind in documents, such as `file_torn`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Returns the kind of a name; `None` if there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }

            /// Returns what the kind means, in one sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// Returns the policy that applies unless another one is set.
            #[must_use]
            pub fn default_policy(self) -> Policy {
                match self {
                    $(Self::$name => Policy::$policy,)+
                }
            }

            /// Returns the kind of the error with [`Policy::Stop`].
            #[must_use]
            pub fn error_kind(self) -> ErrorKind {
                match self {
                    $(Self::$name => ErrorKind::$error,)+
                }
            }
        }
    };
}

event_kinds! {
    /// The next file is missing, but a later one exists.
    NextFileMissing = "next_file_missing", Wait, SequenceGap,
    /// Files are missing between two sequence numbers, or were removed before they were read.
    SequenceGap = "sequence_gap", Stop, SequenceGap,
    /// A file has become shorter than what was delivered of it.
    FileShrunk = "file_shrunk", Stop, Corrupt,
    /// Another file has the name of the file that is being read: another inode, or another file header.
    FileReplaced = "file_replaced", Stop, Corrupt,
    /// The file that is being read was removed. Its bytes have been read; the next file is waited for.
    FilePurged = "file_purged", Continue, NotFound,
    /// A file ends inside a record or a change, although the next file exists.
    FileTorn = "file_torn", Wait, Truncated,
    /// A transaction breaks off: another one begins before its end. It may be written again.
    UnfinishedTransaction = "unfinished_transaction", Continue, Corrupt,
    /// A change is marked as inside a transaction, but no transaction has begun.
    MissingStart = "missing_start", Continue, Corrupt,
    /// The writer has recovered: a RestartAbend marker rolls the open transaction back, and it is written again.
    RestartAbend = "restart_abend", Continue, Corrupt,
    /// The writer has started again and appends: transactions before the marker may be repeated after it.
    RestartAppend = "restart_append", Continue, Corrupt,
    /// A transaction has an older CSN than the one before it: the history was reset, or transactions are repeated.
    HistoryReset = "history_reset", Continue, Corrupt,
    /// A transaction has an earlier timestamp than the one before it.
    TimeBackwards = "time_backwards", Continue, Corrupt,
    /// A table has another definition from here on.
    DefinitionChanged = "definition_changed", Continue, SchemaChange,
    /// A file cannot be read: the operating system reports an error.
    ReadFailed = "read_failed", Wait, Io,
    /// The bytes are damaged.
    Damage = "damage", Stop, Corrupt,
    /// The consumer was too slow, and changes were dropped.
    Dropped = "dropped", Continue, Io,
    /// The last checkpoint is damaged; the one before it is used, and changes may be repeated.
    CheckpointDamaged = "checkpoint_damaged", Continue, Corrupt,
}

/// The reaction of the tail to an [`Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The tail fails with an error that names the event. Each further call returns the error again.
    Stop,
    /// The event is delivered, and the tail waits until its cause is gone or [`TailHandle::resume`](crate::TailHandle::resume)
    /// accepts it.
    Wait,
    /// The event is delivered, and the tail goes on: it skips what cannot be read.
    Continue,
}

/// Something about the trail that its follower has to know. It is delivered in order with the changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "Something about a live trail that its follower has to know.")
)]
#[non_exhaustive]
pub struct Event {
    /// Its kind.
    pub kind: EventKind,
    /// The reaction of the tail to it.
    pub policy: Policy,
    /// Its place in the trail: changes after this position have not been delivered yet.
    pub position: Position,
    /// The file that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The facts in words, without column data.
    pub what: String,
}

impl Event {
    /// Returns the event as an error.
    pub(crate) fn error(&self) -> Error {
        let what = format!("{} at {}: {}", self.kind.name(), self.position, self.what);
        let error = Error::new(self.kind.error_kind(), what)
            .hint("docs/live.md has a runbook for each event; a policy for the event makes the tail wait or continue");
        match &self.file {
            Some(file) => error.in_file(file),
            None => error,
        }
    }
}

/// The policies that differ from the default ones.
pub(crate) type Policies = BTreeMap<EventKind, Policy>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_documents_are_those_of_the_table() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert!(kind.description().ends_with('.'));
        }
    }
}
