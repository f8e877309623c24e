//! Checks one file.

use super::collect::Lint;
use super::finding::{ConfigFinding, ConfigRule};
use super::resolve::Resolved;
use super::{FileKind, check, pipelines, properties};

/// Checks a file. Returns its findings.
pub(crate) fn lint_file(resolved: &Resolved) -> Vec<ConfigFinding> {
    let mut lint = Lint::new(resolved);
    match resolved.file().kind() {
        FileKind::Template => lint.add(ConfigRule::Template, 0, "the text has placeholders".to_owned()),
        FileKind::Pipelines => pipelines::check(resolved.file(), &mut lint),
        FileKind::Properties => properties::check(resolved.file(), &mut lint),
        FileKind::Commands => check::passwords(resolved.file(), &mut lint),
        _ => {
            lint.macros_and_includes();
            check::check(&resolved.expanded, &mut lint);
        }
    }
    lint.finish()
}
