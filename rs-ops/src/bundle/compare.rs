//! [`BundleDiff`]: the changes between two bundles: parameters, versions, tables, causes, files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use super::{BundleReport, MOST_READ};
use crate::config::{ConfigDiff, ConfigDiffRequest, diff};
use crate::explain::ExplainReport;
use crate::input::Input;

/// The request of `ops.compare`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CompareRequest {
    /// The path of the earlier bundle.
    pub before: String,
    /// The path of the later bundle.
    pub after: String,
}

/// `ops.compare`: the changes between two bundles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleDiff {
    /// The changes of parameters.
    pub parameters: ConfigDiff,
    /// The groups whose program or version has changed.
    pub versions: Vec<VersionChange>,
    /// The tables whose columns have changed, as `trail: table`.
    pub tables: Vec<VersionChange>,
    /// The groups whose first error has changed.
    pub causes: Vec<VersionChange>,
    /// Files that only the earlier bundle has.
    pub only_before: Vec<String>,
    /// Files that only the later bundle has.
    pub only_after: Vec<String>,
}

/// Something that has another value in the later bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VersionChange {
    /// Its name.
    pub name: String,
    /// The earlier value.
    pub before: Option<String>,
    /// The later value.
    pub after: Option<String>,
}

/// Answers `ops.compare`.
///
/// # Errors
/// The errors of reading the bundles; [`ErrorKind::Corrupt`] for a file that is no bundle.
pub fn compare(request: &CompareRequest) -> Result<BundleDiff> {
    let (before, after) = (Opened::read(&request.before)?, Opened::read(&request.after)?);
    let names = |one: &Opened| one.files.keys().cloned().collect::<BTreeSet<_>>();
    let (names_before, names_after) = (names(&before), names(&after));
    Ok(BundleDiff {
        parameters: diff(&ConfigDiffRequest { before: before.parameters(), after: after.parameters() }),
        versions: changes(&before.optional("versions.json")?, &after.optional("versions.json")?),
        tables: changes(&before.tables()?, &after.tables()?),
        causes: changes(&before.causes()?, &after.causes()?),
        only_before: names_before.difference(&names_after).cloned().collect(),
        only_after: names_after.difference(&names_before).cloned().collect(),
    })
}

fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<VersionChange> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differ
        .map(|name| VersionChange { name: name.clone(), before: before.get(name).cloned(), after: after.get(name).cloned() })
        .collect()
}

/// The files of a bundle.
struct Opened {
    path: String,
    files: BTreeMap<String, String>,
}

impl Opened {
    fn read(path: &str) -> Result<Self> {
        let failed = |error| Error::io(path.as_ref(), error);
        let file = std::fs::File::open(path).map_err(failed)?;
        let source: Box<dyn std::io::Read> = if Path::new(path).extension().is_some_and(|end| end == "zst") {
            let decoder = ruzstd::decoding::StreamingDecoder::new(file);
            Box::new(decoder.map_err(|error| Error::new(ErrorKind::Corrupt, error.to_string()).in_file(path))?)
        } else {
            Box::new(file)
        };
        let mut archive = tar::Archive::new(source.take(MOST_READ));
        let (mut files, mut left) = (BTreeMap::new(), MOST_READ);
        for entry in archive.entries().map_err(failed)? {
            let mut entry = entry.map_err(|error| Error::new(ErrorKind::Corrupt, error.to_string()).in_file(path))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // A sparse entry can claim any size.
            let size = entry.size();
            if entry.header().entry_type() != tar::EntryType::Regular || size > left {
                return Err(Error::new(ErrorKind::Corrupt, format!("{name} is not a file of a bundle")).in_file(path));
            }
            left -= size;
            let mut bytes = Vec::new();
            std::io::Read::take(&mut entry, size).read_to_end(&mut bytes).map_err(failed)?;
            files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
        let opened = Self { path: path.to_owned(), files };
        opened.document::<BundleReport>("manifest.json")?;
        Ok(opened)
    }

    /// Reads a document of the bundle.
    fn document<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let wrong = |what: String| Error::new(ErrorKind::Corrupt, what).in_file(&self.path).hint("this is no bundle");
        let text = self.files.get(name).ok_or_else(|| wrong(format!("{name} is missing")))?;
        serde_json::from_str(text).map_err(|error| wrong(format!("{name}: {error}")))
    }

    /// Reads a document that a bundle may lack because of its limit.
    fn optional<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T> {
        if self.files.contains_key(name) { self.document(name) } else { Ok(T::default()) }
    }

    fn parameters(&self) -> Vec<Input> {
        let is_parameters = |name: &str| {
            let name = name.to_ascii_lowercase();
            [".prm", ".mac", ".oby", ".props", ".properties"].iter().any(|end| name.ends_with(end)) || name.ends_with("globals")
        };
        let files = self.files.iter().filter(|(name, _)| name.starts_with("files/") && is_parameters(name));
        files.map(|(name, text)| Input::text(name, text)).collect()
    }

    fn tables(&self) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for name in self.files.keys().filter(|name| name.starts_with("trails/") && name.ends_with("/tables.json")) {
            let trail = name.split('/').nth(1).unwrap_or_default();
            let tables: BTreeMap<String, Vec<String>> = self.document(name)?;
            found.extend(tables.into_iter().map(|(table, columns)| (format!("{trail}: {table}"), columns.join(", "))));
        }
        Ok(found)
    }

    fn causes(&self) -> Result<BTreeMap<String, String>> {
        let report: ExplainReport = self.optional("explain.json")?;
        let cause = |group: crate::explain::Explanation| {
            let cause = group.cause?;
            let code = cause.event.code.map_or(String::new(), |code| format!("{code} "));
            Some((format!("{}/{}", group.deployment, group.group), format!("{code}{}", cause.event.text)))
        };
        Ok(report.groups.into_iter().filter_map(cause).collect())
    }
}
