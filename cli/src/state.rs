//! The command `state`.

use std::path::PathBuf;

use trailcore::analysis::{AsOf, StateOptions};

use crate::cat;
use crate::failure::{Failure, UNDECIDED};
use crate::options::{How, Place, Selecting, open, report_rest, worse};
use crate::output::Output;

const EXAMPLES: &str = "\
examples:
  trailcore state dirdat/lt HR.EMP
  trailcore state dirdat/lt HR.EMP --at csn:7824137850
  trailcore state dirdat/lt HR.EMP --at 2024-03-01T12:00:00 --text

exit codes: 5 if changes lack their key, too; others: see trailcore --help";

/// Prints the rows of a table as of a place, each as a line of native JSON (docs/json.md)
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A trail file, a prefix such as dirdat/lt, or a directory with one trail
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Name of the table
    #[arg(value_name = "TABLE")]
    name: String,
    /// The last place whose changes count: SEQNO:RBA, a time such as 2024-03-01T12:00:00 (UTC without --tz), or csn:NUMBER
    #[arg(long, value_name = "PLACE")]
    at: Option<Place>,
    /// The columns that identify a row, separated by commas, in place of the key in the definition
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    key: Vec<String>,
    /// Maximum memory of the rows in bytes
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
    /// Readable lines instead of JSON
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Print report and rows as one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = open(std::slice::from_ref(&args.path), &args.how, output)?.select(&args.selecting, output)?;
    let mut options = StateOptions::new(&args.name);
    if let Some(at) = &args.at {
        options = options.at(at.text(&source.zone)?.parse::<AsOf>()?);
    }
    if !args.key.is_empty() {
        options = options.key(&args.key);
    }
    if let Some(max_bytes) = args.max_bytes {
        options = options.max_bytes(max_bytes);
    }
    let (read, bar) = source.watched(output, false)?;
    let state = source.trail.state(&options, read)?;
    bar.done();
    let (report, failure) = (state.report.clone(), state.failure.clone());
    if args.json {
        output.json(&state.document()?)?;
    } else {
        cat::all(&state.rows, args.text, output)?;
    }
    for notice in report.notices() {
        output.complain(&notice.text)?;
    }
    if let Some(failure) = failure {
        let place = if failure.needs_more_bytes() { "torn end" } else { "damage" };
        output.complain(&format!("the rows are those before the {place}"))?;
        return Err(failure.into());
    }
    let code = report_rest(&report.read, args.selecting.lenient, output)?;
    Ok(if report.unidentified > 0 { worse(code, UNDECIDED) } else { code })
}
