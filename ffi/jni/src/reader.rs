//! The reader of changes: each call returns a block of many changes.

use std::path::PathBuf;
use std::sync::Arc;

use trailcore::{Change, ChangeBlock, Reader};

use crate::block::Filling;
use crate::callback::{Listener, into_failure};
use crate::failure::{Pending, Result};
use crate::report;

/// A reader, and a deferred failure.
#[derive(Debug)]
pub(crate) struct ChangeReader {
    reader: Reader,
    files: Files,
    listener: Option<Arc<Listener>>,
    filling: Filling,
    lines: Vec<u8>,
    pending: Pending,
}

/// Numbers for the files of changes, in the order in which they occur.
#[derive(Debug, Default)]
pub(crate) struct Files {
    number: u32,
    /// The file of the last change, and its sequence number in a trail.
    last: Option<(PathBuf, Option<u64>)>,
}

impl Files {
    pub(crate) fn number(&mut self, change: &Change<'_>) -> u32 {
        let seqno = change.position().trail().map(|position| position.seqno);
        let is_last = |last: &(PathBuf, _)| last.1 == seqno && last.0.as_os_str() == change.file().as_os_str();
        if !self.last.as_ref().is_some_and(is_last) {
            self.number += 1;
            self.last = Some((change.file().to_owned(), seqno));
        }
        self.number
    }
}

impl ChangeReader {
    pub(crate) fn new(reader: Reader, listener: Option<Arc<Listener>>) -> Self {
        let (files, filling, lines, pending) = Default::default();
        Self { reader, files, listener, filling, lines, pending }
    }

    /// Returns the next changes with their view of about `size` bytes, whose head is not written yet. `None` at the
    /// end of the trail. A failure is deferred until the changes before it were returned.
    pub(crate) fn block(&mut self, size: usize) -> Result<Option<(ChangeBlock, &mut Filling)>> {
        let Self { reader, files, listener, filling, pending, .. } = self;
        pending.check()?;
        filling.start();
        while !filling.is_full(size) {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(change)) => {
                    let pushed = filling.push(&change, files.number(&change)).inspect_err(|_| pending.lose())?;
                    filling.set_next(pushed, reader.position());
                }
                Err(error) => {
                    let failure = into_failure(listener.as_ref(), error);
                    if filling.changes.is_empty() {
                        return Err(failure);
                    }
                    pending.wait(failure);
                    break;
                }
            }
        }
        let changes = std::mem::take(&mut filling.changes);
        Ok((!changes.is_empty()).then_some((changes, filling)))
    }

    /// Returns the next changes as lines of native JSON, about `size` bytes of them.
    pub(crate) fn json(&mut self, size: usize) -> Result<&[u8]> {
        let Self { reader, lines, .. } = self;
        lines.clear();
        self.pending.check()?;
        while lines.len() < size {
            let written = match reader.next() {
                Ok(None) => break,
                Ok(Some(change)) => change.write_json(&mut *lines).map(|()| lines.push(b'\n')),
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                let failure = into_failure(self.listener.as_ref(), error);
                if lines.is_empty() {
                    return Err(failure);
                }
                self.pending.wait(failure);
                break;
            }
        }
        Ok(lines)
    }

    /// Records that the result of the last call did not reach Java.
    pub(crate) fn lose(&mut self) {
        self.pending.lose();
    }

    /// Encodes its state, for `ReaderState`.
    pub(crate) fn state(&self) -> Result<Vec<u8>> {
        report::state(&self.reader, &self.reader.report())
    }
}
