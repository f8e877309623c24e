//! Artefacts as text without secrets and without values of columns. What is not known to be free of values does not pass.

use crate::backup::FileRole;
use crate::config::{MASK, ParameterFile, masked};
use crate::moment::Moment;
use crate::read::{Events, decoded};
use crate::redact;

/// Bytes of lines without a message that are searched for secrets at once: the time grows faster than the length.
const PART: usize = 4 << 10;

/// The end of the line that marks a gap.
const GAP: &str = "bytes are left out here]";

/// The times of the events of a log that are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub(super) from: Option<Moment>,
    pub(super) until: Option<Moment>,
    /// The zone of times without one.
    pub(super) zone: Option<i16>,
}

/// Returns an artefact as text that can be given away.
pub(super) fn redacted(name: &str, role: FileRole, bytes: &[u8], window: Window) -> String {
    let bytes = decoded(bytes);
    if is_binary(&bytes) {
        return format!("[no text: {} bytes]\n", bytes.len());
    }
    match role {
        FileRole::Parameters => ParameterFile::parse(name, &bytes).to_string(),
        FileRole::Discard => discard(&String::from_utf8_lossy(&bytes)),
        FileRole::Definitions => masked(&String::from_utf8_lossy(&bytes)),
        FileRole::Log => messages(&within(&bytes, window)),
        _ => messages(&bytes),
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
    let zone = Some(window.zone.unwrap_or(0));
    let (mut kept, mut is_kept) = (Vec::new(), window.from.is_none());
    for event in Events::new(bytes) {
        if let Some(time) = event.time() {
            let after = |limit: Moment| time.in_zone(zone).since(limit.in_zone(zone)).is_some_and(|micros| micros >= 0);
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

/// Returns a log or report: each message is masked as a whole. Lines before, between and after messages are those of a report.
fn messages(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (mut out, mut open, mut is_inside) = (String::with_capacity(text.len()), String::new(), false);
    let flush = |open: &mut String, out: &mut String| {
        if !open.is_empty() {
            let end = if open.ends_with('\n') { "\n" } else { "" };
            out.push_str(&redact::message(open.trim_end_matches('\n')));
            out.push_str(end);
            open.clear();
        }
    };
    // Lines of a report that belong to no message: a secret may have several of them.
    let mut between = String::new();
    let end = |between: &mut String, out: &mut String| {
        for line in masked(between).split_inclusive('\n') {
            out.push_str(if redact::is_dump(line) { "[bytes of a record]\n" } else { line });
        }
        between.clear();
    };
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        let is_event = Events::new(line.as_bytes()).next().is_some();
        let is_heading = plain.starts_with("***") || plain.starts_with("Report at ") || plain.starts_with("From Table ");
        // The columns of a record that a report shows; after a gap, the rest of a message whose start is left out.
        let is_gap = is_gap(plain);
        is_inside = plain == "*" || is_gap || (is_inside && !is_event && !is_heading);
        if is_event || is_inside || (between.len() > PART && (!is_open_key(&between) || between.len() > 16 * PART)) {
            end(&mut between, &mut out);
        }
        if is_event || is_inside || is_heading || plain.is_empty() {
            flush(&mut open, &mut out);
        }
        match () {
            () if is_event => open.push_str(line),
            () if is_inside => out.push_str(if is_gap || matches!(plain, "" | "*") { line } else { "******\n" }),
            () if open.is_empty() => between.push_str(line),
            () => open.push_str(line),
        }
    }
    flush(&mut open, &mut out);
    end(&mut between, &mut out);
    out
}

/// Returns whether a line is the mark of a gap, and nothing else: a value could end in the same way.
fn is_gap(line: &str) -> bool {
    let number = line.strip_suffix(GAP).and_then(|start| start.trim_end().strip_prefix('['));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns whether a text ends inside of the block of a key, whose rest would not be recognised.
fn is_open_key(text: &str) -> bool {
    text.rfind("-----BEGIN ").is_some_and(|begin| !text.get(begin..).unwrap_or_default().contains("-----END "))
}

/// Returns a discard file: lines of known forms, and the names of columns. Everything else may be a value.
fn discard(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        let names_column = plain.split_once(" = ").map(|(name, _)| name).filter(|name| is_column(name));
        match names_column {
            Some(name) => out.push_str(&format!("{name} = {MASK}\n")),
            None if plain.is_empty() || plain == "*" || is_gap(plain) => out.push_str(line),
            None if is_form(plain) => out.push_str(&(redact::message(line.trim_end()) + "\n")),
            None => out.push_str(&format!("{MASK}\n")),
        }
    }
    out
}

fn is_column(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#'))
}

/// Returns whether a line of a discard file has one of the forms that GoldenGate and databases write, with nothing after it that could be
/// a value.
fn is_form(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'));
    let is_name = |word: &str| {
        word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '.' | '"' | '/' | '\\' | ':' | '<' | '>' | '-'))
    };
    let ends_with_position = matches!(words.as_slice(), [.., "seqno", seqno, "rba", rba] if is_number(seqno) && is_number(rba));
    let is_time =
        |words: &[&str]| words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte)));
    match words.as_slice() {
        ["Oracle", "GoldenGate", ..] => line.contains("process started, group ") && words.len() < 20,
        ["Current", "time:", time @ ..] => is_time(time),
        ["Discarded", "record", "from", "action", _, "on", "error", number] => {
            number.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
        }
        ["Aborting", "transaction", "on", trail, "beginning", "at", ..] => ends_with_position && is_name(trail),
        ["error", "at", ..] | ["Operation", "failed", "at", ..] => ends_with_position && words.len() <= 7,
        ["Problem", "replicating", source, "to", target] => is_name(source) && is_name(target),
        ["Error", "occurred", "with", ..] | ["Mapping", "problem", "with", ..] => {
            line.ends_with("format)...") && words.len() <= 10
        }
        ["Key", "column", name, index, "is", "missing", ..] => is_name(name) && index.starts_with('(') && words.len() <= 10,
        ["Missing", _, "key", "columns", "in", ..] => words.len() <= 9,
        [code, rest @ ..] => {
            let code = code.trim_end_matches(':');
            let is_code = code.split_once('-').is_some_and(|(product, number)| {
                product.bytes().all(|byte| byte.is_ascii_uppercase())
                    && !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit())
            });
            // In the message of a database, only the code and the name of a constraint are certain.
            is_code && (rest.is_empty() || line.ends_with(") violated"))
        }
        [] => true,
    }
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
    (format!("{}[{left_out} {GAP}\n{}", parts.0, parts.1), left_out as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(role: FileRole, text: &str) -> String {
        redacted("x", role, text.as_bytes(), Window::default())
    }

    #[test]
    fn a_discard_file_has_known_lines_only() {
        for text in [
            "Problem replicating A.B to A.B\n*\nID = 4711\nMEMO = canary\nof two canary\n*\nID = 5\n",
            "*\nID = 1\nMEMO = x\n*\nbullet canary\nCurrent time: canary o'clock\nmore canary\n*\n",
            "ORA-01400: canary is null\nProblem replicating A.B to A.B because canary\n",
            "Error occurred with insert record canary\nDiscarded record from action canary on error x\n",
        ] {
            let shown = shown(FileRole::Discard, text);
            assert!(!shown.contains("canary") && !shown.contains("4711"), "{shown}");
        }
        let facts = "Oracle GoldenGate Delivery for Oracle process started, group RWPC discard file opened: 2013-09-08 11:21:51\n\n\
            ORA-00001: unique constraint (A.PK) violated\nCurrent time: 2013-09-08 11:21:53\nDiscarded record from action ABEND on error 0\n\n\
            Aborting transaction on ./dirdat/rt beginning at seqno 76 rba 695700\n    error at seqno 76 rba 973932\n\
            Problem replicating HR.A to HR.B\nMapping problem with compressed update record (target format)...\n*\n";
        assert_eq!(shown(FileRole::Discard, facts).replace("    error", "error"), facts.replace("    error", "error"));
    }

    #[test]
    fn values_do_not_pass_in_logs_and_reports() {
        let log = "2024-03-01 10:00:00  ERROR   OGG-00868  X, r1.prm:  Failed: INSERT INTO A.T1 VALUES\n  ('canary', 4711)\n\
                   2024-03-01 10:00:01  INFO    OGG-00996  X, r1.prm:  REPLICAT R1 started.\n";
        let shown_log = shown(FileRole::Log, log);
        assert!(
            !shown_log.contains("canary") && shown_log.contains("INSERT INTO A.T1 VALUES") && shown_log.contains("R1 started."),
            "{shown_log}"
        );
        let report = "From Table A.B to A.B:\n       #                   inserts:         4\n\n*\nID = canary\nNAME = x\nsecond canary\n*\n\
                      ***********\n00000: 6361 6e61\nReading ./dirdat/rt000000097, current RBA 3,828, 2 records\n";
        let shown_report = shown(FileRole::Report, report);
        assert!(!shown_report.contains("canary") && !shown_report.contains("6361"), "{shown_report}");
        assert!(shown_report.contains("inserts:         4") && shown_report.contains("RBA 3,828"), "{shown_report}");
        let binary = redacted("x", FileRole::Other, b"a\0\0\0canary\0\0", Window::default());
        assert!(!binary.contains("canary") && !binary.contains("63"), "{binary}");
        let wide: Vec<u8> =
            "\u{feff}REPLICAT r1\nUSERID a, PASSWORD canary\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let shown_wide = redacted("r1.prm", FileRole::Parameters, &wide, Window::default());
        assert!(!shown_wide.contains("canary") && shown_wide.contains("REPLICAT r1"), "{shown_wide}");
    }

    #[test]
    fn a_cut_message_and_a_long_key_do_not_pass() {
        let event = |text: &str| format!("2024-03-01 10:00:00  ERROR   OGG-00868  X, r1.prm:  {text}\n");
        let rest = "  ('canary', 4711)\n".repeat(400);
        let log =
            format!("{}{}{rest}{}", event("start.").repeat(40), event("INSERT INTO A.T VALUES"), event("the end.").repeat(3));
        let (cut, left_out) = capped(log, 4_000);
        assert!(left_out > 0 && cut.contains("canary"), "the cut is inside of the message");
        let shown_log = shown(FileRole::Log, &cut);
        assert!(!shown_log.contains("canary") && shown_log.contains(GAP) && shown_log.contains("the end."), "{shown_log}");
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".repeat(60);
        for lead in [0, 3_000, PART - 300, PART, PART + 300] {
            let report =
                format!("{}-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\nafter\n", "a line\n".repeat(lead / 7));
            assert!(!shown(FileRole::Report, &report).contains("MIIEvQ"), "{lead}");
        }
    }

    #[test]
    fn a_window_keeps_events_with_their_lines() {
        let log = "2024-03-01 10:00:00  INFO  OGG-1  X:  early.\n2024-03-01 11:00:00  INFO  OGG-2  X:  in time\n  and more.\n2024-03-01 12:00:00  INFO  OGG-3  X:  late.\n";
        let window =
            Window { from: "2024-03-01 10:30:00".parse().ok(), until: "2024-03-01 12:00:00".parse().ok(), zone: Some(120) };
        let utc =
            Window { from: "2024-03-01T08:30:00Z".parse().ok(), until: "2024-03-01T10:00:00Z".parse().ok(), zone: Some(120) };
        for window in [window, utc] {
            let shown = redacted("ggserr.log", FileRole::Log, log.as_bytes(), window);
            assert!(
                shown.contains("in time") && shown.contains("and more") && !shown.contains("early") && !shown.contains("late"),
                "{shown}"
            );
        }
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
