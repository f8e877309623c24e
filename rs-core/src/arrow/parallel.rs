//! [`Parallel`]: record batches that several threads make. One thread reads and frames; it cuts the trail into pieces. Each worker
//! takes a piece, decodes it and converts it. The pieces come out in the trail's order.
//!
//! What the first batch of a table decides for all later ones, its schema, is decided in the trail's order too: a [`Turn`] makes a
//! worker wait until the pieces before its own have decided. Decoding before that and converting after it run at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::maker::{BatchMaker, Converter, Queue, SharedSchemas, Turn};
use super::options::ArrowOptions;
use super::records::TableRecords;

use crate::batch::BatchDecoder;
use crate::error::{Error, Result};
use crate::source::{Piece, Pieces, Progress, Reader, WindowMemory, spawn};

/// The workers, and the pieces that they have finished.
#[derive(Debug)]
pub(super) struct Parallel {
    /// `None` only while it is dropped, like `done`.
    pieces: Option<Pieces>,
    workers: Vec<JoinHandle<()>>,
    done: Option<Receiver<Done>>,
    /// Pieces that were finished early, by index.
    early: BTreeMap<usize, Done>,
    next: usize,
}

/// The result of a worker for a piece.
#[derive(Debug)]
pub(super) struct Done {
    index: usize,
    /// The batches, and errors.
    pub(super) records: Vec<Result<TableRecords>>,
    pub(super) wide: Vec<Box<str>>,
    pub(super) narrow: Vec<Box<str>>,
    pub(super) left_out: BTreeMap<&'static str, u64>,
    /// The error that ended the piece.
    pub(super) failure: Option<Error>,
    /// The piece's reader, for its notes.
    pub(super) reader: Reader,
    pub(super) is_last: bool,
    progress: Progress,
}

impl Parallel {
    /// Starts the workers. `start` has the filter.
    pub(super) fn start(
        pieces: Pieces,
        start: &Reader,
        options: &ArrowOptions,
        schemas: &SharedSchemas,
        threads: usize,
    ) -> Result<Self> {
        // One finished piece of each worker waits at most: memory is bounded.
        let (send, done) = bounded(threads);
        let queue = Arc::new(Queue::default());
        // From here on, dropping it ends the threads.
        let mut parallel = Self { workers: Vec::new(), done: Some(done), early: BTreeMap::new(), next: 0, pieces: Some(pieces) };
        for _ in 0..threads {
            let like = start.emptied().ok_or_else(|| Error::internal("a source that has no pieces"))?;
            let worker =
                Worker { like, options: options.clone(), schemas: schemas.clone(), queue: Arc::clone(&queue), decoder: None };
            let pieces = parallel.pieces.as_ref().ok_or_else(no_pieces)?;
            let (memory, pieces, send) = (pieces.memory(), pieces.receiver()?, send.clone());
            parallel.workers.push(spawn("trailcore-decode", move || worker.work(&pieces, &memory, &send))?);
        }
        Ok(parallel)
    }

    /// Waits for the next piece. An error of the caller's callback comes with it: nothing is lost if it stops reading for now.
    pub(super) fn next(&mut self) -> Result<(Done, Result<()>)> {
        let (Some(done), Some(pieces)) = (&self.done, &self.pieces) else { return Err(no_pieces()) };
        loop {
            if let Some(done) = self.early.remove(&self.next) {
                self.next += 1;
                let reported = pieces.report(done.progress);
                return Ok((done, reported));
            }
            let done = done.recv().map_err(|_| Error::internal("a thread that decodes has ended"))?;
            self.early.insert(done.index, done);
        }
    }
}

fn no_pieces() -> Error {
    Error::internal("a reading that has ended is read")
}

impl Drop for Parallel {
    fn drop(&mut self) {
        // Without a receiver, each worker ends after its piece, and then the thread that reads.
        self.done = None;
        for worker in self.workers.drain(..) {
            // Whoever waited for a piece has got an error if it has panicked.
            let _ = worker.join();
        }
        self.pieces = None;
    }
}

/// A thread that makes batches.
struct Worker {
    /// Has a filter like that of each piece.
    like: Reader,
    options: ArrowOptions,
    schemas: SharedSchemas,
    queue: Arc<Queue>,
    /// The decoder of the last piece, which is empty again.
    decoder: Option<BatchDecoder>,
}

impl Worker {
    fn work(mut self, pieces: &Receiver<Piece>, memory: &Sender<WindowMemory>, done: &Sender<Done>) {
        // Ends when there are no more pieces, or nobody wants the results.
        while let Ok(piece) = pieces.recv() {
            if done.send(self.batches_of(piece, memory)).is_err() {
                return;
            }
        }
    }

    fn batches_of(&mut self, piece: Piece, memory: &Sender<WindowMemory>) -> Done {
        let (index, is_last, progress, has_rivals) = (piece.index, piece.is_last, piece.progress, piece.has_rivals);
        let turn = Turn::of(&self.queue, index);
        if has_rivals {
            // Which of the tables is meant depends on what was met before.
            turn.wait();
        }
        let reader = piece.into_reader(&self.like);
        let decoder = self.decoder.take().unwrap_or_else(|| Converter::decoder(&self.options));
        let converter = Converter::with_decoder(self.options.clone(), self.schemas.clone(), Some(turn), decoder);
        let mut maker = BatchMaker::with_converter(reader, converter);
        let records = std::iter::from_fn(|| maker.next()).collect();
        let BatchMaker { mut reader, converter, left_out, failure, .. } = maker;
        // A full channel needs no more.
        let _ = memory.try_send(reader.close_piece(is_last));
        let (wide, narrow) = (converter.wide, converter.narrow);
        self.decoder = Some(converter.decoder);
        Done { index, records, wide, narrow, left_out, failure, reader, is_last, progress }
    }
}
