//! The lines of a transcript, and the forms that all its sections share.

use crate::fault::Faults;
use crate::moment::Moment;
use crate::read::lines::{Line, Lines, kept};

/// The lines of a transcript, with a place to read on.
pub(crate) struct Scan<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    /// Returns whether a line starts a section.
    starts: fn(&str) -> bool,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(bytes: &'a [u8], starts: fn(&str) -> bool, faults: &mut Faults) -> Self {
        Self { lines: Lines::all(bytes, faults), at: 0, starts }
    }

    /// Returns the line that is next.
    pub(crate) fn peek(&self) -> Option<&Line<'a>> {
        self.lines.get(self.at)
    }

    /// Returns the line that is `after` lines after the next one.
    pub(crate) fn ahead(&self, after: usize) -> Option<&Line<'a>> {
        self.lines.get(self.at + after)
    }

    pub(crate) fn take(&mut self) -> Option<Line<'a>> {
        let line = self.lines.get(self.at).cloned()?;
        self.at += 1;
        Some(line)
    }

    pub(crate) fn skip(&mut self) {
        self.at += 1;
    }

    /// Returns the next line, if it continues a section: it is no prompt and starts no other section.
    pub(crate) fn inside(&self) -> Option<&Line<'a>> {
        self.peek().filter(|line| prompt(&line.text).is_none() && !(self.starts)(&line.text))
    }
}

/// Returns context and command of a line that starts with a prompt.
pub(crate) fn prompt(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim_start();
    let rest =
        text.strip_prefix("GGSCI").or_else(|| text.strip_prefix("OGG").filter(|rest| rest.trim_start().starts_with('(')))?;
    let (head, command) = match rest.find(")").map(|end| end + 1) {
        Some(end) if rest.trim_start().starts_with('(') => {
            let after = rest.get(end..)?.find('>')? + end;
            (rest.get(..after)?, rest.get(after + 1..)?)
        }
        _ => rest.split_once('>')?,
    };
    let number = head.rsplit(')').next()?.trim();
    let context = head.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(context, _)| context.trim());
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((context, command.trim()))
}

/// Returns whether a line is only a ruler.
pub(crate) fn is_ruler(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| matches!(sign, '-' | '=' | '_' | '*' | ' ' | '`'))
}

/// Returns a line with single blanks and its secrets masked.
pub(crate) fn masked(text: &str) -> String {
    kept(&crate::config::masked(text).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Reads the time in a text as a value of a section.
pub(crate) fn time_in(text: &str) -> Option<Moment> {
    Moment::find(text).map(|(moment, _)| moment)
}
