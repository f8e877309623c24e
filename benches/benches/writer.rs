//! The cost of writing a trail, as ratios: `make bench`.
//!
//! Changes that are forwarded unchanged, against writing the same bytes in blocks; rows that are built from values, against decoding
//! the same number of rows. The time of only reading them is taken off. Files are written to memory (`/dev/shm`) where there is one, so
//! that no disk is measured, and removed.

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};

use common::{Outcome, Timings, generate, setting};
use trailcore::batch::{BatchDecoder, ColumnBatch};
use trailcore::sink::{RowBuilder, TrailWriter, WriterOptions};
use trailcore::trail::ByteOrder;
use trailcore::{Decimal, Timestamp, Trail};
use trailcore_samples::Bank;

const BLOCK: usize = 1 << 20;

/// A folder for files that are written, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Outcome<Self> {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = root.join(format!("trailcore-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Removes the files, which the next work writes again.
    fn clear(&self) -> Outcome<()> {
        for entry in std::fs::read_dir(&self.0)? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The rest is in memory, and is named so that a person can remove it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn scan(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let mut changes = 0;
    while let Some(change) = reader.next()? {
        changes += u64::from(black_box(change.op()).is_change());
    }
    Ok(changes)
}

/// Writes the bytes of the trail in blocks.
fn copy(bytes: &[u8], scratch: &Scratch) -> Outcome<u64> {
    let mut file = std::fs::File::create(scratch.0.join("copy"))?;
    for block in bytes.chunks(BLOCK) {
        file.write_all(block)?;
    }
    scratch.clear()?;
    Ok(bytes.len() as u64)
}

/// Copies the bytes within memory, block by block.
fn memcpy(bytes: &[u8], into: &mut [u8]) -> u64 {
    let mut sum = 0;
    for block in bytes.chunks(BLOCK) {
        into[..block.len()].copy_from_slice(block);
        sum += u64::from(black_box(&*into)[0]);
    }
    sum
}

fn options(order: ByteOrder) -> WriterOptions {
    WriterOptions { order, file_size: u64::MAX, ..WriterOptions::default() }
}

/// Writes every change of the trail as it is.
fn forward(trail: &Trail, order: ByteOrder, scratch: &Scratch) -> Outcome<u64> {
    let mut writer = TrailWriter::create(scratch.0.join("fw"), options(order))?;
    let (mut reader, mut changes) = (trail.reader()?, 0);
    while let Some(change) = reader.next()? {
        writer.write(&change)?;
        changes += 1;
    }
    writer.finish()?;
    scratch.clear()?;
    Ok(changes)
}

/// Decodes every row into columns.
fn decode(trail: &Trail) -> Outcome<u64> {
    let (mut reader, mut decoder, mut rows) = (trail.reader()?, BatchDecoder::new(), 0);
    let mut take = |batch: &ColumnBatch| rows += black_box(batch).len() as u64;
    while let Some(change) = reader.next()? {
        if decoder.push(&change)? {
            decoder.flush(&mut take);
        }
    }
    decoder.flush(&mut take);
    Ok(rows)
}

/// Builds rows of the table of postings from values, and writes them, in transactions of ten.
fn build(rows: u64, order: ByteOrder, scratch: &Scratch) -> Outcome<u64> {
    let [_, _, postings] = trailcore_samples::tables(trailcore::Charset::UTF_8);
    let time = Timestamp::from_unix_micros(1_709_251_200_000_000);
    let mut writer = TrailWriter::create(scratch.0.join("bu"), options(order))?;
    let mut row = RowBuilder::new(&postings, order);
    for number in 0..rows {
        if number % 10 == 0 {
            writer.begin(&number.to_string(), "7.1.33", time)?;
        }
        row.clear();
        for column in postings.columns() {
            use trailcore::schema::Kind;
            match column.kind() {
                Kind::Integer { .. } => {
                    let scale = u8::try_from(column.scale)?;
                    row.decimal(&column.name, Decimal::new(i128::from(number % 90_000), scale))?
                }
                Kind::Text { .. } => row.text(&column.name, "EUR")?,
                Kind::NumberText { .. } => row.number(&column.name, "7000123")?,
                Kind::DateTime => row.datetime(&column.name, "2024-03-01:12:00:00.123456000")?,
                _ => row.binary(&column.name, b"\x01\x02\x03")?,
            };
        }
        writer.insert(&postings, row.bytes())?;
        if number % 10 == 9 || number + 1 == rows {
            writer.commit()?;
        }
    }
    writer.finish()?;
    scratch.clear()?;
    Ok(rows)
}

fn main() -> Outcome<()> {
    let (megabytes, rounds) = (setting("TRAILCORE_BENCH_MB", 1024).min(512), setting("TRAILCORE_BENCH_ROUNDS", 7).max(5));
    let (scratch, mut timings, mut buffer) = (Scratch::new()?, Timings::default(), vec![0; BLOCK]);
    for round in 0..=rounds {
        for (name, order) in [("big", ByteOrder::Big), ("little", ByteOrder::Little)] {
            let path = generate(&format!("{name}-0"), &Bank::bench(order, megabytes << 20))?;
            let bytes = bytes::Bytes::from(std::fs::read(&path)?);
            let trail = Trail::from_bytes(bytes.clone());
            let mut time =
                |key: &str, work: &mut dyn FnMut() -> Outcome<u64>| timings.time(round, &format!("{name} {key}"), work);
            time("memcpy", &mut || Ok(memcpy(&bytes, &mut buffer)))?;
            time("blocks", &mut || copy(&bytes, &scratch))?;
            time("scan", &mut || scan(&trail))?;
            time("forward", &mut || forward(&trail, order, &scratch))?;
            let rows = time("decode", &mut || decode(&trail))?;
            time("build", &mut || build(rows, order, &scratch))?;
        }
    }
    println!(
        "Writing, {rounds} rounds, trails of {megabytes} MiB, medians; how many times as long as the work that it is compared with"
    );
    let mut figures = Vec::new();
    for order in ["big", "little"] {
        let mut of = |key: &str| timings.figure(&format!("{order} {key}")).1;
        let forwarded = of("forward") - of("scan");
        let rows = [
            ("forwarded rows, to writing their bytes in blocks", forwarded / of("blocks")),
            ("forwarded rows, to memcpy", forwarded / of("memcpy")),
            ("rows built from values, to decoding as many", of("build") / of("decode")),
        ];
        for (what, ratio) in rows {
            println!("{order:<8} {what:<50} {ratio:>6.2}");
            figures.push(serde_json::json!({"order": order, "work": what, "ratio": ratio}));
        }
    }
    common::keep("bench-writer.json", &serde_json::json!({"rounds": rounds, "megabytes": megabytes, "figures": figures}))
}
