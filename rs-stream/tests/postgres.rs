//! The sink of PostgreSQL against a real server, which the test starts; skipped where there is none.
//!
//! `TRAILCORE_KILLS` is the number of kills at random in each of two tests, 4 without it.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use postgres::{Client, NoTls};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::{ErrorKind, Timestamp};
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines};

/// A server in a folder, which ends with the test.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    /// Starts a server; `None` where there are no programs for it.
    fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let programs = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
        let Some(programs) = programs else {
            println!("skipped: PostgreSQL's server is not installed");
            return None;
        };
        let server = Self { folder: tempfile::tempdir().unwrap(), programs };
        let data = server.data();
        if is_root() {
            // The server does not run as root.
            assert!(Command::new("chown").arg("postgres").arg(server.folder.path()).status().unwrap().success());
        }
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "lake", "--no-sync"]);
        let options =
            format!("-k {} -c listen_addresses='' -c fsync=off -c max_prepared_transactions=8", server.folder.path().display());
        server.run("pg_ctl", &["-D", &data, "-w", "-o", &options, "-l", &format!("{data}.log"), "start"]);
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        let status = command.args(arguments).current_dir(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success(), "{program} {arguments:?}");
    }

    fn connection(&self) -> String {
        format!("host={} user=lake dbname=postgres", self.folder.path().display())
    }

    fn client(&self) -> Client {
        Client::connect(&self.connection(), NoTls).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|facts| std::os::unix::fs::MetadataExt::uid(&facts) == 0)
}

fn table() -> Arc<TableDef> {
    let columns = vec![
        ColumnDef::number("ID").key(),
        ColumnDef::varchar("NAME", 40),
        ColumnDef::number("AMOUNT"),
        ColumnDef::datetime("AT", 6),
    ];
    Arc::new(TableDef::new("BANK.ACCOUNTS", columns))
}

fn row(writer: &TrailWriter, id: u32, name: Option<&str>, amount: &str) -> Vec<u8> {
    let table = table();
    let mut row = RowBuilder::new(&table, writer.byte_order());
    row.number("ID", &id.to_string()).unwrap();
    match name {
        Some(name) => row.text("NAME", name).unwrap(),
        None => row.null("NAME").unwrap(),
    };
    row.number("AMOUNT", amount).unwrap().datetime("AT", "2024-03-01T12:00:00.123456").unwrap();
    row.bytes().to_vec()
}

fn begin(writer: &mut TrailWriter, csn: u32) {
    writer.begin(&csn.to_string(), &format!("1.2.{csn}"), Timestamp::from_unix_micros(1_709_294_400_000_000)).unwrap();
}

/// Writes a trail of 60 inserts, 20 updates, 5 new keys and 10 deletes, in transactions of five changes.
fn write(prefix: &Path) {
    let mut writer = TrailWriter::create(prefix, WriterOptions::default()).unwrap();
    let table = table();
    let mut number = 0;
    let mut each = |writer: &mut TrailWriter, change: &dyn Fn(&mut TrailWriter)| {
        if number % 5 == 0 {
            begin(writer, 100 + number);
        }
        change(writer);
        number += 1;
        if number % 5 == 0 {
            writer.commit().unwrap();
        }
    };
    for id in 0..60 {
        each(&mut writer, &|writer| {
            let name = (id % 7 != 0).then(|| format!("n'{id}\"\\"));
            let row = row(writer, id, name.as_deref(), &format!("{id}.10"));
            writer.insert(&table, &row).unwrap();
        });
    }
    for id in 0..20 {
        each(&mut writer, &|writer| {
            let (before, after) =
                (row(writer, id, Some("old"), "0"), row(writer, id, Some("new"), "12345678901234567890.123456789"));
            writer.update(&table, UpdateStyle::Unified, &before, &after).unwrap();
        });
    }
    for id in 20..25 {
        each(&mut writer, &|writer| {
            let (before, after) = (row(writer, id, None, "1"), row(writer, id + 1_000, Some("moved"), "-7"));
            writer.unified_pk_update(&table, &before, &after).unwrap();
        });
    }
    for id in 50..60 {
        each(&mut writer, &|writer| {
            let before = row(writer, id, None, "1");
            writer.delete(&table, &before).unwrap();
        });
    }
    writer.finish().unwrap();
}

fn pipeline(trail: &Path, server: &Server, more: &str, sink: &str) -> PipelineOptions {
    let text = format!(
        "[[pipeline]]\nname = 'pg'\ntrail = {trail:?}\ncommit = {{ changes = 10, milliseconds = 50 }}\n{more}\n[[pipeline.sink]]\n\
         kind = 'postgres'\nconnection = {:?}\nposition = 'pg'\n{sink}\n",
        server.connection()
    );
    Pipelines::from_toml(&text).unwrap().pipelines.remove(0)
}

const CREATE: &str = "DROP TABLE IF EXISTS trailcore_position; DROP SCHEMA IF EXISTS bank CASCADE; CREATE SCHEMA bank; \
                      CREATE TABLE bank.accounts (id bigint PRIMARY KEY, name varchar(40), amount numeric, at timestamp(6))";

fn rows(client: &mut Client) -> Vec<String> {
    let sql = "SELECT id::text || '|' || coalesce(name, '-') || '|' || amount || '|' || at FROM bank.accounts ORDER BY id";
    client.query(sql, &[]).unwrap().iter().map(|row| row.get::<_, String>(0)).collect()
}

/// Returns the rows that the trail gives.
fn wanted() -> Vec<String> {
    let at = "2024-03-01 12:00:00.123456";
    let mut rows: Vec<(u32, String)> = Vec::new();
    for id in 0..50u32 {
        match id {
            0..20 => rows.push((id, format!("{id}|new|12345678901234567890.123456789|{at}"))),
            20..25 => rows.push((id + 1_000, format!("{}|moved|-7|{at}", id + 1_000))),
            _ => {
                let name = if id % 7 == 0 { "-".to_owned() } else { format!("n'{id}\"\\") };
                rows.push((id, format!("{id}|{name}|{id}.10|{at}")));
            }
        }
    }
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The pipeline that is killed.
#[test]
fn pipeline_process() {
    let Ok(file) = std::env::var("POSTGRES_FILE") else { return };
    let mut running = Pipeline::start(Pipelines::open(file).unwrap().pipelines.remove(0)).unwrap();
    running.drain().unwrap();
    std::process::exit(0);
}

#[test]
fn changes_are_applied_once() {
    let Some(server) = Server::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let trail = scratch.path().join("lt");
    write(&trail);
    let mut client = server.client();
    client.batch_execute(CREATE).unwrap();
    let options = pipeline(&trail, &server, "", "");
    assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
    assert!(Pipeline::plan(&options).unwrap()[0].committed.is_none());
    let looked = client.query_one("SELECT to_regclass('trailcore_position') IS NULL", &[]).unwrap();
    assert!(looked.get::<_, bool>(0), "a look has no effect on the database");
    Pipeline::start(options).unwrap().drain().unwrap();
    assert_eq!(rows(&mut client), wanted());

    // Killed at the points of a commit, and at random.
    client.batch_execute(CREATE).unwrap();
    let points = ["position written", "committed", "letters written:2", "position written:3"];
    killed(&mut client, &pipeline(&trail, &server, "", ""), &scratch.path().join("pipelines.toml"), &points);

    // A second writer that starts makes the first one stop.
    let options = pipeline(&trail, &server, "", "");
    let mut first = options.sinks[0].open().unwrap();
    let checkpoint = first.load().unwrap().unwrap();
    let mut second = options.sinks[0].open().unwrap();
    second.load().unwrap();
    assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled);
    second.commit(&checkpoint).unwrap();
    // It loads again after an error, and goes on.
    second.roll_back().unwrap();
    assert_eq!(second.load().unwrap().unwrap().position, checkpoint.position);
    second.commit(&checkpoint).unwrap();
    assert_eq!(rows(&mut client), wanted());

    conflicts(&server, &trail, &mut client);
    refused(&server, &trail, &mut client, scratch.path());
}

/// Runs a pipeline in a process that is killed at each of the points and at random, and then to its end. With more kills than four, the
/// tables are made again after each four.
fn killed(client: &mut Client, options: &PipelineOptions, file: &Path, points: &[&str]) {
    std::fs::write(file, toml::to_string(&Pipelines { pipelines: vec![options.clone()] }).unwrap()).unwrap();
    let start = |point: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["pipeline_process", "--exact"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("POSTGRES_FILE", file).env("TRAILCORE_POINT", point).spawn().unwrap()
    };
    for point in points {
        assert!(!start(point).wait().unwrap().success(), "{point}");
    }
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    for round in 0..kills.div_ceil(4) {
        if round > 0 {
            client.batch_execute(CREATE).unwrap();
        }
        for kill in 0..4 {
            let mut child = start("");
            std::thread::sleep(std::time::Duration::from_millis(3 + (11 * kill + 7 * round) % 50));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(start("").wait().unwrap().success());
        assert_eq!(rows(client), wanted(), "round {round}");
    }
}

#[test]
fn workers_apply_changes_as_one_does() {
    let Some(server) = Server::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let trail = scratch.path().join("lt");
    write(&trail);
    let mut client = server.client();
    client.batch_execute(CREATE).unwrap();
    let options = pipeline(&trail, &server, "workers = 3", "");
    assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
    let mut running = Pipeline::start(options.clone()).unwrap();
    running.drain().unwrap();
    assert_eq!((rows(&mut client), running.status().lanes[0].changes), (wanted(), 95));
    drop(running);

    // Killed between the phases of a commit.
    client.batch_execute(CREATE).unwrap();
    let points =
        ["workers prepared", "position written", "worker committed", "worker committed:2", "letters written:2", "committed"];
    killed(&mut client, &options, &scratch.path().join("pipelines.toml"), &points);
    let prepared =
        |client: &mut Client| client.query_one("SELECT count(*) FROM pg_prepared_xacts", &[]).unwrap().get::<_, i64>(0);
    assert_eq!(prepared(&mut client), 0);

    // One worker goes on where several were killed, and the other way round.
    client.batch_execute(CREATE).unwrap();
    for (workers, point) in
        [("3", "worker committed"), ("1", "position written:2"), ("2", "workers prepared"), ("1", "committed:2")]
    {
        let options = pipeline(&trail, &server, &format!("workers = {workers}"), "");
        let file = scratch.path().join("other.toml");
        std::fs::write(&file, toml::to_string(&Pipelines { pipelines: vec![options] }).unwrap()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["pipeline_process", "--exact"]).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.env("POSTGRES_FILE", &file).env("TRAILCORE_POINT", point).status().unwrap();
        assert!(!status.success(), "{workers} {point}");
    }
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    assert_eq!((rows(&mut client), prepared(&mut client)), (wanted(), 0));

    // A second writer makes the first one stop, whose prepared transactions are rolled back.
    let change = trailcore::Trail::open(&trail).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    let mut first = options.sinks[0].open_with(3).unwrap();
    let checkpoint = first.load().unwrap().unwrap();
    client.batch_execute("DELETE FROM bank.accounts WHERE id = 0").unwrap();
    let left = rows(&mut client);
    first.write(&change.as_change()).unwrap();
    options.sinks[0].open_with(3).unwrap().load().unwrap();
    assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!((rows(&mut client), prepared(&mut client)), (left, 0));

    // Rows that depend on each other cannot be shared.
    for alter in ["ADD UNIQUE (name)", "DROP CONSTRAINT accounts_pkey", "ADD FOREIGN KEY (amount) REFERENCES bank.accounts"] {
        client
            .batch_execute(&format!(
                "{CREATE}; ALTER TABLE bank.accounts ALTER amount TYPE bigint; ALTER TABLE bank.accounts {alter}"
            ))
            .unwrap();
        let error = Pipeline::start(options.clone()).unwrap().drain().unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("several workers"), "{alter}: {error}");
    }
    let many = Pipeline::validate(&pipeline(&trail, &server, "workers = 9", ""));
    assert!(many[0].contains("max_prepared_transactions"), "{many:?}");
    let text =
        format!("[[pipeline]]\nname = 'x'\ntrail = {trail:?}\nworkers = 2\n[[pipeline.sink]]\nkind = 'jsonl'\npath = 'x'\n");
    let error = Pipeline::start(Pipelines::from_toml(&text).unwrap().pipelines.remove(0)).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("the sink jsonl has one worker"), "{error}");
}

/// A pseudo-random number.
fn chance(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)) % below
}

/// Random changes of a few rows, key updates and truncates among them: several workers leave the table as one does.
#[test]
fn random_changes_by_workers_are_those_of_one() {
    let Some(server) = Server::start() else { return };
    let mut client = server.client();
    let cases: u64 = std::env::var("TRAILCORE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for case in 0..cases.min(200) {
        let scratch = tempfile::tempdir().unwrap();
        let trail = scratch.path().join("lt");
        let mut state = case;
        let mut model: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
        let mut writer = TrailWriter::create(&trail, WriterOptions::default()).unwrap();
        let table = table();
        for csn in 0..60 {
            begin(&mut writer, 100 + csn);
            for _ in 0..=chance(&mut state, 8) {
                let id = u32::try_from(chance(&mut state, 12)).unwrap();
                let (amount, kind) = (chance(&mut state, 1_000_000), chance(&mut state, 40));
                let text = amount.to_string();
                match (model.contains_key(&id), kind) {
                    (_, 0) => {
                        writer.truncate(&table).unwrap();
                        model.clear();
                    }
                    (false, _) => {
                        let new = row(&writer, id, Some("x"), &text);
                        writer.insert(&table, &new).unwrap();
                        model.insert(id, amount);
                    }
                    (true, 1..10) => {
                        let old = row(&writer, id, None, "0");
                        writer.delete(&table, &old).unwrap();
                        model.remove(&id);
                    }
                    (true, 10..15) => {
                        let other = u32::try_from(20 + chance(&mut state, 1_000_000)).unwrap();
                        let (old, new) = (row(&writer, id, None, "0"), row(&writer, other, Some("x"), &text));
                        writer.unified_pk_update(&table, &old, &new).unwrap();
                        model.remove(&id);
                        model.insert(other, amount);
                    }
                    _ => {
                        let (old, new) = (row(&writer, id, None, "0"), row(&writer, id, Some("x"), &text));
                        writer.update(&table, UpdateStyle::Unified, &old, &new).unwrap();
                        model.insert(id, amount);
                    }
                }
            }
            writer.commit().unwrap();
        }
        writer.finish().unwrap();
        let wanted: Vec<_> = model.iter().map(|(id, amount)| format!("{id}|x|{amount}|2024-03-01 12:00:00.123456")).collect();
        for workers in [1, 4] {
            client.batch_execute(CREATE).unwrap();
            Pipeline::start(pipeline(&trail, &server, &format!("workers = {workers}"), "")).unwrap().drain().unwrap();
            assert_eq!(rows(&mut client), wanted, "case {case}, {workers} workers");
        }
    }
}

/// The table has some of the rows already.
fn conflicts(server: &Server, trail: &Path, client: &mut Client) {
    let loaded = format!("{CREATE}; INSERT INTO bank.accounts SELECT g, 'loaded', 0, NULL FROM generate_series(10, 19) g");
    client.batch_execute(&loaded).unwrap();
    let error = Pipeline::start(pipeline(trail, server, "", "")).unwrap().drain().unwrap_err();
    assert!(
        error.kind() == ErrorKind::Value && error.to_string().contains("SQLSTATE 23505, constraint accounts_pkey"),
        "{error}"
    );
    assert!(!error.to_string().contains("loaded") && error.to_string().contains("dead_letters"), "{error}");

    client.batch_execute(&loaded).unwrap();
    let mut running = Pipeline::start(pipeline(trail, server, "", "conflicts = 'overwrite'")).unwrap();
    running.drain().unwrap();
    assert_eq!(rows(client), wanted());
    assert_eq!(count(&running, "inserts_replaced"), 10);

    client.batch_execute(&loaded).unwrap();
    let mut running = Pipeline::start(pipeline(trail, server, "", "conflicts = 'ignore'")).unwrap();
    running.drain().unwrap();
    // The updates of the trail reach the rows that were loaded.
    assert_eq!(rows(client), wanted());
    assert_eq!((count(&running, "inserts_ignored"), count(&running, "updates_without_row")), (10, 0));
}

fn count(running: &Pipeline, name: &str) -> u64 {
    running.status().lanes[0].counts.iter().find(|(known, _)| *known == name).unwrap().1
}

/// A row that the table does not take goes to the dead letters; the others of its statement do not.
fn refused(server: &Server, trail: &Path, client: &mut Client, scratch: &Path) {
    let two = "select = 'MAP BANK.ACCOUNTS, TARGET bank.accounts; MAP BANK.ACCOUNTS, TARGET copy.accounts;'\n\
               map = [{ constant = { ORIGIN = 'core' } }]";
    for more in ["", two] {
        client.batch_execute(CREATE).unwrap();
        client
            .batch_execute("DROP SCHEMA IF EXISTS copy CASCADE; CREATE SCHEMA copy; ALTER TABLE bank.accounts ADD origin text")
            .unwrap();
        client.batch_execute("CREATE TABLE copy.accounts (LIKE bank.accounts INCLUDING ALL)").unwrap();
        client.batch_execute("ALTER TABLE bank.accounts ADD CHECK (id <> 33)").unwrap();
        let folder = scratch.join("letters");
        let letters = folder.join("pg.postgres.jsonl");
        let options = pipeline(trail, server, &format!("dead_letters = {folder:?}\n{more}"), "");
        let mut running = Pipeline::start(options.clone()).unwrap();
        running.drain().unwrap();
        let without: Vec<_> = wanted().into_iter().filter(|row| !row.starts_with("33|")).collect();
        assert_eq!(rows(client), without);
        let text = std::fs::read_to_string(&letters).unwrap();
        assert!(text.lines().count() == 1 && text.contains("\"ID\":33"), "{text}");
        // Without the constraint it can be replayed: the mapped row, since the other one is there.
        drop(running);
        client.batch_execute("ALTER TABLE bank.accounts DROP CONSTRAINT accounts_id_check").unwrap();
        assert_eq!(Pipeline::replay(&options).unwrap(), [(letters, 1)]);
        assert_eq!(rows(client), wanted());
        if more == two {
            let sql = "SELECT count(*) FROM (TABLE bank.accounts INTERSECT TABLE copy.accounts) AS same WHERE origin = 'core'";
            assert_eq!(client.query_one(sql, &[]).unwrap().get::<_, i64>(0), i64::try_from(wanted().len()).unwrap());
        }
    }
}
