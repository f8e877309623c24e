//! Expands macros and included files before a text is parsed. See docs/filter.md, section 10.

use std::collections::HashMap;
use std::rc::Rc;

use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, Span};
use crate::filter::syntax::lexer::{Dialect, Lexer, is_name_char, take_while};
use crate::filter::syntax::parser::{LONGEST, Parsed};

/// Maximum depth of macro calls and includes.
const MACRO_DEPTH: usize = 16;
/// Maximum number of bytes of bodies, arguments and files that are expanded. A chain of macros that each call the next one twice
/// takes exponential time, even if it produces no output.
const MOST_WORK: usize = 4 * LONGEST;
/// Maximum number of included files.
const MOST_FILES: usize = 1000;

/// Expands macros and included files: `MACRO #name [PARAMS (#a, …)] BEGIN … END;`, `#name (…)`, `INCLUDE file`. Returns a text
/// without any of them unchanged. `read` returns the text of an included file.
pub(crate) fn expand(text: &str, read: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<String, Diagnostics> {
    let has = |word: &str| text.to_ascii_uppercase().contains(word);
    if !has("MACRO") && !has("INCLUDE") {
        return Ok(text.to_owned());
    }
    let mut expander = Expander { macros: HashMap::new(), out: String::new(), read, work: 0, files: 0, open: Vec::new() };
    match expander.expand(text, &HashMap::new(), 0) {
        Ok(()) => Ok(expander.out),
        Err(error) => Err(Diagnostics::new(text, vec![error])),
    }
}

struct Expander<'r> {
    macros: HashMap<String, Rc<Macro>>,
    out: String,
    read: &'r mut dyn FnMut(&str) -> Result<String, String>,
    /// Bytes expanded so far.
    work: usize,
    /// Files read so far.
    files: usize,
    /// The macros and files that are being expanded.
    open: Vec<String>,
}

struct Macro {
    parameters: Vec<String>,
    body: String,
}

impl Expander<'_> {
    fn expand(&mut self, text: &str, arguments: &HashMap<String, String>, depth: usize) -> Parsed<()> {
        let fail = |at: usize, message: &str| Diagnostic::error(DiagnosticKind::Syntax, Span::new(at, at + 1), message);
        if depth > MACRO_DEPTH {
            return Err(fail(0, "macros or includes are nested too deeply"));
        }
        let too_long = || Diagnostic::error(DiagnosticKind::TooLarge, Span::default(), "macro expansion makes the text too long");
        self.work += text.len() + 1;
        if self.work > MOST_WORK {
            return Err(too_long());
        }
        let mut lexer = Lexer::new(text, Dialect::Ansi);
        let mut at_line_start = true;
        while let Some(c) = lexer.rest().chars().next() {
            if self.out.len() > LONGEST {
                return Err(too_long());
            }
            let start = lexer.at;
            if lexer.rest().starts_with("--") {
                let comment = take_while(lexer.rest(), |c| c != '\n');
                lexer.at += comment.len();
                continue;
            }
            if c == '\'' || c == '"' {
                let end = lexer.rest().get(1..).and_then(|body| body.find(c)).map_or(lexer.rest().len(), |end| end + 2);
                self.out.push_str(lexer.rest().get(..end).unwrap_or_default());
                lexer.at += end;
                continue;
            }
            let word = take_while(lexer.rest(), is_name_char);
            if word.is_empty() {
                let continues = c == '\n' && self.out.trim_end_matches([' ', '\t', '\r']).ends_with('&');
                self.out.push(c);
                lexer.at += c.len_utf8();
                // A continuation line does not start a statement: DDL & INCLUDE MAPPED.
                at_line_start = if c == '\n' { !continues } else { at_line_start && c.is_whitespace() };
                continue;
            }
            lexer.at += word.len();
            match &*word.to_ascii_uppercase() {
                "MACRO" if at_line_start => {
                    self.define(&mut lexer).ok_or_else(|| fail(start, "MACRO needs a #name, BEGIN, a body and END;"))?;
                    // Another definition may follow on the same line.
                    continue;
                }
                "INCLUDE" if at_line_start => {
                    let line = take_while(lexer.rest(), |c| c != '\n' && c != ';');
                    lexer.at += line.len();
                    let place = Span::new(start, lexer.at);
                    self.include(line.trim(), depth).map_err(|error| Diagnostic { span: place, ..error })?;
                }
                name if word.starts_with('#') => {
                    if let Some(value) = arguments.get(name) {
                        self.out.push_str(value);
                    } else if let Some(called) = self.macros.get(name).cloned() {
                        let values = call_arguments(&mut lexer).ok_or_else(|| fail(start, "unterminated macro arguments"))?;
                        let place = Span::new(start, start + word.len());
                        self.call(name, &called, &values, arguments, depth)
                            .map_err(|error| Diagnostic { span: place, ..error })?;
                    } else {
                        let place = Span::new(start, start + word.len());
                        return Err(Diagnostic::error(DiagnosticKind::UnknownName, place, format!("unknown macro {word}")));
                    }
                }
                _ => self.out.push_str(word),
            }
            at_line_start = false;
        }
        Ok(())
    }

    /// Expands a macro call. Arguments may themselves contain parameters and macros.
    fn call(
        &mut self,
        name: &str,
        called: &Macro,
        values: &[String],
        arguments: &HashMap<String, String>,
        depth: usize,
    ) -> Parsed<()> {
        let mut bound = HashMap::new();
        for (parameter, value) in called.parameters.iter().zip(values) {
            let outer = std::mem::take(&mut self.out);
            self.expand(value, arguments, depth + 1)?;
            bound.insert(parameter.clone(), std::mem::replace(&mut self.out, outer));
        }
        self.within(name.to_owned(), |this| this.expand(&called.body, &bound, depth + 1))
    }

    fn include(&mut self, name: &str, depth: usize) -> Parsed<()> {
        let fail = |why: &str| Diagnostic::error(DiagnosticKind::Syntax, Span::default(), why);
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(fail("too many included files"));
        }
        self.within(format!("INCLUDE {name}"), |this| {
            let included = (this.read)(name).map_err(|why| fail(&why))?;
            this.expand(&included, &HashMap::new(), depth + 1)
        })
    }

    /// Runs `put` with a macro or file marked as open. Fails if it is open already, since the recursion would not end.
    fn within(&mut self, name: String, put: impl FnOnce(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if self.open.contains(&name) {
            return Err(Diagnostic::error(DiagnosticKind::Syntax, Span::default(), format!("{name} contains itself")));
        }
        self.open.push(name);
        let done = put(self);
        self.open.pop();
        done
    }

    fn define(&mut self, lexer: &mut Lexer<'_>) -> Option<()> {
        let mut word = || {
            lexer.skip_blanks();
            let word = take_while(lexer.rest(), is_name_char).to_ascii_uppercase();
            lexer.at += word.len();
            word
        };
        let name = word();
        let mut parameters = Vec::new();
        let mut next = word();
        if next == "PARAMS" {
            parameters = call_arguments(lexer)?.iter().map(|parameter| parameter.to_ascii_uppercase()).collect();
            lexer.skip_blanks();
            next = take_while(lexer.rest(), is_name_char).to_ascii_uppercase();
            lexer.at += next.len();
        }
        if !name.starts_with('#') || next != "BEGIN" {
            return None;
        }
        let rest = lexer.rest();
        // END must be a word of its own.
        let is_end = |at: &usize| {
            let before = rest.get(..*at).and_then(|text| text.chars().next_back()).is_none_or(|c| !is_name_char(c));
            let after = rest.get(at + 3..).and_then(|text| text.chars().next()).is_none_or(|c| !is_name_char(c));
            before && after && rest.get(*at..at + 3).is_some_and(|word| word.eq_ignore_ascii_case("END"))
        };
        let end = rest.match_indices(['E', 'e']).map(|(at, _)| at).find(is_end)?;
        self.macros.insert(name, Rc::new(Macro { parameters, body: rest.get(..end)?.trim().to_owned() }));
        lexer.at += end + 3;
        lexer.skip_blanks();
        if lexer.rest().starts_with(';') {
            lexer.at += 1;
        }
        Some(())
    }
}

/// Returns the texts between the commas of `(a, b, …)`: an empty list if no parenthesis follows, `None` if it is not closed.
fn call_arguments(lexer: &mut Lexer<'_>) -> Option<Vec<String>> {
    let rest = lexer.rest();
    let trimmed = rest.trim_start();
    if !trimmed.starts_with('(') {
        return Some(Vec::new());
    }
    let open = rest.len() - trimmed.len();
    let (mut depth, mut quote, mut values, mut value) = (0usize, None, Vec::new(), String::new());
    for (at, c) in trimmed.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => {
                depth += 1;
                if depth == 1 {
                    continue;
                }
            }
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    values.push(value.trim().to_owned());
                    lexer.at += open + at + 1;
                    return Some(values);
                }
            }
            (None, ',') if depth == 1 => {
                values.push(std::mem::take(&mut value).trim().to_owned());
                continue;
            }
            _ => {}
        }
        value.push(c);
    }
    None
}
