//! [`mapping`]: the statement of a group's parameters that a table falls under.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use trailcore::filter::Piece;

use super::deployment::object;
use super::expand::{Includes, expand};
use super::request::files;
use super::{FileKind, ParameterFile, parameter};
use crate::input::{Input, RefusedInput};

/// A statement of a parameter file, and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterPlace {
    /// The file; of an included statement the included file.
    pub file: String,
    /// The line; 0 if a macro made the statement.
    pub line: u64,
    /// The statement, with secrets masked.
    pub text: String,
}

/// The parameter files of a request.
pub(crate) struct Parameters {
    files: Vec<(Option<String>, ParameterFile, ParameterFile, Origins)>,
    pub(crate) refused: Vec<RefusedInput>,
}

/// The files and lines of the expanded statements, in their order.
type Origins = Vec<(String, u64)>;

impl Parameters {
    /// Reads parameter files, with their macros and included files. A report stands for the parameters that it echoes.
    pub(crate) fn read(inputs: &[Input]) -> Self {
        let (given, refused) = files(inputs);
        let texts: BTreeMap<String, String> =
            given.iter().map(|given| (given.file.name().to_owned(), given.file.text().to_owned())).collect();
        let each = given.into_iter().map(|given| {
            let root = given.input.path.as_deref().and_then(|path| Path::new(path).parent()).map(Path::to_path_buf);
            let expansion = expand(given.file.text(), &Includes { given: &texts, root });
            let expanded = ParameterFile::parse(given.file.name(), expansion.expanded.text.as_bytes());
            let mut lines: BTreeMap<&str, super::Lines> = BTreeMap::new();
            let origins = expanded.statements().map(|piece| {
                let (source, offset) = expansion.expanded.origin(piece.range.start);
                let (name, line) = match source {
                    Some(path) => {
                        let text = expansion.texts.get(path).map_or("", String::as_str);
                        (path, lines.entry(path).or_insert_with(|| super::Lines::of(text)).place(text, offset).0)
                    }
                    None => (given.file.name(), given.file.place(offset).0),
                };
                (name.to_owned(), line)
            });
            let origins: Origins = origins.collect();
            (given.input.deployment, given.file, expanded, origins)
        });
        Self { files: each.collect(), refused }
    }

    /// Returns the statement of a group that a table falls under: the first TABLE or MAP whose name fits. `None` also if an exclusion
    /// fits, or if SOURCECATALOG completes the names.
    pub(crate) fn mapping(&self, deployment: &str, group: &str, table: &str) -> Option<ParameterPlace> {
        let table = table.to_ascii_uppercase();
        let fits = |file: &ParameterFile, piece: &Piece| {
            let name = file.words(piece).first().and_then(|word| object(word));
            name.is_some_and(|(_, pattern)| pattern.matches(&table) || pattern.matches(last_parts(&table)))
        };
        let is = |file: &ParameterFile, piece: &Piece, keywords: &[&str]| keywords.contains(&&*file.keyword(piece));
        let decides = |file: &ParameterFile, piece: &Piece| {
            is(file, piece, &["SOURCECATALOG"])
                || (is(file, piece, &["TABLEEXCLUDE", "MAPEXCLUDE", "CATALOGEXCLUDE", "SCHEMAEXCLUDE"]) && fits(file, piece))
        };
        let is_selection =
            |file: &ParameterFile, piece: &Piece| is(file, piece, &["TABLE", "MAP", "SEQUENCE"]) && fits(file, piece);
        let is_undecided = !self.all(deployment, group, decides).is_empty();
        self.all(deployment, group, is_selection).into_iter().next().filter(|_| !is_undecided)
    }

    /// Returns the statement of a group whose parameter a message names, such as `FILTER`, if exactly one has it.
    pub(crate) fn named(&self, deployment: &str, group: &str, message: &str) -> Option<ParameterPlace> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words =
            message.split(|c| !is_word(c)).filter(|word| word.len() > 2 && word.bytes().any(|byte| byte.is_ascii_uppercase()));
        for word in words.filter(|word| word.to_ascii_uppercase() == **word) {
            let has = |file: &ParameterFile, piece: &Piece| {
                file.keyword(piece) == word || file.words(piece).iter().any(|own| own.eq_ignore_ascii_case(word))
            };
            let is_clause = parameter(word).is_some() || matches!(word, "FILTER" | "WHERE" | "COLMAP" | "KEYCOLS" | "SQLEXEC");
            let mut places = if is_clause { self.all(deployment, group, has) } else { Vec::new() };
            if places.len() == 1 {
                return places.pop();
            }
        }
        None
    }

    /// Returns the statements of a group that are wanted, in order.
    fn all(&self, deployment: &str, group: &str, is_wanted: impl Fn(&ParameterFile, &Piece) -> bool) -> Vec<ParameterPlace> {
        let is_own = |own: &Option<String>, file: &ParameterFile, expanded: &ParameterFile| {
            let named = own.as_deref().is_none_or(|own| own == deployment);
            let has_group = expanded.group().or_else(|| stem(file.name())).is_some_and(|own| own == group);
            named && has_group && !matches!(file.kind(), FileKind::Commands | FileKind::Globals)
        };
        let mut places = Vec::new();
        for (_, file, expanded, origins) in self.files.iter().filter(|(own, file, expanded, _)| is_own(own, file, expanded)) {
            for (piece, (name, line)) in expanded.statements().zip(origins).filter(|(piece, _)| is_wanted(expanded, piece)) {
                let text = file.scrubbed(expanded.piece_text(piece).trim(), usize::MAX);
                places.push(ParameterPlace { file: name.clone(), line: *line, text });
            }
        }
        places
    }
}

fn stem(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next()?;
    Some(base.split('.').next()?.to_ascii_uppercase())
}

/// Returns the last two parts of a name: a container may come before them.
fn last_parts(table: &str) -> &str {
    table.rmatch_indices('.').nth(1).map_or(table, |(at, _)| table.get(at + 1..).unwrap_or(table))
}
