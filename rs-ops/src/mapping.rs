//! The tables that processes really move: from TABLE and MAP with their wildcards and excludes, and from what reports, logs and STATS
//! state about the tables that a process found.
//!
//! ```text
//! parameter files ──► Selection ─┐
//! reports, logs, STATS ──► Seen ─┴──► MappedTable, with the origin of each fact; what is not known
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::Result;
use trailcore::filter::NameMatch;

use crate::config::{FileKind, ParameterPlace, Resolved, Selection, resolved};
use crate::explain::Gathered;
use crate::fault::Place;
use crate::input::{Input, RefusedInput, read_all};
use crate::read::{Content, Kind, Reading, Section, resolved_object};

/// The request of `ops.mapping`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MappingRequest {
    /// The artefacts: reports, logs, output of STATS. A folder, such as a home, stands for the logs and reports in it, and for its
    /// parameter files.
    pub inputs: Vec<Input>,
    /// Parameter files, or folders with them. The echo in a report is used where a file is missing.
    pub parameters: Vec<Input>,
    /// Names of tables that exist, such as `HR.EMP`. Each of them is looked up in every group.
    pub tables: Vec<String>,
    /// Only this group.
    pub group: Option<String>,
}

/// `ops.mapping`: the tables that processes really move.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappingReport {
    /// The groups, by deployment and name.
    pub groups: Vec<GroupMapping>,
    /// The artefacts that were refused.
    pub refused: Vec<RefusedInput>,
}

/// The tables of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupMapping {
    /// The deployment.
    pub deployment: String,
    /// The group.
    pub group: String,
    /// The kind of its parameter file; null without one.
    pub kind: Option<FileKind>,
    /// The tables, by source and target.
    pub tables: Vec<MappedTable>,
    /// The TABLE and MAP statements, in order.
    pub statements: Vec<MappingStatement>,
    /// Facts that are not known, and the artefacts that would show them.
    pub unknown: Vec<String>,
}

/// A TABLE or MAP statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappingStatement {
    /// The statement.
    #[serde(flatten)]
    pub place: ParameterPlace,
    /// The objects that it names, with the container of SOURCECATALOG.
    pub objects: String,
    /// They have a wildcard.
    pub is_wildcard: bool,
    /// The number of tables of the report that fall under it.
    pub tables: u64,
}

/// A table of a group, for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappedTable {
    /// The source table.
    pub source: String,
    /// The target table; null for an Extract.
    pub target: Option<String>,
    /// The state.
    pub state: MappingState,
    /// The first statement that it falls under; null if none is known, or if it is excluded.
    pub statement: Option<ParameterPlace>,
    /// The facts about it, in the order of the artefacts.
    pub origins: Vec<MappingOrigin>,
    /// The counts by name that the last artefact has for it.
    pub counts: BTreeMap<String, u64>,
}

/// The state of a table in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MappingState {
    /// The process counted operations of it.
    Moved,
    /// The process found it, and no artefact has counted operations.
    Resolved,
    /// The parameters select it. No artefact of the process has it.
    Configured,
    /// A statement names it, and an exclude excludes it.
    Excluded,
    /// An artefact of the process has it. The parameters of the request do not select it: they are others than the ones that ran.
    NotInParameters,
}

/// A fact about a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MappingOrigin {
    /// The kind.
    pub kind: MappingOriginKind,
    /// The artefact; the parameter file.
    pub artefact: String,
    /// The place of the line. A line of a parameter file has no offset; a table of the request has no place.
    #[serde(flatten)]
    pub place: Place,
}

/// The kind of a fact about a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MappingOriginKind {
    /// A statement names the table without a wildcard.
    Parameter,
    /// The process reported that it found the table for a statement.
    ResolvedMessage,
    /// The statistics at the end of a report.
    RunTimeStatistics,
    /// The output of STATS.
    Stats,
    /// The request names the table.
    Request,
}

/// A table as an artefact of a process has it.
struct Seen {
    source: String,
    target: Option<String>,
    kind: MappingOriginKind,
    artefact: String,
    place: Place,
    counts: BTreeMap<String, u64>,
}

/// The facts about a group.
#[derive(Default)]
struct Group {
    kind: Option<FileKind>,
    /// The selection of its file, or of the echo in a report.
    selection: Option<Selection>,
    seen: Vec<Seen>,
}

/// Answers `ops.mapping`.
///
/// ```
/// use trailcore_ops::Input;
/// use trailcore_ops::mapping::{MappingRequest, MappingState, mapping};
/// let log = "2024-01-28 05:31:35  INFO    OGG-06506  Oracle GoldenGate Delivery for Oracle, r1.prm:  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"EMP\", target DW.\"EMP\".\n";
/// let report = mapping(&MappingRequest {
///     inputs: vec![Input::text("ggserr.log", log)],
///     parameters: vec![Input::text("r1.prm", "REPLICAT r1\nMAP HR.*, TARGET DW.*;\nMAP OE.*, TARGET DW.*;\n")],
///     ..MappingRequest::default()
/// })?;
/// let group = &report.groups[0];
/// assert_eq!((group.tables[0].source.as_str(), group.tables[0].state), ("HR.EMP", MappingState::Resolved));
/// assert_eq!(group.unknown, ["no artefact shows the tables of OE.* (r1.prm:3)"]);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// The errors of opening a folder. An artefact that cannot be read is not an error: the report states it.
pub fn mapping(request: &MappingRequest) -> Result<MappingReport> {
    let Gathered { inputs, mut parameters, .. } = Gathered::of(&request.inputs)?;
    parameters.splice(0..0, request.parameters.iter().cloned());
    let read = read_all(&inputs);
    let is_report = |reading: &Result<Reading>| reading.as_ref().is_ok_and(|reading| reading.kind == Kind::Report);
    let echoes: Vec<Input> = read.iter().filter(|(_, reading)| is_report(reading)).map(|(input, _)| input.clone()).collect();
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    let (files, mut refused) = resolved(&parameters);
    // A file comes before the echo in a report, and the last echo before earlier ones.
    for file in files.iter().chain(resolved(&echoes).0.iter().rev()) {
        add_parameters(file, &mut groups);
    }
    for (input, reading) in &read {
        match reading {
            Ok(reading) => add_seen(input, reading, &mut groups),
            Err(error) => {
                refused.push(RefusedInput { artefact: input.label().to_owned(), reason: error.to_string() });
            }
        }
    }
    let is_wanted = |group: &str| request.group.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(group));
    let groups = groups.into_iter().filter(|((_, group), _)| is_wanted(group));
    let groups = groups.map(|((deployment, name), group)| group.mapping(deployment, name, &request.tables)).collect();
    Ok(MappingReport { groups, refused })
}

fn deployment_of(name: Option<&str>) -> String {
    name.filter(|name| !name.is_empty()).unwrap_or("default").to_owned()
}

fn add_parameters(file: &Resolved, groups: &mut BTreeMap<(String, String), Group>) {
    let kind = file.expanded.kind();
    let Some(name) = file.group().filter(|_| matches!(kind, FileKind::Extract | FileKind::Pump | FileKind::Replicat)) else {
        return;
    };
    let group = groups.entry((deployment_of(Some(file.deployment())), name)).or_default();
    if group.selection.is_none() {
        (group.kind, group.selection) = (Some(kind), Some(Selection::of(file)));
    }
}

/// Adds the tables that an artefact of a process has.
fn add_seen(input: &Input, reading: &Reading, groups: &mut BTreeMap<(String, String), Group>) {
    let deployment = deployment_of(input.deployment.as_deref());
    let mut add = |group: Option<&str>, seen: Seen| {
        let group = group.unwrap_or_default().to_ascii_uppercase();
        groups.entry((deployment.clone(), group)).or_default().seen.push(seen);
    };
    let artefact = || reading.artefact.clone();
    match &reading.content {
        Content::Log(log) => {
            for record in &log.events {
                if let Some(own) = resolved_object(record.place, &record.text) {
                    let kind = MappingOriginKind::ResolvedMessage;
                    let (source, target, place) = (own.source, own.target, own.place);
                    let seen = Seen { source, target, kind, artefact: artefact(), place, counts: BTreeMap::new() };
                    add(record.group.as_deref(), seen);
                }
            }
        }
        Content::Report(report) => {
            let stem = stem(input.label());
            let group = report.group.as_deref().or(stem.as_deref());
            for own in &report.resolved {
                let (source, target) = (own.source.clone(), own.target.clone());
                let kind = MappingOriginKind::ResolvedMessage;
                add(group, Seen { source, target, kind, artefact: artefact(), place: own.place, counts: BTreeMap::new() });
            }
            for own in report.statistics.iter().flat_map(|statistics| &statistics.tables) {
                let (source, target, counts) = (own.source.clone(), own.target.clone(), own.counts.clone());
                let kind = MappingOriginKind::RunTimeStatistics;
                add(group, Seen { source, target, kind, artefact: artefact(), place: own.place, counts });
            }
        }
        Content::Transcript(transcript) => {
            let stats = transcript.sections.iter().filter_map(|section| match section {
                Section::Stats(stats) => Some(stats),
                _ => None,
            });
            for (stats, own) in stats.flat_map(|stats| stats.tables.iter().map(move |own| (stats, own))) {
                let total = own.sets.iter().find(|set| set.period.eq_ignore_ascii_case("total"));
                let counts = total.map(|set| set.counts.clone()).unwrap_or_default();
                let (source, target, kind) = (own.source.clone(), own.target.clone(), MappingOriginKind::Stats);
                add(stats.group.as_deref(), Seen { source, target, kind, artefact: artefact(), place: own.place, counts });
            }
        }
        _ => {}
    }
}

/// Returns the name of a file without its folders and its ending.
fn stem(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?;
    Some(name.split('.').next()?.to_owned())
}

impl Group {
    fn mapping(self, deployment: String, group: String, tables: &[String]) -> GroupMapping {
        let Self { kind, selection, seen } = self;
        let is_replicat = kind == Some(FileKind::Replicat);
        let mut found = Tables { selection: selection.as_ref(), is_replicat, ..Tables::default() };
        seen.into_iter().for_each(|seen| found.add_seen(seen));
        let mut unknown = Vec::new();
        let mut statements = Vec::new();
        match &selection {
            Some(selection) => {
                found.add_named(selection, tables);
                statements = found.statements(selection);
                unknown.extend(statements.iter().filter(|own| own.is_wildcard && own.tables == 0).map(|own| {
                    format!("no artefact shows the tables of {} ({}:{})", own.objects, own.place.file, own.place.line)
                }));
                let unread = selection.unread.iter();
                unknown.extend(
                    unread.map(|place| format!("{}:{} cannot be read; its tables are not known", place.file, place.line)),
                );
            }
            None => unknown.push("the parameters: give the parameter file of the group, or a report that prints them".to_owned()),
        }
        GroupMapping { deployment, group, kind, tables: found.tables.into_values().collect(), statements, unknown }
    }
}

/// The tables of a group while they are collected.
#[derive(Default)]
struct Tables<'a> {
    selection: Option<&'a Selection>,
    is_replicat: bool,
    /// By source and target in upper case: artefacts print a name in other letters than parameters.
    tables: BTreeMap<(String, Option<String>), MappedTable>,
}

impl Tables<'_> {
    /// Adds a table that an artefact of the process has.
    fn add_seen(&mut self, seen: Seen) {
        let is_counted = seen.counts.values().any(|count| *count > 0);
        // An Extract prints the table as its own target in STATS.
        let target = if self.is_replicat || self.selection.is_none() { seen.target } else { None };
        let own = self.tables.entry(key(&seen.source, target.as_deref())).or_insert_with(|| {
            let statement = self.selection.and_then(|selection| statement_of(selection, &seen.source, target.as_deref()));
            let is_selected = self.selection.is_none() || statement.is_some();
            let state = if is_selected { MappingState::Resolved } else { MappingState::NotInParameters };
            MappedTable { source: seen.source, target, state, statement, origins: Vec::new(), counts: BTreeMap::new() }
        });
        if is_counted && own.state == MappingState::Resolved {
            own.state = MappingState::Moved;
        }
        if !seen.counts.is_empty() {
            own.counts = seen.counts;
        }
        own.origins.push(MappingOrigin { kind: seen.kind, artefact: seen.artefact, place: seen.place });
    }

    /// Adds the tables that the statements or the request name.
    fn add_named(&mut self, selection: &Selection, tables: &[String]) {
        for (place, objects) in selection.statements() {
            let kind = MappingOriginKind::Parameter;
            let origin = MappingOrigin { kind, artefact: place.file.clone(), place: Place { line: place.line, offset: 0 } };
            if let Some(source) = objects.exact_name() {
                // A statement is the origin of its own target only.
                self.add_table(selection, &source, &origin, |own| own == place);
            }
        }
        for table in tables {
            let kind = MappingOriginKind::Request;
            let origin = MappingOrigin { kind, artefact: "request".to_owned(), place: Place::default() };
            self.add_table(selection, table, &origin, |_| true);
        }
    }

    /// Adds a table for each statement that it falls under and that is wanted.
    fn add_table(
        &mut self,
        selection: &Selection,
        source: &str,
        origin: &MappingOrigin,
        is_wanted: impl Fn(&ParameterPlace) -> bool,
    ) {
        let rules = selection.of_table(source);
        if rules.is_empty() && selection.excludes(source) {
            self.add(source, None, MappingState::Excluded, None, origin);
        }
        for (place, rule) in rules.into_iter().filter(|(place, _)| is_wanted(place)) {
            let target = rule.target_of(source, &[], NameMatch::IgnoreCase).ok().filter(|_| self.is_replicat);
            self.add(source, target, MappingState::Configured, Some(place), origin);
        }
    }

    fn add(
        &mut self,
        source: &str,
        target: Option<String>,
        state: MappingState,
        statement: Option<&ParameterPlace>,
        origin: &MappingOrigin,
    ) {
        let own = self.tables.entry(key(source, target.as_deref())).or_insert_with(|| MappedTable {
            source: source.to_owned(),
            target,
            state,
            statement: statement.cloned(),
            origins: Vec::new(),
            counts: BTreeMap::new(),
        });
        own.origins.push(origin.clone());
    }

    /// Returns the statements with the number of tables that fall under each.
    fn statements(&self, selection: &Selection) -> Vec<MappingStatement> {
        let key = |place: &ParameterPlace| (place.file.clone(), place.line, place.text.clone());
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for place in self.tables.values().filter_map(|table| table.statement.as_ref()) {
            *counts.entry(key(place)).or_default() += 1;
        }
        let statement = |(place, objects): (&ParameterPlace, &trailcore::filter::ObjectPattern)| MappingStatement {
            place: place.clone(),
            objects: objects.to_string(),
            is_wildcard: !objects.is_exact(),
            tables: counts.get(&key(place)).copied().unwrap_or(0),
        };
        selection.statements().map(statement).collect()
    }
}

fn key(source: &str, target: Option<&str>) -> (String, Option<String>) {
    (source.to_uppercase(), target.map(str::to_uppercase))
}

/// Returns the statement that a table falls under: the one that makes its target, or else the first one.
fn statement_of(selection: &Selection, source: &str, target: Option<&str>) -> Option<ParameterPlace> {
    let rules = selection.of_table(source);
    let makes = |rule: &trailcore::filter::Rule| {
        let made = rule.target_of(source, &[], NameMatch::IgnoreCase).ok();
        made.zip(target).is_some_and(|(made, target)| made.eq_ignore_ascii_case(target))
    };
    let own = rules.iter().find(|(_, rule)| makes(rule)).or_else(|| rules.first());
    own.map(|(place, _)| (*place).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLICAT: &str = "REPLICAT r1\nMAPEXCLUDE HR.TMP*\nMAP HR.*, TARGET DW.*;\nMAP HR.EMP, TARGET DW.EMP2;\n\
        MAP HR.TMP1, TARGET DW.TMP1;\nMAP OE.*, TARGET DW.*;\nMAP HR.JOBS, TARGET (;\n";

    const RUN: &str = "**  Running with the following parameters  **\nREPLICAT r1\nMAP HR.*, TARGET DW.*;\n\
        **                     Run Time Messages                             **\n\n\
        2024-01-28 05:31:36  INFO    OGG-06506  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"EMP\", target DW.\"EMP\".\n\
        2024-01-28 05:31:37  INFO    OGG-06506  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"DEPT\", target DW.\"DEPT\".\n\
        *                   ** Run Time Statistics **                         *\n\
        Report at 2024-01-28 06:00:00 (activity since 2024-01-28 05:31:36)\n\n\
        From Table HR.EMP to dw.EMP:\n        #                     inserts:        25\n\
        From Table XX.OLD to DW.OLD:\n        #                     inserts:         1\n";

    fn found(parameters: &[(&str, &str)], inputs: &[(&str, &str)], tables: &[&str]) -> MappingReport {
        let inputs_of = |list: &[(&str, &str)]| list.iter().map(|(name, text)| Input::text(*name, *text)).collect();
        let tables = tables.iter().map(|table| (*table).to_owned()).collect();
        let (inputs, parameters) = (inputs_of(inputs), inputs_of(parameters));
        mapping(&MappingRequest { inputs, parameters, tables, group: None }).unwrap()
    }

    #[test]
    fn each_table_has_its_state_and_origins() {
        let report = found(&[("r1.prm", REPLICAT)], &[("R1.rpt", RUN)], &["HR.LOC", "HR.TMP9", "ZZ.X"]);
        assert_eq!((report.groups.len(), report.groups[0].group.as_str()), (1, "R1"));
        let tables: Vec<_> = report.groups[0]
            .tables
            .iter()
            .map(|own| {
                let line = own.statement.as_ref().map(|place| place.line);
                (own.source.as_str(), own.target.as_deref().unwrap_or("-"), own.state, line, own.origins.len())
            })
            .collect();
        use MappingState::{Configured, Excluded, Moved, NotInParameters, Resolved};
        assert_eq!(
            tables,
            [
                ("HR.DEPT", "DW.DEPT", Resolved, Some(3), 1),
                ("HR.EMP", "DW.EMP", Moved, Some(3), 2),
                ("HR.EMP", "DW.EMP2", Configured, Some(4), 1),
                ("HR.LOC", "DW.LOC", Configured, Some(3), 1),
                ("HR.TMP1", "-", Excluded, None, 1),
                ("HR.TMP9", "-", Excluded, None, 1),
                ("XX.OLD", "DW.OLD", NotInParameters, None, 1),
            ]
        );
        let emp = &report.groups[0].tables[1];
        assert_eq!((emp.counts["inserts"], emp.origins[0].artefact.as_str(), emp.origins[0].place.line), (25, "R1.rpt", 6));
        assert_eq!(
            report.groups[0].unknown,
            ["no artefact shows the tables of OE.* (r1.prm:6)", "r1.prm:7 cannot be read; its tables are not known"]
        );
    }

    #[test]
    fn the_echo_of_a_report_stands_for_a_missing_file() {
        let report = found(&[], &[("R1.rpt", RUN)], &[]);
        let group = &report.groups[0];
        assert_eq!((group.kind, group.statements.len(), group.statements[0].tables), (Some(FileKind::Replicat), 1, 2));
        let log = "2024-01-28 05:31:35  INFO    OGG-06506  Oracle GoldenGate Delivery for Oracle, r2.prm:  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"EMP\", target DW.\"EMP\".\n";
        let report = found(&[], &[("ggserr.log", log)], &[]);
        assert_eq!(
            (report.groups[0].group.as_str(), report.groups[0].tables.len(), report.groups[0].unknown.len()),
            ("R2", 1, 1)
        );
    }
}
