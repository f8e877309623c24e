//! [`DeadLetters`]: changes that a sink has refused, in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::{Change, Error, ErrorKind, Position, Result};

/// Why a change is in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) position: Position,
    pub(crate) sink: String,
    pub(crate) reason: String,
}

/// The file of a pipeline's dead letters: native JSON lines, which every command of trailcore reads, and beside it `NAME.reasons`, with
/// position and reason of each.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    path: PathBuf,
    changes: Vec<u8>,
    reasons: Vec<u8>,
    added: u64,
}

impl DeadLetters {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), changes: Vec::new(), reasons: Vec::new(), added: 0 }
    }

    fn reasons_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".reasons");
        name.into()
    }

    /// Adds a change. [`sync`](Self::sync) writes it.
    pub(crate) fn add(&mut self, change: &Change<'_>, sink: &str, error: &Error) -> Result<()> {
        change.write_json(&mut self.changes)?;
        self.changes.push(b'\n');
        let reason = Reason { position: change.position(), sink: sink.to_owned(), reason: error.to_string() };
        serde_json::to_writer(&mut self.reasons, &reason).map_err(|error| Error::internal(&error.to_string()))?;
        self.reasons.push(b'\n');
        self.added += 1;
        Ok(())
    }

    /// Writes what was added, durably. It has to be called before the commit that moves on over the changes.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        // The reasons first: `trim` counts them.
        append(&self.reasons_path(), &self.reasons)?;
        append(&self.path, &self.changes)?;
        self.changes.clear();
        self.reasons.clear();
        Ok(())
    }

    /// Forgets what was added and not written.
    pub(crate) fn forget(&mut self) {
        self.changes.clear();
        self.reasons.clear();
    }

    /// Returns the number of changes that were added.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    /// Removes the letters from a position on: their changes come again. Other sinks' letters stay.
    pub(crate) fn trim(&mut self, from: Position, sink: &str) -> Result<()> {
        let path = self.reasons_path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io(&path, error)),
        };
        let mut reasons = Vec::new();
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|error| Error::io(&path, error))?;
            // The last line may be torn by a crash.
            let Ok(reason) = serde_json::from_str::<Reason>(&line) else { break };
            reasons.push((reason, line));
        }
        let changes = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io(&self.path, error)),
        };
        let whole: Vec<&str> = changes.split_inclusive('\n').filter(|line| line.ends_with('\n')).collect();
        let keeps = |(reason, _): &&(Reason, String)| reason.sink != sink || reason.position < from;
        if whole.len() == reasons.len() && changes.ends_with('\n') && reasons.iter().all(|one| keeps(&one)) {
            return Ok(());
        }
        // A change that has no line in both files was not committed.
        let kept: Vec<_> = reasons.iter().zip(whole).filter(|(reason, _)| keeps(reason)).collect();
        let text: String = kept.iter().map(|((_, line), _)| format!("{line}\n")).collect();
        replace(&path, text.as_bytes())?;
        replace(&self.path, kept.iter().map(|(_, change)| *change).collect::<String>().as_bytes())
    }

    /// Checks that the file can be written.
    pub(crate) fn check(&self) -> Result<()> {
        append(&self.path, b"")
    }
}

fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    let open = || OpenOptions::new().append(true).create(true).open(path);
    open().and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all())).map_err(|error| Error::write(path, error))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    append_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).map_err(|error| Error::write(path, error))
}

fn append_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
        let path = scratch.path().join("letters.jsonl");
        let mut letters = DeadLetters::new(&path);
        let error = Error::new(ErrorKind::Value, "too long");
        for (rba, sink) in [(10, "csv"), (20, "jsonl"), (30, "csv")] {
            letters.add(&change(rba).as_change(), sink, &error).unwrap();
        }
        letters.sync().unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"torn").unwrap();
        letters.trim(Position::new(0, 15), "csv").unwrap();
        let lines = fs::read_to_string(&path).unwrap();
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(lines.contains("\"rba\":10") && lines.contains("\"rba\":20"), "{lines}");
        assert_eq!(fs::read_to_string(letters.reasons_path()).unwrap().lines().count(), 2);
    }
}
