//! Finding a place in a trail by CSN or by time.

use std::cmp::Ordering;

use crate::error::Result;
use crate::position::{Csn, Position};
use crate::source::options::ReadOptions;
use crate::source::trail::Trail;
use crate::time::Timestamp;
use crate::trail::FileHeader;

impl Trail {
    /// The first change whose transaction has this CSN or a later one; `None` if there is none. Files are passed over by
    /// the first CSN in their headers where they have one.
    ///
    /// # Errors
    /// What reading gives. CSNs of another form than this one are passed over.
    pub fn find_csn(&self, csn: &str) -> Result<Option<Position>> {
        self.find_csn_with(csn, &ReadOptions::new())
    }

    /// The same, read with these options: with [`resync`](ReadOptions::resync) also behind damage.
    ///
    /// # Errors
    /// As [`find_csn`](Self::find_csn).
    pub fn find_csn_with(&self, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
        csn_position(self, csn, options)
    }

    /// The first change of this time or later; `None` if there is none. Files are passed over by the first time in their
    /// headers where they have one.
    ///
    /// # Errors
    /// What reading gives.
    pub fn find_time(&self, time: Timestamp) -> Result<Option<Position>> {
        self.find_time_with(time, &ReadOptions::new())
    }

    /// The same, read with these options: with [`resync`](ReadOptions::resync) also behind damage.
    ///
    /// # Errors
    /// As [`find_time`](Self::find_time).
    pub fn find_time_with(&self, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
        time_position(self, time, options)
    }
}

fn csn_position(trail: &Trail, csn: &str, options: &ReadOptions) -> Result<Option<Position>> {
    let reached = |text: &str| matches!(Csn::compare(text, csn), Some(Ordering::Equal | Ordering::Greater));
    // The transactions of one CSN may be spread over files, so a file that starts with the very CSN is not the first.
    let before =
        |header: &FileHeader| header.first_csn().value().is_some_and(|first| Csn::compare(first, csn) == Some(Ordering::Less));
    find(trail, options, before, |change| change.csn().is_some_and(reached))
}

fn time_position(trail: &Trail, time: Timestamp, options: &ReadOptions) -> Result<Option<Position>> {
    let before = |header: &FileHeader| header.first_time().value().is_some_and(|first| first < time);
    find(trail, options, before, |change| change.timestamp() >= time)
}

/// The first change that is wanted, selected or not, looked for from the last file on whose header says that it starts before.
fn find(
    trail: &Trail,
    options: &ReadOptions,
    starts_before: impl Fn(&FileHeader) -> bool,
    wanted: impl Fn(&crate::Change<'_>) -> bool,
) -> Result<Option<Position>> {
    let mut first = 0;
    for index in (0..trail.files().len()).rev() {
        let mut records = trail.only(index..).records(&ReadOptions::new());
        // A file without a header that can be read says nothing; reading it tells what is wrong with it.
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
            // A pair's place is its after record's; reading must start with its first.
            return Ok(Some(change.start()));
        }
    }
    Ok(None)
}
