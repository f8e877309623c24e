//! Buffers: reusable memory for text.

use std::ffi::c_char;

use crate::failure::{Failure, Outcome, status};
use crate::handle::{self, Object, borrow, borrow_mut, into_raw};
use crate::status::tc_status;
use crate::text::{array, give, out, tc_str};

/// Reusable memory for text that the library creates, such as JSON lines and explanations. Functions append to it.
///
/// Ownership: free it with `tc_buffer_free`. Threads: one at a time, except for const functions.
pub struct tc_buffer {
    pub(crate) bytes: Vec<u8>,
    /// The number of bytes that are text; a NUL follows.
    pub(crate) length: usize,
}

handle::object!(tc_buffer, b"tc_bufr\0");

impl Default for tc_buffer {
    fn default() -> Self {
        Self { bytes: vec![0], length: 0 }
    }
}

impl tc_buffer {
    /// Appends the output of `write`, or nothing if it fails.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Outcome) -> Outcome {
        self.bytes.truncate(self.length);
        let outcome = write(&mut self.bytes);
        if outcome.is_err() {
            self.bytes.truncate(self.length);
        }
        self.length = self.bytes.len();
        self.bytes.push(0);
        outcome
    }

    pub(crate) fn append_text(&mut self, text: &str) -> Outcome {
        self.append(|bytes| {
            bytes.extend_from_slice(text.as_bytes());
            Ok(())
        })
    }

    /// Returns the bytes of the text.
    pub(crate) fn content(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn text(&self) -> tc_str {
        tc_str { data: self.bytes.as_ptr().cast(), length: self.length }
    }
}

/// Creates an object and writes its handle to an out parameter.
///
/// # Safety
/// `place` is null or may be written.
pub(crate) unsafe fn give_to<T: Object>(place: *mut *mut T, make: impl FnOnce() -> Outcome<T>) -> Outcome {
    // SAFETY: guaranteed by the caller.
    let place = unsafe { out(place, std::ptr::null_mut(), T::NAME) }?;
    *place = into_raw(make()?);
    Ok(())
}

/// As [`give_to`], for an object that may not exist: the out parameter is null then.
///
/// # Safety
/// As [`give_to`].
pub(crate) unsafe fn give_optional<T: Object>(place: *mut *mut T, make: impl FnOnce() -> Outcome<Option<T>>) -> Outcome {
    // SAFETY: guaranteed by the caller.
    unsafe { give(place, T::NAME, || Ok(make()?.map_or(std::ptr::null_mut(), into_raw))) }
}

/// Creates an empty buffer.
///
/// Example: `tc_buffer *line; tc_buffer_new(&line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_new(buffer: *mut *mut tc_buffer) -> tc_status {
    status(|| give_to(buffer, || Ok(tc_buffer::default())))
}

/// Frees a buffer. NULL is fine.
///
/// Example: `tc_buffer_free(line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_free(buffer: *mut tc_buffer) {
    handle::free(buffer)
}

/// Returns the text in a buffer, followed by a NUL. It is valid until the buffer is appended to, cleared or freed.
///
/// Example: `tc_str text; tc_buffer_text(line, &text); fwrite(text.data, 1, text.length, stdout);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_text(buffer: *const tc_buffer, text: *mut tc_str) -> tc_status {
    status(|| give(text, "text", || Ok(borrow(buffer)?.text())))
}

/// Appends `length` bytes of UTF-8 to a buffer, for functions of the caller that return a text.
///
/// `text` may be NULL if `length` is 0. Errors: `TC_ERR_BAD_ARGUMENT` if the bytes are not UTF-8.
/// Example: `tc_buffer_append(checkpoint, row->text, row->length);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_append(buffer: *mut tc_buffer, text: *const c_char, length: usize) -> tc_status {
    status(|| {
        let text = std::str::from_utf8(array(text.cast::<u8>(), length, "text")?);
        borrow_mut(buffer)?.append_text(text.map_err(|_| Failure::argument("text is not valid UTF-8"))?)
    })
}

/// Empties a buffer and keeps its memory.
///
/// Example: `tc_buffer_clear(line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_clear(buffer: *mut tc_buffer) -> tc_status {
    status(|| {
        let mut buffer = borrow_mut(buffer)?;
        buffer.length = 0;
        buffer.append(|_| Ok(()))
    })
}
