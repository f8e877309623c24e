//! One file with what a person elsewhere needs to understand a stop: explanation, timeline, logs, reports, discard files, parameters, and
//! the records around the failing one without their values. Secrets and values are masked, sizes are limited, each file that is left out
//! has a reason, and the same input gives the same bytes. Two bundles can be compared.

mod compare;
mod redact;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use serde::{Deserialize, Serialize};
use trailcore::report::InfoReport;
use trailcore::{Error, ErrorKind, Op, Position, ReadOptions, Result, Trail};

use crate::backup::{FileRole, InventoryRequest, Root, inventory, write_new};
use crate::config::is_other_toml;
use crate::explain::{ExplainRequest, Explanation, RecordSeen, TimelineRequest, explain, timeline};
use crate::input::Input;
use crate::moment::Moment;
use crate::read::{Content, Reading};

pub use compare::{BundleDiff, CompareRequest, VersionChange, compare};
use redact::{Window, capped, redacted};

/// Bytes of the files of a bundle, before compression, if the request has no limit.
const MOST: u64 = 32 << 20;
/// Bytes of a block of a tar archive.
const TAR_BLOCK: u64 = 512;
/// Files that are listed as left out.
const MOST_OMITTED: usize = 500;
/// Bytes of a manifest without its lists.
const MANIFEST_HEAD: u64 = 512;
/// Bytes of the manifest that are kept for the entry of the next file.
const NEXT_ENTRY: u64 = 1_024;
/// Bytes of one file that are read.
const MOST_READ: u64 = 256 << 20;

/// The request of `ops.bundle`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BundleRequest {
    /// Homes, whose files are taken by their use, and single artefacts.
    pub inputs: Vec<Input>,
    /// The path of the bundle, which must not exist. One that ends with `.zst` is compressed; the form is tar.
    pub to: String,
    /// Only the explanation of this group. Logs and parameters are taken as a whole.
    pub group: Option<String>,
    /// Events of logs from this time on.
    pub from: Option<Moment>,
    /// Events of logs before this time.
    pub until: Option<Moment>,
    /// The most bytes of the bundle before compression, its manifest among them; 32 MiB by default. A single file gets at most a
    /// quarter of them. A manifest that is longer on its own is written as a whole.
    pub max_bytes: Option<u64>,
    /// Changes before and after the failing record, of which operation, table and columns are shown; 20 by default.
    pub records: usize,
}

impl Default for BundleRequest {
    fn default() -> Self {
        Self { inputs: Vec::new(), to: String::new(), group: None, from: None, until: None, max_bytes: None, records: 20 }
    }
}

/// `ops.bundle`: the manifest of the bundle, which is in it too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleReport {
    /// The files, in their order.
    pub files: Vec<BundleFile>,
    /// The files of the inputs that are not in it, with the reason.
    pub omitted: Vec<BundleOmitted>,
    /// Events of logs from this time on.
    pub from: Option<Moment>,
    /// Events of logs before this time.
    pub until: Option<Moment>,
    /// The limit.
    pub max_bytes: u64,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleFile {
    /// Its name in the bundle.
    pub name: String,
    /// The file that it was made of; null if it was made of several.
    pub source: Option<String>,
    /// Bytes of the source.
    pub source_bytes: u64,
    /// Bytes in the bundle.
    pub bytes: u64,
    /// Bytes in the middle that are left out; a mark shows where.
    pub left_out: u64,
    /// The BLAKE3 digest in the bundle, in hexadecimal digits.
    pub digest: String,
}

/// A file that is not in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BundleOmitted {
    /// The file.
    pub source: String,
    /// The reason in one word: `secret`, `opaque`, `trail`, `rebuildable`, `unknown_form`, `damaged`, `limit`, `unreadable`, or the
    /// reason of an inventory.
    pub reason: String,
    /// The reason in words.
    pub text: String,
}

/// Writes a bundle. Nothing at the source is changed.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let home = folder.path().join("home");
/// # std::fs::create_dir(&home).unwrap();
/// # std::fs::write(home.join("ggserr.log"), "2024-01-28 05:31:37  ERROR   OGG-01668  Oracle GoldenGate Delivery for Oracle, r1.prm:  PROCESS ABENDING.\n").unwrap();
/// # std::fs::write(home.join("r1.prm"), "REPLICAT r1\nUSERID ogg, PASSWORD s3cret\nMAP A.*, TARGET A.*;\n").unwrap();
/// use trailcore_ops::Input;
/// use trailcore_ops::bundle::{BundleRequest, bundle};
/// let report = bundle(&BundleRequest {
///     inputs: vec![Input::path(home.display().to_string())],
///     to: folder.path().join("r1.tar").display().to_string(),
///     ..BundleRequest::default()
/// })?;
/// assert!(report.files.iter().any(|file| file.name == "files/home/r1.prm"));
/// let bytes = std::fs::read(folder.path().join("r1.tar")).unwrap();
/// assert!(!String::from_utf8_lossy(&bytes).contains("s3cret"));
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] without inputs; [`ErrorKind::Io`] if the bundle exists or cannot be written; the errors of
/// [`explain`].
pub fn bundle(request: &BundleRequest) -> Result<BundleReport> {
    if request.inputs.is_empty() {
        return Err(Error::new(ErrorKind::InvalidArgument, "inputs: at least one home or artefact is needed"));
    }
    let mut bundle = Bundle::new(request);
    bundle.explain()?;
    bundle.sources()?;
    let report = bundle.report;
    let manifest = json(&report)?;
    let files = std::iter::once(("manifest.json".to_owned(), manifest.into_bytes())).chain(bundle.contents);
    let tar = tar_of(files).map_err(|error| Error::write(request.to.as_ref(), error))?;
    write_new(Path::new(&request.to), &tar)?;
    Ok(report)
}

fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|error| Error::internal(&format!("a document cannot be written: {error}")))
}

/// Returns the bytes that an entry takes in the manifest, with its indentation and its comma.
fn entry_bytes(entry: &impl Serialize) -> u64 {
    let text = serde_json::to_string_pretty(entry).unwrap_or_default();
    (text.len() + text.lines().count() * 4 + 2) as u64
}

/// Writes files without times and owners.
fn tar_of(files: impl Iterator<Item = (String, Vec<u8>)>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        archive.append_data(&mut header, &name, bytes.as_slice())?;
    }
    archive.into_inner()
}

/// A bundle that is being made.
struct Bundle<'a> {
    request: &'a BundleRequest,
    report: BundleReport,
    contents: Vec<(String, Vec<u8>)>,
    used: u64,
    /// Bytes of the entries of the manifest so far.
    listed: u64,
    versions: BTreeMap<String, String>,
}

impl<'a> Bundle<'a> {
    fn new(request: &'a BundleRequest) -> Self {
        let report = BundleReport {
            from: request.from,
            until: request.until,
            max_bytes: request.max_bytes.unwrap_or(MOST),
            ..BundleReport::default()
        };
        Self { request, report, contents: Vec::new(), used: 0, listed: 0, versions: BTreeMap::new() }
    }

    /// Leaves a file out, with the reason.
    fn omit(&mut self, source: &str, reason: &str, text: &str) {
        let (source, reason, text) = (source.to_owned(), reason.to_owned(), text.to_owned());
        let omitted = BundleOmitted { source, reason, text };
        // The list is cut to this number at the end.
        if self.report.omitted.len() < MOST_OMITTED {
            self.listed += entry_bytes(&omitted);
        }
        self.report.omitted.push(omitted);
    }

    /// Returns the bytes that are left of the limit, for one more file.
    fn rest(&self) -> u64 {
        // The manifest, the header of the file and the end of the archive count too.
        let manifest = MANIFEST_HEAD + self.listed + NEXT_ENTRY;
        self.report.max_bytes.saturating_sub(self.used + manifest.div_ceil(TAR_BLOCK) * TAR_BLOCK + 5 * TAR_BLOCK)
    }

    /// Adds a document, whole or not at all.
    fn document(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = json(value)?;
        match text.len() as u64 <= self.rest() {
            true => self.put(name.to_owned(), None, text, 0),
            false => self.omit(name, "limit", "the limit of bytes is reached"),
        }
        Ok(())
    }

    /// Adds a text, cut to its part of the limit.
    fn add(&mut self, name: String, source: (&str, u64), text: String, cut: u64) {
        let most = (self.report.max_bytes / 4).min(self.rest());
        if most < 512 && text.len() as u64 > most {
            return self.omit(source.0, "limit", "the limit of bytes is reached");
        }
        let (text, left_out) = capped(text, usize::try_from(most).unwrap_or(usize::MAX));
        self.put(name, Some(source), text, left_out + cut);
    }

    fn put(&mut self, name: String, source: Option<(&str, u64)>, text: String, left_out: u64) {
        let bytes = text.len() as u64;
        // A file of tar has a header, and is filled up to whole blocks.
        self.used += TAR_BLOCK + bytes.div_ceil(TAR_BLOCK) * TAR_BLOCK;
        let file = BundleFile {
            name: name.clone(),
            source: source.map(|(label, _)| label.to_owned()),
            source_bytes: source.map_or(bytes, |(_, bytes)| bytes),
            bytes,
            left_out,
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
        };
        self.listed += entry_bytes(&file);
        self.report.files.push(file);
        self.contents.push((name, text.into_bytes()));
    }

    /// Adds what is known about the stop.
    fn explain(&mut self) -> Result<()> {
        let (inputs, group) = (self.request.inputs.clone(), self.request.group.clone());
        let explained = explain(&ExplainRequest { inputs: inputs.clone(), group: group.clone(), ..ExplainRequest::default() })?;
        self.document("explain.json", &explained)?;
        let (from, until) = (self.request.from, self.request.until);
        let events = timeline(&TimelineRequest { inputs: inputs.clone(), group, from, until, trails: Vec::new() })?;
        let lines = events.events.iter().map(|event| serde_json::to_string(event).map(|line| line + "\n"));
        let lines: String =
            lines.collect::<std::result::Result<_, _>>().map_err(|_| Error::internal("an event cannot be written"))?;
        let bytes = lines.len() as u64;
        self.add("timeline.jsonl".to_owned(), ("timeline.jsonl", bytes), lines, 0);
        let trails = crate::explain::Gathered::of(&inputs)?.trails;
        for (number, path) in trails.iter().enumerate() {
            // A live trail may end inside of a record, and a new one may have no records.
            if let Err(error) = self.trail(number, path, &explained.groups) {
                self.omit(path, "damaged", &error.to_string());
            }
        }
        Ok(())
    }

    /// Adds headers, definitions and the records around a failing one of a trail.
    fn trail(&mut self, number: usize, path: &str, groups: &[Explanation]) -> Result<()> {
        let trail = Trail::open(path)?;
        // Trails of the same name may be in several folders.
        let folder = format!("trails/{}-{}", number + 1, file_name(path));
        self.document(&format!("{folder}/info.json"), &InfoReport::of(&trail)?)?;
        for group in groups {
            let seen = group.record.as_ref().and_then(|record| record.record.as_ref());
            if let Some(seen) = seen.filter(|seen| seen.file.starts_with(path)) {
                let (around, error) = around(&trail, seen.at, self.request.records)?;
                self.document(&format!("{folder}/{}.json", file_name(&group.group)), &around)?;
                if let Some(error) = error {
                    self.omit(path, "damaged", &error.to_string());
                }
            }
        }
        if trail.size()? > MOST_READ {
            self.omit(path, "limit", "the trail is too long to read all of its definitions");
            return Ok(());
        }
        let (tables, error) = tables(&trail)?;
        self.document(&format!("{folder}/tables.json"), &tables)?;
        error.map_or(Ok(()), Err)
    }

    /// Adds the artefacts: parameters first, then what reports, discard files and logs have.
    fn sources(&mut self) -> Result<()> {
        let mut found: Vec<(FileRole, String, String)> = Vec::new();
        for (number, input) in self.request.inputs.iter().enumerate() {
            let folder = input.path.as_deref().filter(|path| Path::new(path).is_dir());
            let Some(folder) = folder else {
                self.single(number, input);
                continue;
            };
            let listed = inventory(&InventoryRequest { roots: vec![Root { name: None, path: folder.to_owned() }] })?;
            for one in &listed.omitted {
                self.omit(&format!("{folder}/{}", one.path), &crate::word(&one.reason), &one.text);
            }
            let root = if number == 0 { "home".to_owned() } else { format!("root{}", number + 1) };
            let files = listed.files.into_iter().map(|file| {
                let path = format!("{folder}/{}", file.path);
                (file.role, path, format!("files/{root}/{}", plain_path(&file.path)))
            });
            found.extend(files);
        }
        found.sort_by_key(|(role, path, _)| (order(*role), path.clone()));
        for (role, path, name) in found {
            match reason_to_omit(role) {
                Some((reason, text)) => self.omit(&path, reason, text),
                None => self.file(
                    role,
                    &Input { zone: self.request.inputs.iter().find_map(|input| input.zone), ..Input::path(path) },
                    name,
                ),
            }
        }
        let versions = self.versions.clone();
        self.document("versions.json", &versions)?;
        self.shorten();
        Ok(())
    }

    /// Keeps the list of omitted files short: of further files in the installation only their number.
    fn shorten(&mut self) {
        self.report.omitted.sort();
        let number = self.report.omitted.len();
        let is_part = |one: &BundleOmitted| one.reason == "rebuildable";
        if number > MOST_OMITTED {
            let parts = self.report.omitted.iter().filter(|one| is_part(one)).count();
            self.report.omitted.retain(|one| !is_part(one));
            self.omit("", "rebuildable", &format!("{parts} files that are parts of the installation, or whose use is not known"));
        }
        let more = self.report.omitted.len().saturating_sub(MOST_OMITTED);
        self.report.omitted.truncate(MOST_OMITTED);
        if more > 0 {
            self.omit("", "limit", &format!("{more} further files that are not in it"));
        }
    }

    /// Adds an artefact that is no folder.
    fn single(&mut self, number: usize, input: &Input) {
        let label = input.label().to_owned();
        let role = FileRole::of(&label);
        match reason_to_omit(role).filter(|(reason, _)| *reason != "rebuildable") {
            Some((reason, text)) => self.omit(&label, reason, text),
            None => self.file(role, input, format!("files/{}-{}", number + 1, file_name(&label))),
        }
    }

    fn file(&mut self, role: FileRole, input: &Input, name: String) {
        let source = input.label().to_owned();
        let limited = Input { max_bytes: Some(input.max_bytes.unwrap_or(MOST_READ).min(MOST_READ)), ..input.clone() };
        let bytes = match limited.bytes() {
            Ok(bytes) => bytes,
            Err(error) => return self.omit(&source, "unreadable", &error.to_string()),
        };
        let size =
            input.path.as_deref().and_then(|path| std::fs::metadata(path).ok()).map_or(bytes.len() as u64, |facts| facts.len());
        let Some(role) = known_form(role, &source, &bytes) else {
            return self.omit(&source, "unknown_form", "its form is not known, so that values in it cannot be masked");
        };
        if let Ok(Reading { content: Content::Report(report), .. }) = Reading::of(&source, &bytes, None) {
            let group = report.group.clone().unwrap_or_else(|| file_name(&source));
            let facts = [report.program.as_deref(), report.version.as_deref(), report.build.as_deref()];
            self.versions.insert(group, facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
        }
        let window = Window { from: self.request.from, until: self.request.until, zone: input.zone };
        let cut = size.saturating_sub(bytes.len() as u64);
        // No more is masked than can be shown; of parameters, a secret could be cut from its keyword.
        let is_long = |most: usize| bytes.len() > most && role != FileRole::Parameters;
        let most = usize::try_from(self.report.max_bytes / 2).unwrap_or(usize::MAX);
        let (text, more) = match is_long(most) {
            true => capped(String::from_utf8_lossy(&bytes).into_owned(), most),
            false => (String::new(), 0),
        };
        let bytes = if text.is_empty() { &*bytes } else { text.as_bytes() };
        let (text, cut) = (redacted(&source, role, bytes, window), cut + more);
        self.add(name, (&source, size), text, cut);
    }
}

/// Returns the use of a file by its contents; `None` if they have no form in which values are known.
fn known_form(role: FileRole, name: &str, bytes: &[u8]) -> Option<FileRole> {
    use crate::read::{Kind, detect};
    if is_other_toml(name, &String::from_utf8_lossy(bytes)) {
        return None;
    }
    if matches!(role, FileRole::Parameters | FileRole::Definitions | FileRole::Discard) {
        return Some(role);
    }
    match detect(name, bytes) {
        Kind::Discard => Some(FileRole::Discard),
        Kind::Log => Some(FileRole::Log),
        Kind::Parameters | Kind::Properties => Some(FileRole::Parameters),
        Kind::Report | Kind::Transcript => Some(FileRole::Report),
        Kind::Empty => Some(role),
        _ => None,
    }
}

/// Returns the place of a use among the others: small files come first.
fn order(role: FileRole) -> u8 {
    match role {
        FileRole::Parameters => 0,
        FileRole::Definitions => 1,
        FileRole::Discard => 2,
        FileRole::Log => 3,
        FileRole::Report => 4,
        _ => 5,
    }
}

fn reason_to_omit(role: FileRole) -> Option<(&'static str, &'static str)> {
    match role {
        FileRole::Key => Some(("secret", "keys, wallets and certificates are never copied")),
        FileRole::Checkpoint => Some(("opaque", "the form of checkpoint files is not public, so nothing in it can be masked")),
        FileRole::Trail | FileRole::CompressedTrail => Some((
            "trail",
            "a trail has the values of rows; trails/ has its header, its tables and the records around the failing one",
        )),
        FileRole::Other | FileRole::Script => Some(("rebuildable", "it is a part of the installation, or its use is not known")),
        _ => None,
    }
}

/// Returns a name of plain letters for the last part of a path.
fn file_name(path: &str) -> String {
    plain(path.rsplit(['/', '\\']).next().unwrap_or(path))
}

fn plain_path(path: &str) -> String {
    path.split('/').map(plain).collect::<Vec<_>>().join("/")
}

/// Returns a part of a path without signs that another system may not allow. A changed name gets a digest of the old one.
fn plain(part: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if part.chars().all(is_plain) && !matches!(part, "" | "." | "..") {
        return part.to_owned();
    }
    let digest = blake3::hash(part.as_bytes()).to_hex();
    let kept: String = part.chars().map(|c| if is_plain(c) { c } else { '_' }).take(64).collect();
    format!("{}-{}", kept.trim_matches('.'), digest.get(..8).unwrap_or_default())
}

/// The columns of tables by name.
type Tables = BTreeMap<String, Vec<String>>;

/// Returns the columns of the tables of a trail with their types, and the error that ended the reading early.
fn tables(trail: &Trail) -> Result<(Tables, Option<Error>)> {
    let mut reader = trail.reader_with(ReadOptions::new().resync(true))?;
    let error = loop {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let column = |column: &trailcore::schema::ColumnDef| {
        format!("{}{} {:?} {}", column.name, if column.key { " (key)" } else { "" }, column.kind(), column.external_length)
    };
    let tables = reader.tables().map(|table| (table.name().to_owned(), table.columns().iter().map(column).collect()));
    Ok((tables.collect(), error))
}

/// Returns the changes around a position, without their values, and the error that ended the reading early.
fn around(trail: &Trail, at: (u64, u64), count: usize) -> Result<(Vec<RecordSeen>, Option<Error>)> {
    let wanted = Position::new(at.0, at.1);
    let mut reader = trail.reader_with(ReadOptions::new().resync(true).start_at(Position::new(at.0, 0)))?;
    let (mut kept, mut after) = (VecDeque::new(), 0);
    let error = loop {
        let change = match reader.next() {
            Ok(Some(change)) => change,
            Ok(None) => break None,
            // A damaged end does not take away the changes before it.
            Err(error) => break Some(error),
        };
        if change.op() == Op::Metadata {
            continue;
        }
        let is_after = change.position() > wanted;
        after += usize::from(is_after);
        if after > count {
            break None;
        }
        kept.push_back(RecordSeen::of(&change));
        if !is_after && kept.len() > count + 1 {
            kept.pop_front();
        }
    };
    Ok((kept.into(), error))
}
