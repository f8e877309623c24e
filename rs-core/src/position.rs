//! Positions of changes in their source, and the source database's own order of transactions (CSN).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// The position of a record in a trail: the file's sequence number and the record's first byte in it (RBA).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailPosition {
    /// Sequence number of the file.
    pub seqno: u64,
    /// Byte offset of the record in that file.
    pub rba: u64,
}

impl TrailPosition {
    /// Returns the position of the record that starts at byte `rba` of file number `seqno`.
    #[must_use]
    pub const fn new(seqno: u64, rba: u64) -> Self {
        Self { seqno, rba }
    }
}

impl fmt::Display for TrailPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seqno, self.rba)
    }
}

impl From<TrailPosition> for Position {
    fn from(position: TrailPosition) -> Self {
        Self::Trail(position)
    }
}

/// The position of a change in its source. Each kind of source has its own form; positions of one source are ordered like its
/// changes. The order of positions of different kinds is arbitrary.
///
/// The text form ([`Display`](fmt::Display)) is short; [`sort_key`](Self::sort_key) is the text that sorts. Both parse.
///
/// ```
/// use trailcore::Position;
/// let position: Position = "12:1956".parse()?;
/// assert_eq!(position, Position::new(12, 1956));
/// assert!(position < Position::new(13, 0));
/// assert_eq!(position.to_string(), "12:1956");
/// assert_eq!(position.sort_key(), "0000000012:0000001956");
/// assert_eq!(position.sort_key().parse::<Position>()?, position);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Position {
    /// In a trail: sequence number and RBA. Text `12:1956`.
    Trail(TrailPosition),
    /// A byte offset in a file or stream, such as the start of a line. Text `offset:1956`.
    Offset(u64),
    /// A log sequence number. Text `lsn:16B374D848`, hexadecimal.
    Lsn(u64),
    /// A message of a partitioned queue. Text `message:3:1956`.
    Message {
        /// Number of the partition.
        partition: u32,
        /// Number of the message in it.
        offset: u64,
    },
}

impl Default for Position {
    /// Returns the start of a trail, `0:0`.
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Position {
    /// Returns the position of the record of a trail that starts at byte `rba` of file number `seqno`.
    #[inline]
    #[must_use]
    pub const fn new(seqno: u64, rba: u64) -> Self {
        Self::Trail(TrailPosition::new(seqno, rba))
    }

    /// Returns the position in a trail; `None` for other kinds of source.
    #[inline]
    #[must_use]
    pub const fn trail(self) -> Option<TrailPosition> {
        match self {
            Self::Trail(position) => Some(position),
            _ => None,
        }
    }

    /// Returns the text form of fixed length, which sorts as the positions of one source do. A trail's has ten digits for each
    /// number, as Logdump prints an RBA; files of more than 9,999,999,999 bytes have longer texts.
    #[must_use]
    pub fn sort_key(self) -> String {
        match self {
            Self::Trail(TrailPosition { seqno, rba }) => format!("{seqno:010}:{rba:010}"),
            Self::Offset(offset) => format!("offset:{offset:020}"),
            Self::Lsn(lsn) => format!("lsn:{lsn:016X}"),
            Self::Message { partition, offset } => format!("message:{partition:010}:{offset:020}"),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trail(position) => position.fmt(f),
            Self::Offset(offset) => write!(f, "offset:{offset}"),
            Self::Lsn(lsn) => write!(f, "lsn:{lsn:X}"),
            Self::Message { partition, offset } => write!(f, "message:{partition}:{offset}"),
        }
    }
}

impl FromStr for Position {
    type Err = Error;

    /// Reads either text form.
    fn from_str(text: &str) -> Result<Self> {
        // `parse` on its own would accept a sign too.
        fn digits<T: FromStr>(part: &str) -> Option<T> {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
        }
        let parsed = match text.split_once(':') {
            Some(("offset", offset)) => digits(offset).map(Self::Offset),
            Some(("lsn", lsn)) if lsn.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u64::from_str_radix(lsn, 16).ok().map(Self::Lsn)
            }
            Some(("message", rest)) => rest
                .split_once(':')
                .and_then(|(partition, offset)| Some(Self::Message { partition: digits(partition)?, offset: digits(offset)? })),
            Some((seqno, rba)) => digits(seqno).and_then(|seqno| Some(Self::new(seqno, digits(rba)?))),
            None => None,
        };
        parsed
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a position")).hint("write SEQNO:RBA"))
    }
}

crate::document::as_text!(Position, "a position: SEQNO:RBA in a trail, offset:N in other files");

/// A commit sequence number: the source database's own order of transactions, as text.
///
/// Its form depends on the database (docs/trail-format.md, section 10): an SCN for Oracle, a log position `00000000/05002818` in
/// hexadecimal for PostgreSQL, a file number and an offset `…7:…12041` for MySQL. Two CSNs can be compared only if both have
/// the same form; otherwise their order is unknown.
///
/// ```
/// use trailcore::Csn;
/// assert!(Csn::new("999") < Csn::new("7824137832"));
/// assert!(Csn::new("00000000/0A000000") > Csn::new("00000000/09FFFFFF"));
/// assert_eq!(Csn::new("12").partial_cmp(&Csn::new("0/12")), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Csn(Box<str>);

impl Csn {
    /// Creates a CSN from its text, which is kept verbatim.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the text, as in the source.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Fails if a text has none of the forms of a CSN, so that no CSN compares with it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`].
    pub(crate) fn check(text: &str) -> Result<()> {
        if Self::compare(text, text).is_some() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a CSN"));
        Err(error.hint("write it as the trail has it, such as 7824137850, 0/16B3748 or 000001:0342"))
    }

    /// Compares two CSN texts as bytes, as [`compare`](Self::compare) does; `None` if one is not valid UTF-8, too.
    #[must_use]
    pub fn compare_bytes(left: &[u8], right: &[u8]) -> Option<Ordering> {
        if are_numbers_of_one_length(left, right) {
            return Some(left.cmp(right));
        }
        Self::compare(std::str::from_utf8(left).ok()?, std::str::from_utf8(right).ok()?)
    }

    /// Compares two CSN texts; `None` if they have different forms. Does not allocate.
    #[must_use]
    pub fn compare(left: &str, right: &str) -> Option<Ordering> {
        if are_numbers_of_one_length(left.as_bytes(), right.as_bytes()) {
            return Some(left.cmp(right));
        }
        let separator = |text: &str| text.chars().find(|c| matches!(c, '/' | ':' | '.'));
        let form = separator(left);
        if form != separator(right) {
            return None;
        }
        let Some(mark) = form else { return compare_numbers(left, right, 10) };
        let radix = if mark == '/' { 16 } else { 10 };
        let (mut left, mut right) = (left.split(mark), right.split(mark));
        loop {
            match (left.next(), right.next()) {
                (Some(left), Some(right)) => match compare_numbers(left, right, radix)? {
                    Ordering::Equal => {}
                    order => return Some(order),
                },
                (None, None) => return Some(Ordering::Equal),
                _ => return None,
            }
        }
    }
}

/// Returns whether both are numbers of the same length, as nearly all CSNs and the ones before them are.
fn are_numbers_of_one_length(left: &[u8], right: &[u8]) -> bool {
    // Without an early end, several digits are looked at in one step.
    let are_digits = |text: &[u8]| text.iter().fold(true, |all, byte| all & byte.is_ascii_digit());
    left.len() == right.len() && !left.is_empty() && are_digits(left) && are_digits(right)
}

/// Compares two unsigned numbers of any length by their digits.
fn compare_numbers(left: &str, right: &str, radix: u32) -> Option<Ordering> {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if !digits(left) || !digits(right) {
        return None;
    }
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    let by_digits = || left.bytes().map(|b| b.to_ascii_uppercase()).cmp(right.bytes().map(|b| b.to_ascii_uppercase()));
    Some(left.len().cmp(&right.len()).then_with(by_digits))
}

impl PartialOrd for Csn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        // Only equal texts are equal, for consistency with `==`.
        if self == other { Some(Ordering::Equal) } else { Self::compare(&self.0, &other.0).filter(|order| order.is_ne()) }
    }
}

impl fmt::Display for Csn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csn_order_follows_the_form() {
        assert_eq!(Csn::compare("7824137832", "7824137914"), Some(Ordering::Less));
        assert_eq!(
            Csn::compare("000000000000000000007:000000000012041", "000000000000000000007:000000000012371"),
            Some(Ordering::Less)
        );
        assert_eq!(Csn::compare("7:9", "8:1"), Some(Ordering::Less));
        assert_eq!(Csn::compare("0/a", "0/A"), Some(Ordering::Equal));
        assert_eq!(Csn::compare("1/2", "1:2"), None);
        assert_eq!(Csn::compare("", "1"), None);
        assert_eq!(Csn::compare("7:9:1", "7:9"), None);
        for (left, right) in
            [("7824137832", "7824137914"), ("7:9", "8:1"), ("0/a", "0/A"), ("1/2", "1:2"), ("", "1"), ("10", "9")]
        {
            assert_eq!(Csn::compare_bytes(left.as_bytes(), right.as_bytes()), Csn::compare(left, right), "{left} {right}");
        }
        assert_eq!(Csn::compare_bytes(b"\xff", b"1"), None);
    }

    #[test]
    fn position_text_is_checked() {
        for bad in ["", "1", "1:", ":1", "-1:2", "1:2:3", "a:b"] {
            assert_eq!(bad.parse::<Position>().unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn every_kind_sorts_and_parses() {
        let ascending = [
            [Position::new(0, 9), Position::new(0, 10), Position::new(7, 0)],
            [Position::Offset(9), Position::Offset(10), Position::Offset(u64::MAX)],
            [Position::Lsn(9), Position::Lsn(0x10), Position::Lsn(u64::MAX)],
            [(0, 9), (0, 10), (7, 0)].map(|(partition, offset)| Position::Message { partition, offset }),
        ];
        for positions in ascending {
            assert!(positions.is_sorted());
            assert!(positions.map(Position::sort_key).is_sorted());
            for position in positions {
                assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
                assert_eq!(position.sort_key().parse::<Position>().unwrap(), position);
            }
        }
    }
}
