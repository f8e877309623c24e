//! The file header record (`F`). See docs/trail-format.md, section 4.
//!
//! It is a list of groups, each a list of sub-tokens. All of them are kept verbatim, so unknown ones can be inspected and the
//! record can be written again byte for byte. The accessors return the known ones.

use std::borrow::Cow;

use nom::Parser;

use crate::text::Charset;
use crate::time::Timestamp;
use crate::trail::frame::{FILE_HEADER, Record, area};
use crate::trail::wire::{self, ByteOrder, Fault, INFO_UNSET, Token, Tokens, put_s16, put_token, put_token_header};

/// The eight bytes that every file header carries (SEEN).
pub(crate) const SIGNATURE: [u8; 8] = *b"GG\r\nTL\n\r";
/// Length of a CSN field: a one-byte length and the text, padded with NULs (SEEN).
const CSN_FIELD: usize = 129;

/// Ids of the groups.
pub(crate) mod group {
    pub(crate) const TRAIL: u8 = 0x30;
    pub(crate) const MACHINE: u8 = 0x31;
    pub(crate) const DATABASE: u8 = 0x32;
    pub(crate) const PRODUCER: u8 = 0x33;
    pub(crate) const CONTINUITY: u8 = 0x34;
}

/// A header field: absent, present but marked as not set, or with a value. Not set is not the same as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// The header does not have this token.
    Absent,
    /// The token is present and marked as not set (info ff).
    Unset,
    /// The value.
    Value(T),
}

impl<T> Field<T> {
    /// Returns the value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Converts the value, if there is one.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Field<U> {
        self.and_then(|value| Some(convert(value)))
    }

    fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Unset => Field::Unset,
            // A body of another size has an unknown meaning.
            Self::Value(value) => read(value).map_or(Field::Absent, Field::Value),
        }
    }
}

/// The encryption state that a file header indicates (docs/trail-format.md, section 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// The header has no key slot (levels below 5).
    NoSlot,
    /// The key slot holds filler only.
    Empty,
    /// The key slot holds data other than filler. INFERRED to be a cipher and a wrapped key; no encrypted header has been
    /// seen.
    KeyPresent,
}

/// One sub-token of a group, verbatim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubToken {
    /// Its id within the group.
    pub id: u8,
    /// Its info byte.
    pub info: u8,
    /// Its body.
    pub body: Vec<u8>,
}

/// One group of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// 30 trail, 31 machine, 32 database, 33 producer, 34 continuity; others are kept.
    pub id: u8,
    /// Its info byte.
    pub info: u8,
    /// Its sub-tokens. Empty for an unknown group whose body is not a list of tokens.
    pub tokens: Vec<SubToken>,
    /// The body of an unknown group that is not a list of tokens; empty otherwise.
    pub raw: Vec<u8>,
}

/// The header of a trail file: its origin, its compatibility level and its first CSN and timestamp.
///
/// Owned and immutable; any thread may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHeader {
    order: ByteOrder,
    info: u8,
    trailer_info: u8,
    groups: Vec<Group>,
}

impl FileHeader {
    /// Parses a whole file header record.
    ///
    /// # Errors
    /// *Corrupt* if the record is not a file header, a known group is not a list of tokens, or the signature is missing.
    pub fn parse(record: &Record<'_>) -> Result<Self, Fault> {
        if !record.is_file_header() {
            return Err(Fault::corrupt(0, "not a file header record"));
        }
        let bytes = record.bytes();
        let outer_len = if bytes.get(1).is_some_and(|&info| wire::is_wide(info)) { 6 } else { 4 };
        let trailer_info = bytes.len().checked_sub(outer_len - 1).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
        let header = Self {
            order: record.byte_order(),
            info: bytes.get(1).copied().unwrap_or_default(),
            trailer_info,
            groups: parse_groups(record.data(), record.byte_order()).map_err(|fault| fault.after(outer_len))?,
        };
        if header.token(group::TRAIL, 0x30).value() != Some(&SIGNATURE) {
            return Err(Fault::corrupt(outer_len, "file header has no trail signature"));
        }
        Ok(header)
    }

    /// Returns an empty header, for writers to fill with [`push`](Self::push).
    pub(crate) fn empty(order: ByteOrder) -> Self {
        Self { order, info: 0, trailer_info: 0, groups: Vec::new() }
    }

    /// Appends a sub-token to a group, and the group if it is missing.
    pub(crate) fn push(&mut self, group: u8, id: u8, info: u8, body: Vec<u8>) {
        let token = SubToken { id, info, body };
        match self.groups.iter_mut().find(|g| g.id == group) {
            Some(found) => found.tokens.push(token),
            None => self.groups.push(Group { id: group, info: 0, tokens: vec![token], raw: Vec::new() }),
        }
    }

    /// Appends the whole record, the inverse of [`parse`](Self::parse).
    ///
    /// # Errors
    /// *Unsupported* if a value is longer than its length field allows.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut body = Vec::new();
        for group in &self.groups {
            let mut tokens = group.raw.clone();
            for token in &group.tokens {
                put_token(&mut tokens, self.order, Token { id: token.id, info: token.info, body: &token.body })?;
            }
            put_token(&mut body, self.order, Token { id: group.id, info: group.info, body: &tokens })?;
        }
        let outer_len = if wire::is_wide(self.info) { 6 } else { 4 };
        let trailer_len = if wire::is_wide(self.trailer_info) { 6 } else { 4 };
        let whole = body.len() + outer_len + trailer_len;
        put_token_header(out, self.order, FILE_HEADER, self.info, whole)?;
        out.extend_from_slice(&body);
        put_token_header(out, self.order, area::TRAILER, self.trailer_info, whole)
    }

    /// Returns the byte order of this record's numbers. The order of the records after it is determined separately.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns all groups with all sub-tokens, known or not, in order.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Returns the body of a sub-token by group and id.
    #[must_use]
    pub fn token(&self, group: u8, id: u8) -> Field<&[u8]> {
        let tokens = self.groups.iter().filter(|g| g.id == group).flat_map(|g| &g.tokens);
        match tokens.into_iter().find(|token| token.id == id) {
            None => Field::Absent,
            Some(token) if token.info == INFO_UNSET => Field::Unset,
            Some(token) => Field::Value(token.body.as_slice()),
        }
    }

    fn u8_field(&self, group: u8, id: u8) -> Field<u8> {
        self.token(group, id).and_then(|body| wire::run(body, wire::u8).ok())
    }

    fn u16_field(&self, group: u8, id: u8) -> Field<u16> {
        self.token(group, id).and_then(|body| wire::run(body, wire::u16(self.order)).ok())
    }

    fn u32_field(&self, group: u8, id: u8) -> Field<u32> {
        self.token(group, id).and_then(|body| wire::run(body, wire::u32(self.order)).ok())
    }

    fn u64_field(&self, group: u8, id: u8) -> Field<u64> {
        self.token(group, id).and_then(|body| wire::run(body, wire::u64(self.order)).ok())
    }

    fn time_field(&self, id: u8) -> Field<Timestamp> {
        self.u64_field(group::TRAIL, id).and_then(|micros| Some(Timestamp::from_julian(micros)))
    }

    fn text_field(&self, group: u8, id: u8) -> Field<&str> {
        self.token(group, id).and_then(|body| text(wire::run(body, wire::s16(self.order)).ok()?))
    }

    /// Reads a CSN: a one-byte length, and the text padded with NULs.
    fn csn_field(&self, id: u8) -> Field<&str> {
        self.token(group::TRAIL, id).and_then(|body| {
            let (&length, rest) = body.split_first()?;
            text(rest.get(..usize::from(length))?)
        })
    }

    fn charset_field(&self, id: u8) -> Field<Charset> {
        self.u32_field(group::DATABASE, id).and_then(|number| Some(Charset::from_id(number as i32)))
    }

    /// Returns the compatibility level: 3 for release 11.2.1, 5 for 12.2, 6 for 12.3, 7 for 19.1 (SEEN). The level, not the
    /// producer's version, determines the form of the file.
    #[must_use]
    pub fn compatibility(&self) -> Field<u16> {
        self.u16_field(group::TRAIL, 0x31)
    }

    /// Returns the time at which the file was created.
    #[must_use]
    pub fn creation_time(&self) -> Field<Timestamp> {
        self.time_field(0x33)
    }

    /// Returns the URI of the process that wrote the file: `uri:host:dir::dir:GROUP`.
    #[must_use]
    pub fn uri(&self) -> Field<&str> {
        self.text_field(group::TRAIL, 0x34)
    }

    /// Returns the URIs of the trails that a pump has read to write this one. Empty for a primary Extract.
    #[must_use]
    pub fn uri_history(&self) -> Vec<Cow<'_, str>> {
        let Some(body) = self.token(group::TRAIL, 0x35).value() else { return Vec::new() };
        let uris = Tokens::new(body, self.order).filter_map(|token| wire::run(token.ok()?.body, wire::s16(self.order)).ok());
        uris.map(String::from_utf8_lossy).collect()
    }

    /// Returns the path under which the writer created the file.
    #[must_use]
    pub fn file_name(&self) -> Field<&str> {
        self.text_field(group::TRAIL, 0x36)
    }

    /// Returns 1 if the file is one of several files of a trail.
    #[must_use]
    pub fn multi_part(&self) -> Field<u8> {
        self.u8_field(group::TRAIL, 0x37)
    }

    /// Returns the file's sequence number.
    #[must_use]
    pub fn seqno(&self) -> Field<u32> {
        self.u32_field(group::TRAIL, 0x38)
    }

    /// Returns the file's size in bytes. Not set in any real header seen.
    #[must_use]
    pub fn file_size(&self) -> Field<u64> {
        self.u64_field(group::TRAIL, 0x39)
    }

    /// Returns the CSN of the first record.
    #[must_use]
    pub fn first_csn(&self) -> Field<&str> {
        self.csn_field(0x3a)
    }

    /// Returns the CSN of the last record. Not set in any real header seen.
    #[must_use]
    pub fn last_csn(&self) -> Field<&str> {
        self.csn_field(0x3b)
    }

    /// Returns the timestamp of the first row.
    #[must_use]
    pub fn first_time(&self) -> Field<Timestamp> {
        self.time_field(0x3c)
    }

    /// Returns the timestamp of the last row. Not set in any real header seen.
    #[must_use]
    pub fn last_time(&self) -> Field<Timestamp> {
        self.time_field(0x3d)
    }

    /// Returns LOGBSN.
    #[must_use]
    pub fn log_bsn(&self) -> Field<&str> {
        self.csn_field(0x3e)
    }

    /// Returns BITFLAGS; the meaning of the bits is UNKNOWN.
    #[must_use]
    pub fn bit_flags(&self) -> Field<u64> {
        self.u64_field(group::TRAIL, 0x3f)
    }

    /// Returns the encryption state that the key slot (token 42) indicates. Filler is blanks, dots and NULs. The layout of the
    /// slot is INFERRED (docs/trail-format.md, section 16).
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        match self.token(group::TRAIL, 0x42) {
            Field::Absent | Field::Unset => Encryption::NoSlot,
            Field::Value(body) => {
                // A cipher number, a string, and a key version; the length of the string is not content.
                let content = body.iter().enumerate().filter(|(at, _)| body.len() < 3 || !(1..3).contains(at));
                let filler = content.into_iter().all(|(at, byte)| *byte == 0 || (at > 2 && matches!(byte, b'.' | b' ')));
                if filler { Encryption::Empty } else { Encryption::KeyPresent }
            }
        }
    }

    /// Returns the machine that wrote the file: system, node, release, version, hardware.
    #[must_use]
    pub fn machine(&self) -> [Field<&str>; 5] {
        [0x30, 0x31, 0x32, 0x33, 0x34].map(|id| self.text_field(group::MACHINE, id))
    }

    /// Returns the number of the database vendor; 7 is Oracle (SEEN).
    #[must_use]
    pub fn database_vendor(&self) -> Field<u16> {
        self.u16_field(group::DATABASE, 0x30)
    }

    /// Returns the database's name.
    #[must_use]
    pub fn database_name(&self) -> Field<&str> {
        self.text_field(group::DATABASE, 0x31)
    }

    /// Returns the name of the database instance.
    #[must_use]
    pub fn database_instance(&self) -> Field<&str> {
        self.text_field(group::DATABASE, 0x32)
    }

    /// Returns the database's character set.
    #[must_use]
    pub fn database_charset(&self) -> Field<Charset> {
        self.charset_field(0x33)
    }

    /// Returns the database's release, as two numbers.
    #[must_use]
    pub fn database_release(&self) -> (Field<u16>, Field<u16>) {
        (self.u16_field(group::DATABASE, 0x34), self.u16_field(group::DATABASE, 0x35))
    }

    /// Returns the database's version text, which has several lines.
    #[must_use]
    pub fn database_version(&self) -> Field<&str> {
        self.text_field(group::DATABASE, 0x36)
    }

    /// Returns the client's character set.
    #[must_use]
    pub fn client_charset(&self) -> Field<Charset> {
        self.charset_field(0x37)
    }

    /// Returns the database client's version.
    #[must_use]
    pub fn client_version(&self) -> Field<&str> {
        self.text_field(group::DATABASE, 0x38)
    }

    /// Returns the client's national character set.
    #[must_use]
    pub fn client_national_charset(&self) -> Field<Charset> {
        self.charset_field(0x39)
    }

    /// Returns the locale, two bytes; the meaning of the values is UNKNOWN.
    #[must_use]
    pub fn locale(&self) -> Field<&[u8]> {
        self.token(group::DATABASE, 0x3a)
    }

    /// Returns the database's national character set.
    #[must_use]
    pub fn database_national_charset(&self) -> Field<Charset> {
        self.charset_field(0x3b)
    }

    /// Returns the case sensitivity of names, one byte for each kind of object: Logdump's "Case sensitivity" line.
    #[must_use]
    pub fn case_sensitivity(&self) -> Field<&[u8]> {
        let counted = wire::u32(self.order).flat_map(nom::bytes::complete::take);
        let mut counted = counted;
        self.token(group::DATABASE, 0x3c).and_then(|body| wire::run(body, |input| counted.parse_complete(input)).ok())
    }

    /// Returns the database's time zone.
    #[must_use]
    pub fn database_time_zone(&self) -> Field<&str> {
        self.text_field(group::DATABASE, 0x3d)
    }

    /// Returns the name of the Extract or pump that wrote the file.
    #[must_use]
    pub fn producer_group(&self) -> Field<&str> {
        self.text_field(group::PRODUCER, 0x30)
    }

    /// Returns the number of the kind of the producer's source.
    #[must_use]
    pub fn data_source(&self) -> Field<u16> {
        self.u16_field(group::PRODUCER, 0x31)
    }

    /// Returns the producer's release: major, minor, maintenance, bug fix, build.
    #[must_use]
    pub fn producer_release(&self) -> [Field<u16>; 5] {
        [0x32, 0x33, 0x34, 0x35, 0x36].map(|id| self.u16_field(group::PRODUCER, id))
    }

    /// Returns the producer's version text.
    #[must_use]
    pub fn producer_version(&self) -> Field<&str> {
        self.text_field(group::PRODUCER, 0x37)
    }

    /// Returns the trail recovery mode.
    #[must_use]
    pub fn recovery_mode(&self) -> Field<u32> {
        self.u32_field(group::CONTINUITY, 0x30)
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn parse_groups(bytes: &[u8], order: ByteOrder) -> Result<Vec<Group>, Fault> {
    let mut groups = Vec::new();
    for token in Tokens::new(bytes, order) {
        let token = token?;
        let tokens: Result<Vec<_>, Fault> = Tokens::new(token.body, order).map(|sub| sub.map(SubToken::from)).collect();
        let known = (group::TRAIL..=group::CONTINUITY).contains(&token.id);
        groups.push(match tokens {
            Ok(tokens) => Group { id: token.id, info: token.info, tokens, raw: Vec::new() },
            Err(_) if !known => Group { id: token.id, info: token.info, tokens: Vec::new(), raw: token.body.to_vec() },
            Err(fault) => return Err(fault),
        });
    }
    Ok(groups)
}

impl From<Token<'_>> for SubToken {
    fn from(token: Token<'_>) -> Self {
        Self { id: token.id, info: token.info, body: token.body.to_vec() }
    }
}

/// Returns the body of a CSN field.
pub(crate) fn csn_body(csn: &str) -> Result<Vec<u8>, Fault> {
    let length = u8::try_from(csn.len()).ok().filter(|&length| usize::from(length) < CSN_FIELD);
    let mut body = vec![length.ok_or(wire::TOO_LONG)?];
    body.extend_from_slice(csn.as_bytes());
    body.resize(CSN_FIELD, 0);
    Ok(body)
}

/// The facts for the header of a new file.
pub(crate) struct NewFile<'a> {
    pub(crate) order: ByteOrder,
    pub(crate) compatibility: u16,
    pub(crate) created: Timestamp,
    /// Name of the writing group.
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
    pub(crate) seqno: u32,
    /// Number of the database's character set.
    pub(crate) charset: u32,
    pub(crate) first_csn: Option<&'a str>,
    pub(crate) first_time: Option<Timestamp>,
}

impl FileHeader {
    /// Returns the header of a new file, with the tokens of its compatibility level.
    pub(crate) fn of_new_file(new: &NewFile<'_>) -> Result<Self, Fault> {
        let order = new.order;
        let built = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            out
        };
        let string = |text: &str| {
            let mut body = Vec::new();
            put_s16(&mut body, order, text.as_bytes()).map(|()| body)
        };
        let u32_body = |value: u32| built(&|out| order.put_u32(out, value));
        let time_body = |time: Timestamp| built(&|out| order.put_u64(out, time.julian()));
        let info = |set: bool| if set { 0 } else { INFO_UNSET };

        let mut header = Self::empty(order);
        let mut put = |group, id, info, body| header.push(group, id, info, body);
        put(group::TRAIL, 0x30, 0, SIGNATURE.to_vec());
        put(group::TRAIL, 0x31, 0, built(&|out| order.put_u16(out, new.compatibility)));
        put(group::TRAIL, 0x32, 0, vec![0x20, 0, 0, 0]);
        put(group::TRAIL, 0x33, 0, time_body(new.created));
        put(group::TRAIL, 0x34, 0, string(&format!("uri:trailcore::{}", new.group))?);
        put(group::TRAIL, 0x36, 0, string(new.name)?);
        put(group::TRAIL, 0x37, 0, vec![1]);
        put(group::TRAIL, 0x38, 0, u32_body(new.seqno));
        put(group::TRAIL, 0x39, INFO_UNSET, vec![0; 8]);
        put(group::TRAIL, 0x3a, info(new.first_csn.is_some()), csn_body(new.first_csn.unwrap_or_default())?);
        put(group::TRAIL, 0x3b, INFO_UNSET, csn_body("")?);
        put(group::TRAIL, 0x3c, info(new.first_time.is_some()), new.first_time.map_or(vec![0; 8], time_body));
        put(group::TRAIL, 0x3d, INFO_UNSET, vec![0; 8]);
        if new.compatibility >= 5 {
            put(group::TRAIL, 0x3e, INFO_UNSET, csn_body("")?);
            put(group::TRAIL, 0x3f, 0, built(&|out| order.put_u64(out, 4)));
            put(group::TRAIL, 0x40, INFO_UNSET, csn_body("")?);
            put(group::TRAIL, 0x41, 0, vec![0xff; 8]);
            put(group::TRAIL, 0x42, 0, key_slot(order));
        }
        for (id, text) in [(0x30, "trailcore"), (0x31, ""), (0x32, env!("CARGO_PKG_VERSION")), (0x33, ""), (0x34, "")] {
            put(group::MACHINE, id, 0, string(text)?);
        }
        put(group::DATABASE, 0x33, 0, u32_body(new.charset));
        put(group::DATABASE, 0x3b, 0, u32_body(1));
        put(group::PRODUCER, 0x30, 0, string(new.group)?);
        put(group::CONTINUITY, 0x30, 0, u32_body(1));
        Ok(header)
    }
}

/// Returns the key slot of a trail that is not encrypted, as real ones have it.
fn key_slot(order: ByteOrder) -> Vec<u8> {
    let mut body = vec![0];
    order.put_u16(&mut body, 44);
    body.extend_from_slice(&[b'.'; 44]);
    order.put_u32(&mut body, 0);
    body
}
