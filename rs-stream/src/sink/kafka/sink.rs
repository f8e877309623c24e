//! [`KafkaSink`]: the sink itself.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext, PurgeConfig};
use rdkafka::types::RDKafkaErrorCode;
use trailcore::{Change, Error, ErrorKind, Op, Position, Result};

use super::super::{Promise, Sink, taken_over};
use super::broker::{ANSWER, again, broker_error, is_fenced};
use super::marks::without_marks;
use super::place::{Place, PositionTopic};
use super::{Encoder, JsonEncoder, KafkaOptions};
use crate::checkpoint::{Checkpoint, unix_micros};
use crate::options::Delivery;

/// Messages after which reports of their delivery are taken.
const REPORTS: usize = 1_000;

/// Writes a message for each change, in transactions of the producer that have the position, too: a consumer with `read_committed` sees each
/// change exactly once, and whole transactions of the source.
///
/// A message has the key of the row as its key ([`Change::write_json_key`]), and the headers `position`, `op`, `table`, `csn`, `xid` and
/// `definition`. The value is native JSON, or what another [`Encoder`] makes.
pub struct KafkaSink {
    options: KafkaOptions,
    encoder: Box<dyn Encoder>,
    /// Identifies this sink of this process.
    writer: String,
    producer: Option<BaseProducer<Reports>>,
    is_claimed: bool,
    inside: bool,
    /// The writer of the place that was there when this one began. Its own place has no mark at first.
    before: Option<String>,
    /// The checkpoint of the last commit that the broker has confirmed.
    committed: Option<Checkpoint>,
    /// The topics of tables.
    topics: HashMap<String, Topic>,
    /// The positions of the messages since the last commit, by their number.
    sent: Vec<Position>,
    /// The number of the definition of the changes.
    definition: Option<u64>,
    /// Changes that the broker does not take, with the reasons. It states that late, when the whole transaction is lost: they are refused at
    /// the next try.
    poison: HashMap<Position, String>,
    key: Vec<u8>,
    value: Vec<u8>,
}

struct Topic {
    name: String,
    /// There are messages since the last commit that the broker has confirmed.
    is_written: Cell<bool>,
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Collects the numbers of messages that the broker does not take, with the reasons.
#[derive(Default)]
struct Reports(Mutex<Vec<(usize, String)>>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        if let Err((error, _)) = result {
            if error.rdkafka_error_code().is_some_and(refuses_message) {
                self.0.lock().push((number, error.to_string()));
            }
        }
    }
}

/// Returns whether an error is one of the message: another try has the same error.
fn refuses_message(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::MessageBatchTooLarge
    )
}

impl KafkaSink {
    /// Prepares the sink, without connecting.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for names that Kafka does not take, and for settings that are the sink's own.
    pub fn new(options: KafkaOptions) -> Result<Self> {
        Self::with_encoder(options, JsonEncoder)
    }

    /// Prepares the sink with values of another form.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_encoder(options: KafkaOptions, encoder: impl Encoder + 'static) -> Result<Self> {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        options.check()?;
        let writer = format!("{}-{}-{}", std::process::id(), unix_micros(), STARTED.fetch_add(1, Ordering::Relaxed));
        let (producer, is_claimed, inside, before, committed, topics, sent, definition) = Default::default();
        let (poison, key, value, encoder) = (HashMap::new(), Vec::new(), Vec::new(), Box::new(encoder));
        Ok(Self {
            options,
            encoder,
            writer,
            producer,
            is_claimed,
            inside,
            before,
            committed,
            topics,
            sent,
            definition,
            poison,
            key,
            value,
        })
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.options.settings {
            config.set(name, value);
        }
        for (name, value) in self.options.security() {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.options.brokers);
        config
    }

    fn last_place(&self) -> Result<Option<Place>> {
        PositionTopic { config: &self.config(), name: &self.options.position_topic() }.last()
    }

    /// Returns whether no other writer has begun since this one.
    fn is_own(&self, place: Option<&Place>) -> bool {
        let writer = place.map(|place| place.writer.as_str());
        writer == Some(self.writer.as_str()) || writer == self.before.as_deref()
    }

    fn producer(&self) -> Result<&BaseProducer<Reports>> {
        self.producer.as_ref().ok_or_else(|| Error::internal("a write before the producer is there"))
    }

    /// Makes the producer. The broker fences the one that was there before, and ends its transaction.
    fn connect(&mut self) -> Result<()> {
        let mut config = self.config();
        config.set("transactional.id", &self.options.position);
        let producer: BaseProducer<Reports> =
            config.create_with_context(Reports::default()).map_err(|error| broker_error(&error))?;
        again(|| producer.init_transactions(ANSWER))?;
        self.producer = Some(producer);
        Ok(())
    }

    /// Begins as the only writer, and returns the checkpoint of the last commit.
    fn claim(&mut self) -> Result<Option<Checkpoint>> {
        self.connect()?;
        let claimed = self.claim_place();
        if claimed.is_err() {
            self.producer = None;
        }
        claimed
    }

    fn claim_place(&mut self) -> Result<Option<Checkpoint>> {
        self.abort_without_marks()?;
        let place = self.last_place()?;
        let checkpoint = place.as_ref().and_then(|place| place.checkpoint.clone());
        self.before = place.map(|place| place.writer);
        self.commit_place(checkpoint.as_ref())?;
        self.is_claimed = true;
        Ok(checkpoint)
    }

    /// Aborts what the last transaction has left without marks, unless its place is committed: a transaction of a new producer with the same
    /// partitions is aborted, whose marks count for the old messages too.
    fn abort_without_marks(&mut self) -> Result<()> {
        let position = self.options.position_topic();
        let mut topics = self.written();
        let unmarked = without_marks(&self.config(), &BTreeSet::from([position.clone()]))?;
        if !unmarked.is_empty() {
            let topic = PositionTopic { config: &self.config(), name: &position };
            topics.extend(topic.last_sent()?.into_iter().flat_map(|place| place.topics));
        } else if topics.is_empty() || self.last_place()?.and_then(|place| place.checkpoint) != self.committed {
            return Ok(());
        }
        let mut open = without_marks(&self.config(), &topics)?;
        open.extend(unmarked);
        if open.is_empty() {
            return Ok(());
        }
        tracing::warn!(partitions = ?open, "the broker has ended a transaction without marks; it is aborted");
        let producer = self.producer()?;
        producer.begin_transaction().map_err(|error| broker_error(&error))?;
        for (topic, partition) in &open {
            let empty: &[u8] = &[];
            send(producer, BaseRecord::with_opaque_to(topic, usize::MAX).key(empty).payload(empty).partition(*partition))?;
        }
        producer.flush(ANSWER).map_err(|error| broker_error(&error))?;
        again(|| producer.abort_transaction(ANSWER))?;
        match without_marks(&self.config(), &BTreeSet::from([position]))?.first() {
            None => Ok(()),
            Some((topic, _)) => {
                let what = format!("Kafka: the topic {topic} has a transaction of another producer");
                Err(Error::new(ErrorKind::Io, what).hint("end it with kafka-transactions.sh abort"))
            }
        }
    }

    /// Returns the topics with messages since the last commit that the broker has confirmed.
    fn written(&self) -> BTreeSet<String> {
        self.topics.values().filter(|topic| topic.is_written.get()).map(|topic| topic.name.clone()).collect()
    }

    /// Returns the error of a producer. One that is fenced has been replaced by another writer, unless the last place is still its own: then
    /// the broker has ended its transaction.
    fn judged(&self, error: Error) -> Error {
        let fatal = self.producer.as_ref().and_then(|producer| producer.client().fatal_error());
        match error.kind() {
            ErrorKind::Cancelled => {}
            ErrorKind::Io if fatal.is_some_and(|(code, _)| is_fenced(code)) => {}
            _ => return error,
        }
        match self.last_place() {
            Ok(place) if self.is_own(place.as_ref()) => Error::new(
                ErrorKind::Io,
                "Kafka: the broker has ended the transaction, which took longer than transaction.timeout.ms",
            )
            .hint("if it happens again, set transaction.timeout.ms in settings to a longer time, or commit more often"),
            Ok(_) => taken_over(),
            Err(error) => error,
        }
    }

    /// Begins the transaction of the next commit.
    fn begin(&mut self) -> Result<()> {
        if !self.inside {
            self.producer()?.begin_transaction().map_err(|error| broker_error(&error))?;
            self.inside = true;
        }
        Ok(())
    }

    /// Commits the transaction with the place of the next start.
    fn commit_place(&mut self, checkpoint: Option<&Checkpoint>) -> Result<()> {
        let committed = self.send_place(checkpoint).map_err(|error| self.judged(error));
        if committed.is_err() {
            // The next producer learns from the broker whether it is committed.
            if let Some(producer) = self.producer.take() {
                let refused = std::mem::take(&mut *producer.context().0.lock());
                self.poison.extend(refused.into_iter().filter_map(|(number, why)| Some((*self.sent.get(number)?, why))));
            }
        }
        self.inside = false;
        self.sent.clear();
        committed
    }

    /// Sends the place of the next start, and asks the broker to commit the transaction.
    fn send_place(&mut self, checkpoint: Option<&Checkpoint>) -> Result<()> {
        self.begin()?;
        let place = Place { writer: self.writer.clone(), checkpoint: checkpoint.cloned(), topics: self.written() };
        let text = serde_json::to_vec(&place).map_err(|error| Error::internal(&error.to_string()))?;
        let (topic, name) = (self.options.position_topic(), self.options.position.clone());
        let record = BaseRecord::with_opaque_to(&topic, usize::MAX).key(name.as_bytes()).payload(text.as_slice()).partition(0);
        let producer = self.producer()?;
        send(producer, record)?;
        crate::point::reach("position sent");
        producer.flush(ANSWER).map_err(|error| broker_error(&error))?;
        crate::point::reach("messages sent");
        again(|| producer.commit_transaction(ANSWER))?;
        self.committed = checkpoint.cloned();
        self.topics.values().for_each(|topic| topic.is_written.set(false));
        Ok(())
    }

    /// Sends the messages of a change.
    fn send_change(&mut self, change: &Change<'_>) -> Result<()> {
        let position = change.position();
        if let Some(why) = self.poison.get(&position) {
            return Err(Error::new(ErrorKind::Value, format!("change at {position}: Kafka does not take the message: {why}")));
        }
        let table = change.table_name();
        if !self.topics.contains_key(&*table) {
            let topic = Topic { name: self.options.topic_of(&table)?, is_written: Cell::new(false) };
            self.topics.insert(table.clone().into_owned(), topic);
        }
        self.value.clear();
        self.key.clear();
        self.encoder.encode(change, &mut self.value)?;
        let has_key = change.op().is_change() && change.write_json_key(&mut self.key)?;
        self.begin()?;
        let Some(topic) = self.topics.get(&*table) else { return Err(Error::internal("the topic of a table is missing")) };
        topic.is_written.set(true);
        let topic = topic.name.as_str();
        let partition = self.options.partition.or(if has_key { None } else { Some(0) });
        let text = position.to_string();
        let definition = self.definition.map(|number| number.to_string());
        let facts = [
            ("position", Some(text.as_str())),
            ("op", Some(change.op().name())),
            ("table", Some(&*table)),
            ("csn", change.csn()),
            ("xid", change.xid()),
            ("definition", definition.as_deref()),
        ];
        let mut headers = OwnedHeaders::new_with_capacity(facts.len());
        for (key, value) in facts {
            if let Some(value) = value {
                headers = headers.insert(Header { key, value: Some(value) });
            }
        }
        let number = self.sent.len();
        let mut record = BaseRecord::with_opaque_to(topic, number).payload(self.value.as_slice()).headers(headers);
        record.key = has_key.then_some(self.key.as_slice());
        record.partition = partition;
        send(self.producer()?, record).map_err(|error| match error.kind() {
            ErrorKind::Value => Error::new(ErrorKind::Value, format!("change at {position}: {}", error.what())),
            _ => error,
        })?;
        let old = if self.options.tombstones { old_key(change)? } else { None };
        if let Some(old) = old {
            let mut record = BaseRecord::with_opaque_to(topic, number);
            record.key = Some(old.as_slice());
            record.partition = self.options.partition;
            send(self.producer()?, record)?;
        }
        self.sent.push(position);
        if self.sent.len() % REPORTS == 0 {
            self.producer()?.poll(Duration::ZERO);
        }
        Ok(())
    }
}

/// Sends a message, and waits while the queue is full.
fn send(producer: &BaseProducer<Reports>, record: BaseRecord<'_, [u8], [u8], usize>) -> Result<()> {
    let until = Instant::now() + 2 * ANSWER;
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, back)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) if Instant::now() < until => {
                    producer.poll(Duration::from_millis(50));
                    record = back;
                }
                Some(code) if refuses_message(code) => {
                    return Err(Error::new(ErrorKind::Value, format!("Kafka does not take the message: {code}")));
                }
                _ => return Err(broker_error(&error)),
            },
        }
    }
}

impl Sink for KafkaSink {
    fn promise(&self) -> Promise {
        Promise::ExactlyOnce
    }

    fn unit(&self) -> Delivery {
        Delivery::Transactions
    }

    fn load(&mut self) -> Result<Option<Checkpoint>> {
        self.roll_back()?;
        if self.is_claimed {
            // Before a new producer would fence the one that has taken over.
            if !self.is_own(self.last_place()?.as_ref()) {
                return Err(taken_over());
            }
            if self.producer.is_some() {
                return Ok(self.committed.clone());
            }
        } else {
            PositionTopic { config: &self.config(), name: &self.options.position_topic() }.prepare()?;
        }
        self.claim()
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        Ok(self.last_place()?.and_then(|place| place.checkpoint))
    }

    fn set_definition(&mut self, number: Option<u64>) {
        self.definition = number;
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        self.send_change(change).map_err(|error| self.judged(error))
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.commit_place(Some(checkpoint))?;
        self.poison.clear();
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        self.sent.clear();
        if !std::mem::take(&mut self.inside) {
            return Ok(());
        }
        let Some(producer) = &self.producer else { return Ok(()) };
        producer.purge(PurgeConfig::default().queue().inflight());
        let aborted = producer.flush(ANSWER).and_then(|()| producer.abort_transaction(ANSWER));
        producer.context().0.lock().clear();
        if let Err(error) = aborted {
            // The broker aborts it for the next producer, or after its time limit.
            tracing::debug!(%error, "the transaction of the producer is left to the broker");
            self.producer = None;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<()> {
        let (config, name) = (self.config(), self.options.position_topic());
        let topic = PositionTopic { config: &config, name: &name };
        topic.reach()?;
        topic.check()
    }
}

/// Returns the key that a row does not have any more after a delete or a key update.
fn old_key(change: &Change<'_>) -> Result<Option<Vec<u8>>> {
    let mut key = Vec::new();
    let has = match change.op() {
        Op::Delete => change.write_json_key(&mut key)?,
        Op::PkUpdate => change.write_json_old_key(&mut key)?,
        _ => false,
    };
    Ok(has.then_some(key))
}

#[cfg(test)]
mod tests {
    //! Errors of brokers that a real one does not give on demand. The cluster of librdkafka lets consumers see what is aborted, and zombies
    //! commit: what depends on that is tested with a real broker, in `tests/kafka.rs`.

    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::error::KafkaError;
    use rdkafka::message::{Headers, Message};
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::RDKafkaApiKey as Api;
    use rdkafka::types::RDKafkaRespErr as Code;
    use rdkafka::{Offset, TopicPartitionList};
    use trailcore::change::{Builder, Number, OwnedChange, Value};
    use trailcore::schema::{ColumnDef, TableDef};

    use super::*;
    use crate::checkpoint::new_checkpoint;

    type Cluster = MockCluster<'static, DefaultProducerContext>;

    fn change(number: u64) -> OwnedChange {
        let table = std::sync::Arc::new(TableDef::new("A.B", vec![ColumnDef::number("ID").key()]));
        let id = number.to_string();
        let builder = Builder::new(Op::Insert, &table).position(Position::new(0, number));
        builder.after("ID", &Value::Number(Number::Text(&id))).unwrap().build().unwrap()
    }

    fn checkpoint(number: u64) -> Checkpoint {
        new_checkpoint((Position::new(0, number), None), (None, None), (String::new(), String::new()))
    }

    fn sink(cluster: &Cluster) -> KafkaSink {
        let options = serde_json::json!({
            "brokers": cluster.bootstrap_servers(), "position": "p", "topic": "t", "partition": 0,
            "settings": { "transaction.timeout.ms": "5000", "retry.backoff.ms": "10", "topic.metadata.refresh.fast.interval.ms": "50" },
        });
        KafkaSink::new(serde_json::from_value(options).unwrap()).unwrap()
    }

    /// Returns the positions of all messages of a topic.
    fn seen(cluster: &Cluster) -> Vec<Position> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "g").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset("t", 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut found = Vec::new();
        loop {
            match consumer.poll(ANSWER) {
                Some(Ok(message)) => {
                    let headers = message.headers().unwrap();
                    let text = headers.iter().find(|header| header.key == "position").unwrap().value.unwrap();
                    found.push(std::str::from_utf8(text).unwrap().parse().unwrap());
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return found,
                other => panic!("{:?}", other.map(|other| other.map(|_| ()))),
            }
        }
    }

    #[test]
    fn a_claim_that_fails_is_begun_again() {
        let cluster = MockCluster::new(1).unwrap();
        ["t", "trailcore.position.p"].iter().for_each(|topic| cluster.create_topic(topic, 1, 1).unwrap());
        let mut sink = sink(&cluster);
        assert!(sink.claim().unwrap().is_none());
        sink.write(&change(0).as_change()).unwrap();
        cluster.request_errors(Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_INVALID_TXN_STATE]);
        assert_eq!(sink.commit(&checkpoint(1)).unwrap_err().kind(), ErrorKind::Io);
        sink.roll_back().unwrap();
        cluster.request_errors(Api::ListOffsets, &[Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 4]);
        assert_eq!(sink.load().unwrap_err().kind(), ErrorKind::Io);
        // It is not known what is committed.
        assert!(sink.producer.is_none() && sink.committed.is_none());
        cluster.clear_request_errors(Api::ListOffsets);
        sink.roll_back().unwrap();
        assert!(sink.load().unwrap().is_some() && sink.producer.is_some());
    }

    #[test]
    fn whatever_brokers_answer_each_commit_counts_or_is_tried_again() {
        use Code::*;
        let moved = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
        #[allow(clippy::type_complexity)]
        let faults: [(&str, Option<(Api, &[Code])>); 13] = [
            ("a leader moved", Some((Api::Produce, &[moved, moved]))),
            ("a leader is away", Some((Api::Produce, &[RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE]))),
            ("too few replicas", Some((Api::Produce, &[RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS]))),
            ("a broker is slow", Some((Api::Produce, &[RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT]))),
            ("an answer is lost", Some((Api::Produce, &[RD_KAFKA_RESP_ERR__TRANSPORT]))),
            ("a partition cannot be added", Some((Api::AddPartitionsToTxn, &[RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS]))),
            ("no right to a topic", Some((Api::AddPartitionsToTxn, &[RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]))),
            ("the coordinator moved", Some((Api::EndTxn, &[RD_KAFKA_RESP_ERR_NOT_COORDINATOR]))),
            ("the coordinator loads", Some((Api::EndTxn, &[RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS]))),
            ("the answer to a commit is lost", Some((Api::EndTxn, &[RD_KAFKA_RESP_ERR__TRANSPORT]))),
            ("the transaction was ended", Some((Api::EndTxn, &[RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH]))),
            ("the transaction has no right state", Some((Api::EndTxn, &[RD_KAFKA_RESP_ERR_INVALID_TXN_STATE]))),
            ("leaders and coordinator are other brokers", None),
        ];
        let cluster = MockCluster::new(3).unwrap();
        for topic in ["t", "trailcore.position.p"] {
            cluster.create_topic(topic, 1, 3).unwrap();
            cluster.partition_leader(topic, 0, Some(1)).unwrap();
        }
        let mut sink = sink(&cluster);
        assert!(sink.claim().unwrap().is_none());
        let (mut next, mut failures) = (0, Vec::new());
        for (what, fault) in faults {
            match fault {
                Some((api, codes)) => cluster.request_errors(api, codes),
                None => {
                    ["t", "trailcore.position.p"].iter().for_each(|topic| cluster.partition_leader(topic, 0, Some(2)).unwrap())
                }
            }
            let wanted = next + 3;
            for attempt in 0.. {
                let written = (next..wanted).try_for_each(|number| sink.write(&change(number).as_change()));
                match written.and_then(|()| sink.commit(&checkpoint(wanted))) {
                    Ok(()) => break,
                    Err(error) => {
                        assert!(error.kind() == ErrorKind::Io && attempt < 3, "{what}: {error}");
                        failures.push(what);
                        sink.roll_back().unwrap();
                        // The broker may have committed it, although its answer was lost or an error.
                        next = match sink.load().unwrap().map(|checkpoint| checkpoint.position) {
                            Some(Position::Trail(at)) => at.rba,
                            _ => 0,
                        };
                        if next == wanted {
                            break;
                        }
                    }
                }
            }
            next = wanted;
            assert_eq!(sink.peek().unwrap().unwrap().position, Position::new(0, wanted), "{what}");
        }
        let found = seen(&cluster);
        let all: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(all, (0..next).map(|number| Position::new(0, number)).collect());
        assert!(failures.contains(&"no right to a topic"), "{failures:?}");
    }
}
