//! [`Ready`]: a descriptor that is readable while something waits.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// A pipe that has one byte in it while something waits, so neither end of it ever blocks.
#[derive(Debug)]
pub(crate) struct Ready {
    reader: PipeReader,
    writer: PipeWriter,
    is_set: AtomicBool,
    ended: AtomicBool,
}

impl Ready {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader, writer, is_set: AtomicBool::new(false), ended: AtomicBool::new(false) })
    }

    pub(crate) fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Makes it readable, once something has been added.
    pub(crate) fn set(&self) {
        if !self.is_set.swap(true, Ordering::SeqCst) {
            // The pipe is empty and both ends are open, so it cannot fail.
            let _ = (&self.writer).write(&[1]);
        }
    }

    /// Makes it readable for ever: nothing will be added any more.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.set();
    }

    /// Takes something, and makes it unreadable if nothing is left; another thread may add something or end it meanwhile.
    pub(crate) fn take<T>(&self, take: impl FnOnce() -> T, is_empty: impl Fn() -> bool) -> T {
        let taken = take();
        let waits = || !is_empty() || self.ended.load(Ordering::SeqCst);
        if !waits() && self.is_set.load(Ordering::SeqCst) {
            let _ = (&self.reader).read(&mut [0]);
            self.is_set.swap(false, Ordering::SeqCst);
            // Another thread that has found it set has not written a byte.
            if waits() {
                self.set();
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn is_readable(ready: &Ready) -> bool {
        ready.is_set.load(Ordering::SeqCst)
    }

    #[test]
    fn it_is_readable_while_something_waits_and_from_the_end_on() {
        let (ready, left) = (Ready::new().unwrap(), Cell::new(0));
        let add = || {
            left.set(left.get() + 1);
            ready.set();
        };
        let take = || ready.take(|| left.set(left.get() - 1), || left.get() == 0);
        assert!(!is_readable(&ready));
        add();
        add();
        take();
        assert!(is_readable(&ready));
        take();
        assert!(!is_readable(&ready));
        add();
        // The end comes while the last one is taken.
        let looks = Cell::new(0);
        let is_empty = || {
            looks.set(looks.get() + 1);
            if looks.get() == 2 {
                ready.ended.store(true, Ordering::SeqCst);
            }
            true
        };
        ready.take(|| (), is_empty);
        assert!(is_readable(&ready));
        ready.take(|| (), || true);
        assert!(is_readable(&ready));
    }
}
