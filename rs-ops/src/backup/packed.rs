//! Documents of archives, which exist without the feature `archive`, too.

use serde::{Deserialize, Serialize};

/// The request of `ops.pack` and `ops.unpack`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PackRequest {
    /// `ops.pack`: a set, or a repository, whose last set is used. `ops.unpack`: an archive.
    pub path: String,
    /// `ops.pack`: the archive, such as `set.tar.zst`. `ops.unpack`: an empty folder.
    pub to: String,
}

/// `ops.pack` and `ops.unpack`: an archive or set that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackReport {
    /// The archive or folder that was written.
    pub path: String,
    /// The name of the set.
    pub set: String,
    /// The files of the set.
    pub files: u64,
    /// The bytes of the archive.
    pub bytes: u64,
    /// The BLAKE3 digest of the archive, in hexadecimal digits.
    pub digest: String,
}
