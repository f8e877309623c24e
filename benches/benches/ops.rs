//! The cost of reading an event log, as multiples of counting its lines, and of a backup, of copying with tools: `make bench`.

#![allow(missing_docs)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Outcome, Timings, generate, keep, setting};
use trailcore::trail::ByteOrder;
use trailcore_ops::backup::{BackupRequest, Root, backup};
use trailcore_ops::read::{Events, Severity};
use trailcore_samples::Bank;

/// Lines of both forms, with a time zone and without.
const LINES: [&str; 4] = [
    "2024-03-01T10:00:01.250+0100  INFO    OGG-02756  Oracle GoldenGate Delivery for Oracle, r001.prm:  The definition for table HR.EMPLOYEES is obtained from the trail file.\n",
    "2024-03-01T10:00:01.251+0100  WARNING OGG-06439  Oracle GoldenGate Capture for Oracle, e001.prm:  No unique key is defined for table DIRECT_LOAD. All viable columns will be used to represent the key.\n",
    "2024-03-01 10:00:02  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (oracle): info all.\n",
    "2024-03-01 10:00:03  ERROR   OGG-01668  Oracle GoldenGate Delivery for Oracle, r001.prm:  PROCESS ABENDING.\n",
];

/// Copies a folder and writes the digests of its files, both to the disk.
fn copy(home: &Path, to: &Path) -> Outcome<u64> {
    let _ = std::fs::remove_dir_all(to);
    let (home, to) = (home.display(), to.display());
    let command = format!("cp -r {home} {to} && sha256sum {home}/* > {to}/sums && sync {to}/*");
    if !Command::new("sh").args(["-c", &command]).status()?.success() {
        return Err("the copy has failed".into());
    }
    Ok(0)
}

/// Makes a first set of a folder, and reads every record of its trails.
fn make_set(home: &Path, to: &Path) -> Outcome<u64> {
    let _ = std::fs::remove_dir_all(to);
    let roots = vec![Root { name: None, path: home.display().to_string() }];
    let report = backup(&BackupRequest { roots, repository: to.display().to_string(), ..BackupRequest::default() })?;
    if report.manifest.is_whole { Ok(report.records) } else { Err("the set is not whole".into()) }
}

fn main() -> Outcome<()> {
    let lines = LINES.concat();
    let size = usize::try_from(setting("TRAILCORE_BENCH_MB", 256) << 20)?;
    let text = lines.repeat(size / lines.len()).into_bytes();
    let mut timings = Timings::default();
    for round in 0..8 {
        let counted = timings.time(round, "count", &mut || Ok(memchr::memchr_iter(b'\n', &text).count() as u64))?;
        timings.time(round, "each", &mut || Ok(memchr::memchr_iter(b'\n', &text).fold(0, |sum, at| sum ^ at as u64)))?;
        let known = timings.time(round, "events", &mut || {
            let events = Events::new(&text).filter(|event| event.severity() != Severity::Unknown && event.code().is_some());
            Ok(events.count() as u64)
        })?;
        assert_eq!(counted, known, "every line is an event");
    }
    let (_, count) = timings.ratio("count", "events");
    let (_, each) = timings.ratio("each", "events");
    println!("events of ggserr.log: {count:.2} of the speed of counting lines (at least 0.33), {each:.2} of finding each line");

    let trail = generate("big", &Bank::bench(ByteOrder::Big, size as u64))?;
    let home = trail.parent().ok_or("the trail has no folder")?;
    let (copied, sets) = (home.with_extension("copy"), home.with_extension("sets"));
    for round in 0..4 {
        timings.time(round, "copy", &mut || copy(home, &copied))?;
        timings.time(round, "backup", &mut || make_set(home, &sets))?;
    }
    std::fs::remove_dir_all(&copied)?;
    std::fs::remove_dir_all(&sets)?;
    let (_, backup) = timings.ratio("copy", "backup");
    println!("backup: {backup:.2} of the speed of cp and sha256sum (at least 0.80)");
    keep("bench-ops.json", &serde_json::json!({ "of_counting": count, "of_each_line": each, "backup_of_copy": backup }))
}
