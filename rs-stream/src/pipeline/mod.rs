//! [`Pipeline`]: moves the changes of a trail on to sinks, exactly once where the sink can.
//!
//! `docs/pipelines.md` has the guarantees of each sink, and a file of pipelines for `trailcore run`.

mod call;
mod definitions;
mod lane;
mod letters;
mod mapping;
#[cfg(feature = "metrics")]
mod metrics;
mod options;
mod status;
mod supervisor;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use trailcore::{Change, Error, ErrorKind, Position, Result, Trail};

pub use self::call::answer;
use self::definitions::Definitions;
pub use self::definitions::{DefinitionOptions, NewColumns};
use self::lane::{Control, Lane, Wanted};
pub(crate) use self::letters::refuses;
use self::letters::{DeadLetters, Form};
use self::mapping::Mapping;
pub use self::mapping::{Cast, Mask, Transform};
#[cfg(feature = "metrics")]
pub use self::metrics::PipelineMetrics;
pub use self::options::{CommitLimits, PipelineOptions, Pipelines, RetryOptions, SinkOptions};
pub use self::status::{EventCount, LaneStatus, PipelineStatus, RuleDoubt, State};
pub use self::supervisor::{Difference, Supervisor};
use crate::hub::Door;
use crate::options::{Delivery, Start};
use crate::sink::Sink;
use crate::tail::Tail;

/// A running pipeline: one thread for each of its sinks.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
/// # let (trail, out) = (dir.path().join("bk"), dir.path().join("out"));
/// use trailcore_stream::pipeline::{Pipeline, Pipelines};
///
/// let text = format!("[[pipeline]]\nname = 'postings'\ntrail = {trail:?}\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}");
/// let mut pipeline = Pipeline::start(Pipelines::from_toml(&text)?.pipelines.remove(0))?;
/// pipeline.drain()?; // to the end of what is there
/// assert!(pipeline.status().lanes[0].changes > 0);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Pipeline {
    options: Arc<PipelineOptions>,
    lanes: Vec<Lane>,
}

impl Pipeline {
    /// Starts a pipeline. Errors of its work are in its [status](Self::status), and returned by [`stop`](Self::stop).
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for options that are not valid.
    pub fn start(options: PipelineOptions) -> Result<Self> {
        Self::start_shared(options, None)
    }

    /// Starts a pipeline that shares the reading of its trail with others.
    pub(crate) fn start_shared(options: PipelineOptions, door: Option<Door>) -> Result<Self> {
        let sinks =
            options.named_sinks().map(|(name, sink)| Ok((name, sink.open_with(options.workers)?))).collect::<Result<_>>()?;
        Self::start_lanes(options, sinks, door)
    }

    /// Starts a pipeline with sinks of the program, each with a name. Those of the options are not used.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for options that are not valid.
    pub fn start_with(options: PipelineOptions, sinks: Vec<(String, Box<dyn Sink>)>) -> Result<Self> {
        if options.workers > 1 {
            let what = format!("the pipeline {} has workers, and sinks of the program", options.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("a sink of a program is used by one thread at a time"));
        }
        Self::start_lanes(options, sinks, None)
    }

    fn start_lanes(options: PipelineOptions, sinks: Vec<(String, Box<dyn Sink>)>, door: Option<Door>) -> Result<Self> {
        if sinks.is_empty() {
            let what = format!("the pipeline {} has no sink", options.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("add a [[pipeline.sink]]"));
        }
        options.check()?;
        let options = Arc::new(options);
        let lane = |(name, sink)| Lane::start(Arc::clone(&options), name, sink, door.clone());
        let lanes = sinks.into_iter().map(lane).collect::<Result<_>>()?;
        Ok(Self { options, lanes })
    }

    /// Returns its options.
    #[must_use]
    pub fn options(&self) -> &PipelineOptions {
        &self.options
    }

    /// Returns how it is.
    #[must_use]
    pub fn status(&self) -> PipelineStatus {
        let PipelineOptions { name, trail, .. } = &*self.options;
        PipelineStatus { name: name.clone(), trail: prefix(trail), lanes: self.lanes.iter().map(Lane::status).collect() }
    }

    /// Commits what was read, and reads no further until it is resumed.
    pub fn pause(&self) {
        self.want(Wanted::Pause);
    }

    /// Goes on after a pause, and tries again after a failure.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if a thread cannot be started.
    pub fn resume(&mut self) -> Result<()> {
        self.want(Wanted::Run);
        self.lanes.iter_mut().try_for_each(Lane::start_again)
    }

    /// Reads to the end of what is there now, commits it, and stops. Waits for that.
    ///
    /// # Errors
    /// The first error that has ended a lane.
    pub fn drain(&mut self) -> Result<()> {
        self.want(Wanted::Drain);
        self.join()
    }

    /// Commits what was read, and stops. Waits for that.
    ///
    /// # Errors
    /// The first error that has ended a lane.
    pub fn stop(&mut self) -> Result<()> {
        self.want(Wanted::Stop);
        self.join()
    }

    /// Asks it to stop, without waiting.
    pub(crate) fn ask_to_stop(&self) {
        self.want(Wanted::Stop);
    }

    /// Asks it to move to the end of what is there, without waiting.
    pub(crate) fn ask_to_drain(&self) {
        self.want(Wanted::Drain);
    }

    /// Returns whether all of its threads have ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.lanes.iter().all(Lane::has_ended)
    }

    fn want(&self, wanted: Wanted) {
        self.lanes.iter().map(Lane::control).for_each(|control: &Control| control.want(wanted));
    }

    /// Waits for all lanes, and returns the first error.
    fn join(&mut self) -> Result<()> {
        self.lanes.iter_mut().map(Lane::join).fold(Ok(()), Result::and)
    }

    /// Checks the options without starting: the trail can be read, the selection and the transforms fit its tables, the sinks can be written
    /// to. Returns a line for each mistake.
    #[must_use]
    pub fn validate(options: &PipelineOptions) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut note = |what: &str, outcome: Result<()>| {
            if let Err(error) = outcome {
                mistakes.push(format!("{}: {what}: {error}", options.name));
            }
        };
        note("options", options.check());
        note("trail", check_trail(options));
        if options.sinks.is_empty() {
            note("sink", Err(Error::new(ErrorKind::InvalidArgument, "there is none").hint("add a [[pipeline.sink]]")));
        }
        for (name, sink) in options.named_sinks() {
            note(&name, sink.open_with(options.workers).and_then(|mut sink| sink.check()));
            if let Some(folder) = &options.dead_letters {
                note("dead_letters", DeadLetters::new(folder, &options.name, &name).check());
            }
        }
        mistakes
    }

    /// Returns where each sink would go on, without starting or changing anything.
    ///
    /// # Errors
    /// The errors of reaching a sink.
    pub fn plan(options: &PipelineOptions) -> Result<Vec<Plan>> {
        let end = match Trail::open(&options.trail) {
            Ok(trail) => Some(trail),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let plan = |(name, sink): (String, &SinkOptions)| {
            let committed = sink.open_with(options.workers)?.peek()?.map(|checkpoint| checkpoint.position);
            let bytes_behind = end.as_ref().map(|trail| bytes_after(trail, committed)).transpose()?;
            let (pipeline, start) = (options.name.clone(), options.follow.start.to_string());
            Ok(Plan { pipeline, sink: name, start, committed, bytes_behind })
        };
        options.named_sinks().map(plan).collect()
    }

    /// Writes the dead letters of each sink to it once more, and removes them: changes of the trail with the present mapping, rows as they are. The pipeline must not run
    /// meanwhile. Returns the files that were there, and the number of changes of each. If the process ends between the commit of a sink
    /// and the removal, the next call writes its letters again.
    ///
    /// The letters are JSON lines, so that the types of columns are those of the options' definitions (`follow.read`), or inferred.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the pipeline keeps no dead letters; the first error of a sink, which gets none
    /// of its letters then, and keeps them, also if it refuses one of them again.
    pub fn replay(options: &PipelineOptions) -> Result<Vec<(PathBuf, u64)>> {
        let Some(folder) = &options.dead_letters else {
            let what = format!("the pipeline {} keeps no dead letters", options.name);
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("set dead_letters to their folder"));
        };
        let mut done = Vec::new();
        for (name, sink) in options.named_sinks() {
            let mut letters = DeadLetters::new(folder, &options.name, &name);
            if letters.path().metadata().is_ok_and(|facts| facts.len() > 0) {
                let mut sink = sink.open()?;
                let mut written = write_again(options, &mut letters, &mut *sink);
                // The sink has adapted its types, or the care with which it looks at values.
                for _ in 0..ADAPTED {
                    if !written.as_ref().is_err_and(|error| error.kind() == ErrorKind::SchemaChange) {
                        break;
                    }
                    sink.roll_back()?;
                    written = write_again(options, &mut letters, &mut *sink);
                }
                if written.is_err() {
                    sink.roll_back()?;
                }
                done.push((letters.path().to_path_buf(), written?));
                letters.remove()?;
            }
        }
        Ok(done)
    }
}

/// Tries of a replay after errors to which a sink adapts itself.
const ADAPTED: usize = 20;

/// Writes letters to a sink, whose place in the trail stays.
fn write_again(options: &PipelineOptions, letters: &mut DeadLetters, sink: &mut dyn Sink) -> Result<u64> {
    let Some(checkpoint) = sink.load()? else {
        return Err(Error::new(ErrorKind::InvalidArgument, "the sink has no commit yet").hint("run the pipeline first"));
    };
    // Those after the place come again without a replay.
    letters.trim(checkpoint.position)?;
    let definitions = Definitions::new(&options.definitions, checkpoint.definitions.clone()).for_replay();
    let mut mapping = Mapping::new(options.select.as_ref(), &options.map)?.watching(definitions);
    let mut reader = Trail::open(letters.path())?.reader_with(options.follow.read.clone())?;
    let reasons = letters.reasons()?;
    let mut changes = 0;
    while let Some(change) = reader.next()? {
        let form = reasons.get(changes).map_or_else(Form::default, |(reason, _)| reason.form);
        let mut rows = 0;
        let mut write = |row: &Change<'_>, definition| {
            rows += 1;
            sink.set_definition(definition);
            sink.write(row)
        };
        if form.is_mapped {
            write(&change, form.definition)?;
        } else {
            mapping.map(&change, write)?;
        }
        if rows == 0 {
            let what = format!("the dead letter of {} at {} gives no row", change.table_name(), change.position());
            return Err(Error::new(ErrorKind::Value, what).hint("correct the selection, or remove the letter from both files"));
        }
        changes += 1;
    }
    if let Some((_, error)) = sink.take_refused()?.into_iter().next() {
        return Err(error);
    }
    sink.commit(&checkpoint)?;
    Ok(changes as u64)
}

/// The place at which a sink would go on.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: String,
    /// The sink.
    pub sink: String,
    /// The place to start at without a commit.
    pub start: String,
    /// The position after the last committed change; absent before the first commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Position>,
    /// Bytes of the trail after it; absent if there are no files yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_behind: Option<u64>,
}

/// Returns the prefix of the files of a trail that may be given by its folder: by that, writers and readers of a trail are found.
fn prefix(trail: &Path) -> PathBuf {
    let first = trail.is_dir().then(|| Trail::open(trail).ok()?.files().first().map(|file| file.path.clone())).flatten();
    let name = first.as_ref().and_then(|path| path.file_name()?.to_str());
    let digits = name.map_or(0, |name| name.bytes().rev().take_while(u8::is_ascii_digit).count());
    let length = if digits >= 9 { 9 } else { 6 };
    match name.filter(|_| digits >= 6).and_then(|name| name.get(..name.len() - length)) {
        Some(name) => trail.join(name),
        None => trail.to_path_buf(),
    }
}

/// Returns the bytes of a trail after a position.
fn bytes_after(trail: &Trail, at: Option<Position>) -> Result<u64> {
    let at = at.and_then(Position::trail).unwrap_or_default();
    let mut bytes = 0;
    for file in trail.files() {
        let size = std::fs::metadata(&file.path).map_err(|error| Error::io(&file.path, error))?.len();
        bytes += match file.seqno {
            Some(seqno) if seqno < at.seqno => 0,
            Some(seqno) if seqno == at.seqno => size.saturating_sub(at.rba),
            _ => size,
        };
    }
    Ok(bytes)
}

/// Follows the trail from its first file on through selection and mapping, for some changes or to the end of what is there.
fn check_trail(options: &PipelineOptions) -> Result<()> {
    const CHANGES: usize = 10_000;
    let mut mapping = Mapping::new(options.select.as_ref(), &options.map)?;
    let follow = options.follow.clone().start(Start::Beginning).delivery(Delivery::Changes);
    let follow = match &options.select {
        Some(select) => follow.select(select.clone()),
        None => follow,
    };
    let mut tail = Tail::open(&options.trail, follow)?;
    let mut changes = 0;
    while changes < CHANGES {
        let Some(item) = tail.recv_timeout(Duration::ZERO)? else { break };
        for block in item.blocks()? {
            for change in block?.changes() {
                changes += 1;
                match mapping.map(&change, |_, _| Ok(())) {
                    Err(error) if !refuses(&error) => return Err(error),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(pipeline = self.options.name, %error, "the pipeline has ended");
        }
    }
}
