//! Values taken apart: the bytes that state the form, which stay, and the cells whose contents are replaced.

use std::rc::Rc;

use trailcore::{Charset, DateTime};

use super::classes::{CONTROLS, Character, Class, Classes, DIGITS, LOWER, NOT_ZERO, SIGNS, UPPER, is_punctuation};
use super::permute::Domain;

/// How a value is replaced.
#[derive(Clone, Copy)]
pub(super) enum Mode<'a> {
    /// Equal values of the domain become equal, different ones stay different.
    Equal(Domain),
    /// Equal values become equal only with the same salt.
    Salted(Domain, &'a [u8]),
}

/// A value taken apart.
pub(super) struct Parts {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    /// The sets of the cells, of which there are few.
    sets: Vec<Set>,
    /// The value must not become printable: printable ones of unknown form are replaced among themselves.
    stays_unprintable: bool,
}

/// A part of a value that is replaced. A value of many bytes has many.
struct Cell {
    at: u32,
    /// The index of its set.
    set: u32,
    /// The index of its contents in the set.
    digit: u32,
}

/// The contents that a cell can have.
enum Set {
    /// Any byte.
    Any,
    /// One of these bytes.
    Bytes(&'static [u8]),
    /// One of these characters of ASCII, in a character set in which they have several bytes.
    Wide(&'static [u8], Charset),
    /// A letter, of which the case stays.
    Letter { is_upper: bool },
    /// A number of two digits.
    Two { first: u32, count: u32 },
    /// A character outside of ASCII.
    Class(Rc<Class>),
}

impl Set {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Bytes(own), Self::Bytes(bytes)) => own == bytes,
            (Self::Wide(own, one), Self::Wide(bytes, charset)) => own == bytes && one == charset,
            (Self::Letter { is_upper: own }, Self::Letter { is_upper }) => own == is_upper,
            (Self::Two { first: own, count: most }, Self::Two { first, count }) => own == first && most == count,
            (Self::Class(own), Self::Class(class)) => Rc::ptr_eq(own, class),
            _ => false,
        }
    }

    fn radix(&self) -> u32 {
        match self {
            Self::Any => 256,
            Self::Bytes(bytes) | Self::Wide(bytes, _) => bytes.len() as u32,
            Self::Letter { .. } => LOWER.len() as u32,
            Self::Two { count, .. } => *count,
            Self::Class(class) => class.len(),
        }
    }

    fn bytes(&self, digit: u32) -> Vec<u8> {
        let one = |bytes: &[u8]| bytes.get(digit as usize).copied().unwrap_or(b'0');
        match self {
            Self::Any => vec![digit as u8],
            Self::Bytes(bytes) => vec![one(bytes)],
            Self::Wide(bytes, charset) => {
                let text = char::from(one(bytes)).to_string();
                charset.encode(&text).map(|bytes| bytes.into_owned()).unwrap_or_default()
            }
            Self::Letter { is_upper } => vec![one(if *is_upper { UPPER } else { LOWER })],
            Self::Two { first, .. } => format!("{:02}", first + digit).into_bytes(),
            Self::Class(class) => class.bytes(digit),
        }
    }
}

/// Replaces bytes of unknown form, of which there can be many.
pub(super) fn replaced_unknown(bytes: &[u8], mode: Mode<'_>, accepts: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    match mode {
        Mode::Salted(domain, salt) if !is_printable(bytes) => {
            domain.draw_bytes(salt, bytes, |new| !is_printable(new) && accepts(new))
        }
        _ => Parts::of_unknown(bytes).replaced(mode, accepts),
    }
}

fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Returns the set of ASCII characters that a character belongs to.
fn ascii_set(character: char) -> Option<&'static [u8]> {
    [DIGITS, UPPER, LOWER, SIGNS, CONTROLS].into_iter().find(|set| index_in(set, character).is_some())
}

fn index_in(set: &[u8], character: char) -> Option<u32> {
    set.iter().position(|byte| char::from(*byte) == character).map(|index| index as u32)
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), cells: Vec::new(), sets: Vec::new(), stays_unprintable: false }
    }

    /// Bytes of an unknown form: printable characters keep their class, all others become any bytes.
    pub(super) fn of_unknown(bytes: &[u8]) -> Self {
        let is_text = is_printable(bytes);
        let text = if is_text { Self::of_text(bytes, &mut Classes::new(Charset::UTF_8)) } else { None };
        text.unwrap_or_else(|| Self { stays_unprintable: !is_text, ..Self::of_bytes(bytes) })
    }

    /// Bytes, each of which becomes any byte.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let mut parts = Self::of(bytes);
        bytes.iter().enumerate().for_each(|(at, byte)| parts.put(at, Set::Any, u32::from(*byte)));
        parts
    }

    /// Text: letters and digits are replaced by others of their class. Blanks stay, and so do signs beside letters and digits. `None`
    /// if the bytes are not valid in the character set.
    pub(super) fn of_text(bytes: &[u8], classes: &mut Classes) -> Option<Self> {
        let characters = classes.characters(bytes)?;
        let has_words = characters.iter().any(|one| one.character.is_alphanumeric());
        let mut parts = Self::of(bytes);
        let mut at = 0;
        for one in &characters {
            let is_blank = one.character.is_whitespace();
            let stays = is_blank || (has_words && is_punctuation(one.character));
            if !stays {
                parts.put_character(at, one, classes);
            }
            at += one.len;
        }
        Some(parts)
    }

    /// The identifiers of a name: letters become other ones in the same case, so that names that differ only in case still do.
    pub(super) fn of_name(bytes: &[u8], characters: &[Character], classes: &mut Classes) -> Self {
        let mut parts = Self::of(bytes);
        let mut at = 0;
        for one in characters {
            match one.character {
                letter if letter.is_ascii_alphabetic() && one.len == 1 => {
                    let digit = index_in(UPPER, letter.to_ascii_uppercase()).unwrap_or_default();
                    parts.put(at, Set::Letter { is_upper: letter.is_ascii_uppercase() }, digit);
                }
                sign if is_punctuation(sign) || sign.is_whitespace() || sign.is_control() => {}
                _ => parts.put_character(at, one, classes),
            }
            at += one.len;
        }
        parts
    }

    /// A number as text, which must be one: sign, point, exponent, zeros at the start and at the end of the fraction stay.
    pub(super) fn of_number(bytes: &[u8]) -> Self {
        let mut parts = Self::of(bytes);
        let end = bytes.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(bytes.len());
        let mantissa = bytes.get(..end).unwrap_or_default();
        let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(end);
        let is_digit = |at: &usize| bytes.get(*at).is_some_and(u8::is_ascii_digit);
        let whole: Vec<usize> = (0..point).filter(is_digit).collect();
        let fraction: Vec<usize> = (point..end).filter(is_digit).collect();
        let is_negative = mantissa.contains(&b'-');
        for (number, at) in whole.iter().enumerate() {
            // "0" is a number; the 0 of "05" and "-0" is none.
            let leads = number == 0 && (whole.len() > 1 || (is_negative && fraction.is_empty()));
            parts.put_digit(*at, leads);
        }
        for (number, at) in fraction.iter().enumerate() {
            parts.put_digit(*at, number + 1 == fraction.len());
        }
        parts
    }

    /// Puts a digit; one that may not become 0 stays if it is 0.
    fn put_digit(&mut self, at: usize, is_not_zero: bool) {
        let digit = self.bytes.get(at).map_or(0, |byte| u32::from(byte.saturating_sub(b'0')));
        match (is_not_zero, digit) {
            (false, _) => self.put(at, Set::Bytes(DIGITS), digit),
            (true, 0) => {}
            (true, _) => self.put(at, Set::Bytes(NOT_ZERO), digit - 1),
        }
    }

    /// A date or time as text, which must be one. The century stays, and so do a zero date, a time of midnight and a fraction of 0.
    pub(super) fn of_date(bytes: &[u8]) -> Self {
        let mut parts = Self::of(bytes);
        let is_zero = |from: usize, to: usize| {
            bytes.get(from..to).unwrap_or_default().iter().all(|byte| matches!(byte, b'0' | b':' | b'-'))
        };
        if !is_zero(0, 10) {
            parts.put_two(2, 0, 100);
        }
        for (at, count) in [(5, 12), (8, 31)] {
            if !is_zero(at, at + 2) {
                parts.put_two(at, 1, count);
            }
        }
        if !is_zero(11, 19) {
            [(11, 24), (14, 60), (17, 60)].iter().for_each(|(at, count)| parts.put_two(*at, 0, *count));
        }
        if !is_zero(20, bytes.len()) {
            (20..bytes.len()).for_each(|at| parts.put_digit(at, false));
        }
        parts
    }

    /// Returns whether a date that replaces another one is one, and has the same zeros.
    pub(super) fn is_date_like(bytes: &[u8], other: &[u8]) -> bool {
        let facts = |bytes: &[u8]| {
            let date = DateTime::parse(std::str::from_utf8(bytes).ok()?)?;
            Some(((date.month, date.day) == (0, 0), date.hour + date.minute + date.second == 0, date.nanos == 0, date.precision))
        };
        facts(bytes).is_some() && facts(bytes) == facts(other)
    }

    fn put_two(&mut self, at: usize, first: u32, count: u32) {
        let number = self.bytes.get(at..at + 2).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u32>().ok());
        if let Some(digit) = number.and_then(|number| number.checked_sub(first)).filter(|digit| *digit < count) {
            self.put(at, Set::Two { first, count }, digit);
        }
    }

    fn put_character(&mut self, at: usize, one: &Character, classes: &mut Classes) {
        if let Some((set, digit)) = ascii_set(one.character).and_then(|set| Some((set, index_in(set, one.character)?))) {
            let set = if one.len == 1 { Set::Bytes(set) } else { Set::Wide(set, classes.charset()) };
            return self.put(at, set, digit);
        }
        if let Some((class, digit)) = classes.class_of(one).filter(|(class, _)| class.len() > 1) {
            return self.put(at, Set::Class(class), digit);
        }
        // No other character has as many bytes: as many letters have.
        let wide = classes.charset().encode("a").map_or(1, |letter| letter.len().max(1));
        let mut code = u32::from(one.character);
        for place in (0..one.len).step_by(wide) {
            let set = if wide == 1 { Set::Bytes(LOWER) } else { Set::Wide(LOWER, classes.charset()) };
            self.put(at + place, set, code % LOWER.len() as u32);
            code /= LOWER.len() as u32;
        }
    }

    fn put(&mut self, at: usize, set: Set, digit: u32) {
        let known = self.sets.iter().rposition(|known| known.is(&set));
        let index = known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        self.cells.push(Cell { at: at as u32, set: index as u32, digit });
    }

    fn set_of(&self, cell: &Cell) -> &Set {
        self.sets.get(cell.set as usize).unwrap_or(&Set::Any)
    }

    /// Returns whether there is nothing to replace: no cell, or none with another content.
    pub(super) fn is_empty(&self) -> bool {
        self.sets.iter().all(|set| set.radix() < 2)
    }

    /// Returns the value with these contents.
    fn with(&self, digits: &[u32]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for (cell, digit) in self.cells.iter().zip(digits) {
            let contents = self.set_of(cell).bytes(*digit);
            let at = cell.at as usize;
            if let Some(place) = bytes.get_mut(at..at + contents.len()) {
                place.copy_from_slice(&contents);
            }
        }
        bytes
    }

    /// Returns another value of this form that `accepts` allows, which must allow the value itself; the value if it has no contents.
    /// `None` if no other value was found.
    pub(super) fn replaced(&self, mode: Mode<'_>, accepts: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        if self.is_empty() {
            return Some(self.bytes.clone());
        }
        let mut digits: Vec<u32> = self.cells.iter().map(|cell| cell.digit).collect();
        let radices: Vec<u32> = self.cells.iter().map(|cell| self.set_of(cell).radix()).collect();
        let accepts = |digits: &[u32]| {
            let new = self.with(digits);
            !(self.stays_unprintable && is_printable(&new)) && accepts(&new)
        };
        let is_replaced = match mode {
            Mode::Equal(domain) => domain.permute(&mut digits, &radices, accepts),
            Mode::Salted(domain, salt) => domain.draw(salt, &mut digits, &radices, accepts),
        };
        is_replaced.then(|| self.with(&digits))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::permute::Key;
    use super::*;

    fn domain() -> Domain {
        Key::of_secret(b"a key that has enough bytes").unwrap().domain("test")
    }

    fn equal(parts: &Parts) -> Vec<u8> {
        parts.replaced(Mode::Equal(domain()), |_| true).unwrap()
    }

    fn class(character: char) -> u8 {
        match character {
            '0'..='9' => b'9',
            'A'..='Z' => b'A',
            'a'..='z' => b'a',
            other => other as u8,
        }
    }

    proptest! {
        #[test]
        fn text_keeps_its_form(text in "\\PC{0,30}", set in 0usize..6) {
            let charset = Charset::from_name(["UTF-8", "GBK", "UTF-16BE", "CESU-8", "windows-1252", "GB18030"][set]);
            let Some(bytes) = charset.encode(&text) else { return Ok(()) };
            let mut classes = Classes::new(charset);
            let parts = Parts::of_text(&bytes, &mut classes).unwrap();
            for mode in [Mode::Equal(domain()), Mode::Salted(domain(), b"7")] {
                let replaced = parts.replaced(mode, |_| true).unwrap();
                let back = charset.decode(&replaced).unwrap();
                prop_assert_eq!(replaced.len(), bytes.len());
                prop_assert_eq!(parts.is_empty(), replaced == *bytes);
                prop_assert_eq!(back.chars().count(), text.chars().count());
                for (old, new) in text.chars().zip(back.chars()).filter(|(old, _)| old.is_ascii_alphanumeric()) {
                    prop_assert_eq!(class(old), class(new));
                }
            }
        }

        #[test]
        fn numbers_keep_sign_scale_and_digits(text in "-?[0-9]{1,22}(\\.[0-9]{1,9})?(E[+-]?[0-9]{1,2})?") {
            let parts = Parts::of_number(text.as_bytes());
            let new = String::from_utf8(equal(&parts)).unwrap();
            prop_assert_eq!(new.len(), text.len());
            prop_assert_eq!(new == text, parts.is_empty());
            let form = |text: &str| text.bytes().map(|byte| if byte.is_ascii_digit() { b'9' } else { byte }).collect::<Vec<_>>();
            prop_assert_eq!(form(&new), form(&text));
            let leads = |text: &str| text.trim_start_matches('-').starts_with('0');
            let whole = text.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count();
            if whole > 1 { prop_assert_eq!(leads(&new), leads(&text)); }
        }

        #[test]
        fn dates_stay_dates(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000, fraction in 0usize..9, is_day: bool) {
            let text = trailcore::Timestamp::from_unix_micros(micros).to_string().replacen('T', ":", 1);
            let text = if is_day { text[..10].to_owned() } else if fraction == 0 { text[..19].to_owned() } else { format!("{}.{}", &text[..19], &"123000789"[..fraction]) };
            let parts = Parts::of_date(text.as_bytes());
            let accepts = |bytes: &[u8]| Parts::is_date_like(bytes, text.as_bytes());
            prop_assert!(accepts(text.as_bytes()));
            let new = parts.replaced(Mode::Equal(domain()), accepts).unwrap();
            prop_assert!(accepts(&new) && new != text.as_bytes(), "{} {}", text, String::from_utf8_lossy(&new));
            prop_assert_eq!(&new[..2], &text.as_bytes()[..2]);
        }
    }

    #[test]
    fn short_values_stay_distinct() {
        for (number, is_number) in [(100, true), (100, false)] {
            let values = (0..number).map(|value| if is_number { value.to_string() } else { format!("{value:02}") });
            let mut seen = HashSet::new();
            for value in values {
                let parts = if is_number {
                    Parts::of_number(value.as_bytes())
                } else {
                    Parts::of_text(value.as_bytes(), &mut Classes::new(Charset::UTF_8)).unwrap()
                };
                let new = equal(&parts);
                assert!(new != value.as_bytes() && seen.insert(new), "{value}");
            }
        }
    }

    #[test]
    fn short_bytes_stay_distinct() {
        let mut seen = HashSet::new();
        for byte in 0..=255u8 {
            let new = equal(&Parts::of_unknown(&[byte]));
            assert!((new == [byte]) == (byte == b' ') && seen.insert(new), "{byte}");
        }
    }

    #[test]
    fn days_stay_distinct() {
        let mut seen = HashSet::new();
        for day in (0..36_525i64).step_by(11) {
            let text = trailcore::Timestamp::from_unix_micros((day + 10_957) * 86_400_000_000).to_string()[..10].to_owned();
            let new =
                Parts::of_date(text.as_bytes()).replaced(Mode::Equal(domain()), |new| Parts::is_date_like(new, text.as_bytes()));
            assert!(seen.insert(new.unwrap()), "{text}");
        }
    }

    #[test]
    fn values_without_contents_stay() {
        let mut classes = Classes::new(Charset::UTF_8);
        for text in ["", "   ", "\n"] {
            assert!(Parts::of_text(text.as_bytes(), &mut classes).unwrap().is_empty());
        }
        assert!(!Parts::of_text(b" - ", &mut classes).unwrap().is_empty());
        for text in ["0000-00-00", "0000-00-00:00:00:00"] {
            assert!(Parts::of_date(text.as_bytes()).is_empty(), "{text}");
        }
        assert!(Parts::of_number(b"-0").is_empty() && !Parts::of_number(b"0").is_empty());
        assert!(!Parts::of_unknown(b"\0\x01").is_empty());
    }
}
