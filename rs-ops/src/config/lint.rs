//! Checks one file.

use super::collect::Lint;
use super::expand::{Expansion, Includes, expand};
use super::finding::{ConfigFinding, ConfigRule};
use super::{FileKind, ParameterFile, check, properties};

/// Checks a file. Returns its findings, and the file as it is after expansion.
pub(crate) fn lint_file(file: &ParameterFile, includes: &Includes<'_>) -> (Vec<ConfigFinding>, ParameterFile) {
    let is_checked = !matches!(file.kind(), FileKind::Template | FileKind::Properties | FileKind::Commands);
    let expansion = if is_checked { expand(file.text(), includes) } else { Expansion::none(file.text()) };
    let mut expanded = file.clone();
    if expansion.expanded.text != file.text() {
        expanded = ParameterFile::parse(file.name(), expansion.expanded.text.as_bytes());
        expanded.kind = if file.kind == FileKind::Part { expanded.kind } else { file.kind };
    }
    let mut lint = Lint::new(file, &expanded, &expansion);
    match file.kind() {
        FileKind::Template => lint.add(ConfigRule::Template, 0, "the text has placeholders".to_owned()),
        FileKind::Properties => properties::check(file, &mut lint),
        FileKind::Commands => check::passwords(file, &mut lint),
        _ => {
            lint.macros_and_includes();
            check::check(&expanded, &mut lint);
        }
    }
    (lint.finish(), expanded)
}

impl Expansion {
    fn none(text: &str) -> Self {
        let expanded = trailcore::filter::Expanded { text: text.to_owned(), origins: Vec::new() };
        Self { expanded, error: None, missing: Vec::new(), escapes: Vec::new(), texts: Default::default() }
    }
}
