//! [`Resolved`]: a file of a request, and what it is after its macros and included files. Every verb that needs a configuration as a
//! process runs with it takes it from here.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use trailcore::filter::Piece;

use super::expand::{Expansion, Includes, expand};
use super::files::{Given, files};
use super::{FileKind, ParameterFile};
use crate::input::{Input, RefusedInput};

/// A statement of a parameter file, and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterPlace {
    /// The file; of an included statement the included file.
    pub file: String,
    /// The line, from 1. A statement that a macro made is at its line in the body of the macro.
    pub line: u64,
    /// The statement, with secrets masked.
    pub text: String,
}

/// A file of a request with its macros and included files resolved.
pub(crate) struct Resolved {
    pub(crate) given: Given,
    /// The file after expansion; the file as it is written if that failed, or if it has nothing to expand.
    pub(crate) expanded: ParameterFile,
    pub(crate) expansion: Expansion,
}

/// The place in a file as it is written.
pub(crate) struct Origin<'a> {
    /// The file; of an included statement the included file.
    pub(crate) file: &'a str,
    /// The line and the column, from 1. A statement that a macro made is at its place in the body of the macro.
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) offset: usize,
    pub(crate) is_included: bool,
}

/// Reads the files of a request and resolves them. A file includes the other ones of the request, and files of its own folder and the
/// parent of that.
pub(crate) fn resolved(inputs: &[Input]) -> (Vec<Resolved>, Vec<RefusedInput>) {
    let (given, refused) = files(inputs);
    let texts = given.iter().map(|given| (given.file.name().to_owned(), given.file.text().to_owned())).collect();
    (given.into_iter().map(|given| Resolved::new(given, &texts)).collect(), refused)
}

impl Resolved {
    /// Resolves a file, with the texts by name that it may include.
    pub(crate) fn new(given: Given, texts: &BTreeMap<String, String>) -> Self {
        let root = given.input.path.as_deref().and_then(|path| Path::new(path).parent()).map(Path::to_path_buf);
        // A report prints parameters with macros and included files resolved.
        let has_macros =
            !matches!(given.file.kind(), FileKind::Properties | FileKind::Commands | FileKind::Template | FileKind::Pipelines);
        let expansion = match has_macros && !given.is_echo {
            true => expand(given.file.text(), &Includes { given: texts, root }),
            false => Expansion::none(given.file.text()),
        };
        let mut expanded = given.file.clone();
        if expansion.expanded.text != given.file.text() {
            expanded = ParameterFile::parse(given.file.name(), expansion.expanded.text.as_bytes());
            expanded.kind = if given.file.kind == FileKind::Part { expanded.kind } else { given.file.kind };
        }
        Self { given, expanded, expansion }
    }

    /// Returns the file as it is written.
    pub(crate) fn file(&self) -> &ParameterFile {
        &self.given.file
    }

    /// Returns the deployment of the file; empty if it is not named.
    pub(crate) fn deployment(&self) -> &str {
        self.given.input.deployment.as_deref().unwrap_or_default()
    }

    /// Returns the group of the process: the one that the file names, or else the stem of its name.
    pub(crate) fn group(&self) -> Option<String> {
        self.expanded.group().or_else(|| stem(self.file().name()))
    }

    /// Returns the place that a position of the expanded text is from.
    pub(crate) fn origin(&self, at: usize) -> Origin<'_> {
        let (source, offset) = self.expansion.expanded.origin(at);
        let included = source.and_then(|path| Some((path, self.expansion.texts.get(path)?)));
        let (file, (line, column)) = match included {
            Some((path, included)) => (path, included.lines.place(&included.text, offset)),
            None => (self.file().name(), self.own_place(offset)),
        };
        Origin { file, line, column, offset, is_included: included.is_some() }
    }

    /// Returns the place in the file itself; in a report, of the line that prints the parameter.
    fn own_place(&self, offset: usize) -> (u64, u64) {
        let (line, column) = self.file().place(offset);
        let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        (index.and_then(|index| self.given.echo_lines.get(index)).copied().unwrap_or(line), column)
    }

    /// Returns a message about a position of the expanded text without the secrets of the file and of what it includes.
    pub(crate) fn scrubbed(&self, message: &str, at: usize) -> String {
        let origin = self.origin(at);
        let own = if origin.is_included { usize::MAX } else { origin.offset };
        self.file().scrubbed(&self.expanded.scrubbed(message, at), own)
    }

    /// Returns a statement of the expanded text with its place, and its secrets masked.
    pub(crate) fn statement(&self, piece: &Piece) -> ParameterPlace {
        let Origin { file, line, .. } = self.origin(piece.range.start);
        let text = self.file().scrubbed(self.expanded.piece_text(piece).trim(), usize::MAX);
        ParameterPlace { file: file.to_owned(), line, text }
    }
}

fn stem(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next()?;
    Some(base.split('.').next()?.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_of_an_echo_has_the_line_of_the_report() {
        let report = "***\n**  Running with the following parameters  **\n***\n\n2024-01-28 05:31:33  INFO    OGG-03035  A message.\n\nREPLICAT r1\nMAP A.*, TARGET A.*;\n";
        let file = resolved(&[Input::text("R1.rpt", report)]).0.remove(0);
        let lines: Vec<_> = file.expanded.statements().map(|piece| file.statement(piece).line).collect();
        assert_eq!((lines, file.group().as_deref()), (vec![7, 8], Some("R1")));
    }

    #[test]
    fn a_statement_has_the_place_where_it_is_written() {
        let own = "EXTRACT e1\nMACRO #t\nBEGIN\nTABLE A.B;\nEND;\nINCLUDE more.mac\n#t ()\nTABLE A.D;\n";
        let inputs = [Input::text("dirprm/e1.prm", own), Input::text("more.mac", "-- a comment\nTABLE A.C;\n")];
        let (files, refused) = resolved(&inputs);
        assert!(refused.is_empty());
        let file = files.first().unwrap();
        let tables = file.expanded.statements().filter(|piece| file.expanded.keyword(piece) == "TABLE");
        let places: Vec<_> =
            tables.map(|piece| file.statement(piece)).map(|place| (place.file, place.line, place.text)).collect();
        let place = |file: &str, line, text: &str| (file.to_owned(), line, text.to_owned());
        let own = "dirprm/e1.prm";
        assert_eq!(places, [place("more.mac", 2, "TABLE A.C;"), place(own, 4, "TABLE A.B;"), place(own, 8, "TABLE A.D;")]);
        assert_eq!((file.group().as_deref(), files[1].group().as_deref()), (Some("E1"), Some("MORE")));
    }
}
