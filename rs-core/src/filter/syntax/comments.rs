//! Comments of parameter files: `--` and COMMENT, each to the end of its line. See docs/filter.md, section 4.

use std::borrow::Cow;

use crate::filter::syntax::lexer::{is_name_char, quoted_length, quoted_on_line, take_while};
use crate::filter::syntax::names::split_name;

/// Blanks the contents of comments, so that no quote or semicolon inside them has a meaning. COMMENT becomes `--`. Length and
/// lines of the text stay the same, so positions in it are those of the text.
pub(crate) fn blanked(text: &str) -> Cow<'_, str> {
    let mut scan = Scan { text, at: 0, out: String::new(), copied: 0, place: Place::Start, line: Line::default() };
    while scan.step() {}
    scan.finish()
}

/// The position of the scan in the grammar.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// A statement may start here.
    Start,
    /// Inside a parameter that ends with its line. `true` for SQLEXEC, whose quotes may contain line breaks.
    Parameter(bool),
    /// Inside a TABLE or MAP statement, within this number of parentheses.
    Statement(usize),
}

/// The content of the current line before the scan.
#[derive(Clone, Copy, Default)]
struct Line {
    /// Something that is not blank.
    used: bool,
    /// Its last character that is not blank is `&`.
    continues: bool,
    /// Its last word is TABLE, MAP, TARGET or an exclude, so a name follows.
    names: bool,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// The text before this position is in `out`.
    copied: usize,
    place: Place,
    line: Line,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads the next piece of the text; `false` at its end.
    fn step(&mut self) -> bool {
        let Some(c) = self.rest().chars().next() else { return false };
        match c {
            '\n' => self.end_line(),
            _ if c.is_whitespace() => self.at += c.len_utf8(),
            '-' if self.rest().starts_with("--") => self.blank(),
            _ if self.line.names => self.name(c),
            '\'' | '"' => self.quote(),
            '#' => {
                // A macro call may be a whole statement.
                self.used(false);
                self.at += 1;
                self.at += take_while(self.rest(), is_name_char).len();
            }
            _ if is_name_char(c) => self.word(),
            _ => {
                self.punctuation(c);
                self.at += c.len_utf8();
            }
        }
        true
    }

    fn end_line(&mut self) {
        if matches!(self.place, Place::Parameter(_)) && !self.line.continues {
            self.place = Place::Start;
        }
        self.line = Line { names: self.line.names, ..Line::default() };
        self.at += 1;
    }

    fn used(&mut self, continues: bool) {
        self.line = Line { used: true, continues, names: false };
        if self.place == Place::Start {
            self.place = Place::Parameter(false);
        }
    }

    fn punctuation(&mut self, c: char) {
        let started = self.place;
        self.used(c == '&');
        self.place = match (started, c) {
            (Place::Statement(depth), '(') => Place::Statement(depth + 1),
            (Place::Statement(depth), ')') => Place::Statement(depth.saturating_sub(1)),
            (Place::Start | Place::Parameter(_) | Place::Statement(0), ';') => Place::Start,
            _ => self.place,
        };
    }

    fn quote(&mut self) {
        let length = match self.place {
            Place::Statement(_) | Place::Parameter(true) => quoted_length(self.rest()),
            Place::Start | Place::Parameter(false) => quoted_on_line(self.rest()),
        };
        self.used(false);
        self.at += length.unwrap_or(1);
    }

    /// Skips the name of an object, which may contain hyphens.
    fn name(&mut self, first: char) {
        self.used(false);
        self.at += split_name(self.rest()).map_or(first.len_utf8(), |(_, length)| length);
    }

    fn word(&mut self) {
        let word = take_while(self.rest(), is_name_char);
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("COMMENT") && self.is_comment(word.len()) {
            return self.blank();
        }
        self.at += word.len();
        let started = self.place;
        self.used(false);
        match started {
            // After a toggle, another statement may follow on the line.
            Place::Start if starts_with(word, "GET") || starts_with(word, "IGNORE") => self.place = Place::Start,
            Place::Start if is("TABLE") || is("MAP") => self.place = Place::Statement(0),
            Place::Start if is("SQLEXEC") => self.place = Place::Parameter(true),
            // The body of a macro starts with a statement, or is a part of one.
            Place::Start | Place::Parameter(_) if is("BEGIN") => self.place = Place::Start,
            _ => {}
        }
        self.line.names = ["TABLE", "MAP", "TARGET", "TABLEEXCLUDE", "MAPEXCLUDE"].into_iter().any(is);
    }

    /// Returns whether the word COMMENT at the current position starts a comment, and is not a name.
    fn is_comment(&self, length: usize) -> bool {
        if self.text.get(..self.at).is_some_and(|before| before.ends_with(['.', '@'])) {
            return false;
        }
        let after = self.rest().get(length..).unwrap_or_default();
        match self.place {
            Place::Start => true,
            Place::Parameter(_) => false,
            Place::Statement(0) => !after.starts_with('.'),
            // Inside parentheses there may be a column of this name.
            Place::Statement(_) => !self.line.used && is_prose(after),
        }
    }

    /// Replaces the rest of the line by a comment without contents.
    fn blank(&mut self) {
        let comment = take_while(self.rest(), |c| c != '\n').len();
        self.out.push_str(self.text.get(self.copied..self.at).unwrap_or_default());
        self.out.push_str("--");
        self.out.extend(std::iter::repeat_n(' ', comment.saturating_sub(2)));
        self.at += comment;
        self.copied = self.at;
        self.line.continues = false;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        Cow::Owned(self.out)
    }
}

fn starts_with(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns whether the text after COMMENT is that of a comment: no grammar has a name followed by a word other than AND and OR.
fn is_prose(after: &str) -> bool {
    let line = take_while(after, |c| c != '\n').trim_start();
    let word = take_while(line, is_name_char);
    let joins = ["AND", "OR"].iter().any(|own| own.eq_ignore_ascii_case(word));
    !word.is_empty() && !joins
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text without its comments.
    fn without(text: &str) -> String {
        let plain = blanked(text);
        assert_eq!(plain.len(), text.len(), "{text:?}");
        assert_eq!(plain.matches('\n').count(), text.matches('\n').count());
        plain.lines().map(|line| line.split("--").next().unwrap_or_default().trim_end()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn comments_end_with_their_line() {
        for (text, plain) in [
            ("A -- it's; b\nB", "A|B"),
            ("COMMENT it's old; TABLE X.*;\nTABLE A.B;", "|TABLE A.B;"),
            ("Comment\nTABLE A.B; COMMENT (a\nMAP C.D;", "|TABLE A.B;|MAP C.D;"),
            ("TABLE A.B,\nCOMMENT was, FILTER (X = 1)\nFILTER (X = 2);", "TABLE A.B,||FILTER (X = 2);"),
            ("MAP A.B, TARGET C.D, comment old; x\n;", "MAP A.B, TARGET C.D,|;"),
            ("TABLE A.B, FILTER (X = 1\nCOMMENT not used (any more\nAND Y = 2);", "TABLE A.B, FILTER (X = 1||AND Y = 2);"),
            ("MACRO #m BEGIN\nCOMMENT don't\nTABLE A.B; END;", "MACRO #m BEGIN||TABLE A.B; END;"),
            ("EXTTRAIL ./a & -- more\nTABLE A.B;", "EXTTRAIL ./a &|TABLE A.B;"),
        ] {
            assert_eq!(without(text), plain, "{text:?}");
        }
    }

    #[test]
    fn names_and_quotes_are_no_comments() {
        for text in [
            "TABLE HR.COMMENT;",
            "TABLE COMMENT;",
            "MAP COMMENT, TARGET COMMENT;",
            "TABLE A.B, COLS (X,\nCOMMENT,\nY), FILTER (\nCOMMENT = 1\nAND BEFORE.COMMENT = 2 AND\nCOMMENT AND X);",
            "DDL INCLUDE MAPPED &\nEXCLUDE OPTYPE &\nCOMMENT",
            "TABLE A.B, FILTER (@STREQ (X, 'a -- b\nCOMMENT c') = 1);",
            "SQLEXEC \"begin -- x\n COMMENT it's; end;\"",
            "PASSWORD \"a--b\"",
            "TABLE A.\"B--C\";",
            "MAP A.B--C, TARGET D.E--F;\nTABLEEXCLUDE A.X--Y",
        ] {
            assert_eq!(blanked(text), text);
        }
        // A quote without an end is an ordinary character of a parameter.
        assert_eq!(without("DISCARDFILE it's -- old\nTABLE A.B, FILTER (@STREQ (X, 'b'));"), {
            "DISCARDFILE it's|TABLE A.B, FILTER (@STREQ (X, 'b'));"
        });
    }
}
