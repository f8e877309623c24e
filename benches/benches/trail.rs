//! The cost of reading a trail, as multiples of loops written by hand: `make bench`.
//!
//! The unit is the hand loop for the same work (`common/hand.rs`), over the same bytes in memory, in the same run. P is `read(2)` of
//! the whole file into one reused buffer of 1 MiB that starts a page. From a file, the bytes have to be read as well, so what is
//! compared with the hand loop there is the time beyond P. Kernels are interleaved round by round, in both byte orders; each figure
//! is the minimum and the median of the rounds. The files are in the page cache. Only ratios are printed.
//!
//! `TRAILCORE_BENCH_MB` sets the size of each file (1024), `TRAILCORE_BENCH_ROUNDS` the rounds (7), `TRAILCORE_BENCH_ONLY` the name of
//! the only kernel, for a profiler.

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::hint::black_box;
use std::sync::Arc;

use common::hand::{self, Big, Little};
use common::{Outcome, Timings, generate, read_all, setting};

use trailcore::arrow::ArrowOptions;
use trailcore::batch::{BatchDecoder, ColumnBatch};
use trailcore::trail::ByteOrder;
use trailcore::trail::image::SpanContent;
use trailcore::{Decimal, Op, ReadOptions, Trail};
use trailcore_samples::Bank;

const PAGE: usize = 4096;
/// The limit of the predicate, in cents.
const LIMIT: i64 = 5_000_000;

/// A loop by hand.
type Hand = fn(&[u8]) -> Option<u64>;

/// A kernel: its name, its maximum cost and the wanted one in hand loops, the work, and the hand loop in each byte order.
struct Kernel {
    name: &'static str,
    at_most: f64,
    aim: f64,
    work: fn(&Trail) -> Outcome<u64>,
    hand: [Hand; 2],
}

const KERNELS: [Kernel; 5] = [
    Kernel { name: "scan", at_most: 1.5, aim: 1.15, work: scan, hand: [hand::scan::<Big>, hand::scan::<Little>] },
    Kernel {
        name: "predicate",
        at_most: 1.6,
        aim: 1.2,
        work: predicate,
        hand: [|bytes| hand::predicate::<Big>(bytes, LIMIT), |bytes| hand::predicate::<Little>(bytes, LIMIT)],
    },
    Kernel { name: "visit", at_most: 1.5, aim: 1.15, work: visit, hand: [hand::visit::<Big>, hand::visit::<Little>] },
    Kernel { name: "decode", at_most: 1.4, aim: 1.0, work: decode, hand: [hand::decode::<Big>, hand::decode::<Little>] },
    Kernel {
        name: "decode 2 of 8",
        at_most: 1.6,
        aim: 1.2,
        work: decode_two,
        hand: [hand::decode_two::<Big>, hand::decode_two::<Little>],
    },
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
    let limit = Decimal::new(LIMIT.into(), 2);
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

/// All tables as record batches, in this many threads.
fn arrow(trail: &Trail, threads: usize) -> Outcome<u64> {
    let batches = trail.batches(ReadOptions::new().threads(threads), ArrowOptions::new())?;
    batches.map(|records| Ok(black_box(records?).batch.num_rows() as u64)).sum()
}

fn main() -> Outcome<()> {
    // A copy whose source and target differ by a few bytes within the page is slow on some machines.
    let mut padded = vec![0; (1 << 20) + PAGE];
    let page = padded.as_ptr().align_offset(PAGE);
    let buffer = &mut padded[page..page + (1 << 20)];
    let (megabytes, rounds) = (setting("TRAILCORE_BENCH_MB", 1024), setting("TRAILCORE_BENCH_ROUNDS", 7).max(5));
    let only = std::env::var("TRAILCORE_BENCH_ONLY").ok();
    let kernels: Vec<&Kernel> = KERNELS.iter().filter(|kernel| only.as_ref().is_none_or(|only| only == kernel.name)).collect();
    let mut timings = Timings::default();
    let mut inputs = Vec::new();
    for (index, (name, order)) in [("big", ByteOrder::Big), ("little", ByteOrder::Little)].into_iter().enumerate() {
        // Two files of each byte order, for two threads; all other kernels use the first one.
        let bank = |copy: u64| Bank { seed: 7 + copy, ..Bank::bench(order, megabytes << 20) };
        let paths = [generate(&format!("{name}-0"), &bank(0))?, generate(&format!("{name}-1"), &bank(1))?];
        let bytes = bytes::Bytes::from(std::fs::read(&paths[0])?);
        inputs.push((name, index, paths, bytes));
    }
    for round in 0..=rounds {
        let mut time = |key: String, work: &mut dyn FnMut() -> Outcome<u64>| timings.time(round, &key, work);
        for (order, index, paths, bytes) in &inputs {
            time(format!("{order} P"), &mut || read_all(&paths[0], buffer))?;
            let (file, memory) = (Trail::open(&paths[0])?, Trail::from_bytes(bytes.clone()));
            for Kernel { name, work, hand, .. } in &kernels {
                let by_hand = time(format!("{order} {name} hand"), &mut || {
                    hand[*index](bytes).ok_or_else(|| "the hand loop does not know these bytes".into())
                })?;
                let from_file = time(format!("{order} {name} file"), &mut || work(&file))?;
                let in_memory = time(format!("{order} {name} memory"), &mut || work(&memory))?;
                if [from_file, in_memory] != [by_hand; 2] {
                    return Err(format!("{order} {name}: {from_file} {in_memory}, by hand {by_hand}").into());
                }
            }
            time(format!("{order} arrow in one"), &mut || arrow(&file, 1))?;
            time(format!("{order} arrow in two"), &mut || arrow(&file, 2))?;
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
    report(&mut timings, &kernels, rounds, megabytes)
}

fn report(timings: &mut Timings, kernels: &[&Kernel], rounds: u64, megabytes: u64) -> Outcome<()> {
    let mut rows = Vec::new();
    println!("Multiples of the hand loop of the same work, {rounds} rounds, files of {megabytes} MiB; minimum / median");
    println!(
        "{:<8} {:<14} {:>12} {:>15} {:>15} {:>8} {:>6}",
        "order", "work", "P", "in memory", "from file - P", "at most", "aim"
    );
    for order in ["big", "little"] {
        let p = timings.figure(&format!("{order} P"));
        for kernel in kernels {
            let mut figure = |what: &str| timings.figure(&format!("{order} {} {what}", kernel.name));
            let (hand, file, memory) = (figure("hand"), figure("file"), figure("memory"));
            let base = (p.0 / hand.0, p.1 / hand.1);
            let memory = (memory.0 / hand.0, memory.1 / hand.1);
            let file = ((file.0 - p.0) / hand.0, (file.1 - p.1) / hand.1);
            let verdict = if memory.1.max(file.1) <= kernel.at_most { "ok" } else { "OVER" };
            println!(
                "{order:<8} {:<14} {:>5.2} /{:>5.2} {:>7.2} /{:>6.2} {:>7.2} /{:>6.2} {:>8.1} {:>6.2}  {verdict}",
                kernel.name, base.0, base.1, memory.0, memory.1, file.0, file.1, kernel.at_most, kernel.aim
            );
            rows.push(serde_json::json!({"order": order, "work": kernel.name, "p": base, "memory": memory,
                "file_beyond_p": file, "at_most": kernel.at_most, "aim": kernel.aim}));
        }
        for (work, one, two, least) in
            [("two files", "two in turn", "two threads", 1.8), ("to Arrow", "arrow in one", "arrow in two", 1.7)]
        {
            let (best, gain) = timings.ratio(&format!("{order} {one}"), &format!("{order} {two}"));
            let verdict = if gain >= least { "ok" } else { "UNDER" };
            println!("{order:<8} {work:<14} in two threads {best:.2} / {gain:.2} times as fast (at least {least})  {verdict}");
            rows.push(serde_json::json!({"order": order, "work": work, "gain": (best, gain), "at_least": least}));
        }
    }
    common::keep("bench-trail.json", &serde_json::json!({"rounds": rounds, "megabytes": megabytes, "figures": rows}))
}
