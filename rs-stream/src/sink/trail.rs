//! [`TrailSink`]: a filtered trail, which GoldenGate and this library can read.

use std::fs::File;
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "A trail that is written."))]
#[serde(deny_unknown_fields)]
pub struct TrailSinkOptions {
    /// The folder and prefix of the files, such as `out/po`.
    pub path: PathBuf,
    /// How the trail is written. `first_seqno` counts for the first file only.
    #[serde(default)]
    pub write: WriterOptions,
}

/// Writes a trail: definitions, transactions, CSNs and tokens are kept. Each commit ends a file, and is between two transactions.
///
/// Beside each file `po000000007`, the file `po000000007.positions` has a line for each record of a change: its RBA, and its position in the
/// source.
#[derive(Debug)]
pub struct TrailSink {
    options: TrailSinkOptions,
    prefix: String,
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
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the path has no prefix, or is a URL.
    pub fn new(options: TrailSinkOptions) -> Result<Self> {
        if is_url(&options.path) {
            let what = "a trail cannot be written to an object store";
            return Err(
                Error::new(ErrorKind::InvalidArgument, what).hint("set path to a local folder and prefix, such as out/po")
            );
        }
        let prefix = options.path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let prefix = prefix.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "the path of the trail has no prefix")
                .hint("write out/po for the files out/po000000000 …")
        })?;
        let (committer, seqno) = (Committer::new(Manifest::of(durable::folder_of(&options.path))), options.write.first_seqno);
        Ok(Self { options, prefix, committer, seqno, writer: None, sources: Vec::new() })
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
        for name in &names {
            let path = self.committer.stage()?.join(Path::new(name).file_name().unwrap_or(name.as_ref()));
            files.extend(self.facts(&path, &mut sources)?);
        }
        if sources.next().is_some() {
            return Err(Error::internal("the trail that was written lacks changes"));
        }
        Ok(files)
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
        let seqno = |file: &PublishedFile| file.path.strip_prefix(&self.prefix)?.parse::<u32>().ok();
        let newest = self.committer.manifest().files()?.iter().filter_map(|(_, file)| seqno(file)).max();
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
