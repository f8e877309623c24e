//! Runs the program.

#![allow(dead_code)]

use std::path::Path;
use std::process::Command;

/// The result of a run.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Returns the path of a sample.
pub fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(name).to_str().unwrap().to_owned()
}

/// Runs the program with these arguments, in the folder of the samples.
pub fn trailcore(arguments: &[&str]) -> Run {
    let program = env!("CARGO_BIN_EXE_trailcore");
    let output = Command::new(program).args(arguments).current_dir(data("")).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
