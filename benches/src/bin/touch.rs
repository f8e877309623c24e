//! The Rust side of `make bench-c`: touches every column of every change of a trail, like `benches/c/touch.c`.
//!
//! `touch [--blocks] PATH` prints the seconds, the number of columns, and a checksum of all values, which must equal that of the
//! C side. `touch --generate PATH MB` generates the trail, in a folder of that name.
#![allow(missing_docs)]

use std::path::Path;
use std::time::Instant;

use trailcore::ChangeBlock;
use trailcore::trail::ByteOrder;
use trailcore::{Change, Number, Row, Trail, Value};
use trailcore_samples::Bank;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[derive(Default)]
struct Sum {
    columns: u64,
    check: u64,
}

impl Sum {
    fn add(&mut self, row: &Row<'_>) -> Outcome<()> {
        for column in row.columns() {
            let column = column?;
            self.columns += 1;
            let value = match column.value() {
                Value::Text(text) => text.len() as u64,
                Value::Number(Number::Exact(number)) => number.mantissa() as u64,
                Value::Number(Number::Text(digits)) => digits.len() as u64,
                Value::DateTime(time) => time.unix_micros().unwrap_or(i64::MIN) as u64,
                Value::Bytes(bytes) | Value::Invalid(bytes) => bytes.len() as u64,
                _ => 1,
            };
            self.check = self.check.wrapping_mul(31).wrapping_add(value).wrapping_add(column.index() as u64);
        }
        Ok(())
    }
}

impl Sum {
    fn add_change(&mut self, change: &Change<'_>) -> Outcome<()> {
        self.check = self
            .check
            .wrapping_add(change.position().trail().map_or(0, |at| at.rba))
            .wrapping_add(change.timestamp().unix_micros() as u64);
        let (before, after) = change.images()?;
        before.iter().chain(&after).try_for_each(|row| self.add(row))
    }
}

/// Reads one change at a time, lent from the reader's own buffer.
fn touch(path: &str) -> Outcome<Sum> {
    let mut reader = Trail::open(path)?.reader()?;
    let mut sum = Sum::default();
    while let Some(change) = reader.next()? {
        sum.add_change(&change)?;
    }
    Ok(sum)
}

/// Reads blocks of owned changes, like the C library.
fn touch_blocks(path: &str) -> Outcome<Sum> {
    let mut reader = Trail::open(path)?.reader()?;
    let (mut sum, mut block) = (Sum::default(), ChangeBlock::default());
    while reader.next_block(&mut block, 4096)? > 0 {
        for change in block.changes() {
            sum.add_change(&change)?;
        }
    }
    Ok(sum)
}

/// Returns the time of the second of two runs.
fn time(work: fn(&str) -> Outcome<Sum>, path: &str) -> Outcome<()> {
    work(path)?;
    let start = Instant::now();
    let sum = work(path)?;
    println!("{:.6} {} {}", start.elapsed().as_secs_f64(), sum.columns, sum.check);
    Ok(())
}

fn generate(path: &str, megabytes: u64) -> Outcome<()> {
    let path = Path::new(path);
    if !path.exists() {
        let unfinished = path.with_extension("tmp");
        std::fs::create_dir_all(&unfinished)?;
        trailcore_samples::write_bank(&unfinished, &Bank::bench(ByteOrder::Big, megabytes << 20))?;
        std::fs::rename(&unfinished, path)?;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--generate", path, megabytes] => generate(path, megabytes.parse()?),
        [path] => time(touch, path),
        ["--blocks", path] => time(touch_blocks, path),
        _ => Err("usage: touch PATH, or touch --generate PATH MB".into()),
    }
}
