//! Writing trails from Python's rows.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use trailcore::schema::{ColumnDef, Kind};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{Charset, Decimal};

use crate::change::Change;
use crate::error::raised;
use crate::handle::Handle;
use crate::schema::{TableDef, charset_named};
use crate::select::time;

/// Writes a trail to files or to memory.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Writer {
    writer: Handle<TrailWriter>,
    order: ByteOrder,
    in_memory: bool,
    /// True if `write` opened the current transaction.
    is_copied: AtomicBool,
    finished: AtomicBool,
    /// One definition for each set of equal ones, by name, because the writer compares definitions by address first.
    tables: Mutex<HashMap<Box<str>, Vec<Arc<trailcore::TableDef>>>>,
}

/// A value of a row, checked against the kind of its column.
enum Cell {
    Null,
    Text(String),
    Number(String),
    Bytes(Vec<u8>),
    Time(String),
}

impl Writer {
    fn definition(&self, table: &TableDef) -> Arc<trailcore::TableDef> {
        let mut tables = self.tables.lock();
        let versions = tables.entry(table.0.name().into()).or_default();
        let known = versions.iter().rev().find(|known| Arc::ptr_eq(known, &table.0) || **known == table.0);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        versions.push(Arc::clone(&table.0));
        Arc::clone(&table.0)
    }

    /// Encodes a row image from a dict by column names.
    fn image(&self, py: Python<'_>, table: &trailcore::TableDef, row: &Bound<'_, PyDict>) -> PyResult<Vec<u8>> {
        let mut image = RowBuilder::new(table, self.order);
        let mut given = Vec::with_capacity(row.len());
        for (name, value) in row.iter() {
            let name = name.cast_into::<PyString>()?;
            let name = name.to_str()?;
            let column = table.column(name).filter(|(_, column)| *column.name == *name);
            let Some((index, column)) = column else {
                return Err(PyValueError::new_err(format!("table {} has no column {name}", table.name())));
            };
            given.push((index, column, value));
        }
        // In the column order of the table, as Extract writes them.
        given.sort_unstable_by_key(|(index, ..)| *index);
        for (_, column, value) in given {
            let put = match cell(column, &value)? {
                Cell::Null => image.null(&column.name),
                Cell::Text(text) => image.text(&column.name, &text),
                Cell::Bytes(bytes) => image.binary(&column.name, &bytes),
                Cell::Time(text) => image.datetime(&column.name, &text),
                Cell::Number(digits) if matches!(column.kind(), Kind::Integer { .. }) => {
                    digits.parse::<Decimal>().and_then(|decimal| image.decimal(&column.name, decimal))
                }
                Cell::Number(digits) => image.number(&column.name, &digits),
            };
            put.map_err(|error| raised(py, &error))?;
        }
        Ok(image.bytes().to_vec())
    }

    fn with(&self, py: Python<'_>, work: impl FnOnce(&mut TrailWriter) -> trailcore::Result<()> + Send) -> PyResult<()> {
        self.writer.with(py, work)?.map_err(|error| raised(py, &error))
    }
}

fn cell(column: &ColumnDef, value: &Bound<'_, PyAny>) -> PyResult<Cell> {
    if value.is_none() {
        return Ok(Cell::Null);
    }
    let wrong = |wanted: &str| {
        let given = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        PyTypeError::new_err(format!("column {} needs {wanted}, not {given}", column.name))
    };
    match column.kind() {
        // Half of a surrogate pair is an error: no character stands for it.
        Kind::Text { .. } => Ok(Cell::Text(value.cast::<PyString>().map_err(|_| wrong("a str"))?.to_str()?.to_owned())),
        Kind::Integer { .. } | Kind::NumberText { .. } => {
            let py = value.py();
            let is = |module: &str, class: &str| -> PyResult<bool> { value.is_instance(&py.import(module)?.getattr(class)?) };
            let is_bool = value.is_instance_of::<pyo3::types::PyBool>();
            if !is_bool && value.is_instance_of::<pyo3::types::PyInt>() {
                return Ok(Cell::Number(value.str()?.to_string()));
            }
            if is("decimal", "Decimal")? {
                if !value.call_method0("is_finite")?.is_truthy()? {
                    return Err(wrong("a finite number"));
                }
                // Without exponent notation.
                return Ok(Cell::Number(value.call_method1("__format__", ("f",))?.extract()?));
            }
            Err(wrong("an int or a Decimal"))
        }
        Kind::DateTime => {
            let text: String = match value.cast::<PyString>() {
                Ok(text) => text.to_str()?.to_owned(),
                Err(_) if value.hasattr("isoformat")? => {
                    let is_aware = value.hasattr("tzinfo")? && !value.getattr("tzinfo")?.is_none();
                    if is_aware {
                        return Err(wrong("a naive datetime"));
                    }
                    value.call_method0("isoformat")?.extract()?
                }
                Err(_) => return Err(wrong("a datetime, a date or a str")),
            };
            Ok(Cell::Time(padded(&text.replacen(['T', ' '], ":", 1), column)))
        }
        _ => value.cast::<PyBytes>().map(|bytes| Cell::Bytes(bytes.as_bytes().to_vec())).map_err(|_| wrong("bytes")),
    }
}

/// Pads the text of a date to the length of its column, as Extract writes it.
fn padded(text: &str, column: &ColumnDef) -> String {
    const DATE: usize = 10;
    let wanted = column.external_length as usize;
    let mut text = text.to_owned();
    if text.len() == DATE && wanted > DATE {
        text.push_str(":00:00:00");
    }
    if text.len() < wanted && wanted > 20 {
        if !text.contains('.') {
            text.push('.');
        }
        while text.len() < wanted {
            text.push('0');
        }
    }
    text
}

fn style_named(name: &str) -> PyResult<UpdateStyle> {
    match name {
        "unified" => Ok(UpdateStyle::Unified),
        "pair" => Ok(UpdateStyle::Pair),
        "after" => Ok(UpdateStyle::AfterOnly),
        other => Err(PyValueError::new_err(format!("unknown update style {other:?}; use 'unified', 'pair' or 'after'"))),
    }
}

#[pymethods]
impl Writer {
    /// Writes to files named by a prefix, or to memory without a prefix, with a document of options.
    #[new]
    fn new(py: Python<'_>, prefix: Option<PathBuf>, options: &str, charset: &str) -> PyResult<Self> {
        let mut options = WriterOptions::from_json(options).map_err(|error| raised(py, &error))?;
        let id = if charset.eq_ignore_ascii_case("utf-8") { Charset::UTF_8.id() } else { charset_named(charset)?.id() };
        let id = id.and_then(|id| u32::try_from(id).ok());
        options.charset = id.ok_or_else(|| {
            PyValueError::new_err(format!(
                "character set {charset:?} has no number in the trail format; use another, such as 'utf-8'"
            ))
        })?;
        let order = options.order;
        let in_memory = prefix.is_none();
        let writer = match prefix {
            Some(prefix) => TrailWriter::create(prefix, options),
            None => TrailWriter::in_memory("aa", options),
        };
        let writer = writer.map_err(|error| raised(py, &error))?;
        Ok(Self {
            writer: Handle::new(writer),
            order,
            in_memory,
            is_copied: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            tables: Mutex::default(),
        })
    }

    fn begin(&self, py: Python<'_>, csn: String, xid: String, micros: i64) -> PyResult<()> {
        self.is_copied.store(false, Ordering::Relaxed);
        self.with(py, |writer| writer.begin(&csn, &xid, time(micros)))
    }

    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, TrailWriter::commit)
    }

    /// Rolls back the open transaction.
    fn abend(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, TrailWriter::abend)
    }

    /// True if a transaction that `write` opened is open.
    #[getter]
    fn is_in_copied_transaction(&self, py: Python<'_>) -> PyResult<bool> {
        let open = self.writer.with(py, |writer| writer.is_in_transaction())?;
        Ok(open && self.is_copied.load(Ordering::Relaxed))
    }

    #[getter]
    fn in_memory(&self) -> bool {
        self.in_memory
    }

    #[getter]
    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// Writes a change of a row, with the images that its operation has.
    #[pyo3(signature = (op, table, before, after, style = "unified"))]
    fn row(
        &self,
        py: Python<'_>,
        op: &str,
        table: &TableDef,
        before: Option<&Bound<'_, PyDict>>,
        after: Option<&Bound<'_, PyDict>>,
        style: &str,
    ) -> PyResult<()> {
        let (style, table) = (style_named(style)?, self.definition(table));
        let image = |row: Option<&Bound<'_, PyDict>>| row.map_or_else(|| Ok(Vec::new()), |row| self.image(py, &table, row));
        let (before, after) = (image(before)?, image(after)?);
        self.with(py, |writer| match op {
            "insert" => writer.insert(&table, &after),
            "delete" => writer.delete(&table, &before),
            "update" => writer.update(&table, style, &before, &after),
            "pk_update" => writer.pk_update(&table, &before, &after),
            _ => writer.truncate(&table),
        })
    }

    fn ddl(&self, py: Python<'_>, owner: String, object: String, text: String) -> PyResult<()> {
        self.with(py, |writer| writer.ddl(&owner, &object, &text))
    }

    /// Writes a change that was read.
    fn write(&self, py: Python<'_>, change: &Change) -> PyResult<()> {
        let change = change.change()?;
        let was_open = self.writer.with(py, |writer| writer.is_in_transaction())?;
        self.with(py, |writer| writer.write(&change))?;
        if !was_open {
            self.is_copied.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Finishes the trail. Returns names and bytes of its files; files on disk have their path and no bytes.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
        // The caller must end an open transaction, so the writer stays usable.
        if self.writer.with(py, |writer| writer.is_in_transaction())? {
            return Err(PyValueError::new_err("a transaction is open; call commit() or abend() first"));
        }
        let writer = self.writer.take(py)?.ok_or_else(|| crate::error::closed(py))?;
        self.finished.store(true, Ordering::Relaxed);
        let files = py.detach(|| writer.finish()).map_err(|error| raised(py, &error))?;
        Ok(files.into_iter().map(|(name, bytes)| (name, PyBytes::new(py, &bytes))).collect())
    }

    /// Drops the writer without finishing the trail.
    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        self.writer.close(py)
    }
}
