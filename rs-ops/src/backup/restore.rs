//! Restores: a plan as text that a person runs, and a rehearsal in a scratch folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::report::CheckDocument;
use trailcore::{Error, ReadOptions, Result, Trail};

use super::class::{FileClass, FileRole, OmitReason, Omitted};
use super::copy::{self, invalid};
use super::manifest::{Landing, Manifest, SetFile, SetPosition};
use super::positions::{Trails, bad};
use super::store::{Local, Set, Store, local_path, set_at};
use super::take::empty_folder;
use super::verify::{ProblemKind, SetProblem};
use crate::model::{StreamKind, TrailName};

/// The request of `ops.restore_plan` and `ops.rehearse`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RestoreRequest {
    /// A set, or a repository, whose last set is used.
    pub path: String,
    /// `ops.rehearse`: an empty folder for the files, to which only its owner can write. It stays as it is after the rehearsal, and can
    /// be removed.
    pub scratch: Option<String>,
}

/// `ops.restore_plan`: what a person does to restore a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RestorePlan {
    /// The folder or URL of the set.
    pub path: String,
    /// The name of the set.
    pub set: String,
    /// Facts that have to be known before the first step.
    pub warnings: Vec<String>,
    /// The plan as text with commands.
    pub text: String,
}

/// `ops.rehearse`: whether a set can be restored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rehearsal {
    /// The folder or URL of the set.
    pub path: String,
    /// The name of the set.
    pub set: String,
    /// The folder with the restored files.
    pub scratch: String,
    /// Every file was restored, every trail was read, and every position of a reader is the start of a record or the end of the trail.
    pub is_good: bool,
    /// Files that were restored.
    pub files: u64,
    /// Bytes that were restored.
    pub bytes: u64,
    /// The trails.
    pub trails: Vec<RehearsedTrail>,
    /// The positions of the streams, with their places in the restored trails.
    pub positions: Vec<SetPosition>,
    /// The problems.
    pub problems: Vec<SetProblem>,
}

/// A trail that was restored and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RehearsedTrail {
    /// The path of the restored trail without the number.
    pub trail: String,
    /// The files.
    pub files: u64,
    /// The records.
    pub records: u64,
    /// The changes.
    pub changes: u64,
    /// The transactions.
    pub transactions: u64,
    /// No issue was found.
    pub is_whole: bool,
    /// The first issues, without column data.
    pub issues: Vec<String>,
}

/// Issues of a trail that are listed.
const ISSUES: usize = 20;
/// Files without a copy that a plan lists.
const LISTED: usize = 100;

/// Answers `ops.rehearse`: copies the files of a set into a scratch folder, compares their digests, reads every record and change of
/// every trail, and looks up every position.
///
/// # Errors
/// [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) if the scratch folder is not empty or others can write to it, the errors of [`Manifest::open`] and
/// of writing the folder and of requests to an object store.
pub fn rehearse(request: &RestoreRequest) -> Result<Rehearsal> {
    let set = set_at(&request.path)?;
    let (manifest, _) = set.manifest()?;
    let scratch = request.scratch.as_deref().ok_or_else(|| invalid("scratch: an empty folder is needed"))?;
    // A slash at the end would follow a link.
    let scratch: PathBuf = Path::new(scratch).components().collect();
    empty_folder(&scratch)?;
    refuse_shared(&scratch)?;
    let mut report = Rehearsal {
        path: set.place(),
        set: manifest.set.clone(),
        scratch: scratch.display().to_string(),
        positions: manifest.positions.clone(),
        ..Rehearsal::default()
    };
    for file in &manifest.files {
        report.restore(&set, file, &scratch)?;
    }
    report.read_trails(&manifest, &scratch)?;
    report.look_up(&manifest, &scratch);
    for text in bad(&report.positions) {
        report.add(ProblemKind::Position, "", text);
    }
    report.is_good = report.problems.is_empty();
    Ok(report)
}

/// Refuses a folder into which another user could put files: a plan copies from there.
fn refuse_shared(folder: &Path) -> Result<()> {
    let failed = |error| Error::io(folder, error);
    // The owner of a link could let it name another folder later.
    let (link, real) = (fs::symlink_metadata(folder).map_err(failed)?, fs::metadata(folder).map_err(failed)?);
    let user = rustix::process::geteuid().as_raw();
    if link.uid() == user && real.uid() == user && real.mode() & 0o022 == 0 {
        return Ok(());
    }
    let error = invalid("scratch: the folder is of another user, or others can write to it").in_file(folder);
    Err(error.hint("name a folder that does not exist yet"))
}

impl Rehearsal {
    fn add(&mut self, kind: ProblemKind, subject: &str, text: impl Into<String>) {
        self.problems.push(SetProblem { kind, subject: subject.to_owned(), text: text.into() });
    }

    fn restore(&mut self, set: &Set, file: &SetFile, scratch: &Path) -> Result<()> {
        let to = scratch.join(&file.root).join(&file.path);
        let copied = set.open(&file.stored()).map_err(copy::Failed::Source).and_then(|stored| copy::fetch(stored, &to));
        match copied {
            Ok((bytes, digest)) if digest == file.digest => {
                self.files += 1;
                self.bytes += bytes;
            }
            Ok(_) => self.add(ProblemKind::Changed, &file.stored(), "the digest differs from the one in the manifest"),
            Err(copy::Failed::Source(error)) => {
                self.add(ProblemKind::Missing, &file.stored(), copy::reason_of_stored(error)?);
            }
            Err(copy::Failed::Target(error)) => return Err(error),
        }
        Ok(())
    }

    fn read_trails(&mut self, manifest: &Manifest, scratch: &Path) -> Result<()> {
        let mut trails: BTreeMap<(String, u64), Vec<PathBuf>> = BTreeMap::new();
        let mut damaged: BTreeSet<String> = BTreeSet::new();
        for file in manifest.files.iter().filter(|file| file.role == FileRole::Trail) {
            let path = scratch.join(&file.root).join(&file.path);
            let name = TrailName::parse(&format!("{}/{}", file.root, file.path));
            if file.trail.as_ref().is_some_and(|trail| !trail.damage.is_empty()) {
                damaged.insert(name.path.clone());
            }
            if path.is_file() {
                trails.entry((name.path, name.digits)).or_default().push(path);
            }
        }
        for ((name, _), paths) in trails {
            let trail = Trail::open_files(&paths)?;
            let check = match CheckDocument::of(&trail, &ReadOptions::new()) {
                Ok(check) => check,
                Err(error) if error.kind().is_damage() => {
                    self.add(ProblemKind::Trail, &name, error.what());
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Damage that the source had is in the manifest, and no fault of the copy.
            let faults = check.issues.iter().filter(|issue| issue.is_fault).count();
            if !check.is_whole && !damaged.contains(&name) {
                let first =
                    check.issues.iter().find(|issue| issue.is_fault).map_or("invalid values", |issue| issue.text.as_str());
                self.add(ProblemKind::Trail, &name, format!("{faults} faults; the first: {first}"));
            }
            self.trails.push(RehearsedTrail {
                trail: scratch.join(&name).display().to_string(),
                files: paths.len() as u64,
                records: check.records,
                changes: check.changes,
                transactions: check.transactions,
                is_whole: check.is_whole,
                issues: check.issues.iter().take(ISSUES).map(|issue| issue.text.clone()).collect(),
            });
        }
        Ok(())
    }

    fn look_up(&mut self, manifest: &Manifest, scratch: &Path) {
        let (trails, restored) = (Trails::of_set(&manifest.files, &manifest.roots), Local::at(scratch));
        let mut landings: BTreeMap<usize, Vec<(u64, Landing)>> = BTreeMap::new();
        for (index, wanted) in trails.wanted(&self.positions) {
            let Some((file, trail)) = manifest.files.get(index).and_then(|file| Some((file, file.trail.as_ref()?))) else {
                continue;
            };
            // A file that was not restored is a problem already.
            let stored = restored.open(&format!("{}/{}", file.root, file.path));
            if let Ok((_, scanned)) = stored.and_then(|stored| copy::scan_stored(stored, trail.seqno, trail.is_sealed, &wanted)) {
                landings.insert(index, scanned.landings);
            }
        }
        trails.land(&mut self.positions, &landings);
    }
}

/// Answers `ops.restore_plan`: the steps as text. Nothing is run.
///
/// # Errors
/// The errors of [`Manifest::open`].
pub fn restore_plan(request: &RestoreRequest) -> Result<RestorePlan> {
    let set = set_at(&request.path)?;
    let (manifest, _) = set.manifest()?;
    let warnings = warnings(&manifest);
    let text = plan(&set.place(), &manifest, &warnings);
    Ok(RestorePlan { path: set.place(), set: manifest.set, warnings, text })
}

fn warnings(manifest: &Manifest) -> Vec<String> {
    let mut found: Vec<String> = manifest.gaps.iter().map(|gap| format!("the set is not whole: {gap}")).collect();
    if manifest.is_fuzzy {
        found
            .push("checkpoints moved while the set was made; it has the earlier ones, so some changes are read again".to_owned());
    }
    let damaged = manifest.files.iter().filter(|file| file.trail.as_ref().is_some_and(|trail| !trail.damage.is_empty()));
    found.extend(damaged.map(|file| format!("{}/{} was damaged at the source", file.root, file.path)));
    let secrets = manifest.omitted.iter().any(|omitted| omitted.class == Some(FileClass::Secret));
    if secrets {
        found.push("keys and wallets are not in the set; restore them from their own backup first".to_owned());
    }
    if manifest.positions.is_empty() {
        found.push(
            "the set has no positions: it was made without artefacts, so the plan has no commands to position groups".to_owned(),
        );
    }
    found
}

/// Returns a path as a word of a shell.
fn quoted(path: &str) -> String {
    let is_plain = !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+:@".contains(&byte));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Returns the text without control characters, so that a hostile name cannot add a line to the plan.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Returns the folder of the rehearsal: beside a root, where no other user can put a folder before.
fn rehearsal(manifest: &Manifest) -> String {
    let root = manifest.roots.values().next().map_or("", |path| path.trim_end_matches('/'));
    one_line(&format!("{root}.rehearsal-{}", manifest.set))
}

fn plan(set: &str, manifest: &Manifest, warnings: &[String]) -> String {
    let mut text = format!(
        "# Restore of set {} of {}.\n# Read every step before it is run; trailcore runs none of them.\n",
        manifest.set, manifest.started
    );
    for warning in warnings {
        let _ = writeln!(text, "# WARNING: {}", one_line(warning));
    }
    let local = local_path(set).map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
    let set_path = local.as_ref().map_or_else(|| set.to_owned(), |path| path.display().to_string());
    let rehearsal = rehearsal(manifest);
    // An object store has no files to copy: those of the rehearsal are.
    let origin = if local.is_some() { format!("{set_path}/files") } else { rehearsal.clone() };
    let _ = writeln!(text, "\n# 1. Verify the set, and rehearse the restore on this machine.");
    let (set_path, rehearsal) = (quoted(&set_path), quoted(&rehearsal));
    let _ = writeln!(text, "trailcore ops verify {set_path}\ntrailcore ops rehearse {set_path} --scratch {rehearsal}");
    text +=
        "\n# 2. Stop all processes, so that nothing writes to the folders (GGSCI, or adminclient).\nSTOP ER *\nSTOP MANAGER\n";
    text += "\n# 3. Move aside what is there now, and copy the files back. The programs are not in the set: install them first if they are lost.\n";
    for (name, path) in &manifest.roots {
        let files: Vec<&SetFile> = manifest.files.iter().filter(|file| file.root == *name).collect();
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let _ = writeln!(text, "# root {name}: {} files, {bytes} bytes", files.len());
        let tops: BTreeSet<&str> = files.iter().map(|file| file.path.split('/').next().unwrap_or_default()).collect();
        for top in &tops {
            let (own, aside) = (
                quoted(&one_line(&format!("{path}/{top}"))),
                quoted(&one_line(&format!("{path}/{top}.before-{}", manifest.set))),
            );
            let _ = writeln!(text, "test ! -e {own} || mv {own} {aside}");
        }
        let (from, to) = (quoted(&format!("{origin}/{name}/.")), quoted(path));
        let _ = writeln!(text, "mkdir -p {to}\ncp -a {from} {to}/");
        left_aside(manifest, name, path, &tops, &mut text);
        // The copies can be read by their owner only.
        let mut modes: BTreeMap<u32, Vec<&SetFile>> = BTreeMap::new();
        files.iter().filter(|file| file.mode != 0o600).for_each(|file| modes.entry(file.mode).or_default().push(file));
        for (mode, files) in modes {
            for chunk in files.chunks(50) {
                let paths: Vec<String> = chunk.iter().map(|file| quoted(&one_line(&format!("{path}/{}", file.path)))).collect();
                let _ = writeln!(text, "chmod {mode:04o} {}", paths.join(" "));
            }
        }
        let links = manifest.omitted.iter().filter(|omitted| omitted.root == *name);
        for link in links.filter(|omitted| matches!(omitted.reason, OmitReason::Link | OmitReason::LeadsOut)) {
            let _ = writeln!(text, "# make it again: {}/{}: {}", one_line(path), one_line(&link.path), one_line(&link.text));
        }
    }
    let checkpoints = manifest.files.iter().filter(|file| file.role == FileRole::Checkpoint).count();
    let _ = write!(
        text,
        "\n# 4. Checkpoints: {checkpoints} files were copied as they are. They fit the same release and the same paths only.\n"
    );
    text += "# On another release or host: remove them, add the groups again, and position them with step 5.\n";
    text +=
        "# A Replicat with a checkpoint table has its position in the target database. If the database is newer than this set,\n";
    text += "# do not set it back: changes would be applied twice.\n";
    text += "\n# 5. Positions (GGSCI, or adminclient). A writer starts a new file, whose number INFO EXTRACT x, DETAIL shows.\n";
    text += "# Once a reader has read the file before it: ALTER EXTRACT or REPLICAT x, EXTSEQNO number, EXTRBA 0 (OGG-01519).\n";
    for position in &manifest.positions {
        text += &alter(position);
    }
    text += "\n# 6. Start, and compare the counts.\nSTART MANAGER\nSTART ER *\nINFO ALL\n";
    text
}

/// Names the files that were moved aside, and that the set does not have.
fn left_aside(manifest: &Manifest, root: &str, path: &str, tops: &BTreeSet<&str>, text: &mut String) {
    let is_aside = |omitted: &&Omitted| {
        let is_file = !matches!(omitted.reason, OmitReason::Link | OmitReason::LeadsOut);
        let top = omitted.path.split_once('/').map_or("", |(top, _)| top);
        omitted.root == root && is_file && tops.contains(top)
    };
    let aside: Vec<&Omitted> = manifest.omitted.iter().filter(is_aside).collect();
    for omitted in aside.iter().take(LISTED) {
        let Some((top, rest)) = omitted.path.split_once('/') else { continue };
        let place = one_line(&format!("{path}/{top}.before-{}/{rest}", manifest.set));
        let _ = writeln!(text, "# not in the set, so it is only here: {place}");
    }
    if aside.len() > LISTED {
        let _ = writeln!(text, "# and {} more; the manifest lists all of them", aside.len() - LISTED);
    }
}

fn alter(position: &SetPosition) -> String {
    let SetPosition { stream, kind, is_write, trail, seqno, rba, landing, .. } = position;
    let (stream, trail) = (one_line(stream), one_line(trail));
    if *is_write {
        return format!("# {stream} wrote {trail} up to {seqno}/{rba}.\nALTER EXTRACT {stream}, ETROLLOVER\n");
    }
    let group = match kind {
        StreamKind::Replicat => "REPLICAT",
        StreamKind::Pump | StreamKind::Extract => "EXTRACT",
        _ => return format!("# {stream} reads {trail} at {seqno}/{rba}; its kind is not known, so there is no command.\n"),
    };
    let place = match landing {
        Landing::Record => "the start of a record",
        Landing::End => "the end of the trail",
        _ => return format!("# {stream} reads {trail} at {seqno}/{rba}, which is not in the set; see the warnings.\n"),
    };
    format!("# {stream} reads {trail}; {seqno}/{rba} is {place}.\nALTER {group} {stream}, EXTSEQNO {seqno}, EXTRBA {rba}\n")
}
