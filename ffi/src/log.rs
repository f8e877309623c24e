//! The log: messages that no function can return. It is the only global state of the library.

use std::ffi::{c_char, c_void};
use std::sync::{Once, RwLock};

use crate::status::tc_status;

/// The severity of a log message.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_log_level {
    /// A bug in the library, such as a panic that was caught.
    TC_LOG_ERROR = 1,
    /// A mistake of the caller that no status can report, such as freeing an object in use.
    TC_LOG_WARNING = 2,
    /// Information, such as damage that was skipped, and the events of a live trail.
    TC_LOG_INFO = 3,
}

/// Receives a log message: `length` bytes of UTF-8 followed by a NUL, valid during the call. Messages never contain column
/// data. It is called from threads that call the library, and from the library's own. It must not throw and not longjmp.
pub type tc_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, level: tc_log_level, message: *const c_char, length: usize)>;

#[derive(Clone, Copy)]
struct Sink(unsafe extern "C" fn(*mut c_void, tc_log_level, *const c_char, usize), *mut c_void);

// SAFETY: the header requires a callback that any thread may call with this pointer.
unsafe impl Send for Sink {}
// SAFETY: as above.
unsafe impl Sync for Sink {}

impl tc_log_level {
    fn of(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::TC_LOG_ERROR,
            tracing::Level::WARN => Self::TC_LOG_WARNING,
            _ => Self::TC_LOG_INFO,
        }
    }
}

/// Sends what is traced to the log, once there is one.
static FORWARD: Once = Once::new();

static SINK: RwLock<Option<Sink>> = RwLock::new(None);

/// Sets the log callback of the process, and `user` as its argument. With a NULL `callback`, messages are dropped, as they are
/// initially. The last call wins. When it returns, the previous callback may still be running in another thread; it is not
/// called again after that.
///
/// Any thread may call it, but not the callback itself. `callback` and `user` may be NULL. Always `TC_OK`.
/// Example: `tc_log_set(write_to_our_log, our_log);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_log_set(callback: tc_log_callback, user: *mut c_void) -> tc_status {
    FORWARD.call_once(|| {
        trailcore_stream::forward_log(|level, line| send(tc_log_level::of(level), line));
    });
    *SINK.write().unwrap_or_else(std::sync::PoisonError::into_inner) = callback.map(|callback| Sink(callback, user));
    tc_status::TC_OK
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
        // SAFETY: the header states the rules for the callback; the text is valid during the call.
        unsafe { callback(user, level, text.as_ptr().cast(), message.len()) }
    }
}
