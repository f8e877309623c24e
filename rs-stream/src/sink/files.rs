//! [`FilesSink`]: JSON lines, CSV, Arrow IPC and Parquet, a file for each table and partition of a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_ipc::writer::FileWriter;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use trailcore::arrow::{ArrowOptions, Collector};
use trailcore::schema::TableDef;
use trailcore::sink::{CsvLines, Format, file_name};
use trailcore::{Change, Error, ErrorKind, JsonOptions, Op, Result, Value};

use super::manifest::{Committer, Manifest, PublishedFile};
use super::{Promise, Sink};
use crate::checkpoint::Checkpoint;

/// The files of a [`FilesSink`].
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Files by table and partition."))]
#[serde(deny_unknown_fields)]
pub struct FilesOptions {
    /// The folder: a local one, or the URL of one in an object store, such as `s3://bucket/folder`.
    pub path: PathBuf,
    /// Folders below that of a table: `date`, `hour` (of the commit, UTC), or the name of a column.
    #[serde(default)]
    pub partition: Vec<String>,
    /// Columns, layout, types and states of CSV, Arrow IPC and Parquet; `rows` are the rows of a row group.
    #[serde(default)]
    pub table: ArrowOptions,
    /// Settings of the object store, such as `aws_region`, or `aws_secret_access_key = "${SECRET}"`. They are never printed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

impl fmt::Debug for FilesOptions {
    /// Without the settings, which can have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesOptions")
            .field("path", &self.path)
            .field("partition", &self.partition)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// Writes a file for each table and partition, in each commit. A file is there once it is committed, under a name that has the range of its
/// positions: `BANK.POSTINGS/date=2024-03-01/0000000000_0000001956-0000000003_0000000480.parquet`. [`Manifest`] has what is committed.
pub struct FilesSink {
    format: Format,
    options: FilesOptions,
    committer: Committer,
    /// The files that are being written, by table and by folder below it.
    open: BTreeMap<String, BTreeMap<String, Open>>,
    /// Files that are open at once, at most.
    most_open: usize,
    /// Writes since the last commit.
    writes: u64,
    /// Files that have begun since the last commit.
    begun: usize,
    done: Vec<PublishedFile>,
    line: Vec<u8>,
    /// The folder of the last change.
    folder: String,
    /// A record batch has failed because of a value: until the next commit, each change is checked on its own, so that only the one with the
    /// value is refused.
    is_careful: bool,
}

impl fmt::Debug for FilesSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilesSink").field("path", &self.options.path).field("format", &self.format).finish_non_exhaustive()
    }
}

/// A file that is being written.
struct Open {
    /// Its number among the files since the last commit.
    number: usize,
    /// The number of its last write.
    last_write: u64,
    /// Its path while it is staged.
    staged: PathBuf,
    facts: PublishedFile,
    content: Content,
}

impl Open {
    fn write(&mut self, change: &Change<'_>, line: &mut Vec<u8>) -> Result<()> {
        self.content.write(change, line, &self.staged)?;
        if self.facts.changes == 0 {
            self.facts.first = change.position();
        }
        self.facts.changes += 1;
        self.facts.last = change.position();
        Ok(())
    }
}

enum Content {
    JsonLines(BufWriter<File>),
    Csv(BufWriter<File>, Box<CsvLines>),
    /// Rows are collected, and written as a row group.
    Batches {
        collector: Box<Collector>,
        writer: Option<(SchemaRef, Batches)>,
        path: PathBuf,
        is_parquet: bool,
        table: Arc<TableDef>,
    },
}

enum Batches {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    Arrow(Box<FileWriter<BufWriter<File>>>),
}

impl FilesSink {
    /// Prepares the files of a format. It reaches for nothing yet.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for an option of tables that has no effect on the format, and for a URL or settings
    /// that are not valid. [`Unsupported`](ErrorKind::Unsupported) for an object store that the program is built without.
    pub fn new(format: Format, options: FilesOptions) -> Result<Self> {
        let manifest = Manifest::open(&options.path, &options.settings)?;
        Self::with_manifest(format, options, manifest)
    }

    /// Prepares the files of a format in an object store of the program, in which `path` of the options is a folder.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use trailcore::sink::Format;
    /// use trailcore_stream::object_store::memory::InMemory;
    /// use trailcore_stream::sink::{FilesOptions, FilesSink, Sink as _};
    ///
    /// let options: FilesOptions = serde_json::from_str(r#"{"path": "lake/postings"}"#).unwrap();
    /// let mut sink = FilesSink::in_store(Format::Parquet, options, Arc::new(InMemory::new()))?;
    /// assert!(sink.load()?.is_none());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Io`](ErrorKind::Io) if a runtime for its requests cannot be started.
    #[cfg(feature = "object_store")]
    pub fn in_store(format: Format, options: FilesOptions, store: Arc<dyn object_store::ObjectStore>) -> Result<Self> {
        let manifest = Manifest::in_store(store, &options.path.to_string_lossy())?;
        Self::with_manifest(format, options, manifest)
    }

    fn with_manifest(format: Format, options: FilesOptions, manifest: Manifest) -> Result<Self> {
        let idle = match format {
            Format::Csv => options.table.without_effect_in_csv(),
            Format::JsonLines if !options.table.is_default() => Some("table"),
            _ => None,
        };
        if let Some(name) = idle {
            let what = format!("the option {name} has no effect on {}", format.name());
            return Err(Error::new(ErrorKind::InvalidArgument, what).hint("write Parquet, or leave it out"));
        }
        let (open, writes, begun, done, line, folder, is_careful) = Default::default();
        let (committer, most_open) = (Committer::new(manifest), MOST_OPEN);
        Ok(Self { format, options, committer, open, most_open, writes, begun, done, line, folder, is_careful })
    }

    /// Sets the folder of a change's partition, such as `date=2024-03-01/BRANCH=7/`.
    fn set_folder(&mut self, change: &Change<'_>) -> Result<()> {
        self.folder.clear();
        for by in &self.options.partition {
            let value = match by.as_str() {
                "date" => change.timestamp().to_string().get(..10).unwrap_or_default().to_owned(),
                "hour" => change.timestamp().to_string().get(..13).unwrap_or_default().to_owned(),
                column => column_text(change, column)?,
            };
            self.folder += &format!("{by}={}/", file_name(&value));
        }
        Ok(())
    }

    /// Begins the file of a table and folder.
    fn begin(&mut self, change: &Change<'_>) -> Result<Open> {
        let table = change.table_name();
        let staged = self.committer.stage()?.join(format!("{}.partial", self.begun));
        let create = || {
            File::create(&staged)
                .map(|file| BufWriter::with_capacity(1 << 16, file))
                .map_err(|error| Error::write(&staged, error))
        };
        let content = match self.format {
            Format::JsonLines => Content::JsonLines(create()?),
            Format::Csv => {
                let lines = CsvLines::new(change.table(), self.options.table.clone())?;
                let mut file = create()?;
                file.write_all(lines.head()).map_err(|error| Error::write(&staged, error))?;
                Content::Csv(file, Box::new(lines))
            }
            format => Content::Batches {
                collector: Box::new(Collector::new(self.options.table.clone())),
                writer: None,
                path: staged.clone(),
                is_parquet: format == Format::Parquet,
                table: Arc::clone(change.table()),
            },
        };
        let at = change.position();
        let path = format!("{}/{}", file_name(&table), self.folder);
        let facts = PublishedFile { path, table: table.into_owned(), changes: 0, bytes: 0, first: at, last: at };
        let number = self.begun;
        self.begun += 1;
        Ok(Open { number, last_write: 0, staged, facts, content })
    }

    /// Ends the file that has waited longest for a change, if as many are open as may be.
    fn make_room(&mut self) -> Result<()> {
        let each = |(table, folders): (&String, &BTreeMap<String, Open>)| {
            folders.iter().map(|(folder, open)| (open.last_write, table.clone(), folder.clone())).collect::<Vec<_>>()
        };
        if self.open.values().map(BTreeMap::len).sum::<usize>() < self.most_open {
            return Ok(());
        }
        let Some((_, table, folder)) = self.open.iter().flat_map(each).min() else { return Ok(()) };
        // While it is open, so that its types can be seen.
        let flushed = match self.open.get_mut(&table).and_then(|folders| folders.get_mut(&folder)) {
            Some(open) => open.content.flush(),
            None => Ok(()),
        };
        self.adapted(flushed)?;
        match self.open.get_mut(&table).and_then(|folders| folders.remove(&folder)) {
            Some(open) => self.end(open),
            None => Ok(()),
        }
    }

    /// Ends a file, and gives it its final name below the staged folder.
    fn end(&mut self, open: Open) -> Result<()> {
        let Open { number, staged, mut facts, content, .. } = open;
        // The first change of the file was refused.
        if facts.changes == 0 {
            return Ok(());
        }
        content.finish(&facts)?;
        let range = format!("{}-{}", facts.first.sort_key(), facts.last.sort_key()).replace(':', "_");
        // The number of the commit and of the file make the name unique.
        facts.path = format!("{}{range}.{}-{number}.{}", facts.path, self.committer.number()?, self.format.name());
        let named = self.committer.stage()?.join(&facts.path);
        let failed = |error| Error::write(&named, error);
        if let Some(parent) = named.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::rename(&staged, &named).map_err(failed)?;
        let file = File::open(&named).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        facts.bytes = file.metadata().map_err(failed)?.len();
        self.done.push(facts);
        Ok(())
    }

    /// Prepares the next try after the error of a record batch: widens the types that were too narrow for a value, or checks each change.
    fn adapted(&mut self, outcome: Result<()>) -> Result<()> {
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::SchemaChange) {
            let files = self.open.values().flat_map(BTreeMap::values);
            let wide: BTreeSet<_> = files.flat_map(|open| open.content.wide()).collect();
            let table = self.options.table.clone().wide(&wide.into_iter().collect::<Vec<_>>());
            self.is_careful = self.options.table == table;
            self.options.table = table;
        }
        outcome
    }

    /// Writes all collected rows.
    fn flush(&mut self) -> Result<()> {
        self.open.values_mut().flat_map(BTreeMap::values_mut).try_for_each(|open| open.content.flush())
    }
}

/// Files that are open at once, at most: a process has often no more than 1,024.
const MOST_OPEN: usize = 256;

/// Returns the text of a column, for the name of a partition. NULL, a missing column and DDL are `__null__`; bytes are hexadecimal.
fn column_text(change: &Change<'_>, name: &str) -> Result<String> {
    if change.op() == Op::Ddl {
        return Ok("__null__".to_owned());
    }
    let (before, after) = change.images()?;
    let column = [after, before].into_iter().flatten().find_map(|row| row.get(name));
    if column.is_none() && change.table().column(name).is_none() {
        let what = format!("table {} has no column {name} to partition by", change.table_name());
        return Err(Error::new(ErrorKind::InvalidArgument, what).hint("name one of its columns, date or hour in partition"));
    }
    Ok(match column.map(|column| column.value()) {
        Some(Value::Text(text)) => text.into_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::DateTime(time)) => time.to_string(),
        Some(Value::Bytes(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Some(Value::Invalid(_)) => "__invalid__".to_owned(),
        Some(Value::Unchanged) => "__unchanged__".to_owned(),
        _ => "__null__".to_owned(),
    })
}

/// Refuses a change that a record batch cannot have: it is made on its own, with types that are wide enough.
fn check_alone(change: &Change<'_>, options: &ArrowOptions) -> Result<()> {
    let mut alone = Collector::new(options.clone());
    alone.push(change)?;
    alone.flush();
    match alone.pop() {
        Some(Err(error)) => Err(error),
        _ => Ok(()),
    }
}

impl Content {
    /// Adds a change. Returns `false` if another file has to begin, because the columns differ.
    fn takes(&mut self, change: &Change<'_>) -> Result<bool> {
        match self {
            Self::JsonLines(_) => Ok(true),
            Self::Csv(_, lines) => lines.takes(change.table()),
            Self::Batches { table, .. } => Ok(Arc::ptr_eq(table, change.table()) || table == change.table()),
        }
    }

    fn write(&mut self, change: &Change<'_>, line: &mut Vec<u8>, staged: &Path) -> Result<()> {
        let failed = |error| Error::write(staged, error);
        line.clear();
        match self {
            Self::JsonLines(file) => {
                change.write_json_with(line, &JsonOptions::new())?;
                line.push(b'\n');
                file.write_all(line).map_err(failed)
            }
            Self::Csv(file, lines) => {
                lines.write(change, line)?;
                file.write_all(line).map_err(failed)
            }
            Self::Batches { collector, .. } => {
                collector.push(change)?;
                self.write_ready()
            }
        }
    }

    /// Returns the columns that need a wide type.
    fn wide(&self) -> Vec<Box<str>> {
        match self {
            Self::Batches { collector, .. } => collector.wide(),
            _ => Vec::new(),
        }
    }

    /// Writes all collected rows.
    fn flush(&mut self) -> Result<()> {
        if let Self::Batches { collector, .. } = self {
            collector.flush();
        }
        self.write_ready()
    }

    /// Writes the record batches that are complete.
    fn write_ready(&mut self) -> Result<()> {
        let Self::Batches { collector, writer, path, is_parquet, .. } = self else { return Ok(()) };
        while let Some(records) = collector.pop() {
            // Such a value could not be known before: the pipeline starts again, with a wider type or with more care.
            let batch = records.map_err(|error| Error::new(ErrorKind::SchemaChange, error.to_string()))?.batch;
            let (_, batches) = match writer {
                Some(writer) => writer,
                None => writer.insert((batch.schema(), Batches::create(path, &batch.schema(), *is_parquet)?)),
            };
            batches.write(&batch)?;
        }
        Ok(())
    }

    /// Writes the rest, and what readers may want to know of the file.
    fn finish(mut self, facts: &PublishedFile) -> Result<()> {
        self.flush()?;
        match self {
            Self::JsonLines(mut file) | Self::Csv(mut file, _) => file.flush().map_err(|error| failed(&error)),
            Self::Batches { writer, .. } => match writer {
                Some((_, batches)) => batches.finish(facts),
                None => Err(Error::internal("a file of record batches without a batch")),
            },
        }
    }
}

impl Batches {
    fn create(path: &Path, schema: &SchemaRef, is_parquet: bool) -> Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path).map_err(|error| Error::write(path, error))?);
        if !is_parquet {
            return Ok(Self::Arrow(Box::new(FileWriter::try_new(file, schema).map_err(|error| failed(&error))?)));
        }
        let properties = WriterProperties::builder()
            .set_created_by(concat!("trailcore ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .build();
        // Nothing but the start of the file is written yet: the columns are the reason.
        let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties)).map_err(|error| {
            let table = schema.metadata().get("trailcore:table").map_or("a table", String::as_str);
            let what = format!("a Parquet file cannot have the columns of {table}: {error}");
            Error::new(ErrorKind::InvalidArgument, what).hint("leave the table out, or name columns that it has")
        })?;
        Ok(Self::Parquet(Box::new(writer)))
    }

    /// Writes a batch as a row group of its own, so that memory does not grow with the file.
    fn write(&mut self, batch: &arrow_array::RecordBatch) -> Result<()> {
        match self {
            Self::Parquet(writer) => writer.write(batch).and_then(|()| writer.flush()).map_err(|error| failed(&error)),
            Self::Arrow(writer) => writer.write(batch).map_err(|error| failed(&error)),
        }
    }

    fn finish(self, facts: &PublishedFile) -> Result<()> {
        let metadata = [
            ("trailcore.table", facts.table.clone()),
            ("trailcore.first", facts.first.to_string()),
            ("trailcore.last", facts.last.to_string()),
        ];
        match self {
            Self::Parquet(mut writer) => {
                metadata
                    .into_iter()
                    .for_each(|(key, value)| writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value)));
                writer.into_inner().map_err(|error| failed(&error))?.flush().map_err(|error| failed(&error))
            }
            Self::Arrow(mut writer) => {
                metadata.into_iter().for_each(|(key, value)| writer.write_metadata(key, value));
                writer.finish().map_err(|error| failed(&error))?;
                writer.into_inner().map_err(|error| failed(&error))?.flush().map_err(|error| failed(&error))
            }
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Io, format!("cannot write the file: {error}"))
}

impl Sink for FilesSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.committer.load()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        self.committer.peek()
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        let rows = self.format != Format::JsonLines;
        if rows && change.op() == Op::Ddl {
            return Ok(());
        }
        if rows && !change.table().is_defined() {
            let what = format!("the trail does not define table {}", change.table_name());
            return Err(Error::new(ErrorKind::UndefinedTable, what).hint("provide a definitions file, or leave the table out"));
        }
        if self.is_careful {
            check_alone(change, &self.options.table)?;
        }
        self.set_folder(change)?;
        self.writes += 1;
        let (table, number) = (change.table_name(), self.writes);
        let known = self.open.get_mut(&*table).and_then(|folders| folders.get_mut(&self.folder));
        if let Some(open) = known {
            open.last_write = number;
            let outcome = match open.content.takes(change)? {
                true => open.write(change, &mut self.line).map(|()| true),
                // While the file is open, so that its types can be seen.
                false => open.content.flush().map(|()| false),
            };
            match outcome {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => return self.adapted(Err(error)),
            }
        }
        self.make_room()?;
        let mut open = self.begin(change)?;
        open.last_write = number;
        let written = open.write(change, &mut self.line);
        let earlier = self.open.entry(table.into_owned()).or_default().insert(self.folder.clone(), open);
        if let Some(earlier) = earlier {
            self.end(earlier)?;
        }
        self.adapted(written)
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        // Before the files end, so that their types can be seen.
        let flushed = self.flush();
        self.adapted(flushed)?;
        for open in std::mem::take(&mut self.open).into_values().flat_map(BTreeMap::into_values) {
            self.end(open)?;
        }
        crate::point::reach("files written");
        (self.begun, self.writes) = (0, 0);
        self.committer.commit(std::mem::take(&mut self.done), checkpoint)?;
        self.is_careful = false;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.open.clear();
        self.done.clear();
        (self.begun, self.writes) = (0, 0);
        self.committer.roll_back()
    }

    fn check(&mut self) -> Result<()> {
        self.committer.check()
    }
}

#[cfg(test)]
mod tests {
    use trailcore::Position;
    use trailcore::change::{Builder, Number};
    use trailcore::schema::ColumnDef;

    use super::*;

    fn table() -> Arc<TableDef> {
        Arc::new(TableDef::new("BANK.POSTINGS", vec![ColumnDef::number("ID").key(), ColumnDef::binary("MARK", 4)]))
    }

    #[test]
    fn a_partition_has_the_text_of_any_value() {
        let table = table();
        let texts = [
            (Value::Bytes(&[0xab, 1]), "ab01"),
            (Value::Invalid(&[1]), "__invalid__"),
            (Value::Unchanged, "__unchanged__"),
            (Value::Null, "__null__"),
        ];
        for (value, text) in texts {
            let change = Builder::new(Op::Insert, &table).after("MARK", &value).unwrap().build().unwrap();
            assert_eq!(column_text(&change.as_change(), "MARK").unwrap(), text);
        }
    }

    #[test]
    fn few_files_are_open_at_once_however_many_partitions_there_are() {
        let table = table();
        for format in [Format::JsonLines, Format::Csv, Format::Arrow, Format::Parquet] {
            let folder = tempfile::tempdir().unwrap();
            let document = serde_json::json!({ "path": folder.path(), "partition": ["ID"] });
            let mut sink = FilesSink::new(format, serde_json::from_value(document).unwrap()).unwrap();
            sink.most_open = 3;
            sink.load().unwrap();
            for number in 0..40_u64 {
                let id = (number % 10).to_string();
                let builder = Builder::new(Op::Insert, &table).position(Position::new(0, 100 + number));
                let change = builder.after("ID", &Value::Number(Number::Text(&id))).unwrap().build().unwrap();
                sink.write(&change.as_change()).unwrap();
                assert!(sink.open.values().map(BTreeMap::len).sum::<usize>() <= 3);
            }
            let checkpoint =
                crate::checkpoint::new_checkpoint((Position::new(0, 200), None), (None, None), (String::new(), String::new()));
            sink.commit(&checkpoint).unwrap();
            let files = Manifest::of(folder.path()).files().unwrap();
            assert_eq!(files.iter().map(|(_, file)| file.changes).sum::<u64>(), 40);
            assert!(files.iter().all(|(path, file)| path.exists() && file.path.starts_with("BANK.POSTINGS/ID=")));
        }
    }
}
