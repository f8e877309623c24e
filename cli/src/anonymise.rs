//! The command `anonymise`.

use std::path::PathBuf;

use trailcore::ReadOptions;
use trailcore_ops::anonymise::{AnonymiseReport, AnonymiseRequest, anonymise_with};
use trailcore_ops::word;

use crate::failure::{DAMAGE, Failure};
use crate::interrupt::ending_itself;
use crate::output::{Grid, Output, YELLOW, clean, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore anonymise dirdat/lt -o shared
  trailcore anonymise dirdat/lt -o sample --key-file dirprm/sample.key --equal HR.EMP.NAME

Files, records, lengths, positions, types, NULLs and transactions stay. Values of key columns stay equal or different;
those of other columns only with --equal. What cannot be decoded is replaced by other bytes. The result gets its name
once it is proved: it has the same structure, and none of the original values.

The trail is not changed. After an error there is no result; exit codes: see trailcore --help";

/// Writes a trail of the same structure with other values and names, so that it can be given away
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A trail file, a prefix such as dirdat/lt, or a directory with one trail
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The directory of the result, which must not exist
    #[arg(short, long = "output", value_name = "DIR")]
    output: PathBuf,
    /// A file whose bytes are the key: one key gives the same replacements again. A random key without it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Columns whose equal values stay equal, as OWNER.TABLE.COLUMN; those of one list are equal among each other, too
    #[arg(long, value_name = "COLUMN,COLUMN")]
    equal: Vec<String>,
    /// A definitions file, for a trail that does not define its tables; the result has one, too
    #[arg(long, value_name = "FILE")]
    defs: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let text = |path: &PathBuf| path.display().to_string();
    let request = AnonymiseRequest {
        trail: text(&args.path),
        to: text(&args.output),
        key_file: args.key_file.as_ref().map(text),
        equal: args.equal.iter().map(|list| list.split(',').map(|name| name.trim().to_owned()).collect()).collect(),
        defs: args.defs.as_ref().map(text),
    };
    let options = output.stoppable(ReadOptions::new());
    let report = ending_itself(|| anonymise_with(&request, options))?;
    if args.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(if report.is_damaged() { DAMAGE } else { 0 })
}

fn show(report: &AnonymiseReport, output: &mut Output) -> Result<(), Failure> {
    let mut grid = Grid::new(&["file", "bytes"], &["bytes"]);
    for file in &report.files {
        grid.row(vec![clean(&file.name), grouped(file.bytes)]);
    }
    output.grid(&grid)?;
    let [records, changes, replaced, empty] = [report.records, report.changes, report.replaced, report.empty].map(grouped);
    output.line(&format!("{records} records, {changes} changes; {replaced} values replaced, {empty} without contents"), "")?;
    for hidden in &report.hidden {
        let (count, kind) = (grouped(hidden.count), word(&hidden.kind));
        output.line(&format!("hidden: {count} {kind}, the first at {}:{}", hidden.seqno, hidden.rba), YELLOW)?;
    }
    if !report.csns_moved {
        output.line("some CSNs have too few digits, and stay", YELLOW)?;
    }
    let (searched, bits) = (grouped(report.search.searched), report.search.least_bits);
    output.line(&format!("proved: the same structure; none of {searched} texts of {bits} bits or more is found"), "")?;
    Ok(())
}
