//! The proof of purging: a public transcript, single cases, and a model over many random situations.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // the artefacts of this test are its own

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use trailcore_ops::Input;
use trailcore_ops::backup::{BlockerKind, PurgeFile, PurgeReason, PurgeReport, PurgeRequest, ReaderPosition, purge};

/// A listing of a directory, with files of one trail.
fn listing(folder: &str, names: impl Iterator<Item = String>) -> String {
    let mut text = format!("Directory of {folder}\n\n");
    for name in names {
        let _ = writeln!(text, "-rw-r----- 1 ogg ogg 5000 2024-03-01 12:00:00 {name}");
    }
    text
}

fn info_all(groups: &[(&str, &str, &str)]) -> String {
    let mut text = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nMANAGER     RUNNING\n".to_owned();
    for (program, status, group) in groups {
        let _ = writeln!(text, "{program:<11} {status:<11} {group:<11} 00:00:00      00:00:05");
    }
    text + "\n"
}

fn reads(program: &str, group: &str, status: &str, file: &str, rba: u64) -> String {
    format!(
        "{program:<10} {group:<9} Last Started 2024-03-01 10:00   Status {status}\nCheckpoint Lag       00:00:00 (updated 00:00:04 ago)\nLog Read Checkpoint  File {file}\n                     2024-03-01 10:12:42.000000  RBA {rba}\n\n"
    )
}

fn writes(group: &str, trails: &[(String, u64, u64)]) -> String {
    let mut text = format!(
        "EXTRACT    {group:<9} Last Started 2024-03-01 10:00   Status RUNNING\nCheckpoint Lag       00:00:00 (updated 00:00:04 ago)\nLog Read Checkpoint  Oracle Redo Logs\n                     2024-03-01 10:12:42  Seqno 7404, RBA 215451648\n\n  Target Extract Trails:\n\n  Trail Name                                       Seqno        RBA     Max MB Trail Type\n\n"
    );
    for (trail, seqno, rba) in trails {
        let _ = writeln!(text, "  {trail:<44} {seqno:>10} {rba:>10}        500 EXTTRAIL");
    }
    text + "\n"
}

fn judged(inputs: Vec<Input>) -> PurgeReport {
    purge(&PurgeRequest { inputs, ..PurgeRequest::default() }).unwrap()
}

fn reasons(report: &PurgeReport) -> Vec<PurgeReason> {
    report.trails.iter().flat_map(|trail| &trail.files).map(|file| file.reason).collect()
}

fn files(range: std::ops::Range<u64>) -> String {
    listing("/u01/dirdat", range.map(|seqno| format!("aa{seqno:09}")))
}

#[test]
fn the_blockers_of_a_public_transcript_are_named() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/ops/cli");
    let Some(path) = std::fs::read_dir(&path).ok().and_then(|entries| {
        entries
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("07")))
    }) else {
        println!("skipped: {} is not present", path.display());
        return;
    };
    let names = (1_000..1_103u64).map(|seqno| format!("bi{seqno:09}"));
    let text = listing("/u01/app/ogg/dirdatmis", names);
    let report = judged(vec![
        Input::path(path.display().to_string()),
        Input::text("ls.txt", text),
        Input::text("all.txt", info_all(&[("EXTRACT", "RUNNING", "EXT_BI"), ("EXTRACT", "RUNNING", "PUMP_BI")])),
        Input::text("pump.txt", reads("EXTRACT", "PUMP_BI", "RUNNING", "/u01/app/ogg/dirdatmis/bi000001102", 98_001_000)),
    ]);
    let blocker = report.blockers.iter().find(|blocker| blocker.kind == BlockerKind::StaleTrail).unwrap();
    assert_eq!(blocker.text, "blocked by stale trail /u01/app/ogg/dirdatmis/bi seqno 0 of default/EXT_BI");
    assert_eq!(blocker.advice, "if nothing writes it: DELETE EXTTRAIL /u01/app/ogg/dirdatmis/bi");
    let trail = &report.trails[0];
    assert!(trail.files.iter().rev().skip(1).all(|file| file.reason == PurgeReason::StaleTrail && !file.is_safe));
    assert_eq!((trail.safe_bytes, trail.files.len()), (0, 103));
}

#[test]
fn a_stale_reader_is_named() {
    let groups = [("EXTRACT", "RUNNING", "P1"), ("REPLICAT", "RUNNING", "R1"), ("REPLICAT", "STOPPED", "ROLD")];
    let report = judged(vec![
        Input::text("all.txt", info_all(&groups)),
        Input::text("p1.txt", writes("P1", &[("/u01/dirdat/aa".to_owned(), 9, 100)])),
        Input::text("r1.txt", reads("REPLICAT", "R1", "RUNNING", "/u01/dirdat/aa000000009", 50)),
        Input::text("rold.txt", reads("REPLICAT", "ROLD", "STOPPED", "/u01/dirdat/aa000000006", 50)),
        Input::text("ls.txt", files(4..10)),
    ]);
    use PurgeReason::{Read, ReaderNeeds};
    assert_eq!(reasons(&report), [Read, Read, ReaderNeeds, ReaderNeeds, ReaderNeeds, ReaderNeeds]);
    assert_eq!((report.blockers.len(), report.blockers[0].kind), (1, BlockerKind::StaleReader));
    assert_eq!(report.blockers[0].advice, "start it; or, if it is no longer needed: DELETE REPLICAT ROLD");
    assert_eq!(report.trails[0].files[0].path, "/u01/dirdat/aa000000004");
    assert_eq!(report.trails[0].files[2].text, "default/ROLD is at 6/50");
}

#[test]
fn what_is_not_known_keeps_every_file() {
    let all = |groups: &[(&str, &str, &str)]| Input::text("all.txt", info_all(groups));
    let reader = || Input::text("r1.txt", reads("REPLICAT", "R1", "RUNNING", "/u01/dirdat/aa000000007", 50));
    let listed = || Input::text("ls.txt", files(4..10));
    let only = |inputs: Vec<Input>, reason: PurgeReason| {
        let report = judged(inputs);
        assert!(reasons(&report).iter().all(|own| *own == reason), "{reason:?} {:?}", reasons(&report));
        assert_eq!(report.trails[0].safe_bytes, 0);
    };
    only(vec![reader(), listed()], PurgeReason::ReadersNotListed);
    only(vec![all(&[("EXTRACT", "RUNNING", "E1")]), listed()], PurgeReason::ReaderWithoutPosition);
    let two = [("REPLICAT", "RUNNING", "R1"), ("REPLICAT", "ABENDED", "R2")];
    only(vec![all(&two), reader(), listed()], PurgeReason::ReaderWithoutPosition);
    only(vec![all(&two[..1]), reader(), listed(), Input::path("/no/such/file")], PurgeReason::InputUnreadable);
    let other = Input::text("r1.txt", reads("REPLICAT", "R1", "RUNNING", "/u01/dirdat/bb000000007", 50));
    only(vec![all(&two[..1]), other, listed()], PurgeReason::UnknownReader);
    let ahead = Input::text("r1.txt", reads("REPLICAT", "R1", "RUNNING", "/u01/dirdat/aa000000010", 50));
    only(vec![all(&two[..1]), ahead, listed()], PurgeReason::ReaderAhead);
    let mixed = listing("/u01/dirdat", (4..10u64).flat_map(|seqno| [format!("aa{seqno:09}"), format!("aa{seqno:06}")]));
    only(vec![all(&two[..1]), reader(), Input::text("ls.txt", mixed)], PurgeReason::MixedDigits);
    // A deployment with a distribution service may have paths, which INFO ALL does not list.
    let services = info_all(&two[..1]).replace("MANAGER ", "DISTSRVR");
    only(vec![Input::text("all.txt", services), reader(), listed()], PurgeReason::ReadersNotListed);
    // The list is cut off at any place after its first row.
    let whole = info_all(&two);
    for length in whole.find("REPLICAT").unwrap() + 40..whole.len() - 1 {
        let report = judged(vec![Input::text("all.txt", &whole[..length]), reader(), listed()]);
        assert_eq!(report.trails[0].safe_bytes, 0, "{}", &whole[..length]);
    }
    // The same trail by another path.
    let link = Input::text("r2.txt", reads("REPLICAT", "R2", "RUNNING", "/data/aa000000005", 50));
    let report = judged(vec![all(&two), reader(), link, listed()]);
    use PurgeReason::{MayBeRead, Read, ReaderNeeds};
    assert_eq!(reasons(&report), [Read, MayBeRead, MayBeRead, ReaderNeeds, ReaderNeeds, ReaderNeeds]);
}

#[test]
fn a_reader_counts_for_one_group_only() {
    let all = || info_all(&[("REPLICAT", "RUNNING", "R1")]);
    let deployment = |name: &str, input: Input| Input { deployment: Some(name.to_owned()), ..input };
    let safe = |deployments: &[&str], names: &[&str]| {
        let listed = deployments.iter().map(|name| deployment(name, Input::text("all.txt", all())));
        let inputs = listed.chain([deployment("east", Input::text("ls.txt", files(4..10)))]).collect();
        let position = |name: &&str| ReaderPosition { name: (*name).into(), trail: "/u01/dirdat/aa".into(), seqno: 7, rba: 1 };
        let readers = names.iter().map(position).collect();
        purge(&PurgeRequest { inputs, readers, ..PurgeRequest::default() }).unwrap().trails[0].safe_bytes
    };
    assert_eq!(safe(&["east", "west"], &["R1"]), 0, "west/R1 may read the trail, too");
    assert_eq!(safe(&["east", "west"], &["east/R1"]), 0);
    assert_eq!(safe(&["east", "west"], &["east/r1", "west/R1"]), 15_000);
    assert_eq!(safe(&["east"], &["r1"]), 15_000);
}

#[test]
fn a_reader_of_several_positions_is_at_the_lowest() {
    let checkpoint = |number: u64, seqno: u64| {
        format!(
            "Read Checkpoint #{number}\n\n  GGS Log Trail\n\n  Startup Checkpoint (starting position in the data source):\n    Sequence #: 1\n    RBA: 0\n    Timestamp: 2024-03-01 10:00:00.000000\n    Extract Trail: /u01/dirdat/aa\n\n  Current Checkpoint (position of last record read in the data source):\n    Sequence #: {seqno}\n    RBA: 77\n    Timestamp: 2024-03-01 10:00:00.000000\n    Extract Trail: /u01/dirdat/aa\n\n"
        )
    };
    let head = reads("REPLICAT", "R1", "RUNNING", "/u01/dirdat/aa000000008", 50);
    let text = format!("{head}\nCurrent Checkpoint Detail:\n\n{}{}", checkpoint(1, 6), checkpoint(2, 8));
    let all = Input::text("all.txt", info_all(&[("REPLICAT", "RUNNING", "R1")]));
    let report = judged(vec![all, Input::text("r1.txt", text), Input::text("ls.txt", files(4..10))]);
    assert_eq!(report.trails[0].needed, Some(6));
    assert_eq!(report.trails[0].files.iter().filter(|file| file.is_safe).count(), 2);
}

#[test]
fn the_rest_api_lists_readers_too() {
    let list = |collection: &str, names: &[&str]| {
        let items: Vec<_> = names.iter().map(|name| serde_json::json!({"name": name, "status": "running"})).collect();
        let link = format!("https://host/services/v2/{collection}");
        let body = serde_json::json!({"links": [{"rel": "self", "href": link}], "response": {"items": items}});
        Input::text(format!("{collection}.json"), body.to_string())
    };
    let status = serde_json::json!({
        "links": [{"rel": "self", "href": "https://host/services/v2/replicats/R1/info/status"}],
        "response": {"$schema": "ogg:replicatStatus", "status": "running", "lag": 0,
            "position": {"name": "aa", "path": "/u01/dirdat", "sequence": 7, "offset": 50}},
    });
    let status = Input::text("status.json", status.to_string());
    let listed = Input::text("ls.txt", files(4..10));
    let all = vec![list("extracts", &[]), list("replicats", &["R1"]), list("sources", &[]), status, listed];
    let report = judged(all.clone());
    assert_eq!(report.trails[0].files.iter().filter(|file| file.is_safe).count(), 3, "{:?}", report.trails[0].files);
    for missing in 0..3 {
        let mut inputs = all.clone();
        inputs.remove(missing);
        let own = judged(inputs);
        assert!(reasons(&own).iter().all(|reason| *reason == PurgeReason::ReadersNotListed), "{missing}");
    }
    let paths = vec![list("extracts", &[]), list("replicats", &["R1"]), list("sources", &["P1"]), all[3].clone(), all[4].clone()];
    assert!(reasons(&judged(paths)).iter().all(|reason| *reason == PurgeReason::ReaderWithoutPosition));
}

/// Repeatable choices.
struct Choice(u64);

impl Choice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }
}

/// A reader as it is in truth.
struct Reader {
    name: String,
    is_replicat: bool,
    /// The trail that it really reads, by number.
    trail: usize,
    seqno: u64,
    rba: u64,
    /// The spelling of the trail in its artefact.
    spelling: String,
    status: &'static str,
    /// An artefact has its position.
    is_seen: bool,
}

/// A writer as it is in truth.
struct Writer {
    trail: usize,
    seqno: u64,
    rba: u64,
    /// It has a write checkpoint at 0/0 under another spelling, too.
    stale: bool,
    is_seen: bool,
}

/// A deployment as it is in truth, and what an observer sees of it.
struct Situation {
    trails: Vec<(String, u64, u64)>,
    digits: usize,
    readers: Vec<Reader>,
    writers: Vec<Writer>,
    has_list: bool,
    list_is_cut: bool,
    vouched: bool,
    unreadable: bool,
    keep: u64,
}

const FOLDER: &str = "/u01/ogg/dirdat";

impl Situation {
    fn random(choice: &mut Choice) -> Self {
        let names = ["aa", "bb", "cc"];
        let count = 1 + choice.below(3) as usize;
        let trails: Vec<(String, u64, u64)> = (0..count)
            .map(|trail| {
                let first = choice.below(6);
                (names[trail].to_owned(), first, first + choice.below(7))
            })
            .collect();
        let readers = (0..choice.below(5)).map(|number| {
            let trail = choice.below(count as u64) as usize;
            let (name, first, last) = &trails[trail];
            // Mostly inside of the trail; sometimes before it, or at the file after the last one.
            let seqno = match choice.below(12) {
                0 => first.saturating_sub(1),
                1 => last + 1,
                2 => last + 2,
                _ => first + choice.below(last - first + 1),
            };
            let rba = if seqno > *last && !choice.one_in(4) { 0 } else { choice.below(5_000) };
            let spelling = match choice.below(6) {
                0 => format!("./dirdat/{name}"),
                1 => format!("/mnt/link/{name}"),
                _ => format!("{FOLDER}/{name}"),
            };
            Reader {
                name: format!("R{number}"),
                is_replicat: !choice.one_in(3),
                trail,
                seqno,
                rba,
                spelling,
                status: ["RUNNING", "RUNNING", "STOPPED", "ABENDED"][choice.below(4) as usize],
                is_seen: !choice.one_in(8),
            }
        });
        let readers: Vec<Reader> = readers.collect();
        let writers = (0..count).map(|trail| Writer {
            trail,
            seqno: trails[trail].2.saturating_sub(choice.below(2)),
            rba: 1 + choice.below(5_000),
            stale: choice.one_in(10),
            is_seen: !choice.one_in(5),
        });
        let writers = writers.collect();
        Self {
            digits: if choice.one_in(4) { 6 } else { 9 },
            writers,
            readers,
            has_list: !choice.one_in(6),
            list_is_cut: choice.one_in(12),
            vouched: choice.one_in(10),
            unreadable: choice.one_in(20),
            keep: 1 + choice.below(3),
            trails,
        }
    }

    fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let program = |is_replicat: bool| if is_replicat { "REPLICAT" } else { "EXTRACT" };
        // A writer that is not seen is an Extract of another deployment: a trail that a pump brings.
        let writers = self.writers.iter().filter(|writer| writer.is_seen);
        let names: Vec<String> = writers.clone().map(|writer| format!("E{}", writer.trail)).collect();
        if self.has_list {
            let groups: Vec<(&str, &str, &str)> = names
                .iter()
                .map(|name| ("EXTRACT", "RUNNING", name.as_str()))
                .chain(self.readers.iter().map(|reader| (program(reader.is_replicat), reader.status, reader.name.as_str())))
                .collect();
            let mut text = info_all(&groups);
            if self.list_is_cut {
                // The end of the table is cut off, at the end of a row or inside of one.
                let rows = text.trim_end().rfind('\n').unwrap() + 1;
                text.truncate(if self.keep == 1 { rows } else { text.trim_end().len() - 10 * self.keep as usize });
            }
            inputs.push(Input::text("all.txt", text));
        }
        for writer in writers {
            let (name, ..) = &self.trails[writer.trail];
            let mut trails = vec![(format!("{FOLDER}/{name}"), writer.seqno, writer.rba)];
            if writer.stale {
                trails.push((format!("./dirdat/{name}"), 0, 0));
            }
            // The model of a stream has one position for each spelling.
            inputs.push(Input::text(format!("E{}", writer.trail), writes(&format!("E{}", writer.trail), &trails)));
        }
        for reader in self.readers.iter().filter(|reader| reader.is_seen) {
            let file = format!("{}{:0width$}", reader.spelling, reader.seqno, width = self.digits);
            let text = reads(program(reader.is_replicat), &reader.name, reader.status, &file, reader.rba);
            inputs.push(Input::text(reader.name.clone(), text));
        }
        for (name, first, last) in &self.trails {
            let names = (*first..=*last).map(|seqno| format!("{name}{seqno:0width$}", width = self.digits));
            inputs.push(Input::text(format!("ls-{name}"), listing(FOLDER, names)));
        }
        if self.unreadable {
            inputs.push(Input::path("/no/such/file"));
        }
        inputs
    }

    fn texts(&self) -> Vec<String> {
        self.inputs().into_iter().filter_map(|input| input.text).collect()
    }

    /// Returns whether a reader or the writer needs a file, in truth.
    fn is_needed(&self, trail: usize, seqno: u64) -> bool {
        let by_reader = self.readers.iter().any(|reader| reader.trail == trail && reader.seqno <= seqno);
        by_reader || seqno == self.trails[trail].2 || self.writers[trail].seqno <= seqno
    }

    /// Returns whether the reason of a file is true.
    fn is_true(&self, trail: usize, file: &PurgeFile) -> bool {
        let (_, first, last) = &self.trails[trail];
        let own = |reader: &&Reader| file.stream.as_deref() == Some(&format!("default/{}", reader.name));
        let seen = self.readers.iter().filter(|reader| reader.is_seen);
        match file.reason {
            PurgeReason::Read => !self.is_needed(trail, file.seqno),
            PurgeReason::ReaderNeeds => {
                seen.clone().find(own).is_some_and(|reader| reader.trail == trail && reader.seqno <= file.seqno)
            }
            PurgeReason::MayBeRead => seen
                .clone()
                .find(own)
                .is_some_and(|reader| reader.trail == trail && reader.spelling.starts_with("/mnt") && reader.seqno <= file.seqno),
            PurgeReason::Written => {
                let writer = &self.writers[trail];
                file.seqno == *last || writer.seqno <= file.seqno || (!writer.is_seen && file.seqno + 1 == *last)
            }
            PurgeReason::StaleTrail => self.writers[trail].stale && self.writers[trail].is_seen,
            PurgeReason::KeptByRule => last - file.seqno < self.keep && file.seqno >= *first,
            PurgeReason::UnknownReader => {
                !seen.clone().any(|reader| reader.trail == trail && !reader.spelling.starts_with("/mnt"))
            }
            PurgeReason::ReaderWithoutPosition => self.readers.iter().find(own).is_some_and(|reader| !reader.is_seen),
            PurgeReason::ReadersNotListed => !self.vouched && (!self.has_list || self.list_is_cut),
            PurgeReason::InputUnreadable => self.unreadable,
            PurgeReason::ReaderAhead => {
                seen.clone().find(own).is_some_and(|reader| reader.trail == trail && (reader.seqno, reader.rba) > (*last + 1, 0))
            }
            _ => false,
        }
    }
}

#[test]
fn no_file_that_is_needed_is_safe_and_every_reason_is_true() {
    let mut choice = Choice(2_024);
    let mut counts: BTreeMap<PurgeReason, u64> = BTreeMap::new();
    let situations = 10_000;
    for number in 0..situations {
        let situation = Situation::random(&mut choice);
        let complete = if situation.vouched { vec!["default".to_owned()] } else { Vec::new() };
        // Whoever vouches for the readers also gives the readers without an artefact.
        let unseen = situation.readers.iter().filter(|reader| situation.vouched && !reader.is_seen);
        let readers: Vec<ReaderPosition> = unseen
            .map(|reader| ReaderPosition {
                name: format!("default/{}", reader.name),
                trail: reader.spelling.clone(),
                seqno: reader.seqno,
                rba: reader.rba,
            })
            .collect();
        let vouched: Vec<String> = readers.iter().map(|reader| reader.name.clone()).collect();
        let inputs = situation.inputs();
        let report = purge(&PurgeRequest { inputs, readers, complete, keep_files: situation.keep }).unwrap();
        assert_eq!(report.trails.len(), situation.trails.len());
        for (index, trail) in report.trails.iter().enumerate() {
            for file in &trail.files {
                *counts.entry(file.reason).or_default() += 1;
                let needed = situation.is_needed(index, file.seqno);
                assert!(!(file.is_safe && needed), "{number}: {} is needed: {file:?}\n{:#?}", trail.trail, situation.texts());
                assert_eq!(file.is_safe, file.reason == PurgeReason::Read);
                let by_word = file.stream.as_ref().is_some_and(|stream| vouched.contains(stream));
                assert!(by_word || situation.is_true(index, file), "{number}: {} {file:?}", trail.trail);
            }
        }
    }
    println!("{counts:?}");
    // Every reason was met, and files were safe in many situations.
    for reason in [
        PurgeReason::Read,
        PurgeReason::ReaderNeeds,
        PurgeReason::MayBeRead,
        PurgeReason::Written,
        PurgeReason::StaleTrail,
        PurgeReason::KeptByRule,
        PurgeReason::UnknownReader,
        PurgeReason::ReaderWithoutPosition,
        PurgeReason::ReadersNotListed,
        PurgeReason::InputUnreadable,
        PurgeReason::ReaderAhead,
    ] {
        assert!(counts.get(&reason).copied().unwrap_or(0) >= 100, "{reason:?}: {counts:?}");
    }
}
