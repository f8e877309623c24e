//! Verifies a set: the digest of its manifest, the chain, the digest and the records of every file, and the positions of the streams.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use trailcore::Result;

use super::copy::{self, digest_of_stored, scan_stored};
use super::manifest::{DIGEST, Landing, MANIFEST, Manifest, SetFile, SetPosition};
use super::positions::Trails;
use super::sign::{SetSignature, SignKey, SignatureState};
use super::store::{Set, set_at, store_at};

/// The request of `ops.verify`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VerifyRequest {
    /// A set, or a repository, whose last set is verified.
    pub path: String,
    /// Files with secret keys: the manifest has to be signed with one of them.
    pub keys: Vec<String>,
}

/// `ops.verify`: whether a set is as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyReport {
    /// The folder or URL of the set.
    pub path: String,
    /// The name of the set.
    pub set: String,
    /// Nothing was found: the set is as it was written. A damaged file of the source does not count if its copy is the same.
    pub is_good: bool,
    /// The signature of the manifest.
    pub signature: SetSignature,
    /// The set has everything that a restore needs.
    pub is_whole: bool,
    /// The reasons why it is not whole.
    pub gaps: Vec<String>,
    /// Files that were read.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Trail records that were read.
    pub records: u64,
    /// Trail files that were damaged at the source.
    pub damaged_at_source: u64,
    /// The problems.
    pub problems: Vec<SetProblem>,
}

/// A problem of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetProblem {
    /// The kind.
    pub kind: ProblemKind,
    /// The path in the set, or the stream.
    pub subject: String,
    /// The fact.
    pub text: String,
}

/// The kind of a problem of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is missing or cannot be read.
    Missing,
    /// The contents are not the ones that were written.
    Changed,
    /// The records are not the ones that were written.
    Records,
    /// The file is not in the manifest.
    Unknown,
    /// The chain of digests does not fit the files of the manifest.
    Chain,
    /// The manifest of the previous set is another one.
    Previous,
    /// A position is not where the manifest has it.
    Position,
    /// A trail cannot be read as a whole.
    Trail,
    /// The manifest is not signed with a key of the request.
    Signature,
    /// The set has the name of another one: it is a copy.
    Name,
}

/// Answers `ops.verify`.
///
/// # Errors
/// [`NotFound`](trailcore::ErrorKind::NotFound) if there is no set, the errors of [`Manifest::open`] and of requests to an object store.
pub fn verify(request: &VerifyRequest) -> Result<VerifyReport> {
    let set = set_at(&request.path)?;
    let keys = request.keys.iter().map(|path| SignKey::read(path)).collect::<Result<Vec<_>>>()?;
    let (manifest, _, signature) = set.signed_manifest(&keys)?;
    let mut report = VerifyReport {
        path: set.place(),
        set: manifest.set.clone(),
        signature,
        is_whole: manifest.is_whole,
        gaps: manifest.gaps.clone(),
        ..VerifyReport::default()
    };
    if !report.signature.is_good(&keys) {
        let text = match (report.signature.state, &report.signature.key) {
            (SignatureState::Unsigned, _) => "it is not signed".to_owned(),
            (SignatureState::UnknownKey, Some(key)) => format!("it is signed with the key {key}, which is not given"),
            (_, Some(key)) => format!("the key {key} did not sign this manifest"),
            (_, None) => "the signature cannot be read".to_owned(),
        };
        report.add(ProblemKind::Signature, MANIFEST, text);
    }
    if let Some(name) = set.name_in_repository().filter(|name| *name != manifest.set) {
        report.add(ProblemKind::Name, MANIFEST, format!("the set is {}, and its folder has the name {name}", manifest.set));
    }
    if Manifest::chain_of(&manifest.files) != manifest.chain {
        report.add(ProblemKind::Chain, MANIFEST, "the chain does not fit the files");
    }
    report.previous(&set, &manifest)?;
    let mut landings: BTreeMap<usize, Vec<(u64, Landing)>> = BTreeMap::new();
    let trails = Trails::of_set(&manifest.files, &manifest.roots);
    let wanted = trails.wanted(&manifest.positions);
    for (index, file) in manifest.files.iter().enumerate() {
        let wanted = wanted.get(&index).map_or(&[][..], Vec::as_slice);
        if let Some(found) = report.file(&set, file, wanted)? {
            landings.insert(index, found);
        }
    }
    let mut positions = manifest.positions.clone();
    trails.land(&mut positions, &landings);
    for (now, then) in positions.iter().zip(&manifest.positions) {
        if now.landing != then.landing {
            let SetPosition { deployment, stream, seqno, rba, .. } = now;
            let text = format!("{seqno}/{rba} is at {:?}, and the manifest has {:?}", now.landing, then.landing);
            report.add(ProblemKind::Position, &format!("{deployment}/{stream}"), text);
        }
    }
    report.unknown(&set, &manifest)?;
    report.is_good = report.problems.is_empty();
    Ok(report)
}

impl VerifyReport {
    fn add(&mut self, kind: ProblemKind, subject: &str, text: impl Into<String>) {
        self.problems.push(SetProblem { kind, subject: subject.to_owned(), text: text.into() });
    }

    /// Compares the manifest of the previous set, if the repository still has it.
    fn previous(&mut self, set: &Set, manifest: &Manifest) -> Result<()> {
        let Some(previous) = &manifest.previous else { return Ok(()) };
        if set.digest_beside(&previous.set)?.is_some_and(|digest| digest != previous.digest) {
            self.add(ProblemKind::Previous, &previous.set, "its manifest is another one than when this set was written");
        }
        Ok(())
    }

    /// Reads a file. Returns the landings of the wanted offsets, of a trail file.
    fn file(&mut self, set: &Set, file: &SetFile, wanted: &[u64]) -> Result<Option<Vec<(u64, Landing)>>> {
        let stored = file.stored();
        let found = set.open(&stored);
        let Some(trail) = &file.trail else {
            match found.and_then(digest_of_stored) {
                Ok(digest) => self.compare(file, &digest),
                Err(error) => self.add(ProblemKind::Missing, &stored, copy::reason_of_stored(error)?),
            }
            return Ok(None);
        };
        match found.and_then(|found| scan_stored(found, trail.seqno, trail.is_sealed, wanted)) {
            Ok((digest, scanned)) => {
                self.compare(file, &digest);
                self.records += scanned.contents.records;
                self.damaged_at_source += u64::from(!trail.damage.is_empty());
                if digest == file.digest && scanned.contents != *trail {
                    let (found, then) = (scanned.contents.records, trail.records);
                    self.add(ProblemKind::Records, &stored, format!("it has {found} records, and the manifest has {then}"));
                }
                Ok(Some(scanned.landings))
            }
            Err(error) => {
                self.add(ProblemKind::Missing, &stored, copy::reason_of_stored(error)?);
                Ok(None)
            }
        }
    }

    fn compare(&mut self, file: &SetFile, digest: &str) {
        self.files += 1;
        self.bytes += file.bytes;
        if digest != file.digest {
            self.add(ProblemKind::Changed, &file.stored(), "the digest differs: the copy has changed since it was written");
        }
    }

    /// Finds files that the manifest does not have.
    fn unknown(&mut self, set: &Set, manifest: &Manifest) -> Result<()> {
        let mut known: BTreeSet<String> = manifest.files.iter().map(SetFile::stored).collect();
        known.extend([MANIFEST, DIGEST].map(str::to_owned));
        for file in set.files()?.into_iter().filter(|file| !known.contains(file)) {
            self.add(ProblemKind::Unknown, &file, "the manifest does not have it");
        }
        Ok(())
    }
}

/// Returns the names of the sets of a repository, a folder or a URL, the oldest first.
///
/// # Errors
/// The errors of reading the repository.
pub fn sets(repository: impl AsRef<Path>) -> Result<Vec<String>> {
    store_at(&repository.as_ref().to_string_lossy())?.names()
}
