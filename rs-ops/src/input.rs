//! [`Input`]: an artefact of a request, by path or as text that the caller already has.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use crate::moment::Moment;
use crate::read::{Kind, Reading};

/// Bytes of an artefact that are read; `max_bytes` sets another limit.
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
    /// The most bytes that are read of a file, from its end.
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
        Ok(Reading::of(self.label(), &self.bytes()?, self.kind)?.observed(self.observed))
    }

    /// Returns the bytes of the artefact.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>> {
        match (&self.text, &self.path) {
            (Some(text), None) => Ok(Cow::Borrowed(text.as_bytes())),
            (None, Some(path)) => Ok(Cow::Owned(self.tail(path)?)),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "an input needs either path or text")),
        }
    }

    /// Reads the end of a file: as many bytes as the limit allows, from the start of a line.
    fn tail(&self, path: &str) -> Result<Vec<u8>> {
        use std::io::{Read as _, Seek as _};
        let failed = |error| Error::io(path.as_ref(), error);
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let skipped = size.saturating_sub(self.max_bytes.unwrap_or(MOST));
        file.seek(std::io::SeekFrom::Start(skipped)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(size - skipped).read_to_end(&mut bytes).map_err(failed)?;
        if skipped > 0 {
            let line = memchr::memchr(b'\n', &bytes).map_or(0, |end| end + 1);
            bytes.drain(..line);
        }
        Ok(bytes)
    }
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
