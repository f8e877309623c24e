//! [`Supervisor`]: many pipelines in one process, and changes of their configuration while they run.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use trailcore::{Error, ErrorKind, Result};

use super::{Pipeline, PipelineOptions, PipelineStatus, Pipelines, State};
use crate::checkpoint::unix_micros;
use crate::hub::{Door, Hub};
use crate::options::Start;

/// Time between two looks at pipelines that move to the end.
const LOOK: Duration = Duration::from_millis(20);

/// Runs any number of pipelines. Each sink has a thread of its own, so one that fails, blocks or is slow delays no other. Pipelines that
/// follow one trail share its reading once they have caught up.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let (trail, out) = (dir.path().join("bk"), dir.path().join("out"));
/// use trailcore_stream::pipeline::{Pipelines, Supervisor};
///
/// let text = format!("[[pipeline]]\nname = 'postings'\ntrail = {trail:?}\n[[pipeline.sink]]\nkind = 'csv'\npath = {out:?}");
/// let mut supervisor = Supervisor::start(Pipelines::from_toml(&text)?)?;
/// supervisor.drain()?;
/// assert!(supervisor.status().iter().all(|pipeline| pipeline.is_healthy()));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Supervisor {
    running: BTreeMap<String, Pipeline>,
    /// The shared readings, by trail.
    hubs: BTreeMap<PathBuf, Hub>,
    history: Option<PathBuf>,
}

/// The effect of a new configuration, by the names of pipelines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// New ones.
    pub added: Vec<String>,
    /// Ones that are no longer there.
    pub removed: Vec<String>,
    /// Ones with other options.
    pub changed: Vec<String>,
}

impl Difference {
    /// Returns whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// A line of the history.
#[derive(Serialize)]
struct Applied<'a> {
    /// Milliseconds since 1970.
    when: i64,
    who: &'a str,
    what: &'a Difference,
    result: &'a str,
}

impl Supervisor {
    /// Starts pipelines.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for options that are not valid; nothing runs then.
    pub fn start(pipelines: Pipelines) -> Result<Self> {
        let mut supervisor = Self::default();
        let shared = shared_trails(&pipelines.pipelines);
        pipelines.pipelines.into_iter().try_for_each(|options| supervisor.add(options, &shared))?;
        Ok(supervisor)
    }

    /// Keeps a line of JSON in a file for each change of the configuration: when, who, what, and its result.
    pub fn keep_history(&mut self, file: impl Into<PathBuf>) {
        self.history = Some(file.into());
    }

    /// Starts a pipeline, which shares the reading of its trail if that is one of `shared`.
    fn add(&mut self, options: PipelineOptions, shared: &[PathBuf]) -> Result<()> {
        let door = if shared.contains(&options.trail) { Some(self.door(&options)?) } else { None };
        let name = options.name.clone();
        self.running.insert(name, Pipeline::start_shared(options, door)?);
        Ok(())
    }

    /// Returns the door of the shared reading of a trail. It starts at the end: pipelines that have not caught up read the files themselves.
    fn door(&mut self, options: &PipelineOptions) -> Result<Door> {
        if let Some(hub) = self.hubs.get(&options.trail) {
            return Ok(hub.door());
        }
        let mut hub = Hub::open(&options.trail, options.follow.clone().start(Start::End))?;
        hub.start()?;
        let door = hub.door();
        self.hubs.insert(options.trail.clone(), hub);
        Ok(door)
    }

    /// Returns how each pipeline is, by name.
    #[must_use]
    pub fn status(&self) -> Vec<PipelineStatus> {
        self.running.values().map(Pipeline::status).collect()
    }

    /// Returns a pipeline; `None` if there is none of this name.
    pub fn pipeline(&mut self, name: &str) -> Option<&mut Pipeline> {
        self.running.get_mut(name)
    }

    /// Returns all pipelines, in the order of their names.
    pub(crate) fn pipelines(&mut self) -> impl Iterator<Item = &mut Pipeline> {
        self.running.values_mut()
    }

    /// Returns what a new configuration would change.
    #[must_use]
    pub fn difference(&self, new: &Pipelines) -> Difference {
        let mut difference = Difference::default();
        for options in &new.pipelines {
            match self.running.get(&options.name) {
                None => difference.added.push(options.name.clone()),
                Some(running) if !same(running.options(), options) => difference.changed.push(options.name.clone()),
                Some(_) => {}
            }
        }
        let is_there = |name: &&String| new.pipelines.iter().any(|options| options.name == **name);
        difference.removed = self.running.keys().filter(|name| !is_there(name)).cloned().collect();
        difference
    }

    /// Applies a new configuration: stops and starts only what differs. If what was started is not healthy within a time, the old
    /// configuration is restored. `who` is for the history.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the new configuration is not valid: the old one runs on, untouched.
    /// [`Cancelled`](ErrorKind::Cancelled) if it did not become healthy and the old one was restored.
    pub fn apply(&mut self, new: Pipelines, healthy_within: Duration, who: &str) -> Result<Difference> {
        let difference = self.difference(&new);
        if difference.is_empty() {
            return Ok(difference);
        }
        let begun: Vec<_> = difference.added.iter().chain(&difference.changed).cloned().collect();
        let mistakes: Vec<_> =
            new.pipelines.iter().filter(|options| begun.contains(&options.name)).flat_map(Pipeline::validate).collect();
        if !mistakes.is_empty() {
            self.note(who, &difference, "refused")?;
            return Err(Error::new(ErrorKind::InvalidArgument, mistakes.join("; ")));
        }
        let old: Vec<PipelineOptions> = self.running.values().map(|running| running.options().clone()).collect();
        let outcome = self.exchange(new.pipelines, &difference).and_then(|()| self.wait_for_health(&begun, healthy_within));
        if let Err(error) = outcome {
            let back = self.difference(&Pipelines { pipelines: old.clone() });
            self.exchange(old, &back)?;
            self.note(who, &difference, "rolled back")?;
            let what = format!("the new configuration did not become healthy, the old one runs again: {error}");
            return Err(Error::new(ErrorKind::Cancelled, what));
        }
        self.note(who, &difference, "applied")?;
        Ok(difference)
    }

    /// Stops and starts what differs.
    fn exchange(&mut self, new: Vec<PipelineOptions>, difference: &Difference) -> Result<()> {
        for name in difference.removed.iter().chain(&difference.changed) {
            if let Some(mut running) = self.running.remove(name) {
                if let Err(error) = running.stop() {
                    tracing::warn!(pipeline = name, %error, "the pipeline has ended");
                }
            }
        }
        let shared = shared_trails(&new);
        self.hubs.retain(|trail, _| shared.contains(trail));
        let starts =
            |options: &PipelineOptions| difference.added.contains(&options.name) || difference.changed.contains(&options.name);
        new.into_iter().filter(starts).try_for_each(|options| self.add(options, &shared))
    }

    /// Waits until pipelines run.
    fn wait_for_health(&self, names: &[String], time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            let waiting = names.iter().filter_map(|name| self.running.get(name)).map(Pipeline::status).find(|status| {
                let runs = |state| matches!(state, State::Running | State::Paused | State::Stopped);
                !status.lanes.iter().all(|lane| runs(lane.state))
            });
            let Some(waiting) = waiting else { return Ok(()) };
            if Instant::now() >= until {
                let why =
                    waiting.lanes.iter().find_map(|lane| lane.error.clone()).unwrap_or_else(|| "it does not run yet".to_owned());
                return Err(Error::new(ErrorKind::Cancelled, format!("{}: {why}", waiting.name)));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn note(&self, who: &str, what: &Difference, result: &str) -> Result<()> {
        let Some(path) = &self.history else { return Ok(()) };
        let line = Applied { when: unix_micros() / 1_000, who, what, result };
        let mut text = serde_json::to_vec(&line).map_err(|error| Error::internal(&error.to_string()))?;
        text.push(b'\n');
        let open = OpenOptions::new().append(true).create(true).open(path);
        open.and_then(|mut file| file.write_all(&text)).map_err(|error| Error::write(path, error))
    }

    /// Stops all pipelines: what was read is committed.
    ///
    /// # Errors
    /// The first error that has ended a pipeline.
    pub fn stop(&mut self) -> Result<()> {
        self.running.values().for_each(Pipeline::ask_to_stop);
        self.running.values_mut().map(Pipeline::stop).fold(Ok(()), Result::and)
    }

    /// Moves all pipelines to the end of what is there now, and stops them.
    ///
    /// # Errors
    /// The first error that has ended a pipeline.
    pub fn drain(&mut self) -> Result<()> {
        self.drain_until(|_| false)
    }

    /// Moves all pipelines to the end of what is there now, and stops them; at once if `stops` returns `true`, which is called with their
    /// status several times in a second.
    ///
    /// # Errors
    /// The first error that has ended a pipeline.
    pub fn drain_until(&mut self, mut stops: impl FnMut(&[PipelineStatus]) -> bool) -> Result<()> {
        self.running.values().for_each(Pipeline::ask_to_drain);
        while !self.running.values().all(Pipeline::has_ended) {
            if stops(&self.status()) {
                return self.stop();
            }
            std::thread::sleep(LOOK);
        }
        self.running.values_mut().map(Pipeline::drain).fold(Ok(()), Result::and)
    }
}

/// Returns the trails that several sinks read.
fn shared_trails(all: &[PipelineOptions]) -> Vec<PathBuf> {
    let sinks = |trail: &PathBuf| all.iter().filter(|one| one.trail == *trail).map(|one| one.sinks.len()).sum::<usize>();
    all.iter().map(|one| &one.trail).filter(|trail| sinks(trail) > 1).cloned().collect()
}

/// Returns whether two pipelines are the same, compared as documents.
fn same(one: &PipelineOptions, other: &PipelineOptions) -> bool {
    match (serde_json::to_value(one), serde_json::to_value(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
    use parking_lot::Mutex;
    use trailcore::schema::{ColumnDef, TableDef};
    use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
    use trailcore::{Timestamp, Trail};

    use super::*;
    use crate::checkpoint::MemoryStore;
    use crate::sink::{CallbackSink, Sink};

    /// Pipelines on one trail, of which one can be stuck.
    const PIPELINES: usize = 200;
    /// Transactions of a round, and microseconds between two of them.
    const ROUND: usize = 100;
    const APART: u64 = 5_000;

    /// Returns the bytes of a trail in pieces: the head, and one for each transaction.
    fn pieces(transactions: usize) -> Vec<Vec<u8>> {
        let table = Arc::new(TableDef::new("SHOP.ITEMS", vec![ColumnDef::varchar("NAME", 40).key()]));
        let mut writer = TrailWriter::in_memory("lt", WriterOptions::default()).unwrap();
        for csn in 1..=transactions {
            writer.begin(&csn.to_string(), &format!("1.2.{csn}"), Timestamp::from_unix_micros(1_700_000_000_000_000)).unwrap();
            let mut row = RowBuilder::new(&table, writer.byte_order());
            row.text("NAME", &csn.to_string()).unwrap();
            writer.insert(&table, row.bytes()).unwrap();
            writer.commit().unwrap();
        }
        let bytes = writer.finish().unwrap().remove(0).1;
        let mut reader = Trail::from_bytes(bytes.clone()).reader().unwrap();
        let mut ends = vec![0];
        while reader.next().unwrap().is_some() {
            ends.push(usize::try_from(reader.position().trail().unwrap().rba).unwrap());
        }
        ends.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
    }

    fn options(name: &str, trail: &Path) -> PipelineOptions {
        let document = serde_json::json!({
            "name": name, "trail": trail, "commit": { "changes": 1 },
            "follow": { "poll_interval": 1, "queue": 4 },
            "retry": { "attempts": 3, "first": 1, "longest": 1 },
        });
        serde_json::from_value(document).unwrap()
    }

    /// Starts a pipeline that calls a function for the changes of each commit.
    fn start(name: &str, trail: &Path, door: &Door, mut take: impl FnMut(u64) -> Result<()> + Send + 'static) -> Pipeline {
        let sink = CallbackSink::new(MemoryStore::new(), move |committed| take(committed.block.len() as u64));
        let sinks = vec![("callback".to_owned(), Box::new(sink) as Box<dyn Sink>)];
        Pipeline::start_lanes(options(name, trail), sinks, Some(door.clone())).unwrap()
    }

    #[test]
    fn one_stuck_pipeline_delays_none_of_two_hundred() {
        const ROUNDS: usize = 5;
        let folder = tempfile::tempdir().unwrap();
        let (trail, file) = (folder.path().join("lt"), folder.path().join("lt000000000"));
        let mut pieces = pieces(1 + ROUNDS * 2 * ROUND).into_iter();
        let mut append = || {
            let mut open = OpenOptions::new().create(true).append(true).open(&file).unwrap();
            open.write_all(&pieces.next().unwrap()).unwrap();
        };
        append();
        let mut hub =
            Hub::open(&trail, crate::TailOptions::new().start(Start::End).poll_interval(Duration::from_millis(1))).unwrap();
        hub.start().unwrap();
        let door = hub.door();
        #[allow(clippy::type_complexity)]
        let (sent, seen): (Arc<Mutex<Vec<Instant>>>, Arc<Mutex<Vec<Duration>>>) = Default::default();
        let counts: Arc<Vec<Mutex<usize>>> = Arc::new((0..=PIPELINES).map(|_| Mutex::default()).collect());
        sent.lock().push(Instant::now());
        let observe = |number: usize| {
            let (sent, seen, counts) = (Arc::clone(&sent), Arc::clone(&seen), Arc::clone(&counts));
            move |changes: u64| {
                let now = Instant::now();
                let mut count = counts[number].lock();
                for _ in 0..changes {
                    // The stuck one catches up in the next round.
                    if number < PIPELINES {
                        seen.lock().push(now.duration_since(sent.lock()[*count]));
                    }
                    *count += 1;
                }
            }
        };
        let mut all: Vec<Pipeline> = Vec::new();
        for number in 0..PIPELINES {
            let observe = observe(number);
            all.push(start(&format!("p{number}"), &trail, &door, move |changes| {
                observe(changes);
                Ok(())
            }));
        }
        // It takes nothing as long as somebody holds the gate.
        let gate: Arc<Mutex<()>> = Arc::default();
        let (observed, own) = (observe(PIPELINES), Arc::clone(&gate));
        all.push(start("stuck", &trail, &door, move |changes| {
            drop(own.lock());
            observed(changes);
            Ok(())
        }));
        let reached = |number: usize, wanted: usize| {
            let until = Instant::now() + Duration::from_secs(120);
            while *counts[number].lock() < wanted {
                assert!(Instant::now() < until, "pipeline {number} has {} of {wanted}", counts[number].lock());
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        (0..=PIPELINES).for_each(|number| reached(number, 1));
        // Returns the 99th percentile of a round, once all but the stuck one have its changes.
        let mut round = || {
            seen.lock().clear();
            for _ in 0..ROUND {
                sent.lock().push(Instant::now());
                append();
                std::thread::sleep(Duration::from_micros(APART));
            }
            let wanted = sent.lock().len();
            (0..PIPELINES).for_each(|number| reached(number, wanted));
            let mut all = std::mem::take(&mut *seen.lock());
            all.sort_unstable();
            (all[all.len() * 99 / 100], wanted)
        };
        let mut found = Vec::new();
        // The machine may be busy with something else in a round.
        for _ in 0..ROUNDS {
            let (free, wanted) = round();
            reached(PIPELINES, wanted);
            let held = gate.lock();
            let (stuck, _) = round();
            assert!(*counts[PIPELINES].lock() <= wanted + 1, "it is not stuck");
            drop(held);
            found.push((free, stuck));
            if stuck <= free + Duration::from_millis(10) {
                break;
            }
        }
        let last = found.last().unwrap();
        assert!(last.1 <= last.0 + Duration::from_millis(10), "99th percentiles without and with a stuck one: {found:?}");
        // Nothing is lost for it.
        reached(PIPELINES, sent.lock().len());
        all.iter_mut().for_each(|pipeline| pipeline.stop().unwrap());
    }

    #[test]
    fn a_pipeline_that_fails_again_and_again_is_left_alone_until_it_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let trail = folder.path().join("lt");
        std::fs::write(folder.path().join("lt000000000"), pieces(1).concat()).unwrap();
        let mut hub = Hub::open(&trail, crate::TailOptions::new().start(Start::End)).unwrap();
        hub.start().unwrap();
        let (calls, called): (Sender<()>, Receiver<()>) = unbounded();
        let (works, repaired) = bounded::<()>(1);
        let mut bad = start("bad", &trail, &hub.door(), move |_| {
            calls.send(()).unwrap();
            repaired.try_recv().map_err(|_| Error::new(ErrorKind::Io, "no connection"))
        });
        let (arrivals, arrived) = unbounded();
        let mut good = start("good", &trail, &hub.door(), move |changes| {
            arrivals.send(changes).unwrap();
            Ok(())
        });
        let reach = |pipeline: &Pipeline, state: State| {
            let until = Instant::now() + Duration::from_secs(60);
            while pipeline.status().lanes[0].state != state {
                assert!(Instant::now() < until, "{:?}", pipeline.status());
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        reach(&bad, State::Failed);
        let lane = bad.status().lanes.remove(0);
        assert!((lane.retries, lane.changes, lane.error_class) == (3, 0, Some("Io")) && !bad.status().is_healthy());
        // The first try and three more, and then none.
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(called.try_iter().count(), 4);
        assert_eq!(arrived.recv_timeout(Duration::from_secs(60)).unwrap(), 1);
        assert!(good.status().is_healthy());
        works.send(()).unwrap();
        bad.resume().unwrap();
        bad.drain().unwrap();
        assert_eq!(bad.status().lanes[0].changes, 1);
        good.stop().unwrap();
    }
}
