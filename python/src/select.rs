//! Selections.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use trailcore::filter::{self, Dialect, TextUnit};
use trailcore::{Position, Timestamp};

use crate::error::{DiagnosticParts, diagnostic_parts, syntax};
use crate::schema::TableDef;

/// A compiled selection. Immutable.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Select(pub(crate) filter::Select);

fn dialect_named(name: &str) -> PyResult<Dialect> {
    match name {
        "ansi" => Ok(Dialect::Ansi),
        "nonansi" => Ok(Dialect::NonAnsi),
        other => Err(PyValueError::new_err(format!("unknown dialect {other:?}; use 'ansi' or 'nonansi'"))),
    }
}

#[pymethods]
impl Select {
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str, dialect: &str) -> PyResult<Self> {
        filter::Select::parse_in(text, dialect_named(dialect)?).map(Self).map_err(|diagnostics| syntax(py, &diagnostics.into()))
    }

    #[staticmethod]
    fn from_file(py: Python<'_>, path: std::path::PathBuf, dialect: &str) -> PyResult<Self> {
        let dialect = dialect_named(dialect)?;
        py.detach(|| filter::Select::from_file_in(path, dialect)).map(Self).map_err(|error| syntax(py, &error))
    }

    fn lenient(&self) -> Self {
        Self(self.0.clone().lenient())
    }

    fn text_unit(&self, bytes: bool) -> Self {
        Self(self.0.clone().text_unit(if bytes { TextUnit::Bytes } else { TextUnit::Characters }))
    }

    /// Explains how it decides on a table, and lists the problems if it does not fit the table.
    fn explain(&self, table: &TableDef) -> (String, Option<String>) {
        let program = self.0.bind(&table.0);
        (program.explain().to_string(), program.problems().map(|problems| problems.to_string()))
    }

    #[getter]
    fn lints(&self) -> Vec<DiagnosticParts> {
        self.0.lints().iter().map(diagnostic_parts).collect()
    }

    #[getter]
    fn lint_text(&self) -> String {
        self.0.lint_text()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

pub(crate) fn position(pair: (u64, u64)) -> Position {
    Position::new(pair.0, pair.1)
}

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}
