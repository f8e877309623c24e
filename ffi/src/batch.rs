//! Batches of changes.

use std::sync::{Arc, Mutex};

use bumpalo::Bump;
use trailcore::TableDef;
use trailcore::source::ChangeBlock;

use crate::boundary::{Failure, fallible, status};
use crate::buffer::tc_buffer;
use crate::change::{read_all, tc_change, tc_change_info};
use crate::column::tc_column;
use crate::error::tc_error;
use crate::handle::{self, Handle, exclusive, lend};
use crate::reader::locked;
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{or_nothing, out, tc_str};

/// Changes that stay as they are until the batch is freed, with all that they lend: texts, columns, tables.
///
/// Ownership: free it with `tc_batch_free`; its reader may be freed before it. Its memory then serves the reader's next batch.
/// Threads: several at once may use it, but for `tc_batch_free`.
pub struct tc_batch {
    memory: Option<Box<Memory>>,
    pool: Arc<Pool>,
}

handle::object!(tc_batch, b"tc_batc\0");

/// What batches keep for each other: the memory of those that were freed.
// Boxed, since changes point to the memory that they lie in: it must stay where it is.
#[allow(clippy::vec_box)]
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Box<Memory>>>);

/// How many are kept: one is filled while another is used.
const KEPT: usize = 2;

impl Pool {
    pub(crate) fn take(&self) -> Box<Memory> {
        locked(&self.0).pop().unwrap_or_default()
    }

    pub(crate) fn put(&self, memory: Box<Memory>) {
        let mut kept = locked(&self.0);
        if kept.len() < KEPT {
            kept.push(memory);
        }
    }
}

/// The memory of a batch: changes, the handles that stand for them, and texts that had to be made.
#[derive(Default)]
pub(crate) struct Memory {
    block: ChangeBlock,
    /// Texts that do not stand in the records as they are: in other character sets, or put together.
    texts: Mutex<Bump>,
    tables: Vec<Arc<Handle<tc_table>>>,
    /// As many as there have ever been changes; they say where, and stay.
    changes: Vec<Handle<tc_change>>,
}

impl Memory {
    pub(crate) fn block(&mut self) -> &mut ChangeBlock {
        &mut self.block
    }

    /// Makes what was filled into the block ready for use.
    pub(crate) fn settle(&mut self, mut handle_of: impl FnMut(&Arc<TableDef>) -> Arc<Handle<tc_table>>) {
        self.texts.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).reset();
        self.tables.clear();
        self.tables.extend(self.block.tables().iter().map(&mut handle_of));
        // The memory lies in a box, and is where it is for as long as its changes.
        let own = std::ptr::from_ref(self);
        for place in self.changes.len()..self.block.len() {
            self.changes.push(Handle::part(tc_change::new(own, place)));
        }
    }

    pub(crate) fn filled(&self) -> &ChangeBlock {
        &self.block
    }

    pub(crate) fn change(&self, place: usize) -> Option<&Handle<tc_change>> {
        self.changes.get(place).filter(|_| place < self.block.len())
    }

    /// The table of a change.
    #[inline]
    pub(crate) fn table(&self, place: usize) -> Option<&Handle<tc_table>> {
        self.tables.get(self.block.table_index(place)?).map(|table| &**table)
    }

    /// Keeps a text for as long as the changes.
    pub(crate) fn keep(&self, text: &str) -> tc_str {
        let texts = locked(&self.texts);
        let kept = texts.alloc_str(text);
        tc_str { data: kept.as_ptr().cast(), length: kept.len() }
    }
}

impl tc_batch {
    pub(crate) fn new(memory: Box<Memory>, pool: &Arc<Pool>) -> Self {
        Self { memory: Some(memory), pool: Arc::clone(pool) }
    }

    fn memory(&self) -> Result<&Memory, Failure> {
        self.memory.as_deref().ok_or_else(|| Failure::argument("the batch is empty"))
    }
}

impl Drop for tc_batch {
    fn drop(&mut self) {
        let Some(mut memory) = self.memory.take() else { return };
        if cfg!(debug_assertions) {
            // So that using a change of a batch that was freed gives a status.
            let changes = std::mem::take(&mut memory.changes);
            changes.iter().for_each(Handle::retire);
            std::mem::forget(changes);
        }
        self.pool.put(memory);
    }
}

/// Frees a batch and all that it lends. NULL is fine.
///
/// Example: `tc_batch_free(batch);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_batch_free(batch: *mut tc_batch) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(batch) }
}

/// How many changes a batch has: one at least.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_batch_count(batch, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_batch_count(batch: *const tc_batch, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(batch)?.memory()?.filled().len();
        Ok(())
    })
}

/// A change by its place in the batch, the first being 0. It lives as long as the batch.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `const tc_change *change; tc_batch_change(batch, i, &change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_batch_change(batch: *const tc_batch, index: usize, change: *mut *const tc_change) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let change = out(change, std::ptr::null(), "change")?;
        let memory = lend(batch)?.memory()?;
        let found = memory.change(index).ok_or_else(|| Failure::index("change", index, memory.filled().len()))?;
        *change = found.as_ptr();
        Ok(())
    })
}

/// All of a change in one call, by its place in the batch: as `tc_change_read`. The quickest way to every column of every change.
///
/// What it points to lives as long as the batch. Threads: several at once may call it. `info` may be NULL for none,
/// `columns` may be NULL where `room` is 0, `error` may be NULL. Errors: as `tc_batch_change` and `tc_change_read`.
/// Example: `for (i = 0; i < count; i++) tc_batch_read(batch, i, &info, columns, 64, &before, &after, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_batch_read(
    batch: *const tc_batch,
    index: usize,
    info: *mut tc_change_info,
    columns: *mut tc_column,
    room: usize,
    before: *mut usize,
    after: *mut usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let counts = (out(before, 0, "before")?, out(after, 0, "after")?);
            or_nothing(info, || {
                let memory = lend(batch)?.memory()?;
                let Some(change) = memory.filled().get(index) else {
                    return Err(Failure::index("change", index, memory.filled().len()));
                };
                read_all(memory, index, &change, info, (columns, room), counts)
            })
        })
    }
}

/// Appends all changes of a batch to a buffer as native JSON, one line each, with line ends. Where one cannot be written, the
/// lines of those before it are in the buffer, whole.
///
/// Threads: one at a time for a buffer. `error` may be NULL. Errors: as `tc_change_write_json`.
/// Example: `status = tc_batch_write_json(batch, lines, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_batch_write_json(
    batch: *const tc_batch,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let memory = lend(batch)?.memory()?;
            let mut buffer = exclusive(buffer)?;
            memory.filled().changes().try_for_each(|change| {
                buffer.append(|bytes| {
                    change.write_json(bytes)?;
                    bytes.push(b'\n');
                    Ok(())
                })
            })
        })
    }
}
