//! The native JSON form: one object a change, by which tests, tools and other languages compare. `docs/json.md` has its
//! rules.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::{self, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::change::{Change, Number, Row, Value};
use crate::error::{Error, ErrorKind, Result};

impl Change<'_> {
    /// The change as one line of native JSON, without a line end.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where an image is damaged. An image of a form that is not known, an encrypted one among
    /// them, is no error: it is shown as `{"$unsupported": "why"}`.
    pub fn to_json(&self) -> Result<String> {
        let mut line = Vec::with_capacity(512);
        self.write_json(&mut line)?;
        String::from_utf8(line).map_err(|_| Error::new(ErrorKind::Json, "the JSON is no UTF-8"))
    }

    /// Appends the same line to a buffer, for use over and over. What was there stays, also where the change fails.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        let (has_before, has_after) = self.has_images();
        let images = (self.json_image(self.before(), has_before)?, self.json_image(self.after(), has_after)?);
        let start = out.len();
        serde_json::to_writer(&mut *out, &self.members(images)).map_err(|error| {
            out.truncate(start);
            Error::new(ErrorKind::Json, error.to_string())
        })
    }

    fn members<'a, I: Serialize>(&'a self, (before, after): (Option<I>, Option<I>)) -> Members<'a, I, ChangeTokens<'a>> {
        let ddl = self.ddl();
        Members {
            seqno: self.position().seqno,
            rba: self.position().rba,
            op: self.op().name(),
            table: self.table_name(),
            ts: self.timestamp().to_string(),
            csn: self.csn(),
            xid: self.xid(),
            txn: self.transaction().name(),
            before,
            after,
            tokens: ChangeTokens(self),
            ddl: ddl.map(|ddl| ddl.text()),
        }
    }

    /// An image that reads from end to end, or the reason why it is not supported.
    fn json_image<'a>(&self, row: Result<Option<Row<'a>>>, has: bool) -> Result<Option<RowImage<'a>>> {
        match row {
            Ok(None) => Ok(None),
            Ok(Some(row)) => {
                let columns = row.spans().verify().map_err(|fault| self.fault(fault))?;
                Ok(Some(RowImage::Row(row, columns)))
            }
            Err(error) if error.kind() == ErrorKind::Unsupported && !has => Ok(None),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Some(RowImage::Unsupported(error.what().to_owned()))),
            Err(error) => Err(error),
        }
    }

    /// The change as plain values: what its JSON says.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn to_plain(&self) -> Result<PlainChange> {
        PlainChange::from_json(&self.to_json()?)
    }
}

impl Serialize for Change<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (has_before, has_after) = self.has_images();
        let image = |row, has| self.json_image(row, has).map_err(ser::Error::custom);
        self.members((image(self.before(), has_before)?, image(self.after(), has_after)?)).serialize(serializer)
    }
}

/// The members, in the order in which they are written.
#[derive(Serialize)]
struct Members<'a, I, T> {
    seqno: u64,
    rba: u64,
    op: &'a str,
    table: std::borrow::Cow<'a, str>,
    ts: String,
    csn: Option<&'a str>,
    xid: Option<&'a str>,
    txn: Option<&'a str>,
    before: Option<I>,
    after: Option<I>,
    tokens: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    ddl: Option<std::borrow::Cow<'a, str>>,
}

enum RowImage<'a> {
    /// A row, and how many columns it lists.
    Row(Row<'a>, usize),
    Unsupported(String),
}

impl Serialize for RowImage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Unsupported(why) => one_member(serializer, UNSUPPORTED, why),
            Self::Row(row, columns) => {
                let mut map = serializer.serialize_map(Some(*columns))?;
                for column in row.columns() {
                    let column = column.map_err(ser::Error::custom)?;
                    map.serialize_entry(&column.name(), &JsonValue(column.value()))?;
                }
                map.end()
            }
        }
    }
}

const BASE64_MEMBER: &str = "$base64";
const INVALID: &str = "$invalid";
const UNCHANGED: &str = "$unchanged";
const UNSUPPORTED: &str = "$unsupported";

fn one_member<S: Serializer>(serializer: S, name: &str, value: &str) -> std::result::Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}

struct JsonValue<'a>(Value<'a>);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Number(number) => serialize_number(*number, serializer),
            Value::DateTime(time) => serializer.collect_str(time),
            Value::Bytes(bytes) => one_member(serializer, BASE64_MEMBER, &BASE64.encode(bytes)),
            Value::Invalid(bytes) => one_member(serializer, INVALID, &HEXLOWER_PERMISSIVE.encode(bytes)),
            Value::Unchanged => one_member(serializer, UNCHANGED, "lob"),
        }
    }
}

/// A number with exactly its digits: as a JSON number, never through a float.
fn serialize_number<S: Serializer>(number: Number<'_>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    if let Number::Exact(decimal) = number {
        if let (0, Ok(whole)) = (decimal.scale(), i64::try_from(decimal.mantissa())) {
            return serializer.serialize_i64(whole);
        }
    }
    serialize_digits(&number.to_string(), serializer)
}

fn serialize_digits<S: Serializer>(digits: &str, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(digits).map_err(ser::Error::custom)?;
    raw.serialize(serializer)
}

/// A record's tokens by name, less CSN and transaction id, without those that have no value.
struct ChangeTokens<'a>(&'a Change<'a>);

impl Serialize for ChangeTokens<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (token, value) in self.0.token_values() {
            map.serialize_entry(&*token.label(), &JsonValue(token_value(value)))?;
        }
        if let Some(user) = self.0.user_tokens() {
            map.serialize_entry("user", &JsonValue(Value::Bytes(user)))?;
        }
        map.end()
    }
}

fn token_value(bytes: &[u8]) -> Value<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.into()),
        Err(_) => Value::Bytes(bytes),
    }
}

/// A value as the native JSON form has it. Dates are text there.
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
    /// A large object that the change left as it was.
    Unchanged,
}

/// An image as the native JSON form has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainImage {
    /// Columns by name, in the trail's order. A column that is not listed is missing.
    Row(Vec<(String, PlainValue)>),
    /// The image is of a form that is not known, or encrypted; why.
    Unsupported(String),
}

/// A record's tokens as the native JSON form has them, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainTokens(pub Vec<(String, PlainValue)>);

/// A change as plain values, as its native JSON says: read from JSON and written to it without loss.
///
/// ```
/// use trailcore::{PlainChange, PlainImage, PlainValue};
/// let line = r#"{"seqno":0,"rba":7,"op":"insert","table":"A.B","ts":"2015-11-05T18:45:36.000000Z","csn":"1","xid":null,"txn":"only","before":null,"after":{"PRICE":17520.00,"NOTE":null},"tokens":{}}"#;
/// let change = PlainChange::from_json(line)?;
/// let Some(PlainImage::Row(columns)) = &change.after else { panic!() };
/// assert_eq!(columns[0].1, PlainValue::Number("17520.00".into()));
/// assert_eq!(change.to_json()?, line);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlainChange {
    /// Sequence number of its file.
    pub seqno: u64,
    /// Where its record starts.
    pub rba: u64,
    /// What it does.
    pub op: String,
    /// Its table.
    pub table: String,
    /// The record's time.
    pub ts: String,
    /// Commit sequence number.
    pub csn: Option<String>,
    /// Transaction id.
    pub xid: Option<String>,
    /// Where it stands in its transaction.
    pub txn: Option<String>,
    /// The row before.
    pub before: Option<PlainImage>,
    /// The row after.
    pub after: Option<PlainImage>,
    /// Its tokens.
    #[serde(default)]
    pub tokens: PlainTokens,
    /// The text of a statement.
    #[serde(default)]
    pub ddl: Option<String>,
}

impl PlainChange {
    /// Reads one line of native JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] where the text is no such object. The message says where, and holds no values.
    pub fn from_json(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| {
            let what = format!("not a change in the native JSON form: line {}, column {}", error.line(), error.column());
            Error::new(ErrorKind::Json, what)
        })
    }

    /// Writes one line of native JSON, without a line end.
    ///
    /// # Errors
    /// [`ErrorKind::Json`] where a number is not one that JSON allows.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|_| Error::new(ErrorKind::Json, "a number is not one that JSON allows"))
    }
}

impl Serialize for PlainChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Members {
            seqno: self.seqno,
            rba: self.rba,
            op: &self.op,
            table: self.table.as_str().into(),
            ts: self.ts.clone(),
            csn: self.csn.as_deref(),
            xid: self.xid.as_deref(),
            txn: self.txn.as_deref(),
            before: self.before.as_ref(),
            after: self.after.as_ref(),
            tokens: &self.tokens,
            ddl: self.ddl.as_deref().map(Into::into),
        }
        .serialize(serializer)
    }
}

impl Serialize for PlainValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
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
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Row(columns) => serialize_columns(columns, serializer),
            Self::Unsupported(why) => one_member(serializer, UNSUPPORTED, why),
        }
    }
}

impl Serialize for PlainTokens {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serialize_columns(&self.0, serializer)
    }
}

fn serialize_columns<S: Serializer>(columns: &[(String, PlainValue)], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(columns.len()))?;
    for (name, value) in columns {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

impl<'de> Deserialize<'de> for PlainValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // A number's digits survive only as raw text; the rest is read from that text too.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => Self::Text(serde_json::from_str(text).map_err(de::Error::custom)?),
            Some(b'-' | b'0'..=b'9') => Self::Number(text.into()),
            Some(b'{') => {
                let [(name, value)] = serde_json::from_str::<Pairs<String>>(text).map_err(de::Error::custom)?.exactly_one()?;
                let bytes = |decoded: std::result::Result<Vec<u8>, _>| {
                    decoded.map_err(|_| de::Error::custom("a value's bytes are not encoded as its member says"))
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Pairs::deserialize(deserializer).map(|pairs| Self(pairs.0))
    }
}

impl<'de> Deserialize<'de> for PlainImage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let pairs = Pairs::<PlainValue>::deserialize(deserializer)?.0;
        Ok(match pairs.as_slice() {
            [(name, PlainValue::Text(why))] if name == UNSUPPORTED => Self::Unsupported(why.to_string()),
            _ => Self::Row(pairs),
        })
    }
}

/// The members of a JSON object in their order, the same name twice included.
struct Pairs<V>(Vec<(String, V)>);

impl<V> Pairs<V> {
    fn exactly_one<E: de::Error>(self) -> std::result::Result<[(String, V); 1], E> {
        self.0.try_into().map_err(|_| E::custom("a value is an object of an unknown form"))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs<V>, A::Error> {
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
