//! What goes over the boundary beside handles: text, bytes, structs that know their size, and places for results.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::boundary::{Failure, Outcome};

/// A `bool` from C, which may hold any byte. True is what is not 0.
pub type Flag = u8;

/// Text that the library lends: UTF-8, `length` bytes of it, in general without a NUL behind them. No text at all has a NULL
/// `data`; empty text has not. It lives as long as what lends it, which each function says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_str {
    /// Its first byte, or NULL where there is no text.
    pub data: *const c_char,
    /// How many bytes it has.
    pub length: usize,
}

impl tc_str {
    pub(crate) const NONE: Self = Self { data: std::ptr::null(), length: 0 };
}

impl From<&str> for tc_str {
    fn from(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), length: text.len() }
    }
}

impl From<Option<&str>> for tc_str {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Into::into)
    }
}

/// Bytes that the library lends, as `tc_str`, but of any kind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_bytes {
    /// The first byte, or NULL where there are none at all.
    pub data: *const u8,
    /// How many there are.
    pub length: usize,
}

impl tc_bytes {
    pub(crate) const NONE: Self = Self { data: std::ptr::null(), length: 0 };
}

impl From<&[u8]> for tc_bytes {
    fn from(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), length: bytes.len() }
    }
}

impl From<Option<&[u8]>> for tc_bytes {
    fn from(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Self::NONE, Into::into)
    }
}

/// A text from C.
///
/// # Safety
/// The pointer is null or points to a text that ends with a NUL and stays as it is for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Outcome<&'a str> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|_| Failure::argument(format!("{what} is not valid UTF-8")))
}

/// A text from C, where null stands for none.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, what: &str) -> Outcome<Option<&'a str>> {
    // SAFETY: as the caller says.
    if pointer.is_null() { Ok(None) } else { unsafe { text(pointer, what) }.map(Some) }
}

/// A path from C: any bytes.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char, what: &str) -> Outcome<&'a Path> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    Ok(Path::new(OsStr::from_bytes(bytes.to_bytes())))
}

/// An array from C. Null is fine where it has no elements.
///
/// # Safety
/// The pointer is null or points to so many elements that stay as they are for `'a`.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, length: usize, what: &str) -> Outcome<&'a [T]> {
    if pointer.is_null() {
        return if length == 0 { Ok(&[]) } else { Err(Failure::null(what)) };
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::argument(format!("{what} is longer than memory")));
    }
    // SAFETY: as the caller says.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// A place for a result, with a first value put there.
///
/// # Safety
/// The pointer is null or may be written for `'a`.
#[inline]
pub(crate) unsafe fn out<'a, T>(pointer: *mut T, first: T, what: &str) -> Outcome<&'a mut T> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: as the caller says; it is written before it is referred to.
    unsafe {
        pointer.write(first);
        Ok(&mut *pointer)
    }
}

/// A struct that starts with its size, so that it can grow.
///
/// # Safety
/// It is `repr(C)`, starts with a `usize`, all zero bytes are a value of it, and so are any others.
pub(crate) unsafe trait Sized_: Copy {}

/// The size that a struct from C starts with.
///
/// # Safety
/// As [`read_struct`].
#[inline]
pub(crate) unsafe fn read_size<T: Sized_>(pointer: *const T, what: &str) -> Outcome<usize> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: as the caller says, it starts with its size.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < size_of::<usize>() || size > 1 << 16 {
        return Err(Failure::argument(format!("{what} does not start with its size: set size to sizeof *{what}")));
    }
    Ok(size)
}

/// A struct from C, which may be an earlier or a later one: members that it does not have are zero, and those that this
/// library does not know must be.
///
/// # Safety
/// The pointer is null, or points to a size and so many bytes, itself included.
pub(crate) unsafe fn read_struct<T: Sized_>(pointer: *const T, what: &str) -> Outcome<T> {
    // SAFETY: as the caller says.
    let size = unsafe { read_size(pointer, what) }?;
    // SAFETY: as the caller says, so many bytes are there.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if bytes.get(size_of::<T>()..).is_some_and(|later| later.iter().any(|byte| *byte != 0)) {
        return Err(Failure::argument(format!("{what} has a member set that this version of the library does not know")));
    }
    // SAFETY: zero bytes are a value, by `Sized_`; at most its size is copied over them.
    unsafe {
        let mut value: T = std::mem::zeroed();
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), std::ptr::from_mut(&mut value).cast::<u8>(), size.min(size_of::<T>()));
        Ok(value)
    }
}

/// Writes a struct of C's, as far as C's reaches. Members that this library does not know become zero.
///
/// # Safety
/// As [`fill_struct`].
pub(crate) unsafe fn write_struct<T: Sized_>(pointer: *mut T, value: T, what: &str) -> Outcome {
    // SAFETY: as the caller says; the value has all members, and its size is that of the struct it is written over.
    unsafe { fill_struct(pointer, what, |place| place.write(value)) }
}

/// The same of a struct that `fill` fills in place: for those that are filled often. A struct of another version keeps its size.
///
/// # Safety
/// As [`read_struct`], and the bytes may be written; `fill` writes all members.
#[inline(always)]
pub(crate) unsafe fn fill_struct<T: Sized_>(pointer: *mut T, what: &str, fill: impl FnOnce(*mut T)) -> Outcome {
    // SAFETY: as the caller says.
    let size = unsafe { read_size(pointer, what) }?;
    let is_own = size == size_of::<T>() && pointer.is_aligned();
    let mut other = std::mem::MaybeUninit::zeroed();
    // In one place, so that it stays in line.
    fill(if is_own { pointer } else { other.as_mut_ptr() });
    if !is_own {
        // SAFETY: as the caller says; all zero bytes are a value, by `Sized_`, and so is what is filled in.
        unsafe { write_part(pointer, size, other.assume_init_ref()) };
    }
    Ok(())
}

/// Lets a struct of C's hold nothing where what fills it fails: all but its size is zero then.
///
/// # Safety
/// As [`fill_struct`].
#[inline(always)]
pub(crate) unsafe fn or_nothing<T: Sized_>(pointer: *mut T, fill: impl FnOnce() -> Outcome) -> Outcome {
    let filled = fill();
    if filled.is_err() {
        // SAFETY: as the caller says.
        unsafe { clear_struct(pointer) };
    }
    filled
}

/// # Safety
/// As [`fill_struct`].
#[cold]
#[inline(never)]
unsafe fn clear_struct<T: Sized_>(pointer: *mut T) {
    // SAFETY: as the caller says, so many bytes may be written.
    unsafe {
        if let Ok(size) = read_size(pointer, "") {
            let head = size_of::<usize>();
            std::ptr::write_bytes(pointer.cast::<u8>().add(head), 0, size - head);
        }
    }
}

/// Fills a struct that is not of this library's version.
///
/// # Safety
/// `size` bytes may be written behind the pointer; they are at least those of the size.
#[cold]
#[inline(never)]
unsafe fn write_part<T: Sized_>(pointer: *mut T, size: usize, value: &T) {
    let (head, known) = (size_of::<usize>(), size.min(size_of::<T>()));
    // SAFETY: `size` bytes may be written behind the pointer, and `known` of them are in the value.
    unsafe {
        let from = std::ptr::from_ref(value).cast::<u8>();
        let to = pointer.cast::<u8>();
        std::ptr::copy_nonoverlapping(from.add(head), to.add(head), known - head);
        std::ptr::write_bytes(to.add(known), 0, size - known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tc_status;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Options {
        size: usize,
        first: u32,
        second: u32,
    }
    // SAFETY: plain numbers.
    unsafe impl Sized_ for Options {}

    fn status<T>(outcome: Outcome<T>) -> Option<tc_status> {
        outcome.err().map(|failure| failure.status())
    }

    #[test]
    fn structs_of_other_sizes() {
        let mut words = [12usize, 0x0000_0002_0000_0001, 0, 0];
        let pointer = words.as_mut_ptr().cast::<Options>();
        // SAFETY: the pointer leads to more bytes than any size written there.
        unsafe {
            assert_eq!(read_struct(pointer, "options").ok(), Some(Options { size: 12, first: 1, second: 0 }));
            for size in [0, 7, 1 << 20] {
                *pointer.cast::<usize>() = size;
                assert_eq!(status(read_struct(pointer, "options")), Some(tc_status::TC_ERR_BAD_ARGUMENT));
                assert_eq!(status(write_struct(pointer, pointer.read(), "options")), Some(tc_status::TC_ERR_BAD_ARGUMENT));
            }
            *pointer.cast::<usize>() = 24;
            assert!(read_struct(pointer, "options").is_ok());
            *pointer.cast::<usize>().add(2) = 1;
            assert_eq!(status(read_struct(pointer, "options")), Some(tc_status::TC_ERR_BAD_ARGUMENT));
            assert_eq!(status(read_struct::<Options>(std::ptr::null(), "options")), Some(tc_status::TC_ERR_NULL_POINTER));
            let value = Options { size: 99, first: 7, second: 8 };
            assert!(write_struct(pointer, value, "options").is_ok());
            assert_eq!(*pointer, Options { size: 24, ..value });
            *pointer.cast::<usize>() = 12;
            assert!(write_struct(pointer, Options { size: 0, first: 5, second: 6 }, "options").is_ok());
            assert_eq!(*pointer, Options { size: 12, first: 5, second: 8 });
        }
        assert_eq!(words[2], 0);
    }

    #[test]
    fn texts_and_arrays_are_looked_at() {
        // SAFETY: texts end with NULs, and the pointers to nothing are null.
        unsafe {
            assert_eq!(text(c"ab".as_ptr(), "name").ok(), Some("ab"));
            assert_eq!(status(text(std::ptr::null(), "name")), Some(tc_status::TC_ERR_NULL_POINTER));
            assert_eq!(status(text(c"\xff".as_ptr(), "name")), Some(tc_status::TC_ERR_BAD_ARGUMENT));
            assert_eq!(optional_text(std::ptr::null(), "name").ok(), Some(None));
            assert_eq!(array::<u32>(std::ptr::null(), 0, "numbers").ok(), Some(&[][..]));
            assert_eq!(status(array::<u32>(std::ptr::null(), 1, "numbers")), Some(tc_status::TC_ERR_NULL_POINTER));
            assert_eq!(status(array(&1u32, usize::MAX, "numbers")), Some(tc_status::TC_ERR_BAD_ARGUMENT));
            assert_eq!(status(out::<u32>(std::ptr::null_mut(), 0, "count")), Some(tc_status::TC_ERR_NULL_POINTER));
        }
    }
}
