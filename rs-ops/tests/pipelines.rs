//! trailcore's own pipelines in the model and in verdicts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // the files of this test are its own

use serde_json::{Value, json};
use trailcore_ops::health::{Health, HealthReport, Monitor, Policy};
use trailcore_ops::model::{ProcessState, StreamKind};
use trailcore_ops::{Input, Moment, observe};
use trailcore_stream::pipeline::{Pipelines, Supervisor};

fn input(minute: u32, status: &Value) -> Input {
    let observed: Moment = format!("2024-03-01T12:{minute:02}:00Z").parse().unwrap();
    Input { observed: Some(observed), ..Input::text("status.json", status.to_string()) }
}

fn status(state: &str, committed: &str, behind: u64, changes: u64) -> Value {
    json!([{"name": "postings", "trail": "/ogg/dirdat/lt", "lanes": [{
        "sink": "parquet", "state": state, "committed": committed, "changes": changes, "dead_letters": 0, "retries": 3,
        "error": "a text that is not kept", "error_class": (state != "running").then_some("Io"),
        "lag": {"end": "9:900", "bytes_behind": behind, "files_behind": 0, "delivered_age": behind / 10}
    }]}])
}

fn judged(rounds: &[Value]) -> HealthReport {
    let mut monitor = Monitor::new(Policy::default());
    let minutes = (0u32..).step_by(5);
    rounds.iter().zip(minutes).map(|(status, minute)| monitor.observe(&observe(&[input(minute, status)]))).last().unwrap()
}

#[test]
fn the_status_of_a_real_pipeline_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    trailcore_samples::write_bank(scratch.path(), &trailcore_samples::Bank::small()).unwrap();
    let (trail, out) = (scratch.path().join("bk"), tempfile::tempdir().unwrap());
    // The trail is given by its folder, and named by its prefix.
    let (folder, out) = (scratch.path(), out.path());
    let text = format!("[[pipeline]]\nname = 'Postings'\ntrail = {folder:?}\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}");
    let mut supervisor = Supervisor::start(Pipelines::from_toml(&text).unwrap()).unwrap();
    supervisor.drain().unwrap();
    for document in [
        serde_json::to_value(supervisor.status()).unwrap(),
        serde_json::from_str(&supervisor.call("status", "{}").unwrap()).unwrap(),
    ] {
        let snapshot = observe(&[input(0, &document)]);
        let stream = &snapshot.streams[0];
        assert_eq!(
            (stream.name.as_str(), stream.kind, stream.state),
            ("Postings/jsonl", StreamKind::Pipeline, ProcessState::Stopped)
        );
        let read = stream.read.as_ref().unwrap();
        assert_eq!(read.trail, trail.display().to_string());
        assert!(read.rba > 0 && stream.counters[""]["operations"].value > 0, "{stream:?}");
    }
}

#[test]
fn verdicts_are_those_of_groups() {
    let health = |rounds: &[Value]| judged(rounds).streams[0].health;
    assert_eq!(health(&[status("running", "9:900", 0, 5), status("running", "9:900", 0, 5)]), Health::Idle);
    assert_eq!(health(&[status("running", "9:100", 800, 5), status("running", "9:500", 400, 9)]), Health::Healthy);
    assert_eq!(health(&[status("running", "9:100", 800, 5), status("running", "9:100", 900, 5)]), Health::Stuck);
    assert_eq!(health(&[status("retrying", "9:100", 800, 5), status("retrying", "9:100", 900, 5)]), Health::Stuck);
    assert_eq!(health(&[status("failed", "9:100", 800, 5)]), Health::Abended);
    assert_eq!(health(&[status("paused", "9:100", 800, 5)]), Health::Stopped);
    let report = judged(&[status("failed", "9:100", 800, 5)]);
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.contains("the first error is Io") && !text.contains("not kept"), "{text}");
    assert_eq!(report.streams[0].backlog.unwrap().bytes, Some(800));
}

#[test]
fn a_pipeline_is_the_reader_of_its_writer() {
    let writer = "GGSCI (h) 1> info p1, detail\n\nEXTRACT    P1        Last Started 2024-03-01 11:00   Status RUNNING\n\
        Checkpoint Lag       00:00:00 (updated 00:00:03 ago)\nLog Read Checkpoint  File /ogg/dirdat/aa000000001\n\
        \x20                    2024-03-01 12:00:00.000000  RBA 500\n\n  Target Extract Trails:\n\n  \
        Trail Name                                       Seqno        RBA     Max MB Trail Type\n\n  \
        /ogg/dirdat/lt                                        9       1700        100 RMTTRAIL\n";
    let snapshot = observe(&[Input::text("info.txt", writer), input(0, &status("running", "9:100", 800, 5))]);
    let link = snapshot.links.iter().find(|link| link.reader.name == "postings/parquet").unwrap();
    assert_eq!(link.writer.as_ref().map(|side| side.name.as_str()), Some("P1"), "{snapshot:?}");
    // The writer's position is exact; the pipeline measured earlier.
    assert_eq!(link.backlog.bytes, Some(1_600));
}
