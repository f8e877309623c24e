//! The place of a sink in the trail, kept in a topic.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::metadata::Metadata;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use trailcore::{Error, ErrorKind, Result};

use super::broker::{ANSWER, broker_error};
use super::marks::consumer;
use crate::checkpoint::Checkpoint;

/// Messages that are read back from the end, at first.
const WINDOW: i64 = 64;
/// Time after which the reports of a client that does not connect are read, and their number at most.
const LOOK: Duration = Duration::from_secs(3);
const REPORTS: usize = 64;

/// A message of the position topic.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Place {
    /// The writer: the start of one process's sink.
    pub(super) writer: String,
    /// The place at which the pipeline continues; null before the first commit.
    pub(super) checkpoint: Option<Checkpoint>,
    /// The topics that have messages of the same transaction.
    #[serde(default)]
    pub(super) topics: BTreeSet<String>,
}

/// The topic of the position.
pub(super) struct PositionTopic<'a> {
    pub(super) config: &'a ClientConfig,
    pub(super) name: &'a str,
}

impl PositionTopic<'_> {
    /// Returns the last place that is committed; `None` without one, or without the topic.
    pub(super) fn last(&self) -> Result<Option<Place>> {
        self.last_of(&consumer(self.config, true)?)
    }

    /// Returns the place in the last message, whether it is committed or not.
    pub(super) fn last_sent(&self) -> Result<Option<Place>> {
        self.last_of(&consumer(self.config, false)?)
    }

    fn last_of(&self, consumer: &BaseConsumer) -> Result<Option<Place>> {
        let (low, high) = match self.ends(consumer) {
            Ok(ends) => ends,
            Err(error) if is_unknown(&error) => return Ok(None),
            Err(error) => return Err(broker_error(&error)),
        };
        let mut window = WINDOW;
        loop {
            let from = high.saturating_sub(window).max(low);
            if let Some(text) = self.last_from(consumer, from)? {
                let what = |error| format!("topic {}: the last message is no position: {error}", self.name);
                return serde_json::from_slice(&text).map(Some).map_err(|error| Error::new(ErrorKind::Corrupt, what(error)));
            }
            if from == low {
                return Ok(None);
            }
            window = window.saturating_mul(8);
        }
    }

    /// Returns the facts of the topic. Where no broker answers, its error is the reason, if it is one of the settings.
    fn metadata(&self, consumer: &BaseConsumer) -> std::result::Result<Metadata, KafkaError> {
        let until = Instant::now() + ANSWER;
        loop {
            let failed = match consumer.fetch_metadata(Some(self.name), LOOK) {
                Err(error) if error.rdkafka_error_code().is_some_and(is_no_answer) => error,
                outcome => return outcome,
            };
            // The client reports why it cannot connect in between messages, and after events that a poll without a wait ends with.
            let reported = std::iter::from_fn(|| consumer.poll(LOOK / 30)).filter_map(std::result::Result::err);
            let refused = reported.take(REPORTS).find(|error| error.rdkafka_error_code().is_some_and(is_refused));
            match refused {
                Some(refused) => return Err(refused),
                None if Instant::now() >= until => return Err(failed),
                None => {}
            }
        }
    }

    /// Returns the offsets of the first message and after the last one.
    fn ends(&self, consumer: &BaseConsumer) -> std::result::Result<(i64, i64), KafkaError> {
        let metadata = self.metadata(consumer)?;
        if let Some(error) = metadata.topics().iter().find_map(|topic| topic.error()) {
            return Err(KafkaError::MetadataFetch(error.into()));
        }
        consumer.fetch_watermarks(self.name, 0, ANSWER)
    }

    /// Returns the last message from an offset on that the consumer sees.
    fn last_from(&self, consumer: &BaseConsumer, from: i64) -> Result<Option<Vec<u8>>> {
        let mut assigned = TopicPartitionList::new();
        assigned
            .add_partition_offset(self.name, 0, Offset::Offset(from))
            .and_then(|()| consumer.assign(&assigned))
            .map_err(|error| broker_error(&error))?;
        let (mut last, until) = (None, Instant::now() + ANSWER);
        loop {
            match consumer.poll(Duration::from_millis(500)) {
                // An empty one was sent to abort a transaction without marks.
                Some(Ok(message)) => last = message.payload().filter(|text| !text.is_empty()).map(<[u8]>::to_vec).or(last),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(last),
                Some(Err(error)) if Instant::now() >= until => return Err(broker_error(&error)),
                None if Instant::now() >= until => {
                    return Err(Error::new(ErrorKind::Io, format!("Kafka: the topic {} does not answer in time", self.name)));
                }
                // A broker that is away for a moment.
                Some(Err(_)) | None => {}
            }
        }
    }

    /// Creates the topic, or checks one that is there.
    pub(super) fn prepare(&self) -> Result<()> {
        self.reach()?;
        let new = NewTopic::new(self.name, 1, TopicReplication::Fixed(-1)).set("cleanup.policy", "compact");
        let created =
            pollster::block_on(self.admin()?.create_topics([&new], &AdminOptions::new().operation_timeout(Some(ANSWER))));
        match created.map_err(|error| broker_error(&error))?.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => self.check(),
            Some(Err((_, code))) => Err(Error::new(ErrorKind::Io, format!("Kafka: topic {}: {code}", self.name))
                .hint("create it with one partition and cleanup.policy=compact")),
            _ => Ok(()),
        }
    }

    /// Checks that the last message is kept. A topic that does not exist is fine.
    pub(super) fn check(&self) -> Result<()> {
        let topic = [ResourceSpecifier::Topic(self.name)];
        let described =
            pollster::block_on(self.admin()?.describe_configs(&topic, &AdminOptions::new().request_timeout(Some(ANSWER))));
        let policy = match described.map_err(|error| broker_error(&error))?.into_iter().next() {
            Some(Ok(config)) => config.get("cleanup.policy").and_then(|entry| entry.value.clone()),
            // Not allowed to see it, or not there.
            Some(Err(code)) => {
                tracing::debug!(topic = self.name, %code, "the settings of the topic are not known");
                None
            }
            None => None,
        };
        match policy {
            Some(policy) if !policy.split(',').any(|one| one.trim() == "compact") => {
                let what =
                    format!("Kafka: the topic {} has cleanup.policy={policy}, so that the position can be deleted", self.name);
                Err(Error::new(ErrorKind::InvalidArgument, what).hint("set cleanup.policy=compact for it"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that a broker answers.
    pub(super) fn reach(&self) -> Result<()> {
        self.metadata(&consumer(self.config, true)?).map(drop).map_err(|error| broker_error(&error))
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        self.config.create().map_err(|error| broker_error(&error))
    }
}

/// Returns whether a broker may answer later.
fn is_no_answer(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve
    )
}

/// Returns whether a connection fails by its settings: the user, or the certificates.
fn is_refused(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::SSL)
}

fn is_unknown(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(
        code,
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownPartition)
    )
}
