//! [`KafkaSink`]: the sink itself.

use std::collections::HashMap;
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
use super::broker::{ANSWER, again, broker_error};
use super::place::{Place, PositionTopic};
use super::{Encoder, JsonEncoder, KafkaOptions};
use crate::checkpoint::{Checkpoint, unix_micros};
use crate::options::Delivery;

/// Messages after which reports of their delivery are taken.
const REPORTS: usize = 1_000;

/// Writes a message for each change, in transactions of the producer that have the position, too: a consumer with `read_committed` sees each
/// change exactly once, and whole transactions of the source.
///
/// A message has the key of the row as its key ([`Change::write_json_key`]), and the headers `position`, `op`, `table`, `csn` and `xid`. The
/// value is native JSON, or what another [`Encoder`] makes.
pub struct KafkaSink {
    options: KafkaOptions,
    encoder: Box<dyn Encoder>,
    /// Identifies this sink of this process.
    writer: String,
    producer: Option<BaseProducer<Reports>>,
    is_claimed: bool,
    inside: bool,
    topics: HashMap<String, String>,
    /// The positions of the messages since the last commit, by their number.
    sent: Vec<Position>,
    /// Changes that the broker does not take, with the reasons. It states that late, when the whole transaction is lost: they are refused at
    /// the next try.
    poison: HashMap<Position, String>,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Collects the numbers of messages that the broker does not take.
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
        let (producer, is_claimed, inside, topics, sent, poison, key, value) = Default::default();
        Ok(Self { options, encoder: Box::new(encoder), writer, producer, is_claimed, inside, topics, sent, poison, key, value })
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.options.settings {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.options.brokers);
        config
    }

    fn last_place(&self) -> Result<Option<Place>> {
        PositionTopic { config: &self.config(), name: &self.options.position_topic() }.last()
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

    /// Begins the transaction of the next commit.
    fn begin(&mut self) -> Result<()> {
        if !self.inside {
            self.producer()?.begin_transaction().map_err(|error| broker_error(&error))?;
            self.inside = true;
        }
        Ok(())
    }

    /// Sends the place of the next start, and commits the transaction.
    fn commit_place(&mut self, checkpoint: Option<&Checkpoint>) -> Result<()> {
        self.begin()?;
        let place = Place { writer: self.writer.clone(), checkpoint: checkpoint.cloned() };
        let text = serde_json::to_vec(&place).map_err(|error| Error::internal(&error.to_string()))?;
        let (topic, name) = (self.options.position_topic(), self.options.position.clone());
        let record = BaseRecord::with_opaque_to(&topic, usize::MAX).key(name.as_bytes()).payload(text.as_slice()).partition(0);
        send(self.producer()?, record)?;
        crate::point::reach("position sent");
        let producer = self.producer()?;
        let committed = producer.flush(ANSWER).map_err(|error| broker_error(&error)).and_then(|()| {
            crate::point::reach("messages sent");
            again(|| producer.commit_transaction(ANSWER))
        });
        let refused = std::mem::take(&mut *producer.context().0.lock());
        if committed.is_err() {
            // The next producer learns from the broker whether it is committed.
            self.producer = None;
            self.inside = false;
            self.poison.extend(refused.into_iter().filter_map(|(number, why)| Some((*self.sent.get(number)?, why))));
            self.sent.clear();
        }
        committed?;
        self.inside = false;
        self.sent.clear();
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
            match self.last_place()? {
                Some(place) if place.writer == self.writer => {
                    if self.producer.is_some() {
                        return Ok(place.checkpoint);
                    }
                }
                _ => return Err(taken_over()),
            }
        } else {
            PositionTopic { config: &self.config(), name: &self.options.position_topic() }.prepare()?;
        }
        self.connect()?;
        let checkpoint = self.last_place()?.and_then(|place| place.checkpoint);
        self.commit_place(checkpoint.as_ref())?;
        self.is_claimed = true;
        Ok(checkpoint)
    }

    fn peek(&mut self) -> Result<Option<Checkpoint>> {
        Ok(self.last_place()?.and_then(|place| place.checkpoint))
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        let position = change.position();
        if let Some(why) = self.poison.get(&position) {
            return Err(Error::new(ErrorKind::Value, format!("change at {position}: Kafka does not take the message: {why}")));
        }
        let table = change.table_name();
        if !self.topics.contains_key(&*table) {
            let topic = self.options.topic_of(&table)?;
            self.topics.insert(table.clone().into_owned(), topic);
        }
        self.value.clear();
        self.key.clear();
        self.encoder.encode(change, &mut self.value)?;
        let has_key = change.op().is_change() && change.write_json_key(&mut self.key)?;
        self.begin()?;
        let Some(topic) = self.topics.get(&*table) else { return Err(Error::internal("the topic of a table is missing")) };
        let partition = self.options.partition.or(if has_key { None } else { Some(0) });
        let text = position.to_string();
        let mut headers = OwnedHeaders::new_with_capacity(5);
        let facts = [("position", Some(text.as_str())), ("op", Some(change.op().name())), ("table", Some(&*table))];
        for (key, value) in facts.into_iter().chain([("csn", change.csn()), ("xid", change.xid())]) {
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
        let config = self.config();
        PositionTopic { config: &config, name: &self.options.position_topic() }.check()
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
