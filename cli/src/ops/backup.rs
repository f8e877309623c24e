//! The commands `ops inventory`, `backup`, `verify`, `rehearse`, `restore-plan`, `retain`, `pack`, `unpack` and `purge`.

use std::path::Path;

use trailcore_ops::backup::{
    self, BackupRequest, InventoryRequest, PackRequest, PurgeRequest, ReaderPosition, RestoreRequest, RetainRequest, Root,
    SetProblem, VerifyRequest,
};
use trailcore_ops::{Input, word};

use super::cron::Cron;
use super::{complain, every, input_of};
use crate::failure::{DAMAGE, Failure};
use crate::interrupt::ending_itself;
use crate::output::{BOLD, GREEN, Grid, Output, RED, YELLOW, clean, grouped, size};
use crate::zone::Zone;

#[derive(clap::Args)]
pub(super) struct InventoryArgs {
    #[command(flatten)]
    roots: Roots,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Roots {
    /// Homes, folders of a deployment, or folders with trails. NAME=PATH names one
    #[arg(required = true, value_name = "FOLDER")]
    roots: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    roots: Roots,
    /// The folder that gets the set, outside of all roots; or the URL of an object store
    #[arg(long, value_name = "REPOSITORY")]
    to: String,
    /// An artefact with positions of streams, read before and after the trails are copied
    #[arg(long, value_name = "PATH")]
    positions: Vec<String>,
    /// Also copy keys, wallets and certificates
    #[arg(long)]
    secrets: bool,
    /// Also copy what an installation or a process makes again
    #[arg(long)]
    rebuildable: bool,
    /// Copy all trail files again, also the ones of the last set
    #[arg(long)]
    full: bool,
    /// Go on, and back up at these times, as in crontab: minute hour day month weekday, or @hourly, @daily
    #[arg(long, value_name = "TIMES")]
    every: Option<Cron>,
    /// Time zone of --every: Europe/Berlin, +02:00, local; UTC by default
    #[arg(long, value_name = "ZONE", requires = "every")]
    tz: Option<Zone>,
    /// Sign the manifest with the secret key in this file, of at least 16 bytes
    #[arg(long, value_name = "FILE")]
    sign_key: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct SetArgs {
    /// A set, or a repository, whose last set is used; a folder, or the URL of an object store
    #[arg(value_name = "SET")]
    path: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    set: SetArgs,
    /// A file with a secret key. The manifest has to be signed with one of the keys
    #[arg(long, value_name = "FILE")]
    key: Vec<String>,
}

#[derive(clap::Args)]
pub(super) struct RehearseArgs {
    #[command(flatten)]
    set: SetArgs,
    /// An empty folder for the restored files; by default a temporary one, which is removed
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<String>,
}

#[derive(clap::Args)]
pub(super) struct RetainArgs {
    /// The repository
    #[arg(value_name = "REPOSITORY")]
    repository: String,
    /// The last good sets that are kept
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    last: u64,
    /// Days of which the last good set is kept
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    daily: u64,
    /// Weeks of which the last good set is kept
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    weekly: u64,
    /// Months of which the last good set is kept
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    monthly: u64,
    /// A position that must stay restorable
    #[arg(long, value_name = "NAME:TRAIL:SEQNO[:RBA]")]
    need: Vec<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct PackArgs {
    /// pack: a set, or a repository, whose last set is used; unpack: an archive
    #[arg(value_name = "FROM")]
    path: String,
    /// pack: the archive, such as set.tar.zst; unpack: an empty folder
    #[arg(value_name = "TO")]
    to: String,
}

#[derive(clap::Args)]
pub(super) struct PurgeArgs {
    /// INFO ALL, INFO of every group with DETAIL or SHOWCH, bodies of the REST API. NAME=PATH names the deployment
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// A directory with the trail files that are judged
    #[arg(long, value_name = "DIR", required = true)]
    trails: Vec<String>,
    /// A reader that no artefact has
    #[arg(long, value_name = "NAME:TRAIL:SEQNO[:RBA]")]
    reader: Vec<String>,
    /// A deployment of which the artefacts have every reader, by your own word
    #[arg(long, value_name = "DEPLOYMENT")]
    complete: Vec<String>,
    /// Files of each trail that are kept in any case
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    keep: u64,
    /// Print only the paths of the files that can be purged
    #[arg(long, conflicts_with = "json")]
    paths_only: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Roots {
    fn roots(&self) -> Vec<Root> {
        let root = |text: &String| match text.split_once('=').filter(|_| !Path::new(text).exists()) {
            Some((name, path)) => Root { name: Some(name.to_owned()), path: path.to_owned() },
            None => Root { name: None, path: text.clone() },
        };
        self.roots.iter().map(root).collect()
    }
}

/// Reads `NAME:TRAIL:SEQNO[:RBA]`. The path of a trail may have a colon, as on Windows.
fn reader(text: &str) -> Result<ReaderPosition, Failure> {
    let wrong = || Failure::usage(format!("{text}: expected NAME:TRAIL:SEQNO or NAME:TRAIL:SEQNO:RBA"));
    let (name, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (rest, last) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let last: u64 = last.parse().map_err(|_| wrong())?;
    let with_rba = rest.rsplit_once(':').and_then(|(trail, seqno)| Some((trail, seqno.parse().ok()?, last)));
    let (trail, seqno, rba) = with_rba.unwrap_or((rest, last, 0));
    Ok(ReaderPosition { name: name.to_owned(), trail: trail.to_owned(), seqno, rba })
}

fn readers(texts: &[String]) -> Result<Vec<ReaderPosition>, Failure> {
    texts.iter().map(|text| reader(text)).collect()
}

pub(super) fn inventory(args: &InventoryArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = backup::inventory(&InventoryRequest { roots: args.roots.roots() })?;
    if args.json {
        output.json(&report)?;
        return Ok(0);
    }
    let mut grid = Grid::new(&["class", "role", "files", "bytes"], &["files", "bytes"]);
    let mut counts = std::collections::BTreeMap::new();
    for file in &report.files {
        let (files, bytes) = counts.entry((file.class, file.role)).or_insert((0u64, 0u64));
        (*files, *bytes) = (*files + 1, bytes.saturating_add(file.state.bytes));
    }
    for ((class, role), (files, bytes)) in counts {
        grid.row(vec![word(&class), word(&role), grouped(files), size(bytes)]);
    }
    output.grid(&grid)?;
    omitted(&report.omitted, output)?;
    let growth = report.trail_bytes_a_day.map_or("not known".to_owned(), size);
    output.line(&format!("first set: {}, trails a day: {growth}", size(report.first_set)), BOLD)?;
    Ok(0)
}

fn omitted(omitted: &[backup::Omitted], output: &mut Output) -> Result<(), Failure> {
    for one in omitted {
        output.line(&clean(&format!("not copied: {}/{}: {}", one.root, one.path, one.text)), YELLOW)?;
    }
    Ok(())
}

pub(super) fn take(args: &BackupArgs, output: &mut Output) -> Result<i32, Failure> {
    let request = BackupRequest {
        roots: args.roots.roots(),
        repository: args.to.clone(),
        inputs: args.positions.iter().map(|path| input_of(path)).collect(),
        secrets: args.secrets,
        rebuildable: args.rebuildable,
        full: args.full,
        sign_key: args.sign_key.clone(),
        now: None,
    };
    if let Some(cron) = &args.every {
        let zone = args.tz.clone().unwrap_or_default().time_zone();
        return ending_itself(|| every::repeat(cron.clone(), zone, &request, args.json, output));
    }
    let report = backup::backup(&request)?;
    if args.json {
        output.json(&report)?;
    } else {
        let missing: Vec<_> =
            report.manifest.omitted.iter().filter(|one| one.reason != backup::OmitReason::Class).cloned().collect();
        omitted(&missing, output)?;
        for file in &report.manifest.files {
            if let Some(range) = file.trail.as_ref().and_then(|trail| trail.damage.first()) {
                let text = format!("damaged at the source: {}/{} at {}: {}", file.root, file.path, range.from, range.what);
                output.line(&clean(&text), YELLOW)?;
            }
        }
        for gap in &report.manifest.gaps {
            output.line(&clean(&format!("gap: {gap}")), RED)?;
        }
        let foreign = |position: &&backup::SetPosition| !position.is_write && position.landing == backup::Landing::NoTrail;
        for position in report.manifest.positions.iter().filter(foreign) {
            let text = format!("{} reads {}, which is not in the set", position.stream, position.trail);
            output.line(&clean(&text), YELLOW)?;
        }
        let whole = if report.manifest.is_whole { "whole" } else { "incomplete" };
        let fuzzy = if report.manifest.is_fuzzy { ", fuzzy: checkpoints moved meanwhile" } else { "" };
        let (copied, files) = (size(report.copied_bytes), grouped(report.manifest.files.len() as u64));
        let (shared, records) = (grouped(report.shared), grouped(report.records));
        output.line(&format!("files: {files}, copied: {copied}, shared: {shared}, trail records: {records}"), "")?;
        let style = if report.manifest.is_whole { GREEN } else { RED };
        output.line(&format!("{}: {whole}{fuzzy}", report.path), style)?;
    }
    let refused = complain(&report.refused, output)?;
    Ok(if report.manifest.is_whole { refused } else { DAMAGE })
}

fn problems(problems: &[SetProblem], output: &mut Output) -> Result<(), Failure> {
    for problem in problems {
        let text = format!("{}: {}: {}", word(&problem.kind), problem.subject, problem.text);
        output.line(&clean(&text), RED)?;
    }
    Ok(())
}

pub(super) fn verify(args: &VerifyArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = backup::verify(&VerifyRequest { path: args.set.path.clone(), keys: args.key.clone() })?;
    if args.set.json {
        output.json(&report)?;
    } else {
        problems(&report.problems, output)?;
        for gap in &report.gaps {
            output.line(&clean(&format!("gap: {gap}")), YELLOW)?;
        }
        let (files, bytes, records) = (grouped(report.files), size(report.bytes), grouped(report.records));
        output.line(&format!("files: {files}, bytes: {bytes}, trail records: {records}"), "")?;
        let state = word(&report.signature.state).replace('_', " ");
        let key = report.signature.key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
        output.line(&clean(&format!("signature: {state}{key}")), "")?;
        let (verdict, style) = if report.is_good { ("as it was written", GREEN) } else { ("not as it was written", RED) };
        output.line(&format!("{}: {verdict}", report.path), style)?;
    }
    Ok(if report.is_good { 0 } else { DAMAGE })
}

pub(super) fn rehearse(args: &RehearseArgs, output: &mut Output) -> Result<i32, Failure> {
    let scratch =
        tempfile::tempdir().map_err(|error| Failure::Trail(trailcore::Error::write("a temporary folder".as_ref(), error)))?;
    let folder = args.scratch.clone().unwrap_or_else(|| scratch.path().display().to_string());
    let report = backup::rehearse(&RestoreRequest { path: args.set.path.clone(), scratch: Some(folder) })?;
    if args.set.json {
        output.json(&report)?;
    } else {
        let mut grid = Grid::new(&["trail", "files", "records", "changes", "state"], &["files", "records", "changes"]);
        for trail in &report.trails {
            let state = if trail.is_whole { "whole" } else { "not whole" };
            let counts = [trail.files, trail.records, trail.changes].map(grouped);
            let [files, records, changes] = counts;
            grid.row(vec![trail.trail.clone(), files, records, changes, state.to_owned()]);
        }
        output.grid(&grid)?;
        for position in &report.positions {
            let verb = if position.is_write { "writes" } else { "reads" };
            let (stream, trail, place) = (&position.stream, &position.trail, word(&position.landing));
            output.line(&clean(&format!("{stream} {verb} {trail} at {}/{}: {place}", position.seqno, position.rba)), "")?;
        }
        problems(&report.problems, output)?;
        let (verdict, style) = if report.is_good { ("can be restored", GREEN) } else { ("cannot be restored as a whole", RED) };
        output.line(&format!("{}: {verdict}", report.path), style)?;
    }
    Ok(if report.is_good { 0 } else { DAMAGE })
}

pub(super) fn restore_plan(args: &SetArgs, output: &mut Output) -> Result<i32, Failure> {
    let plan = backup::restore_plan(&RestoreRequest { path: args.path.clone(), scratch: None })?;
    if args.json {
        output.json(&plan)?;
    } else {
        plan.text.lines().try_for_each(|line| output.line(line, ""))?;
    }
    Ok(0)
}

pub(super) fn retain(args: &RetainArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = backup::retain(&RetainRequest {
        repository: args.repository.clone(),
        last: args.last,
        daily: args.daily,
        weekly: args.weekly,
        monthly: args.monthly,
        needs: readers(&args.need)?,
    })?;
    if args.json {
        output.json(&report)?;
        return Ok(0);
    }
    let mut grid = Grid::new(&["set", "state", "keep", "reasons"], &[]);
    for set in &report.sets {
        let state = if set.is_good { "whole" } else { "incomplete" };
        let keep = if set.is_kept { "keep" } else { "remove" };
        grid.row(vec![set.set.clone(), state.to_owned(), keep.to_owned(), set.reasons.join("; ")]);
    }
    output.grid(&grid)?;
    for need in &report.uncovered {
        output.line(&clean(&format!("no set has {} from file {}, which {} needs", need.trail, need.seqno, need.name)), RED)?;
    }
    Ok(if report.uncovered.is_empty() { 0 } else { DAMAGE })
}

pub(super) fn pack(args: &PackArgs, output: &mut Output) -> Result<i32, Failure> {
    let request = PackRequest { path: args.path.clone(), to: args.to.clone() };
    let report = backup::pack(&request)?;
    output.line(&format!("{}  {}  {}", report.digest, size(report.bytes), report.path), "")?;
    Ok(0)
}

pub(super) fn unpack(args: &PackArgs, output: &mut Output) -> Result<i32, Failure> {
    let report = backup::unpack(&PackRequest { path: args.path.clone(), to: args.to.clone() })?;
    output.line(&format!("files: {}, set: {}", grouped(report.files), report.path), "")?;
    Ok(0)
}

pub(super) fn purge(args: &PurgeArgs, output: &mut Output) -> Result<i32, Failure> {
    let mut inputs: Vec<Input> = args.paths.iter().map(|path| input_of(path)).collect();
    for folder in &args.trails {
        // NAME=DIR names the deployment, as for artefacts.
        let Input { deployment, path, .. } = input_of(folder);
        inputs.push(Input { deployment, trails: path, ..Input::default() });
    }
    let request =
        PurgeRequest { inputs, readers: readers(&args.reader)?, complete: args.complete.clone(), keep_files: args.keep };
    let report = backup::purge(&request)?;
    if args.json {
        output.json(&report)?;
    } else if args.paths_only {
        let files = report.trails.iter().flat_map(|trail| &trail.files);
        files.filter(|file| file.is_safe).try_for_each(|file| output.line(&file.path, ""))?;
    } else {
        let mut grid = Grid::new(&["file", "bytes", "verdict", "reason", "proof"], &["bytes"]);
        for file in report.trails.iter().flat_map(|trail| &trail.files) {
            let verdict = if file.is_safe { "safe" } else { "keep" };
            grid.row(vec![file.path.clone(), grouped(file.bytes), verdict.to_owned(), word(&file.reason), file.text.clone()]);
        }
        output.grid(&grid)?;
        for blocker in &report.blockers {
            output.line(&clean(&format!("{}: {}", word(&blocker.kind), blocker.text)), YELLOW)?;
            output.line(&clean(&format!("  {}", blocker.advice)), "")?;
        }
        let bytes: u64 = report.trails.iter().map(|trail| trail.safe_bytes).sum();
        output.line(&format!("can be purged: {}", size(bytes)), BOLD)?;
    }
    complain(&report.refused, output)
}
