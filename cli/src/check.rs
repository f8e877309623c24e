//! The command `check`.

use crate::failure::{DAMAGE, Failure, GROWING};
use crate::options::Reading;
use crate::output::{GREEN, Output, RED, YELLOW, clean, grouped, size};
use trailcore::report::{CheckDocument, IssueReport};
use trailcore::source::CheckIssueKind;

const EXAMPLES: &str = "\
examples:
  trailcore check dirdat/lt
  trailcore check dirdat/lt --json

exit codes: 0 the trail is whole, 1 it is not, 4 it is still being written; others: see trailcore --help";

/// Checks whether a trail is whole: damage, missing files, the order of transactions, rows that fit their tables
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    let (options, bar) = source.watched(output, false)?;
    // The records are read, and then the changes.
    bar.passes(if source.lacks_header() { 1 } else { 2 });
    let report = CheckDocument::of(&source.trail, &options)?;
    bar.done();
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(code(&report))
}

/// Returns the exit code: a trail that is only being written is not damaged.
fn code(report: &CheckDocument) -> i32 {
    let is_growing = |issue: &IssueReport| matches!(issue.kind, CheckIssueKind::TornTail | CheckIssueKind::Unfinished);
    let other_fault = report.issues.iter().any(|issue| issue.is_fault && !is_growing(issue));
    // The issues that are not listed may be of any kind.
    if !report.is_whole && (other_fault || report.more_issues > 0 || report.invalid_values > 0) {
        DAMAGE
    } else if report.issues.iter().any(is_growing) {
        GROWING
    } else {
        0
    }
}

fn show(report: &CheckDocument, output: &mut Output) -> Result<(), Failure> {
    for issue in &report.issues {
        output.line(&clean(&issue.text), if issue.is_fault { RED } else { YELLOW })?;
    }
    if report.more_issues > 0 {
        output.line(&format!("and {} more", grouped(report.more_issues)), "")?;
    }
    let [records, changes, transactions] = [report.records, report.changes, report.transactions].map(grouped);
    let counts = format!("{records} records, {changes} changes in {transactions} transactions");
    output.line(&format!("{counts}, {} read", size(report.bytes)), "")?;
    if report.invalid_values > 0 {
        output.line(&format!("{} values cannot be decoded as the types of their columns", grouped(report.invalid_values)), "")?;
    }
    let (verdict, style) = if report.is_whole { ("whole", GREEN) } else { ("not whole", RED) };
    Ok(output.line(verdict, style)?)
}
