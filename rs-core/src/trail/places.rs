//! The places of a record that have contents, apart from its framing: for tools that rewrite a record in place, so that every byte
//! keeps its offset.
//!
//! [`places`] returns those outside of the data area, [`columns`] those of the columns in it. A byte is in no place only if its
//! meaning is known and it states the form of the trail: ids, lengths, numbers of a release, indexes, flags. All other bytes, also
//! those of unknown meaning, are in a place.

use crate::trail::file_header::{SIGNATURE, group};
use crate::trail::frame::{Record, area};
use crate::trail::image::{ColumnSpans, Images};
use crate::trail::record_header::{RecordHeader, TableRef, offset};
use crate::trail::record_type::RecordType;
use crate::trail::tokens;
use crate::trail::wire::{ByteOrder, Fault, Token, Tokens};

/// The contents of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlaceKind {
    /// Text of the file header: a name, a path, a version.
    HeaderText,
    /// The path of the file in its header, which ends with its sequence number.
    HeaderFileName,
    /// A time of the file header: eight bytes in the byte order of the record, as [`Time`](Self::Time).
    HeaderTime,
    /// A CSN of the file header.
    HeaderCsn,
    /// The wrapped key of an encrypted trail.
    HeaderKey,
    /// A header field, or a group, of unknown meaning.
    HeaderUnknown,
    /// The time of a record: eight bytes in the byte order of the record.
    Time,
    /// AuditPos: eight bytes in the byte order of the record.
    LogPosition,
    /// AuditRBA: four bytes in the byte order of the record. That of a metadata record has indexes, and is no place.
    LogOffset,
    /// The table's name in a record header.
    TableName,
    /// The value of one of GoldenGate's tokens, by its [id](tokens::id).
    Token(u8),
    /// A token of unknown meaning.
    UnknownToken,
    /// The user's tokens.
    UserTokens,
    /// Bytes of unknown meaning in a record header, or an area of unknown id.
    Unknown,
}

/// A range of bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its offset from the first byte of the record.
    pub at: usize,
    /// Its length in bytes, which is not 0.
    pub len: usize,
    /// Its contents.
    pub kind: PlaceKind,
}

/// A column of an image, as a range of bytes of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Index of the column in its table.
    pub index: u16,
    /// Offset of its span, null flag included, from the first byte of the data.
    pub at: usize,
    /// Length of its span in bytes.
    pub len: usize,
    /// It is in the image before the change.
    pub is_before: bool,
}

/// Returns the places outside of the data area, in their order. They do not overlap.
///
/// ```
/// use trailcore::trail::places::{PlaceKind, places};
/// use trailcore::trail::{ByteOrder, Record};
/// let bytes = b"G\x01\x00\x2fH\0\0\x23E\0\0A\0\0\x97\0\x02\xf2\x4a\x02\xfd\x11\x64\0\0\0\0\0\0\0\0\0\0\0\0\0\x03R\0\0\0\0\0Z\x01\x00\x2f";
/// let found = places(&Record::parse(bytes, ByteOrder::Big)?);
/// assert_eq!((found[0].kind, found[0].at, found[0].len), (PlaceKind::Time, 16, 8));
/// # Ok::<(), trailcore::trail::Fault>(())
/// ```
#[must_use]
pub fn places(record: &Record<'_>) -> Vec<Place> {
    let mut found = Found { whole: record.bytes(), places: Vec::new() };
    if record.is_file_header() {
        file_header(record, &mut found);
        return found.places;
    }
    record_header(record, &mut found);
    for area in record.tail_areas() {
        match area.id {
            area::TOKENS => token_area(area.body, record.byte_order(), &mut found),
            area::USER_TOKENS => found.add(area.body, PlaceKind::UserTokens),
            _ => found.add(area.body, PlaceKind::Unknown),
        }
    }
    found.places
}

/// Returns the columns of the images in `data`, in their order: that of the record, or that of several records of which each
/// continues the one before it, concatenated. There are none for a record without images.
///
/// # Errors
/// A fault if the data are not lists of columns that end exactly.
///
/// ```
/// use trailcore::trail::places::columns;
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let mut decoder = trailcore::trail::Decoder::new();
/// # let (mut at, file) = (0, &files[0].1);
/// # let mut rows = 0;
/// while let Some(record) = decoder.decode(&file[at..])? {
///     at += record.bytes().len();
///     if !record.is_file_header() {
///         for column in columns(&record, record.data())? {
///             assert!(column.at + column.len <= record.data().len());
/// #           rows += 1;
///         }
///     }
/// }
/// # assert!(rows > 0);
/// # Ok::<(), trailcore::trail::Fault>(())
/// ```
pub fn columns(record: &Record<'_>, data: &[u8]) -> Result<Vec<ColumnPlace>, Fault> {
    let images = if record.is_continued() { Images::of_joined(record, data)? } else { Images::of_data(record, data)? };
    let mut found = Vec::new();
    for (list, is_before) in [(images.before, true), (images.after, false)] {
        for span in ColumnSpans::new(list.unwrap_or_default(), record.byte_order()) {
            let span = span?;
            found.push(ColumnPlace { index: span.index, at: start(data, span.bytes), len: span.bytes.len(), is_before });
        }
    }
    Ok(found)
}

/// Returns the offset of a part in the bytes that it was taken from.
fn start(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

/// The places found so far in a record.
struct Found<'a> {
    whole: &'a [u8],
    places: Vec<Place>,
}

impl<'a> Found<'a> {
    /// Adds a part of the record, unless it is empty.
    fn add(&mut self, part: &'a [u8], kind: PlaceKind) {
        if !part.is_empty() {
            self.places.push(Place { at: start(self.whole, part), len: part.len(), kind });
        }
    }

    /// Adds a part that has no meaning if it is all zeros.
    fn add_unless_zero(&mut self, part: &'a [u8], kind: PlaceKind) {
        if part.iter().any(|byte| *byte != 0) {
            self.add(part, kind);
        }
    }
}

fn record_header<'a>(record: &Record<'a>, found: &mut Found<'a>) {
    let bytes = record.header_bytes();
    let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    found.add(part(offset::TIME, offset::AUDIT_POS), PlaceKind::Time);
    found.add(part(offset::AUDIT_POS, offset::AUDIT_POS + 8), PlaceKind::LogPosition);
    if record.record_type() != RecordType::METADATA {
        found.add(part(offset::AUDIT_POS + 8, offset::TRANS_IND), PlaceKind::LogOffset);
    }
    match RecordHeader::parse(bytes, record.byte_order()) {
        Ok(RecordHeader { table, padding, .. }) => {
            if let TableRef::Name(name) = table {
                found.add(name, PlaceKind::TableName);
            }
            found.add_unless_zero(padding, PlaceKind::Unknown);
        }
        Err(_) => found.add(part(offset::TABLE, bytes.len()), PlaceKind::Unknown),
    }
}

fn token_area<'a>(area: &'a [u8], order: ByteOrder, found: &mut Found<'a>) {
    let mut rest = area;
    for token in tokens::parse(area, order) {
        let Ok(token) = token else { return found.add(rest, PlaceKind::UnknownToken) };
        let body = token.body();
        rest = area.get(start(area, body) + body.len()..).unwrap_or_default();
        let value = match token.value() {
            Some(value) if token.name().is_some() => value,
            _ => &[],
        };
        found.add(value, PlaceKind::Token(token.id()));
        let filler = body.get(value.len()..).unwrap_or_default();
        // The two bytes after a row id are the same in every sample.
        if !(token.id() == tokens::id::ORAROWID && filler == [0, 1]) {
            found.add_unless_zero(filler, PlaceKind::UnknownToken);
        }
    }
}

/// The form of a header field.
#[derive(Clone, Copy)]
enum Form {
    /// Part of the form of the trail, with this many bytes.
    Fixed(usize),
    /// A count of four bytes, and as many bytes.
    Counted,
    Text,
    Texts,
    FileName,
    Time,
    Csn,
    Key,
    Unknown,
}

/// Returns the form of a field by its group and id (docs/trail-format.md, section 4).
fn form(group: u8, id: u8) -> Form {
    match (group, id) {
        (group::TRAIL, 0x37) => Form::Fixed(1),
        (group::TRAIL, 0x31) | (group::DATABASE, 0x30 | 0x34 | 0x35) | (group::PRODUCER, 0x31..=0x36) => Form::Fixed(2),
        (group::TRAIL, 0x32 | 0x38) | (group::DATABASE, 0x33 | 0x37 | 0x39 | 0x3b) | (group::CONTINUITY, 0x30) => Form::Fixed(4),
        (group::TRAIL, 0x30 | 0x39 | 0x3f) => Form::Fixed(SIGNATURE.len()),
        (group::DATABASE, 0x3c) => Form::Counted,
        (group::TRAIL, 0x33 | 0x3c | 0x3d) => Form::Time,
        (group::TRAIL, 0x3a | 0x3b | 0x3e) => Form::Csn,
        (group::TRAIL, 0x35) => Form::Texts,
        (group::TRAIL, 0x36) => Form::FileName,
        (group::TRAIL, 0x42) => Form::Key,
        (group::TRAIL, 0x34)
        | (group::MACHINE, 0x30..=0x34)
        | (group::DATABASE, 0x31 | 0x32 | 0x36 | 0x38 | 0x3d)
        | (group::PRODUCER, 0x30 | 0x37) => Form::Text,
        _ => Form::Unknown,
    }
}

fn file_header<'a>(record: &Record<'a>, found: &mut Found<'a>) {
    let order = record.byte_order();
    for token in record.areas() {
        let fields: Result<Vec<Token<'a>>, Fault> = Tokens::new(token.body, order).collect();
        match fields {
            Ok(fields) => fields.iter().for_each(|field| header_field(token.id, field, order, found)),
            Err(_) => found.add(token.body, PlaceKind::HeaderUnknown),
        }
    }
}

fn header_field<'a>(group: u8, field: &Token<'a>, order: ByteOrder, found: &mut Found<'a>) {
    let body = field.body;
    if field.is_unset() {
        return found.add_unless_zero(body, PlaceKind::HeaderUnknown);
    }
    let known = match form(group, field.id) {
        Form::Fixed(length) => body.len() == length,
        Form::Counted => body
            .split_first_chunk()
            .is_some_and(|(&count, rest)| order.u32(count) as usize == rest.len() && is_case_sensitivity(rest)),
        Form::Text => string(body, PlaceKind::HeaderText, order, found),
        Form::FileName => string(body, PlaceKind::HeaderFileName, order, found),
        Form::Texts => {
            let texts: Result<Vec<Token<'a>>, Fault> = Tokens::new(body, order).collect();
            for text in texts.iter().flatten() {
                if !string(text.body, PlaceKind::HeaderText, order, found) {
                    found.add(text.body, PlaceKind::HeaderUnknown);
                }
            }
            texts.is_ok()
        }
        Form::Time => {
            let is_time = body.len() == 8;
            if is_time {
                found.add_unless_zero(body, PlaceKind::HeaderTime);
            }
            is_time
        }
        Form::Csn => match body.split_first().and_then(|(&length, rest)| rest.split_at_checked(usize::from(length))) {
            Some((csn, padding)) => {
                found.add(csn, PlaceKind::HeaderCsn);
                found.add_unless_zero(padding, PlaceKind::HeaderUnknown);
                true
            }
            None => false,
        },
        Form::Key => {
            // A cipher number and the length of the key come first. The rest is filler if the trail is not encrypted.
            let key = body.get(3..);
            let is_filler = |key: &&[u8]| key.iter().all(|byte| matches!(byte, 0 | b'.' | b' '));
            found.add(key.filter(|key| !is_filler(key)).unwrap_or_default(), PlaceKind::HeaderKey);
            key.is_some()
        }
        // All ones in every sample.
        Form::Unknown => body.iter().all(|byte| *byte == 0xff) || body.iter().all(|byte| *byte == 0),
    };
    if !known {
        found.add(body, PlaceKind::HeaderUnknown);
    }
}

/// Returns whether bytes are the list of how the database treats the case of its kinds of names, as all samples have it.
#[must_use]
pub fn is_case_sensitivity(bytes: &[u8]) -> bool {
    bytes.len() == 16 && bytes.iter().all(|byte| matches!(byte, 0x11 | 0x14))
}

/// Adds the characters of a string with a length. Returns `false` if the bytes are not one.
fn string<'a>(body: &'a [u8], kind: PlaceKind, order: ByteOrder, found: &mut Found<'a>) -> bool {
    match body.split_first_chunk() {
        Some((&length, text)) if usize::from(order.u16(length)) == text.len() => {
            found.add(text, kind);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trail::FileHeader;
    use crate::trail::TransactionIndicator;
    use crate::trail::encode::RecordParts;
    use crate::trail::wire::{INFO_UNSET, put_token};

    fn kinds(record: &Record<'_>) -> Vec<(PlaceKind, Vec<u8>)> {
        places(record).iter().map(|place| (place.kind, record.bytes()[place.at..place.at + place.len].to_vec())).collect()
    }

    fn row<'a>(name: &'a [u8], areas: Vec<Token<'a>>) -> Vec<u8> {
        let header = RecordHeader {
            indicator: b'E',
            partition: 4,
            undo: 0,
            before_after: b'A',
            record_length: 0,
            record_type: RecordType::INSERT,
            orig_node: 255,
            time: crate::Timestamp::from_unix_micros(7),
            audit_pos: 77,
            audit_rba: 9,
            transaction: TransactionIndicator::Only,
            format_type: b'R',
            syskey_len: 0,
            incomplete: 0,
            continued: 0,
            record_count: 1,
            table: TableRef::Name(name),
            padding: &[0, 0],
        };
        let mut bytes = Vec::new();
        RecordParts { info: 1, header, areas }.encode(ByteOrder::Little, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn every_token_and_area_is_a_place() {
        let mut area = Vec::new();
        for (id, info, body) in [
            (b'R', 0, &b"AAKifQAAKAAAFDHAAA\0\x01"[..]),
            (b'L', 0, b"77"),
            (b'x', 0, b"new"),
            (b't', 1, b""),
            (b'6', INFO_UNSET, b"\0\0"),
        ] {
            put_token(&mut area, ByteOrder::Little, Token { id, info, body }).unwrap();
        }
        let areas = vec![
            Token { id: b'D', info: 0, body: b"\0\0\x04\0\0\0ab" },
            Token { id: b'T', info: 0, body: &area },
            Token { id: b'U', info: 0, body: b"user" },
            Token { id: b'Q', info: 0, body: b"what" },
        ];
        let bytes = row(b"A.B", areas);
        let record = Record::parse(&bytes, ByteOrder::Little).unwrap();
        let found = kinds(&record);
        let names: Vec<_> = found.iter().skip(3).map(|(kind, bytes)| (*kind, bytes.as_slice())).collect();
        assert_eq!(
            found.iter().take(3).map(|(kind, _)| *kind).collect::<Vec<_>>(),
            [PlaceKind::Time, PlaceKind::LogPosition, PlaceKind::LogOffset]
        );
        assert_eq!(
            names,
            [
                (PlaceKind::TableName, &b"A.B"[..]),
                (PlaceKind::Token(b'R'), b"AAKifQAAKAAAFDHAAA"),
                (PlaceKind::Token(b'L'), b"77"),
                (PlaceKind::UnknownToken, b"new"),
                (PlaceKind::UserTokens, b"user"),
                (PlaceKind::Unknown, b"what"),
            ]
        );
        let columns = columns(&record, record.data()).unwrap();
        assert_eq!(columns, [ColumnPlace { index: 0, at: 4, len: 4, is_before: false }]);
        assert!(super::columns(&record, b"\0\0\x09\0a").is_err());
    }

    #[test]
    fn the_known_numbers_of_a_file_header_are_no_places() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let record = Record::parse(&files[1].1, ByteOrder::Big).unwrap();
        let mut header = FileHeader::parse(&record).unwrap();
        let before = kinds(&record);
        assert!(before.iter().all(|(kind, _)| *kind != PlaceKind::HeaderUnknown), "{before:?}");
        assert!(before.contains(&(PlaceKind::HeaderFileName, b"000000001".to_vec())), "{before:?}");
        assert!(before.iter().any(|(kind, _)| *kind == PlaceKind::HeaderCsn));
        header.push(group::TRAIL, 0x50, 0, b"a new field".to_vec());
        header.push(0x39, 0x31, 0, b"a new group".to_vec());
        header.push(group::TRAIL, 0x38, 0, b"a number of another size".to_vec());
        let mut bytes = Vec::new();
        header.encode(&mut bytes).unwrap();
        let unknown: Vec<_> = kinds(&Record::parse(&bytes, ByteOrder::Big).unwrap())
            .into_iter()
            .filter(|(kind, _)| *kind == PlaceKind::HeaderUnknown)
            .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
            .collect();
        assert_eq!(unknown, ["a new field", "a number of another size", "a new group"]);
    }

    #[test]
    fn keys_and_lists_of_a_header_are_places_whatever_the_rest_states() {
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let record = Record::parse(&files[1].1, ByteOrder::Big).unwrap();
        let mut header = FileHeader::parse(&record).unwrap();
        // A second key, and a list with a count that is not the known one.
        header.push(group::TRAIL, 0x42, 0, b"\x01\x00\x08wrapped!".to_vec());
        header.push(group::DATABASE, 0x3c, 0, b"\0\0\0\x06secret".to_vec());
        let mut bytes = Vec::new();
        header.encode(&mut bytes).unwrap();
        // The header does not parse any more: its signature is another one.
        let mut broken = bytes.clone();
        let at = broken.windows(SIGNATURE.len()).position(|window| window == SIGNATURE).unwrap();
        broken[at] ^= 1;
        for bytes in [bytes, broken] {
            let found = kinds(&Record::parse(&bytes, ByteOrder::Big).unwrap());
            assert!(found.contains(&(PlaceKind::HeaderKey, b"wrapped!".to_vec())), "{found:?}");
            assert!(found.contains(&(PlaceKind::HeaderUnknown, b"\0\0\0\x06secret".to_vec())), "{found:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), user in proptest::collection::vec(any::<u8>(), 0..40), big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            if let Ok(record) = Record::parse(&bytes, order) {
                let _ = places(&record);
            }
            let areas = vec![Token { id: b'D', info: 0, body: &bytes }, Token { id: b'T', info: 0, body: &user }];
            let bytes = row(b"A", areas);
            let record = Record::parse(&bytes, ByteOrder::Little).unwrap();
            let mut end = 0;
            for place in places(&record) {
                prop_assert!(place.at >= end && place.len > 0 && place.at + place.len <= bytes.len());
                end = place.at + place.len;
            }
            let _ = columns(&record, record.data());
        }
    }
}
