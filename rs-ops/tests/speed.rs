//! The speed of the log's events beside counting its lines with memchr. Ignored: only a release build on a quiet machine measures.

use std::time::Instant;

use trailcore_ops::read::{Events, Severity};

const LINES: [&str; 4] = [
    "2024-03-01T10:00:01.250+0100  INFO    OGG-02756  Oracle GoldenGate Delivery for Oracle, r001.prm:  The definition for table HR.EMPLOYEES is obtained from the trail file.\n",
    "2024-03-01T10:00:01.251+0100  WARNING OGG-06439  Oracle GoldenGate Capture for Oracle, e001.prm:  No unique key is defined for table DIRECT_LOAD. All viable columns will be used to represent the key.\n",
    "2024-03-01 10:00:02  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (oracle): info all.\n",
    "2024-03-01 10:00:03  ERROR   OGG-01668  Oracle GoldenGate Delivery for Oracle, r001.prm:  PROCESS ABENDING.\n",
];

fn best(mut run: impl FnMut() -> usize) -> (f64, usize) {
    let mut times = (0..7).map(|_| {
        let begun = Instant::now();
        let found = run();
        (begun.elapsed().as_secs_f64(), found)
    });
    let first = times.next().unwrap_or_default();
    times.fold(first, |best, time| if time.0 < best.0 { time } else { best })
}

#[test]
#[ignore = "measures: run it in release"]
fn events_beside_lines() {
    let text = LINES.concat().repeat(200_000).into_bytes();
    let gigabytes = text.len() as f64 / 1e9;
    let (lines, count) = best(|| memchr::memchr_iter(b'\n', &text).count());
    let (each, _) = best(|| memchr::memchr_iter(b'\n', &text).fold(0, |sum, at| sum ^ at));
    let (events, found) =
        best(|| Events::new(&text).filter(|event| event.severity() != Severity::Unknown && event.code().is_some()).count());
    println!(
        "{gigabytes:.2} GB: counting {:.2} GB/s, each line {:.2} GB/s, events {:.2} GB/s: {:.2} of counting, {:.2} of each line",
        gigabytes / lines,
        gigabytes / each,
        gigabytes / events,
        lines / events,
        each / events,
    );
    assert_eq!(count, found);
}

/// Copies a trail with `cp` and `sha256sum`, and with a backup that reads every record.
#[test]
#[ignore = "measures: run it in release"]
fn backup() {
    use std::process::Command;
    use trailcore_ops::backup::{BackupRequest, Root, backup};
    use trailcore_samples::{Bank, write_bank};
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir_all(home.join("dirdat")).unwrap();
    let bench = Bank::bench(trailcore::trail::ByteOrder::Big, 600_000_000);
    let writer = trailcore::sink::WriterOptions { file_size: 100_000_000, ..bench.writer.clone() };
    write_bank(&home.join("dirdat"), &Bank { writer, ..bench }).unwrap();
    let bytes: u64 = std::fs::read_dir(home.join("dirdat")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    let (mut tools, mut own) = (f64::MAX, f64::MAX);
    for round in 0..3 {
        let copy = folder.path().join(format!("copy{round}"));
        let start = Instant::now();
        let command =
            format!("cp -r {0} {1} && sha256sum {0}/dirdat/* > {1}.sums && sync {1}/dirdat/*", home.display(), copy.display());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        tools = tools.min(start.elapsed().as_secs_f64());
        std::fs::remove_dir_all(copy).unwrap();
        let repository = folder.path().join(format!("repository{round}"));
        let request = BackupRequest {
            roots: vec![Root { name: None, path: home.display().to_string() }],
            repository: repository.display().to_string(),
            ..BackupRequest::default()
        };
        let start = Instant::now();
        let report = backup(&request).unwrap();
        own = own.min(start.elapsed().as_secs_f64());
        assert!(report.manifest.is_whole && report.records > 1_000_000);
        std::fs::remove_dir_all(repository).unwrap();
    }
    let rate = |seconds: f64| bytes as f64 / seconds / 1e6;
    println!("cp and sha256sum: {:.0} MB/s, backup: {:.0} MB/s, {:.2} of it", rate(tools), rate(own), tools / own);
}
