//! Checks vector files: JSON descriptions of real records, with their bytes and the output of a dump.
//!
//! ```text
//! cargo run -q --release -p trailcore-support --bin vectors -- DIR
//! ```
//!
//! Prints a line for each file (`ok`, `no bytes`, or what differs) and a count. Exits with 0 if nothing differs, 1 if
//! something does, 2 if the folder cannot be read.

use std::path::Path;
use std::process::ExitCode;

use trailcore_support::vectors::{self, Verdict};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: vectors DIR");
        return ExitCode::from(2);
    };
    let report = match vectors::folder(Path::new(&folder)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("vectors: {error}");
            return ExitCode::from(2);
        }
    };
    for (file, verdict) in &report {
        println!("{file}: {verdict}");
    }
    let count = |kind: fn(&Verdict) -> bool| report.iter().filter(|(_, verdict)| kind(verdict)).count();
    let (ok, differ) = (count(Verdict::is_ok), count(Verdict::differs));
    println!("{} files: {ok} ok, {differ} differ, {} without bytes", report.len(), report.len() - ok - differ);
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
