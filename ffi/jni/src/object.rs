//! What a Java object holds on to: a boxed object behind a number.
//!
//! A number is given out once and comes back until it is freed; `NativeObject.java` sees to it that no call uses it after
//! that. What an object is is checked at each call.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use jni::sys::jlong;
use trailcore::filter::Select;
use trailcore::source::Summary;
use trailcore::{Catalog, TableDef, Trail};

use crate::batches::Batches;
use crate::failure::{Failure, Result};
use crate::reader::ChangeReader;
use crate::records::Records;
use crate::writer::Rows;

/// All kinds of objects. Values are shared by any number of threads; those that work have a lock, which also remembers a
/// panic.
#[derive(Debug)]
pub(crate) enum Object {
    Trail(Trail),
    Filter(Select),
    Catalog(Catalog),
    Table(Arc<TableDef>),
    Summary(Box<Summary>),
    Reader(Box<Mutex<ChangeReader>>),
    Records(Box<Mutex<Records>>),
    Batches(Box<Mutex<Batches>>),
    Writer(Box<Mutex<Rows>>),
}

static LIVE: AtomicI64 = AtomicI64::new(0);

/// How many objects there are.
pub(crate) fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Counts an object that lives on its own, such as a stream that other code frees.
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
    /// Hands the object to Java.
    pub(crate) fn give(self) -> jlong {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Box::into_raw(Box::new(self)).expose_provenance() as jlong
    }

    /// The object behind a number.
    fn of<'a>(handle: jlong) -> Result<&'a Self> {
        let pointer = std::ptr::with_exposed_provenance::<Self>(handle as usize);
        // SAFETY: the number came from `give`, and Java does not use one that it has freed: a call that is under way keeps
        // its object from being freed. Only shared references are made of it.
        unsafe { pointer.as_ref() }.ok_or(Failure::Internal("an object that is not there"))
    }

    /// Frees the object behind a number.
    pub(crate) fn free(handle: jlong) {
        let pointer = std::ptr::with_exposed_provenance_mut::<Self>(handle as usize);
        if pointer.is_null() {
            return;
        }
        // SAFETY: the number came from `give`. Java frees each once, and when no call uses it.
        drop(unsafe { Box::from_raw(pointer) });
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

const WRONG: Failure = Failure::Internal("an object of another kind");

/// A worker for the time of one call. A second call at the same time is refused: it can only come from a callback.
fn worker<T>(lock: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    lock.try_lock().map_err(|error| match error {
        TryLockError::Poisoned(_) => Failure::Poisoned,
        TryLockError::WouldBlock => Failure::Internal("the object is at work"),
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
    summary: Summary => Summary,
    reader_lock: Reader => Mutex<ChangeReader>,
    records_lock: Records => Mutex<Records>,
    batches_lock: Batches => Mutex<Batches>,
    writer_lock: Writer => Mutex<Rows>,
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
