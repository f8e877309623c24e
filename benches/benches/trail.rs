//! The cost of reading a trail, as multiples of reading the file: `make bench`.
//!
//! P is `read(2)` of the whole file into one reused buffer of 1 MiB; R is the sum of the same bytes in memory as u64.
//! Kernels are interleaved round by round, in both byte orders, from the default file source and in memory; each figure
//! is the minimum and the median of the rounds. The files are in the page cache. Only ratios are printed.
//!
//! `TRAILCORE_BENCH_MB` sets the size of each file (1024), `TRAILCORE_BENCH_ROUNDS` the rounds (7).

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::hint::black_box;
use std::sync::Arc;

use common::{Outcome, Timings, generate, read_all, setting};

use trailcore::batch::{BatchDecoder, ColumnBatch};
use trailcore::trail::ByteOrder;
use trailcore::trail::image::SpanContent;
use trailcore::{Decimal, Op, Trail};
use trailcore_samples::Bank;

const PAGE: usize = 4096;

/// A kernel: its name, its maximum cost in P, the cost of a loop written by hand, and the work.
struct Kernel {
    name: &'static str,
    bar: f64,
    hand: f64,
    work: fn(&Trail) -> Outcome<u64>,
}

const KERNELS: [Kernel; 5] = [
    Kernel { name: "scan", bar: 1.3, hand: 0.63, work: scan },
    Kernel { name: "predicate", bar: 1.5, hand: 0.71, work: predicate },
    Kernel { name: "visit", bar: 2.0, hand: 1.13, work: visit },
    Kernel { name: "decode", bar: 5.5, hand: 3.2, work: decode },
    Kernel { name: "decode 2 of 8", bar: 2.2, hand: 1.1, work: decode_two },
];

/// Frames, headers and trailers; operation and table are tested, columns are not touched.
fn scan(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let mut postings = None;
    let mut count = 0;
    while let Some(change) = reader.next()? {
        let table = Arc::as_ptr(change.table());
        let wanted =
            *postings.get_or_insert_with(|| if change.table().name() == "BANK.POSTINGS" { table } else { std::ptr::null() });
        if wanted.is_null() {
            postings = None;
        }
        count += u64::from(change.op() == Op::Insert && table == wanted);
    }
    Ok(count)
}

/// One number of one table's rows is compared; other columns are not decoded.
fn predicate(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let limit = Decimal::new(5_000_000, 2);
    let mut postings = (std::ptr::null(), 0);
    let mut count = 0;
    while let Some(change) = reader.next()? {
        let table = change.table();
        if Arc::as_ptr(table) != postings.0 {
            if !postings.0.is_null() || table.name() != "BANK.POSTINGS" {
                continue;
            }
            postings = (Arc::as_ptr(table), table.column("AMOUNT").map_or(0, |(index, _)| index));
        }
        if change.op() == Op::Insert {
            if let Some(amount) = change.after()?.and_then(|row| row.at(postings.1)) {
                count += u64::from(amount.decimal()?.compare(limit).is_gt());
            }
        }
    }
    Ok(count)
}

/// Every column of every image is found, with its null flag.
fn visit(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let mut count = 0;
    while let Some(change) = reader.next()? {
        let (before, after) = change.images()?;
        for row in before.iter().chain(&after) {
            for span in row.spans() {
                count += 1 + u64::from(span?.content() == SpanContent::Null);
            }
        }
    }
    Ok(count)
}

fn drain(trail: &Trail, mut decoder: BatchDecoder) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let mut rows = 0;
    let mut take = |batch: &ColumnBatch| rows += black_box(batch).len() as u64;
    while let Some(change) = reader.next()? {
        if decoder.push(&change)? {
            decoder.flush(&mut take);
        }
    }
    decoder.flush(&mut take);
    Ok(rows)
}

/// Every value of every image, typed, into reused buffers by table; text is validated.
fn decode(trail: &Trail) -> Outcome<u64> {
    drain(trail, BatchDecoder::new())
}

/// The same for two of eight columns of one table.
fn decode_two(trail: &Trail) -> Outcome<u64> {
    drain(trail, BatchDecoder::new().columns("BANK.POSTINGS", &["AMOUNT", "MEMO"]))
}

fn main() -> Outcome<()> {
    // The buffer of P, created first, as in a program that only reads the file. Its place in memory can double P on some machines
    // (a copy whose source and target differ by a few bytes within the page). P is therefore also measured with a buffer that
    // starts a page, and the table has both.
    let mut buffer = vec![0; 1 << 20];
    let mut padded = vec![0; (1 << 20) + PAGE];
    let page = padded.as_ptr().align_offset(PAGE);
    let (megabytes, rounds) = (setting("TRAILCORE_BENCH_MB", 1024), setting("TRAILCORE_BENCH_ROUNDS", 7).max(5));
    let mut timings = Timings::default();
    let mut inputs = Vec::new();
    for (name, order) in [("big", ByteOrder::Big), ("little", ByteOrder::Little)] {
        // Two files of each byte order, for two threads; all other kernels use the first one.
        let bank = |copy: u64| Bank { seed: 7 + copy, ..Bank::bench(order, megabytes << 20) };
        let paths = [generate(&format!("{name}-0"), &bank(0))?, generate(&format!("{name}-1"), &bank(1))?];
        let bytes = bytes::Bytes::from(std::fs::read(&paths[0])?);
        inputs.push((name, paths, bytes));
    }
    for round in 0..=rounds {
        let mut time = |key: String, work: &mut dyn FnMut() -> Outcome<u64>| timings.time(round, &key, work).map(drop);
        for (order, paths, bytes) in &inputs {
            time(format!("{order} P"), &mut || read_all(&paths[0], &mut buffer))?;
            time(format!("{order} P in a page"), &mut || read_all(&paths[0], &mut padded[page..page + (1 << 20)]))?;
            time(format!("{order} R"), &mut || Ok(sum(bytes)))?;
            let (file, memory) = (Trail::open(&paths[0])?, Trail::from_bytes(bytes.clone()));
            for kernel in &KERNELS {
                time(format!("{order} {} file", kernel.name), &mut || (kernel.work)(&file))?;
                time(format!("{order} {} memory", kernel.name), &mut || (kernel.work)(&memory))?;
            }
            let both = [file, Trail::open(&paths[1])?];
            time(format!("{order} two in turn"), &mut || Ok(decode(&both[0])? + decode(&both[1])?))?;
            time(format!("{order} two threads"), &mut || {
                std::thread::scope(|scope| {
                    let workers = both.each_ref().map(|trail| scope.spawn(|| decode(trail)));
                    workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked")?).sum()
                })
            })?;
        }
    }
    report(&mut timings, rounds, megabytes)
}

fn sum(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks_of_eight();
    words.fold(0, u64::wrapping_add)
}

trait AsChunks {
    fn as_chunks_of_eight(&self) -> (impl Iterator<Item = u64>, &[u8]);
}

impl AsChunks for [u8] {
    fn as_chunks_of_eight(&self) -> (impl Iterator<Item = u64>, &[u8]) {
        let chunks = self.chunks_exact(8);
        let rest = chunks.remainder();
        (chunks.map(|chunk| chunk.try_into().map_or(0, u64::from_ne_bytes)), rest)
    }
}

fn report(timings: &mut Timings, rounds: u64, megabytes: u64) -> Outcome<()> {
    let mut rows = Vec::new();
    println!("Multiples of P (reading the file), {rounds} rounds, files of {megabytes} MiB; minimum / median");
    println!("{:<8} {:<14} {:>15} {:>15} {:>7} {:>9}  ", "order", "work", "from file", "in memory", "at most", "hand loop");
    for order in ["big", "little"] {
        let p = format!("{order} P");
        let mut ratio = |key: String| timings.ratio(&key, &p);
        let r = ratio(format!("{order} R"));
        let in_page = ratio(format!("{order} P in a page"));
        println!("{order:<8} {:<14} {:>15} {:>7.2} /{:>6.2}", "sum (R)", "", r.0, r.1);
        println!("{order:<8} {:<14} {:>7.2} /{:>6.2}", "P in a page", in_page.0, in_page.1);
        rows.push(serde_json::json!({"order": order, "work": "P in a page", "file_min": in_page.0, "file_median": in_page.1}));
        for kernel in &KERNELS {
            let (file, memory) =
                (ratio(format!("{order} {} file", kernel.name)), ratio(format!("{order} {} memory", kernel.name)));
            let verdict = if file.1 <= kernel.bar { "ok" } else { "OVER" };
            println!(
                "{order:<8} {:<14} {:>7.2} /{:>6.2} {:>7.2} /{:>6.2} {:>7.1} {:>9.2}  {verdict}",
                kernel.name, file.0, file.1, memory.0, memory.1, kernel.bar, kernel.hand
            );
            rows.push(serde_json::json!({"order": order, "work": kernel.name, "file_min": file.0, "file_median": file.1,
                "memory_min": memory.0, "memory_median": memory.1, "bar": kernel.bar, "hand": kernel.hand}));
        }
        let (best, gain) = timings.ratio(&format!("{order} two in turn"), &format!("{order} two threads"));
        let verdict = if gain >= 1.7 { "ok" } else { "UNDER" };
        println!("{order:<8} {:<14} {best:>6.2}x /{gain:>5.2}x {:>15} {:>6.1}x {:>8.1}x  {verdict}", "two threads", "", 1.7, 1.9);
        rows.push(serde_json::json!({"order": order, "work": "two threads", "gain_best": best, "gain_median": gain, "bar": 1.7, "hand": 1.9}));
    }
    common::keep("bench-trail.json", &serde_json::json!({"rounds": rounds, "megabytes": megabytes, "figures": rows}))
}
