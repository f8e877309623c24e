//! Follows trails that grow, ends at a signal, and continues.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{data, trailcore};

struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    fn start(path: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailcore"));
        command.arg("follow").arg(path).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn lines(&mut self, number: usize) -> Vec<String> {
        (0..number)
            .map(|_| {
                let mut line = String::new();
                assert!(self.lines.read_line(&mut line).unwrap() > 0);
                line.trim_end().to_owned()
            })
            .collect()
    }

    /// Ends it by a signal, and returns the exit code, the rest of the output and the messages.
    fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let (mut rest, mut messages) = (String::new(), String::new());
        self.lines.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
        (self.child.wait().unwrap().code(), rest, messages)
    }
}

fn bank() -> (Vec<Vec<u8>>, Vec<String>) {
    let files = ["big/bk000000000", "big/bk000000001", "big/bk000000002"].map(|name| std::fs::read(data(name)).unwrap());
    let lines = std::fs::read_to_string(data("big.jsonl")).unwrap();
    (files.into(), lines.lines().map(str::to_owned).collect())
}

/// The trail of the bank has a marker of a restart.
fn only_a_restart(messages: &str) {
    assert!(messages.lines().all(|line| line.starts_with("trailcore: restart_append at 0:")), "{messages}");
}

fn append(path: &Path, bytes: &[u8]) {
    File::options().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn it_prints_what_is_appended_and_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let (files, expected) = bank();
    let path = folder.path().join("bk");
    let mut follower = Follower::start(&path, &["--json"]);
    let mut printed = Vec::new();
    for (seqno, file) in files.iter().enumerate() {
        let own = expected.iter().filter(|line| line.starts_with(&format!("{{\"seqno\":{seqno},"))).count();
        for piece in file.chunks(5_000) {
            append(&folder.path().join(format!("bk{seqno:09}")), piece);
        }
        // The transaction at a file's end may need the next one.
        printed.extend(follower.lines(own.saturating_sub(8)));
    }
    let missing = expected.len() - printed.len();
    printed.extend(follower.lines(missing));
    assert_eq!(printed, expected);
    let (code, rest, messages) = follower.end("-TERM");
    assert_eq!((code, rest.as_str()), (Some(0), ""));
    only_a_restart(&messages);
}

#[test]
fn it_continues_exactly_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (files, expected) = bank();
    let path = folder.path().join("bk");
    let checkpoint = folder.path().join("checkpoint");
    let arguments = ["--json", "--transactions", "--checkpoint", checkpoint.to_str().unwrap()];
    let mut printed = Vec::new();
    for (seqno, file) in files.iter().enumerate() {
        append(&folder.path().join(format!("bk{seqno:09}")), file);
        let mut follower = Follower::start(&path, &arguments);
        printed.extend(follower.lines(5));
        let (code, rest, messages) = follower.end("-INT");
        assert_eq!(code, Some(0));
        only_a_restart(&messages);
        printed.extend(rest.lines().map(str::to_owned));
    }
    let mut follower = Follower::start(&path, &arguments);
    let missing = expected.len() - printed.len();
    printed.extend(follower.lines(missing));
    follower.end("-TERM");
    assert_eq!(printed, expected);
}

#[test]
fn text_selections_events_and_wrong_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = bank();
    append(&folder.path().join("bk000000000"), &files[0]);
    append(&folder.path().join("bk000000002"), &files[2]);
    let mut follower = Follower::start(folder.path(), &["--transactions", "--table", "BANK.CUSTOMERS"]);
    let first = follower.lines(2);
    assert!(first[0].starts_with("transaction csn=") && first[1].contains(" BANK.CUSTOMERS "), "{first:?}");
    drop(follower.end("-TERM"));
    let refused = trailcore(&["follow", folder.path().to_str().unwrap(), "--on", "next_file_missing=stop", "--json"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("file bk000000001 is missing"), "{}", refused.err);
    for (wrong, says) in [("history=stop", "unknown event"), ("history_reset=go", "unknown policy"), ("damage", "EVENT=POLICY")] {
        let refused = trailcore(&["follow", "bk", "--on", wrong]);
        assert!(refused.code == 2 && refused.err.contains(says), "{}", refused.err);
    }
    let refused = trailcore(&["follow", "no/such/place/bk"]);
    assert_eq!(refused.code, 3);
}

#[test]
fn everything_before_damage_is_printed() {
    let (mut files, expected) = bank();
    files[1][4_297..4_307].fill(b'?');
    let folder = tempfile::tempdir().unwrap();
    for (seqno, file) in files.iter().enumerate() {
        append(&folder.path().join(format!("bk{seqno:09}")), file);
    }
    let path = folder.path().join("bk");
    let path = path.to_str().unwrap();
    for arguments in [&["follow", path, "--json"][..], &["follow", path, "--json", "--transactions"]] {
        let (printed, followed) = (trailcore(&["cat", path]), trailcore(arguments));
        assert_eq!((followed.code, &followed.out), (1, &printed.out), "{}", followed.err);
        assert!(followed.out.lines().count() > 20 && followed.err.contains("RBA 3605"), "{}", followed.err);
    }
    let mut follower = Follower::start(Path::new(path), &["--json", "--on", "damage=continue"]);
    let printed = follower.lines(expected.len() - 1);
    // The one that is damaged has begun its transaction, whose ids the others do not have.
    let place = |line: &String| line.split_once(",\"op\"").unwrap().0.to_owned();
    let places: Vec<_> = expected.iter().map(place).collect();
    assert!(printed.iter().all(|line| places.contains(&place(line))));
    assert_eq!(follower.end("-TERM").0, Some(0));
}
