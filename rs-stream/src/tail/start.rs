//! The files of a tail, and the place where it starts.

use std::ops::ControlFlow;
use std::sync::Arc;

use trailcore::source::{LiveReader, Pending};
use trailcore::{Error, ErrorKind, ReadOptions, Result, Trail, TrailPosition};

use crate::acknowledge::Mark;
use crate::checkpoint::{self, Checkpoint};
use crate::files::{HEAD, TailFile};
use crate::options::Start;
use crate::skip::Skip;
use crate::tail::follow::{Step, Tail, as_trail_file};

impl Tail {
    /// Adds the files that are there without a gap to the list.
    pub(super) fn find_files(&mut self) -> Result<()> {
        let found = self.names.list(&*self.options.files).map_err(|error| Error::io(&self.names.folder, error))?;
        for seqno in found {
            match self.files.last() {
                Some(last) if seqno <= last.seqno => {}
                Some(last) if seqno > last.seqno + 1 => break,
                _ => self.add_to_list(seqno),
            }
        }
        // One that is being made is entered later: a position in it would have no identity yet.
        if let [.., _, last] = self.files.as_slice() {
            if last.first_record().map_err(|error| Error::io(&last.path, error))?.is_none() {
                self.files.pop();
            }
        }
        Ok(())
    }

    /// Adds the files that are there up to one, also over a gap that the shared reading has passed.
    pub(super) fn list_files_to(&mut self, seqno: u64) -> Result<()> {
        self.find_files()?;
        let last = self.files.last().map(|last| last.seqno);
        if last.is_some_and(|last| last < seqno) {
            let found = self.names.list(&*self.options.files).map_err(|error| Error::io(&self.names.folder, error))?;
            found
                .into_iter()
                .filter(|found| last.is_none_or(|last| *found > last) && *found <= seqno)
                .for_each(|found| self.add_to_list(found));
        }
        Ok(())
    }

    pub(super) fn add_to_list(&mut self, seqno: u64) {
        let file = TailFile::new(Arc::clone(&self.options.files), self.names.path(seqno), seqno);
        self.files.push(Arc::new(file));
    }

    /// Adds a file to the list, and to what the reader reads.
    pub(super) fn add_file(&mut self, seqno: u64) -> Result<()> {
        self.add_to_list(seqno);
        let added = self.files.last().map(as_trail_file);
        match (&mut self.reader, added) {
            (Some(reader), Some(file)) => reader.add_file(file),
            _ => Ok(()),
        }
    }

    /// Returns the options for readers: they stop when the tail does.
    pub(super) fn read_options(&self) -> ReadOptions {
        let signal = Arc::clone(&self.shared.signal);
        let go_on = move |_| if signal.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        self.options.read.clone().on_progress(go_on)
    }

    /// Returns a trail of the files from one on.
    pub(super) fn trail_from(&self, seqno: u64) -> Trail {
        Trail::of(self.files.iter().filter(|file| file.seqno >= seqno).map(as_trail_file))
    }

    /// Continues at a checkpoint.
    pub(super) fn continue_at(&mut self, checkpoint: &Checkpoint, selection: &str) -> Result<()> {
        let (Some(position), Some(from)) = (checkpoint.position.trail(), checkpoint.read_from().trail()) else {
            return Err(Error::new(ErrorKind::InvalidArgument, "the checkpoint is not one of a trail"));
        };
        if checkpoint.selection != selection {
            let error = Error::new(ErrorKind::InvalidArgument, "the checkpoint was stored with another selection");
            return Err(error.hint("use the same selection, or a checkpoint of its own for each selection"));
        }
        let found = self.names.list(&*self.options.files).map_err(|error| Error::io(&self.names.folder, error))?;
        let Some(file) = found.iter().find(|seqno| **seqno == from.seqno).map(|seqno| self.names.path(*seqno)) else {
            return Err(self.missing(from, &found));
        };
        self.files.clear();
        self.add_to_list(from.seqno);
        self.find_files()?;
        let first = self.files.first().map(|first| first.head(HEAD)).transpose();
        let head = first.map_err(|error| Error::io(&file, error))?.unwrap_or_default();
        if checkpoint::identity(&head).as_deref() != Some(checkpoint.trail.as_str()) {
            let error = Error::new(ErrorKind::InvalidArgument, "the checkpoint is one of another trail");
            return Err(error.in_file(&file).hint("the trail was made anew, or the checkpoint belongs to another one"));
        }
        self.shared.note_identity(from.seqno, checkpoint.trail.clone());
        let mark = Mark {
            position,
            transaction: checkpoint.transaction.and_then(|start| start.trail()),
            csn: checkpoint.csn.clone(),
            time: checkpoint.time,
        };
        self.order.continue_after(&mark);
        self.restart(mark)
    }

    /// Returns the error of a checkpoint whose files are missing.
    pub(super) fn missing(&self, from: TrailPosition, found: &[u64]) -> Error {
        let name = |seqno| self.names.name(seqno);
        let what = match found.iter().find(|seqno| **seqno > from.seqno) {
            Some(&next) if next == from.seqno + 1 => {
                format!("the checkpoint at {from} needs the file {}, which is missing", name(from.seqno))
            }
            Some(&next) => {
                format!("the checkpoint at {from} needs the files {} to {}, which are missing", name(from.seqno), name(next - 1))
            }
            None => format!(
                "the checkpoint at {from} needs the file {}, which is missing; the trail ends before it",
                name(from.seqno)
            ),
        };
        let error = Error::new(ErrorKind::SequenceGap, what).in_file(&self.names.folder);
        error.hint("restore the files, or start anew without the checkpoint; what they had is lost to this follower")
    }

    /// Finds the place to start at.
    pub(super) fn find_start(&mut self) -> Result<()> {
        let start = self.options.start.clone();
        let Some(first) = self.files.first().map(|file| file.seqno) else {
            self.skip = match start {
                Start::Csn(csn) => Skip::UntilCsn(csn),
                Start::Time(time) => Skip::UntilTime(time),
                // All that comes is after the end, and after the beginning.
                Start::Beginning | Start::End => Skip::Nothing,
                Start::Position(position) => {
                    let what = format!("there is no file for the position {position}");
                    return Err(Error::new(ErrorKind::InvalidPosition, what).in_file(&self.names.folder));
                }
            };
            return Ok(());
        };
        let at = match start {
            Start::Beginning => TrailPosition::new(first, 0),
            Start::End => self.find_end()?,
            Start::Position(position) => position.trail().ok_or_else(|| {
                Error::new(ErrorKind::InvalidPosition, format!("{position} is not a position in a trail")).hint("write SEQNO:RBA")
            })?,
            Start::Csn(csn) => {
                let found = |trail: &Trail, options: &ReadOptions| trail.find_csn_with(&csn, options);
                self.find_or_skip(found, Skip::UntilCsn(csn.clone()))?
            }
            Start::Time(time) => {
                let found = |trail: &Trail, options: &ReadOptions| trail.find_time_with(time, options);
                self.find_or_skip(found, Skip::UntilTime(time))?
            }
        };
        self.drop_files_before(at.seqno);
        let skip = std::mem::replace(&mut self.skip, Skip::Nothing);
        self.restart(Mark { position: at, ..Mark::default() })?;
        if !skip.is_nothing() {
            self.skip = skip;
        }
        Ok(())
    }

    /// Keeps the files up to a gap: what follows is looked for, and judged, once they have been read.
    pub(super) fn drop_files_after_a_gap(&mut self) {
        let first = self.files.first().map_or(0, |file| file.seqno);
        let whole = self.files.iter().zip(first..).take_while(|(file, seqno)| file.seqno == *seqno).count();
        self.files.truncate(whole);
    }

    pub(super) fn drop_files_before(&mut self, seqno: u64) {
        self.files.retain(|file| file.seqno >= seqno);
    }

    /// Finds a place in what is there, or else sets what to skip from the end on.
    pub(super) fn find_or_skip(
        &mut self,
        find: impl Fn(&Trail, &ReadOptions) -> Result<Option<trailcore::Position>>,
        skip: Skip,
    ) -> Result<TrailPosition> {
        // Everything that comes during the search is after this.
        let end = self.find_end()?;
        match find(&self.trail_from(0), &self.read_options()) {
            Ok(Some(position)) => Ok(position.trail().unwrap_or_default()),
            Ok(None) => {
                self.skip = skip;
                Ok(end)
            }
            Err(error) if error.needs_more_bytes() => {
                self.skip = skip;
                Ok(end)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the position after the last transaction that is complete.
    pub(super) fn find_end(&self) -> Result<TrailPosition> {
        let files = self.files.len();
        let mut take = 1;
        loop {
            let trail = Trail::of(self.files.iter().skip(files - take.min(files)).map(as_trail_file));
            let mut reader = LiveReader::new(&trail, self.read_options())?;
            let mut any = false;
            loop {
                let found = match reader.next() {
                    Ok(change) => change.is_some(),
                    // The tail meets it, from this side.
                    Err(error) if error.kind().is_damage() => break,
                    Err(error) => return Err(error),
                };
                any |= found;
                if !found && reader.take_note().is_none() {
                    break;
                }
            }
            let state = reader.state()?;
            // A transaction that is open may have begun in an earlier file.
            if any || take >= files || state.pending != Pending::Transaction {
                return Ok(state.position);
            }
            take *= 2;
        }
    }

    /// Makes the reader anew, to continue at a place.
    pub(super) fn restart(&mut self, at: Mark) -> Result<()> {
        self.reader = None;
        self.skip = if at.transaction.is_some() { Skip::Before(at.position) } else { Skip::Nothing };
        let from = at.read_from();
        self.shared.start(at.clone());
        self.order.go_to(&at);
        self.assembly.go_to(&at);
        self.start = at;
        self.drop_files_before(from.seqno);
        self.closed = 0;
        self.open_reader()
    }

    pub(super) fn open_reader(&mut self) -> Result<()> {
        let from = self.start.read_from();
        let trail = self.trail_from(from.seqno);
        let mut options = self.read_options();
        if from.rba > 0 {
            options = options.start_at(from.into());
        }
        self.reader = Some(LiveReader::new(&trail, options)?);
        Ok(())
    }

    /// Begins to read: waits for the first file.
    pub(super) fn begin(&mut self) -> Result<Step> {
        if self.files.is_empty() {
            self.find_files()?;
            let Some(first) = self.files.first().map(|file| file.seqno) else { return Ok(Step::Idle) };
            let at = Mark { position: TrailPosition::new(first, 0), ..Mark::default() };
            self.shared.start(at.clone());
            self.order.go_to(&at);
            self.assembly.go_to(&at);
            self.start = at;
        }
        self.open_reader().map(|()| Step::Again)
    }
}
