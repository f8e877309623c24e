//! The Arrow C stream of a table, handed to whoever takes it in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use jni::sys::jlong;
use trailcore::arrow::{ArrowOptions, Invalid, Layout, Numbers, SchemaChange, TableStream, Times};

use crate::failure::Result;
use crate::object::Counted;
use crate::wire::Reader;

/// The fields of `ArrowOptions` in the order of its message.
pub(crate) fn options(message: &mut Reader<'_>) -> Result<ArrowOptions> {
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
    let columns: Vec<&str> = (0..count).map(|_| message.text()).collect::<Result<_>>()?;
    Ok(if some { options.columns(&columns) } else { options })
}

/// Puts the stream into the structure at an address, which takes it over: its release callback frees it.
pub(crate) fn export(stream: TableStream, address: jlong) {
    let guarded = Guarded { schema: stream.schema(), stream: Some(Box::new(stream.into_reader())), _counted: Counted::new() };
    let place = std::ptr::with_exposed_provenance_mut::<FFI_ArrowArrayStream>(address as usize);
    // SAFETY: the caller of `exportArrow` vouches for the structure; it is not in use, so nothing there is to be freed.
    unsafe { place.write_unaligned(FFI_ArrowArrayStream::new(Box::new(guarded))) };
}

/// A stream that ends with an error where it panics: no unwinding reaches the callbacks of the C structure.
struct Guarded {
    schema: SchemaRef,
    stream: Option<Box<dyn RecordBatchReader + Send>>,
    _counted: Counted,
}

impl Iterator for Guarded {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        catch_unwind(AssertUnwindSafe(|| stream.next())).unwrap_or_else(|_| {
            self.stream = None;
            Some(Err(ArrowError::ComputeError("a panic; this is a mistake in trailcore and should be reported".to_owned())))
        })
    }
}

impl RecordBatchReader for Guarded {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}
