//! [`Identity`]: the columns that identify a row; and the canonical bytes of values, which are equal for equal values.

use std::collections::{HashMap, VecDeque};

use crate::change::image::{NO_SUCH_COLUMN, TWICE};
use crate::change::{Change, Column, DateTime, Number, NumberText, Row, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Kind, TableDef};

/// The columns of an image by index; `None` if a column is missing.
pub(super) type Columns<'a> = Vec<Option<Column<'a>>>;

/// Returns the columns of both images of a change.
pub(super) fn images<'a>(change: &Change<'a>) -> Result<[Columns<'a>; 2]> {
    let (before, after) = change.images()?;
    Ok([columns(change, before)?, columns(change, after)?])
}

fn columns<'a>(change: &Change<'a>, row: Option<Row<'a>>) -> Result<Columns<'a>> {
    let mut columns = vec![None; change.table().columns().len()];
    let Some(row) = row else { return Ok(columns) };
    for column in row.columns() {
        let column = column.map_err(|fault| change.error(fault))?;
        let slot = columns.get_mut(column.index()).ok_or_else(|| change.error(NO_SUCH_COLUMN))?;
        if slot.replace(column).is_some() {
            return Err(change.error(TWICE));
        }
    }
    Ok(columns)
}

/// The meaning of a text in a key: JSON lines have dates, and characters of a fixed length, as plain texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextForm {
    /// That of its own definition.
    Own,
    /// Characters of a fixed length.
    Fixed,
    /// A date, or a date and time.
    Time,
}

/// The columns that identify a row of one definition of a table.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// Indexes of the columns, in the order of their names, so that the order of the columns in the table does not matter.
    columns: Vec<usize>,
    /// The meaning of a text in the column of the same place.
    texts: Vec<TextForm>,
    /// The definition has no key: all columns identify a row.
    pub(super) is_keyless: bool,
}

impl Identity {
    /// Returns the columns that were asked for, the key of a definition, or all its columns if it has no key.
    pub(super) fn of(table: &TableDef, asked: Option<&[Box<str>]>) -> Result<Self> {
        if !table.is_defined() {
            let what = format!("the columns of table {} are unknown", table.name());
            return Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file"));
        }
        let has_key = table.key().next().is_some();
        let mut columns = match asked {
            Some([]) => return Err(Error::new(ErrorKind::InvalidArgument, "the key has no columns").hint("name its columns")),
            Some(asked) => asked.iter().map(|name| index_of(table, name)).collect::<Result<Vec<_>>>()?,
            None => {
                let all = table.columns().iter().enumerate();
                all.filter(|(_, column)| column.key || !has_key).map(|(index, _)| index).collect()
            }
        };
        let name = |index: &usize| table.columns().get(*index).map(|column| column.name.clone());
        columns.sort_by_cached_key(name);
        columns.dedup();
        let texts = vec![TextForm::Own; columns.len()];
        Ok(Self { columns, texts, is_keyless: asked.is_none() && !has_key })
    }

    /// Takes texts in its keys for what the columns of the same names are in a definition with types.
    pub(super) fn with_types(self, table: &TableDef, types: &TableDef) -> Self {
        let form = |index: &usize| {
            let column = table.columns().get(*index).and_then(|column| types.column(&column.name));
            match column.map(|(_, column)| column.kind()) {
                Some(Kind::Text { prefixed: false }) => TextForm::Fixed,
                Some(Kind::DateTime) => TextForm::Time,
                _ => TextForm::Own,
            }
        };
        Self { texts: self.columns.iter().map(form).collect(), ..self }
    }

    pub(super) fn indexes(&self) -> &[usize] {
        &self.columns
    }

    pub(super) fn names(&self, table: &TableDef) -> Vec<String> {
        let column = |index: &usize| table.columns().get(*index).map(|column| column.name.to_string());
        self.columns.iter().filter_map(column).collect()
    }

    /// Returns the key of a row, each column from the first of the images that has it, and whether no column is missing.
    pub(super) fn key(&self, images: [&Columns<'_>; 2]) -> (Box<[u8]>, bool) {
        let (mut key, mut is_whole) = (Vec::with_capacity(32), true);
        for (index, form) in self.columns.iter().zip(&self.texts) {
            let column = images.iter().find_map(|columns| columns.get(*index)?.as_ref().filter(|column| is_known(column)));
            is_whole &= column.is_some();
            match (form, column.map(Column::value)) {
                (TextForm::Fixed, Some(Value::Text(text))) => put_text(&mut key, text.trim_end_matches(' ')),
                (TextForm::Time, Some(Value::Text(text))) => match DateTime::parse(&text) {
                    Some(time) => put_time(&mut key, &time),
                    None => put_text(&mut key, &text),
                },
                _ => put(&mut key, column),
            }
        }
        (key.into(), is_whole)
    }
}

/// Rows whose key a key update of the open transaction has given to another row: they have to leave before it ends.
#[derive(Debug)]
pub(super) struct Displaced<T> {
    rows: HashMap<Box<[u8]>, VecDeque<T>>,
    /// Number of the open transaction.
    transaction: u64,
}

impl<T> Default for Displaced<T> {
    fn default() -> Self {
        Self { rows: HashMap::new(), transaction: 0 }
    }
}

impl<T> Displaced<T> {
    /// Returns whether the open transaction is over: the change is one of another transaction, which is open from now on.
    pub(super) fn is_over(&mut self, change: &Change<'_>) -> bool {
        let transaction = change.context().ids.serial;
        let before = std::mem::replace(&mut self.transaction, transaction);
        change.transaction().begins() || transaction != before
    }

    pub(super) fn push(&mut self, key: Box<[u8]>, row: T) {
        self.rows.entry(key).or_default().push_back(row);
    }

    /// Returns the oldest row of a key.
    pub(super) fn pop(&mut self, key: &[u8]) -> Option<T> {
        let rows = self.rows.get_mut(key)?;
        let row = rows.pop_front();
        if rows.is_empty() {
            self.rows.remove(key);
        }
        row
    }

    /// Removes all rows.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Box<[u8]>, T)> {
        // Not `drain` of the map: its cost would be that of the largest number of rows at every call.
        let rows = std::mem::take(&mut self.rows);
        rows.into_iter().flat_map(|(key, rows)| rows.into_iter().map(move |row| (key.clone(), row)))
    }
}

/// Returns whether a column has a value or NULL, decodable or not; a large object that a change left unchanged has neither.
pub(super) fn is_known(column: &Column<'_>) -> bool {
    !matches!(column.value(), Value::Unchanged)
}

/// Returns whether a column has characters of a fixed length, where blanks at the end mean nothing.
pub(super) fn is_fixed(column: &Column<'_>) -> bool {
    column.definition().is_some_and(|definition| definition.kind() == Kind::Text { prefixed: false })
}

/// Returns the place of each column of a definition in another one, by name: without regard to case, unless a column has exactly the
/// name.
pub(super) fn places(from: &TableDef, to: &TableDef) -> Vec<Option<usize>> {
    let (mut exact, mut folded) = (HashMap::new(), HashMap::<String, Option<usize>>::new());
    for (index, column) in to.columns().iter().enumerate() {
        exact.entry(&*column.name).or_insert(index);
        // Two columns whose names differ in case only are found by their exact names only.
        folded.entry(column.name.to_ascii_uppercase()).and_modify(|place| *place = None).or_insert(Some(index));
    }
    let place = |name: &str| exact.get(name).copied().or_else(|| folded.get(&name.to_ascii_uppercase()).copied().flatten());
    from.columns().iter().map(|column| place(&column.name)).collect()
}

/// Returns the index of a column.
pub(super) fn index_of(table: &TableDef, name: &str) -> Result<usize> {
    table.column(name).map(|(index, _)| index).ok_or_else(|| {
        let known: Vec<_> = table.columns().iter().map(|column| &*column.name).collect();
        let what = format!("table {} has no column {name}; its columns are {}", table.name(), known.join(", "));
        Error::new(ErrorKind::InvalidArgument, what)
    })
}

/// Appends a column in its canonical form: numbers by value, dates by instant, characters of a fixed length without blanks at
/// their end, all other values by their exact text or bytes. The states of a column stay apart.
pub(super) fn put(out: &mut Vec<u8>, column: Option<&Column<'_>>) {
    let Some(column) = column else { return framed(out, b'm', |_| {}) };
    match column.value() {
        Value::Text(text) if is_fixed(column) => put_text(out, text.trim_end_matches(' ')),
        Value::Text(text) => put_text(out, &text),
        Value::Null => put_null(out),
        Value::Number(Number::Exact(number)) => put_number(out, &number.to_string()),
        Value::Number(Number::Text(digits)) => put_number(out, digits),
        Value::DateTime(time) => put_time(out, &time),
        Value::Bytes(bytes) => put_bytes(out, bytes),
        Value::Invalid(bytes) => framed(out, b'i', |out| out.extend_from_slice(bytes)),
        Value::Unchanged => framed(out, b'u', |_| {}),
    }
}

pub(super) fn put_null(out: &mut Vec<u8>) {
    framed(out, b'n', |_| {});
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    framed(out, b't', |out| out.extend_from_slice(text.as_bytes()));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    framed(out, b'b', |out| out.extend_from_slice(bytes));
}

/// Appends a number; a text that is not a number as text.
pub(super) fn put_number(out: &mut Vec<u8>, digits: &str) {
    match NumberText::parse(digits) {
        Some(number) => framed(out, b'd', |out| number.write_canonical(out)),
        None => put_text(out, digits),
    }
}

pub(super) fn put_time(out: &mut Vec<u8>, time: &DateTime) {
    framed(out, b's', |out| {
        out.extend_from_slice(&time.year.to_be_bytes());
        out.extend_from_slice(&[time.month, time.day, time.hour, time.minute, time.second]);
        out.extend_from_slice(&time.nanos.to_be_bytes());
    });
}

/// Appends a tag, a length, and what `content` appends.
fn framed(out: &mut Vec<u8>, tag: u8, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[tag, 0, 0, 0, 0]);
    let start = out.len();
    content(out);
    let length = (out.len() - start) as u32;
    if let Some(place) = out.get_mut(start - 4..start) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}
