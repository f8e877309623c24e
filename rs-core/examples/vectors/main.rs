//! Checks vector files: JSON descriptions of real records, their bytes and what a dump printed of them.
//!
//! ```text
//! cargo run --release -p trailcore --example vectors -- DIR
//! ```
//!
//! Prints a line for each file (`ok`, `no bytes`, or what differs) and a count. Exits with 0 if nothing differs, 1 if
//! something does, 2 if the folder cannot be read.

mod check;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: vectors DIR");
        return ExitCode::from(2);
    };
    let report = match check::folder(Path::new(&folder)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("vectors: {error}");
            return ExitCode::from(2);
        }
    };
    for (file, verdict) in &report {
        println!("{file}: {verdict}");
    }
    let count = |kind: fn(&check::Verdict) -> bool| report.iter().filter(|(_, verdict)| kind(verdict)).count();
    let (ok, differ) = (count(check::Verdict::is_ok), count(check::Verdict::differs));
    println!("{} files: {ok} ok, {differ} differ, {} without bytes", report.len(), report.len() - ok - differ);
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
