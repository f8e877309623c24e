//! Many pipelines in one process: `make bench`. All limits are ratios of one run, except those of idle pipelines.
//!
//! - two hundred pipelines on a trail that grows, each with its share of the rows, against one with all of them;
//! - the time from a write to a commit of two hundred pipelines beside one that is stuck, against that without it;
//! - idle: processor time of 1,000 pipelines, as a part of the elapsed time, and their memory.
//!
//! `TRAILCORE_BENCH_MB` sets the size of the file (64), `TRAILCORE_BENCH_SECONDS` the time of idling (5).

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Outcome, Timings, generate, keep, link_all, setting, usage};
use trailcore::Trail;
use trailcore::trail::ByteOrder;
use trailcore_samples::Bank;
use trailcore_stream::MemoryStore;
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines, State, Supervisor};
use trailcore_stream::sink::{CallbackSink, Sink};

const MANY: usize = 200;

fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data").join(format!("pipelines-{name}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Returns the end of the first transaction of a file.
fn head(path: &Path) -> Outcome<usize> {
    let mut reader = Trail::open(path)?.reader()?;
    while let Some(change) = reader.next()? {
        if change.transaction().ends() {
            return Ok(usize::try_from(reader.position().trail().map_or(0, |at| at.rba))?);
        }
    }
    Err("no transaction".into())
}

fn wait(supervisor: &Supervisor, mut until: impl FnMut(&trailcore_stream::pipeline::LaneStatus) -> bool) -> Outcome<()> {
    let limit = Instant::now() + Duration::from_secs(600);
    loop {
        let all = supervisor.status();
        if let Some(error) = all.iter().flat_map(|one| &one.lanes).find_map(|lane| lane.error.clone()) {
            return Err(error.into());
        }
        if all.iter().flat_map(|one| &one.lanes).all(&mut until) {
            return Ok(());
        }
        if Instant::now() > limit {
            return Err("the pipelines do not reach the end".into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Lets pipelines follow a trail that grows by the file at once. Returns the changes that they have committed.
fn grow(source: &Path, pipelines: usize, timings: &mut Timings, round: u64) -> Outcome<u64> {
    let folder = scratch("grow")?;
    let (bytes, first) = (std::fs::read(source)?, head(source)?);
    let mut file = File::create(folder.join("bk000000000"))?;
    file.write_all(&bytes[..first])?;
    let trail = folder.join("bk");
    let one = |number: usize| {
        let share = format!("FILTER (@RANGE ({}, {pipelines}, POSTING_ID))", number + 1);
        let select = if pipelines > 1 { format!("TABLE BANK.POSTINGS, {share};") } else { "TABLE BANK.POSTINGS;".to_owned() };
        let out = folder.join(format!("out{number}"));
        format!(
            "[[pipeline]]\nname = 'p{number}'\ntrail = {trail:?}\nselect = '{select}'\ncommit = {{ milliseconds = 200 }}\n\
             [[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}\n"
        )
    };
    // Two on the trail make it shared; the second one selects nothing.
    let idle = "[[pipeline]]\nname = 'none'\ntrail = {trail}\nselect = 'TABLE NO.NE;'\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out}\n";
    let idle = idle.replace("{trail}", &format!("{trail:?}")).replace("{out}", &format!("{:?}", folder.join("none")));
    let text: String = (0..pipelines).map(one).chain([idle]).collect();
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text)?)?;
    wait(&supervisor, |lane| lane.state == State::Running)?;
    std::thread::sleep(Duration::from_secs(2));
    let committed =
        |supervisor: &Supervisor| supervisor.status().iter().flat_map(|one| &one.lanes).map(|lane| lane.changes).sum::<u64>();
    let mut reader = Trail::open(source)?.reader()?;
    let mut wanted = 0;
    while let Some(change) = reader.next()? {
        wanted += u64::from(&*change.table_name() == "BANK.POSTINGS");
    }
    timings.time(round, &format!("{pipelines}"), &mut || {
        file.write_all(&bytes[first..])?;
        let limit = Instant::now() + Duration::from_secs(600);
        while committed(&supervisor) < wanted {
            if Instant::now() > limit {
                return Err("the pipelines do not reach the end".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(wanted)
    })?;
    supervisor.stop()?;
    Ok(committed(&supervisor))
}

/// Returns the 99th percentile of the time from a write to the commit of each pipeline, in milliseconds.
fn latency(source: &Path, is_stuck: bool) -> Outcome<f64> {
    const WRITES: usize = 300;
    let folder = scratch("stuck")?;
    let bytes = std::fs::read(source)?;
    let mut reader = Trail::open(source)?.reader()?;
    let mut ends = Vec::new();
    while ends.len() <= WRITES {
        let change = reader.next()?.ok_or("the trail is too short")?;
        if change.transaction().ends() {
            ends.push(usize::try_from(reader.position().trail().map_or(0, |at| at.rba))?);
        }
    }
    let path = folder.join("bk000000000");
    std::fs::write(&path, &bytes[..ends[0]])?;
    let sent = Arc::new(Mutex::new(vec![(u64::try_from(ends[0])?, Instant::now())]));
    let seen = Arc::new(Mutex::new(Vec::<Duration>::new()));
    let gate = Arc::new(Mutex::new(()));
    let document = serde_json::json!({ "name": "p", "trail": folder.join("bk"), "commit": { "changes": 1 } });
    let options: PipelineOptions = serde_json::from_value(document)?;
    let start = |stuck: bool| {
        let (sent, seen, gate) = (Arc::clone(&sent), Arc::clone(&seen), Arc::clone(&gate));
        let sink = CallbackSink::new(MemoryStore::new(), move |committed| {
            let now = Instant::now();
            if stuck {
                drop(gate.lock());
                return Ok(());
            }
            let at = committed.checkpoint.position.trail().map_or(0, |at| at.rba);
            let time = sent.lock().ok().and_then(|sent| sent.iter().rev().find(|(end, _)| *end <= at).map(|(_, time)| *time));
            if let (Some(time), Ok(mut seen)) = (time, seen.lock()) {
                seen.push(now.duration_since(time));
            }
            Ok(())
        });
        Pipeline::start_with(options.clone(), vec![("callback".to_owned(), Box::new(sink) as Box<dyn Sink>)])
    };
    let held = gate.lock().map_err(|_| "a panic")?;
    let mut all = (0..MANY).map(|_| start(false)).collect::<Result<Vec<_>, _>>()?;
    if is_stuck {
        all.push(start(true)?);
    }
    std::thread::sleep(Duration::from_secs(2));
    seen.lock().map_err(|_| "a panic")?.clear();
    let mut file = OpenOptions::new().append(true).open(&path)?;
    for pair in ends.windows(2) {
        sent.lock().map_err(|_| "a panic")?.push((u64::try_from(pair[1])?, Instant::now()));
        file.write_all(&bytes[pair[0]..pair[1]])?;
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_secs(1));
    let mut times = std::mem::take(&mut *seen.lock().map_err(|_| "a panic")?);
    drop(held);
    all.iter_mut().try_for_each(Pipeline::stop)?;
    times.sort_unstable();
    let at = times.get(times.len() * 99 / 100).ok_or("nothing was committed")?;
    Ok(at.as_secs_f64() * 1_000.0)
}

/// Returns the processor time of idle pipelines, each on a trail of its own, and the memory that they take.
fn idle(pipelines: usize, seconds: u64) -> Outcome<(f64, f64)> {
    let folder = scratch("idle")?;
    trailcore_samples::write_bank(&folder, &Bank::small())?;
    let mut text = String::new();
    for number in 0..pipelines {
        let own = folder.join(format!("trail{number}"));
        link_all(&folder, &own)?;
        let (trail, out) = (own.join("bk"), own.join("out"));
        text +=
            &format!("[[pipeline]]\nname = 'p{number}'\ntrail = {trail:?}\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}\n");
    }
    let before = usage()?.1;
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text)?)?;
    wait(&supervisor, |lane| lane.commits > 0 && lane.waiting == 0)?;
    std::thread::sleep(Duration::from_secs(3));
    let begun = (usage()?.0, Instant::now());
    std::thread::sleep(Duration::from_secs(seconds.max(5)));
    let (end, memory) = usage()?;
    let part = (end - begun.0) / begun.1.elapsed().as_secs_f64();
    supervisor.stop()?;
    Ok((part, memory - before))
}

fn main() -> Outcome<()> {
    let source = generate("pipelines", &Bank::bench(ByteOrder::Big, setting("TRAILCORE_BENCH_MB", 64) << 20))?;
    let mut timings = Timings::default();
    for round in 0..4 {
        let one = grow(&source, 1, &mut timings, round)?;
        let many = grow(&source, MANY, &mut timings, round)?;
        assert_eq!(one, many, "every change is committed once");
    }
    let (_, throughput) = timings.ratio("1", "200");
    println!("{MANY} pipelines on one trail: {throughput:.2} of the throughput of one (at least 0.5)");
    let mut delays = (0..3).map(|_| Ok((latency(&source, false)?, latency(&source, true)?))).collect::<Outcome<Vec<_>>>()?;
    delays.sort_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)));
    let (free, stuck) = delays[1];
    println!("one stuck pipeline: p99 of the others {stuck:.2} ms, without it {free:.2} ms (at most 10 ms more)");
    let (part, memory) = idle(1_000, setting("TRAILCORE_BENCH_SECONDS", 5))?;
    println!("1,000 idle pipelines: {:.2} % of a processor (1) and {memory:.0} MiB (256)", part * 100.0);
    keep(
        "bench-pipelines.json",
        &serde_json::json!({
            "throughput_of_one": throughput, "p99_ms": { "without": free, "with_stuck": stuck },
            "idle": part, "memory_mib": memory,
        }),
    )
}
