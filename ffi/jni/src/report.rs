//! The state of readers as messages.

use trailcore::Reader;
use trailcore::filter::Counts;
use trailcore::report::ReadReport;
use trailcore::source::Skipped;

use crate::failure::{Failure, Result, message};
use crate::wire::Writer;

/// Encodes the state of a reader, for `ReaderState`: position, decisions of the selection, skipped ranges, and the report as JSON.
pub(crate) fn state(reader: &Reader, report: &ReadReport) -> Result<Vec<u8>> {
    let mut out = Writer::default();
    out.position(reader.position());
    counts(&mut out, reader.filter_counts());
    skipped(&mut out, reader.skipped());
    out.text(&report.to_json()?);
    Ok(out.0)
}

/// Encodes the decisions of a selection, for `FilterCounts`.
pub(crate) fn counts(out: &mut Writer, counts: Counts) {
    out.u64(counts.accepted).u64(counts.rejected).u64(counts.undecidable).u64(counts.errors);
}

/// Encodes skipped ranges, each for `Skipped`.
pub(crate) fn skipped(out: &mut Writer, ranges: &[Skipped]) {
    out.len(ranges.len());
    for range in ranges {
        out.position(range.from).position(range.to).bytes(&message(&Failure::Trail(range.error.clone())));
    }
}
