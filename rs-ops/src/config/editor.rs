//! [`Editor`]: open documents, and what an editor asks about them: findings, the meaning of a parameter, names to complete, and the
//! place where a macro is defined or a file is included.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use trailcore::filter::{Piece, PieceKind};

use super::files::Given;
use super::finding::ConfigFinding;
use super::lint::lint_file;
use super::resolve::Resolved;
use super::{FileKind, Parameter, ParameterFile, parameter, parameters};
use crate::input::Input;

/// A place in a document as editors count: line and column from 0, the column in units of UTF-16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EditorPlace {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl EditorPlace {
    /// Returns the place of a byte offset; a place after the end of the text is its end.
    ///
    /// ```
    /// use trailcore_ops::config::EditorPlace;
    /// let text = "A\n\u{10000}B";
    /// let place = EditorPlace::of(text, 6);
    /// assert_eq!((place.line, place.column, place.offset(text)), (1, 2, 6));
    /// ```
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..floor(text, offset)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: count(before.matches('\n').count()), column: count(line.encode_utf16().count()) }
    }

    /// Returns the byte offset of the place; a column after the end of its line is that end.
    #[must_use]
    pub fn offset(self, text: &str) -> usize {
        let mut at = 0;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if u32::try_from(number).is_ok_and(|number| number == self.line) {
                let mut units = 0;
                let is_before = |c: &char| {
                    units += u32::try_from(c.len_utf16()).unwrap_or(2);
                    units <= self.column && !matches!(c, '\r' | '\n')
                };
                return at + line.chars().take_while(is_before).map(char::len_utf8).sum::<usize>();
            }
            at += line.len();
        }
        at
    }
}

/// Returns the start of the character that has a byte.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A finding with its range in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditorFinding {
    /// The start and the end. A finding in an included file is at the parameter that includes it.
    pub range: Range<EditorPlace>,
    /// The finding.
    pub finding: ConfigFinding,
}

/// A name that can stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The name.
    pub name: &'static str,
    /// Its effect, in one line; empty for an option.
    pub description: &'static str,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The document or file.
    pub path: PathBuf,
    /// The place in it.
    pub place: EditorPlace,
}

/// Open documents, by path. A document includes other open ones, and files of its folder and of the parent of that.
///
/// ```
/// use trailcore_ops::config::{Editor, EditorPlace};
/// let mut editor = Editor::default();
/// editor.set("/ogg/dirprm/mgr.prm", "PORT 7809\nAUTOSTRAT ER *\n".to_owned());
/// let findings = editor.findings("/ogg/dirprm/mgr.prm");
/// assert_eq!(findings[0].range, EditorPlace { line: 1, column: 0 }..EditorPlace { line: 1, column: 9 });
/// assert!(editor.hover("/ogg/dirprm/mgr.prm", EditorPlace { line: 0, column: 2 }).is_some());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Editor {
    documents: BTreeMap<String, String>,
}

impl Editor {
    /// Opens a document, or exchanges its text.
    pub fn set(&mut self, path: &str, text: String) {
        self.documents.insert(path.to_owned(), text);
    }

    /// Closes a document: the file counts again.
    pub fn close(&mut self, path: &str) {
        self.documents.remove(path);
    }

    /// Returns the paths of the open documents.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.documents.keys().map(String::as_str)
    }

    fn resolved(&self, path: &str) -> Option<(&str, Resolved)> {
        let text = self.documents.get(path)?;
        let input = Input::path(path);
        let given = Given::new(input, ParameterFile::parse(path, text.as_bytes()));
        Some((text, Resolved::new(given, &self.documents)))
    }

    /// Returns what is wrong in a document; nothing if it is not open. Checks over several files are not made.
    #[must_use]
    pub fn findings(&self, path: &str) -> Vec<EditorFinding> {
        let Some((text, file)) = self.resolved(path) else { return Vec::new() };
        let place = |finding: ConfigFinding| {
            let is_own = finding.file == path;
            let start = if is_own {
                usize::try_from(finding.offset).unwrap_or(usize::MAX)
            } else {
                include_of(file.file(), &finding.file).map_or(0, |piece| piece.range.start)
            };
            let length =
                text.get(floor(text, start)..).and_then(|rest| rest.split(char::is_whitespace).next()).map_or(0, str::len);
            EditorFinding { range: EditorPlace::of(text, start)..EditorPlace::of(text, start + length), finding }
        };
        lint_file(&file).into_iter().map(place).collect()
    }

    /// Returns the effect of the parameter at a place, and the range of its name.
    #[must_use]
    pub fn hover(&self, path: &str, place: EditorPlace) -> Option<(Range<EditorPlace>, String)> {
        let text = self.documents.get(path)?;
        let file = ParameterFile::parse(path, text.as_bytes());
        let at = place.offset(text);
        let piece = file.statements().find(|piece| piece.keyword.start <= at && at <= piece.keyword.end)?;
        let parameter = parameter(&file.keyword(piece))?;
        let range = EditorPlace::of(text, piece.keyword.start)..EditorPlace::of(text, piece.keyword.end);
        Some((range, described(parameter)))
    }

    /// Returns the names that can stand at a place: parameters at the start of a statement, and else options of its parameter.
    #[must_use]
    pub fn completions(&self, path: &str, place: EditorPlace) -> Vec<Completion> {
        let Some(text) = self.documents.get(path) else { return Vec::new() };
        let file = ParameterFile::parse(path, text.as_bytes());
        let at = place.offset(text);
        let before = text.get(..at).unwrap_or_default();
        let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default().to_ascii_uppercase();
        let is_first = before.rsplit('\n').next().unwrap_or_default().trim_start().len() == word.len();
        let inside = |piece: &&Piece| piece.keyword.end < at - word.len() && at <= piece.range.end;
        let of_piece = file.statements().find(inside).and_then(|piece| parameter(&file.keyword(piece)));
        // The statement before may lack its end.
        let of_piece = of_piece.filter(|own| !is_first || own.options().next().is_some());
        let mut names: Vec<Completion> = match of_piece {
            Some(parameter) => parameter.options().map(|name| Completion { name, description: "" }).collect(),
            None if is_first => {
                let allowed = parameters().filter(|parameter| parameter.is_allowed_in(file.kind()));
                allowed.map(|own| Completion { name: own.name, description: own.description }).collect()
            }
            None => Vec::new(),
        };
        names.retain(|completion| completion.name.starts_with(&word));
        names
    }

    /// Returns the place where the macro at a place is defined, or the file that the parameter at a place includes.
    #[must_use]
    pub fn definition(&self, path: &str, place: EditorPlace) -> Option<Definition> {
        let (text, file) = self.resolved(path)?;
        let at = place.offset(text);
        let pieces = file.file().pieces();
        let piece = pieces.iter().find(|piece| piece.range.start <= at && at < piece.range.end.max(piece.range.start + 1))?;
        if matches!(&*file.file().keyword(piece), "INCLUDE" | "OBEY") {
            return self.included(&file, piece);
        }
        let name = macro_at(text, at)?;
        let own = [(path, text)].into_iter();
        let others = file.expansion.texts.iter().map(|(path, included)| (path.as_str(), included.text.as_str()));
        own.chain(others).find_map(|(path, text)| {
            let at = definition_of(&name, path, text)?;
            Some(Definition { path: path.into(), place: EditorPlace::of(text, at) })
        })
    }

    fn included(&self, file: &Resolved, piece: &Piece) -> Option<Definition> {
        let found = file.expansion.texts.keys().filter(|path| self.documents.contains_key(*path) || Path::new(path).is_file());
        let path = found.into_iter().find(|path| include_of(file.file(), path).is_some_and(|own| own.range == piece.range))?;
        Some(Definition { path: path.into(), place: EditorPlace::default() })
    }
}

/// Returns the effect of a parameter, where it is allowed, and since when.
fn described(parameter: &Parameter) -> String {
    let kinds = [FileKind::Manager, FileKind::Extract, FileKind::Replicat, FileKind::Globals, FileKind::Defgen];
    let allowed: Vec<&str> = kinds.iter().filter(|kind| parameter.is_allowed_in(**kind)).map(|kind| kind.words()).collect();
    let since = parameter.since.map_or(String::new(), |since| format!("\n\nSince {since}."));
    let until = match parameter.until {
        Some("deprecated") => "\n\nDeprecated.".to_owned(),
        Some(until) => format!("\n\nUntil {until}."),
        None => String::new(),
    };
    let Parameter { name, description, source, .. } = parameter;
    format!("**{name}**: {description}.\n\nAllowed in: {}.{since}{until}\n\nSource: {source}.", allowed.join(", "))
}

/// Returns the parameter that includes a file.
fn include_of<'a>(file: &'a ParameterFile, path: &str) -> Option<&'a Piece> {
    let base = |name: &str| name.trim_matches(['\'', '"']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let includes = |piece: &&Piece| matches!(&*file.keyword(piece), "INCLUDE" | "OBEY");
    file.statements().filter(includes).find(|piece| file.words(piece).first().is_some_and(|name| base(name) == base(path)))
}

/// Returns the name of a macro, with its `#`, that is at an offset.
fn macro_at(text: &str, at: usize) -> Option<String> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '#');
    let at = floor(text, at);
    let start = text.get(..at)?.rfind(|c| !is_name(c)).map_or(0, |last| last + text.get(last..).map_or(1, first_length));
    let end = text.get(at..)?.find(|c| !is_name(c)).map_or(text.len(), |next| at + next);
    let word = text.get(start..end)?;
    word.starts_with('#').then(|| word.to_ascii_uppercase())
}

fn first_length(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// Returns the place of the definition of a macro in a text.
fn definition_of(name: &str, path: &str, text: &str) -> Option<usize> {
    let file = ParameterFile::parse(path, text.as_bytes());
    let mut macros = file.pieces().iter().filter(|piece| piece.kind == PieceKind::Macro);
    macros
        .find(|piece| file.words(piece).first().is_some_and(|own| own.eq_ignore_ascii_case(name)))
        .map(|piece| piece.keyword.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "REPLICAT r1\nINCLUDE more.mac\nMACRO #own\nBEGIN\nMAP A.B, TARGET A.B;\nEND;\n#own ()\n#err (1)\nDISCARDFILE a.dsc, AP\nGROUP\n";

    fn editor() -> Editor {
        let mut editor = Editor::default();
        editor.set("/ogg/dirprm/r1.prm", TEXT.to_owned());
        editor.set(
            "/ogg/dirprm/more.mac",
            "-- ä\nMACRO #err\nPARAMS (#a)\nBEGIN\nREPERROR (ORA-00001, DISCARD)\nEND;\n".to_owned(),
        );
        editor
    }

    fn at(line: u32, column: u32) -> EditorPlace {
        EditorPlace { line, column }
    }

    #[test]
    fn macros_and_files_are_found() {
        let editor = editor();
        let find = |line, column| {
            let found = editor.definition("/ogg/dirprm/r1.prm", at(line, column));
            found.map(|found| (found.path.display().to_string(), found.place.line))
        };
        assert_eq!(find(6, 2), Some(("/ogg/dirprm/r1.prm".to_owned(), 2)));
        assert_eq!(find(7, 0), Some(("/ogg/dirprm/more.mac".to_owned(), 1)));
        assert_eq!(find(1, 10), Some(("/ogg/dirprm/more.mac".to_owned(), 0)));
        assert_eq!((find(0, 0), find(99, 0)), (None, None));
    }

    #[test]
    fn a_finding_of_an_included_file_is_at_its_include() {
        let findings = editor().findings("/ogg/dirprm/r1.prm");
        let own = findings.iter().find(|own| own.finding.rule.name() == "reperror_code").unwrap();
        assert_eq!((own.range.start, own.finding.file.as_str(), own.finding.line), (at(1, 0), "/ogg/dirprm/more.mac", 5));
    }

    #[test]
    fn names_are_completed_and_explained() {
        let editor = editor();
        let names = |line, column| {
            let found = editor.completions("/ogg/dirprm/r1.prm", at(line, column));
            found.iter().map(|own| own.name).collect::<Vec<_>>()
        };
        assert_eq!(names(9, 5), ["GROUPTRANSOPS"]);
        assert_eq!(names(8, 21), ["APPEND"]);
        assert!(names(9, 0).len() > 50 && !names(9, 0).contains(&"RMTHOST"), "{:?}", names(9, 0));
        let (range, text) = editor.hover("/ogg/dirprm/r1.prm", at(8, 3)).unwrap();
        assert_eq!(range, at(8, 0)..at(8, 11));
        assert!(text.starts_with("**DISCARDFILE**: ") && text.contains("Allowed in: "), "{text}");
        assert_eq!(editor.hover("/ogg/dirprm/r1.prm", at(4, 1)), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_and_no_place_panics(text in "(TABLE|MACRO|#a|INCLUDE|\u{10000}|[ -~\n\r]){0,40}", line in 0u32..9, column in 0u32..90) {
            let mut editor = Editor::default();
            editor.set("a.prm", text.clone());
            let found = (editor.findings("a.prm"), editor.hover("a.prm", at(line, column)));
            let more = (editor.completions("a.prm", at(line, column)), editor.definition("a.prm", at(line, column)));
            drop((found, more));
        }

        #[test]
        fn places_round_trip(text in "[a\u{e4}\u{10000}\n]{0,30}") {
            for (offset, c) in text.char_indices().filter(|(_, c)| *c != '\r') {
                proptest::prop_assert_eq!(EditorPlace::of(&text, offset).offset(&text), offset, "{:?}", c);
            }
        }
    }
}
