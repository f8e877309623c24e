//! Splits a parameter file into its statements without loss, also if it has errors. See docs/filter.md, section 4.

use std::ops::Range;

use crate::filter::syntax::comments;
use crate::filter::syntax::lexer::{continuation, is_name_char, quoted_length, quoted_on_line, take_while};
use crate::filter::syntax::macros::end_of_body;
use crate::filter::syntax::words::is_option;

/// Faults after which the rest of a text is one piece: it is no parameter file.
const MOST_FAULTS: usize = 100;

/// The form of a statement, by its keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It ends with its line.
    Line,
    /// It has no arguments; another statement may follow on its line.
    Word,
    /// It ends with `;`.
    Statement,
    /// The keyword is unknown.
    Unknown,
}

/// The kind of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// Blanks and line breaks.
    Blank,
    /// A comment, `--` or COMMENT.
    Comment,
    /// A parameter that ends with its line.
    Parameter,
    /// A statement that ends with `;`.
    Statement,
    /// A definition of a macro.
    Macro,
    /// A call of a macro.
    Call,
}

/// The kind of an error in the form of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceFaultKind {
    /// `;` is missing.
    Semicolon,
    /// A parenthesis is not closed, or not open.
    Parenthesis,
    /// A quote is not closed.
    Quote,
    /// A macro has no END.
    MacroEnd,
    /// A comma ends the line, and the parameter continues on the next one without `&`.
    Continuation,
    /// A comment follows `&`.
    Ampersand,
}

/// An error in the form of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceFault {
    /// The kind.
    pub kind: PieceFaultKind,
    /// The position at which it began, in bytes.
    pub at: usize,
}

/// A piece of a parameter file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The kind.
    pub kind: PieceKind,
    /// Its bytes.
    pub range: Range<usize>,
    /// The bytes of its keyword; empty if it has none.
    pub keyword: Range<usize>,
    /// The first error in its form.
    pub fault: Option<PieceFault>,
}

/// A parameter file as pieces. The pieces follow each other without gaps: joined, they are the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The text with the contents of its comments blanked. Positions are those of the text.
    pub plain: String,
    /// The pieces.
    pub pieces: Vec<Piece>,
}

impl Outline {
    /// Returns the words of a piece after its keyword: words, quoted texts, commas, parentheses and `;`, without comments and
    /// continuations.
    ///
    /// ```
    /// use trailcore::filter::{Form, outline};
    /// let text = "RMTHOST gg2, MGRPORT 7809 -- new";
    /// let outline = outline(text, &|_| Form::Line);
    /// let words: Vec<_> = outline.words(&outline.pieces[0]).into_iter().map(|range| &text[range]).collect();
    /// assert_eq!(words, ["gg2", ",", "MGRPORT", "7809"]);
    /// ```
    #[must_use]
    pub fn words(&self, piece: &Piece) -> Vec<Range<usize>> {
        let (mut words, mut at, mut start) = (Vec::new(), piece.keyword.end, None);
        while let Some(rest) = self.plain.get(at..piece.range.end).filter(|rest| !rest.is_empty()) {
            let Some(c) = rest.chars().next() else { break };
            let (length, is_word) = match c {
                '-' if rest.starts_with("--") && start.is_none() => (take_while(rest, |c| c != '\n').len(), false),
                '&' if continuation(rest).is_some() => (1, false),
                '\'' | '"' => (quoted_length(rest).unwrap_or(rest.len()), true),
                ',' | '(' | ')' | ';' => (1, false),
                _ => (c.len_utf8(), !c.is_whitespace()),
            };
            match (is_word, start) {
                (true, None) => start = Some(at),
                (false, Some(began)) => {
                    words.push(began..at);
                    start = None;
                }
                _ => {}
            }
            if matches!(c, ',' | '(' | ')' | ';') {
                words.push(at..at + 1);
            }
            at += length;
        }
        words.extend(start.map(|began| began..at.min(piece.range.end)));
        words
    }
}

/// Splits a parameter file into pieces. `form` returns the form of a keyword in upper case.
///
/// ```
/// use trailcore::filter::{Form, PieceKind, outline};
/// let form = |word: &str| if word == "TABLE" { Form::Statement } else { Form::Line };
/// let text = "EXTTRAIL ./dirdat/aa -- local\nTABLE HR.EMP,\n  COLS (ID);\n";
/// let outline = outline(text, &form);
/// assert_eq!(outline.pieces[0].kind, PieceKind::Parameter);
/// assert_eq!(outline.pieces.iter().map(|piece| &text[piece.range.clone()]).collect::<String>(), text);
/// ```
#[must_use]
pub fn outline(text: &str, form: &dyn Fn(&str) -> Form) -> Outline {
    let plain = comments::blanked(text).into_owned();
    let mut scan = Scan { text, plain, at: 0, form, pieces: Vec::new(), faults: 0 };
    while scan.at < scan.plain.len() {
        scan.piece();
    }
    Outline { plain: scan.plain, pieces: scan.pieces }
}

struct Scan<'a> {
    text: &'a str,
    plain: String,
    at: usize,
    form: &'a dyn Fn(&str) -> Form,
    pieces: Vec<Piece>,
    faults: usize,
}

/// The state within one piece.
#[derive(Default)]
struct Inside {
    start: usize,
    open: Vec<usize>,
    /// The first parenthesis that closes at once, outside of others: the clause that it was meant to have may follow it.
    empty: Option<usize>,
    fault: Option<PieceFault>,
    /// The last character that is not blank.
    last: Option<(usize, char)>,
}

impl Inside {
    fn fault(&mut self, kind: PieceFaultKind, at: usize) {
        self.fault.get_or_insert(PieceFault { kind, at });
    }

    fn parenthesis(&mut self, c: char, at: usize) {
        match c {
            '(' => self.open.push(at),
            ')' => match self.open.pop() {
                Some(open) if self.open.is_empty() && self.last == Some((open, '(')) => drop(self.empty.get_or_insert(open)),
                Some(_) => {}
                // The mistake began where an empty clause was closed too early.
                None => self.fault(PieceFaultKind::Parenthesis, self.empty.unwrap_or(at)),
            },
            _ => {}
        }
    }

    /// Closes the piece: a parenthesis that is still open is an error at its place.
    fn close(&mut self, otherwise: Option<PieceFaultKind>) {
        match (self.open.first().copied(), otherwise) {
            (Some(at), _) => self.fault(PieceFaultKind::Parenthesis, at),
            (None, Some(kind)) => self.fault(kind, self.start),
            (None, None) => {}
        }
    }
}

impl Scan<'_> {
    fn after(&self, at: usize) -> &str {
        self.plain.get(at..).unwrap_or_default()
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.after(at).chars().next()
    }

    fn word_at(&self, at: usize) -> &str {
        take_while(self.after(at), is_name_char)
    }

    fn form_at(&self, at: usize) -> Form {
        let word = self.word_at(at).to_ascii_uppercase();
        match &*word {
            "" => Form::Unknown,
            "MACRO" => Form::Statement,
            _ => (self.form)(&word),
        }
    }

    fn push(&mut self, kind: PieceKind, end: usize, keyword: usize, fault: Option<PieceFault>) {
        let start = self.at;
        let end = end.max(start + 1).min(self.plain.len());
        let end = (end..=self.plain.len()).find(|at| self.plain.is_char_boundary(*at)).unwrap_or(end);
        self.pieces.push(Piece { kind, range: start..end, keyword: start..(start + keyword).min(end), fault });
        self.at = end;
        if let Some(fault) = fault {
            self.faults += 1;
            if fault.kind == PieceFaultKind::Quote {
                self.comments_again();
            }
        }
    }

    /// Finds the comments of the rest again: a quote that is not closed has hidden them.
    fn comments_again(&mut self) {
        let rest = comments::blanked(self.text.get(self.at..).unwrap_or_default()).into_owned();
        self.plain.truncate(self.at);
        self.plain.push_str(&rest);
    }

    fn piece(&mut self) {
        let rest = self.after(self.at);
        let Some(c) = rest.chars().next() else { return };
        if self.faults >= MOST_FAULTS {
            return self.push(PieceKind::Parameter, self.plain.len(), 0, None);
        }
        let blanks = take_while(rest, |c| c.is_whitespace() || c == ';').len();
        let line = self.at + take_while(rest, |c| c != '\n').len();
        match c {
            _ if blanks > 0 => self.push(PieceKind::Blank, self.at + blanks, 0, None),
            '-' if rest.starts_with("--") => self.push(PieceKind::Comment, line, 0, None),
            '#' => self.call(),
            _ => match (self.word_at(self.at).to_ascii_uppercase().as_str(), self.form_at(self.at)) {
                ("MACRO", _) => self.definition(),
                (_, Form::Statement) => self.statement(),
                (word, Form::Word) => {
                    let length = word.len();
                    let next = self.at + length + take_while(self.after(self.at + length), |c| c == ' ' || c == '\t').len();
                    if self.form_at(next) == Form::Unknown {
                        return self.parameter();
                    }
                    self.push(PieceKind::Parameter, self.at + length, length, None);
                }
                _ => self.parameter(),
            },
        }
    }

    fn definition(&mut self) {
        let (start, keyword) = (self.at, "MACRO".len());
        let body = start + keyword;
        let next = self.line_starts(body).find(|at| self.word_at(*at).eq_ignore_ascii_case("MACRO"));
        let end = end_of_body(self.after(body)).map(|end| body + end + 3).filter(|end| next.is_none_or(|next| *end < next));
        match end {
            Some(end) => {
                let blanks = take_while(self.after(end), char::is_whitespace).len();
                let end = if self.after(end + blanks).starts_with(';') { end + blanks + 1 } else { end };
                self.push(PieceKind::Macro, end, keyword, None);
            }
            None => {
                let fault = PieceFault { kind: PieceFaultKind::MacroEnd, at: start };
                self.push(PieceKind::Macro, next.unwrap_or(self.plain.len()), keyword, Some(fault));
            }
        }
    }

    /// Returns the positions of the first words of the lines after a position.
    fn line_starts(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        line_starts(self.after(from)).map(move |at| from + at)
    }

    fn call(&mut self) {
        let name = 1 + take_while(self.after(self.at + 1), |c| is_name_char(c) || c == '-').len();
        let mut inside = Inside { start: self.at, ..Inside::default() };
        let mut at = self.at + name;
        let blanks = take_while(self.after(at), char::is_whitespace).len();
        if self.after(at + blanks).starts_with('(') {
            at += blanks;
            while let Some(c) = self.char_at(at) {
                inside.parenthesis(c, at);
                let quoted = if matches!(c, '\'' | '"') { quoted_on_line(self.after(at)) } else { None };
                at += quoted.unwrap_or(c.len_utf8());
                if inside.open.is_empty() || self.starts_statement(at) {
                    break;
                }
            }
            inside.close(None);
        } else {
            at += take_while(self.after(at), |c| c != '\n' && c != ';').len();
        }
        if self.char_at(at) == Some(';') {
            at += 1;
        }
        self.push(PieceKind::Call, at, name, inside.fault);
    }

    /// Returns whether a line starts here with a statement that ends with `;`, and not with a column of that name.
    fn starts_statement(&self, at: usize) -> bool {
        let line = self.plain.get(..at).unwrap_or_default().trim_end_matches([' ', '\t']);
        if !line.ends_with('\n') || self.form_at(at) != Form::Statement {
            return false;
        }
        let word = self.word_at(at);
        let after = self.after(at + word.len());
        let next = after.trim_start_matches([' ', '\t']);
        after.len() != next.len() && next.starts_with(|c: char| is_name_char(c) || matches!(c, '*' | '"' | '?'))
    }

    fn statement(&mut self) {
        let keyword = self.word_at(self.at).len();
        let mut inside = Inside { start: self.at, ..Inside::default() };
        let mut at = self.at + keyword;
        loop {
            let Some(c) = self.char_at(at) else {
                inside.close(Some(PieceFaultKind::Semicolon));
                break;
            };
            match c {
                ';' => {
                    inside.close(None);
                    at += 1;
                    break;
                }
                '-' if self.after(at).starts_with("--") => {
                    at += take_while(self.after(at), |c| c != '\n').len();
                    continue;
                }
                '\'' | '"' => match self.quoted(at) {
                    Some(length) => {
                        inside.last = Some((at, c));
                        at += length;
                        continue;
                    }
                    None => {
                        let began = self.odd_quote(inside.start, at);
                        inside.fault(PieceFaultKind::Quote, began);
                        at = self.resume(began);
                        break;
                    }
                },
                '\n' => {
                    let next = at + 1 + take_while(self.after(at + 1), |c| c == ' ' || c == '\t').len();
                    if self.ends_before(next, &inside) {
                        inside.close(Some(PieceFaultKind::Semicolon));
                        break;
                    }
                }
                _ => {
                    let known = inside.empty;
                    inside.parenthesis(c, at);
                    // A call of a macro may have no arguments.
                    if inside.empty != known {
                        inside.empty = inside.empty.filter(|open| !self.is_call(*open));
                    }
                }
            }
            if !c.is_whitespace() {
                inside.last = Some((at, c));
            }
            at += c.len_utf8();
        }
        self.push(PieceKind::Statement, at, keyword, inside.fault);
    }

    /// Returns whether a parenthesis has the arguments of a macro.
    fn is_call(&self, open: usize) -> bool {
        let before = self.plain.get(..open).unwrap_or_default().trim_end();
        let name = before.rsplit(|c: char| !(is_name_char(c) || c == '-' || c == '#')).next();
        name.is_some_and(|name| name.starts_with('#'))
    }

    /// Returns whether a line starts with a keyword that cannot be inside a statement: the `;` before it is missing.
    fn ends_before(&self, next: usize, inside: &Inside) -> bool {
        if self.starts_statement(next) {
            return true;
        }
        let continues = matches!(inside.last, Some((_, ',' | '&' | '=' | '(')));
        let word = self.word_at(next).to_ascii_uppercase();
        let after = self.after(next + word.len()).trim_start_matches([' ', '\t']);
        let is_column = after.starts_with(['=', ',', ')', '.']);
        let is_parameter = !matches!(self.form_at(next), Form::Unknown) && !is_option(&word);
        is_parameter && inside.open.is_empty() && !continues && !is_column
    }

    /// Returns the length of a quoted text inside a statement; `None` if it has no end before the next statement.
    fn quoted(&self, at: usize) -> Option<usize> {
        let length = quoted_length(self.after(at))?;
        // SQL may have a `;` at the end of a line, but not one that closes what is open outside of the quote.
        let text = self.plain.get(at..at + length).unwrap_or_default();
        let crosses = line_starts(text).any(|next| self.starts_statement(at + next));
        let ends = text
            .split_once('\n')
            .is_some_and(|(line, _)| line.trim_end().ends_with(';') && line.matches(')').count() > line.matches('(').count());
        (!crosses && !ends).then_some(length)
    }

    /// Returns the quote that is not closed: the first one whose text has an open parenthesis or a line break, since the missing
    /// quote moves the pairs after it.
    fn odd_quote(&self, start: usize, last: usize) -> usize {
        let mut at = start;
        while at < last {
            match self.char_at(at) {
                Some('\'' | '"') => {
                    let Some(length) = quoted_length(self.after(at)) else { return at };
                    let text = self.plain.get(at..at + length).unwrap_or_default();
                    let joins = self.char_at(at + length).is_some_and(is_name_char);
                    if joins || text.contains('\n') || text.matches('(').count() != text.matches(')').count() {
                        return at;
                    }
                    at += length;
                }
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
        last
    }

    /// Returns the end of a statement whose quote is not closed: after the `;` that ends a line, or before the next statement.
    fn resume(&self, from: usize) -> usize {
        let mut end = from;
        for line in self.after(from).split_inclusive('\n') {
            if end > from && self.starts_statement(end + take_while(line, |c| c == ' ' || c == '\t').len()) {
                return end;
            }
            let text = line.split("--").next().unwrap_or_default().trim_end();
            if text.ends_with(';') {
                return end + text.len();
            }
            end += line.len();
        }
        end
    }

    fn parameter(&mut self) {
        let keyword = self.word_at(self.at).len();
        let is_sql = self.word_at(self.at).eq_ignore_ascii_case("SQLEXEC");
        let is_unknown = self.form_at(self.at) == Form::Unknown;
        let mut inside = Inside { start: self.at, ..Inside::default() };
        let mut at = self.at + keyword;
        while let Some(c) = self.char_at(at) {
            let rest = self.after(at);
            if let Some(length) = continuation(rest) {
                at += length;
                continue;
            }
            match c {
                ';' => {
                    at += 1;
                    break;
                }
                '-' if rest.starts_with("--") => break,
                '\n' if self.ends_line(at, &mut inside, is_unknown) => break,
                '&' if rest.get(1..).is_some_and(|after| after.trim_start_matches([' ', '\t']).starts_with("--")) => {
                    inside.fault(PieceFaultKind::Ampersand, at);
                }
                '\'' | '"' => {
                    let length = if is_sql { quoted_length(rest) } else { quoted_on_line(rest) };
                    let in_word =
                        self.plain.get(..at).and_then(|text| text.chars().next_back()).is_some_and(char::is_alphanumeric);
                    match length {
                        None if !in_word => {
                            inside.fault(PieceFaultKind::Quote, at);
                            at += take_while(rest, |c| c != '\n').len();
                            break;
                        }
                        length => {
                            inside.last = Some((at, c));
                            at += length.unwrap_or(1);
                            continue;
                        }
                    }
                }
                _ => inside.parenthesis(c, at),
            }
            if !c.is_whitespace() {
                inside.last = Some((at, c));
            }
            at += c.len_utf8();
        }
        inside.close(None);
        self.push(PieceKind::Parameter, at, keyword, inside.fault);
    }

    /// Returns whether a parameter ends with this line. It does not if a comma ends the line, or a parenthesis is open that a line
    /// before the next parameter closes.
    fn ends_line(&self, at: usize, inside: &mut Inside, is_unknown: bool) -> bool {
        let comma = inside.last.filter(|(_, last)| *last == ',').map(|(at, _)| at);
        let next = at + 1 + take_while(self.after(at + 1), char::is_whitespace).len();
        let goes_on = self.form_at(next) == Form::Unknown
            && self.char_at(next).is_some_and(|c| c != '#')
            && !self.after(next).starts_with("--");
        if comma.is_none() && inside.open.is_empty() || !goes_on {
            return true;
        }
        if !inside.open.is_empty() {
            let known = self.line_starts(at).find(|next| self.form_at(*next) != Form::Unknown);
            let text = self.plain.get(at..known.unwrap_or(self.plain.len())).unwrap_or_default();
            return !text.contains(')');
        }
        if let (Some(comma), false) = (comma, is_unknown) {
            inside.fault(PieceFaultKind::Continuation, comma);
        }
        false
    }
}

/// Returns the positions of the first words of the lines of a text, without its first line.
fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let blanks = |at: usize| take_while(text.get(at..).unwrap_or_default(), |c| c == ' ' || c == '\t').len();
    text.match_indices('\n').map(move |(at, _)| at + 1 + blanks(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(word: &str) -> Form {
        match word {
            "TABLE" | "MAP" => Form::Statement,
            "GETINSERTS" | "GETUPDATES" => Form::Word,
            "EXTRACT" | "EXTTRAIL" | "DISCARDFILE" | "SETENV" | "REPORT" | "TABLEEXCLUDE" => Form::Line,
            _ => Form::Unknown,
        }
    }

    fn faults(text: &str) -> Vec<(PieceFaultKind, usize)> {
        let outline = outline(text, &form);
        let joined: String = outline.pieces.iter().map(|piece| &text[piece.range.clone()]).collect();
        assert_eq!(joined, text);
        outline.pieces.iter().filter_map(|piece| piece.fault).map(|fault| (fault.kind, fault.at)).collect()
    }

    #[test]
    fn one_typo_gives_one_fault_where_it_began() {
        use PieceFaultKind::{Ampersand, Continuation, MacroEnd, Parenthesis, Quote, Semicolon};
        for (text, found) in [
            ("EXTRACT e\nTABLE A.B;", vec![]),
            ("TABLE A.B\nTABLE C.D;", vec![(Semicolon, 0)]),
            ("TABLE A.B\nTABLEEXCLUDE C.D\nTABLE A.C;", vec![(Semicolon, 0)]),
            ("MAP A.B, TARGET C.D, COLMAP (X = 1;\nMAP E.F, TARGET G.H;", vec![(Parenthesis, 28)]),
            ("MAP A.B, TARGET C.D, COLMAP (X = 1\nMAP E.F, TARGET G.H;", vec![(Parenthesis, 28)]),
            ("TABLE A.B, FILTER (X = 1));\nTABLE C.D;", vec![(Parenthesis, 25)]),
            ("TABLE A.B, COLMAP ()\nX = 1, Y = @F (2)\n);\nTABLE C.D;", vec![(Parenthesis, 18)]),
            ("TABLE A.B, #m (), COLMAP (X = 1));\nTABLE C.D;", vec![(Parenthesis, 32)]),
            ("TABLE A.B, WHERE (X = 'a);\n-- it's\nTABLE C.D, WHERE (X = 'b');", vec![(Quote, 22)]),
            ("TABLE A.B, WHERE (X = 'a AND Y = 'b');\nTABLE C.D;", vec![(Quote, 22)]),
            ("SETENV (X = \"a\"\nEXTRACT e", vec![(Parenthesis, 7)]),
            ("DISCARDFILE \"a\nEXTRACT e", vec![(Quote, 12)]),
            ("DISCARDFILE it's\nEXTRACT e", vec![]),
            ("DISCARDFILE a,\nPURGE\nEXTRACT e", vec![(Continuation, 13)]),
            ("EXTTRAIL a & -- b\nEXTRACT e", vec![(Ampersand, 11)]),
            ("MACRO #m BEGIN TABLE A.B;\nMACRO #n BEGIN TABLE C.D; END;", vec![(MacroEnd, 0)]),
            ("#m (a, b\nTABLE A.B;", vec![(Parenthesis, 3)]),
            ("MAP A.B, TARGET C.D, COLMAP (\nreport = 1,\ntable = 2);", vec![]),
            ("GETINSERTS GETUPDATES TABLE A.B;", vec![]),
        ] {
            assert_eq!(faults(text), found, "{text:?}");
        }
    }
}
