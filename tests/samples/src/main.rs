//! Writes the sample trails of `examples/data`: `trailcore-samples DIR`.
//!
//! With `bench MB` after it, it writes trails of this many megabytes for measurements instead: one of three tables (`all`) and
//! one of only postings (`postings`).

use std::path::Path;
use std::process::ExitCode;

use trailcore::trail::ByteOrder;
use trailcore_samples::{Bank, write_bank};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (directory, banks) = match arguments.as_slice() {
        [directory] => (directory, [("big", Bank::small()), ("little", Bank::small_little())]),
        [directory, "bench", megabytes] if megabytes.parse::<u64>().is_ok() => {
            let bench = Bank::bench(ByteOrder::Big, megabytes.parse().unwrap_or(1) << 20);
            (directory, [("postings", Bank { branches: 1, ..bench.clone() }), ("all", bench)])
        }
        _ => {
            eprintln!("usage: trailcore-samples DIR [bench MEGABYTES]");
            return ExitCode::from(2);
        }
    };
    for (name, bank) in banks {
        let directory = Path::new(&directory).join(name);
        let written = std::fs::create_dir_all(&directory).map_err(|error| error.to_string());
        if let Err(error) = written.and_then(|()| write_bank(&directory, &bank).map_err(|error| error.to_string())) {
            eprintln!("trailcore-samples: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
