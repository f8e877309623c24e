//! Links from the writer of a trail to its reader, and what is between the two.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use trailcore::{ReadOptions, Trail, TrailPosition};

use crate::model::{Snapshot, TrailFiles, TrailName, TrailPoint};

/// One side of a link: a stream with its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Side {
    /// The deployment.
    pub deployment: String,
    /// The stream.
    pub name: String,
    /// Its position.
    pub point: TrailPoint,
}

/// A fault between the two sides of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gap {
    /// The reader is before the writer: there is work to do. By itself it is no fault.
    Backlog,
    /// The reader is after the writer: it reads another trail, or the writer was set back.
    ReaderAhead,
    /// The file that the reader is at does not exist, and later ones do: it was purged too early.
    PurgedTooEarly,
    /// A file between reader and writer does not exist.
    MissingFile,
    /// The reader's position is after the end of its file: the file was truncated or replaced.
    FileTooShort,
    /// The writer's position is after the end of its file.
    WriterPastEnd,
}

/// The distance between reader and writer. Unknown values are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backlog {
    /// Files after the one that the reader is at, up to the writer's.
    pub files: Option<u64>,
    /// Bytes. Across files they need the sizes of the files.
    pub bytes: Option<u64>,
    /// Records, counted in the trail files themselves.
    pub records: Option<u64>,
    /// Milliseconds between the record that the reader is at and the last one.
    pub millis: Option<i64>,
}

/// The link from the writer of a trail to its reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Link {
    /// The trail, as the reader has it.
    pub trail: String,
    /// The writer, if one is known. Without it the last file on disk is the end.
    pub writer: Option<Side>,
    /// The reader.
    pub reader: Side,
    /// The distance.
    pub backlog: Backlog,
    /// The fault between the two, or the backlog.
    pub gap: Option<Gap>,
    /// Several streams could be the writer, or only one of another deployment that does not write there; none was chosen.
    pub is_ambiguous: bool,
}

/// The trails on disk by the last part of their path.
pub(crate) struct TrailIndex<'a> {
    files: HashMap<String, Vec<(TrailName, &'a TrailFiles)>>,
    /// The deployments that have a name.
    named: BTreeSet<&'a str>,
}

/// The deployment of inputs without one.
const DEFAULT: &str = "default";

impl<'a> TrailIndex<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let mut files: HashMap<String, Vec<(TrailName, &TrailFiles)>> = HashMap::new();
        for trail in &snapshot.trails {
            let name = TrailName::parse(&trail.trail);
            files.entry(name.name().to_owned()).or_default().push((name, trail));
        }
        let streams = snapshot.streams.iter().map(|stream| stream.deployment.as_str());
        let trails = snapshot.trails.iter().map(|trail| trail.deployment.as_str());
        Self { files, named: streams.chain(trails).filter(|name| *name != DEFAULT).collect() }
    }

    /// Returns the files of a trail in a deployment. Those without a deployment belong to it if no other one has a name: the same relative
    /// path is in every home.
    pub(crate) fn get(&self, deployment: &str, name: &TrailName) -> Option<&'a TrailFiles> {
        let same = || {
            self.files.get(name.name()).into_iter().flatten().filter(|(trail, _)| trail.is_same(name)).map(|(_, files)| *files)
        };
        let is_only = self.named.iter().all(|named| *named == deployment);
        same()
            .find(|files| files.deployment == deployment)
            .or_else(|| same().find(|files| is_only && files.deployment == DEFAULT))
    }
}

impl Snapshot {
    /// Counts the records and the time of each backlog in the trail files themselves, where their directory was listed.
    pub fn count_records(&mut self) {
        let mut links = std::mem::take(&mut self.links);
        let trails = TrailIndex::of(self);
        for link in &mut links {
            let Some(files) = trails.get(&link.reader.deployment, &TrailName::parse(&link.trail)) else { continue };
            let end = link.writer.as_ref().map_or((u64::MAX, u64::MAX), |side| (side.point.seqno, side.point.rba));
            let start = (link.reader.point.seqno, link.reader.point.rba);
            if let Ok((records, micros)) = counted(&files.trail, start, end) {
                link.backlog.records = Some(records);
                link.backlog.millis = link.backlog.millis.or(Some(micros / 1_000));
            }
        }
        self.links = links;
    }
}

/// Returns the changes of a trail between two positions, and the microseconds between the first and the last of them.
fn counted(path: &str, start: (u64, u64), end: (u64, u64)) -> trailcore::Result<(u64, i64)> {
    // At the start of a file there is its header, which no change precedes.
    let options = ReadOptions::new();
    let options =
        if start.1 == 0 && start.0 == 0 { options } else { options.start_at(TrailPosition::new(start.0, start.1).into()) };
    let trail = Trail::open(path)?;
    let mut reader = trail.reader_with(options)?;
    let (mut records, mut times) = (0, None);
    while let Some(change) = reader.next()? {
        let at = change.position().trail().unwrap_or_default();
        if (at.seqno, at.rba) >= end {
            break;
        }
        records += 1;
        let time = change.timestamp().unix_micros();
        times = Some(times.map_or((time, time), |(first, _)| (first, time)));
    }
    Ok((records, times.map_or(0, |(first, last): (i64, i64)| last.saturating_sub(first).max(0))))
}

/// Finds the links of a snapshot.
pub(crate) fn find(snapshot: &Snapshot) -> Vec<Link> {
    let mut writers: HashMap<String, Vec<(TrailName, Writer)>> = HashMap::new();
    for stream in &snapshot.streams {
        for point in &stream.writes {
            let name = TrailName::parse(&point.trail);
            let side = Side { deployment: stream.deployment.clone(), name: stream.name.clone(), point: point.clone() };
            let can_leave = point.is_remote == Some(true) || stream.is_transport();
            let writer = Writer { side, can_leave };
            writers.entry(name.name().to_owned()).or_default().push((name, writer));
        }
    }
    let trails = TrailIndex::of(snapshot);
    let mut links = Vec::new();
    for stream in &snapshot.streams {
        let Some(point) = &stream.read else { continue };
        let name = TrailName::parse(&point.trail);
        let reader = Side { deployment: stream.deployment.clone(), name: stream.name.clone(), point: point.clone() };
        let candidates = writers.get(name.name()).into_iter().flatten();
        let is_other = |side: &Side| (&side.deployment, &side.name) != (&reader.deployment, &reader.name);
        let candidates: Vec<&Writer> = candidates
            .filter(|(trail, writer)| trail.is_same(&name) && is_other(&writer.side))
            .map(|(_, writer)| writer)
            .collect();
        let writer = one_of(&candidates, &reader);
        let on_disk = trails.get(&reader.deployment, &name);
        let is_ambiguous = writer.is_none() && !candidates.is_empty();
        let mut link = Link {
            trail: point.trail.clone(),
            writer: writer.cloned(),
            reader,
            backlog: Backlog::default(),
            gap: None,
            is_ambiguous,
        };
        measure(&mut link, on_disk.map(|files| &files.files));
        if let (None, Some(behind)) = (link.backlog.bytes, stream.behind) {
            link.backlog = Backlog { millis: link.backlog.millis, ..behind };
            link.gap = link.gap.or_else(|| (behind.bytes > Some(0)).then_some(Gap::Backlog));
        }
        links.push(link);
    }
    links
}

/// A stream that writes a trail of the reader's path.
struct Writer {
    side: Side,
    /// Another deployment can read its trail.
    can_leave: bool,
}

impl Writer {
    /// Returns how likely it writes the reader's trail, the likeliest first: in its deployment, from another one or not stated, to another
    /// host. None for a trail that stays in another deployment: the same relative path is in every home.
    fn rank(&self, reader: &Side) -> Option<u8> {
        match (self.side.deployment == reader.deployment, self.side.point.is_remote) {
            (true, Some(false)) => Some(0),
            (true, None) => Some(u8::from(self.can_leave)),
            (true, Some(true)) => Some(2),
            (false, _) => self.can_leave.then_some(1),
        }
    }
}

/// Returns the likeliest writer, if there is only one. A stale trail at 0/0 is no writer if another one is.
fn one_of<'a>(candidates: &[&'a Writer], reader: &Side) -> Option<&'a Side> {
    let is_live = |writer: &Writer| (writer.side.point.seqno, writer.side.point.rba) != (0, 0);
    let any_live = candidates.iter().any(|writer| is_live(writer));
    let candidates = || {
        let live = candidates.iter().filter(|writer| is_live(writer) || !any_live);
        live.filter_map(|writer| Some((writer.rank(reader)?, &writer.side)))
    };
    let best = candidates().map(|(rank, _)| rank).min()?;
    let mut likeliest = candidates().filter(|(rank, _)| *rank == best);
    let (_, only) = likeliest.next()?;
    likeliest.next().is_none().then_some(only)
}

/// Measures the distance. `files` has the sizes of the files by number.
fn measure(link: &mut Link, files: Option<&BTreeMap<u64, u64>>) {
    let read = (link.reader.point.seqno, link.reader.point.rba);
    let end_on_disk = files.and_then(|files| files.iter().next_back()).map(|(seqno, size)| (*seqno, *size));
    let written = link.writer.as_ref().map(|side| (side.point.seqno, side.point.rba));
    let Some(mut end) = written.or(end_on_disk) else { return };
    let size = |seqno: u64| files.and_then(|files| files.get(&seqno)).copied();
    if let Some(files) = files.filter(|files| !files.is_empty()) {
        let first = files.keys().next().copied().unwrap_or(0);
        if read.0 < first && read < end && size(read.0).is_none() {
            link.gap = Some(Gap::PurgedTooEarly);
        } else if (read.0..=end.0).take(files.len() + 1).any(|seqno| size(seqno).is_none()) && read <= end {
            link.gap = Some(Gap::MissingFile);
        } else if size(read.0).is_some_and(|size| size < read.1) {
            link.gap = Some(Gap::FileTooShort);
        } else if written.is_some_and(|(seqno, rba)| size(seqno).is_some_and(|size| size < rba)) {
            link.gap = Some(Gap::WriterPastEnd);
        }
    }
    if read > end && link.gap.is_none() {
        // A reader at the start of the next file has read all of the last one.
        let is_next = read.0 == end.0 + 1 && read.1 == 0;
        let is_on_disk = end_on_disk.is_some_and(|disk| read <= disk);
        if is_on_disk {
            // The file is newer than the writer's checkpoint.
            end = end_on_disk.unwrap_or(end);
        } else if !is_next {
            link.gap = Some(Gap::ReaderAhead);
            return;
        } else {
            end = read;
        }
    }
    link.backlog.files = Some(end.0.saturating_sub(read.0));
    link.backlog.bytes = bytes_between(read, end, size);
    link.backlog.millis = millis_between(link);
    if link.gap.is_none() && read < end && link.backlog.bytes != Some(0) {
        link.gap = Some(Gap::Backlog);
    }
}

/// Returns the bytes between two positions, if the sizes of all files between them are known.
fn bytes_between(from: (u64, u64), to: (u64, u64), size: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    if from.0 == to.0 {
        return to.1.checked_sub(from.1);
    }
    let mut total = size(from.0)?.checked_sub(from.1)?.checked_add(to.1)?;
    for seqno in from.0 + 1..to.0 {
        total = total.checked_add(size(seqno)?)?;
    }
    Some(total)
}

fn millis_between(link: &Link) -> Option<i64> {
    let micros = link.writer.as_ref()?.point.time?.since(link.reader.point.time?)?;
    Some(micros / 1_000).filter(|millis| *millis >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Place;
    use crate::model::{Evidence, Method};

    fn side(name: &str, seqno: u64, rba: u64) -> Side {
        let evidence = Evidence { artefact: "x".to_owned(), place: Place::default(), observed: None, method: Method::Checkpoint };
        Side {
            deployment: "d".to_owned(),
            name: name.to_owned(),
            point: TrailPoint::new("dirdat/lt".to_owned(), seqno, rba, evidence),
        }
    }

    fn gap(read: (u64, u64), written: (u64, u64), files: &[(u64, u64)]) -> (Option<Gap>, Option<u64>, Option<u64>) {
        let (writer, reader) = (Some(side("E", written.0, written.1)), side("R", read.0, read.1));
        let mut link =
            Link { trail: "dirdat/lt".to_owned(), writer, reader, backlog: Backlog::default(), gap: None, is_ambiguous: false };
        let files: BTreeMap<u64, u64> = files.iter().copied().collect();
        measure(&mut link, (!files.is_empty()).then_some(&files));
        (link.gap, link.backlog.files, link.backlog.bytes)
    }

    #[test]
    fn gaps_across_roll_over() {
        let files = [(9, 1_000), (10, 1_000), (11, 400)];
        assert_eq!(gap((11, 400), (11, 400), &files), (None, Some(0), Some(0)));
        assert_eq!(gap((9, 600), (11, 400), &files), (Some(Gap::Backlog), Some(2), Some(1_800)));
        assert_eq!(gap((9, 600), (11, 400), &[]), (Some(Gap::Backlog), Some(2), None));
        assert_eq!(gap((9, 1_000), (10, 0), &files), (None, Some(1), Some(0)));
        assert_eq!(gap((10, 0), (9, 1_000), &[]), (None, Some(0), Some(0)));
        assert_eq!(gap((8, 600), (11, 400), &files).0, Some(Gap::PurgedTooEarly));
        assert_eq!(gap((9, 600), (11, 400), &[(9, 1_000), (11, 400)]).0, Some(Gap::MissingFile));
        assert_eq!(gap((11, 500), (11, 400), &files).0, Some(Gap::FileTooShort));
        assert_eq!(gap((9, 0), (11, 900), &files).0, Some(Gap::WriterPastEnd));
        assert_eq!(gap((12, 5), (11, 400), &[]).0, Some(Gap::ReaderAhead));
        // The file is newer than the checkpoint of the writer.
        assert_eq!(gap((11, 300), (11, 200), &files), (Some(Gap::Backlog), Some(0), Some(100)));
        assert_eq!(gap((0, 0), (u64::MAX, u64::MAX), &[]).1, Some(u64::MAX));
    }
}
