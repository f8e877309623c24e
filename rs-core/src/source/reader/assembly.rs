//! [`ChangeAssembler`]: which records make one change (pairs, continued records, fragments, also across a file's end), and the
//! head of the change that they make.

use crate::change::{Head, Layout};
use crate::error::{Error, Result};
use crate::position::{Position, TrailPosition};
use crate::source::window::ReadWindow;
use crate::trail::{Frame, Record, RecordType};

/// Puts records together.
#[derive(Clone, Debug, Default)]
pub(super) struct ChangeAssembler {
    /// Position of the before record of a pair that a file's end separates, once it has been moved to its after record.
    split_pair: Option<TrailPosition>,
    /// The bytes of a change whose records are not adjacent, or whose data continue. Reused for all such changes.
    scratch: Vec<u8>,
}

/// The frames of one change: the before record of a pair, the main record, records that continue its data, fragments.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChangeFrames {
    pub(super) first: usize,
    pub(super) main: usize,
    /// The first frame after the main record and its continuations.
    data_end: usize,
    pub(super) end: usize,
}

/// The result of joining a change across a file's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// The change does not continue after the file's start.
    No,
    /// More frames are needed to decide.
    NeedMore,
    /// It continues. Its frames have been moved together; the segment of the change's first frame ends here now.
    Moved {
        /// The first frame of the next segment.
        segment_end: usize,
    },
}

/// An assembled change.
pub(super) struct Assembled {
    pub(super) head: Head,
    /// Its bytes are in the assembler's scratch, not in the window.
    pub(super) in_scratch: bool,
    /// Start of a pair whose before record is in an earlier file.
    pub(super) start: Option<Position>,
}

impl ChangeFrames {
    /// Returns the frames of a record that is a change on its own.
    pub(super) fn single(index: usize) -> Self {
        Self { first: index, main: index, data_end: index + 1, end: index + 1 }
    }
}

impl ChangeAssembler {
    /// Returns the bytes of the last change with `in_scratch`.
    pub(super) fn scratch(&self) -> &[u8] {
        &self.scratch
    }

    /// Returns the frames that belong to the one at `first`.
    pub(super) fn frames_of(&self, window: &ReadWindow, first: usize, frame: &Frame) -> ChangeFrames {
        let is_first_half = is_before_half(frame) && (self.split_pair.is_some() || is_pair(window, first));
        let main = first + usize::from(is_first_half);
        let data_end = continuations_end(window, main);
        let fragments = window.frames().get(data_end..).unwrap_or_default().iter();
        let end = data_end + fragments.take_while(|frame| frame.record_type == RecordType::LOB).count();
        ChangeFrames { first, main, data_end, end }
    }

    /// Joins a change that continues after a file's start, with the other half of a pair or with fragments. A pair
    /// belongs to the next file, where its after record is; fragments are moved to their row.
    #[cold]
    pub(super) fn join_over_file_start(&mut self, window: &mut ReadWindow, change: ChangeFrames) -> Joined {
        let (first, end) = (change.first, change.end);
        let frames = window.frames();
        if !frames.get(end).is_some_and(Frame::is_file_header) {
            return Joined::No;
        }
        let run = |from: usize, test: fn(&Frame) -> bool| {
            from + frames.get(from..).unwrap_or_default().iter().take_while(|frame| test(frame)).count()
        };
        let next = run(end, |frame| frame.is_file_header() || frame.record_type == RecordType::METADATA);
        let fragments = run(next, |frame| frame.record_type == RecordType::LOB);
        if fragments.max(next + 1) >= frames.len() && !window.is_at_end() {
            return Joined::NeedMore;
        }
        if fragments > next {
            window.exchange(end, next, fragments);
            return Joined::Moved { segment_end: end + fragments - next };
        }
        let joins = end == first + 1
            && frames.get(first).is_some_and(is_before_half)
            && next < frames.len()
            && are_pair(window, first, next);
        if !joins {
            return Joined::No;
        }
        self.split_pair = window.place(first).map(|(_, position, _)| position);
        window.exchange(first, end, next);
        Joined::Moved { segment_end: first }
    }

    /// Forgets a pair that a file's end separates, unless this frame is its first half: a file's start may come between.
    pub(super) fn take_split_pair(&mut self, frame: &Frame) -> Option<TrailPosition> {
        if is_before_half(frame) { self.split_pair.take() } else { None }
    }

    /// Keeps a pair again that [`take_split_pair`](Self::take_split_pair) has returned: the change will be made again.
    pub(super) fn put_back(&mut self, split_pair: Option<TrailPosition>) {
        self.split_pair = split_pair.or(self.split_pair);
    }

    /// Makes the head of a change from its frames. `place` is the main record's offset in its file and its number.
    pub(super) fn assemble(
        &mut self,
        window: &ReadWindow,
        change: ChangeFrames,
        place: (u64, u64),
        encrypted: bool,
        split_pair: Option<TrailPosition>,
    ) -> Result<Assembled> {
        let frames = window.frames().get(change.first..change.end).unwrap_or_default();
        let (Some(first), Some(main)) = (frames.first(), frames.get(change.main - change.first)) else {
            return Err(Error::internal("a change without its frames"));
        };
        let mut head = main.head(place, encrypted);
        let start = split_pair.map(Position::from);
        if frames.len() == 1 {
            return Ok(Assembled { head, in_scratch: false, start });
        }
        let total: u64 = frames.iter().map(|frame| u64::from(frame.len)).sum();
        let length =
            u32::try_from(total).map_err(|_| Error::new(crate::ErrorKind::Unsupported, "a change of four gigabytes or more"))?;
        let is_paired = change.main > change.first;
        let main_at = if is_paired { first.len } else { 0 };
        (head.at, head.len, head.source_len, head.main_at) = (first.at as usize, length, length, main_at);
        head.data_at += main_at;
        head.time_at += main_at;
        if is_paired {
            head.facts = head.facts.with_images(true, head.facts.has_after());
            if head.facts.layout() == Layout::After && first.has_columns() {
                head.facts = head.facts.with_layout(Layout::Apart);
                (head.before_at, head.before_len) = (first.data_at(), first.data_len());
            } else {
                head.facts = head.facts.with_layout(Layout::Other);
            }
        }
        head.facts = head.facts.with_transaction(joint_indicator(frames, main));
        let adjacent = frames.iter().zip(frames.iter().skip(1)).all(|(a, b)| a.at + u64::from(a.len) == b.at);
        let continued = change.data_end > change.main + 1;
        if adjacent && !continued {
            return Ok(Assembled { head, in_scratch: false, start });
        }
        self.scratch.clear();
        for frame in frames {
            self.scratch.extend_from_slice(Record::from_frame(window.data(), frame).bytes());
        }
        head.at = 0;
        if continued {
            let Some(parts) = frames.get(change.main - change.first..change.data_end - change.first) else {
                return Err(Error::internal("a continued record is outside its change"));
            };
            for frame in parts {
                self.scratch.extend_from_slice(Record::from_frame(window.data(), frame).data());
            }
            head.facts = head.facts.with_layout(Layout::Other);
            head.data_at = length;
            head.len = u32::try_from(self.scratch.len()).unwrap_or(u32::MAX);
            head.data_len = head.len - length;
        }
        Ok(Assembled { head, in_scratch: true, start })
    }
}

/// Returns the transaction indicator of several records as a whole.
fn joint_indicator(frames: &[Frame], main: &Frame) -> u8 {
    let begins = frames.iter().any(|frame| frame.transaction().begins());
    let ends = frames.iter().any(|frame| frame.transaction().ends());
    match (begins, ends) {
        (true, true) => crate::change::TransactionIndicator::Only.byte(),
        (true, false) => crate::change::TransactionIndicator::First.byte(),
        (false, true) => crate::change::TransactionIndicator::Last.byte(),
        (false, false) => main.transaction_byte(),
    }
}

/// Returns the end of the records that continue the data of the one at `main`: of the same type and table and from the same place
/// in the log, each but the last marked as continued.
fn continuations_end(window: &ReadWindow, main: usize) -> usize {
    let mut end = main + 1;
    while let (Some(last), Some(next)) = (window.record(end - 1), window.record(end)) {
        let continues = last.is_continued()
            && last.record_type() != RecordType::LOB
            && next.record_type() == last.record_type()
            && next.is_before_image() == last.is_before_image()
            && next.log_place() == last.log_place()
            && matches!((last.table(), next.table()), (Ok(a), Ok(b)) if a == b);
        if !continues {
            break;
        }
        end += 1;
    }
    end
}

/// Returns whether a record may be the first half of a pair.
pub(super) fn is_before_half(frame: &Frame) -> bool {
    frame.record_type == RecordType::FIELD_COMP && frame.is_before()
}

/// Returns whether a before record and the one after it are one update: of the same table, from the same place in the log
/// (docs/trail-format.md, section 14, SEEN).
#[cold]
pub(super) fn is_pair(window: &ReadWindow, first: usize) -> bool {
    let tables = (window.record(first).map(|record| record.table()), window.record(first + 1).map(|record| record.table()));
    matches!(tables, (Some(Ok(before)), Some(Ok(after))) if before == after) && are_pair(window, first, first + 1)
}

/// Returns whether two records are one update by their types, byte order and place in the log. They may be in two files, whose
/// table indexes do not compare.
pub(super) fn are_pair(window: &ReadWindow, before: usize, after: usize) -> bool {
    let (Some(before), Some(after)) = (window.record(before), window.record(after)) else { return false };
    after.record_type() == RecordType::FIELD_COMP
        && !after.is_before_image()
        && before.byte_order() == after.byte_order()
        && before.log_place() == after.log_place()
}
