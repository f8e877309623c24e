//! The commands `ops …`: what GoldenGate writes about itself.

mod backup;
mod config;
mod cron;
mod every;
mod explain;
#[cfg(feature = "lsp")]
mod lsp;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use clap::Subcommand;
use trailcore::Error;
use trailcore_ops::export::Format;
use trailcore_ops::health::{Health, HealthReport, Memory, Monitor, Policy, Verdict, Weight};
use trailcore_ops::model::{Backlog, LagDefinition, LagValue};
use trailcore_ops::read::{Content, Reading};
use trailcore_ops::statistics::{ApplyOptions, CommitToApply, HotKeyOptions, HotKeys};
use trailcore_ops::{Input, Moment, ObserveRequest, ReadRequest, word};

use crate::failure::{DAMAGE, Failure};
use crate::output::{BOLD, GREEN, Grid, Output, RED, YELLOW, grouped};

const EXAMPLES: &str = "\
examples:
  trailcore ops read ggserr.log
  trailcore ops lag info-detail.txt --trails /u01/ogg/dirdat
  trailcore ops health info-all.txt ggserr.log --memory /var/lib/ops.json
  trailcore ops watch info-all.txt --every 30
  trailcore ops export info-all.txt --format prometheus
  trailcore ops lint /u01/ogg/dirprm
  trailcore ops diff old/dirprm /u01/ogg/dirprm
  trailcore ops sign-off old/dirprm new/dirprm --title CHG-17
  trailcore ops drift --baseline approved --files /u01/ogg/dirprm --reports E1.rpt
  trailcore ops mapping /u01/ogg --group R1
  trailcore ops history /u01/ogg/dirprm
  trailcore ops explain /u01/ogg --group R1
  trailcore ops timeline ggserr.log R1.rpt R1.dsc
  trailcore ops skip dirdat/rt 76:973932
  trailcore ops bundle /u01/ogg --to case.tar.zst --from '2024-03-01 09:00:00'
  trailcore ops backup /u01/ogg --to /backup/ogg --positions info-all.txt
  trailcore ops rehearse /backup/ogg
  trailcore ops purge info-all.txt info-detail.txt --trails /u01/ogg/dirdat

exit codes: see trailcore --help; health --nagios exits with 0, 1, 2 or 3";

/// Reads logs, reports, command output and REST bodies of GoldenGate: lag, health, statistics, configuration, backup
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the values and faults of artefacts
    Read(ReadArgs),
    /// Prints the lag of every stream by every definition, and the backlog of every link
    Lag(LagArgs),
    /// Prints verdicts and findings; with --memory they compare with the last run
    Health(HealthArgs),
    /// Prints counters, rates between two rounds, and the contents of trails
    Stats(StatsArgs),
    /// Compares the counts of each table along Extract, pump or path, and Replicat
    Reconcile(Common),
    /// Prints verdicts again and again, in place
    Watch(WatchArgs),
    /// Prints health and lag for another program
    Export(ExportArgs),
    /// Checks parameter files, GLOBALS, command files and properties, each file and all together
    Lint(config::LintArgs),
    /// Serves editors: checks, explanations and names for parameter files, by the language server protocol
    #[cfg(feature = "lsp")]
    Lsp(lsp::LspArgs),
    /// Compares two versions of a configuration by their meaning
    Diff(config::DiffArgs),
    /// Prints a change of configuration for change control: fields to fill in, differences in words, what restarts, the way back
    SignOff(config::SignOffArgs),
    /// Compares approved files, files on disk, and the parameters that processes run with
    Drift(config::DriftArgs),
    /// Prints the tables that processes really move, with the statement and the state of each
    Mapping(config::MappingArgs),
    /// Prints what changed in a configuration when, and by whom: of a folder under git, or of a backup repository
    History(config::HistoryArgs),
    /// Lists the files of a home or deployment: what a restore needs, what is secret, what can be made again
    Inventory(backup::InventoryArgs),
    /// Takes a set of a home or deployment: checkpoints, verified trails, checkpoints again
    Backup(backup::BackupArgs),
    /// Reads a set again: digests, records, positions
    Verify(backup::VerifyArgs),
    /// Restores a set into a scratch folder, and reads every trail
    Rehearse(backup::RehearseArgs),
    /// Prints the steps of a restore
    RestorePlan(backup::SetArgs),
    /// Shows which sets of a repository to keep, and why
    Retain(backup::RetainArgs),
    /// Writes a set as one file
    Pack(backup::PackArgs),
    /// Writes the files of an archive into an empty folder
    Unpack(backup::PackArgs),
    /// Shows why processes stopped: first error, record, table, parameter, next steps; runs nothing
    Explain(explain::ExplainArgs),
    /// Prints messages, discarded records and starts of all artefacts in one order
    Timeline(explain::TimelineArgs),
    /// Shows the record at a position of a trail, and what is lost by going on after it
    Skip(explain::SkipArgs),
    /// Writes one file for a person elsewhere: explanation, logs, reports, parameters; secrets and values masked
    Bundle(explain::BundleArgs),
    /// Compares two bundles: parameters, versions, tables, causes
    Compare(explain::CompareArgs),
    /// Shows which trail files no reader needs, with a proof for each; removes nothing
    Purge(backup::PurgeArgs),
}

impl Command {
    /// Returns the artefacts of a command that needs some.
    fn common(&self) -> Option<&Common> {
        match self {
            Self::Read(args) => Some(&args.common),
            Self::Lag(args) => Some(&args.common),
            Self::Health(args) => Some(&args.common),
            Self::Reconcile(args) => Some(args),
            Self::Watch(args) => Some(&args.common),
            Self::Export(args) => Some(&args.common),
            Self::Stats(args) if args.trail.is_empty() && args.source.is_none() => Some(&args.common),
            _ => None,
        }
    }
}

#[derive(clap::Args)]
struct Common {
    /// Logs, reports, discard files, command output, bodies of the REST API, status of pipelines. NAME=PATH names the deployment
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Artefacts of an earlier observation: each that of PATH with the same file name, else of the next one
    #[arg(long, value_name = "PATH")]
    before: Vec<String>,
    /// A directory with trail files, whose names and sizes are listed. NAME=DIR names the deployment
    #[arg(long, value_name = "DIR")]
    trails: Vec<String>,
    /// Minutes that times without a zone are ahead of UTC
    #[arg(long, value_name = "MINUTES", allow_hyphen_values = true)]
    zone: Option<i16>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct ReadArgs {
    #[command(flatten)]
    common: Common,
    /// Only sections with this name, such as info_all, info, lag or stats; a text without one is refused
    #[arg(long)]
    section: Option<String>,
    /// Mask values in texts of messages: they can be data of tables
    #[arg(long)]
    mask: bool,
}

#[derive(clap::Args)]
struct LagArgs {
    #[command(flatten)]
    common: Common,
    /// Count the records of a backlog in the trail files of --trails
    #[arg(long)]
    records: bool,
}

#[derive(clap::Args)]
struct HealthArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    judging: Judging,
    /// The time of the observation, such as 2024-03-01T12:00:00Z; by default it is now. For artefacts that were collected earlier
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
    /// One line, and the exit codes of a Nagios check: 0, 1, 2, 3
    #[arg(long)]
    nagios: bool,
}

#[derive(clap::Args)]
struct Judging {
    /// A file with the limits, as JSON; docs/schema/ops-policy.json
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A file that keeps what this run observed, for the next one
    #[arg(long, value_name = "FILE")]
    memory: Option<PathBuf>,
    /// An artefact or a deployment that will not come again: the memory drops it
    #[arg(long, value_name = "NAME", requires = "memory")]
    forget: Vec<String>,
}

#[derive(clap::Args)]
struct StatsArgs {
    #[command(flatten)]
    common: Common,
    /// A trail whose contents are counted
    #[arg(long, value_name = "PATH")]
    trail: Vec<String>,
    /// Count the keys of these trails too, and keep this number for each table
    #[arg(long, value_name = "NUMBER")]
    hot_keys: Option<usize>,
    /// A file with a secret text: hot keys are named by a hash with it
    #[arg(long, value_name = "FILE", requires = "hot_keys")]
    secret: Option<PathBuf>,
    /// Print the values of hot keys instead of hashes: they are data of the tables
    #[arg(long, requires = "hot_keys", conflicts_with = "secret")]
    key_values: bool,
    /// A trail of the source, for the time from commit to apply
    #[arg(long, value_name = "PATH", requires = "target")]
    source: Option<String>,
    /// A trail of an Extract that captures what is applied at the target
    #[arg(long, value_name = "PATH", requires = "source")]
    target: Option<String>,
    /// A parameter file of the Replicat, which gives the names at the target
    #[arg(long, value_name = "PATH", requires = "source")]
    parameters: Vec<String>,
}

#[derive(clap::Args)]
struct WatchArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    judging: Judging,
    /// Seconds between two observations
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    every: u64,
    /// Observations after which the command ends
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<u64>,
}

#[derive(clap::Args)]
struct ExportArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    judging: Judging,
    /// The form: prometheus, statsd, json-lines or zabbix
    #[arg(long, default_value = "prometheus")]
    format: String,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    if args.command.common().is_some_and(|common| common.paths.is_empty() && common.trails.is_empty()) {
        return Err(Failure::usage("give at least one artefact, such as ggserr.log"));
    }
    match &args.command {
        Command::Read(args) => read(args, output),
        Command::Lag(args) => lag(args, output),
        Command::Health(args) => health(args, output),
        Command::Stats(args) => stats(args, output),
        Command::Reconcile(args) => reconcile(args, output),
        Command::Watch(args) => watch(args, output),
        Command::Export(args) => export(args, output),
        Command::Lint(args) => config::lint(args, output),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::serve(args, output),
        Command::Diff(args) => config::diff(args, output),
        Command::SignOff(args) => config::sign_off(args, output),
        Command::Drift(args) => config::drift(args, output),
        Command::Mapping(args) => config::mapping(args, output),
        Command::History(args) => config::history(args, output),
        Command::Inventory(args) => backup::inventory(args, output),
        Command::Backup(args) => backup::take(args, output),
        Command::Verify(args) => backup::verify(args, output),
        Command::Rehearse(args) => backup::rehearse(args, output),
        Command::RestorePlan(args) => backup::restore_plan(args, output),
        Command::Retain(args) => backup::retain(args, output),
        Command::Pack(args) => backup::pack(args, output),
        Command::Unpack(args) => backup::unpack(args, output),
        Command::Explain(args) => explain::explain(args, output),
        Command::Timeline(args) => explain::timeline(args, output),
        Command::Skip(args) => explain::skip(args, output),
        Command::Bundle(args) => explain::bundle(args, output),
        Command::Compare(args) => explain::compare(args, output),
        Command::Purge(args) => backup::purge(args, output),
    }
}

/// Returns the input of `PATH` or `NAME=PATH`.
fn input_of(path: &str) -> Input {
    match path.split_once('=').filter(|_| !Path::new(path).exists()) {
        Some((deployment, path)) => Input { deployment: Some(deployment.to_owned()), ..Input::path(path) },
        None => Input::path(path),
    }
}

impl Common {
    fn input(&self, path: &str) -> Input {
        let mut input = input_of(path);
        (input.zone, input.observed) = (self.zone, input.path.as_deref().and_then(changed));
        input
    }

    fn artefacts(&self) -> Vec<Input> {
        self.paths.iter().map(|path| self.input(path)).collect()
    }

    fn inputs(&self) -> Vec<Input> {
        let listed = self.trails.iter().map(|folder| {
            let Input { deployment, path, .. } = input_of(folder);
            Input { deployment, trails: path, observed: Some(now()), ..Input::default() }
        });
        self.artefacts().into_iter().chain(listed).collect()
    }

    fn request(&self) -> ObserveRequest {
        let before = earlier(self.before.iter().map(|path| self.input(path)).collect(), &self.artefacts());
        let rounds = if before.is_empty() { Vec::new() } else { vec![before] };
        ObserveRequest { inputs: self.inputs(), rounds, now: Some(now()), ..ObserveRequest::default() }
    }
}

/// Gives earlier artefacts the names of the current ones, since a path can exist only once: of the same file name, else in their order.
fn earlier(mut before: Vec<Input>, current: &[Input]) -> Vec<Input> {
    let file = |input: &Input| input.path.as_deref().and_then(|path| Path::new(path).file_name().map(ToOwned::to_owned));
    let mut free: Vec<&Input> = current.iter().collect();
    for by_name in [true, false] {
        for input in before.iter_mut().filter(|input| input.name.is_none()) {
            let is_same = |other: &&Input| other.deployment == input.deployment && (!by_name || file(other) == file(input));
            if let Some(place) = free.iter().position(is_same) {
                input.name = Some(free.remove(place).label().to_owned());
            }
        }
    }
    before
}

/// Returns the time at which a file was written: its contents are of then.
fn changed(path: &str) -> Option<Moment> {
    let since = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Moment::from_unix_micros(i64::try_from(since.as_micros()).ok()?))
}

fn now() -> Moment {
    let since = UNIX_EPOCH.elapsed().unwrap_or_default();
    Moment::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn read(args: &ReadArgs, output: &mut Output) -> Result<i32, Failure> {
    let report =
        trailcore_ops::read_inputs(&ReadRequest { inputs: args.common.inputs(), section: args.section.clone(), mask: args.mask });
    if args.common.json {
        output.json(&report)?;
    } else {
        let mut grid = Grid::new(&["artefact", "kind", "contents", "faults"], &["faults"]);
        for reading in &report.readings {
            let kind = word(&reading.kind);
            grid.row(vec![reading.artefact.clone(), kind, contents(reading), grouped(reading.faults.total())]);
        }
        output.grid(&grid)?;
        for reading in &report.readings {
            for (kind, count) in &reading.faults.counts {
                output.line(&format!("{}: {} {}", reading.artefact, grouped(*count), word(kind)), YELLOW)?;
            }
        }
    }
    for refused in &report.refused {
        output.complain(&format!("refused: {}", refused.reason))?;
    }
    Ok(if report.refused.is_empty() { 0 } else { DAMAGE })
}

fn contents(reading: &Reading) -> String {
    match &reading.content {
        Content::Log(log) => format!("{} events, {} codes", grouped(log.events.len() as u64), log.counts.len()),
        Content::Transcript(transcript) => {
            let names: Vec<_> = transcript.sections.iter().map(|section| section.name()).collect();
            names.join(", ")
        }
        Content::Rest(body) => body.schema.clone().unwrap_or_else(|| format!("{} messages", body.messages.len())),
        Content::Statsd(samples) => format!("{} samples", samples.len()),
        Content::Report(report) => {
            format!("{} messages{}", report.messages.len(), if report.is_abended { ", abended" } else { "" })
        }
        Content::Discard(file) => format!("{} records", file.entries.len()),
        Content::Pipelines(pipelines) => format!("{} pipelines", pipelines.len()),
        _ => String::new(),
    }
}

/// Returns milliseconds as a length of time that is easily read.
fn span(millis: i64) -> String {
    let (sign, seconds) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs() / 1_000);
    match seconds {
        0..60 => format!("{sign}{}.{}s", seconds, millis.unsigned_abs() % 1_000 / 100),
        60..86_400 => format!("{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        _ => format!("{sign}{}d {:02}:{:02}", seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60),
    }
}

fn lag(args: &LagArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = trailcore_ops::lag(&ObserveRequest { count_records: args.records, ..args.common.request() });
    if args.common.json {
        output.json(&report)?;
        return complain(&report.refused, output);
    }
    let titles = ["stream", "kind", "state", "checkpoint", "age", "process", "heartbeat", "backlog", "files"];
    let mut grid = Grid::new(&titles, &titles[3..]);
    for stream in &report.streams {
        let value = |definition| {
            stream.lags.iter().find(|lag| lag.definition == definition).map_or("-".to_owned(), |lag| span(lag.millis))
        };
        let [bytes, files] = backlog(stream.backlog);
        grid.row(vec![
            format!("{}/{}", stream.deployment, stream.stream),
            word(&stream.kind),
            stream.status.clone(),
            value(LagDefinition::Checkpoint),
            value(LagDefinition::SinceCheckpoint),
            value(LagDefinition::Process),
            value(LagDefinition::Heartbeat),
            bytes,
            files,
        ]);
    }
    output.grid(&grid)?;
    for link in report.links.iter().filter(|link| link.gap.is_some()) {
        let records = link.backlog.records.map_or(String::new(), |records| format!(", {} records", grouped(records)));
        output.line(&format!("{} on {}: {}{records}", link.reader.name, link.trail, word(&link.gap)), YELLOW)?;
    }
    complain(&report.refused, output)
}

fn backlog(backlog: Option<Backlog>) -> [String; 2] {
    let backlog = backlog.unwrap_or_default();
    [backlog.bytes, backlog.files].map(|value| value.map_or("-".to_owned(), grouped))
}

fn complain(refused: &[trailcore_ops::RefusedInput], output: &mut Output) -> Result<i32, Failure> {
    for refused in refused {
        output.complain(&format!("refused: {}", refused.reason))?;
    }
    Ok(if refused.is_empty() { 0 } else { DAMAGE })
}

impl Judging {
    fn monitor(&self) -> Result<Monitor, Failure> {
        let policy: Policy = match &self.policy {
            Some(path) => document(path)?,
            None => Policy::default(),
        };
        let mut memory = match self.memory.as_ref().filter(|path| path.exists()) {
            Some(path) => document::<Memory>(path)?,
            None => Memory::default(),
        };
        self.forget.iter().for_each(|name| memory.forget(name));
        Ok(Monitor::with_memory(policy, memory))
    }

    /// Keeps the memory: a new file is put in the place of the old one.
    fn keep(&self, monitor: &Monitor) -> Result<(), Failure> {
        let Some(path) = &self.memory else { return Ok(()) };
        let failed = |error| Failure::Trail(Error::write(path, error));
        let partial = path.with_extension("partial");
        std::fs::write(&partial, serde_json::to_string(monitor.memory())?).map_err(failed)?;
        std::fs::rename(&partial, path).map_err(failed)
    }
}

fn document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Trail(Error::io(path, error)))?;
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// Observes the rounds of a request. `at` is the time of the last one, instead of the current time.
fn observed(common: &Common, at: Option<Moment>, monitor: &mut Monitor) -> HealthReport {
    let request = common.request();
    for inputs in &request.rounds {
        monitor.observe(&trailcore_ops::observe(inputs));
    }
    monitor.observe(&trailcore_ops::observe(&request.inputs).observed_at(at.or(request.now)))
}

fn health(args: &HealthArgs, output: &mut Output) -> Result<i32, Failure> {
    let mut monitor = args.judging.monitor()?;
    let report = observed(&args.common, args.at, &mut monitor);
    args.judging.keep(&monitor)?;
    if args.nagios {
        return nagios(&report, output);
    }
    if args.common.json {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    Ok(0)
}

fn nagios(report: &HealthReport, output: &mut Output) -> Result<i32, Failure> {
    let worst = report.findings.iter().map(|finding| finding.weight).max();
    let (code, label) = match worst {
        Some(Weight::Critical) => (2, "CRITICAL"),
        Some(Weight::Warning) => (1, "WARNING"),
        _ if report.streams.iter().all(|verdict| verdict.health == Health::Unknown) => (3, "UNKNOWN"),
        _ => (0, "OK"),
    };
    let counts: Vec<_> = report.counts.iter().map(|(health, count)| format!("{count} {}", word(health))).collect();
    let first = report.alarms().next().map_or(String::new(), |finding| format!("; {}: {}", finding.subject, finding.text));
    let lags = report.streams.iter().flat_map(|verdict| verdict.as_of(report.at).lags);
    let lag = lags
        .filter(|lag| lag.definition == LagDefinition::Checkpoint)
        .map(|lag| lag.millis)
        .max()
        .map_or(String::new(), |lag| format!(" | lag={}s", lag / 1_000));
    output.line(&format!("GOLDENGATE {label} - {}{first}{lag}", counts.join(", ")), "")?;
    Ok(code)
}

fn style(health: Health) -> &'static str {
    match health {
        Health::Healthy | Health::Idle => GREEN,
        Health::Stuck | Health::Abended | Health::FallingBehind => RED,
        _ => YELLOW,
    }
}

fn show(report: &HealthReport, output: &mut Output) -> Result<(), Failure> {
    let mut grid = Grid::new(&["stream", "kind", "health", "lag", "backlog", "reason"], &["lag", "backlog"]);
    for verdict in &report.streams {
        let lag = |verdict: &Verdict| LagValue::current(&verdict.lags).map_or("-".to_owned(), |lag| span(lag.millis));
        grid.row(vec![
            format!("{}/{}", verdict.deployment, verdict.stream),
            word(&verdict.kind),
            word(&verdict.health),
            lag(verdict),
            backlog(verdict.backlog)[0].clone(),
            verdict.reasons.first().cloned().unwrap_or_default(),
        ]);
    }
    output.grid(&grid)?;
    let worst = report.streams.iter().map(|verdict| verdict.health).max().unwrap_or(Health::Healthy);
    let counts: Vec<_> = report.counts.iter().map(|(health, count)| format!("{count} {}", word(health))).collect();
    output.line(&counts.join(", "), style(worst))?;
    for finding in &report.findings {
        let style = match finding.weight {
            Weight::Critical => RED,
            Weight::Warning => YELLOW,
            Weight::Note => "",
        };
        output
            .line(&format!("{}: {} {}: {}", word(&finding.weight), finding.subject, word(&finding.kind), finding.text), style)?;
        if let Some(advice) = &finding.advice {
            output.line(&format!("  {advice}"), "")?;
        }
    }
    Ok(())
}

fn stats(args: &StatsArgs, output: &mut Output) -> Result<i32, Failure> {
    let hot_keys = args.hot_keys.map(|most| args.hot_key_options(most)).transpose()?;
    let apply = args.source.clone().zip(args.target.clone()).map(|(source, target)| ApplyOptions {
        source,
        target,
        parameters: args.parameters.iter().map(|path| input_of(path)).collect(),
        ..ApplyOptions::default()
    });
    let report = trailcore_ops::stats(&ObserveRequest { trails: args.trail.clone(), hot_keys, apply, ..args.common.request() })?;
    if args.common.json {
        output.json(&report)?;
        return complain(&report.refused, output);
    }
    let mut grid = Grid::new(&["stream", "table", "operation", "count", "per second"], &["count", "per second"]);
    for row in &report.counters {
        let same = |rate: &&trailcore_ops::statistics::Rate| {
            (&rate.deployment, &rate.stream, &rate.table, &rate.operation)
                == (&row.deployment, &row.stream, &row.table, &row.operation)
        };
        let rate = report.rates.iter().find(same).map_or("-".to_owned(), |rate| match (rate.per_second, rate.note) {
            (Some(rate), _) => format!("{rate:.2}"),
            (None, note) => word(&note),
        });
        let stream = format!("{}/{}", row.deployment, row.stream);
        grid.row(vec![stream, row.table.clone(), row.operation.clone(), grouped(row.counter.value), rate]);
    }
    output.grid(&grid)?;
    for table in &report.uncounted {
        let text = format!("{}/{} {}: no total counts that are known", table.deployment, table.stream, table.table);
        output.line(&format!("{text}; run STATS in English, without DAILY, HOURLY or LATEST"), YELLOW)?;
    }
    for (path, trail) in &report.trails {
        output.line(path, BOLD)?;
        let mut grid = Grid::new(&["table", "changes", "bytes"], &["changes", "bytes"]);
        for (name, table) in &trail.tables {
            grid.row(vec![name.clone(), grouped(table.operations.values().sum()), grouped(table.bytes)]);
        }
        output.grid(&grid)?;
        let quantile = |part| trail.transaction_changes.quantile(part).map_or("-".to_owned(), grouped);
        output.line(
            &format!(
                "{} transactions; changes of one: median {}, 99 % {}",
                grouped(trail.transactions),
                quantile(0.5),
                quantile(0.99)
            ),
            "",
        )?;
        for point in &trail.change_points {
            output.line(point, "")?;
        }
        if let Some(keys) = &trail.hot_keys {
            show_hot_keys(keys, output)?;
        }
    }
    if let Some(apply) = &report.apply {
        show_apply(apply, output)?;
    }
    complain(&report.refused, output)
}

impl StatsArgs {
    fn hot_key_options(&self, most: usize) -> Result<HotKeyOptions, Failure> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| Failure::Trail(Error::io(path, error)));
        let secret = self.secret.as_ref().map(read).transpose()?.map(|text| text.trim().to_owned());
        if secret.as_deref().unwrap_or_default().is_empty() && !self.key_values {
            return Err(Failure::usage("--hot-keys needs --secret FILE with a text, or --key-values"));
        }
        Ok(HotKeyOptions { most, secret, values: self.key_values })
    }
}

fn show_hot_keys(keys: &HotKeys, output: &mut Output) -> Result<(), Failure> {
    let mut grid = Grid::new(&["table", "hot key", "changes", "at least"], &["changes", "at least"]);
    for (name, table) in &keys.tables {
        for key in &table.keys {
            let least = key.changes.saturating_sub(key.error);
            grid.row(vec![name.clone(), key.key.clone(), grouped(key.changes), grouped(least)]);
        }
    }
    output.grid(&grid)?;
    Ok(())
}

fn show_apply(apply: &CommitToApply, output: &mut Output) -> Result<(), Failure> {
    let mut grid =
        Grid::new(&["commit to apply", "times", "median", "90 %", "99 %", "note"], &["times", "median", "90 %", "99 %"]);
    let tables = apply.tables.iter().map(|(name, times)| (name.as_str(), times));
    let heartbeats = apply.heartbeats.iter().map(|(name, times)| (name.as_str(), times));
    for (name, times) in std::iter::once(("all tables", &apply.all)).chain(tables).chain(heartbeats) {
        let value = |millis: Option<u64>| millis.map_or("-".to_owned(), |millis| span(i64::try_from(millis).unwrap_or(i64::MAX)));
        let note = times.refused.clone().unwrap_or_default();
        let [p50, p90, p99] = [times.p50, times.p90, times.p99].map(value);
        grid.row(vec![name.to_owned(), grouped(times.times.count), p50, p90, p99, note]);
    }
    output.grid(&grid)?;
    let counts = [("only source", apply.only_source), ("only target", apply.only_target), ("without key", apply.without_key)];
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name}: {}", grouped(*count))).collect();
    output.line(&counts.join(", "), "")?;
    Ok(())
}

fn reconcile(args: &Common, output: &mut Output) -> Result<i32, Failure> {
    let report = trailcore_ops::reconciled(&args.request());
    let different = if report.unexplained == 0 { 0 } else { crate::failure::DIFFERENT };
    if args.json {
        output.json(&report)?;
        let damaged = complain(&report.refused, output)?;
        return Ok(if damaged == 0 { different } else { damaged });
    }
    let mut grid = Grid::new(&["table", "stage", "operations", "missing", "difference"], &["operations", "missing"]);
    for table in &report.tables {
        for stage in &table.stages {
            let differences: Vec<_> = table.differences.iter().filter(|difference| difference.to == stage.stage).collect();
            let missing: i64 = differences.iter().map(|difference| difference.missing).sum();
            let kinds: Vec<_> = differences.iter().map(|difference| word(&difference.kind)).collect();
            let unknown = || stage.note.map_or("-".to_owned(), |note| word(&note));
            let operations = stage.operations.map_or_else(unknown, grouped);
            grid.row(vec![table.table.clone(), stage.stage.clone(), operations, missing.to_string(), kinds.join(", ")]);
        }
    }
    output.grid(&grid)?;
    let damaged = complain(&report.refused, output)?;
    Ok(if damaged == 0 { different } else { damaged })
}

fn watch(args: &WatchArgs, output: &mut Output) -> Result<i32, Failure> {
    use std::io::Write as _;
    let mut monitor = args.judging.monitor()?;
    let mut rounds = 0;
    loop {
        let report = observed(&args.common, None, &mut monitor);
        args.judging.keep(&monitor)?;
        if output.is_terminal() {
            // Home, and clear what is below: the table is refreshed in place.
            write!(output, "\u{1b}[H\u{1b}[2J")?;
        }
        show(&report, output)?;
        output.flush()?;
        rounds += 1;
        if args.rounds.is_some_and(|most| rounds >= most) {
            return Ok(0);
        }
        let next = Instant::now() + Duration::from_secs(args.every);
        while Instant::now() < next {
            if output.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn export(args: &ExportArgs, output: &mut Output) -> Result<i32, Failure> {
    use std::io::Write as _;
    let name = args.format.replace('-', "_");
    let format: Format = serde_json::from_value(name.into())
        .map_err(|_| Failure::usage(format!("--format {}: known are prometheus, statsd, json-lines and zabbix", args.format)))?;
    let mut monitor = args.judging.monitor()?;
    let report = observed(&args.common, None, &mut monitor);
    args.judging.keep(&monitor)?;
    write!(output, "{}", trailcore_ops::export::text(&report, format)?)?;
    Ok(0)
}
