//! `Trail::write_index`: writes the side index of each file of a trail.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::sink::publish::{Claim, publish};
use crate::source::{FileIndex, ReadOptions, Trail};

/// The arguments of the verb `index`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IndexOptions {
    /// The folder for the indexes, which is made if there is none.
    pub folder: PathBuf,
}

impl IndexOptions {
    /// Reads the arguments from a JSON document.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        document::parse(document)
    }
}

/// Report of [`Trail::write_index`]: the index of each file, in the order of the trail.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct IndexReport {
    /// The files of the trail.
    pub files: Vec<IndexedFile>,
}

impl IndexReport {
    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal).
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }
}

/// The index of one file.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct IndexedFile {
    /// The trail file.
    pub path: String,
    /// Its index.
    pub index: String,
    /// The index was made; it is `false` if one that fits the file was there.
    pub written: bool,
    /// Places at which reading can start, apart from the file's start.
    pub places: u64,
    /// Bytes of the file, when the index was made.
    pub bytes: u64,
    /// Why the index ends before the file does: damage, or an incomplete record. What follows is reached without it.
    #[serde(serialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub problem: Option<Error>,
}

/// Writes an error as its text.
fn as_text<S: serde::Serializer>(error: &Option<Error>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.collect_str(error),
        None => serializer.serialize_none(),
    }
}

impl Trail {
    /// Writes a side index of each file into a folder, which is made if there is none: `NAME.index`, with which [`ReadOptions::index`] reaches any position without
    /// reading its file from the start. An index that fits its file is kept; one that is damaged, or whose file has another start or
    /// size, is made again. The trail itself is not changed, and the folder may be that of the trail.
    ///
    /// Making an index reads the file once, at the speed of framing. An index has about one place for each megabyte, and at most 8,192.
    /// It is a text with a checksum, moved to its name when it is complete. It has no column data; it has CSNs and times.
    ///
    /// ```
    /// # let dir = tempfile::tempdir().unwrap();
    /// # trailcore_samples::write_bank(dir.path(), &trailcore_samples::Bank::small()).unwrap();
    /// # let (path, folder) = (dir.path().join("bk"), dir.path().join("indexes"));
    /// use trailcore::{ReadOptions, Trail};
    ///
    /// let trail = Trail::open(path)?;
    /// let report = trail.write_index(&folder, &ReadOptions::new())?;
    /// assert!(report.files.iter().all(|file| file.written));
    /// assert!(trail.write_index(&folder, &ReadOptions::new())?.files.iter().all(|file| !file.written));
    /// let last = trail.reader()?.into_changes().last().unwrap()?.as_change().position();
    /// let mut reader = trail.reader_with(ReadOptions::new().index(&folder).start_at(last))?;
    /// assert_eq!(reader.next()?.map(|change| change.position()), Some(last));
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a source without files, [`Io`](ErrorKind::Io), and
    /// [`Cancelled`](ErrorKind::Cancelled) from [`ReadOptions::on_progress`]. Damage is not an error: the report states it.
    pub fn write_index(&self, folder: impl AsRef<Path>, options: &ReadOptions) -> Result<IndexReport> {
        if self.files().is_empty() || self.is_json_lines() {
            let error = Error::new(ErrorKind::InvalidArgument, "only the files of a trail have an index");
            return Err(error.hint("JSON lines and changes in memory are read from their start"));
        }
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        let files = (0..self.files().len()).map(|file| self.write_index_of(file, folder, options)).collect::<Result<_>>()?;
        Ok(IndexReport { files })
    }

    fn write_index_of(&self, file: usize, folder: &Path, options: &ReadOptions) -> Result<IndexedFile> {
        let access = options.access();
        let Some(file) = self.files().get(file) else { return Err(Error::internal("a file of the trail is not there")) };
        let path = FileIndex::path(folder, &file.path);
        let bytes = file.size()?;
        let known = FileIndex::load(folder, file, &access).filter(|index| index.covers(bytes));
        let written = known.is_none();
        let (index, problem) = match known {
            Some(index) => (index, None),
            None => FileIndex::of(file, &access)?,
        };
        if written {
            let partial = path.with_extension("index.partial");
            let _claim = Claim::file(&partial)?;
            fs::write(&partial, index.text()?).map_err(|error| Error::write(&partial, error))?;
            publish(&[(&partial, &path)], folder, true)?;
        }
        Ok(IndexedFile {
            path: file.path.display().to_string(),
            index: path.display().to_string(),
            written,
            places: index.len() as u64,
            bytes,
            problem,
        })
    }
}
