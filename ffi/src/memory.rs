//! The memory of blocks: changes, their handles, and texts that had to be created.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bumpalo::Bump;
use trailcore::schema::TableId;
use trailcore::{Change, ChangeBlock, TableDef};

use crate::failure::{Failure, Outcome};
use crate::handle::{self, Handle};
use crate::table::tc_table;
use crate::text::tc_str;

/// One change of a trail: an insert, update, delete, truncate or DDL.
///
/// Ownership: it belongs to its block or reader. Threads: several may use it concurrently.
pub struct tc_change {
    memory: *const Memory,
    pub(crate) place: usize,
}

handle::object!(tc_change, b"tc_chng\0");

// SAFETY: it points to the memory that contains it, which several threads may read.
unsafe impl Send for tc_change {}
// SAFETY: as above.
unsafe impl Sync for tc_change {}

impl tc_change {
    pub(crate) fn new(memory: *const Memory, place: usize) -> Self {
        Self { memory, place }
    }

    #[inline(always)]
    pub(crate) fn memory(&self) -> &Memory {
        // SAFETY: the memory contains the change, so it lives at least as long.
        unsafe { &*self.memory }
    }

    pub(crate) fn change(&self) -> Outcome<Change<'_>> {
        self.find().ok_or_else(gone)
    }

    /// As [`change`](Self::change), for hot paths: an `Option` is smaller than an `Outcome`.
    #[inline(always)]
    pub(crate) fn find(&self) -> Option<Change<'_>> {
        self.memory().filled().get(self.place)
    }

    /// Returns a text of the change, stored in its memory if it had to be created.
    pub(crate) fn lent(&self, text: Cow<'_, str>) -> tc_str {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => self.memory().keep(&text),
        }
    }
}

#[cold]
pub(crate) fn gone() -> Failure {
    Failure::argument("the change does not exist any more")
}

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
    own: ChangeBlock,
    /// A block that a tail has delivered, in place of the own one.
    delivered: Option<Arc<ChangeBlock>>,
    /// Texts that are not in the records in this form: converted from other character sets, or concatenated.
    texts: Mutex<Bump>,
    tables: Vec<Arc<Handle<tc_table>>>,
    /// One handle per change of the largest block so far. A handle only has an index into this memory, so handles are reused.
    changes: Vec<Handle<tc_change>>,
}

impl Memory {
    /// Returns the memory of a block that has been filled.
    pub(crate) fn of(block: Arc<ChangeBlock>) -> Self {
        Self { delivered: Some(block), ..Self::default() }
    }

    /// Returns the block, to be filled.
    pub(crate) fn block(&mut self) -> &mut ChangeBlock {
        self.delivered = None;
        &mut self.own
    }

    /// Prepares the changes in the block for use.
    pub(crate) fn settle(&mut self, mut handle_of: impl FnMut(&(TableId, Arc<TableDef>)) -> Arc<Handle<tc_table>>) {
        self.texts.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner).reset();
        self.tables.clear();
        let block = self.delivered.as_deref().unwrap_or(&self.own);
        self.tables.extend(block.tables().iter().map(&mut handle_of));
        // The memory is boxed, so it does not move while its changes exist.
        let own = std::ptr::from_ref(self);
        for place in self.changes.len()..self.filled().len() {
            self.changes.push(Handle::part(tc_change::new(own, place)));
        }
    }

    /// Marks the changes as freed, so that the use of one returns a status.
    pub(crate) fn retire(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        changes.iter().for_each(Handle::retire);
        std::mem::forget(changes);
    }

    #[inline(always)]
    pub(crate) fn filled(&self) -> &ChangeBlock {
        self.delivered.as_deref().unwrap_or(&self.own)
    }

    pub(crate) fn change(&self, place: usize) -> Option<&Handle<tc_change>> {
        self.changes.get(place).filter(|_| place < self.filled().len())
    }

    /// Returns the table of a change.
    #[inline]
    pub(crate) fn table(&self, place: usize) -> Option<&Handle<tc_table>> {
        self.tables.get(self.filled().table_index(place)?).map(|table| &**table)
    }

    /// Stores a text for the lifetime of the changes.
    pub(crate) fn keep(&self, text: &str) -> tc_str {
        let texts = locked(&self.texts);
        let kept = texts.alloc_str(text);
        tc_str { data: kept.as_ptr().cast(), length: kept.len() }
    }
}

/// Locks a mutex, also after a panic while it was locked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
