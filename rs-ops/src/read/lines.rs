//! The lines of an artefact, with their places.

use std::borrow::Cow;

use crate::fault::{FaultKind, Faults, Place};

/// Bytes of a line that are read.
const LONGEST: usize = 1 << 16;

/// A line without its end.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) place: Place,
}

/// Yields the lines of a text. Bytes that are not UTF-8 and lines that are too long become faults.
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes, at, number: 0 }
    }

    /// Returns the next line.
    pub(crate) fn take(&mut self, faults: &mut Faults) -> Option<Line<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
        self.number += 1;
        let place = Place { line: self.number, offset: self.at as u64 };
        self.at += line.len() + usize::from(end.is_some());
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST {
            faults.add(place, FaultKind::TooLong, "");
            line = line.get(..LONGEST).unwrap_or(line);
        }
        let text = String::from_utf8_lossy(line);
        if matches!(text, Cow::Owned(_)) {
            faults.add(place, FaultKind::NotText, "");
        }
        Some(Line { text, place })
    }

    /// Returns all lines.
    pub(crate) fn all(bytes: &'a [u8], faults: &mut Faults) -> Vec<Line<'a>> {
        let mut lines = Self::new(bytes);
        std::iter::from_fn(|| lines.take(faults)).collect()
    }
}

/// Returns a word from a line as text that is kept: at most some hundred characters.
pub(crate) fn kept(text: &str) -> String {
    text.trim().chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_ends() {
        let mut faults = Faults::default();
        let lines = Lines::all(b"\xef\xbb\xbfone\r\n\ntwo\xff", &mut faults);
        let found: Vec<_> = lines.iter().map(|line| (&*line.text, line.place.line, line.place.offset)).collect();
        assert_eq!(found, [("one", 1, 3), ("", 2, 8), ("two\u{fffd}", 3, 9)]);
        assert_eq!((faults.total(), faults.of(FaultKind::NotText)), (1, 1));
    }
}
