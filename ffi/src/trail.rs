//! Trails: where the bytes come from.

use std::ffi::{c_char, c_void};
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use bytes::Bytes;
use trailcore::source::ByteSource;
use trailcore::{Timestamp, Trail};

use crate::boundary::{Failure, Outcome, fallible, status};
use crate::buffer::give_to;
use crate::error::tc_error;
use crate::handle::{self, give, lend};
use crate::header::tc_file_header;
use crate::options::{read_options, tc_read_options};
use crate::status::tc_status;
use crate::text::{Sized_, array, out, path, read_struct, tc_str, text};
use crate::time::tc_position;

/// A trail: one file, or several in order. Opening reads no records, and nothing is ever written.
///
/// Ownership: free it with `tc_trail_free`; readers of it live on. Threads: several at once may use it, and any number of
/// readers may read it at once.
pub struct tc_trail(pub(crate) Trail);

handle::object!(tc_trail, b"tc_tral\0");

/// One file of a trail.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_file {
    /// Its path, as it was opened; for bytes from elsewhere, its name. It lives as long as the trail.
    pub path: tc_str,
    /// The sequence number in its name, where `has_seqno` says so; else its header tells.
    pub seqno: u64,
    /// Whether its name has a sequence number.
    pub has_seqno: bool,
}

/// File numbers that are missing between two files of a trail.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_gap {
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
}

/// A file of a trail that lies in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_memory_file {
    /// Its name, which is copied. One that ends with a sequence number of 6 or 9 digits says it; else the file's header does.
    pub name: *const c_char,
    /// Its bytes, which are read in place.
    pub data: *const u8,
    /// How many there are.
    pub length: usize,
}

/// Tells that the library does not need something any more. It is called once, from any thread.
pub type tc_release = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// A file of a trail whose bytes come from the caller: an archive, an object store, another program. Its functions are called
/// by the threads that read, several at once where several readers read, and must neither throw nor jump out.
///
/// The members behind the last that is set may be left out by a smaller `size`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_source {
    /// `sizeof(tc_source)`.
    pub size: usize,
    /// Its name, which is copied. One that ends with a sequence number of 6 or 9 digits says it; else the file's header does.
    pub name: *const c_char,
    /// Handed on to the functions.
    pub user: *mut c_void,
    /// How many bytes there are now; below 0, a negated `errno`.
    pub length: Option<unsafe extern "C" fn(user: *mut c_void) -> i64>,
    /// Reads at most `length` bytes from `offset` on, and returns how many: fewer only near the end, 0 at or behind it, or,
    /// below 0, a negated `errno`.
    pub read: Option<unsafe extern "C" fn(user: *mut c_void, into: *mut u8, length: usize, offset: u64) -> i64>,
    /// Called once when the library does not need the source any more. It may be NULL.
    pub release: tc_release,
}

// SAFETY: it starts with its size; the rest are pointers, of which null ones are allowed.
unsafe impl Sized_ for tc_source {}

/// What to call when something of the caller's is not needed any more.
struct Release(tc_release, *mut c_void);

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(release) = self.0 {
            // SAFETY: the header asks for a function that may be called once, from any thread, with this pointer.
            unsafe { release(self.1) }
        }
    }
}

// SAFETY: the header asks for functions that any thread may call with this pointer.
unsafe impl Send for Release {}
// SAFETY: as above.
unsafe impl Sync for Release {}

/// Bytes of the caller's.
struct Lent {
    data: *const u8,
    length: usize,
    _release: Arc<Release>,
}

// SAFETY: the header asks for bytes that stay as they are until they are released.
unsafe impl Send for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: as above; the pointer was looked at.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

/// A source of the caller's.
struct Callbacks {
    source: tc_source,
    _release: Release,
}

// SAFETY: the header asks for functions that several threads may call at once with this pointer.
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
        // SAFETY: the header says what the function may and may not do.
        Self::outcome(unsafe { length(self.source.user) })
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.source.read.ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: as above; it may write as many bytes as it is told.
        let count = Self::outcome(unsafe { read(self.source.user, into.as_mut_ptr(), into.len(), offset) })?;
        let count = usize::try_from(count).ok().filter(|count| *count <= into.len());
        count.ok_or_else(|| io::Error::other("the source has read more bytes than it was asked for"))
    }
}

/// Opens the trail at a path: a file, a prefix such as `dirdat/lt`, or a directory that holds one trail.
///
/// Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
/// `TC_ERR_NOT_FOUND` where none lies there, `TC_ERR_INVALID_ARGUMENT` where a directory holds several, `TC_ERR_IO`.
/// Example: `tc_trail *trail; tc_error *error; if (tc_trail_open("dirdat/lt", &trail, &error) != TC_OK) fail(error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open(place: *const c_char, trail: *mut *mut tc_trail, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe { fallible(error, || give_to(trail, || Ok(tc_trail(Trail::open(path(place, "place")?)?)))) }
}

/// Opens a trail of these files alone, in the order of the numbers in their names; where a name has none, as they are listed.
///
/// Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
/// `TC_ERR_NOT_FOUND` where one is no file, `TC_ERR_INVALID_ARGUMENT` where none is listed or a number comes twice.
/// Example: `const char *files[] = {"lt000000007", "lt000000008"}; tc_trail_open_files(files, 2, &trail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open_files(
    files: *const *const c_char,
    count: usize,
    trail: *mut *mut tc_trail,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(trail, || {
                if files.is_null() {
                    return Err(Failure::null("files"));
                }
                let files = array(files, count, "files")?;
                let paths = files.iter().map(|file| path(*file, "the path of a file")).collect::<Outcome<Vec<_>>>()?;
                Ok(tc_trail(Trail::open_files(&paths)?))
            })
        })
    }
}

/// Opens a trail whose files lie in memory, in order. They are read in place, and must stay as they are until `release` is
/// called, or, without it, until the trail, its readers and their batches are freed. Where the call fails, `release` is called
/// before it returns.
///
/// Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `release`, `user` and `error`
/// may be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where no file is given.
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
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(trail, || {
                if files.is_null() {
                    return Err(Failure::null("files"));
                }
                let files = array(files, count, "files")?;
                if files.is_empty() {
                    return Err(Failure::argument("no file is given"));
                }
                let named = files.iter().map(|file| {
                    let bytes = array(file.data, file.length, "the data of a file")?;
                    let lent = Lent { data: bytes.as_ptr(), length: bytes.len(), _release: Arc::clone(&release) };
                    Ok((text(file.name, "the name of a file")?, Bytes::from_owner(lent)))
                });
                Ok(tc_trail(Trail::from_files(named.collect::<Outcome<Vec<_>>>()?)))
            })
        })
    }
}

/// Opens a trail whose files the caller reads, in order. The structs are copied. Where the call fails, no `release` is called.
///
/// Ownership: `*trail` is the caller's, to be freed with `tc_trail_free`. Any thread may call it. `error` may be NULL. Errors:
/// `TC_ERR_BAD_ARGUMENT` where no source is given, or one does not start with its size or has no `length` or `read`.
/// Example: `const tc_source *sources[] = {&source}; tc_trail_open_sources(sources, 1, &trail, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_open_sources(
    sources: *const *const tc_source,
    count: usize,
    trail: *mut *mut tc_trail,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            give_to(trail, || {
                if sources.is_null() {
                    return Err(Failure::null("sources"));
                }
                let read = |source: &*const tc_source| {
                    let source = read_struct(*source, "source")?;
                    if source.length.is_none() || source.read.is_none() {
                        return Err(Failure::argument("a source needs length and read"));
                    }
                    Ok((text(source.name, "the name of a source")?, source))
                };
                let sources = array(sources, count, "sources")?.iter().map(read).collect::<Outcome<Vec<_>>>()?;
                if sources.is_empty() {
                    return Err(Failure::argument("no source is given"));
                }
                let sources = sources.into_iter().map(|(name, source)| {
                    let callbacks = Callbacks { source, _release: Release(source.release, source.user) };
                    (name, Arc::new(callbacks) as Arc<dyn ByteSource>)
                });
                Ok(tc_trail(Trail::from_sources(sources)))
            })
        })
    }
}

/// Frees a trail. NULL is fine. Its readers live on.
///
/// Example: `tc_trail_free(trail);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_free(trail: *mut tc_trail) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(trail) }
}

/// How many bytes the trail's files have now.
///
/// Threads: several at once may call it. `error` may be NULL. Errors: `TC_ERR_IO`.
/// Example: `uint64_t size; tc_trail_size(trail, &size, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_size(trail: *const tc_trail, size: *mut u64, error: *mut *mut tc_error) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let size = out(size, 0, "size")?;
            *size = lend(trail)?.0.size()?;
            Ok(())
        })
    }
}

/// How many files the trail has.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_trail_file_count(trail, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file_count(trail: *const tc_trail, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(trail)?.0.files().len();
        Ok(())
    })
}

/// One of the trail's files, in the order in which they are read. Its path lives as long as the trail.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_file first; tc_trail_file(trail, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file(trail: *const tc_trail, index: usize, file: *mut tc_file) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let file = out(file, tc_file { path: tc_str::NONE, seqno: 0, has_seqno: false }, "file")?;
        let files = lend(trail)?.0.files();
        let found = files.get(index).ok_or_else(|| Failure::index("file", index, files.len()))?;
        let path = found.path.as_os_str().as_bytes();
        *file = tc_file {
            path: tc_str { data: path.as_ptr().cast(), length: path.len() },
            seqno: found.seqno.unwrap_or(0),
            has_seqno: found.seqno.is_some(),
        };
        Ok(())
    })
}

/// The header of one of the trail's files; `*header` is NULL for a file without one that is understood. Reads the first record
/// of each file.
///
/// Ownership: `*header` is the caller's, to be freed with `tc_file_header_free`. Threads: several at once may call it. `error` may
/// be NULL. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many files, `TC_ERR_IO`, `TC_ERR_NOT_FOUND`.
/// Example: `tc_file_header *header; tc_trail_file_header(trail, 0, &header, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_file_header(
    trail: *const tc_trail,
    index: usize,
    header: *mut *mut tc_file_header,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let header = out(header, std::ptr::null_mut(), "header")?;
            let headers = lend(trail)?.0.headers()?;
            let count = headers.len();
            let found = headers.into_iter().nth(index).ok_or_else(|| Failure::index("file", index, count))?;
            *header = found.map_or(std::ptr::null_mut(), |found| give(tc_file_header(found)));
            Ok(())
        })
    }
}

/// How many gaps there are between the numbers of the trail's files.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_trail_gap_count(trail, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_gap_count(trail: *const tc_trail, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(trail)?.0.gaps().len();
        Ok(())
    })
}

/// One of the gaps between the numbers of the trail's files.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_gap gap; tc_trail_gap(trail, 0, &gap);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_gap(trail: *const tc_trail, index: usize, gap: *mut tc_gap) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    status(|| unsafe {
        let gap = out(gap, tc_gap { first: 0, last: 0 }, "gap")?;
        let gaps = lend(trail)?.0.gaps();
        let found = gaps.get(index).ok_or_else(|| Failure::index("gap", index, gaps.len()))?;
        *gap = tc_gap { first: found.first, last: found.last };
        Ok(())
    })
}

/// Finds the first change whose transaction has this CSN or a later one. `*found` is false where there is none.
///
/// Threads: several at once may call it. `options` may be NULL; of it count those that say how to read. `error` may be NULL.
/// Errors: what reading gives.
/// Example: `tc_position from; bool found; tc_trail_find_csn(trail, "7824137847", NULL, &from, &found, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_find_csn(
    trail: *const tc_trail,
    csn: *const c_char,
    options: *const tc_read_options,
    position: *mut tc_position,
    found: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let (place, found) = (out(position, tc_position::default(), "position")?, out(found, false, "found")?);
            let first = lend(trail)?.0.find_csn_with(text(csn, "csn")?, &read_options(options)?)?;
            (*place, *found) = (first.map(Into::into).unwrap_or_default(), first.is_some());
            Ok(())
        })
    }
}

/// Finds the first change of this time or later, in microseconds since 1970, UTC. `*found` is false where there is none.
///
/// Threads: several at once may call it. `options` may be NULL; of it count those that say how to read. `error` may be NULL.
/// Errors: what reading gives.
/// Example: `tc_trail_find_time(trail, since, NULL, &from, &found, &error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_trail_find_time(
    trail: *const tc_trail,
    micros: i64,
    options: *const tc_read_options,
    position: *mut tc_position,
    found: *mut bool,
    error: *mut *mut tc_error,
) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as these functions need them.
    unsafe {
        fallible(error, || {
            let (place, found) = (out(position, tc_position::default(), "position")?, out(found, false, "found")?);
            let first = lend(trail)?.0.find_time_with(Timestamp::from_unix_micros(micros), &read_options(options)?)?;
            (*place, *found) = (first.map(Into::into).unwrap_or_default(), first.is_some());
            Ok(())
        })
    }
}
