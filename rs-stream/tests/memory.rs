//! Memory does not grow with the length of a trail or of a transaction: each case runs in a process of its own, whose greatest memory
//! (VmHWM) is compared with a limit that does not depend on the size.
//!
//! `TRAILCORE_SOAK_MB` is the size of the transaction, and half of that of the trail; 96 without it, thousands in `make soak`. The files of the trail
//! are removed once they have been read, a transaction is not. `TRAILCORE_SOAK_FOLDER` is a folder with room for it.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::{Position, Timestamp};
use trailcore_stream::{Delivery, FileStore, Item, Oversize, Tail, TailOptions};

/// Memory of a process beside the memory cap, in MiB: its program, one file's read-ahead, a block that is written or read.
const BESIDE: u64 = 40;
const FILE: u64 = 32 << 20;

fn megabytes() -> u64 {
    std::env::var("TRAILCORE_SOAK_MB").ok().and_then(|size| size.parse().ok()).unwrap_or(96)
}

/// The cap on a transaction's memory, in MiB: 64 where the transaction is much larger.
fn cap() -> u64 {
    if megabytes() > 1_000 { 64 } else { 8 }
}

/// Returns the greatest memory of this process so far, in MiB.
fn greatest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Writes rows with numbers and texts that do not compress to nothing, until `bytes` of them are there. Calls `ended` with the number
/// of rows after each transaction of `rows` rows.
fn write(prefix: &Path, bytes: u64, rows: u64, mut ended: impl FnMut(u64)) -> u64 {
    let table =
        Arc::new(TableDef::new("SHOP.ITEMS", vec![ColumnDef::varchar("ID", 20).key(), ColumnDef::varchar("NOTE", 2_000)]));
    let options = WriterOptions { file_size: FILE, ..WriterOptions::default() };
    let mut writer = TrailWriter::create(prefix, options).unwrap();
    let (mut row_number, mut csn, mut written) = (0u64, 100u64, 0u64);
    while written < bytes {
        csn += 1;
        writer.begin(&csn.to_string(), &format!("1.2.{csn}"), Timestamp::from_unix_micros(1_700_000_000_000_000)).unwrap();
        for _ in 0..rows {
            row_number += 1;
            let note = format!("{row_number:016x}").repeat(50);
            let mut row = RowBuilder::new(&table, writer.byte_order());
            row.text("ID", &row_number.to_string()).unwrap();
            row.text("NOTE", &note).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
            written += note.len() as u64;
            if written >= bytes {
                break;
            }
        }
        writer.commit().unwrap();
        ended(row_number);
    }
    writer.finish().unwrap();
    row_number
}

/// Returns the number of the last change, after a check that no number is missing.
fn follow_item(item: &Item, last: &mut u64) {
    for block in item.blocks().unwrap() {
        for change in block.unwrap().changes() {
            let row = change.after().unwrap().unwrap();
            let number: u64 = row.get("ID").unwrap().text().unwrap().parse().unwrap();
            assert_eq!(number, *last + 1);
            *last = number;
        }
    }
}

/// One case, in a process of its own. It prints its greatest memory.
#[test]
fn case_process() {
    let Ok(case) = std::env::var("MEMORY_CASE") else { return };
    let folder = PathBuf::from(std::env::var("MEMORY_FOLDER").unwrap());
    let changes = match case.as_str() {
        "trail" => long_trail(&folder),
        "stream" => large_transaction(&folder, Oversize::Stream),
        "reread" => large_transaction(&folder, Oversize::Reread),
        "spill" => large_transaction(&folder, Oversize::Spill),
        other => panic!("no case {other}"),
    };
    std::fs::write(folder.join("result"), format!("{changes} {}", greatest_memory())).unwrap();
}

/// Follows a trail while another thread writes it. The files before the checkpoint are removed.
fn long_trail(folder: &Path) -> u64 {
    let written = Arc::new(AtomicU64::new(0));
    let seen = Arc::new(AtomicU64::new(0));
    let writer = {
        let (prefix, written, seen) = (folder.join("lt"), Arc::clone(&written), Arc::clone(&seen));
        std::thread::spawn(move || {
            write(&prefix, (2 * megabytes()) << 20, 20, |rows| {
                written.store(rows, Ordering::Release);
                // About eight files.
                while rows > seen.load(Ordering::Acquire) + 8 * FILE / 900 {
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        })
    };
    let store = FileStore::new(folder.join("checkpoint"));
    let mut tail =
        Tail::open_with(folder.join("lt"), TailOptions::new().checkpoint_interval(Duration::from_millis(50)), store).unwrap();
    let (mut last, mut removed) = (0, 0);
    while !(writer.is_finished() && last == written.load(Ordering::Acquire)) {
        let Some(item) = tail.recv_timeout(Duration::from_millis(100)).unwrap() else { continue };
        follow_item(&item, &mut last);
        if let Some(receipt) = item.receipt() {
            tail.acknowledge(&receipt).unwrap();
        }
        seen.store(last, Ordering::Release);
        let stored = tail.progress().stored.and_then(Position::trail).map_or(0, |stored| stored.seqno);
        while removed < stored {
            std::fs::remove_file(folder.join(format!("lt{removed:09}"))).unwrap();
            removed += 1;
        }
    }
    assert_eq!(writer.join().unwrap(), last);
    assert!(removed > 0);
    last
}

/// Follows a trail that is one transaction.
fn large_transaction(folder: &Path, oversize: Oversize) -> u64 {
    let options = TailOptions::new().delivery(Delivery::Transactions).memory(cap() << 20, oversize).spill(folder, None);
    let mut tail = Tail::open(folder.join("lt"), options).unwrap();
    let (mut last, mut items) = (0, 0);
    let begun = Instant::now();
    loop {
        let Some(item) = tail.recv_timeout(Duration::from_secs(1)).unwrap() else {
            assert!(last == 0, "the transaction is not whole");
            assert!(begun.elapsed() < Duration::from_secs(3_600));
            continue;
        };
        follow_item(&item, &mut last);
        items += 1;
        let Item::Transaction(transaction) = item else { panic!("{item:?}") };
        match transaction.part() {
            trailcore_stream::Part::Whole | trailcore_stream::Part::Last => break,
            _ => {}
        }
    }
    assert_eq!(items > 1, oversize == Oversize::Stream);
    last
}

fn folder() -> tempfile::TempDir {
    match std::env::var_os("TRAILCORE_SOAK_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}

/// Runs a case, and compares its memory with a limit in MiB. Returns the number of changes.
fn run(case: &str, folder: &Path, megabytes: u64, limit: u64) -> u64 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["case_process", "--exact"]).env("MEMORY_CASE", case).env("MEMORY_FOLDER", folder);
    let begun = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{case}: {output:?}");
    let result = std::fs::read_to_string(folder.join("result")).unwrap();
    let (changes, memory) = result.split_once(' ').unwrap();
    println!("{case}: {megabytes} MB in {:.0?}, {changes} changes, VmHWM {memory} MiB, limit {limit}", begun.elapsed());
    assert!(memory.parse::<u64>().unwrap() <= limit, "{case}: VmHWM is {memory} MiB, more than {limit}");
    changes.parse().unwrap()
}

#[test]
fn memory_is_flat_over_a_long_trail() {
    run("trail", folder().path(), 2 * megabytes(), BESIDE);
}

#[test]
fn memory_is_flat_over_a_large_transaction() {
    let folder = folder();
    let rows = write(&folder.path().join("lt"), megabytes() << 20, u64::MAX, |_| {});
    for case in ["stream", "reread", "spill"] {
        // The cap is one of bytes in the trail: the changes take a bit more in memory.
        assert_eq!(run(case, folder.path(), megabytes(), BESIDE + cap() + cap() / 4), rows);
    }
}
