//! Pipelines as documents, for programs in other languages.

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde::Deserialize;
use trailcore::filter::nearest;
use trailcore::{Error, ErrorKind, Result};

use super::{Pipeline, PipelineOptions, Pipelines, Supervisor};

/// The verbs of [`Supervisor::call`].
const VERBS: [&str; 7] = ["status", "pause", "resume", "drain", "stop", "difference", "apply"];
/// The verbs of [`answer`].
const OPENERS: [&str; 3] = ["pipelines.validate", "pipelines.plan", "pipelines.replay"];

/// How often a caller with little time looks whether pipelines have ended.
const LOOK: Duration = Duration::from_millis(2);

/// A request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Request {
    /// The pipelines, as a TOML text.
    toml: Option<String>,
    /// The pipelines, as a TOML file.
    path: Option<String>,
    /// The name of one pipeline; all without it.
    pipeline: Option<String>,
    /// Milliseconds in which new pipelines have to become healthy.
    healthy_within: Option<u64>,
    /// The user who changes the configuration.
    who: Option<String>,
    /// Milliseconds that `drain` waits at most.
    within: Option<u64>,
}

impl Request {
    fn parse(text: &str) -> Result<Self> {
        let text = if text.is_empty() { "{}" } else { text };
        serde_json::from_str(text).map_err(|error| Error::new(ErrorKind::InvalidArgument, format!("request: {error}")))
    }

    fn pipelines(&self) -> Result<Pipelines> {
        match (&self.toml, &self.path) {
            (Some(text), _) => Pipelines::from_toml(text),
            (None, Some(path)) => Pipelines::open(path),
            (None, None) => {
                Err(Error::new(ErrorKind::InvalidArgument, "request: the pipelines are missing").hint("set toml or path"))
            }
        }
    }

    /// Returns the wanted pipelines of a file.
    fn wanted(&self) -> Result<Vec<PipelineOptions>> {
        let mut all = self.pipelines()?.pipelines;
        all.retain(|one| self.pipeline.as_ref().is_none_or(|name| *name == one.name));
        match (&self.pipeline, all.is_empty()) {
            (Some(name), true) => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no pipeline {name}"))),
            _ => Ok(all),
        }
    }
}

fn document(report: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(report).map_err(|error| Error::internal(&error.to_string()))
}

fn unknown(verb: &str, known: &[&'static str]) -> Error {
    let near = nearest(verb, known.iter().copied()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Error::new(ErrorKind::InvalidArgument, format!("unknown verb {verb}{near}"))
}

/// Answers a request about pipelines that do not run, as JSON: `pipelines.validate`, `pipelines.plan` and `pipelines.replay`. The request
/// has `toml` or `path`, and `pipeline` for one of them.
///
/// ```
/// let answer = trailcore_stream::pipeline::answer("pipelines.validate", r#"{"toml":"pipeline = []"}"#)?;
/// assert_eq!(answer, r#"{"mistakes":[]}"#);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument) for an unknown verb or a wrong request, and the errors of the work.
pub fn answer(verb: &str, request: &str) -> Result<String> {
    let request = Request::parse(request)?;
    match verb {
        "pipelines.validate" => {
            let mistakes: Vec<String> = request.wanted()?.iter().flat_map(Pipeline::validate).collect();
            document(&serde_json::json!({ "mistakes": mistakes }))
        }
        "pipelines.plan" => {
            let plans = request.wanted()?.iter().map(Pipeline::plan).collect::<Result<Vec<_>>>()?;
            document(&serde_json::json!({ "sinks": plans.concat() }))
        }
        "pipelines.replay" => {
            let files = request.wanted()?.iter().map(Pipeline::replay).collect::<Result<Vec<_>>>()?.concat();
            let files: Vec<_> =
                files.iter().map(|(path, changes)| serde_json::json!({ "path": path, "changes": changes })).collect();
            document(&serde_json::json!({ "files": files }))
        }
        _ => Err(unknown(verb, &OPENERS)),
    }
}

impl Supervisor {
    /// Answers a request as JSON: `status`; `pause`, `resume`, `drain` and `stop`, of one `pipeline` or all; `difference` and `apply` of
    /// other pipelines, in `toml` or `path`, with `healthy_within` and `who`. A `drain` with `within` waits that many milliseconds at most,
    /// and goes on after them; the answer has `has_ended`.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for an unknown verb, a wrong request or an unknown pipeline, and the errors of the
    /// work.
    pub fn call(&mut self, verb: &str, request: &str) -> Result<String> {
        let request = Request::parse(request)?;
        match verb {
            "status" => {}
            "pause" => self.each(&request, |pipeline| {
                pipeline.pause();
                Ok(())
            })?,
            "resume" => self.each(&request, Pipeline::resume)?,
            "drain" => {
                if let Some(time) = request.within {
                    let has_ended = self.drain_within(&request, Duration::from_millis(time))?;
                    return document(&serde_json::json!({ "has_ended": has_ended, "pipelines": self.status() }));
                }
                self.each(&request, Pipeline::drain)?;
            }
            "stop" => self.each(&request, Pipeline::stop)?,
            "difference" => return document(&self.difference(&request.pipelines()?)),
            "apply" => {
                let time = Duration::from_millis(request.healthy_within.unwrap_or(10_000));
                return document(&self.apply(request.pipelines()?, time, request.who.as_deref().unwrap_or("call"))?);
            }
            _ => return Err(unknown(verb, &VERBS)),
        }
        document(&serde_json::json!({ "pipelines": self.status() }))
    }

    /// Asks pipelines to drain, and waits for a time. Returns whether all have ended.
    fn drain_within(&mut self, request: &Request, time: Duration) -> Result<bool> {
        let until = Instant::now() + time;
        self.each(request, |pipeline| {
            pipeline.ask_to_drain();
            Ok(())
        })?;
        loop {
            let has_ended = Cell::new(true);
            self.each(request, |pipeline| {
                has_ended.set(has_ended.get() && pipeline.has_ended());
                Ok(())
            })?;
            if has_ended.get() {
                return self.each(request, Pipeline::drain).map(|()| true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn each(&mut self, request: &Request, act: impl Fn(&mut Pipeline) -> Result<()>) -> Result<()> {
        let Some(name) = &request.pipeline else { return self.pipelines().map(act).fold(Ok(()), Result::and) };
        match self.pipeline(name) {
            Some(pipeline) => act(pipeline),
            None => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no pipeline {name}"))),
        }
    }
}
