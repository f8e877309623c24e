//! [`DriftReport`]: the configuration that was approved, the one on disk, and the one that runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ParameterFile;
use super::change::ConfigChange;
use super::diff::changes;
use super::resolve::resolved;
use crate::input::{Input, RefusedInput};

/// The request of `ops.drift`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DriftRequest {
    /// The approved files, as in `ops.lint`.
    pub baseline: Vec<Input>,
    /// The files on disk.
    pub files: Vec<Input>,
    /// Reports of the processes, which print the parameters that they were started with. The later one of a group counts.
    pub reports: Vec<Input>,
}

/// `ops.drift`: the differences between the approved configuration, the files and the running processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriftReport {
    /// The groups, and files without a group, by name.
    pub groups: Vec<GroupDrift>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// The state of one file or group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupDrift {
    /// The group; the name of the file if it has none, such as GLOBALS.
    pub name: String,
    /// The summary.
    pub kind: DriftKind,
    /// The changes from the approved file to the one on disk.
    pub since_baseline: Vec<ConfigChange>,
    /// The changes from the running parameters to the file: they need a restart.
    pub not_running: Vec<ConfigChange>,
    /// The changes from the approved file to the running parameters.
    pub running_since_baseline: Vec<ConfigChange>,
}

/// The kind of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DriftKind {
    /// All that is known is equal.
    Same,
    /// The file differs from the approved one. Whether it runs is not known.
    FileChanged,
    /// File and process agree, and differ from the approved file.
    ChangedAndRunning,
    /// The approved parameters run; the file has others since.
    NeedsRestart,
    /// The file is the approved one; the process runs with others.
    RunsAnother,
    /// Approved file, file on disk and running process differ from each other.
    AllDiffer,
    /// File and process differ; there is no approved file.
    FileAndProcessDiffer,
    /// The approved file is not on disk.
    FileMissing,
    /// The file was not approved.
    NotApproved,
}

/// The three versions of a file.
#[derive(Default)]
struct Versions {
    baseline: Option<ParameterFile>,
    file: Option<ParameterFile>,
    echo: Option<ParameterFile>,
}

/// Answers `ops.drift`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::config::{DriftKind, DriftRequest, drift};
/// let file = |port: &str| vec![Input::text("mgr.prm", format!("PORT {port}\n"))];
/// let report = drift(&DriftRequest { baseline: file("7809"), files: file("7810"), reports: Vec::new() });
/// assert_eq!((report.groups[0].kind, report.groups[0].since_baseline.len()), (DriftKind::FileChanged, 1));
/// ```
#[must_use]
pub fn drift(request: &DriftRequest) -> DriftReport {
    let mut groups: BTreeMap<String, Versions> = BTreeMap::new();
    let mut report = DriftReport::default();
    type Slot = fn(&mut Versions) -> &mut Option<ParameterFile>;
    let slots: [(&[Input], Slot); 3] = [
        (&request.baseline, |versions| &mut versions.baseline),
        (&request.files, |versions| &mut versions.file),
        (&request.reports, |versions| &mut versions.echo),
    ];
    for (inputs, slot) in slots {
        let (files, refused) = resolved(inputs);
        report.refused.extend(refused);
        for file in files {
            let name = name_of(file.file());
            *slot(groups.entry(name).or_default()) = Some(file.expanded);
        }
    }
    report.groups = groups.into_iter().map(|(name, versions)| compared(name, &versions)).collect();
    report
}

fn name_of(file: &ParameterFile) -> String {
    let base = file.name().rsplit(['/', '\\']).next().unwrap_or_default();
    file.group().unwrap_or_else(|| base.to_ascii_uppercase())
}

fn compared(name: String, versions: &Versions) -> GroupDrift {
    let between = |before: &Option<ParameterFile>, after: &Option<ParameterFile>, is_echo: bool| match (before, after) {
        (Some(before), Some(after)) => changes(before, after, is_echo),
        _ => Vec::new(),
    };
    let Versions { baseline, file, echo } = versions;
    let since_baseline = between(baseline, file, false);
    let not_running = between(echo, file, true);
    let running_since_baseline = between(baseline, echo, true);
    let is_equal = |changes: &[ConfigChange]| changes.is_empty();
    let kind = match (baseline, file, echo) {
        (Some(_), None, _) => DriftKind::FileMissing,
        (None, Some(_), Some(_)) if !is_equal(&not_running) => DriftKind::FileAndProcessDiffer,
        (None, ..) => DriftKind::NotApproved,
        (Some(_), Some(_), None) if is_equal(&since_baseline) => DriftKind::Same,
        (Some(_), Some(_), None) => DriftKind::FileChanged,
        (Some(_), Some(_), Some(_)) => {
            match (is_equal(&since_baseline), is_equal(&not_running), is_equal(&running_since_baseline)) {
                (true, true, true) => DriftKind::Same,
                (true, ..) => DriftKind::RunsAnother,
                (_, true, _) => DriftKind::ChangedAndRunning,
                (_, _, true) => DriftKind::NeedsRestart,
                _ => DriftKind::AllDiffer,
            }
        }
    };
    GroupDrift { name, kind, since_baseline, not_running, running_since_baseline }
}

impl DriftReport {
    /// Returns the kinds that occur, without [`DriftKind::Same`].
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<DriftKind> {
        self.groups.iter().map(|group| group.kind).filter(|kind| *kind != DriftKind::Same).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a baseline, with a file and with a report there are seven combinations; with three all relations.
    #[test]
    fn every_kind_of_drift() {
        let prm = |rate: &str| {
            format!("EXTRACT e1\nUSERIDALIAS ogg\nEXTTRAIL ./dirdat/aa\nREPORTCOUNT EVERY {rate} RECORDS\nTABLE A.*;\n")
        };
        let file = |rate: &str| match rate {
            "" => Vec::new(),
            rate => vec![Input::text("dirprm/e1.prm", prm(rate))],
        };
        let echo = |rate: &str| match rate {
            "" => Vec::new(),
            rate => vec![Input::text("E1.rpt", format!("**  Running with the following parameters  **\n{}", prm(rate)))],
        };
        for (baseline, now, running, kind) in [
            ("1", "1", "1", DriftKind::Same),
            ("1", "1", "", DriftKind::Same),
            ("1", "2", "", DriftKind::FileChanged),
            ("1", "2", "2", DriftKind::ChangedAndRunning),
            ("1", "2", "1", DriftKind::NeedsRestart),
            ("1", "1", "2", DriftKind::RunsAnother),
            ("1", "2", "3", DriftKind::AllDiffer),
            ("", "1", "2", DriftKind::FileAndProcessDiffer),
            ("", "1", "1", DriftKind::NotApproved),
            ("", "1", "", DriftKind::NotApproved),
            ("1", "", "1", DriftKind::FileMissing),
        ] {
            let report = drift(&DriftRequest { baseline: file(baseline), files: file(now), reports: echo(running) });
            assert_eq!(report.groups.len(), 1, "{:?}", report.groups);
            assert_eq!(
                (report.groups[0].name.as_str(), report.groups[0].kind),
                ("E1", kind),
                "{baseline} {now} {running}: {report:?}"
            );
            assert_eq!(report.kinds().is_empty(), kind == DriftKind::Same);
        }
    }

    #[test]
    fn macros_and_secrets_are_no_drift_of_a_report() {
        let text = "MACRO #rate\nBEGIN\nREPORTCOUNT EVERY 1 RECORDS\nEND;\nEXTRACT e1\nUSERID ogg, PASSWORD s3cret\n#rate ()\nTABLE A.*;\n";
        let echo = "**  Running with the following parameters  **\nEXTRACT e1\nUSERID ogg, PASSWORD ******\nREPORTCOUNT EVERY 1 RECORDS\nTABLE A.*;\n";
        let files = vec![Input::text("e1.prm", text)];
        let report = drift(&DriftRequest { baseline: files.clone(), files, reports: vec![Input::text("E1.rpt", echo)] });
        assert_eq!(report.groups[0].kind, DriftKind::Same, "{report:?}");
    }
}
