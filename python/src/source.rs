//! Python file objects as byte sources.

use std::io;
use std::sync::Arc;
use std::thread::ThreadId;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use trailcore::source::ByteSource;

use crate::attach::attach;
use crate::error;

/// A seekable binary file object. Reading takes the GIL for each block.
#[derive(Debug)]
pub(crate) struct FileObject {
    file: Py<PyAny>,
    // The thread whose turn it is: it keeps a seek and its read together, since the code of the object can release the GIL in
    // between. The lock itself is never held while that code runs.
    turn: Mutex<Option<ThreadId>>,
}

/// A turn of a thread with a file object.
struct Turn<'a>(&'a FileObject);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.turn.lock() = None;
    }
}

impl FileObject {
    pub(crate) fn source(file: Bound<'_, PyAny>) -> Arc<dyn ByteSource> {
        Arc::new(Self { file: file.unbind(), turn: Mutex::new(None) })
    }

    fn with<R>(&self, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<R>) -> io::Result<R> {
        let done = attach(|py| {
            let _turn = self.take_turn(py)?;
            work(self.file.bind(py))
        });
        let done = done.ok_or_else(|| io::Error::other("the Python interpreter is shutting down"))?;
        done.map_err(error::foreign)
    }

    /// Waits for a turn with the object. Ctrl-C ends the waiting.
    fn take_turn(&self, py: Python<'_>) -> PyResult<Turn<'_>> {
        const WAIT: Duration = Duration::from_millis(1);
        let own = std::thread::current().id();
        loop {
            {
                let mut turn = self.turn.lock();
                match *turn {
                    None => {
                        *turn = Some(own);
                        return Ok(Turn(self));
                    }
                    // The code of the object reads the trail that reads the object.
                    Some(thread) if thread == own => return Err(error::busy(py)),
                    Some(_) => {}
                }
            }
            py.detach(|| std::thread::sleep(WAIT));
            py.check_signals()?;
        }
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
