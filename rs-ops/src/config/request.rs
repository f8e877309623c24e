//! The requests `ops.lint` and `ops.diff`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use super::deployment::{self, Member};
use super::diff::{ConfigDiff, FileDiff, changes};
use super::expand::Includes;
use super::finding::{ConfigFinding, Severity};
use super::{FileKind, ParameterFile, lint::lint_file, text_of};
use crate::input::{Input, RefusedInput};
use crate::read::{Content, Reading};

/// Files of one directory that are read.
const MOST_FILES: usize = 10_000;

/// The request of `ops.lint`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LintRequest {
    /// The files: parameter files, GLOBALS, command files, properties, bodies of the REST API with a `config`. A directory stands
    /// for its files.
    pub inputs: Vec<Input>,
    /// The report also has the findings as SARIF.
    pub sarif: bool,
}

/// The request of `ops.diff`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ConfigDiffRequest {
    /// The earlier files, as in `ops.lint`.
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

/// A file of a request.
pub(crate) struct Given {
    pub(crate) input: Input,
    pub(crate) file: ParameterFile,
    /// It is the echo in a report, which has no secrets.
    pub(crate) is_echo: bool,
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
    let (given, refused) = files(&request.inputs);
    let texts: BTreeMap<String, String> =
        given.iter().map(|given| (given.file.name().to_owned(), given.file.text().to_owned())).collect();
    let (mut report, mut members) = (LintReport { files: Vec::new(), findings: Vec::new(), sarif: None, refused }, Vec::new());
    for Given { input, file, .. } in given {
        let root = input.path.as_deref().and_then(|path| Path::new(path).parent()).map(Path::to_path_buf);
        let (findings, expanded) = lint_file(&file, &Includes { given: &texts, root });
        report.findings.extend(findings);
        let deployment = input.deployment.clone().unwrap_or_default();
        members.push(Member { deployment, file, expanded });
    }
    report.findings.extend(deployment::check(&members));
    report.findings.sort_by(|a, b| (&a.file, a.offset, a.rule).cmp(&(&b.file, b.offset, b.rule)));
    // A file that others include reports its own findings once.
    report.findings.dedup_by(|a, b| (&a.file, a.offset, a.rule) == (&b.file, b.offset, b.rule));
    for member in &members {
        report.files.push(summary(&member.file, &report.findings));
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

/// Reads the files of a request.
pub(crate) fn files(inputs: &[Input]) -> (Vec<Given>, Vec<RefusedInput>) {
    let (mut given, mut refused) = (Vec::new(), Vec::new());
    let refuse = |input: &Input, error: &Error| RefusedInput { artefact: input.label().to_owned(), reason: error.to_string() };
    for input in inputs {
        let files = each(input).unwrap_or_else(|error| {
            refused.push(refuse(input, &error));
            Vec::new()
        });
        for input in files {
            match input.bytes().and_then(|bytes| given_file(&input, &bytes)) {
                Ok(file) => given.push(file),
                Err(error) => refused.push(refuse(&input, &error)),
            }
        }
    }
    (given, refused)
}

fn given_file(input: &Input, bytes: &[u8]) -> Result<Given> {
    let text = text_of(bytes);
    let name = input.label();
    if let Some(lines) = lines_of_json(&text) {
        return Ok(Given { input: input.clone(), file: ParameterFile::parse(name, lines.as_bytes()), is_echo: false });
    }
    if text.contains("Run Time Messages") || text.contains("**  Running with the following parameters  **") {
        let reading = Reading::of(name, bytes, None)?;
        let Content::Report(report) = reading.content else {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("{name}: not a report")));
        };
        let lines: Vec<&str> = report.parameters.iter().map(|line| line.text.as_str()).collect();
        return Ok(Given { input: input.clone(), file: ParameterFile::parse(name, lines.join("\n").as_bytes()), is_echo: true });
    }
    Ok(Given { input: input.clone(), file: ParameterFile::parse(name, bytes), is_echo: false })
}

/// Returns the lines of the member `config` of a body of the REST API.
fn lines_of_json(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) || text.trim_start().starts_with("{{") || text.trim_start().starts_with("{%") {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let list = value.get("config").or_else(|| value.get("response")?.get("config")).unwrap_or(&value).as_array()?;
    let lines: Option<Vec<&str>> = list.iter().map(serde_json::Value::as_str).collect();
    lines.map(|lines| lines.join("\n"))
}

/// Returns an input for each file of a directory, or the input itself.
fn each(input: &Input) -> Result<Vec<Input>> {
    let Some(folder) = input.path.as_deref().map(Path::new).filter(|path| path.is_dir()) else { return Ok(vec![input.clone()]) };
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in [folder.to_path_buf(), folder.join("dirprm")].iter().filter(|folder| folder.is_dir()) {
        let failed = |error| Error::io(folder, error);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_file() && is_config(&path) {
                paths.push(path);
            }
        }
    }
    if paths.len() > MOST_FILES {
        let what = format!("the directory has {} files, more than {MOST_FILES}", paths.len());
        return Err(Error::new(ErrorKind::InvalidArgument, what).in_file(folder).hint("name some of its files"));
    }
    paths.sort();
    Ok(paths.iter().map(|path| Input { path: Some(path.display().to_string()), name: None, ..input.clone() }).collect())
}

pub(crate) fn is_config(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let ends = [".prm", ".mac", ".oby", ".obey", ".props", ".properties"];
    name == "globals" || ends.iter().any(|end| name.ends_with(end))
}
