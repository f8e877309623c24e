//! Exports the changes of a table as an Arrow C stream.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use jni::sys::jlong;
use trailcore::arrow::{TableStream, c_stream};

use crate::callback::Listener;
use crate::failure::{Failure, Thrown};
use crate::object::Counted;

/// Moves the stream into the structure at an address. The release callback of the structure frees it.
pub(crate) fn export(stream: TableStream, listener: Option<Arc<Listener>>, address: jlong) {
    let counted = CountedStream { stream: stream.into_reader(), listener, _counted: Counted::new() };
    let target = std::ptr::with_exposed_provenance_mut::<FFI_ArrowArrayStream>(address as usize);
    // SAFETY: the caller of `exportArrow` guarantees that the structure is valid and unused, so it holds nothing to free.
    unsafe { target.write_unaligned(c_stream(counted)) };
}

/// A stream that counts as an object of this binding until it is dropped.
struct CountedStream<R> {
    stream: R,
    listener: Option<Arc<Listener>>,
    _counted: Counted,
}

impl<R: RecordBatchReader> Iterator for CountedStream<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.stream.next()?.map_err(|error| self.with_exception(error)))
    }
}

impl<R> CountedStream<R> {
    /// Adds the text of a callback's exception to the error. The exception itself cannot pass through the stream.
    fn with_exception(&self, error: ArrowError) -> ArrowError {
        let ArrowError::ExternalError(error) = error else { return error };
        let thrown = match self.listener.as_ref().and_then(|listener| listener.thrown()) {
            Some(Failure::Thrown(thrown)) => Some(thrown),
            _ => error.downcast_ref().and_then(Thrown::cause_of),
        };
        ArrowError::ExternalError(match thrown {
            Some(thrown) => format!("{error}: {thrown}").into(),
            None => error,
        })
    }
}

impl<R: RecordBatchReader> RecordBatchReader for CountedStream<R> {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}
