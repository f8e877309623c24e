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

/// Lines of a command that runs, and its end.
struct Running {
    child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        use std::io::BufRead as _;
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_trailcore"));
        let mut child = command.args(arguments).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn backups_by_a_schedule_make_up_for_a_missed_one() {
    use trailcore_ops::backup::{BackupRequest, Root, backup, sets};
    let scratch = tempfile::tempdir().unwrap();
    let home = write(&scratch.path().join("home"), &[("GLOBALS", "GGSCHEMA ogg\n")]);
    let repository = scratch.path().join("repository").display().to_string();
    // Without a set nothing was missed.
    let mut running =
        Running::start(&["ops", "backup", &home, "--to", &repository, "--every", "0 0 1 1 *", "--tz", "Europe/Berlin"]);
    let first = running.line();
    assert!(first.starts_with("the next backup is at ") && first.ends_with("-12-31T23:00:00Z"), "{first}");
    assert_eq!(running.end(), Some(0));
    let roots = vec![Root { path: home.clone(), ..Root::default() }];
    let now = "2024-03-01T12:00:00Z".parse().ok();
    backup(&BackupRequest { roots, repository: repository.clone(), now, ..BackupRequest::default() }).unwrap();
    let mut running = Running::start(&["ops", "backup", &home, "--to", &repository, "--every", "@yearly", "--json"]);
    let run: serde_json::Value = serde_json::from_str(&running.line()).unwrap();
    assert_eq!((run["due"].as_str(), run["is_whole"].as_bool()), (Some("2025-01-01T00:00:00Z"), Some(true)), "{run}");
    assert!(run["error"].is_null() && run["next"].as_str().unwrap().ends_with("-01-01T00:00:00Z"), "{run}");
    assert_eq!(running.end(), Some(0));
    assert_eq!(sets(&repository).unwrap().len(), 2);
    // An error does not end it.
    let lost = scratch.path().join("lost");
    std::fs::rename(&home, &lost).unwrap();
    std::fs::rename(scratch.path().join("repository/sets"), scratch.path().join("sets")).unwrap();
    std::fs::create_dir_all(scratch.path().join("repository/sets/20240301T120000Z")).unwrap();
    std::fs::write(scratch.path().join("repository/sets/20240301T120000Z/manifest.json"), "").unwrap();
    let mut running = Running::start(&["ops", "backup", &home, "--to", &repository, "--every", "@yearly"]);
    running.line();
    let failed = running.line();
    assert!(failed.contains(" failed: ") && failed.contains("No such file"), "{failed}");
    assert_eq!(running.end(), Some(0));
    let wrong = trailcore(&["ops", "backup", &lost.display().to_string(), "--to", &repository, "--every", "61 * * * *"]);
    assert!(wrong.code == 2 && wrong.err.contains("minute: \"61\" is not a number from 0 to 59"), "{}", wrong.err);
}

#[test]
fn a_scheduled_backup_states_what_it_refuses() {
    use trailcore_ops::backup::{BackupRequest, Root, backup};
    let scratch = tempfile::tempdir().unwrap();
    let home = write(&scratch.path().join("home"), &[("GLOBALS", "GGSCHEMA ogg\n")]);
    let lost = scratch.path().join("lost.txt").display().to_string();
    let line = |repository: &str, more: &[&str]| {
        let repository = scratch.path().join(repository).display().to_string();
        let roots = vec![Root { path: home.clone(), ..Root::default() }];
        let now = "2024-03-01T12:00:00Z".parse().ok();
        backup(&BackupRequest { roots, repository: repository.clone(), now, ..BackupRequest::default() }).unwrap();
        let arguments = ["ops", "backup", &home, "--to", &repository, "--every", "@yearly", "--positions", &lost];
        let mut running = Running::start(&[&arguments[..], more].concat());
        if more.is_empty() {
            running.line();
        }
        let line = running.line();
        running.end();
        line
    };
    let run: serde_json::Value = serde_json::from_str(&line("one", &["--json"])).unwrap();
    assert_eq!((run["is_whole"].as_bool(), run["refused"][0]["artefact"].as_str()), (Some(true), Some(&*lost)), "{run}");
    let text = line("two", &[]);
    assert!(text.contains(", whole, refused: ") && text.contains("lost.txt"), "{text}");
}

#[test]
fn an_existing_bundle_is_not_replaced_and_no_option_is_invented() {
    let scratch = tempfile::tempdir().unwrap();
    let home = write(&scratch.path().join("home"), &[("GLOBALS", "GGSCHEMA ogg\n")]);
    let to = scratch.path().join("x.tar").display().to_string();
    assert_eq!(trailcore(&["ops", "bundle", &home, "--to", &to]).code, 0);
    let again = trailcore(&["ops", "bundle", &home, "--to", &to]);
    assert!(again.code == 3 && again.err.contains("name another file") && !again.err.contains("--force"), "{}", again.err);
}

#[test]
fn included_files_are_found_from_every_folder() {
    let scratch = tempfile::tempdir().unwrap();
    let parameters = "EXTRACT e\nEXTTRAIL ./dirdat/lt\nINCLUDE ./dirprm/tables.inc\nINCLUDE ./more.inc\n";
    let included = [("tables.inc", "TABLE HR.EMP;\n"), ("more.inc", "TABLE HR.DEPT;\n"), ("e.prm", parameters)];
    write(&scratch.path().join("dirprm"), &included);
    let outside = parameters.replace("./more.inc", "../../more.inc");
    write(&scratch.path().join("dirprm"), &[("o.prm", &outside.replace("EXTRACT e", "EXTRACT o"))]);
    let absolute = scratch.path().join("dirprm").display().to_string();
    let lint = |folder: &str, name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_trailcore"));
        let output = command.args(["ops", "lint", name]).current_dir(scratch.path().join(folder)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (folder, start) in [("dirprm", ""), ("dirprm", "./"), (".", "dirprm/"), (".", &format!("{absolute}/"))] {
        let found = lint(folder, &format!("{start}e.prm"));
        assert!(found.contains("errors: 0, warnings: 0"), "{folder} {start}: {found}");
        let found = lint(folder, &format!("{start}o.prm"));
        assert!(found.contains("../../more.inc is not read [path_escape]"), "{folder} {start}: {found}");
    }
}
