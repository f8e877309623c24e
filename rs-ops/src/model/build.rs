//! Builds a snapshot of readings: each artefact adds what it has to the streams.

use std::collections::{BTreeMap, BTreeSet};

use trailcore::ErrorKind;

use crate::fault::Place;
use crate::input::{Input, RefusedInput};
use crate::model::{
    Backlog, Counter, Evidence, InputSeen, LagDefinition, LagValue, Message, Method, OpenWork, ProcessState, RedoPoint, Service,
    Snapshot, Stream, StreamKind, TO, TrailFiles, TrailName, TrailPoint, is_stale, link,
};
use crate::moment::Moment;
use crate::read::{
    Content, CountSet, GroupInfo, HeartbeatSample, InfoAll, Kind, LagAnswer, Listing, Log, LogRecord, PipelineSeen, Point,
    Reading, RestBody, RunReport, Section, Severity, Stats, StatsdSample, TableStats,
};

/// Messages of a stream that are kept.
const MESSAGES: usize = 200;

/// Deployment, process, trail, and whether the process writes it.
type SampleOf = (String, String, String, bool);
/// Sequence number and byte offset of a trail, as far as samples have them.
type Sampled = (Option<u64>, Option<u64>, Place);

/// A snapshot that is being built.
#[derive(Debug, Default)]
struct Builder {
    streams: BTreeMap<(String, String), Stream>,
    services: BTreeMap<(String, String), Service>,
    trails: BTreeMap<(String, String), TrailFiles>,
    /// The starts of groups. A start that is only an information in a log makes no stream.
    starts: BTreeMap<(String, String), Vec<Moment>>,
    /// The states of the end of file, as processes answered, with the time of the observation.
    eofs: BTreeMap<(String, String), (Option<Moment>, Option<String>)>,
    rest: Snapshot,
}

/// The circumstances of an artefact: its name, deployment, time and zone.
struct Context<'a> {
    artefact: &'a str,
    deployment: String,
    observed: Option<Moment>,
    zone: Option<i16>,
}

impl Context<'_> {
    fn evidence(&self, place: Place, method: Method) -> Evidence {
        Evidence { artefact: self.artefact.to_owned(), place, observed: self.observed, method }
    }

    fn time(&self, time: Option<Moment>) -> Option<Moment> {
        time.map(|time| time.in_zone(self.zone))
    }

    /// Returns the same with the deployment that the artefact itself names.
    fn of(&self, deployment: Option<&str>) -> Self {
        let deployment = deployment.map_or_else(|| self.deployment.clone(), str::to_owned);
        Self { artefact: self.artefact, deployment, observed: self.observed, zone: self.zone }
    }
}

impl Snapshot {
    /// Builds a snapshot of inputs that were read. An input that could not be read is part of it, with the reason.
    #[must_use]
    pub fn of(inputs: &[(Input, trailcore::Result<Reading>)]) -> Self {
        let mut builder = Builder::default();
        for (input, reading) in inputs {
            let deployment = input.deployment.clone().unwrap_or_else(|| "default".to_owned());
            let mut seen = InputSeen {
                artefact: input.label().to_owned(),
                deployment: deployment.clone(),
                observed: input.observed,
                kind: None,
                faults: BTreeMap::new(),
                error: None,
                is_wrong: false,
            };
            match reading {
                Ok(reading) => {
                    seen.kind = Some(reading.kind).filter(|kind| *kind != Kind::Empty);
                    seen.faults.clone_from(&reading.faults.counts);
                    let context = Context { artefact: &reading.artefact, deployment, observed: input.observed, zone: input.zone };
                    builder.add(&context, reading);
                }
                Err(error) => {
                    seen.is_wrong = error.kind() == ErrorKind::Unsupported;
                    seen.error = Some(error.to_string());
                }
            }
            builder.rest.inputs.push(seen);
        }
        for (input, _) in inputs {
            builder.list(input);
            if let Some(free) = input.disk_free {
                let deployment = input.deployment.as_deref().unwrap_or("default");
                builder.rest.disks.insert(format!("{deployment}\u{0}{}", input.label()), free);
            }
        }
        builder.finish()
    }

    /// Returns the inputs that could not be read, with the reason.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedInput> {
        let refused = |input: &InputSeen| Some(RefusedInput { artefact: input.artefact.clone(), reason: input.error.clone()? });
        self.inputs.iter().filter_map(refused).collect()
    }
}

impl Builder {
    fn stream(&mut self, context: &Context<'_>, name: &str) -> &mut Stream {
        let key = stream_key(context, name);
        let (deployment, name) = key.clone();
        self.streams.entry(key).or_insert_with(|| Stream { deployment, name, ..Stream::default() })
    }

    fn finish(mut self) -> Snapshot {
        for (key, stream) in &mut self.streams {
            stream.starts = self.starts.remove(key).unwrap_or_default();
            if let Some((at, eof)) = self.eofs.remove(key) {
                let state = stream.evidence.as_ref().and_then(|evidence| evidence.observed);
                stream.eof = eof.filter(|_| !is_stale(at, state));
            }
        }
        let mut snapshot = self.rest;
        snapshot.streams = self.streams.into_values().collect();
        snapshot.services = self.services.into_values().collect();
        snapshot.trails = self.trails.into_values().collect();
        snapshot.at = snapshot.inputs.iter().filter_map(|input| input.observed).max();
        snapshot.links = link::find(&snapshot);
        snapshot
    }

    fn add(&mut self, context: &Context<'_>, reading: &Reading) {
        match &reading.content {
            Content::Transcript(transcript) => {
                // `INFO ALL` first: the other sections have more.
                for section in &transcript.sections {
                    self.section(context, section);
                }
                self.events(context, &transcript.events);
            }
            Content::Log(log) => self.log(context, log),
            Content::Rest(body) => self.body(context, body),
            Content::Statsd(samples) => self.statsd(context, samples),
            Content::Report(report) => self.report(context, report),
            Content::Pipelines(pipelines) => pipelines.iter().for_each(|pipeline| self.pipeline(context, pipeline)),
            Content::Discard(file) => {
                for start in &file.opened {
                    let discarded = file.entries.len() as u64;
                    self.stream(context, &start.group).discarded = discarded;
                }
            }
        }
    }

    /// Adds a pipeline: a stream for each of its sinks, since each has a position of its own.
    fn pipeline(&mut self, context: &Context<'_>, pipeline: &PipelineSeen) {
        for lane in &pipeline.lanes {
            let name = format!("{}/{}", pipeline.name, lane.sink);
            let evidence = context.evidence(Place::default(), Method::Measured);
            // Names of pipelines differ by case.
            let key = (context.deployment.clone(), name.clone());
            let stream = self.streams.entry(key).or_default();
            if has_later(stream, &evidence) {
                continue;
            }
            *stream = Stream { deployment: context.deployment.clone(), name, kind: StreamKind::Pipeline, ..Stream::default() };
            lane.state.clone_into(&mut stream.status);
            stream.state = ProcessState::of(&lane.state);
            if let (Some(trail), Some(seqno), Some(rba)) = (&pipeline.trail, lane.seqno, lane.rba) {
                stream.read = Some(TrailPoint::new(trail.clone(), seqno, rba, evidence.clone()));
            }
            put_lag(stream, LagDefinition::Process, lane.delivered_age, evidence.clone());
            put_lag(stream, LagDefinition::Checkpoint, lane.acknowledged_age, evidence.clone());
            if lane.bytes_behind.is_some() {
                stream.behind = Some(Backlog { bytes: lane.bytes_behind, files: lane.files_behind, ..Backlog::default() });
                stream.eof = (lane.bytes_behind == Some(0)).then(|| "at_eof".to_owned());
            }
            if let Some(value) = lane.changes {
                let counter = Counter { value, since: None, at: context.observed, evidence: evidence.clone() };
                stream.counters.entry(String::new()).or_default().insert("operations".to_owned(), counter);
            }
            stream.discarded = lane.dead_letters.unwrap_or(0);
            if let Some(class) = &lane.error_class {
                let severity = if stream.state == ProcessState::Abended { Severity::Error } else { Severity::Warning };
                let (code, text) = (Some(class.clone()), format!("{}; {} tries", lane.state, lane.retries.unwrap_or(0)));
                let time = lane.committed_at;
                stream.messages.push(Message { code, severity, time, text, times: 1, evidence: evidence.clone() });
            }
            stream.evidence = Some(evidence);
        }
    }

    fn section(&mut self, context: &Context<'_>, section: &Section) {
        match section {
            Section::InfoAll(all) => self.info_all(context, all),
            Section::Info(group) => self.info(context, group),
            Section::Lag(lag) => self.lag(context, lag),
            Section::HeartbeatLag(heartbeat) => {
                for row in &heartbeat.rows {
                    let sample = HeartbeatSample {
                        source: Some(row.source.clone()),
                        target: Some(row.target.clone()),
                        path: row.path.clone(),
                        lag: row.lag,
                        age: row.age,
                        ..HeartbeatSample::default()
                    };
                    self.heartbeat(context, &sample, heartbeat.place);
                }
            }
            Section::Stats(stats) => self.stats(context, stats),
            Section::OpenTransaction(open) => {
                if let Some(group) = &open.group {
                    let evidence = context.evidence(open.place, Method::Measured);
                    let started = context.time(open.started);
                    let work = OpenWork { xid: open.xid.clone(), started, items: open.items, evidence };
                    self.stream(context, group).open.push(work);
                }
            }
            Section::Manager(manager) => {
                let state = if manager.is_running { "RUNNING" } else { "STOPPED" };
                self.service(context, "MANAGER", state, manager.place);
            }
            Section::Listing(listing) => self.listing(context, listing),
            _ => {}
        }
    }

    fn service(&mut self, context: &Context<'_>, name: &str, status: &str, place: Place) {
        let service = Service {
            deployment: context.deployment.clone(),
            name: name.to_owned(),
            state: ProcessState::of(status),
            status: status.to_owned(),
            evidence: context.evidence(place, Method::Measured),
        };
        self.services.insert((context.deployment.clone(), name.to_owned()), service);
    }

    /// Sets the state of a stream, unless a later observation has one.
    fn state(&mut self, context: &Context<'_>, name: &str, status: &str, place: Place) -> &mut Stream {
        let evidence = context.evidence(place, Method::Measured);
        let stream = self.stream(context, name);
        if !has_later(stream, &evidence) {
            status.clone_into(&mut stream.status);
            stream.state = ProcessState::of(status);
            stream.evidence = Some(evidence);
        }
        stream
    }

    fn info_all(&mut self, context: &Context<'_>, all: &InfoAll) {
        let context = context.of(all.home.as_deref());
        for row in &all.rows {
            let Some(group) = &row.group else {
                self.service(&context, &row.program, &row.status, row.place);
                continue;
            };
            let checkpoint = context.evidence(row.place, Method::Checkpoint);
            let stream = self.state(&context, group, &row.status, row.place);
            if stream.kind == StreamKind::Unknown {
                stream.kind = kind_of(&row.program);
            }
            put_lag(stream, LagDefinition::Checkpoint, millis(row.lag), checkpoint.clone());
            put_lag(stream, LagDefinition::SinceCheckpoint, millis(row.since), checkpoint);
        }
    }

    fn info(&mut self, context: &Context<'_>, group: &GroupInfo) {
        let evidence = context.evidence(group.place, Method::Checkpoint);
        let stream = self.state(context, &group.group, &group.status, group.place);
        stream.kind = kind_of(&group.program);
        if !has_later(stream, &evidence) {
            stream.process = group.process;
            stream.started = context.time(group.started).filter(|_| !group.is_initialized);
        }
        put_lag(stream, LagDefinition::Checkpoint, millis(group.lag), evidence.clone());
        put_lag(stream, LagDefinition::SinceCheckpoint, millis(group.since), evidence);
        if group.task.is_some() {
            stream.kind = StreamKind::InitialLoad;
        }
        read_side(context, group, stream);
        for trail in &group.trails {
            let (Some(seqno), Some(rba)) = (trail.seqno, trail.rba) else { continue };
            let evidence = context.evidence(trail.place, Method::Checkpoint);
            let is_remote = is_remote(trail.trail_type.as_deref());
            put_write(stream, TrailPoint { trail: trail.name.clone(), seqno, rba, time: None, is_remote, evidence });
        }
        checkpoints(context, group, stream);
    }

    fn lag(&mut self, context: &Context<'_>, lag: &LagAnswer) {
        let Some(group) = &lag.group else { return };
        let evidence = context.evidence(lag.place, Method::Measured);
        let stream = self.stream(context, group);
        if let (StreamKind::Unknown, Some(program)) = (stream.kind, &lag.program) {
            stream.kind = kind_of(program);
        }
        put_lag(stream, LagDefinition::Process, lag.lag, evidence.clone());
        // LAG prints watermark lags as seconds.
        put_lag(stream, LagDefinition::LowWatermark, seconds(lag.low_lag), evidence.clone());
        put_lag(stream, LagDefinition::HighWatermark, seconds(lag.high_lag), evidence);
        let answer = self.eofs.entry(stream_key(context, group)).or_default();
        if answer.0 <= context.observed {
            *answer = (context.observed, lag.state.clone());
        }
    }

    /// Adds a heartbeat to the stream that ends its way.
    fn heartbeat(&mut self, context: &Context<'_>, sample: &HeartbeatSample, place: Place) {
        let Some(last) = sample.path.last() else {
            self.rest.heartbeats.push(sample.clone());
            return;
        };
        let evidence = context.evidence(place, Method::Heartbeat);
        let stream = self.stream(context, last);
        put_lag(stream, LagDefinition::Heartbeat, sample.lag, evidence.clone());
        put_lag(stream, LagDefinition::HeartbeatAge, sample.age, evidence.clone());
        put_lag(stream, LagDefinition::HeartbeatExtract, sample.extract_lag, evidence.clone());
        put_lag(stream, LagDefinition::HeartbeatReplicat, sample.replicat_lag, evidence);
    }

    fn stats(&mut self, context: &Context<'_>, stats: &Stats) {
        let Some(group) = &stats.group else { return };
        let at = context.time(stats.at).or(context.observed);
        let stream = self.stream(context, group);
        stream.has_all_counters |= stats.is_complete && stats.tables.iter().all(|table| total(table).is_some());
        let names = table_names(stats.tables.iter().map(|table| (&*table.source, table.target.as_deref())));
        for (table, name) in stats.tables.iter().zip(names) {
            let Some(set) = total(table) else {
                // It is in the answer, and its operations are not known.
                stream.counters.entry(name).or_default();
                continue;
            };
            // A set that states that there were no operations prints no counts.
            let none = [("operations".to_owned(), 0)].into();
            for (operation, value) in if set.is_empty { &none } else { &set.counts } {
                let evidence = context.evidence(set.place, Method::Measured);
                let counter = Counter { value: *value, since: context.time(set.since), at, evidence };
                put_counter(stream, &name, operation, counter);
            }
        }
    }

    fn report(&mut self, context: &Context<'_>, report: &RunReport) {
        let Some(group) = &report.group else { return self.events(context, &report.messages) };
        for message in &report.messages {
            let mut message = message.clone();
            message.group = Some(group.clone());
            self.event(context, &message);
        }
        let stream = self.stream(context, group);
        for statistics in &report.statistics {
            let names = table_names(statistics.tables.iter().map(|table| (&*table.source, table.target.as_deref())));
            for (table, name) in statistics.tables.iter().zip(names) {
                for (operation, value) in &table.counts {
                    let evidence = context.evidence(table.place, Method::File);
                    let (since, at) = (context.time(statistics.since), context.time(statistics.at));
                    let counter = Counter { value: *value, since, at, evidence };
                    put_counter(stream, &name, operation, counter);
                }
            }
        }
    }

    fn log(&mut self, context: &Context<'_>, log: &Log) {
        self.events(context, &log.events);
        for lag in &log.lags {
            let evidence = context.evidence(lag.place, Method::Message);
            let stream = self.stream(context, &lag.group);
            put_lag(stream, LagDefinition::Message, millis(Some(lag.lag)), evidence);
        }
    }

    fn events(&mut self, context: &Context<'_>, events: &[LogRecord]) {
        for event in events {
            self.event(context, event);
        }
    }

    fn event(&mut self, context: &Context<'_>, event: &LogRecord) {
        let group = event.group.as_deref().filter(|group| *group != "MGR");
        if let (true, Some(group), Some(time)) = (event.is_start(), group, context.time(event.time)) {
            keep(self.starts.entry(stream_key(context, group)).or_default(), time);
        }
        if event.severity < Severity::Warning || event.severity == Severity::Unknown {
            return;
        }
        let message = Message {
            code: event.code.clone(),
            severity: event.severity,
            time: context.time(event.time),
            text: event.text.clone(),
            times: event.times,
            evidence: context.evidence(event.place, Method::Message),
        };
        let messages = match group {
            Some(group) => &mut self.stream(context, group).messages,
            None => &mut self.rest.messages,
        };
        keep(messages, message);
    }

    fn body(&mut self, context: &Context<'_>, body: &RestBody) {
        let kind = match body.collection.as_deref() {
            Some("extracts") => StreamKind::Extract,
            Some("replicats") => StreamKind::Replicat,
            Some("sources" | "targets") => StreamKind::Path,
            _ => match body.schema.as_deref() {
                Some("ogg:replicatStatus") => StreamKind::Replicat,
                Some("ogg:extractStatus") => StreamKind::Extract,
                _ => StreamKind::Unknown,
            },
        };
        for item in &body.items {
            self.state(context, &item.name, &item.status, Place::default()).kind = kind;
        }
        for sample in &body.heartbeats {
            self.heartbeat(context, sample, Place::default());
        }
        for message in &body.messages {
            let severity = match message.severity.as_deref() {
                Some("ERROR" | "CRITICAL") => Severity::Error,
                Some("WARNING" | "WARN") => Severity::Warning,
                _ => continue,
            };
            let evidence = context.evidence(Place::default(), Method::Message);
            let (code, time, text) = (message.code.clone(), message.issued, message.title.clone());
            let message = Message { code, severity, time, text, times: 1, evidence };
            match &body.resource {
                Some(name) if kind != StreamKind::Unknown => self.stream(context, name).messages.push(message),
                _ => self.rest.messages.push(message),
            }
        }
        let Some(name) = body.resource.as_deref() else { return };
        if let Some(status) = &body.status {
            let evidence = context.evidence(Place::default(), Method::Measured);
            let stream = self.state(context, name, &status.status, Place::default());
            stream.kind = kind;
            if !has_later(stream, &evidence) {
                (stream.started, stream.process) = (status.started, status.process);
            }
            put_lag(stream, LagDefinition::Checkpoint, millis(status.lag), evidence.clone());
            put_lag(stream, LagDefinition::SinceCheckpoint, millis(status.since), evidence.clone());
            // The position of an Extract is in its source; it has no trail to compare.
            if let (Some(trail), Some(seqno), Some(rba)) = (&status.trail, status.seqno, status.rba) {
                if kind != StreamKind::Extract {
                    put_read(stream, TrailPoint::new(trail.clone(), seqno, rba, evidence));
                }
            }
        }
        for trail in &body.trails {
            let (Some(seqno), Some(rba)) = (trail.seqno, trail.rba) else { continue };
            let evidence = context.evidence(Place::default(), Method::Measured);
            let point = TrailPoint::new(trail.trail.clone(), seqno, rba, evidence);
            let stream = self.stream(context, name);
            if trail.is_output { put_write(stream, point) } else { put_read(stream, point) }
        }
        if body.schema.as_deref().is_some_and(|schema| schema.contains("tatistics")) {
            self.rest_counters(context, name, &body.points);
        }
    }

    fn rest_counters(&mut self, context: &Context<'_>, name: &str, points: &BTreeMap<String, Point>) {
        let stream = self.stream(context, name);
        for (path, point) in points {
            let Point::Whole(value) = point else { continue };
            let (table, operation) =
                match points.get(&format!("{}.tableName", path.rsplit_once('.').map_or("", |(above, _)| above))) {
                    Some(Point::Text(table)) => (table.clone(), path.rsplit('.').next().unwrap_or(path).to_owned()),
                    _ => (String::new(), path.clone()),
                };
            let evidence = context.evidence(Place::default(), Method::Measured);
            let counter = Counter { value: *value, since: None, at: context.observed, evidence };
            put_counter(stream, &table, &operation, counter);
        }
    }

    /// Takes positions and lags of StatsD samples; the tags name process and trail.
    fn statsd(&mut self, context: &Context<'_>, samples: &[StatsdSample]) {
        let mut trails: BTreeMap<SampleOf, Sampled> = BTreeMap::new();
        for sample in samples {
            let tag = |name: &str| sample.tags.get(name).cloned();
            let Some(process) = tag("processName") else { continue };
            let own = context.of(tag("deploymentName").as_deref());
            let evidence = own.evidence(sample.place, Method::Measured);
            let stream = self.stream(&own, &process);
            if let (StreamKind::Unknown, Some(kind)) = (stream.kind, tag("processType")) {
                stream.kind = kind_of(&kind.to_uppercase());
            }
            let trail = || match (tag("trail-path"), tag("trail-name")) {
                (Some(path), Some(name)) => Some(format!("{}/{name}", path.trim_end_matches('/'))),
                (None, name) => name,
                _ => None,
            };
            match sample.metric() {
                (base @ ("trail-output" | "trail-input"), metric @ ("trail-seq" | "trail-rba")) => {
                    if let (Some(trail), Some(value)) = (trail(), sample.whole()) {
                        let key = (own.deployment.clone(), process.clone(), trail, base == "trail-output");
                        let entry = trails.entry(key).or_insert((None, None, sample.place));
                        if metric == "trail-seq" { entry.0 = Some(value) } else { entry.1 = Some(value) }
                    }
                }
                ("position-er", "last-operation-lag") => put_lag(stream, LagDefinition::Process, sample.millis(), evidence),
                ("heartbeat-timings", "heartbeat-lag") => put_lag(stream, LagDefinition::Heartbeat, sample.millis(), evidence),
                _ => {}
            }
        }
        for ((deployment, process, trail, is_output), (seqno, rba, place)) in trails {
            let (Some(seqno), Some(rba)) = (seqno, rba) else { continue };
            let own = context.of(Some(&deployment));
            let point = TrailPoint::new(trail, seqno, rba, own.evidence(place, Method::Measured));
            let stream = self.stream(&own, &process);
            if is_output { put_write(stream, point) } else { put_read(stream, point) }
        }
    }

    fn listing(&mut self, context: &Context<'_>, listing: &Listing) {
        let folder = listing.directory.clone().unwrap_or_default();
        let separator = if folder.contains('\\') { '\\' } else { '/' };
        for file in &listing.files {
            let Some(size) = file.size else { continue };
            let name = file.name.trim_start_matches(['/', '\\']);
            let path = if folder.is_empty() { file.name.clone() } else { format!("{folder}{separator}{name}") };
            self.file(context, &path, size);
        }
    }

    fn file(&mut self, context: &Context<'_>, path: &str, size: u64) {
        let name = TrailName::parse(path);
        let Some(seqno) = name.seqno else { return };
        let trail = self.trails.entry((context.deployment.clone(), name.path.clone())).or_insert_with(|| TrailFiles {
            deployment: context.deployment.clone(),
            trail: name.path.clone(),
            digits: name.digits,
            artefact: context.artefact.to_owned(),
            observed: context.observed,
            files: BTreeMap::new(),
        });
        if trail.digits != name.digits {
            trail.digits = 0;
        }
        trail.files.insert(seqno, size);
    }

    /// Lists the trail files of an input's directory.
    fn list(&mut self, input: &Input) {
        let Some(folder) = &input.trails else { return };
        let deployment = input.deployment.clone().unwrap_or_else(|| "default".to_owned());
        let context = Context { artefact: folder, deployment, observed: input.observed, zone: input.zone };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Ok(facts) = entry.metadata() {
                if facts.is_file() {
                    self.file(&context, &entry.path().display().to_string(), facts.len());
                }
            }
        }
    }
}

/// Returns the counts of a table since its process was started, if their names are known.
fn total(table: &TableStats) -> Option<&CountSet> {
    const OPERATIONS: [&str; 6] = ["operations", "inserts", "updates", "deletes", "upserts", "truncates"];
    let is_known = |set: &&CountSet| set.is_empty || set.counts.keys().any(|name| OPERATIONS.contains(&name.as_str()));
    table.sets.iter().find(|set| set.period == "total").filter(is_known)
}

/// Adds a value to the last ones of a stream.
fn keep<T>(values: &mut Vec<T>, value: T) {
    if values.len() >= MESSAGES {
        values.remove(0);
    }
    values.push(value);
}

fn kind_of(program: &str) -> StreamKind {
    match program {
        "EXTRACT" => StreamKind::Extract,
        "REPLICAT" => StreamKind::Replicat,
        "PIPELINE" => StreamKind::Pipeline,
        "PATH" => StreamKind::Path,
        _ => StreamKind::Unknown,
    }
}

fn millis(value: Option<u64>) -> Option<i64> {
    value.and_then(|value| i64::try_from(value).ok())
}

fn seconds(value: Option<u64>) -> Option<i64> {
    millis(value)?.checked_mul(1_000)
}

/// Returns deployment and name of a stream.
fn stream_key(context: &Context<'_>, name: &str) -> (String, String) {
    (context.deployment.clone(), name.to_uppercase())
}

/// Returns whether a later observation has the state of a stream.
fn has_later(stream: &Stream, evidence: &Evidence) -> bool {
    stream.evidence.as_ref().is_some_and(|known| known.observed > evidence.observed)
}

/// Sets a position, unless a later observation has one.
fn put<T>(known: &mut Option<T>, value: T, evidence: fn(&T) -> &Evidence) {
    if known.as_ref().is_none_or(|known| evidence(known).observed <= evidence(&value).observed) {
        *known = Some(value);
    }
}

fn put_read(stream: &mut Stream, point: TrailPoint) {
    put(&mut stream.read, point, |point| &point.evidence);
}

/// Sets the lag by a definition, unless a later observation has one.
fn put_lag(stream: &mut Stream, definition: LagDefinition, millis: Option<i64>, evidence: Evidence) {
    let Some(millis) = millis else { return };
    let value = LagValue { definition, millis, evidence };
    match stream.lags.iter_mut().find(|lag| lag.definition == definition) {
        Some(known) if known.evidence.observed > value.evidence.observed => {}
        Some(known) => *known = value,
        None => stream.lags.push(value),
    }
}

/// Sets a counter, unless a later reading has one.
fn put_counter(stream: &mut Stream, table: &str, operation: &str, counter: Counter) {
    let counters = stream.counters.entry(table.to_owned()).or_default();
    if counters.get(operation).is_none_or(|known| known.at <= counter.at) {
        counters.insert(operation.to_owned(), counter);
    }
}

/// Returns the names of tables for their counters: the source, and the target if the source has several.
fn table_names<'a>(tables: impl Iterator<Item = (&'a str, Option<&'a str>)> + Clone) -> Vec<String> {
    let mut targets: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    for (source, target) in tables.clone() {
        targets.entry(source).or_default().insert(target);
    }
    let has_several = |source: &str| targets.get(source).is_some_and(|targets| targets.len() > 1);
    let name = |(source, target): (&str, Option<&str>)| match target.filter(|_| has_several(source)) {
        Some(target) => format!("{source}{TO}{target}"),
        None => source.to_owned(),
    };
    tables.map(name).collect()
}

/// Returns whether a trail of this type is on another host.
fn is_remote(trail_type: Option<&str>) -> Option<bool> {
    match trail_type? {
        "RMTTRAIL" => Some(true),
        "EXTTRAIL" => Some(false),
        _ => None,
    }
}

fn put_write(stream: &mut Stream, point: TrailPoint) {
    let name = TrailName::parse(&point.trail);
    match stream.writes.iter_mut().find(|known| TrailName::parse(&known.trail).path == name.path) {
        Some(known) if known.evidence.observed > point.evidence.observed => {}
        // Not every artefact states the type of the trail.
        Some(known) => *known = TrailPoint { is_remote: point.is_remote.or(known.is_remote), ..point },
        None => stream.writes.push(point),
    }
}

/// Takes what a group reads: a trail file, or a database's log.
fn read_side(context: &Context<'_>, group: &GroupInfo, stream: &mut Stream) {
    let Some(position) = group.positions.first() else { return };
    let evidence = context.evidence(position.place, Method::Checkpoint);
    let time = context.time(position.time);
    match group.source.as_deref().and_then(|source| source.strip_prefix("File ")) {
        Some(file) => {
            let name = TrailName::parse(file);
            if stream.kind == StreamKind::Extract {
                stream.kind = StreamKind::Pump;
            }
            if let (Some(seqno), Some(rba)) = (name.seqno.or(position.seqno), position.rba) {
                let digits = usize::try_from(name.digits).unwrap_or(0);
                let trail = file.trim().get(..file.trim().len() - digits).unwrap_or(file);
                put_read(stream, TrailPoint { time, ..TrailPoint::new(trail.to_owned(), seqno, rba, evidence) });
            }
        }
        None => {
            let point = RedoPoint { seqno: position.seqno, rba: position.rba, scn: position.scn, time, evidence };
            put(&mut stream.redo, point, |point| &point.evidence);
        }
    }
}

/// Takes the positions of SHOWCH, which has the trails with their times.
fn checkpoints(context: &Context<'_>, group: &GroupInfo, stream: &mut Stream) {
    for checkpoint in &group.checkpoints {
        for position in &checkpoint.positions {
            let evidence = context.evidence(position.place, Method::Checkpoint);
            let time = context.time(position.time);
            let is_current = position.name.starts_with("Current");
            if !checkpoint.is_write && position.name.starts_with("Recovery") {
                let (seqno, rba, scn) = (position.sequence, position.rba, position.scn);
                put(&mut stream.recovery, RedoPoint { seqno, rba, scn, time, evidence }, |point| &point.evidence);
                continue;
            }
            let (true, Some(file), Some(seqno), Some(rba)) = (is_current, &position.file, position.sequence, position.rba) else {
                continue;
            };
            let is_remote = is_remote(position.trail_type.as_deref());
            let point = TrailPoint { trail: TrailName::parse(file).path, seqno, rba, time, is_remote, evidence };
            if checkpoint.is_write {
                put_write(stream, point);
            } else if checkpoint.log.as_deref().is_some_and(|log| log.contains("Trail")) {
                put_read(stream, point);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe;

    #[test]
    fn samples_belong_to_their_own_deployment() {
        let line = |metric: &str, value: &str, deployment: &str| {
            let tags = format!("deploymentName:{deployment},processName:E1,processType:extract,trail-path:/d,trail-name:ew");
            format!("ogg.{metric}:{value}|g|#{tags}\n")
        };
        let text = [
            line("trail-output_trail-seq", "7", "West"),
            line("trail-output_trail-rba", "9000", "West"),
            line("trail-output_trail-seq", "3", "East"),
            line("trail-output_trail-rba", "2.5", "East"),
            line("position-er_last-operation-lag", "2.5", "West"),
            line("position-er_last-operation-lag", "4", "East"),
            line("heartbeat-timings_heartbeat-lag", "-1", "East"),
        ];
        let snapshot = observe(&[Input::text("s.statsd", text.concat())]);
        let of = |deployment: &str| {
            let stream = snapshot.stream(deployment, "E1").unwrap();
            let lags: Vec<_> = stream.lags.iter().map(|lag| lag.millis).collect();
            (stream.writes.iter().map(|point| (point.seqno, point.rba)).collect::<Vec<_>>(), lags)
        };
        assert_eq!(of("West"), (vec![(7, 9_000)], vec![2_500]));
        assert_eq!(of("East"), (vec![], vec![4_000, -1_000]));
        assert_eq!((snapshot.streams.len(), snapshot.inputs[0].faults.values().sum::<u64>()), (2, 1));
    }

    /// Returns an input that was observed at an hour of a day.
    fn at(hour: u32, name: &str, text: &str) -> Input {
        let mut input = Input::text(name, text);
        input.observed = format!("2024-03-01T{hour:02}:00:00Z").parse().ok();
        input
    }

    #[test]
    fn the_order_of_artefacts_does_not_matter() {
        let info = |status: &str, rba: u64, process: u64| {
            format!(
                "REPLICAT   R1    Last Started 2024-03-01 09:00   Status {status}\nProcess ID           {process}\n\
                Log Read Checkpoint  File ./dirdat/lt000000007\n                     2024-03-01 10:00:00  RBA {rba}\n"
            )
        };
        let (new, old) = (at(12, "new", &info("RUNNING", 9_000, 2)), at(10, "old", &info("STOPPED", 100, 1)));
        for inputs in [[new.clone(), old.clone()], [old, new]] {
            let snapshot = observe(&inputs);
            let stream = snapshot.stream("default", "R1").unwrap();
            assert_eq!((&*stream.status, stream.process, stream.read.as_ref().unwrap().rba), ("RUNNING", Some(2), 9_000));
        }
    }

    #[test]
    fn an_answer_of_an_earlier_round_is_not_the_lag() {
        let lag = "Sending GETLAG request to EXTRACT E1 ...\nLast record lag 2 seconds.\nAt EOF, no more records to process\n";
        let all = "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:10:00     00:00:09\n";
        let of = |hour: u32| {
            let snapshot = observe(&[at(12, "all", all), at(hour, "lag", lag)]);
            let stream = snapshot.stream("default", "E1").unwrap();
            (LagValue::current(&stream.lags).unwrap().millis, stream.eof.clone())
        };
        assert_eq!(of(10), (600_000, None));
        assert_eq!(of(12), (2_000, Some("at_eof".to_owned())));
    }

    #[test]
    fn the_last_statistics_of_a_report_count() {
        let block = |hour: u32, inserts: u64| {
            format!(
                "Report at 2024-03-01 {hour}:00:00 (activity since 2024-03-01 09:00:00)\n\nFrom Table A.T to B.T:\n  # inserts: {inserts}\n\n"
            )
        };
        let text = format!("REPLICAT R1\n** Run Time Statistics **\n{}{}", block(10, 100), block(11, 700));
        let text = format!("** Running with the following parameters **\n{text}");
        let snapshot = observe(&[Input::text("r1.rpt", text)]);
        assert_eq!(snapshot.stream("default", "R1").unwrap().counters["A.T"]["inserts"].value, 700);
    }
}
