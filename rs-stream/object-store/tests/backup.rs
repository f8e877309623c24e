//! Backups in a bucket, by the command line: the settings of the store come from the environment.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod moto;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use moto::Moto;
use serde_json::Value;
use trailcore_samples::{Bank, bank_in_memory};

fn trailcore(moto: &Moto, point: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailcore"));
    for (name, value) in moto.settings() {
        command.env(name.to_uppercase(), value);
    }
    command.env("TRAILCORE_POINT", point).arg("ops").args(arguments).output().unwrap()
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Writes a home with a trail of more than one part of an object.
fn home(folder: &Path, bytes: u64) -> String {
    let small = Bank::small();
    let writer = trailcore::sink::WriterOptions { file_size: bytes / 2, ..small.writer.clone() };
    fs::create_dir_all(folder.join("home/dirdat")).unwrap();
    for (seqno, (_, bytes)) in bank_in_memory(&Bank { bytes, writer, ..small }).unwrap().iter().enumerate() {
        fs::write(folder.join(format!("home/dirdat/bk{seqno:09}")), bytes).unwrap();
    }
    fs::write(folder.join("home/GLOBALS"), "GGSCHEMA ogg\n").unwrap();
    folder.join("home").display().to_string()
}

#[test]
fn a_set_in_a_bucket_can_be_restored() {
    let Some(moto) = Moto::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (home, url) = (home(folder.path(), 40_000_000), "s3://bank/backup");
    let backup = |point: &str| trailcore(&moto, point, &["backup", &home, "--to", url, "--json"]);
    for point in ["backup.copied", "backup.journal", "backup.manifest"] {
        assert!(!backup(point).status.success(), "{point}");
        let output = trailcore(&moto, "", &["verify", url]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no set"), "{point}");
    }
    let first = report(&backup(""));
    assert!(first["manifest"]["is_whole"] == true && first["resumed"].as_u64().unwrap() > 0, "{first}");
    let second = report(&backup(""));
    assert!(second["shared"].as_u64().unwrap() > 0, "{second}");
    for path in [url, first["path"].as_str().unwrap()] {
        let verified = report(&trailcore(&moto, "", &["verify", path, "--json"]));
        assert!(verified["is_good"] == true && verified["files"].as_u64().unwrap() > 2, "{verified}");
    }
    let scratch = folder.path().join("scratch").display().to_string();
    let rehearsal = report(&trailcore(&moto, "", &["rehearse", url, "--scratch", &scratch, "--json"]));
    assert!(rehearsal["is_good"] == true && rehearsal["trails"][0]["is_whole"] == true, "{rehearsal}");
    let retained = report(&trailcore(&moto, "", &["retain", url, "--last", "1", "--json"]));
    assert_eq!(retained["sets"].as_array().unwrap().len(), 2);
}
