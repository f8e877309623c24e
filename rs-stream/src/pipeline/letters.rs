//! [`DeadLetters`]: changes that a sink has refused, in files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::{Change, Error, ErrorKind, Position, Result};

use crate::durable;

/// Why a change is in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) position: Position,
    pub(crate) reason: String,
    #[serde(flatten)]
    pub(crate) form: Form,
}

/// The contents of a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Form {
    /// A row as it comes from the mapping, and not the change of the trail. Other rows of the same change may be in the sink.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_mapped: bool,
    /// The number of the row's definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) definition: Option<u64>,
}

/// The dead letters of one sink: `PIPELINE.SINK.jsonl`, native JSON lines, which every command of trailcore reads, and beside it
/// `PIPELINE.SINK.jsonl.reasons`, with position and reason of each.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    path: PathBuf,
    changes: Vec<u8>,
    reasons: Vec<u8>,
    /// Letters that are not written yet.
    waiting: u64,
    /// Letters that are written, before the commit that moves on over their changes.
    synced: u64,
    /// Letters whose changes are before the place of the sink.
    kept: u64,
}

impl DeadLetters {
    pub(crate) fn new(folder: &Path, pipeline: &str, sink: &str) -> Self {
        let name = trailcore::sink::file_name(&format!("{pipeline}.{sink}.jsonl"));
        Self { path: folder.join(name), changes: Vec::new(), reasons: Vec::new(), waiting: 0, synced: 0, kept: 0 }
    }

    /// Returns the file of the changes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn reasons_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".reasons");
        name.into()
    }

    /// Adds a change. [`sync`](Self::sync) writes it.
    pub(crate) fn add(&mut self, change: &Change<'_>, form: Form, error: &Error) -> Result<()> {
        change.write_json(&mut self.changes)?;
        self.changes.push(b'\n');
        let reason = Reason { position: change.position(), reason: error.to_string(), form };
        serde_json::to_writer(&mut self.reasons, &reason).map_err(|error| Error::internal(&error.to_string()))?;
        self.reasons.push(b'\n');
        self.waiting += 1;
        Ok(())
    }

    /// Writes what was added, durably. It has to be called before the commit that moves on over the changes.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if crate::point::has_bug("dead letter dropped") {
            self.wrote();
        }
        if self.waiting == 0 {
            return Ok(());
        }
        // The reasons first: `trim` keeps a change only with its reason.
        append(&self.reasons_path(), &self.reasons)?;
        append(&self.path, &self.changes)?;
        self.wrote();
        Ok(())
    }

    /// Notes that all letters are written.
    fn wrote(&mut self) {
        self.synced += self.waiting;
        self.changes.clear();
        self.reasons.clear();
        self.waiting = 0;
    }

    /// Counts the letters that are written, once the sink has committed the place after their changes. Returns the number of all so far.
    pub(crate) fn keep(&mut self) -> u64 {
        self.kept += std::mem::take(&mut self.synced);
        self.kept
    }

    /// Returns the reasons of the letters, each with its line, up to one that is torn by a crash.
    pub(crate) fn reasons(&self) -> Result<Vec<(Reason, String)>> {
        let path = self.reasons_path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(&path, error)),
        };
        let mut reasons = Vec::new();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|error| Error::io(&path, error))?;
            let Ok(reason) = serde_json::from_str(&line) else { break };
            reasons.push((reason, line));
        }
        Ok(reasons)
    }

    /// Removes the letters at a position and after it: their changes come again.
    pub(crate) fn trim(&mut self, from: Position) -> Result<()> {
        self.changes.clear();
        self.reasons.clear();
        (self.waiting, self.synced) = (0, 0);
        let (path, reasons) = (self.reasons_path(), self.reasons()?);
        let changes = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io(&self.path, error)),
        };
        let whole: Vec<&str> = changes.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        // A letter without a line in both files was not committed.
        let kept: Vec<_> = reasons.iter().zip(&whole).filter(|((reason, _), _)| reason.position < from).collect();
        if kept.len() == reasons.len() && kept.len() == whole.len() && (changes.is_empty() || changes.ends_with('\n')) {
            return Ok(());
        }
        let text: String = kept.iter().map(|((_, line), _)| format!("{line}\n")).collect();
        replace(&path, text.as_bytes())?;
        replace(&self.path, kept.iter().map(|(_, change)| **change).collect::<String>().as_bytes())
    }

    /// Removes the files: their changes are in the sink now.
    pub(crate) fn remove(&self) -> Result<()> {
        // The changes first: nothing writes them again then.
        for path in [&self.path, &self.reasons_path()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::write(path, error)),
                _ => {}
            }
        }
        durable::sync_folder(durable::folder_of(&self.path)).map_err(|error| Error::write(&self.path, error))
    }

    /// Checks that the files can be written.
    pub(crate) fn check(&self) -> Result<()> {
        append(&self.path, b"")
    }
}

fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = durable::folder_of(path);
    fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().append(true).create(true).open(path))
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| durable::sync_folder(folder))
        .map_err(|error| Error::write(path, error))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    durable::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| durable::sync_folder(durable::folder_of(path)))
        .map_err(|error| Error::write(path, error))
}

/// Returns whether an error refuses one change, and not the whole sink.
pub(crate) fn refuses(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Value | ErrorKind::Unencodable | ErrorKind::UndefinedTable | ErrorKind::Undecidable)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trailcore::Op;
    use trailcore::change::{Builder, OwnedChange};
    use trailcore::schema::{ColumnDef, TableDef};

    use super::*;

    fn change(rba: u64) -> OwnedChange {
        let table = Arc::new(TableDef::new("A.B", vec![ColumnDef::number("ID").key()]));
        Builder::new(Op::Insert, &table).position(Position::new(0, rba)).with_after().build().unwrap()
    }

    #[test]
    fn letters_after_the_checkpoint_come_again() {
        let scratch = tempfile::tempdir().unwrap();
        let mut letters = DeadLetters::new(&scratch.path().join("letters"), "p", "csv");
        let error = Error::new(ErrorKind::Value, "too long");
        for rba in [10, 20, 30] {
            letters.add(&change(rba).as_change(), Form::default(), &error).unwrap();
        }
        letters.sync().unwrap();
        assert_eq!(letters.keep(), 3);
        letters.add(&change(40).as_change(), Form::default(), &error).unwrap();
        fs::write(letters.path(), fs::read_to_string(letters.path()).unwrap() + "{\"torn").unwrap();
        letters.sync().unwrap();
        letters.trim(Position::new(0, 15)).unwrap();
        letters.sync().unwrap();
        // The sink has not committed the place after the last one, which comes again.
        assert_eq!(letters.keep(), 3);
        let lines = fs::read_to_string(letters.path()).unwrap();
        assert!(lines.lines().count() == 1 && lines.contains("\"rba\":10"), "{lines}");
        assert_eq!(fs::read_to_string(letters.reasons_path()).unwrap().lines().count(), 1);
        // Nothing has to be removed: the file stays as it is.
        let before = fs::metadata(letters.path()).unwrap().modified().unwrap();
        letters.trim(Position::new(0, 15)).unwrap();
        assert_eq!(fs::metadata(letters.path()).unwrap().modified().unwrap(), before);
    }
}
