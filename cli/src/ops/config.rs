//! The commands `ops lint`, `ops diff`, `ops drift`, `ops mapping` and `ops history`.

use trailcore_ops::config::{
    self, ConfigChange, ConfigDiffRequest, ConfigFinding, DriftRequest, FileDiff, LintReport, LintRequest, Severity,
    SignOffRequest,
};
use trailcore_ops::history::{self, HistoryRequest};
use trailcore_ops::mapping::{self, MappedTable, MappingRequest};

use super::{complain, input_of, word};
use crate::failure::{DAMAGE, DIFFERENT, Failure};
use crate::output::{BOLD, GREEN, Grid, Output, RED, YELLOW, clean, grouped};

#[derive(clap::Args)]
pub(super) struct LintArgs {
    /// Files, or directories with files. NAME=PATH names the deployment
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The form: text, json or sarif
    #[arg(long, default_value = "text")]
    format: String,
}

#[derive(clap::Args)]
pub(super) struct DiffArgs {
    /// The earlier file or directory
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The later file or directory; a report stands for the parameters that it prints
    #[arg(value_name = "AFTER")]
    after: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct SignOffArgs {
    /// The earlier file or directory
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The later file or directory
    #[arg(value_name = "AFTER")]
    after: String,
    /// The title or number of the change
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct DriftArgs {
    /// An approved file, or a directory with such files
    #[arg(long, value_name = "PATH")]
    baseline: Vec<String>,
    /// A file on disk, or a directory
    #[arg(long, required = true, value_name = "PATH")]
    files: Vec<String>,
    /// A report of a process, which prints the parameters that it was started with
    #[arg(long, value_name = "PATH")]
    reports: Vec<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct MappingArgs {
    /// Reports, logs, output of STATS; a folder, such as a home, stands for those in it and for its parameter files
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// A parameter file, or a directory with such files
    #[arg(long, value_name = "PATH")]
    parameters: Vec<String>,
    /// The name of a table, which is looked up in every group
    #[arg(long, value_name = "NAME")]
    table: Vec<String>,
    /// Only this group
    #[arg(long)]
    group: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct HistoryArgs {
    /// A folder under git, or a backup repository
    #[arg(value_name = "FOLDER")]
    path: String,
    /// The newest versions that are compared
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    most: usize,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks a configuration. The command fails if there is an error.
pub(super) fn lint(args: &LintArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = config::lint(&LintRequest { inputs: args.paths.iter().map(|path| input_of(path)).collect(), sarif: false });
    match args.format.as_str() {
        "text" => show(&report, output)?,
        "json" => output.json(&report)?,
        "sarif" => output.json(&config::sarif(&report.findings))?,
        other => return Err(Failure::usage(format!("--format {other}: known are text, json and sarif"))),
    }
    let refused = complain(&report.refused, output)?;
    Ok(if report.count(Severity::Error) > 0 { DAMAGE } else { refused })
}

fn show(report: &LintReport, output: &mut Output) -> Result<(), Failure> {
    for finding in &report.findings {
        let ConfigFinding { file, line, column, text, fix, .. } = finding;
        let style = match finding.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Note => "",
        };
        let number = finding.ogg.map_or(String::new(), |number| format!(" OGG-{number:05}"));
        let name = finding.rule.name();
        output.line(&format!("{file}:{line}:{column}: {}{number}: {text} [{name}]", word(&finding.severity)), style)?;
        output.line(&format!("    {}; {fix}", finding.reason.trim_end_matches('.')), "")?;
    }
    let count = |severity| report.count(severity);
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    let files = report.files.len();
    output.line(&format!("errors: {errors}, warnings: {warnings}, notes: {notes}, files: {files}"), BOLD)?;
    Ok(())
}

/// Compares two versions of a configuration. The exit code shows whether they differ.
pub(super) fn diff(args: &DiffArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = config::diff(&ConfigDiffRequest { before: vec![input_of(&args.before)], after: vec![input_of(&args.after)] });
    if args.json {
        output.json(&report)?;
    } else {
        report.files.iter().try_for_each(|file| show_file(file, output))?;
        output.line(&format!("different files: {}, equal files: {}", report.files.len(), report.same), BOLD)?;
    }
    let refused = complain(&report.refused, output)?;
    Ok(if report.files.is_empty() { refused } else { DIFFERENT })
}

/// Prints the changes of a file.
pub(super) fn show_file(file: &FileDiff, output: &mut Output) -> Result<(), Failure> {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "(none)".to_owned());
    output.line(&format!("{} -> {}", name(&file.before), name(&file.after)), BOLD)?;
    file.changes.iter().try_for_each(|change| show_change(change, output))
}

fn show_change(change: &ConfigChange, output: &mut Output) -> Result<(), Failure> {
    let kind = word(&change.kind);
    if let (Some(text), Some(line)) = (&change.before, change.before_line) {
        output.line(&format!("- {line}: {text}  [{kind}]"), RED)?;
    }
    if let (Some(text), Some(line)) = (&change.after, change.after_line) {
        output.line(&format!("+ {line}: {text}  [{kind}]"), GREEN)?;
    }
    Ok(())
}

/// Prints the text of a change for change control.
pub(super) fn sign_off(args: &SignOffArgs, output: &mut Output) -> Result<i32, Failure> {
    let (before, after) = (vec![input_of(&args.before)], vec![input_of(&args.after)]);
    let report = config::sign_off(&SignOffRequest { before, after, title: args.title.clone() });
    if args.json {
        output.json(&report)?;
    } else {
        report.text.lines().try_for_each(|line| output.line(&clean(line), ""))?;
    }
    complain(&report.refused, output)
}

/// Compares the approved configuration, the files and the running processes. The exit code shows whether they differ.
pub(super) fn drift(args: &DriftArgs, output: &mut Output) -> Result<i32, Failure> {
    let inputs = |paths: &[String]| paths.iter().map(|path| input_of(path)).collect();
    let report = config::drift(&DriftRequest {
        baseline: inputs(&args.baseline),
        files: inputs(&args.files),
        reports: inputs(&args.reports),
    });
    if args.json {
        output.json(&report)?;
    } else {
        for group in &report.groups {
            output.line(&format!("{}: {}", group.name, word(&group.kind).replace('_', " ")), BOLD)?;
            let parts = [("since the approved file", &group.since_baseline), ("the file against what runs", &group.not_running)];
            for (title, changes) in parts.into_iter().filter(|(_, changes)| !changes.is_empty()) {
                output.line(&format!("  {title}:"), "")?;
                changes.iter().try_for_each(|change| show_change(change, output))?;
            }
        }
    }
    let refused = complain(&report.refused, output)?;
    Ok(if report.kinds().is_empty() { refused } else { DIFFERENT })
}

/// Prints the tables that processes really move.
pub(super) fn mapping(args: &MappingArgs, output: &mut Output) -> Result<i32, Failure> {
    if args.paths.is_empty() && args.parameters.is_empty() {
        return Err(Failure::usage("give a home, a report, or --parameters".to_owned()));
    }
    let inputs = |paths: &[String]| paths.iter().map(|path| input_of(path)).collect();
    let report = mapping::mapping(&MappingRequest {
        inputs: inputs(&args.paths),
        parameters: inputs(&args.parameters),
        tables: args.table.clone(),
        group: args.group.clone(),
    })?;
    if args.json {
        output.json(&report)?;
        return complain(&report.refused, output);
    }
    let mut grid = Grid::new(&["group", "source", "target", "state", "operations", "statement"], &["operations"]);
    for group in &report.groups {
        for table in &group.tables {
            let place = table.statement.as_ref().map(|place| format!("{}:{}", place.file, place.line));
            grid.row(vec![
                format!("{}/{}", group.deployment, group.group),
                table.source.clone(),
                table.target.clone().unwrap_or_else(|| "-".to_owned()),
                word(&table.state).replace('_', " "),
                operations(table).map_or_else(|| "-".to_owned(), grouped),
                place.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
    }
    output.grid(&grid)?;
    for group in &report.groups {
        for unknown in &group.unknown {
            output.line(&clean(&format!("{}/{}: not known: {unknown}", group.deployment, group.group)), YELLOW)?;
        }
    }
    complain(&report.refused, output)
}

/// Returns the number of inserts, updates, deletes and truncates of a table; none if it was not counted.
fn operations(table: &MappedTable) -> Option<u64> {
    let is_operation = |name: &str| ["insert", "update", "upsert", "delete", "truncate"].iter().any(|own| name.contains(own));
    let counts = table.counts.iter().filter(|(name, _)| is_operation(name)).map(|(_, count)| *count);
    (!table.counts.is_empty()).then(|| counts.fold(0, u64::saturating_add))
}

/// Prints the changes of a configuration from version to version.
pub(super) fn history(args: &HistoryArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = history::history(&HistoryRequest { path: args.path.clone(), most: args.most })?;
    if args.json {
        output.json(&report)?;
    } else {
        for version in &report.versions {
            let time = version.time.map_or_else(String::new, |time| format!(" {time}"));
            let id = version.id.get(..12).filter(|_| version.who.is_some()).unwrap_or(&version.id);
            let who = version.who.as_deref().map_or(String::new(), |who| format!(" {who}"));
            let text = version.text.as_deref().map_or(String::new(), |text| format!(": {text}"));
            output.line(&clean(&format!("{id}{time}{who}{text}")), BOLD)?;
            version.files.iter().try_for_each(|file| show_file(file, output))?;
        }
        if report.more > 0 {
            output.line(&format!("{} older versions are not compared", report.more), YELLOW)?;
        }
    }
    complain(&report.refused, output)
}
