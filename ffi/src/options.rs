//! Read options.

use std::ffi::{c_char, c_void};
use std::ops::ControlFlow;

use trailcore::{Charset, ReadOptions};

use crate::catalog::tc_catalog;
use crate::prelude::*;
use crate::select::tc_select;
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

/// How to read a trail. All zero except `size` is the default: from the start, only changes, stopping at damage. The objects
/// that it points to, except `watch_user`, are only needed during the call.
///
/// Example: `tc_read_options options = {0}; options.size = sizeof options; options.resync = true;`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_read_options {
    /// `sizeof(tc_read_options)`.
    pub size: usize,
    /// The position to start at, which must be the start of a record; NULL for the start of the trail. The CSN and id of a
    /// transaction that began in an earlier file are then not known.
    pub from: *const tc_position,
    /// Definitions of tables that the trail does not define itself; NULL for none.
    pub catalog: *const tc_catalog,
    /// The selection of changes; NULL for all.
    pub select: *const tc_select,
    /// The name of the character set of the database, overriding the one that the trail states; NULL to use that one.
    pub charset: *const c_char,
    /// Called during reading; NULL for no callback.
    pub watch: tc_watch,
    /// The argument of `watch`.
    pub watch_user: *mut c_void,
    /// Also return metadata, markers and records of unknown types, as `TC_OP_METADATA` and `TC_OP_OTHER`.
    pub all: Flag,
    /// Skip damage up to the next provable record, missing files, and rows whose definition was lost. `tc_reader_skipped`
    /// reports the skipped ranges.
    pub resync: Flag,
    /// Map files into memory instead of reading them, if the library is built with this feature. If another process truncates a
    /// mapped file, this process is killed.
    pub mapped: Flag,
}

// SAFETY: it starts with its size. The other members are pointers and bytes, which may be zero.
unsafe impl VersionedStruct for tc_read_options {}

struct Watch(unsafe extern "C" fn(*mut c_void, *const tc_progress) -> Flag, *mut c_void);

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

/// Converts the options of a caller; null stands for the default.
///
/// # Safety
/// As `read_struct`, and its pointers fulfil the contract of `borrow_optional` and `optional_text`.
pub(crate) unsafe fn read_options(options: *const tc_read_options) -> Outcome<ReadOptions> {
    if options.is_null() {
        return Ok(ReadOptions::new());
    }
    // SAFETY: guaranteed by the caller.
    unsafe {
        let given = read_struct(options, "options")?;
        let mut options =
            ReadOptions::new().include_non_changes(given.all != 0).resync(given.resync != 0).mapped(given.mapped != 0);
        if !given.from.is_null() {
            options = options.start_at(given.from.read_unaligned().read()?);
        }
        if let Some(catalog) = borrow_optional(given.catalog)? {
            options = options.catalog(catalog.0.clone());
        }
        if let Some(select) = borrow_optional(given.select)? {
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
