//! The command `save`.

use std::path::PathBuf;

use trailcore::report::SaveReport;

use crate::failure::Failure;
use crate::interrupt::ending_itself;
use crate::options::{How, Selecting, open, report_rest};
use crate::output::{Output, clean, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore save dirdat/lt part/lt --from 2024-03-01T12:00:00 --until csn:7824137900
  trailcore save dirdat/lt emp/em --table HR.EMP

OUT is the prefix of the new trail, whose files are numbered from 0. Changes are written, not records: images, tokens
and DDL are copied byte by byte, with CSN, id and time of their transaction, but positions and file headers are new.
A transaction that the range cuts off ends with its last selected change.

After an error no file remains, and existing files are never replaced; exit codes: see trailcore --help";

/// Writes the selected changes as a trail
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A trail file, a prefix such as dirdat/lt, or a directory with one trail
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The prefix of the new trail
    #[arg(value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    if args.out.as_os_str() == "-" {
        return Err(Failure::usage(
            "save writes files, not the standard output; give OUT a prefix such as part/lt, or ./- for this name",
        ));
    }
    let source = open(std::slice::from_ref(&args.path), &args.how, output)?.select(&args.selecting, output)?;
    let (read, bar) = source.watched(output, false)?;
    let saved = ending_itself(|| source.trail.save(&args.out, read));
    bar.done();
    let saved = saved?;
    let files: Vec<_> = saved.files.iter().map(|path| path.display().to_string()).collect();
    let report = SaveReport { files, changes: saved.changes, read: saved.report };
    if args.json {
        output.json(&report)?;
    } else if report.files.is_empty() {
        output.complain("nothing is selected, so nothing has been written")?;
    } else {
        output.line(&format!("{} changes in {}", grouped(report.changes), clean(&report.files.join(", "))), "")?;
    }
    report_rest(&report.read, args.selecting.lenient, output)
}
