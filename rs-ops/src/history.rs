//! [`ConfigHistory`]: which statements of a configuration changed when, and by whom: from the commits of a folder under git, or from the
//! sets of a backup repository.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use crate::backup::{FileRole, Manifest, Set, local_path, set_of, sets};
use crate::config::{ConfigDiffRequest, FileDiff, diff, is_config, is_other_toml, masked};
use crate::input::{Input, RefusedInput};
use crate::moment::Moment;

/// Bytes of a file of a set that are compared.
const MOST: u64 = 16 << 20;

/// The request of `ops.history`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct HistoryRequest {
    /// A folder with configuration under git, or a backup repository: a folder, or the URL of an object store.
    pub path: String,
    /// The versions that are compared, the newest ones; 50 by default.
    pub most: usize,
}

impl Default for HistoryRequest {
    fn default() -> Self {
        Self { path: String::new(), most: 50 }
    }
}

/// `ops.history`: the changes of a configuration from version to version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigHistory {
    /// The versions with changes, the newest one first.
    pub versions: Vec<ConfigVersion>,
    /// Older versions that are not compared.
    pub more: u64,
    /// The artefacts that were refused, such as a file that a set has lost. The changes of such a file are not known.
    pub refused: Vec<RefusedInput>,
}

/// A version, and its changes from the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigVersion {
    /// The commit, or the name of the set.
    pub id: String,
    /// The time of the commit, or of the start of the backup.
    pub time: Option<Moment>,
    /// The author of the commit. A backup does not know who changed a file.
    pub who: Option<String>,
    /// The first line of the commit's message, with secrets masked.
    pub text: Option<String>,
    /// The files that differ in their meaning.
    pub files: Vec<FileDiff>,
}

/// Answers `ops.history`. A folder under git needs the program `git`, whose hooks, filters and external programs are not run.
///
/// ```
/// # let home = tempfile::tempdir().unwrap();
/// # let path = home.path().display().to_string();
/// use trailcore_ops::history::{HistoryRequest, history};
/// let error = history(&HistoryRequest { path, ..HistoryRequest::default() }).unwrap_err();
/// assert!(error.to_string().contains("neither"));
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] for a folder that is neither under git nor a repository of backups; [`ErrorKind::Io`] if `git` cannot be
/// run, or fails; the errors of reading a manifest.
pub fn history(request: &HistoryRequest) -> Result<ConfigHistory> {
    let path = Path::new(&request.path);
    if local_path(&request.path).is_none_or(|path| path.join("sets").is_dir()) {
        return of_sets(&request.path, request.most);
    }
    if !path.is_dir() || !path.ancestors().any(|folder| folder.join(".git").exists()) {
        let error = Error::new(ErrorKind::InvalidArgument, "the folder is neither under git nor a repository of backups");
        return Err(error.in_file(path).hint("trailcore ops diff compares two folders"));
    }
    of_git(path, request.most)
}

/// Compares the sets of a repository.
fn of_sets(repository: &str, most: usize) -> Result<ConfigHistory> {
    let found = sets(repository)?;
    let first = found.len().saturating_sub(most.saturating_add(1));
    let mut history = ConfigHistory { more: first as u64, ..ConfigHistory::default() };
    let mut before: Option<(Manifest, Set)> = None;
    for name in found.into_iter().skip(first) {
        let set = set_of(repository, &name)?;
        let (manifest, _) = set.manifest()?;
        if let Some((old, old_set)) = &before {
            let digests = |manifest: &Manifest| -> BTreeMap<String, String> {
                let files = manifest.files.iter().filter(|file| file.role == FileRole::Parameters);
                files.map(|file| (file.stored(), file.digest.clone())).collect()
            };
            let (had, has) = (digests(old), digests(&manifest));
            let changed: BTreeSet<&String> =
                had.keys().chain(has.keys()).filter(|name| had.get(*name) != has.get(*name)).collect();
            let mut files = Vec::new();
            for name in changed {
                let content = |set: &Set, files: &BTreeMap<String, String>| {
                    if files.contains_key(name) { content(set, name) } else { Ok(None) }
                };
                match content(old_set, &had).and_then(|before| Ok((before, content(&set, &has)?))) {
                    Ok(versions) => files.push(versions),
                    // Both neighbours of a set are compared with it.
                    Err(refused) if history.refused.contains(&refused) => {}
                    Err(refused) => history.refused.push(refused),
                }
            }
            history.add(manifest.set.clone(), Some(manifest.started), None, None, files.into_iter());
        }
        before = Some((manifest, set));
    }
    history.versions.reverse();
    Ok(history)
}

/// Returns a file of a set; `None` for TOML that has no pipelines.
fn content(set: &Set, name: &str) -> std::result::Result<Option<Input>, RefusedInput> {
    let place = format!("{}/{name}", set.place());
    let mut bytes = Vec::new();
    let reason = match set.open(name).and_then(|stored| stored.reader.take(MOST + 1).read_to_end(&mut bytes)) {
        Ok(read) if read as u64 <= MOST => return Ok(configuration(name, &String::from_utf8_lossy(&bytes))),
        Ok(_) => format!("{place}: the file has more than {} MiB", MOST >> 20),
        Err(error) => Error::io(place.as_ref(), error).to_string(),
    };
    Err(RefusedInput { artefact: place, reason })
}

/// Returns a file of a version; `None` for TOML that has no pipelines.
fn configuration(name: &str, text: &str) -> Option<Input> {
    (!is_other_toml(name, text)).then(|| Input::text(name, text))
}

/// Compares the commits of a folder.
fn of_git(path: &Path, most: usize) -> Result<ConfigHistory> {
    let limit = format!("-n{}", most.saturating_add(1));
    let log = git(path, &["log", "--format=%H%x1f%an%x1f%aI%x1f%s", &limit, "--", "."])?;
    let mut history = ConfigHistory::default();
    let log = String::from_utf8_lossy(&log).into_owned();
    for (number, line) in log.lines().enumerate() {
        if number == most {
            let total =
                String::from_utf8_lossy(&git(path, &["rev-list", "--count", "HEAD", "--", "."])?).trim().parse().unwrap_or(0u64);
            history.more = total.saturating_sub(most as u64);
            break;
        }
        let mut fields = line.split('\u{1f}');
        let (Some(id), Some(who), Some(time), Some(text)) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
            return Err(Error::internal("git prints a log in another form"));
        };
        let names =
            git(path, &["diff-tree", "--root", "--no-commit-id", "--name-only", "--relative", "-r", "-m", "-z", id, "--", "."])?;
        let names: BTreeSet<String> =
            names.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let content = |revision: &str, name: &str| {
            // A file that is not in a version is new, or gone.
            let bytes = git(path, &["show", "--no-textconv", &format!("{revision}:./{name}")]).ok()?;
            configuration(name, &String::from_utf8_lossy(&bytes))
        };
        let names: Vec<&String> = names.iter().filter(|name| is_config(Path::new(name))).collect();
        let files = names.into_iter().map(|name| (content(&format!("{id}^"), name), content(id, name)));
        history.add(id.to_owned(), time.parse().ok(), Some(who.to_owned()), Some(masked(text)), files);
    }
    Ok(history)
}

/// Runs git without anything that a repository could have configured.
fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let run = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args([
            "--no-pager",
            "-c",
            "core.fsmonitor=",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "diff.external=",
            "-c",
            "core.quotePath=false",
        ])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| Error::new(ErrorKind::Io, format!("git cannot be run: {error}")))?;
    match run.status.success() {
        true => Ok(run.stdout),
        false => {
            let what = String::from_utf8_lossy(&run.stderr).lines().next().unwrap_or_default().to_owned();
            Err(Error::new(ErrorKind::Io, format!("git: {}", masked(&what))).in_file(folder))
        }
    }
}

impl ConfigHistory {
    /// Adds a version, if a file of it differs in its meaning.
    fn add(
        &mut self,
        id: String,
        time: Option<Moment>,
        who: Option<String>,
        text: Option<String>,
        files: impl Iterator<Item = (Option<Input>, Option<Input>)>,
    ) {
        let mut changed = Vec::new();
        for (before, after) in files {
            let request = ConfigDiffRequest { before: before.into_iter().collect(), after: after.into_iter().collect() };
            let found = diff(&request);
            changed.extend(found.files);
            self.refused.extend(found.refused);
        }
        if !changed.is_empty() {
            self.versions.push(ConfigVersion { id, time, who, text, files: changed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigChangeKind;

    fn run(folder: &Path, arguments: &[&str]) {
        let run = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    #[test]
    fn commits_of_a_folder() {
        if Command::new("git").arg("--version").output().is_err() {
            println!("skipped: no git");
            return;
        }
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("ogg/dirprm");
        std::fs::create_dir_all(&folder).unwrap();
        run(scratch.path(), &["init", "-q", "-b", "main"]);
        let commit = |name: &str, text: &str, who: &str| {
            std::fs::write(folder.join(name), text).unwrap();
            run(scratch.path(), &["add", "-A"]);
            let author = format!("{who} <{who}@example.org>");
            let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
            let text = format!("PASSWORD t0psecret by {who}");
            let arguments = [&identity[..], &["commit", "-q", "-m", &text, "--author", &author]].concat();
            run(scratch.path(), &arguments);
        };
        commit("e1.prm", "EXTRACT e1\nUSERID a, PASSWORD s3cret1\nTABLE A.B;\n", "ann");
        commit("e1.prm", "extract e1\nUSERID a,   PASSWORD s3cret1\n-- only a comment\nTABLE A.B;\n", "ben");
        commit("e1.prm", "EXTRACT e1\nUSERID a, PASSWORD s3cret2\nTABLE A.B;\nTABLE A.C;\n", "cem");
        commit("readme.txt", "no configuration", "dan");
        let found = history(&HistoryRequest { path: folder.display().to_string(), ..HistoryRequest::default() }).unwrap();
        let who: Vec<_> = found.versions.iter().map(|version| version.who.as_deref().unwrap()).collect();
        assert_eq!(who, ["cem", "ann"], "a comment is no change of meaning");
        let kinds: Vec<_> = found.versions[0].files[0].changes.iter().map(|change| change.kind).collect();
        assert_eq!(kinds, [ConfigChangeKind::SecretChanged, ConfigChangeKind::Added]);
        assert!(found.versions[0].time.is_some() && found.more == 0);
        let text = serde_json::to_string(&found).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("t0psecret"), "{text}");
        let one = history(&HistoryRequest { path: folder.display().to_string(), most: 1 }).unwrap();
        assert_eq!((one.versions.len(), one.more), (0, 3));
    }

    #[test]
    fn sets_of_a_repository() {
        use crate::backup::{BackupRequest, Root, backup};
        let scratch = tempfile::tempdir().unwrap();
        let (home, repository) = (scratch.path().join("home"), scratch.path().join("backup"));
        std::fs::create_dir_all(home.join("dirprm")).unwrap();
        let path = |path: &Path| path.display().to_string();
        let versions = [
            ("TABLE A.B;\n", 1),
            ("TABLE A.B;\n-- a comment\n", 1),
            ("TABLE A.B;\nTABLE A.C;\n", 1),
            ("TABLE A.B;\nTABLE A.C;\n", 2),
        ];
        for (tables, changes) in versions {
            std::fs::write(home.join("dirprm/e1.prm"), format!("EXTRACT e1\n{tables}")).unwrap();
            std::fs::write(home.join("other.toml"), format!("a = {changes}\n")).unwrap();
            let pipelines = format!(
                "[[pipeline]]\nname = 'p'\ntrail = 'dirdat/lt'\ncommit = {{ changes = {changes} }}\n\
                 [[pipeline.sink]]\nkind = 'jsonl'\npath = 'lake'\n"
            );
            std::fs::write(home.join("pipelines.toml"), pipelines).unwrap();
            let roots = vec![Root { path: path(&home), ..Root::default() }];
            backup(&BackupRequest { roots, repository: path(&repository), ..BackupRequest::default() }).unwrap();
        }
        let found = history(&HistoryRequest { path: path(&repository), ..HistoryRequest::default() }).unwrap();
        assert_eq!((found.versions.len(), found.refused.len()), (2, 0), "{found:?}");
        let files: Vec<_> = found.versions.iter().flat_map(|version| &version.files).collect();
        assert_eq!(files.iter().map(|file| file.changes.len()).collect::<Vec<_>>(), [1, 1], "{files:?}");
        let names: Vec<_> = files.iter().map(|file| file.after.as_deref().unwrap()).collect();
        assert_eq!(names, ["files/home/pipelines.toml", "files/home/dirprm/e1.prm"]);
        assert_eq!(found.versions[0].who, None);
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other() {
        use crate::backup::{BackupRequest, Root, backup};
        let scratch = tempfile::tempdir().unwrap();
        let (home, repository) = (scratch.path().join("home"), scratch.path().join("backup").display().to_string());
        std::fs::create_dir_all(&home).unwrap();
        let mut paths = Vec::new();
        for version in ["1", "2", "3"] {
            for name in ["e1.prm", "lost.prm"] {
                std::fs::write(home.join(name), format!("EXTRACT e1\nTABLE A.B{version};\n")).unwrap();
            }
            let size = usize::try_from(MOST).unwrap() + 1;
            std::fs::write(home.join("long.prm"), version.repeat(size)).unwrap();
            let roots = vec![Root { path: home.display().to_string(), ..Root::default() }];
            let request = BackupRequest { roots, repository: repository.clone(), ..BackupRequest::default() };
            paths.push(backup(&request).unwrap().path);
        }
        std::fs::remove_file(Path::new(&paths[1]).join("files/home/lost.prm")).unwrap();
        let found = history(&HistoryRequest { path: repository, ..HistoryRequest::default() }).unwrap();
        let changed: Vec<_> =
            found.versions.iter().flat_map(|version| &version.files).map(|file| file.after.as_deref()).collect();
        assert_eq!(changed, [Some("files/home/e1.prm"); 2]);
        let refused = |name: &str| found.refused.iter().filter(|one| one.artefact.ends_with(name)).count();
        assert_eq!((refused("lost.prm"), refused("long.prm"), found.refused.len()), (1, 2, 3), "{:?}", found.refused);
        assert!(found.refused.iter().any(|one| one.reason.contains("more than 16 MiB")));
    }
}
