//! [`ReadWindow`]: a block of a trail's bytes, framed as records before they are used.
//!
//! Files are read one after the other into the same window. Records that belong together (a pair of before and after records,
//! large-object fragments, a transaction) are then in one window even if a file ends between them. A source that has its bytes
//! in memory is framed in place; at the end of such a file, only the records that later ones may belong to are copied.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::decode::{ByteOrder, Fault, FaultKind};
use crate::error::{Error, ErrorKind, Result};
use crate::position::TrailPosition;
use crate::source::bytes::ByteSource;
use crate::source::progress::{Access, Progress, Watch};
use crate::source::sequence::TrailFile;
use crate::trail::{Decoder, FILE_HEADER, FileHeader, Frame, Record, Resync, prefetch, settle_byte_order};

/// Bytes read at a time: large enough that the call costs nothing, small enough to stay in a processor's cache.
const BLOCK: usize = 1 << 20;
/// Records framed at a time if the bytes are already in memory: few, so that they are in a processor's cache when they are used.
const FRAMES_IN_PLACE: usize = 512;
/// Bytes of that many usual records.
const BYTES_IN_PLACE: usize = FRAMES_IN_PLACE * 256;

/// The bytes that frames point into.
#[derive(Debug)]
enum Buffer {
    /// Read from a file. The first `filled` bytes are data.
    Own { bytes: Vec<u8>, filled: usize },
    /// In memory already; frames count from the start of the source.
    InPlace(Bytes),
}

/// The memory of a window that nobody reads any more, for another one: new memory costs more than reading a file into it.
#[derive(Debug, Default)]
pub(crate) struct WindowMemory {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
}

/// A source that has its bytes in memory.
struct InMemory(Arc<dyn ByteSource>);

impl AsRef<[u8]> for InMemory {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice().unwrap_or_default()
    }
}

impl Buffer {
    fn data(&self) -> &[u8] {
        match self {
            Self::Own { bytes, filled } => bytes.get(..*filled).unwrap_or_default(),
            Self::InPlace(bytes) => bytes,
        }
    }
}

/// A run of frames from one file.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Index of its first frame.
    pub(crate) first_frame: usize,
    /// Record number of that frame in its file.
    pub(crate) first_record: u64,
    /// Index in the buffer of the file's byte 0; negative once that byte has been dropped.
    pub(crate) base: i64,
    pub(crate) seqno: u64,
    pub(crate) file: Arc<Path>,
    /// Index of the file in the sequence.
    pub(crate) index: usize,
}

/// The file that is being read.
#[derive(Debug)]
struct OpenFile {
    source: Arc<dyn ByteSource>,
    /// Offset of the next byte to be read into [`Buffer::Own`].
    offset: u64,
    decoder: Decoder,
    /// The error with which the source ends, until it has been skipped.
    fault: Option<Error>,
}

/// The reason why the window has no more frames.
#[derive(Debug)]
pub(crate) enum End {
    /// There may be more.
    Open,
    /// The last file ends after a record.
    Clean,
    /// There is an error after the last frame.
    Fault(Error),
}

/// A place to start: a file of the sequence, and an offset in it that is known to start a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) file: usize,
    pub(crate) rba: u64,
    pub(crate) order: Option<ByteOrder>,
    /// Number of the record at that offset.
    pub(crate) record: u64,
}

impl Start {
    pub(crate) const FIRST: Self = Self { file: 0, rba: 0, order: None, record: 0 };
}

#[derive(Debug)]
pub(crate) struct ReadWindow {
    files: Arc<[TrailFile]>,
    access: Access,
    /// Bytes that are read at a time.
    block: usize,
    /// Bytes that the buffer has room for once it grows, if a file has them: it is not doubled before it has them.
    room: usize,
    /// Bytes of the files that have been read.
    done: u64,
    open: Option<OpenFile>,
    /// Index of the open file, or of the next one to open.
    file_index: usize,
    start: Option<Start>,
    buffer: Buffer,
    frames: Vec<Frame>,
    segments: Vec<Segment>,
    /// All frames of the last fill are rows that are changes on their own.
    plain: bool,
    /// Index in the buffer of the first byte that is not framed.
    unframed: usize,
    end: End,
    /// Start of the range that is being skipped, if that was stopped inside it.
    skipping_from: Option<TrailPosition>,
    /// It has been closed: it reads no more.
    closed: bool,
}

impl ReadWindow {
    pub(crate) fn new(files: Arc<[TrailFile]>, access: Access, start: Start) -> Self {
        Self {
            files,
            access,
            block: BLOCK,
            room: 0,
            done: 0,
            open: None,
            file_index: start.file,
            start: Some(start),
            buffer: Buffer::Own { bytes: Vec::new(), filled: 0 },
            // Room for the frames that are kept from one fill, and for those of the next.
            frames: Vec::with_capacity(2 * FRAMES_IN_PLACE),
            segments: Vec::new(),
            plain: true,
            unframed: 0,
            end: End::Open,
            skipping_from: None,
            closed: false,
        }
    }

    /// Reads blocks of this size, for the first records of a file.
    pub(crate) fn in_blocks_of(self, block: usize) -> Self {
        Self { block, ..self }
    }

    /// Makes room for this number of bytes at once: the bytes that are kept at a time.
    pub(crate) fn make_room_for(&mut self, bytes: usize) {
        self.room = bytes.saturating_add(self.block);
    }

    /// Returns the bytes that the frames point into.
    #[inline(always)]
    pub(crate) fn data(&self) -> &[u8] {
        self.buffer.data()
    }

    /// Returns all frames, in the order of the files.
    #[inline(always)]
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Asks the processor for bytes that are framed next, while the ones of this frame are used. Bytes that were read from a file are
    /// in its cache already.
    #[inline(always)]
    pub(crate) fn prefetch_after(&self, frame: &Frame) {
        if let Buffer::InPlace(_) = self.buffer {
            prefetch(self.data(), (frame.at as usize).wrapping_add(BYTES_IN_PLACE));
        }
    }

    /// Returns whether all frames of the last fill are rows that are changes on their own.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Marks frames as records of a transaction that has been rolled back.
    pub(crate) fn roll_back(&mut self, frames: std::ops::Range<usize>) {
        self.frames.iter_mut().take(frames.end).skip(frames.start).for_each(Frame::roll_back);
    }

    /// Creates a window on what follows this one, to look ahead.
    pub(crate) fn ahead(&self) -> Self {
        Self::new(Arc::clone(&self.files), self.access.clone(), self.unframed_start())
    }

    #[inline]
    pub(crate) fn record(&self, index: usize) -> Option<Record<'_>> {
        self.frames.get(index).map(|frame| Record::from_frame(self.data(), frame))
    }

    pub(crate) fn end(&self) -> &End {
        &self.end
    }

    /// Adds a file after the last one.
    pub(crate) fn add_file(&mut self, file: TrailFile) {
        self.files = self.files.iter().cloned().chain([file]).collect();
    }

    /// Returns the index of the file that is read next.
    pub(crate) fn file_index(&self) -> usize {
        self.file_index
    }

    /// Releases memory that is not needed while the trail does not grow.
    pub(crate) fn shrink(&mut self) {
        self.compact();
        if let Buffer::Own { bytes, filled } = &mut self.buffer {
            bytes.truncate(*filled);
            bytes.shrink_to_fit();
        }
    }

    /// Returns whether it ended after a record, or inside one: more bytes may follow.
    pub(crate) fn may_grow(&self) -> bool {
        match &self.end {
            End::Clean => true,
            End::Fault(error) => error.needs_more_bytes(),
            End::Open => false,
        }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        !matches!(self.end, End::Open)
    }

    /// Returns whether the trail goes on after its end.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns the segment of a frame. There is nearly always only one.
    #[inline(always)]
    pub(crate) fn segment(&self, frame: usize) -> Option<&Segment> {
        match self.segments.as_slice() {
            [only] => Some(only),
            several => several.iter().rev().find(|segment| segment.first_frame <= frame),
        }
    }

    /// Returns the segment of a frame, and the first frame after the segment.
    pub(crate) fn segment_span(&self, frame: usize) -> Option<(&Segment, usize)> {
        let end = self.segments.iter().find(|segment| segment.first_frame > frame).map_or(usize::MAX, |next| next.first_frame);
        Some((self.segment(frame)?, end))
    }

    /// Returns the segment, the position and the record number of a frame.
    pub(crate) fn place(&self, index: usize) -> Option<(&Segment, TrailPosition, u64)> {
        let segment = self.segment(index)?;
        let frame = self.frames.get(index)?;
        let rba = (frame.at as i64).wrapping_sub(segment.base) as u64;
        Some((segment, TrailPosition::new(segment.seqno, rba), segment.first_record + (index - segment.first_frame) as u64))
    }

    /// Returns the place after the last frame: a start for another window.
    pub(crate) fn unframed_start(&self) -> Start {
        let segment = self.segments.last();
        Start {
            file: segment.map_or(self.file_index, |segment| segment.index),
            rba: segment.map_or(0, |segment| (self.unframed as i64).wrapping_sub(segment.base) as u64),
            order: self.open.as_ref().and_then(|open| open.decoder.byte_order()),
            record: 0,
        }
    }

    pub(crate) fn pending_bytes(&self, from_frame: usize) -> usize {
        self.frames.get(from_frame).map_or(0, |frame| self.unframed.saturating_sub(frame.at as usize))
    }

    /// Exchanges two adjacent runs of frames, `first..middle` and `middle..end`. One of them is the start of a file, its header
    /// and definitions; the other then belongs to the file on the other side of it. Only the order of the frames changes, not
    /// their place in the buffer.
    pub(crate) fn exchange(&mut self, first: usize, middle: usize, end: usize) {
        let start_is_first = self.frames.get(first).is_some_and(Frame::is_file_header);
        let (old, new) = if start_is_first { (first, first + end - middle) } else { (middle, first) };
        if let Some(span) = self.frames.get_mut(first..end) {
            span.rotate_left(middle - first);
        }
        for segment in &mut self.segments {
            if segment.first_frame == old {
                segment.first_frame = new;
            }
        }
    }

    /// Drops the frames before `keep`, reads more bytes, and frames them. Returns whether there are new frames; if not,
    /// [`end`](Self::end) has the reason. A torn tail is tried again, since the file may have grown.
    pub(crate) fn fill(&mut self, keep: usize) -> Result<bool> {
        self.drop_frames(keep);
        self.plain = true;
        let before = self.frames.len();
        if self.closed {
            return Ok(false);
        }
        if matches!(&self.end, End::Fault(error) if !error.needs_more_bytes()) {
            return Ok(false);
        }
        self.end = End::Open;
        while self.frames.len() == before && matches!(self.end, End::Open) {
            self.report()?;
            if self.open.is_none() && !self.open_next()? {
                self.end = End::Clean;
                break;
            }
            let read = self.read_more()?;
            self.frame_all();
            if self.frames.len() == before && read == 0 && matches!(self.end, End::Open) {
                self.file_ended();
            }
        }
        Ok(self.frames.len() > before)
    }

    /// Reports the progress to the caller's callback.
    fn report(&self) -> Result<()> {
        let Some(watch) = &self.access.watch else { return Ok(()) };
        let position = self.unframed_position();
        let here = if self.open.is_some() { position.rba } else { 0 };
        watch.report(Progress { position: position.into(), bytes: self.done + here })
    }

    /// Ends before a frame, as if the trail ended there.
    pub(crate) fn close_before(&mut self, frame: usize) {
        if let Some(first) = self.frames.get(frame) {
            self.unframed = first.at as usize;
            self.frames.truncate(frame);
        }
        self.closed = true;
        self.end = End::Clean;
    }

    pub(crate) fn drop_frames(&mut self, keep: usize) {
        if keep == 0 {
            return;
        }
        let keep = keep.min(self.frames.len());
        self.frames.drain(..keep);
        self.drop_segments(keep);
    }

    /// Follows the frames, of which the first `keep` have been dropped.
    fn drop_segments(&mut self, keep: usize) {
        for segment in &mut self.segments {
            let dropped = keep.saturating_sub(segment.first_frame);
            segment.first_record += dropped as u64;
            segment.first_frame = segment.first_frame.saturating_sub(keep);
        }
        // A segment is empty if the next one starts at the first frame too.
        while matches!(self.segments.get(1), Some(next) if next.first_frame == 0) {
            self.segments.remove(0);
        }
    }

    /// Moves the kept bytes to the start of the buffer.
    fn compact(&mut self) {
        let kept_from = self.kept_from();
        let Buffer::Own { bytes, filled } = &mut self.buffer else { return };
        if kept_from == 0 {
            return;
        }
        bytes.copy_within(kept_from..*filled, 0);
        *filled -= kept_from;
        self.shift(kept_from);
    }

    /// Returns the start of the first frame in the buffer, or of what is not framed yet.
    fn kept_from(&self) -> usize {
        // Frames that were exchanged are not in the order of their places.
        self.frames.iter().map(|frame| frame.at).min().map_or(self.unframed, |at| at as usize)
    }

    /// Follows the bytes, which have moved towards the start of the buffer.
    fn shift(&mut self, by: usize) {
        self.unframed -= by;
        for frame in &mut self.frames {
            frame.at -= by as u64;
        }
        for segment in &mut self.segments {
            segment.base -= by as i64;
        }
    }

    /// Splits off the frames before `at`, together with the buffer: returns a window that has them, and that reads nothing. This one
    /// continues after them, in this memory.
    pub(crate) fn split(&mut self, at: usize, memory: WindowMemory) -> Self {
        let WindowMemory { mut bytes, frames: mut rest } = memory;
        let segments = self.segments.iter().filter(|segment| segment.first_frame < at).cloned().collect();
        rest.clear();
        rest.extend_from_slice(self.frames.get(at..).unwrap_or_default());
        let mut frames = std::mem::replace(&mut self.frames, rest);
        frames.truncate(at);
        self.drop_segments(at);
        let kept_from = self.kept_from();
        let rest = match &self.buffer {
            Buffer::Own { bytes: all, filled } => {
                let kept = all.get(kept_from..*filled).unwrap_or_default();
                if bytes.len() < kept.len() {
                    bytes.resize(kept.len(), 0);
                }
                bytes.iter_mut().zip(kept).for_each(|(to, from)| *to = *from);
                Buffer::Own { filled: kept.len(), bytes }
            }
            Buffer::InPlace(bytes) => Buffer::InPlace(bytes.clone()),
        };
        if matches!(rest, Buffer::Own { .. }) {
            self.shift(kept_from);
        }
        Self {
            buffer: std::mem::replace(&mut self.buffer, rest),
            unframed: frames.last().map_or(0, |frame| frame.at as usize + frame.len as usize),
            // Something follows, unless nothing is left.
            closed: self.closed || !self.frames.is_empty() || !self.is_at_end(),
            frames,
            segments,
            done: self.done,
            ..Self::closed()
        }
    }

    /// Takes its memory for another window. It then has no frames and no bytes.
    pub(crate) fn take_memory(&mut self) -> WindowMemory {
        let frames = std::mem::take(&mut self.frames);
        let empty = Buffer::Own { bytes: Vec::new(), filled: 0 };
        match std::mem::replace(&mut self.buffer, empty) {
            Buffer::Own { bytes, .. } => WindowMemory { bytes, frames },
            Buffer::InPlace(_) => WindowMemory { bytes: Vec::new(), frames },
        }
    }

    /// Releases the frames and the bytes, and keeps the place after them.
    #[cfg(feature = "arrow")]
    pub(crate) fn release_all(&mut self) {
        self.drop_frames(self.frames.len());
        self.frames = Vec::new();
        self.own_the_buffer();
        self.compact();
        self.shrink();
    }

    /// Returns a window without frames that reads nothing.
    pub(crate) fn closed() -> Self {
        Self { end: End::Clean, frames: Vec::new(), ..Self::new(Arc::default(), Access::default(), Start::FIRST) }
    }

    /// Returns the number of bytes before a frame, of all files that were read.
    pub(crate) fn bytes_before(&self, index: usize) -> u64 {
        self.done + self.place(index).map_or_else(|| self.unframed_position().rba, |(_, position, _)| position.rba)
    }

    /// Reports progress from now on.
    pub(crate) fn watch(&mut self, watch: Option<Watch>) {
        self.access.watch = watch;
    }

    /// Opens the next file of the sequence; `false` after the last.
    fn open_next(&mut self) -> Result<bool> {
        let Some(file) = self.files.get(self.file_index).cloned() else { return Ok(false) };
        let source = file.source(self.access.mapped)?;
        let start = self.start.take().unwrap_or(Start { file: self.file_index, ..Start::FIRST });
        let in_memory = source.as_slice().is_some();
        if in_memory && self.frames.is_empty() && self.pending_own_bytes() == 0 {
            self.buffer = Buffer::InPlace(Bytes::from_owner(InMemory(Arc::clone(&source))));
            self.unframed = start.rba as usize;
            self.segments.clear();
        } else {
            self.own_the_buffer();
        }
        let base = match &self.buffer {
            Buffer::Own { filled, .. } => *filled as i64 - start.rba as i64,
            Buffer::InPlace(_) => 0,
        };
        let seqno = file.seqno.unwrap_or_else(|| header_seqno(source.as_ref()));
        self.segments.push(Segment {
            first_frame: self.frames.len(),
            first_record: start.record,
            base,
            seqno,
            file: file.path,
            index: self.file_index,
        });
        let decoder = Decoder::at(start.rba, start.record, start.order);
        let fault = source.fault();
        self.open = Some(OpenFile { source, offset: start.rba, decoder, fault });
        Ok(true)
    }

    fn pending_own_bytes(&self) -> usize {
        match &self.buffer {
            Buffer::Own { filled, .. } => filled - self.unframed.min(*filled),
            Buffer::InPlace(_) => 0,
        }
    }

    /// Copies the kept frames of a source in memory to [`Buffer::Own`], so that the next file can be read after them.
    fn own_the_buffer(&mut self) {
        let Buffer::InPlace(all) = &self.buffer else { return };
        let from = self.kept_from();
        let bytes = all.get(from..self.unframed).unwrap_or_default().to_vec();
        self.buffer = Buffer::Own { filled: bytes.len(), bytes };
        self.shift(from);
    }

    /// Reads a block after the bytes that are there, and returns the number of bytes read; 0 for a source in memory.
    fn read_more(&mut self) -> Result<usize> {
        self.compact();
        let Some(open) = &mut self.open else { return Ok(0) };
        let Buffer::Own { bytes, filled } = &mut self.buffer else { return Ok(0) };
        // Room for a block, or for twice the incomplete record or transaction, which is then read in few steps. The size of the
        // file is the limit, not a length in it: a damaged length does not allocate memory.
        let left = usize::try_from(
            open.source.size().map_err(|error| error_in(self.segments.last(), error))?.saturating_sub(open.offset),
        );
        let all = filled.saturating_add(left.unwrap_or(usize::MAX));
        let doubled = (*filled * 2).max(self.block);
        // Bytes beyond the room are copied to the next buffer.
        let most = if *filled < self.room { self.room.max(*filled + self.block) } else { usize::MAX };
        let wanted = all.min(doubled).min(most);
        if bytes.len() < wanted {
            // New memory is zero already, and costs nothing before it is used; growing would write the zeros.
            let mut grown = vec![0; wanted.max(all.min(self.room))];
            grown.iter_mut().zip(bytes.iter().take(*filled)).for_each(|(to, from)| *to = *from);
            *bytes = grown;
        }
        let room = bytes.get_mut(*filled..wanted.max(*filled)).unwrap_or_default();
        let read = open.source.read_at(room, open.offset).map_err(|error| error_in(self.segments.last(), error))?;
        *filled += read;
        open.offset += read as u64;
        Ok(read)
    }

    /// Frames all complete records in the buffer.
    fn frame_all(&mut self) {
        let data = self.buffer.data();
        let Some(open) = &mut self.open else { return };
        let limit = match self.buffer {
            Buffer::Own { .. } => usize::MAX,
            Buffer::InPlace(_) => self.frames.len() + FRAMES_IN_PLACE,
        };
        while self.frames.len() < limit && self.unframed < data.len() {
            let run = open.decoder.decode_run(data, self.unframed, limit - self.frames.len(), &mut self.frames);
            self.unframed += run.used;
            self.plain &= run.plain;
            match run.fault {
                None => {}
                // The rest of the record may not have been read yet; a read of no bytes shows the end of the file.
                Some(fault) if fault.kind == FaultKind::NeedMore => return,
                Some(fault) => {
                    let error = self.fault_here(fault);
                    self.end = End::Fault(error);
                    return;
                }
            }
        }
    }

    /// Handles the end of the open file, after a record or inside one.
    fn file_ended(&mut self) {
        if let Some(fault) = self.open.as_ref().and_then(|open| open.fault.clone()) {
            self.end = End::Fault(fault.at_rba(self.unframed_position().rba));
            return;
        }
        let rest = self.data().get(self.unframed..).unwrap_or_default();
        let base = self.segments.last().map_or(0, |segment| segment.base);
        if rest.is_empty() && self.unframed as i64 != base {
            self.close_file();
            return;
        }
        let what = if rest.is_empty() { "the file is empty" } else { "the file ends inside a record" };
        self.end = End::Fault(self.fault_here(Fault::need_more(rest.len(), what)));
    }

    /// Continues with the next file, or sets the end if there is none or if one is missing.
    fn close_file(&mut self) {
        let next = self.file_index + 1;
        let Some(file) = self.files.get(next) else {
            // It stays open: the last file of a live trail grows.
            self.end = End::Clean;
            return;
        };
        self.done += self.unframed_position().rba;
        if let (Some(last), Some(segment)) = (file.seqno, self.segments.last()) {
            if last > segment.seqno + 1 {
                let what = format!("files {} to {} are missing", segment.seqno + 1, last - 1);
                let error = Error::new(ErrorKind::SequenceGap, what).in_file(&segment.file);
                self.end = End::Fault(error.hint("restore the files, or set the option resync to continue after the gap"));
            }
        }
        self.open = None;
        self.file_index = next;
    }

    fn fault_here(&self, fault: Fault) -> Error {
        let base = self.segments.last().map_or(0, |segment| segment.base);
        let rba = (self.unframed as i64).wrapping_sub(base) as u64;
        let kind = match fault.kind {
            FaultKind::NeedMore => ErrorKind::Truncated,
            FaultKind::Unsupported => ErrorKind::Unsupported,
            FaultKind::Corrupt if rba == 0 && fault.offset == 0 => ErrorKind::NotATrail,
            FaultKind::Corrupt => ErrorKind::Corrupt,
        };
        let hint = match kind {
            ErrorKind::Truncated => "the writer may not be done yet; otherwise restore the file",
            ErrorKind::NotATrail => "a trail starts with its file header or, before release 10, with a record",
            _ => "restore the file, or set the option resync to continue after the damage",
        };
        let error = Error::new(kind, fault.what).at_rba(rba).at_offset(fault.offset as u64).hint(hint);
        match self.segments.last() {
            Some(segment) => {
                let record = segment.first_record + (self.frames.len() - segment.first_frame) as u64;
                error.in_file(&segment.file).in_record(record)
            }
            None => error,
        }
    }

    /// Skips the fault at the end, to the next provable record of the file, or to the next file. Returns the start and the end of
    /// the skipped range; `None` if there is no such record or file, and then the fault stays. All frames are dropped.
    pub(crate) fn resync(&mut self) -> Result<Option<(TrailPosition, TrailPosition)>> {
        self.drop_frames(self.frames.len());
        let from = self.skipping_from.take().unwrap_or_else(|| self.unframed_position());
        if self.open.is_none() {
            // A gap: the next file is waiting.
            self.end = End::Open;
            let next = self.files.get(self.file_index).and_then(|file| file.seqno).unwrap_or_default();
            return Ok(Some((TrailPosition::new(from.seqno + 1, 0), TrailPosition::new(next, 0))));
        }
        let is_last = self.file_index + 1 == self.files.len();
        let torn_tail = matches!(&self.end, End::Fault(error) if error.needs_more_bytes());
        // There are no more bytes, whatever size the source reports.
        let mut is_dry = torn_tail;
        loop {
            let unread = if is_dry { 0 } else { self.unread() };
            let rest = self.buffer.data().get(self.unframed..).unwrap_or_default();
            let Some(open) = &mut self.open else { return Err(Error::internal("no file is open")) };
            match open.decoder.resync(rest, unread) {
                Resync::Found(skipped) => {
                    self.unframed += skipped;
                    // The range that was skipped counts as one record.
                    if let Some(segment) = self.segments.last_mut() {
                        segment.first_record += 1;
                    }
                    break;
                }
                // A torn tail at the very end is not skipped: it may still become a record.
                Resync::Nothing if torn_tail && is_last => return Ok(None),
                Resync::Nothing => {
                    open.fault = None;
                    self.unframed = self.data().len();
                    let to = self.unframed_position();
                    self.end = End::Open;
                    self.close_file();
                    return Ok(Some((from, to)));
                }
                Resync::NeedMore(skipped) => {
                    self.unframed += skipped;
                    self.compact();
                    match self.report().and_then(|()| self.read_more()) {
                        Ok(read) => is_dry = read == 0,
                        Err(stopped) => {
                            self.skipping_from = Some(from);
                            return Err(stopped);
                        }
                    }
                }
            }
        }
        self.end = End::Open;
        Ok(Some((from, self.unframed_position())))
    }

    /// Returns the error at the end as it is for a trail that is not being followed: the rest of a torn file is not awaited if the next
    /// file exists.
    pub(crate) fn settled_error(&self, error: &Error) -> Error {
        let is_last = self.file_index + 1 >= self.files.len();
        if is_last || !error.needs_more_bytes() {
            return error.clone();
        }
        error.as_damage("restore the file, or set the option resync to continue with the next one")
    }

    /// Returns the position of the first byte that is not framed.
    pub(crate) fn unframed_position(&self) -> TrailPosition {
        self.segments.last().map_or(TrailPosition::default(), |segment| {
            TrailPosition::new(segment.seqno, (self.unframed as i64).wrapping_sub(segment.base) as u64)
        })
    }

    /// Returns how many bytes of the open file have not been read.
    fn unread(&self) -> u64 {
        match (&self.buffer, &self.open) {
            (Buffer::InPlace(_), _) | (_, None) => 0,
            // A source that cannot report its size has no more bytes either.
            (Buffer::Own { .. }, Some(open)) => open.source.size().map_or(0, |size| size.saturating_sub(open.offset)),
        }
    }
}

fn error_in(segment: Option<&Segment>, error: std::io::Error) -> Error {
    Error::io(segment.map_or(Path::new(""), |segment| &segment.file), error)
}

/// Returns the sequence number in the file header, for files without one in their name; 0 if the header has none either.
fn header_seqno(source: &dyn ByteSource) -> u64 {
    let size = source.size().unwrap_or_default().min(64 * 1024);
    let mut start = vec![0; size as usize];
    let read = source.read_at(&mut start, 0).unwrap_or_default();
    let bytes = start.get(..read).unwrap_or_default();
    if bytes.first() != Some(&FILE_HEADER) {
        return 0;
    }
    let header = settle_byte_order(bytes, ByteOrder::Big)
        .and_then(|order| Record::parse(bytes, order))
        .and_then(|record| FileHeader::parse(&record));
    header.ok().and_then(|header| header.seqno().value()).map_or(0, u64::from)
}
