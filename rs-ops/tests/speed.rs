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
