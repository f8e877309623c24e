//! The record header (GHDR, the `H` area). See docs/trail-format.md, section 5.

pub use crate::change::TransactionIndicator;
use crate::time::Timestamp;
use crate::trail::record_type::RecordType;
use crate::trail::wire::{ByteOrder, Fault, FaultKind, Parsed, TOO_LONG, array, run, stop, u8, u16, u32, u64};
use nom::Parser;

/// Bytes of the header before the table's name or index.
pub(crate) const FIXED_LEN: usize = 34;
/// The shortest header: an empty name.
pub(crate) const MIN_LEN: usize = FIXED_LEN + 1;
/// First byte of every header.
pub(crate) const INDICATOR: u8 = b'E';
/// Partition bit: rows are column lists (docs/trail-format.md, section 5, SEEN).
pub(crate) const PARTITION_COLUMNS: u8 = 0x04;
/// Partition bit: the header has the index of a table definition instead of a name (INFERRED from all samples).
pub(crate) const PARTITION_TDR_INDEX: u8 = 0x08;

/// Offsets of the fields that framing reads.
pub(crate) mod offset {
    pub(crate) const PARTITION: usize = 1;
    pub(crate) const BEFORE_AFTER: usize = 3;
    pub(crate) const RECORD_LENGTH: usize = 4;
    pub(crate) const IO_TYPE: usize = 6;
    pub(crate) const ORIG_NODE: usize = 7;
    pub(crate) const TIME: usize = 8;
    pub(crate) const AUDIT_POS: usize = 16;
    pub(crate) const TRANS_IND: usize = 28;
    pub(crate) const CONTINUED: usize = 32;
    pub(crate) const TABLE: usize = 34;
}

/// A header's reference to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableRef<'a> {
    /// Index of a definition that occurs earlier in the same file.
    Index(u16),
    /// Name, `owner.table` or `catalog.owner.table`, without its terminating NUL; may be empty.
    Name(&'a [u8]),
}

/// Every field of a record header, as it is stored. Numbers follow the trail's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// Hdr-Ind; `E`.
    pub indicator: u8,
    /// Partition: bits 04 (rows are column lists) and 08 (table by index) are interpreted.
    pub partition: u8,
    /// UndoFlag; NonStop only.
    pub undo: u8,
    /// BeforeAfter: `A` or `B`.
    pub before_after: u8,
    /// RecLength: length of the data area.
    pub record_length: u16,
    /// IOType.
    pub record_type: RecordType,
    /// OrigNode: ff, or the kind of a metadata record.
    pub orig_node: u8,
    /// The record's timestamp, in UTC: of the commit for rows, of writing for metadata.
    pub time: Timestamp,
    /// AuditPos: position in the source's log.
    pub audit_pos: u64,
    /// AuditRBA; for a metadata record, the two indexes of [`metadata_indexes`](Self::metadata_indexes).
    pub audit_rba: u32,
    /// TransInd.
    pub transaction: TransactionIndicator,
    /// FormatType: `R` read from the log, `F` fetched.
    pub format_type: u8,
    /// SyskeyLen.
    pub syskey_len: u8,
    /// Incomplete; obsolete.
    pub incomplete: u8,
    /// Continued: 0 for a record that does not continue in the next one. No other value has been seen.
    pub continued: u8,
    /// RecCount.
    pub record_count: u8,
    /// The table.
    pub table: TableRef<'a>,
    /// Bytes after the name's NUL. Empty in written headers; the remaining NULs if a dump has blanked the name.
    pub padding: &'a [u8],
}

impl<'a> RecordHeader<'a> {
    /// Parses the body of an `H` area.
    ///
    /// # Errors
    /// *Corrupt* if there are too few bytes, the indicator is not `E`, or the name is not terminated.
    ///
    /// ```
    /// use trailcore::trail::{ByteOrder, RecordHeader, RecordType, TableRef};
    /// let bytes = b"E\x0c\0A\0\x08\x05\xff\x02\xf2\x4a\x02\xfd\x11\x64\0\0\0\0\0\x01J\xdd\xd4\0\x01\xa7\xb2\x01R\0\0\0\x01\0\x01";
    /// let header = RecordHeader::parse(bytes, ByteOrder::Big).unwrap();
    /// assert_eq!(header.record_type, RecordType::INSERT);
    /// assert_eq!(header.table, TableRef::Index(1));
    /// assert_eq!(header.time.to_string(), "2015-11-05T18:45:36.000000Z");
    /// ```
    pub fn parse(bytes: &'a [u8], order: ByteOrder) -> Result<Self, Fault> {
        run(bytes, |input| {
            let (input, [indicator, partition, undo, before_after]) = array(input)?;
            if indicator != INDICATOR {
                return stop(bytes, FaultKind::Corrupt, "record header does not start with its indicator E");
            }
            let (input, (record_length, record_type, orig_node)) = (u16(order), u8, u8).parse_complete(input)?;
            let (input, (time, audit_pos, audit_rba)) = (u64(order), u64(order), u32(order)).parse_complete(input)?;
            let (input, [transaction, format_type, syskey_len, incomplete, continued, record_count]) = array(input)?;
            let (input, (table, padding)) = table_ref(input, order, partition)?;
            let header = Self {
                indicator,
                partition,
                undo,
                before_after,
                record_length,
                record_type: RecordType(record_type),
                orig_node,
                time: Timestamp::from_julian(time),
                audit_pos,
                audit_rba,
                transaction: TransactionIndicator::from_byte(transaction),
                format_type,
                syskey_len,
                incomplete,
                continued,
                record_count,
                table,
                padding,
            };
            Ok((input, header))
        })
    }

    /// For a metadata record, returns the index of the database definition and the index of the table definition that the
    /// record defines or refers to.
    #[must_use]
    pub fn metadata_indexes(&self, order: ByteOrder) -> (u16, u16) {
        let [a, b, c, d] = match order {
            ByteOrder::Big => self.audit_rba.to_be_bytes(),
            ByteOrder::Little => self.audit_rba.to_le_bytes(),
        };
        (order.u16([a, b]), order.u16([c, d]))
    }

    /// Appends the header's bytes, the inverse of [`parse`](Self::parse).
    ///
    /// # Errors
    /// *Unsupported* if the partition's index bit contradicts the table reference, or a name contains a NUL.
    pub fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Fault> {
        let by_index = self.partition & PARTITION_TDR_INDEX != 0;
        if by_index != matches!(self.table, TableRef::Index(_)) {
            return Err(Fault::unsupported(offset::PARTITION, "partition bit 08 contradicts the table reference"));
        }
        out.extend_from_slice(&[self.indicator, self.partition, self.undo, self.before_after]);
        order.put_u16(out, self.record_length);
        out.extend_from_slice(&[self.record_type.0, self.orig_node]);
        order.put_u64(out, self.time.julian());
        order.put_u64(out, self.audit_pos);
        order.put_u32(out, self.audit_rba);
        let transaction = self.transaction.byte();
        out.extend_from_slice(&[
            transaction,
            self.format_type,
            self.syskey_len,
            self.incomplete,
            self.continued,
            self.record_count,
        ]);
        match self.table {
            TableRef::Index(index) => order.put_u16(out, index),
            TableRef::Name(name) if name.contains(&0) => {
                return Err(Fault::unsupported(offset::TABLE, "table name contains a NUL"));
            }
            TableRef::Name(name) if name.len() > usize::from(u16::MAX) - MIN_LEN => return Err(TOO_LONG),
            TableRef::Name(name) => {
                out.extend_from_slice(name);
                out.push(0);
            }
        }
        out.extend_from_slice(self.padding);
        Ok(())
    }

    /// Returns the number of bytes that [`encode`](Self::encode) appends.
    pub(crate) fn encoded_len(&self) -> usize {
        let table = match self.table {
            TableRef::Index(_) => 2,
            TableRef::Name(name) => name.len() + 1,
        };
        FIXED_LEN + table + self.padding.len()
    }
}

fn table_ref(input: &[u8], order: ByteOrder, partition: u8) -> Parsed<'_, (TableRef<'_>, &[u8])> {
    if partition & PARTITION_TDR_INDEX != 0 {
        let (rest, index) = u16(order)(input)?;
        return Ok((&[], (TableRef::Index(index), rest)));
    }
    match input.iter().position(|&byte| byte == 0) {
        Some(end) => {
            let (name, rest) = input.split_at(end);
            let padding = rest.get(1..).unwrap_or_default();
            Ok((&[], (TableRef::Name(name), padding)))
        }
        None => stop(input, FaultKind::Corrupt, "table name is not terminated"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn header_and_back(fixed in proptest::array::uniform32(any::<u8>()), name in "[A-Z.]{0,20}", index: u16, by_index: bool, big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let mut bytes = fixed.to_vec();
            bytes.extend_from_slice(&[0, 1]);
            bytes[0] = INDICATOR;
            // A time beyond signed 64-bit Unix microseconds is not exact, so the test uses a real one.
            bytes[8..16].copy_from_slice(&match order { ByteOrder::Big => 0x02f2_4a02_fd11_6400u64.to_be_bytes(), ByteOrder::Little => 0x02f2_4a02_fd11_6400u64.to_le_bytes() });
            if by_index {
                bytes[1] |= PARTITION_TDR_INDEX;
                order.put_u16(&mut bytes, index);
            } else {
                bytes[1] &= !PARTITION_TDR_INDEX;
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(0);
            }
            let header = RecordHeader::parse(&bytes, order).unwrap();
            let mut back = Vec::new();
            header.encode(order, &mut back).unwrap();
            prop_assert_eq!(back, bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = RecordHeader::parse(&bytes, ByteOrder::Little);
        }
    }
}
