//! A simulated deployment on a virtual clock: chains of Extract, pump or path, and Replicat, that write command output, REST bodies,
//! logs and listings. The same seed gives the same texts.

// Helpers of tests: a wrong index is a failed test.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use trailcore_ops::{Input, Moment};

/// 2024-03-01 00:00 UTC.
const START: i64 = 1_709_251_200_000_000;
/// Bytes after which a trail rolls over.
const FILE: u64 = 50_000_000;

/// A trail: the end of each file.
#[derive(Clone, Debug)]
pub struct Files {
    pub first: u64,
    pub seqno: u64,
    pub rba: u64,
}

impl Files {
    fn append(&mut self, bytes: u64) {
        self.rba += bytes;
        while self.rba > FILE {
            self.rba -= FILE;
            self.seqno += 1;
        }
    }

    fn total(&self) -> u64 {
        self.seqno * FILE + self.rba
    }
}

/// Faults of a chain, and the texts that it changes.
#[derive(Clone, Default)]
pub struct Knobs {
    /// Extract, pump, Replicat do not move.
    pub stuck: [bool; 3],
    /// No checkpoints are written.
    pub no_checkpoint: [bool; 3],
    pub status: [Option<&'static str>; 3],
    /// The part of the new bytes that pump and Replicat take.
    pub speed: [Option<f64>; 3],
    /// Extract counts, and its trail does not grow.
    pub writer_stuck: bool,
    pub second_table_stands: bool,
    pub restarts: bool,
    pub discards: u64,
    pub collisions: u64,
    pub reset: bool,
    pub open_minutes: Option<i64>,
    pub heartbeat_age: Option<i64>,
    pub watermark: Option<i64>,
    pub skew_minutes: i64,
    pub negative_lag: bool,
    pub process_lag: Option<u64>,
    pub purge_all: bool,
    pub missing_file: bool,
    pub truncated: bool,
    pub replicat_ahead: bool,
    pub replicat_back: bool,
    pub writer_back: bool,
    pub stale_trail: bool,
    pub mixed_digits: bool,
    pub second_writer: bool,
    pub manager: Option<&'static str>,
    pub no_manager: bool,
    pub no_group: Option<usize>,
    pub disk: bool,
    pub drop_inputs: bool,
    pub drop_log: bool,
    pub freeze: bool,
    pub missing_path: bool,
    pub log: Vec<String>,
    pub edit: Option<fn(&str) -> String>,
    pub flap: bool,
    pub readers: usize,
    pub slow_reader: bool,
}

/// A chain.
#[derive(Clone)]
pub struct Chain {
    pub number: usize,
    pub microservices: bool,
    /// Work arrives only in some rounds.
    pub idle: bool,
    pub knobs: Knobs,
    redo: u64,
    source: Files,
    target: Files,
    /// The bytes that pump and Replicat have read.
    read: [u64; 2],
    /// The bytes that further Replicats of the trail have read.
    others: Vec<u64>,
    operations: [[u64; 2]; 3],
    discards: u64,
    collisions: u64,
    started: i64,
    watermark: i64,
    disk_free: u64,
    since: [i64; 3],
    lag: [i64; 3],
}

/// The deployment.
pub struct World {
    pub chains: Vec<Chain>,
    pub now: i64,
    pub round: u64,
    random: u64,
}

impl World {
    pub fn new(streams: usize, seed: u64) -> Self {
        let chain = |number: usize| Chain {
            number,
            microservices: number % 3 == 2,
            idle: number % 5 == 4,
            knobs: Knobs::default(),
            redo: 1_000_000,
            source: Files { first: 0, seqno: 3, rba: 1_500 },
            target: Files { first: 0, seqno: 3, rba: 1_500 },
            read: [3 * FILE + 1_500; 2],
            others: Vec::new(),
            operations: [[1_000; 2]; 3],
            discards: 0,
            collisions: 0,
            started: START,
            watermark: 1,
            disk_free: 1 << 40,
            since: [5; 3],
            lag: [1; 3],
        };
        Self { chains: (0..streams.div_ceil(3)).map(chain).collect(), now: START, round: 0, random: seed }
    }

    fn next(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below.max(1)
    }

    /// Moves the clock, and returns the artefacts of the observation.
    pub fn round(&mut self, minutes: i64) -> Vec<Input> {
        self.now += minutes * 60_000_000;
        self.round += 1;
        let hour = (self.now / 3_600_000_000).rem_euclid(24) as u64;
        // More work by day than by night.
        let season = 20_000 + 10_000 * 12u64.saturating_sub(hour.abs_diff(13));
        let mut inputs = Vec::new();
        for index in 0..self.chains.len() {
            let bytes = season * minutes as u64 + self.next(50_000);
            let idle = self.chains[index].idle && self.next(3) > 0;
            let jitter = [self.next(4) as i64, self.next(4) as i64, self.next(4) as i64];
            let chain = &mut self.chains[index];
            chain.work(if idle { 0 } else { bytes }, minutes, jitter, self.now);
            inputs.extend(chain.inputs(self.now, self.round));
        }
        inputs
    }
}

impl Chain {
    /// Moves the positions.
    fn work(&mut self, bytes: u64, minutes: i64, jitter: [i64; 3], now: i64) {
        let knobs = self.knobs.clone();
        let count = bytes / 500;
        let stuck = knobs.stuck;
        for part in 0..3 {
            self.since[part] = if knobs.no_checkpoint[part] { self.since[part] + minutes * 60 } else { 2 + jitter[part] };
        }
        self.redo += 4_096;
        if stuck[0] || knobs.no_checkpoint[0] {
            self.redo -= 4_096;
            self.lag[0] += minutes * 60;
        } else {
            self.lag[0] = 1 + jitter[0];
            if !knobs.writer_stuck {
                self.source.append(bytes);
            }
            self.count(0, count);
        }
        self.step(0, bytes, jitter[1], minutes);
        let before = self.target.total();
        let sent = self.read[0].saturating_sub(before);
        self.target.append(sent);
        self.count(1, sent / 500);
        let was = self.read[1];
        self.step(1, bytes, jitter[2], minutes);
        self.count(2, (self.read[1] - was.min(self.read[1])) / 500);
        self.others.resize(knobs.readers, self.target.total());
        let slow = self.others.last().copied();
        self.others.iter_mut().for_each(|read| *read = self.target.total());
        if let (true, Some(last), Some(slow)) = (knobs.slow_reader, self.others.last_mut(), slow) {
            *last = slow + bytes / 20;
        }
        self.discards += knobs.discards;
        self.collisions += knobs.collisions;
        self.watermark = knobs.watermark.map_or(1, |grows| self.watermark + grows);
        self.disk_free = if knobs.disk { self.disk_free.min(10_000_000_000) - 500_000_000 } else { self.disk_free };
        if knobs.restarts {
            self.started = now;
        }
        if knobs.reset {
            self.operations = [[1; 2]; 3];
            self.knobs.reset = false;
        }
        if knobs.writer_back {
            (self.target.seqno, self.target.rba) = (self.target.seqno - 1, 700);
            self.read[1] = self.read[1].min(self.target.total());
        }
        if knobs.replicat_back {
            self.read[1] -= FILE / 2;
            self.knobs.replicat_back = false;
        }
        // Old files are purged.
        self.source.first = (self.read[0] / FILE).saturating_sub(2);
        self.target.first = (self.read[1] / FILE).saturating_sub(2);
        if knobs.purge_all {
            self.target.seqno += 3;
            self.target.first = self.target.seqno - 1;
        }
    }

    fn count(&mut self, part: usize, count: u64) {
        self.operations[part][0] += count;
        if !(self.knobs.second_table_stands && part == 2) {
            self.operations[part][1] += count / 2;
        }
    }

    /// Lets pump (0) or Replicat (1) read.
    fn step(&mut self, part: usize, bytes: u64, jitter: i64, minutes: i64) {
        let end = if part == 0 { self.source.total() } else { self.target.total() };
        if self.knobs.stuck[part + 1] || self.knobs.no_checkpoint[part + 1] {
            self.lag[part + 1] += minutes * 60;
            return;
        }
        match self.knobs.speed[part + 1] {
            Some(speed) => {
                self.read[part] = (self.read[part] + (bytes as f64 * speed) as u64).min(end);
                self.lag[part + 1] += minutes * 50;
            }
            None => {
                self.read[part] = end;
                self.lag[part + 1] = 1 + jitter;
            }
        }
    }

    pub fn names(&self) -> [String; 3] {
        [format!("E{:03}", self.number), format!("P{:03}", self.number), format!("R{:03}", self.number)]
    }

    pub fn deployments(&self) -> [String; 2] {
        [format!("s{:03}", self.number), format!("t{:03}", self.number)]
    }

    fn status(&self, part: usize, round: u64) -> &'static str {
        match self.knobs.status[part] {
            Some(status) => status,
            None if self.knobs.flap && part == 2 && round % 2 == 0 => "STOPPED",
            None => "RUNNING",
        }
    }

    /// Returns the artefacts of an observation.
    fn inputs(&self, now: i64, round: u64) -> Vec<Input> {
        if self.knobs.drop_inputs {
            return Vec::new();
        }
        let observed = if self.knobs.freeze { START } else { now };
        let texts = if self.microservices { self.rest(now, round) } else { self.classic(now, round) };
        let mut found: Vec<Input> = texts.into_iter().map(|(side, name, text)| self.input(side, &name, text, observed)).collect();
        if !self.knobs.drop_log {
            found.push(self.input(1, "ggserr.log", self.log(now), observed));
        }
        if let Some(last) = found.first_mut() {
            last.disk_free = Some(self.disk_free);
            if self.knobs.missing_path {
                (last.text, last.path) = (None, Some("/no/such/file".to_owned()));
            }
        }
        found
    }

    fn input(&self, side: usize, name: &str, text: String, observed: i64) -> Input {
        let deployment = self.deployments()[side].clone();
        let text = match self.knobs.edit {
            Some(edit) => edit(&text),
            None => text,
        };
        let mut input = Input::text(format!("{deployment}/{name}"), text);
        (input.deployment, input.observed, input.zone) = (Some(deployment), Some(Moment::from_unix_micros(observed)), Some(0));
        input
    }

    fn time(micros: i64) -> String {
        Moment::local(micros).to_string().replace('T', " ").chars().take(19).collect()
    }

    fn log(&self, now: i64) -> String {
        let mut text = format!(
            "{}  INFO    OGG-01021  Oracle GoldenGate Delivery for Oracle, {}.prm:  Command received from GGSCI: STATS.\n",
            Self::time(now),
            self.names()[2].to_lowercase()
        );
        for line in &self.knobs.log {
            let line = line.replace("$TIME", &Self::time(now)).replace("$R", &self.names()[2].to_lowercase());
            text += &line;
            text.push('\n');
        }
        text
    }

    /// The command output of source and target side.
    fn classic(&self, now: i64, round: u64) -> Vec<(usize, String, String)> {
        let names = self.names();
        let clock = |seconds: i64| format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let mut texts = [String::new(), String::new()];
        for (side, parts) in [(0, 0..2usize), (1, 2..3)] {
            let text = &mut texts[side];
            text.push_str("GGSCI (host) 1> info all\n\nProgram     Status      Group       Lag at Chkpt  Time Since Chkpt\n\n");
            if !self.knobs.no_manager || side == 0 {
                let _ =
                    writeln!(text, "MANAGER     {}", if side == 1 { self.knobs.manager.unwrap_or("RUNNING") } else { "RUNNING" });
            } else {
                text.push_str("JAGENT      RUNNING\n");
            }
            for part in parts.clone().filter(|part| self.knobs.no_group != Some(*part)) {
                let program = if part == 2 { "REPLICAT" } else { "EXTRACT" };
                let _ = writeln!(
                    text,
                    "{program:<11} {:<11} {:<11} {:<13} {}",
                    self.status(part, round),
                    names[part],
                    clock(self.lag[part]),
                    clock(self.since[part])
                );
            }
            for part in parts.filter(|part| self.knobs.no_group != Some(*part)) {
                self.info(text, part, now, round);
                self.stats(text, part, now);
            }
        }
        self.target_extras(&mut texts[1], now, round);
        self.listing(&mut texts[0], &self.source, "/trails/s", "aa");
        self.listing(&mut texts[1], &self.target, "/trails/t", "bb");
        let [source, target] = texts;
        vec![(0, "ggsci.txt".to_owned(), source), (1, "ggsci.txt".to_owned(), target)]
    }

    fn info(&self, text: &mut String, part: usize, now: i64, round: u64) {
        let clock = |seconds: i64| format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let program = if part == 2 { "REPLICAT" } else { "EXTRACT" };
        let name = &self.names()[part];
        let _ = write!(
            text,
            "\nGGSCI (host) 2> info {name}, detail\n\n{program:<10} {name:<9} Last Started {}   Status {}\n",
            &Self::time(self.started)[..16],
            self.status(part, round)
        );
        let sign = if self.knobs.negative_lag && part == 2 { "-" } else { "" };
        let _ = writeln!(
            text,
            "Checkpoint Lag       {sign}{} (updated {} ago)\nProcess ID           {}",
            clock(self.lag[part]),
            clock(self.since[part]),
            4_000 + part
        );
        let record =
            Self::time(now - self.lag[part] * 1_000_000 + if part == 2 { self.knobs.skew_minutes * 60_000_000 } else { 0 });
        if part == 0 {
            let _ = writeln!(
                text,
                "Log Read Checkpoint  Oracle Redo Logs\n                     {record}  Seqno 7, RBA {}",
                self.redo
            );
        } else {
            let mut read = self.read[part - 1];
            if part == 2 && self.knobs.replicat_ahead {
                read = self.target.total() + 40 * FILE;
            }
            let (folder, trail) = if part == 1 { ("/trails/s", "aa") } else { ("/trails/t", "bb") };
            let _ = writeln!(
                text,
                "Log Read Checkpoint  File {folder}{}/{trail}{:09}\n                     {record}  RBA {}",
                self.number,
                read / FILE,
                read % FILE
            );
        }
        let trail = |text: &mut String, path: String, seqno: u64, rba: u64| {
            let _ = writeln!(
                text,
                "\n  Target Extract Trails:\n\n  Trail Name                                       Seqno        RBA     Max MB Trail Type\n\n  {path} {seqno:>20} {rba:>10}        500 EXTTRAIL"
            );
        };
        match part {
            0 => trail(text, format!("/trails/s{}/aa", self.number), self.source.seqno, self.source.rba),
            1 => trail(text, format!("/trails/t{}/bb", self.number), self.target.seqno, self.target.rba),
            _ => {}
        }
        if part == 1 && self.knobs.second_writer {
            trail(text, format!("/trails/s{}/aa", self.number), self.source.seqno, self.source.rba);
        }
        if part == 1 && self.knobs.stale_trail {
            let _ = writeln!(text, "  /old/bi                            0          0        500 EXTTRAIL");
        }
    }

    fn stats(&self, text: &mut String, part: usize, now: i64) {
        let (name, program) = (&self.names()[part], if part == 2 { "REPLICAT" } else { "EXTRACT" });
        let _ = write!(text, "\nSending STATS request to {program} {name} ...\n\nStart of Statistics at {}.\n", Self::time(now));
        for (number, table) in ["A.ONE", "A.TWO"].iter().enumerate() {
            let verb = if part == 2 { "Replicating" } else { "Extracting" };
            let count = self.operations[part][number];
            let _ = write!(
                text,
                "\n{verb} from {table} to {table}:\n\n*** Total statistics since {} ***\n        Total inserts                   {count:>16}.00\n        Total operations                {count:>16}.00\n",
                Self::time(START)
            );
            if part == 2 {
                let _ = write!(
                    text,
                    "        Total discards                  {:>16}.00\n        Total collisions                {:>16}.00\n",
                    self.discards, self.collisions
                );
            }
        }
        text.push_str("\nEnd of Statistics.\n");
    }

    /// Answers of other commands on the target side.
    fn target_extras(&self, text: &mut String, now: i64, round: u64) {
        let name = &self.names()[2];
        if let Some(lag) = self.knobs.process_lag {
            let _ = write!(text, "\nSending GETLAG request to REPLICAT {name} ...\nLast record lag {lag} seconds.\n");
        } else if self.knobs.watermark.is_some() || self.watermark > 1 {
            let _ = write!(
                text,
                "\nSending GETLAG request to REPLICAT {name} ...\nLast record lag 2 seconds.\nLow watermark lag: {}.\nHigh watermark lag: 1.\n",
                self.watermark
            );
        }
        if let Some(minutes) = self.knobs.open_minutes {
            let started = Self::time(now - minutes * 60_000_000).replace(' ', ":");
            let _ = write!(
                text,
                "\nSending SHOWTRANS request to EXTRACT {name} ...\n\n----------\nXID:                  5.15.930\nItems:                7\nExtract:              {name}\nStart Time:           {started}\nStatus:               Running\n"
            );
        }
        let age = self.knobs.heartbeat_age.map_or(30, |age| age * round as i64);
        let _ = write!(text, "\nLAG     AGE     FROM  TO    PATH\n1.5s    {age}s    ORCL  TGT   E ==> P ==> {name}\n");
        for (number, read) in self.others.iter().enumerate() {
            let _ = write!(
                text,
                "\nREPLICAT   X{:03}{number}    Last Started 2024-03-01 00:00   Status RUNNING\nCheckpoint Lag       00:00:01 (updated 00:00:02 ago)\nLog Read Checkpoint  File /trails/t{}/bb{:09}\n                     {}  RBA {}\n",
                self.number,
                self.number,
                read / FILE,
                Self::time(now),
                read % FILE
            );
        }
    }

    fn listing(&self, text: &mut String, files: &Files, folder: &str, trail: &str) {
        let _ = write!(text, "\nDirectory of {folder}{}\n\n", self.number);
        let sizes: BTreeMap<u64, u64> =
            (files.first..=files.seqno).map(|seqno| (seqno, if seqno == files.seqno { files.rba } else { FILE })).collect();
        for (seqno, size) in sizes {
            if self.knobs.missing_file && trail == "bb" && seqno == files.seqno {
                continue;
            }
            let size = if self.knobs.truncated && trail == "bb" && seqno == files.seqno { 10 } else { size };
            let _ = writeln!(text, "-rw-r----- 1 ogg oinstall {size} Mar  1 10:00 {trail}{seqno:09}");
        }
        if self.knobs.mixed_digits && trail == "bb" {
            let _ = writeln!(text, "-rw-r----- 1 ogg oinstall 17 Mar  1 10:00 {trail}{:06}", files.first);
        }
    }

    /// The bodies of the REST API.
    fn rest(&self, now: i64, round: u64) -> Vec<(usize, String, String)> {
        let names = self.names();
        let mut found = Vec::new();
        let started = Moment::from_unix_micros(self.started);
        let _ = now;
        for (part, collection, kind) in
            [(0, "extracts", "extractStatus"), (1, "sources", "distPathStatus"), (2, "replicats", "replicatStatus")]
        {
            if self.knobs.no_group == Some(part) {
                continue;
            }
            let side = usize::from(part == 2);
            let position = if part == 2 {
                format!(
                    r#","position":{{"name":"bb","path":"/trails/t{}/","sequence":"{}","offset":{}}}"#,
                    self.number,
                    self.read[1] / FILE,
                    self.read[1] % FILE
                )
            } else {
                String::new()
            };
            let text = format!(
                r#"{{"$schema":"api:standardResponse","links":[{{"rel":"self","href":"https://h/services/v2/{collection}/{}/info/status"}}],"messages":[],"response":{{"$schema":"ogg:{kind}","lag":{},"lastStarted":"{started}","processId":"{}","sinceLagReported":{},"status":"{}"{position}}}}}"#,
                names[part],
                self.lag[part],
                4_000 + part,
                self.since[part],
                self.status(part, round).to_lowercase(),
            );
            found.push((side, format!("{collection}.json"), text));
        }
        let points = [
            (0, true, "s", "aa", self.source.total()),
            (1, false, "s", "aa", self.read[0]),
            (1, true, "t", "bb", self.target.total()),
        ];
        for (part, output, side, trail, at) in points {
            let word = if output { "trailOutput" } else { "trailInput" };
            let text = format!(
                r#"{{"links":[{{"href":"https://h/services/v2/mpoints/{}/{word}"}}],"messages":[],"response":{{"$schema":"mpoints:{word}","trailName":"{trail}","trailPath":"/trails/{side}{}","trailSeq":{},"trailRba":"{}"}}}}"#,
                names[part],
                self.number,
                at / FILE,
                at % FILE,
            );
            found.push((0, format!("{}-{word}.json", names[part]), text));
        }
        found
    }
}
