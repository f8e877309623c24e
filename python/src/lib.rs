//! The extension module `trailcore._native`: handles on what the crate `trailcore` does, and Python objects made of it. The
//! public API is the Python package around it.

mod change;
mod error;
mod handle;
mod reader;
mod records;
mod schema;
mod select;
mod source;
mod table;
mod trail;
mod values;
mod watch;
mod writer;

use pyo3::prelude::*;

/// What the Python package is made of. Not public: its names may change.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::change::Change;
    #[pymodule_export]
    use super::reader::Changes;
    #[pymodule_export]
    use super::records::{Record, Records};
    #[pymodule_export]
    use super::schema::{Catalog, Column, TableDef};
    #[pymodule_export]
    use super::select::Select;
    #[pymodule_export]
    use super::table::{Batch, Batches, Table};
    #[pymodule_export]
    use super::trail::Trail;
    #[pymodule_export]
    use super::writer::Writer;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Panics in the midst of work, for the test of what becomes of a panic.
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
