//! Answers of a broker: how long they take, and their errors.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use trailcore::{Error, ErrorKind, Result};

use super::super::taken_over;

/// How long a broker has for an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// Returns whether the broker takes nothing more of a producer: another one has begun, or its transaction has timed out.
pub(super) fn is_fenced(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::TransactionCoordinatorFenced
    )
}

/// Returns the error of a broker.
pub(super) fn broker_error(error: &KafkaError) -> Error {
    match error {
        _ if error.rdkafka_error_code().is_some_and(is_fenced) => taken_over(),
        // A value can be a secret.
        KafkaError::ClientConfig(_, what, name, _) => {
            Error::new(ErrorKind::InvalidArgument, format!("Kafka: setting {name}: {what}")).hint("correct it in settings")
        }
        KafkaError::Transaction(error) => Error::new(ErrorKind::Io, format!("Kafka: {}", error.string())),
        error => Error::new(ErrorKind::Io, format!("Kafka: {error}")),
    }
}

/// Makes a step of a transaction, again as long as the broker asks for it.
pub(super) fn again(mut step: impl FnMut() -> std::result::Result<(), KafkaError>) -> Result<()> {
    let until = Instant::now() + 2 * ANSWER;
    loop {
        match step() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && Instant::now() < until => {}
            outcome => return outcome.map_err(|error| broker_error(&error)),
        }
    }
}
