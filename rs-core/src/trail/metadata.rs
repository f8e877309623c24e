//! Metadata records (type 170): definitions of a database and its tables. See docs/trail-format.md, section 9.
//!
//! A file has one database definition (DDR), and a table definition (TDR) before the first row of each table. Rows refer to
//! definitions by an index that is local to the file. A later table with the same columns gets a reference (OrigNode 3) to
//! the earlier definition instead of a copy.

use nom::Parser;
use nom::bytes::complete::take;

use crate::trail::SubToken;
use crate::trail::wire::{self, ByteOrder, Fault, FaultKind, INFO_WIDE, Parsed, Token, put_s16, put_token, stop};

/// The kind of a metadata record, from the OrigNode byte of its header (SEEN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataKind {
    /// Database definition.
    Database,
    /// Table definition.
    Table,
    /// Reference of a table to an earlier definition.
    Reference,
    /// A number without a known meaning.
    Unknown(u8),
}

impl MetadataKind {
    /// Converts the header's OrigNode byte.
    #[must_use]
    pub fn from_orig_node(byte: u8) -> Self {
        match byte {
            1 => Self::Database,
            2 => Self::Table,
            3 => Self::Reference,
            other => Self::Unknown(other),
        }
    }
}

/// A database definition, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseRecord {
    /// Version of the layout; 1.
    pub version: u16,
    /// Number of the database's character set.
    pub charset: u32,
    /// Number of its national character set.
    pub national_charset: u32,
    /// Locale; the meaning of the values is UNKNOWN.
    pub locale: u16,
    /// Time zone.
    pub time_zone: Vec<u8>,
    /// Case sensitivity of names, one byte for each kind of object.
    pub case_sensitivity: Vec<u8>,
    /// The database's name; may be empty.
    pub name: Vec<u8>,
    /// Tokens after the known ones, kept verbatim.
    pub extra: Vec<SubToken>,
}

impl DatabaseRecord {
    /// Parses the data area of a database definition.
    ///
    /// # Errors
    /// *Unsupported* if the version or a token is not a known one; *Corrupt* if lengths do not add up.
    pub fn parse(data: &[u8], order: ByteOrder) -> Result<Self, Fault> {
        wire::run(data, |input| {
            within(order, 0x30, input, |input| {
                let (input, version) = within(order, 0x01, input, wire::u16(order))?;
                if version != 1 {
                    return stop(input, FaultKind::Unsupported, "database definition has an unknown version");
                }
                let (input, mut database) = within(order, 0x02, input, |input| {
                    let (input, charset) = within(order, 0x01, input, wire::u32(order))?;
                    let (input, national_charset) = within(order, 0x02, input, wire::u32(order))?;
                    let (input, locale) = within(order, 0x03, input, wire::u16(order))?;
                    let (input, time_zone) = within(order, 0x04, input, wire::s16(order))?;
                    let (input, case) =
                        within(order, 0x05, input, |input| wire::u32(order).flat_map(take).parse_complete(input))?;
                    let (time_zone, case_sensitivity) = (time_zone.to_vec(), case.to_vec());
                    let database = Self {
                        version,
                        charset,
                        national_charset,
                        locale,
                        time_zone,
                        case_sensitivity,
                        name: Vec::new(),
                        extra: Vec::new(),
                    };
                    Ok((input, database))
                })?;
                let (input, name) = within(order, 0x03, input, wire::s16(order))?;
                database.name = name.to_vec();
                let (input, extra) = remaining_tokens(input, order)?;
                database.extra = extra;
                Ok((input, database))
            })
        })
    }

    /// Appends the data area, the inverse of [`parse`](Self::parse).
    ///
    /// # Errors
    /// *Unsupported* if a value is longer than its length field allows.
    pub fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Fault> {
        let number = |value: u32| built(|out| order.put_u32(out, value));
        let mut facts = Vec::new();
        put(&mut facts, order, 0x01, &number(self.charset))?;
        put(&mut facts, order, 0x02, &number(self.national_charset))?;
        put(&mut facts, order, 0x03, &built(|out| order.put_u16(out, self.locale)))?;
        put(&mut facts, order, 0x04, &string(order, &self.time_zone)?)?;
        let mut case = number(u32::try_from(self.case_sensitivity.len()).map_err(|_| wire::TOO_LONG)?);
        case.extend_from_slice(&self.case_sensitivity);
        put(&mut facts, order, 0x05, &case)?;
        let mut body = Vec::new();
        put(&mut body, order, 0x01, &built(|out| order.put_u16(out, self.version)))?;
        put(&mut body, order, 0x02, &facts)?;
        put(&mut body, order, 0x03, &string(order, &self.name)?)?;
        put_all(&mut body, order, &self.extra)?;
        put(out, order, 0x30, &body)
    }
}

/// The raw fields of a table definition record, version 1 or 11. [`TableDef`](crate::schema::TableDef) is their interpreted
/// form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRecord {
    /// Version of the layout: 1 (SEEN in 12.2) or 11 (SEEN in 21.3).
    pub version: u16,
    /// Number of key columns that the record states.
    pub key_columns: u16,
    /// Tokens after the number of key columns, verbatim. Version 1 has three (02 to 04; zero in every sample, UNKNOWN),
    /// version 11 has none.
    pub facts: Vec<SubToken>,
    /// The columns, in the table's order.
    pub columns: Vec<ColumnRecord>,
    /// Tokens after the columns, kept verbatim.
    pub extra: Vec<SubToken>,
}

/// One column of a table definition record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRecord {
    /// Its name.
    pub name: Vec<u8>,
    /// Data type (2). Numbers in brackets are the field numbers of a definitions file.
    pub data_type: u16,
    /// Internal length (9). Which of the two lengths is which is UNKNOWN; they are equal in all samples.
    pub internal_length: u32,
    /// External length (3).
    pub external_length: u32,
    /// Binary length (10).
    pub binary_length: u32,
    /// Table length (11).
    pub table_length: u32,
    /// Character length (22); 0 in version 1.
    pub character_length: u32,
    /// Fetch offset (4).
    pub fetch_offset: u32,
    /// Number of the column's character set (21); −1 for the database's.
    pub charset: i32,
    /// The database's own type number (20).
    pub native_type: u16,
    /// Sub data type (19).
    pub sub_type: u16,
    /// Most significant part of a date/time (12).
    pub most_significant: u16,
    /// Least significant part of a date/time (13).
    pub least_significant: u16,
    /// Scale (5).
    pub scale: u16,
    /// UNKNOWN; 0 in every sample.
    pub unknown: u16,
    /// Flags: 01 key column; 40 nullable, in version 11 only (INFERRED); 22 on every column (UNKNOWN).
    pub flags: u16,
    /// The second part: 14 zero bytes in version 1, absent in version 11. UNKNOWN, kept.
    pub second_part: Option<Vec<u8>>,
}

/// Flag of a key column.
pub(crate) const FLAG_KEY: u16 = 0x01;
/// Flag of a nullable column, in version 11.
pub(crate) const FLAG_NULLABLE: u16 = 0x40;
/// Bytes of a column's first part after its name.
const FIXED_PART: u16 = 44;

impl TableRecord {
    /// Parses the data area of a table definition. Tokens that a version omits may be absent; the sizes must add up.
    ///
    /// # Errors
    /// *Unsupported* if a token or size is not a known one, independent of the version number. The caller keeps the raw bytes.
    pub fn parse(data: &[u8], order: ByteOrder) -> Result<Self, Fault> {
        // Framing has shown that the record is complete, so anything that does not fit is an unknown form.
        wire::run(data, |input| within(order, 0x30, input, |input| table(input, order)))
            .map_err(|fault| Fault { kind: FaultKind::Unsupported, ..fault })
    }

    /// Appends the data area, the inverse of [`parse`](Self::parse).
    ///
    /// # Errors
    /// *Unsupported* if a value is longer than its length field allows.
    pub fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Fault> {
        let number = |value: u16| built(|out| order.put_u16(out, value));
        let mut keys = Vec::new();
        put(&mut keys, order, 0x01, &number(self.key_columns))?;
        let mut facts = Vec::new();
        put(&mut facts, order, 0x01, &keys)?;
        put_all(&mut facts, order, &self.facts)?;
        let mut columns = number(u16::try_from(self.columns.len()).map_err(|_| wire::TOO_LONG)?);
        for column in &self.columns {
            column.encode(order, &mut columns)?;
        }
        let mut body = Vec::new();
        put(&mut body, order, 0x01, &number(self.version))?;
        put(&mut body, order, 0x02, &facts)?;
        put_token(&mut body, order, Token { id: 0x03, info: INFO_WIDE, body: &columns })?;
        put_all(&mut body, order, &self.extra)?;
        put_token(out, order, Token { id: 0x30, info: INFO_WIDE, body: &body })
    }
}

fn table(input: &[u8], order: ByteOrder) -> Parsed<'_, TableRecord> {
    let (input, version) = within(order, 0x01, input, wire::u16(order))?;
    let (input, (key_columns, facts)) = within(order, 0x02, input, |input| {
        let (input, key_columns) = within(order, 0x01, input, |input| within(order, 0x01, input, wire::u16(order)))?;
        let (input, facts) = remaining_tokens(input, order)?;
        Ok((input, (key_columns, facts)))
    })?;
    let (input, columns) = within(order, 0x03, input, |input| {
        let (mut input, count) = wire::u16(order)(input)?;
        // No capacity is reserved: the count is untrusted until the columns have been read.
        let mut columns = Vec::new();
        for _ in 0..count {
            let (rest, column) = column(input, order)?;
            columns.push(column);
            input = rest;
        }
        Ok((input, columns))
    })?;
    let (input, extra) = remaining_tokens(input, order)?;
    Ok((input, TableRecord { version, key_columns, facts, columns, extra }))
}

fn column(input: &[u8], order: ByteOrder) -> Parsed<'_, ColumnRecord> {
    let (rest, whole) = wire::s16(order)(input)?;
    let (whole, first) = wire::s16(order)(whole)?;
    let (first, name) = wire::s16(order)(first)?;
    let u16 = || wire::u16(order);
    let u32 = || wire::u32(order);
    let (first, (data_type, internal_length, external_length, binary_length)) =
        (u16(), u32(), u32(), u32()).parse_complete(first)?;
    let (first, (table_length, character_length, fetch_offset, charset)) = (u32(), u32(), u32(), u32()).parse_complete(first)?;
    let (first, (native_type, sub_type, most_significant, least_significant)) =
        (u16(), u16(), u16(), u16()).parse_complete(first)?;
    let (first, (scale, unknown, flags)) = (u16(), u16(), u16()).parse_complete(first)?;
    if !first.is_empty() {
        return stop(first, FaultKind::Unsupported, "column definition has an unknown size");
    }
    let second_part = if whole.is_empty() {
        None
    } else {
        let (left, second) = wire::s16(order)(whole)?;
        if !left.is_empty() {
            return stop(left, FaultKind::Unsupported, "column definition has an unknown size");
        }
        Some(second.to_vec())
    };
    let column = ColumnRecord {
        name: name.to_vec(),
        data_type,
        internal_length,
        external_length,
        binary_length,
        table_length,
        character_length,
        fetch_offset,
        charset: charset as i32,
        native_type,
        sub_type,
        most_significant,
        least_significant,
        scale,
        unknown,
        flags,
        second_part,
    };
    Ok((rest, column))
}

impl ColumnRecord {
    fn encode(&self, order: ByteOrder, out: &mut Vec<u8>) -> Result<(), Fault> {
        let name_len =
            u16::try_from(self.name.len()).ok().and_then(|len| len.checked_add(2 + FIXED_PART)).ok_or(wire::TOO_LONG)?;
        let second_len = self.second_part.as_ref().map_or(0, |part| part.len() + 2);
        let whole = usize::from(name_len) + 2 + second_len;
        order.put_u16(out, u16::try_from(whole).map_err(|_| wire::TOO_LONG)?);
        order.put_u16(out, name_len);
        put_s16(out, order, &self.name)?;
        order.put_u16(out, self.data_type);
        for number in [self.internal_length, self.external_length, self.binary_length, self.table_length] {
            order.put_u32(out, number);
        }
        for number in [self.character_length, self.fetch_offset, self.charset as u32] {
            order.put_u32(out, number);
        }
        let parts = [
            self.native_type,
            self.sub_type,
            self.most_significant,
            self.least_significant,
            self.scale,
            self.unknown,
            self.flags,
        ];
        for number in parts {
            order.put_u16(out, number);
        }
        match &self.second_part {
            Some(part) => put_s16(out, order, part),
            None => Ok(()),
        }
    }
}

/// Reads the remaining tokens, all unknown: newer writers may add some (docs/trail-format.md, section 9.2).
fn remaining_tokens(input: &[u8], order: ByteOrder) -> Parsed<'_, Vec<SubToken>> {
    nom::multi::many0(wire::token(order).map(SubToken::from)).parse_complete(input)
}

fn put_all(out: &mut Vec<u8>, order: ByteOrder, tokens: &[SubToken]) -> Result<(), Fault> {
    tokens.iter().try_for_each(|token| put_token(out, order, Token { id: token.id, info: token.info, body: &token.body }))
}

/// Reads one token of the given id and runs `inner` over the whole of its body.
fn within<'a, T>(order: ByteOrder, id: u8, input: &'a [u8], mut inner: impl FnMut(&'a [u8]) -> Parsed<'a, T>) -> Parsed<'a, T> {
    let (rest, token) = wire::token(order)(input)?;
    if token.id != id {
        return stop(input, FaultKind::Unsupported, "definition has an unknown token");
    }
    let (left, value) = inner(token.body).map_err(|error| error.map(|stop| stop.before(rest.len())))?;
    if !left.is_empty() {
        return stop(left, FaultKind::Unsupported, "definition has a token of an unknown size");
    }
    Ok((rest, value))
}

fn put(out: &mut Vec<u8>, order: ByteOrder, id: u8, body: &[u8]) -> Result<(), Fault> {
    put_token(out, order, Token { id, info: 0, body })
}

fn string(order: ByteOrder, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    put_s16(&mut out, order, bytes)?;
    Ok(out)
}

fn built(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_column() -> impl Strategy<Value = ColumnRecord> {
        (
            "[A-Z_]{1,20}",
            any::<[u16; 7]>(),
            any::<[u32; 5]>(),
            any::<(u32, i32, u16)>(),
            proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)),
        )
            .prop_map(|(name, a, b, (fetch_offset, charset, flags), second_part)| ColumnRecord {
                name: name.into_bytes(),
                data_type: a[0],
                internal_length: b[0],
                external_length: b[1],
                binary_length: b[2],
                table_length: b[3],
                character_length: b[4],
                fetch_offset,
                charset,
                native_type: a[1],
                sub_type: a[2],
                most_significant: a[3],
                least_significant: a[4],
                scale: a[5],
                unknown: a[6],
                flags,
                second_part,
            })
    }

    proptest! {
        #[test]
        fn table_and_back(columns in proptest::collection::vec(any_column(), 0..6), version: u16, key_columns: u16, facts: Vec<u8>, extra: Vec<u8>, big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let token = |id| SubToken { id, info: 0, body: vec![id; 3] };
            let table = TableRecord { version, key_columns, facts: facts.into_iter().map(token).collect(), columns, extra: extra.into_iter().map(token).collect() };
            let mut bytes = Vec::new();
            table.encode(order, &mut bytes).unwrap();
            prop_assert_eq!(TableRecord::parse(&bytes, order).unwrap(), table);
        }

        #[test]
        fn database_and_back(charset: u32, national_charset: u32, locale: u16, time_zone: Vec<u8>, case_sensitivity: Vec<u8>, name: Vec<u8>, big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let database = DatabaseRecord { version: 1, charset, national_charset, locale, time_zone, case_sensitivity, name, extra: Vec::new() };
            let mut bytes = Vec::new();
            database.encode(order, &mut bytes).unwrap();
            prop_assert_eq!(DatabaseRecord::parse(&bytes, order).unwrap(), database);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), big: bool) {
            let order = if big { ByteOrder::Big } else { ByteOrder::Little };
            let _ = TableRecord::parse(&bytes, order);
            let _ = DatabaseRecord::parse(&bytes, order);
        }
    }
}
