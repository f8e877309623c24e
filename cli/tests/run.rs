//! Runs pipelines: checks, plans, drains, serves its state, and takes over from another process.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use common::{data, trailcore};
use trailcore::Position;
use trailcore_stream::sink::Manifest;

struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    /// A folder with a part of a sample's first file, and a pipeline that writes JSON lines.
    fn new() -> Self {
        let scratch = Self { folder: tempfile::tempdir().unwrap() };
        let text = format!(
            "[[pipeline]]\nname = 'all'\ntrail = {:?}\ncommit = {{ milliseconds = 20 }}\nfollow = {{ poll_interval = 5 }}\n\
             [[pipeline.sink]]\nkind = 'jsonl'\npath = {:?}\n",
            scratch.path("bk"),
            scratch.path("out")
        );
        std::fs::write(scratch.path("pipelines.toml"), text).unwrap();
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> common::Run {
        trailcore(&[&["run", self.path("pipelines.toml").to_str().unwrap()], arguments].concat())
    }

    /// Appends bytes of a sample's file.
    fn append(&self, file: &str, from: usize, to: usize) {
        let bytes = std::fs::read(data(&format!("big/{file}"))).unwrap();
        let mut target = std::fs::OpenOptions::new().append(true).create(true).open(self.path(file)).unwrap();
        target.write_all(&bytes[from..to.min(bytes.len())]).unwrap();
    }

    /// Returns the positions of all changes that are committed, in the order of the trail.
    fn committed(&self) -> Vec<Position> {
        let mut all = Vec::new();
        for (path, _) in Manifest::of(self.path("out")).files().unwrap() {
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let change: serde_json::Value = serde_json::from_str(line).unwrap();
                all.push(Position::new(change["seqno"].as_u64().unwrap(), change["rba"].as_u64().unwrap()));
            }
        }
        all.sort_unstable();
        all
    }

    fn wait_for(&self, changes: usize) -> Duration {
        let begun = Instant::now();
        while self.committed().len() < changes {
            assert!(begun.elapsed() < Duration::from_secs(60), "{} of {changes} changes", self.committed().len());
            std::thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    }
}

fn wanted() -> Vec<Position> {
    let reader = trailcore::Trail::open(data("big/bk")).unwrap().reader().unwrap();
    reader.into_changes().map(|change| change.unwrap().as_change().position()).collect()
}

/// A running process, and its messages.
struct Process {
    child: Child,
    messages: BufReader<ChildStderr>,
}

impl Process {
    fn start(file: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailcore"));
        command.arg("run").arg(file).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let messages = BufReader::new(child.stderr.take().unwrap());
        Self { child, messages }
    }

    /// Waits for a message with this text.
    fn message(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.messages.read_line(&mut line).unwrap() > 0, "it ends without {text:?}");
        }
        line
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn checks_plans_and_drains() {
    let scratch = Scratch::new();
    for file in ["bk000000000", "bk000000001", "bk000000002"] {
        scratch.append(file, 0, usize::MAX);
    }
    let check = scratch.run(&["--check"]);
    assert_eq!((check.code, check.out.as_str()), (0, "all: everything that it needs is there\n"), "{}", check.err);
    let plan = scratch.run(&["--plan"]);
    assert!(plan.out.starts_with("all -> jsonl: from beginning, "), "{}", plan.out);
    let drained = scratch.run(&["--drain", "--json"]);
    let status: serde_json::Value = serde_json::from_str(drained.out.lines().next().unwrap()).unwrap();
    assert_eq!((drained.code, status["lanes"][0]["changes"].as_u64()), (0, Some(wanted().len() as u64)), "{}", drained.err);
    assert_eq!(scratch.committed(), wanted());
    let again = scratch.run(&["--plan"]);
    assert!(again.out.contains("goes on at ") && again.out.contains(", 0 bytes to read"), "{}", again.out);
    // A wrong name has the nearest right one.
    let text = std::fs::read_to_string(scratch.path("pipelines.toml")).unwrap();
    std::fs::write(scratch.path("pipelines.toml"), text.replace("commit", "comit")).unwrap();
    let wrong = scratch.run(&["--check"]);
    assert!(wrong.code == 2 && wrong.err.contains("did you mean commit?"), "{} {}", wrong.code, wrong.err);
}

#[test]
fn serves_its_state_and_ends_at_a_signal() {
    let scratch = Scratch::new();
    scratch.append("bk000000000", 0, usize::MAX);
    let mut process = Process::start(&scratch.path("pipelines.toml"), &["--listen", "127.0.0.1:0"]);
    let line = process.message("listening on ");
    let address = line.trim().rsplit("//").next().unwrap().to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: trailcore\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    scratch.wait_for(1);
    assert!(get("/health").starts_with("HTTP/1.1 200") && get("/status").contains("\"name\":\"all\""));
    let until = Instant::now() + Duration::from_secs(30);
    while !get("/metrics").lines().any(|line| line.starts_with("trailcore_pipeline_changes_total") && !line.ends_with(" 0")) {
        assert!(Instant::now() < until, "{}", get("/metrics"));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(get("/other").starts_with("HTTP/1.1 404"));
    promtool(get("/metrics").split_once("\r\n\r\n").unwrap().1);
    prometheus(&address, scratch.folder.path());
    process.signal("-TERM");
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// The text is what Prometheus' own checker accepts.
fn promtool(text: &str) {
    if !is_there("promtool") {
        return;
    }
    let mut checker = Command::new("promtool");
    let mut checker =
        checker.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    checker.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let checked = checker.wait_with_output().unwrap();
    assert!(checked.status.success(), "{}\n{text}", String::from_utf8_lossy(&checked.stderr));
}

/// A real Prometheus scrapes the process, and answers questions about it.
fn prometheus(address: &str, folder: &Path) {
    if !is_there("prometheus") {
        return;
    }
    let config = folder.join("prometheus.yml");
    let text =
        format!("scrape_configs:\n- job_name: trailcore\n  scrape_interval: 1s\n  static_configs:\n  - targets: ['{address}']\n");
    std::fs::write(&config, text).unwrap();
    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={own}"));
    command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display())).stdout(Stdio::null()).stderr(Stdio::null());
    struct Ending(Child);
    impl Drop for Ending {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let _running = Ending(command.spawn().unwrap());
    let ask = |query: &str| -> Option<f64> {
        let mut stream = TcpStream::connect(own).ok()?;
        write!(stream, "GET /api/v1/query?query={query} HTTP/1.0\r\nHost: prometheus\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        body["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    };
    let until = Instant::now() + Duration::from_secs(60);
    while ask("trailcore_pipeline_changes_total").is_none_or(|changes| changes < 1.0) {
        assert!(Instant::now() < until, "no sample has come");
        std::thread::sleep(Duration::from_millis(200));
    }
    let counted = ask("trailcore_pipeline_latency_seconds_count");
    assert_eq!((counted, ask("trailcore_pipeline_up")), (ask("trailcore_pipeline_changes_total"), Some(1.0)));
}

/// A folder with files of a sample, and a pipeline with these further members and members of its sink.
fn with(files: &[&str], members: &str, sink: &str) -> Scratch {
    let scratch = Scratch::new();
    files.iter().for_each(|file| scratch.append(file, 0, usize::MAX));
    let text = std::fs::read_to_string(scratch.path("pipelines.toml")).unwrap();
    let text = text.replace("[[pipeline.sink]]", &format!("{members}\n[[pipeline.sink]]")) + sink + "\n";
    std::fs::write(scratch.path("pipelines.toml"), text).unwrap();
    scratch
}

const ALL: [&str; 3] = ["bk000000000", "bk000000001", "bk000000002"];

#[test]
fn a_drain_in_front_of_a_gap_is_not_at_the_end() {
    let follow = |more: &str| format!("poll_interval = 5, patience = 50{more}");
    let scratch = with(&["bk000000000", "bk000000002"], "", "");
    let text = std::fs::read_to_string(scratch.path("pipelines.toml")).unwrap();
    let set =
        |more: &str| std::fs::write(scratch.path("pipelines.toml"), text.replace("poll_interval = 5", &follow(more))).unwrap();
    set("");
    let drained = scratch.run(&["--drain"]);
    assert!(drained.code != 0 && drained.err.contains("bk000000001 is missing"), "{} {}", drained.code, drained.err);
    let before = scratch.committed().len();
    assert!(before > 0 && before < wanted().len());
    // A range that is skipped is printed.
    set(", policies = { next_file_missing = 'continue', sequence_gap = 'continue' }");
    let drained = scratch.run(&["--drain"]);
    assert_eq!(drained.code, 0, "{}", drained.err);
    let events: Vec<_> = drained.err.lines().filter(|line| line.contains("event: all -> jsonl: ")).collect();
    assert!(events.len() == 2 && events[1].contains("sequence_gap") && events[1].contains("bk000000001"), "{}", drained.err);
    assert!(scratch.committed().len() > before);
}

#[test]
fn rows_that_a_second_rule_cannot_decide_on_are_an_error_or_counted() {
    let rules = "MAP BANK.ACCOUNTS, TARGET X.ALL; MAP BANK.ACCOUNTS, TARGET Y.BIG, FILTER (CREDIT_LIMIT > 1000);";
    let strict = with(&ALL, &format!("select = '{rules}'"), "");
    let drained = strict.run(&["--drain"]);
    assert!(drained.code != 0 && drained.err.contains("rule 1 cannot be decided"), "{} {}", drained.code, drained.err);
    // With a folder for them, they are dead letters, and the others go on.
    let letters = with(&ALL, &format!("select = '{rules}'\ndead_letters = 'LETTERS'"), "");
    let text = std::fs::read_to_string(letters.path("pipelines.toml")).unwrap();
    let folder = letters.path("letters").display().to_string();
    std::fs::write(letters.path("pipelines.toml"), text.replace("LETTERS", &folder)).unwrap();
    let drained = letters.run(&["--drain"]);
    assert!(drained.code == 0 && drained.out.contains(" dead letters"), "{} {}", drained.out, drained.err);
    let lenient = with(&ALL, &format!("select = {{ text = '{rules}', lenient = true }}"), "");
    let drained = lenient.run(&["--drain", "--json"]);
    let status: serde_json::Value = serde_json::from_str(drained.out.lines().next().unwrap()).unwrap();
    let lane = &status["lanes"][0];
    let doubts = lane["doubts"][0]["changes"].as_u64().unwrap();
    assert_eq!(
        (drained.code, lane["doubts"][0]["table"].as_str(), lane["doubts"][0]["rule"].as_u64()),
        (0, Some("BANK.ACCOUNTS"), Some(1))
    );
    let rows = |target: &str| {
        let files = Manifest::of(lenient.path("out")).files().unwrap();
        files.into_iter().filter(|(_, file)| file.table == target).map(|(_, file)| file.changes).sum::<u64>()
    };
    assert!(doubts > 0 && rows("X.ALL") >= rows("Y.BIG") + doubts, "{} {} {doubts}", rows("X.ALL"), rows("Y.BIG"));
}

#[test]
fn ddl_has_no_column_to_partition_by() {
    let scratch = with(&ALL, "select = 'TABLE BANK.POSTINGS;'", "partition = ['POSTING_ID']");
    let drained = scratch.run(&["--drain"]);
    assert_eq!(drained.code, 0, "{}", drained.err);
    let files = Manifest::of(scratch.path("out")).files().unwrap();
    let of_ddl = |path: &Path| std::fs::read_to_string(path).unwrap().contains("\"op\":\"ddl\"");
    let folders: Vec<_> = files.iter().filter(|(path, _)| of_ddl(path)).map(|(_, file)| file.path.as_str()).collect();
    assert!(!folders.is_empty() && folders.iter().all(|path| path.contains("/POSTING_ID=__null__/")), "{folders:?}");
}

#[test]
fn a_drain_that_waits_ends_at_a_signal_and_keeps_no_other_waiting() {
    // One pipeline waits for a missing file, and another one, which comes after it, has a trail of its own.
    let scratch = with(&["bk000000000", "bk000000002"], "", "");
    let text = std::fs::read_to_string(scratch.path("pipelines.toml")).unwrap();
    let good = text.replace("'all'", "'good'").replace("/bk\"", "/good/bk\"").replace("/out\"", "/good/out\"");
    let waits = text.replace("poll_interval = 5", "poll_interval = 5, patience = 600000").replace("'all'", "'a'");
    std::fs::write(scratch.path("pipelines.toml"), format!("{waits}{good}")).unwrap();
    std::fs::create_dir(scratch.path("good")).unwrap();
    std::fs::copy(scratch.path("bk000000000"), scratch.path("good/bk000000000")).unwrap();
    let mut process = Process::start(&scratch.path("pipelines.toml"), &["--drain"]);
    process.message("event: a -> jsonl: next_file_missing");
    let begun = Instant::now();
    while Manifest::of(scratch.path("good/out")).files().unwrap().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the other pipeline waits");
        std::thread::sleep(Duration::from_millis(20));
    }
    process.signal("-TERM");
    let begun = Instant::now();
    while process.child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!scratch.committed().is_empty());
}

/// A client that sends requests ahead and takes no answer keeps nobody else waiting, also not at the end.
#[test]
fn a_client_that_takes_no_answers_blocks_no_other() {
    let scratch = Scratch::new();
    scratch.append("bk000000000", 0, usize::MAX);
    let mut process = Process::start(&scratch.path("pipelines.toml"), &["--listen", "127.0.0.1:0"]);
    let line = process.message("listening on ");
    let address = line.trim().rsplit("//").next().unwrap().to_owned();
    let mut greedy = TcpStream::connect(&address).unwrap();
    greedy.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: trailcore\r\n\r\n".repeat(1_000);
    // More answers than fit between the two.
    let sent = (0..10).all(|_| greedy.write_all(&request).is_ok());
    println!("all requests were taken: {sent}");
    std::thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET /health HTTP/1.1\r\nHost: trailcore\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    println!("answered after {:?}", begun.elapsed());
    process.signal("-TERM");
    let begun = Instant::now();
    while process.child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Two processes and one place: one is killed, one is suspended and comes back. Each change is there once.
#[test]
fn another_process_takes_over() {
    let scratch = Scratch::new();
    let (file, lease) = (scratch.path("pipelines.toml"), scratch.path("lease"));
    let start = || Process::start(&file, &["--standby", lease.to_str().unwrap()]);
    scratch.append("bk000000000", 0, 4_000);
    let mut first = start();
    first.message("active: ");
    scratch.wait_for(1);
    let mut second = start();
    first.signal("-KILL");
    let begun = Instant::now();
    second.message("active: ");
    let before = scratch.committed().len();
    scratch.append("bk000000000", 4_000, usize::MAX);
    scratch.wait_for(before + 1);
    println!("after kill -9, the second process has committed within {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 5 }), "{:?}", begun.elapsed());

    // The owner is suspended, and comes back when another one works.
    second.signal("-STOP");
    let mut third = start();
    third.message("active: ");
    scratch.append("bk000000001", 0, usize::MAX);
    second.signal("-CONT");
    second.message("standby: ");
    scratch.append("bk000000002", 0, usize::MAX);
    scratch.wait_for(wanted().len() - 1);
    // The one in its place ends, and the other goes on at once.
    third.signal("-TERM");
    assert_eq!(third.child.wait().unwrap().code(), Some(0));
    second.message("active: ");
    second.signal("-TERM");
    assert_eq!(second.child.wait().unwrap().code(), Some(0));
    assert_eq!(scratch.run(&["--drain"]).code, 0);
    assert_eq!(scratch.committed(), wanted());
}
