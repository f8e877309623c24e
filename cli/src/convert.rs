//! The command `convert`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use trailcore::arrow::{ArrowOptions, Invalid, Layout, Numbers, Times};
use trailcore::sink::{ConvertOptions, Format};

use crate::failure::{Failure, is_existing};
use crate::interrupt::ending_itself;
use crate::options::{How, Selecting, open, report_rest};
use crate::output::{Output, clean, grouped};
use trailcore::report::{ConvertReport, WrittenReport};

const EXAMPLES: &str = "\
examples:
  trailcore convert dirdat/lt emp.parquet --table HR.EMP
  trailcore convert dirdat/lt tables/ --format parquet
  trailcore convert dirdat/lt tables/ --format csv --table 'HR.*' --columns ID,NAME
  trailcore convert dirdat/lt changes.jsonl --numbers text
  gzip -dc lt000000000.gz | trailcore convert - - --format csv --table HR.EMP

OUT is one file of one table (--table), or a directory that gets a file for each table, in one pass.
Its ending determines the format: .parquet, .csv, .arrow or .ipc, .jsonl or .ndjson. JSON lines may have all
tables in one file. After the columns of a table change, a new file begins: NAME.2.parquet. Files get
their names once all of them are complete; until then they end in .partial.

After an error no file remains; exit codes: see trailcore --help";

/// Writes tables to files: Parquet, CSV, Arrow IPC, or JSON lines
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, override_usage = "trailcore convert [OPTIONS] <PATH>... <OUT>")]
pub(crate) struct Args {
    /// The trail, and last OUT: a file, a directory (no ending, or a / at its end), or - for the standard output
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The same as OUT; then all paths are of the trail
    #[arg(long, value_name = "OUT", help_heading = "Writing")]
    out: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    writing: Writing,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Writing")]
struct Writing {
    /// The format, instead of the one in the ending of OUT
    #[arg(long, visible_alias = "to")]
    format: Option<FormatName>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shape: Shape,
}

/// The shape of the tables.
#[derive(clap::Args)]
#[command(next_help_heading = "Writing")]
struct Shape {
    /// Only these columns, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// The row after each change (rows, the default), or both images (changes)
    #[arg(long)]
    layout: Option<LayoutName>,
    /// Add columns that distinguish NULL, missing and invalid values
    #[arg(long)]
    states: bool,
    /// Numbers without a declared scale: declared (as text, the default), text (all numbers), float, or a number of digits; JSON lines take text only
    #[arg(long, value_name = "HOW", value_parser = numbers)]
    numbers: Option<Numbers>,
    /// Microseconds, nanoseconds or text, instead of the declared precision
    #[arg(long)]
    times: Option<TimesName>,
    /// Values that cannot be decoded
    #[arg(long)]
    invalid: Option<InvalidName>,
    /// Prefix of the added columns; _ by default
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Maximum number of rows in memory for each table; 65536 by default
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    Parquet,
    Csv,
    Arrow,
    Jsonl,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutName {
    Rows,
    Changes,
}

#[derive(Clone, Copy, ValueEnum)]
enum TimesName {
    Declared,
    /// Microseconds; a time with further digits is an error
    Us,
    /// Microseconds, truncated
    UsTruncated,
    Ns,
    /// Text with nine fraction digits, which holds every time
    Text,
}

#[derive(Clone, Copy, ValueEnum)]
enum InvalidName {
    Error,
    Null,
}

fn numbers(text: &str) -> Result<Numbers, String> {
    match text {
        "declared" => Ok(Numbers::Declared),
        "text" => Ok(Numbers::Text),
        "float" => Ok(Numbers::Float),
        digits => match digits.parse() {
            Ok(scale) if scale <= 38 => Ok(Numbers::Scale(scale)),
            _ => Err("use declared, text, float, or a number of digits after the point, 0 to 38".to_owned()),
        },
    }
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let (paths, out) = args.split()?;
    if out.as_os_str() == "-" {
        return to_stdout(args, paths, output);
    }
    let (format, single) = args.writing.target(out)?;
    args.writing.shape.check(format)?;
    let mut options = args.options(format).single_file(single);
    if let Some(table) = args.selecting.one_table().filter(|_| single) {
        options = options.table(table);
    } else if single && format != Format::JsonLines {
        let what = "is one file, which can have only one table: name the table with --table, or name a directory";
        return Err(Failure::usage(format!("{} {what}", out.display())));
    }
    let source = open(paths, &args.how, output)?.select(&args.selecting, output)?;
    let (read, bar) = source.watched(output, false)?;
    let converted = ending_itself(|| source.trail.convert(out, read, &options));
    bar.done();
    let converted =
        converted.map_err(|error| if is_existing(&error) { error.hint("--force replaces existing files") } else { error })?;
    let files = converted.files.iter().map(|file| WrittenReport {
        table: file.table.clone(),
        path: file.path.display().to_string(),
        rows: file.rows,
    });
    let report = ConvertReport { files: files.collect(), read: converted.report };
    if args.writing.json {
        output.json(&report)?;
    } else {
        let unit = if format == Format::JsonLines { "changes" } else { "rows" };
        for file in &report.files {
            let table = if file.table.is_empty() { String::new() } else { format!("{}: ", clean(&file.table)) };
            output.line(&format!("{table}{} {unit} in {}", grouped(file.rows), clean(&file.path)), "")?;
        }
        if report.files.is_empty() {
            output.complain("nothing is selected, so nothing has been written")?;
        }
    }
    report_rest(&report.read, args.selecting.lenient, output)
}

/// Writes one file to the standard output. It is made as a temporary file, and copied when it is complete.
fn to_stdout(args: &Args, paths: &[PathBuf], output: &mut Output) -> Result<i32, Failure> {
    if args.writing.json || args.writing.force {
        return Err(Failure::usage("--json and --force have no effect on the standard output"));
    }
    let format = args.writing.named_format().ok_or_else(|| Failure::usage("the standard output needs --format"))?;
    args.writing.shape.check(format)?;
    let mut options = args.options(format).single_file(true);
    match args.selecting.one_table() {
        Some(table) => options = options.table(table),
        None if format == Format::JsonLines => {}
        None => return Err(Failure::usage("the standard output can have only one table: name it with --table")),
    }
    let source = open(paths, &args.how, output)?.select(&args.selecting, output)?;
    let (read, bar) = source.watched(output, false)?;
    let folder = tempfile::tempdir()?;
    let out = folder.path().join(format!("out.{}", format.name()));
    let converted = ending_itself(|| source.trail.convert(&out, read, &options));
    bar.done();
    let converted = converted?;
    let [file] = converted.files.as_slice() else {
        let what = "the columns of the table change in the trail, so it needs several files";
        return Err(Failure::usage(format!("{what}; name a directory in place of -")));
    };
    std::io::copy(&mut std::fs::File::open(&file.path)?, output)?;
    report_rest(&converted.report, args.selecting.lenient, output)
}

impl Args {
    fn options(&self, format: Format) -> ConvertOptions {
        let text_numbers = format == Format::JsonLines && self.writing.shape.numbers.is_some();
        ConvertOptions::new(format).arrow(self.writing.shape.arrow()).force(self.writing.force).text_numbers(text_numbers)
    }

    /// Returns the paths of the trail, and OUT.
    fn split(&self) -> Result<(&[PathBuf], &Path), Failure> {
        match (&self.out, self.paths.split_last()) {
            (Some(out), _) => Ok((&self.paths, out)),
            (None, Some((out, paths))) if !paths.is_empty() => Ok((paths, out)),
            _ => Err(Failure::usage("convert needs PATH and OUT, the file or directory to write")),
        }
    }
}

impl Writing {
    fn named_format(&self) -> Option<Format> {
        self.format.map(|format| match format {
            FormatName::Parquet => Format::Parquet,
            FormatName::Csv => Format::Csv,
            FormatName::Arrow => Format::Arrow,
            FormatName::Jsonl => Format::JsonLines,
        })
    }

    /// Returns the format, and whether it is one file.
    fn target(&self, out: &Path) -> Result<(Format, bool), Failure> {
        if out.exists() && !out.is_file() && !out.is_dir() {
            return Err(Failure::usage(format!(
                "{} is neither a file nor a directory; write - for the standard output",
                out.display()
            )));
        }
        let ends_in_separator = out.as_os_str().to_string_lossy().ends_with(std::path::MAIN_SEPARATOR);
        let single = out.extension().is_some() && !ends_in_separator && !out.is_dir();
        let format = match self.named_format() {
            Some(format) => Some(format),
            None if single => Format::of_path(out),
            None => Some(Format::Parquet),
        };
        let format = format.ok_or_else(|| {
            let endings = ".parquet, .csv, .arrow, .ipc, .feather, .jsonl, .ndjson";
            let what = format!("{} does not end in a known format; use {endings}, or give --format", out.display());
            Failure::usage(what + ", or end the name of a directory with /")
        })?;
        Ok((format, single))
    }
}

impl Shape {
    /// Fails if an option has no effect on the format.
    fn check(&self, format: Format) -> Result<(), Failure> {
        let common = [
            ("--columns", self.columns.is_some()),
            ("--layout", self.layout.is_some()),
            ("--states", self.states),
            ("--invalid", self.invalid.is_some()),
            ("--prefix", self.prefix.is_some()),
        ];
        let arrow = [
            ("--numbers", self.numbers.is_some() && !(format == Format::JsonLines && self.numbers == Some(Numbers::Text))),
            ("--times", self.times.is_some()),
            ("--batch-size", self.batch_size.is_some()),
        ];
        let (lacks, why): (Vec<_>, _) = match format {
            Format::JsonLines => (common.into_iter().chain(arrow).collect(), "has the changes verbatim"),
            Format::Csv => (arrow.to_vec(), "has the digits of the trail"),
            _ => return Ok(()),
        };
        match lacks.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Failure::usage(format!("{option} has no effect on {}, which {why}", format.name()))),
            None => Ok(()),
        }
    }

    fn arrow(&self) -> ArrowOptions {
        let mut options = ArrowOptions::new().states(self.states);
        if let Some(columns) = &self.columns {
            let columns: Vec<_> = columns.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
            options = options.columns(&columns);
        }
        if let Some(LayoutName::Changes) = self.layout {
            options = options.layout(Layout::Changes);
        }
        if let Some(numbers) = self.numbers {
            options = options.numbers(numbers);
        }
        options = match self.times {
            Some(TimesName::Us) => options.times(Times::Micros),
            Some(TimesName::UsTruncated) => options.times(Times::Truncated),
            Some(TimesName::Ns) => options.times(Times::Nanos),
            Some(TimesName::Text) => options.times(Times::Text),
            Some(TimesName::Declared) | None => options,
        };
        if let Some(InvalidName::Null) = self.invalid {
            options = options.invalid(Invalid::Null);
        }
        if let Some(prefix) = &self.prefix {
            options = options.prefix(prefix);
        }
        match self.batch_size {
            Some(rows) => options.rows(rows),
            None => options,
        }
    }
}
