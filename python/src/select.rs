//! Selections.

use std::path::PathBuf;

use pyo3::prelude::*;
use trailcore::filter::{self, SelectOptions, SelectParts};
use trailcore::{Error, Timestamp};

use crate::error::{DiagnosticParts, diagnostic_parts, syntax};
use crate::schema::TableDef;

/// A compiled selection. Immutable.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Select(pub(crate) filter::Select);

#[pymethods]
impl Select {
    /// Parses a text, or reads a file, with a document of options.
    #[new]
    #[pyo3(signature = (source, options, is_file = false))]
    fn new(py: Python<'_>, source: &Bound<'_, PyAny>, options: &str, is_file: bool) -> PyResult<Self> {
        let options = SelectOptions::from_json(options).map_err(|error| syntax(py, &error))?;
        let select = if is_file {
            let path: PathBuf = source.extract()?;
            py.detach(|| options.read_file(path))
        } else {
            let select = filter::Select::parse_in(&source.extract::<String>()?, options.dialect);
            select.map(|select| options.apply(select)).map_err(Error::from)
        };
        select.map(Self).map_err(|error| syntax(py, &error))
    }

    /// Joins the parts of a selection, a document, with a document of options.
    #[staticmethod]
    fn of_parts(py: Python<'_>, parts: &str, options: &str) -> PyResult<Self> {
        let options = SelectOptions::from_json(options).map_err(|error| syntax(py, &error))?;
        let text = SelectParts::from_json(parts).and_then(|parts| parts.to_text_in(options.dialect));
        let text = text.map_err(|error| syntax(py, &error))?;
        let select = filter::Select::parse_in(&text, options.dialect).map_err(Error::from);
        select.map(|select| Self(options.apply(select))).map_err(|error| syntax(py, &error))
    }

    /// Returns a selection that narrows this one by another: a change must pass both.
    fn narrowed(&self, other: &Self) -> Self {
        Self(self.0.clone().and(other.0.clone()))
    }

    /// Returns the same selection with other options.
    fn with_options(&self, py: Python<'_>, options: &str) -> PyResult<Self> {
        let options = SelectOptions::from_json(options).map_err(|error| syntax(py, &error))?;
        Ok(Self(options.apply(self.0.clone())))
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

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}
