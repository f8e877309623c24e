//! Apache Kafka: messages of changes, in transactions with the position.
//!
//! ```text
//! changes ──► messages of the topics ─┐
//!                                     ├─► one transaction of the producer ──► consumers with read_committed
//! checkpoint ──► position topic ──────┘
//! ```
//!
//! The transactional id is the name of the position, so that the broker fences a producer that was there before. The position topic has one
//! partition and only messages of this name: no transaction of another pipeline stands before its last message.

#[cfg(feature = "kafka")]
mod broker;
#[cfg(feature = "kafka")]
mod marks;
#[cfg(feature = "kafka")]
mod place;
#[cfg(feature = "kafka")]
mod sink;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trailcore::{Change, Result};
#[cfg(any(feature = "kafka", test))]
use trailcore::{Error, ErrorKind};

#[cfg(feature = "kafka")]
pub use sink::KafkaSink;

/// The topics of a Kafka sink.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Topics of Apache Kafka."))]
#[serde(deny_unknown_fields)]
pub struct KafkaOptions {
    /// The brokers, such as `broker1:9092,broker2:9092`.
    pub brokers: String,
    /// The name under which the position is kept: it is the transactional id, and part of the name of the topic with the position,
    /// `trailcore.position.NAME`. Two pipelines need two names.
    pub position: String,
    /// The topic of a change. `{schema}` and `{table}` stand for the parts of the table's name. A character that a topic's name cannot have
    /// becomes `_`.
    #[serde(default = "by_table")]
    pub topic: String,
    /// The partition of all messages, for one order of all changes. Without it, the key decides, so that the changes of a row are in order;
    /// messages without a key are in partition 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// After a delete or a key update, a message with the old key and without a value, for topics that are compacted.
    #[serde(default)]
    pub tombstones: bool,
    /// Encrypts the connections. The library has to be built with the feature `kafka_tls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
    /// The user that the brokers ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<KafkaSasl>,
    /// Further settings of librdkafka, such as `compression.type`. They are never printed.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// How the brokers are known, and how they know the client: `tls = {}` takes the authorities of the system. Files are PEM.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct KafkaTls {
    /// The file of the authorities that have signed the certificates of the brokers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The file of the client's certificate, for brokers that ask for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The file of the key of the client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The password of the key, such as `"${KEY_PASSWORD}"`. It is never printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_password: Option<String>,
}

/// A user of the brokers.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KafkaSasl {
    /// How the password is proved.
    #[serde(default)]
    pub mechanism: KafkaMechanism,
    /// The user.
    pub user: String,
    /// The password, such as `"${KAFKA_PASSWORD}"`. It is never printed.
    pub password: String,
}

/// How a password is proved to the brokers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum KafkaMechanism {
    /// By a challenge. The library has to be built with the feature `kafka_tls`.
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// By a challenge, with a shorter hash; needs `kafka_tls`, too.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// The password itself is sent: use it only with `tls`.
    #[serde(rename = "PLAIN")]
    Plain,
}

impl KafkaMechanism {
    #[cfg(any(feature = "kafka", test))]
    fn name(self) -> &'static str {
        match self {
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
        }
    }
}

fn by_table() -> String {
    "{schema}.{table}".to_owned()
}

impl fmt::Debug for KafkaOptions {
    /// Without the members that can have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaOptions")
            .field("brokers", &self.brokers)
            .field("position", &self.position)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// The longest name of a topic.
#[cfg(any(feature = "kafka", test))]
const LONGEST: usize = 249;

#[cfg(any(feature = "kafka", test))]
impl KafkaOptions {
    /// Checks what can be checked without a broker.
    fn check(&self) -> Result<()> {
        const OURS: [&str; 5] =
            ["bootstrap.servers", "transactional.id", "enable.idempotence", "isolation.level", "enable.auto.commit"];
        let refused = |what: String, way: &'static str| Err(Error::new(ErrorKind::InvalidArgument, what).hint(way));
        if self.position.is_empty() || self.position_topic().len() > LONGEST || topic_name(&self.position) != self.position {
            let what = format!("{:?} is no name for a position", self.position);
            return refused(what, "use letters, digits, '.', '_' and '-', and at most 230 of them");
        }
        if self.topic.is_empty() {
            return refused("the topic has no name".to_owned(), "set topic, or leave it out for one topic for each table");
        }
        if let Some((name, _)) = self.security().into_iter().find(|(name, _)| self.settings.contains_key(*name)) {
            return refused(format!("the setting {name} stands beside tls or sasl"), "set one of them only");
        }
        let needs_tls = self.tls.is_some() || self.sasl.as_ref().is_some_and(|sasl| sasl.mechanism != KafkaMechanism::Plain);
        if needs_tls && !cfg!(feature = "kafka_tls") {
            let what = "this library is built without TLS and SCRAM for Kafka";
            let way = "build it with the feature kafka_tls, such as cargo install trailcore-cli --features kafka_tls";
            return Err(Error::new(ErrorKind::Unsupported, what).hint(way));
        }
        if let Some(name) = OURS.into_iter().find(|name| self.settings.contains_key(*name)) {
            return refused(
                format!("the setting {name} is the sink's own"),
                "leave it out; brokers and position have members of their own",
            );
        }
        Ok(())
    }

    /// Returns the settings of librdkafka that `tls` and `sasl` stand for.
    fn security(&self) -> Vec<(&'static str, String)> {
        let mut settings = Vec::new();
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => return settings,
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        settings.push(("security.protocol", protocol.to_owned()));
        if let Some(tls) = &self.tls {
            let path = |path: &PathBuf| path.to_string_lossy().into_owned();
            let files =
                [("ssl.ca.location", &tls.ca), ("ssl.certificate.location", &tls.certificate), ("ssl.key.location", &tls.key)];
            settings.extend(files.into_iter().filter_map(|(name, file)| Some((name, path(file.as_ref()?)))));
            settings.extend(tls.key_password.clone().map(|password| ("ssl.key.password", password)));
        }
        if let Some(sasl) = &self.sasl {
            settings.push(("sasl.mechanism", sasl.mechanism.name().to_owned()));
            settings.push(("sasl.username", sasl.user.clone()));
            settings.push(("sasl.password", sasl.password.clone()));
        }
        settings
    }

    /// Returns the topic that has the position.
    fn position_topic(&self) -> String {
        format!("trailcore.position.{}", self.position)
    }

    /// Returns the topic for the changes of a table.
    fn topic_of(&self, table: &str) -> Result<String> {
        let (schema, last) = table.rsplit_once('.').unwrap_or(("", table));
        let name = topic_name(self.topic.replace("{table}", last).replace("{schema}", schema).trim_start_matches('.'));
        if name.is_empty() || name.len() > LONGEST || name == "." || name == ".." {
            let what = format!("{name:?}, for table {table}, is no name of a topic");
            return Err(
                Error::new(ErrorKind::InvalidArgument, what).hint("set topic to another template, or name the table with TARGET")
            );
        }
        Ok(name)
    }
}

/// Replaces the characters that the name of a topic cannot have.
#[cfg(any(feature = "kafka", test))]
fn topic_name(text: &str) -> String {
    text.chars().map(|one| if one.is_ascii_alphanumeric() || ".-_".contains(one) { one } else { '_' }).collect()
}

/// Makes the value of a message.
pub trait Encoder: Send {
    /// Appends the value of a change to an empty buffer.
    ///
    /// # Errors
    /// [`Value`](trailcore::ErrorKind::Value) and [`Unencodable`](trailcore::ErrorKind::Unencodable) refuse the change. Any other error stops the pipeline.
    fn encode(&mut self, change: &Change<'_>, out: &mut Vec<u8>) -> Result<()>;
}

/// The native JSON form of a change, `docs/json.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonEncoder;

impl Encoder for JsonEncoder {
    fn encode(&mut self, change: &Change<'_>, out: &mut Vec<u8>) -> Result<()> {
        change.write_json(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(topic: &str) -> KafkaOptions {
        let document = format!(r#"{{"brokers":"b:1","position":"p","topic":"{topic}","settings":{{"sasl.password":"secret"}}}}"#);
        serde_json::from_str(&document).unwrap()
    }

    #[test]
    fn topics_follow_from_a_template() {
        assert_eq!(options("{schema}.{table}").topic_of("BANK.POSTINGS").unwrap(), "BANK.POSTINGS");
        assert_eq!(options("cdc.{table}").topic_of("PDB.BANK.A$B").unwrap(), "cdc.A_B");
        assert_eq!(options("{schema}.{table}").topic_of("ALONE").unwrap(), "ALONE");
        assert_eq!(options("all").topic_of("BANK.POSTINGS").unwrap(), "all");
        assert_eq!(options("{schema}").topic_of("ALONE").unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert!(options(&"x".repeat(300)).topic_of("A.B").is_err());
    }

    #[test]
    fn names_and_settings_are_checked_and_settings_are_not_printed() {
        let mut one = options("{table}");
        one.check().unwrap();
        assert!(!format!("{one:?}").contains("secret"));
        one.settings.insert("transactional.id".to_owned(), "mine".to_owned());
        assert!(one.check().unwrap_err().to_string().contains("transactional.id"));
        for position in ["", "a b", &"x".repeat(240)] {
            let wrong = KafkaOptions { position: position.to_owned(), ..options("{table}") };
            assert_eq!(wrong.check().unwrap_err().kind(), ErrorKind::InvalidArgument, "{position}");
        }
    }
    #[test]
    fn tls_and_sasl_are_settings_of_librdkafka() {
        let more = |more: &str| -> KafkaOptions {
            serde_json::from_str(&format!(r#"{{"brokers":"b:1","position":"p",{more}}}"#)).unwrap()
        };
        let of =
            |text: &str| more(text).security().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        assert_eq!(of(r#""tls":{"ca":"ca.pem"}"#), ["security.protocol=ssl", "ssl.ca.location=ca.pem"]);
        let plain = r#""sasl":{"mechanism":"PLAIN","user":"u","password":"hidden"}"#;
        let names = ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", "sasl.username=u", "sasl.password=hidden"];
        assert_eq!(of(plain), names);
        assert_eq!(of(&format!(r#""tls":{{}},{plain}"#))[0], "security.protocol=sasl_ssl");
        assert!(!format!("{:?}", more(plain)).contains("hidden"));
        more(plain).check().unwrap();
        let double = more(&format!(r#""settings":{{"sasl.username":"x"}},{plain}"#)).check().unwrap_err();
        assert!(double.to_string().contains("sasl.username stands beside"), "{double}");
        let needs = more(r#""sasl":{"user":"u","password":"hidden"}"#).check();
        assert_eq!(needs.is_ok(), cfg!(feature = "kafka_tls"));
        assert!(needs.is_ok_and(|()| true) || more(r#""tls":{}"#).check().unwrap_err().kind() == ErrorKind::Unsupported);
    }
}
