//! The common code of the benches: the file that they read, the base P, and the timing of rounds.

#![allow(dead_code)]

pub mod hand;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use trailcore_samples::Bank;

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Returns a setting from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Measured times, by name.
#[derive(Default)]
pub struct Timings(BTreeMap<String, Vec<f64>>);

impl Timings {
    /// Measures the time of some work. Round 0 warms up and is not counted.
    pub fn time(&mut self, round: u64, key: &str, work: &mut dyn FnMut() -> Outcome<u64>) -> Outcome<u64> {
        let start = Instant::now();
        let result = black_box(work()?);
        if round > 0 {
            self.0.entry(key.to_owned()).or_default().push(start.elapsed().as_secs_f64());
        }
        Ok(result)
    }

    /// Returns the minimum and the median of all rounds.
    pub fn figure(&mut self, key: &str) -> (f64, f64) {
        let Some(times) = self.0.get_mut(key) else { return (f64::NAN, f64::NAN) };
        times.sort_by(f64::total_cmp);
        (times.first().copied().unwrap_or(f64::NAN), times.get(times.len() / 2).copied().unwrap_or(f64::NAN))
    }

    /// Returns the same as multiples of another measurement.
    pub fn ratio(&mut self, key: &str, of: &str) -> (f64, f64) {
        let (own, base) = (self.figure(key), self.figure(of));
        (own.0 / base.0, own.1 / base.1)
    }
}

/// Writes machine-readable figures to `target/NAME`.
pub fn keep(name: &str, figures: &serde_json::Value) -> Outcome<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name);
    std::fs::write(&path, serde_json::to_string_pretty(figures)?)?;
    println!("machine-readable: target/{name}");
    Ok(())
}

/// Measures P: `read(2)` of the whole file into one buffer.
pub fn read_all(path: &Path, buffer: &mut [u8]) -> Outcome<u64> {
    let mut file = File::open(path)?;
    let mut total = 0;
    loop {
        match file.read(buffer)? {
            0 => return Ok(total),
            read => total += read as u64,
        }
    }
}

/// Returns the only file of a bank's trail, which is generated once. `name` is part of the name of its folder.
pub fn generate(name: &str, bank: &Bank) -> Outcome<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data");
    let directory = root.join(format!("{name}-{}-{}", bank.bytes >> 20, env!("CARGO_PKG_VERSION")));
    let path = directory.join("bk000000000");
    if !path.exists() {
        let unfinished = directory.with_extension("tmp");
        std::fs::create_dir_all(&unfinished)?;
        trailcore_samples::write_bank(&unfinished, bank)?;
        std::fs::rename(&unfinished, &directory)?;
    }
    Ok(path)
}

/// Links the files of a trail into a folder of their own, which is created.
pub fn link_all(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::create_dir(to)?;
    for file in std::fs::read_dir(from)? {
        let file = file?.path();
        if let Some(name) = file.file_name().filter(|_| file.is_file()) {
            std::fs::hard_link(&file, to.join(name))?;
        }
    }
    Ok(())
}

/// Returns the processor time of this process, in seconds, and its memory in MiB.
pub fn usage() -> Outcome<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may have blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
    let memory = std::fs::read_to_string("/proc/self/status")?;
    let resident = memory.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|text| text.split_whitespace().next());
    Ok((ticks as f64 / 100.0, resident.unwrap_or("0").parse::<f64>()? / 1024.0))
}
