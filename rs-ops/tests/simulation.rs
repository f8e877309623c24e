//! Faults of a catalogue are found within two observations, and healthy days raise no alarm.
//!
//! `TRAILCORE_MINUTES` is the time between two observations of the healthy days; 180 without it, 5 in `make test-long`.

mod simulator;

use std::time::Instant;

use simulator::{Chain, World};
use trailcore_ops::explain::{ExplainRequest, explain};
use trailcore_ops::health::{FindingKind, Health, HealthReport, Monitor, Policy};
use trailcore_ops::observe;

/// Observations before a fault.
const WARM: usize = 30;

/// A fault: its name, how it is injected, the finding, and the subject of the finding.
struct Case {
    name: &'static str,
    inject: fn(&mut Chain),
    finding: FindingKind,
    subject: Subject,
}

#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Extract,
    Pump,
    Replicat,
    Any,
}

use FindingKind as F;
use Subject::{Any, Extract, Pump, Replicat};

macro_rules! catalogue {
    ($($name:literal: $finding:ident on $subject:ident by |$chain:ident| $inject:expr;)+) => {
        &[$(Case { name: $name, inject: |$chain: &mut Chain| { $inject; }, finding: F::$finding, subject: $subject }),+]
    };
}

fn log(chain: &mut Chain, severity: &str, code: &str) {
    let group = "$R";
    chain
        .knobs
        .log
        .push(format!("$TIME  {severity:<7} OGG-{code}  Oracle GoldenGate Delivery for Oracle, {group}.prm:  A message."));
}

const CATALOGUE: &[Case] = catalogue! {
    "stuck Extract": StuckReader on Extract by |c| { c.knobs.stuck[0] = true; c.idle = false };
    "stuck pump": StuckReader on Pump by |c| c.knobs.stuck[1] = true;
    "stuck Replicat": StuckReader on Replicat by |c| c.knobs.stuck[2] = true;
    "stuck writer": StuckWriter on Extract by |c| c.knobs.writer_stuck = true;
    "Extract without checkpoints": NotCheckpointing on Extract by |c| c.knobs.no_checkpoint[0] = true;
    "Extract abended": Abended on Extract by |c| c.knobs.status[0] = Some("ABENDED");
    "pump abended": Abended on Pump by |c| c.knobs.status[1] = Some("ABENDED");
    "Replicat abended": Abended on Replicat by |c| c.knobs.status[2] = Some("ABENDED");
    "Replicat killed": Abended on Replicat by |c| c.knobs.status[2] = Some("KILLED");
    "Extract stopped": Stopped on Extract by |c| c.knobs.status[0] = Some("STOPPED");
    "pump stopped": Stopped on Pump by |c| c.knobs.status[1] = Some("STOPPED");
    "Replicat stopped": Stopped on Replicat by |c| c.knobs.status[2] = Some("STOPPED");
    "Replicat starts for ever": ChangingTooLong on Replicat by |c| c.knobs.status[2] = Some("STARTING");
    "unknown state": UnknownState on Replicat by |c| c.knobs.status[2] = Some("SUSPENDED");
    "slow Replicat": FallingBehind on Replicat by |c| { c.knobs.speed[2] = Some(0.1); c.idle = false };
    "slow pump": FallingBehind on Pump by |c| { c.knobs.speed[1] = Some(0.1); c.idle = false };
    "abend loop": AbendLoop on Replicat by |c| c.knobs.restarts = true;
    "started again": Restarted on Replicat by |c| c.knobs.restarts = true;
    "deleted Extract": GroupMissing on Extract by |c| c.knobs.no_group = Some(0);
    "deleted pump": GroupMissing on Pump by |c| c.knobs.no_group = Some(1);
    "deleted Replicat": GroupMissing on Replicat by |c| c.knobs.no_group = Some(2);
    "repositioned Replicat": WentBack on Replicat by |c| c.knobs.replicat_back = true;
    "trail set back": WriterWentBack on Pump by |c| c.knobs.writer_back = true;
    "flapping Replicat": Flapping on Replicat by |c| c.knobs.flap = true;
    "clock of the source ahead": ClockSkew on Replicat by |c| c.knobs.skew_minutes = 30;
    "lag disagrees": LagDisagreement on Replicat by |c| c.knobs.process_lag = Some(4_000);
    "heartbeats stop": HeartbeatStale on Replicat by |c| c.knobs.heartbeat_age = Some(60);
    "long transaction": LongTransaction on Replicat by |c| c.knobs.open_minutes = Some(600);
    "discards": DiscardsGrow on Replicat by |c| c.knobs.discards = 3;
    "collisions": CollisionsGrow on Replicat by |c| c.knobs.collisions = 3;
    "counters reset": CountersReset on Replicat by |c| c.knobs.reset = true;
    "one slow Replicat of four": SlowPeer on Any by |c| { c.knobs.slow_reader = true; c.idle = false };
    "slow table": SlowTable on Replicat by |c| { c.knobs.second_table_stands = true; c.idle = false };
    "slow applier": WatermarkSpread on Replicat by |c| c.knobs.watermark = Some(280);
    "purged too early": PurgedTooEarly on Replicat by |c| { c.knobs.stuck[2] = true; c.knobs.purge_all = true };
    "missing file": MissingFile on Replicat by |c| c.knobs.missing_file = true;
    "truncated file": FileTooShort on Replicat by |c| c.knobs.truncated = true;
    "reader ahead": ReaderAhead on Replicat by |c| c.knobs.replicat_ahead = true;
    "stale trail": StaleTrail on Pump by |c| c.knobs.stale_trail = true;
    "numbers of 6 and 9 digits": MixedDigits on Any by |c| c.knobs.mixed_digits = true;
    "two writers": TwoWriters on Any by |c| c.knobs.second_writer = true;
    "disk filling": DiskFilling on Any by |c| c.knobs.disk = true;
    "Manager down": ServiceDown on Any by |c| c.knobs.manager = Some("STOPPED");
    "Manager gone": ServiceMissing on Any by |c| c.knobs.no_manager = true;
    "dead host": HostSilent on Any by |c| c.knobs.drop_inputs = true;
    "log renamed": InputStopped on Any by |c| c.knobs.drop_log = true;
    "observations frozen": InputFrozen on Any by |c| c.knobs.freeze = true;
    "file cannot be read": InputUnreadable on Any by |c| c.knobs.missing_path = true;
    "torn log": TornLog on Any by |c| c.knobs.log.push("$TIME  INFO    OGG-00987  Oracle GoldenGate Command Interpreter for Oracle:  GGSCI command (x): add ext$TIME".to_owned());
    "output cut off": InputCut on Any by |c| c.knobs.edit = Some(|text| text.replace("End of Statistics.", ""));
    "values damaged": DamagedValues on Any by |c| c.knobs.negative_lag = true;
    "another command": WrongArtefact on Any by |c| c.knobs.edit = Some(|text| if text.contains("info all") { "{\"name\":\"purge\"}".to_owned() } else { text.to_owned() });
    "another language": Localised on Any by |c| c.knobs.edit = Some(|text| text.replace("Total inserts", "插入总数"));
    "another layout": UnknownLayout on Any by |c| c.knobs.edit = Some(|text| text.replace("Time Since Chkpt", "Time Since Chkpt  Moon"));
    "file cannot be opened": OpenFailed on Replicat by |c| log(c, "ERROR", "01091");
    "database error": DatabaseError on Replicat by |c| log(c, "ERROR", "00664");
    "SQL error": SqlError on Replicat by |c| log(c, "ERROR", "01296");
    "network error": NetworkError on Replicat by |c| log(c, "WARNING", "01223");
    "purging blocked": PurgeBlocked on Replicat by |c| log(c, "WARNING", "00950");
    "rolled over by hand": EndedTrail on Replicat by |c| log(c, "WARNING", "01519");
    "rule to keep files ignored": KeepRuleIgnored on Replicat by |c| log(c, "WARNING", "00958");
    "no unique key": NoUniqueKey on Replicat by |c| log(c, "WARNING", "06439");
    "replication off": ReplicationOff on Replicat by |c| log(c, "ERROR", "02091");
    "position altered": PositionAltered on Replicat by |c| log(c, "WARNING", "06594");
    "archive missing": ArchiveMissing on Replicat by |c| log(c, "ERROR", "01423");
    "Java error": JavaError on Replicat by |c| log(c, "ERROR", "15051");
    "parameter error": ParameterError on Replicat by |c| log(c, "ERROR", "00375");
    "access denied": AccessDenied on Replicat by |c| log(c, "ERROR", "01201");
    "aborted transaction": AbortedTransaction on Replicat by |c| log(c, "WARNING", "01004");
    "long transaction by message": LongTransaction on Replicat by |c| log(c, "WARNING", "01027");
    "another error": ErrorMessage on Replicat by |c| log(c, "ERROR", "99999");
};

fn subject(chain: &Chain, subject: Subject) -> Option<String> {
    let [extract, pump, replicat] = chain.names();
    match subject {
        Extract => Some(extract),
        Pump => Some(pump),
        Replicat => Some(replicat),
        Any => None,
    }
}

fn policy() -> Policy {
    // The limits of the backlog are learned; the floor is that of a small deployment.
    Policy { backlog_floor: 200_000, ..Policy::default() }
}

/// Returns whether a report has the finding about the chain.
fn has(report: &HealthReport, case: &Case, chain: &Chain) -> bool {
    let deployments = chain.deployments();
    let name = subject(chain, case.subject);
    report.findings.iter().any(|finding| {
        let is_here = deployments.contains(&finding.deployment)
            || deployments.iter().any(|deployment| finding.subject.contains(deployment));
        finding.kind == case.finding && is_here && name.as_ref().is_none_or(|name| *name == finding.subject)
    })
}

#[test]
fn every_fault_is_found_within_two_observations() {
    assert!(CATALOGUE.len() >= 60, "{}", CATALOGUE.len());
    let mut missed = Vec::new();
    for case in CATALOGUE {
        let mut world = World::new(9, 7);
        world.chains.iter_mut().for_each(|chain| chain.idle = false);
        if case.finding == F::SlowPeer {
            world.chains[0].knobs.readers = 3;
        }
        let mut monitor = Monitor::new(policy());
        for round in 0..WARM {
            let report = monitor.observe(&observe(&world.round(5)));
            let alarms: Vec<_> = report.alarms().collect();
            assert!(alarms.is_empty(), "{}: round {round}: {alarms:?}", case.name);
        }
        (case.inject)(&mut world.chains[0]);
        // Loops and flapping become visible with their repetition.
        let visible = match case.finding {
            F::AbendLoop => 2,
            F::Flapping => 6,
            _ => 0,
        };
        let mut reports = Vec::new();
        for _ in 0..visible + 2 {
            reports.push(monitor.observe(&observe(&world.round(5))));
        }
        if !reports.iter().any(|report| has(report, case, &world.chains[0])) {
            let found: Vec<_> = reports
                .iter()
                .flat_map(|report| &report.findings)
                .map(|finding| (finding.kind, finding.subject.clone()))
                .collect();
            missed.push(format!("{}: {found:?}", case.name));
        }
        // Nothing is found about other chains.
        for report in &reports {
            let wrong: Vec<_> = report
                .alarms()
                .filter(|finding| finding.deployment.ends_with("001") || finding.deployment.ends_with("002"))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", case.name);
            for finding in report.findings.iter().filter(|finding| finding.kind == case.finding) {
                assert!(!finding.text.is_empty(), "{}", case.name);
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// Returns the code of the error or warning that a fault leaves in the log.
fn planted(chain: &Chain) -> Option<String> {
    let line = chain.knobs.log.iter().find(|line| line.contains(" ERROR ") || line.contains(" WARNING "))?;
    let at = line.find("OGG-")?;
    line.get(at..at + 9).map(str::to_owned)
}

#[test]
fn the_planted_cause_is_explained_first() {
    let mut explained = 0;
    let healthy = explain(&ExplainRequest { inputs: World::new(9, 7).round(5), ..ExplainRequest::default() }).unwrap();
    assert!(healthy.groups.iter().all(|group| group.cause.is_none()), "{:?}", healthy.groups);
    for case in CATALOGUE {
        let mut world = World::new(9, 7);
        world.round(5);
        (case.inject)(&mut world.chains[0]);
        let code = planted(&world.chains[0]);
        if code.is_none() && case.finding != F::Abended {
            continue;
        }
        let report = explain(&ExplainRequest { inputs: world.round(5), ..ExplainRequest::default() }).unwrap();
        let first = report.groups.first().unwrap_or_else(|| panic!("{}: nothing is explained", case.name));
        assert_eq!(Some(&first.group), subject(&world.chains[0], case.subject).as_ref(), "{}", case.name);
        let cause = first.cause.as_ref().and_then(|cause| cause.event.code.clone());
        assert_eq!(cause, code, "{}: {first:?}", case.name);
        assert!(cause.is_some() || !first.unknown.is_empty(), "{}", case.name);
        assert!(!first.next.is_empty() && !first.unaffected.is_empty(), "{}: {first:?}", case.name);
        explained += 1;
    }
    assert!(explained >= 21, "{explained}");
}

#[test]
fn a_lag_that_is_only_idle_is_no_alarm() {
    let mut world = World::new(3, 3);
    let mut monitor = Monitor::new(policy());
    for _ in 0..WARM {
        monitor.observe(&observe(&world.round(5)));
    }
    world.chains[0].knobs.stuck[0] = false;
    world.chains[0].knobs.process_lag = None;
    let before = world.chains[0].clone();
    // Nothing arrives: the same positions again.
    world.chains[0].idle = true;
    for _ in 0..10 {
        let report = monitor.observe(&observe(&world.round(5)));
        assert_eq!(report.alarms().count(), 0, "{:?}", report.findings);
    }
    let _ = before;
}

fn healthy(days: i64, minutes: i64, streams: usize) {
    let mut world = World::new(streams, 42);
    let mut monitor = Monitor::new(Policy::default());
    for round in 0..days * 1_440 / minutes {
        let report = monitor.observe(&observe(&world.round(minutes)));
        let alarms: Vec<_> = report.alarms().map(|finding| (finding.kind, &finding.subject, &finding.text)).collect();
        assert!(alarms.is_empty(), "round {round}: {alarms:?}");
        if round > 1 {
            let odd: Vec<_> =
                report.streams.iter().filter(|verdict| !matches!(verdict.health, Health::Healthy | Health::Idle)).collect();
            assert!(odd.is_empty(), "round {round}: {odd:?}");
        }
    }
}

#[test]
fn healthy_days_raise_no_alarm() {
    let minutes = std::env::var("TRAILCORE_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(180);
    healthy(30, minutes, 100);
}

#[test]
fn a_round_of_a_thousand_streams() {
    let mut world = World::new(1_000, 1);
    let mut monitor = Monitor::new(Policy::default());
    monitor.observe(&observe(&world.round(5)));
    let inputs = world.round(5);
    let begun = Instant::now();
    let report = monitor.observe(&observe(&inputs));
    let time = begun.elapsed();
    println!(
        "{} streams, {} links: {time:?}",
        report.streams.len(),
        report.streams.iter().filter(|verdict| verdict.backlog.is_some()).count()
    );
    // A debug build on a busy machine is slower; the limit of a release build is one second.
    assert!(time.as_secs_f64() < if cfg!(debug_assertions) { 10.0 } else { 1.0 }, "{time:?}");
    assert_eq!(report.streams.len(), 1_002);
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let answer = || {
        let mut world = World::new(30, 5);
        let mut monitor = Monitor::new(Policy::default());
        let mut last = String::new();
        for _ in 0..3 {
            last = serde_json::to_string(&monitor.observe(&observe(&world.round(5)))).unwrap();
        }
        last + &serde_json::to_string(monitor.memory()).unwrap()
    };
    assert_eq!(answer(), answer());
}
