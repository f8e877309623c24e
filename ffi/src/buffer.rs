//! Buffers: memory for text that the library makes, used over and over.

use crate::boundary::{self, Outcome};
use crate::handle::{self, Object, exclusive, give, lend};
use crate::status::tc_status;
use crate::text::{out, tc_str};

/// Memory for text that the library makes, used over and over: JSON lines, explanations. Functions append to it.
///
/// Ownership: free it with `tc_buffer_free`. Threads: one at a time, but for const functions.
pub struct tc_buffer {
    pub(crate) bytes: Vec<u8>,
    /// How many of them are text; a NUL follows.
    pub(crate) length: usize,
}

handle::object!(tc_buffer, b"tc_bufr\0");

impl tc_buffer {
    /// Appends what `write` writes; nothing where it fails.
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

    fn text(&self) -> tc_str {
        tc_str { data: self.bytes.as_ptr().cast(), length: self.length }
    }
}

/// Makes an object, and gives it to the caller of a function.
///
/// # Safety
/// `place` is null or may be written.
pub(crate) unsafe fn give_to<T: Object>(place: *mut *mut T, make: impl FnOnce() -> Outcome<T>) -> Outcome {
    // SAFETY: as the caller says.
    let place = unsafe { out(place, std::ptr::null_mut(), T::NAME) }?;
    *place = give(make()?);
    Ok(())
}

/// Makes an empty buffer.
///
/// Ownership: `*buffer` is the caller's, to be freed with `tc_buffer_free`. Any thread may call it.
/// Errors: `TC_ERR_NULL_POINTER`.
/// Example: `tc_buffer *line; tc_buffer_new(&line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_new(buffer: *mut *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `give_to` needs them.
    boundary::status(|| unsafe { give_to(buffer, || Ok(tc_buffer { bytes: vec![0], length: 0 })) })
}

/// Frees a buffer. NULL is fine.
///
/// Example: `tc_buffer_free(line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_free(buffer: *mut tc_buffer) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(buffer) }
}

/// The text in a buffer, with a NUL behind it. It lives until the buffer is appended to, cleared or freed.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_str text; tc_buffer_text(line, &text); fwrite(text.data, 1, text.length, stdout);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_text(buffer: *const tc_buffer, text: *mut tc_str) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `out` and `lend` need them.
    boundary::status(|| unsafe {
        let text = out(text, tc_str::NONE, "text")?;
        *text = lend(buffer)?.text();
        Ok(())
    })
}

/// Empties a buffer; its memory is kept for what comes next.
///
/// Threads: one at a time. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_buffer_clear(line);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_buffer_clear(buffer: *mut tc_buffer) -> tc_status {
    // SAFETY: the header asks the caller for a pointer that is as `exclusive` needs it.
    boundary::status(|| unsafe {
        let mut buffer = exclusive(buffer)?;
        buffer.length = 0;
        buffer.append(|_| Ok(()))
    })
}
