//! Compares Java with Rust on one trail: the bulk path touching every column, single changes, and JSON. Also compares the bulk
//! path with the batches of C.
//!
//! ```text
//! make bench-java
//! ```
//!
//! Java runs in its own virtual machine and does one round on request, so rounds of both languages alternate. Both add up the
//! touched values, and the sums must be equal. Settings: `BENCH_MB`, `BENCH_ROUNDS`.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use trailcore::batch::{BatchDecoder, ColumnBatch, ColumnValues, VarBytes};
use trailcore::trail::ByteOrder;
use trailcore::{Row, Trail, Value};
use trailcore_samples::Bank;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One comparison: its name in `BenchMain.java`, its description, and the Rust counterpart.
type Work = (&'static str, &'static str, fn(&Trail) -> Outcome<u64>);

const WORK: [Work; 4] = [
    ("batches", "bulk path, every column", batches),
    ("changes", "single changes, every column", changes),
    ("json", "JSON, in blocks", json),
    ("json-each", "JSON, single changes", json),
];

/// Rows of a batch in both languages: the default in Java. Rust is as fast with its default of 8192.
const ROWS: usize = 4096;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() -> Outcome<()> {
    let Some(class_path) = std::env::var_os("TRAILCORE_JAVA_CLASSES") else {
        println!("skipped: run it with `make bench-java`");
        return Ok(());
    };
    let (megabytes, rounds) = (setting("BENCH_MB", 128), setting("BENCH_ROUNDS", 9));
    let path = generate(megabytes << 20)?;
    let bytes = std::fs::metadata(&path)?.len();
    let trail = Trail::open(&path)?;
    let mut java = Java::start(&class_path, &path)?;
    let mut times = vec![(Vec::new(), Vec::new()); WORK.len()];
    let mut c_times = Vec::new();
    // The first rounds warm up both languages: Java compiles hot methods.
    for round in 0..rounds + 4 {
        for ((name, _, work), (rust_times, java_times)) in WORK.iter().zip(&mut times) {
            let start = Instant::now();
            let expected = black_box(work(&trail)?);
            let rust_time = start.elapsed();
            let (java_time, found) = java.round(name)?;
            if expected != found {
                return Err(format!("{name}: Java returns {found}, Rust {expected}").into());
            }
            if round >= 4 {
                rust_times.push(rust_time);
                java_times.push(java_time);
            }
        }
        if round >= 4 {
            c_times.push(touch_in_c(&path)?);
        }
    }
    java.stop()?;
    println!("Java compared with Rust and C, {} MB, medians of {rounds} alternating rounds", bytes / 1_000_000);
    println!("{:<29} {:>12} {:>10} {:>22}", "", "Rust/C MB/s", "Java MB/s", "ratio");
    let speed = |times: &mut Vec<Duration>| {
        times.sort();
        let median = times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64);
        bytes as f64 / 1e6 / median
    };
    let c = speed(&mut c_times);
    for ((name, what, _), (rust_times, java_times)) in WORK.iter().zip(&mut times) {
        let (rust, java) = (speed(rust_times), speed(java_times));
        let bulk = *name == "batches";
        let bar = if bulk { "   at least 0.80" } else { "" };
        println!("{what:<29} {rust:>12.0} {java:>10.0} {:>22.2}{bar}", java / rust);
        if bulk {
            println!("{:<29} {c:>12.0} {java:>10.0} {:>22.2}{bar}", "bulk path, batches of C", java / c);
        }
    }
    Ok(())
}

/// Runs one round of the program of `make bench-c`: all columns of all changes, in batches.
fn touch_in_c(path: &Path) -> Outcome<Duration> {
    let program = std::env::var_os("TRAILCORE_C_TOUCH").ok_or("TRAILCORE_C_TOUCH is not set; run `make bench-java`")?;
    let output = Command::new(program).arg(path).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let seconds = text.split(' ').next().filter(|_| output.status.success()).ok_or("the C program has failed")?;
    Ok(Duration::from_secs_f64(seconds.parse()?))
}

/// Creates a trail of about `bytes` bytes, unless it exists.
fn generate(bytes: u64) -> Outcome<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data");
    let directory = root.join(format!("java-{}-{}", bytes >> 20, env!("CARGO_PKG_VERSION")));
    let path = directory.join("bk000000000");
    if !path.exists() {
        let unfinished = directory.with_extension("tmp");
        std::fs::create_dir_all(&unfinished)?;
        trailcore_samples::write_bank(&unfinished, &Bank::bench(ByteOrder::Big, bytes))?;
        std::fs::rename(&unfinished, &directory)?;
    }
    Ok(path)
}

/// The Java program, which does one round for each line on its input.
struct Java {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Java {
    fn start(class_path: &std::ffi::OsStr, trail: &Path) -> Outcome<Self> {
        let mut process = Command::new("java")
            .arg("-cp")
            .arg(class_path)
            // A collector without its own threads, which would take processor time from Rust on a small machine.
            .args(["-Xmx1g", "-XX:+UseSerialGC", "io.trailcore.BenchMain"])
            .arg(trail)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().ok_or("Java has no standard input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("Java has no standard output")?);
        Ok(Self { process, orders, answers })
    }

    fn round(&mut self, name: &str) -> Outcome<(Duration, u64)> {
        writeln!(self.orders, "{name}")?;
        self.orders.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let (nanos, sum) = answer.trim().split_once(' ').ok_or("Java has ended")?;
        Ok((Duration::from_nanos(nanos.parse()?), sum.parse()?))
    }

    fn stop(mut self) -> Outcome<()> {
        drop(self.orders);
        self.process.wait()?;
        Ok(())
    }
}

fn batches(trail: &Trail) -> Outcome<u64> {
    let mut decoder = BatchDecoder::new().rows(ROWS);
    let mut reader = trail.reader()?;
    let mut sum = 0u64;
    while let Some(change) = reader.next()? {
        if decoder.push(&change)? {
            decoder.flush(|batch| sum = sum.wrapping_add(touch(batch)));
        }
    }
    decoder.flush(|batch| sum = sum.wrapping_add(touch(batch)));
    Ok(sum)
}

/// Adds up for each value: its state, and its number, or its length and first byte.
fn touch(batch: &ColumnBatch) -> u64 {
    let add = |sum: u64, value: u64| sum.wrapping_add(value);
    let mut sum = 0;
    for (_, column) in batch.before().chain(batch.after()) {
        sum = column.states().iter().map(|&state| state as u64).fold(sum, add);
        sum = match column.values() {
            ColumnValues::Integer(values) | ColumnValues::DateTime { micros: values, .. } => {
                values.iter().map(|&value| value as u64).fold(sum, add)
            }
            ColumnValues::Unsigned(values) => values.iter().copied().fold(sum, add),
            ColumnValues::Text(bytes) | ColumnValues::Digits(bytes) | ColumnValues::Bytes(bytes) => {
                bytes_of(bytes).fold(sum, add)
            }
            _ => sum,
        };
    }
    sum
}

fn bytes_of(values: &VarBytes) -> impl Iterator<Item = u64> {
    values.offsets.iter().zip(values.offsets.iter().skip(1)).map(|(&start, &end)| {
        let first = if end > start { values.bytes.get(start as usize).copied().unwrap_or_default() } else { 0 };
        (end - start) as u64 + u64::from(first)
    })
}

fn changes(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let mut sum = 0u64;
    while let Some(change) = reader.next()? {
        let (before, after) = change.images()?;
        sum = sum.wrapping_add(before.map_or(0, row)).wrapping_add(after.map_or(0, row));
    }
    Ok(sum)
}

/// Adds up the values: numbers and dates by their components, texts by their length.
fn row(row: Row<'_>) -> u64 {
    let mut sum = 0u64;
    for column in row.columns().flatten() {
        sum = sum.wrapping_add(match column.value() {
            Value::Null => 1,
            Value::Number(number) => number.decimal().map_or(2, |decimal| decimal.mantissa() as u64),
            Value::Text(text) => text.encode_utf16().count() as u64,
            Value::DateTime(time) => u64::from(time.nanos) + u64::from(time.day),
            Value::Bytes(bytes) => bytes.len() as u64,
            _ => 3,
        });
    }
    sum
}

fn json(trail: &Trail) -> Outcome<u64> {
    let mut reader = trail.reader()?;
    let (mut line, mut sum) = (Vec::new(), 0u64);
    while let Some(change) = reader.next()? {
        line.clear();
        change.write_json(&mut line)?;
        sum += line.len() as u64 + 1;
    }
    Ok(sum)
}
