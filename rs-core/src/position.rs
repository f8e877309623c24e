//! Where a record stands: its position in the trail, and its place in the source database's order (CSN).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A record's place in a trail: the file's sequence number and the record's first byte in it (RBA).
///
/// Positions order as the records do.
///
/// ```
/// use trailcore::Position;
/// let position: Position = "12:1956".parse()?;
/// assert_eq!(position, Position::new(12, 1956));
/// assert!(position < Position::new(13, 0));
/// assert_eq!(position.to_string(), "12:1956");
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Sequence number of the file.
    pub seqno: u64,
    /// Byte offset of the record in that file.
    pub rba: u64,
}

impl Position {
    /// The position of the record that starts at byte `rba` of file number `seqno`.
    #[must_use]
    pub const fn new(seqno: u64, rba: u64) -> Self {
        Self { seqno, rba }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seqno, self.rba)
    }
}

impl FromStr for Position {
    type Err = Error;

    /// Reads `SEQNO:RBA`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |part: &str| part.parse().ok();
        text.split_once(':')
            .and_then(|(seqno, rba)| Some(Self::new(number(seqno)?, number(rba)?)))
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a position")).hint("write SEQNO:RBA"))
    }
}

/// A commit sequence number: the source database's own order of transactions, as text.
///
/// Its form depends on the database (spec section 6): an SCN for Oracle, a log position `00000000/05002818` in
/// hexadecimal for PostgreSQL, a file number and an offset `…7:…12041` for MySQL. Two CSNs compare only where both have
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
    /// A CSN from its text, taken as it is.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, as the trail has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The order of two CSN texts; `None` where they have different forms. Does not allocate.
    #[must_use]
    pub fn compare(left: &str, right: &str) -> Option<Ordering> {
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
        // Equality stays that of the text, so that it agrees with `==`.
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
    }

    #[test]
    fn position_text_is_checked() {
        for bad in ["", "1", "1:", ":1", "-1:2", "1:2:3", "a:b"] {
            assert_eq!(bad.parse::<Position>().unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
        }
    }
}
