//! Writes tables as CSV: RFC 4180 with line feeds, in UTF-8. NULL is an empty cell, and an empty text is `""`; common CSV writers
//! do not distinguish the two.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::sync::Arc;

use data_encoding::BASE64;

use super::convert::ConvertOptions;
use super::files::{AppendFile, OutputFiles};
use crate::arrow::{ArrowOptions, Invalid, Layout};
use crate::change::image::NO_SUCH_COLUMN;
use crate::change::{Change, Op, Row, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::TableDef;
use crate::source::{MissingColumns, ReadOptions, ReadReport, Trail};

/// The columns before the table's own, after the prefix.
const META: [&str; 5] = ["op", "position", "csn", "xid", "timestamp"];

/// Writes the changes of all tables in one pass. A single file of a table is written even if there are no changes.
pub(super) fn convert(trail: &Trail, files: &mut OutputFiles, read: ReadOptions, options: &ConvertOptions) -> Result<ReadReport> {
    let mut missing = MissingColumns::new(options.arrow.columns.iter().flatten().cloned());
    let mut open: BTreeMap<String, TableFile> = BTreeMap::new();
    let mut reader = trail.reader_with(read)?;
    let mut left_out = BTreeMap::new();
    while let Some(change) = reader.next()? {
        if change.op() == Op::Ddl {
            if options.takes(&change.table_name()) {
                ReadReport::leave_out(&mut left_out, Op::Ddl);
            }
            continue;
        }
        if !options.takes(change.table().name()) {
            continue;
        }
        let table = change.table();
        let is_open = match open.get_mut(table.name()) {
            Some(file) => file.lines.takes(table)?,
            None => false,
        };
        if !is_open {
            missing.meet(table);
            let file = TableFile::create(files, table, &options.arrow)?;
            if let Some(earlier) = open.insert(table.name().to_owned(), file) {
                earlier.file.close()?;
            }
        }
        if let Some(file) = open.get_mut(table.name()) {
            file.write(&change)?;
            files.count(file.number, 1);
        }
    }
    if let (Some(table), true) = (&options.table, open.is_empty()) {
        let table = reader.definition(table, |name| options.takes(name))?;
        missing.meet(&table);
        open.insert(table.name().to_owned(), TableFile::create(files, &table, &options.arrow)?);
    }
    missing.check(&reader)?;
    open.into_values().try_for_each(|file| file.file.close())?;
    Ok(reader.report().with_left_out(left_out))
}

/// A file of one table.
struct TableFile {
    number: usize,
    file: AppendFile,
    lines: CsvLines,
    line: Vec<u8>,
}

impl TableFile {
    fn create(files: &mut OutputFiles, table: &Arc<TableDef>, options: &ArrowOptions) -> Result<Self> {
        let lines = CsvLines::new(table, options.clone())?;
        let (number, mut file) = files.create(table.name())?;
        file.append(lines.head())?;
        Ok(Self { number, file, lines, line: Vec::new() })
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        self.line.clear();
        self.lines.write(change, &mut self.line)?;
        self.file.append(&self.line)
    }
}

/// The changes of one table as lines of CSV, in the form of [`Format::Csv`](super::Format::Csv).
///
/// ```
/// use std::sync::Arc;
/// use trailcore::arrow::ArrowOptions;
/// use trailcore::change::{Builder, Value};
/// use trailcore::schema::{ColumnDef, TableDef};
/// use trailcore::sink::CsvLines;
/// use trailcore::Op;
///
/// let table = Arc::new(TableDef::new("HR.EMP", vec![ColumnDef::varchar("NAME", 20)]));
/// let change = Builder::new(Op::Insert, &table).after("NAME", &Value::Text("Ada".into()))?.build()?;
/// let lines = CsvLines::new(&table, ArrowOptions::new())?;
/// let mut text = lines.head().to_vec();
/// lines.write(&change.as_change(), &mut text)?;
/// assert!(text.ends_with(b",Ada\n"));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvLines {
    options: ArrowOptions,
    table: Arc<TableDef>,
    /// The wanted columns by index in the table.
    columns: Vec<usize>,
    head: Vec<u8>,
}

impl CsvLines {
    /// Prepares the lines of a table. Of the options, columns, layout, states, invalid values and prefix count.
    ///
    /// # Errors
    /// [`ErrorKind::UndefinedTable`] if the columns of the table are unknown, [`ErrorKind::InvalidArgument`] if two cells have the
    /// same name.
    pub fn new(table: &Arc<TableDef>, options: ArrowOptions) -> Result<Self> {
        let columns = wanted(table, &options)?;
        let names = head(table, &columns, &options)?;
        let mut bytes = Vec::new();
        let mut line = Line::new(&mut bytes);
        names.iter().for_each(|name| line.cell(Some(name)));
        line.end();
        Ok(Self { options, table: Arc::clone(table), columns, head: bytes })
    }

    /// Returns the first line, which has the names.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Returns `true` if the rows of this definition fit under the same names. The definition is that of the following rows.
    ///
    /// # Errors
    /// [`ErrorKind::UndefinedTable`] if the columns of the table are unknown.
    pub fn takes(&mut self, table: &Arc<TableDef>) -> Result<bool> {
        if Arc::ptr_eq(&self.table, table) || self.table == *table {
            return Ok(true);
        }
        let columns = wanted(table, &self.options)?;
        let fits = names(table, &columns).eq(names(&self.table, &self.columns));
        if fits {
            (self.table, self.columns) = (Arc::clone(table), columns);
        }
        Ok(fits)
    }

    /// Appends the line of a change. If it fails, the text ends with a part of a line.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] for a value that cannot be decoded, unless the options allow it; the errors of [`Change::images`].
    pub fn write(&self, change: &Change<'_>, text: &mut Vec<u8>) -> Result<()> {
        let options = &self.options;
        let mut line = Line::new(text);
        line.cell(Some(change.op().name()));
        // The same text as in Arrow batches, which sorts in the order of the trail.
        line.cell(Some(&change.position().sort_key()));
        line.cell(change.csn());
        line.cell(change.xid());
        line.cell(Some(&change.timestamp().to_string()));
        let [before, after] = images(change)?;
        let images = match options.layout {
            Layout::Changes => vec![before, after],
            Layout::Rows if change.op() == Op::Delete => vec![before],
            Layout::Rows => vec![after],
        };
        let mut states = Vec::with_capacity(images.len() * self.columns.len());
        for image in images {
            let values = values(change, image, self.table.columns().len())?;
            for &index in &self.columns {
                let value = values.get(index).and_then(Option::as_ref);
                if matches!(value, Some(Value::Invalid(_))) && options.invalid == Invalid::Error && !options.states {
                    return Err(invalid(change, &self.table, index));
                }
                states.push(line.value(value));
            }
        }
        if options.states {
            states.iter().for_each(|state| line.cell(Some(state)));
        }
        line.end();
        Ok(())
    }
}

/// Returns the names of the cells of a line.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if two cells have the same name.
fn head(table: &TableDef, columns: &[usize], options: &ArrowOptions) -> Result<Vec<String>> {
    let prefix = &options.prefix;
    let own = |before: &str| names(table, columns).map(|name| format!("{before}{name}")).collect::<Vec<_>>();
    let mut head: Vec<String> = META.iter().map(|name| format!("{prefix}{name}")).collect();
    match options.layout {
        Layout::Rows => {
            head.extend(own(""));
            if options.states {
                head.extend(own(&format!("{prefix}states.")));
            }
        }
        Layout::Changes => {
            head.extend(["before.", "after."].into_iter().flat_map(own));
            if options.states {
                let images = ["before", "after"].into_iter();
                head.extend(images.flat_map(|image| own(&format!("{prefix}{image}_states."))));
            }
        }
    }
    let mut seen = HashSet::new();
    if let Some(twice) = head.iter().find(|name| !seen.insert(name.as_str())) {
        let what = format!("table {} has two columns {twice}", table.name());
        return Err(Error::new(ErrorKind::InvalidArgument, what)
            .hint("set the option prefix if one of them is a column that trailcore adds"));
    }
    Ok(head)
}

fn wanted(table: &TableDef, options: &ArrowOptions) -> Result<Vec<usize>> {
    if !table.is_defined() {
        let what = format!("the trail does not define table {}", table.name());
        return Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file, or leave the table out"));
    }
    let columns = table.columns().iter().enumerate();
    Ok(columns.filter(|(_, column)| options.wants(&column.name)).map(|(index, _)| index).collect())
}

fn names<'a>(table: &'a TableDef, columns: &'a [usize]) -> impl Iterator<Item = &'a str> {
    columns.iter().filter_map(|&index| Some(&*table.columns().get(index)?.name))
}

/// Returns the images of a change; `None` for an image that the record does not have.
///
/// # Errors
/// [`ErrorKind::Unsupported`] for an image of an unknown form, and the errors of a damaged one.
fn images<'a>(change: &Change<'a>) -> Result<[Option<Row<'a>>; 2]> {
    match change.images() {
        Ok((before, after)) => Ok([before, after]),
        Err(error) if error.kind() == ErrorKind::Unsupported && change.has_images() == (false, false) => Ok([None, None]),
        Err(error) => Err(error),
    }
}

/// Returns the values of an image by column index; `None` for a missing column.
///
/// # Errors
/// [`ErrorKind::Corrupt`] if the image is damaged or has a column that its table does not have.
fn values<'a>(change: &Change<'a>, image: Option<Row<'a>>, columns: usize) -> Result<Vec<Option<Value<'a>>>> {
    let mut values = vec![None; columns];
    let Some(row) = image else { return Ok(values) };
    row.spans().verify().map_err(|fault| change.error(fault))?;
    for column in row.columns() {
        let column = column.map_err(|fault| change.error(fault))?;
        let value = values.get_mut(column.index()).ok_or_else(|| change.error(NO_SUCH_COLUMN))?;
        *value = Some(column.value());
    }
    Ok(values)
}

fn invalid(change: &Change<'_>, table: &TableDef, index: usize) -> Error {
    let name = names(table, &[index]).collect::<String>();
    let what = format!("column {name} of {}, change at {}: a value cannot be decoded", table.name(), change.position());
    let hint = "set the option charset if it is text, or the option states, or write invalid values as null";
    change.locate(Error::new(ErrorKind::Value, what).hint(hint))
}

/// A line of cells at the end of a text.
struct Line<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Line<'a> {
    fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Adds a cell; `None` is NULL.
    fn cell(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            if text.is_empty() || text.contains([',', '"', '\r', '\n']) {
                self.bytes.push(b'"');
                self.bytes.extend_from_slice(text.replace('"', "\"\"").as_bytes());
                self.bytes.push(b'"');
            } else {
                self.bytes.extend_from_slice(text.as_bytes());
            }
        }
        self.bytes.push(b',');
    }

    /// Adds the cell of a value and returns its state.
    fn value(&mut self, value: Option<&Value<'_>>) -> &'static str {
        match value {
            None => self.cell(None),
            Some(Value::Null) => self.cell(None),
            Some(Value::Text(text)) => self.cell(Some(text)),
            Some(Value::Bytes(bytes)) => self.cell(Some(&BASE64.encode(bytes))),
            // Digits and ISO times need no quotes.
            Some(Value::Number(number)) => self.unquoted(number),
            Some(Value::DateTime(time)) => self.unquoted(time),
            Some(Value::Invalid(_) | Value::Unchanged) => self.cell(None),
        }
        match value {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::Invalid(_)) => "invalid",
            // As in record batches, which cannot hold a date that is not in the calendar. The cell has its text.
            Some(Value::DateTime(time)) if time.unix_micros().is_none() => "invalid",
            Some(Value::Unchanged) => "unchanged",
            Some(_) => "value",
        }
    }

    fn unquoted(&mut self, value: impl std::fmt::Display) {
        // Writing to memory does not fail.
        let _ = write!(self.bytes, "{value},");
    }

    /// Ends the line.
    fn end(self) {
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_an_empty_text_differ() {
        let mut bytes = Vec::new();
        let mut line = Line::new(&mut bytes);
        for cell in [Some("a"), None, Some(""), Some("a,b"), Some("say \"hi\""), Some("two\nlines")] {
            line.cell(cell);
        }
        line.end();
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), "a,,\"\",\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n");
    }
}
