//! [`Decoder`]: splits the bytes of one trail file into records, without I/O.

use crate::decode::{ByteOrder, Fault, FaultKind};
use crate::trail::frame::{Frame, RECORD, Record, claimed_length, frame, frame_run, settle_byte_order};

/// Splits the bytes of one trail file into records. It does no I/O and keeps no bytes: the caller has a buffer, passes the bytes
/// after the last record, and drops the bytes of a record after use. A file reader, a live tail, an object store or an async host
/// is a driver of this decoder.
///
/// There are three outcomes besides a record: `None` if more bytes are needed, and a [`Fault`] for damage and for unknown forms.
/// After a fault [`resync`](Self::resync) searches for the next provable record.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let file = files[0].1.clone();
/// use trailcore::trail::Decoder;
///
/// let (mut decoder, mut buffer, mut records) = (Decoder::new(), Vec::new(), 0);
/// for chunk in file.chunks(1000) {
///     buffer.extend_from_slice(chunk);
///     let mut used = 0;
///     while let Some(record) = decoder.decode(&buffer[used..])? {
///         used += record.bytes().len();
///         records += 1;
///     }
///     buffer.drain(..used);
/// }
/// assert!(buffer.is_empty() && decoder.offset() == file.len() as u64);
/// assert_eq!(decoder.records(), records);
/// # Ok::<(), trailcore::trail::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    /// Offset of the next record in its file, and the number of records before it.
    offset: u64,
    records: u64,
    /// Byte order of the records after the file header, once it is known.
    order: Option<ByteOrder>,
    /// The byte order to try first.
    guess: ByteOrder,
    /// A search has begun and needs more bytes.
    searching: bool,
}

/// The outcome of [`Decoder::resync`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// A record starts after this many bytes; decoding continues there.
    Found(usize),
    /// No record starts in the first of this many bytes. Drop them, add more, and call again.
    NeedMore(usize),
    /// No record starts in any of the bytes, and there are no more.
    Nothing,
}

/// The outcome of a run.
pub(crate) struct DecodedRun {
    /// Bytes used.
    pub(crate) used: usize,
    /// All records are rows that are changes on their own.
    pub(crate) plain: bool,
    /// The fault that ends the run, unless its limit or the end of the bytes does.
    pub(crate) fault: Option<Fault>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// Creates a decoder for a file from its first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::at(0, 0, None)
    }

    /// Creates a decoder for a file from a record in it.
    pub(crate) fn at(offset: u64, records: u64, order: Option<ByteOrder>) -> Self {
        Self { offset, records, order, guess: ByteOrder::Big, searching: false }
    }

    /// Returns the offset (RBA) of the next record in its file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns how many records came before the next one. A skipped range counts as one, since the number of records in it is
    /// unknown.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Returns the byte order of the records after the file header; `None` until one has been decoded.
    #[must_use]
    pub fn byte_order(&self) -> Option<ByteOrder> {
        self.order
    }

    /// Decodes the record at the start of `bytes`, which must be those at [`offset`](Self::offset). Returns `None` if the record
    /// does not end in `bytes`: call again with more of them. The record borrows the bytes; bytes after it are not read.
    ///
    /// # Errors
    /// A fault of kind *Corrupt* if the bytes contradict each other, *Unsupported* if they are of an unknown form. The same call
    /// then fails again; [`resync`](Self::resync) continues after the fault.
    pub fn decode<'b>(&mut self, bytes: &'b [u8]) -> Result<Option<Record<'b>>, Fault> {
        if bytes.is_empty() {
            return Ok(None);
        }
        match self.decode_first(bytes) {
            Ok(frame) => Ok(Some(Record::from_frame(bytes, &frame))),
            Err(fault) if fault.kind == FaultKind::NeedMore => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Frames the records of `buffer` from `at` on, at most `limit` of them; offsets in frames count from the buffer's start.
    pub(crate) fn decode_run(&mut self, buffer: &[u8], at: usize, limit: usize, frames: &mut Vec<Frame>) -> DecodedRun {
        let before = frames.len();
        if let (Some(order), true) = (self.order, self.offset > 0) {
            let run = frame_run(buffer, at, order, limit, frames);
            let used = run.end - at;
            self.advance(used, frames.len() - before);
            return DecodedRun { used, plain: run.plain, fault: run.fault };
        }
        let rest = buffer.get(at..).unwrap_or_default();
        if rest.is_empty() || limit == 0 {
            return DecodedRun { used: 0, plain: true, fault: None };
        }
        match self.decode_first(rest) {
            Ok(frame) => {
                frames.push(frame.moved_to(at as u64));
                DecodedRun { used: frame.len as usize, plain: false, fault: None }
            }
            Err(fault) => DecodedRun { used: 0, plain: true, fault: Some(fault) },
        }
    }

    /// Frames one record. The first records of a file determine its byte order.
    fn decode_first(&mut self, bytes: &[u8]) -> Result<Frame, Fault> {
        let order = match self.order {
            Some(order) if self.offset > 0 => order,
            _ => settle_byte_order(bytes, self.guess)?,
        };
        let framed = frame(bytes, order)?;
        if self.offset == 0 && framed.is_file_header() {
            // The records after it may have the other order (docs/trail-format.md, section 2), but probably have the same.
            self.guess = order;
        } else {
            self.order = Some(order);
        }
        self.advance(framed.len as usize, 1);
        Ok(framed)
    }

    fn advance(&mut self, bytes: usize, records: usize) {
        self.offset += bytes as u64;
        self.records += records as u64;
        self.searching = false;
    }

    /// Searches for the next record after a fault. `bytes` are those at [`offset`](Self::offset); `unread` is how many follow
    /// them in the file, [`u64::MAX`] if that is not known yet, 0 at the end. Proof of a record is that all of it agrees, and
    /// that another record, or the end of the file, follows it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let mut file = files[0].1.clone();
    /// use trailcore::trail::{Decoder, Resync};
    ///
    /// let mut decoder = Decoder::new();
    /// let first = decoder.decode(&file)?.unwrap().bytes().len();
    /// file[first] = b'?'; // the second record is damaged
    /// assert!(decoder.decode(&file[first..]).is_err());
    /// let Resync::Found(skipped) = decoder.resync(&file[first..], 0) else { panic!() };
    /// assert!(decoder.decode(&file[first + skipped..])?.is_some());
    /// # Ok::<(), trailcore::trail::Fault>(())
    /// ```
    pub fn resync(&mut self, bytes: &[u8], unread: u64) -> Resync {
        let from = usize::from(!self.searching);
        let found = self.find_record(bytes, from, unread);
        match found {
            Resync::Found(skipped) => {
                self.offset += skipped as u64;
                self.records += 1;
                self.searching = false;
            }
            Resync::NeedMore(skipped) => {
                self.offset += skipped as u64;
                self.searching = true;
            }
            Resync::Nothing => self.searching = false,
        }
        found
    }

    fn find_record(&mut self, bytes: &[u8], from: usize, unread: u64) -> Resync {
        let orders = match self.order {
            Some(order) => [Some(order), None],
            None => [Some(ByteOrder::Big), Some(ByteOrder::Little)],
        };
        let all_is_read = unread == 0;
        let mut at = from;
        while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr(RECORD, rest)) {
            at += next;
            let rest = bytes.get(at..).unwrap_or_default();
            for order in orders.into_iter().flatten() {
                // A record longer than the rest of the file is not one, and is not parsed: otherwise the search would take too
                // long.
                if claimed_length(rest, order).is_some_and(|length| length > (rest.len() as u64).saturating_add(unread)) {
                    continue;
                }
                match frame(rest, order) {
                    Ok(found) => match rest.get(found.len as usize) {
                        Some(&RECORD) => {
                            self.order = Some(order);
                            return Resync::Found(at);
                        }
                        None if all_is_read => {
                            self.order = Some(order);
                            return Resync::Found(at);
                        }
                        None => return Resync::NeedMore(at),
                        Some(_) => {}
                    },
                    Err(fault) if fault.kind == FaultKind::NeedMore && !all_is_read => return Resync::NeedMore(at),
                    Err(_) => {}
                }
            }
            at += 1;
        }
        if all_is_read { Resync::Nothing } else { Resync::NeedMore(bytes.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_on_where_it_stopped() {
        let mut decoder = Decoder::at(100, 5, Some(ByteOrder::Big));
        assert_eq!(decoder.resync(b"xxxx", u64::MAX), Resync::NeedMore(4));
        assert_eq!((decoder.offset(), decoder.records()), (104, 5));
        // The first byte of a search is the byte of the fault; a continued search starts with new bytes.
        assert_eq!(decoder.resync(b"G\x01", u64::MAX), Resync::NeedMore(0));
        assert_eq!(decoder.resync(b"G\x01", 0), Resync::Nothing);
    }
}
