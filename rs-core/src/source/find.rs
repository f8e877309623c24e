//! Finds a position in a trail by CSN or by time.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::position::{Csn, Position, TrailPosition};
use crate::source::options::ReadOptions;
use crate::source::reader::FileIndex;
use crate::source::trail::Trail;
use crate::time::Timestamp;
use crate::trail::{FileHeader, RecordType};

impl Trail {
    /// Returns the position of the first change whose transaction has this CSN or a later one; `None` if there is none. The first
    /// CSN in a file's header, if it has one, decides whether a file is skipped. CSNs of another form than this one are ignored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if it has none of the forms of a CSN, and the errors of
    /// [`Reader::next`](crate::Reader::next).
    pub fn find_csn(&self, csn: &str) -> Result<Option<Position>> {
        self.find_csn_with(csn, &ReadOptions::new())
    }

    /// Does the same as [`find_csn`](Self::find_csn) with these options: with [`resync`](ReadOptions::resync) also after damage.
    /// A start position and a selection are ignored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) if it has none of the forms of a CSN, and the errors of
    /// [`Reader::next`](crate::Reader::next).
    pub fn find_csn_with(&self, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
        csn_position(self, csn, options)
    }

    /// Returns the position of the first change with this timestamp or a later one; `None` if there is none. The first timestamp
    /// in a file's header, if it has one, decides whether a file is skipped.
    ///
    /// # Errors
    /// The errors of [`Reader::next`](crate::Reader::next).
    pub fn find_time(&self, time: Timestamp) -> Result<Option<Position>> {
        self.find_time_with(time, &ReadOptions::new())
    }

    /// Does the same as [`find_time`](Self::find_time) with these options: with [`resync`](ReadOptions::resync) also after
    /// damage. A start position and a selection are ignored.
    ///
    /// # Errors
    /// The errors of [`Reader::next`](crate::Reader::next).
    pub fn find_time_with(&self, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
        time_position(self, time, options)
    }

    /// Returns the positions of the first and the last record of the transaction of a record. The last one is the last that the
    /// trail has if the transaction is unfinished; the first one, if the transaction began before the trail.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::{Position, ReadOptions};
    ///
    /// let position = trail.reader()?.next()?.unwrap().position();
    /// let (first, last) = trail.transaction_of(position, &ReadOptions::new())?;
    /// assert!(Position::from(first) <= position && position <= Position::from(last));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidPosition`](ErrorKind::InvalidPosition) if no record starts at the position, or if the record belongs to no
    /// transaction; the errors of reading.
    pub fn transaction_of(&self, position: Position, options: &ReadOptions) -> Result<(TrailPosition, TrailPosition)> {
        let Position::Trail(wanted) = position else {
            return Err(invalid(format!("{position} is not a position in a trail")));
        };
        let (mut start, mut step) = (self.file_of(wanted), 1);
        loop {
            let files = self.with_files(start..self.files.len());
            match transaction_in(&files, wanted, options, start > 0)? {
                Some(found) => return Ok(found),
                None => start = start.saturating_sub(step),
            }
            step *= 2;
        }
    }
}

fn invalid(what: String) -> Error {
    Error::new(ErrorKind::InvalidPosition, what)
}

/// Returns the positions of the first and the last record of the transaction of a record; `None` if it may have begun in an
/// `earlier` file than those of the trail.
fn transaction_in(
    trail: &Trail,
    wanted: TrailPosition,
    options: &ReadOptions,
    earlier: bool,
) -> Result<Option<(TrailPosition, TrailPosition)>> {
    let mut views = trail.record_views(options, None)?;
    let (mut open, mut found) = (None, false);
    while let Some(view) = views.next()? {
        let here = view.position;
        if here > wanted && !found {
            return Err(invalid(format!("no record starts at {wanted}; the next one starts at {here}")));
        }
        if !view.is_in_transaction() {
            if here == wanted {
                return Err(invalid(format!("the record at {wanted} belongs to no transaction")));
            }
            let breaks = !view.record.is_file_header() && view.record.record_type() == RecordType::RESTART_ABEND;
            if breaks && found {
                break;
            }
            open = open.filter(|_| !breaks);
            continue;
        }
        let header = view.record.header().map_err(|fault| invalid(format!("the record at {here}: {fault}")))?;
        let begins = header.transaction.begins() && view.record.record_type() != RecordType::LOB;
        if begins || view.follows_gap() {
            // The transaction before it is unfinished, or a skipped range has its end.
            if found {
                break;
            }
            open = None;
        }
        open = Some((open.map_or(here, |(first, _)| first), here));
        if here == wanted {
            if earlier && view.lacks_ids() {
                return Ok(None);
            }
            found = true;
        }
        if header.transaction.ends() {
            if found {
                break;
            }
            open = None;
        }
    }
    if found { Ok(open) } else { Err(invalid(format!("{wanted} is beyond the end of the trail"))) }
}

fn csn_position(trail: &Trail, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
    Csn::check(csn)?;
    let reached = |text: &str| matches!(Csn::compare(text, csn), Some(Ordering::Equal | Ordering::Greater));
    // The transactions of one CSN may be in several files, so a file that starts with exactly this CSN may not be the first.
    let before =
        |header: &FileHeader| header.first_csn().value().is_some_and(|first| Csn::compare(first, csn) == Some(Ordering::Less));
    find(trail, options, before, |index| index.before_csn(csn), |change| change.csn().is_some_and(reached))
}

fn time_position(trail: &Trail, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
    let before = |header: &FileHeader| header.first_time().value().is_some_and(|first| first < time);
    find(trail, options, before, |index| index.before_time(time), |change| change.timestamp() >= time)
}

/// Returns the start of the first wanted change, from the last file whose header shows that it starts before it, and from the place in
/// it that its side index shows.
fn find(
    trail: &Trail,
    options: &ReadOptions,
    starts_before: impl Fn(&FileHeader) -> bool,
    place: impl Fn(&FileIndex) -> Option<u64>,
    wanted: impl Fn(&crate::Change<'_>) -> bool,
) -> Result<Option<Position>> {
    let mut first = 0;
    for index in (0..trail.files().len()).rev() {
        let mut records = trail.with_files(index..index + 1).records(&ReadOptions::new());
        // A file without a readable header decides nothing; reading it later reports its error.
        let header = match records.next() {
            Ok(Some(placed)) => FileHeader::parse(&placed.record).ok(),
            _ => None,
        };
        if header.as_ref().is_some_and(&starts_before) {
            first = index;
            break;
        }
    }
    let mut options = ReadOptions { select: None, ..options.clone().unbounded() };
    if let Some((folder, file)) = options.index.as_ref().zip(trail.files().get(first)) {
        let rba = FileIndex::load(folder, file, &options.access()).as_ref().and_then(place);
        let seqno = rba.map(|_| trail.header(first).ok().and_then(|header| header.seqno().value()).map(u64::from));
        options.start_at = rba.zip(file.seqno.or(seqno.flatten())).map(|(rba, seqno)| Position::new(seqno, rba));
    }
    let mut reader = trail.with_files(first..trail.files().len()).reader_with(options)?;
    while let Some(change) = reader.next()? {
        if wanted(&change) {
            // The position of a pair is that of its after record; reading must start at its before record.
            return Ok(Some(change.start()));
        }
    }
    Ok(None)
}
