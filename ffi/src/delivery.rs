//! Deliveries of a tail.

use std::sync::{Arc, Mutex};

use trailcore::schema::TableMap;
use trailcore_stream::{Blocks, Item};

use crate::block::tc_block;
use crate::memory::{Memory, Pool, locked};
use crate::prelude::*;
use crate::table::tc_table;

/// The kind of a delivery.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_delivery_kind {
    /// Changes, as many as were there.
    TC_DELIVERY_CHANGES = 1,
    /// A transaction, or a part of one that is larger than the memory cap.
    TC_DELIVERY_TRANSACTION = 2,
    /// Something about the trail, such as a missing file. It has no changes.
    TC_DELIVERY_EVENT = 3,
}

/// A `tc_delivery_kind` that C receives.
pub type RawDeliveryKind = u32;

/// Something that a tail has delivered: changes, a transaction, or an event.
///
/// Ownership: free it with `tc_delivery_free`; it does not depend on its tail, nor do its blocks depend on it. Threads: several may use it concurrently, except
/// `tc_delivery_free`.
pub struct tc_delivery {
    kind: tc_delivery_kind,
    number: u64,
    facts: String,
    blocks: Mutex<Blocks>,
    shared: Arc<Shared>,
}

handle::object!(tc_delivery, b"tc_dlvr\0");

/// The state that the deliveries of a tail share: the handles of their tables.
#[derive(Default)]
pub(crate) struct Shared(Mutex<TableMap<Arc<Handle<tc_table>>>>);

impl tc_delivery {
    pub(crate) fn new(item: &Item, shared: &Arc<Shared>) -> Outcome<Self> {
        let kind = match item {
            Item::Changes(_) => tc_delivery_kind::TC_DELIVERY_CHANGES,
            Item::Transaction(_) => tc_delivery_kind::TC_DELIVERY_TRANSACTION,
            Item::Event(_) => tc_delivery_kind::TC_DELIVERY_EVENT,
            _ => return Err(trailcore::Error::internal("an unknown kind of delivery").into()),
        };
        let number = item.receipt().map_or(0, |receipt| receipt.number());
        Ok(Self { kind, number, facts: item.document()?, blocks: Mutex::new(item.blocks()?), shared: Arc::clone(shared) })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn next_block(&self) -> Outcome<Option<tc_block>> {
        let Some(block) = locked(&self.blocks).next().transpose()? else { return Ok(None) };
        let mut memory = Box::new(Memory::of(block));
        let mut tables = locked(&self.shared.0);
        memory.settle(|(id, table)| {
            Arc::clone(tables.get_or_insert_with(*id, || Arc::new(Handle::part(tc_table(Arc::clone(table))))))
        });
        Ok(Some(tc_block::new(memory, &Arc::new(Pool::default()))))
    }
}

/// Frees a delivery. NULL is fine. Its blocks stay valid. It does not acknowledge it.
///
/// Example: `tc_delivery_free(delivery);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_delivery_free(delivery: *mut tc_delivery) {
    handle::free(delivery)
}

/// Returns the kind of a delivery, and 0 if an error occurs.
///
/// Example: `tc_delivery_kind kind; tc_delivery_kind_of(delivery, &kind);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_delivery_kind_of(delivery: *const tc_delivery, kind: *mut RawDeliveryKind) -> tc_status {
    status(|| give(kind, "kind", || Ok(borrow(delivery)?.kind as u32)))
}

/// Returns the number of a delivery in its tail, for `tc_tail_acknowledge`; 0 for an event, which needs no acknowledgement.
///
/// Example: `uint64_t number; tc_delivery_number(delivery, &number);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_delivery_number(delivery: *const tc_delivery, number: *mut u64) -> tc_status {
    status(|| give(number, "number", || Ok(borrow(delivery)?.number)))
}

/// Appends all about a delivery but its changes to a buffer, as JSON: `end`, the position after its last change; of a transaction `csn`,
/// `xid`, `timestamp`, `part` (whole, first, middle, last) and `complete` too; of an event the form of docs/schema/event.json.
///
/// Example: `tc_delivery_facts(delivery, facts, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_delivery_facts(
    delivery: *const tc_delivery,
    facts: *mut tc_buffer,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || borrow_mut(facts)?.append_text(&borrow(delivery)?.facts))
}

/// Returns the next changes of a delivery; `*block` is NULL after the last ones. Most deliveries have one block.
///
/// Ownership: free the block with `tc_block_free`. Errors: those of reading, of a large transaction that is read from the trail again
/// (`oversize` is `reread`).
/// Example: `while (tc_delivery_next_block(delivery, &block, &error) == TC_OK && block) { use(block); tc_block_free(block); }`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_delivery_next_block(
    delivery: *mut tc_delivery,
    block: *mut *mut tc_block,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_optional(block, || borrow_mut(delivery)?.next_block()))
}
