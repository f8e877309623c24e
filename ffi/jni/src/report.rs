//! What is asked of a trail as a whole, as messages: whether it is whole, and what it holds.

use trailcore::source::{CheckReport, Summary};

use crate::reader::{counts, skipped};
use crate::wire::Writer;

/// A report, for `CheckReport`. Kinds of findings go by their names, which `Finding.Kind` has.
pub(crate) fn check(report: &CheckReport) -> Vec<u8> {
    let mut out = Writer::default();
    out.bool(report.is_whole()).u64(report.records).u64(report.changes).u64(report.transactions).u64(report.bytes);
    out.u64(report.invalid_values).u64(report.more_findings).len(report.findings.len());
    for finding in &report.findings {
        out.text(finding.kind.name()).bool(finding.kind.is_fault()).position(finding.position).text(&finding.what);
    }
    out.0
}

/// Counts, for `Summary`. Definitions go by their names, by which they are asked for.
pub(crate) fn summary(summary: &Summary) -> Vec<u8> {
    let mut out = Writer::default();
    out.u64(summary.changes).u64(summary.transactions).len(summary.tables.len());
    for (name, table) in &summary.tables {
        out.text(name);
        // In the order of `Op`, in Java as here.
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
