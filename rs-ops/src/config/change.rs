//! [`ConfigChange`]: a difference between two versions of a configuration.

use serde::{Deserialize, Serialize};

use crate::input::RefusedInput;

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConfigChangeKind {
    /// The statement is new.
    Added,
    /// The statement is gone.
    Removed,
    /// The statement has another content.
    Changed,
    /// Only a secret of the statement is another one.
    SecretChanged,
    /// The statement is at another place among those whose order has a meaning.
    Moved,
}

/// A change of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigChange {
    /// The kind.
    pub kind: ConfigChangeKind,
    /// The keyword, or the key of a property.
    pub keyword: String,
    /// The statement before, with its secrets masked.
    pub before: Option<String>,
    /// The line before.
    pub before_line: Option<u64>,
    /// The statement after, with its secrets masked.
    pub after: Option<String>,
    /// The line after.
    pub after_line: Option<u64>,
}

/// The changes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileDiff {
    /// The name before; none if the file is new.
    pub before: Option<String>,
    /// The name after; none if the file is gone.
    pub after: Option<String>,
    /// The changes, in the order of the new file.
    pub changes: Vec<ConfigChange>,
}

/// `ops.diff`: the differences of two versions of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigDiff {
    /// The files that differ.
    pub files: Vec<FileDiff>,
    /// The number of files without a difference.
    pub same: u64,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}
