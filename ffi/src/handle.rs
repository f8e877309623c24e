//! Handles: objects that C holds as pointers.
//!
//! Every object starts with a tag word: its type, whether a call uses it, and whether it has been freed. Each pointer from C
//! is checked before use. A null pointer, an object of another type, an object in use and, in debug builds, a freed object
//! return a status. Release builds release the memory of a freed object, so they cannot always detect it.

#![deny(unsafe_op_in_unsafe_fn)]

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::{Failure, Outcome};
use crate::log;
use crate::status::tc_status;

/// An object that C holds a pointer to. Objects that C may share as const are also `Sync`.
pub(crate) trait Object: Send {
    /// Identifies the type. The lowest byte is 0.
    const TAG: u64;
    /// Its name in C.
    const NAME: &'static str;
}

/// Declares that C can hold a pointer to this type.
macro_rules! object {
    ($name:ident, $tag:literal) => {
        impl $crate::handle::Object for $name {
            const TAG: u64 = u64::from_be_bytes(*$tag) & !0xff;
            const NAME: &'static str = stringify!($name);
        }
    };
}
pub(crate) use object;

const BUSY: u64 = 1;
const POISONED: u64 = 2;
/// The tag word of a freed object.
const FREED: u64 = u64::from_be_bytes(*b"tcfreed\0");

/// An object with its tag word before it.
#[repr(C)]
pub(crate) struct Handle<T> {
    word: AtomicU64,
    /// True if the caller frees it. Otherwise it is part of another object.
    owned: bool,
    value: UnsafeCell<ManuallyDrop<T>>,
}

// SAFETY: the tag word allows one mutable reference to the value or, by the pointer contract in `lib.rs`, any number of shared
// ones. The value itself is `Send` and `Sync`.
unsafe impl<T: Object> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Object + Sync> Sync for Handle<T> {}

impl<T: Object> Handle<T> {
    /// Makes an object that is part of another one, which lends it to C.
    pub(crate) fn part(value: T) -> Self {
        Self { word: AtomicU64::new(T::TAG), owned: false, value: UnsafeCell::new(ManuallyDrop::new(value)) }
    }

    /// Returns the pointer for C.
    pub(crate) fn as_ptr(&self) -> *const T {
        std::ptr::from_ref(self).cast()
    }

    /// Marks it as freed, without freeing it.
    pub(crate) fn retire(&self) {
        self.word.store(FREED, Ordering::Release);
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        // `free` has already dropped the value of an owned handle.
        if !self.owned {
            // SAFETY: nothing uses it after this.
            unsafe { ManuallyDrop::drop(self.value.get_mut()) }
        }
    }
}

/// Moves an object to the heap and returns the pointer for C, which has to free it.
pub(crate) fn into_raw<T: Object>(value: T) -> *mut T {
    let word = AtomicU64::new(T::TAG);
    Box::into_raw(Box::new(Handle { word, owned: true, value: UnsafeCell::new(ManuallyDrop::new(value)) })).cast()
}

/// Checks a pointer from C and returns its handle.
///
/// # Safety
/// The pointer is null, or points to an object of this library that has not been freed (in debug builds: or has).
unsafe fn handle_of<'a, T: Object>(pointer: *const T) -> Outcome<&'a Handle<T>> {
    if pointer.is_null() {
        return Err(Failure::null(T::NAME));
    }
    let pointer = pointer.cast::<Handle<T>>();
    if !pointer.is_aligned() {
        return Err(Failure::misuse(tc_status::TC_ERR_WRONG_HANDLE, format!("the pointer is not a {}", T::NAME)));
    }
    // SAFETY: guaranteed by the caller; only the tag word is read before the type is known, and all objects of this library start
    // with one.
    let word = unsafe { (*pointer.cast::<AtomicU64>()).load(Ordering::Acquire) };
    if word != T::TAG && word & !0xff != T::TAG {
        return Err(wrong_word::<T>(word));
    }
    // SAFETY: by its tag word it is a live `T`.
    Ok(unsafe { &*pointer })
}

#[cold]
fn wrong_word<T: Object>(word: u64) -> Failure {
    let name = T::NAME;
    match word {
        FREED => Failure::misuse(tc_status::TC_ERR_FREED_HANDLE, format!("this {name} has been freed")),
        _ if word & !0xff != T::TAG => Failure::misuse(tc_status::TC_ERR_WRONG_HANDLE, format!("the pointer is not a {name}")),
        _ if word & POISONED != 0 => Failure::misuse(
            tc_status::TC_ERR_POISONED,
            format!("a panic left this {name} in an unknown state; it can only be freed"),
        ),
        _ => Failure::misuse(tc_status::TC_ERR_BUSY, format!("another call uses this {name}")),
    }
}

/// Borrows an object that C owns.
///
/// # Safety
/// As [`handle_of`], and no other call changes or frees the object while the reference lives.
#[inline]
pub(crate) unsafe fn borrow<'a, T: Object + Sync>(pointer: *const T) -> Outcome<&'a T> {
    // SAFETY: guaranteed by the caller.
    let handle = unsafe { handle_of(pointer) }?;
    let word = handle.word.load(Ordering::Acquire);
    if word != T::TAG {
        return Err(wrong_word::<T>(word));
    }
    // SAFETY: by its tag word no call uses it mutably.
    Ok(unsafe { &*handle.value.get() })
}

/// Borrows an object that C owns, or none for null.
///
/// # Safety
/// As [`borrow`].
pub(crate) unsafe fn borrow_optional<'a, T: Object + Sync>(pointer: *const T) -> Outcome<Option<&'a T>> {
    // SAFETY: guaranteed by the caller.
    if pointer.is_null() { Ok(None) } else { unsafe { borrow(pointer) }.map(Some) }
}

/// Borrows an object that C owns, for changes. The object is busy meanwhile. A callback that uses it gets an error. So does
/// another thread, which would violate the threading rules.
///
/// # Safety
/// As [`handle_of`].
pub(crate) unsafe fn borrow_mut<'a, T: Object>(pointer: *mut T) -> Outcome<Exclusive<'a, T>> {
    // SAFETY: guaranteed by the caller.
    let handle = unsafe { handle_of(pointer) }?;
    match handle.word.compare_exchange(T::TAG, T::TAG | BUSY, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Ok(Exclusive(handle)),
        Err(word) => Err(wrong_word::<T>(word)),
    }
}

/// As [`borrow_mut`], or none for null.
///
/// # Safety
/// As [`borrow_mut`].
pub(crate) unsafe fn borrow_mut_optional<'a, T: Object>(pointer: *mut T) -> Outcome<Option<Exclusive<'a, T>>> {
    // SAFETY: guaranteed by the caller.
    if pointer.is_null() { Ok(None) } else { unsafe { borrow_mut(pointer) }.map(Some) }
}

/// An object that one call uses exclusively. A panic poisons it.
pub(crate) struct Exclusive<'a, T: Object>(&'a Handle<T>);

impl<T: Object> Deref for Exclusive<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by its tag word only this call uses it.
        unsafe { &*self.0.value.get() }
    }
}

impl<T: Object> DerefMut for Exclusive<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T: Object> Drop for Exclusive<'_, T> {
    fn drop(&mut self) {
        let word = if std::thread::panicking() { T::TAG | POISONED } else { T::TAG };
        self.0.word.store(word, Ordering::Release);
    }
}

/// Frees an object that C owns. Null is fine. A pointer that must not be freed is not freed but reported to the log, because
/// there is no status to return.
///
/// # Safety
/// As [`handle_of`], and no other call uses the object.
pub(crate) unsafe fn free<T: Object>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    // SAFETY: guaranteed by the caller.
    let handle = match unsafe { handle_of(pointer) } {
        Ok(handle) => handle,
        Err(failure) => return log::misuse(&format!("not freed: {failure}")),
    };
    if !handle.owned {
        return log::misuse(&format!("not freed: this {} belongs to another object, which frees it", T::NAME));
    }
    let word = handle.word.load(Ordering::Acquire);
    if word & BUSY != 0 || handle.word.compare_exchange(word, FREED, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return log::misuse(&format!("not freed: another call uses this {}", T::NAME));
    }
    // SAFETY: it was boxed by `into_raw`, and the exchange of its tag word ensures that no other call frees it too.
    let mut boxed = unsafe { Box::from_raw(pointer.cast::<Handle<T>>()) };
    // SAFETY: the value is dropped here and, by its tag word, nowhere else.
    let value = unsafe { ManuallyDrop::take(boxed.value.get_mut()) };
    crate::failure::ignore_panic(|| drop(value));
    if cfg!(debug_assertions) {
        // The tag word stays, so the use of a freed object returns a status.
        std::mem::forget(boxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u32);
    object!(Number, b"tc_numb\0");
    struct Other;
    object!(Other, b"tc_othr\0");

    fn status<T>(outcome: Outcome<T>) -> Option<tc_status> {
        outcome.err().map(|failure| failure.status())
    }

    #[test]
    fn pointers_are_checked() {
        let pointer = into_raw(Number(7));
        // SAFETY: the pointers are from `into_raw`, or deliberately null, misaligned or freed, which debug builds detect.
        unsafe {
            assert_eq!(borrow(pointer).map(|number| number.0).ok(), Some(7));
            assert_eq!(status(borrow::<Number>(std::ptr::null())), Some(tc_status::TC_ERR_NULL_POINTER));
            assert_eq!(status(borrow(pointer.cast::<Other>())), Some(tc_status::TC_ERR_WRONG_HANDLE));
            assert_eq!(status(borrow(pointer.byte_add(1))), Some(tc_status::TC_ERR_WRONG_HANDLE));
            let mut used = borrow_mut(pointer).ok().unwrap();
            (*used).0 = 8;
            assert_eq!(status(borrow(pointer)), Some(tc_status::TC_ERR_BUSY));
            assert_eq!(status(borrow_mut(pointer)), Some(tc_status::TC_ERR_BUSY));
            free(pointer); // in use: not freed
            drop(used);
            assert_eq!(borrow(pointer).map(|number| number.0).ok(), Some(8));
            let _ = std::panic::catch_unwind(|| {
                let _used = borrow_mut(pointer);
                std::panic::resume_unwind(Box::new(()));
            });
            assert_eq!(status(borrow(pointer)), Some(tc_status::TC_ERR_POISONED));
            free(pointer);
            if cfg!(debug_assertions) {
                assert_eq!(status(borrow(pointer)), Some(tc_status::TC_ERR_FREED_HANDLE));
                free(pointer);
            }
        }
    }

    #[test]
    fn parts_are_not_freed_by_themselves() {
        let part = Handle::part(Number(3));
        // SAFETY: the pointer is that of a live part.
        unsafe {
            free(part.as_ptr().cast_mut());
            assert_eq!(borrow(part.as_ptr()).map(|number| number.0).ok(), Some(3));
        }
        part.retire();
        // SAFETY: as above.
        assert_eq!(status(unsafe { borrow(part.as_ptr()) }), Some(tc_status::TC_ERR_FREED_HANDLE));
    }
}
