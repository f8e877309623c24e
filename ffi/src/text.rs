//! Arguments other than handles: text, bytes, arrays, versioned structs, and out parameters.

#![deny(unsafe_op_in_unsafe_fn)]

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// A `bool` from C, which can have any byte. It is true if it is not 0.
pub type Flag = u8;

/// Borrowed text: `length` bytes of UTF-8, generally not followed by a NUL. `data` is NULL for no text, but not for empty text.
/// It is valid as long as the object that returned it, as each function states.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_str {
    /// The first byte, or NULL for no text.
    pub data: *const c_char,
    /// The number of bytes.
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

/// Borrowed bytes, as `tc_str`, but of any content.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_bytes {
    /// The first byte, or NULL for no bytes.
    pub data: *const u8,
    /// The number of bytes.
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

/// Borrows a text from C.
///
/// # Safety
/// The pointer is null or points to a text that ends with a NUL and does not change for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Outcome<&'a str> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: guaranteed by the caller.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map_err(|_| Failure::argument(format!("{what} is not valid UTF-8")))
}

/// Borrows a text from C, or none for null.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, what: &str) -> Outcome<Option<&'a str>> {
    // SAFETY: guaranteed by the caller.
    if pointer.is_null() { Ok(None) } else { unsafe { text(pointer, what) }.map(Some) }
}

/// Borrows a path from C, which can have any bytes.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char, what: &str) -> Outcome<&'a Path> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: guaranteed by the caller.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    Ok(Path::new(OsStr::from_bytes(bytes.to_bytes())))
}

/// Borrows an array from C. Null is fine for an empty one.
///
/// # Safety
/// The pointer is null or points to `length` elements that do not change for `'a`.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, length: usize, what: &str) -> Outcome<&'a [T]> {
    if pointer.is_null() {
        return if length == 0 { Ok(&[]) } else { Err(Failure::null(what)) };
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Failure::argument(format!("{what} is longer than the address space")));
    }
    // SAFETY: guaranteed by the caller.
    Ok(unsafe { std::slice::from_raw_parts(pointer, length) })
}

/// Borrows an out parameter, and writes an initial value to it.
///
/// # Safety
/// The pointer is null or may be written for `'a`.
#[inline]
pub(crate) unsafe fn out<'a, T>(pointer: *mut T, first: T, what: &str) -> Outcome<&'a mut T> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: guaranteed by the caller; it is initialised before the reference is made.
    unsafe {
        pointer.write(first);
        Ok(&mut *pointer)
    }
}

/// Writes the result of `work` to an out parameter, which has the default value before, and if `work` fails.
///
/// # Safety
/// As [`out`].
#[inline]
pub(crate) unsafe fn give<T: Default>(place: *mut T, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome {
    // SAFETY: guaranteed by the caller.
    let place = unsafe { out(place, T::default(), name) }?;
    *place = work()?;
    Ok(())
}

/// A struct that starts with its size, so that later versions can add members.
///
/// # Safety
/// It is `repr(C)`, starts with a `usize`, and any bytes are a valid value.
pub(crate) unsafe trait VersionedStruct: Copy {}

/// Reads the size at the start of a struct from C.
///
/// # Safety
/// As [`read_struct`].
#[inline]
pub(crate) unsafe fn read_size<T: VersionedStruct>(pointer: *const T, what: &str) -> Outcome<usize> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: guaranteed by the caller; the struct starts with its size.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < size_of::<usize>() || size > 1 << 16 {
        return Err(Failure::argument(format!("size of {what} is not set: set it to sizeof *{what}")));
    }
    Ok(size)
}

/// Reads a struct from C, which can be of an earlier or a later version. Members that it does not have are zero. Members that
/// this library does not know must be zero.
///
/// # Safety
/// The pointer is null, or points to a struct of as many bytes as its size states.
pub(crate) unsafe fn read_struct<T: VersionedStruct>(pointer: *const T, what: &str) -> Outcome<T> {
    // SAFETY: guaranteed by the caller.
    let size = unsafe { read_size(pointer, what) }?;
    // SAFETY: guaranteed by the caller; the struct has `size` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if bytes.get(size_of::<T>()..).is_some_and(|later| later.iter().any(|byte| *byte != 0)) {
        return Err(Failure::argument(format!("{what} has a member set that this version of the library does not support")));
    }
    // SAFETY: zero bytes are a valid value by `VersionedStruct`; at most its size is copied over them.
    unsafe {
        let mut value: T = std::mem::zeroed();
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), std::ptr::from_mut(&mut value).cast::<u8>(), size.min(size_of::<T>()));
        Ok(value)
    }
}

/// Writes a struct of the caller, up to its size. Members that this library does not know become zero.
///
/// # Safety
/// As [`fill_struct`].
pub(crate) unsafe fn write_struct<T: VersionedStruct>(pointer: *mut T, value: T, what: &str) -> Outcome {
    // SAFETY: guaranteed by the caller; the value has all members, and its size is that of the struct.
    unsafe { fill_struct(pointer, what, |place| place.write(value)) }
}

/// As [`write_struct`], but `fill` writes the members in place, for structs that are filled often. A struct of another version
/// keeps its size.
///
/// # Safety
/// As [`read_struct`], and the bytes may be written; `fill` writes all members.
#[inline(always)]
pub(crate) unsafe fn fill_struct<T: VersionedStruct>(pointer: *mut T, what: &str, fill: impl FnOnce(*mut T)) -> Outcome {
    // SAFETY: guaranteed by the caller.
    let size = unsafe { read_size(pointer, what) }?;
    let is_own = size == size_of::<T>() && pointer.is_aligned();
    let mut other = std::mem::MaybeUninit::zeroed();
    // A single call, so that it is inlined.
    fill(if is_own { pointer } else { other.as_mut_ptr() });
    if !is_own {
        // SAFETY: guaranteed by the caller; zero bytes are a valid value by `VersionedStruct`, and so is the filled struct.
        unsafe { write_part(pointer, size, other.assume_init_ref()) };
    }
    Ok(())
}

/// Sets a struct of the caller to zero, except its size, if `fill` fails.
///
/// # Safety
/// As [`fill_struct`].
#[inline(always)]
pub(crate) unsafe fn zero_on_error<T: VersionedStruct>(pointer: *mut T, fill: impl FnOnce() -> Outcome) -> Outcome {
    let filled = fill();
    if filled.is_err() {
        // SAFETY: guaranteed by the caller.
        unsafe { clear_struct(pointer) };
    }
    filled
}

/// # Safety
/// As [`fill_struct`].
#[cold]
#[inline(never)]
unsafe fn clear_struct<T: VersionedStruct>(pointer: *mut T) {
    // SAFETY: guaranteed by the caller; `size` bytes can be written.
    unsafe {
        if let Ok(size) = read_size(pointer, "") {
            let head = size_of::<usize>();
            std::ptr::write_bytes(pointer.cast::<u8>().add(head), 0, size - head);
        }
    }
}

/// Fills a struct of another version.
///
/// # Safety
/// `size` bytes can be written from the pointer on, at least those of a `usize`.
#[cold]
#[inline(never)]
unsafe fn write_part<T: VersionedStruct>(pointer: *mut T, size: usize, value: &T) {
    let (head, known) = (size_of::<usize>(), size.min(size_of::<T>()));
    // SAFETY: `size` bytes can be written from the pointer on, and the value has `known` of them.
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
    unsafe impl VersionedStruct for Options {}

    fn status<T>(outcome: Outcome<T>) -> Option<tc_status> {
        outcome.err().map(|failure| failure.status())
    }

    #[test]
    fn structs_of_other_sizes() {
        let mut words = [12usize, 0x0000_0002_0000_0001, 0, 0];
        let pointer = words.as_mut_ptr().cast::<Options>();
        // SAFETY: the pointer has more bytes than any size written there.
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
    fn texts_and_arrays_are_checked() {
        // SAFETY: texts end with NULs, and the other pointers are null.
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
