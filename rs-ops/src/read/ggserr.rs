//! The event log, `ggserr.log`, in its three generations, and the same lines as syslog and containers have them. The form is decided
//! for each line, because one installation can write several.
//!
//! [`Events`] borrows from the text and parses only the head of a line; [`Event::record`] parses the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::masked;

/// Bytes of an event's text that a record keeps.
const LONGEST: usize = 1 << 14;

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Generation {
    /// `2011-03-11 10:28:11 GGS INFO 399 …`
    Ggs,
    /// `2014-09-10 01:26:35  INFO    OGG-00987  …`, local time without a zone.
    Local,
    /// `2018-11-03T17:18:08.892+0900  INFO    OGG-00987  …`
    Iso,
    /// `ogg  | 2025-09-07T17:25:25.561Z | INFO    | …`, as containers and the service logs have it.
    Container,
    /// A line without a time: copied from somewhere, or localised.
    Bare,
}

/// The severity of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Information.
    Info,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// Not stated, or a word that the reader does not know.
    Unknown,
}

/// The form and the parts of a line that starts an event.
#[derive(Clone, Copy, Debug)]
struct Head {
    generation: Generation,
    severity: Severity,
    code: u32,
    /// Start and length of the time; no time has the length 0.
    time: (usize, usize),
    /// The start of the text after severity and code.
    body: usize,
}

/// An event, borrowed from the text of the log.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its first line, and the lines that belong to it.
    raw: &'a [u8],
    /// The line and offset of its start.
    pub place: Place,
    head: Head,
    /// Lines after the first one.
    more: u32,
    is_torn: bool,
}

/// An event with all its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogRecord {
    /// The place of its first line.
    #[serde(flatten)]
    pub place: Place,
    /// The form of the line.
    pub generation: Generation,
    /// The time of the event.
    pub time: Option<Moment>,
    /// The severity.
    pub severity: Severity,
    /// The code, such as `OGG-01668`; of the oldest form, such as `GGS-501`.
    pub code: Option<String>,
    /// The role of the program, such as `Capture` or `Distribution Service`.
    pub role: Option<String>,
    /// The database that the program is for.
    pub database: Option<String>,
    /// The group: the name of the parameter file, in capitals.
    pub group: Option<String>,
    /// The service that a container or syslog names.
    pub source: Option<String>,
    /// The text; its lines are joined by line feeds.
    pub text: String,
    /// The number of times that the event occurred: more than 1 if a later line states repeats.
    pub times: u64,
    /// Another line was written into this one.
    pub torn: bool,
    /// Lines were joined although another process writes the file, so the join is assumed.
    pub assumed: bool,
}

impl LogRecord {
    /// Returns whether a process starts.
    pub(crate) fn is_start(&self) -> bool {
        const STARTS: [&str; 4] = ["OGG-00992", "OGG-00993", "OGG-00995", "OGG-00996"];
        self.code.as_deref().is_some_and(|code| STARTS.contains(&code))
    }

    /// Adds a line to the text. One that has no room is counted only: joining lines without end would take quadratic time.
    pub(crate) fn push_line(&mut self, line: &str, place: Place, faults: &mut Faults) {
        if self.text.len() >= LONGEST {
            return faults.add(place, FaultKind::Truncated, "message");
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&masked(line));
    }
}

/// A log, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Log {
    /// The events, in the order of the file.
    pub events: Vec<LogRecord>,
    /// Events by severity and code.
    pub counts: BTreeMap<String, u64>,
    /// Lines before the first event: the end of an event of an earlier file.
    pub lines_before: u64,
    /// The lag figures of Manager's messages. They exist only if LAGREPORT, LAGINFO and LAGCRITICAL are set.
    pub lags: Vec<LoggedLag>,
}

/// A lag that Manager reports in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoggedLag {
    /// The place of the message.
    #[serde(flatten)]
    pub place: Place,
    /// The time of the message.
    pub time: Option<Moment>,
    /// The group.
    pub group: String,
    /// The lag at the checkpoint in milliseconds.
    pub lag: u64,
    /// The age of the checkpoint in milliseconds.
    pub since: Option<u64>,
}

/// Yields the events of a log.
///
/// ```
/// let log = b"2014-09-10 02:24:07  ERROR   OGG-01668  Oracle GoldenGate Capture for Oracle, ext1.prm:  PROCESS ABENDING.\n";
/// let event = trailcore_ops::read::Events::new(log).next().unwrap();
/// assert_eq!(event.code(), Some(1668));
/// assert_eq!(event.record().group.as_deref(), Some("EXT1"));
/// ```
#[derive(Clone, Debug)]
pub struct Events<'a> {
    bytes: &'a [u8],
    /// The head and the place of the event that is open.
    open: Option<(Head, Place)>,
    more: u32,
    at: usize,
    line: u64,
    /// Lines that belong to no event.
    before: u64,
    /// The end of the open event, if another one was written into its line.
    torn: Option<usize>,
}

/// Finds a second code in a line. It is built once: building costs more than a line.
static CODE: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new(b" OGG-"));

impl<'a> Events<'a> {
    /// Creates the events of a text.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, open: None, more: 0, at: 0, line: 0, before: 0, torn: None }
    }

    /// Returns the event that was open, up to `end`.
    #[inline(always)]
    fn close(&mut self, end: usize, is_torn: bool) -> Option<Event<'a>> {
        let (head, place) = self.open.take()?;
        let raw = self.bytes.get(place.offset as usize..end)?;
        Some(Event { raw, place, head, more: std::mem::take(&mut self.more), is_torn })
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    #[inline]
    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if let Some(end) = self.torn.take() {
                // The rest of the line is read next, as if it were a line.
                self.at = end;
                self.line -= 1;
                return self.close(end, true);
            }
            let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) else { break };
            let start = self.at;
            let (length, head, torn) = match quick_head(rest) {
                Some(head) => {
                    let (length, has_dash) = line_length(rest, head.body);
                    let torn = if has_dash { rest.get(..length).and_then(|line| glued(line, head)) } else { None };
                    (length, Some(head), torn)
                }
                None => {
                    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    let line = rest.get(..length)?;
                    let head = head(line);
                    (length, head, head.and_then(|head| glued(line, head)))
                }
            };
            self.at += length + 1;
            self.line += 1;
            let Some(head) = head else {
                self.more += u32::from(self.open.is_some());
                self.before += u64::from(self.open.is_none());
                continue;
            };
            let done = self.close(start, false);
            self.open = Some((head, Place { line: self.line, offset: start as u64 }));
            self.torn = torn.map(|glued| start + glued);
            if done.is_some() {
                return done;
            }
        }
        self.close(self.bytes.len(), false)
    }
}

impl<'a> Events<'a> {
    /// Returns the number of lines that belong to no event, such as those before the first one.
    #[must_use]
    pub fn lines_before(&self) -> u64 {
        self.before
    }

    /// Returns the offset of the event that is still open: more lines of it may be written.
    #[must_use]
    pub fn open_at(&self) -> usize {
        self.open.map_or(self.bytes.len(), |(_, place)| place.offset as usize)
    }
}

/// Returns the length of a line that is at the start of a text, and whether a dash is in it from a place on. Without one, no time and no
/// second event is there, so that most lines are searched once.
fn line_length(text: &[u8], from: usize) -> (usize, bool) {
    let rest = text.get(from..).unwrap_or_default();
    match memchr::memchr2(b'\n', b'-', rest) {
        None => (text.len(), false),
        Some(at) if rest.get(at) == Some(&b'\n') => (from + at, false),
        Some(at) => (memchr::memchr(b'\n', rest.get(at..).unwrap_or_default()).map_or(text.len(), |end| from + at + end), true),
    }
}

/// Bytes of a line that has the usual head.
const USUAL: usize = 64;

/// Reads the head of a line whose end is not known, as nearly all lines have it: with a time at its start, a code, and columns of the usual
/// width. Eight bytes are compared at once, since this runs on every line; [`head`] gives the same for such a line.
#[inline(always)]
fn quick_head(text: &[u8]) -> Option<Head> {
    let line = text.first_chunk::<USUAL>()?;
    let word = |at: usize| line.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let is_iso = line[10] == b'T';
    let is_time = (wrong(word(0), b"0000-00-") | wrong(word(2), b"00-00-00") | wrong(word(11), b"00:00:00")) == 0;
    if !is_time || !(is_iso || line[10] == b' ') {
        return None;
    }
    let length = match line[19] {
        b' ' => 19,
        b'.' if wrong(word(20) | SIGN, b"000/0000") == 0 && matches!(line[23], b'+' | b'-') && line[28] == b' ' => 28,
        _ => return None,
    };
    let gap = if line.get(length + 1) == Some(&b' ') { 2 } else { 1 };
    let at = length + gap;
    let severity = match &word(at).to_le_bytes() {
        b"INFO    " => Severity::Info,
        b"WARNING " => Severity::Warning,
        b"ERROR   " => Severity::Error,
        _ => return None,
    };
    let code = word(at + 9);
    if wrong(code, b"GG-00000") != 0 || line.get(at + 8) != Some(&b'O') || line.get(at + 17..at + 19) != Some(b"  ") {
        return None;
    }
    let digit = |place: u32| (code >> (8 * place)) as u32 & 0xf;
    let code = digit(3) * 10_000 + digit(4) * 1_000 + digit(5) * 100 + digit(6) * 10 + digit(7);
    if code == 0 {
        return None;
    }
    let generation = if is_iso { Generation::Iso } else { Generation::Local };
    Some(Head { generation, severity, code, time: (0, length), body: at + 19 })
}

/// The bits that make a slash of either sign of a zone, in the fourth byte.
const SIGN: u64 = 0x06 << 24;

/// Returns 0 if eight bytes are digits where a form has zeros, and the same as the form elsewhere.
#[inline(always)]
fn wrong(bytes: u64, form: &[u8; 8]) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The distance from 128 to the first difference that is wrong: 10 for a digit, 1 for another byte.
    let distance = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x80 - 10 } else { 0x80 - 1 }));
    let difference = bytes ^ u64::from_le_bytes(*form);
    (((difference & !HIGH) + distance) | difference) & HIGH
}

/// Finds the start of another event inside a line: a time after a character that no time follows, with a severity or nothing after it.
fn glued(line: &[u8], head: Head) -> Option<usize> {
    let body = line.get(head.body..)?;
    // A second severity and code, or a time that ends the line: all else is text.
    let ends_with_time = body.len() > 19 && line.get(line.len() - 3) == Some(&b':') && line.get(line.len() - 6) == Some(&b':');
    if !ends_with_time && CODE.find(body).is_none() {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let mut from = 0;
    while let Some((_, range)) = Moment::find(text.get(from..)?) {
        let start = from + range.start;
        let after = text.get(from + range.end..)?.trim_start();
        let is_event = severity_of(after.as_bytes()).is_some();
        let is_cut = after.is_empty() && start > 0 && !text.get(..start)?.ends_with([' ', '\'', '"', '(']);
        if is_event || is_cut {
            return Some(head.body + start);
        }
        from += range.end;
    }
    None
}

/// Returns the severity at the start of a text, with its length.
fn severity_of(text: &[u8]) -> Option<(Severity, usize)> {
    let (severity, length) = match *text.first()? {
        b'I' if text.starts_with(b"INFO") => (Severity::Info, 4),
        b'W' if text.starts_with(b"WARNING") => (Severity::Warning, 7),
        b'W' if text.starts_with(b"WARN") => (Severity::Warning, 4),
        b'E' if text.starts_with(b"ERROR") => (Severity::Error, 5),
        b'F' if text.starts_with(b"FATAL") => (Severity::Error, 5),
        b'C' if text.starts_with(b"CRITICAL") => (Severity::Error, 8),
        b'D' if text.starts_with(b"DEBUG") => (Severity::Info, 5),
        b'T' if text.starts_with(b"TRACE") => (Severity::Info, 5),
        b'N' if text.starts_with(b"NOTICE") => (Severity::Info, 6),
        _ => return None,
    };
    matches!(text.get(length), Some(b' ' | b'\t' | b'|') | None).then_some((severity, length))
}

/// Returns the number of blanks at a place.
fn blanks(line: &[u8], at: usize) -> usize {
    line.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count())
}

/// Reads the head of a line, if it starts an event.
fn head(line: &[u8]) -> Option<Head> {
    // Nearly all lines: a time at the start.
    if line.get(4) == Some(&b'-') && line.get(13) == Some(&b':') && line.first().is_some_and(u8::is_ascii_digit) {
        let length = time_length(line)?;
        return after_time(line, 0, length);
    }
    other_head(line)
}

/// Returns the length of the time at the start of a line.
fn time_length(line: &[u8]) -> Option<usize> {
    let (seconds, rest) = line.split_at_checked(19)?;
    // Without branches for each digit: this runs on every line.
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' ' | b'T', h1, h2, b':', n1, n2, b':', s1, s2] = *seconds else {
        return None;
    };
    let digits = [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2];
    let is_time = digits.iter().fold(true, |all, digit| all & digit.is_ascii_digit());
    if !is_time {
        return None;
    }
    Some(19 + rest.iter().take_while(|byte| !matches!(byte, b' ' | b'\t' | b'|' | b'\n')).count())
}

/// Reads severity and code after the time.
fn after_time(line: &[u8], start: usize, length: usize) -> Option<Head> {
    let end = start + length;
    let at = end + blanks(line, end);
    let time = (start, length);
    let is_iso = line.get(start + 10) == Some(&b'T');
    if line.get(at) == Some(&b'|') {
        return piped(line, time, at);
    }
    let rest = line.get(at..)?;
    if let Some(rest) = rest.strip_prefix(b"GGS ") {
        let (severity, word) = severity_of(rest)?;
        let number = at + 4 + word + blanks(rest, word);
        let digits = line.get(number..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let code = line.get(number..number + digits).and_then(code_of)?;
        let body = number + digits;
        return Some(Head { generation: Generation::Ggs, severity, code, time, body: body + blanks(line, body).min(1) });
    }
    let (severity, word) = severity_of(rest)?;
    let word = at + word;
    let gap = blanks(line, word);
    if line.get(word + gap) == Some(&b'|') {
        return piped(line, time, at);
    }
    let generation = if is_iso { Generation::Iso } else { Generation::Local };
    Some(with_code(line, generation, severity, time, word + gap))
}

fn with_code(line: &[u8], generation: Generation, severity: Severity, time: (usize, usize), at: usize) -> Head {
    let code = line.get(at..at + 9).and_then(|text| text.strip_prefix(b"OGG-")).and_then(code_of).unwrap_or(0);
    let body = if code > 0 { at + 9 } else { at };
    Head { generation, severity, code, time, body: body + blanks(line, body).min(2) }
}

fn code_of(digits: &[u8]) -> Option<u32> {
    let value = digits.iter().try_fold(0u32, |sum, digit| {
        digit.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')))
    });
    value.filter(|_| !digits.is_empty())
}

/// Reads `| SEVERITY |`, and a logger after it.
fn piped(line: &[u8], time: (usize, usize), at: usize) -> Option<Head> {
    let at = if line.get(at) == Some(&b'|') { at + 1 } else { at };
    let at = at + blanks(line, at);
    let (severity, word) = severity_of(line.get(at..)?)?;
    let bar = at + word + blanks(line, at + word);
    (line.get(bar) == Some(&b'|')).then(|| {
        let text = bar + 1 + blanks(line, bar + 1);
        let mut head = with_code(line, Generation::Container, severity, time, text);
        // The code is followed by a colon there.
        if line.get(head.body) == Some(&b':') {
            head.body += 1 + blanks(line, head.body + 1);
        }
        head
    })
}

/// Reads the head of a line that does not start with a time: of a container, of syslog, or without a time.
fn other_head(line: &[u8]) -> Option<Head> {
    let start = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = line.get(start..)?;
    if let Some((severity, word)) = severity_of(rest) {
        let at = start + word + blanks(line, start + word);
        // Only with a code: prose may start with such a word.
        let head = with_code(line, Generation::Bare, severity, (0, 0), at);
        return (start == 0 && head.code > 0).then_some(head);
    }
    if start == 0 && rest.starts_with(b"Oracle GoldenGate ") && memchr::memmem::find(rest, b".prm: ").is_some() {
        return Some(Head { generation: Generation::Bare, severity: Severity::Unknown, code: 0, time: (0, 0), body: 0 });
    }
    if start > 0 {
        return None;
    }
    prefixed(line)
}

/// Finds the time after the name of a container, or after the head of syslog.
fn prefixed(line: &[u8]) -> Option<Head> {
    let is_container = memchr::memchr(b'|', line.get(..line.len().min(80))?);
    if let Some(bar) = is_container {
        let at = bar + 1 + blanks(line, bar + 1);
        let length = time_length(line.get(at..)?)?;
        return after_time(line, at, length);
    }
    // Syslog: `Jan 12 10:11:12 host program[17]: `, or `<13>1 time host program 17 - - `; then the line with or without its own time.
    let looks_like_syslog =
        line.first() == Some(&b'<') || (line.get(3) == Some(&b' ') && line.get(9) == Some(&b':') && line.get(12) == Some(&b':'));
    if !looks_like_syslog {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let code = text.find("OGG-")?;
    let before = text.get(..code)?.trim_end();
    let word = before.rfind([' ', ':', '\t']).map_or(0, |at| at + 1);
    let (severity, _) = severity_of(before.as_bytes().get(word..)?)?;
    let lead = before.get(..word)?;
    let time = Moment::find(lead).map_or((0, 0), |(_, range)| (range.start, range.len()));
    let generation = match lead.as_bytes().get(time.0 + 10) {
        _ if time.1 == 0 => Generation::Bare,
        Some(b'T') => Generation::Iso,
        _ => Generation::Local,
    };
    Some(with_code(line, generation, severity, time, code))
}

impl<'a> Event<'a> {
    /// Returns the severity.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.head.severity
    }

    /// Returns the number of the code: 1668 of `OGG-01668`.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        Some(self.head.code).filter(|code| *code > 0)
    }

    /// Returns the form of the line.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.head.generation
    }

    /// Returns the time.
    #[must_use]
    pub fn time(&self) -> Option<Moment> {
        let (start, length) = self.head.time;
        let text = self.raw.get(start..start + length).filter(|text| !text.is_empty())?;
        Moment::at_start_of(text).map(|(moment, _)| moment)
    }

    /// Returns the bytes of the event: its first line and the lines that belong to it.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Returns the text without the lines of other containers, and without the container's name before its own.
    fn own_lines<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.head.generation != Generation::Container || !text.contains('\n') {
            return Cow::Borrowed(text);
        }
        let name = self.raw.get(..self.head.time.0).map(String::from_utf8_lossy).unwrap_or_default();
        let (first, more) = text.split_once('\n').unwrap_or((text, ""));
        let own = more.lines().filter_map(|line| match line.split_once('|') {
            Some((_, rest)) if line.starts_with(&*name) => Some(rest.trim()),
            Some((other, _)) if !other.trim().contains(' ') => None,
            _ => Some(line),
        });
        Cow::Owned(std::iter::once(first).chain(own).collect::<Vec<_>>().join("\n"))
    }

    /// Returns the text before the time; of a line without its own time, before severity and code.
    fn lead(&self) -> Cow<'a, str> {
        let (start, length) = self.head.time;
        let end = if length > 0 { start } else { self.head.body };
        let lead = self.raw.get(..end).unwrap_or_default();
        if length == 0 && severity_of(lead).is_some() {
            return Cow::Borrowed("");
        }
        let text = String::from_utf8_lossy(lead);
        match text.find("OGG-").filter(|_| length == 0) {
            Some(code) => {
                let before = text.get(..code).unwrap_or("").trim_end();
                Cow::Owned(before.rsplit_once([' ', '\t']).map_or("", |(lead, _)| lead).trim_end().to_owned())
            }
            None => text,
        }
    }

    /// Returns the bytes of the text.
    fn body(&self) -> &'a [u8] {
        self.raw.get(self.head.body.min(self.raw.len())..).unwrap_or_default()
    }

    /// Returns the event with all its parts.
    #[must_use]
    pub fn record(&self) -> LogRecord {
        let body = self.body();
        let body = body.get(..body.len().min(LONGEST)).unwrap_or(body);
        let text = String::from_utf8_lossy(body).replace('\r', "");
        let text = self.own_lines(text.trim_end());
        let (program, text) = program_of(&text);
        let (mut role, mut database, mut group) = (None, None, None);
        if let Some(program) = program {
            let program = program.split_whitespace().collect::<Vec<_>>().join(" ");
            let (name, file) = program.split_once(',').map_or((program.as_str(), None), |(name, file)| (name, Some(file)));
            let name = name.trim_start_matches("Oracle ").trim_start_matches("GoldenGate").trim();
            let (own, base) = name.split_once(" for ").map_or((name, None), |(own, base)| (own, Some(base)));
            role = Some(kept(own));
            database = base.map(kept);
            group = file.map(|file| kept(file.trim().trim_end_matches(".prm")).to_uppercase());
        }
        let prefix = self.lead();
        if let (None, Some(at)) = (&role, prefix.find("Oracle GoldenGate ")) {
            // Syslog has the program before the severity.
            let program = prefix.get(at..).and_then(|text| text.split(['[', ':']).next()).unwrap_or("");
            let (name, file) = program.split_once(',').map_or((program, None), |(name, file)| (name, Some(file)));
            let name = name.trim_start_matches("Oracle GoldenGate ");
            role = Some(kept(name.split(" for ").next().unwrap_or(name)));
            database = name.split_once(" for ").map(|(_, base)| kept(base));
            group = file.map(|file| kept(file.trim().trim_end_matches(".prm")).to_uppercase());
        }
        let source = Some(prefix.trim_end_matches([' ', '|', '\t', ':'])).filter(|prefix| !prefix.is_empty()).map(kept);
        let mut code = self.code();
        let mut text = text.trim();
        if let Some(rest) = text.strip_prefix("OGG-").filter(|_| code.is_none()) {
            // A container's line has the code in its text.
            if let Some((number, after)) = rest.split_once(':') {
                code = code_of(number.as_bytes());
                text = if code.is_some() { after.trim() } else { text };
            }
        }
        LogRecord {
            place: self.place,
            generation: self.head.generation,
            time: self.time(),
            severity: self.head.severity,
            code: code.map(|code| match self.head.generation {
                Generation::Ggs => format!("GGS-{code}"),
                _ => format!("OGG-{code:05}"),
            }),
            role,
            database,
            group,
            source,
            text: crate::config::masked_message(text),
            times: 1,
            torn: self.is_torn,
            assumed: false,
        }
    }
}

/// Splits the program from the text after it.
fn program_of(text: &str) -> (Option<&str>, &str) {
    let starts = text.trim_start();
    if !starts.starts_with("Oracle GoldenGate ") && !starts.starts_with("GoldenGate ") {
        return (None, text);
    }
    let end = starts.find(": ").or_else(|| starts.find(":\n")).or_else(|| starts.ends_with(':').then(|| starts.len() - 1));
    match end.and_then(|end| Some((starts.get(..end)?, starts.get(end + 1..)?))) {
        Some((program, rest)) if program.len() < 200 => (Some(program), rest),
        _ => (None, text),
    }
}

/// Reads a log.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> Log {
    let mut log = Log::default();
    let mut events = Events::new(bytes);
    for event in events.by_ref() {
        let mut record = event.record();
        if record.torn {
            faults.add(record.place, FaultKind::Torn, "");
        }
        if event.head.time.1 > 0 && record.time.is_none() {
            faults.add(record.place, FaultKind::NotATime, "time");
        }
        if event.body().len() > LONGEST {
            faults.add(record.place, FaultKind::Truncated, "message");
        }
        if std::str::from_utf8(event.raw).is_err() {
            faults.add(record.place, FaultKind::NotText, "");
        }
        let before = log.events.last();
        if event.more > 0 && before.is_some_and(|before| (&before.role, &before.group) != (&record.role, &record.group)) {
            record.assumed = true;
            faults.add(record.place, FaultKind::Assumed, "continuation");
        }
        if record.code.as_deref() == Some("OGG-01971") {
            repeat(&mut log.events, &record);
        }
        if matches!(event.code(), Some(947 | 948 | 2953)) {
            log.lags.extend(logged_lag(&record));
        }
        log.events.push(record);
    }
    log.lines_before = events.lines_before();
    for event in &log.events {
        let name = event.code.clone().unwrap_or_else(|| "none".to_owned());
        *log.counts.entry(format!("{:?} {name}", event.severity).to_uppercase()).or_default() += event.times;
    }
    log
}

/// Adds repeats to the message that they belong to: "The previous message, 'INFO OGG-01021', repeated 1 times."
fn repeat(events: &mut [LogRecord], of: &LogRecord) {
    let Some(times) = of.text.split(" repeated ").nth(1).and_then(|rest| number::whole(rest.split(' ').next()?).ok()) else {
        return;
    };
    let named = of.text.split('\'').nth(1).and_then(|quoted| quoted.split_whitespace().last());
    let is_it = |event: &&mut LogRecord| event.group == of.group && named.is_none_or(|code| event.code.as_deref() == Some(code));
    if let Some(event) = events.iter_mut().rev().take(1_000).find(is_it) {
        event.times = event.times.saturating_add(times);
    }
}

/// Reads "Lag for EXTRACT X is 01:35:27 (checkpoint updated 00:00:04 ago)".
fn logged_lag(record: &LogRecord) -> Option<LoggedLag> {
    let mut words = record.text.split_whitespace().skip_while(|word| !matches!(*word, "EXTRACT" | "REPLICAT")).skip(1);
    let group = words.next()?.to_owned();
    let mut clocks = record.text.split([' ', '(', ')']).filter_map(number::clock);
    Some(LoggedLag { place: record.place, time: record.time, group, lag: clocks.next()?, since: clocks.next() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Log, Faults) {
        let mut faults = Faults::default();
        let log = read(text.as_bytes(), &mut faults);
        (log, faults)
    }

    #[test]
    fn the_form_is_decided_for_each_line() {
        let (log, faults) = of("left over\n\
            2024-03-01 10:00:00  INFO    OGG-00975  Oracle GoldenGate Manager for Oracle, mgr.prm:  EXTRACT E1 starting.\n\
            2024-03-01T10:00:01.250+0100  WARNING OGG-01842  Oracle GoldenGate Capture for Oracle, e1.prm:  CACHESIZE LOW\n    vm found: 2G\n\
            2011-03-11 10:41:11 GGS ERROR 501 GoldenGate Capture for Oracle,\ne1.prm: Extract read, error 13.\n\
            ogg23  | 2025-09-07T17:25:25.889Z | INFO    |   OGG-12043: The service is restarting.\n\
            ERROR   OGG-01668  PROCESS ABENDING.\n\
            Mar  1 10:00:02 hostA ogg[17]: 2024-03-01 10:00:02  WARNING OGG-00947  Oracle GoldenGate Manager for Oracle, mgr.prm:  Lag for EXTRACT E1 is 101:35:27 (checkpoint updated 00:00:04 ago).\n");
        let shown: Vec<_> = log
            .events
            .iter()
            .map(|event| (event.generation, event.code.as_deref().unwrap_or(""), event.group.as_deref().unwrap_or("")))
            .collect();
        assert_eq!(
            shown,
            [
                (Generation::Local, "OGG-00975", "MGR"),
                (Generation::Iso, "OGG-01842", "E1"),
                (Generation::Ggs, "GGS-501", "E1"),
                (Generation::Container, "OGG-12043", ""),
                (Generation::Bare, "OGG-01668", ""),
                (Generation::Local, "OGG-00947", "MGR"),
            ]
        );
        assert_eq!(log.lines_before, 1);
        assert_eq!(log.events[1].text, "CACHESIZE LOW\n    vm found: 2G");
        assert_eq!(log.events[1].time.unwrap().to_string(), "2024-03-01T10:00:01.250000+01:00");
        assert_eq!((log.events[1].assumed, faults.of(FaultKind::Assumed)), (true, 1));
        assert_eq!(log.events[3].source.as_deref(), Some("ogg23"));
        assert_eq!((log.lags[0].group.as_str(), log.lags[0].lag, log.lags[0].since), ("E1", 365_727_000, Some(4_000)));
        assert!(log.events[5].source.as_deref().unwrap().contains("hostA"));
    }

    #[test]
    fn the_quick_way_gives_the_same_heads() {
        let lines = [
            "2024-03-01T10:00:01.250+0100  INFO    OGG-02756  Oracle GoldenGate Delivery for Oracle, r001.prm:  The definition.",
            "2024-03-01 10:00:02  WARNING OGG-06439  Oracle GoldenGate Capture for Oracle, e001.prm:  No unique key is defined.",
            "2024-03-01 10:00:03 ERROR   OGG-01668  Oracle GoldenGate Delivery for Oracle, r001.prm:  PROCESS ABENDING. Again.",
        ];
        let mut quick = 0;
        for line in lines {
            assert!(quick_head(line.as_bytes()).is_some(), "{line}");
            for (at, byte) in (0..USUAL).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut bytes = line.as_bytes().to_vec();
                bytes[at] = byte;
                let Some(found) = quick_head(&bytes) else { continue };
                quick += 1;
                let length = memchr::memchr(b'\n', &bytes).unwrap_or(bytes.len());
                let other = head(&bytes[..length]).unwrap();
                let parts = |head: Head| (head.generation, head.severity, head.code, head.time, head.body);
                assert_eq!(parts(found), parts(other), "{at} {byte}");
            }
        }
        assert!(quick > 1_000);
    }

    #[test]
    fn syslog_without_a_time_of_its_own() {
        let (log, _) =
            of("Dec 13 10:11:37 hosta Oracle GoldenGate Capture for Oracle,e1.prm[2345]: ERROR   OGG-01668  PROCESS ABENDING.\n");
        let event = &log.events[0];
        assert_eq!((event.severity, event.code.as_deref(), event.time), (Severity::Error, Some("OGG-01668"), None));
        assert_eq!(
            (event.role.as_deref(), event.group.as_deref(), event.text.as_str()),
            (Some("Capture"), Some("E1"), "PROCESS ABENDING.")
        );
        assert!(event.source.as_deref().unwrap().contains("hosta"));
    }

    #[test]
    fn a_torn_line_costs_itself_only() {
        let line = "2014-09-10 01:29:24  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (gg): add exttrail";
        let next = "2014-09-10 02:24:03  INFO    OGG-00983  Oracle GoldenGate Manager for Oracle, mgr.prm:  Manager started (port 7809).";
        for text in [format!("{next}\n{line}{next}\n{next}\n"), format!("{next}\n{line}2014-09-10 02:24:03\n{next}\n")] {
            let (log, faults) = of(&text);
            assert_eq!(faults.of(FaultKind::Torn), 1);
            assert!(log.events[1].torn && log.events[1].text.ends_with("add exttrail"), "{log:?}");
            assert_eq!(
                log.events.iter().filter(|event| event.code.as_deref() == Some("OGG-00983")).count(),
                text.matches("OGG-00983").count()
            );
            assert_eq!(log.events.last().unwrap().place.line, 3);
        }
    }

    #[test]
    fn repeats_are_counted_with_their_message() {
        let (log, _) = of("2018-08-05 22:15:33  INFO    OGG-01021  Command received from GGSCI: STATS.\n\
            2018-08-05 22:16:03  INFO    OGG-01971  The previous message, 'INFO OGG-01021', repeated 3 times.\n");
        assert_eq!(log.events[0].times, 4);
        assert_eq!(log.counts["INFO OGG-01021"], 4);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read(&bytes, &mut Faults::default());
        }

        #[test]
        fn pieces_of_lines_never_panic(parts in proptest::collection::vec(proptest::sample::select(vec![
            "2014-09-10 01:29:24", "2018-11-03T17:18:08.892+0900", "  INFO    ", "OGG-00987", "  ", "GGS ", "| ", "\n", "Oracle GoldenGate Capture", ", x.prm: ", "é", "OGG-01971", "repeated 3 times",
        ]), 0..40)) {
            let text = parts.concat();
            let log = read(text.as_bytes(), &mut Faults::default());
            for pair in log.events.windows(2) {
                proptest::prop_assert!(pair[0].place < pair[1].place);
            }
            // The way of nearly all lines finds what the other one does.
            let mut rest = text.as_bytes();
            while let Some(quick) = quick_head(rest) {
                let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let (line, (length, has_dash)) = (&rest[..end], line_length(rest, quick.body));
                proptest::prop_assert_eq!(format!("{:?}", head(line)), format!("{:?}", Some(quick)));
                proptest::prop_assert!(length == end && (has_dash || glued(line, quick).is_none()));
                rest = rest.get(end + 1..).unwrap_or_default();
            }
        }
    }
}
