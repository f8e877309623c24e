//! Takes a set: checkpoints, then trails, then checkpoints again. Nothing at the source is locked, paused or changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};
use trailcore_stream::point;

use super::class::{FileClass, FileRole, OmitReason, Omitted};
use super::copy::{self, Copied, Failed, Scanned, copy_plain, copy_trail, create_folder, invalid};
use super::inventory::{InventoryFile, RealRoot, Root, listed, resolved};
use super::manifest::{FORM, Landing, Manifest, PreviousSet, SetFile, SetPosition};
use super::positions::{Trails, bad, observed};
use super::sign::SignKey;
use super::store::{Draft, Note, local_path, set_of, store_at};
use crate::input::{Input, RefusedInput};
use crate::model::TrailName;
use crate::moment::Moment;

/// The request of `ops.backup`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BackupRequest {
    /// The folders.
    pub roots: Vec<Root>,
    /// The folder, or the URL of an object store, that gets the set. A folder must not be inside of a root.
    pub repository: String,
    /// Artefacts with the positions of the streams. They are read before and after the trails are copied.
    pub inputs: Vec<Input>,
    /// Keys, wallets and certificates are copied, too.
    pub secrets: bool,
    /// Files that an installation or a process makes again are copied, too.
    pub rebuildable: bool,
    /// Trail files are copied again, also the ones of the last set.
    pub full: bool,
    /// A file with a secret key of at least 16 bytes: the manifest is signed with it.
    pub sign_key: Option<String>,
    /// The time of the set, which also names it; now by default.
    pub now: Option<Moment>,
}

/// `ops.backup`: a set that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupReport {
    /// The folder or URL of the set.
    pub path: String,
    /// The contents.
    pub manifest: Manifest,
    /// The digest of the manifest.
    pub digest: String,
    /// Bytes that were copied.
    pub copied_bytes: u64,
    /// Trail files that are shared with the last set.
    pub shared: u64,
    /// Trail files of an interrupted backup that were used.
    pub resumed: u64,
    /// Trail records that were read.
    pub records: u64,
    /// The artefacts that were refused, and the last set if its manifest is damaged or not signed with the key of this backup.
    pub refused: Vec<RefusedInput>,
}

/// Answers `ops.backup`.
///
/// The order makes the set consistent: positions and checkpoint files first, then everything else, then both again. A trail that is
/// copied after a checkpoint has at least what the checkpoint needs. If checkpoints moved meanwhile, the set is fuzzy, and has the
/// earlier ones. A set gets its name once all of it is on the disk; a backup that was interrupted continues with the trail files
/// that it has.
///
/// ```
/// use trailcore_ops::backup::{BackupRequest, Root, backup, verify, VerifyRequest};
/// # let (home, repository) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
/// # std::fs::create_dir(home.path().join("dirdat")).unwrap();
/// # trailcore_samples::write_bank(&home.path().join("dirdat"), &trailcore_samples::Bank::small()).unwrap();
/// # let (home, repository) = (home.path().display().to_string(), repository.path().display().to_string());
/// let roots = vec![Root { path: home, ..Root::default() }];
/// let report = backup(&BackupRequest { roots, repository, ..BackupRequest::default() })?;
/// assert!(report.manifest.is_whole && report.records > 0);
/// assert!(verify(&VerifyRequest { path: report.path, ..VerifyRequest::default() })?.is_good);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument) for wrong roots or a repository inside of them, [`Io`](ErrorKind::Io) if the
/// repository cannot be written. A file of the source that cannot be read is no error: the set lists it.
pub fn backup(request: &BackupRequest) -> Result<BackupReport> {
    let roots = resolved(&request.roots)?;
    if request.repository.is_empty() {
        return Err(invalid("repository: a folder is needed"));
    }
    if let Some(folder) = local_path(&request.repository) {
        refuse_inside(folder, &roots)?;
    }
    let repository = store_at(&request.repository)?;
    let keys = request.sign_key.iter().map(|path| SignKey::read(path)).collect::<Result<Vec<_>>>()?;
    let started = request.now.unwrap_or_else(now);
    let draft = repository.begin(&name_at(started)?)?;
    let mut refused = Vec::new();
    let mut run = Run::new(request, &roots, &keys, draft, &mut refused)?;
    let (positions, unread) = observed(&request.inputs);
    refused.extend(unread);
    run.checkpoints()?;
    run.positions = positions;
    run.files()?;
    run.finish(started, refused)
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Refuses a repository inside of a root, and a root inside of the repository.
fn refuse_inside(repository: &Path, roots: &[RealRoot]) -> Result<()> {
    // The folder may not exist yet: its nearest ancestor decides. What is below that must not lead up again.
    let absolute = std::path::absolute(repository).map_err(|error| Error::io(repository, error))?;
    let real = absolute.ancestors().find_map(|part| Some((part.canonicalize().ok()?, absolute.strip_prefix(part).ok()?)));
    let (real, below) = real.ok_or_else(|| invalid("the path of the repository has no root").in_file(repository))?;
    if below.components().any(|part| part == Component::ParentDir) {
        return Err(invalid("the path has .. after a folder that does not exist").in_file(repository).hint("name it without .."));
    }
    let real = real.join(below);
    match roots.iter().find(|root| real.starts_with(&root.path) || root.path.starts_with(&real)) {
        Some(root) => {
            let error = invalid(format!("the repository and the root {} are inside of each other", root.given));
            Err(error.in_file(repository).hint("name a repository outside of all roots"))
        }
        None => Ok(()),
    }
}

struct Run<'a> {
    request: &'a BackupRequest,
    roots: &'a [RealRoot],
    /// The key that signs, if there is one.
    keys: &'a [SignKey],
    draft: Box<dyn Draft + 'a>,
    files: Vec<SetFile>,
    omitted: Vec<Omitted>,
    positions: Vec<SetPosition>,
    landings: BTreeMap<(String, String), Vec<(u64, Landing)>>,
    /// Sealed trail files of an interrupted backup, and of the last set.
    interrupted: BTreeMap<(String, String), SetFile>,
    last: BTreeMap<(String, String), SetFile>,
    previous: Option<PreviousSet>,
    copied_bytes: u64,
    shared: u64,
    resumed: u64,
    records: u64,
}

fn key(file: &SetFile) -> (String, String) {
    (file.root.clone(), file.path.clone())
}

/// Reads the manifest of a set whose files may be shared. A backup that signs uses only what was signed with its key.
fn trusted(repository: &str, set: &str, keys: &[SignKey]) -> Result<(Manifest, String)> {
    let set = set_of(repository, set)?;
    let (manifest, digest, signature) = set.signed_manifest(keys)?;
    match signature.is_good(keys) {
        true => Ok((manifest, digest)),
        false => Err(invalid("the manifest has no valid signature with the key of this backup").in_file(set.place())),
    }
}

impl<'a> Run<'a> {
    fn new(
        request: &'a BackupRequest,
        roots: &'a [RealRoot],
        keys: &'a [SignKey],
        draft: Box<dyn Draft + 'a>,
        refused: &mut Vec<RefusedInput>,
    ) -> Result<Self> {
        let notes = draft.interrupted().into_iter().filter(|note| note.is_good(keys));
        let interrupted = notes.map(|note| (key(&note.file), note.file)).collect();
        let (mut last, mut previous) = (BTreeMap::new(), None);
        if let Some(name) = draft.previous() {
            match trusted(&request.repository, name, keys) {
                Ok((manifest, digest)) => {
                    last = manifest.files.into_iter().filter(is_reusable).map(|file| (key(&file), file)).collect();
                    previous = Some(PreviousSet { set: name.to_owned(), digest });
                }
                // The new set is the more needed: it has nothing of that one.
                Err(error) => refused.push(RefusedInput { artefact: name.to_owned(), reason: error.to_string() }),
            }
        }
        Ok(Self {
            request,
            roots,
            keys,
            draft,
            files: Vec::new(),
            omitted: Vec::new(),
            positions: Vec::new(),
            landings: BTreeMap::new(),
            interrupted,
            last: if request.full { BTreeMap::new() } else { last },
            previous,
            copied_bytes: 0,
            shared: 0,
            resumed: 0,
            records: 0,
        })
    }

    /// Copies the checkpoint files, before any trail.
    fn checkpoints(&mut self) -> Result<()> {
        let found = listed(self.roots);
        for file in found.files.iter().filter(|file| file.role == FileRole::Checkpoint) {
            self.plain(file)?;
            point::reach("backup.checkpoint");
        }
        Ok(())
    }

    /// Copies everything else. The files are listed again: the checkpoints may refer to a trail file that is new.
    fn files(&mut self) -> Result<()> {
        let found = listed(self.roots);
        self.omitted.extend(found.omitted);
        let copied: BTreeSet<(String, String)> = self.files.iter().map(key).collect();
        let listed = found.files.iter().enumerate();
        let trails = Trails::of(listed.map(|(at, file)| (at, file.root.as_str(), file.path.as_str(), file.role)), &found.roots);
        let wanted = trails.wanted(&self.positions);
        for (index, file) in found.files.iter().enumerate() {
            if file.role == FileRole::Checkpoint {
                if !copied.contains(&(file.root.clone(), file.path.clone())) && !self.is_omitted(file) {
                    self.omit(file, OmitReason::Late, "it was created while the set was made");
                }
                continue;
            }
            let is_wanted = match file.class {
                FileClass::Secret => self.request.secrets,
                FileClass::Rebuildable => self.request.rebuildable,
                FileClass::Must | FileClass::Should => true,
            };
            if !is_wanted {
                self.omit(file, OmitReason::Class, "the request leaves this class out");
            } else if file.role == FileRole::Trail {
                self.trail(file, wanted.get(&index).map_or(&[], Vec::as_slice))?;
            } else {
                self.plain(file)?;
            }
        }
        let mut positions = std::mem::take(&mut self.positions);
        let by_index = found
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| Some((index, self.landings.get(&(file.root.clone(), file.path.clone()))?.clone())));
        trails.land(&mut positions, &by_index.collect());
        self.positions = positions;
        Ok(())
    }

    fn is_omitted(&self, file: &InventoryFile) -> bool {
        self.omitted.iter().any(|omitted| omitted.root == file.root && omitted.path == file.path)
    }

    fn omit(&mut self, file: &InventoryFile, reason: OmitReason, text: &str) {
        let (root, path) = (file.root.clone(), file.path.clone());
        self.omitted.push(Omitted { root, path, class: Some(file.class), reason, text: text.to_owned() });
    }

    fn source(&self, root: &str, path: &str) -> PathBuf {
        let root = self.roots.iter().find(|own| own.name == root);
        root.map_or_else(|| PathBuf::from(path), |root| root.path.join(path))
    }

    fn entry(file: &InventoryFile, copied: Copied, scanned: Option<Scanned>) -> SetFile {
        SetFile {
            root: file.root.clone(),
            path: file.path.clone(),
            role: file.role,
            class: file.class,
            bytes: copied.bytes,
            digest: copied.digest,
            mode: copied.mode,
            source: copied.source,
            is_settled: copied.is_settled,
            trail: scanned.map(|scanned| scanned.contents),
        }
    }

    /// Adds a copy, or the reason why there is none.
    fn add(&mut self, file: &InventoryFile, result: std::result::Result<SetFile, Failed>) -> Result<()> {
        match result {
            Ok(entry) => {
                self.copied_bytes += entry.bytes;
                self.files.push(entry);
                Ok(())
            }
            Err(Failed::Target(error)) => Err(error),
            Err(Failed::Source(error)) => {
                let vanished = error.kind() == std::io::ErrorKind::NotFound;
                let reason = if vanished { OmitReason::Vanished } else { OmitReason::Unreadable };
                self.omit(file, reason, copy::reason(&error));
                Ok(())
            }
        }
    }

    /// Returns whether the repository can have the file; otherwise it is listed.
    fn is_name(&mut self, file: &InventoryFile) -> bool {
        let is_name = self.draft.is_name(&stored(file));
        if !is_name {
            self.omit(file, OmitReason::Name, "no object can have its name");
        }
        is_name
    }

    fn plain(&mut self, file: &InventoryFile) -> Result<()> {
        if !self.is_name(file) {
            return Ok(());
        }
        let from = self.source(&file.root, &file.path);
        let result = copy_plain(&from, &|| self.draft.create(&stored(file)), file.role == FileRole::Checkpoint);
        self.add(file, result.map(|copied| Self::entry(file, copied, None)))
    }

    fn trail(&mut self, file: &InventoryFile, wanted: &[u64]) -> Result<()> {
        if !self.is_name(file) {
            return Ok(());
        }
        if let Some(entry) = self.reused(file, wanted)? {
            self.records += entry.trail.as_ref().map_or(0, |trail| trail.records);
            self.files.push(entry);
            return Ok(());
        }
        let from = self.source(&file.root, &file.path);
        let seqno = TrailName::parse(&file.path).seqno.unwrap_or(0);
        let result = copy_trail(&from, &|| self.draft.create(&stored(file)), seqno, file.is_sealed, wanted);
        point::reach("backup.copied");
        let result = result.map(|(copied, mut scanned)| {
            self.landings.insert((file.root.clone(), file.path.clone()), std::mem::take(&mut scanned.landings));
            self.records += scanned.contents.records;
            Self::entry(file, copied, Some(scanned))
        });
        if let Ok(entry) = &result {
            if is_reusable(entry) {
                self.draft.note(&Note::new(entry, self.keys.first())?)?;
            }
        }
        point::reach("backup.journal");
        self.add(file, result)
    }

    /// Returns a sealed trail file that an interrupted backup or the last set has, if the source is unchanged since then.
    fn reused(&mut self, file: &InventoryFile, wanted: &[u64]) -> Result<Option<SetFile>> {
        let key = (file.root.clone(), file.path.clone());
        let is_same = |known: &&SetFile| file.is_sealed && known.source == file.state && is_reusable(known);
        if let Some(known) = self.interrupted.get(&key).filter(is_same).cloned() {
            if self.draft.resume(&known)? && self.land(&known, wanted) {
                self.resumed += 1;
                return Ok(Some(known));
            }
        }
        let Some((known, previous)) = self.last.get(&key).filter(is_same).cloned().zip(self.previous.as_ref()) else {
            return Ok(None);
        };
        if self.draft.share(&previous.set, &known)? && self.land(&known, wanted) {
            self.shared += 1;
            return Ok(Some(known));
        }
        Ok(None)
    }

    /// Looks up the wanted offsets in a file that is reused. Returns `false` if it is not as it was written: the good one is copied again.
    fn land(&mut self, entry: &SetFile, wanted: &[u64]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let seqno = entry.trail.as_ref().map_or(0, |trail| trail.seqno);
        match self.draft.open(&entry.stored()).and_then(|stored| copy::scan_stored(stored, seqno, true, wanted)) {
            Ok((digest, scanned)) if digest == entry.digest => {
                self.landings.insert(key(entry), scanned.landings);
                true
            }
            _ => false,
        }
    }

    /// Looks at the checkpoints again, writes the manifest, and publishes the set.
    fn finish(mut self, started: Moment, mut refused: Vec<RefusedInput>) -> Result<BackupReport> {
        point::reach("backup.checked");
        let (mut later, more) = observed(&self.request.inputs);
        let unchecked = |positions: &[SetPosition]| -> Vec<SetPosition> {
            positions.iter().map(|position| SetPosition { landing: Landing::Unchecked, ..position.clone() }).collect()
        };
        if unchecked(&self.positions) == later {
            later.clear();
        }
        refused.extend(more.into_iter().filter(|one| !refused.contains(one)).collect::<Vec<_>>());
        let moved = self.moved() || self.omitted.iter().any(|omitted| omitted.reason == OmitReason::Late);
        self.files.sort_by(|a, b| (&a.root, &a.path).cmp(&(&b.root, &b.path)));
        self.omitted.sort();
        let mut gaps = gaps(&self.files, &self.omitted);
        gaps.extend(bad(&self.positions));
        let manifest = Manifest {
            form: FORM,
            set: self.draft.name().to_owned(),
            started,
            is_whole: gaps.is_empty(),
            gaps,
            is_fuzzy: moved || !later.is_empty(),
            roots: self.roots.iter().map(|root| (root.name.clone(), root.path.display().to_string())).collect(),
            chain: Manifest::chain_of(&self.files),
            files: std::mem::take(&mut self.files),
            omitted: std::mem::take(&mut self.omitted),
            positions: std::mem::take(&mut self.positions),
            later,
            previous: self.previous.take(),
        };
        let text = manifest.to_text()?;
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let signature = self.keys.first().map(|key| key.line(&text)).unwrap_or_default();
        let path = self.draft.publish(&manifest.files, &text, &format!("{digest}\n{signature}"))?;
        point::reach("backup.published");
        Ok(BackupReport {
            path,
            manifest,
            digest,
            copied_bytes: self.copied_bytes,
            shared: self.shared,
            resumed: self.resumed,
            records: self.records,
            refused,
        })
    }

    /// Returns whether a checkpoint file is another one than at the start.
    fn moved(&self) -> bool {
        let checkpoints = self.files.iter().filter(|file| file.role == FileRole::Checkpoint);
        let mut moved = false;
        for file in checkpoints {
            let now = copy::digest_of(&self.source(&file.root, &file.path));
            moved |= !file.is_settled || now.map_or(true, |digest| digest != file.digest);
        }
        moved
    }
}

/// Returns the name of a set of a time.
fn name_at(started: Moment) -> Result<String> {
    let utc = started.utc(None).ok_or_else(|| invalid("now: a time with a zone is needed, such as 2024-03-01T12:00:00Z"))?;
    let text = Moment::from_unix_micros(utc.unix_micros()).to_string();
    let plain: String = text.split('.').next().unwrap_or_default().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    Ok(format!("{plain}Z"))
}

/// Returns the path of a file in a set.
fn stored(file: &InventoryFile) -> String {
    format!("files/{}/{}", file.root, file.path)
}

/// Returns whether a later backup may use the file: it does not change any more.
fn is_reusable(file: &SetFile) -> bool {
    file.is_settled && file.trail.as_ref().is_some_and(|trail| trail.is_sealed) && file.bytes == file.source.bytes
}

/// Returns the reasons why a set is not whole.
fn gaps(files: &[SetFile], omitted: &[Omitted]) -> Vec<String> {
    let is_needed = |omitted: &&Omitted| match omitted.reason {
        OmitReason::Class | OmitReason::Link | OmitReason::Late => false,
        OmitReason::Limit => true,
        _ => omitted.class.is_none_or(|class| class == FileClass::Must),
    };
    let missing = omitted.iter().filter(is_needed).map(|omitted| format!("{}/{}: {}", omitted.root, omitted.path, omitted.text));
    let unsettled = files.iter().filter(|file| !file.is_settled && file.class == FileClass::Must);
    missing.chain(unsettled.map(|file| format!("{}/{}: it changed while it was read", file.root, file.path))).collect()
}

/// Returns an error if a path is no folder, or is not empty.
pub(crate) fn empty_folder(path: &Path) -> Result<()> {
    create_folder(path)?;
    let mut entries = fs::read_dir(path).map_err(|error| Error::io(path, error))?;
    if entries.next().is_some() {
        let error = Error::new(ErrorKind::InvalidArgument, "the folder is not empty").in_file(path);
        return Err(error.hint("name an empty folder"));
    }
    Ok(())
}
