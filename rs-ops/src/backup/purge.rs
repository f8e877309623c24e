//! Trail files that can be purged, with a proof for each: a position of every reader, or a reason to keep the file.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trailcore::Result;

use crate::fault::FaultKind;
use crate::input::{Input, RefusedInput, read_all};
use crate::model::{ProcessState, Snapshot, Stream, StreamKind, TrailFiles, TrailName};
use crate::read::{Content, GroupInfo, Reading, Section};

/// The request of `ops.purge`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PurgeRequest {
    /// The artefacts: INFO ALL, INFO of every group with DETAIL or SHOWCH, bodies of the REST API, and inputs with `trails`, whose
    /// files are judged.
    pub inputs: Vec<Input>,
    /// Readers that no artefact has, such as rows of a checkpoint table, or a pipeline.
    pub readers: Vec<ReaderPosition>,
    /// Deployments of which this request has every reader, by the word of the caller. Without it INFO ALL or the collections of
    /// the REST API have to list them.
    pub complete: Vec<String>,
    /// Files of a trail that are kept in any case, the newest ones; at least 1.
    pub keep_files: u64,
}

/// The position of a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReaderPosition {
    /// The name of the reader; `DEPLOYMENT/NAME` for a group whose name several deployments have.
    pub name: String,
    /// The path of the trail without the number.
    pub trail: String,
    /// The number of the oldest file that the reader needs.
    pub seqno: u64,
    /// The byte offset in it.
    pub rba: u64,
}

/// `ops.purge`: which trail files no reader needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PurgeReport {
    /// The trails whose files were listed.
    pub trails: Vec<PurgeTrail>,
    /// Streams that keep files from being purged, and should not.
    pub blockers: Vec<PurgeBlocker>,
    /// The artefacts that were refused. Every file is kept then.
    pub refused: Vec<RefusedInput>,
}

/// The files of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PurgeTrail {
    /// The deployment.
    pub deployment: String,
    /// The path without the number.
    pub trail: String,
    /// The number of the oldest file that a reader needs; none without a reader.
    pub needed: Option<u64>,
    /// The bytes of the files that can be purged.
    pub safe_bytes: u64,
    /// The files, by number.
    pub files: Vec<PurgeFile>,
}

/// A trail file with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PurgeFile {
    /// The number.
    pub seqno: u64,
    /// The path.
    pub path: String,
    /// The size.
    pub bytes: u64,
    /// No reader needs it.
    pub is_safe: bool,
    /// The reason.
    pub reason: PurgeReason,
    /// The stream that the reason is about.
    pub stream: Option<String>,
    /// The reason with its numbers.
    pub text: String,
}

/// The reason to keep a file, or the proof that it is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PurgeReason {
    /// Every reader is in a later file. This is the only reason with which a file is safe.
    Read,
    /// A reader is in this file or in an earlier one.
    ReaderNeeds,
    /// A reader of another path with the same name is in this file or in an earlier one: it may be the same trail by a link.
    MayBeRead,
    /// It is the newest file, or the writer is in it or in an earlier one. The writer of a trail that no artefact names may still be
    /// in the file before the newest.
    Written,
    /// A write checkpoint of this trail that was never used is at 0/0.
    StaleTrail,
    /// The request keeps this number of files.
    KeptByRule,
    /// No reader of the trail is known.
    UnknownReader,
    /// A group has no known position, and may read this trail.
    ReaderWithoutPosition,
    /// No artefact lists all readers of the deployment.
    ReadersNotListed,
    /// An artefact could not be read, and may have a reader.
    InputUnreadable,
    /// A reader is after the end of the trail: it reads another one, or the writer was set back.
    ReaderAhead,
    /// The names have 6 and 9 digits. The order of the numbers is not known.
    MixedDigits,
}

/// A stream that keeps files from being purged, and should not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PurgeBlocker {
    /// The kind.
    pub kind: BlockerKind,
    /// The stream.
    pub stream: String,
    /// The trail.
    pub trail: String,
    /// The number of the file.
    pub seqno: u64,
    /// The fact, in one sentence.
    pub text: String,
    /// The way out, as commands that a person runs.
    pub advice: String,
}

/// The kind of a blocker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockerKind {
    /// A write checkpoint is at 0/0 although the stream writes another trail: Manager keeps every file.
    StaleTrail,
    /// A reader that does not run is the slowest one.
    StaleReader,
    /// The file that a reader needs does not exist.
    MissingFile,
}

/// The need of a reader.
#[derive(Clone, Debug)]
struct Need {
    /// The stream, as verdicts name it.
    stream: String,
    trail: TrailName,
    seqno: u64,
    rba: u64,
}

/// Everything that is known about readers and writers.
struct Known {
    snapshot: Snapshot,
    needs: Vec<Need>,
    /// Groups without a position.
    without_position: Vec<String>,
    /// Deployments all of whose groups are listed.
    listed: BTreeSet<String>,
    refused: Vec<RefusedInput>,
    keep_files: u64,
}

/// Answers `ops.purge`. Nothing is deleted: the report is a list, and deleting is the act of a person.
///
/// A file is safe only if every reader of its trail is known, each has a position, and all positions are in later files. Everything
/// that is not known keeps the file.
///
/// ```
/// use trailcore_ops::backup::{PurgeReason, PurgeRequest, ReaderPosition, purge};
/// use trailcore_ops::Input;
/// # let folder = tempfile::tempdir().unwrap();
/// # (6..9).for_each(|number| std::fs::write(folder.path().join(format!("aa{number:09}")), b"G").unwrap());
/// # let trails = folder.path().display().to_string();
/// let readers = vec![ReaderPosition { name: "R1".into(), trail: format!("{trails}/aa"), seqno: 7, rba: 1200 }];
/// let inputs = vec![Input { trails: Some(trails), ..Input::default() }];
/// let request = PurgeRequest { inputs, readers, complete: vec!["default".into()], keep_files: 1 };
/// let report = purge(&request)?;
/// let reasons: Vec<_> = report.trails[0].files.iter().map(|file| file.reason).collect();
/// assert_eq!(reasons, [PurgeReason::Read, PurgeReason::ReaderNeeds, PurgeReason::ReaderNeeds]);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`InvalidArgument`](trailcore::ErrorKind::InvalidArgument) if no input lists trail files.
pub fn purge(request: &PurgeRequest) -> Result<PurgeReport> {
    let known = Known::of(request);
    if known.snapshot.trails.is_empty() && known.refused.is_empty() {
        let error = trailcore::Error::new(trailcore::ErrorKind::InvalidArgument, "no input lists the files of a trail");
        return Err(error.hint("add an input with the member trails (--trails), a directory"));
    }
    let trails = known.snapshot.trails.iter().map(|files| known.judge(files)).collect();
    Ok(PurgeReport { trails, blockers: known.blockers(), refused: known.refused })
}

/// Returns whether a reader of a request is a stream. A name without a deployment is not enough if several streams have it.
fn is_name_of(reader: &str, stream: &Stream, streams: &[Stream]) -> bool {
    let is_only = || streams.iter().filter(|other| other.name.eq_ignore_ascii_case(reader)).count() == 1;
    reader.eq_ignore_ascii_case(&stream.id()) || (reader.eq_ignore_ascii_case(&stream.name) && is_only())
}

impl Known {
    fn of(request: &PurgeRequest) -> Self {
        let readings = read_all(&request.inputs);
        let snapshot = Snapshot::of(&readings);
        let mut listed: BTreeSet<String> = request.complete.iter().cloned().collect();
        listed.extend(enumerated(&readings));
        let mut needs: Vec<Need> = Vec::new();
        for one in &readings {
            // Each artefact on its own: a later one must not hide a position that an earlier one has.
            let own = Snapshot::of(std::slice::from_ref(one));
            needs.extend(own.streams.iter().filter_map(need));
            let deployment = one.0.deployment.as_deref().unwrap_or("default");
            if let Ok(reading) = &one.1 {
                needs.extend(checkpoints(deployment, reading));
            }
        }
        needs.extend(request.readers.iter().map(|reader| Need {
            stream: reader.name.clone(),
            trail: TrailName::parse(&reader.trail),
            seqno: reader.seqno,
            rba: reader.rba,
        }));
        needs.sort_by(|a, b| (a.seqno, a.rba, &a.stream).cmp(&(b.seqno, b.rba, &b.stream)));
        let without = snapshot.streams.iter().filter(|stream| {
            let may_read = stream.read.is_none() && stream.redo.is_none() && stream.kind != StreamKind::InitialLoad;
            // A name that only messages have is no group where all groups are listed.
            let exists = stream.evidence.is_some() || !listed.contains(&stream.deployment);
            let is_named = request.readers.iter().any(|reader| is_name_of(&reader.name, stream, &snapshot.streams));
            may_read && exists && !is_named && !needs.iter().any(|need| need.stream == stream.id())
        });
        let without_position = without.map(Stream::id).collect();
        let refused = snapshot.refused();
        Self { snapshot, needs, without_position, listed, refused, keep_files: request.keep_files.max(1) }
    }

    fn judge(&self, files: &TrailFiles) -> PurgeTrail {
        let name = TrailName::parse(&files.trail);
        let (own, alike) = self.needs_of(files, &name);
        let needed = own.first().map(|need| need.seqno);
        let doubt = self.doubt(files, &own);
        let writer = self.writer(&name);
        let newest = files.files.keys().next_back().copied().unwrap_or(0);
        let width = usize::try_from(if files.digits == 6 { 6 } else { 9 }).unwrap_or(9);
        let mut judged = Vec::new();
        for (index, (seqno, bytes)) in files.files.iter().enumerate() {
            let rank = (files.files.len() - index) as u64;
            let verdict = match &doubt {
                Some(doubt) => doubt.clone(),
                None => self.file(*seqno, rank, newest, &own, &alike, writer.as_ref()),
            };
            judged.push(PurgeFile {
                seqno: *seqno,
                path: format!("{}{seqno:0width$}", files.trail),
                bytes: *bytes,
                is_safe: verdict.reason == PurgeReason::Read,
                reason: verdict.reason,
                stream: verdict.stream,
                text: verdict.text,
            });
        }
        let safe_bytes = judged.iter().filter(|file| file.is_safe).map(|file| file.bytes).sum();
        PurgeTrail { deployment: files.deployment.clone(), trail: files.trail.clone(), needed, safe_bytes, files: judged }
    }

    /// Returns the needs of this trail, and those of other paths with its name that no listed trail explains. The lowest is first.
    fn needs_of(&self, files: &TrailFiles, name: &TrailName) -> (Vec<&Need>, Vec<&Need>) {
        let own: Vec<&Need> = self.needs.iter().filter(|need| need.trail.is_same(name)).collect();
        let is_listed =
            |need: &Need| self.snapshot.trails.iter().any(|other| TrailName::parse(&other.trail).is_same(&need.trail));
        let alike = self.needs.iter().filter(|need| {
            !need.trail.is_same(name) && need.trail.name() == TrailName::parse(&files.trail).name() && !is_listed(need)
        });
        (own, alike.collect())
    }

    /// Returns the reason to keep all files of a trail.
    fn doubt(&self, files: &TrailFiles, own: &[&Need]) -> Option<Verdict> {
        if files.digits == 0 {
            return Some(Verdict::new(PurgeReason::MixedDigits, "the names have 6 and 9 digits; their order is not known"));
        }
        if let Some(refused) = self.refused.first() {
            let text = format!("{} was not read, and may have a reader", refused.artefact);
            return Some(Verdict::new(PurgeReason::InputUnreadable, text));
        }
        if !self.listed.contains(&files.deployment) {
            let text = format!("no whole INFO ALL or REST collection lists the readers of {}", files.deployment);
            return Some(Verdict::new(PurgeReason::ReadersNotListed, text));
        }
        if let Some(stream) = self.without_position.first() {
            let text = format!("{stream} has no known position, and may read this trail");
            return Some(Verdict::of(PurgeReason::ReaderWithoutPosition, stream, text));
        }
        let (newest, _) = files.files.iter().next_back()?;
        let ahead = own.iter().find(|need| need.seqno > newest + 1 || (need.seqno == newest + 1 && need.rba > 0));
        if let Some(need) = ahead {
            let text = format!("{} is at {}/{}, after the last file {newest}", need.stream, need.seqno, need.rba);
            return Some(Verdict::of(PurgeReason::ReaderAhead, &need.stream, text));
        }
        own.is_empty().then(|| Verdict::new(PurgeReason::UnknownReader, "no reader of the trail is known"))
    }

    fn file(&self, seqno: u64, rank: u64, newest: u64, own: &[&Need], alike: &[&Need], writer: Option<&Need>) -> Verdict {
        if let Some(need) = own.iter().find(|need| need.seqno <= seqno) {
            let text = format!("{} is at {}/{}", need.stream, need.seqno, need.rba);
            return Verdict::of(PurgeReason::ReaderNeeds, &need.stream, text);
        }
        if let Some(need) = alike.iter().find(|need| need.seqno <= seqno) {
            let text =
                format!("{} reads {} at {}/{}, which may be this trail", need.stream, need.trail.path, need.seqno, need.rba);
            return Verdict::of(PurgeReason::MayBeRead, &need.stream, text);
        }
        if seqno == newest {
            return Verdict::new(PurgeReason::Written, "it is the newest file");
        }
        if writer.is_none() && rank == 2 {
            return Verdict::new(PurgeReason::Written, "the writer is not known, and may not have left it yet");
        }
        if let Some(writer) = writer.filter(|writer| writer.seqno <= seqno) {
            let at = format!("{} is at {}/{}", writer.stream, writer.seqno, writer.rba);
            return match (writer.seqno, writer.rba) {
                (0, 0) => Verdict::of(PurgeReason::StaleTrail, &writer.stream, format!("a write checkpoint of {at}")),
                _ => Verdict::of(PurgeReason::Written, &writer.stream, format!("the writer {at}")),
            };
        }
        if rank <= self.keep_files {
            let text = format!("the newest {} files are kept", self.keep_files);
            return Verdict::new(PurgeReason::KeptByRule, text);
        }
        let slowest =
            own.first().map_or_else(String::new, |need| format!("; the slowest, {}, is at {}", need.stream, need.seqno));
        Verdict::new(PurgeReason::Read, format!("every reader is in a later file{slowest}"))
    }

    /// Returns the lowest position of a writer of the trail.
    fn writer(&self, name: &TrailName) -> Option<Need> {
        let points = self.snapshot.streams.iter().flat_map(|stream| stream.writes.iter().map(move |point| (stream, point)));
        let own = points.filter_map(|(stream, point)| {
            let trail = TrailName::parse(&point.trail);
            trail.is_same(name).then(|| Need { stream: stream.id(), trail, seqno: point.seqno, rba: point.rba })
        });
        own.min_by_key(|need| (need.seqno, need.rba))
    }

    fn blockers(&self) -> Vec<PurgeBlocker> {
        let mut found = self.stale_trails();
        for files in &self.snapshot.trails {
            let (own, _) = self.needs_of(files, &TrailName::parse(&files.trail));
            let Some(slowest) = own.first() else { continue };
            if let Some((first, _)) = files.files.iter().next().filter(|(first, _)| slowest.seqno < **first) {
                found.push(PurgeBlocker {
                    kind: BlockerKind::MissingFile,
                    stream: slowest.stream.clone(),
                    trail: files.trail.clone(),
                    seqno: slowest.seqno,
                    text: format!("{} needs file {}, and the first one is {first}", slowest.stream, slowest.seqno),
                    advice: "restore the missing files from a backup, or position the reader after them".to_owned(),
                });
            }
            let stream = self.snapshot.streams.iter().find(|stream| stream.id() == slowest.stream);
            let stands = stream.is_some_and(|stream| matches!(stream.state, ProcessState::Stopped | ProcessState::Abended));
            let others_are_ahead = own.iter().all(|need| need.stream == slowest.stream || need.seqno > slowest.seqno);
            let has_others = own.iter().any(|need| need.stream != slowest.stream);
            if let (Some(stream), true) = (stream, stands && has_others && others_are_ahead) {
                let verb = if stream.kind == StreamKind::Replicat { "REPLICAT" } else { "EXTRACT" };
                found.push(PurgeBlocker {
                    kind: BlockerKind::StaleReader,
                    stream: slowest.stream.clone(),
                    trail: files.trail.clone(),
                    seqno: slowest.seqno,
                    text: format!("{} does not run, and is the only reader of file {}", slowest.stream, slowest.seqno),
                    advice: format!("start it; or, if it is no longer needed: DELETE {verb} {}", stream.name),
                });
            }
        }
        found
    }

    /// Finds write checkpoints at 0/0 of streams that write another trail.
    fn stale_trails(&self) -> Vec<PurgeBlocker> {
        let mut found = Vec::new();
        for stream in &self.snapshot.streams {
            let is_unused = |seqno, rba| (seqno, rba) == (0, 0);
            let writes_another = stream.writes.iter().any(|point| !is_unused(point.seqno, point.rba));
            for point in stream.writes.iter().filter(|point| writes_another && is_unused(point.seqno, point.rba)) {
                found.push(PurgeBlocker {
                    kind: BlockerKind::StaleTrail,
                    stream: stream.id(),
                    trail: point.trail.clone(),
                    seqno: point.seqno,
                    text: format!("blocked by stale trail {} seqno 0 of {}", point.trail, stream.id()),
                    advice: format!("if nothing writes it: DELETE EXTTRAIL {}", point.trail),
                });
            }
        }
        found
    }
}

#[derive(Clone)]
struct Verdict {
    reason: PurgeReason,
    stream: Option<String>,
    text: String,
}

impl Verdict {
    fn new(reason: PurgeReason, text: impl Into<String>) -> Self {
        Self { reason, stream: None, text: text.into() }
    }

    fn of(reason: PurgeReason, stream: &str, text: String) -> Self {
        Self { reason, stream: Some(stream.to_owned()), text }
    }
}

/// Returns the need of a stream that reads a trail: its position, or an earlier one that a restart begins at.
fn need(stream: &Stream) -> Option<Need> {
    let read = stream.read.as_ref()?;
    let restart = stream.recovery.as_ref().filter(|_| stream.redo.is_none());
    let (mut seqno, mut rba) = (read.seqno, read.rba);
    if let Some((earlier, at)) = restart.and_then(|point| Some((point.seqno?, point.rba?))) {
        (seqno, rba) = (seqno, rba).min((earlier, at));
    }
    Some(Need { stream: stream.id(), trail: TrailName::parse(&read.trail), seqno, rba })
}

/// Returns the needs of all read checkpoints of SHOWCH: a group may read a trail at several positions.
fn checkpoints(deployment: &str, reading: &Reading) -> Vec<Need> {
    let Content::Transcript(transcript) = &reading.content else { return Vec::new() };
    let groups = transcript.sections.iter().filter_map(|section| match section {
        Section::Info(group) => Some(group),
        _ => None,
    });
    groups.flat_map(|group| needs_of_group(deployment, group)).collect()
}

fn needs_of_group(deployment: &str, group: &GroupInfo) -> Vec<Need> {
    let reads = group
        .checkpoints
        .iter()
        .filter(|checkpoint| !checkpoint.is_write && checkpoint.log.as_deref().is_some_and(|log| log.contains("Trail")));
    let points = reads.flat_map(|checkpoint| &checkpoint.positions);
    // The position of the last start is in the past.
    let points = points.filter(|point| !point.name.starts_with("Startup"));
    let need = |point: &crate::read::CheckpointPosition| {
        let stream = format!("{deployment}/{}", group.group.to_uppercase());
        let trail = TrailName::parse(point.file.as_deref()?);
        Some(Need { stream, trail, seqno: point.sequence?, rba: point.rba? })
    };
    points.filter_map(need).collect()
}

/// Faults with which a list may lack a row.
const INCOMPLETE: [FaultKind; 6] =
    [FaultKind::Cut, FaultKind::Torn, FaultKind::Truncated, FaultKind::TooLong, FaultKind::NotText, FaultKind::BrokenJson];

/// Returns the deployments all of whose groups are listed by an INFO ALL that is not cut off, or by the collections of the REST API. INFO ALL does not list
/// distribution paths, so a deployment with that service needs their collection, too.
fn enumerated(readings: &[(Input, Result<Reading>)]) -> BTreeSet<String> {
    let mut groups: BTreeSet<String> = BTreeSet::new();
    let mut with_paths: BTreeSet<String> = BTreeSet::new();
    let mut collections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (input, reading) in readings {
        let Ok(reading) = reading else { continue };
        if INCOMPLETE.iter().any(|kind| reading.faults.of(*kind) > 0) {
            continue;
        }
        let deployment = input.deployment.as_deref().unwrap_or("default");
        match &reading.content {
            Content::Transcript(transcript) => {
                for section in &transcript.sections {
                    let Section::InfoAll(all) = section else { continue };
                    let is_group = |program: &str| matches!(program, "EXTRACT" | "REPLICAT");
                    if !all.is_closed || all.rows.iter().any(|row| is_group(&row.program) && row.group.is_none()) {
                        continue;
                    }
                    let deployment = all.home.as_deref().unwrap_or(deployment).to_owned();
                    if all.rows.iter().any(|row| row.program == "DISTSRVR") {
                        with_paths.insert(deployment.clone());
                    }
                    groups.insert(deployment);
                }
            }
            Content::Rest(body) if body.resource.is_none() && body.has_response => {
                let seen = collections.entry(deployment.to_owned()).or_default();
                seen.extend(body.collection.clone());
            }
            _ => {}
        }
    }
    let has = |deployment: &str, name: &str| collections.get(deployment).is_some_and(|seen| seen.contains(name));
    let by_text = groups.iter().filter(|name| !with_paths.contains(*name) || has(name, "sources"));
    let all = ["extracts", "replicats", "sources"];
    let by_rest = collections.keys().filter(|name| all.iter().all(|collection| has(name, collection)));
    by_text.chain(by_rest).cloned().collect()
}
