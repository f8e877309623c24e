//! Conversion of a trail to files that other programs read.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{AppendFile, OutputFiles, Written};
use crate::arrow::ArrowOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::TableName;
use crate::source::{ReadOptions, ReadReport, Trail};

/// A format that [`Trail::convert`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    #[cfg(feature = "parquet")]
    /// Apache Parquet, with the types of [`arrow`](crate::arrow).
    Parquet,
    #[cfg(feature = "csv")]
    /// CSV in UTF-8: RFC 4180 with line feeds; the values are the texts of native JSON. NULL is an empty cell, an empty text
    /// is `""`.
    Csv,
    #[cfg(feature = "parquet")]
    /// Arrow IPC files, with the types of [`arrow`](crate::arrow).
    Arrow,
    /// Native JSON lines, DDL included.
    JsonLines,
}

impl Format {
    /// All formats.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "parquet")]
        Self::Parquet,
        #[cfg(feature = "csv")]
        Self::Csv,
        #[cfg(feature = "parquet")]
        Self::Arrow,
        Self::JsonLines,
    ];

    /// Returns its name, which is also the ending of its files: `parquet`, `csv`, `arrow`, `jsonl`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
            #[cfg(feature = "csv")]
            Self::Csv => "csv",
            #[cfg(feature = "parquet")]
            Self::Arrow => "arrow",
            Self::JsonLines => "jsonl",
        }
    }

    /// Returns the format of a file name's ending: `.parquet`, `.csv`, `.arrow`, `.ipc`, `.feather`, `.jsonl`,
    /// `.ndjson`; `None` for any other.
    ///
    /// ```
    /// use trailcore::sink::Format;
    /// assert_eq!(Format::of_path("emp.parquet".as_ref()), Some(Format::Parquet));
    /// assert_eq!(Format::of_path("emp.txt".as_ref()), None);
    /// ```
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            #[cfg(feature = "parquet")]
            "parquet" => Some(Self::Parquet),
            #[cfg(feature = "csv")]
            "csv" => Some(Self::Csv),
            #[cfg(feature = "parquet")]
            "arrow" | "ipc" | "feather" => Some(Self::Arrow),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Options of [`Trail::convert`].
///
/// ```
/// use trailcore::sink::{ConvertOptions, Format};
/// let options = ConvertOptions::new(Format::Csv).table("HR.EMP").force(true);
/// ```
#[derive(Clone, Debug)]
pub struct ConvertOptions {
    format: Format,
    pub(super) single: bool,
    pub(super) table: Option<TableName>,
    pub(super) arrow: ArrowOptions,
    force: bool,
    text_numbers: bool,
}

impl ConvertOptions {
    /// Writes a directory with a file for each table, in this format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, single: false, table: None, arrow: ArrowOptions::new(), force: false, text_numbers: false }
    }

    /// Writes one file. Only a file of JSON lines may have the changes of several tables.
    #[must_use]
    pub fn single_file(self, single: bool) -> Self {
        Self { single, ..self }
    }

    /// Writes one file of this table, even if it has no changes, and leaves out the changes of other tables. Case is ignored, except
    /// in double quotes: `HR."Mixed Case"`. A name of two parts matches the last two of three.
    #[must_use]
    pub fn table(self, name: impl Into<String>) -> Self {
        Self { single: true, table: Some(TableName::new(&name.into())), ..self }
    }

    /// Sets columns, layout, types and rows in memory of each table. CSV uses columns, layout, states and invalid values
    /// of it; JSON lines ignore it.
    #[must_use]
    pub fn arrow(self, arrow: ArrowOptions) -> Self {
        Self { arrow, ..self }
    }

    /// Replaces files that exist, and writes into a directory that is not empty.
    #[must_use]
    pub fn force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Writes the numbers of columns in JSON lines as texts; see [`JsonOptions::text_numbers`](crate::JsonOptions::text_numbers).
    #[must_use]
    pub fn text_numbers(self, text_numbers: bool) -> Self {
        Self { text_numbers, ..self }
    }

    /// Returns `true` if the changes of a table are written.
    pub(super) fn takes(&self, table: &str) -> bool {
        self.table.as_ref().is_none_or(|wanted| wanted.fits_end(table))
    }
}

/// Result of [`Trail::convert`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Converted {
    /// The files, in the order in which they were begun.
    pub files: Vec<Written>,
    /// The changes that are not in the files, and why.
    pub report: ReadReport,
}

impl Trail {
    /// Writes the changes of the trail to files: one, or a directory with one for each table, in one pass. When the
    /// columns of a table change, its further changes go to another file, `NAME.2.csv`.
    ///
    /// Files are written as `NAME.partial` and renamed once all of them are complete and on the disk. After an error, or
    /// when the callback of [`ReadOptions::on_progress`] stops the work, nothing remains.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("tables");
    /// use trailcore::ReadOptions;
    /// use trailcore::sink::{ConvertOptions, Format};
    ///
    /// let converted = trail.convert(path, ReadOptions::new(), &ConvertOptions::new(Format::Parquet))?;
    /// assert_eq!(converted.files[0].table, "BANK.CUSTOMERS");
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if a file cannot be written, or exists and may not be replaced;
    /// [`ErrorKind::InvalidArgument`] if no table has a requested column, or if a single file would have two tables;
    /// [`ErrorKind::UnknownTable`] and [`ErrorKind::UndefinedTable`]; and the errors of reading.
    pub fn convert(&self, out: impl AsRef<Path>, read: ReadOptions, options: &ConvertOptions) -> Result<Converted> {
        let mut options = options.clone();
        loop {
            let wide = options.arrow.wide.len();
            match self.convert_once(out.as_ref(), read.clone(), &mut options) {
                // A value came that needs a wider type than the files have.
                Err(_) if options.arrow.wide.len() > wide => {}
                done => return done,
            }
        }
    }

    /// Writes the files. If a value needs a wider type than its file has, the options have it afterwards.
    fn convert_once(&self, out: &Path, read: ReadOptions, options: &mut ConvertOptions) -> Result<Converted> {
        #[cfg(feature = "csv")]
        if options.format == Format::Csv {
            check_csv(&options.arrow)?;
        }
        let mut files = OutputFiles::new(out, options.single, options.format.name(), options.force)?;
        files = files.keep(self.files().iter().map(|file| &*file.path));
        let report = match options.format {
            #[cfg(feature = "csv")]
            Format::Csv => super::csv::convert(self, &mut files, read, options)?,
            Format::JsonLines => json_lines(self, &mut files, read, options)?,
            #[cfg(feature = "parquet")]
            Format::Parquet | Format::Arrow => super::parquet::convert(self, &mut files, read, options, options.format)?,
        };
        Ok(Converted { files: files.finish()?, report })
    }
}

/// Fails for an option that would change the rows of other formats and has no effect in CSV.
#[cfg(feature = "csv")]
fn check_csv(options: &ArrowOptions) -> Result<()> {
    let Some(name) = options.without_effect_in_csv() else { return Ok(()) };
    let error = Error::new(ErrorKind::InvalidArgument, format!("the option {name} has no effect in CSV"));
    Err(error.hint("write Parquet, or leave it out"))
}

fn json_lines(trail: &Trail, files: &mut OutputFiles, read: ReadOptions, options: &ConvertOptions) -> Result<ReadReport> {
    let mut reader = trail.reader_with(read)?;
    let mut open: BTreeMap<String, (usize, AppendFile)> = BTreeMap::new();
    let only = options.single.then(|| options.table.as_ref().map(|table| table.plain().to_owned()).unwrap_or_default());
    if let Some(name) = &only {
        open.insert(name.clone(), files.create(name)?);
    }
    let mut line = Vec::new();
    let json = crate::change::JsonOptions::new().text_numbers(options.text_numbers);
    let mut changes = 0u64;
    while let Some(change) = reader.next()? {
        if !options.takes(&change.table_name()) {
            continue;
        }
        line.clear();
        change.write_json_with(&mut line, &json)?;
        line.push(b'\n');
        changes += 1;
        let name = only.as_deref().map_or_else(|| change.table_name(), Into::into);
        let (number, file) = match open.get_mut(&*name) {
            Some(file) => file,
            None => open.entry(name.clone().into_owned()).or_insert(files.create(&name)?),
        };
        file.append(&line)?;
        files.count(*number, 1);
    }
    if let (Some(table), 0) = (&options.table, changes) {
        reader.definition(table, |name| options.takes(name))?;
    }
    open.into_values().try_for_each(|(_, file)| file.close())?;
    Ok(reader.report())
}
