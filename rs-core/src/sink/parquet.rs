//! Writes tables as files of record batches: Parquet and Arrow IPC.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::SchemaRef;

use super::convert::{ConvertOptions, Format};
use super::files::{AppendFile, OutputFiles};
use crate::arrow::TableStream;
use crate::error::{Error, ErrorKind, Result};
use crate::source::{ReadOptions, ReadReport, Trail};

/// Writes the changes of all tables in one pass. A single file of a table is written even if there are no changes.
pub(super) fn convert(
    trail: &Trail,
    files: &mut OutputFiles,
    read: ReadOptions,
    options: &mut ConvertOptions,
    format: Format,
) -> Result<ReadReport> {
    let mut open: BTreeMap<String, TableFile> = BTreeMap::new();
    let mut batches = trail.batches(read.clone(), options.arrow.clone())?;
    let mut failure = None;
    for records in batches.by_ref() {
        let records = match records {
            Ok(records) => records,
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        let name = records.table.name();
        if !options.takes(name) {
            continue;
        }
        let schema = records.batch.schema();
        if open.get(name).is_none_or(|file| file.schema != schema) {
            if let Some(file) = open.remove(name) {
                file.close()?;
            }
            open.insert(name.to_owned(), TableFile::create(files, name, &schema, format)?);
        }
        if let Some(file) = open.get_mut(name) {
            file.write(&records.batch)?;
            files.count(file.number, records.batch.num_rows() as u64);
        }
    }
    if let Some(failure) = failure {
        options.arrow.wide = batches.wide();
        return Err(failure);
    }
    if let (Some(table), true) = (&options.table, open.is_empty()) {
        let table = Arc::clone(&batches.reader().definition(table, |name| options.takes(name))?);
        let schema = trail.table(table.name(), read, options.arrow.clone())?.schema();
        open.insert(table.name().to_owned(), TableFile::create(files, table.name(), &schema, format)?);
    }
    open.into_values().try_for_each(TableFile::close)?;
    Ok(batches.report())
}

/// Writes the rows of a stream to one Parquet file, and returns their number. The file is complete or does not exist. An existing
/// file is replaced.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("postings.parquet");
/// use trailcore::{ReadOptions, arrow::ArrowOptions};
/// let mut stream = trail.table("BANK.POSTINGS", ReadOptions::new(), ArrowOptions::new())?;
/// assert!(trailcore::sink::write_parquet(&mut stream, path)? > 0);
/// # Ok::<(), trailcore::Error>(())
/// ```
///
/// # Errors
/// The errors of the stream; [`ErrorKind::Io`] if the file cannot be written.
pub fn write_parquet(stream: &mut TableStream, path: impl AsRef<Path>) -> Result<u64> {
    let mut files = OutputFiles::new(path.as_ref(), true, Format::Parquet.name(), true)?;
    let mut file = TableFile::create(&mut files, "", &stream.schema(), Format::Parquet)?;
    for batch in stream.by_ref() {
        let batch = batch?;
        file.write(&batch)?;
        files.count(file.number, batch.num_rows() as u64);
    }
    file.close()?;
    Ok(files.finish()?.iter().map(|file| file.rows).sum())
}

/// A file under one schema.
struct TableFile {
    number: usize,
    schema: SchemaRef,
    writer: Writer,
}

enum Writer {
    Parquet(Box<ArrowWriter<AppendFile>>),
    Arrow(Box<FileWriter<AppendFile>>),
}

impl TableFile {
    fn create(files: &mut OutputFiles, table: &str, schema: &SchemaRef, format: Format) -> Result<Self> {
        let (number, file) = files.create(table)?;
        let writer = if format == Format::Arrow {
            Writer::Arrow(FileWriter::try_new(file, schema).map_err(failed)?.into())
        } else {
            let properties = WriterProperties::builder()
                .set_created_by(concat!("trailcore ", env!("CARGO_PKG_VERSION")).to_owned())
                .set_compression(Compression::SNAPPY)
                .build();
            Writer::Parquet(ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(failed)?.into())
        };
        Ok(Self { number, schema: schema.clone(), writer })
    }

    /// Writes a batch as a row group of its own, so that memory does not grow with the file.
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Writer::Parquet(writer) => writer.write(batch).and_then(|()| writer.flush()).map_err(failed),
            Writer::Arrow(writer) => writer.write(batch).map_err(failed),
        }
    }

    fn close(self) -> Result<()> {
        match self.writer {
            Writer::Parquet(writer) => writer.into_inner().map_err(failed)?.close(),
            Writer::Arrow(mut writer) => {
                writer.finish().map_err(failed)?;
                writer.into_inner().map_err(failed)?.close()
            }
        }
    }
}

/// Returns an error of the library that writes the file. Its text contains the error of the operating system.
fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Io, format!("cannot write the file: {error}"))
}
