//! How to read.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

use trailcore::{Charset, ReadOptions};

use crate::boundary::Outcome;
use crate::catalog::tc_catalog;
use crate::handle::lend_optional;
use crate::select::tc_select;
use crate::text::{Flag, Sized_, optional_text, read_struct};
use crate::time::tc_position;

/// How far a reader has come. It reads ahead of what it hands out, by a block or so.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_progress {
    /// The end of what has been read.
    pub position: tc_position,
    /// Bytes read so far, over all files. `tc_trail_size` has the whole.
    pub bytes: u64,
}

/// Is called as reading goes on, with each block of about a megabyte, by the thread that reads. True to go on; false ends the
/// call that reads with `TC_ERR_CANCELLED`, and a further call goes on. It must neither throw nor jump out, and calls that use
/// the reader give `TC_ERR_BUSY`.
pub type tc_watch = Option<unsafe extern "C" fn(user: *mut c_void, progress: *const tc_progress) -> Flag>;

/// How to read a trail. All zero but `size` is the default: from the start, changes only, stopping at damage. What it points
/// to is needed for the call alone, but for `watch_user`.
///
/// Example: `tc_read_options options = {0}; options.size = sizeof options; options.resync = true;`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_read_options {
    /// `sizeof(tc_read_options)`.
    pub size: usize,
    /// Where to start, which must be the start of a record; NULL for the start of the trail. Of a transaction that began in
    /// an earlier file, CSN and id are not known then.
    pub from: *const tc_position,
    /// Definitions for tables that the trail itself does not define; NULL for none.
    pub catalog: *const tc_catalog,
    /// The changes that are wanted; NULL for all.
    pub select: *const tc_select,
    /// The name of the database's character set, against what the trail says; NULL for what it says.
    pub charset: *const c_char,
    /// Called as reading goes on; NULL for nothing.
    pub watch: tc_watch,
    /// Handed on to `watch`.
    pub watch_user: *mut c_void,
    /// Hand out metadata, markers and records of types that are not understood too, as `TC_OP_METADATA` and `TC_OP_OTHER`.
    pub all: Flag,
    /// Pass over damage to the next provable record, over missing files, and over rows whose definition was lost.
    /// `tc_reader_skipped` tells what was passed over.
    pub resync: Flag,
    /// Map files into memory instead of reading them, where the library is built so. A mapped file that another process cuts
    /// short kills this one.
    pub mapped: Flag,
}

// SAFETY: it starts with its size; the rest are pointers, of which null ones are allowed, and bytes.
unsafe impl Sized_ for tc_read_options {}

struct Watch(unsafe extern "C" fn(*mut c_void, *const tc_progress) -> Flag, *mut c_void);

// SAFETY: the header says that the thread that reads calls it, which may be any.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Sync for Watch {}

impl Watch {
    fn call(&self, progress: trailcore::source::Progress) -> ControlFlow<()> {
        let progress = tc_progress { position: progress.position.into(), bytes: progress.bytes };
        // SAFETY: the header says what the function may and may not do; what it is given lives for the call.
        if unsafe { (self.0)(self.1, &raw const progress) } != 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// The options of a caller; null stands for the default.
///
/// # Safety
/// As `read_struct`, and its pointers are as `lend_optional` and `optional_text` need them.
pub(crate) unsafe fn read_options(options: *const tc_read_options) -> Outcome<ReadOptions> {
    if options.is_null() {
        return Ok(ReadOptions::new());
    }
    // SAFETY: as the caller says.
    unsafe {
        let given = read_struct(options, "options")?;
        let mut options =
            ReadOptions::new().include_non_changes(given.all != 0).resync(given.resync != 0).mapped(given.mapped != 0);
        if !given.from.is_null() {
            options = options.start_at(given.from.read_unaligned().into());
        }
        if let Some(catalog) = lend_optional(given.catalog)? {
            options = options.catalog(catalog.0.clone());
        }
        if let Some(select) = lend_optional(given.select)? {
            options = options.select(select.0.clone());
        }
        if let Some(name) = optional_text(given.charset, "charset")? {
            options = options.charset(Charset::from_name(name));
        }
        if let Some(watch) = given.watch {
            let watch = Watch(watch, given.watch_user);
            options = options.on_progress(move |progress| watch.call(progress));
        }
        Ok(options)
    }
}
