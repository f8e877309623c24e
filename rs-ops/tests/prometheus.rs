//! The export, the alert rules and the board against Prometheus' own programs; skipped where they are not installed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
mod simulator;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use simulator::World;
use trailcore_ops::export::{Format, text};
use trailcore_ops::health::{Monitor, Policy};
use trailcore_ops::observe;

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/grafana").join(name)
}

/// Returns the export of a deployment whose Replicats lag and catch up, all but one, which has abended.
fn export() -> String {
    let mut world = World::new(6, 42);
    let mut monitor = Monitor::new(Policy::default());
    for _ in 0..6 {
        monitor.observe(&observe(&world.round(5)));
    }
    for chain in &mut world.chains {
        chain.knobs.speed[2] = Some(0.5);
    }
    let mut report = Default::default();
    for round in 0..8 {
        if round == 5 {
            // They catch up.
            world.chains.iter_mut().for_each(|chain| chain.knobs.speed[2] = Some(1.2));
        }
        if round == 7 {
            world.chains[1].knobs.status[2] = Some("ABENDED");
        }
        report = monitor.observe(&observe(&world.round(5)));
    }
    text(&report, Format::Prometheus).unwrap()
}

#[test]
fn promtool_accepts_the_export_and_the_rules() {
    if !is_there("promtool") {
        return;
    }
    let mut check = Command::new("promtool");
    let mut check = check.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    check.stdin.take().unwrap().write_all(export().as_bytes()).unwrap();
    let checked = check.wait_with_output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    for arguments in [["check", "rules"], ["test", "rules"]] {
        let file = example(if arguments[0] == "check" { "rules.yml" } else { "rules.test.yml" });
        let output = Command::new("promtool").args(arguments).arg(file).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Serves a text at every path.
fn serve(text: Arc<Mutex<String>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request);
            let body = text.lock().unwrap().clone();
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

struct Prometheus {
    process: Child,
    address: SocketAddr,
}

impl Prometheus {
    fn start(target: SocketAddr, folder: &Path) -> Self {
        let config = folder.join("prometheus.yml");
        let rules = example("rules.yml").canonicalize().unwrap();
        let text = format!(
            "global:\n  evaluation_interval: 1s\nrule_files: ['{}']\nscrape_configs:\n- job_name: ops\n  scrape_interval: 1s\n  \
             static_configs:\n  - targets: ['{target}']\n",
            rules.display()
        );
        std::fs::write(&config, text).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={address}"));
        command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { process, address }
    }

    /// Returns the number of series that answer a question.
    fn series(&self, query: &str) -> Option<usize> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(stream, "GET /api/v1/query?query={encoded} HTTP/1.0\r\nHost: prometheus\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        body["data"]["result"].as_array().map(Vec::len)
    }

    fn wait_for(&self, query: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.series(query).unwrap_or(0) == 0 {
            assert!(Instant::now() < until, "no data for {query}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn every_panel_of_the_board_has_data_and_an_alert_fires() {
    if !is_there("prometheus") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let served = Arc::new(Mutex::new(export()));
    let prometheus = Prometheus::start(serve(Arc::clone(&served)), folder.path());
    let board: serde_json::Value = serde_json::from_slice(&std::fs::read(example("board.json")).unwrap()).unwrap();
    let panels = board["panels"].as_array().unwrap().iter();
    let queries: Vec<_> = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten()).collect();
    assert!(queries.len() >= 8);
    for query in queries {
        prometheus.wait_for(&query["expr"].as_str().unwrap().replace("$deployment", ".*"));
    }
    // A stream that runs and does not move.
    let mut world = World::new(6, 42);
    let mut monitor = Monitor::new(Policy::default());
    for _ in 0..30 {
        monitor.observe(&observe(&world.round(5)));
    }
    world.chains[0].knobs.stuck[2] = true;
    let mut report = Default::default();
    for _ in 0..2 {
        report = monitor.observe(&observe(&world.round(5)));
    }
    *served.lock().unwrap() = text(&report, Format::Prometheus).unwrap();
    prometheus.wait_for("ALERTS{alertname=\"GoldenGateStreamStuck\",alertstate=\"firing\"}");
}
