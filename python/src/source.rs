//! Python file objects as byte sources.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyBytes;
use trailcore::source::ByteSource;

/// A seekable binary file object. Reading takes the GIL for each block.
#[derive(Debug)]
pub(crate) struct FileObject {
    file: Py<PyAny>,
    // Keeps a seek and its read together: the code of the object can release the GIL in between.
    turn: Mutex<()>,
}

impl FileObject {
    pub(crate) fn source(file: Bound<'_, PyAny>) -> Arc<dyn ByteSource> {
        Arc::new(Self { file: file.unbind(), turn: Mutex::new(()) })
    }

    fn with<R>(&self, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<R>) -> io::Result<R> {
        let done = Python::try_attach(|py| {
            let _turn = self.turn.lock_py_attached(py);
            work(self.file.bind(py)).map_err(|error| io::Error::other(error.to_string()))
        });
        done.unwrap_or_else(|| Err(io::Error::other("the Python interpreter is shutting down")))
    }
}

impl ByteSource for FileObject {
    fn size(&self) -> io::Result<u64> {
        self.with(|file| file.call_method1("seek", (0, 2))?.extract())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|file| {
            file.call_method1("seek", (offset,))?;
            let read = file.call_method1("read", (into.len(),))?.cast_into::<PyBytes>()?;
            let bytes = read.as_bytes();
            // A faulty object can return more bytes than requested.
            let len = bytes.len().min(into.len());
            if let (Some(to), Some(from)) = (into.get_mut(..len), bytes.get(..len)) {
                to.copy_from_slice(from);
            }
            Ok(len)
        })
    }
}
