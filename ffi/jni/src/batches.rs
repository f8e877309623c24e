//! Reads changes in columns: column batches of the library, copied into one direct buffer that Java owns.
//!
//! The copy makes it safe: a Java program may keep views of the buffer, and only the garbage collector frees its memory.

use std::sync::Arc;

use jni::objects::{JByteBuffer, JObject, JValue};
use jni::{Env, jni_sig, jni_str};
use trailcore::batch::{BatchDecoder, ColumnBatch, ColumnBuffer, ColumnValues};
use trailcore::{ColumnState, Reader, TableDef};

use crate::block::op_number;
use crate::callback::{Listener, into_failure};
use crate::failure::{Failure, Pending, Result};
use crate::report::state;
use crate::wire::Writer;

/// A reader and the decoder of its changes.
#[derive(Debug)]
pub(crate) struct Batches {
    reader: Reader,
    decoder: BatchDecoder,
    /// The definitions of the tables of the batches so far, by their number.
    tables: Vec<Option<Arc<TableDef>>>,
    listener: Option<Arc<Listener>>,
    pending: Pending,
    /// The layout of the last call's batches in the arena.
    directory: Vec<u8>,
}

/// The alignment of sections, so that Java can read them as arrays of numbers.
const ALIGN: usize = 8;

/// The type of a column, same as in `ColumnVector.Type`.
mod form {
    pub(super) const INTEGER: u32 = 0;
    pub(super) const DATE_TIME: u32 = 1;
    pub(super) const TEXT: u32 = 2;
    pub(super) const DIGITS: u32 = 3;
    pub(super) const BYTES: u32 = 4;
    pub(super) const UNSIGNED: u32 = 5;
}

impl Batches {
    pub(crate) fn new(reader: Reader, decoder: BatchDecoder, listener: Option<Arc<Listener>>) -> Self {
        Self { reader, decoder, tables: Vec::new(), listener, pending: Pending::default(), directory: Vec::new() }
    }

    pub(crate) fn table(&self, number: usize) -> Result<&Arc<TableDef>> {
        self.tables.get(number).and_then(Option::as_ref).ok_or(Failure::MESSAGE)
    }

    /// Returns the same as `reader::state`. Fails if rows were lost, because the position is after them.
    pub(crate) fn state(&self) -> Result<Vec<u8>> {
        self.pending.is_whole()?;
        let mut report = self.reader.report();
        report.left_out = self.decoder.left_out().clone();
        state(&self.reader, &report)
    }

    /// Records that the result of the last call did not reach Java.
    pub(crate) fn lose(&mut self) {
        self.pending.lose();
    }

    /// Decodes until a batch is full, into the arena of `owner`. Returns the directory, which is empty at the end of the trail.
    /// A failure is kept until the changes before it were returned.
    pub(crate) fn next(&mut self, env: &mut Env<'_>, owner: &JObject<'_>) -> Result<&[u8]> {
        self.directory.clear();
        self.pending.check()?;
        let outcome = self.fill();
        self.copy_batches(env, owner).inspect_err(|_| self.pending.lose())?;
        if let Err(failure) = outcome {
            if self.directory.is_empty() {
                return Err(failure);
            }
            self.pending.wait(failure);
        }
        Ok(&self.directory)
    }

    fn fill(&mut self) -> Result<()> {
        let Self { reader, decoder, listener, .. } = self;
        let mut read = || {
            while let Some(change) = reader.next()? {
                if decoder.push(&change)? {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(|error| into_failure(listener.as_ref(), error))
    }

    /// Copies all batches with rows into the arena.
    fn copy_batches(&mut self, env: &mut Env<'_>, owner: &JObject<'_>) -> Result<()> {
        let Self { decoder, tables, directory, .. } = self;
        let mut arena = Arena { used: 0, memory: None, missing: None };
        let mut outcome = Ok(());
        decoder.flush(|batch| {
            if outcome.is_ok() {
                let number = batch.table_id().index();
                tables.resize(tables.len().max(number + 1), None);
                if let Some(table) = tables.get_mut(number) {
                    table.get_or_insert_with(|| Arc::clone(batch.table()));
                }
                outcome = arena.put_batch(env, owner, batch, number as u32, directory);
            }
        });
        outcome
    }
}

/// The target memory of the copies.
struct Arena {
    used: usize,
    /// Address and size, set after the first request to Java.
    memory: Option<(*mut u8, usize)>,
    /// Shared sections of the current batch for columns that all rows lack: the states, and numbers that are all zero.
    missing: Option<(u32, u32)>,
}

fn aligned(size: usize) -> usize {
    size.next_multiple_of(ALIGN)
}

fn bytes_of_column(column: &ColumnBuffer, rows: usize) -> usize {
    let values = match column.values() {
        ColumnValues::Integer(_) | ColumnValues::Unsigned(_) => 8 * rows,
        ColumnValues::DateTime { nanos, .. } => 8 * rows + aligned(2 * nanos.len()),
        ColumnValues::Text(bytes) | ColumnValues::Digits(bytes) | ColumnValues::Bytes(bytes) => {
            aligned(4 * (rows + 1)) + aligned(bytes.bytes.len())
        }
        _ => 0,
    };
    aligned(rows) + values
}

impl Arena {
    /// Reserves memory. Java returns its buffer, or a larger one with the same content.
    fn reserve(&mut self, env: &mut Env<'_>, owner: &JObject<'_>, more: usize) -> Result<()> {
        let needed = self.used + more;
        if self.memory.is_some_and(|(_, size)| size >= needed) {
            return Ok(());
        }
        let wanted = i32::try_from(needed).map_err(|_| {
            Failure::Misuse("batches exceed 2 GiB; set fewer BatchOptions.rows, or select fewer tables or columns")
        })?;
        let memory = env.with_local_frame(4, |env| -> Result<(*mut u8, usize)> {
            let signature = jni_sig!((jint, jint) -> java.nio.ByteBuffer);
            let arguments = [JValue::Int(self.used as i32), JValue::Int(wanted)];
            let buffer = env.call_method(owner, jni_str!("arena"), signature, &arguments)?.l()?;
            let buffer = env.cast_local::<JByteBuffer<'_>>(buffer)?;
            Ok((env.get_direct_buffer_address(&buffer)?, env.get_direct_buffer_capacity(&buffer)?))
        })?;
        if memory.1 < needed {
            return Err(Failure::MESSAGE);
        }
        self.memory = Some(memory);
        Ok(())
    }

    /// Appends a section and returns its offset. The memory must have been reserved.
    fn put<T: Plain>(&mut self, values: &[T]) -> Result<u32> {
        let start = self.used;
        let size = size_of_val(values);
        let Some((memory, _)) = self.memory.filter(|(_, capacity)| start + size <= *capacity) else {
            return Err(Failure::Internal("a batch is larger than the reserved memory"));
        };
        // SAFETY: the target is in the direct buffer, which Java keeps alive during this call, and the room was checked. The
        // source is plain numbers without padding, in other memory.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), memory.add(start), size) };
        self.used = aligned(start + size);
        Ok(start as u32)
    }

    fn put_batch(
        &mut self,
        env: &mut Env<'_>,
        owner: &JObject<'_>,
        batch: &ColumnBatch,
        table: u32,
        directory: &mut Vec<u8>,
    ) -> Result<()> {
        let rows = batch.len();
        let columns = || batch.before().chain(batch.after());
        let of_changes = 2 * aligned(rows) + 3 * 8 * rows;
        let shared = aligned(rows) + 8 * (rows + 1);
        let of_columns = columns().map(|(_, column)| bytes_of_column(column, rows)).sum::<usize>();
        self.reserve(env, owner, of_changes + shared + of_columns)?;
        self.missing = None;
        let mut note = |number: u32| directory.extend_from_slice(&number.to_le_bytes());
        note(table);
        note(rows as u32);
        note(batch.after().count() as u32);
        let ops: Vec<u8> = batch.ops().iter().map(|&op| op_number(op)).collect();
        note(self.put(&ops)?);
        let (mut kinds, mut firsts, mut seconds) = (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::with_capacity(rows));
        for &position in batch.positions() {
            let (kind, (first, second)) = Writer::parts(position);
            kinds.push(kind);
            firsts.push(first);
            seconds.push(second);
        }
        note(self.put(&kinds)?);
        note(self.put(&firsts)?);
        note(self.put(&seconds)?);
        note(self.put(batch.times())?);
        for (definition, column) in columns() {
            let index = batch.table().columns().iter().position(|own| std::ptr::eq(own, definition)).unwrap_or_default();
            note(index as u32);
            self.put_column(column, &mut note)?;
        }
        Ok(())
    }

    /// Appends a column, and notes its form, its states, and offset and size in bytes of its two sections.
    fn put_column(&mut self, column: &ColumnBuffer, note: &mut impl FnMut(u32)) -> Result<()> {
        if column.states().iter().all(|&state| state == ColumnState::Missing) {
            return self.put_missing(column, note);
        }
        let states = self.put(column.states())?;
        let (form, first, second) = match column.values() {
            ColumnValues::Integer(values) => (form::INTEGER, self.section(values)?, self.section::<u16>(&[])?),
            ColumnValues::Unsigned(values) => (form::UNSIGNED, self.section(values)?, self.section::<u16>(&[])?),
            ColumnValues::DateTime { micros, nanos } => (form::DATE_TIME, self.section(micros)?, self.section(nanos)?),
            ColumnValues::Text(text) => (form::TEXT, self.section(&text.offsets)?, self.section(&text.bytes)?),
            ColumnValues::Digits(text) => (form::DIGITS, self.section(&text.offsets)?, self.section(&text.bytes)?),
            ColumnValues::Bytes(bytes) => (form::BYTES, self.section(&bytes.offsets)?, self.section(&bytes.bytes)?),
            _ => return Err(Failure::Internal("unknown column type")),
        };
        for number in [form, states, first.0, first.1, second.0, second.1] {
            note(number);
        }
        Ok(())
    }

    /// Appends a column that all rows lack, as in the before images of inserts. Such columns of a batch share their sections.
    fn put_missing(&mut self, column: &ColumnBuffer, note: &mut impl FnMut(u32)) -> Result<()> {
        let rows = column.states().len();
        let (states, zeros) = match self.missing {
            Some(sections) => sections,
            None => (self.put(column.states())?, self.put(&vec![0i64; rows + 1])?),
        };
        self.missing = Some((states, zeros));
        let (form, size) = match column.values() {
            ColumnValues::Integer(_) => (form::INTEGER, 8 * rows),
            ColumnValues::Unsigned(_) => (form::UNSIGNED, 8 * rows),
            ColumnValues::DateTime { .. } => (form::DATE_TIME, 8 * rows),
            ColumnValues::Text(_) => (form::TEXT, 4 * (rows + 1)),
            ColumnValues::Digits(_) => (form::DIGITS, 4 * (rows + 1)),
            _ => (form::BYTES, 4 * (rows + 1)),
        };
        for number in [form, states, zeros, size as u32, zeros, 0] {
            note(number);
        }
        Ok(())
    }

    fn section<T: Plain>(&mut self, values: &[T]) -> Result<(u32, u32)> {
        Ok((self.put(values)?, size_of_val(values) as u32))
    }
}

/// Numbers without padding, which can be copied as bytes.
trait Plain: Copy {}

impl Plain for u8 {}
impl Plain for u16 {}
impl Plain for i32 {}
impl Plain for i64 {}
impl Plain for u64 {}
// `repr(u8)`.
impl Plain for ColumnState {}
