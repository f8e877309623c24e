//! The log: what the library has to say beside what its functions return. The one thing that is global to it.

use std::ffi::{c_char, c_void};
use std::sync::RwLock;

use crate::boundary;
use crate::status::tc_status;

/// How much a message of the log matters.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_log_level {
    /// Something that the library itself has got wrong, such as a panic that was caught.
    TC_LOG_ERROR = 1,
    /// A mistake of the caller that no status could tell of, such as freeing an object in use.
    TC_LOG_WARNING = 2,
    /// Something to know, such as damage that was passed over.
    TC_LOG_INFO = 3,
}

/// Takes a message of the log: `length` bytes of UTF-8 with a NUL behind them, which live for the time of the call. Messages
/// never hold column data. It is called from any thread that calls the library, and must neither throw nor jump out.
pub type tc_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, level: tc_log_level, message: *const c_char, length: usize)>;

#[derive(Clone, Copy)]
struct Sink(unsafe extern "C" fn(*mut c_void, tc_log_level, *const c_char, usize), *mut c_void);

// SAFETY: the header asks for a callback that any thread may call with this pointer.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

static SINK: RwLock<Option<Sink>> = RwLock::new(None);

/// Sends the log to a callback, with `user` handed on to it; without one, where `callback` is NULL, it goes nowhere, as at
/// the start. The last call counts, for the whole process. When it returns, the callback of before may still be at work in
/// another thread, and is not called again after that.
///
/// Any thread may call it, but not the callback itself. `callback` and `user` may be NULL. Always `TC_OK`.
/// Example: `tc_log_set(write_to_our_log, our_log);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_log_set(callback: tc_log_callback, user: *mut c_void) -> tc_status {
    boundary::status(|| {
        *SINK.write().unwrap_or_else(std::sync::PoisonError::into_inner) = callback.map(|callback| Sink(callback, user));
        Ok(())
    })
}

pub(crate) fn error(message: &str) {
    send(tc_log_level::TC_LOG_ERROR, message);
}

pub(crate) fn misuse(message: &str) {
    send(tc_log_level::TC_LOG_WARNING, message);
}

pub(crate) fn info(message: &str) {
    send(tc_log_level::TC_LOG_INFO, message);
}

fn send(level: tc_log_level, message: &str) {
    let sink = *SINK.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(Sink(callback, user)) = sink {
        let text = format!("{message}\0");
        // SAFETY: the header says what the callback may and may not do; the text lives for the call.
        unsafe { callback(user, level, text.as_ptr().cast(), message.len()) }
    }
}
