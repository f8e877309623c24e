//! The cost of following a trail: `make bench`.
//!
//! - latency: another process appends 200,000 records in a second, and the time from before a write to the delivery of its last
//!   transaction is taken, as p50 and p99 after the first second; in other languages as multiples of the same in Rust, each in a process of its own;
//! - catching up: a tail on a file that is there, as a multiple of a reader's blocks;
//! - subscribers: eight on one reading, as a multiple of one;
//! - idle: processor time of one tail and of 1,000, as a part of the elapsed time, and their memory.
//!
//! `TRAILCORE_BENCH_MB` sets the size of the file (256), `TRAILCORE_BENCH_SECONDS` the time of each measurement (5).
//! `TRAILCORE_FOLLOWERS` has the programs of other languages, `NAME=COMMAND` and a limit, one in a line; `make bench-live` sets it.

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Outcome, Timings, generate, keep, link_all, setting, usage};
use trailcore::trail::ByteOrder;
use trailcore::{ChangeBlock, ReadOptions, Trail};
use trailcore_samples::Bank;
use trailcore_stream::{Hub, Item, Tail, TailOptions};

/// Records in a second, and writes in a second.
const RECORDS: u64 = 200_000;
const WRITES: u64 = 1_000;

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Returns the ends of the transactions of a file, and the number of records up to each.
fn transaction_ends(path: &Path) -> Outcome<Vec<(u64, u64)>> {
    let mut reader = Trail::open(path)?.reader_with(ReadOptions::new())?;
    let (mut ends, mut records) = (Vec::new(), 0);
    loop {
        let Some(change) = reader.next()? else { return Ok(ends) };
        records += 1;
        if change.transaction().ends() {
            let end = reader.position().trail().map_or(0, |position| position.rba);
            ends.push((end, records));
        }
    }
}

/// The writing process: appends the file `from` to the file `to`, and prints the end and the time of each write.
fn write(from: &Path, to: &Path, seconds: u64) -> Outcome<()> {
    let bytes = std::fs::read(from)?;
    let ends = transaction_ends(from)?;
    let mut file = File::options().create(true).append(true).open(to)?;
    let mut times = Vec::new();
    let (mut at, mut due) = (0, 0);
    let begun = Instant::now();
    for (end, records) in ends {
        if records < due {
            continue;
        }
        due = records + RECORDS / WRITES;
        let until = Duration::from_secs_f64(records as f64 / RECORDS as f64);
        if until > Duration::from_secs(seconds) {
            break;
        }
        std::thread::sleep(until.saturating_sub(begun.elapsed()));
        let time = micros();
        file.write_all(&bytes[at..usize::try_from(end)?])?;
        at = usize::try_from(end)?;
        times.push((end, time));
    }
    let mut out = std::io::stdout().lock();
    for (end, time) in times {
        writeln!(out, "{end} {time}")?;
    }
    Ok(())
}

/// The following process: prints the end and the time of each delivery. It ends two seconds after the last one.
fn follow(prefix: &Path, hints: bool) -> Outcome<()> {
    let mut delivered: Vec<(u64, u64)> = Vec::new();
    let mut tail = Tail::open(prefix, TailOptions::new().hints(hints))?;
    println!("ready");
    loop {
        let wait = if delivered.is_empty() { 60 } else { 2 };
        match tail.recv_timeout(Duration::from_secs(wait))? {
            Some(Item::Changes(batch)) => {
                delivered.push((batch.end().trail().map_or(0, |position| position.rba), micros()));
                tail.acknowledge(&batch.receipt())?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut out = std::io::stdout().lock();
    for (end, time) in delivered {
        writeln!(out, "{end} {time}")?;
    }
    Ok(())
}

/// Reads lines of an end and a time.
fn places(lines: impl Iterator<Item = std::io::Result<String>>) -> Outcome<Vec<(u64, u64)>> {
    let place = |line: std::io::Result<String>| {
        let line = line?;
        let (end, time) = line.split_once(' ').ok_or("a line without a time")?;
        Ok((end.parse()?, time.parse()?))
    };
    lines.map(place).collect()
}

/// Returns p50 and p99 of a following program in milliseconds, and the number of writes.
fn latency(source: &Path, seconds: u64, program: &[OsString]) -> Outcome<(f64, f64, usize)> {
    let folder = scratch("latency")?;
    let file = folder.join("bk000000000");
    let (first, arguments) = program.split_first().ok_or("no program")?;
    let mut follower = Command::new(first).args(arguments).arg(folder.join("bk")).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(follower.stdout.take().ok_or("no output")?).lines();
    if lines.next().transpose()?.as_deref() != Some("ready") {
        return Err(format!("{} does not follow", first.display()).into());
    }
    let writer = Command::new(std::env::current_exe()?)
        .args(["--write".as_ref(), source.as_os_str(), file.as_os_str(), seconds.to_string().as_ref()])
        .stdout(Stdio::piped())
        .spawn()?;
    let delivered = places(lines)?;
    follower.wait()?;
    let writes = places(writer.wait_with_output()?.stdout.lines())?;
    let mut next = 0;
    let mut latencies: Vec<u64> = Vec::new();
    for (end, time) in &writes {
        while delivered.get(next).is_some_and(|(position, _)| position < end) {
            next += 1;
        }
        let (_, seen) = delivered.get(next).ok_or("a write was not delivered")?;
        latencies.push(seen.saturating_sub(*time));
    }
    // Just-in-time compilers warm up in the first second.
    let warm = usize::try_from(WRITES)?.min(latencies.len() / 2);
    let mut latencies = latencies.split_off(warm);
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1_000.0;
    Ok((at(0.5), at(0.99), latencies.len()))
}

/// Measures the programs of other languages beside that of Rust: the ratios of p50 and p99, the smallest of three rounds.
fn languages(source: &Path, seconds: u64, rust: &[OsString]) -> Outcome<serde_json::Value> {
    let programs = std::env::var("TRAILCORE_FOLLOWERS").unwrap_or_default();
    let mut found = serde_json::Map::new();
    for line in programs.lines().filter(|line| !line.trim().is_empty()) {
        let (name, rest) = line.split_once('=').ok_or("a program without a name")?;
        let mut words = rest.split_whitespace();
        let limit: f64 = words.next_back().ok_or("a program without a limit")?.parse()?;
        let program: Vec<_> = words.map(OsString::from).collect();
        let mut best = [f64::MAX; 2];
        for _ in 0..3 {
            let (ours, theirs) = (latency(source, seconds, rust)?, latency(source, seconds, &program)?);
            best = [best[0].min(theirs.0 / ours.0), best[1].min(theirs.1 / ours.1)];
        }
        println!("latency in {name}: p50 {:.2}, p99 {:.2} times that of Rust (at most {limit})", best[0], best[1]);
        found.insert(name.to_owned(), serde_json::json!({ "p50": best[0], "p99": best[1] }));
    }
    Ok(found.into())
}

fn scratch(name: &str) -> Outcome<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data").join(format!("live-{name}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn blocks(path: &Path) -> Outcome<u64> {
    let mut reader = Trail::open(path)?.reader()?;
    let (mut block, mut total) = (ChangeBlock::default(), 0);
    while reader.next_block(&mut block, 1_000)? > 0 {
        total += block.len() as u64;
    }
    Ok(total)
}

/// Takes all changes that are there.
fn drain(tail: &mut Tail, changes: u64) -> Outcome<u64> {
    let mut total = 0;
    while total < changes {
        if let Some(Item::Changes(batch)) = tail.recv_timeout(Duration::from_secs(60))? {
            total += batch.len() as u64;
            tail.acknowledge(&batch.receipt())?;
        }
    }
    Ok(total)
}

fn shared(path: &Path, subscribers: usize, changes: u64) -> Outcome<u64> {
    let mut hub = Hub::open(path, TailOptions::new())?;
    let slow = trailcore_stream::Slow::Block;
    let tails = (0..subscribers).map(|_| hub.subscribe(TailOptions::new().slow(64, slow)));
    let tails: Vec<_> = tails.collect::<Result<_, _>>()?;
    hub.start()?;
    let threads: Vec<_> = tails.into_iter().map(|mut tail| std::thread::spawn(move || drain(&mut tail, changes))).collect();
    for thread in threads {
        thread.join().map_err(|_| "a subscriber has failed")??;
    }
    hub.stop()?;
    Ok(changes)
}

/// Returns the processor time of idle tails as a part of the elapsed time, and the memory that they take.
fn idle(tails: usize, seconds: u64) -> Outcome<(f64, f64)> {
    let folder = scratch("idle")?;
    trailcore_samples::write_bank(&folder, &Bank::small())?;
    let before = usage()?.1;
    let mut handles = Vec::new();
    let mut threads = Vec::new();
    for number in 0..tails {
        let own = folder.join(format!("tail{number}"));
        link_all(&folder, &own)?;
        let mut tail = Tail::open(own.join("bk"), TailOptions::new())?;
        handles.push(tail.handle());
        let small = std::thread::Builder::new().stack_size(256 << 10);
        threads.push(small.spawn(move || while let Ok(Some(_)) = tail.recv() {})?);
    }
    // They read what is there, and become quiet.
    std::thread::sleep(Duration::from_secs(8));
    let begun = (usage()?.0, Instant::now());
    std::thread::sleep(Duration::from_secs(seconds.max(5)));
    let (end, memory) = usage()?;
    let part = (end - begun.0) / begun.1.elapsed().as_secs_f64();
    handles.iter().for_each(trailcore_stream::TailHandle::stop);
    for thread in threads {
        thread.join().map_err(|_| "a tail has failed")?;
    }
    Ok((part, memory - before))
}

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "--write") {
        let seconds = arguments[4].to_string_lossy().parse()?;
        return write(arguments[2].as_ref(), arguments[3].as_ref(), seconds);
    }
    if arguments.get(1).is_some_and(|first| first == "--follow" || first == "--follow-polling") {
        return follow(arguments[2].as_ref(), arguments[1] == "--follow");
    }
    let own = |flag: &str| Ok::<_, std::io::Error>([std::env::current_exe()?.into_os_string(), flag.into()]);
    let size = setting("TRAILCORE_BENCH_MB", 256) << 20;
    let seconds = setting("TRAILCORE_BENCH_SECONDS", 5);
    let path = generate("big", &Bank::bench(ByteOrder::Big, size))?;
    let changes = blocks(&path)?;
    let mut timings = Timings::default();
    for round in 0..6 {
        timings.time(round, "blocks", &mut || blocks(&path))?;
        timings.time(round, "tail", &mut || drain(&mut Tail::open(&path, TailOptions::new())?, changes))?;
        timings.time(round, "one", &mut || shared(&path, 1, changes))?;
        timings.time(round, "eight", &mut || shared(&path, 8, changes))?;
    }
    let (speed, _) = timings.ratio("blocks", "tail");
    let (eight, _) = timings.ratio("eight", "one");
    println!("catching up: {speed:.2} of the speed of a reader's blocks (at least 0.90)");
    println!("8 subscribers on one reading: {eight:.2} times one (at most 1.50)");
    let hinted = latency(&path, seconds, &own("--follow")?)?;
    println!("latency with file events: p50 {:.2} ms, p99 {:.2} ms of {} writes (1, 5)", hinted.0, hinted.1, hinted.2);
    let polled = latency(&path, seconds, &own("--follow-polling")?)?;
    println!("latency by polling:       p50 {:.2} ms, p99 {:.2} ms of {} writes", polled.0, polled.1, polled.2);
    let languages = languages(&path, seconds, &own("--follow")?)?;
    let (one, _) = idle(1, seconds)?;
    let (thousand, memory) = idle(1_000, seconds)?;
    println!(
        "idle: one tail {:.3} % of a processor (0.2), 1,000 tails {:.2} % (2) and {memory:.0} MiB (256)",
        one * 100.0,
        thousand * 100.0
    );
    keep(
        "bench-live.json",
        &serde_json::json!({
            "catch_up": speed, "eight_subscribers": eight,
            "latency_ms": { "p50": hinted.0, "p99": hinted.1 }, "polled_ms": { "p50": polled.0, "p99": polled.1 },
            "latency_ratios": languages, "idle": one, "idle_thousand": thousand, "memory_mib": memory,
        }),
    )
}
