//! The commands of operations: what they print, and their exit codes.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::path::Path;

use common::{data, trailcore};

/// Writes files into a folder.
fn write(folder: &Path, files: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    folder.display().to_string()
}

#[test]
fn mapping_shows_states_and_unknown_tables() {
    let scratch = tempfile::tempdir().unwrap();
    let log = "2024-01-28 05:31:35  INFO    OGG-06506  Oracle GoldenGate Delivery for Oracle, r1.prm:  Wildcard MAP resolved (entry HR.*): MAP \"HR\".\"EMP\", target DW.\"EMP\".\n";
    let parameters = "REPLICAT r1\nMAP HR.*, TARGET DW.*;\nMAP OE.*, TARGET DW.*;\n";
    let home = write(scratch.path(), &[("ggserr.log", log), ("r1.prm", parameters)]);
    let run = trailcore(&["ops", "mapping", &home]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out.contains("HR.EMP  DW.EMP  resolved") && run.out.contains("not known: no artefact shows the tables of OE.*"),
        "{}",
        run.out
    );
    assert_eq!(trailcore(&["ops", "mapping"]).code, 2);
    assert_eq!(trailcore(&["ops", "mapping", "/no/such/file"]).code, 1);
}

#[test]
fn a_change_of_pipelines_is_compared_and_signed_off() {
    let scratch = tempfile::tempdir().unwrap();
    let text = "[[pipeline]]\nname = 'a'\ntrail = 'lt'\n[[pipeline.sink]]\nkind = 'jsonl'\npath = 'out'\n";
    let before = write(&scratch.path().join("before"), &[("p.toml", text), ("other.toml", "[package]\n")]);
    let after = write(&scratch.path().join("after"), &[("p.toml", &text.replace("'out'", "'lake'"))]);
    let diff = trailcore(&["ops", "diff", &before, &after]);
    assert_eq!((diff.code, diff.err.as_str()), (6, ""));
    assert!(diff.out.contains("path = \"lake\"") && diff.out.contains("different files: 1"), "{}", diff.out);
    let signed = trailcore(&["ops", "sign-off", &before, &after, "--title", "CHG-17"]);
    assert_eq!(signed.code, 0);
    assert!(
        signed.out.starts_with("# Change of configuration: CHG-17\n")
            && signed.out.contains("a restarts: a sink has another place"),
        "{}",
        signed.out
    );
}

#[test]
fn statistics_of_trails_need_no_artefact() {
    let trail = data("big/bk");
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a secret\n").unwrap();
    let secret = secret.path().to_str().unwrap();
    let run = trailcore(&["ops", "stats", "--trail", &trail, "--hot-keys", "3", "--secret", secret]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.contains("hot key") && !run.out.contains("a secret"), "{}", run.out);
    assert_eq!(trailcore(&["ops", "stats", "--trail", &trail, "--hot-keys", "3"]).code, 2);
    assert_eq!(trailcore(&["ops", "health"]).code, 2);
    let same = trailcore(&["ops", "stats", "--source", &trail, "--target", &trail]);
    assert!(same.out.contains("fewer than the minimum"), "{}", same.out);
}
