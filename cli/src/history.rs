//! The command `history`.

use std::path::PathBuf;

use trailcore::analysis::HistoryOptions;

use crate::cat;
use crate::failure::{Failure, UNDECIDED};
use crate::options::{How, Selecting, open, report_rest, worse};
use crate::output::{Output, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore history dirdat/lt HR.EMP EMPNO=7839
  trailcore history dirdat/lt HR.EMP EMPNO=7839 --text
  trailcore history dirdat/lt SALES.LINES ORDER_ID=12 LINE=3 --from 2024-03-01T12:00:00

exit codes: 5 if changes lack their key, too; others: see trailcore --help";

/// Prints all changes of one row, through key updates, each as a line of native JSON (docs/json.md)
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A trail file, a prefix such as dirdat/lt, or a directory with one trail
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Name of the table
    #[arg(value_name = "TABLE")]
    name: String,
    /// The value of each key column
    #[arg(value_name = "COLUMN=VALUE", required = true, value_parser = assignment)]
    key: Vec<(String, String)>,
    /// Maximum memory of the changes in bytes
    #[arg(long, value_name = "N")]
    max_bytes: Option<u64>,
    /// Readable lines instead of JSON
    #[arg(long, conflicts_with = "json")]
    text: bool,
    /// Print report and changes as one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.trim().is_empty() => Ok((column.trim().to_owned(), value.to_owned())),
        _ => Err("write COLUMN=VALUE".to_owned()),
    }
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = open(std::slice::from_ref(&args.path), &args.how, output)?.select(&args.selecting, output)?;
    let mut options = HistoryOptions::new(&args.name);
    for (column, value) in &args.key {
        options = options.key(column, value.as_str());
    }
    if let Some(max_bytes) = args.max_bytes {
        options = options.max_bytes(max_bytes);
    }
    let (read, bar) = source.watched(output, false)?;
    let history = source.trail.history(&options, read)?;
    bar.done();
    let report = history.report.clone();
    if args.json {
        output.json(&history.document()?)?;
    } else {
        cat::all(&history.changes, args.text, output)?;
    }
    if report.unidentified > 0 {
        let number = grouped(report.unidentified);
        output.complain(&format!("{number} changes of the table lack columns of the key: they may be about the row"))?;
    }
    let code = report_rest(&report.read, args.selecting.lenient, output)?;
    Ok(if report.unidentified > 0 { worse(code, UNDECIDED) } else { code })
}
