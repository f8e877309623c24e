//! The command `run`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use trailcore_stream::Lease;
use trailcore_stream::pipeline::{EventCount, Pipeline, PipelineStatus, Pipelines, Supervisor};

use crate::failure::Failure;
use crate::interrupt::ending_itself;
use crate::output::{Output, clean, grouped};

mod http;
mod notify;

/// Time between two looks at the wish to stop, and at the file.
const LOOK: Duration = Duration::from_millis(200);
/// Time without a sign of a process after which another one takes over.
const LIMIT: Duration = Duration::from_secs(3);
/// Time in which a changed configuration has to become healthy.
const HEALTHY: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
examples:
  trailcore run pipelines.toml --check
  trailcore run pipelines.toml --plan
  trailcore run pipelines.toml --listen 127.0.0.1:9464 --reload
  trailcore run pipelines.toml --drain
  trailcore run pipelines.toml --replay postings
  trailcore run pipelines.toml --standby /shared/lease

It ends at Ctrl-C or SIGTERM with exit code 0, after what was read is committed. Exit code 1: a pipeline has failed.
docs/pipelines.md explains the file, and what each sink guarantees.";

/// Moves changes on to files, tables and queues: runs the pipelines of a TOML file
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The pipelines, in TOML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only check: files, tables and columns exist, sinks can be written to
    #[arg(long, conflicts_with_all = ["plan", "drain", "replay"])]
    check: bool,
    /// Only show where each pipeline would go on
    #[arg(long, conflicts_with_all = ["drain", "replay"])]
    plan: bool,
    /// Stop at the end of what is there now
    #[arg(long)]
    drain: bool,
    /// Serve /metrics (Prometheus), /health and /status (JSON) here
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Apply changes of FILE while running; if the new pipelines do not become healthy, the old ones run again
    #[arg(long)]
    reload: bool,
    /// A file that gets a line of JSON for each change of FILE that is applied
    #[arg(long, value_name = "HISTORY", requires = "reload")]
    history: Option<PathBuf>,
    /// Write the dead letters of a pipeline to its sinks once more; the pipeline must not run
    #[arg(long, value_name = "NAME")]
    replay: Option<String>,
    /// Run only while this process has the lease in FOLDER. Of several processes one runs; another takes over 3 seconds after its last sign
    #[arg(long, value_name = "FOLDER", conflicts_with = "drain")]
    standby: Option<PathBuf>,
    /// Print status and messages as JSON lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<i32, Failure> {
    let pipelines = Pipelines::open(&args.file)?;
    if args.check {
        return check(&pipelines, output);
    }
    if args.plan {
        return plan(&pipelines, args.json, output);
    }
    if let Some(name) = &args.replay {
        return replay(&pipelines, name, output);
    }
    let mistakes: Vec<_> = pipelines.pipelines.iter().flat_map(Pipeline::validate).collect();
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.join("\n")));
    }
    ending_itself(|| move_on(args, pipelines, output))
}

fn check(pipelines: &Pipelines, output: &mut Output) -> Result<i32, Failure> {
    let mistakes: Vec<_> = pipelines.pipelines.iter().flat_map(Pipeline::validate).collect();
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.join("\n")));
    }
    for options in &pipelines.pipelines {
        output.line(&format!("{}: everything that it needs is there", clean(&options.name)), "")?;
    }
    Ok(0)
}

fn plan(pipelines: &Pipelines, json: bool, output: &mut Output) -> Result<i32, Failure> {
    for options in &pipelines.pipelines {
        for plan in Pipeline::plan(options)? {
            if json {
                serde_json::to_writer(&mut *output, &plan)?;
                output.line("", "")?;
                continue;
            }
            let from = plan.committed.map_or_else(|| format!("from {}", plan.start), |at| format!("goes on at {at}"));
            let to_read =
                plan.bytes_behind.map_or_else(|| "no files yet".to_owned(), |bytes| format!("{} bytes to read", grouped(bytes)));
            output.line(&format!("{} -> {}: {from}, {to_read}", clean(&plan.pipeline), plan.sink), "")?;
        }
    }
    Ok(0)
}

fn replay(pipelines: &Pipelines, name: &str, output: &mut Output) -> Result<i32, Failure> {
    let options = pipelines.pipelines.iter().find(|one| one.name == name).ok_or_else(|| {
        let names: Vec<_> = pipelines.pipelines.iter().map(|one| one.name.as_str()).collect();
        Failure::usage(format!("there is no pipeline {name}; there are: {}", names.join(", ")))
    })?;
    let files = Pipeline::replay(options)?;
    if files.is_empty() {
        output.line("there are no dead letters", "")?;
    }
    for (path, changes) in files {
        output.line(&format!("{} changes of {} written", grouped(changes), clean(&path.display().to_string())), "")?;
    }
    Ok(0)
}

/// Runs the pipelines until the user stops them, or to the end of what is there.
fn move_on(args: &Args, mut pipelines: Pipelines, output: &mut Output) -> Result<i32, Failure> {
    let mut server = None;
    loop {
        let lease = match &args.standby {
            None => None,
            Some(folder) => {
                serve(args, &mut server, Vec::new(), output)?;
                let Some(lease) = Lease::wait(folder, LIMIT, || output.is_interrupted())? else {
                    notify::stopping();
                    return Ok(0);
                };
                message(args.json, "active", &format!("this process has the lease, number {}", lease.token()), output)?;
                Some(lease)
            }
        };
        let mut supervisor = Supervisor::start(pipelines)?;
        if let Some(history) = &args.history {
            supervisor.keep_history(history);
        }
        serve(args, &mut server, supervisor.status(), output)?;
        let ended = if args.drain {
            drain(args, &mut supervisor, server.as_ref(), output)?
        } else {
            watch(args, &mut supervisor, lease.as_ref(), server.as_ref(), output)?;
            supervisor.stop()
        };
        if lease.is_some_and(|lease| lease.is_lost()) && !output.is_interrupted() {
            // Its sinks may have refused it before: `ended` can be an error.
            message(args.json, "standby", "another process has taken over", output)?;
            pipelines = Pipelines::open(&args.file)?;
            continue;
        }
        notify::stopping();
        let status = supervisor.status();
        report(&status, args.json, output)?;
        ended?;
        return Ok(i32::from(!status.iter().all(PipelineStatus::is_healthy)));
    }
}

/// Reports the state over HTTP, which begins with the first one, and to systemd that the program is there.
fn serve(
    args: &Args,
    server: &mut Option<http::Server>,
    status: Vec<PipelineStatus>,
    output: &mut Output,
) -> Result<(), Failure> {
    match (server.as_ref(), args.listen) {
        (Some(server), _) => server.set(status),
        (None, Some(address)) => {
            let started = http::Server::start(address, status)?;
            output.complain(&format!("listening on http://{}", started.address()))?;
            *server = Some(started);
        }
        (None, None) => {}
    }
    notify::ready();
    Ok(())
}

/// Moves the pipelines to the end of what is there, or stops them when the user wants that.
fn drain(
    args: &Args,
    supervisor: &mut Supervisor,
    server: Option<&http::Server>,
    output: &mut Output,
) -> Result<trailcore::Result<()>, Failure> {
    let (mut events, mut printed) = (Events::default(), Ok(()));
    let ended = supervisor.drain_until(|status| {
        printed = events.print(args, status, output);
        if let Some(server) = server {
            server.set(status.to_vec());
        }
        printed.is_err() || output.is_interrupted()
    });
    printed?;
    events.print(args, &supervisor.status(), output)?;
    Ok(ended)
}

/// The events that have been printed, by pipeline, sink and kind.
#[derive(Default)]
struct Events(BTreeMap<(String, String, &'static str), u64>);

impl Events {
    /// Prints the events that are new.
    fn print(&mut self, args: &Args, status: &[PipelineStatus], output: &mut Output) -> Result<(), Failure> {
        for (pipeline, lane) in status.iter().flat_map(|one| one.lanes.iter().map(move |lane| (one, lane))) {
            for EventCount { kind, count, last, .. } in &lane.events {
                let key = (pipeline.name.clone(), lane.sink.clone(), kind.name());
                let printed = self.0.insert(key, *count).unwrap_or(0);
                // The pipeline may have been started again, and counts from the start.
                let new = if *count < printed { *count } else { *count - printed };
                let several = if new > 1 { format!(" ({} of them)", grouped(new)) } else { String::new() };
                if new > 0 {
                    let text = format!(
                        "{} -> {}: {} at {}: {}{several}",
                        pipeline.name,
                        lane.sink,
                        kind.name(),
                        last.position,
                        last.what
                    );
                    message(args.json, "event", &text, output)?;
                }
            }
        }
        Ok(())
    }
}

/// Looks after the pipelines until the user stops them, or another process has taken over.
fn watch(
    args: &Args,
    supervisor: &mut Supervisor,
    lease: Option<&Lease>,
    server: Option<&http::Server>,
    output: &mut Output,
) -> Result<(), Failure> {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let mut seen: Option<SystemTime> = changed(&args.file);
    let mut unhealthy: Vec<String> = Vec::new();
    let mut events = Events::default();
    while !output.is_interrupted() && !lease.is_some_and(Lease::is_lost) {
        std::thread::sleep(LOOK);
        let status = supervisor.status();
        events.print(args, &status, output)?;
        let now: Vec<String> = status.iter().flat_map(problems).collect();
        for problem in now.iter().filter(|problem| !unhealthy.contains(problem)) {
            message(args.json, "problem", problem, output)?;
        }
        unhealthy = now;
        if let Some(server) = server {
            server.set(status);
        }
        let modified = changed(&args.file);
        if args.reload && modified != seen {
            seen = modified;
            reload(args, supervisor, output)?;
        }
    }
    Ok(())
}

/// Applies the changed file, and reports the result.
fn reload(args: &Args, supervisor: &mut Supervisor, output: &mut Output) -> Result<(), Failure> {
    let who = std::env::var("USER").unwrap_or_else(|_| "file".to_owned());
    let applied = Pipelines::open(&args.file).and_then(|new| supervisor.apply(new, HEALTHY, &who));
    match applied {
        Ok(difference) if difference.is_empty() => Ok(()),
        Ok(difference) => {
            let names = |what: &str, names: &[String]| {
                if names.is_empty() { String::new() } else { format!(" {what} {}", names.join(", ")) }
            };
            let text = [("added", &difference.added), ("removed", &difference.removed), ("changed", &difference.changed)];
            let text: String = text.iter().map(|(what, all)| names(what, all)).collect();
            message(args.json, "applied", text.trim(), output)
        }
        Err(error) => message(args.json, "not applied", &error.to_string(), output),
    }
}

fn problems(pipeline: &PipelineStatus) -> Vec<String> {
    let lanes = pipeline.lanes.iter().filter(|lane| lane.error.is_some());
    lanes.map(|lane| format!("{} -> {}: {}", pipeline.name, lane.sink, lane.error.as_deref().unwrap_or_default())).collect()
}

fn message(json: bool, kind: &str, text: &str, output: &mut Output) -> Result<(), Failure> {
    if json {
        let line = serde_json::json!({ "kind": kind, "text": text });
        output.complain(&line.to_string())?;
    } else {
        output.complain(&format!("{kind}: {}", clean(text)))?;
    }
    Ok(())
}

fn report(status: &[PipelineStatus], json: bool, output: &mut Output) -> Result<(), Failure> {
    for pipeline in status {
        if json {
            serde_json::to_writer(&mut *output, pipeline)?;
            output.line("", "")?;
            continue;
        }
        for lane in &pipeline.lanes {
            let at = lane.committed.map_or_else(String::new, |at| format!(" up to {at}"));
            let letters =
                if lane.dead_letters > 0 { format!(", {} dead letters", grouped(lane.dead_letters)) } else { String::new() };
            let doubts: u64 = lane.doubts.iter().map(|doubt| doubt.changes).sum();
            let doubts = if doubts > 0 { format!(", {} undecided by a rule", grouped(doubts)) } else { String::new() };
            let (name, changes, commits) = (clean(&pipeline.name), grouped(lane.changes), grouped(lane.commits));
            output.line(&format!("{name} -> {}: {changes} changes in {commits} commits{at}{letters}{doubts}", lane.sink), "")?;
        }
    }
    Ok(())
}
