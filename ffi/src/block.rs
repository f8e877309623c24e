//! Owned blocks of changes.

use std::sync::{Arc, Mutex};

use bumpalo::Bump;
use trailcore::schema::TableId;
use trailcore::{ChangeBlock, TableDef};

use crate::boundary::{Failure, fallible, status};
use crate::buffer::tc_buffer;
use crate::change::{read_all, tc_change, tc_change_info};
use crate::column::tc_column;
use crate::error::tc_error;
use crate::handle::{self, Handle, borrow, borrow_mut};
use crate::reader::locked;
use crate::status::tc_status;
use crate::table::tc_table;
use crate::text::{out, tc_str, zero_on_error};

/// An owned block of changes. All changes, columns, texts and tables that it returns stay valid until the block is freed.
///
/// Ownership: free it with `tc_block_free`; it does not depend on its reader. Its memory is then reused for the next block.
/// Threads: several may use it concurrently, except `tc_block_free`.
pub struct tc_block {
    memory: Option<Box<Memory>>,
    pool: Arc<Pool>,
}

handle::object!(tc_block, b"tc_blck\0");

/// The memory of freed blocks, for reuse.
// Boxed, because changes point to the memory that contains them, so it must not move.
#[allow(clippy::vec_box)]
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Box<Memory>>>);

/// The number of memories to keep: one block is filled while another is in use.
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

/// The memory of a block: changes, their handles, and texts that had to be created.
#[derive(Default)]
pub(crate) struct Memory {
    block: ChangeBlock,
    /// Texts that are not in the records in this form: converted from other character sets, or concatenated.
    texts: Mutex<Bump>,
    tables: Vec<Arc<Handle<tc_table>>>,
    /// One handle per change of the largest block so far. A handle only has an index into this memory, so handles are reused.
    changes: Vec<Handle<tc_change>>,
}

impl Memory {
    pub(crate) fn block(&mut self) -> &mut ChangeBlock {
        &mut self.block
    }

    /// Prepares the changes in the block for use.
    pub(crate) fn settle(&mut self, mut handle_of: impl FnMut(&(TableId, Arc<TableDef>)) -> Arc<Handle<tc_table>>) {
        self.texts.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).reset();
        self.tables.clear();
        self.tables.extend(self.block.tables().iter().map(&mut handle_of));
        // The memory is boxed, so it does not move while its changes exist.
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

    /// Returns the table of a change.
    #[inline]
    pub(crate) fn table(&self, place: usize) -> Option<&Handle<tc_table>> {
        self.tables.get(self.block.table_index(place)?).map(|table| &**table)
    }

    /// Stores a text for the lifetime of the changes.
    pub(crate) fn keep(&self, text: &str) -> tc_str {
        let texts = locked(&self.texts);
        let kept = texts.alloc_str(text);
        tc_str { data: kept.as_ptr().cast(), length: kept.len() }
    }
}

impl tc_block {
    pub(crate) fn new(memory: Box<Memory>, pool: &Arc<Pool>) -> Self {
        Self { memory: Some(memory), pool: Arc::clone(pool) }
    }

    fn memory(&self) -> Result<&Memory, Failure> {
        self.memory.as_deref().ok_or_else(|| Failure::argument("the block is empty"))
    }
}

impl Drop for tc_block {
    fn drop(&mut self) {
        let Some(mut memory) = self.memory.take() else { return };
        if cfg!(debug_assertions) {
            // The use of a change of a freed block returns a status.
            let changes = std::mem::take(&mut memory.changes);
            changes.iter().for_each(Handle::retire);
            std::mem::forget(changes);
        }
        self.pool.put(memory);
    }
}

/// Frees a block with all its changes, columns and texts. NULL is fine.
///
/// Example: `tc_block_free(block);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_free(block: *mut tc_block) {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe { handle::free(block) }
}

/// Returns the number of changes of a block, at least one.
///
/// Threads: several may call it concurrently. Errors: `TC_ERR_NULL_POINTER` and the handle errors.
/// Example: `size_t count; tc_block_count(block, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_count(block: *const tc_block, count: *mut usize) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = borrow(block)?.memory()?.filled().len();
        Ok(())
    })
}

/// Returns a change by its index in the block, from 0. It is valid as long as the block.
///
/// Threads: several may call it concurrently. Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range, `TC_ERR_NULL_POINTER`
/// and the handle errors.
/// Example: `const tc_change *change; tc_block_change(block, i, &change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_change(block: *const tc_block, index: usize, change: *mut *const tc_change) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    status(|| unsafe {
        let change = out(change, std::ptr::null(), "change")?;
        let memory = borrow(block)?.memory()?;
        let found = memory.change(index).ok_or_else(|| Failure::index("change", index, memory.filled().len()))?;
        *change = found.as_ptr();
        Ok(())
    })
}

/// Reads a whole change in one call, as `tc_change_read`, by its index in the block. This is the fastest way to read all
/// columns of all changes.
///
/// Its pointers are valid as long as the block. Threads: several may call it concurrently. `info` may be NULL for none,
/// `columns` may be NULL where `room` is 0, `error` may be NULL. Errors: as `tc_block_change` and `tc_change_read`.
/// Example: `for (i = 0; i < count; i++) tc_block_read(block, i, &info, columns, 64, &before, &after, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_read(
    block: *const tc_block,
    index: usize,
    info: *mut tc_change_info,
    columns: *mut tc_column,
    room: usize,
    before: *mut usize,
    after: *mut usize,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let counts = (out(before, 0, "before")?, out(after, 0, "after")?);
            zero_on_error(info, || {
                let memory = borrow(block)?.memory()?;
                let Some(change) = memory.filled().get(index) else {
                    return Err(Failure::index("change", index, memory.filled().len()));
                };
                read_all(memory, index, &change, info, (columns, room), counts)
            })
        })
    }
}

/// Appends all changes of a block to a buffer as native JSON, one line each with a line end. If a change cannot be written, the
/// buffer has the complete lines of the changes before it.
///
/// Threads: one at a time for a buffer. `error` may be NULL. Errors: as `tc_change_write_json`.
/// Example: `status = tc_block_write_json(block, lines, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_write_json(
    block: *const tc_block,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the pointer contract in `lib.rs`.
    unsafe {
        fallible(error, || {
            let memory = borrow(block)?.memory()?;
            let mut buffer = borrow_mut(buffer)?;
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
