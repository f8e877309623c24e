//! Finds a position in a trail by CSN or by time.

use std::cmp::Ordering;

use crate::error::Result;
use crate::position::{Csn, Position};
use crate::source::options::ReadOptions;
use crate::source::trail::Trail;
use crate::time::Timestamp;
use crate::trail::FileHeader;

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
}

fn csn_position(trail: &Trail, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
    Csn::check(csn)?;
    let reached = |text: &str| matches!(Csn::compare(text, csn), Some(Ordering::Equal | Ordering::Greater));
    // The transactions of one CSN may be in several files, so a file that starts with exactly this CSN may not be the first.
    let before =
        |header: &FileHeader| header.first_csn().value().is_some_and(|first| Csn::compare(first, csn) == Some(Ordering::Less));
    find(trail, options, before, |change| change.csn().is_some_and(reached))
}

fn time_position(trail: &Trail, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
    let before = |header: &FileHeader| header.first_time().value().is_some_and(|first| first < time);
    find(trail, options, before, |change| change.timestamp() >= time)
}

/// Returns the start of the first wanted change, from the last file whose header shows that it starts before it.
fn find(
    trail: &Trail,
    options: &ReadOptions,
    starts_before: impl Fn(&FileHeader) -> bool,
    wanted: impl Fn(&crate::Change<'_>) -> bool,
) -> Result<Option<Position>> {
    let mut first = 0;
    for index in (0..trail.files().len()).rev() {
        let mut records = trail.only(index..).records(&ReadOptions::new());
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
    let mut reader = trail.only(first..).reader_with(ReadOptions { start_at: None, select: None, ..options.clone() })?;
    while let Some(change) = reader.next()? {
        if wanted(&change) {
            // The position of a pair is that of its after record; reading must start at its before record.
            return Ok(Some(change.start()));
        }
    }
    Ok(None)
}
