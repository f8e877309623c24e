//! Faults: each call of the file layer fails once, reads are short, the process is killed at any point and at named ones.
//!
//! `TRAILCORE_KILLS` is the number of kills at random; 12 without it, thousands in `make test-long`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "live/support.rs"]
mod support;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use support::{DELIVERIES, Growing, Seen, options, quick, read, trail};
use trailcore::Result;
use trailcore::sink::WriterOptions;
use trailcore::source::ByteSource;
use trailcore_stream::{
    Checkpoint, CheckpointStore, Delivery, FileFacts, FileStore, Files, Hub, Loaded, MemoryStore, OsFiles, Oversize, Scratch,
    Tail, TailOptions,
};

const LIST: [(u64, usize); 5] = [(100, 1), (101, 4), (102, 2), (103, 3), (104, 7)];

fn files() -> Vec<Vec<u8>> {
    trail(WriterOptions { file_size: 1_600, ..options() }, &LIST)
}

/// The files of the operating system, of whose calls one fails. Reads return at most `most` bytes.
#[derive(Clone, Debug)]
struct Faulty {
    /// Calls until the one that fails.
    countdown: Arc<AtomicUsize>,
    error: i32,
    most: usize,
    /// Writes to a file without a name until the one that fails.
    writes: Arc<AtomicUsize>,
}

impl Faulty {
    fn new(fails_at: usize, error: i32, most: usize) -> Self {
        Self { countdown: Arc::new(AtomicUsize::new(fails_at)), error, most, writes: Arc::default() }
    }

    fn call(&self) -> io::Result<()> {
        let before = self.countdown.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) { Err(io::Error::from_raw_os_error(self.error)) } else { Ok(()) }
    }

    fn write(&self) -> io::Result<()> {
        const ENOSPC: i32 = 28;
        let before = self.writes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before == Ok(1) { Err(io::Error::from_raw_os_error(ENOSPC)) } else { Ok(()) }
    }
}

impl Files for Faulty {
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.call().and_then(|()| OsFiles.list(folder))
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        self.call().and_then(|()| OsFiles.facts(path))
    }

    fn open(&self, path: &Path) -> io::Result<(Arc<dyn ByteSource>, FileFacts)> {
        self.call()?;
        let (source, facts) = OsFiles.open(path)?;
        Ok((Arc::new(FaultySource { layer: self.clone(), source }), facts))
    }

    fn scratch(&self, folder: &Path) -> io::Result<Arc<dyn Scratch>> {
        self.write()?;
        Ok(Arc::new(FaultyScratch { layer: self.clone(), file: OsFiles.scratch(folder)? }))
    }
}

#[derive(Debug)]
struct FaultyScratch {
    layer: Faulty,
    file: Arc<dyn Scratch>,
}

impl ByteSource for FaultyScratch {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let most = into.len().min(self.layer.most);
        self.file.read_at(&mut into[..most], offset)
    }
}

impl Scratch for FaultyScratch {
    fn write_bytes(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.layer.write().and_then(|()| self.file.write_bytes(bytes, offset))
    }
}

#[derive(Debug)]
struct FaultySource {
    layer: Faulty,
    source: Arc<dyn ByteSource>,
}

impl ByteSource for FaultySource {
    fn size(&self) -> io::Result<u64> {
        self.layer.call().and_then(|()| self.source.size())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.layer.call()?;
        let most = into.len().min(self.layer.most);
        self.source.read_at(&mut into[..most], offset)
    }
}

/// Follows a trail that grows in pieces. Returns what was seen.
fn follow(layer: &Faulty, files: &[Vec<u8>], delivery: Delivery) -> Seen {
    let growing = Growing::new();
    let mut tail = None;
    let mut seen = Seen::default();
    let mut drain = |seen: &mut Seen| {
        let open = || Tail::open(growing.path(), quick().delivery(delivery).files(Arc::new(layer.clone())));
        // Opening fails with the error; a second attempt works.
        let tail = tail.get_or_insert_with(|| open().or_else(|_| open()).unwrap());
        seen.drain_for(tail, Duration::from_millis(1));
    };
    for (seqno, file) in files.iter().enumerate() {
        for piece in file.chunks(1_200) {
            growing.append(seqno, piece);
            drain(&mut seen);
        }
    }
    drain(&mut seen);
    seen
}

#[test]
fn every_call_of_the_file_layer_fails_once() {
    let files = files();
    let whole = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        whole.append(seqno, file);
    }
    let expected = read(&whole.path());
    const EIO: i32 = 5;
    const EACCES: i32 = 13;
    for (delivery, error) in DELIVERIES.into_iter().zip([EIO, EACCES]) {
        let mut fails_at = 1;
        loop {
            let layer = Faulty::new(fails_at, error, usize::MAX);
            let seen = follow(&layer, &files, delivery);
            assert_eq!(seen.changes, expected, "call {fails_at}");
            assert!(seen.kinds().iter().all(|kind| *kind == "read_failed"), "call {fails_at}: {:?}", seen.events);
            if layer.countdown.load(Ordering::Relaxed) > 0 {
                break;
            }
            fails_at += 1;
        }
        assert!(fails_at > 50);
    }
}

#[test]
fn every_call_of_a_subscriber_fails_once_while_it_shares_a_reading() {
    let files = files();
    let whole = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        whole.append(seqno, file);
    }
    let expected = read(&whole.path());
    for delivery in DELIVERIES {
        let mut fails_at = 1;
        loop {
            let layer = Faulty::new(fails_at, 5, usize::MAX);
            let seen = subscribe(&layer, &files, delivery, expected.len());
            assert_eq!(seen.changes, expected, "call {fails_at}");
            assert!(seen.kinds().iter().all(|kind| *kind == "read_failed"), "call {fails_at}: {:?}", seen.events);
            if layer.countdown.load(Ordering::Relaxed) > 0 {
                break;
            }
            fails_at += 1;
        }
        assert!(fails_at > 10, "{fails_at}");
    }
}

/// Subscribes to a reading of a trail that grows, which ends before the trail does. Returns what was seen.
fn subscribe(layer: &Faulty, files: &[Vec<u8>], delivery: Delivery, count: usize) -> Seen {
    let growing = Growing::new();
    growing.append(0, &files[0]);
    let mut hub = Some(Hub::open(growing.path(), quick()).unwrap());
    let open = |hub: &Hub| hub.subscribe(quick().delivery(delivery).files(Arc::new(layer.clone())));
    let opened = hub.as_ref().map(|hub| open(hub).or_else(|_| open(hub)).unwrap());
    hub.as_mut().unwrap().start().unwrap();
    let (mut tail, mut seen) = (opened.unwrap(), Seen::default());
    for (seqno, file) in files.iter().enumerate().skip(1) {
        seen.drain_for(&mut tail, Duration::from_millis(4));
        if seqno == files.len() - 1 {
            hub = None;
        }
        growing.append(seqno, file);
    }
    drop(hub);
    let until = Instant::now() + Duration::from_secs(60);
    while seen.changes.len() < count && Instant::now() < until {
        seen.drain_for(&mut tail, Duration::from_millis(4));
    }
    seen.drain_for(&mut tail, Duration::from_millis(4));
    seen
}

#[test]
fn short_reads_change_nothing() {
    let files = files();
    let whole = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        whole.append(seqno, file);
    }
    for most in [1, 7, 100] {
        assert_eq!(follow(&Faulty::new(0, 0, most), &files, Delivery::Changes).changes, read(&whole.path()));
    }
}

#[test]
fn a_full_disk_stops_a_tail_that_spills_before_the_transaction_at_each_write() {
    let growing = Growing::new();
    growing.append(0, &trail(options(), &[(100, 2), (101, 300), (102, 1)])[0]);
    let expected = read(&growing.path());
    let spilling = quick().delivery(Delivery::Transactions).memory(2_000, Oversize::Spill).batch(50);
    let mut fails_at = 1;
    loop {
        let layer = Faulty::new(0, 0, 7);
        layer.writes.store(fails_at, Ordering::Relaxed);
        let store = MemoryStore::new();
        let mut seen = Seen::default();
        let spilling = spilling.clone().files(Arc::new(layer.clone()));
        let mut tail = Tail::open_with(growing.path(), spilling.clone(), store.clone()).unwrap();
        let outcome = loop {
            match tail.recv_timeout(Duration::ZERO) {
                Ok(Some(item)) => tail.acknowledge(&seen.take(item).unwrap()).unwrap(),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(tail);
        if layer.writes.load(Ordering::Relaxed) > 0 {
            outcome.unwrap();
            break;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), &seen.changes[..]), (trailcore::ErrorKind::Io, &expected[..2]), "write {fails_at}");
        assert!(error.to_string().contains("No space left") && error.to_string().contains("spill_folder"), "{error}");
        // Once there is space, the checkpoint goes on with the transaction.
        seen.drain(&mut Tail::open_with(growing.path(), spilling, store).unwrap());
        assert_eq!(seen.changes, expected, "write {fails_at}");
        fails_at += 1;
    }
    assert!(fails_at > 3);
}

/// A store of which one call fails: the disk is full.
struct FullOnce(MemoryStore, usize);

impl CheckpointStore for FullOnce {
    fn load(&mut self) -> Result<Option<Loaded>> {
        self.0.load()
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.1 = self.1.wrapping_sub(1);
        if self.1 == 0 {
            return Err(trailcore::Error::new(trailcore::ErrorKind::Io, "no space left"));
        }
        self.0.store(checkpoint)
    }
}

#[test]
fn every_store_of_a_checkpoint_fails_once() {
    let files = files();
    let growing = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        growing.append(seqno, file);
    }
    let expected = read(&growing.path());
    for fails_at in 1..=expected.len() {
        let store = MemoryStore::new();
        let mut tail = Tail::open_with(growing.path(), quick().batch(1), FullOnce(store.clone(), fails_at)).unwrap();
        let (mut seen, mut failures) = (Seen::default(), 0);
        while let Some(item) = tail.recv_timeout(Duration::ZERO).unwrap() {
            let receipt = seen.take(item).unwrap();
            // The acknowledgement counts nevertheless, and is stored with the next one.
            failures += usize::from(tail.acknowledge(&receipt).is_err());
        }
        tail.store().unwrap();
        assert_eq!((failures, &seen.changes), (1, &expected));
        let end = u64::try_from(files.last().unwrap().len()).unwrap();
        assert_eq!(store.checkpoint().unwrap().position.trail().unwrap().rba, end);
    }
}

/// A store that fails while the disk is full.
struct FullWhile(MemoryStore, Arc<AtomicBool>);

impl CheckpointStore for FullWhile {
    fn load(&mut self) -> Result<Option<Loaded>> {
        self.0.load()
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        match self.1.load(Ordering::Relaxed) {
            true => Err(trailcore::Error::new(trailcore::ErrorKind::Io, "no space left")),
            false => self.0.store(checkpoint),
        }
    }
}

#[test]
fn a_disk_that_is_full_while_a_tail_waits_does_not_end_it() {
    let of = |seqno: u32| WriterOptions { first_seqno: seqno, ..options() };
    let files: Vec<_> = (0..3).map(|seqno| trail(of(seqno), &[(100 + u64::from(seqno), 3)]).remove(0)).collect();
    let growing = Growing::new();
    growing.append(0, &files[0]);
    let (store, full) = (MemoryStore::new(), Arc::new(AtomicBool::new(false)));
    let options = quick().checkpoint_interval(Duration::from_millis(200));
    let tail = Tail::open_with(growing.path(), options, FullWhile(store.clone(), Arc::clone(&full))).unwrap();
    let (handle, items) = tail.into_channel(1).unwrap();
    let (mut seen, mut failures) = (Seen::default(), 0);
    for (seqno, file) in files.iter().enumerate() {
        if seqno > 0 {
            growing.append(seqno, file);
        }
        let expected = read(&growing.path());
        // The acknowledgement fails, and so does each try while the tail waits.
        full.store(seqno == 1, Ordering::Relaxed);
        while seen.changes.len() < expected.len() {
            let item = items.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
            failures += usize::from(seen.take(item).is_some_and(|receipt| handle.acknowledge(&receipt).is_err()));
        }
        std::thread::sleep(Duration::from_millis(600));
    }
    assert_eq!((&seen.changes, failures), (&read(&growing.path()), 1));
    handle.close().unwrap();
    assert_eq!(store.checkpoint().unwrap().position, handle.progress().delivered);
}

#[test]
fn a_checkpoint_file_in_every_state_that_a_crash_leaves() {
    let growing = Growing::new();
    growing.append(0, &trail(options(), &LIST)[0]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c");
    let beside = |ending: &str| folder.path().join(format!("c.{ending}"));
    let mut tail = Tail::open_with(growing.path(), quick().batch(1), FileStore::new(&path)).unwrap();
    let mut seen = Seen::default();
    for _ in 0..3 {
        seen.take(tail.recv().unwrap().unwrap()).map(|receipt| tail.acknowledge(&receipt).unwrap()).unwrap();
    }
    drop(tail);
    let (current, previous) = (std::fs::read(&path).unwrap(), std::fs::read(beside("previous")).unwrap());
    let loaded = || FileStore::new(&path).load().unwrap().unwrap();
    let expected = loaded().checkpoint;
    // A temporary file that is incomplete, or complete and not renamed; the previous one removed, or already replaced.
    for partial in [&current[..0], &current[..20], &current[..]] {
        for kept in [None, Some(&previous), Some(&current)] {
            std::fs::write(beside("partial"), partial).unwrap();
            match kept {
                Some(kept) => std::fs::write(beside("previous"), kept).unwrap(),
                None => drop(std::fs::remove_file(beside("previous"))),
            }
            assert!(loaded().damaged.is_none() && loaded().checkpoint == expected);
            // The next checkpoint is stored over it.
            FileStore::new(&path).store(&expected).unwrap();
            assert_eq!(loaded().checkpoint, expected);
        }
    }
}

// The process is killed.

/// The points at which the follower of the tests ends itself, without any cleaning up.
const POINTS: [&str; 5] = ["received", "written", "acknowledged", "before_store", "after_store"];

/// A store that ends the process at a point.
struct Deadly {
    store: FileStore,
    point: String,
    countdown: u64,
}

impl Deadly {
    fn reach(&mut self, point: &str) {
        if self.point == point {
            reach(&mut self.countdown);
        }
    }
}

fn reach(countdown: &mut u64) {
    *countdown = countdown.saturating_sub(1);
    if *countdown == 0 {
        std::process::abort();
    }
}

impl CheckpointStore for Deadly {
    fn claim(&mut self) -> Result<()> {
        self.store.claim()
    }

    fn load(&mut self) -> Result<Option<Loaded>> {
        self.store.load()
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.reach("before_store");
        self.store.store(checkpoint)?;
        self.reach("after_store");
        Ok(())
    }
}

/// The follower that is killed. It writes each change as a line; the last line of all is `end`.
#[test]
fn follower_process() {
    let Ok(folder) = std::env::var("FOLLOWER_FOLDER") else { return };
    let folder = Path::new(&folder);
    let point = std::env::var("FOLLOWER_POINT").unwrap_or_default();
    let mut countdown: u64 = std::env::var("FOLLOWER_COUNT").unwrap_or_default().parse().unwrap_or(0);
    let store = Deadly { store: FileStore::new(folder.join("checkpoint")), point: point.clone(), countdown };
    let delivery = if std::env::var_os("FOLLOWER_WHOLE").is_some() { Delivery::Transactions } else { Delivery::Changes };
    let tail_options = TailOptions::new().hints(false).poll_interval(Duration::from_millis(1)).delivery(delivery).batch(3);
    let tail_options = tail_options.checkpoint_interval(Duration::ZERO);
    let mut tail = Tail::open_with(folder.join("lt"), tail_options, store).unwrap();
    let mut log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    loop {
        let mut seen = Seen::default();
        let Some(receipt) = seen.take(tail.recv().unwrap().unwrap()) else { continue };
        if point == "received" {
            reach(&mut countdown);
        }
        let is_last = seen.changes.iter().any(|change| change.ends_with(" 999999/0"));
        let mut lines: String = seen.changes.iter().map(|change| format!("{change}\n")).collect();
        if is_last {
            // In the same write: a follower that is killed after its last checkpoint has nothing more to receive.
            lines.push_str("end\n");
        }
        log.write_all(lines.as_bytes()).unwrap();
        if point == "written" {
            reach(&mut countdown);
        }
        tail.acknowledge(&receipt).unwrap();
        if point == "acknowledged" {
            reach(&mut countdown);
        }
        if is_last {
            tail.store().unwrap();
            return;
        }
    }
}

/// The follower that is killed while it holds a transaction that is spilled to the folder `spill`.
#[test]
fn spilling_process() {
    let Ok(folder) = std::env::var("SPILLER_FOLDER") else { return };
    let folder = Path::new(&folder);
    let spilling = quick().delivery(Delivery::Transactions).memory(2_000, Oversize::Spill).spill(folder.join("spill"), None);
    let mut tail = Tail::open(folder.join("lt"), spilling).unwrap();
    let mut seen = Seen::default();
    seen.take(tail.recv().unwrap().unwrap());
    let held = tail.recv().unwrap().unwrap();
    // The file is there, under no name.
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let is_spill = |path: &PathBuf| path.starts_with(folder.join("spill")) && path.to_string_lossy().ends_with(" (deleted)");
    assert_eq!(open.filter(is_spill).count(), 1);
    std::fs::write(folder.join("reached"), seen.take(held).map(|_| b"spilled").unwrap()).unwrap();
    std::process::abort();
}

#[test]
fn a_follower_that_is_killed_leaves_no_spilled_transaction_behind() {
    let growing = Growing::new();
    growing.append(0, &trail(options(), &[(100, 2), (101, 300), (102, 1)])[0]);
    let folder = growing.folder.path();
    std::fs::create_dir(folder.join("spill")).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["spilling_process", "--exact"]).env("SPILLER_FOLDER", folder);
    let output = command.output().unwrap();
    assert!(!output.status.success() && folder.join("reached").exists(), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.join("spill")).unwrap().count(), 0);
}

fn start(folder: &Path, (point, count): (&str, u64), delivery: Delivery) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["follower_process", "--exact", "--nocapture"]).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    command.env("FOLLOWER_FOLDER", folder).env("FOLLOWER_POINT", point).env("FOLLOWER_COUNT", count.to_string());
    if delivery == Delivery::Transactions {
        command.env("FOLLOWER_WHOLE", "1");
    }
    command.spawn().unwrap()
}

/// A pseudo-random number.
fn chance(below: u64) -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9E37_79B9_7F4A_7C15);
    let mut mixed = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)) % below
}

/// Returns the lines of the log without repeats. A repeat goes back to an earlier place, and continues from there.
fn without_repeats(log: &str, expected: &[String]) -> Vec<String> {
    let mut reached: usize = 0;
    let mut next: usize = 0;
    for line in log.lines().filter(|line| *line != "end") {
        let Some(place) = expected.iter().position(|change| change == line) else { panic!("{line} is not in the trail") };
        assert!(place == next || place <= reached, "{line} comes after a gap");
        next = place + 1;
        reached = reached.max(next);
    }
    expected[..reached].to_vec()
}

/// Writes a trail in pieces, and lets a follower be killed by `kill` again and again until it has seen the end.
fn survive(delivery: Delivery, transactions: u64, mut next: impl FnMut(u64) -> (&'static str, u64, Option<Duration>)) -> u64 {
    let list: Vec<_> =
        (100..100 + transactions).map(|csn| (csn, usize::try_from(csn % 5).unwrap() + 1)).chain([(999_999, 1)]).collect();
    let files = trail(WriterOptions { file_size: 6_000, ..options() }, &list);
    let whole = Growing::new();
    for (seqno, file) in files.iter().enumerate() {
        whole.append(seqno, file);
    }
    let expected = read(&whole.path());
    let growing = Growing::new();
    let mut pieces: Vec<(usize, Vec<u8>)> = Vec::new();
    for (seqno, file) in files.iter().enumerate() {
        pieces.extend(file.chunks(900).map(|piece| (seqno, piece.to_vec())));
    }
    let mut pieces = pieces.into_iter();
    let folder = growing.folder.path().to_path_buf();
    let log = folder.join("log");
    let mut kills = 0;
    let begun = Instant::now();
    loop {
        let (point, count, after) = next(kills);
        let mut child = start(&folder, (point, count), delivery);
        let killed_at = after.map(|after| Instant::now() + after);
        loop {
            if let Some((seqno, piece)) = pieces.next() {
                growing.append(seqno, &piece);
            }
            if killed_at.is_some_and(|at| Instant::now() >= at) {
                child.kill().unwrap();
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            assert!(begun.elapsed() < Duration::from_secs(300), "the follower has stopped following");
        }
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.ends_with("end\n") {
            assert_eq!(without_repeats(&text, &expected), expected);
            return kills;
        }
        kills += 1;
    }
}

#[test]
fn killed_at_random_nothing_is_lost_or_out_of_order() {
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12);
    let mut done = 0;
    while done < kills {
        let delivery = DELIVERIES[usize::try_from(done % 2).unwrap()];
        // The last follower of a round is not killed.
        done += survive(delivery, 60, |round| match round {
            6.. => ("", 0, None),
            _ => ("", 0, Some(Duration::from_micros(2_000 + chance(60_000)))),
        });
    }
}

#[test]
fn killed_at_each_named_point_nothing_is_lost_or_out_of_order() {
    for point in POINTS {
        for delivery in DELIVERIES {
            let kills = survive(delivery, 20, |round| match round {
                4.. => ("", 0, None),
                _ => (point, 1 + chance(5), None),
            });
            assert!(kills > 0, "{point}");
        }
    }
}
