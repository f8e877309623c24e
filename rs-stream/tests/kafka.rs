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
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use trailcore::schema::{ColumnDef, TableDef};
use trailcore::sink::{RowBuilder, TrailWriter, UpdateStyle, WriterOptions};
use trailcore::{ErrorKind, Position, Timestamp, Trail};
use trailcore_stream::pipeline::{Pipeline, PipelineOptions, Pipelines, State};

const ANSWER: Duration = Duration::from_secs(30);

/// The user whom the listeners with SASL know, and the password of the client's key.
const PASSWORD: &str = "canary-of-kafka";

/// A broker of one node in a folder, which ends with the test.
struct Broker {
    folder: tempfile::TempDir,
    jars: String,
    process: Child,
    address: String,
    /// The listener with TLS that asks for a certificate.
    #[cfg_attr(not(feature = "kafka_tls"), allow(dead_code))]
    tls: String,
    /// The listener with TLS that asks for a user.
    #[cfg_attr(not(feature = "kafka_tls"), allow(dead_code))]
    sasl: String,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes the keys of an authority, of the broker and of a client in a folder.
fn make_keys(folder: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "openssl {arguments}");
    };
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
    openssl(&format!("req -x509 {new} -nodes -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost").unwrap();
    for (name, key) in [("broker", "-nodes".to_owned()), ("client", format!("-passout pass:{PASSWORD}"))] {
        openssl(&format!("req {new} {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        let sign = format!("x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem -days 2");
        openssl(&format!("{sign} -extfile names"));
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    std::fs::write(folder.join("store.pem"), read("broker.key") + &read("broker.pem")).unwrap();
}

impl Broker {
    /// Starts a broker; `None` where there are no programs for it.
    fn start() -> Option<Self> {
        let jars = std::env::var_os("TRAILCORE_KAFKA").map_or_else(|| PathBuf::from("../target/kafka"), PathBuf::from);
        let has = |program: &str, version: &str| {
            let mut command = Command::new(program);
            command.arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        if !has("java", "-version") || !has("openssl", "version") || !jars.is_dir() {
            println!("skipped: there is no Kafka; make kafka gets it, and it needs Java and openssl");
            return None;
        }
        let jars = format!("{}/*", jars.canonicalize().unwrap().display());
        let folder = tempfile::tempdir().unwrap();
        make_keys(folder.path());
        let local = || format!("127.0.0.1:{}", free_port());
        let (address, tls, sasl, controller) = (local(), local(), local(), local());
        let single = ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"];
        let single: String =
            single.iter().map(|name| format!("{name}.replication.factor=1\n{name}.num.partitions=1\n")).collect();
        let brokers = format!("PLAINTEXT://{address},SSL://{tls},SASL_SSL://{sasl}");
        let module = "org.apache.kafka.common.security";
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@{controller}\n\
             listeners={brokers},CONTROLLER://{controller}\nadvertised.listeners={brokers}\n\
             controller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL\n\
             ssl.keystore.type=PEM\nssl.keystore.location={0}/store.pem\n\
             ssl.truststore.type=PEM\nssl.truststore.location={0}/ca.pem\nlistener.name.ssl.ssl.client.auth=required\n\
             sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n\
             listener.name.sasl_ssl.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_mover=\"{PASSWORD}\";\n\
             listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;\n\
             log.dirs={0}/data\nnum.partitions=3\ntransaction.state.log.min.isr=1\nshare.coordinator.state.topic.min.isr=1\n\
             transaction.abort.timed.out.transaction.cleanup.interval.ms=200\nlog.cleaner.dedupe.buffer.size=8388608\n{single}",
            folder.path().display()
        );
        std::fs::write(folder.path().join("server.properties"), properties).unwrap();
        let user = format!("SCRAM-SHA-512=[name=mover,password={PASSWORD}]");
        let mut format = java(&jars, folder.path(), "-Xmx256m");
        format.args([
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "AAAAAAAAAAAAAAAAAAAAAQ",
            "-S",
            user.as_str(),
            "-c",
            "server.properties",
        ]);
        assert!(format.status().unwrap().success(), "the storage of the broker cannot be formatted");
        let process = run(&jars, folder.path());
        let broker = Self { folder, jars, process, address, tls, sasl };
        broker.wait();
        Some(broker)
    }

    /// Waits until it answers.
    fn wait(&self) {
        let until = Instant::now() + 4 * ANSWER;
        while self.consumer().fetch_metadata(None, Duration::from_secs(2)).is_err() {
            assert!(Instant::now() < until, "the broker does not answer");
        }
    }

    /// Ends it at once, as a loss of power ends a machine, except that what it has written to files stays.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, with the same data and addresses.
    fn start_again(&mut self) {
        self.process = run(&self.jars, self.folder.path());
        self.wait();
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

fn java(jars: &str, folder: &Path, memory: &str) -> Command {
    let mut command = Command::new("java");
    command.args([memory, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars]).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(jars: &str, folder: &Path) -> Child {
    java(jars, folder, "-Xmx384m").args(["kafka.Kafka", "server.properties"]).spawn().unwrap()
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

/// Writes a trail in transactions of 1 to 5 changes: inserts, updates, key updates and deletes. One is long.
fn write(prefix: &Path, changes: u32) {
    let mut writer = TrailWriter::create(prefix, WriterOptions::default()).unwrap();
    let table = table();
    let mut number = 0_u32;
    let time = Timestamp::from_unix_micros(1_709_294_400_000_000);
    while number < changes {
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
    toml_at(&broker.address, trail, position, more, sink)
}

fn toml_at(address: &str, trail: &Path, position: &str, more: &str, sink: &str) -> String {
    format!(
        "[[pipeline]]\nname = 'kafka'\ntrail = {trail:?}\ncommit = {{ changes = 10, milliseconds = 50 }}\n{more}\n\
         [[pipeline.sink]]\nkind = 'kafka'\nbrokers = '{address}'\nposition = '{position}'\n{sink}\n"
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

fn kills(few: u64) -> u64 {
    std::env::var("TRAILCORE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
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
    let Some(mut broker) = Broker::start() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let trail = scratch.path().join("lt");
    write(&trail, 90);
    let wanted = wanted(&trail);
    assert!(wanted.len() >= 90);
    keys_and_headers(&broker, &trail, &wanted);
    killed(&broker, &trail, &wanted, scratch.path());
    second_writer(&broker, &trail);
    refused(&broker, &trail, &wanted, scratch.path());
    tombstones(&broker, &trail);
    position_that_can_be_lost(&broker, &trail);
    transaction_that_times_out(&broker, &trail);
    transaction_of_another_producer(&broker, &trail);
    #[cfg(feature = "kafka_tls")]
    tls_and_users(&broker, &trail, &wanted);
    broker_that_is_killed(&mut broker, scratch.path());
}

fn keys_and_headers(broker: &Broker, trail: &Path, wanted: &[Position]) {
    let numbered = "definitions = { new_columns = 'ignore' }";
    let options = pipeline(&toml(trail, broker, "by-key", numbered, "topic = 'by-key.{table}'"));
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
    assert!(received.iter().flatten().all(|one| one.headers["definition"] == "1"));
}

fn killed(broker: &Broker, trail: &Path, wanted: &[Position], scratch: &Path) {
    let kills = kills(4);
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

/// The broker ends a transaction that takes too long. This is not another writer: the sink goes on.
fn transaction_that_times_out(broker: &Broker, trail: &Path) {
    let sink = "topic = 'slow'\npartition = 0\nsettings = { 'transaction.timeout.ms' = '3000' }";
    let options = pipeline(&toml(trail, broker, "slow", "", sink));
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    let before = positions(&broker.messages("slow"));
    let mut sink = options.sinks[0].open().unwrap();
    let checkpoint = sink.load().unwrap().unwrap();
    let change = Trail::open(trail).unwrap().reader().unwrap().into_changes().next().unwrap().unwrap();
    for (waits, is_late) in [(false, false), (true, true), (false, false)] {
        sink.write(&change.as_change()).unwrap();
        if waits {
            std::thread::sleep(Duration::from_secs(6));
        }
        let outcome = sink.commit(&checkpoint);
        assert_eq!(outcome.as_ref().err().map(trailcore::Error::kind), is_late.then_some(ErrorKind::Io), "{outcome:?}");
        if let Err(error) = outcome {
            assert!(error.to_string().contains("transaction.timeout.ms"));
            sink.roll_back().unwrap();
            assert_eq!(sink.load().unwrap().unwrap().position, checkpoint.position);
        }
    }
    let first = change.as_change().position();
    assert_eq!(positions(&broker.messages("slow")), [before, vec![first; 2]].concat(), "each commit once");
}

/// Nothing after the open transaction of another producer in the position topic can be known to be committed.
fn transaction_of_another_producer(broker: &Broker, trail: &Path) {
    let options = pipeline(&toml(trail, broker, "open", "", "topic = 'open'"));
    Pipeline::start(options.clone()).unwrap().drain().unwrap();
    let before = positions(&broker.messages("open"));
    let other: BaseProducer = broker.config().set("transactional.id", "other").create().unwrap();
    other.init_transactions(ANSWER).unwrap();
    other.begin_transaction().unwrap();
    other
        .send(BaseRecord::<[u8], [u8]>::to("trailcore.position.open").key(b"open").partition(0))
        .map_err(|(error, _)| error)
        .unwrap();
    other.flush(ANSWER).unwrap();
    let mut sink = options.sinks[0].open().unwrap();
    for _ in 0..2 {
        let error = sink.load().unwrap_err();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("another producer"), "{error}");
    }
    other.abort_transaction(ANSWER).unwrap();
    let checkpoint = sink.load().unwrap().unwrap();
    sink.commit(&checkpoint).unwrap();
    assert_eq!(positions(&broker.messages("open")), before);
}

/// The broker is away for longer than a transaction may take, then it is killed while commits are in flight.
fn broker_that_is_killed(broker: &mut Broker, scratch: &Path) {
    let kills = kills(1).min(30);
    let trail = scratch.join("ou");
    write(&trail, 400 + 200 * u32::try_from(kills).unwrap());
    let sink = "topic = 'outage'\npartition = 0\nsettings = { 'transaction.timeout.ms' = '5000' }";
    let more = "retry = { attempts = 0, first = 50, longest = 500 }";
    let text = toml(&trail, broker, "outage", more, sink).replace("changes = 10", "changes = 1");
    let mut running = Pipeline::start(pipeline(&text)).unwrap();
    let moved = |running: &Pipeline| running.status().lanes[0].changes;
    for kill in 0..=kills {
        let (before, until) = (moved(&running), Instant::now() + 2 * ANSWER);
        while moved(&running) < before + 20 {
            assert!(Instant::now() < until, "it does not go on: {:?}", running.status());
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(kill * 37 % 100));
        broker.kill();
        if kill == 0 {
            std::thread::sleep(Duration::from_secs(10));
            while running.status().lanes[0].retries == 0 {
                assert!(Instant::now() < until + 2 * ANSWER, "it does not try again: {:?}", running.status());
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        broker.start_again();
    }
    running.drain().unwrap();
    assert_eq!(positions(&broker.messages("outage")), wanted(&trail), "each once, and in order");
}

/// A listener asks for a certificate, the other one for a user.
#[cfg(feature = "kafka_tls")]
fn tls_and_users(broker: &Broker, trail: &Path, wanted: &[Position]) {
    let file = |name: &str| broker.folder.path().join(name);
    let (ca, certificate, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
    let tls = format!("tls = {{ ca = {ca:?}, certificate = {certificate:?}, key = {key:?}, key_password = '{PASSWORD}' }}");
    let only = format!("tls = {{ ca = {ca:?} }}");
    let user = |mechanism: &str, password: &str| {
        format!("{only}\nsasl = {{ mechanism = '{mechanism}', user = 'mover', password = '{password}' }}")
    };
    let good = [(&broker.tls, tls), (&broker.sasl, user("PLAIN", PASSWORD)), (&broker.sasl, user("SCRAM-SHA-512", PASSWORD))];
    for (number, (address, security)) in good.into_iter().enumerate() {
        let name = format!("secure-{number}");
        let sink = format!("topic = '{name}'\npartition = 0\n{security}");
        let options = pipeline(&toml_at(address, trail, &name, "", &sink));
        assert_eq!(Pipeline::validate(&options), Vec::<String>::new());
        Pipeline::start(options).unwrap().drain().unwrap();
        assert_eq!(positions(&broker.messages(&name)), wanted);
    }
    let foreign = format!("tls = {{ ca = {certificate:?} }}\nsasl = {{ user = 'mover', password = '{PASSWORD}' }}");
    let wrong = user("SCRAM-SHA-512", "canary-too");
    for (address, security, says) in [(&broker.sasl, wrong, "Authentication"), (&broker.sasl, foreign, "SSL")] {
        let options = pipeline(&toml_at(address, trail, "refused", "", &security));
        let mistakes = Pipeline::validate(&options);
        assert!(mistakes.len() == 1 && mistakes[0].contains(says), "{mistakes:?}");
        assert!(!format!("{mistakes:?}{options:?}").contains("canary"), "{mistakes:?}");
    }
}
