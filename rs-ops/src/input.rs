//! [`Input`]: an artefact of a request, by path or as text that the caller already has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use crate::fault::{FaultKind, Place};
use crate::moment::Moment;
use crate::read::{Kind, Reading};

/// Bytes of a file that are read; `max_bytes` sets another limit.
const MOST: u64 = 256 << 20;

/// An artefact: a file, or text that the caller has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// The path of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The text itself. With it, `name` names the artefact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The name of the artefact; by default its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind. Without it the kind is detected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The deployment or home that the artefact belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// The time of the observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Moment>,
    /// The zone of times without one: minutes that they are ahead of UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<i16>,
    /// A directory with trail files: their names and sizes are listed. Such an input needs no path and no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trails: Option<String>,
    /// The free bytes of the disk with the trail files, if the caller knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free: Option<u64>,
    /// The most bytes that are read of a file, from its end; 256 MiB by default. Lines and offsets of the reading count from the first
    /// line that is read, and a fault `truncated` states how many bytes are before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// An artefact that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefusedInput {
    /// The artefact.
    pub artefact: String,
    /// The reason.
    pub reason: String,
}

impl Input {
    /// Returns an input with this text and name.
    #[must_use]
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: Some(name.into()), text: Some(text.into()), ..Self::default() }
    }

    /// Returns an input with this path.
    #[must_use]
    pub fn path(path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::default() }
    }

    /// Returns the name of the artefact.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.path.as_deref()).or(self.trails.as_deref()).unwrap_or("text")
    }

    /// Reads the artefact.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] without path and text, the errors of reading the file, and those of [`Reading::of`].
    pub fn read(&self) -> Result<Reading> {
        let (bytes, skipped) = self.part()?;
        let mut reading = Reading::of(self.label(), &bytes, self.kind)?;
        if skipped > 0 {
            let what = format!("the first {skipped} bytes of the file are not read");
            reading.faults.add(Place::default(), FaultKind::Truncated, &what);
        }
        Ok(reading.observed(self.observed))
    }

    /// Returns the bytes of the artefact.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        Ok(self.part()?.0)
    }

    /// Returns the bytes that are read, and the number of those before them.
    fn part(&self) -> Result<(Cow<'_, [u8]>, u64)> {
        match (&self.text, &self.path) {
            (Some(text), None) => Ok((Cow::Borrowed(text.as_bytes()), 0)),
            (None, Some(path)) => self.tail(path).map(|(bytes, skipped)| (Cow::Owned(bytes), skipped)),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "an input needs either path or text")),
        }
    }

    /// Reads the end of a file: as many bytes as the limit allows, from the start of a line. Returns the bytes before them, too.
    fn tail(&self, path: &str) -> Result<(Vec<u8>, u64)> {
        use std::io::{Read as _, Seek as _};
        let failed = |error| Error::io(path.as_ref(), error);
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let (facts, most) = (file.metadata().map_err(failed)?, self.max_bytes.unwrap_or(MOST));
        let mut bytes = Vec::new();
        if !facts.is_file() {
            // The size of a pipe is not known.
            file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
            return if bytes.len() as u64 > most { Err(too_long(path, most)) } else { Ok((bytes, 0)) };
        }
        let mut skipped = facts.len().saturating_sub(most);
        if skipped > 0 {
            file.seek(std::io::SeekFrom::Start(skipped)).map_err(failed)?;
        }
        file.take(facts.len() - skipped).read_to_end(&mut bytes).map_err(failed)?;
        if skipped > 0 {
            let line = memchr::memchr(b'\n', &bytes).map_or(0, |end| end + 1);
            bytes.drain(..line);
            skipped += line as u64;
        }
        Ok((bytes, skipped))
    }
}

fn too_long(path: &str, most: u64) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("{path} is a pipe with more than {most} bytes"))
        .hint("write it to a file, whose end is read, or set max_bytes")
}

/// Reads all inputs. One that only lists trail files has an empty reading, which is left out.
pub(crate) fn read_all(inputs: &[Input]) -> Vec<(Input, Result<Reading>)> {
    let read = |input: &Input| {
        if input.trails.is_some() && input.path.is_none() && input.text.is_none() {
            let folder = input.trails.as_deref().unwrap_or("");
            if !std::path::Path::new(folder).is_dir() {
                return Err(Error::new(ErrorKind::NotFound, format!("{folder} is not a directory")));
            }
            let content = crate::read::Content::Statsd(Vec::new());
            let artefact = input.label().to_owned();
            return Ok(Reading {
                artefact,
                kind: Kind::Empty,
                observed: input.observed,
                bytes: 0,
                content,
                faults: Default::default(),
            });
        }
        input.read()
    };
    inputs.iter().map(|input| (input.clone(), read(input))).collect()
}

/// Reads inputs and builds a snapshot of them.
///
/// ```
/// use trailcore_ops::{Input, observe};
/// let snapshot = observe(&[Input::text("all.txt", "Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\nEXTRACT     RUNNING     E1          00:00:02      00:00:05\n")]);
/// assert_eq!(snapshot.streams[0].name, "E1");
/// ```
#[must_use]
pub fn observe(inputs: &[Input]) -> crate::model::Snapshot {
    crate::model::Snapshot::of(&read_all(inputs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_up_to_the_limit() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let read = |max_bytes| {
            let own = path.clone();
            // A reader that stops early breaks the pipe.
            let writer = std::thread::spawn(move || drop(std::fs::write(own, "Manager is DOWN!\n")));
            let reading = Input { max_bytes, ..Input::path(path.display().to_string()) }.read();
            writer.join().unwrap();
            reading
        };
        assert_eq!(read(None).unwrap().sections()[0].name(), "manager");
        assert_eq!(read(Some(17)).unwrap().sections()[0].name(), "manager");
        let error = read(Some(5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("a pipe with more than 5 bytes"), "{error}");
    }

    #[test]
    fn the_end_of_a_long_file_is_read_and_the_rest_is_stated() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("mgr.txt");
        std::fs::write(&path, "an old line\nManager is running (IP port gg1.7809, Process ID 18221).\n").unwrap();
        let mut input = Input::path(path.display().to_string());
        assert_eq!(input.read().unwrap().faults.of(FaultKind::Truncated), 0);
        input.max_bytes = Some(62);
        let reading = input.read().unwrap();
        assert_eq!(reading.sections()[0].name(), "manager");
        assert_eq!(reading.faults.first[0].what, "the first 12 bytes of the file are not read");
    }
}
