//! [`Entry`]: one commit of a sink that writes files.

use serde::{Deserialize, Serialize};
use trailcore::{Error, Position, Result};

use crate::checkpoint::Checkpoint;

/// A committed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishedFile {
    /// Its path below the folder.
    pub path: String,
    /// The table whose changes it has; empty for all tables.
    pub table: String,
    /// Its changes.
    pub changes: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The position of its first change.
    pub first: Position,
    /// The position of its last change.
    pub last: Position,
}

/// An entry: the files of one commit, and the place of the trail up to which they go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "One commit of a file sink."))]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// The writer: the start of one process's sink.
    pub writer: String,
    /// The files, in the order in which they were begun. The entry of a start has none.
    pub files: Vec<PublishedFile>,
    /// The place at which the pipeline continues; null before the first commit.
    pub checkpoint: Option<Checkpoint>,
}

impl Entry {
    /// Returns its text in the manifest.
    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal(&error.to_string()))
    }
}

/// Returns the name of the file of an entry.
pub(super) fn entry_name(number: u64) -> String {
    format!("{number:020}.json")
}

/// Returns the number in the name of the file of an entry; `None` for other files.
pub(super) fn entry_number(name: &str) -> Option<u64> {
    name.strip_suffix(".json")?.parse().ok()
}
