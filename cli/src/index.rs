//! The command `index`.

use std::path::PathBuf;

use crate::failure::{Failure, code};
use crate::interrupt::ending_itself;
use crate::options::{Reading, worse};
use crate::output::{Grid, Output, clean, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore index dirdat/lt --to indexes
  trailcore find dirdat/lt --index indexes --at 2024-03-01T12:00:00

An index that fits its file is kept, so the command may run again whenever the trail has grown. Trails are not changed.

exit codes: see trailcore --help";

/// Writes side indexes, with which any position in a large file is reached at once
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reading: Reading,
    /// The folder for the indexes, which is made if there is none
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let source = args.reading.open(output)?;
    let (read, bar) = source.watched(output, false)?;
    let report = ending_itself(|| source.trail.write_index(&args.to, &read));
    bar.done();
    let report = report?;
    let mut worst = 0;
    for error in report.files.iter().filter_map(|file| file.problem.as_ref()) {
        output.complain(&clean(&error.to_string()))?;
        worst = worse(worst, code(error.kind()));
    }
    if args.json {
        output.json(&report)?;
        return Ok(worst);
    }
    let mut grid = Grid::new(&["file", "bytes", "places", "index"], &["bytes", "places"]);
    for file in &report.files {
        let state = if file.written { "written" } else { "kept" };
        grid.row(vec![clean(&file.path), grouped(file.bytes), grouped(file.places), state.to_owned()]);
    }
    output.grid(&grid)?;
    Ok(worst)
}
