//! [`Parameters`]: the statement of a group's parameters that a table falls under.

use trailcore::filter::Piece;

use super::resolve::{ParameterPlace, Resolved, resolved};
use super::selection::Selection;
use super::{FileKind, ParameterFile, parameter};
use crate::input::{Input, RefusedInput};

/// The parameter files of a request.
pub(crate) struct Parameters {
    files: Vec<Resolved>,
    pub(crate) refused: Vec<RefusedInput>,
}

impl Parameters {
    /// Reads parameter files, with their macros and included files. A report stands for the parameters that it echoes.
    pub(crate) fn read(inputs: &[Input]) -> Self {
        let (files, refused) = resolved(inputs);
        Self { files, refused }
    }

    /// Returns the statement of a group that a table falls under: the first TABLE or MAP that names it. `None` also if an exclude
    /// names it.
    pub(crate) fn mapping(&self, deployment: &str, group: &str, table: &str) -> Option<ParameterPlace> {
        self.of_group(deployment, group).find_map(|own| {
            let selection = Selection::of(own);
            selection.of_table(table).first().map(|(place, _)| (*place).clone())
        })
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
        let mut places = Vec::new();
        for own in self.of_group(deployment, group) {
            let wanted = own.expanded.statements().filter(|piece| is_wanted(&own.expanded, piece));
            places.extend(wanted.map(|piece| own.statement(piece)));
        }
        places
    }

    /// Returns the files of a group.
    fn of_group(&self, deployment: &str, group: &str) -> impl Iterator<Item = &Resolved> {
        self.files.iter().filter(move |own| {
            let named = own.given.input.deployment.as_deref().is_none_or(|own| own == deployment);
            let is_group = own.group().is_some_and(|own| own == group);
            named && is_group && !matches!(own.file().kind(), FileKind::Commands | FileKind::Globals)
        })
    }
}
