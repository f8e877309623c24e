//! [`TrailSink`]: a filtered trail, which GoldenGate and this library can read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trailcore::sink::{TrailWriter, WriterOptions};
use trailcore::{Change, Error, ErrorKind, Position, Result, Trail};

use super::manifest::{Committer, Manifest, PublishedFile};
use super::store::is_url;
use super::{Promise, Sink};
use crate::checkpoint::Checkpoint;
use crate::durable;
use crate::options::Delivery;

/// The files of a [`TrailSink`].
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "A trail that is written."))]
#[serde(deny_unknown_fields)]
pub struct TrailSinkOptions {
    /// The folder and prefix of the files, such as `out/po`, or `s3://bucket/folder/po` in an object store.
    pub path: PathBuf,
    /// How the trail is written. `first_seqno` counts for the first file only.
    #[serde(default)]
    pub write: WriterOptions,
    /// Settings of the object store, such as `aws_region`, or `aws_secret_access_key = "${SECRET}"`. They are never printed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

impl fmt::Debug for TrailSinkOptions {
    /// Without the settings, which can have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrailSinkOptions").field("path", &self.path).field("write", &self.write).finish_non_exhaustive()
    }
}

/// Writes a trail: definitions, transactions, CSNs and tokens are kept. Each commit ends a file, and is between two transactions.
///
/// Beside each file `po000000007`, the file `po000000007.positions` has a line for each record of a change: its RBA, and its position in the
/// source.
///
/// In an object store the range of positions and the numbers of the commit and of the file precede the name, as in
/// `0000000000_0000001956-0000000003_0000000480.17-0.po000000007`: the file is `po000000007` once it is taken from there.
#[derive(Debug)]
pub struct TrailSink {
    options: TrailSinkOptions,
    prefix: String,
    /// The files are objects: no two tries of a commit may use the same name.
    is_store: bool,
    committer: Committer,
    seqno: u32,
    writer: Option<TrailWriter>,
    /// The positions in the source of the changes that are written.
    sources: Vec<Position>,
}

impl TrailSink {
    /// Prepares the trail.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the path has no prefix, and for a URL or settings that are not valid.
    /// [`Unsupported`](ErrorKind::Unsupported) for an object store that the program is built without.
    pub fn new(options: TrailSinkOptions) -> Result<Self> {
        let folder = durable::folder_of(&options.path);
        if is_url(&options.path) && !is_url(folder) {
            let what = format!("the URL {} has no prefix of a trail", options.path.display());
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("write s3://bucket/po for the files po000000000 …"));
        }
        let manifest = Manifest::open(folder, &options.settings)?;
        let is_store = is_url(&options.path) && !options.path.starts_with("file:");
        Self::with_manifest(options, manifest, is_store)
    }

    /// Prepares the trail in an object store of the program, in which the path of the options has its folder.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Io`](ErrorKind::Io) if a runtime for its requests cannot be started.
    #[cfg(feature = "object_store")]
    pub fn in_store(options: TrailSinkOptions, store: std::sync::Arc<dyn object_store::ObjectStore>) -> Result<Self> {
        let folder = options.path.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned();
        Self::with_manifest(options, Manifest::in_store(store, &folder)?, true)
    }

    fn with_manifest(options: TrailSinkOptions, manifest: Manifest, is_store: bool) -> Result<Self> {
        let prefix = options.path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let prefix = prefix.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "the path of the trail has no prefix")
                .hint("write out/po for the files out/po000000000 …")
        })?;
        let (committer, seqno) = (Committer::new(manifest), options.write.first_seqno);
        Ok(Self { options, prefix, is_store, committer, seqno, writer: None, sources: Vec::new() })
    }

    /// Returns the number of a committed file of the trail; `None` for other files.
    fn seqno_of(&self, file: &PublishedFile) -> Option<u32> {
        let name = if self.is_store { file.path.splitn(3, '.').nth(2)? } else { file.path.as_str() };
        name.strip_prefix(&self.prefix)?.parse().ok()
    }

    fn writer(&mut self) -> Result<&mut TrailWriter> {
        let staged = self.committer.stage()?;
        match &mut self.writer {
            Some(writer) => Ok(writer),
            empty => {
                let options = WriterOptions { first_seqno: self.seqno, ..self.options.write.clone() };
                Ok(empty.insert(TrailWriter::create(staged.join(&self.prefix), options)?))
            }
        }
    }

    /// Reads the files that were written, and writes the positions beside each. Returns the facts of all files.
    fn finish(&mut self) -> Result<Vec<PublishedFile>> {
        let Some(mut writer) = self.writer.take() else { return Ok(Vec::new()) };
        if writer.is_in_transaction() {
            writer.commit()?;
        }
        let names: Vec<_> = writer.finish()?.into_iter().map(|(name, _)| name).collect();
        let sources = std::mem::take(&mut self.sources);
        let mut sources = sources.into_iter();
        let mut files = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let path = self.committer.stage()?.join(Path::new(name).file_name().unwrap_or(name.as_ref()));
            let facts = self.facts(&path, &mut sources)?;
            files.extend(if self.is_store { self.renamed(facts, number)? } else { facts });
        }
        if sources.next().is_some() {
            return Err(Error::internal("the trail that was written lacks changes"));
        }
        Ok(files)
    }

    /// Gives a staged file and its positions the names of objects.
    fn renamed(&self, facts: [PublishedFile; 2], number: usize) -> Result<[PublishedFile; 2]> {
        let (staged, commit) = (self.committer.stage()?, self.committer.number()?);
        let rename = |file: PublishedFile| -> Result<PublishedFile> {
            let range = format!("{}-{}", file.first.sort_key(), file.last.sort_key()).replace(':', "_");
            let path = format!("{range}.{commit}-{number}.{}", file.path);
            let (from, to) = (staged.join(&file.path), staged.join(&path));
            fs::rename(from, &to).map_err(|error| Error::write(&to, error))?;
            Ok(PublishedFile { path, ..file })
        };
        let [file, positions] = facts;
        Ok([rename(file)?, rename(positions)?])
    }

    /// Returns the facts of a file and of its positions.
    fn facts(&self, path: &Path, sources: &mut impl Iterator<Item = Position>) -> Result<[PublishedFile; 2]> {
        let failed = |error| Error::write(path, error);
        let positions = path.with_file_name(format!("{}.positions", path.file_name().unwrap_or_default().to_string_lossy()));
        let mut lines = BufWriter::new(File::create(&positions).map_err(failed)?);
        let mut reader = Trail::open_files(&[path])?.reader()?;
        let (mut first, mut last, mut changes) = (None, None, 0);
        while let Some(change) = reader.next()? {
            let source = sources.next().ok_or_else(|| Error::internal("the trail that was written has a change too many"))?;
            let rba = change.start().trail().map_or(0, |at| at.rba);
            writeln!(lines, "{rba} {source}").map_err(failed)?;
            first = first.or(Some(source));
            (last, changes) = (Some(source), changes + 1);
        }
        lines.flush().map_err(failed)?;
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let fact = |path: &Path| -> Result<PublishedFile> {
            let file = File::open(path).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = file.metadata().map_err(failed)?.len();
            Ok(PublishedFile { path: name, table: String::new(), changes, bytes, first, last })
        };
        Ok([fact(path)?, PublishedFile { changes: 0, ..fact(&positions)? }])
    }
}

impl Sink for TrailSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn unit(&self) -> Delivery {
        Delivery::Transactions
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        let checkpoint = self.committer.load()?;
        let newest = self.committer.manifest().newest(|file| self.seqno_of(file))?;
        self.seqno = newest.map_or(self.options.write.first_seqno, |newest| newest.saturating_add(1));
        Ok(checkpoint)
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        self.committer.peek()
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        self.writer()?.write(change)?;
        self.sources.push(change.position());
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let files = self.finish()?;
        crate::point::reach("files written");
        let written = u32::try_from(files.len() / 2).unwrap_or(u32::MAX);
        self.committer.commit(files, checkpoint)?;
        self.seqno = self.seqno.saturating_add(written);
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.writer = None;
        self.sources.clear();
        self.committer.roll_back()
    }

    fn check(&mut self) -> Result<()> {
        self.committer.check()
    }
}
