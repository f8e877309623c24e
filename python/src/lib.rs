//! The extension module `trailcore._native`: handles to objects of the crate `trailcore`, and their conversion to Python
//! objects. The public API is the Python package `trailcore`.

mod attach;
mod change;
mod cli;
mod error;
mod handle;
mod pipelines;
mod reader;
mod records;
mod schema;
mod select;
mod source;
mod table;
mod tail;
mod trail;
mod values;
mod watch;
mod writer;

use pyo3::prelude::*;

/// The native part of the package trailcore. Not public: its names may change.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::change::Change;
    #[pymodule_export]
    use super::cli::cli_main;
    #[pymodule_export]
    use super::pipelines::Pipelines;
    #[pymodule_export]
    use super::reader::Changes;
    #[pymodule_export]
    use super::records::{Record, Records};
    #[pymodule_export]
    use super::schema::{Catalog, Column, TableDef};
    #[pymodule_export]
    use super::select::Select;
    #[pymodule_export]
    use super::table::{Batch, Batches, Table, requested_names};
    #[pymodule_export]
    use super::tail::{Boundaries, Hub, Tail};
    #[pymodule_export]
    use super::trail::Trail;
    #[pymodule_export]
    use super::writer::Writer;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::attach::register(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Answers a request: a verb and a JSON document in, a JSON document out.
    #[pyfunction]
    fn call(py: Python<'_>, verb: &str, request: &str) -> PyResult<String> {
        super::handle::without_gil(py, || trailcore_ops::answer(verb, request))?.map_err(|error| super::error::raised(py, &error))
    }

    /// Panics inside a handle, for the test of panics. Never in what is installed.
    #[cfg(feature = "drill")]
    #[pyfunction]
    fn _panic_drill(py: Python<'_>) -> PyResult<()> {
        super::handle::Handle::new(()).with(py, |()| {
            #[allow(clippy::panic)]
            {
                panic!("a drill")
            }
        })
    }
}
