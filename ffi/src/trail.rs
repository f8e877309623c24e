//! Trails and the sources of their bytes.

use std::ffi::{c_char, c_void};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use bytes::Bytes;
use trailcore::source::ByteSource;
use trailcore::{Position, ReadOptions, Timestamp, Trail};

use crate::catalog::tc_catalog;
use crate::header::tc_file_header;
use crate::options::{Objects, Watch, tc_watch};
use crate::prelude::*;
use crate::select::tc_select;
use crate::time::tc_position;

/// A trail: one file, or several in order. Opening reads no records. Files are never written.
///
/// Ownership: free it with `tc_trail_free`; its readers do not depend on it. Threads: several may use it concurrently, and any
/// number of readers may read it at once.
pub struct tc_trail(pub(crate) Trail, Objects);

handle::object!(tc_trail, b"tc_tral\0");

impl tc_trail {
    fn new(trail: Trail) -> Self {
        Self(trail, Objects::default())
    }

    /// Reads a document of read options, and adds the objects of the trail.
    ///
    /// # Safety
    /// As `optional_text`.
    pub(crate) unsafe fn options(&self, options: *const c_char) -> Outcome<ReadOptions> {
        // SAFETY: guaranteed by the caller.
        unsafe { self.1.options(options) }
    }
}

/// One file of a trail.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_file {
    /// Its path as it was opened, or its name if its bytes come from elsewhere. It is valid as long as the trail.
    pub path: tc_str,
    /// The sequence number in its name, if `has_seqno` is set. Otherwise the file header has it.
    pub seqno: u64,
    /// True if its name has a sequence number.
    pub has_seqno: bool,
}

/// A file of a trail in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_memory_file {
    /// Its name, which is copied. If it ends with 6 or 9 digits, they are the sequence number. Otherwise the file header has
    /// it.
    pub name: *const c_char,
    /// Its bytes, which are not copied.
    pub data: *const u8,
    /// The number of bytes.
    pub length: usize,
}

/// Called once, from any thread, when the library no longer needs an object.
pub type tc_release = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// A file of a trail whose bytes the caller reads: from an archive, an object store, another program. Its functions are called
/// by the threads that read, concurrently if several readers read. They must not throw and not longjmp.
///
/// A smaller `size` can leave out members at the end that are not set.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_source {
    /// `sizeof(tc_source)`.
    pub size: usize,
    /// Its name, which is copied. If it ends with 6 or 9 digits, they are the sequence number. Otherwise the file header has
    /// it.
    pub name: *const c_char,
    /// The first argument of the functions.
    pub user: *mut c_void,
    /// Returns the current number of bytes, or a negated `errno`.
    pub length: Option<unsafe extern "C" fn(user: *mut c_void) -> i64>,
    /// Reads at most `length` bytes from `offset` on, and returns their number. It returns fewer only near the end, 0 at or
    /// after the end, and a negated `errno` on failure.
    pub read: Option<unsafe extern "C" fn(user: *mut c_void, into: *mut u8, length: usize, offset: u64) -> i64>,
    /// Called once when the library no longer needs the source. It may be NULL.
    pub release: tc_release,
}

// SAFETY: it starts with its size. The other members are pointers, which may be zero.
unsafe impl VersionedStruct for tc_source {}

/// The callback to run when an object of the caller is no longer needed.
struct Release(tc_release, *mut c_void);

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(release) = self.0 {
            // SAFETY: the header requires a function that any thread may call once with this pointer.
            unsafe { release(self.1) }
        }
    }
}

// SAFETY: the header requires functions that any thread may call with this pointer.
unsafe impl Send for Release {}
// SAFETY: as above.
unsafe impl Sync for Release {}

/// Bytes of the caller.
struct Lent {
    data: *const u8,
    length: usize,
    _release: Arc<Release>,
}

// SAFETY: the header requires bytes that do not change until they are released.
unsafe impl Send for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: as above; the pointer was checked.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

/// A source of the caller.
struct Callbacks {
    source: tc_source,
    _release: Release,
}

// SAFETY: the header requires functions that several threads may call concurrently with this pointer.
unsafe impl Send for Callbacks {}
// SAFETY: as above.
unsafe impl Sync for Callbacks {}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callbacks")
    }
}

impl Callbacks {
    fn outcome(number: i64) -> io::Result<u64> {
        u64::try_from(number).map_err(|_| match i32::try_from(-i128::from(number)) {
            Ok(code) => io::Error::from_raw_os_error(code),
            Err(_) => io::Error::other("the source's error is no errno"),
        })
    }
}

impl ByteSource for Callbacks {
    fn size(&self) -> io::Result<u64> {
        let length = self.source.length.ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: the header states the rules for the function.
        Self::outcome(unsafe { length(self.source.user) })
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.source.read.ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: as above; it may write as many bytes as its length argument states.
        let count = Self::outcome(unsafe { read(self.source.user, into.as_mut_ptr(), into.len(), offset) })?;
        let count = usize::try_from(count).ok().filter(|count| *count <= into.len());
        count.ok_or_else(|| io::Error::other("the source has read more bytes than it was asked for"))
    }
}

/// Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail.
///
/// Errors: `TC_ERR_NOT_FOUND` if there is none, `TC_ERR_INVALID_ARGUMENT` if a directory has several, `TC_ERR_IO`.
/// Example: `tc_trail *trail; tc_error *error; if (tc_trail_open("dirdat/lt", &trail, &error) != TC_OK) fail(error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open(place: *const c_char, trail: *mut *mut tc_trail, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || give_to(trail, || Ok(tc_trail::new(Trail::open(path(place, "place")?)?))))
}

/// Opens a trail of exactly these files, in the order of the sequence numbers in their names, or as listed if a name has none.
///
/// Errors: `TC_ERR_NOT_FOUND` if one does not exist, `TC_ERR_INVALID_ARGUMENT` if the list is empty or a sequence number occurs
/// twice.
/// Example: `const char *files[] = {"lt000000007", "lt000000008"}; tc_trail_open_files(files, 2, &trail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open_files(
    files: *const *const c_char,
    count: usize,
    trail: *mut *mut tc_trail,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(trail, || {
            if files.is_null() {
                return Err(Failure::null("files"));
            }
            let files = array(files, count, "files")?;
            let paths = files.iter().map(|file| path(*file, "the path of a file")).collect::<Outcome<Vec<_>>>()?;
            Ok(tc_trail::new(Trail::open_files(&paths)?))
        })
    })
}

/// Opens a trail whose files are in memory, in order. They are not copied. They must stay unchanged until `release` is called
/// or, without it, until the trail, its readers and their blocks are freed. If the call fails, `release` is called before it
/// returns.
///
/// `release` and `user` may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` if the list is empty.
/// Example: `tc_memory_file file = {"lt000000000", bytes, length}; tc_trail_open_memory(&file, 1, free, bytes, &trail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open_memory(
    files: *const tc_memory_file,
    count: usize,
    release: tc_release,
    user: *mut c_void,
    trail: *mut *mut tc_trail,
    error: *mut *mut tc_error,
) -> tc_status {
    let release = Arc::new(Release(release, user));
    fallible(error, || {
        give_to(trail, || {
            if files.is_null() {
                return Err(Failure::null("files"));
            }
            let files = array(files, count, "files")?;
            if files.is_empty() {
                return Err(Failure::argument("count of files must be at least 1"));
            }
            let named = files.iter().map(|file| {
                let bytes = array(file.data, file.length, "the data of a file")?;
                let lent = Lent { data: bytes.as_ptr(), length: bytes.len(), _release: Arc::clone(&release) };
                Ok((text(file.name, "the name of a file")?, Bytes::from_owner(lent)))
            });
            Ok(tc_trail::new(Trail::from_files(named.collect::<Outcome<Vec<_>>>()?)))
        })
    })
}

/// Opens a trail whose files the caller reads, in order. The structs are copied. If the call fails, no `release` is called.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` if the list is empty, or a source has no `size`, `length` or `read`.
/// Example: `const tc_source *sources[] = {&source}; tc_trail_open_sources(sources, 1, &trail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open_sources(
    sources: *const *const tc_source,
    count: usize,
    trail: *mut *mut tc_trail,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_to(trail, || {
            if sources.is_null() {
                return Err(Failure::null("sources"));
            }
            let read = |source: &*const tc_source| {
                let source = read_struct(*source, "source")?;
                if source.length.is_none() || source.read.is_none() {
                    return Err(Failure::argument("a source must set length and read"));
                }
                Ok((text(source.name, "the name of a source")?, source))
            };
            let sources = array(sources, count, "sources")?.iter().map(read).collect::<Outcome<Vec<_>>>()?;
            if sources.is_empty() {
                return Err(Failure::argument("count of sources must be at least 1"));
            }
            let sources = sources.into_iter().map(|(name, source)| {
                let callbacks = Callbacks { source, _release: Release(source.release, source.user) };
                (name, Arc::new(callbacks) as Arc<dyn ByteSource>)
            });
            Ok(tc_trail::new(Trail::from_sources(sources)))
        })
    })
}

/// Returns the same trail, whose readers use these objects: definitions of tables that the trail does not define itself, the
/// selection of changes, and a function that is called during reading, with its argument. They replace the members `definitions`
/// and `select` of read options.
///
/// `catalog`, `select`, `watch` and `user` may be NULL. Ownership: free it with `tc_trail_free`; it depends on neither of the
/// objects except `user`, which must stay valid as long as the new trail and its readers.
/// Example: `tc_trail *selected; tc_trail_with(trail, NULL, select, NULL, NULL, &selected);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_with(
    trail: *const tc_trail,
    catalog: *const tc_catalog,
    select: *const tc_select,
    watch: tc_watch,
    user: *mut c_void,
    with: *mut *mut tc_trail,
) -> tc_status {
    status(|| {
        give_to(with, || {
            let catalog = borrow_optional(catalog)?.map(|catalog| catalog.0.clone());
            let select = borrow_optional(select)?.map(|select| select.0.clone());
            let watch = watch.map(|watch| Watch(watch, user));
            Ok(tc_trail(borrow(trail)?.0.clone(), Objects { catalog, select, watch }))
        })
    })
}

/// Frees a trail. NULL is fine. Its readers stay valid.
///
/// Example: `tc_trail_free(trail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_free(trail: *mut tc_trail) {
    handle::free(trail)
}

/// Returns the current size of the files of the trail in bytes.
///
/// Errors: `TC_ERR_IO`.
/// Example: `uint64_t size; tc_trail_size(trail, &size, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_size(trail: *const tc_trail, size: *mut u64, error: *mut *mut tc_error) -> tc_status {
    fallible(error, || give(size, "size", || Ok(borrow(trail)?.0.size()?)))
}

/// Returns the number of files of the trail.
///
/// Example: `size_t count; tc_trail_file_count(trail, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file_count(trail: *const tc_trail, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(trail)?.0.files().len())))
}

/// Returns one of the files of the trail, in reading order. Its path is valid as long as the trail.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_file first; tc_trail_file(trail, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file(trail: *const tc_trail, index: usize, file: *mut tc_file) -> tc_status {
    status(|| {
        give(file, "file", || {
            let files = borrow(trail)?.0.files();
            let found = files.get(index).ok_or_else(|| Failure::index("file", index, files.len()))?;
            let path = found.path.as_os_str().as_bytes();
            let path = tc_str { data: path.as_ptr().cast(), length: path.len() };
            Ok(tc_file { path, seqno: found.seqno.unwrap_or(0), has_seqno: found.seqno.is_some() })
        })
    })
}

/// Returns the header of one of the files of the trail; `*header` is NULL for a file without a known header. Reads the first
/// record of each file.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range, `TC_ERR_IO`, `TC_ERR_NOT_FOUND`.
/// Example: `tc_file_header *header; tc_trail_file_header(trail, 0, &header, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file_header(
    trail: *const tc_trail,
    index: usize,
    header: *mut *mut tc_file_header,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give(header, "header", || {
            let headers = borrow(trail)?.0.headers()?;
            let count = headers.len();
            let found = headers.into_iter().nth(index).ok_or_else(|| Failure::index("file", index, count))?;
            Ok(found.map_or(std::ptr::null_mut(), |found| into_raw(tc_file_header(found))))
        })
    })
}

/// Writes the result of a search to the caller.
///
/// # Safety
/// As `out`.
unsafe fn give_position(
    position: *mut tc_position,
    found: *mut bool,
    find: impl FnOnce() -> Outcome<Option<Position>>,
) -> Outcome {
    // SAFETY: guaranteed by the caller.
    let (place, found) = unsafe { (out(position, tc_position::default(), "position")?, out(found, false, "found")?) };
    let first = find()?;
    (*place, *found) = (first.map(Into::into).unwrap_or_default(), first.is_some());
    Ok(())
}

/// Finds the first change whose transaction has this CSN or a later one. `*found` is false if there is none.
///
/// `options` may be NULL; only its members that control reading are used. Errors: those of reading.
/// Example: `tc_position from; bool found; tc_trail_find_csn(trail, "7824137847", NULL, &from, &found, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_find_csn(
    trail: *const tc_trail,
    csn: *const c_char,
    options: *const c_char,
    position: *mut tc_position,
    found: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_position(position, found, || {
            let trail = borrow(trail)?;
            Ok(trail.0.find_csn_with(text(csn, "csn")?, &trail.options(options)?)?)
        })
    })
}

/// Finds the first change at or after this time, in microseconds since 1970, UTC. `*found` is false if there is none.
///
/// `options` may be NULL; only its members that control reading are used. Errors: those of reading.
/// Example: `tc_trail_find_time(trail, since, NULL, &from, &found, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_find_time(
    trail: *const tc_trail,
    micros: i64,
    options: *const c_char,
    position: *mut tc_position,
    found: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    fallible(error, || {
        give_position(position, found, || {
            let trail = borrow(trail)?;
            Ok(trail.0.find_time_with(Timestamp::from_unix_micros(micros), &trail.options(options)?)?)
        })
    })
}
