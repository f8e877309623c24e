//! [`Pieces`]: a thread that reads ahead, and cuts what it has read into pieces. [`AheadReader`]: reads them in order.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::{Error, Result};
use crate::filter::TableName;
use crate::schema::TableDef;
use crate::source::progress::{Progress, Watch};
use crate::source::reader::trail::{Lent, TrailReader};
use crate::source::window::WindowMemory;

/// A piece of a trail.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Its place in the order of the pieces.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) index: usize,
    pub(super) reader: Box<TrailReader>,
    /// It is the last one: the reader that has cut off the others. It has the end, or the error, that they have not.
    pub(crate) is_last: bool,
    /// How much has been read at its end.
    pub(crate) progress: Progress,
    /// Several tables met by its end have the wanted name, in other cases.
    #[cfg_attr(not(feature = "arrow"), allow(dead_code))]
    pub(crate) has_rivals: bool,
}

/// The pieces of a trail, from a thread that reads ahead. The thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// `None` only while it is dropped.
    pieces: Option<Receiver<Piece>>,
    thread: Option<JoinHandle<()>>,
    watch: Option<Watch>,
    memory: Sender<WindowMemory>,
}

impl Pieces {
    /// Starts the thread. Each piece has about this many bytes; `only` is the name of the wanted table. Returns a reader without
    /// changes too, which has the filter, and into which the notes of the pieces are collected.
    pub(super) fn start(mut reader: TrailReader, bytes: usize, only: Option<&TableName>) -> Result<(Self, Box<TrailReader>)> {
        let only = only.cloned();
        let watch = reader.options.watch.take();
        reader.window.watch(None);
        reader.window.make_room_for(bytes);
        let mut start = Box::new(reader.emptied());
        start.filter = reader.filter.take();
        // One piece waits while another is cut: memory is bounded.
        let (send, pieces) = bounded(1);
        // More than two are released.
        let (memory, given_back) = bounded::<WindowMemory>(2);
        let cut_all = move || {
            for index in 0.. {
                let piece = reader.cut(bytes, given_back.try_recv().unwrap_or_default()).map(Box::new);
                let bytes = reader.window.bytes_before(0);
                let progress = Progress { position: reader.position().into(), bytes };
                let wanted = |table: &&Arc<TableDef>| only.as_ref().is_some_and(|only| only.fits(table.name()));
                let has_rivals = reader.tables().filter(wanted).count() > 1;
                let Some(piece) = piece else {
                    // Nobody may want it any more.
                    let _ = send.send(Piece { index, reader: Box::new(reader), is_last: true, progress, has_rivals });
                    return;
                };
                if send.send(Piece { index, reader: piece, is_last: false, progress, has_rivals }).is_err() {
                    return;
                }
            }
        };
        let thread = spawn("trailcore-read", cut_all)?;
        Ok((Self { pieces: Some(pieces), thread: Some(thread), watch, memory }, start))
    }

    /// Returns the end of a channel that has the pieces, each once.
    pub(crate) fn receiver(&self) -> Result<Receiver<Piece>> {
        self.pieces.clone().ok_or_else(|| Error::internal("a reading that has ended is read"))
    }

    /// Returns the end of a channel that takes the memory of pieces that have been read, for the next ones. One that is full needs no
    /// more.
    #[cfg(feature = "arrow")]
    pub(crate) fn memory(&self) -> Sender<WindowMemory> {
        self.memory.clone()
    }

    /// Waits for the next piece.
    fn next(&self) -> Result<Piece> {
        self.receiver()?.recv().map_err(|_| Error::internal("the thread that reads ahead has ended"))
    }

    /// Reports the progress to the caller's callback.
    pub(crate) fn report(&self, progress: Progress) -> Result<()> {
        self.watch.as_ref().map_or(Ok(()), |watch| watch.report(progress))
    }
}

/// Starts a thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| Error::thread(&error).hint("set the option threads to 1"))
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // The thread waits for room in the channel, or reads from files or memory: it ends soon.
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            // A panic has already been reported to whoever waited for a piece.
            let _ = thread.join();
        }
    }
}

/// Reads the changes of a trail that another thread reads and frames.
#[derive(Debug)]
pub(super) struct AheadReader {
    pieces: Pieces,
    pub(super) current: Box<TrailReader>,
    is_last: bool,
}

impl AheadReader {
    /// Bytes of a piece: few, so that it is still in a processor's cache when it is read.
    pub(super) const PIECE: usize = 2 << 20;

    pub(super) fn new(reader: TrailReader, bytes: usize) -> Result<Self> {
        let (pieces, current) = Pieces::start(reader, bytes, None)?;
        Ok(Self { pieces, current, is_last: false })
    }

    /// Steps to the next change, which [`current`](Self::current) has; `None` at the end.
    #[inline(never)]
    pub(super) fn step(&mut self) -> Result<Option<Lent>> {
        loop {
            if let Some(lent) = self.current.step()? {
                return Ok(Some(lent));
            }
            if self.is_last {
                return Ok(None);
            }
            self.next_piece()?;
        }
    }

    #[cold]
    fn next_piece(&mut self) -> Result<()> {
        let mut piece = self.pieces.next()?;
        piece.reader.filter = self.current.filter.take();
        piece.reader.absorb(&mut self.current);
        // A full channel needs no more.
        let _ = self.pieces.memory.try_send(self.current.window.take_memory());
        (self.current, self.is_last) = (piece.reader, piece.is_last);
        if self.is_last {
            // It reads on itself.
            self.current.window.watch(self.pieces.watch.clone());
            return Ok(());
        }
        self.pieces.report(piece.progress)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_last && self.current.has_ended()
    }
}
