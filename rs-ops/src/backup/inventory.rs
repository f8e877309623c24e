//! [`Inventory`]: the files of a home or deployment, each with its use and class.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::{Error, Result};

use super::class::{FileClass, FileRole, OmitReason, Omitted, SourceState};
use super::copy::{invalid, state_of};
use crate::model::TrailName;

const LEADS_OUT: &str = "a link that leads out of the roots; name its target as a root of its own";
/// Files of an inventory.
const MOST_FILES: usize = 1_000_000;
/// Folders inside each other.
const MOST_FOLDERS: usize = 64;

/// A folder whose files are backed up: a home, the folders of a deployment, or a folder with trails somewhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Root {
    /// The name in a set: letters, digits, `-` and `_`. Without one: `home`, `root2`, `root3` …
    pub name: Option<String>,
    /// The path.
    pub path: String,
}

/// The request of `ops.inventory`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct InventoryRequest {
    /// The folders.
    pub roots: Vec<Root>,
}

/// `ops.inventory`: the files of a home or deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Inventory {
    /// The names of the roots, with their paths.
    pub roots: BTreeMap<String, String>,
    /// The files, by root and path.
    pub files: Vec<InventoryFile>,
    /// The files and folders that were left out, with the reason.
    pub omitted: Vec<Omitted>,
    /// The bytes of each class.
    pub bytes: BTreeMap<FileClass, u64>,
    /// Bytes of a first set without secrets: the classes `must` and `should`.
    pub first_set: u64,
    /// Bytes of trail files that a day adds, from the times of the sealed ones. None with fewer than two.
    pub trail_bytes_a_day: Option<u64>,
}

/// A file of an inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InventoryFile {
    /// The name of the root.
    pub root: String,
    /// The path below the root, with `/`.
    pub path: String,
    /// The use.
    pub role: FileRole,
    /// The class.
    pub class: FileClass,
    /// The state when it was listed.
    pub state: SourceState,
    /// A later file of the trail exists, so this one is complete.
    pub is_sealed: bool,
}

/// Answers `ops.inventory`.
///
/// ```
/// use trailcore_ops::backup::{FileClass, InventoryRequest, Root, inventory};
/// # let home = tempfile::tempdir().unwrap();
/// # std::fs::create_dir(home.path().join("dirprm")).unwrap();
/// # std::fs::write(home.path().join("dirprm/mgr.prm"), "PORT 7809\n").unwrap();
/// let root = Root { path: home.path().display().to_string(), ..Root::default() };
/// let found = inventory(&InventoryRequest { roots: vec![root] })?;
/// assert_eq!((found.files[0].path.as_str(), found.bytes[&FileClass::Must]), ("dirprm/mgr.prm", 10));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) for roots that are not folders, or that are inside of each other.
pub fn inventory(request: &InventoryRequest) -> Result<Inventory> {
    let roots = resolved(&request.roots)?;
    Ok(listed(&roots))
}

/// A root with its real path.
#[derive(Clone, Debug)]
pub(crate) struct RealRoot {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The path as the request has it.
    pub(crate) given: String,
}

/// Checks roots, and resolves their paths.
pub(crate) fn resolved(roots: &[Root]) -> Result<Vec<RealRoot>> {
    let mut found: Vec<RealRoot> = Vec::new();
    for (index, root) in roots.iter().enumerate() {
        let usual = if index == 0 { "home".to_owned() } else { format!("root{}", index + 1) };
        let name = root.name.clone().unwrap_or(usual);
        let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_plain {
            return Err(invalid(format!("the name {name:?} of a root needs letters, digits, - and _ only")));
        }
        let path = Path::new(&root.path).canonicalize().map_err(|error| Error::io(root.path.as_ref(), error))?;
        if !path.is_dir() {
            return Err(invalid("a root has to be a folder").in_file(&root.path));
        }
        if let Some(other) = found.iter().find(|other| path.starts_with(&other.path) || other.path.starts_with(&path)) {
            return Err(invalid(format!("one root is inside of the other: {}", other.given)).in_file(&root.path));
        }
        if found.iter().any(|other| other.name == name) {
            return Err(invalid(format!("two roots have the name {name}")));
        }
        found.push(RealRoot { name, path, given: root.path.clone() });
    }
    if found.is_empty() {
        return Err(invalid("roots: at least one folder is needed"));
    }
    Ok(found)
}

/// Lists the files of roots.
pub(crate) fn listed(roots: &[RealRoot]) -> Inventory {
    let mut found = Inventory::default();
    for root in roots {
        found.roots.insert(root.name.clone(), root.path.display().to_string());
        Walk { roots, root, found: &mut found }.folder(&root.path, 0);
    }
    found.files.sort_by(|a, b| (&a.root, &a.path).cmp(&(&b.root, &b.path)));
    found.omitted.sort();
    seal(&mut found.files);
    for file in &found.files {
        *found.bytes.entry(file.class).or_default() += file.state.bytes;
    }
    let bytes = |class| found.bytes.get(&class).copied().unwrap_or(0);
    found.first_set = bytes(FileClass::Must) + bytes(FileClass::Should);
    found.trail_bytes_a_day = trail_bytes_a_day(&found.files);
    found
}

struct Walk<'a> {
    roots: &'a [RealRoot],
    root: &'a RealRoot,
    found: &'a mut Inventory,
}

impl Walk<'_> {
    fn omit(&mut self, path: &Path, reason: OmitReason, text: impl Into<String>) {
        let below = self.below(path).unwrap_or_else(|| path.display().to_string());
        let class = FileRole::of(&below).class();
        self.omit_as(below, Some(class), reason, text.into());
    }

    /// Leaves a folder out. It may have trails, unless its name is one of an installation.
    fn omit_folder(&mut self, path: &Path, reason: OmitReason, text: impl Into<String>) {
        let below = self.below(path).unwrap_or_else(|| path.display().to_string());
        let class = FileRole::of(&format!("{below}/aa000000000")).class();
        self.omit_as(below, Some(class), reason, text.into());
    }

    fn omit_as(&mut self, path: String, class: Option<FileClass>, reason: OmitReason, text: String) {
        self.found.omitted.push(Omitted { root: self.root.name.clone(), path, class, reason, text });
    }

    /// Returns a path below the root as text.
    fn below(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root.path).ok()?.to_str()?.to_owned())
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        if depth > MOST_FOLDERS {
            return self.omit_folder(
                folder,
                OmitReason::Limit,
                format!("more than {MOST_FOLDERS} folders are inside each other"),
            );
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.omit_folder(folder, OmitReason::Unreadable, super::copy::reason(&error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) if self.found.files.len() + paths.len() < MOST_FILES => paths.push(entry.path()),
                Ok(_) => {
                    self.omit_folder(folder, OmitReason::Limit, format!("more than {MOST_FILES} files"));
                    break;
                }
                Err(error) => self.omit_folder(folder, OmitReason::Unreadable, super::copy::reason(&error)),
            }
        }
        paths.sort();
        for path in paths {
            match std::fs::symlink_metadata(&path) {
                Ok(facts) if facts.is_symlink() => self.link(&path),
                Ok(facts) if facts.is_dir() => self.folder(&path, depth + 1),
                Ok(facts) if facts.is_file() => self.file(&path, &facts),
                Ok(_) => self.omit(&path, OmitReason::NotAFile, "it is a pipe, a socket or a device"),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.omit(&path, OmitReason::Vanished, "it vanished");
                }
                Err(error) => self.omit(&path, OmitReason::Unreadable, super::copy::reason(&error)),
            }
        }
    }

    fn link(&mut self, path: &Path) {
        let inside = path.canonicalize().ok().filter(|real| self.roots.iter().any(|root| real.starts_with(&root.path)));
        match inside {
            Some(real) => self.omit(path, OmitReason::Link, format!("a link to {}", real.display())),
            None if path.is_dir() => self.omit_folder(path, OmitReason::LeadsOut, LEADS_OUT),
            None => self.omit(path, OmitReason::LeadsOut, LEADS_OUT),
        }
    }

    fn file(&mut self, path: &Path, facts: &Metadata) {
        let Some(below) = self.below(path).filter(|below| !below.contains(['\\', '\0'])) else {
            return self.omit(path, OmitReason::Name, "the name is not text, or has a backslash");
        };
        let role = FileRole::of(&below);
        self.found.files.push(InventoryFile {
            root: self.root.name.clone(),
            path: below,
            role,
            class: role.class(),
            state: state_of(facts),
            is_sealed: false,
        });
    }
}

/// Marks the trail files that have a successor.
fn seal(files: &mut [InventoryFile]) {
    let key = |file: &InventoryFile| {
        let name = TrailName::parse(&file.path);
        (file.root.clone(), name.path, name.digits)
    };
    let mut newest: BTreeMap<(String, String, u64), u64> = BTreeMap::new();
    for file in files.iter().filter(|file| file.role == FileRole::Trail) {
        let seqno = TrailName::parse(&file.path).seqno.unwrap_or(0);
        let known = newest.entry(key(file)).or_insert(seqno);
        *known = seqno.max(*known);
    }
    for file in files.iter_mut().filter(|file| file.role == FileRole::Trail) {
        file.is_sealed =
            TrailName::parse(&file.path).seqno.is_some_and(|seqno| newest.get(&key(file)).is_some_and(|last| seqno < *last));
    }
}

/// Returns the bytes of trails that a day adds.
fn trail_bytes_a_day(files: &[InventoryFile]) -> Option<u64> {
    const DAY: i128 = 86_400_000_000_000;
    let sealed: Vec<_> = files.iter().filter(|file| file.role == FileRole::Trail && file.is_sealed).collect();
    let first = sealed.iter().min_by_key(|file| file.state.modified)?;
    let last = sealed.iter().map(|file| file.state.modified).max()?;
    let span = i128::from(last) - i128::from(first.state.modified);
    // The first file was written before the span.
    let bytes: i128 = sealed.iter().filter(|file| file.path != first.path).map(|file| i128::from(file.state.bytes)).sum();
    u64::try_from((bytes * DAY).checked_div(span).filter(|_| span > 0)?).ok()
}
