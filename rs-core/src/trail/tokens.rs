//! GoldenGate's own tokens, the `T` area of a record. See docs/trail-format.md, section 10.

use std::borrow::Cow;

use crate::trail::wire::{ByteOrder, Fault, Token, Tokens, short_body};

/// Ids of the known tokens (SEEN).
pub mod id {
    /// Oracle row id: 18 characters, followed by two bytes 00 01 that do not belong to it.
    pub const ORAROWID: u8 = b'R';
    /// Commit sequence number, as text.
    pub const LOGCSN: u8 = b'L';
    /// Transaction id, as text.
    pub const TRANID: u8 = b'6';
    /// Redo tag; without a value if the transaction has no tag.
    pub const ORATAG: u8 = b't';
    /// DDL records only: owner, object, version, compatible version and a flag, separated by NULs.
    pub const DDL: u8 = b'D';
}

const ROWID_LEN: usize = 18;

/// Names of the known tokens, as Logdump prints them.
const NAMES: [(u8, &str); 5] =
    [(id::ORAROWID, "ORAROWID"), (id::LOGCSN, "LOGCSN"), (id::TRANID, "TRANID"), (id::ORATAG, "ORATAG"), (id::DDL, "DDL")];

/// Returns the id of a token by its label in the native JSON form; `None` for a text that is not a label.
pub(crate) fn id_of(label: &str) -> Option<u8> {
    let known = NAMES.iter().find(|(_, name)| *name == label).map(|(id, _)| *id);
    known.or_else(|| match label.as_bytes() {
        [one] if one.is_ascii_graphic() => Some(*one),
        _ => u8::from_str_radix(label.strip_prefix("0x").filter(|digits| digits.len() == 2)?, 16).ok(),
    })
}

/// Returns the body of a token from its value: of a row id, with the two bytes after its characters.
pub(crate) fn body_of(id: u8, value: &[u8]) -> Vec<u8> {
    if id == id::ORAROWID && value.len() == ROWID_LEN { [value, &[0, 1]].concat() } else { value.to_vec() }
}

/// One GoldenGate token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GgsToken<'a>(Token<'a>);

impl<'a> GgsToken<'a> {
    /// Returns its id: one of [`id`], or a number without a known meaning.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.0.id
    }

    /// Returns its info byte; 01 with an empty body means "no value".
    #[must_use]
    pub fn info(&self) -> u8 {
        self.0.info
    }

    /// Returns the underlying token.
    pub(crate) fn as_token(&self) -> Token<'a> {
        self.0
    }

    /// Returns the name that Logdump prints, if one is known.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(id, _)| *id == self.0.id).map(|(_, name)| *name)
    }

    /// Returns its key in the native JSON form: its name, or else its id as a character or in hexadecimal.
    #[must_use]
    pub fn label(&self) -> Cow<'static, str> {
        match self.name() {
            Some(name) => Cow::Borrowed(name),
            None if self.0.id.is_ascii_graphic() => Cow::Owned(char::from(self.0.id).to_string()),
            None => Cow::Owned(format!("0x{:02x}", self.0.id)),
        }
    }

    /// Returns its raw body.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.0.body
    }

    /// Returns its value: the body, or the 18 characters of a row id. `None` if the token has no value.
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

/// Iterates over the tokens of a `T` area, in order. An id may occur twice: DDL records repeat theirs (SEEN).
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

/// Returns the CSN of a `T` area; `None` if it is absent or not valid UTF-8.
#[must_use]
pub(crate) fn csn(area: &[u8], order: ByteOrder) -> Option<&[u8]> {
    // Nearly all tokens are short, and nearly all CSNs are digits.
    if let Some(csn) = short_body(area, order, id::LOGCSN).filter(|csn| !csn.is_empty() && csn.is_ascii()) {
        return Some(csn);
    }
    let csns = parse(area, order).filter_map(Result::ok).filter(|token| token.id() == id::LOGCSN);
    csns.filter_map(|token| token.value()).find(|csn| csn.is_ascii() || std::str::from_utf8(csn).is_ok())
}

/// Returns the CSN and the transaction id of a `T` area. Each is `None` if it is absent or not valid UTF-8.
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
        if csn.is_some() && xid.is_some() {
            break;
        }
    }
    (csn, xid)
}
