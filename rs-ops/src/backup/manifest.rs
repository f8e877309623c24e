//! [`Manifest`]: the contents of a set, with a BLAKE3 digest of every file and a chain over all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use super::class::{FileClass, FileRole, Omitted, SourceState};
use crate::moment::Moment;

/// The version of the form of manifests.
pub(crate) const FORM: u32 = 1;
/// The name of the manifest in a set.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The name of the file with the digest of the manifest.
pub(crate) const DIGEST: &str = "manifest.blake3";

/// The contents of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// The version of this form.
    pub form: u32,
    /// The name of the set.
    pub set: String,
    /// The time at which the backup started.
    pub started: Moment,
    /// It has everything that a restore needs.
    pub is_whole: bool,
    /// The reasons why it is not whole.
    pub gaps: Vec<String>,
    /// Checkpoints moved while it was made. Its own checkpoints are the earlier ones, and its trails have at least what those need.
    pub is_fuzzy: bool,
    /// The names of the roots, with their paths at the source.
    pub roots: BTreeMap<String, String>,
    /// The files, by root and path.
    pub files: Vec<SetFile>,
    /// The files that it does not have, with the reason.
    pub omitted: Vec<Omitted>,
    /// The positions of streams before the trails were copied.
    pub positions: Vec<SetPosition>,
    /// The positions after that, if they are others.
    pub later: Vec<SetPosition>,
    /// The set before it in the repository.
    pub previous: Option<PreviousSet>,
    /// The last digest of the chain: each digest covers the one before it, and the path, size and digest of a file.
    pub chain: String,
}

/// A file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetFile {
    /// The name of the root.
    pub root: String,
    /// The path below the root, with `/`.
    pub path: String,
    /// The use of the file.
    pub role: FileRole,
    /// The class.
    pub class: FileClass,
    /// The size.
    pub bytes: u64,
    /// The BLAKE3 digest, in hexadecimal digits.
    pub digest: String,
    /// The permissions at the source, as an octal number.
    pub mode: u32,
    /// The state of the source when it was copied.
    pub source: SourceState,
    /// The file did not change while it was copied.
    pub is_settled: bool,
    /// The records, of a trail file.
    pub trail: Option<TrailContents>,
}

/// The records of a trail file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrailContents {
    /// The number in the name.
    pub seqno: u64,
    /// A later file exists, so nothing is added to this one. Otherwise the copy ends after the last whole record.
    pub is_sealed: bool,
    /// The records, the file header included.
    pub records: u64,
    /// The first damaged ranges. The copy has their bytes.
    pub damage: Vec<DamagedRange>,
    /// The number of further damaged ranges.
    pub more_damage: u64,
}

/// Bytes of a trail file that are not records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DamagedRange {
    /// The first byte.
    pub from: u64,
    /// The byte after the last one.
    pub to: u64,
    /// The fault.
    pub what: String,
}

/// The position of a stream in a trail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetPosition {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub stream: String,
    /// The kind of stream.
    pub kind: crate::model::StreamKind,
    /// It writes the trail.
    pub is_write: bool,
    /// The trail.
    pub trail: String,
    /// The number of the file.
    pub seqno: u64,
    /// The byte offset.
    pub rba: u64,
    /// The place of the position in the trail of the set.
    pub landing: Landing,
}

/// The place of a position in the trail of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Landing {
    /// A record starts there.
    Record,
    /// It is the end of the last record, or the start of the file after the last one.
    End,
    /// It is inside a record or a damaged range.
    Inside,
    /// It is after the end of the file.
    AfterEnd,
    /// The set has the trail, and not this file of it.
    NoFile,
    /// The set does not have the trail.
    NoTrail,
    /// Several trails of the set have this name.
    Ambiguous,
    /// It was not looked up.
    #[default]
    Unchecked,
}

impl Landing {
    /// Returns whether a reader that is restored to the position finds what it needs.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Record | Self::End)
    }
}

/// The set before another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviousSet {
    /// Its name.
    pub set: String,
    /// The digest of its manifest.
    pub digest: String,
}

impl SetFile {
    /// Returns the path in a set: `files/ROOT/PATH`.
    #[must_use]
    pub fn stored(&self) -> String {
        format!("files/{}/{}", self.root, self.path)
    }

    /// Returns whether the path stays inside of its root, and the root is a plain name.
    pub(crate) fn is_inside(&self) -> bool {
        let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\0', '\\']);
        is_plain(&self.root) && !self.root.contains('/') && self.path.split('/').all(is_plain)
    }
}

impl Manifest {
    /// Returns the last digest of the chain over the files.
    pub(crate) fn chain_of(files: &[SetFile]) -> String {
        let mut last = [0; 32];
        for file in files {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&last);
            for part in [&file.root, &file.path, &file.digest] {
                hasher.update(&(part.len() as u64).to_be_bytes());
                hasher.update(part.as_bytes());
            }
            hasher.update(&file.bytes.to_be_bytes());
            last = *hasher.finalize().as_bytes();
        }
        blake3::Hash::from(last).to_hex().to_string()
    }

    /// Returns the manifest as text. The same manifest gives the same bytes.
    pub(crate) fn to_text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::internal(&format!("a manifest: {error}")))?;
        Ok(text + "\n")
    }

    /// Reads a manifest. `place` is its path or URL.
    pub(crate) fn parse(text: &str, place: &str) -> Result<Self> {
        let broken = |error: serde_json::Error| Error::new(ErrorKind::Corrupt, format!("manifest: {error}")).in_file(place);
        let manifest: Self = serde_json::from_str(text).map_err(broken)?;
        if manifest.form != FORM {
            let what = format!("the manifest has form {}, and this release reads form {FORM}", manifest.form);
            return Err(Error::new(ErrorKind::Unsupported, what).in_file(place).hint("use the release that wrote it"));
        }
        if let Some(file) = manifest.files.iter().find(|file| !file.is_inside()) {
            let what = format!("the path {:?} leads out of the set", file.path);
            return Err(Error::new(ErrorKind::Corrupt, what).in_file(place).hint("use another set"));
        }
        Ok(manifest)
    }
}
