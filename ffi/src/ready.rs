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
}

impl Ready {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader, writer, is_set: AtomicBool::new(false) })
    }

    pub(crate) fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Makes it readable.
    pub(crate) fn set(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel) {
            // The pipe is empty and both ends are open, so it cannot fail.
            let _ = (&self.writer).write(&[1]);
        }
    }

    /// Takes something, and makes it unreadable if nothing is left; another thread may add something meanwhile. What cannot be taken any
    /// more at all counts as left: the descriptor of a tail that has ended stays readable.
    pub(crate) fn take<T, E: Ended>(&self, take: impl FnOnce() -> Result<T, E>, is_empty: impl Fn() -> bool) -> Result<T, E> {
        let taken = take();
        if taken.as_ref().is_err_and(Ended::is_end) {
            self.set();
        } else if is_empty() && self.is_set.load(Ordering::Acquire) {
            let _ = (&self.reader).read(&mut [0]);
            self.is_set.store(false, Ordering::Release);
            if !is_empty() {
                self.set();
            }
        }
        taken
    }
}

/// The reason why nothing could be taken.
pub(crate) trait Ended {
    /// Returns whether nothing will come any more.
    fn is_end(&self) -> bool;
}

impl Ended for crossbeam_channel::RecvTimeoutError {
    fn is_end(&self) -> bool {
        self.is_disconnected()
    }
}
