//! Metadata records (type 170): what a database and its tables look like. Spec sections 5 and 11.1.
//!
//! A file gives one database definition (DDR), and before the first row of a table its definition (TDR). Rows name
//! definitions by an index that is the file's own. A later table of the same shape gets a reference (OrigNode 3) to the
//! earlier definition instead of a copy.

use nom::Parser;
use nom::bytes::complete::take;

use crate::trail::SubToken;
use crate::trail::wire::{self, ByteOrder, Fault, FaultKind, INFO_WIDE, Parsed, Token, put_s16, put_token, stop};

/// What a metadata record is, by the OrigNode byte of its header (SEEN).
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
    /// From the header's OrigNode.
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
    /// How names compare, a byte for each kind of object.
    pub case_sensitivity: Vec<u8>,
    /// The database's name; may be empty.
    pub name: Vec<u8>,
    /// Tokens behind the known ones, kept as they stand.
    pub extra: Vec<SubToken>,
}

impl DatabaseRecord {
    /// Reads the data area of a database definition.
    ///
    /// # Errors
    /// *Unsupported* where the version or the pieces are others than those known; *Corrupt* where lengths do not add up.
    pub fn parse(data: &[u8], order: ByteOrder) -> Result<Self, Fault> {
        wire::run(data, |input| {
            within(order, 0x30, input, |input| {
                let (input, version) = within(order, 0x01, input, wire::u16(order))?;
                if version != 1 {
                    return stop(input, FaultKind::Unsupported, "a database definition of an unknown version");
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
    /// *Unsupported* where a part is longer than its length field can say.
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

/// A table definition record, version 1 or 11, as it stands. [`TableDef`](crate::schema::TableDef) is what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRecord {
    /// Version of the layout: 1 (SEEN in 12.2) or 11 (SEEN in 21.3).
    pub version: u16,
    /// Number of key columns, as the record states it.
    pub key_columns: u16,
    /// Tokens behind the number of key columns, as they stand. Version 1 has three (02 to 04; zero in every sample,
    /// UNKNOWN), version 11 has none.
    pub facts: Vec<SubToken>,
    /// The columns, in the table's order.
    pub columns: Vec<ColumnRecord>,
    /// Tokens behind the columns, kept as they stand.
    pub extra: Vec<SubToken>,
}

/// One column of a table definition record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRecord {
    /// Its name.
    pub name: Vec<u8>,
    /// Data type; the field numbers in brackets are those of a definitions file (2).
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
    /// Number of the column's character set (21); −1 as the database's.
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
    /// Flags: 01 key column; 40 nullable, in version 11 alone (INFERRED); 22 on every column (UNKNOWN).
    pub flags: u16,
    /// The second part, 14 zero bytes in version 1, left out in version 11. UNKNOWN, kept.
    pub second_part: Option<Vec<u8>>,
}

/// Flag of a key column.
pub(crate) const FLAG_KEY: u16 = 0x01;
/// Flag of a nullable column, in version 11.
pub(crate) const FLAG_NULLABLE: u16 = 0x40;
/// Bytes of a column's first part behind its name.
const FIXED_PART: u16 = 44;

impl TableRecord {
    /// Reads the data area of a table definition. Pieces that a version leaves out may be missing; the sizes must add up.
    ///
    /// # Errors
    /// *Unsupported* where pieces or sizes are others than those known, whatever the version says: the caller keeps the raw
    /// bytes.
    pub fn parse(data: &[u8], order: ByteOrder) -> Result<Self, Fault> {
        // Whatever does not fit is a form that we do not know: framing has shown that the record itself is whole.
        wire::run(data, |input| within(order, 0x30, input, |input| table(input, order)))
            .map_err(|fault| Fault { kind: FaultKind::Unsupported, ..fault })
    }

    /// Appends the data area, the inverse of [`parse`](Self::parse).
    ///
    /// # Errors
    /// *Unsupported* where a part is longer than its length field can say.
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
        // Not reserved ahead: the count is the input's claim, the columns are its bytes.
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
        return stop(first, FaultKind::Unsupported, "a column definition of an unknown size");
    }
    let second_part = if whole.is_empty() {
        None
    } else {
        let (left, second) = wire::s16(order)(whole)?;
        if !left.is_empty() {
            return stop(left, FaultKind::Unsupported, "a column definition of an unknown size");
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

/// The tokens that are left, known to no one: newer writers add tokens, and older readers ignore them (spec section 3).
fn remaining_tokens(input: &[u8], order: ByteOrder) -> Parsed<'_, Vec<SubToken>> {
    nom::multi::many0(wire::token(order).map(SubToken::from)).parse_complete(input)
}

fn put_all(out: &mut Vec<u8>, order: ByteOrder, tokens: &[SubToken]) -> Result<(), Fault> {
    tokens.iter().try_for_each(|token| put_token(out, order, Token { id: token.id, info: token.info, body: &token.body }))
}

/// One token of the given id, and a parser over the whole of its body.
fn within<'a, T>(order: ByteOrder, id: u8, input: &'a [u8], mut inner: impl FnMut(&'a [u8]) -> Parsed<'a, T>) -> Parsed<'a, T> {
    let (rest, token) = wire::token(order)(input)?;
    if token.id != id {
        return stop(input, FaultKind::Unsupported, "a definition has an unknown piece");
    }
    let (left, value) = inner(token.body).map_err(|error| error.map(|stop| stop.before(rest.len())))?;
    if !left.is_empty() {
        return stop(left, FaultKind::Unsupported, "a definition has a piece of an unknown size");
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
