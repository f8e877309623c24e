//! The command `info`.

use serde_json::Value;

use crate::failure::{self, Failure};
use crate::options::{Reading, worse};
use crate::output::{BOLD, Output, YELLOW, clean, grouped};
use trailcore::report::{FileReport, InfoReport};

const EXAMPLES: &str = "\
examples:
  trailcore info dirdat/lt
  trailcore info dirdat/lt --json

exit codes: see trailcore --help";

/// Shows the header of each file, and missing files
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
    let report = InfoReport::of(&args.reading.open(output)?.trail)?;
    let code =
        report.files.iter().filter_map(|file| file.problem.as_ref()).map(|error| failure::code(error.kind())).fold(0, worse);
    if args.json {
        output.json(&report)?;
        return Ok(code);
    }
    for file in &report.files {
        show(file, output)?;
    }
    for (first, last) in &report.gaps {
        let files = if first == last { format!("file {first}") } else { format!("files {first} to {last}") };
        output.line(&format!("missing: {files}"), YELLOW)?;
    }
    let files = report.files.len();
    let s = if files == 1 { "" } else { "s" };
    output.line(&format!("{files} file{s}, {} bytes", grouped(report.bytes)), "")?;
    for file in &report.files {
        if let Some(error) = &file.problem {
            output.complain(&format!("{}: {error}", clean(&file.path)))?;
        }
    }
    Ok(code)
}

fn show(file: &FileReport, output: &mut Output) -> Result<(), Failure> {
    output.line(&clean(&file.path), BOLD)?;
    let Value::Object(facts) = serde_json::to_value(file)? else { return Ok(()) };
    let facts: Vec<_> = facts.iter().filter(|(name, value)| *name != "path" && *name != "problem" && !value.is_null()).collect();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in facts {
        let text = match value {
            Value::String(text) if ["created", "first_time", "last_time"].contains(&name.as_str()) => match text.parse() {
                Ok(time) => output.time(time),
                Err(_) => clean(text),
            },
            Value::String(text) => clean(text),
            // Other numbers are names.
            Value::Number(number) if name == "bytes" || name == "file_size" => grouped(number.as_u64().unwrap_or_default()),
            other => other.to_string(),
        };
        output.line(&format!("  {name:width$}  {text}"), "")?;
    }
    Ok(())
}
