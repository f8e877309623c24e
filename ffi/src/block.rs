//! Owned blocks of changes.

use std::sync::Arc;

use crate::change::{read_all, tc_change_info};
use crate::column::tc_column;
use crate::memory::{Memory, Pool, tc_change};
use crate::prelude::*;

/// An owned block of changes. All changes, columns, texts and tables that it returns stay valid until the block is freed.
///
/// Ownership: free it with `tc_block_free`; it does not depend on its reader. Its memory is then reused for the next block.
/// Threads: several may use it concurrently, except `tc_block_free`.
pub struct tc_block {
    memory: Option<Box<Memory>>,
    pool: Arc<Pool>,
}

handle::object!(tc_block, b"tc_blck\0");

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
            memory.retire();
        }
        self.pool.put(memory);
    }
}

/// Frees a block with all its changes, columns and texts. NULL is fine.
///
/// Example: `tc_block_free(block);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_free(block: *mut tc_block) {
    handle::free(block)
}

/// Returns the number of changes of a block, at least one.
///
/// Example: `size_t count; tc_block_count(block, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_count(block: *const tc_block, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(block)?.memory()?.filled().len())))
}

/// Returns a change by its index in the block, from 0. It is valid as long as the block.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `const tc_change *change; tc_block_change(block, i, &change);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_change(block: *const tc_block, index: usize, change: *mut *const tc_change) -> tc_status {
    status(|| {
        give(change, "change", || {
            let memory = borrow(block)?.memory()?;
            let found = memory.change(index).ok_or_else(|| Failure::index("change", index, memory.filled().len()))?;
            Ok(found.as_ptr())
        })
    })
}

/// Reads a whole change in one call, by its index in the block: the members of `tc_change_info_of`, and the columns of both
/// images, first those before the change, then those after it. `*before` and `*after` are the numbers of columns of the images,
/// and at most `room` columns in total are written to `columns`. This is the fastest way to read all columns of all changes.
///
/// Its pointers are valid as long as the block. Values are not copied, except text in other character sets than UTF-8, which
/// each call converts again. Set `info->size` first. `info` may be NULL for none, `columns` may be NULL where `room` is 0.
/// Errors: as `tc_block_change`, `tc_change_info_of` and `tc_change_columns`.
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

/// Appends all changes of a block to a buffer as native JSON, one line each with a line end. If a change cannot be written, the
/// buffer has the complete lines of the changes before it.
///
/// Threads: one at a time for a buffer. Errors: as `tc_change_write_json`.
/// Example: `status = tc_block_write_json(block, lines, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_block_write_json(
    block: *const tc_block,
    buffer: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
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
