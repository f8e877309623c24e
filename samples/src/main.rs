//! Writes the sample trails of `examples/data`: `trailcore-samples DIR`.

use std::path::Path;
use std::process::ExitCode;

use trailcore_samples::{Bank, write_bank};

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: trailcore-samples DIR");
        return ExitCode::from(2);
    };
    for (name, bank) in [("big", Bank::small()), ("little", Bank::small_little())] {
        let directory = Path::new(&directory).join(name);
        let written = std::fs::create_dir_all(&directory).map_err(|error| error.to_string());
        if let Err(error) = written.and_then(|()| write_bank(&directory, &bank).map_err(|error| error.to_string())) {
            eprintln!("trailcore-samples: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
