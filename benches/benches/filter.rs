//! The cost of selecting, as multiples of reading the file, of the bare scan, and of one rule: `make bench`.
//!
//! The same trail as in the other bench, and one with rows in 200 tables. Changes are read through
//! `ReadOptions::select`, in lenient mode, because deletes have only a key and memos may be NULL.

#![allow(missing_docs, clippy::indexing_slicing)]

mod common;

use std::hint::black_box;

use common::{Outcome, Timings, generate, read_all, setting};
use trailcore::filter::{Scratch, Select};
use trailcore::trail::ByteOrder;
use trailcore::{ReadOptions, Trail};
use trailcore_samples::Bank;

const TABLES: usize = 200;
const RULES: usize = 100;
/// A filter that accepts about 1 % of the postings.
const WHERE: &str = "TABLE BANK.POSTINGS, WHERE (AMOUNT > 8800000);";
const FIND: &str = "TABLE BANK.POSTINGS, FILTER (@STRFIND (MEMO, 'cash') > 0 AND AMOUNT > 8800000);";

/// Reads a trail, with or without a selection.
fn read(trail: &Trail, select: Option<&Select>) -> Outcome<u64> {
    let options = select.map_or_else(ReadOptions::new, |select| ReadOptions::new().select(select.clone()));
    let mut reader = trail.reader_with(options)?;
    let mut count = 0;
    while let Some(change) = reader.next()? {
        count += u64::from(black_box(change.op()).is_change());
    }
    Ok(count)
}

/// Evaluates every rule on every change, like a monitoring program.
fn rules(trail: &Trail, select: &Select) -> Outcome<u64> {
    let mut selector = select.selector();
    let mut scratch = Scratch::default();
    let mut hits = [0u64; RULES];
    let mut reader = trail.reader()?;
    let mut last = None;
    while let Some(change) = reader.next()? {
        let program = match &last {
            Some((table, program)) if *table == change.table_id() => program,
            _ => &last.insert((change.table_id(), selector.program(&change))).1,
        };
        program.each_hit(&change, &mut scratch, |rule, verdict| hits[rule] += u64::from(verdict.is_accept()));
    }
    Ok(hits.iter().sum())
}

/// Returns rules like those of a bank's monitoring: limits of amounts by branch and currency, words in memos, balances, keys,
/// operations. Like an alarm, each accepts about one change in a hundred, or fewer.
fn rule(number: usize) -> String {
    let amount = 8_000_000 + 10_000 * number;
    let balance = (80 + number % 20) * 100_000_000_000_000;
    match number % 10 {
        0..=2 => format!("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > {amount});"),
        3 | 4 => format!("TABLE BANK.POSTINGS, FILTER (ON INSERT, BRANCH = {} AND AMOUNT > {});", number * 7 % 400, 100 * number),
        5 => format!("TABLE BANK.POSTINGS, FILTER (ON INSERT, BALANCE < -{balance});"),
        6 => format!("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > {amount} AND @STREQ (CURRENCY, 'USD'));"),
        7 => format!("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > {amount} AND @STRFIND (MEMO, 'cash') > 0);"),
        8 => format!("TABLE BANK.ACCOUNTS, FILTER (ON UPDATE, BALANCE < -{balance});"),
        _ => format!("TABLE BANK.CUSTOMERS, FILTER (ON INSERT, CUSTOMER_ID = {});", 1000 * number),
    }
}

fn main() -> Outcome<()> {
    // Created first, as in the other bench.
    let mut buffer = vec![0; 1 << 20];
    let (megabytes, rounds) = (setting("TRAILCORE_BENCH_MB", 1024), setting("TRAILCORE_BENCH_ROUNDS", 7).max(5));
    let parse = |text: &str| Select::parse(text).map(Select::lenient);
    let (by_value, by_text) = (parse(WHERE)?, parse(FIND)?);
    let one_table = parse("TABLE BR0077.POSTINGS;")?;
    let one_rule = parse(&rule(0))?;
    let all_rules = parse(&(0..RULES).map(rule).collect::<Vec<_>>().join("\n"))?;
    let mut timings = Timings::default();
    for round in 0..=rounds {
        for (order, byte_order) in [("big", ByteOrder::Big), ("little", ByteOrder::Little)] {
            let bank = Bank::bench(byte_order, megabytes << 20);
            let path = generate(&format!("{order}-0"), &bank)?;
            let wide = generate(&format!("{order}-{TABLES}-tables"), &Bank { branches: TABLES, ..bank })?;
            let (trail, wide) = (Trail::open(&path)?, Trail::open(&wide)?);
            let mut time =
                |key: &str, work: &mut dyn FnMut() -> Outcome<u64>| timings.time(round, &format!("{order} {key}"), work);
            time("P", &mut || read_all(&path, &mut buffer))?;
            time("scan", &mut || read(&trail, None))?;
            time("by value", &mut || read(&trail, Some(&by_value)))?;
            time("by text", &mut || read(&trail, Some(&by_text)))?;
            time("one rule", &mut || rules(&trail, &one_rule))?;
            time("all rules", &mut || rules(&trail, &all_rules))?;
            time("wide scan", &mut || read(&wide, None))?;
            time("one table", &mut || read(&wide, Some(&one_table)))?;
        }
    }
    report(&mut timings, rounds, megabytes)
}

/// Each measurement: its name, its base, and the maximum multiple.
const BARS: [(&str, &str, &str, f64); 5] = [
    ("scan", "P", "scan without a selection", f64::INFINITY),
    ("one table", "wide scan", "one table of 200, to the bare scan", 1.15),
    ("by value", "P", "WHERE (AMOUNT > x), 1 % accepted, to P", 1.5),
    ("by text", "P", "FILTER (@STRFIND … AND AMOUNT > x), to P", 2.2),
    ("all rules", "one rule", "100 rules, to one", 4.0),
];

fn report(timings: &mut Timings, rounds: u64, megabytes: u64) -> Outcome<()> {
    let mut rows = Vec::new();
    println!("Selecting, {rounds} rounds, files of {megabytes} MiB; minimum / median");
    for order in ["big", "little"] {
        for (work, of, what, bar) in BARS {
            let (minimum, median) = timings.ratio(&format!("{order} {work}"), &format!("{order} {of}"));
            let verdict = if median <= bar { "ok" } else { "OVER" };
            let at_most = if bar.is_finite() { format!("{bar:.2}") } else { String::new() };
            println!("{order:<8} {what:<44} {minimum:>6.2} /{median:>6.2} {at_most:>7}  {verdict}");
            let bar = bar.is_finite().then_some(bar);
            rows.push(serde_json::json!({"order": order, "work": work, "of": of, "min": minimum, "median": median, "bar": bar}));
        }
    }
    common::keep("bench-filter.json", &serde_json::json!({"rounds": rounds, "megabytes": megabytes, "figures": rows}))
}
