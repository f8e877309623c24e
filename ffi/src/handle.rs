//! Handles: how objects go out as pointers and come back.
//!
//! Every object that goes out starts with a word that says what it is, whether a call uses it, and whether it has been freed.
//! A pointer that comes back is looked at before it is used: null, another object, an object in use, and, in debug builds,
//! one that has been freed, give a status. In release builds a freed object's memory is gone, so that is not sure there.

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::boundary::{Failure, Outcome};
use crate::log;
use crate::status::tc_status;

/// An object that goes out to C. Those that C has const, for several threads at once, are `Sync` too.
pub(crate) trait Object: Send {
    /// Tells the object from all others. The lowest byte is 0.
    const TAG: u64;
    /// Its name in C.
    const NAME: &'static str;
}

/// Declares that a type goes out to C.
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
/// The word of an object that has been freed.
const FREED: u64 = u64::from_be_bytes(*b"tcfreed\0");

/// An object with its word before it.
#[repr(C)]
pub(crate) struct Handle<T> {
    word: AtomicU64,
    /// Whether the caller is to free it; else it is a part of another object.
    owned: bool,
    value: UnsafeCell<ManuallyDrop<T>>,
}

// SAFETY: references to the value are given out as the word allows: one that may change it, or, as the header asks of its
// caller, any number that may not. The value itself is `Send` and `Sync`.
unsafe impl<T: Object> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Object + Sync> Sync for Handle<T> {}

impl<T: Object> Handle<T> {
    /// An object that is part of another one, which lends it.
    pub(crate) fn part(value: T) -> Self {
        Self { word: AtomicU64::new(T::TAG), owned: false, value: UnsafeCell::new(ManuallyDrop::new(value)) }
    }

    /// The pointer that C gets.
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
        // The value of one that C has freed is gone already.
        if !self.owned {
            // SAFETY: nothing uses it after this.
            unsafe { ManuallyDrop::drop(self.value.get_mut()) }
        }
    }
}

/// Gives an object to C, which has to free it.
pub(crate) fn give<T: Object>(value: T) -> *mut T {
    let word = AtomicU64::new(T::TAG);
    Box::into_raw(Box::new(Handle { word, owned: true, value: UnsafeCell::new(ManuallyDrop::new(value)) })).cast()
}

/// The handle behind a pointer from C.
///
/// # Safety
/// The pointer is null, or points to an object of this library that has not been freed (in debug builds: or has).
unsafe fn handle_of<'a, T: Object>(pointer: *const T) -> Outcome<&'a Handle<T>> {
    if pointer.is_null() {
        return Err(Failure::null(T::NAME));
    }
    let pointer = pointer.cast::<Handle<T>>();
    if !pointer.is_aligned() {
        return Err(Failure::misuse(tc_status::TC_ERR_WRONG_HANDLE, format!("this is no {}", T::NAME)));
    }
    // SAFETY: as the caller says; only the word is looked at before it has said that this is a `T`, and all objects of this
    // library start with one.
    let word = unsafe { (*pointer.cast::<AtomicU64>()).load(Ordering::Acquire) };
    if word != T::TAG && word & !0xff != T::TAG {
        return Err(wrong_word::<T>(word));
    }
    // SAFETY: the word says that it is a `T` that lives.
    Ok(unsafe { &*pointer })
}

#[cold]
fn wrong_word<T: Object>(word: u64) -> Failure {
    let name = T::NAME;
    match word {
        FREED => Failure::misuse(tc_status::TC_ERR_FREED_HANDLE, format!("this {name} has been freed")),
        _ if word & !0xff != T::TAG => Failure::misuse(tc_status::TC_ERR_WRONG_HANDLE, format!("this is no {name}")),
        _ if word & POISONED != 0 => {
            Failure::misuse(tc_status::TC_ERR_POISONED, format!("a panic has left this {name} in an unknown state; free it"))
        }
        _ => Failure::misuse(tc_status::TC_ERR_BUSY, format!("another call uses this {name}")),
    }
}

/// An object that C lends, to be looked at.
///
/// # Safety
/// As [`handle_of`], and no other call changes or frees the object while the reference lives.
#[inline]
pub(crate) unsafe fn lend<'a, T: Object + Sync>(pointer: *const T) -> Outcome<&'a T> {
    // SAFETY: as the caller says.
    let handle = unsafe { handle_of(pointer) }?;
    let word = handle.word.load(Ordering::Acquire);
    if word != T::TAG {
        return Err(wrong_word::<T>(word));
    }
    // SAFETY: no call uses it to change it.
    Ok(unsafe { &*handle.value.get() })
}

/// An object that C lends, where null stands for none.
///
/// # Safety
/// As [`lend`].
pub(crate) unsafe fn lend_optional<'a, T: Object + Sync>(pointer: *const T) -> Outcome<Option<&'a T>> {
    // SAFETY: as the caller says.
    if pointer.is_null() { Ok(None) } else { unsafe { lend(pointer) }.map(Some) }
}

/// An object that C lends, to be changed. It is busy meanwhile: for a callback that comes back with it, and for another
/// thread, which would break the rules, but must not break more.
///
/// # Safety
/// As [`handle_of`].
pub(crate) unsafe fn exclusive<'a, T: Object>(pointer: *mut T) -> Outcome<Exclusive<'a, T>> {
    // SAFETY: as the caller says.
    let handle = unsafe { handle_of(pointer) }?;
    match handle.word.compare_exchange(T::TAG, T::TAG | BUSY, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Ok(Exclusive(handle)),
        Err(word) => Err(wrong_word::<T>(word)),
    }
}

/// The same, where null stands for none.
///
/// # Safety
/// As [`exclusive`].
pub(crate) unsafe fn exclusive_optional<'a, T: Object>(pointer: *mut T) -> Outcome<Option<Exclusive<'a, T>>> {
    // SAFETY: as the caller says.
    if pointer.is_null() { Ok(None) } else { unsafe { exclusive(pointer) }.map(Some) }
}

/// An object in use by one call. A panic poisons it.
pub(crate) struct Exclusive<'a, T: Object>(&'a Handle<T>);

impl<T: Object> Deref for Exclusive<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the word says that only this call uses it.
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

/// Frees an object that C was given. Null is fine. What may not be freed is left alone and told to the log, since there is
/// no status to return.
///
/// # Safety
/// As [`handle_of`], and no other call uses the object.
pub(crate) unsafe fn free<T: Object>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    // SAFETY: as the caller says.
    let handle = match unsafe { handle_of(pointer) } {
        Ok(handle) => handle,
        Err(failure) => return log::misuse(&format!("not freed: {failure}")),
    };
    if !handle.owned {
        return log::misuse(&format!("not freed: this {} is part of another object, which frees it", T::NAME));
    }
    let word = handle.word.load(Ordering::Acquire);
    if word & BUSY != 0 || handle.word.compare_exchange(word, FREED, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return log::misuse(&format!("not freed: another call uses this {}", T::NAME));
    }
    // SAFETY: it was boxed by `give`, and the exchange of its word makes sure that no other call frees it too.
    let mut boxed = unsafe { Box::from_raw(pointer.cast::<Handle<T>>()) };
    // SAFETY: the value is dropped here and, by its word, nowhere else.
    let value = unsafe { ManuallyDrop::take(boxed.value.get_mut()) };
    crate::boundary::quietly(|| drop(value));
    if cfg!(debug_assertions) {
        // Its word stays, so that using it gives a status.
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
    fn pointers_are_looked_at() {
        let pointer = give(Number(7));
        // SAFETY: the pointers are those of `give`, null, misaligned or stale on purpose, which debug builds allow.
        unsafe {
            assert_eq!(lend(pointer).map(|number| number.0).ok(), Some(7));
            assert_eq!(status(lend::<Number>(std::ptr::null())), Some(tc_status::TC_ERR_NULL_POINTER));
            assert_eq!(status(lend(pointer.cast::<Other>())), Some(tc_status::TC_ERR_WRONG_HANDLE));
            assert_eq!(status(lend(pointer.byte_add(1))), Some(tc_status::TC_ERR_WRONG_HANDLE));
            let mut used = exclusive(pointer).ok().unwrap();
            (*used).0 = 8;
            assert_eq!(status(lend(pointer)), Some(tc_status::TC_ERR_BUSY));
            assert_eq!(status(exclusive(pointer)), Some(tc_status::TC_ERR_BUSY));
            free(pointer); // in use: left alone
            drop(used);
            assert_eq!(lend(pointer).map(|number| number.0).ok(), Some(8));
            let _ = std::panic::catch_unwind(|| {
                let _used = exclusive(pointer);
                std::panic::resume_unwind(Box::new(()));
            });
            assert_eq!(status(lend(pointer)), Some(tc_status::TC_ERR_POISONED));
            free(pointer);
            if cfg!(debug_assertions) {
                assert_eq!(status(lend(pointer)), Some(tc_status::TC_ERR_FREED_HANDLE));
                free(pointer);
            }
        }
    }

    #[test]
    fn parts_are_not_freed_by_themselves() {
        let part = Handle::part(Number(3));
        // SAFETY: the pointer is that of a part that lives.
        unsafe {
            free(part.as_ptr().cast_mut());
            assert_eq!(lend(part.as_ptr()).map(|number| number.0).ok(), Some(3));
        }
        part.retire();
        // SAFETY: as above.
        assert_eq!(status(unsafe { lend(part.as_ptr()) }), Some(tc_status::TC_ERR_FREED_HANDLE));
    }
}
