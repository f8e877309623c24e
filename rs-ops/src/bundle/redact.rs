//! Artefacts as text without secrets and without values of columns.

use crate::backup::FileRole;
use crate::config::{MASK, ParameterFile, masked, without_values};
use crate::moment::Moment;
use crate::read::Events;

/// Bytes of a file that is no text, which are shown as hexadecimal digits.
const SHOWN: usize = 64;

/// The times of the events of a log that are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub(super) from: Option<Moment>,
    pub(super) until: Option<Moment>,
}

/// Returns an artefact as text that can be given away.
pub(super) fn redacted(name: &str, role: FileRole, bytes: &[u8], window: Window) -> String {
    if is_binary(bytes) {
        let shown = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        return format!("[no text: {} bytes, which start with {shown}]\n", bytes.len());
    }
    match role {
        FileRole::Parameters => ParameterFile::parse(name, bytes).to_string(),
        FileRole::Discard => discard(&String::from_utf8_lossy(bytes)),
        FileRole::Log => lines(&String::from_utf8_lossy(&within(bytes, window))),
        _ => lines(&String::from_utf8_lossy(bytes)),
    }
}

/// Returns whether bytes have signs that no text has.
fn is_binary(bytes: &[u8]) -> bool {
    let looked_at = bytes.get(..4_096).unwrap_or(bytes);
    let strange = looked_at.iter().filter(|byte| **byte < 9 || (14..32).contains(*byte)).count();
    strange * 50 > looked_at.len()
}

/// Returns the events of a log in a window. An event without a time goes with the one before it.
fn within(bytes: &[u8], window: Window) -> Vec<u8> {
    if window.from.is_none() && window.until.is_none() {
        return bytes.to_vec();
    }
    let (mut kept, mut is_kept) = (Vec::new(), false);
    for event in Events::new(bytes) {
        if let Some(time) = event.time() {
            let after = |from: Moment| time.in_zone(Some(0)).since(from.in_zone(Some(0))).is_some_and(|micros| micros >= 0);
            is_kept = window.from.is_none_or(after) && !window.until.is_some_and(after);
        }
        if is_kept {
            kept.extend_from_slice(event.raw());
            if !event.raw().ends_with(b"\n") {
                kept.push(b'\n');
            }
        }
    }
    kept
}

/// Masks secrets, the values of statements of SQL, and bytes of records.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in parts(text) {
        for line in masked(part).split_inclusive('\n') {
            out.push_str(&if is_dump(line) { "[bytes of a record]\n".into() } else { without_values(line) });
        }
    }
    out
}

/// Cuts a text into parts of whole lines: to look for secrets takes longer for each one in a longer text. The block of a key stays whole.
fn parts(mut text: &str) -> Vec<&str> {
    const LEAST: usize = 16 << 10;
    let mut parts = Vec::new();
    while !text.is_empty() {
        let bytes = text.as_bytes();
        let end = bytes.get(LEAST..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(text.len(), |end| LEAST + end + 1);
        let part = text.get(..end).unwrap_or(text);
        let is_open = part.rfind("-----BEGIN ").is_some_and(|begin| !part.get(begin..).unwrap_or_default().contains("-----END "));
        let rest = text.get(end..).unwrap_or_default();
        let closed = rest.find("-----END ").filter(|_| is_open);
        let more =
            closed.map_or(0, |at| rest.get(at..).and_then(|rest| rest.find('\n')).map_or(rest.len(), |line| at + line + 1));
        let (part, rest) = text.split_at_checked(end + more).unwrap_or((text, ""));
        parts.push(part);
        text = rest;
    }
    parts
}

/// Returns whether a line shows the bytes of a record: eight or more pairs of hexadecimal digits.
fn is_dump(line: &str) -> bool {
    let is_hex = |word: &&str| matches!(word.len(), 2 | 4 | 8) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    line.split_whitespace().filter(is_hex).map(str::len).sum::<usize>() >= 16
}

/// Masks the values of a discard file: the lines between two lines of `*`.
fn discard(text: &str) -> String {
    let (mut out, mut is_inside) = (String::new(), false);
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        if plain == "*" {
            is_inside = !is_inside;
            out.push_str(line);
        } else if is_inside && is_head(plain) {
            // The closing line is missing: the next entry starts.
            is_inside = false;
            out.push_str(&lines(line));
        } else if let (true, Some((name, _))) = (is_inside || is_column(plain), plain.split_once(" = ")) {
            out.push_str(&format!("{name} = {MASK}\n"));
        } else if is_inside && !plain.is_empty() {
            // A value of several lines.
            out.push_str(&format!("{MASK}\n"));
        } else {
            out.push_str(&lines(line));
        }
    }
    out
}

fn is_head(line: &str) -> bool {
    ["Oracle GoldenGate ", "Current time: ", "Discarded record ", "Aborting transaction ", "Problem replicating "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Returns whether a line is a column and its value.
fn is_column(line: &str) -> bool {
    let name = line.split_once(" = ").map(|(name, _)| name);
    name.is_some_and(|name| !name.is_empty() && !name.contains(' '))
}

/// Returns a text that has at most this many bytes: its start and its end, with a mark of the gap. Returns the bytes that are left out,
/// too.
pub(super) fn capped(text: String, most: usize) -> (String, u64) {
    if text.len() <= most {
        return (text, 0);
    }
    // Line feeds are never inside of a character.
    let bytes = text.as_bytes();
    let line_end = |at: usize| memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |end| end + 1);
    let line_start =
        |at: usize| memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).map_or(text.len(), |end| at + end + 1);
    // The end has the news; the start has versions and parameters.
    let (head, tail) = (line_end(most / 4), line_start(text.len() - most / 2));
    let left_out = tail.saturating_sub(head);
    let parts = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    (format!("{}[{left_out} bytes are left out here]\n{}", parts.0, parts.1), left_out as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_secrets_do_not_pass() {
        let shown = |role, text: &str| redacted("x", role, text.as_bytes(), Window::default());
        let discarded =
            shown(FileRole::Discard, "Problem replicating A.B to A.B\n*\nID = 4711\nMEMO = canary\nof two lines\n*\nID = 5\n");
        assert_eq!(discarded, "Problem replicating A.B to A.B\n*\nID = ******\nMEMO = ******\n******\n*\nID = ******\n");
        let log = "2024-03-01 10:00:00  ERROR   OGG-00868  X, r1.prm:  Failed: INSERT INTO A.T1 VALUES ('it''s', 4711, :b1) at seqno.\n";
        let shown_log = shown(FileRole::Log, log);
        assert!(shown_log.contains("INSERT INTO A.T1 VALUES (************, ******, :b1)"), "{shown_log}");
        assert!(shown_log.starts_with("2024-03-01 10:00:00  ERROR   OGG-00868"));
        assert_eq!(shown(FileRole::Report, "00000: 4711 4711 4711 4711 4711\n"), "[bytes of a record]\n");
        assert!(
            !shown(
                FileRole::Other,
                "a\0\0\0\0canary and more of it, and more of it, and more of it, and more of it, and so on\n"
            )
            .contains("canary")
        );
    }

    #[test]
    fn a_window_keeps_events_with_their_lines() {
        let log = "2024-03-01 10:00:00  INFO  OGG-1  X:  early.\n2024-03-01 11:00:00  INFO  OGG-2  X:  in time\n  and more.\n2024-03-01 12:00:00  INFO  OGG-3  X:  late.\n";
        let window = Window { from: "2024-03-01 10:30:00".parse().ok(), until: "2024-03-01 12:00:00".parse().ok() };
        let shown = redacted("ggserr.log", FileRole::Log, log.as_bytes(), window);
        assert!(
            shown.contains("in time") && shown.contains("and more") && !shown.contains("early") && !shown.contains("late"),
            "{shown}"
        );
    }

    #[test]
    fn parts_are_whole_lines_and_whole_keys() {
        let key = format!(
            "-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(900)
        );
        for lead in [0, 100, 16_000, 16_384, 20_000] {
            let text = format!("{}{key}after\n", "a line\n".repeat(lead / 7));
            assert_eq!(parts(&text).concat(), text);
            assert!(!lines(&text).contains("MIIEvQ"), "{lead}");
        }
        assert_eq!(parts("-----BEGIN X").concat(), "-----BEGIN X");
    }

    #[test]
    fn long_texts_keep_start_and_end() {
        let text: String = (0..1_000).map(|number| format!("line {number} é\n")).collect();
        let (short, left_out) = capped(text.clone(), 1_000);
        assert!(short.len() <= 1_000 && short.starts_with("line 0 ") && short.ends_with("line 999 é\n"), "{short}");
        assert!(short.contains(&format!("[{left_out} bytes are left out here]")));
        assert_eq!(capped(text.clone(), text.len()), (text, 0));
    }
}
