//! The requests `ops.lint` and `ops.diff`.

use serde::{Deserialize, Serialize};

use super::change::{ConfigDiff, FileDiff};
use super::deployment;
use super::diff::changes;
use super::files::files;
use super::finding::{ConfigFinding, Severity};
use super::lint::lint_file;
use super::resolve::resolved;
use super::{FileKind, ParameterFile};
use crate::input::{Input, RefusedInput};

/// The request of `ops.lint`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LintRequest {
    /// The files: parameter files, GLOBALS, command files, properties, files of pipelines, bodies of the REST API with a `config`. A
    /// directory stands for its files.
    pub inputs: Vec<Input>,
    /// The report also has the findings as SARIF.
    pub sarif: bool,
}

/// The request of `ops.diff`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ConfigDiffRequest {
    /// The earlier files, as in `ops.lint`; also files of pipelines.
    pub before: Vec<Input>,
    /// The later files. A report of a process stands for the parameters that it was started with.
    pub after: Vec<Input>,
}

/// `ops.lint`: what is wrong in a configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LintReport {
    /// The files.
    pub files: Vec<LintFile>,
    /// The findings, by file and place.
    pub findings: Vec<ConfigFinding>,
    /// The findings as a SARIF document, if the request asks for it.
    pub sarif: Option<String>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LintFile {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: FileKind,
    /// The group of the process.
    pub group: Option<String>,
    /// The number of errors.
    pub errors: u64,
    /// The number of warnings.
    pub warnings: u64,
}

impl LintReport {
    /// Returns the number of findings of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Answers `ops.lint`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::config::{LintRequest, Severity, lint};
/// let inputs = vec![Input::text("e1.prm", "EXTRACT e1\nUSERIDALIAS ogg\nEXTTRAIL ./dirdat/aa\nTABLE HR.EMP\nTABLE HR.DEPT;\n")];
/// let report = lint(&LintRequest { inputs, ..LintRequest::default() });
/// assert_eq!(report.count(Severity::Error), 1);
/// assert_eq!((report.findings[0].rule.name().as_str(), report.findings[0].line), ("missing_semicolon", 4));
/// ```
#[must_use]
pub fn lint(request: &LintRequest) -> LintReport {
    let (members, refused) = resolved(&request.inputs);
    let mut report = LintReport { files: Vec::new(), findings: Vec::new(), sarif: None, refused };
    report.findings.extend(members.iter().flat_map(lint_file));
    report.findings.extend(deployment::check(&members));
    report.findings.sort_by(|a, b| (&a.file, a.offset, a.rule).cmp(&(&b.file, b.offset, b.rule)));
    // A file that others include reports its own findings once.
    report.findings.dedup_by(|a, b| (&a.file, a.offset, a.rule) == (&b.file, b.offset, b.rule));
    for member in &members {
        report.files.push(summary(member.file(), &report.findings));
    }
    report.sarif = request.sarif.then(|| super::sarif(&report.findings).to_string());
    report
}

fn summary(file: &ParameterFile, findings: &[ConfigFinding]) -> LintFile {
    let count = |severity| findings.iter().filter(|own| own.file == file.name() && own.severity == severity).count() as u64;
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let group = file.group().map(|group| file.scrubbed(&group, usize::MAX));
    LintFile { name: file.name().to_owned(), kind: file.kind(), group, errors, warnings }
}

/// Answers `ops.diff`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::config::{ConfigDiffRequest, diff};
/// let request = ConfigDiffRequest {
///     before: vec![Input::text("mgr.prm", "PORT 7809\nAUTOSTART ER *\n")],
///     after: vec![Input::text("mgr.prm", "-- new port\nport 7810\nautostart er *\n")],
/// };
/// let report = diff(&request);
/// assert_eq!(report.files[0].changes.len(), 1);
/// assert_eq!(report.files[0].changes[0].after.as_deref(), Some("port 7810"));
/// ```
#[must_use]
pub fn diff(request: &ConfigDiffRequest) -> ConfigDiff {
    let (before, mut refused) = files(&request.before);
    let (mut after, more) = files(&request.after);
    refused.extend(more);
    let mut report = ConfigDiff { refused, ..ConfigDiff::default() };
    let is_pair = before.len() == 1 && after.len() == 1;
    for old in &before {
        let place = if is_pair { Some(0) } else { after.iter().position(|new| is_same_file(&old.file, &new.file)) };
        let new = place.map(|place| after.remove(place));
        let changes = match &new {
            Some(new) => changes(&old.file, &new.file, old.is_echo || new.is_echo),
            None => changes(&old.file, &ParameterFile::parse(old.file.name(), b""), false),
        };
        report.add(Some(&old.file), new.as_ref().map(|new| &new.file), changes);
    }
    for new in &after {
        let changes = changes(&ParameterFile::parse(new.file.name(), b""), &new.file, false);
        report.add(None, Some(&new.file), changes);
    }
    report
}

/// Returns whether two files are versions of each other: of the same group, or else of the same name.
fn is_same_file(a: &ParameterFile, b: &ParameterFile) -> bool {
    let base = |file: &ParameterFile| file.name().rsplit(['/', '\\']).next().map(str::to_ascii_lowercase);
    match (a.group(), b.group()) {
        (Some(a), Some(b)) => a == b,
        _ => base(a) == base(b),
    }
}

impl ConfigDiff {
    fn add(&mut self, before: Option<&ParameterFile>, after: Option<&ParameterFile>, changes: Vec<super::ConfigChange>) {
        if changes.is_empty() && before.is_some() == after.is_some() {
            self.same += 1;
            return;
        }
        let name = |file: Option<&ParameterFile>| file.map(|file| file.name().to_owned());
        self.files.push(FileDiff { before: name(before), after: name(after), changes });
    }
}
