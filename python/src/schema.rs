//! Table definitions and definitions files.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::PyClass;
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use trailcore::Charset;
use trailcore::schema::{ColumnDef, Kind, SourceFacts};

use crate::error::raised;
use crate::handle::without_gil;

/// One column of a table. Immutable.
///
/// The constructor makes a column for a `Writer`. ``text`` and ``binary`` have at most `length` bytes, ``char`` exactly
/// `length` bytes: the writer fills shorter texts with blanks. ``integer`` is a whole number of up to 18 digits, ``decimal`` a
/// number with `scale` fraction digits, and ``number`` has any number of digits. ``datetime`` has `fraction` digits of a second.
#[pyclass(frozen, from_py_object, module = "trailcore")]
#[derive(Clone)]
pub(crate) struct Column(pub(crate) ColumnDef);

/// All facts of a column, for pickle: name; data and sub type; the five lengths and offsets; scale; first and last part of a time;
/// key; character set, and whether it is the column's own; native type, NULL, length in characters.
type Facts =
    (String, (u16, u16), [u32; 5], i16, (u16, u16), bool, (Option<String>, bool), (Option<u16>, Option<bool>, Option<u32>));

fn facts(column: &ColumnDef) -> Facts {
    let ColumnDef { external_length, internal_length, binary_length, table_length, fetch_offset, .. } = *column;
    (
        column.name.to_string(),
        (column.data_type, column.sub_type),
        [external_length, internal_length, binary_length, table_length, fetch_offset],
        column.scale,
        (column.most_significant, column.least_significant),
        column.key,
        (column.charset.is_stated().then(|| column.charset.to_string()), column.facts.own_charset),
        (column.facts.native_type, column.facts.nullable, column.facts.character_length),
    )
}

fn of_facts(facts: Facts) -> ColumnDef {
    let (name, (data_type, sub_type), lengths, scale, (most_significant, least_significant), key, charset, others) = facts;
    let [external_length, internal_length, binary_length, table_length, fetch_offset] = lengths;
    let ((charset, own_charset), (native_type, nullable, character_length)) = (charset, others);
    ColumnDef {
        name: name.into(),
        data_type,
        sub_type,
        external_length,
        internal_length,
        binary_length,
        table_length,
        fetch_offset,
        scale,
        most_significant,
        least_significant,
        key,
        charset: charset.map_or(Charset::UNSTATED, |name| Charset::from_name(&name)),
        facts: SourceFacts { native_type, nullable, character_length, own_charset },
    }
}

/// The parts from which pickle makes an object again: a static method of its class, and its arguments.
pub(crate) type Reduced<'py, A> = (Bound<'py, PyAny>, A);

/// Returns what pickle needs to make an object again: a static method of its class, and its arguments.
pub(crate) fn reduced<'py, T: PyClass, A: IntoPyObject<'py>>(
    py: Python<'py>,
    method: &str,
    arguments: A,
) -> PyResult<Reduced<'py, A>> {
    Ok((py.get_type::<T>().getattr(method)?, arguments))
}

/// Returns the name of the kind of a column in Python.
fn kind_name(column: &ColumnDef) -> &'static str {
    match column.kind() {
        Kind::Text { .. } => "text",
        Kind::NumberText { .. } => "number",
        Kind::Binary { .. } => "binary",
        Kind::Integer { .. } if column.scale == 0 => "integer",
        Kind::Integer { .. } => "decimal",
        Kind::DateTime => "datetime",
        _ => "unknown",
    }
}

#[pymethods]
impl Column {
    #[new]
    #[pyo3(signature = (name, kind = "text", *, length = 255, scale = 0, fraction = 6, key = false, charset = None))]
    fn new(name: &str, kind: &str, length: u32, scale: i16, fraction: u32, key: bool, charset: Option<&str>) -> PyResult<Self> {
        let column = match kind {
            "text" => ColumnDef::varchar(name, length),
            "char" => ColumnDef::char(name, length),
            "integer" => ColumnDef::integer(name, 0),
            "decimal" if (0..=18).contains(&scale) => ColumnDef::integer(name, scale),
            "decimal" => return Err(PyValueError::new_err("scale of a decimal column must be 0 to 18")),
            "number" => ColumnDef::number(name),
            "datetime" if fraction <= 9 => ColumnDef::datetime(name, fraction),
            "datetime" => return Err(PyValueError::new_err("fraction of a datetime column must be 0 to 9")),
            "binary" => ColumnDef::new(name, 64, 4, length),
            other => {
                let what = format!(
                    "unknown column kind {other:?}; use 'text', 'char', 'integer', 'decimal', 'number', 'datetime' or 'binary'"
                );
                return Err(PyValueError::new_err(what));
            }
        };
        // An argument that the kind does not have would look as if it had an effect.
        for (argument, is_given, kinds) in [
            ("length", length != 255, &["text", "char", "binary"][..]),
            ("scale", scale != 0, &["decimal"][..]),
            ("fraction", fraction != 6, &["datetime"][..]),
            ("charset", charset.is_some(), &["text", "char"][..]),
        ] {
            if is_given && !kinds.contains(&kind) {
                let kinds = kinds.join(", ");
                return Err(PyValueError::new_err(format!("{argument} is for columns of the kind {kinds}, not {kind}")));
            }
        }
        let column = charset.map(charset_named).transpose()?.map_or(column.clone(), |charset| column.in_charset(charset));
        Ok(Self(if key { column.key() } else { column }))
    }

    /// The name of the column.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The kind of its values. The values of an ``unknown`` column are raw bytes.
    #[getter]
    fn kind(&self) -> &'static str {
        kind_name(&self.0)
    }

    /// True if the column belongs to the key.
    #[getter]
    fn key(&self) -> bool {
        self.0.key
    }

    /// The number of digits after the decimal point.
    #[getter]
    fn scale(&self) -> i16 {
        self.0.scale
    }

    /// The length in bytes that the definition states.
    #[getter]
    fn length(&self) -> u32 {
        self.0.external_length
    }

    /// True if the column may be NULL, or `None` if the trail does not state it.
    #[getter]
    fn nullable(&self) -> Option<bool> {
        self.0.facts.nullable
    }

    /// The character set of its text, or `None` if the definition does not state it.
    #[getter]
    fn charset(&self) -> Option<String> {
        self.0.text_charset().is_stated().then(|| self.0.text_charset().to_string())
    }

    /// GoldenGate's number of the data type.
    #[getter]
    fn type_code(&self) -> u16 {
        self.0.data_type
    }

    /// GoldenGate's number of the sub-type.
    #[getter]
    fn sub_type(&self) -> u16 {
        self.0.sub_type
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    #[staticmethod]
    fn _of_facts(facts: Facts) -> Self {
        Self(of_facts(facts))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (Facts,)>> {
        reduced::<Self, _>(py, "_of_facts", (facts(&self.0),))
    }

    fn __repr__(&self) -> String {
        let key = if self.0.key { ", key" } else { "" };
        let scale = if kind_name(&self.0) == "decimal" { format!(", scale {}", self.0.scale) } else { String::new() };
        format!("<Column {} {}{scale}{key}>", self.0.name, kind_name(&self.0))
    }
}

/// The number of columns in the text of a definition.
const SHOWN: usize = 8;

/// One version of the definition of a table. Immutable.
///
/// The constructor makes a definition for a `Writer` or a `Catalog`. ``table["NAME"]`` is a column; names are case-insensitive
/// here. Raises `KeyError` for an unknown column. `len` is the number of columns.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct TableDef(pub(crate) Arc<trailcore::TableDef>);

#[pymethods]
impl TableDef {
    #[new]
    fn new(py: Python<'_>, name: &str, columns: Vec<Column>) -> PyResult<Self> {
        if name.is_empty() || columns.is_empty() {
            return Err(PyValueError::new_err("a table definition needs a name and at least one column"));
        }
        let columns = columns.into_iter().map(|column| column.0).collect();
        Ok(Self(Arc::new(trailcore::TableDef::checked(name, columns).map_err(|error| crate::error::raised(py, &error))?)))
    }

    /// The name of the table, with the parts joined by ``.``.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// The columns, in order.
    #[getter]
    fn columns(&self) -> Vec<Column> {
        self.0.columns().iter().cloned().map(Column).collect()
    }

    /// The names of the key columns.
    #[getter]
    fn key(&self) -> Vec<String> {
        self.0.key().map(|column| column.name.to_string()).collect()
    }

    /// True if the columns of the table are known.
    #[getter]
    fn is_defined(&self) -> bool {
        self.0.is_defined()
    }

    fn __getitem__(&self, name: &str) -> PyResult<Column> {
        match self.0.column(name) {
            Some((_, column)) => Ok(Column(column.clone())),
            None => Err(PyKeyError::new_err(name.to_owned())),
        }
    }

    fn __len__(&self) -> usize {
        self.0.columns().len()
    }

    fn __eq__(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    #[staticmethod]
    fn _of_facts(name: &str, columns: Vec<Facts>, is_defined: bool) -> Self {
        let columns = columns.into_iter().map(of_facts).collect();
        let table = if is_defined { trailcore::TableDef::new(name, columns) } else { trailcore::TableDef::undefined(name) };
        Self(Arc::new(table))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (String, Vec<Facts>, bool)>> {
        let columns = self.0.columns().iter().map(facts).collect();
        reduced::<Self, _>(py, "_of_facts", (self.0.name().to_owned(), columns, self.0.is_defined()))
    }

    fn __repr__(&self) -> String {
        let columns = self.0.columns();
        let shown: Vec<_> = columns.iter().take(SHOWN).map(|column| format!("{} {}", column.name, kind_name(column))).collect();
        let more = columns.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(", … {more} more") } else { String::new() };
        format!("<TableDef {} ({}{more})>", self.0.name(), shown.join(", "))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("trailcore._html")?.getattr("definition")?.call1((slf,))
    }
}

/// Definitions of tables that a trail does not define itself. Immutable.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Catalog(pub(crate) trailcore::Catalog);

#[pymethods]
impl Catalog {
    /// Reads a definitions (DEFGEN) file. Raises `DefinitionsError` and `OSError`.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        without_gil(py, || trailcore::Catalog::open(path))?.map(Self).map_err(|error| raised(py, &error))
    }

    /// Parses the bytes of a definitions file. Raises `DefinitionsError`.
    #[staticmethod]
    fn parse(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        trailcore::Catalog::parse(bytes).map(Self).map_err(|error| raised(py, &error))
    }

    /// Makes a catalog of these definitions.
    #[staticmethod]
    fn of(tables: Vec<PyRef<'_, TableDef>>) -> Self {
        let mut catalog = trailcore::Catalog::new();
        tables.iter().for_each(|table| catalog.insert((*table.0).clone()));
        Self(catalog)
    }

    /// All definitions.
    #[getter]
    fn tables(&self) -> Vec<TableDef> {
        self.0.tables().cloned().map(TableDef).collect()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (Vec<TableDef>,)>> {
        reduced::<Self, _>(py, "of", (self.tables(),))
    }
}

/// Returns the character set with this name.
pub(crate) fn charset_named(name: &str) -> PyResult<Charset> {
    let charset = Charset::from_name(name);
    if charset.encode("a").is_some() {
        Ok(charset)
    } else {
        Err(PyValueError::new_err(format!("unknown character set {name:?}; use a name such as 'UTF-8', 'windows-1252' or 'GBK'")))
    }
}
