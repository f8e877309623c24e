//! The program `trailcore`.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailcore_cli::program()
}
