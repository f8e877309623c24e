//! Transactions without a mark of their end.
//!
//! A broker (seen with 4.4.0, as the only one of its cluster) that is killed while it ends a transaction, and started again, can take it
//! for ended before it knows who leads the partitions, so that nobody writes the marks. Messages without a mark count with the next one of
//! the producer: those of an aborted transaction would come twice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use trailcore::Result;

use super::broker::{ANSWER, broker_error};

/// Time in which the marks of a transaction that has ended can be seen.
const LOOK: Duration = Duration::from_secs(3);

/// A topic and one of its partitions.
pub(super) type Partition = (String, i32);

/// Returns a consumer that reads up to the first message without a mark, or all messages.
pub(super) fn consumer(config: &ClientConfig, is_committed: bool) -> Result<BaseConsumer> {
    let isolation = if is_committed { "read_committed" } else { "read_uncommitted" };
    let mut config = config.clone();
    config.set("group.id", "trailcore").set("enable.auto.commit", "false").set("isolation.level", isolation);
    config.set("enable.partition.eof", "true").set("allow.auto.create.topics", "false");
    config.create().map_err(|error| broker_error(&error))
}

/// Returns the partitions of topics that have messages without a mark, also of other producers, and have them for a while.
pub(super) fn without_marks(config: &ClientConfig, topics: &BTreeSet<String>) -> Result<Vec<Partition>> {
    let (committed, all) = (consumer(config, true)?, consumer(config, false)?);
    let end = |consumer: &BaseConsumer, (topic, partition): &Partition| {
        consumer.fetch_watermarks(topic, *partition, ANSWER).map(|(_, end)| end).map_err(|error| broker_error(&error))
    };
    let mut open = Vec::new();
    for topic in topics {
        let metadata = all.fetch_metadata(Some(topic), ANSWER).map_err(|error| broker_error(&error))?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        open.extend(partitions.map(|partition| (topic.clone(), partition.id())));
    }
    let until = Instant::now() + LOOK;
    loop {
        let mut left = Vec::new();
        for partition in open {
            // In this order: both ends grow.
            let last = end(&all, &partition)?;
            if end(&committed, &partition)? < last {
                left.push(partition);
            }
        }
        if left.is_empty() || Instant::now() >= until {
            return Ok(left);
        }
        open = left;
        std::thread::sleep(LOOK / 30);
    }
}
