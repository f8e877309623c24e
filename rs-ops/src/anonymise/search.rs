//! Searches a result for the values and names of the original, in every encoding that the format knows.
//!
//! A short value is found by chance: among a million digits, each number of six digits is expected once. So a value is searched only if its
//! contents have more bits than such a chance explains: as many as the number of values times the bytes of the result need, and seven
//! more. A digit has 3.3 bits, a letter 4.7, another character or byte 8; what stays, such as blanks and signs, has none. A long value is
//! searched in pieces.
//!
//! Beside values and names as the decoder finds them, every text in the bytes of a record is searched, whatever it is: a mistake about the
//! layout of a record, which the replacement could share, does not hide it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use trailcore::change::Precision;
use trailcore::source::RecordView;
use trailcore::trail::places::{PlaceKind, places};
use trailcore::trail::tokens;
use trailcore::{Error, ErrorKind, ReadOptions, Result, Trail, Value};

use super::names::{is_part, is_word};
use super::report::SearchReport;
use super::survey::{Survey, each_record};

/// Texts that are searched at once.
const MOST_AT_ONCE: usize = 1 << 19;
/// Characters of a text whose bits count: the bytes that are searched have them in every encoding.
const COUNTED: usize = 20;
/// Bytes of a text that are searched at once. A longer one is searched in pieces.
const LONGEST: usize = 4 * COUNTED;
/// Bytes at the end of a text by which it is looked up.
const ANCHOR: usize = 5;
/// Bits that no chance explains, beside those of the numbers of values and places.
const MARGIN: u32 = 7;
/// Different bytes that a text has at least: zeros are everywhere.
const LEAST_DIFFERENT: usize = 4;
/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// A file that is searched.
pub(super) struct Searched {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The bytes before it are text of this library.
    pub(super) from: u64,
}

/// Searches files for the contents of a trail.
///
/// # Errors
/// [`ErrorKind::Unsupported`] with the place of the first one that is found.
pub(super) fn search(trail: &Trail, options: &ReadOptions, survey: &Survey, files: &[Searched]) -> Result<SearchReport> {
    let size = |path: &Path| std::fs::metadata(path).map(|facts| facts.len()).map_err(|error| Error::io(path, error));
    let bytes: u64 = files.iter().map(|file| size(&file.path)).sum::<Result<u64>>()?;
    let log = |number: u64| u64::BITS - number.leading_zeros();
    let least_bits = log(survey.values) + log(bytes) + MARGIN;
    let mut search =
        Search { least_tenths: least_bits * 10, files, needles: Needles::default(), report: SearchReport::default() };
    (search.report.least_bits, search.report.bytes) = (least_bits, bytes);
    each_record(trail, options, |view| search.record(view))?;
    search.flush()?;
    Ok(search.report)
}

struct Search<'a> {
    least_tenths: u32,
    files: &'a [Searched],
    needles: Needles,
    report: SearchReport,
}

impl Search<'_> {
    fn record(&mut self, view: &RecordView<'_>) -> Result<()> {
        let record = &view.record;
        self.texts(record.bytes())?;
        for place in places(record) {
            let Some(bytes) = record.bytes().get(place.at..place.at + place.len) else { continue };
            match place.kind {
                PlaceKind::HeaderText | PlaceKind::HeaderFileName | PlaceKind::TableName | PlaceKind::Token(tokens::id::DDL) => {
                    self.names(&String::from_utf8_lossy(bytes))?;
                }
                // They are moved by one distance, so that an old one may be a new one.
                PlaceKind::HeaderCsn | PlaceKind::Token(tokens::id::LOGCSN) => {}
                PlaceKind::HeaderTime | PlaceKind::Time | PlaceKind::LogPosition | PlaceKind::LogOffset => {}
                _ => self.bytes(bytes)?,
            }
        }
        if record.is_file_header() {
            return Ok(());
        }
        if let Some(table) = view.table() {
            self.names(table.name())?;
            table.columns().iter().try_for_each(|column| self.names(&column.name))?;
        }
        if let Some(text) = view.ddl() {
            return self.names(&text);
        }
        let Ok((before, after)) = view.images() else { return self.bytes(record.data()) };
        if before.is_none() && after.is_none() && record.record_type().op() == trailcore::Op::Other {
            return self.bytes(record.data());
        }
        for column in before.iter().chain(after.iter()).flat_map(|row| row.columns()) {
            match column {
                Ok(column) => self.value(&column.value(), column.bytes().unwrap_or_default())?,
                Err(_) => return self.bytes(record.data()),
            }
        }
        Ok(())
    }

    /// Adds every text in bytes of any meaning: letters and digits of ASCII, one byte each, or two of which one is zero. Texts of digits
    /// only are not added: they can be times and CSNs, of which an old one may be a new one.
    fn texts(&mut self, bytes: &[u8]) -> Result<()> {
        let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        for text in bytes.split(|byte| !is_text(byte)) {
            self.any_text(text, |byte| *byte)?;
        }
        // The zero is before or after each character, and the first character at an even or odd place.
        for start in 0..2 {
            let pairs: Vec<[u8; 2]> = bytes.get(start..).unwrap_or_default().as_chunks().0.to_vec();
            for at in 0..2 {
                let is_wide = |pair: &[u8; 2]| pair.get(1 - at) == Some(&0) && pair.get(at).is_some_and(is_text);
                for text in pairs.split(|pair| !is_wide(pair)) {
                    self.any_text(text, |pair| pair.get(at).copied().unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }

    fn any_text<T>(&mut self, text: &[T], byte: impl Fn(&T) -> u8) -> Result<()> {
        for piece in text.chunks(LONGEST).filter(|piece| piece.len() >= ANCHOR) {
            let piece: String = piece.iter().map(|one| char::from(byte(one))).collect();
            let letters = piece.bytes().filter(u8::is_ascii_alphabetic).count();
            if letters > 0 && !is_word(&piece) {
                self.text(&piece, piece.as_bytes())?;
            }
        }
        Ok(())
    }

    fn names(&mut self, text: &str) -> Result<()> {
        for name in text.split(|character| !is_part(character)).filter(|name| !is_word(name)) {
            self.text(name, name.as_bytes())?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value<'_>, raw: &[u8]) -> Result<()> {
        match value {
            Value::Text(text) => self.text(text, raw),
            Value::Number(number) => {
                let text = number.to_string();
                self.text(&text, raw)?;
                let tenths = bits_of(&text);
                let mantissa = number.decimal().map(|decimal| decimal.mantissa());
                let Some(mantissa) = mantissa.and_then(|mantissa| i64::try_from(mantissa).ok()) else { return Ok(()) };
                self.add(mantissa.to_string().as_bytes(), tenths)?;
                self.add(&mantissa.to_be_bytes(), tenths)
            }
            Value::DateTime(date) => {
                // The century stays, and so do a midnight and a fraction of 0.
                let time = if date.hour | date.minute | date.second == 0 { 0 } else { 160 };
                let fraction = match date.precision {
                    Precision::Time(digits) if date.nanos != 0 => 33 * u32::from(digits),
                    _ => 0,
                };
                self.in_all(&String::from_utf8_lossy(raw), raw, 150 + time + fraction)
            }
            Value::Bytes(bytes) | Value::Invalid(bytes) => self.bytes(bytes),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str, raw: &[u8]) -> Result<()> {
        let tenths = bits_of(text);
        // Words of DDL stay in DDL.
        if text.split(|character| !is_part(character)).all(|word| word.is_empty() || is_word(word)) {
            self.report.short += 1;
            return Ok(());
        }
        if let Some(number) = text.parse::<i64>().ok().filter(|_| text.len() > 9) {
            self.add(&number.to_be_bytes(), tenths)?;
        }
        self.in_all(text, raw, tenths)
    }

    /// Adds a text in each encoding.
    fn in_all(&mut self, text: &str, raw: &[u8], tenths: u32) -> Result<()> {
        self.add(raw, tenths)?;
        if tenths < self.least_tenths {
            return Ok(());
        }
        self.add(text.as_bytes(), tenths)?;
        let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        self.add(&wide(u16::to_be_bytes), tenths)?;
        self.add(&wide(u16::to_le_bytes), tenths)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => self.text(text, bytes),
            _ => self.add(bytes, 80 * bytes.len().min(LONGEST) as u32),
        }
    }

    fn add(&mut self, needle: &[u8], tenths: u32) -> Result<()> {
        // Blanks at the end are those of a column of fixed length.
        let end = needle.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
        let needle = needle.get(..end).unwrap_or_default();
        if needle.len() > LONGEST {
            let (first, rest) = needle.split_at_checked(LONGEST).unwrap_or((needle, &[]));
            self.add(first, tenths)?;
            for piece in rest.chunks_exact(LONGEST).chain([needle.get(needle.len() - LONGEST..).unwrap_or_default()]) {
                self.add(piece, bits_of_bytes(piece))?;
            }
            return Ok(());
        }
        let shown = needle;
        let different = || shown.iter().collect::<HashSet<_>>().len();
        if tenths.min(80 * shown.len() as u32) < self.least_tenths || shown.len() < ANCHOR || different() < LEAST_DIFFERENT {
            self.report.short += 1;
            return Ok(());
        }
        self.report.searched += 1;
        self.needles.add(shown);
        if self.needles.all.len() >= MOST_AT_ONCE { self.flush() } else { Ok(()) }
    }

    /// Searches the files for the texts so far.
    fn flush(&mut self) -> Result<()> {
        let needles = std::mem::take(&mut self.needles);
        if needles.all.is_empty() {
            return Ok(());
        }
        for Searched { name, path, from } in self.files {
            let failed = |error| Error::io(path, error);
            let mut file = File::open(path).map_err(failed)?;
            file.seek(SeekFrom::Start(*from)).map_err(failed)?;
            let (mut window, mut start) = (Vec::new(), *from);
            loop {
                let kept = window.len().min(LONGEST - 1);
                start += (window.len() - kept) as u64;
                window.drain(..window.len() - kept);
                let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut window).map_err(failed)?;
                if let Some(at) = needles.first_in(&window) {
                    let what = format!(
                        "a value or name of the original is in {name} at byte {}; nothing is published",
                        start + at as u64
                    );
                    return Err(Error::new(ErrorKind::Unsupported, what)
                        .hint("try again with another key, and report it if it is found again"));
                }
                if read == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Returns the bits of the contents of a text, in tenths.
fn bits_of(text: &str) -> u32 {
    let of = |character: char| match character {
        '0'..='9' => 33,
        _ if character.is_ascii_alphabetic() => 47,
        _ if character.is_ascii() || !character.is_alphanumeric() => 0,
        _ => 80,
    };
    text.chars().take(COUNTED).map(of).sum()
}

/// Returns the bits of a piece of a value in some encoding, in tenths: at most those of its contents.
fn bits_of_bytes(piece: &[u8]) -> u32 {
    let of = |byte: &u8| match byte {
        b'0'..=b'9' => 33,
        _ if byte.is_ascii_alphabetic() => 47,
        0x80.. => 80,
        _ => 0,
    };
    piece.iter().map(of).sum()
}

/// Texts that are looked up by the bytes at their end.
#[derive(Default)]
struct Needles {
    all: HashSet<Box<[u8]>>,
    /// The lengths of the texts that end with these bytes.
    lengths: HashMap<[u8; ANCHOR], BTreeSet<usize>>,
    /// A bit for each anchor, by a short hash: most places of a file are none.
    bits: Vec<u64>,
}

/// Bits of the hash of an anchor.
const HASH_BITS: u32 = 24;

fn hash(anchor: &[u8; ANCHOR]) -> usize {
    let number = anchor.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS)) as usize
}

impl Needles {
    fn add(&mut self, needle: &[u8]) {
        let Some(anchor) = needle.last_chunk::<ANCHOR>() else { return };
        if self.bits.is_empty() {
            self.bits.resize(1 << (HASH_BITS - 6), 0);
        }
        let slot = hash(anchor);
        if let Some(word) = self.bits.get_mut(slot >> 6) {
            *word |= 1 << (slot & 63);
        }
        self.lengths.entry(*anchor).or_default().insert(needle.len());
        self.all.insert(needle.into());
    }

    /// Returns the offset of the first text that is found.
    fn first_in(&self, bytes: &[u8]) -> Option<usize> {
        let is_marked = |anchor: &[u8; ANCHOR]| {
            let slot = hash(anchor);
            self.bits.get(slot >> 6).is_some_and(|word| word >> (slot & 63) & 1 == 1)
        };
        bytes.windows(ANCHOR).enumerate().find_map(|(at, window)| {
            let anchor = window.first_chunk::<ANCHOR>().filter(|anchor| is_marked(anchor))?;
            let end = at + ANCHOR;
            let is_text = |length: &&usize| {
                let text = end.checked_sub(**length).and_then(|start| bytes.get(start..end));
                text.is_some_and(|text| self.all.contains(text))
            };
            self.lengths.get(anchor)?.iter().find(is_text).map(|length| end - length)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_at_their_place() {
        let mut needles = Needles::default();
        for needle in ["canary of ten", "ry of ten", "another"] {
            needles.add(needle.as_bytes());
        }
        assert_eq!(needles.first_in(b"xx canary of te ry of tex canary of ten"), Some(30));
        assert_eq!(needles.first_in(b"ry of ten"), Some(0));
        assert_eq!(needles.first_in(b"a canary of te"), None);
        assert_eq!(needles.all.len(), 3);
    }

    #[test]
    fn every_text_with_a_letter_is_searched() {
        let (needles, report) = (Needles::default(), SearchReport::default());
        let mut search = Search { least_tenths: 500, files: &[], needles, report };
        search.texts(b"\0\x01DE89370400440532013000\0\x0220240301120000123456\0").unwrap();
        let found: Vec<_> = search.needles.all.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        assert!(found.iter().any(|text| text == "DE89370400440532013000"), "{found:?}");
        assert!(!found.iter().any(|text| text == "20240301120000123456"), "{found:?}");
    }

    #[test]
    fn bits_are_those_of_contents() {
        assert_eq!(bits_of("12-34 "), 4 * 33);
        assert_eq!(bits_of("ab.é"), 2 * 47 + 80);
    }
}
