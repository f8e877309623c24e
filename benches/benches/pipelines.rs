//! Many pipelines in one process: `make bench`. All limits are ratios of one run, except those of idle pipelines.
//!
//! - two hundred pipelines on a trail that grows, each with a table of its own, or with a share of the rows, against one with all of them;
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
use trailcore::filter::Select;
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{ReadOptions, Timestamp, Trail};
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

/// Writes a trail of inserts into as many tables as there are pipelines. Returns its only file.
fn tables() -> Outcome<PathBuf> {
    let folder = scratch("tables")?;
    let columns = vec![ColumnDef::integer("ID", 0).key(), ColumnDef::varchar("NAME", 40)];
    let tables: Vec<_> = (0..MANY).map(|number| Arc::new(TableDef::new(format!("S.T{number}"), columns.clone()))).collect();
    let options = WriterOptions { file_size: 1 << 30, ..WriterOptions::default() };
    let mut writer = TrailWriter::create(folder.join("bk"), options)?;
    for (number, table) in (0..setting("TRAILCORE_BENCH_MB", 64) * 4_000).zip(tables.iter().cycle()) {
        let time = Timestamp::from_unix_micros(1_700_000_000_000_000 + i64::try_from(number)?);
        writer.begin(&(number + 1).to_string(), &format!("1.1.{number}"), time)?;
        let mut row = RowBuilder::new(table, writer.byte_order());
        row.decimal("ID", i64::try_from(number)?.into())?.text("NAME", "a name of some length")?;
        writer.insert(table, row.bytes())?;
        writer.commit()?;
    }
    writer.finish()?;
    Ok(folder.join("bk000000000"))
}

/// Lets pipelines, one for each selection, follow a trail that grows by the file at once. Returns the changes that they have committed.
fn grow(source: &Path, selects: &[String], timings: &mut Timings, round: u64, name: &str) -> Outcome<u64> {
    let folder = scratch("grow")?;
    let (bytes, first) = (std::fs::read(source)?, head(source)?);
    let mut file = File::create(folder.join("bk000000000"))?;
    file.write_all(&bytes[..first])?;
    let trail = folder.join("bk");
    let one = |(number, select): (usize, &String)| {
        let out = folder.join(format!("out{number}"));
        format!(
            "[[pipeline]]\nname = 'p{number}'\ntrail = {trail:?}\nselect = '{select}'\ncommit = {{ milliseconds = 200 }}\n\
             [[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}\n"
        )
    };
    // Two on the trail make it shared; the second one selects nothing.
    let idle = "[[pipeline]]\nname = 'none'\ntrail = {trail}\nselect = 'TABLE NO.NE;'\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out}\n";
    let idle = idle.replace("{trail}", &format!("{trail:?}")).replace("{out}", &format!("{:?}", folder.join("none")));
    let text: String = selects.iter().enumerate().map(one).chain([idle]).collect();
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text)?)?;
    wait(&supervisor, |lane| lane.state == State::Running)?;
    std::thread::sleep(Duration::from_secs(2));
    let committed =
        |supervisor: &Supervisor| supervisor.status().iter().flat_map(|one| &one.lanes).map(|lane| lane.changes).sum::<u64>();
    let wanted: Select = selects.concat().parse()?;
    let mut reader = Trail::open(source)?.reader_with(ReadOptions::new().select(wanted))?;
    let mut changes = 0;
    while reader.next()?.is_some() {
        changes += 1;
    }
    timings.time(round, name, &mut || {
        file.write_all(&bytes[first..])?;
        let limit = Instant::now() + Duration::from_secs(600);
        while committed(&supervisor) < changes {
            if Instant::now() > limit {
                return Err("the pipelines do not reach the end".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(changes)
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
    let share = |number| format!("TABLE BANK.POSTINGS, FILTER (@RANGE ({}, {MANY}, POSTING_ID));", number + 1);
    let shares: Vec<_> = (0..MANY).map(share).collect();
    let (every, own) = (tables()?, (0..MANY).map(|number| format!("TABLE S.T{number};")).collect::<Vec<_>>());
    for round in 0..4 {
        let one = grow(&source, &["TABLE BANK.POSTINGS;".to_owned()], &mut timings, round, "rows of one")?;
        let many = grow(&source, &shares, &mut timings, round, "rows of many")?;
        assert_eq!(one, many, "every change is committed once");
        let one = grow(&every, &["TABLE S.*;".to_owned()], &mut timings, round, "tables of one")?;
        let many = grow(&every, &own, &mut timings, round, "tables of many")?;
        assert_eq!(one, many, "every change is committed once");
    }
    let (_, throughput) = timings.ratio("tables of one", "tables of many");
    println!("{MANY} pipelines on one trail, each for a table: {throughput:.2} of the throughput of one (at least 0.5)");
    let (_, rows) = timings.ratio("rows of one", "rows of many");
    println!("{MANY} pipelines on one trail, each for some rows of a table by a FILTER: {rows:.2} of the throughput of one");
    let mut delays = (0..3).map(|_| Ok((latency(&source, false)?, latency(&source, true)?))).collect::<Outcome<Vec<_>>>()?;
    delays.sort_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)));
    let (free, stuck) = delays[1];
    println!("one stuck pipeline: p99 of the others {stuck:.2} ms, without it {free:.2} ms (at most 10 ms more)");
    let (part, memory) = idle(1_000, setting("TRAILCORE_BENCH_SECONDS", 5))?;
    println!("1,000 idle pipelines: {:.2} % of a processor (1) and {memory:.0} MiB (256)", part * 100.0);
    keep(
        "bench-pipelines.json",
        &serde_json::json!({
            "throughput_of_one": throughput, "throughput_of_one_by_filters": rows, "p99_ms": { "without": free, "with_stuck": stuck },
            "idle": part, "memory_mib": memory,
        }),
    )
}
