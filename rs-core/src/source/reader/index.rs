//! [`FileIndex`]: places in a trail file at which reading can start, kept in a small file beside it or elsewhere.
//!
//! A position is reached by reading its file from the start: for the definitions before it, and since only so it is known to start a
//! record. An index lists the definitions, and about each megabyte a record that begins a transaction. Reading then starts at the last
//! one before the position. An index is only a help: one that is damaged, or that does not fit its file, is not used.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::decode::ByteOrder;
use crate::document;
use crate::error::{Error, Result};
use crate::position::Csn;
use crate::source::bytes::ByteSource;
use crate::source::progress::Access;
use crate::source::reader::range::begins_transaction;
use crate::source::sequence::TrailFile;
use crate::source::window::{End, ReadWindow, Start};
use crate::time::Timestamp;
use crate::trail::{Frame, RecordType};

/// The first line of an index is this, and the checksum of the rest.
const MARK: &str = "trailcore-index-1";
/// Bytes between two places, at least.
const LEAST_STEP: u64 = 1 << 20;
/// Places in an index, at most; so the index of a very large file is read quickly too.
const MOST_PLACES: u64 = 1 << 13;
/// Bytes of the first record that identify a file. A file header has its time of creation.
const MARKED_BYTES: u64 = 1 << 12;
/// Bytes of an index, at most: one that is longer has not been made here.
const MOST_BYTES: u64 = 1 << 26;

/// The index of one file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileIndex {
    /// Bytes of the file that it covers: up to the last whole record, or to damage.
    covered: u64,
    /// Bytes at the start of the file that it was made from, and their checksum.
    marked: u64,
    mark: u32,
    little: bool,
    /// Definitions and the file header: RBA and record number.
    definitions: Vec<(u64, u64)>,
    places: Vec<Place>,
    /// All CSNs have the same form, so that places have the highest one before them.
    csns: bool,
}

/// A record that begins a transaction, outside of any other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    rba: u64,
    record: u64,
    /// Checksum of the record.
    mark: u32,
    /// The latest time of the changes before it, in Unix microseconds.
    latest: Option<i64>,
    /// The highest CSN of the transactions before it.
    highest: Option<String>,
}

impl FileIndex {
    /// Returns the path of the index of a file in a folder.
    pub(crate) fn path(folder: &Path, file: &Path) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".index");
        folder.join(name)
    }

    /// Reads the index of a file from a folder; `None` if there is none that fits.
    pub(crate) fn load(folder: &Path, file: &TrailFile, access: &Access) -> Option<Self> {
        let path = Self::path(folder, &file.path);
        std::fs::metadata(&path).ok().filter(|facts| facts.is_file() && facts.len() <= MOST_BYTES)?;
        let text = std::fs::read_to_string(path).ok()?;
        let index = Self::parse(&text)?;
        let source = file.source(access.mapped).ok()?;
        index.fits(source.as_ref()).then_some(index)
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, rest) = text.split_once('\n')?;
        let (mark, checksum) = first.split_once(' ')?;
        let whole = mark == MARK && u32::from_str_radix(checksum, 16).ok() == Some(crc32fast::hash(rest.as_bytes()));
        if whole { serde_json::from_str(rest).ok() } else { None }
    }

    /// Writes the index as text; [`parse`](Self::parse) reads it.
    pub(crate) fn text(&self) -> Result<String> {
        let rest = document::write(self)?;
        Ok(format!("{MARK} {:08x}\n{rest}", crc32fast::hash(rest.as_bytes())))
    }

    /// Returns whether the file starts as the one that it was made from, and has all bytes that it covers, and all places.
    fn fits(&self, source: &dyn ByteSource) -> bool {
        // A record has at least one byte.
        let is_inside = |rba: u64, record: u64| rba < self.covered && record <= rba;
        source.size().is_ok_and(|size| size >= self.covered)
            && self.definitions.iter().all(|(rba, record)| is_inside(*rba, *record))
            && self.places.iter().all(|place| is_inside(place.rba, place.record))
            && mark_of(source, self.marked).is_some_and(|mark| mark == self.mark)
    }

    /// Returns whether it covers a file of this size.
    pub(crate) fn covers(&self, size: u64) -> bool {
        self.covered == size
    }

    /// Returns the number of its places.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Makes the index of a file. It ends at damage, and before a record that is not complete; then returns the reason too.
    pub(crate) fn of(file: &TrailFile, access: &Access) -> Result<(Self, Option<Error>)> {
        let mut builder = Builder::new(file.size()?);
        let mut window = ReadWindow::new([file.clone()].into(), access.clone(), Start::FIRST);
        loop {
            // The last frame stays: whether a transaction begins depends on the one before.
            let kept = usize::from(!window.frames().is_empty());
            if !window.fill(window.frames().len().saturating_sub(1))? {
                break;
            }
            for frame in kept..window.frames().len() {
                builder.meet(&window, frame)?;
            }
        }
        let problem = if let End::Fault(error) = window.end() { Some(error.clone()) } else { None };
        let covered = window.unframed_position().rba;
        let source = file.source(access.mapped)?;
        let marked = covered.min(MARKED_BYTES);
        let mark = mark_of(source.as_ref(), marked).ok_or_else(|| Error::internal("a file that was read has no first bytes"))?;
        Ok((Self { covered, marked, mark, ..builder.index }, problem))
    }

    /// Returns the way to the last place at or before an RBA; `None` if there is no place.
    pub(super) fn way_to(&self, file: usize, rba: u64) -> Option<Way> {
        let place = self.before(|place| place.rba <= rba)?;
        let order = Some(if self.little { ByteOrder::Little } else { ByteOrder::Big });
        let start = |rba, record| Start { file, rba, order, record };
        let definitions = self.definitions.iter().take_while(|(at, _)| *at < place.rba);
        Some(Way {
            definitions: definitions.map(|(rba, record)| start(*rba, *record)).collect(),
            place: start(place.rba, place.record),
            mark: place.mark,
        })
    }

    /// Returns the RBA of the last place before which no change has this time or a later one.
    pub(crate) fn before_time(&self, time: Timestamp) -> Option<u64> {
        self.before(|place| place.latest.is_none_or(|latest| latest < time.unix_micros())).map(|place| place.rba)
    }

    /// Returns the RBA of the last place before which no transaction has this CSN or a later one.
    pub(crate) fn before_csn(&self, csn: &str) -> Option<u64> {
        let is_before = |highest: &String| Csn::compare(highest, csn) == Some(Ordering::Less);
        if !self.csns {
            return None;
        }
        self.before(|place| place.highest.as_ref().is_none_or(is_before)).map(|place| place.rba)
    }

    /// Returns the last of the first places for which a condition holds.
    fn before(&self, holds: impl Fn(&Place) -> bool) -> Option<&Place> {
        let last = self.places.partition_point(&holds).checked_sub(1)?;
        // The places of an index that somebody has changed may have another order.
        self.places.get(last).filter(|place| holds(place))
    }
}

/// The way to a place: the definitions before it, and the place.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) definitions: Vec<Start>,
    pub(super) place: Start,
    mark: u32,
}

impl Way {
    /// Returns whether the first record of a window that starts at the place is the one of the index.
    pub(super) fn arrives(&self, window: &ReadWindow) -> bool {
        window.record(0).is_some_and(|record| crc32fast::hash(record.bytes()) == self.mark) && begins_transaction(window, 0)
    }
}

/// Returns the checksum of the first bytes of a file; `None` if they cannot be read.
fn mark_of(source: &dyn ByteSource, bytes: u64) -> Option<u32> {
    let mut start = vec![0; usize::try_from(bytes.min(MARKED_BYTES)).ok()?];
    let mut filled = 0;
    while filled < start.len() {
        match source.read_at(start.get_mut(filled..)?, filled as u64).ok()? {
            0 => return None,
            read => filled += read,
        }
    }
    Some(crc32fast::hash(&start))
}

/// Makes an index, record by record.
struct Builder {
    index: FileIndex,
    step: u64,
    /// The RBA from which on the next place is wanted.
    next: u64,
    /// A transaction is open.
    open: bool,
    latest: Option<i64>,
    highest: Option<String>,
}

impl Builder {
    fn new(size: u64) -> Self {
        let step = (size / MOST_PLACES).max(LEAST_STEP);
        Self {
            index: FileIndex { csns: true, ..FileIndex::default() },
            step,
            next: step,
            open: false,
            latest: None,
            highest: None,
        }
    }

    fn meet(&mut self, window: &ReadWindow, at: usize) -> Result<()> {
        let found = window.frames().get(at).zip(window.place(at));
        let Some((frame, (_, position, record))) = found else {
            return Err(Error::internal("a frame that was read is not in the window"));
        };
        self.index.little = frame.order() == ByteOrder::Little;
        if frame.is_file_header() || frame.record_type == RecordType::METADATA {
            self.index.definitions.push((position.rba, record));
        } else if frame.record_type.belongs_to_transaction() {
            let begins = frame.transaction().begins() && frame.record_type != RecordType::LOB;
            if begins && !self.open && position.rba >= self.next && begins_transaction(window, at) {
                self.add(window, at, position.rba, record);
            }
            self.pass(window, at, frame, begins);
        }
        Ok(())
    }

    fn add(&mut self, window: &ReadWindow, at: usize, rba: u64, record: u64) {
        let mark = window.record(at).map_or(0, |record| crc32fast::hash(record.bytes()));
        let (latest, highest) = (self.latest, self.highest.clone());
        self.index.places.push(Place { rba, record, mark, latest, highest });
        self.next = rba.saturating_add(self.step);
    }

    /// Goes on over a record of a transaction.
    fn pass(&mut self, window: &ReadWindow, at: usize, frame: &Frame, begins: bool) {
        self.open = !frame.transaction().ends();
        let Some(record) = window.record(at) else { return };
        if let Ok(header) = record.header() {
            self.latest = self.latest.max(Some(header.time.unix_micros()));
        }
        if begins && self.index.csns {
            let area = record.token_area().unwrap_or_default();
            if let (Some(csn), _) = crate::trail::tokens::transaction_ids(area, record.byte_order()) {
                self.meet_csn(csn);
            }
        }
    }

    fn meet_csn(&mut self, csn: &str) {
        match self.highest.as_deref().map(|highest| Csn::compare(highest, csn)) {
            Some(Some(Ordering::Equal | Ordering::Greater)) => {}
            None if Csn::compare(csn, csn).is_some() => self.highest = Some(csn.to_owned()),
            Some(Some(Ordering::Less)) => csn.clone_into(self.highest.get_or_insert_default()),
            // CSNs of several forms have no order.
            Some(None) | None => self.index.csns = false,
        }
    }
}
