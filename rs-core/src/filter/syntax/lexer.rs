//! Splits text into tokens. See docs/filter.md, section 4.

use std::borrow::Cow;

use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Span};

/// The meaning of single and double quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `USEANSISQLQUOTES`, the default since 12c: single quotes for literals, double quotes for case-sensitive column names.
    #[default]
    Ansi,
    /// `NOUSEANSISQLQUOTES`, all releases before 12c, and NonStop: double quotes for literals.
    NonAnsi,
}

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Number(&'a str),
    /// A literal without its quotes; doubled quotes are made single.
    Literal(Cow<'a, str>),
    /// A column name in quotes.
    QuotedName(Cow<'a, str>),
    Name(&'a str),
    /// `@NAME`, without the `@`.
    Function(&'a str),
    Symbol(&'static str),
    End,
}

/// Two-character symbols come before their one-character prefixes.
const SYMBOLS: [&str; 20] =
    ["<>", "<=", ">=", "!=", "==", "||", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/", "\\", "!"];

/// Reads tokens from a text.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
    pub(crate) dialect: Dialect,
}

pub(crate) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, dialect }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks, comments (`--` to the end of the line) and line continuations (`&` at the end of a line).
    pub(crate) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if continuation(trimmed).is_some() {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// Returns the next token and its span.
    pub(crate) fn next(&mut self) -> Result<(Token<'a>, Span), Diagnostic> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((Token::End, Span::new(start, start))) };
        let token = match first {
            '\'' | '"' => self.quoted(first)?,
            '0'..='9' => self.number(),
            '.' if rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '@' => {
                let name = take_while(rest.get(1..).unwrap_or_default(), is_name_char);
                self.at += 1 + name.len();
                if name.is_empty() {
                    return Err(Diagnostic::error(
                        DiagnosticKind::Syntax,
                        Span::new(start, self.at),
                        "expected a function name after @",
                    ));
                }
                Token::Function(name)
            }
            '‘' | '’' | '“' | '”' | '„' | '‚' | '«' | '»' => {
                let (quote, span) =
                    (if self.dialect == Dialect::Ansi { '\'' } else { '"' }, Span::new(start, start + first.len_utf8()));
                return Err(Diagnostic::error(DiagnosticKind::CurlyQuotes, span, format!("{first} is a typographic quote"))
                    .help(format!("write {quote}")));
            }
            c if is_name_char(c) => {
                let name = take_while(rest, is_name_char);
                self.at += name.len();
                Token::Name(name)
            }
            _ => {
                let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) else {
                    let span = Span::new(start, start + first.len_utf8());
                    let error = Diagnostic::error(DiagnosticKind::Syntax, span, format!("unexpected character {first:?}"));
                    return Err(if first == '&' { error.help(AMPERSAND) } else { error });
                };
                self.at += symbol.len();
                if *symbol == "\\" {
                    self.blanks_around(start)?;
                }
                Token::Symbol(symbol)
            }
        };
        Ok((token, Span::new(start, self.at)))
    }

    /// Fails if the remainder operator has no blanks around it (SEEN; docs/filter.md, section 2.3).
    fn blanks_around(&self, start: usize) -> Result<(), Diagnostic> {
        let before = self.text.get(..start).and_then(|text| text.chars().next_back()).is_none_or(char::is_whitespace);
        let after = self.rest().chars().next().is_none_or(char::is_whitespace);
        if before && after {
            return Ok(());
        }
        let span = Span::new(start, self.at);
        Err(Diagnostic::error(DiagnosticKind::Syntax, span, "the remainder operator needs spaces around it").help("write a \\ b"))
    }

    fn number(&mut self) -> Token<'a> {
        let rest = self.rest();
        let whole = take_while(rest, |c| c.is_ascii_digit());
        let mut length = whole.len();
        if let Some(fraction) = rest.get(length..).and_then(|rest| rest.strip_prefix('.')) {
            length += 1 + take_while(fraction, |c| c.is_ascii_digit()).len();
        }
        self.at += length;
        Token::Number(rest.get(..length).unwrap_or_default())
    }

    fn quoted(&mut self, quote: char) -> Result<Token<'a>, Diagnostic> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or_default();
        let mut end = 0;
        loop {
            let Some(found) = body.get(end..).and_then(|rest| rest.find(quote)) else {
                return Err(Diagnostic::error(DiagnosticKind::Syntax, Span::new(start, self.text.len()), "unterminated quote")
                    .help("write a quote inside the text twice")
                    .ogg(370));
            };
            end += found;
            if body.get(end + 1..).is_some_and(|rest| rest.starts_with(quote)) {
                end += 2;
            } else {
                break;
            }
        }
        let inside = body.get(..end).unwrap_or_default();
        self.at += end + 2;
        let twice: String = [quote, quote].iter().collect();
        let text = if inside.contains(&twice) {
            Cow::Owned(inside.replace(&twice, quote.encode_utf8(&mut [0; 4])))
        } else {
            Cow::Borrowed(inside)
        };
        let is_name = quote == '"' && self.dialect == Dialect::Ansi;
        Ok(if is_name { Token::QuotedName(text) } else { Token::Literal(text) })
    }
}

/// The help for an ampersand that continues no line.
pub(crate) const AMPERSAND: &str = "& continues a line and must be its last character; write a comment on a line of its own";

/// Returns the length of a line continuation at the start of a text, `&` and the line break; `None` if there is none.
pub(crate) fn continuation(text: &str) -> Option<usize> {
    let after = text.strip_prefix('&')?.trim_start_matches([' ', '\t', '\r']);
    let after = after.strip_prefix('\n')?;
    Some(text.len() - after.len())
}

/// Returns the length of the quoted text at the start of a text; `None` if the quote is not closed.
pub(crate) fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    Some(text.get(1..)?.find(quote)? + 2)
}

/// Returns the length of the quoted text at the start of a text; `None` if the quote is not closed on its line, or on a line that
/// continues it.
pub(crate) fn quoted_on_line(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut at = 1;
    loop {
        let line = take_while(text.get(at..)?, |c| c != '\n');
        if let Some(end) = line.find(quote) {
            return Some(at + end + 1);
        }
        if !line.trim_end().ends_with('&') {
            return None;
        }
        at += line.len() + 1;
    }
}

/// Returns a text without its quoted parts.
pub(crate) fn unquoted(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['\'', '"']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push(' ');
        let quoted = rest.get(at..).unwrap_or_default();
        rest = quoted.get(quoted_length(quoted).unwrap_or(quoted.len())..).unwrap_or_default();
    }
    out + rest
}

pub(crate) fn take_while(text: &str, test: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !test(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, dialect: Dialect) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text, dialect);
        std::iter::from_fn(|| lexer.next().ok().map(|(token, _)| token).filter(|token| *token != Token::End)).collect()
    }

    #[test]
    fn words_of_both_dialects() {
        use Token::*;
        assert_eq!(
            words("@StrLen( \"a\"\"b\" ) <= -.10 -- rest\n&\n 'it''s'", Dialect::Ansi),
            vec![
                Function("StrLen"),
                Symbol("("),
                QuotedName("a\"b".into()),
                Symbol(")"),
                Symbol("<="),
                Symbol("-"),
                Number(".10"),
                Literal("it's".into())
            ]
        );
        assert_eq!(words("\"X\"", Dialect::NonAnsi), vec![Literal("X".into())]);
        assert!(Lexer::new("a\\b", Dialect::Ansi).clone().next().is_ok());
        assert!(Lexer::new("\\b", Dialect::Ansi).next().is_err());
        assert_eq!(Lexer::new("‘x’", Dialect::Ansi).next().unwrap_err().kind, DiagnosticKind::CurlyQuotes);
    }
}
