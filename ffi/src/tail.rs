//! Live trails: a tail, which delivers changes while the trail is written.

use std::ffi::{c_char, c_void};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use trailcore::Error;
use trailcore_stream::{Checkpoint, CheckpointStore, FileStore, Item, Loaded, Receipt, Tail, TailHandle, TailOptions};

use crate::delivery::{Shared, tc_delivery};
use crate::options::document;
use crate::prelude::*;
use crate::ready::Ready;

/// Follows a trail while it is written, and delivers changes or whole transactions as soon as they are complete, across roll-over and
/// restarts. docs/live.md has the guarantees, and a runbook for each event.
///
/// Ownership: free it with `tc_tail_free`; its deliveries do not depend on it. Threads: one at a time waits for deliveries; all other
/// functions but `tc_tail_free` may be called by any thread meanwhile.
pub struct tc_tail {
    handle: TailHandle,
    receiving: Mutex<Receiving>,
    shared: Arc<Shared>,
}

handle::object!(tc_tail, b"tc_tail\0");

/// The source of deliveries.
enum Receiving {
    /// The thread that waits for them reads the trail.
    Here(Box<Tail>),
    /// A thread of the library reads the trail.
    Thread { items: Receiver<trailcore::Result<Item>>, ready: Arc<Ready>, failed: Option<Error> },
    /// Nowhere: it is closed, or could not be moved to a thread.
    Closed,
}

/// A checkpoint store of the caller, such as a table of the database that it writes to. Set all members.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_checkpoint_store {
    /// `sizeof(tc_checkpoint_store)`.
    pub size: usize,
    /// The first argument of the functions.
    pub user: *mut c_void,
    /// Appends the text that was stored last to a buffer with `tc_buffer_append`, or nothing if there is none. Returns false if it
    /// cannot be read. Called once, by `tc_tail_open_stored`.
    pub load: Option<unsafe extern "C" fn(user: *mut c_void, checkpoint: *mut tc_buffer) -> Flag>,
    /// Stores `length` bytes of text in place of the last one: all of it or nothing. Returns false if it was not stored: it is tried
    /// again later. Called by the thread that waits, acknowledges or closes, one at a time.
    pub store: Option<unsafe extern "C" fn(user: *mut c_void, checkpoint: *const c_char, length: usize) -> Flag>,
}

// SAFETY: it starts with its size. The other members are pointers, which may be zero.
unsafe impl VersionedStruct for tc_checkpoint_store {}

/// The store of a caller, whose functions are set.
struct CallersStore(tc_checkpoint_store);

// SAFETY: the header requires functions that any thread may call with this pointer, one at a time.
unsafe impl Send for CallersStore {}

impl CallersStore {
    fn failed(what: &str) -> Error {
        Error::write(Path::new("checkpoint"), io::Error::other(format!("the caller's function {what} has failed")))
    }
}

impl CheckpointStore for CallersStore {
    fn load(&mut self) -> trailcore::Result<Option<Loaded>> {
        let Some(load) = self.0.load else { return Err(Self::failed("load")) };
        let buffer = into_raw(tc_buffer::default());
        // SAFETY: the header states the rules for the function; the buffer is a live object.
        let loaded = unsafe { load(self.0.user, buffer) };
        // SAFETY: as above; the text is copied before the buffer is freed.
        let text = unsafe {
            let text = borrow(buffer.cast_const()).map(|buffer| buffer.content().to_vec());
            handle::free(buffer);
            text
        };
        let text = text.map_err(|_| Self::failed("load"))?;
        if loaded == 0 {
            return Err(Self::failed("load"));
        }
        let text = String::from_utf8(text).map_err(|_| Self::failed("load"))?;
        if text.is_empty() { Ok(None) } else { Checkpoint::from_json(&text).map(|checkpoint| Some(checkpoint.into())) }
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> trailcore::Result<()> {
        let text = checkpoint.to_json()?;
        let Some(store) = self.0.store else { return Err(Self::failed("store")) };
        // SAFETY: the header states the rules for the function; the text is valid during the call.
        let stored = unsafe { store(self.0.user, text.as_ptr().cast(), text.len()) };
        if stored != 0 { Ok(()) } else { Err(Self::failed("store")) }
    }
}

impl tc_tail {
    pub(crate) fn new(tail: Tail) -> Self {
        Self { handle: tail.handle(), receiving: Mutex::new(Receiving::Here(Box::new(tail))), shared: Arc::default() }
    }

    /// Returns the source of deliveries, which one thread uses at a time.
    fn receiving(&self) -> Outcome<MutexGuard<'_, Receiving>> {
        self.receiving.try_lock().map_err(|error| match error {
            std::sync::TryLockError::WouldBlock => Failure::misuse(
                tc_status::TC_ERR_BUSY,
                "another thread waits for deliveries of this tc_tail; tc_tail_stop and tc_tail_wake end its wait",
            ),
            std::sync::TryLockError::Poisoned(_) => {
                Failure::misuse(tc_status::TC_ERR_POISONED, "a panic left this tc_tail in an unknown state; it can only be freed")
            }
        })
    }

    /// Waits for the next item; `None` after a time, or if the tail is stopped.
    fn next(&self, wait: Option<Duration>) -> Outcome<Option<Item>> {
        match &mut *self.receiving()? {
            Receiving::Here(tail) => Ok(match wait {
                Some(time) => tail.recv_timeout(time)?,
                None => tail.recv()?,
            }),
            Receiving::Thread { items, ready, failed } => {
                let item = ready.take(
                    || match wait {
                        Some(time) => items.recv_timeout(time),
                        None => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
                    },
                    || items.is_empty(),
                );
                match (item, failed) {
                    (Ok(Ok(item)), _) => Ok(Some(item)),
                    (Ok(Err(error)), failed) => Err(failed.insert(error).clone().into()),
                    (Err(RecvTimeoutError::Disconnected), Some(error)) => Err(error.clone().into()),
                    (Err(_), _) => Ok(None),
                }
            }
            Receiving::Closed => Ok(None),
        }
    }

    fn deliver(&self, wait: Option<Duration>) -> Outcome<Option<tc_delivery>> {
        Ok(match self.next(wait)? {
            Some(item) => Some(tc_delivery::new(&item, &self.shared)?),
            None => None,
        })
    }

    /// Moves the reading to a thread. Returns what is readable while deliveries wait.
    fn descriptor(&self, queue: usize) -> Outcome<i32> {
        let mut receiving = self.receiving()?;
        if matches!(*receiving, Receiving::Here(_)) {
            let ready = Arc::new(Ready::new().map_err(|error| Error::write(Path::new("pipe"), error))?);
            let signal = Arc::clone(&ready);
            if let Receiving::Here(tail) = std::mem::replace(&mut *receiving, Receiving::Closed) {
                let (_, items) = tail.into_channel_with(queue, move |is_end| if is_end { signal.end() } else { signal.set() })?;
                *receiving = Receiving::Thread { items, ready, failed: None };
            }
        }
        match &*receiving {
            Receiving::Thread { ready, .. } => Ok(ready.descriptor()),
            _ => Err(Failure::argument("the tail is closed")),
        }
    }

    /// Stops it and stores what is acknowledged. The files and the checkpoint are free afterwards.
    fn close(&self) -> Outcome {
        self.handle.stop();
        self.receiving()?.end();
        Ok(self.handle.close()?)
    }
}

impl Receiving {
    /// Waits until the thread of a tail that is stopped has ended, and drops the tail.
    fn end(&mut self) {
        if let Self::Thread { items, .. } = self {
            items.iter().for_each(drop);
        }
        *self = Self::Closed;
    }
}

impl Drop for tc_tail {
    /// No function of the caller runs after this.
    fn drop(&mut self) {
        self.handle.stop();
        if let Ok(receiving) = self.receiving.get_mut() {
            receiving.end();
        }
    }
}

/// Returns the store of a checkpoint's file, which may be NULL for none.
///
/// # Safety
/// As [`optional_text`].
pub(crate) unsafe fn file_store(checkpoint: *const c_char) -> Outcome<Option<Box<dyn CheckpointStore>>> {
    // SAFETY: guaranteed by the caller.
    let file = unsafe { optional_text(checkpoint, "checkpoint") }?;
    Ok(file.map(|file| Box::new(FileStore::new(file)) as _))
}

fn duration(milliseconds: i64) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// Follows the trail at a path: a prefix such as dirdat/lt, whose files need not exist yet, a trail file to start with, or a directory
/// that holds one trail.
///
/// `options` may be NULL for the default; docs/schema/tail-options.json has its form: the selection (`select`), the options of reading
/// (`read`), where to start, changes or transactions, policies of events. `checkpoint` is the file of the checkpoint; it may be NULL for
/// none. Errors: `TC_ERR_NOT_FOUND` without a folder for the trail; `TC_ERR_INVALID_ARGUMENT` for a checkpoint of another trail or
/// selection, and if another process uses it; `TC_ERR_SEQUENCE_GAP` if files that it needs are missing.
/// Example: `tc_tail_open("dirdat/lt", "{\"delivery\":\"transactions\"}", "sales.checkpoint", &tail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_open(
    place: *const c_char,
    options: *const c_char,
    checkpoint: *const c_char,
    tail: *mut *mut tc_tail,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(tail, || {
            let (place, options) = (path(place, "place")?, document(options, TailOptions::from_json)?);
            Ok(tc_tail::new(Tail::open_stored(place, options, file_store(checkpoint)?)?))
        })
    })
}

/// As `tc_tail_open`, with a checkpoint store of the caller. `options` may be NULL. The struct is copied; its functions and `user` have to stay valid until
/// `tc_tail_free`.
///
/// Errors: as `tc_tail_open`, and `TC_ERR_BAD_ARGUMENT` if a function of the store is NULL.
/// Example: `tc_checkpoint_store store = {sizeof store, table, load, save}; tc_tail_open_stored("dirdat/lt", NULL, &store, &tail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_open_stored(
    place: *const c_char,
    options: *const c_char,
    store: *const tc_checkpoint_store,
    tail: *mut *mut tc_tail,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(tail, || {
            let (place, options) = (path(place, "place")?, document(options, TailOptions::from_json)?);
            let store = callers_store(store)?;
            Ok(tc_tail::new(Tail::open_with(place, options, store)?))
        })
    })
}

/// # Safety
/// As [`read_struct`].
unsafe fn callers_store(store: *const tc_checkpoint_store) -> Outcome<CallersStore> {
    // SAFETY: guaranteed by the caller.
    let store = unsafe { read_struct(store, "store") }?;
    if store.load.is_none() || store.store.is_none() {
        return Err(Failure::argument("the store has no function load or store"));
    }
    Ok(CallersStore(store))
}

/// Frees a tail. What is acknowledged is stored first; `tc_tail_close` reports errors of that. NULL is fine.
///
/// Example: `tc_tail_free(tail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_free(tail: *mut tc_tail) {
    if let Ok(Some(tail)) = borrow_optional(tail.cast_const()) {
        tail.handle.stop();
    }
    handle::free(tail)
}

/// Waits for the next delivery, at most for a time in milliseconds; -1 waits without end, 0 does not wait. `*delivery` is NULL if none
/// has come in this time, and once the tail is stopped.
///
/// Ownership: free the delivery with `tc_delivery_free`. A further call after an error returns the same error. Errors: those of an event
/// whose policy is `stop`, and those of reading; `TC_ERR_BUSY` while another thread waits.
/// Example: `while (tc_tail_next(tail, -1, &delivery, &error) == TC_OK && delivery) { use(delivery); tc_delivery_free(delivery); }`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_next(
    tail: *const tc_tail,
    milliseconds: i64,
    delivery: *mut *mut tc_delivery,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || give_optional(delivery, || borrow(tail)?.deliver(duration(milliseconds))))
}

/// Takes a delivery. Return true to acknowledge it and to go on, false to end `tc_tail_run`. The delivery is valid during the call. It
/// must not throw and not longjmp.
pub type tc_deliver = Option<unsafe extern "C" fn(user: *mut c_void, delivery: *mut tc_delivery) -> Flag>;

/// Calls a function for each delivery, in this thread, until the tail is stopped, the function returns false, or an error occurs. A
/// delivery is acknowledged once the function has returned true.
///
/// `user` may be NULL. Errors: as `tc_tail_next` and `tc_tail_acknowledge`.
/// Example: `tc_tail_run(tail, write_to_queue, queue, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_run(
    tail: *const tc_tail,
    deliver: tc_deliver,
    user: *mut c_void,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let tail = borrow(tail)?;
        let Some(deliver) = deliver else { return Err(Failure::null("deliver")) };
        while let Some(delivery) = tail.deliver(None)? {
            let number = delivery.number();
            let delivery = into_raw(delivery);
            // SAFETY: the header states the rules for the function; the delivery is a live object.
            let goes_on = unsafe { deliver(user, delivery) };
            handle::free(delivery);
            if goes_on == 0 {
                break;
            }
            acknowledge(tail, number)?;
        }
        Ok(())
    })
}

fn acknowledge(tail: &tc_tail, number: u64) -> Outcome {
    // Events have the number 0, and need no acknowledgement.
    if number != 0 {
        tail.handle.acknowledge(&Receipt::of(number))?;
    }
    Ok(())
}

/// Acknowledges the delivery with a number, see `tc_delivery_number`: the caller is responsible for it from now on. Any order is fine;
/// the checkpoint is never after the oldest delivery that is not acknowledged.
///
/// Errors: `TC_ERR_INVALID_ARGUMENT` if no delivery of this tail has the number; the errors of the store, after which the
/// acknowledgement counts nevertheless.
/// Example: `tc_tail_acknowledge(tail, number, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_acknowledge(tail: *const tc_tail, number: u64, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || acknowledge(borrow(tail)?, number))
}

/// Stops a tail, for ever: a call that waits returns at once, and every later one. A signal handler must not call it.
///
/// Example: `tc_tail_stop(tail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_stop(tail: *const tc_tail) -> tc_status {
    status(|| {
        borrow(tail)?.handle.stop();
        Ok(())
    })
}

/// Ends the current or the next wait: the tail looks at the files at once.
///
/// Example: `tc_tail_wake(tail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_wake(tail: *const tc_tail) -> tc_status {
    status(|| {
        borrow(tail)?.handle.wake();
        Ok(())
    })
}

/// Accepts the event that the tail waits for, whose policy is `wait`: it goes on as with `continue`.
///
/// Example: `tc_tail_resume(tail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_resume(tail: *const tc_tail) -> tc_status {
    status(|| {
        borrow(tail)?.handle.resume();
        Ok(())
    })
}

/// Returns a file descriptor that is readable while deliveries wait, and once the tail has ended, for `poll`, `epoll` and event loops.
/// From the first call on a thread of the library reads the trail; at most `queue` deliveries wait. When the descriptor is readable, call
/// `tc_tail_next` with 0 until there is none.
///
/// Ownership: the descriptor belongs to the tail; do not read from it and do not close it. Errors: `TC_ERR_BAD_ARGUMENT` if `queue` is 0
/// or the tail is closed; `TC_ERR_IO` without a thread or descriptor.
/// Example: `tc_tail_descriptor(tail, 16, &ready, &error); struct pollfd wait = {ready, POLLIN, 0};`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_descriptor(
    tail: *const tc_tail,
    queue: usize,
    descriptor: *mut i32,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        let descriptor = out(descriptor, -1, "descriptor")?;
        let tail = borrow(tail)?;
        if queue == 0 {
            return Err(Failure::argument("queue must be at least 1"));
        }
        *descriptor = tail.descriptor(queue)?;
        Ok(())
    })
}

/// Appends how far delivery, acknowledgement and checkpoint are to a buffer, as JSON: `delivered`, `acknowledged` and `stored` are
/// positions.
///
/// Example: `tc_tail_progress(tail, report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_progress(tail: *const tc_tail, report: *mut tc_buffer, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || borrow_mut(report)?.append_text(&json(&borrow(tail)?.handle.progress())?))
}

/// Appends the distance to the end of the trail to a buffer, as JSON of the form of docs/schema/lag.json: bytes and files, ages, rates and
/// the keep-up ratio.
///
/// Errors: `TC_ERR_IO` if the files cannot be listed.
/// Example: `tc_tail_lag(tail, report, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_lag(tail: *const tc_tail, report: *mut tc_buffer, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || borrow_mut(report)?.append_text(&json(&borrow(tail)?.handle.lag()?)?))
}

fn json(report: &impl serde::Serialize) -> Outcome<String> {
    Ok(serde_json::to_string(report).map_err(|error| Error::internal(&error.to_string()))?)
}

/// Stops a tail, stores what is acknowledged, and closes its files. Deliveries that wait are dropped. It still has to be freed.
///
/// Errors: the errors of the store; `TC_ERR_BUSY` while a thread waits: the tail is stopped nevertheless, so call it again.
/// Example: `tc_tail_close(tail, &error); tc_tail_free(tail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_tail_close(tail: *const tc_tail, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || borrow(tail)?.close())
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;

    /// The facts that the functions of the store know.
    #[derive(Default)]
    struct Known {
        freed: AtomicBool,
        stored: AtomicU64,
        too_late: AtomicBool,
    }

    unsafe extern "C" fn load(_: *mut c_void, _: *mut tc_buffer) -> Flag {
        1
    }

    unsafe extern "C" fn store(user: *mut c_void, _: *const c_char, _: usize) -> Flag {
        // SAFETY: the pointer of the test, which lives as long as the process.
        let known = unsafe { &*user.cast::<Known>() };
        std::thread::sleep(Duration::from_millis(60));
        known.stored.fetch_add(1, Ordering::SeqCst);
        known.too_late.fetch_or(known.freed.load(Ordering::SeqCst), Ordering::SeqCst);
        1
    }

    #[test]
    fn no_function_of_the_store_runs_after_a_tail_with_a_thread_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        trailcore_samples::write_bank(folder.path(), &trailcore_samples::Bank::small()).unwrap();
        let place = CString::new(folder.path().join("bk").to_str().unwrap()).unwrap();
        let known: &'static Known = Box::leak(Box::default());
        let user = std::ptr::from_ref(known).cast_mut().cast();
        let size = std::mem::size_of::<tc_checkpoint_store>();
        let functions = tc_checkpoint_store { size, user, load: Some(load), store: Some(store) };
        let (mut tail, mut error, mut delivery) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        let (mut number, mut ready) = (0, -1);
        let options = c"{\"checkpoint_interval\":3600000,\"batch\":1}";
        // SAFETY: all pointers are those of live objects.
        unsafe {
            let opened =
                tc_tail_open_stored(place.as_ptr(), options.as_ptr(), &raw const functions, &raw mut tail, &raw mut error);
            assert_eq!(opened, tc_status::TC_OK);
            assert_eq!(tc_tail_descriptor(tail, 4, &raw mut ready, &raw mut error), tc_status::TC_OK);
            let mut acknowledge_next = || {
                assert_eq!(tc_tail_next(tail, -1, &raw mut delivery, &raw mut error), tc_status::TC_OK);
                crate::delivery::tc_delivery_number(delivery, &raw mut number);
                crate::delivery::tc_delivery_free(delivery);
                assert_eq!(tc_tail_acknowledge(tail, number, &raw mut error), tc_status::TC_OK);
            };
            // A delivery may be an event, which moves no checkpoint.
            while known.stored.load(Ordering::SeqCst) == 0 {
                acknowledge_next();
            }
            (0..3).for_each(|_| acknowledge_next());
            // They are stored by the thread, when it ends.
            assert_eq!(known.stored.load(Ordering::SeqCst), 1);
            tc_tail_free(tail);
        }
        known.freed.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!((known.stored.load(Ordering::SeqCst), known.too_late.load(Ordering::SeqCst)), (2, false));
    }
}
