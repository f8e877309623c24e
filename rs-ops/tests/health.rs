//! Health over several rounds: inputs that do not come any more, streams of several deployments, and what is learned.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use trailcore_ops::export::{Format, Metrics, text};
use trailcore_ops::health::{Finding, FindingKind, Health, HealthReport, Memory, Monitor, Policy, Weight};
use trailcore_ops::{Input, Moment, observe};

/// Returns a time of a day in March.
fn time(minutes: i64) -> Option<Moment> {
    let start: Moment = "2024-03-01T00:00:00Z".parse().unwrap();
    let micros = start.since(Moment::from_unix_micros(0)).unwrap();
    Some(Moment::from_unix_micros(micros + minutes * 60_000_000))
}

fn input(deployment: &str, name: &str, minutes: i64, text: impl Into<String>) -> Input {
    Input { deployment: Some(deployment.to_owned()), observed: time(minutes), ..Input::text(name, text) }
}

fn extract(name: &str, trail: &str, at: (u64, u64), kind: &str) -> String {
    let heading = if kind.is_empty() { "" } else { " Trail Type" };
    format!(
        "EXTRACT    {name}    Last Started 2024-03-01 00:00   Status RUNNING\n  Target Extract Trails:\n  Trail Name    Seqno    RBA   Max MB{heading}\n\
        \u{20} {trail}       {}   {}     500 {kind}\n",
        at.0, at.1
    )
}

fn pump(name: &str, trail: &str, at: (u64, u64), kind: &str) -> String {
    let source = "Log Read Checkpoint  File ./dirdat/aa000000001\n                     2024-03-01 00:00:00  RBA 5\n  Target";
    extract(name, trail, at, kind).replacen("  Target", source, 1)
}

fn reader(program: &str, name: &str, trail: &str, at: (u64, u64)) -> String {
    format!(
        "{program}   {name}    Last Started 2024-03-01 00:00   Status RUNNING\nCheckpoint Lag       00:00:02 (updated 00:00:01 ago)\n\
        Log Read Checkpoint  File {trail}{:09}\n                     2024-03-01 00:00:00  RBA {}\n",
        at.0, at.1
    )
}

fn kinds(report: &HealthReport) -> Vec<(FindingKind, Weight)> {
    report.findings.iter().map(|finding| (finding.kind, finding.weight)).collect()
}

fn health(report: &HealthReport, stream: &str) -> Option<Health> {
    report.streams.iter().find(|verdict| verdict.stream == stream).map(|verdict| verdict.health)
}

#[test]
fn a_collector_that_stops_is_noticed() {
    let mut monitor = Monitor::new(Policy::default());
    // The collector writes every five minutes and stops at 20; the monitor looks every minute.
    let mut round = |minute: i64| {
        let written = (minute / 5 * 5).min(20);
        let at = |bytes: u64| (7, 1_000 + written as u64 * bytes);
        let all = extract("E1", "./dirdat/lt", at(200), "") + &reader("REPLICAT", "R1", "./dirdat/lt", at(100));
        monitor.observe(&observe(&[input("prod", "info.txt", written, all)]).observed_at(time(minute)))
    };
    for minute in 0..=35 {
        let report = round(minute);
        assert_eq!(report.alarms().count(), 0, "{minute}: {:?}", report.findings);
        if minute >= 5 {
            assert_eq!(health(&report, "R1"), Some(Health::Healthy), "{minute}");
            assert!(text(&report, Format::Prometheus).unwrap().contains("lag_seconds{"), "{minute}");
        }
    }
    for minute in 36..60 {
        let report = round(minute);
        assert_eq!(kinds(&report), [(FindingKind::InputFrozen, Weight::Warning)], "{minute}");
        assert_eq!(health(&report, "R1"), Some(Health::Unknown), "{minute}");
        let export = text(&report, Format::Prometheus).unwrap();
        assert!(!export.contains("lag_seconds{") && !export.contains("backlog_bytes{"), "{export}");
    }
}

#[test]
fn a_verdict_is_repeated_with_its_artefacts() {
    let mut monitor = Monitor::new(Policy::default());
    let all = |at| extract("E1", "./dirdat/lt", at, "") + &reader("REPLICAT", "R1", "./dirdat/lt", (7, 1_000));
    let mut round = |minute: i64, written, at| {
        monitor.observe(&observe(&[input("prod", "info.txt", written, all(at))]).observed_at(time(minute)))
    };
    round(0, 0, (7, 5_000));
    let stuck = round(5, 5, (7, 9_000));
    assert_eq!((health(&stuck, "R1"), kinds(&stuck)), (Some(Health::Stuck), vec![(FindingKind::StuckReader, Weight::Critical)]));
    let again = round(6, 5, (7, 9_000));
    assert_eq!((health(&again, "R1"), kinds(&again)), (health(&stuck, "R1"), kinds(&stuck)));
    let (first, last) = (&again.streams[1].reasons[0], again.streams[1].reasons.last().unwrap());
    assert!(*first == stuck.streams[1].reasons[0] && last.ends_with("as in the last observation") && again.changes.is_empty());
}

#[test]
fn answers_of_a_round_may_come_one_after_the_other() {
    let mut monitor = Monitor::new(Policy::default());
    let own = reader("REPLICAT", "R1", "lt", (7, 1_000));
    let mut round = |minute: i64, times: [i64; 2]| {
        let inputs = [input("a", "r1.txt", times[0], own.clone()), input("a", "r2.txt", times[1], own.replace("R1", "R2"))];
        kinds(&monitor.observe(&observe(&inputs).observed_at(time(minute))))
    };
    round(0, [0, 0]);
    assert_eq!(round(5, [5, 5]), []);
    // One has come, and the other one has not yet.
    assert_eq!((round(10, [10, 5]), round(11, [10, 10]), round(15, [15, 15])), (vec![], vec![], vec![]));
    // It does not come any more.
    assert_eq!((round(20, [20, 15]), round(25, [25, 15])), (vec![], vec![(FindingKind::InputFrozen, Weight::Warning)]));
}

#[test]
fn an_old_artefact_beside_a_new_one_is_not_exported_as_current() {
    let old = reader("REPLICAT", "R1", "./dirdat/lt", (7, 1_000));
    let new = reader("REPLICAT", "R2", "./dirdat/lt", (7, 1_000));
    let inputs = [input("prod", "old.txt", 0, old), input("prod", "new.txt", 60, new)];
    let report = Monitor::default().observe(&observe(&inputs));
    assert_eq!(report.findings.iter().map(|one| &*one.subject).collect::<Vec<_>>(), ["old.txt"]);
    let export = text(&report, Format::Statsd).unwrap();
    assert!(
        export.contains("lag_seconds:2|g|#deployment:prod,stream:R2")
            && !export.contains("lag_seconds:2|g|#deployment:prod,stream:R1")
    );
    assert!(export.contains("health:1|g|#deployment:prod,stream:R1,health:unknown"), "{export}");
    // A caller who observes again at the same time has the same answers again.
    let (mut monitor, again) = (Monitor::default(), [inputs[1].clone()]);
    monitor.observe(&observe(&again));
    assert_eq!(kinds(&monitor.observe(&observe(&again))), [(FindingKind::InputFrozen, Weight::Warning)]);
}

#[test]
fn metrics_of_a_registry_expire() {
    let report = Monitor::default().observe(&observe(&[input("prod", "r.txt", 0, reader("REPLICAT", "R1", "lt", (7, 1_000)))]));
    let encoded = |metrics: Metrics| {
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(metrics));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text.contains("lag_seconds{")
    };
    assert!(encoded(Metrics::of(report.clone())));
    assert!(!encoded(Metrics::with_clock(report, || "2024-03-01T01:00:00Z".parse().unwrap())));
}

#[test]
fn a_dead_host_alarms_until_it_returns_or_is_dropped() {
    let mut monitor = Monitor::new(Policy::default());
    let host = |name: &str, minute| {
        input(name, &format!("{name}.txt"), minute, reader("REPLICAT", &format!("R{name}"), "lt", (7, 1_000)))
    };
    monitor.observe(&observe(&[host("a", 0), host("b", 0)]));
    for round in 1..30 {
        let report = monitor.observe(&observe(&[host("a", round * 5)]));
        assert_eq!(kinds(&report), [(FindingKind::HostSilent, Weight::Critical)], "{round}");
        assert_eq!(health(&report, "RB"), Some(Health::Unknown), "{round}");
    }
    let kept: Memory = serde_json::from_str(&serde_json::to_string(monitor.memory()).unwrap()).unwrap();
    let report = monitor.observe(&observe(&[host("a", 150), host("b", 150)]));
    assert_eq!((report.findings.len(), health(&report, "RB")), (0, Some(Health::Idle)));
    let mut dropped = kept;
    dropped.forget("b");
    let report = Monitor::with_memory(Policy::default(), dropped).observe(&observe(&[host("a", 150)]));
    assert_eq!((report.findings.len(), health(&report, "RB")), (0, None));
}

#[test]
fn a_deleted_group_is_forgotten_although_others_are_missing() {
    let mut monitor = Monitor::new(Policy::default());
    let (r1, r2) = (reader("REPLICAT", "R1", "lt", (7, 1_000)), reader("REPLICAT", "R2", "lt", (7, 1_000)));
    monitor.observe(&observe(&[input("a", "info.txt", 0, r1.clone() + &r2)]));
    let rounds = (1..=5).map(|round| monitor.observe(&observe(&[input("a", "info.txt", round * 5, r1.clone())])));
    let found: Vec<_> = rounds.map(|report| (kinds(&report).len(), health(&report, "R2"))).collect();
    let (missing, gone) = ((1, Some(Health::Unknown)), (0, None));
    assert_eq!(found, [missing, missing, missing, gone, gone]);
}

/// Observes two deployments, idle reader and moving writer, and returns the findings of the second round.
fn two_deployments(writer: impl Fn(u64) -> String, more: &[Input]) -> Vec<Finding> {
    let mut monitor = Monitor::new(Policy::default());
    let mut round = |minute: i64| {
        let east = input("east", "east.txt", minute, reader("REPLICAT", "R1", "./dirdat/lt", (7, 1_000)));
        let west = input("west", "west.txt", minute, writer(100 + minute as u64));
        let inputs: Vec<Input> = [east, west].into_iter().chain(more.iter().cloned()).collect();
        monitor.observe(&observe(&inputs)).findings
    };
    round(0);
    round(5)
}

#[test]
fn a_local_trail_of_another_home_is_not_the_readers() {
    let found = two_deployments(|seqno| extract("E1", "./dirdat/lt", (seqno, 500), "EXTTRAIL"), &[]);
    assert_eq!(found.iter().map(|one| one.kind).collect::<Vec<_>>(), [FindingKind::LinkAmbiguous]);
    // A remote one is, and so is that of a pump without a type.
    let is_stuck = |one: &Finding| one.kind == FindingKind::StuckReader && one.subject == "R1";
    for kind in ["RMTTRAIL", ""] {
        let found = two_deployments(|seqno| pump("P1", "./dirdat/lt", (seqno, 500), kind), &[]);
        assert!(found.iter().any(is_stuck), "{kind}: {found:?}");
    }
    assert!(two_deployments(|seqno| extract("E1", "./dirdat/lt", (seqno, 500), "RMTTRAIL"), &[]).iter().any(is_stuck));
    // The trail of the own deployment comes first, and a pump there that sends its trail away is not the writer.
    let own = input("east", "own.txt", 5, extract("E2", "./dirdat/lt", (7, 1_000), "EXTTRAIL"));
    let to_west = input("east", "to-west.txt", 5, pump("P2", "./dirdat/lt", (7, 1_000), "RMTTRAIL"));
    let remote = |seqno| pump("P1", "./dirdat/lt", (seqno, 500), "RMTTRAIL");
    assert!(!two_deployments(remote, &[own]).iter().any(is_stuck));
    assert!(two_deployments(remote, &[to_west]).iter().any(is_stuck));
}

#[test]
fn a_listing_belongs_to_its_deployment() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("dirdat")).unwrap();
    std::fs::write(scratch.path().join("dirdat/lt000000100"), "x").unwrap();
    let listed = |deployment: Option<&str>| Input {
        trails: Some(scratch.path().join("dirdat").display().to_string()),
        deployment: deployment.map(str::to_owned),
        ..Input::default()
    };
    let purged = |inputs: &[Input]| {
        let found = Monitor::default().observe(&observe(inputs)).findings;
        found.iter().any(|finding| finding.kind == FindingKind::PurgedTooEarly)
    };
    let east = input("east", "east.txt", 0, reader("REPLICAT", "R1", "./dirdat/lt", (7, 1_000)));
    let west = input("west", "west.txt", 0, extract("E1", "./dirdat/lt", (100, 1), "EXTTRAIL"));
    assert!(!purged(&[east.clone(), listed(Some("west"))]));
    assert!(!purged(&[east.clone(), west, listed(None)]));
    // Without another deployment, the listing is of the only one.
    assert!(purged(&[east.clone(), listed(None)]));
    assert!(purged(&[east, listed(Some("east"))]));
}

#[test]
fn a_writer_that_is_not_observed_any_more_gives_no_backlog() {
    let writer = input("a", "w.txt", 0, extract("E1", "./dirdat/lt", (7, 2_000), ""));
    let mut backlogs = Vec::new();
    let mut monitor = Monitor::new(Policy { lag: Some(0), ..Policy::default() });
    for round in 0..4 {
        let own = reader("REPLICAT", "R1", "./dirdat/lt", (7, 1_000 + round as u64 * 4_000));
        let report = monitor.observe(&observe(&[writer.clone(), input("a", "r.txt", round * 10, own)]));
        backlogs.push(report.streams[1].backlog.and_then(|backlog| backlog.bytes));
        assert!(report.findings.iter().all(|finding| finding.kind != FindingKind::ReaderAhead), "{:?}", report.findings);
    }
    assert_eq!(backlogs, [Some(1_000), None, None, None]);
}

#[test]
fn two_pumps_to_two_hosts_are_no_two_writers() {
    for (types, weight) in [
        (["RMTTRAIL", "RMTTRAIL"], Weight::Note),
        (["", ""], Weight::Note),
        (["EXTTRAIL", "RMTTRAIL"], Weight::Note),
        (["EXTTRAIL", "EXTTRAIL"], Weight::Critical),
    ] {
        let both = pump("P1", "./dirdat/rt", (3, 1_000), types[0]) + &pump("P2", "./dirdat/rt", (9, 1_000), types[1]);
        let report = Monitor::default().observe(&observe(&[input("a", "info.txt", 0, both)]));
        let found: Vec<_> = kinds(&report).into_iter().filter(|(kind, _)| *kind == FindingKind::TwoWriters).collect();
        assert_eq!(found, [(FindingKind::TwoWriters, weight)], "{types:?}");
    }
}

fn idle_or_lagging(lag: &str, at: u64, end: u64) -> String {
    let own = reader("REPLICAT", "R1", "./dirdat/lt", (7, at));
    let own = if lag.is_empty() {
        own.replace("Checkpoint Lag       00:00:02 (updated 00:00:01 ago)\n", "")
    } else {
        own.replace("Lag       00:00:02", &format!("Lag       {lag}"))
    };
    extract("E1", "./dirdat/lt", (7, end), "") + &own
}

#[test]
fn the_lag_of_an_idle_stream_is_not_learned() {
    let mut monitor = Monitor::new(Policy::default());
    for hour in 0..15 {
        let lag = format!("{:02}:00:00", hour + 4);
        monitor.observe(&observe(&[input("a", "info.txt", hour * 60, idle_or_lagging(&lag, 1_000, 1_000))]));
    }
    let report = monitor.observe(&observe(&[input("a", "info.txt", 900, idle_or_lagging("20:00:00", 2_000, 3_000))]));
    let verdict = &report.streams[1];
    let limits: Vec<_> = verdict.limits.iter().map(|limit| &*limit.quantity).collect();
    assert_eq!(limits, ["backlog"], "{:?}", verdict.limits);
    assert!(verdict.reasons[0].contains("no other limit is set or learned yet"), "{:?}", verdict.reasons);
}

#[test]
fn an_unknown_lag_is_not_learned_as_none() {
    let mut monitor = Monitor::new(Policy::default());
    for hour in 0..15 {
        let at = 1_000 + hour as u64;
        monitor.observe(&observe(&[input("a", "info.txt", hour * 60, idle_or_lagging("", at, at))]));
    }
    let report = monitor.observe(&observe(&[input("a", "info.txt", 900, idle_or_lagging("00:02:00", 2_000, 2_100))]));
    assert_eq!((report.alarms().count(), health(&report, "R1")), (0, Some(Health::Healthy)), "{:?}", report.findings);
}

#[test]
fn extreme_numbers_are_no_panic() {
    let status = |rba: &str, more: &str| {
        format!(
            r#"[{{"name":"a","trail":"lt","lanes":[{{"sink":"j","state":"running","committed":"3:{rba}","lag":{{{more}}}}}]}}]"#
        )
    };
    let least = r#""bytes_behind":18446744073709551615,"files_behind":0,"delivered_age":-9223372036854775808"#;
    let most =
        r#""bytes_behind":18446744073709551600,"acknowledged_age":9223372036854775807,"delivered_age":9223372036854775807"#;
    let mut monitor = Monitor::new(Policy { learn: false, forecast_samples: 0, ..Policy::default() });
    let rounds = [("0", least), ("18446744073709551600", most), ("7", least), ("18446744073709551615", most)];
    for (minute, (rba, more)) in (0..).zip(rounds) {
        monitor.observe(&observe(&[input("a", "status.json", minute * 5, status(rba, more))]));
    }
    // The reader went on to the next file, and the writer's bytes are known.
    for (minute, file) in [(20, 3), (25, 4)] {
        let status = status("7", least).replace("\"3:", &format!("\"{file}:"));
        let writer = extract("E1", "lt", (9, 1_000 + minute as u64), "EXTTRAIL");
        monitor.observe(&observe(&[input("a", "status.json", minute, status), input("a", "info.txt", minute, writer)]));
    }
}

#[test]
fn a_discarded_record_is_counted_once() {
    let discard = |records: usize| {
        let record = "Operation failed at seqno 7 rba 1\nProblem replicating A.T to B.T.\n*\nID = 1\n*\n\n";
        format!(
            "Oracle GoldenGate Delivery for Oracle process started, group R1 discard file opened: 2024-03-01 00:00:00.00\n\n{}",
            record.repeat(records)
        )
    };
    let stats = |records: usize| {
        format!(
            "Sending STATS request to REPLICAT R1 ...\nStart of Statistics at 2024-03-01 00:00:00.\nReplicating from A.T to B.T:\n\
            *** Total statistics since 2024-03-01 00:00:00 ***\n Total operations 10.00\n Total discards {records}.00\nEnd of Statistics.\n"
        )
    };
    let mut monitor = Monitor::new(Policy::default());
    let mut round = |minute, records| {
        let inputs = [input("a", "r1.dsc", minute, discard(records)), input("a", "stats.txt", minute, stats(records))];
        monitor.observe(&observe(&inputs)).findings
    };
    round(0, 1);
    let found = round(5, 3);
    let grown: Vec<_> = found.iter().filter(|one| one.kind == FindingKind::DiscardsGrow).map(|one| &*one.text).collect();
    assert_eq!(grown, ["2 more records were discarded"]);
}
