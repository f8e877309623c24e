//! Options: documents, and the objects that are not part of them.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

use trailcore::filter::Select;
use trailcore::{Catalog, ReadOptions};

use crate::prelude::*;
use crate::time::tc_position;

/// The progress of a reader. It reads ahead of the changes that it returns, by about one block.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_progress {
    /// The end of the range that has been read.
    pub position: tc_position,
    /// Bytes read so far, over all files. `tc_trail_size` returns the total.
    pub bytes: u64,
}

/// Called during reading, for each block of about a megabyte, by the thread that reads. Return true to continue. Return false
/// to end the reading call with `TC_ERR_CANCELLED`; a further call continues. It must not throw and not longjmp. Calls that use
/// the reader return `TC_ERR_BUSY`.
pub type tc_watch = Option<unsafe extern "C" fn(user: *mut c_void, progress: *const tc_progress) -> Flag>;

#[derive(Clone, Copy)]
pub(crate) struct Watch(pub(crate) unsafe extern "C" fn(*mut c_void, *const tc_progress) -> Flag, pub(crate) *mut c_void);

// SAFETY: the header requires a callback that any reading thread may call.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Sync for Watch {}

impl Watch {
    fn call(&self, progress: trailcore::source::Progress) -> ControlFlow<()> {
        let progress = tc_progress { position: progress.position.into(), bytes: progress.bytes };
        // SAFETY: the header states the rules for the callback; its arguments are valid during the call.
        if unsafe { (self.0)(self.1, &raw const progress) } != 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// The objects that readers of a trail use.
#[derive(Clone, Default)]
pub(crate) struct Objects {
    pub(crate) catalog: Option<Catalog>,
    pub(crate) select: Option<Select>,
    pub(crate) watch: Option<Watch>,
}

impl Objects {
    /// Reads a document of read options, and adds the objects.
    ///
    /// # Safety
    /// As [`document`].
    pub(crate) unsafe fn options(&self, options: *const c_char) -> Outcome<ReadOptions> {
        // SAFETY: guaranteed by the caller.
        let mut options = unsafe { document(options, ReadOptions::from_json) }?;
        if let Some(catalog) = &self.catalog {
            options = options.catalog(catalog.clone());
        }
        if let Some(select) = &self.select {
            options = options.select(select.clone());
        }
        let Some(watch) = self.watch else { return Ok(options) };
        Ok(options.on_progress(move |progress| watch.call(progress)))
    }
}

/// Reads a document of options; null stands for the default.
///
/// # Safety
/// As `optional_text`.
pub(crate) unsafe fn document<T>(options: *const c_char, read: fn(&str) -> trailcore::Result<T>) -> Outcome<T> {
    // SAFETY: guaranteed by the caller.
    let text = unsafe { optional_text(options, "options") }?;
    Ok(read(text.unwrap_or("{}"))?)
}
