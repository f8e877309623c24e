//! Expands macros and included files before a text is parsed. See docs/filter.md, section 10.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::filter::syntax::comments;
use crate::filter::syntax::diagnostic::{Diagnostic, DiagnosticKind, Diagnostics, Span};
use crate::filter::syntax::lexer::{Dialect, Lexer, continuation, is_name_char, quoted_length, take_while};
use crate::filter::syntax::parser::{LONGEST, Parsed};
use crate::filter::syntax::source::{Expanded, SourceText, TextOrigin};

/// Maximum depth of macro calls and includes.
const MACRO_DEPTH: usize = 16;
/// Maximum number of bytes of bodies, arguments and files that are expanded. A chain of macros that each call the next one twice
/// takes exponential time, even if it produces no output.
const MOST_WORK: usize = 4 * LONGEST;
/// Maximum number of included files.
const MOST_FILES: usize = 1000;
/// Maximum length of the name of a macro that may be followed by a minus sign.
const LONGEST_NAME: usize = 256;

/// Returns the path and the text of an included file. The second argument is the folder of the file that includes it; `None` for
/// the text itself.
pub type Read<'r> = dyn FnMut(&str, Option<&Path>) -> Result<(PathBuf, String), String> + 'r;

/// Expands a text, and keeps what it is from for diagnostics.
pub(crate) fn expand(text: &str, read: &mut Read<'_>) -> Result<SourceText, Diagnostics> {
    let mut files = HashMap::new();
    let mut keep = |name: &str, from: Option<&Path>| {
        let (path, text) = read(name, from)?;
        files.insert(path.display().to_string(), text.clone());
        Ok((path, text))
    };
    let expanded = expand_parameters(text, &mut keep)?;
    Ok(SourceText::of(expanded, text, files))
}

/// Expands the macros and included files of a parameter file: `MACRO #name [PARAMS (#a, …)] BEGIN … END;`, `#name (…)`, `INCLUDE
/// file`, `OBEY file`, `MACROCHAR c`. Returns a text without any of them unchanged, and the origin of each part. `read` returns the path and the text of
/// an included file; its second argument is the folder of the file that includes it.
///
/// # Errors
/// An unknown macro, a wrong number of arguments, a recursion, an expansion that is too long, or the reason of `read`.
pub fn expand_parameters(text: &str, read: &mut Read<'_>) -> Result<Expanded, Diagnostics> {
    let upper = text.to_ascii_uppercase();
    if !["MACRO", "INCLUDE", "OBEY"].iter().any(|word| upper.contains(word)) {
        return Ok(Expanded { text: text.to_owned(), origins: Vec::new() });
    }
    let mut expander = Expander {
        macros: HashMap::new(),
        mark: '#',
        out: String::new(),
        read,
        work: 0,
        files: 0,
        open: Vec::new(),
        folders: Vec::new(),
        here: Some(Here { file: None, base: 0 }),
        within: Arc::from([]),
        origins: Vec::new(),
    };
    match expander.expand(&comments::blanked(text), &HashMap::new(), 0) {
        Ok(()) => Ok(Expanded { text: expander.out, origins: expander.origins }),
        Err(error) => Err(Diagnostics::new(text, vec![error])),
    }
}

/// The file that is being expanded, and the position in it at which the text that is being expanded starts.
#[derive(Clone)]
struct Here {
    file: Option<Arc<str>>,
    base: usize,
}

type Arguments = HashMap<String, String>;

struct Expander<'r> {
    macros: HashMap<String, Rc<Macro>>,
    /// The character that starts the names of macros and parameters.
    mark: char,
    out: String,
    read: &'r mut Read<'r>,
    /// Bytes expanded so far.
    work: usize,
    /// Files read so far.
    files: usize,
    /// The macros and files that are being expanded.
    open: Vec<String>,
    /// The folders of the files that are being expanded.
    folders: Vec<PathBuf>,
    /// The origin of the text; `None` inside arguments, whose origin is the place of the parameter.
    here: Option<Here>,
    /// `open`, as origins have it.
    within: Arc<[String]>,
    origins: Vec<TextOrigin>,
}

struct Macro {
    parameters: Vec<String>,
    body: String,
    here: Option<Here>,
}

fn fail(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(DiagnosticKind::Syntax, span, message)
}

impl Expander<'_> {
    /// Expands a text without comments.
    fn expand(&mut self, text: &str, arguments: &Arguments, depth: usize) -> Parsed<()> {
        if depth > MACRO_DEPTH {
            return Err(fail(Span::new(0, 1), "macros or includes are nested too deeply"));
        }
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
            if lexer.rest().starts_with("--") {
                self.comment(&mut lexer);
            } else if c == '\'' || c == '"' {
                let length = quoted_length(lexer.rest()).unwrap_or(lexer.rest().len());
                self.copy(&mut lexer, length);
                at_line_start = false;
            } else if self.is_mark(&lexer, arguments) {
                self.named(&mut lexer, arguments, depth)?;
                at_line_start = false;
            } else if is_name_char(c) {
                at_line_start = self.word(&mut lexer, at_line_start, depth)?;
            } else {
                let continues = c == '\n' && self.continues();
                self.copy(&mut lexer, c.len_utf8());
                // A continuation line does not start a statement: DDL & INCLUDE MAPPED.
                at_line_start = match c {
                    '\n' => !continues,
                    ';' => true,
                    _ => at_line_start && c.is_whitespace(),
                };
            }
        }
        Ok(())
    }

    /// Notes that the output from here on is from a position of the text that is being expanded.
    fn note(&mut self, position: usize) {
        let Some(here) = &self.here else { return };
        let (at, offset) = (self.out.len(), here.base + position);
        let follows = self.origins.last().is_some_and(|last| {
            last.file == here.file && Arc::ptr_eq(&last.within, &self.within) && last.offset + (at - last.at) == offset
        });
        if !follows {
            self.origins.push(TextOrigin { at, file: here.file.clone(), offset, within: Arc::clone(&self.within) });
        }
    }

    fn copy(&mut self, lexer: &mut Lexer<'_>, length: usize) {
        self.note(lexer.at);
        self.out.push_str(lexer.rest().get(..length).unwrap_or_default());
        lexer.at += length;
    }

    fn continues(&self) -> bool {
        self.out.trim_end_matches([' ', '\t', '\r']).ends_with('&')
    }

    /// Skips a comment. Its start is kept after `&`, which it makes an error.
    fn comment(&mut self, lexer: &mut Lexer<'_>) {
        if self.continues() {
            self.out.push_str("--");
        }
        lexer.at += take_while(lexer.rest(), |c| c != '\n').len();
    }

    /// Copies a word, or carries it out if it is a directive at the start of a line. Returns whether a statement may follow.
    fn word(&mut self, lexer: &mut Lexer<'_>, at_line_start: bool, depth: usize) -> Parsed<bool> {
        let start = lexer.at;
        let word = take_while(lexer.rest(), is_name_char);
        let directive = if at_line_start { word.to_ascii_uppercase() } else { String::new() };
        match &*directive {
            "MACRO" => {
                lexer.at += word.len();
                let message = format!("MACRO needs a {}name, BEGIN, a body and END;", self.mark);
                self.define(lexer).ok_or_else(|| fail(Span::new(start, lexer.at), message))?;
                // Another definition may follow on the same line.
                return Ok(true);
            }
            "MACROCHAR" => {
                lexer.at += word.len();
                let line = take_while(lexer.rest(), |c| c != '\n' && c != ';');
                let mark = line.trim().chars().next().filter(|mark| !mark.is_whitespace());
                self.mark = mark.ok_or_else(|| fail(Span::new(start, lexer.at), "MACROCHAR needs a character"))?;
                lexer.at += line.len();
            }
            "INCLUDE" | "OBEY" => {
                lexer.at += word.len();
                let name = file_name(lexer);
                let place = Span::new(start, lexer.at);
                self.include(&directive, name, depth).map_err(|error| Diagnostic { span: place, ..error })?;
            }
            _ => self.copy(lexer, word.len()),
        }
        Ok(false)
    }

    /// Returns whether the mark of macros is next. A letter or digit is one only in front of a known name.
    fn is_mark(&self, lexer: &Lexer<'_>, arguments: &Arguments) -> bool {
        let Some(after) = lexer.rest().strip_prefix(self.mark) else { return false };
        match self.mark {
            '&' => continuation(lexer.rest()).is_none(),
            mark if mark.is_alphanumeric() || mark == '_' => self.known(after, arguments).is_some(),
            _ => true,
        }
    }

    fn is_macro_char(&self, c: char) -> bool {
        c != self.mark && (is_name_char(c) || c == '-')
    }

    /// Returns the known name at the start of a text after the mark, and its length. A name may contain hyphens; `#a-1` may also
    /// be the parameter `#a` and a minus sign.
    fn known(&self, after: &str, arguments: &Arguments) -> Option<(String, usize)> {
        let mut name = take_while(after, |c| self.is_macro_char(c));
        loop {
            let key = self.key(name);
            if arguments.contains_key(&key) || self.macros.contains_key(&key) {
                return Some((key, name.len()));
            }
            let shorter = name.rfind('-').filter(|_| name.len() <= LONGEST_NAME);
            name = name.get(..shorter?)?;
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.mark).to_ascii_uppercase()
    }

    /// Expands a parameter or a macro call.
    fn named(&mut self, lexer: &mut Lexer<'_>, arguments: &Arguments, depth: usize) -> Parsed<()> {
        let start = lexer.at;
        lexer.at += self.mark.len_utf8();
        let Some((name, length)) = self.known(lexer.rest(), arguments) else {
            let word = take_while(lexer.rest(), |c| c != self.mark && is_name_char(c));
            if word.is_empty() {
                self.out.push(self.mark);
                return Ok(());
            }
            let place = Span::new(start, lexer.at + word.len());
            let message = format!("unknown macro {}{word}", self.mark);
            return Err(Diagnostic::error(DiagnosticKind::UnknownName, place, message));
        };
        lexer.at += length;
        if let Some(value) = arguments.get(&name) {
            self.note(start);
            self.out.push_str(value);
            return Ok(());
        }
        let place = Span::new(start, lexer.at);
        let Some(called) = self.macros.get(&name).cloned() else { return Ok(()) };
        let values = call_arguments(lexer).ok_or_else(|| fail(place, "unterminated macro arguments"))?;
        self.call(&name, &called, &values, arguments, depth).map_err(|error| Diagnostic { span: place, ..error })
    }

    /// Expands a macro call. Arguments may themselves contain parameters and macros.
    fn call(&mut self, name: &str, called: &Macro, values: &[String], arguments: &Arguments, depth: usize) -> Parsed<()> {
        let values: &[String] = match values {
            [one] if one.is_empty() => &[],
            values => values,
        };
        check_count(name, &called.parameters, values)?;
        let mut bound = HashMap::new();
        for (parameter, value) in called.parameters.iter().zip(values) {
            let outer = std::mem::take(&mut self.out);
            let here = self.here.take();
            self.expand(value, arguments, depth + 1)?;
            self.here = here;
            bound.insert(parameter.clone(), std::mem::replace(&mut self.out, outer));
        }
        let outer = self.here.is_some();
        self.within(name.to_owned(), |this| {
            let here = std::mem::replace(&mut this.here, called.here.clone().filter(|_| outer));
            let done = this.expand(&called.body, &bound, depth + 1);
            this.here = here;
            done
        })
    }

    fn include(&mut self, directive: &str, name: &str, depth: usize) -> Parsed<()> {
        let fail = |why: &str| fail(Span::default(), format!("{directive} {name}: {why}"));
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(fail("too many included files"));
        }
        let (path, text) = (self.read)(name, self.folders.last().map(PathBuf::as_path)).map_err(|why| fail(&why))?;
        let text = comments::blanked(text.strip_prefix('\u{feff}').unwrap_or(&text)).into_owned();
        self.within(format!("{directive} {}", path.display()), |this| {
            this.folders.push(path.parent().map(Path::to_path_buf).unwrap_or_default());
            let inner = Here { file: Some(path.display().to_string().into()), base: 0 };
            let here = this.here.replace(inner);
            let done = this.expand(&text, &HashMap::new(), depth + 1);
            this.here = here;
            this.folders.pop();
            done
        })
    }

    /// Runs `put` with a macro or file marked as open. Fails if it is open already, since the recursion would not end.
    fn within(&mut self, name: String, put: impl FnOnce(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if self.open.contains(&name) {
            return Err(fail(Span::default(), format!("{name} contains itself")));
        }
        self.open.push(name);
        let outer = std::mem::replace(&mut self.within, self.open.clone().into());
        let done = put(self);
        self.within = outer;
        self.open.pop();
        done
    }

    /// Reads a definition after the word MACRO. `None` if it does not have its form.
    fn define(&mut self, lexer: &mut Lexer<'_>) -> Option<()> {
        lexer.skip_blanks();
        let after = lexer.rest().strip_prefix(self.mark)?;
        let name = take_while(after, |c| self.is_macro_char(c));
        lexer.at += self.mark.len_utf8() + name.len();
        let name = self.key(name);
        let mut parameters = Vec::new();
        let mut next = next_word(lexer);
        if next == "PARAMS" {
            parameters = call_arguments(lexer)?.iter().map(|parameter| parameter.to_ascii_uppercase()).collect();
            next = next_word(lexer);
        }
        if next != "BEGIN" {
            return None;
        }
        let rest = lexer.rest();
        let end = end_of_body(rest)?;
        let body = rest.get(..end)?;
        let start = lexer.at + body.len() - body.trim_start().len();
        let here = self.here.as_ref().map(|here| Here { file: here.file.clone(), base: here.base + start });
        self.macros.insert(name, Rc::new(Macro { parameters, body: body.trim().to_owned(), here }));
        lexer.at += end + 3;
        lexer.skip_blanks();
        if lexer.rest().starts_with(';') {
            lexer.at += 1;
        }
        Some(())
    }
}

fn too_long() -> Diagnostic {
    Diagnostic::error(DiagnosticKind::TooLarge, Span::default(), "macro expansion makes the text too long")
}

fn next_word(lexer: &mut Lexer<'_>) -> String {
    lexer.skip_blanks();
    let word = take_while(lexer.rest(), is_name_char);
    lexer.at += word.len();
    word.to_ascii_uppercase()
}

/// Returns the position of the END of a macro body, outside of quotes: the first `END;`, or without one before the next definition the
/// first END that is a word of its own. A body may have other ENDs: a parameter, a column, a part of the name of a token.
pub(crate) fn end_of_body(text: &str) -> Option<usize> {
    let (mut at, mut bare) = (0, None);
    loop {
        let Some((rest, c)) = text.get(at..).and_then(|rest| Some((rest, rest.chars().next()?))) else { return bare };
        let word = take_while(rest, is_name_char);
        if word.eq_ignore_ascii_case("END") {
            if rest.get(word.len()..).is_some_and(|after| after.trim_start().starts_with(';')) {
                return Some(at);
            }
            bare = bare.or(Some(at));
        }
        if bare.is_some() && word.eq_ignore_ascii_case("MACRO") {
            return bare;
        }
        at += match c {
            '\'' | '"' => quoted_length(rest).unwrap_or(1),
            _ if word.is_empty() => c.len_utf8(),
            _ => word.len(),
        };
    }
}

/// Reads the name of a file: the rest of the line, or a text in quotes.
fn file_name<'a>(lexer: &mut Lexer<'a>) -> &'a str {
    let rest = lexer.rest();
    let trimmed = rest.trim_start_matches([' ', '\t']);
    let quoted = trimmed.starts_with(['\'', '"']).then(|| quoted_length(trimmed)).flatten();
    let line = take_while(trimmed, |c| c != '\n' && c != ';');
    let line = line.split("--").next().unwrap_or_default();
    let name = quoted.and_then(|length| trimmed.get(..length)).unwrap_or(line);
    lexer.at += rest.len() - trimmed.len() + name.len();
    name.trim().trim_matches(['\'', '"'])
}

/// Checks that a macro has a value for each parameter.
fn check_count(name: &str, parameters: &[String], values: &[String]) -> Parsed<()> {
    let usage = || match parameters {
        [] => format!("write {name} ()"),
        _ => format!("write {name} ({})", parameters.join(", ")),
    };
    let message = match (parameters.get(values.len()), values.get(parameters.len())) {
        (Some(missing), _) => format!("macro {name} has no value for its parameter {missing}"),
        (_, Some(surplus)) => format!("macro {name} has no parameter for the value {surplus}"),
        _ => return Ok(()),
    };
    Err(Diagnostic::error(DiagnosticKind::Arity, Span::default(), message).help(usage()))
}

/// Returns the texts between the commas of `(a, {b, c}, …)`: an empty list if no parenthesis follows, `None` if it is not closed.
fn call_arguments(lexer: &mut Lexer<'_>) -> Option<Vec<String>> {
    let rest = lexer.rest();
    let trimmed = rest.trim_start();
    if !trimmed.starts_with('(') {
        return Some(Vec::new());
    }
    let open = rest.len() - trimmed.len();
    let (mut depth, mut braces, mut quote, mut values, mut value) = (0usize, 0usize, None, Vec::new(), String::new());
    let mut in_comment = false;
    for (at, c) in trimmed.char_indices() {
        in_comment = match in_comment {
            true => c != '\n',
            false => quote.is_none() && trimmed.get(at..).is_some_and(|rest| rest.starts_with("--")),
        };
        if in_comment {
            continue;
        }
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
            // Braces enclose a value with commas; those of an inner call belong to it.
            (None, '{') => {
                braces += 1;
                if (depth, braces) == (1, 1) {
                    continue;
                }
            }
            (None, '}') if braces > 0 => {
                braces -= 1;
                if (depth, braces) == (1, 0) {
                    continue;
                }
            }
            (None, ',') if depth == 1 && braces == 0 => {
                values.push(std::mem::take(&mut value).trim().to_owned());
                continue;
            }
            _ => {}
        }
        value.push(c);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> String {
        let mut read = |name: &str, _: Option<&Path>| match name {
            "a.mac" => Ok((PathBuf::from("a.mac"), "MACRO #inc BEGIN 7 END; -- it's\n".to_owned())),
            _ => Err("no such file".to_owned()),
        };
        match expand(text, &mut read) {
            Ok(expanded) => expanded.text().split_whitespace().collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn forms_of_macros() {
        for (text, result) in [
            (
                "MACRO #m PARAMS (#t, #c) BEGIN TABLE HR.#t, COLS (#c); END;\n#m (DEPT, {ID, NAME})",
                "TABLE HR.DEPT, COLS (ID, NAME);",
            ),
            ("MACRO #m-1 BEGIN A; END;\nMACRO #m$ BEGIN B; END;\n#m-1 () #M$ ()", "A; B;"),
            ("MACRO #m PARAMS (#a) BEGIN #a-1 #a END;\n#m (X)", "X-1 X"),
            ("MACROCHAR $\nMACRO $m PARAMS ($a) BEGIN TABLE HR#.$a; END;\n$m (DEPT)", "TABLE HR#.DEPT;"),
            ("MACROCHAR &\nMACRO &m PARAMS (&a) BEGIN TABLE &\nHR.&a; END;\n&m (DEPT)", "TABLE & HR.DEPT;"),
            ("MACRO #m BEGIN SQLEXEC 'begin p; end;' X END;\n#m ()", "SQLEXEC 'begin p; end;' X"),
            ("MACRO #m PARAMS (#a) BEGIN #a '#a' END;\nMACRO #n PARAMS (#b) BEGIN #m ({#b, Y}) END;\n#n (X)", "X, Y '#a'"),
            ("COMMENT it's old\nMACRO #m BEGIN A; END;\n#m ()", "A;"),
            ("COMMENT don't\nINCLUDE a.mac -- more\n#inc ()", "7"),
            ("OBEY 'a.mac'; #inc ()", "; 7"),
            ("MACRO #m PARAMS (#a, #b) BEGIN #a#b END;\n#m (X)", "error: macro #M has no value for its parameter #B"),
            ("MACRO #m PARAMS (#a) BEGIN #a END;\n#m ()", "error: macro #M has no value for its parameter #A"),
            ("MACRO #m PARAMS (#a) BEGIN #a END;\n#m (X, Y)", "error: macro #M has no parameter for the value Y"),
            ("MACRO #m BEGIN A END;\n#m (X)", "error: macro #M has no parameter for the value X"),
            ("MACRO #m BEGIN A END;\n#n ()", "error: unknown macro #n"),
            ("OBEY none.oby", "error: OBEY none.oby: no such file"),
        ] {
            assert_eq!(expanded(text), result, "{text:?}");
        }
    }
}
