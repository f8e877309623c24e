//! The end of what is there: looks at the files, goes to the next one, and handles what is wrong with them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use trailcore::source::{ByteSource as _, LiveState, Pending};
use trailcore::{Error, ErrorKind, Result, TrailPosition};

use crate::acknowledge::Mark;
use crate::checkpoint;
use crate::event::{EventKind, Policy};
use crate::files::{HEAD, TailFile};
use crate::sequence::Names;
use crate::skip::Skip;
use crate::tail::follow::{Out, Tail};

/// Time between two listings of the folder.
const LISTING: Duration = Duration::from_secs(1);
/// The same if the file system sends events.
const RARE_LISTING: Duration = Duration::from_secs(30);
/// How long the end of a file has to be quiet until a next file that has only a header is entered.
const QUIET: Duration = Duration::from_secs(1);

/// The result of comparing a file with what it was.
pub(super) enum Compared {
    /// It is the same.
    Same,
    /// There is none.
    Gone,
    /// It is not, and this is done about it. There may be something to read.
    Done(bool),
}

impl Tail {
    /// Looks at the files. Returns whether there may be something to read.
    pub(super) fn look(&mut self) -> Result<bool> {
        let Some(reader) = &self.reader else { return Ok(true) };
        let state = reader.state()?;
        let index = state.file.min(self.files.len().saturating_sub(1));
        let Some(file) = self.files.get(index).cloned() else {
            return Err(Error::internal("the file that is read is not in the list"));
        };
        let oldest = self.files.get(self.closed).map_or(file.seqno, |oldest| oldest.seqno);
        self.know_files(oldest, state.position.seqno);
        self.close_until(index);
        if self.out.is_empty() && self.assembly.is_empty() && !self.skip.is_searching() {
            // Metadata and headers after the last change are read too.
            let mark = self.order.settled(state.position);
            if let Some(mark) = mark {
                self.out.push_back(Out::Advance(mark));
            }
        }
        match self.compare(&file, &state)? {
            Compared::Done(found) => Ok(found),
            Compared::Same => self.look_for_next(&file, index, &state, false),
            Compared::Gone => self.look_for_next(&file, index, &state, true),
        }
    }

    /// Compares the file that has the path with the one that is open.
    pub(super) fn compare(&mut self, file: &Arc<TailFile>, state: &LiveState) -> Result<Compared> {
        let (id, size) = match self.options.files.facts(&file.path) {
            Ok(facts) => (facts.id, facts.size),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Compared::Gone),
            Err(error) => return self.fault(Error::io(&file.path, error)).map(Compared::Done),
        };
        let path = || Some(file.path.clone());
        let is_other = file.id().is_some_and(|open| open != id) || (self.idle.size.0 != size && self.has_other_header(file)?);
        if is_other {
            if self.endure(EventKind::FileReplaced, false, path(), || "another file has its name".to_owned()) {
                self.conditions.clear(EventKind::FileReplaced);
                return self.read_again(file, None).map(|()| Compared::Done(true));
            }
            return Ok(Compared::Done(false));
        }
        if self.idle.size.0 != size {
            self.idle.size = (size, Instant::now());
        }
        let delivered = if state.position.seqno == file.seqno { state.position.rba } else { 0 };
        if size < delivered {
            let what = || format!("it has {size} bytes; {delivered} were delivered");
            if self.endure(EventKind::FileShrunk, false, path(), what) {
                self.conditions.clear(EventKind::FileShrunk);
                return self.read_again(file, Some(size)).map(|()| Compared::Done(true));
            }
            return Ok(Compared::Done(false));
        }
        self.conditions.clear(EventKind::FileShrunk);
        if state.end.seqno == file.seqno && size < state.end.rba {
            // The part that was not delivered yet is gone, and may be written in another way.
            tracing::info!(file = %file.path.display(), size, "the end of the file was rewritten");
            let mark = self.mark();
            file.close();
            self.restart_within(mark)?;
            return Ok(Compared::Done(true));
        }
        Ok(Compared::Same)
    }

    /// Returns whether the file has another header than when it was opened.
    pub(super) fn has_other_header(&mut self, file: &Arc<TailFile>) -> Result<bool> {
        let Some(known) = self.shared.identity(file.seqno) else { return Ok(false) };
        let head = file.head(HEAD).map_err(|error| Error::io(&file.path, error))?;
        Ok(checkpoint::identity(&head).is_some_and(|now| now != known))
    }

    /// Reads a file again from its start, after it was replaced or has shrunk. Its first `skip` bytes have been delivered.
    pub(super) fn read_again(&mut self, file: &Arc<TailFile>, skip: Option<u64>) -> Result<()> {
        file.close();
        let start = TrailPosition::new(file.seqno, 0);
        self.drop_files_before(file.seqno);
        let head = file.head(HEAD).map_err(|error| Error::io(&file.path, error))?;
        if let Some(identity) = checkpoint::identity(&head) {
            self.shared.note_identity(file.seqno, identity);
        }
        self.restart_within(Mark { position: start, ..Mark::default() })?;
        if let Some(size) = skip {
            self.skip = Skip::Before(TrailPosition::new(file.seqno, size));
        }
        Ok(())
    }

    /// Makes the reader anew while deliveries may be unacknowledged.
    pub(super) fn restart_within(&mut self, at: Mark) -> Result<()> {
        self.reader = None;
        self.assembly.go_to(&at);
        if !self.skip.is_searching() {
            self.skip = if at.transaction.is_some() { Skip::Before(at.position) } else { Skip::Nothing };
        }
        self.order.go_to(&at);
        let from = at.read_from();
        self.start = at;
        self.drop_files_before(from.seqno);
        self.drop_files_after_a_gap();
        self.closed = 0;
        self.open_reader()
    }

    /// Reads again what follows a place. If the damage covers the place, so that no record starts there any more, the file is read from its
    /// start, and what is before the place is skipped.
    fn read_twice(&mut self, mark: &Mark) -> Result<()> {
        match self.restart_within(mark.clone()) {
            Err(error) if error.kind() == ErrorKind::InvalidPosition => {
                self.start = Mark { position: TrailPosition::new(mark.read_from().seqno, 0), ..Mark::default() };
                self.skip = Skip::Before(mark.position);
                self.open_reader()
            }
            outcome => outcome,
        }
    }

    /// Closes the files that have been read, but those of an open transaction.
    pub(super) fn close_until(&mut self, index: usize) {
        let oldest = self.order.oldest().seqno;
        while self.closed < index && self.files.get(self.closed).is_some_and(|file| file.seqno < oldest) {
            if let Some(file) = self.files.get(self.closed) {
                tracing::debug!(file = %file.path.display(), "file done");
                file.close();
            }
            self.closed += 1;
        }
    }

    /// Looks for the next file. Returns whether there may be something to read.
    pub(super) fn look_for_next(&mut self, file: &Arc<TailFile>, index: usize, state: &LiveState, purged: bool) -> Result<bool> {
        let next = file.seqno + 1;
        let path = self.names.path(next);
        match self.options.files.facts(&path) {
            Ok(facts) => {
                self.conditions.clear(EventKind::NextFileMissing);
                self.conditions.clear(EventKind::SequenceGap);
                self.conditions.clear(EventKind::FilePurged);
                self.go_to_next(file, index, state, (next, facts.size))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.look_for_later(file, purged),
            Err(error) => self.fault(Error::io(&path, error)),
        }
    }

    /// Goes to the next file, which exists, once the current one is done.
    pub(super) fn go_to_next(&mut self, file: &Arc<TailFile>, index: usize, state: &LiveState, next: (u64, u64)) -> Result<bool> {
        let (seqno, size) = next;
        let path = self.names.path(seqno);
        let candidate = TailFile::new(Arc::clone(&self.options.files), path.clone(), seqno);
        let first = match candidate.first_record() {
            Ok(Some(first)) => first,
            // It is being made.
            Ok(None) => return Ok(false),
            Err(error) => return self.fault(Error::io(&path, error)),
        };
        let is_known = index + 1 < self.files.len();
        if state.pending == Pending::Record {
            let what = || format!("it ends inside a record at RBA {}, and the next file exists", state.end.rba);
            if !self.endure(EventKind::FileTorn, true, Some(file.path.clone()), what) {
                return Ok(false);
            }
            self.conditions.clear(EventKind::FileTorn);
            if let Some(reader) = &mut self.reader {
                reader.pass()?;
            }
        } else {
            self.conditions.clear(EventKind::FileTorn);
            let is_quiet = self.idle.size.1.elapsed() >= QUIET;
            if is_known || (size <= first && !is_quiet) {
                return Ok(is_known && state.file != index);
            }
        }
        if !is_known {
            tracing::info!(file = %path.display(), "next file");
            self.add_file(seqno)?;
        }
        Ok(true)
    }

    /// Looks for a file after the next one, which does not exist.
    pub(super) fn look_for_later(&mut self, file: &Arc<TailFile>, purged: bool) -> Result<bool> {
        // A later file is hinted at, too.
        let often = if self.trusts_hints() && !self.idle.hinted { RARE_LISTING } else { LISTING };
        if !purged && self.idle.listed.is_some_and(|listed| listed.elapsed() < often) && !self.conditions.is_any() {
            return Ok(false);
        }
        let found = match self.names.list(&*self.options.files) {
            Ok(found) => found,
            Err(error) => return self.fault(Error::io(&self.names.folder, error)),
        };
        self.idle.listed = Some(Instant::now());
        let Some(&later) = found.iter().find(|seqno| **seqno > file.seqno) else {
            if purged {
                let what = || "its bytes have been read; the next file is waited for".to_owned();
                self.endure(EventKind::FilePurged, false, Some(file.path.clone()), what);
            }
            return Ok(false);
        };
        if later == file.seqno + 1 {
            return Ok(true);
        }
        let (first, last, existing) = (self.names.name(file.seqno + 1), self.names.name(later - 1), self.names.name(later));
        let what = || match first == last {
            true => format!("file {first} is missing; {existing} exists"),
            false => format!("files {first} to {last} are missing; {existing} exists"),
        };
        let next = self.names.path(file.seqno + 1);
        let waits = self.options.policy_of(EventKind::NextFileMissing) == Policy::Wait;
        let accepted = self.endure(EventKind::NextFileMissing, false, Some(next.clone()), what) && waits;
        if accepted || self.endure(EventKind::SequenceGap, true, Some(next), what) {
            self.conditions.clear(EventKind::SequenceGap);
            self.conditions.clear(EventKind::NextFileMissing);
            self.add_file(later)?;
            if let Some(reader) = &mut self.reader {
                reader.pass()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Returns whether there is a file with changes, or damage, after the one that is read.
    pub(super) fn has_later_file(&mut self) -> Result<bool> {
        let failed = |names: &Names, error| Error::io(&names.folder, error);
        let found = self.names.list(&*self.options.files).map_err(|error| failed(&self.names, error))?;
        let Some(here) = self.current_file().map(|file| file.seqno) else { return Ok(!found.is_empty()) };
        let later: Vec<u64> = found.into_iter().filter(|seqno| *seqno > here).collect();
        let &[next] = later.as_slice() else { return Ok(!later.is_empty()) };
        if next > here + 1 {
            return Ok(true);
        }
        let file = TailFile::new(Arc::clone(&self.options.files), self.names.path(next), next);
        let head = file.first_record().and_then(|first| Ok((first, file.size()?)));
        match head {
            Ok((first, size)) => Ok(first.is_some_and(|first| first < size)),
            Err(error) => Err(Error::io(&file.path, error)),
        }
    }

    /// Handles an error of reading. Returns whether to read on.
    pub(super) fn fault(&mut self, error: Error) -> Result<bool> {
        match error.kind() {
            ErrorKind::Cancelled => Ok(false),
            ErrorKind::Io | ErrorKind::NotFound => self.failed_read(&error),
            kind if kind.is_damage() => self.damage(error),
            _ => {
                self.failed = Some(error);
                Ok(true)
            }
        }
    }

    pub(super) fn failed_read(&mut self, error: &Error) -> Result<bool> {
        self.faulted = true;
        let file = error.location().file.as_ref().map(|file| file.to_path_buf());
        let is_unread = error.kind() == ErrorKind::NotFound && file.as_ref().is_some_and(|path| self.is_listed(path));
        if is_unread {
            let what = || "it was removed before it was read".to_owned();
            if self.endure(EventKind::SequenceGap, true, file.clone(), what) {
                self.conditions.clear(EventKind::SequenceGap);
                return self.go_on_after(file.as_deref());
            }
            return Ok(false);
        }
        // Nothing can be skipped: it is tried again in any case.
        self.endure(EventKind::ReadFailed, true, file, || error.what().to_owned());
        Ok(false)
    }

    pub(super) fn is_listed(&self, path: &Path) -> bool {
        self.files.iter().any(|file| file.path == path && file.id().is_none())
    }

    /// Goes on with the first file after one that was removed before it was read. What is before it is delivered, also of a transaction
    /// without its end.
    pub(super) fn go_on_after(&mut self, path: Option<&Path>) -> Result<bool> {
        let Some(gone) = self.files.iter().find(|file| Some(file.path.as_path()) == path).map(|file| file.seqno) else {
            return Ok(false);
        };
        let found = self.names.list(&*self.options.files).map_err(|error| Error::io(&self.names.folder, error))?;
        let Some(&next) = found.iter().find(|seqno| **seqno > gone) else { return Ok(false) };
        let mark = self.mark();
        let is_left = |file: &Arc<TailFile>| file.seqno >= mark.read_from().seqno && file.seqno < gone;
        if !self.files.iter().any(is_left) {
            self.break_off();
            self.files.clear();
            self.add_to_list(next);
            return self.restart_within(Mark { position: TrailPosition::new(next, 0), ..Mark::default() }).map(|()| true);
        }
        self.files.retain(is_left);
        self.restart_within(mark)?;
        self.add_file(next)?;
        if let Some(reader) = &mut self.reader {
            reader.pass()?;
        }
        Ok(true)
    }

    pub(super) fn damage(&mut self, error: Error) -> Result<bool> {
        let damaged = error.location().file.clone();
        let file = self.files.iter().find(|file| Some(file.path.as_path()) == damaged.as_deref()).cloned();
        if let (Some(file), Some(reader)) = (file, &self.reader) {
            // Another file under the name looks like damage.
            let state = reader.state()?;
            if let Compared::Done(found) = self.compare(&file, &state)? {
                return Ok(found);
            }
        }
        let mark = self.mark();
        if self.idle.damaged_at != Some(mark.position) {
            // The writer may have rewritten what was not complete: the bytes are read again.
            self.idle.damaged_at = Some(mark.position);
            return self.read_twice(&mark).map(|()| true);
        }
        let file = error.location().file.as_ref().map(|file| file.to_path_buf());
        let stops = self.options.policy_of(EventKind::Damage) == Policy::Stop;
        if stops {
            self.failed = Some(error);
            return Ok(true);
        }
        if self.endure(EventKind::Damage, false, file, || error.to_string()) {
            self.conditions.clear(EventKind::Damage);
            if let Some(reader) = &mut self.reader {
                reader.pass()?;
            }
            return Ok(true);
        }
        Ok(false)
    }
}
