//! The commands `ops explain`, `timeline`, `skip`, `bundle` and `compare`.

use trailcore_ops::bundle::{self, BundleDiff, BundleRequest, CompareRequest};
use trailcore_ops::config::ConfigDiff;
use trailcore_ops::explain::{
    self, ChainEvent, EventKind, ExplainRequest, Explanation, SkipReport, SkipRequest, TimelineEvent, TimelineRequest,
};
use trailcore_ops::read::Severity;
use trailcore_ops::{Input, Moment, word};

use super::{complain, input_of};
use crate::failure::{DAMAGE, DIFFERENT, Failure};
use crate::output::{BOLD, GREEN, Grid, Output, RED, YELLOW, clean, grouped};

#[derive(clap::Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    artefacts: Artefacts,
    /// Only this group; else every group that has an error or does not run
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// A parameter file, or a folder with parameter files
    #[arg(long, value_name = "PATH")]
    parameters: Vec<String>,
    /// A trail in which the record is looked up, such as dirdat/rt
    #[arg(long, value_name = "PATH")]
    trail: Vec<String>,
    /// A definitions file for these trails
    #[arg(long, value_name = "FILE")]
    defs: Option<String>,
    /// A file with lines about codes: code|role|class|meaning|check; check|source
    #[arg(long, value_name = "FILE")]
    codes: Option<std::path::PathBuf>,
}

#[derive(clap::Args)]
struct Artefacts {
    /// Logs, reports, discard files, output of INFO, REST bodies; or a home, for those in it. NAME=PATH names the deployment
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// Minutes that times without a zone are ahead of UTC
    #[arg(long, value_name = "MINUTES", allow_hyphen_values = true)]
    zone: Option<i16>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct TimelineArgs {
    #[command(flatten)]
    artefacts: Artefacts,
    /// Only events of this group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// A trail whose commits are counted by minute
    #[arg(long, value_name = "PATH")]
    trail: Vec<String>,
    /// Only events from this time on
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Only events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

#[derive(clap::Args)]
pub(super) struct SkipArgs {
    /// The trail, such as dirdat/rt, or one of its files
    #[arg(value_name = "PATH")]
    trail: String,
    /// The position: sequence number and RBA, such as 76:973932
    #[arg(value_name = "POSITION")]
    at: String,
    /// A definitions file for the trail
    #[arg(long, value_name = "FILE")]
    defs: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct BundleArgs {
    #[command(flatten)]
    artefacts: Artefacts,
    /// The file to write; it must not exist. One that ends with .zst is compressed
    #[arg(long, value_name = "FILE")]
    to: String,
    /// Only the explanation of this group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Only events of logs from this time on
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Only events of logs before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// The most bytes of all files before compression; 32 MiB without it
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Changes before and after the failing record
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    records: usize,
}

#[derive(clap::Args)]
pub(super) struct CompareArgs {
    /// The earlier bundle
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The later bundle
    #[arg(value_name = "AFTER")]
    after: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Artefacts {
    fn inputs(&self) -> Vec<Input> {
        self.paths.iter().map(|path| Input { zone: self.zone, ..input_of(path) }).collect()
    }
}

/// Explains why processes stopped. The command fails if one has an error and does not run again.
pub(super) fn explain(args: &ExplainArgs, output: &mut Output) -> Result<i32, Failure> {
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).map_err(|error| trailcore::Error::io(path, error));
    let report = explain::explain(&ExplainRequest {
        inputs: args.artefacts.inputs(),
        group: args.group.clone(),
        parameters: args.parameters.iter().map(|path| input_of(path)).collect(),
        trails: args.trail.clone(),
        defs: args.defs.clone(),
        codes: args.codes.as_ref().map(read).transpose()?,
    })?;
    let is_down = report.groups.iter().any(|group| group.has_error() && !group.is_running_again);
    if args.artefacts.json {
        output.json(&report)?;
    } else {
        report.groups.iter().try_for_each(|group| show(group, output))?;
        if report.groups.is_empty() {
            output.line("no group has an error", "")?;
        }
    }
    let refused = complain(&report.refused, output)?;
    Ok(if is_down { DAMAGE } else { refused })
}

fn show(group: &Explanation, output: &mut Output) -> Result<(), Failure> {
    let status = if group.status.is_empty() { String::new() } else { format!(", {}", group.status) };
    let name = if group.group.is_empty() { "(no group)" } else { &group.group };
    let id = format!("{}/{name} ({}{status})", group.deployment, word(&group.kind));
    output.line(&clean(&id), BOLD)?;
    let mut fact = |name: &str, text: &str, style: &str| output.line(&format!("  {name:<10}{}", clean(text)), style);
    if let Some(cause) = &group.cause {
        fact("cause", &line(&cause.event), RED)?;
    }
    if let Some(known) = &group.known {
        fact("means", &known.meaning, "")?;
    }
    for similar in &group.similar {
        fact("similar", &format!("{}: {}", similar.code, similar.meaning), "")?;
    }
    if let Some(since) = group.since.filter(|_| group.runs > 1) {
        fact("since", &format!("{since}, {} runs ended so", group.runs), "")?;
    }
    for (number, event) in group.chain.iter().filter(|event| Some(*event) != group.cause.as_ref()).enumerate() {
        fact(if number == 0 { "with" } else { "" }, &chained(event), "")?;
    }
    if let Some(position) = &group.position {
        let trail = position.trail.as_deref().map_or(String::new(), |trail| format!("{trail} "));
        fact("position", &format!("{trail}{}:{} ({})", position.seqno, position.rba, position.origin), "")?;
    }
    if let Some(seen) = group.record.as_ref().and_then(|record| record.record.as_ref()) {
        fact("record", &format!("{} of {}, key {}", seen.op, seen.table, seen.key.join(", ")), "")?;
    }
    if let Some(table) = &group.table {
        let target = group.target.as_deref().map_or(String::new(), |target| format!(" to {target}"));
        fact("table", &format!("{table}{target}"), "")?;
    }
    if let Some(parameter) = &group.parameter {
        fact("parameter", &format!("{}:{}: {}", parameter.file, parameter.line, parameter.text), "")?;
    }
    if !group.affected.is_empty() {
        fact("waits", &group.affected.join(", "), YELLOW)?;
    }
    if !group.unaffected.is_empty() {
        fact("runs", &group.unaffected.join(", "), "")?;
    }
    for unknown in &group.unknown {
        fact("unknown", unknown, YELLOW)?;
    }
    for (number, step) in group.next.iter().enumerate() {
        fact(if number == 0 { "next" } else { "" }, &format!("{}. {}", number + 1, step.text), "")?;
        if let Some(command) = &step.command {
            fact("", &format!("   {command}"), "")?;
        }
        if let Some(loses) = &step.loses {
            fact("", &format!("   loses {loses}"), RED)?;
        }
    }
    Ok(())
}

fn chained(event: &ChainEvent) -> String {
    let role = event.role.map_or(String::new(), |role| format!(" [{}]", word(&role)));
    format!("{}{role}", line(&event.event))
}

fn line(event: &TimelineEvent) -> String {
    let time = event.time.map_or(String::new(), |time| format!("{time} "));
    let code = event.code.as_deref().map_or(String::new(), |code| format!("{code} "));
    format!("{time}{code}{}", event.text.replace('\n', " "))
}

/// Prints events in one order.
pub(super) fn timeline(args: &TimelineArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = explain::timeline(&TimelineRequest {
        inputs: args.artefacts.inputs(),
        trails: args.trail.clone(),
        group: args.group.clone(),
        from: args.from,
        until: args.until,
    })?;
    if args.artefacts.json {
        output.json(&report)?;
        return complain(&report.refused, output);
    }
    for event in &report.events {
        let style = match event.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            _ => "",
        };
        let group = event.group.as_deref().unwrap_or("-");
        let kind = if event.kind == EventKind::Message { String::new() } else { format!("[{}] ", word(&event.kind)) };
        let time = event.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        let code = event.code.as_deref().map_or(String::new(), |code| format!("{code} "));
        output.line(&clean(&format!("{time:<26} {group:<9} {kind}{code}{}", event.text.replace('\n', " "))), style)?;
    }
    for zone in &report.zones {
        let text =
            format!("zone: times of {} are {} minutes ahead of UTC, by {} messages", zone.artefact, zone.minutes, zone.messages);
        output.line(&clean(&text), BOLD)?;
    }
    for clock in &report.clocks {
        let (a, b, messages) = (&clock.artefact, &clock.other, grouped(clock.messages));
        output.line(&clean(&format!("clock: {b} is {} ms ahead of {a}, by {messages} messages", clock.millis)), BOLD)?;
    }
    if report.is_mixed {
        output.complain("some times have a zone and others have none; --zone sets it")?;
    }
    if report.left_out > 0 {
        output.complain(&format!("{} earlier events are left out", grouped(report.left_out)))?;
    }
    complain(&report.refused, output)
}

/// Writes a bundle.
pub(super) fn bundle(args: &BundleArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = bundle::bundle(&BundleRequest {
        inputs: args.artefacts.inputs(),
        to: args.to.clone(),
        group: args.group.clone(),
        from: args.from,
        until: args.until,
        max_bytes: args.max_bytes,
        records: args.records,
    })?;
    if args.artefacts.json {
        output.json(&report)?;
        return Ok(0);
    }
    let mut grid = Grid::new(&["file", "bytes", "left out"], &["bytes", "left out"]);
    for file in &report.files {
        grid.row(vec![clean(&file.name), grouped(file.bytes), grouped(file.left_out)]);
    }
    output.grid(&grid)?;
    for omitted in &report.omitted {
        output.line(&clean(&format!("not in it: {}: {}", omitted.source, omitted.text)), YELLOW)?;
    }
    Ok(0)
}

/// Compares two bundles. The exit code shows whether they differ.
pub(super) fn compare(args: &CompareArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = bundle::compare(&CompareRequest { before: args.before.clone(), after: args.after.clone() })?;
    let is_equal = report
        == BundleDiff { parameters: ConfigDiff { same: report.parameters.same, ..Default::default() }, ..Default::default() };
    if args.json {
        output.json(&report)?;
        return Ok(if is_equal { 0 } else { DIFFERENT });
    }
    for file in &report.parameters.files {
        super::config::show_file(file, output)?;
    }
    for (what, changes) in [("version", &report.versions), ("table", &report.tables), ("cause", &report.causes)] {
        for change in changes {
            output.line(&clean(&format!("{what} of {}", change.name)), BOLD)?;
            for (sign, text, style) in [("-", &change.before, RED), ("+", &change.after, GREEN)] {
                if let Some(text) = text {
                    output.line(&clean(&format!("{sign} {text}")), style)?;
                }
            }
        }
    }
    for (name, what) in
        report.only_before.iter().map(|name| (name, "first")).chain(report.only_after.iter().map(|name| (name, "second")))
    {
        output.line(&clean(&format!("only in the {what}: {name}")), YELLOW)?;
    }
    output.line(if is_equal { "equal" } else { "different" }, BOLD)?;
    Ok(if is_equal { 0 } else { DIFFERENT })
}

/// Shows the record at a position, and what is lost by going on after it.
pub(super) fn skip(args: &SkipArgs, output: &mut Output) -> Result<i32, Failure> {
    let place = args.at.split_once(':').and_then(|(seqno, rba)| Some((seqno.parse().ok()?, rba.parse().ok()?)));
    let Some((seqno, rba)) = place else {
        return Err(Failure::usage(format!("{:?} is not a position; write sequence number and RBA, such as 76:973932", args.at)));
    };
    let report = explain::skip(&SkipRequest { trail: args.trail.clone(), seqno, rba, defs: args.defs.clone() })?;
    if args.json {
        output.json(&report)?;
    } else {
        show_skip(&report, output)?;
    }
    if let Some(problem) = &report.problem {
        output.complain(problem)?;
    }
    Ok(if report.record.is_some() { 0 } else { DAMAGE })
}

fn show_skip(report: &SkipReport, output: &mut Output) -> Result<(), Failure> {
    let mut fact = |name: &str, text: String| output.line(&format!("{name:<18}{}", clean(&text)), "");
    let place = |at: Option<(u64, u64)>| at.map_or_else(|| "not known".to_owned(), |(seqno, rba)| format!("{seqno}:{rba}"));
    if let Some(seen) = &report.record {
        fact("record", format!("{} of {} at {}:{}", seen.op, seen.table, seen.at.0, seen.at.1))?;
        let id = |text: &Option<String>| text.clone().unwrap_or_else(|| "not known".to_owned());
        fact("transaction", format!("CSN {}, XID {}, begins at {}", id(&seen.csn), id(&seen.xid), place(report.begin)))?;
        fact("next change", place(report.next_record))?;
        fact("next transaction", place(report.next_transaction))?;
    }
    if !report.transaction.is_empty() {
        let mut grid = Grid::new(&["table", "operation", "changes"], &["changes"]);
        for (table, counts) in &report.transaction {
            for (op, count) in counts {
                grid.row(vec![table.clone(), op.clone(), grouped(*count)]);
            }
        }
        output.line("changes of the transaction, which are lost by going on after it:", BOLD)?;
        output.grid(&grid)?;
    }
    Ok(())
}
