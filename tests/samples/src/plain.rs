//! A plain reader of the native JSON form, for tests: an oracle that shares no code with the library.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::{self, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

const BASE64_MEMBER: &str = "$base64";
const INVALID: &str = "$invalid";
const UNCHANGED: &str = "$unchanged";
const UNSUPPORTED: &str = "$unsupported";

fn one_member<S: Serializer>(serializer: S, name: &str, value: &str) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}

fn serialize_digits<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(digits).map_err(ser::Error::custom)?;
    raw.serialize(serializer)
}

/// A value of the native JSON form, where dates are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainValue {
    /// SQL NULL.
    Null,
    /// A number, with exactly these digits.
    Number(Box<str>),
    /// Text, or a date.
    Text(Box<str>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Present, but not decodable: its bytes.
    Invalid(Vec<u8>),
    /// A large object that the change left unchanged.
    Unchanged,
}

/// An image of the native JSON form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainImage {
    /// Columns by name, in the trail's order. A column that is not listed is missing.
    Row(Vec<(String, PlainValue)>),
    /// The image has an unknown form or is encrypted; the reason.
    Unsupported(String),
}

/// A record's tokens in the native JSON form, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainTokens(pub Vec<(String, PlainValue)>);

/// A change as plain values, like its native JSON, from which it is read and to which it is written without loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainChange {
    /// Sequence number of its file.
    pub seqno: u64,
    /// The first byte of its record.
    pub rba: u64,
    /// The operation.
    pub op: String,
    /// Its table.
    pub table: String,
    /// The record's timestamp.
    pub ts: String,
    /// Commit sequence number.
    pub csn: Option<String>,
    /// Transaction id.
    pub xid: Option<String>,
    /// The transaction indicator.
    pub txn: Option<String>,
    /// The row before.
    pub before: Option<PlainImage>,
    /// The row after.
    pub after: Option<PlainImage>,
    /// Its tokens.
    #[serde(default)]
    pub tokens: PlainTokens,
    /// The text of DDL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddl: Option<String>,
}

impl PlainChange {
    /// Reads one line of native JSON.
    ///
    /// # Errors
    /// The errors of serde.
    pub fn from_json(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line)
    }

    /// Writes one line of native JSON, without a line end.
    ///
    /// # Errors
    /// The errors of serde.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Serialize for PlainValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Number(digits) => serialize_digits(digits, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => one_member(serializer, BASE64_MEMBER, &BASE64.encode(bytes)),
            Self::Invalid(bytes) => one_member(serializer, INVALID, &HEXLOWER_PERMISSIVE.encode(bytes)),
            Self::Unchanged => one_member(serializer, UNCHANGED, "lob"),
        }
    }
}

impl Serialize for PlainImage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Row(columns) => serialize_columns(columns, serializer),
            Self::Unsupported(why) => one_member(serializer, UNSUPPORTED, why),
        }
    }
}

impl Serialize for PlainTokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_columns(&self.0, serializer)
    }
}

fn serialize_columns<S: Serializer>(columns: &[(String, PlainValue)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(columns.len()))?;
    for (name, value) in columns {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Only raw text keeps the digits of a number; the other values are read from the text too.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(de::Error::custom)?),
            Some(b'-' | b'0'..=b'9') => Self::Number(text.into()),
            Some(b'{') => {
                let [(name, value)] = serde_json::from_str::<Pairs<String>>(text).map_err(de::Error::custom)?.exactly_one()?;
                let bytes = |decoded: Result<Vec<u8>, _>| {
                    decoded.map_err(|_| de::Error::custom("a value's bytes are not encoded as its member requires"))
                };
                match name.as_str() {
                    BASE64_MEMBER => Self::Bytes(bytes(BASE64.decode(value.as_bytes()))?),
                    INVALID => Self::Invalid(bytes(HEXLOWER_PERMISSIVE.decode(value.as_bytes()))?),
                    UNCHANGED => Self::Unchanged,
                    _ => return Err(de::Error::custom("a value is an object of an unknown form")),
                }
            }
            _ => return Err(de::Error::custom("a value is neither null, number, text nor bytes")),
        })
    }
}

impl<'de> Deserialize<'de> for PlainTokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pairs::deserialize(deserializer).map(|pairs| Self(pairs.0))
    }
}

impl<'de> Deserialize<'de> for PlainImage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Pairs::<PlainValue>::deserialize(deserializer)?.0;
        Ok(match pairs.as_slice() {
            [(name, PlainValue::Text(why))] if name == UNSUPPORTED => Self::Unsupported(why.to_string()),
            _ => Self::Row(pairs),
        })
    }
}

/// The members of a JSON object, in their order. A name may occur twice.
struct Pairs<V>(Vec<(String, V)>);

impl<V> Pairs<V> {
    fn exactly_one<E: de::Error>(self) -> Result<[(String, V); 1], E> {
        self.0.try_into().map_err(|_| E::custom("a value is an object of an unknown form"))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}
