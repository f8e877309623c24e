//! Errors and lints in the text of a filter: position, what was expected, and what to write instead.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::filter::syntax::source::{SourceText, floor};

/// A range of the text, in bytes. All spans compare equal, because syntax trees compare by content and not by position.
#[derive(Clone, Copy, Debug, Default, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// The kind of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// The text does not follow the grammar.
    Syntax,
    /// Typographic quotes, which GoldenGate does not accept.
    CurlyQuotes,
    /// `IN`, `LIKE`, `BETWEEN`, `NOT` or `IS`, which the language does not have.
    ForeignOperator,
    /// Text compared in FILTER, which compares numbers.
    TextInFilter,
    /// AND and OR mixed without parentheses. Their precedence is not documented; AND binds tighter here.
    MixedAndOr,
    /// A column that may be NULL is compared without a test before it.
    UnguardedColumn,
    /// A function with too few or too many arguments.
    Arity,
    /// A literal in the quotes of a column name, or vice versa.
    QuoteMixUp,
    /// An unknown function, column or option.
    UnknownName,
    /// An invalid argument.
    Argument,
    /// Something that needs a running GoldenGate process or a database.
    NotAvailable,
    /// Something that has no effect when reading trails.
    NotApplicable,
    /// Types that cannot be compared.
    Type,
    /// Text that is too long or nested too deeply.
    TooLarge,
}

/// One diagnostic: an error, or a lint, which leaves the filter usable.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub(crate) kind: DiagnosticKind,
    pub(crate) is_error: bool,
    pub(crate) number: Option<u32>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) span: Span,
}

impl Diagnostic {
    pub(crate) fn error(kind: DiagnosticKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, is_error: true, number: None, message: clipped(message.into()), help: None, span }
    }

    pub(crate) fn lint(kind: DiagnosticKind, span: Span, message: impl Into<String>) -> Self {
        Self { is_error: false, ..Self::error(kind, span, message) }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(clipped(help.into())), ..self }
    }

    /// Sets the number of GoldenGate's own message.
    pub(crate) fn ogg(self, number: u32) -> Self {
        Self { number: Some(number), ..self }
    }

    /// Returns its kind.
    #[must_use]
    pub fn kind(&self) -> DiagnosticKind {
        self.kind
    }

    /// Returns `true` for an error, which makes the filter unusable, and `false` for a lint.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.is_error
    }

    /// Returns the number of GoldenGate's own message (`OGG-00370` is 370), if one is known.
    #[must_use]
    pub fn ogg_number(&self) -> Option<u32> {
        self.number
    }

    /// Returns the message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to write instead, if there is a suggestion.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Returns its range in the text after macros and included files, in bytes.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.span.start..self.span.end
    }
}

/// All diagnostics of a text. At least one is an error.
///
/// `Display` shows each with its line and a caret under the position:
///
/// ```
/// let error = trailcore::filter::Select::parse("TABLE HR.EMP, FILTER (@STREQ (DEPT, 'SALES');").unwrap_err();
/// let text = error.to_string();
/// assert!(text.contains("OGG-00370") && text.contains("^"), "{text}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostics {
    source: SourceText,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn new(source: impl Into<SourceText>, list: Vec<Diagnostic>) -> Self {
        Self { source: source.into(), list }
    }

    /// Returns all diagnostics, in the order in which they were found.
    #[must_use]
    pub fn all(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Returns only the errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|diagnostic| diagnostic.is_error)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().take(MOST_SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write_diagnostic(f, &self.source, diagnostic)?;
        }
        match self.list.len().checked_sub(MOST_SHOWN) {
            Some(more @ 1..) => write!(f, "\nand {more} more"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::new(ErrorKind::Filter, diagnostics.to_string()).with_more(diagnostics)
    }
}

impl Error {
    /// Returns the diagnostics of a filter text, if this error comes from parsing or binding a filter.
    ///
    /// ```
    /// # let file = std::env::temp_dir().join(format!("trailcore-{}.prm", std::process::id()));
    /// std::fs::write(&file, "TABLE HR.EMP, FILTER (SALARY >);")?;
    /// let error = trailcore::filter::Select::from_file(&file).unwrap_err();
    /// assert!(error.diagnostics().unwrap().all()[0].range().start > 0);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        self.more()
    }
}

/// Maximum number of diagnostics shown. Finding the line of each one scans the text.
const MOST_SHOWN: usize = 100;
/// Maximum length of a message in bytes. A name in it may be as long as the text.
const MESSAGE: usize = 400;

fn clipped(mut message: String) -> String {
    if message.len() > MESSAGE {
        message.truncate(floor(&message, MESSAGE));
        message.push('…');
    }
    message
}

/// Maximum number of characters shown of a line.
const SHOWN: usize = 120;

fn write_diagnostic(f: &mut fmt::Formatter<'_>, text: &SourceText, diagnostic: &Diagnostic) -> fmt::Result {
    let source = text.text();
    let start = floor(source, diagnostic.span.start);
    let line_start = source.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = source.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let column = source.get(line_start..start).map_or(0, |before| before.chars().count());
    f.write_str(if diagnostic.is_error { "error" } else { "lint" })?;
    if let Some(number) = diagnostic.number {
        write!(f, " OGG-{number:05}")?;
    }
    write!(f, ": {}", diagnostic.message)?;
    if !source.is_empty() {
        // Show only the part of a very long line around the position.
        let first = column.saturating_sub(SHOWN / 2);
        let shown: String = line.chars().skip(first).take(SHOWN).map(|c| if c == '\t' { ' ' } else { c }).collect();
        let end = floor(source, diagnostic.span.end.max(start));
        let width = source.get(start..end).map_or(1, |place| place.lines().next().unwrap_or_default().chars().count());
        let width = width.clamp(1, (SHOWN + first).saturating_sub(column).max(1));
        let blank = " ".repeat(column - first);
        write!(f, "\n  {}\n  | {shown}\n  | {blank}{}", text.place(start), "^".repeat(width))?;
    }
    if let Some(help) = &diagnostic.help {
        write!(f, "\n  = {help}")?;
    }
    Ok(())
}

/// Returns the name that is most similar to a misspelt one, if any is similar enough: for messages such as "did you mean AMOUNT?".
///
/// ```
/// assert_eq!(trailcore::filter::nearest("AMUONT", ["ID", "AMOUNT"]), Some("AMOUNT"));
/// ```
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.chars().take(64).flat_map(char::to_uppercase).collect();
    let limit = 1 + wanted.len() / 4;
    names
        .into_iter()
        .map(|name| (distance(&wanted, &name.chars().take(64).flat_map(char::to_uppercase).collect::<Vec<_>>()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns whether a word is another one with a slip: two letters are swapped, or at most one in four is wrong, and two in all.
pub(crate) fn is_misspelt(word: &str, of: &str) -> bool {
    let upper = |text: &str| text.chars().take(64).flat_map(char::to_uppercase).collect::<Vec<_>>();
    let sorted = |mut letters: Vec<char>| {
        letters.sort_unstable();
        letters
    };
    let (word, of) = (upper(word), upper(of));
    let steps = distance(&word, &of);
    steps <= (word.len() / 4).min(2) || (steps == 2 && word.len() > 3 && sorted(word) == sorted(of))
}

/// Returns the edit distance (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        assert_eq!(nearest("STRFND", ["STREQ", "STRFIND", "STRCAT"]), Some("STRFIND"));
        assert_eq!(nearest("amuont", ["BALANCE", "AMOUNT"]), Some("AMOUNT"));
        assert_eq!(nearest("XYZ", ["BALANCE"]), None);
    }

    #[test]
    fn carets_stand_under_the_place() {
        let list = vec![Diagnostic::error(DiagnosticKind::Syntax, Span::new(9, 11), "odd").help("even")];
        let text = Diagnostics::new("first\n你好 xy z", list).to_string();
        assert_eq!(text, "error: odd\n  line 2, column 2\n  | 你好 xy z\n  |  ^\n  = even");
    }
}
