//! Escape sequences of literals and names. See docs/filter.md, section 4.

use std::borrow::Cow;

/// The reason why an escape sequence is wrong, and what to do about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) help: Option<&'static str>,
}

/// Reads the escape sequence after a backslash: `\xHH`, three octal digits, `\uHHHH`, or a second backslash. Returns its character
/// and its length without the first backslash; `None` if the backslash is an ordinary character. A byte of 80 and above is the
/// character with that number, as in Latin-1, since texts are characters here.
pub(crate) fn read(after: &str) -> Result<Option<(char, usize)>, Fault> {
    let fault = |message: String, help| Err(Fault { message, help });
    let digits = |skip: usize, count: usize, radix: u32| {
        let digits = after.get(skip..skip + count).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
        Some((u32::from_str_radix(digits, radix).ok()?, skip + count))
    };
    let first = after.as_bytes().first();
    let found = match first {
        Some(b'\\') => return Ok(Some(('\\', 1))),
        Some(b'x') => digits(1, 2, 16),
        Some(b'u') => digits(1, 4, 16),
        Some(b'0'..=b'7') => digits(0, 3, 8),
        _ => None,
    };
    let Some((code, length)) = found else { return Ok(None) };
    match (code, char::from_u32(code)) {
        (0, _) => fault("the value 0 is not allowed: it terminates a string".to_owned(), None),
        (256.., _) if matches!(first, Some(b'4'..=b'7')) => {
            fault(format!("octal value {code:o} does not fit a byte"), Some("use octal values from 001 to 377"))
        }
        (_, Some(c)) => Ok(Some((c, length))),
        (_, None) => fault(format!("no character has the code {code:04X}"), None),
    }
}

/// Returns a text with its escape sequences replaced by their characters.
pub(crate) fn decoded(text: &str) -> Result<Cow<'_, str>, Fault> {
    if !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let (c, length) = read(after)?.unwrap_or(('\\', 0));
        out.push(c);
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// Returns a text in which no backslash starts an escape sequence.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_characters() {
        for (text, plain) in [
            (r"a\x2Cb", "a,b"),
            (r"\101\u0041\x41", "AAA"),
            (r"a\\x41", r"a\x41"),
            (r"C:\temp\8", r"C:\temp\8"),
            (r"\x4", r"\x4"),
            (r"\u30\u3000", "\\u30\u{3000}"),
            ("\\", "\\"),
        ] {
            assert_eq!(decoded(text).unwrap(), plain, "{text}");
            assert_eq!(decoded(&escaped(text)).unwrap(), text);
        }
        for wrong in [r"\x00", r"\000", r"\u0000", r"\777", r"\uD83D"] {
            assert!(decoded(wrong).is_err(), "{wrong}");
        }
    }
}
