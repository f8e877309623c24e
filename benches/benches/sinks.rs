//! The cost of sinks of files, as multiples of writing the same record batches with arrow-rs, and the same lines: `make bench`.

#![allow(missing_docs)]

mod common;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use common::{Outcome, Timings, generate, keep, setting};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use trailcore::arrow::{ArrowOptions, Collector};
use trailcore::change::OwnedChange;
use trailcore::sink::Format;
use trailcore::trail::ByteOrder;
use trailcore::{JsonOptions, Op, Trail};
use trailcore_samples::Bank;
use trailcore_stream::Checkpoint;
use trailcore_stream::pipeline::{Pipeline, Pipelines};
use trailcore_stream::sink::{FilesOptions, FilesSink, Manifest, Sink as _};

/// Writes all changes in one commit.
fn sink(format: Format, changes: &[OwnedChange], checkpoint: &Checkpoint, to: &Path) -> Outcome<u64> {
    let _ = std::fs::remove_dir_all(to);
    let options: FilesOptions = serde_json::from_value(serde_json::json!({ "path": to }))?;
    let mut sink = FilesSink::new(format, options)?;
    sink.load()?;
    for change in changes {
        sink.write(&change.as_change())?;
    }
    sink.commit(checkpoint)?;
    Ok(changes.len() as u64)
}

/// Returns the record batches that the sink writes, by table.
fn batches(changes: &[OwnedChange]) -> Outcome<Vec<Vec<RecordBatch>>> {
    let mut tables: Vec<(String, Collector, Vec<RecordBatch>)> = Vec::new();
    for change in changes {
        let change = change.as_change();
        let name = change.table_name().into_owned();
        let at = tables.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
            tables.push((name, Collector::new(ArrowOptions::default()), Vec::new()));
            tables.len() - 1
        });
        let (_, collector, done) = tables.get_mut(at).ok_or("no table")?;
        collector.push(&change)?;
        while let Some(records) = collector.pop() {
            done.push(records?.batch);
        }
    }
    for (_, collector, done) in &mut tables {
        collector.flush();
        while let Some(records) = collector.pop() {
            done.push(records?.batch);
        }
    }
    Ok(tables.into_iter().map(|(.., done)| done).collect())
}

/// Writes record batches that are there already, with the settings of the sink.
fn arrow_rs(tables: &[Vec<RecordBatch>], to: &Path) -> Outcome<u64> {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    let mut rows = 0;
    for (number, batches) in tables.iter().enumerate() {
        let file = BufWriter::with_capacity(1 << 16, File::create(to.join(format!("{number}.parquet")))?);
        let schema = batches.first().ok_or("a table without a batch")?.schema();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
        for batch in batches {
            writer.write(batch)?;
            writer.flush()?;
            rows += batch.num_rows() as u64;
        }
        writer.into_inner()?.into_inner()?.sync_all()?;
    }
    Ok(rows)
}

/// Writes the JSON of changes, a line for each, to one file.
fn lines(changes: &[OwnedChange], to: &Path) -> Outcome<u64> {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    let mut file = BufWriter::with_capacity(1 << 16, File::create(to.join("all.jsonl"))?);
    let mut line = Vec::new();
    for change in changes {
        line.clear();
        change.as_change().write_json_with(&mut line, &JsonOptions::new())?;
        line.push(b'\n');
        file.write_all(&line)?;
    }
    file.into_inner()?.sync_all()?;
    Ok(changes.len() as u64)
}

fn main() -> Outcome<()> {
    let size = setting("TRAILCORE_BENCH_MB", 64) << 20;
    let trail = generate("sinks", &Bank::bench(ByteOrder::Big, size))?;
    let home = trail.parent().ok_or("the trail has no folder")?;
    let changes = Trail::open(&trail)?.reader()?.into_changes().collect::<Result<Vec<_>, _>>()?;
    let changes: Vec<_> = changes.into_iter().filter(|change| change.as_change().op() != Op::Ddl).collect();
    let (out, peer) = (home.with_extension("sink"), home.with_extension("peer"));
    let checkpoint = Arc::new(checkpoint(&trail, &out)?);
    let tables = batches(&changes)?;
    let mut timings = Timings::default();
    for round in 0..6 {
        let written = timings.time(round, "arrow-rs", &mut || arrow_rs(&tables, &peer))?;
        assert_eq!(written, changes.len() as u64, "every change is a row");
        timings.time(round, "collect", &mut || Ok(batches(&changes)?.len() as u64))?;
        timings.time(round, "parquet", &mut || sink(Format::Parquet, &changes, &checkpoint, &out))?;
        timings.time(round, "lines", &mut || lines(&changes, &peer))?;
        timings.time(round, "jsonl", &mut || sink(Format::JsonLines, &changes, &checkpoint, &out))?;
    }
    let _ = (std::fs::remove_dir_all(&out), std::fs::remove_dir_all(&peer));
    let (_, parquet) = timings.ratio("arrow-rs", "parquet");
    let (_, collect) = timings.ratio("collect", "parquet");
    let (_, jsonl) = timings.ratio("lines", "jsonl");
    println!(
        "Parquet sink: {parquet:.2} of the speed of arrow-rs with the batches in memory (at least 0.90); making them takes {collect:.2} of its time"
    );
    println!("JSON lines sink: {jsonl:.2} of the speed of writing the lines (at least 0.80)");
    keep(
        "bench-sinks.json",
        &serde_json::json!({ "parquet_of_arrow_rs": parquet, "collect_of_parquet": collect, "jsonl_of_lines": jsonl }),
    )
}

/// Returns the checkpoint at the end of a trail.
fn checkpoint(trail: &Path, out: &Path) -> Outcome<Checkpoint> {
    let prefix = trail.with_file_name("bk");
    let text = format!("[[pipeline]]\nname = 'bench'\ntrail = {prefix:?}\n[[pipeline.sink]]\nkind = 'jsonl'\npath = {out:?}\n");
    let mut pipeline = Pipeline::start(Pipelines::from_toml(&text)?.pipelines.remove(0))?;
    pipeline.drain()?;
    let entry = Manifest::of(out).last()?.ok_or("no entry")?;
    entry.checkpoint.ok_or_else(|| "no checkpoint".into())
}
