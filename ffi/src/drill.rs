//! Functions for tests, only in test builds.

use crate::boundary::fallible;
use crate::buffer::tc_buffer;
use crate::error::tc_error;
use crate::handle::borrow_mut;
use crate::status::tc_status;

/// Panics on purpose while it uses a buffer, for tests.
///
/// Threads: one at a time. `error` may be NULL. Errors: `TC_ERR_PANIC`, after which the buffer is poisoned.
/// Example: `assert(tc_drill_panic(buffer, &error) == TC_ERR_PANIC);`
#[unsafe(no_mangle)]
#[allow(clippy::panic)]
pub unsafe extern "C" fn tc_drill_panic(buffer: *mut tc_buffer, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || {
        let mut buffer = borrow_mut(buffer)?;
        buffer.append_text("before the panic")?;
        panic!("a panic on purpose")
    })
}
