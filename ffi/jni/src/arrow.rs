//! Exports the changes of a table as an Arrow C stream.

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use jni::sys::jlong;
use trailcore::arrow::{ArrowOptions, Invalid, Layout, Numbers, SchemaChange, TableStream, Times, c_stream};

use crate::callback::Listener;
use crate::failure::{self, Failure, Thrown};
use crate::object::Counted;
use crate::wire::Reader;

/// Reads the fields of `ArrowOptions`, in the order of its message.
pub(crate) fn options(message: &mut Reader<'_>) -> failure::Result<ArrowOptions> {
    let mut options = ArrowOptions::new().rows(message.len()?);
    options = options.layout(if message.u8()? == 0 { Layout::Rows } else { Layout::Changes }).states(message.bool()?);
    let (numbers, scale) = (message.u8()?, message.u8()?);
    options = options.numbers(match numbers {
        0 => Numbers::Declared,
        1 => Numbers::Text,
        2 => Numbers::Float,
        _ => Numbers::Scale(scale),
    });
    options = options.times(match message.u8()? {
        0 => Times::Declared,
        1 => Times::Micros,
        _ => Times::Nanos,
    });
    options = options.invalid(if message.u8()? == 0 { Invalid::Error } else { Invalid::Null });
    options = options.on_schema_change(if message.u8()? == 0 { SchemaChange::Error } else { SchemaChange::Union });
    let (some, count) = (message.bool()?, message.len()?);
    let columns: Vec<&str> = (0..count).map(|_| message.text()).collect::<Result<_, _>>()?;
    Ok(if some { options.columns(&columns) } else { options })
}

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
