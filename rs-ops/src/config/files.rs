//! [`Given`]: the files of a request, each as a tree. A directory stands for its files, and a report for the parameters that it prints.

use std::path::{Path, PathBuf};

use trailcore::{Error, ErrorKind, Result};

use super::{ParameterFile, text_of};
use crate::input::{Input, RefusedInput};
use crate::read::{Content, Reading};

/// Files of one directory that are read.
const MOST_FILES: usize = 10_000;

/// A file of a request.
pub(crate) struct Given {
    pub(crate) input: Input,
    pub(crate) file: ParameterFile,
    /// It is the echo in a report, which has no secrets.
    pub(crate) is_echo: bool,
    /// The lines of the report that have the lines of the echo.
    pub(crate) echo_lines: Vec<u64>,
}

impl Given {
    /// Returns a file that is no echo.
    pub(crate) fn new(input: Input, file: ParameterFile) -> Self {
        Self { input, file, is_echo: false, echo_lines: Vec::new() }
    }
}

/// Returns whether a text is a file of pipelines.
pub(crate) fn is_pipelines(name: &str, text: &str) -> bool {
    is_toml(name) && text.lines().any(|line| line.trim_start().starts_with("[[pipeline"))
}

/// Returns whether a text is TOML without pipelines, which does not belong to the configuration.
pub(crate) fn is_other_toml(name: &str, text: &str) -> bool {
    is_toml(name) && !is_pipelines(name, text)
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
    if is_other_toml(name, &text) {
        let error = Error::new(ErrorKind::Unsupported, format!("{name} is TOML of another kind than pipelines"));
        return Err(error.hint("a file of pipelines has [[pipeline]]"));
    }
    if let Some(lines) = lines_of_json(&text) {
        return Ok(Given::new(input.clone(), ParameterFile::parse(name, lines.as_bytes())));
    }
    if text.contains("Run Time Messages") || text.contains("**  Running with the following parameters  **") {
        let reading = Reading::of(name, bytes, None)?;
        let Content::Report(report) = reading.content else {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("{name}: not a report")));
        };
        let lines: Vec<&str> = report.parameters.iter().map(|line| line.text.as_str()).collect();
        let echo_lines = report.parameters.iter().map(|line| line.place.line).collect();
        let file = ParameterFile::parse(name, lines.join("\n").as_bytes());
        return Ok(Given { is_echo: true, echo_lines, ..Given::new(input.clone(), file) });
    }
    Ok(Given::new(input.clone(), ParameterFile::parse(name, bytes)))
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
            if path.is_file() && is_config(&path) && !is_other_toml_file(&path) {
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
    let ends = [".prm", ".mac", ".oby", ".obey", ".props", ".properties", ".toml"];
    name == "globals" || ends.iter().any(|end| name.ends_with(end))
}

fn is_toml(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".toml")
}

/// Returns whether a file is TOML without pipelines.
pub(crate) fn is_other_toml_file(path: &Path) -> bool {
    let name = path.display().to_string();
    is_toml(&name) && std::fs::read_to_string(path).is_ok_and(|text| is_other_toml(&name, &text))
}
