//! [`LogFollower`]: reads the event log while it grows, across roll-over and restart.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};
use twox_hash::XxHash64;

use crate::read::{Events, LogRecord};

/// Bytes that a call reads at most.
const MOST: u64 = 16 << 20;
/// Numbers of rolled files that are searched. GoldenGate keeps nine.
const ROLLED: u32 = 20;
/// Bytes of a first line that identify a file.
const FIRST: u64 = 4_096;

/// The request of `ops.follow`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FollowRequest {
    /// The path of the log.
    pub path: String,
    /// The token that the last call returned. Giving it acknowledges the events of that call; without it reading starts at the
    /// first line of the log.
    pub token: Option<String>,
}

/// `ops.follow`: the events since the token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FollowReport {
    /// The events, in the order of the log.
    pub events: Vec<LogRecord>,
    /// The token for the next call.
    pub token: String,
    /// There is more: call again at once.
    pub more: bool,
    /// Events may be lost: the file of the token exists no more, or was cut; or it has 16 MiB without the end of a line, or an event of
    /// that size.
    pub lost: bool,
}

/// A place in a log: the file by the hash of its first line, and the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    file: u64,
    offset: u64,
    /// The size of the file at the last call: an event at its end is complete if the file has not grown.
    size: u64,
}

/// Reads the event log while it grows. The token is all of its state.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("ggserr.log");
/// let line = "2024-03-01 10:00:00  INFO    OGG-00975  Oracle GoldenGate Manager for Oracle, mgr.prm:  EXTRACT E1 starting.\n";
/// std::fs::write(&path, line.repeat(2)).unwrap();
/// let mut follower = trailcore_ops::LogFollower::open(&path, None)?;
/// let first = follower.poll()?;
/// assert_eq!(first.events.len(), 1); // the second one may go on
/// let mut later = trailcore_ops::LogFollower::open(&path, Some(&first.token))?;
/// assert_eq!(later.poll()?.events.len(), 1);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LogFollower {
    path: PathBuf,
    mark: Option<Mark>,
}

impl LogFollower {
    /// Opens a log; it need not exist yet. `token` is that of an earlier report.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the token is not one.
    pub fn open(path: impl AsRef<Path>, token: Option<&str>) -> Result<Self> {
        let mark = match token.filter(|token| !token.is_empty()) {
            Some(token) => Some(Mark::parse(token)?),
            None => None,
        };
        Ok(Self { path: path.as_ref().to_owned(), mark })
    }

    /// Returns the events that were written since the last call.
    ///
    /// # Errors
    /// The errors of reading. A log that does not exist has no events.
    pub fn poll(&mut self) -> Result<FollowReport> {
        let mut report = FollowReport::default();
        let Some(mut number) = self.file_of_mark(&mut report.lost)? else { return Ok(self.reported(report)) };
        loop {
            let is_full = self.read(number, &mut report)?;
            report.more = is_full;
            if is_full || number == 0 {
                return Ok(self.reported(report));
            }
            // The next newer file, from its start. Until it has a whole line, the mark stays in this one: it can roll over before that.
            number -= 1;
            if self.identity(number)?.is_none() {
                return Ok(self.reported(report));
            }
            self.mark = None;
        }
    }

    fn reported(&self, mut report: FollowReport) -> FollowReport {
        report.token = self.mark.map(|mark| mark.text()).unwrap_or_default();
        report
    }

    /// Returns the number of the rolled file that the mark is in; 0 is the log itself.
    fn file_of_mark(&mut self, lost: &mut bool) -> Result<Option<u32>> {
        let Some(mark) = self.mark else { return Ok(self.identity(0)?.map(|_| 0)) };
        for number in 0..=ROLLED {
            if self.identity(number)? == Some(mark.file) {
                return Ok(Some(number));
            }
        }
        *lost = true;
        self.mark = None;
        Ok(self.identity(0)?.map(|_| 0))
    }

    fn file(&self, number: u32) -> PathBuf {
        match number {
            0 => self.path.clone(),
            number => PathBuf::from(format!("{}.{number}", self.path.display())),
        }
    }

    /// Returns the hash of the first line of a file, if it has a whole one.
    fn identity(&self, number: u32) -> Result<Option<u64>> {
        let path = self.file(number);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path, error)),
        };
        let mut start = Vec::new();
        file.take(FIRST).read_to_end(&mut start).map_err(|error| Error::io(&path, error))?;
        let end = memchr::memchr(b'\n', &start).or((start.len() as u64 == FIRST).then_some(start.len()));
        Ok(end.and_then(|end| start.get(..end)).map(|line| {
            let mut hasher = XxHash64::with_seed(0);
            hasher.write(line);
            hasher.finish()
        }))
    }

    /// Reads a file from the mark on. Returns whether there is more than a call reads.
    fn read(&mut self, number: u32, report: &mut FollowReport) -> Result<bool> {
        let Some(identity) = self.identity(number)? else { return Ok(false) };
        let path = self.file(number);
        let failed = |error| Error::io(&path, error);
        let mut file = File::open(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut mark = self.mark.unwrap_or(Mark { file: identity, offset: 0, size: 0 });
        if mark.offset > size {
            (report.lost, mark.offset) = (true, 0);
        }
        file.seek(SeekFrom::Start(mark.offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
        let is_full = bytes.len() as u64 == MOST;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        if is_full && whole == 0 {
            // No text has such a line: it is a hole.
            report.lost = true;
            self.mark = Some(Mark { file: identity, offset: mark.offset + bytes.len() as u64, size });
            return Ok(true);
        }
        bytes.truncate(whole);
        // A rolled file is complete, and so is one that has not grown.
        let is_complete = !is_full && (number > 0 || mark.size == size);
        let mut events: Vec<LogRecord> = Events::new(&bytes).map(|event| event.record()).collect();
        let mut taken = whole as u64;
        if !is_complete && let Some(last) = events.pop() {
            if is_full && last.place.offset == 0 {
                // An event as long as a call reads: its end is not waited for.
                report.lost = true;
                events.push(last);
            } else {
                taken = last.place.offset;
            }
        }
        for event in &mut events {
            event.place.offset += mark.offset;
        }
        report.events.append(&mut events);
        self.mark = Some(Mark { file: identity, offset: mark.offset + taken, size });
        Ok(is_full)
    }
}

impl Mark {
    fn text(self) -> String {
        format!("{:016x}-{}-{}", self.file, self.offset, self.size)
    }

    fn parse(text: &str) -> Result<Self> {
        let mut parts = text.split('-');
        let mut read = || {
            let file = u64::from_str_radix(parts.next()?, 16).ok()?;
            let (offset, size) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(Self { file, offset, size })
        };
        read().ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a token")).hint("use the token of the last report")
        })
    }
}

/// Answers `ops.follow`.
///
/// # Errors
/// The errors of [`LogFollower::open`] and [`LogFollower::poll`].
pub fn follow(request: &FollowRequest) -> Result<FollowReport> {
    LogFollower::open(&request.path, request.token.as_deref())?.poll()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn line(number: u32) -> String {
        format!(
            "2024-03-01 10:00:{:02}  INFO    OGG-{number:05}  Oracle GoldenGate Manager for Oracle, mgr.prm:  Message {number}.\n",
            number % 60
        )
    }

    fn append(path: &Path, text: &str) {
        std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Polls with a new follower each time, as after a restart.
    fn poll(path: &Path, token: &mut Option<String>) -> (Vec<String>, bool) {
        let report = LogFollower::open(path, token.as_deref()).unwrap().poll().unwrap();
        *token = Some(report.token);
        (report.events.iter().map(|event| event.text.clone()).collect(), report.lost)
    }

    #[test]
    fn a_hole_and_an_event_without_end_do_not_stop_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ggserr.log");
        let mut token = None;
        append(&path, &line(1));
        assert_eq!(poll(&path, &mut token).0.len(), 0);
        // A hole, as a crash of the host leaves it.
        append(&path, &"\0".repeat(MOST as usize + 7));
        append(&path, &format!("\n{}{}", line(2), line(3)));
        let (mut texts, mut lost) = (Vec::new(), false);
        for _ in 0..6 {
            let (found, is_lost) = poll(&path, &mut token);
            texts.extend(found);
            lost |= is_lost;
        }
        assert!(lost && texts.iter().any(|text| text.contains("Message 2")), "{} {lost}", texts.len());
        // One event whose lines fill a call.
        let long = dir.path().join("long.log");
        append(&long, &(line(4) + &"    more of it\n".repeat(MOST as usize / 14)));
        append(&long, &(line(5) + &line(6)));
        let (found, lost) = poll(&long, &mut None);
        assert!(lost && found.len() == 1 && found[0].starts_with("Message 4."), "{} {lost}", found.len());
    }

    #[test]
    fn a_roll_over_before_the_first_whole_line_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ggserr.log");
        let rolled = |number: u32| dir.path().join(format!("ggserr.log.{number}"));
        let mut token = None;
        append(&path, &(line(1) + &line(2)));
        assert_eq!(poll(&path, &mut token).0.len(), 1);
        std::fs::rename(&path, rolled(1)).unwrap();
        append(&path, line(3).trim_end());
        assert_eq!(poll(&path, &mut token), (vec!["Message 2.".to_owned()], false));
        append(&path, &format!("\n{}", line(4)));
        std::fs::rename(rolled(1), rolled(2)).unwrap();
        std::fs::rename(&path, rolled(1)).unwrap();
        append(&path, &(line(5) + &line(6)));
        assert_eq!(poll(&path, &mut token), (["Message 3.", "Message 4.", "Message 5."].map(str::to_owned).to_vec(), false));
    }

    #[test]
    fn roll_over_and_restart_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ggserr.log");
        let mut token = None;
        assert_eq!(poll(&path, &mut token), (vec![], false));
        append(&path, &(line(1) + &line(2) + "    more"));
        assert_eq!(poll(&path, &mut token).0, ["Message 1."]);
        append(&path, " of it\n");
        assert_eq!(poll(&path, &mut token).0.len(), 0);
        // The file has not grown: its last event is complete.
        assert_eq!(poll(&path, &mut token).0, ["Message 2.\n    more of it"]);
        append(&path, &(line(3) + &line(4)));
        // Two roll-overs between two calls.
        std::fs::rename(&path, dir.path().join("ggserr.log.2")).unwrap();
        append(&dir.path().join("ggserr.log.1"), &(line(5) + &line(6)));
        append(&path, &(line(7) + &line(8)));
        assert_eq!(
            poll(&path, &mut token),
            (["Message 3.", "Message 4.", "Message 5.", "Message 6.", "Message 7."].map(str::to_owned).to_vec(), false)
        );
        assert_eq!(poll(&path, &mut token).0, ["Message 8."]);
        // The file is replaced by another one.
        std::fs::write(&path, line(9) + &line(10)).unwrap();
        assert_eq!(poll(&path, &mut token), (vec!["Message 9.".to_owned()], true));
        assert!(LogFollower::open(&path, Some("moon")).is_err());
    }
}
