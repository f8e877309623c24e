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

const REPLICAT: &str = "REPLICAT   R1    Last Started 2024-03-01 10:00   Status RUNNING\n\
    Checkpoint Lag       00:00:02 (updated 00:00:01 ago)\n\
    Log Read Checkpoint  File ./dirdat/lt000000007\n                     2024-03-01 10:00:00  RBA 1000\n";

/// Sets the time of a file to this many minutes ago.
fn age(path: &str, minutes: u64) {
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(minutes * 60);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_check_notices_that_nobody_collects_any_more() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = write(scratch.path(), &[("info.txt", REPLICAT)]);
    let (info, memory) = (format!("{folder}/info.txt"), format!("{folder}/memory.json"));
    age(&info, 600);
    for _ in 0..3 {
        let run = trailcore(&["ops", "health", &info, "--memory", &memory, "--nagios"]);
        assert_eq!(run.code, 1, "{}", run.out);
        assert!(
            run.out.starts_with("GOLDENGATE WARNING") && run.out.contains("600 minutes before this observation"),
            "{}",
            run.out
        );
        assert!(!run.out.contains("| lag="), "{}", run.out);
        let export = trailcore(&["ops", "export", &info, "--memory", &memory]);
        assert!(export.code == 0 && !export.out.contains("lag_seconds{"), "{}", export.out);
    }
    // Artefacts of an earlier time are judged as of then.
    age(&info, 0);
    let now = trailcore(&["ops", "health", &info, "--json"]);
    let at = serde_json::from_str::<serde_json::Value>(&now.out).unwrap()["at"].as_str().unwrap().to_owned();
    age(&info, 600);
    assert!(trailcore(&["ops", "health", &info, "--nagios", "--at", &at]).out.contains("minutes before"));
    let then = trailcore(&["ops", "health", &info, "--nagios", "--at", "2024-03-01T12:00:00Z"]);
    assert!(!then.out.contains("minutes before"), "{}", then.out);
    assert_eq!(trailcore(&["ops", "health", &info, "--at", "yesterday"]).code, 2);
}

#[test]
fn a_refused_artefact_is_named_and_ends_with_1() {
    let scratch = tempfile::tempdir().unwrap();
    let info = format!("{}/info.txt", write(scratch.path(), &[("info.txt", REPLICAT)]));
    for arguments in [
        &["reconcile", "/no/such.txt"][..],
        &["reconcile", "/no/such.txt", "--json"],
        &["stats", &info, "--before", "/no/such.txt"],
        &["stats", &info, "--before", "/no/such.txt", "--json"],
        &["lag", "/no/such.txt", "--json"],
    ] {
        let run = trailcore(&[&["ops"], arguments].concat());
        assert!(
            run.code == 1 && run.err.contains("refused: ") && run.err.contains("/no/such.txt"),
            "{arguments:?}: {} {}",
            run.code,
            run.err
        );
    }
}

#[test]
fn an_earlier_artefact_is_that_of_the_same_file_name_or_place() {
    let scratch = tempfile::tempdir().unwrap();
    let both = REPLICAT.to_owned() + &REPLICAT.replace("R1", "R2");
    let old = write(&scratch.path().join("old"), &[("info.txt", &both), ("other.txt", REPLICAT)]);
    let new = write(&scratch.path().join("new"), &[("info.txt", REPLICAT)]);
    let new = format!("{new}/info.txt");
    for (name, before) in [("same name", "info.txt"), ("same place", "other.txt")] {
        let before = format!("{old}/{before}");
        age(&before, 5);
        let run = trailcore(&["ops", "health", &new, "--before", &before]);
        assert!(!run.out.contains("input_stopped"), "{name}: {}", run.out);
        assert_eq!(run.out.contains("R2 group_missing"), name == "same name", "{name}: {}", run.out);
    }
    let other = format!("a={old}/other.txt");
    age(&format!("{old}/other.txt"), 5);
    let run = trailcore(&["ops", "health", &format!("b={new}"), "--before", &other]);
    assert!(run.out.contains("a host_silent"), "another deployment: {}", run.out);
}

#[test]
fn an_input_that_stopped_is_dropped_by_its_name() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = write(scratch.path(), &[("a.txt", REPLICAT), ("b.txt", REPLICAT)]);
    let (own, other, memory) = (format!("a={folder}/a.txt"), format!("b={folder}/b.txt"), format!("{folder}/memory.json"));
    let health = |more: &[&str]| {
        age(&format!("{folder}/a.txt"), 0);
        trailcore(&[&["ops", "health", &own, "--memory", &memory], more].concat()).out
    };
    health(&[&other]);
    for _ in 0..5 {
        let out = health(&[]);
        assert!(out.contains("b host_silent") && out.contains("b/R1"), "{out}");
    }
    let out = health(&["--forget", "b"]);
    assert!(!out.contains("host_silent") && !out.contains("b/R1"), "{out}");
    assert_eq!(trailcore(&["ops", "health", &own, "--forget", "b"]).code, 2);
}

#[test]
fn a_listing_has_a_deployment() {
    let scratch = tempfile::tempdir().unwrap();
    let info = format!("east={}/info.txt", write(scratch.path(), &[("info.txt", REPLICAT)]));
    let dirdat = write(&scratch.path().join("dirdat"), &[("lt000000100", "x")]);
    let health = |trails: &str| trailcore(&["ops", "health", &info, "--trails", trails]).out;
    assert!(health(&format!("east={dirdat}")).contains("purged_too_early"));
    assert!(!health(&format!("west={dirdat}")).contains("purged_too_early"));
}

#[test]
fn tables_without_total_counts_are_named() {
    let scratch = tempfile::tempdir().unwrap();
    let text = "Sending STATS request to REPLICAT R1 ...\nStart of Statistics at 2024-03-01 12:00:00.\nReplicating from A.T to B.T:\n\
        *** Daily statistics since 2024-03-01 00:00:00 ***\n Total operations 10.00\nEnd of Statistics.\n";
    let stats = format!("{}/stats.txt", write(scratch.path(), &[("stats.txt", text)]));
    let run = trailcore(&["ops", "stats", &stats]);
    assert!(run.code == 0 && run.out.contains("default/R1 A.T: no total counts that are known"), "{}", run.out);
    let run = trailcore(&["ops", "reconcile", &stats]);
    assert!(run.out.contains("missing") && !run.out.contains("filtered"), "{}", run.out);
}

#[cfg(unix)]
#[test]
fn an_artefact_can_come_from_a_pipe() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailcore"));
    let command = command.args(["ops", "read", "/dev/stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(REPLICAT.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("info"));
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
