//! Why processes stopped: invented incidents with a real trail, the public incidents of `../shared`, and what is lost by a skip.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use trailcore::{Position, Trail};
use trailcore_ops::Input;
use trailcore_ops::explain::{
    CodeRole, EventKind, ExplainRequest, Explanation, SkipRequest, TimelineRequest, explain, skip, timeline,
};
use trailcore_ops::mapping::{MappingRequest, mapping};
use trailcore_samples::{Bank, bank_in_memory};

/// Writes a trail; returns its path without the number.
fn trail(folder: &Path) -> String {
    let prefix = folder.join("rt");
    for (number, (_, bytes)) in bank_in_memory(&Bank::small()).unwrap().iter().enumerate() {
        std::fs::write(format!("{}{number:09}", prefix.display()), bytes).unwrap();
    }
    prefix.display().to_string()
}

fn at(position: Position) -> (u64, u64) {
    let at = position.trail().unwrap();
    (at.seqno, at.rba)
}

/// The start, the end and the table of each transaction, and the positions of its changes.
struct Transaction {
    changes: Vec<((u64, u64), String, String)>,
}

fn transactions(path: &str) -> Vec<Transaction> {
    let mut found: Vec<Transaction> = Vec::new();
    for change in Trail::open(path).unwrap().reader().unwrap().into_changes() {
        let change = change.unwrap();
        let change = change.as_change();
        if change.transaction().begins() {
            found.push(Transaction { changes: Vec::new() });
        }
        let facts = (at(change.position()), change.table_name().into_owned(), change.op().name().to_owned());
        found.last_mut().unwrap().changes.push(facts);
    }
    found
}

#[test]
fn a_skip_states_the_next_places_and_every_change_that_is_lost() {
    let scratch = tempfile::tempdir().unwrap();
    let path = trail(scratch.path());
    let all = transactions(&path);
    let mut checked = 0;
    for (number, transaction) in all.iter().enumerate() {
        for (index, (place, table, op)) in transaction.changes.iter().enumerate() {
            let report = skip(&SkipRequest { trail: path.clone(), seqno: place.0, rba: place.1, defs: None }).unwrap();
            let seen = report.record.as_ref().unwrap_or_else(|| panic!("{place:?}: {:?}", report.problem));
            assert_eq!((seen.at, &seen.table, &seen.op), (*place, table, op));
            let lost: u64 = report.transaction.values().flat_map(|counts| counts.values()).sum();
            // A transaction that began in an earlier file is not whole here.
            let is_in_file = transaction.changes[0].0.0 == place.0;
            if is_in_file {
                assert_eq!(lost, transaction.changes.len() as u64, "{place:?}");
            }
            let next = transaction.changes.get(index + 1).or_else(|| all.get(number + 1)?.changes.first());
            // The place of a pair is its first record.
            assert!(report.next_record <= next.map(|next| next.0), "{place:?}");
            assert!(report.next_record.is_none() == next.is_none() && report.next_record.is_none_or(|next| next > *place));
            assert_eq!(report.next_transaction.is_some(), number + 1 < all.len());
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn a_place_without_a_record_is_stated() {
    let scratch = tempfile::tempdir().unwrap();
    let path = trail(scratch.path());
    let ask = |seqno, rba| skip(&SkipRequest { trail: path.clone(), seqno, rba, defs: None }).unwrap();
    let (place, ..) = transactions(&path)[3].changes[0].clone();
    let beside = ask(place.0, place.1 + 1);
    assert!(beside.record.is_some() || beside.problem.unwrap().contains("the next one starts at"));
    let last = transactions(&path).last().unwrap().changes[0].0.0;
    assert!(ask(last, u64::MAX >> 8).problem.unwrap().contains("the trail ends"));
    assert!(ask(77, 0).record.is_none() && ask(77, 0).problem.is_some());
}

/// A Replicat that met a duplicate row, twice, with report, discard file, parameters and trail in a home.
fn incident(home: &Path) -> ((u64, u64), String) {
    for folder in ["dirrpt", "dirprm", "dirdat"] {
        std::fs::create_dir(home.join(folder)).unwrap();
    }
    let path = trail(&home.join("dirdat"));
    let all = transactions(&path);
    let postings = all.iter().flat_map(|one| &one.changes).filter(|change| change.1 == "BANK.POSTINGS" && change.2 == "insert");
    let (place, table, _) = postings.clone().nth(7).unwrap().clone();
    let line = |time: &str, severity: &str, code: &str, text: &str| {
        format!("2024-03-01 {time}  {severity:<7} OGG-{code}  Oracle GoldenGate Delivery for Oracle, r1.prm:  {text}\n")
    };
    let run = |hour: &str| {
        [
            line(&format!("{hour}:00:00"), "INFO", "00995", "REPLICAT R1 starting."),
            line(&format!("{hour}:00:01"), "INFO", "00996", "REPLICAT R1 started."),
            line(&format!("{hour}:10:00"), "WARNING", "00869", "OCI Error ORA-00001: unique constraint violated (status = 1)."),
            line(
                &format!("{hour}:10:00"),
                "WARNING",
                "01004",
                &format!("Aborted grouped transaction on '{table}', Database error 1."),
            ),
            line(&format!("{hour}:10:00"), "ERROR", "01296", &format!("Error mapping from {table} to {table}.")),
            line(&format!("{hour}:10:01"), "ERROR", "01668", "PROCESS ABENDING."),
        ]
        .concat()
    };
    let other = "2024-03-01 09:05:00  WARNING OGG-01223  Oracle GoldenGate Capture for Oracle, p1.prm:  TCP/IP error 111.\n";
    std::fs::write(home.join("ggserr.log"), format!("{}{other}{}", run("09"), run("10"))).unwrap();
    let discard = format!(
        "Oracle GoldenGate Delivery for Oracle process started, group R1 discard file opened: 2024-03-01 10:00:01\n\n\
         Current time: 2024-03-01 10:10:00\nDiscarded record from action ABEND on error 1\n\nORA-00001: unique constraint (A.B) violated\n\
         Aborting transaction on {path} beginning at seqno {} rba {}\n                         error at seqno {} rba {}\n\
         Problem replicating {table} to {table}\nMapping problem with insert record (target format)...\n*\nMEMO = canary-4711\n*\n",
        place.0, place.1, place.0, place.1
    );
    std::fs::write(home.join("dirrpt/R1.dsc"), discard).unwrap();
    let parameters = "REPLICAT r1\nUSERID ogg, PASSWORD canary-4712\nMAP BANK.CUSTOMERS, TARGET BANK.CUSTOMERS;\nMAP BANK.P*, TARGET BANK.*;\n";
    std::fs::write(home.join("dirprm/r1.prm"), parameters).unwrap();
    std::fs::write(home.join("app.toml"), "[app]\nname = 'x'\n").unwrap();
    (place, table)
}

#[test]
fn a_home_explains_itself() {
    let home = tempfile::tempdir().unwrap();
    let (place, table) = incident(home.path());
    let inputs = vec![Input::path(home.path().display().to_string())];
    let mapped = mapping(&MappingRequest { inputs: inputs.clone(), ..MappingRequest::default() }).unwrap();
    let report = explain(&ExplainRequest { inputs, ..ExplainRequest::default() }).unwrap();
    assert_eq!((mapped.refused, &report.refused), (Vec::new(), &Vec::new()), "another program's TOML is no configuration");
    let found = &report.groups[0];
    let cause = found.cause.as_ref().unwrap();
    assert_eq!((found.group.as_str(), cause.event.code.as_deref(), cause.role), ("R1", Some("OGG-00869"), Some(CodeRole::Cause)));
    assert_eq!(found.database_codes, ["ORA-00001"]);
    assert_eq!((found.runs, found.since.map(|since| since.to_string())), (2, Some("2024-03-01T09:10:00.000000".to_owned())));
    let position = found.position.as_ref().unwrap();
    assert_eq!(((position.seqno, position.rba), position.origin.as_str()), (place, "discard file"));
    let seen = found.record.as_ref().and_then(|record| record.record.as_ref()).unwrap();
    assert_eq!((seen.at, &seen.table, found.table.as_ref()), (place, &table, Some(&table)));
    let parameter = found.parameter.as_ref().unwrap();
    assert!(parameter.file.ends_with("r1.prm") && parameter.line == 4, "{parameter:?}");
    // Steps that lose changes come last, and state it.
    let losing: Vec<_> = found.next.iter().map(|step| step.loses.is_some()).collect();
    assert!(losing.is_sorted() && losing.ends_with(&[true, true]), "{:?}", found.next);
    assert!(found.next.iter().any(|step| step.command.as_deref() == Some("START REPLICAT R1")));
    // The warning of another group is not the first explanation.
    assert!(report.groups.len() == 2 && report.groups[1].group == "P1");
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("canary"), "a value or a secret is in the report");
}

#[test]
fn a_group_that_runs_again_is_not_called_down() {
    let home = tempfile::tempdir().unwrap();
    incident(home.path());
    let log = home.path().join("ggserr.log");
    let started =
        "2024-03-01 11:00:00  INFO    OGG-00996  Oracle GoldenGate Delivery for Oracle, r1.prm:  REPLICAT R1 started.\n";
    let text = std::fs::read_to_string(&log).unwrap() + started;
    let ask = |text: String| {
        let request =
            ExplainRequest { inputs: vec![Input::text("ggserr.log", text)], group: Some("r1".to_owned()), ..Default::default() };
        explain(&request).unwrap().groups.remove(0)
    };
    let found = ask(text);
    assert!(found.is_running_again && found.next.len() == 1, "{:?}", found.next);
    assert!(!ask(std::fs::read_to_string(&log).unwrap()).is_running_again);
}

#[test]
fn codes_of_the_caller_come_first_and_unknown_ones_have_neighbours() {
    let log = "2024-03-01 10:00:00  ERROR   OGG-01669  Oracle GoldenGate Delivery for Oracle, r1.prm:  A message.\n";
    let ask = |codes: Option<&str>| {
        let request = ExplainRequest {
            inputs: vec![Input::text("ggserr.log", log)],
            codes: codes.map(str::to_owned),
            ..Default::default()
        };
        explain(&request).map(|report| report.groups[0].clone())
    };
    let found = ask(None).unwrap();
    assert!(found.known.is_none() && found.similar.iter().any(|known| known.code == "OGG-01668"));
    let found = ask(Some("01669|cause|apply|The moon is full.|Wait|the night shift")).unwrap();
    assert_eq!(found.known.unwrap().source, "the night shift");
    assert!(ask(Some("01669|moon")).is_err());
}

#[test]
fn a_timeline_has_each_message_once_and_measures_clocks() {
    let home = tempfile::tempdir().unwrap();
    incident(home.path());
    let report = "2024-03-01 10:10:02  ERROR   OGG-01296  Error mapping from BANK.POSTINGS to BANK.POSTINGS.\n\n\
                  2024-03-01 10:10:03  ERROR   OGG-01668  PROCESS ABENDING.\n";
    let echo = "***  Running with the following parameters  ***\nREPLICAT r1\n***\n";
    std::fs::write(home.path().join("dirrpt/R1.rpt"), format!("{echo}{report}")).unwrap();
    let inputs = vec![Input::path(home.path().display().to_string())];
    let request =
        TimelineRequest { inputs, trails: vec![home.path().join("dirdat/rt").display().to_string()], ..Default::default() };
    let all = timeline(&request).unwrap();
    let count = |code: &str| all.events.iter().filter(|event| event.code.as_deref() == Some(code)).count();
    assert_eq!((count("OGG-01296"), count("OGG-01668")), (2, 2), "{:?}", all.events);
    assert!(all.clocks.iter().any(|clock| clock.millis == 2_000 && clock.messages == 2), "{:?}", all.clocks);
    for kind in [EventKind::Start, EventKind::Message, EventKind::Discard, EventKind::Commit] {
        assert!(all.events.iter().any(|event| event.kind == kind), "{kind:?}");
    }
    assert!(all.is_mixed, "commits are in UTC, and the log has no zone");
    let only = timeline(&TimelineRequest { group: Some("p1".to_owned()), trails: Vec::new(), ..request.clone() }).unwrap();
    assert_eq!(only.events.len(), 1);
    let from = Some("2024-03-01 10:10:01".parse().unwrap());
    let late = timeline(&TimelineRequest { from, trails: Vec::new(), ..request }).unwrap();
    assert!(late.events.iter().all(|event| event.time >= from), "{:?}", late.events);
}

#[test]
fn shared_messages_show_the_zone_of_a_report() {
    let log = |minutes: &[u32]| {
        let line = |minute: &u32| {
            format!(
                "2024-03-01T18:{minute:02}:00.000+0900  ERROR   OGG-012{minute:02}  Oracle GoldenGate Delivery for Oracle, r1.prm:  Error number {minute}.\n"
            )
        };
        Input::text("ggserr.log", minutes.iter().map(line).collect::<String>())
    };
    let report = |hour: u32, minutes: &[u32]| {
        let line =
            |minute: &u32| format!("2024-03-01 {hour:02}:{minute:02}:01  ERROR   OGG-012{minute:02}  Error number {minute}.\n");
        Input::text("R1.rpt", minutes.iter().map(line).collect::<String>())
    };
    let of = |inputs: Vec<Input>| timeline(&TimelineRequest { inputs, ..Default::default() }).unwrap();
    let found = of(vec![log(&[10, 20, 30]), report(18, &[10, 20])]);
    assert_eq!((found.zones.len(), found.zones[0].minutes, found.zones[0].messages), (1, 540, 2));
    assert_eq!((found.events.len(), found.is_mixed, found.clocks[0].millis), (3, false, 1_000), "{:?}", found.events);
    let utc = of(vec![log(&[10, 20]), report(9, &[10, 20])]);
    assert_eq!((utc.zones[0].minutes, utc.events.len()), (0, 2));
    // One message can be a coincidence, and two that contradict each other prove nothing.
    assert!(of(vec![log(&[10]), report(18, &[10])]).zones.is_empty());
    let torn = of(vec![log(&[10, 20]), report(18, &[10]), report(17, &[20])]);
    assert!(torn.zones.is_empty() && torn.is_mixed, "{:?}", torn.zones);
}

/// Explains R1 by these lines of a log and other artefacts.
fn asked(lines: &[(&str, &str, &str, &str)], others: Vec<Input>, parameters: &str) -> Explanation {
    let line = |(time, severity, code, text): &(&str, &str, &str, &str)| {
        format!("2024-03-{time}  {severity:<7} OGG-{code}  Oracle GoldenGate Delivery for Oracle, r1.prm:  {text}\n")
    };
    let mut inputs = vec![Input::text("ggserr.log", lines.iter().map(line).collect::<String>())];
    inputs.extend(others);
    let parameters = vec![Input::text("r1.prm", parameters)];
    let request = ExplainRequest { inputs, parameters, group: Some("R1".to_owned()), ..ExplainRequest::default() };
    explain(&request).unwrap().groups.remove(0)
}

const ABEND: (&str, &str, &str, &str) = ("09 10:00:01", "ERROR", "01668", "PROCESS ABENDING.");

#[test]
fn an_error_that_was_survived_is_no_cause() {
    let lines = [
        ("01 10:00:00", "INFO", "00996", "REPLICAT R1 started."),
        ("01 10:00:05", "ERROR", "00869", "SQL error 1 mapping HR.OLD to HR.OLD."),
        ("09 10:00:00", "ERROR", "01296", "Error mapping from HR.EMP to HR.EMP."),
        ABEND,
    ];
    let found = asked(&lines, Vec::new(), "REPLICAT r1\nMAP HR.*, TARGET HR.*;\n");
    assert_eq!((found.cause.unwrap().event.code.as_deref(), found.table.as_deref()), (Some("OGG-01296"), Some("HR.EMP")));
}

#[test]
fn a_position_is_of_the_cause() {
    let lines = [
        ("09 10:00:00", "ERROR", "01296", "Error mapping from HR.EMP to HR.EMP at seqno 0 rba 2000."),
        ("09 10:00:00", "WARNING", "01519", "Waiting at EOF on ./dirdat/zz000009, RBA 777."),
        ABEND,
    ];
    let position = asked(&lines, Vec::new(), "").position.unwrap();
    assert_eq!((position.seqno, position.rba), (0, 2_000));
    // A record that was discarded earlier is another matter.
    let old = "Current time: 2024-02-01 10:00:00\nDiscarded record from action DISCARD on error 1\nerror at seqno 1 rba 200\nProblem replicating HR.OLD to HR.OLD\n";
    let network = [("09 10:00:00", "ERROR", "01224", "TCP/IP error 110."), ABEND];
    let found = asked(&network, vec![Input::text("R1.dsc", old)], "");
    assert!(found.position.is_none() && found.table.is_none(), "{found:?}");
}

#[test]
fn only_a_start_without_another_state_is_running_again() {
    let lines = |last| vec![("09 10:00:00", "ERROR", "01296", "Error mapping from HR.EMP to HR.EMP."), ABEND, last];
    let message = lines(("09 10:00:02", "INFO", "01070", "Last record."));
    let start = lines(("09 10:05:00", "INFO", "00996", "REPLICAT R1 started."));
    assert!(!asked(&message, Vec::new(), "").is_running_again);
    assert!(asked(&start, Vec::new(), "").is_running_again);
    let all = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nREPLICAT    ABENDED     R1          00:00:02      00:00:05\n";
    assert!(!asked(&start, vec![Input::text("all.txt", all)], "").is_running_again);
}

#[test]
fn a_parameter_is_named_only_if_it_is_certain() {
    let filter = [("09 10:00:00", "ERROR", "00375", "Error in FILTER clause."), ABEND];
    let one = "REPLICAT r1\nMAP A.B, TARGET A.B, FILTER (X > 1);\n";
    let two = format!("{one}MAP A.C, TARGET A.C, FILTER (Y > 1);\n");
    assert_eq!(asked(&filter, Vec::new(), one).parameter.unwrap().line, 2);
    assert!(asked(&filter, Vec::new(), &two).parameter.is_none());
    let mapping = [("09 10:00:00", "ERROR", "01296", "Error mapping from HR.EMP to HR.EMP."), ABEND];
    let line = |text: &str| asked(&mapping, Vec::new(), text).parameter.map(|parameter| parameter.line);
    assert_eq!(line("REPLICAT r1\nMAP HR.*, TARGET HR.*;\n"), Some(2));
    assert_eq!(line("REPLICAT r1\nMAPEXCLUDE HR.EMP\nMAP HR.*, TARGET HR.*;\n"), None);
    assert_eq!(line("REPLICAT r1\nSOURCECATALOG PDB2\nMAP HR.*, TARGET HR.*;\n"), None);
}

#[test]
fn a_record_of_another_table_is_of_another_trail() {
    let scratch = tempfile::tempdir().unwrap();
    let path = trail(scratch.path());
    let place = transactions(&path)[2].changes[0].0;
    let ask = |table: &str| {
        let text = format!("Error mapping from {table} to {table} at seqno {} rba {}.", place.0, place.1);
        let log = format!("2024-03-01 10:00:00  ERROR   OGG-01296  Oracle GoldenGate Delivery for Oracle, r1.prm:  {text}\n");
        let request =
            ExplainRequest { inputs: vec![Input::text("ggserr.log", log)], trails: vec![path.clone()], ..Default::default() };
        explain(&request).unwrap().groups.remove(0)
    };
    let table = transactions(&path)[2].changes[0].1.clone();
    assert!(ask(&table).record.is_some());
    let other = ask("HR.NOTHERE");
    assert!(other.record.is_none() && other.unknown.iter().any(|text| text.contains("another trail")), "{other:?}");
    assert!(other.next.iter().all(|step| step.loses.is_none()));
}

/// Explains public artefacts; `None` without `../shared`.
fn public(files: &[&str], parameters: &[&str]) -> Option<Vec<Explanation>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/ops");
    if !folder.is_dir() {
        println!("skipped: no public incidents");
        return None;
    }
    let input = |name: &&str| {
        let path: PathBuf = folder.join(name);
        Input::path(path.display().to_string())
    };
    let (inputs, parameters) = (files.iter().map(input).collect(), parameters.iter().map(input).collect());
    Some(explain(&ExplainRequest { inputs, parameters, ..ExplainRequest::default() }).unwrap().groups)
}

#[test]
fn public_incidents_are_explained() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["ggserr/09_gen2_bigdata_12.2_no_database_suffix.log"], "RES", "OGG-02554"),
        (&["ggserr/12_gen3_iso_offset_0800_filter_error.log"], "RRAJ", "OGG-00375"),
        (&["ggserr/16_gen3_utc_21c_unsupported_cdb.log"], "EMPCUST", "OGG-06220"),
    ];
    for (files, group, code) in cases {
        let Some(groups) = public(files, &[]) else { return };
        let cause = groups[0].cause.as_ref().unwrap();
        assert_eq!((groups[0].group.as_str(), cause.event.code.as_deref()), (*group, Some(*code)), "{groups:?}");
        assert!(groups[0].known.is_some() && !groups[0].next.is_empty(), "{groups:?}");
    }
    let discard = public(&["discard/02_missing_key_column_abend.dsc"], &[]).unwrap();
    let position = discard[0].position.as_ref().unwrap();
    assert_eq!((discard[0].group.as_str(), position.seqno, position.rba), ("RWPC", 76, 973_932));
}
