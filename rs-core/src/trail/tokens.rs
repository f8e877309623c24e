//! GoldenGate's own tokens, the `T` area of a record: spec section 6.

use std::borrow::Cow;

use crate::trail::wire::{ByteOrder, Fault, Token, Tokens};

/// Ids of the tokens that are known (SEEN).
pub mod id {
    /// Oracle row id: 18 characters, and two bytes 00 01 that are no part of it.
    pub const ORAROWID: u8 = b'R';
    /// Commit sequence number, as text.
    pub const LOGCSN: u8 = b'L';
    /// Transaction id, as text.
    pub const TRANID: u8 = b'6';
    /// Redo tag; no value where the transaction has none.
    pub const ORATAG: u8 = b't';
    /// Of a DDL record: owner, object, version, compatible version and a flag, parted by NULs.
    pub const DDL: u8 = b'D';
}

const ROWID_LEN: usize = 18;

/// One GoldenGate token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GgsToken<'a>(Token<'a>);

impl<'a> GgsToken<'a> {
    /// Its id, one of [`id`] or a number whose meaning is not known.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.0.id
    }

    /// Its info byte; 01 with an empty body says "no value".
    #[must_use]
    pub fn info(&self) -> u8 {
        self.0.info
    }

    /// It as it is written.
    pub(crate) fn as_token(&self) -> Token<'a> {
        self.0
    }

    /// The name that Logdump prints, where one is known.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        Some(match self.0.id {
            id::ORAROWID => "ORAROWID",
            id::LOGCSN => "LOGCSN",
            id::TRANID => "TRANID",
            id::ORATAG => "ORATAG",
            id::DDL => "DDL",
            _ => return None,
        })
    }

    /// What it is called in the native JSON form: its name, or else its id, as a character or in hexadecimal.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self.name() {
            Some(name) => Cow::Borrowed(name),
            None if self.0.id.is_ascii_graphic() => Cow::Owned(char::from(self.0.id).to_string()),
            None => Cow::Owned(format!("0x{:02x}", self.0.id)),
        }
    }

    /// Its body as it stands.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.0.body
    }

    /// Its value, `None` where it has none: the body, and of a row id its 18 characters.
    #[must_use]
    pub fn value(&self) -> Option<&'a [u8]> {
        if self.0.body.is_empty() || self.0.is_unset() {
            return None;
        }
        match self.0.id {
            id::ORAROWID => self.0.body.get(..ROWID_LEN).or(Some(self.0.body)),
            _ => Some(self.0.body),
        }
    }
}

/// The tokens of a `T` area, in order. The same id may come twice: DDL records repeat theirs (SEEN).
///
/// ```
/// use trailcore::trail::{ByteOrder, tokens};
/// let area = b"L\0\0\x0a7824137832" as &[u8];
/// let token = tokens::parse(area, ByteOrder::Big).next().unwrap().unwrap();
/// assert_eq!((token.name(), token.value()), (Some("LOGCSN"), Some(&b"7824137832"[..])));
/// ```
pub fn parse(area: &[u8], order: ByteOrder) -> impl Iterator<Item = Result<GgsToken<'_>, Fault>> {
    Tokens::new(area, order).map(|token| token.map(GgsToken))
}

/// CSN and transaction id of a `T` area, as text; what it does not have, or has not as text, is `None`.
#[must_use]
pub(crate) fn transaction_ids(area: &[u8], order: ByteOrder) -> (Option<&str>, Option<&str>) {
    let (mut csn, mut xid) = (None, None);
    for token in parse(area, order).filter_map(Result::ok) {
        let wanted = match token.id() {
            id::LOGCSN => &mut csn,
            id::TRANID => &mut xid,
            _ => continue,
        };
        if wanted.is_none() {
            *wanted = token.value().and_then(|value| std::str::from_utf8(value).ok());
        }
    }
    (csn, xid)
}
