//! The sink of Kafka against a real broker, which the test starts from the jars in `TRAILCORE_KAFKA`, or in `target/kafka` where
//! `make kafka` has put them; skipped without them or without Java.
//!
//! `TRAILCORE_KILLS` is the number of kills at random; 4 without it, more in `make test-long`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::{ErrorKind, Position, Timestamp, Trail};
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines, State};

const ANSWER: Duration = Duration::from_secs(30);

/// A broker of one node in a folder, which ends with the test.
struct Broker {
    _folder: tempfile::TempDir,
    process: Child,
    address: String,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Broker {
    /// Starts a broker; `None` where there are no programs for it.
    fn start() -> Option<Self> {
        let jars = std::env::var_os("TRAILCORE_KAFKA").map_or_else(|| PathBuf::from("../target/kafka"), PathBuf::from);
        let has_java = Command::new("java").arg("-version").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !has_java || !jars.is_dir() {
            println!("skipped: there is no Kafka; make kafka gets it, and it needs Java");
            return None;
        }
        let jars = format!("{}/*", jars.canonicalize().unwrap().display());
        let folder = tempfile::tempdir().unwrap();
        let (port, controller) = (free_port(), free_port());
        let address = format!("127.0.0.1:{port}");
        let single = ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"];
        let settings: String =
            single.iter().map(|name| format!("{name}.replication.factor=1\n{name}.num.partitions=1\n")).collect();
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners=PLAINTEXT://{address},CONTROLLER://127.0.0.1:{controller}\nadvertised.listeners=PLAINTEXT://{address}\n\
             controller.listener.names=CONTROLLER\nlistener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             log.dirs={}\nnum.partitions=3\ntransaction.state.log.min.isr=1\nshare.coordinator.state.topic.min.isr=1\n\
             log.cleaner.dedupe.buffer.size=8388608\n{settings}",
            folder.path().join("data").display()
        );
        let file = folder.path().join("server.properties");
        std::fs::write(&file, properties).unwrap();
        let java = |memory: &str| {
            let mut command = Command::new("java");
            command.args([memory, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &jars]).current_dir(folder.path());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let identity = "AAAAAAAAAAAAAAAAAAAAAQ";
        let mut format = java("-Xmx256m");
        format.args(["kafka.tools.StorageTool", "format", "-t", identity, "-c"]).arg(&file);
        assert!(format.status().unwrap().success(), "the storage of the broker cannot be formatted");
        let process = java("-Xmx384m").arg("kafka.Kafka").arg(&file).spawn().unwrap();
        let broker = Self { _folder: folder, process, address };
        let until = Instant::now() + 4 * ANSWER;
        while broker.consumer().fetch_metadata(None, Duration::from_secs(2)).is_err() {
            assert!(Instant::now() < until, "the broker does not answer");
        }
        Some(broker)
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.address);
        config
    }

    fn consumer(&self) -> BaseConsumer {
        let mut config = self.config();
        config.set("group.id", "test").set("isolation.level", "read_committed").set("enable.partition.eof", "true");
        config.set("enable.auto.commit", "false").create().unwrap()
    }

    fn create(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        for outcome in pollster::block_on(admin.create_topics([&new], &AdminOptions::new())).unwrap() {
            outcome.unwrap();
        }
    }

    /// Returns what a consumer with `read_committed` gets of a topic, by partition.
    fn messages(&self, topic: &str) -> Vec<Vec<Received>> {
        let consumer = self.consumer();
        let metadata = consumer.fetch_metadata(Some(topic), ANSWER).unwrap();
        let partitions = metadata.topics()[0].partitions().len();
        let read = |partition: i32| {
            let mut assigned = TopicPartitionList::new();
            assigned.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
            consumer.assign(&assigned).unwrap();
            let mut received = Vec::new();
            loop {
                match consumer.poll(ANSWER) {
                    Some(Ok(message)) => received.push(Received::of(&message)),
                    Some(Err(KafkaError::PartitionEOF(_))) => return received,
                    other => panic!("{:?}", other.map(|other| other.map(|_| ()))),
                }
            }
        };
        (0..partitions).map(|partition| read(i32::try_from(partition).unwrap())).collect()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Clone, Debug)]
struct Received {
    key: Option<String>,
    value: Option<serde_json::Value>,
    headers: BTreeMap<String, String>,
}

impl Received {
    fn of(message: &impl Message) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let headers = message.headers().map(|headers| {
            headers.iter().map(|header| (header.key.to_owned(), text(header.value.unwrap()))).collect::<BTreeMap<_, _>>()
        });
        Self {
            key: message.key().map(text),
            value: message.payload().map(|bytes| serde_json::from_slice(bytes).unwrap()),
            headers: headers.unwrap_or_default(),
        }
    }

    fn position(&self) -> Position {
        self.headers["position"].parse().unwrap()
    }
}

fn table() -> Arc<TableDef> {
    Arc::new(TableDef::new("BANK.ACCOUNTS", vec![ColumnDef::number("ID").key(), ColumnDef::varchar("NAME", 3_000)]))
}

fn row(writer: &TrailWriter, id: u32, name: &str) -> Vec<u8> {
    let table = table();
    let mut row = RowBuilder::new(&table, writer.byte_order());
    row.number("ID", &id.to_string()).unwrap().text("NAME", name).unwrap();
    row.bytes().to_vec()
}

/// Writes a trail of 90 changes in transactions of 1 to 5 changes: inserts, updates, key updates and deletes. One is long.
fn write(prefix: &Path) {
    let mut writer = TrailWriter::create(prefix, WriterOptions::default()).unwrap();
    let table = table();
    let mut number = 0_u32;
    let time = Timestamp::from_unix_micros(1_709_294_400_000_000);
    while number < 90 {
        writer.begin(&(100 + number).to_string(), &format!("1.2.{number}"), time).unwrap();
        for _ in 0..=number % 5 {
            let id = number % 30;
            let (old, new) = (row(&writer, id, "old"), row(&writer, id, &format!("name {number}")));
            match number {
                7 => writer.insert(&table, &row(&writer, id, &"x".repeat(2_000))).unwrap(),
                0..30 => writer.insert(&table, &new).unwrap(),
                30..60 => writer.update(&table, UpdateStyle::Unified, &old, &new).unwrap(),
                60..70 => writer.unified_pk_update(&table, &old, &row(&writer, id + 1_000, "moved")).unwrap(),
                _ => writer.delete(&table, &old).unwrap(),
            };
            number += 1;
        }
        writer.commit().unwrap();
    }
    writer.finish().unwrap();
}

fn toml(trail: &Path, broker: &Broker, position: &str, more: &str, sink: &str) -> String {
    format!(
        "[[pipeline]]\nname = 'kafka'\ntrail = {trail:?}\ncommit = {{ changes = 10, milliseconds = 50 }}\n{more}\n\
         [[pipeline.sink]]\nkind = 'kafka'\nbrokers = '{}'\nposition = '{position}'\n{sink}\n",
        broker.address
    )
}

fn pipeline(text: &str) -> PipelineOptions {
    Pipelines::from_toml(text).unwrap().pipelines.remove(0)
}

fn wanted(trail: &Path) -> Vec<Position> {
    let reader = Trail::open(trail).unwrap().reader().unwrap();
    reader.into_changes().map(|change| change.unwrap().as_change().position()).collect()
}

fn positions(received: &[Vec<Received>]) -> Vec<Position> {
    received.iter().flatten().map(Received::position).collect()
}

/// The pipeline that is killed.
#[test]
fn pipeline_process() {
    let Ok(file) = std::env::var("KAFKA_FILE") else { return };
    Pipeline::start(Pipelines::open(file).unwrap().pipelines.remove(0)).unwrap().drain().unwrap();
    std::process::exit(0);
}

#[test]
fn a_real_broker() {
    let Some(broker) = Broker::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let trail = scratch.path().join("lt");
    write(&trail);
    let wanted = wanted(&trail);
    assert!(wanted.len() >= 90);
    keys_and_headers(&broker, &trail, &wanted);
    killed(&broker, &trail, &wanted, scratch.path());
    second_writer(&broker, &trail);
    refused(&broker, &trail, &wanted, scratch.path());
    tombstones(&broker, &trail);
    position_that_can_be_lost(&broker, &trail);
}

fn keys_and_headers(broker: &Broker, trail: &Path, wanted: &[Position]) {
    let options = pipeline(&toml(trail, broker, "by-key", "", "topic = 'by-key.{table}'"));
    assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
    assert!(Pipeline::plan(&options).unwrap()[0].committed.is_none());
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    assert_eq!(Pipeline::plan(&options).unwrap()[0].bytes_behind, Some(0));
    let received = broker.messages("by-key.ACCOUNTS");
    assert!(received.len() == 3 && received.iter().all(|partition| !partition.is_empty()), "the keys are spread");
    let mut all = positions(&received);
    assert!(received.iter().all(|partition| partition.iter().map(Received::position).is_sorted()));
    all.sort_unstable();
    assert_eq!(all, wanted);
    let first = received.iter().flatten().find(|one| one.position() == wanted[0]).unwrap();
    assert_eq!(first.key.as_deref(), Some(r#"{"ID":0}"#));
    assert_eq!((&*first.headers["op"], &*first.headers["table"], &*first.headers["csn"]), ("insert", "BANK.ACCOUNTS", "100"));
    assert_eq!(first.value.as_ref().unwrap()["after"]["NAME"], "name 0");
}

fn killed(broker: &Broker, trail: &Path, wanted: &[Position], scratch: &Path) {
    let kills: u64 = std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let file = scratch.join("pipelines.toml");
    std::fs::write(&file, toml(trail, broker, "killed", "", "topic = 'killed'\npartition = 1")).unwrap();
    let start = |point: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["pipeline_process", "--exact"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("KAFKA_FILE", &file).env("TRAILCORE_POINT", point).spawn().unwrap()
    };
    // The first two are the claim's.
    for point in ["position sent", "messages sent", "position sent:2", "messages sent:3", "committed", "committed:2"] {
        assert!(!start(point).wait().unwrap().success(), "{point}");
    }
    for kill in 0..kills {
        let mut child = start("");
        std::thread::sleep(Duration::from_millis(5 + 67 * kill % 400));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(start("").wait().unwrap().success());
    assert_eq!(positions(&broker.messages("killed")), wanted, "each once, and in order");
}

fn second_writer(broker: &Broker, trail: &Path) {
    let options = pipeline(&toml(trail, broker, "two", "", "topic = 'two'"));
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    let before = positions(&broker.messages("two"));
    let (mut first, mut second) = (options.sinks[0].open().unwrap(), options.sinks[0].open().unwrap());
    let checkpoint = first.load().unwrap().unwrap();
    let change = Trail::open(trail).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    first.write(&change.as_change()).unwrap();
    assert_eq!(second.load().unwrap().unwrap().position, checkpoint.position);
    // It is fenced, and does not take over again.
    assert_eq!(first.commit(&checkpoint).unwrap_err().kind(), ErrorKind::Cancelled);
    first.roll_back().unwrap();
    assert_eq!(first.load().unwrap_err().kind(), ErrorKind::Cancelled);
    second.commit(&checkpoint).unwrap();
    // It loads again after an error, and goes on.
    second.write(&change.as_change()).unwrap();
    second.roll_back().unwrap();
    assert_eq!(second.load().unwrap().unwrap().position, checkpoint.position);
    second.commit(&checkpoint).unwrap();
    assert_eq!(positions(&broker.messages("two")), before);
}

/// A message is too long for the topic, which the broker states when the transaction is nearly done.
fn refused(broker: &Broker, trail: &Path, wanted: &[Position], scratch: &Path) {
    broker.create("short", 1, &[("max.message.bytes", "1500")]);
    let sink = "topic = 'short'\n[pipeline.sink.settings]\n'batch.num.messages' = '1'";
    let options = pipeline(&toml(trail, broker, "short", "retry = { attempts = 3 }", sink));
    let error = Pipeline::start(options).unwrap().drain().unwrap_err();
    assert!(error.kind() == ErrorKind::Value && error.to_string().contains("dead_letters"), "{error}");
    let letters = scratch.join("letters");
    let options = pipeline(&toml(trail, broker, "short", &format!("dead_letters = {letters:?}"), sink));
    let mut running = Pipeline::start(options).unwrap();
    running.drain().unwrap();
    let status = running.status();
    assert_eq!((status.lanes[0].state, status.lanes[0].dead_letters), (State::Stopped, 1));
    let received = positions(&broker.messages("short"));
    let mut expected = wanted.to_vec();
    let long = expected.remove(7);
    assert_eq!(received, expected);
    let lines = std::fs::read_to_string(letters.join("kafka.kafka.jsonl")).unwrap();
    let letter: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(Position::new(letter["seqno"].as_u64().unwrap(), letter["rba"].as_u64().unwrap()), long);
}

fn tombstones(broker: &Broker, trail: &Path) {
    let sink = "topic = 'compacted'\ntombstones = true\npartition = 0";
    Pipeline::start(pipeline(&toml(trail, broker, "tombs", "", sink))).unwrap().drain().unwrap();
    let received = broker.messages("compacted").concat();
    let mut left: BTreeMap<String, bool> = BTreeMap::new();
    for message in received {
        left.insert(message.key.unwrap(), message.value.is_some());
    }
    let there: Vec<_> = left.iter().filter(|(_, there)| **there).map(|(key, _)| key.as_str()).collect();
    // Rows 0 to 9 have moved, rows 10 to 29 are deleted.
    let moved: Vec<_> = (1_000..1_010).map(|id| format!(r#"{{"ID":{id}}}"#)).collect();
    assert_eq!(there, moved);
}

fn position_that_can_be_lost(broker: &Broker, trail: &Path) {
    broker.create("trailcore.position.lost", 1, &[("cleanup.policy", "delete")]);
    let options = pipeline(&toml(trail, broker, "lost", "", "topic = 'lost'"));
    let mistakes = Pipeline::validate(&options);
    assert!(mistakes.len() == 1 && mistakes[0].contains("cleanup.policy=compact"), "{mistakes:?}");
    assert_eq!(Pipeline::start(options).unwrap().drain().unwrap_err().kind(), ErrorKind::InvalidArgument);
}
