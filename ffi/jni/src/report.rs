//! The state of readers, check reports and summaries as messages.

use trailcore::Reader;
use trailcore::filter::Counts;
use trailcore::source::{CheckReport, Skipped, Summary};

use crate::failure::{Failure, message};
use crate::wire::Writer;

/// Encodes a report, for `CheckReport`. Kinds of issues are encoded by name, for `CheckIssue.Kind`.
pub(crate) fn check(report: &CheckReport) -> Vec<u8> {
    let mut out = Writer::default();
    out.bool(report.is_whole()).u64(report.records).u64(report.changes).u64(report.transactions).u64(report.bytes);
    out.u64(report.invalid_values).u64(report.more_issues).len(report.issues.len());
    for issue in &report.issues {
        out.text(issue.kind.name()).bool(issue.kind.is_fault()).position(issue.position).text(&issue.what);
    }
    out.0
}

/// Encodes a summary, for `Summary`. Definitions are encoded as names; Java fetches them by name.
pub(crate) fn summary(summary: &Summary) -> Vec<u8> {
    let mut out = Writer::default();
    out.u64(summary.changes).u64(summary.transactions).len(summary.tables.len());
    for (name, table) in &summary.tables {
        out.text(name);
        // In the order of `Op`, same as in Java.
        table.ops.iter().for_each(|&changes| {
            out.u64(changes);
        });
        out.u64(table.bytes);
    }
    out.len(summary.definitions.len());
    summary.definitions.keys().for_each(|name| {
        out.text(name);
    });
    let (first, last) = summary.positions.unzip();
    out.maybe_position(first).maybe_position(last);
    let csns = summary.csns.as_ref();
    out.maybe_text(csns.map(|(first, _)| first.as_str())).maybe_text(csns.map(|(_, last)| last.as_str()));
    let (earliest, latest) = summary.times.unzip();
    for time in [earliest, latest] {
        out.maybe(time.map(|time| time.unix_micros() as u64));
    }
    counts(&mut out, summary.counts);
    skipped(&mut out, &summary.skipped);
    out.0
}

/// Encodes the state of a reader, for `ReaderState`: position, decisions of the selection, skipped ranges.
pub(crate) fn state(reader: &Reader) -> Vec<u8> {
    let mut out = Writer::default();
    out.position(reader.position());
    counts(&mut out, reader.filter_counts());
    skipped(&mut out, reader.skipped());
    out.0
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
