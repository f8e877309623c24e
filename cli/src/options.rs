//! The common options of commands, and the trail and the selection that they describe.

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use trailcore::filter::{Dialect, ObjectPattern, Select, SelectOptions, SelectParts};
use trailcore::report::CountReport;
use trailcore::source::{NoticeKind, ReadReport};
use trailcore::{Catalog, Error, Op, Position, ReadOptions, Trail, TrailPosition};

use crate::failure::{DAMAGE, Failure, GROWING, UNDECIDED, USAGE};
use crate::output::{Bar, Output, clean};
use crate::zone::{Moment, Zone};

/// The paths, and the options for reading.
#[derive(Args)]
pub(crate) struct Reading {
    /// A trail file, a prefix such as dirdat/lt, a directory with one trail, several files of one trail, or - for the standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// The options for reading.
#[derive(Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct How {
    /// Definitions (DEFGEN) for tables that the trail does not define
    #[arg(long, value_name = "FILE")]
    defs: Option<PathBuf>,
    // generated: read options
    /// Path of a folder with side indexes, with which a position in a large file is reached quickly
    #[arg(long, value_name = "FOLDER")]
    pub(crate) index: Option<String>,
    /// The database's character set by name, in place of what the source states
    #[arg(long, value_name = "NAME")]
    pub(crate) charset: Option<String>,
    /// The character set of all text columns by name, in place of what the source states for each. Columns of Unicode types keep theirs
    #[arg(long, value_name = "NAME")]
    pub(crate) column_charset: Option<String>,
    /// Skips damage, missing files and rows without a definition
    #[arg(long)]
    pub(crate) resync: bool,
    /// Maximum memory in bytes of the table definitions that are held at a time; one gigabyte (2³⁰ bytes) if it is not set
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_definition_bytes: Option<u64>,
    /// The number of threads that decode, beside one that reads ahead; 0 and 1 do all work in the caller's thread
    #[arg(long, value_name = "NUMBER")]
    pub(crate) threads: Option<u64>,
    // end of generated
    /// Time zone of printed times, and of given times without an offset: Europe/Berlin, +02:00, local; JSON stays in UTC
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    tz: Option<Zone>,
    /// No progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Show errors in full detail
    #[arg(long)]
    debug: bool,
}

impl How {
    /// Returns the read options. Their document has the values of the flags.
    fn options(&self) -> Result<ReadOptions, Failure> {
        let mut document = serde_json::json!({
            // generated: document of read options
            "index": self.index,
            "charset": self.charset,
            "column_charset": self.column_charset,
            "resync": self.resync,
            "max_definition_bytes": self.max_definition_bytes,
            "threads": self.threads,
            // end of generated
        });
        // A flag that is not given leaves the default.
        document.as_object_mut().into_iter().for_each(|members| members.retain(|_, value| !value.is_null()));
        let wrong = |error: trailcore::Error| Failure::usage(error.what().trim_start_matches("options document: "));
        ReadOptions::from_json(&document.to_string()).map_err(wrong)
    }

    /// Returns the read options, with the definitions.
    pub(crate) fn reading(&self) -> Result<ReadOptions, Failure> {
        let options = self.options()?;
        Ok(match &self.defs {
            Some(path) => options.catalog(Catalog::open(path)?),
            None => options,
        })
    }

    /// Sets how messages and times are shown.
    pub(crate) fn show(&self, output: &mut Output) {
        output.debug = self.debug;
        output.zone = self.tz.clone().unwrap_or_default();
    }
}

/// The range to read.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Selecting (docs/filter.md is the guide)")]
pub(crate) struct Limits {
    /// Start at this place: SEQNO:RBA, a time such as 2024-03-01T12:00:00 (UTC without --tz), or csn:NUMBER
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Place>,
    /// Stop before this place
    #[arg(long, value_name = "PLACE")]
    pub(crate) until: Option<Place>,
}

/// The options for selecting changes.
#[derive(Args, Clone)]
#[command(next_help_heading = "Selecting (docs/filter.md is the guide)")]
pub(crate) struct Selecting {
    /// Only tables of this name, as in TABLE: HR.EMP*; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Vec<String>,
    /// No tables of this name, as in TABLEEXCLUDE; repeatable
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// Only changes for which this holds: "AMOUNT > 1000"
    #[arg(long = "where", value_name = "CONDITION")]
    where_: Option<String>,
    /// Only changes for which this is not zero: "ON INSERT, AMOUNT > 1000"
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Only changes that the TABLE and MAP statements of this parameter file select
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "exclude", "where_", "filter"])]
    param_file: Option<PathBuf>,
    /// The home of GoldenGate, in which files that the parameter file includes are looked up too
    #[arg(long, value_name = "FOLDER", requires = "param_file")]
    home: Option<PathBuf>,
    /// Only these operations: insert,update,pk_update,delete,truncate,ddl
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = operation)]
    ops: Vec<Op>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// Exit with 0 although changes lack a column that the selection needs; they are rejected and counted
    #[arg(long, conflicts_with = "strict")]
    pub(crate) lenient: bool,
    /// Stop at a change that lacks a column which the selection needs
    #[arg(long)]
    strict: bool,
    /// "Double quotes" are literals, as before 12c
    #[arg(long)]
    nonansi: bool,
}

impl Limits {
    /// Returns the range of the transaction of a record.
    pub(crate) fn transaction(position: Position, source: &Source) -> Result<Self, Failure> {
        let (first, last) = source.trail.transaction_of(position, &source.options)?;
        let after = TrailPosition::new(last.seqno, last.rba + 1);
        Ok(Self { from: Some(Place::Position(first.into())), until: Some(Place::Position(after.into())) })
    }
}

fn operation(name: &str) -> Result<Op, String> {
    let wanted = Op::ALL.into_iter().filter(|op| op.is_change()).find(|op| op.name().eq_ignore_ascii_case(name.trim()));
    wanted.ok_or_else(|| "unknown operation; use insert, update, pk_update, delete, truncate or ddl".to_owned())
}

/// A place in a trail.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Position(Position),
    Time(Moment),
    Csn(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(csn) = text.strip_prefix("csn:").filter(|csn| !csn.is_empty() && !csn.contains(char::is_whitespace)) {
            return Ok(Self::Csn(csn.to_owned()));
        }
        let position = text.parse().map(Self::Position);
        let place = position.or_else(|_| text.parse().map(Self::Time));
        place.map_err(|_| "write SEQNO:RBA, a time such as 2024-03-01T12:00:00, or csn:NUMBER".to_owned())
    }
}

impl Place {
    /// Returns the position of the first change at or after the place; `None` if there is none.
    pub(crate) fn find(&self, source: &Source) -> Result<Option<Position>, Failure> {
        let Source { trail, options, zone, .. } = source;
        Ok(match self {
            Self::Position(position) => Some(*position),
            Self::Time(time) => trail.find_time_with(time.in_zone(zone).map_err(Failure::Usage)?, options)?,
            Self::Csn(csn) => trail.find_csn_with(csn, options)?,
        })
    }

    /// Returns the place as the library reads it.
    pub(crate) fn text(&self, zone: &Zone) -> Result<String, Failure> {
        Ok(match self {
            Self::Position(position) => position.to_string(),
            Self::Time(time) => time.in_zone(zone).map_err(Failure::Usage)?.to_string(),
            Self::Csn(csn) => format!("csn:{csn}"),
        })
    }
}

impl Reading {
    /// Opens the trail.
    pub(crate) fn open(&self, output: &mut Output) -> Result<Source, Failure> {
        open(&self.paths, &self.how, output)
    }
}

/// Opens the trail of these paths.
pub(crate) fn open(paths: &[PathBuf], how: &How, output: &mut Output) -> Result<Source, Failure> {
    how.show(output);
    let trail = match paths {
        [path] if path.as_os_str() == "-" => Trail::from_reader("stdin", std::io::stdin().lock())?,
        [path] if is_stream(path) => {
            let file = std::fs::File::open(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            Trail::from_reader(&path.to_string_lossy(), file)?
        }
        [path] => Trail::open(path)?,
        paths => Trail::open_files(paths)?,
    };
    let options = output.stoppable(how.reading()?);
    Ok(Source { trail, options, progress: !how.no_progress, zone: output.zone.clone(), starts: false })
}

/// Returns whether a path is a pipe, which can be read only once and in order.
fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.file_type().is_fifo())
}

/// A trail, and the options to read it.
pub(crate) struct Source {
    pub(crate) trail: Trail,
    pub(crate) options: ReadOptions,
    progress: bool,
    pub(crate) zone: Zone,
    starts: bool,
}

impl Source {
    /// Returns the options with a watch; see [`Output::watch`].
    pub(crate) fn watched(&self, output: &Output, streams: bool) -> Result<(ReadOptions, Bar), Failure> {
        output.watch(&self.trail, self.options.clone(), self.progress, streams)
    }

    /// Returns whether the options name a place to start at.
    pub(crate) fn starts_late(&self) -> bool {
        self.starts
    }

    /// Returns whether the first file has no header, as JSON lines, whose places count over all files.
    pub(crate) fn lacks_header(&self) -> bool {
        !self.trail.files().is_empty() && matches!(self.trail.first_header(), Ok(None))
    }

    /// Counts the changes, and returns the damage at which the counting ended.
    pub(crate) fn count(&self, output: &Output) -> Result<(CountReport, Option<Error>), Failure> {
        let (options, bar) = self.watched(output, false)?;
        let (report, error) = CountReport::of(&self.trail, options)?;
        bar.done();
        Ok((report, only_damage(error)?))
    }

    /// Selects the changes that the options describe. Reports what is doubtful in a parameter file.
    pub(crate) fn select(mut self, selecting: &Selecting, output: &mut Output) -> Result<Self, Failure> {
        if let Some(file) = selecting.file()?.filter(|file| !file.lints().is_empty()) {
            output.complain(&file.lint_text())?;
        }
        let mut select = selecting.select(&self.zone)?;
        if let Some(from) = &selecting.limits.from {
            match from.find(&self)? {
                Some(position) => {
                    self.options = self.options.start_at(position);
                    self.starts = true;
                }
                // The place is after all changes. The limit rejects all of them, and damage is still found.
                None => {
                    let limit =
                        selecting.parsed(&SelectParts { from: Some(from.text(&self.zone)?), ..SelectParts::default() })?;
                    select = Some(match select {
                        Some(select) => select.and(limit),
                        None => limit,
                    });
                }
            }
        }
        if let Some(select) = select {
            self.options = self.options.select(select);
        }
        Ok(self)
    }
}

impl Selecting {
    /// Returns the selection of the options, without its start; `None` if everything is selected.
    pub(crate) fn select(&self, zone: &Zone) -> Result<Option<Select>, Failure> {
        let parts = self.parts(zone)?;
        let own = if parts.is_empty() { None } else { Some(self.parsed(&parts)?) };
        Ok(match (self.file()?, own) {
            (Some(file), Some(own)) => Some(self.in_mode(file).and(own)),
            (Some(file), None) => Some(self.in_mode(file)),
            (None, own) => own,
        })
    }

    /// Returns the parts of the options, without the start.
    fn parts(&self, zone: &Zone) -> Result<SelectParts, Failure> {
        Ok(SelectParts {
            tables: self.table.clone(),
            exclude: self.exclude.clone(),
            where_: self.where_.clone(),
            filter: self.filter.clone(),
            ops: self.ops.iter().map(|op| op.name().to_owned()).collect(),
            from: None,
            until: self.limits.until.as_ref().map(|until| until.text(zone)).transpose()?,
        })
    }

    fn parsed(&self, parts: &SelectParts) -> Result<Select, Failure> {
        Ok(self.in_mode(Select::parse_in(&parts.to_text_in(self.dialect())?, self.dialect())?))
    }

    fn dialect(&self) -> Dialect {
        if self.nonansi { Dialect::NonAnsi } else { Dialect::Ansi }
    }

    /// Returns the selection of the parameter file, if there is one.
    fn file(&self) -> Result<Option<Select>, Failure> {
        let Some(path) = &self.param_file else { return Ok(None) };
        let options = SelectOptions { dialect: self.dialect(), home: self.home.clone(), ..SelectOptions::default() };
        let select = options.read_file(path).map_err(|error| match error.kind() {
            // No trail has been read: the arguments are wrong.
            trailcore::ErrorKind::Filter => Failure::usage(error.to_string()),
            _ => Failure::from(error),
        })?;
        Ok(Some(select))
    }

    fn in_mode(&self, select: Select) -> Select {
        if self.strict { select } else { select.lenient() }
    }

    /// Returns `true` if the options name tables.
    pub(crate) fn names_tables(&self) -> bool {
        !self.table.is_empty() || !self.exclude.is_empty() || self.param_file.is_some()
    }

    /// Returns the only table, if the options name exactly one without a wildcard.
    pub(crate) fn one_table(&self) -> Option<String> {
        match self.table.as_slice() {
            [table] => {
                let is_exact = match table.parse::<ObjectPattern>() {
                    Ok(pattern) => pattern.is_exact(),
                    Err(_) => !table.contains(['*', '?']),
                };
                is_exact.then(|| table.clone())
            }
            _ => None,
        }
    }
}

/// Reports what is not in the result, and returns the exit code. With `lenient`, undecided changes do not count.
pub(crate) fn report_rest(report: &ReadReport, lenient: bool, output: &mut Output) -> Result<i32, Failure> {
    let mut worst = 0;
    for notice in report.notices() {
        output.complain(&clean(&notice.text))?;
        let code = match notice.kind {
            NoticeKind::Undecided if lenient => 0,
            NoticeKind::Skipped => DAMAGE,
            NoticeKind::Unmatched => USAGE,
            NoticeKind::Unfinished if report.unfinished_transactions.iter().all(|one| one.at_end) => GROWING,
            NoticeKind::Unfinished => DAMAGE,
            _ => UNDECIDED,
        };
        worst = worse(worst, code);
    }
    Ok(worst)
}

/// Returns the damage at which a count ended. Another error is the failure: counts before it would look like a result.
pub(crate) fn only_damage(error: Option<Error>) -> Result<Option<Error>, Failure> {
    match error {
        Some(error) if !error.kind().is_damage() => Err(error.into()),
        damage => Ok(damage),
    }
}

/// Reports the damage at which a printed count ended, or what is not in it, and returns the exit code.
pub(crate) fn report_counted(
    report: &ReadReport,
    damage: Option<Error>,
    lenient: bool,
    output: &mut Output,
) -> Result<i32, Failure> {
    match damage {
        Some(damage) => {
            let place = if damage.needs_more_bytes() { "torn end" } else { "damage" };
            output.complain(&format!("only the part before the {place} has been counted"))?;
            Err(damage.into())
        }
        None => report_rest(report, lenient, output),
    }
}

/// Returns the exit code that counts of two: damage first, then lost rows, then wrong names.
pub(crate) fn worse(one: i32, other: i32) -> i32 {
    const ORDER: [i32; 5] = [0, GROWING, USAGE, UNDECIDED, DAMAGE];
    let place = |code: i32| ORDER.iter().position(|own| *own == code);
    if place(other) > place(one) { other } else { one }
}
