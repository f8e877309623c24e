//! Native objects that Java refers to by a handle, the address of a boxed [`Object`].
//!
//! `NativeValue.java` and `NativeWorker.java` ensure that no call uses a handle after it was freed. Each call checks the kind
//! of the object.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use jni::sys::jlong;
use trailcore::filter::Select;
use trailcore::{Catalog, ChangeBlock, TableDef, Trail};
use trailcore_stream::pipeline::Supervisor;
use trailcore_stream::{Hub, TailHandle};

use crate::batches::Batches;
use crate::failure::{Failure, Result};
use crate::reader::ChangeReader;
use crate::records::Records;
use crate::tail::{Live, Receiving};
use crate::writer::Rows;

/// All kinds of objects. Immutable ones are shared by any number of threads. The others have a lock, which is poisoned by a
/// panic.
#[derive(Debug)]
pub(crate) enum Object {
    Trail(Trail),
    Filter(Select),
    Catalog(Catalog),
    Table(Arc<TableDef>),
    Block(Box<ChangeBlock>),
    Reader(Box<Mutex<ChangeReader>>),
    Records(Box<Mutex<Records>>),
    Batches(Box<Mutex<Batches>>),
    Writer(Box<Mutex<Rows>>),
    Tail(Box<Live>),
    TailHandle(TailHandle),
    Hub(Box<Mutex<Hub>>),
    Pipelines(Box<Mutex<Supervisor>>),
}

static LIVE: AtomicI64 = AtomicI64::new(0);

/// Returns the number of objects.
pub(crate) fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Counts an object that other code frees, such as an Arrow stream.
#[derive(Debug)]
pub(crate) struct Counted(());

impl Counted {
    pub(crate) fn new() -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Object {
    /// Moves the object to the heap and returns its handle.
    pub(crate) fn into_handle(self) -> jlong {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Box::into_raw(Box::new(self)).expose_provenance() as jlong
    }

    /// Returns the object of a handle.
    fn of<'a>(handle: jlong) -> Result<&'a Self> {
        let pointer = std::ptr::with_exposed_provenance::<Self>(handle as usize);
        // SAFETY: the handle came from `into_handle`. Java uses no handle after it was freed, and a call in progress keeps its
        // object from being freed. Only shared references are made from it.
        unsafe { pointer.as_ref() }.ok_or(Failure::Internal("null handle"))
    }

    /// Frees the object of a handle.
    pub(crate) fn free(handle: jlong) {
        let pointer = std::ptr::with_exposed_provenance_mut::<Self>(handle as usize);
        if pointer.is_null() {
            return;
        }
        // SAFETY: the handle came from `into_handle`. Java frees each handle once, while no call uses it.
        drop(unsafe { Box::from_raw(pointer) });
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

const WRONG: Failure = Failure::Internal("handle of another kind of object");

/// Locks an object for one call. A second call at the same time fails: it can only come from a callback.
fn worker<T>(lock: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    lock.try_lock().map_err(|error| match error {
        TryLockError::Poisoned(_) => Failure::Poisoned,
        TryLockError::WouldBlock => Failure::Internal("the object is in use"),
    })
}

macro_rules! accessors {
    ($($name:ident: $variant:ident => $value:ty),* $(,)?) => {
        $(pub(crate) fn $name<'a>(handle: jlong) -> Result<&'a $value> {
            match Object::of(handle)? {
                Object::$variant(value) => Ok(value),
                _ => Err(WRONG),
            }
        })*
    };
}

accessors! {
    trail: Trail => Trail,
    filter: Filter => Select,
    catalog: Catalog => Catalog,
    table: Table => Arc<TableDef>,
    block: Block => ChangeBlock,
    reader_lock: Reader => Mutex<ChangeReader>,
    records_lock: Records => Mutex<Records>,
    batches_lock: Batches => Mutex<Batches>,
    writer_lock: Writer => Mutex<Rows>,
    tail: Tail => Live,
    tail_handle: TailHandle => TailHandle,
    hub_lock: Hub => Mutex<Hub>,
    pipelines_lock: Pipelines => Mutex<Supervisor>,
}

pub(crate) fn reader<'a>(handle: jlong) -> Result<MutexGuard<'a, ChangeReader>> {
    worker(reader_lock(handle)?)
}

pub(crate) fn records<'a>(handle: jlong) -> Result<MutexGuard<'a, Records>> {
    worker(records_lock(handle)?)
}

pub(crate) fn batches<'a>(handle: jlong) -> Result<MutexGuard<'a, Batches>> {
    worker(batches_lock(handle)?)
}

pub(crate) fn writer<'a>(handle: jlong) -> Result<MutexGuard<'a, Rows>> {
    worker(writer_lock(handle)?)
}

pub(crate) fn receiving<'a>(handle: jlong) -> Result<MutexGuard<'a, Receiving>> {
    worker(&tail(handle)?.receiving)
}

pub(crate) fn hub<'a>(handle: jlong) -> Result<MutexGuard<'a, Hub>> {
    worker(hub_lock(handle)?)
}

pub(crate) fn pipelines<'a>(handle: jlong) -> Result<MutexGuard<'a, Supervisor>> {
    worker(pipelines_lock(handle)?)
}
