//! Pipelines.

use pyo3::prelude::*;
use trailcore_stream::pipeline::Supervisor;

use crate::error::raised;
use crate::handle::{Handle, without_gil};

/// Running pipelines.
#[pyclass(frozen, module = "trailcore")]
pub(crate) struct Pipelines(Handle<Supervisor>);

#[pymethods]
impl Pipelines {
    /// Starts the pipelines of a TOML text.
    #[new]
    fn new(py: Python<'_>, toml: &str) -> PyResult<Self> {
        let started = without_gil(py, || trailcore_stream::pipeline::Pipelines::from_toml(toml).and_then(Supervisor::start))?;
        Ok(Self(Handle::new(started.map_err(|error| raised(py, &error))?)))
    }

    /// Answers a request: a verb and a document.
    fn call(&self, py: Python<'_>, verb: &str, request: &str) -> PyResult<String> {
        self.0.with(py, |supervisor| supervisor.call(verb, request))?.map_err(|error| raised(py, &error))
    }

    /// Stops the pipelines, after a commit of what was read.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match self.0.take(py)? {
            Some(mut supervisor) => without_gil(py, move || supervisor.stop())?.map_err(|error| raised(py, &error)),
            None => Ok(()),
        }
    }
}
