//! [`Objects`]: sets in a folder of an object store, with the same names as in a local folder.
//!
//! An object is written whole or not at all, and cannot be renamed: the files of a set are put under their final names. The digest of the
//! manifest is put last, on the condition that there is none; it makes the set. Objects in `partial/NAME` note what a backup that runs has
//! completed.
//!
//! A backup that starts puts an empty digest for each one that has not ended, so that those cannot publish any more. Then it uses their
//! objects, and deletes them. The empty digest stays: a backup that was suspended and comes back finds it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use trailcore::{Error, ErrorKind, Result};
use trailcore_stream::{ObjectFolder, Upload, point};

use super::steps::{Draft, Note, PARTIAL, SETS, Store, Stored, Target, candidates, check_clock, claimed, too_many};
use crate::backup::manifest::{DIGEST, MANIFEST, SetFile};

/// A folder in an object store.
#[derive(Debug)]
pub(crate) struct Objects {
    folder: ObjectFolder,
}

fn of_set(set: &str, name: &str) -> String {
    format!("{SETS}/{set}/{name}")
}

impl Objects {
    pub(crate) fn open(url: &str) -> Result<Self> {
        Ok(Self { folder: ObjectFolder::open(url, &BTreeMap::new())? })
    }

    fn is_published(&self, set: &str) -> Result<bool> {
        Ok(self.folder.size(&of_set(set, DIGEST))?.is_some_and(|bytes| bytes > 0))
    }

    /// Ends the right of a backup to publish its set. Returns `false` if it has done so.
    fn abandon(&self, set: &str) -> Result<bool> {
        Ok(self.folder.put_new(&of_set(set, DIGEST), Vec::new())? || !self.is_published(set)?)
    }

    fn read_at(&self, name: &str) -> io::Result<Stored<'_>> {
        let reader = self.folder.reader(name).map_err(|error| {
            let kind = if error.kind() == ErrorKind::NotFound { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
            io::Error::new(kind, error)
        })?;
        Ok(Stored { bytes: reader.bytes(), reader: Box::new(reader) })
    }

    /// Deletes the objects below a folder, apart from some.
    fn clear(&self, below: &str, kept: impl Fn(&str) -> bool) -> Result<()> {
        let names = self.folder.list(below)?.into_iter().map(|(name, _)| name);
        self.folder.delete(names.filter(|name| !kept(name)).collect())
    }

    /// Copies an object inside of the store.
    fn copy(&self, from: &str, to: &str, file: &SetFile) -> Result<bool> {
        Ok(self.folder.size(from)? == Some(file.bytes) && self.folder.copy(from, to)?)
    }

    /// Returns a note; `None` if its backup has come back since it was listed, and has removed it.
    fn note_at(&self, name: &str) -> Result<Option<Note>> {
        match self.folder.read(name) {
            Ok(text) => Ok(Note::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a name that no other set has.
    fn claim(&self, first: &str) -> Result<String> {
        let (taken, _) = self.folder.entries(SETS)?;
        for name in candidates(first).filter(|name| !taken.contains(name)) {
            let claim = format!("{PARTIAL}/{name}/claim");
            if self.folder.put_new(&claim, Vec::new())? {
                // Another backup may have had the name, and ended, since the names were listed.
                if self.folder.list(&format!("{SETS}/{name}"))?.is_empty() {
                    return Ok(name);
                }
                self.folder.delete(vec![claim])?;
            }
        }
        Err(too_many())
    }
}

impl Store for Objects {
    fn place(&self, name: &str) -> String {
        self.folder.url_of(name)
    }

    fn open(&self, name: &str) -> io::Result<Stored<'_>> {
        self.read_at(name)
    }

    fn is_file(&self, name: &str) -> Result<bool> {
        Ok(self.folder.size(name)?.is_some())
    }

    fn files(&self, below: &str) -> Result<Vec<String>> {
        Ok(self.folder.list(below)?.into_iter().map(|(name, _)| name).collect())
    }

    fn names(&self) -> Result<Vec<String>> {
        let (folders, _) = self.folder.entries(SETS)?;
        let mut names = Vec::new();
        for name in folders {
            if self.is_published(&name)? {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn begin(&self, first: &str) -> Result<Box<dyn Draft + '_>> {
        self.folder.check_conditions("conditions")?;
        let names = self.names()?;
        check_clock(names.last(), first)?;
        let (mut ended, mut interrupted) = (Vec::new(), BTreeMap::new());
        let (running, _) = self.folder.entries(PARTIAL)?;
        for set in running {
            if self.abandon(&set)? {
                for (name, _) in self.folder.list(&format!("{PARTIAL}/{set}/files"))? {
                    if let Some(note) = self.note_at(&name)? {
                        interrupted.insert(note.file.stored(), (set.clone(), note));
                    }
                }
                ended.push((set, true));
            } else {
                ended.push((set, false));
            }
        }
        let name = self.claim(first)?;
        Ok(Box::new(ObjectDraft { repository: self, name, previous: names.last().cloned(), ended, interrupted }))
    }
}

/// A set that is made under its final name.
struct ObjectDraft<'a> {
    repository: &'a Objects,
    name: String,
    previous: Option<String>,
    /// Backups that have not removed their notes, and whether they were abandoned.
    ended: Vec<(String, bool)>,
    /// The files that those have completed, with the names of their sets.
    interrupted: BTreeMap<String, (String, Note)>,
}

impl ObjectDraft<'_> {
    fn own(&self, name: &str) -> String {
        of_set(&self.name, name)
    }
}

impl Draft for ObjectDraft<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn previous(&self) -> Option<&str> {
        self.previous.as_deref()
    }

    fn interrupted(&self) -> Vec<Note> {
        self.interrupted.values().map(|(_, note)| note.clone()).collect()
    }

    fn is_name(&self, name: &str) -> bool {
        self.repository.folder.is_name(&self.own(name))
    }

    fn create(&self, name: &str) -> Result<Box<dyn Target + '_>> {
        let name = self.own(name);
        let place = self.repository.place(&name);
        Ok(Box::new(Object { upload: self.repository.folder.upload(&name)?, place }))
    }

    fn note(&mut self, note: &Note) -> Result<()> {
        let name = format!("{PARTIAL}/{}/{}", self.name, note.file.stored());
        self.repository.folder.put_new(&name, note.to_text()?.into_bytes())?;
        Ok(())
    }

    fn resume(&self, file: &SetFile) -> Result<bool> {
        let Some((set, _)) = self.interrupted.get(&file.stored()) else { return Ok(false) };
        self.repository.copy(&of_set(set, &file.stored()), &self.own(&file.stored()), file)
    }

    fn share(&self, set: &str, file: &SetFile) -> Result<bool> {
        self.repository.copy(&of_set(set, &file.stored()), &self.own(&file.stored()), file)
    }

    fn open(&self, name: &str) -> io::Result<Stored<'_>> {
        self.repository.read_at(&self.own(name))
    }

    fn publish(&mut self, files: &[SetFile], manifest: &str, digest: &str) -> Result<String> {
        let repository = self.repository;
        let wanted: BTreeSet<String> = files.iter().map(|file| self.own(&file.stored())).collect();
        repository.clear(&self.own("files"), |name| wanted.contains(name))?;
        for (set, is_abandoned) in &self.ended {
            if *is_abandoned {
                repository.clear(&format!("{SETS}/{set}"), |name| *name == of_set(set, DIGEST))?;
            }
            repository.clear(&format!("{PARTIAL}/{set}"), |_| false)?;
        }
        let mut out = self.create(MANIFEST)?;
        out.write(manifest.as_bytes())?;
        out.finish()?;
        point::reach("backup.manifest");
        let (name, content) = (self.own(DIGEST), digest.as_bytes().to_vec());
        // The one that is there may be this one: of a try whose answer was lost.
        if !repository.folder.put_new(&name, content.clone())? && repository.folder.read(&name)? != content {
            repository.clear(&format!("{SETS}/{}", self.name), |other| other == name)?;
            repository.clear(&format!("{PARTIAL}/{}", self.name), |_| false)?;
            return Err(claimed(&repository.place("")));
        }
        point::reach("backup.digest");
        // The set is there. If this fails, the next backup does it.
        let _ = repository.clear(&format!("{PARTIAL}/{}", self.name), |_| false);
        Ok(repository.place(&format!("{SETS}/{}", self.name)))
    }
}

/// An object that is put.
struct Object<'a> {
    upload: Upload<'a>,
    place: String,
}

impl Target for Object<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        io::Write::write_all(&mut self.upload, bytes).map_err(|error| Error::write(self.place.as_ref(), error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.upload.finish()
    }
}
