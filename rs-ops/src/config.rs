//! Configuration: parameter files, GLOBALS, command files and properties of handlers. A file is read without loss, checked before it
//! runs, compared with another one, and printed only with its secrets masked.

mod catalogue;
mod change;
mod check;
mod collect;
mod deployment;
mod diff;
mod drift;
mod editor;
mod expand;
mod files;
mod finding;
mod lint;
mod mapping;
mod mask;
mod pipelines;
mod properties;
mod request;
mod resolve;
mod sarif;
mod selection;
mod sign_off;

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use serde::{Deserialize, Serialize};
use trailcore::filter::{Outline, Piece, PieceKind, outline};

pub use catalogue::{Parameter, parameter, parameters, similar};
pub use change::{ConfigChange, ConfigChangeKind, ConfigDiff, FileDiff};
pub use drift::{DriftKind, DriftReport, DriftRequest, GroupDrift, drift};
pub use editor::{Completion, Definition, Editor, EditorFinding, EditorPlace};
pub(crate) use files::{is_config, is_other_toml, is_other_toml_file};
pub use finding::{ConfigFinding, ConfigRule, Severity};
pub(crate) use mapping::Parameters;
pub(crate) use mask::masked_message;
pub use mask::{MASK, masked};
pub use request::{ConfigDiffRequest, LintFile, LintReport, LintRequest, diff, lint};
pub use resolve::ParameterPlace;
pub(crate) use resolve::{Resolved, resolved};
pub use sarif::sarif;
pub(crate) use selection::Selection;
pub use sign_off::{ConfigEffect, ConfigEffectKind, SignOff, SignOffRequest, sign_off};

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileKind {
    /// The file of Manager.
    Manager,
    /// The file of an Extract that reads a database.
    Extract,
    /// The file of an Extract that reads a trail.
    Pump,
    /// The file of a Replicat.
    Replicat,
    /// GLOBALS.
    Globals,
    /// The file of DEFGEN.
    Defgen,
    /// Properties of a handler.
    Properties,
    /// Commands of GGSCI or `adminclient`.
    Commands,
    /// A template that a program fills in: it is not checked.
    Template,
    /// A part of a parameter file, such as a file with macros.
    Part,
    /// Pipelines of trailcore, in TOML.
    Pipelines,
}

impl FileKind {
    /// Returns the letter of the kind in the catalogue; `None` if every parameter is allowed.
    pub(crate) fn letter(self) -> Option<char> {
        match self {
            Self::Manager => Some('M'),
            Self::Extract | Self::Pump => Some('E'),
            Self::Replicat => Some('R'),
            Self::Globals => Some('G'),
            Self::Defgen => Some('D'),
            _ => None,
        }
    }

    /// Returns the kind as words, with its article.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Manager => "the file of Manager",
            Self::Extract => "the file of an Extract",
            Self::Pump => "the file of a pump",
            Self::Replicat => "the file of a Replicat",
            Self::Globals => "GLOBALS",
            Self::Defgen => "the file of DEFGEN",
            Self::Properties => "a properties file",
            Self::Commands => "a command file",
            Self::Template => "a template",
            Self::Part => "a part of a parameter file",
            Self::Pipelines => "a file of pipelines",
        }
    }
}

/// A file of the configuration as a tree of pieces, without loss.
///
/// Its text is printed with secrets masked; [`write_to`](Self::write_to) writes it back byte for byte.
///
/// ```
/// use trailcore_ops::config::{FileKind, ParameterFile};
/// let file = ParameterFile::parse("mgr.prm", b"PORT 7809\r\nUSERID ogg, PASSWORD s3cret");
/// assert_eq!(file.kind(), FileKind::Manager);
/// assert_eq!(file.to_string(), "PORT 7809\r\nUSERID ogg, PASSWORD ******");
/// let mut bytes = Vec::new();
/// file.write_to(&mut bytes)?;
/// assert_eq!(bytes, b"PORT 7809\r\nUSERID ogg, PASSWORD s3cret");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct ParameterFile {
    name: String,
    kind: FileKind,
    bytes: Vec<u8>,
    /// The bytes as text of the same length.
    text: String,
    outline: Outline,
    lines: Lines,
    /// In order and without overlap.
    secrets: Vec<Range<usize>>,
}

impl ParameterFile {
    /// Reads a file. Its name helps to find its kind. Every text has a tree, also one with errors.
    #[must_use]
    pub fn parse(name: &str, bytes: &[u8]) -> Self {
        let text = text_of(bytes);
        let secrets = mask::secrets(&text);
        let is_pipelines = files::is_pipelines(name, &text);
        let is_properties = !is_pipelines && is_properties(name, &text);
        let by_lines = is_pipelines || is_properties;
        let outline = if by_lines { properties::outline(&text) } else { outline(&text, &catalogue::form) };
        let (name, lines) = (name.to_owned(), Lines::of(&text));
        let mut file = Self { name, kind: FileKind::Properties, bytes: bytes.to_vec(), text, outline, lines, secrets };
        file.kind = if is_pipelines {
            FileKind::Pipelines
        } else if file.is_template() {
            FileKind::Template
        } else if is_properties {
            FileKind::Properties
        } else {
            file.find_kind()
        };
        file
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Returns the pieces of the file. They follow each other without gaps.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.outline.pieces
    }

    /// Returns the text of a piece with its secrets masked.
    #[must_use]
    pub fn piece_text(&self, piece: &Piece) -> String {
        mask::replaced(self.raw(&piece.range), piece.range.start, &self.secrets)
    }

    /// Writes the file byte for byte, with its secrets. It is meant for the file itself, not for a log or a report.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        self.outline.pieces.iter().try_for_each(|piece| to.write_all(self.bytes.get(piece.range.clone()).unwrap_or_default()))
    }

    /// Returns the keyword of a piece in upper case.
    #[must_use]
    pub fn keyword(&self, piece: &Piece) -> String {
        self.raw(&piece.keyword).to_ascii_uppercase()
    }

    pub(crate) fn raw(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the line and the column of a position, both from 1.
    pub(crate) fn place(&self, at: usize) -> (u64, u64) {
        self.lines.place(&self.text, at)
    }

    /// Returns whether a part of a range is a secret.
    pub(crate) fn has_secret(&self, range: &Range<usize>) -> bool {
        let next = self.secrets.partition_point(|secret| secret.end <= range.start);
        self.secrets.get(next).is_some_and(|secret| secret.start < range.end)
    }

    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    pub(crate) fn words(&self, piece: &Piece) -> Vec<&str> {
        self.outline.words(piece).into_iter().map(|range| self.text.get(range).unwrap_or_default()).collect()
    }

    /// Returns the pieces with a keyword.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Piece> {
        self.outline.pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Parameter | PieceKind::Statement))
    }

    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.statements().any(|piece| self.keyword(piece) == keyword)
    }

    /// Returns the name of the group, in upper case.
    pub(crate) fn group(&self) -> Option<String> {
        let mut statements = self.statements().filter(|_| self.kind != FileKind::Pipelines);
        let piece = statements.find(|piece| matches!(&*self.keyword(piece), "EXTRACT" | "REPLICAT"))?;
        self.words(piece).first().map(|word| word.to_ascii_uppercase())
    }

    /// Returns a message about a position without the secrets of this file. A message may quote a part of a secret that has several
    /// words; short words that are common are left, unless the position is inside of the secret.
    pub(crate) fn scrubbed(&self, message: &str, at: usize) -> String {
        let mut message = message.to_owned();
        for secret in &self.secrets {
            let is_own = secret.contains(&at);
            let words: Vec<&str> =
                self.raw(secret).split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\')).collect();
            let least = if is_own || words.len() == 1 { 3 } else { 5 };
            for word in words.iter().filter(|word| word.len() >= least) {
                message = message.replace(word, MASK);
            }
        }
        message
    }

    fn is_template(&self) -> bool {
        let jinja = self.text.contains("{{") || self.text.contains("{%");
        jinja || self.statements().any(|piece| self.raw(&piece.range).contains("<<"))
    }

    fn find_kind(&self) -> FileKind {
        let base = self.name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let keywords: Vec<String> = self.statements().map(|piece| self.keyword(piece)).collect();
        let has = |word: &str| keywords.iter().any(|own| own == word || is_slip_of(own, word));
        if base.contains("globals") {
            return FileKind::Globals;
        }
        if keywords.first().is_some_and(|word| catalogue::is_command(word)) || base.ends_with(".oby") || base.ends_with(".obey") {
            return FileKind::Commands;
        }
        match () {
            () if has("REPLICAT") => FileKind::Replicat,
            () if has("EXTRACT") => self.kind_of_extract(&keywords),
            () if has("DEFSFILE") => FileKind::Defgen,
            () if has("PORT") || has("DYNAMICPORTLIST") || base.starts_with("mgr") => FileKind::Manager,
            () => FileKind::Part,
        }
    }

    /// An Extract that has no login, or PASSTHRU, reads a trail.
    fn kind_of_extract(&self, keywords: &[String]) -> FileKind {
        let has = |words: &[&str]| keywords.iter().any(|own| words.contains(&own.as_str()));
        let reads_database = has(&["USERID", "USERIDALIAS", "SOURCEDB", "TRANLOGOPTIONS", "VAM", "SOURCEISTABLE", "DDL"]);
        let writes = has(&["RMTTRAIL", "EXTTRAIL", "CUSEREXIT"]);
        if has(&["PASSTHRU"]) || (writes && !reads_database) { FileKind::Pump } else { FileKind::Extract }
    }
}

fn is_slip_of(word: &str, name: &str) -> bool {
    parameter(word).is_none() && similar(word, FileKind::Part).contains(&name)
}

fn is_properties(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let named = [".props", ".properties", ".props.j2", ".properties.j2"].iter().any(|end| name.ends_with(end));
    named || text.lines().any(|line| line.starts_with("gg.handlerlist"))
}

/// Returns bytes as text of the same length: bytes that are no UTF-8 become `?`, and a byte order mark becomes blanks.
fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => format!("   {rest}"),
        None => text,
    }
}

impl fmt::Display for ParameterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask::replaced(&self.text, 0, &self.secrets))
    }
}

impl fmt::Debug for ParameterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterFile").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The starts of the lines of a text.
#[derive(Clone)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1)).collect())
    }

    /// Returns the line and the column of a position of the text, both from 1.
    pub(crate) fn place(&self, text: &str, at: usize) -> (u64, u64) {
        let at = at.min(text.len());
        let line = self.0.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|line| self.0.get(line)).copied().unwrap_or(0);
        (line as u64, text.get(start..at).unwrap_or_default().chars().count() as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_line() {
        let text = "a\n\näb\r\nc";
        let lines = Lines::of(text);
        let places: Vec<_> = text.char_indices().map(|(at, _)| lines.place(text, at)).collect();
        assert_eq!(places, [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (3, 3), (3, 4), (4, 1)]);
        assert_eq!((lines.place(text, 99), Lines::of("").place("", 0)), ((4, 2), (1, 1)));
    }

    #[test]
    fn secrets_are_found_by_range() {
        let file = ParameterFile::parse("e.prm", b"USERID a, PASSWORD s3cret1\nUSERID b, PASSWORD s3cret2\nTABLE A.B;");
        let at = |word: &str| file.text().find(word).map(|at| at..at + word.len()).unwrap();
        assert!(file.has_secret(&at("s3cret1")) && file.has_secret(&at("cret2")) && file.has_secret(&(0..60)));
        assert!(!file.has_secret(&at("USERID b, PASSWORD ")) && !file.has_secret(&at("TABLE")) && !file.has_secret(&(0..0)));
    }
}
