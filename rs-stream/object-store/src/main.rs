//! The program `trailcore`, with the object stores of clouds.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailcore_object_store::register();
    trailcore_cli::program()
}
