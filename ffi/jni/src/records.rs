//! Raw records: blocks of the records of a trail, and the records of one change.

use std::sync::Arc;

use trailcore::Position;
use trailcore::source::RecordReader;
use trailcore::trail::{ByteOrder, Record, TableRef, tokens};

use crate::callback::{Listener, into_failure};
use crate::failure::{Pending, Result};
use crate::report::skipped;
use crate::wire::Writer;

/// A reader of records, and a deferred failure.
#[derive(Debug)]
pub(crate) struct Records {
    reader: RecordReader,
    listener: Option<Arc<Listener>>,
    block: Writer,
    pending: Pending,
}

impl Records {
    pub(crate) fn new(reader: RecordReader, listener: Option<Arc<Listener>>) -> Self {
        Self { reader, listener, block: Writer::default(), pending: Pending::default() }
    }

    /// Returns the next records, about `size` bytes of them. Empty at the end of the trail. A failure is deferred until the
    /// records before it were returned.
    pub(crate) fn block(&mut self, size: usize) -> Result<&[u8]> {
        let Self { reader, listener, block, pending } = self;
        block.0.clear();
        pending.check()?;
        while block.0.len() < size {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(placed)) => encode(&placed.record, placed.position.into(), Some(placed.number), block),
                Err(error) => {
                    let failure = into_failure(listener.as_ref(), error);
                    if block.0.is_empty() {
                        return Err(failure);
                    }
                    pending.wait(failure);
                    break;
                }
            }
        }
        Ok(&block.0)
    }

    /// Records that the result of the last call did not reach Java.
    pub(crate) fn lose(&mut self) {
        self.pending.lose();
    }

    /// Encodes the skipped ranges.
    pub(crate) fn skipped(&self) -> Vec<u8> {
        let mut out = Writer::default();
        skipped(&mut out, self.reader.skipped());
        out.0
    }
}

fn is_little(order: ByteOrder) -> bool {
    order == ByteOrder::Little
}

/// Appends a record, for `TrailRecord`: its bytes, the offsets of its areas, and the fields of its header.
pub(crate) fn encode(record: &Record<'_>, position: Position, number: Option<u64>, out: &mut Writer) {
    let name = if record.is_file_header() { Some("FileHeader") } else { record.record_type().name() };
    out.position(position).maybe(number).bool(record.is_file_header()).bool(is_little(record.byte_order()));
    out.u8(record.record_type().0).maybe_text(name).bytes(record.bytes());
    let areas = [Some(record.header_bytes()), Some(record.data()), record.token_area(), record.user_token_area()];
    for area in areas {
        let (at, length) = area.map_or((0, 0), |area| (offset(record, area), area.len()));
        out.bool(area.is_some()).len(at).len(length);
    }
    encode_tokens(record, out);
    encode_header(record, out);
}

/// Returns the offset of an area in its record; 0 for an empty area, which may be a slice of other memory.
fn offset(record: &Record<'_>, area: &[u8]) -> usize {
    if area.is_empty() { 0 } else { area.as_ptr().addr() - record.bytes().as_ptr().addr() }
}

/// Appends all readable tokens by name. A token without a value has no bytes.
fn encode_tokens(record: &Record<'_>, out: &mut Writer) {
    let all = || tokens::parse(record.token_area().unwrap_or_default(), record.byte_order()).filter_map(|token| token.ok());
    out.len(all().count());
    for token in all() {
        out.text(&token.label());
        out.bytes(token.value().unwrap_or_default());
    }
}

/// Appends whether the header can be parsed, and its fields, for `RecordHeader`.
fn encode_header(record: &Record<'_>, out: &mut Writer) {
    let header = record.header();
    out.bool(header.is_ok());
    let Ok(header) = header else { return };
    out.u8(header.before_after).u8(header.transaction.byte()).i64(header.time.unix_micros());
    let (index, name) = match header.table {
        TableRef::Index(index) => (Some(index), &[][..]),
        TableRef::Name(name) => (None, name),
    };
    out.maybe(index.map(u64::from)).text(&String::from_utf8_lossy(name));
    out.u64(header.audit_pos).u32(header.audit_rba).u16(header.record_length).u8(header.partition).u8(header.undo);
    out.u8(header.orig_node).u8(header.format_type).u8(header.syskey_len).u8(header.continued).u8(header.record_count);
}
