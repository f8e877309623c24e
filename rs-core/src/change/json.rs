//! The native JSON form: one object for each change, for comparisons by tests, tools and other languages. `docs/json.md`
//! specifies it.

use std::borrow::Cow;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::ser::{self, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::change::{Change, Number, Op, OwnedValue, Row, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;

/// How [`Change::write_json_with`] writes a change.
///
/// ```
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
/// use trailcore::JsonOptions;
///
/// let mut reader = trail.reader()?;
/// let mut lines = Vec::new();
/// while let Some(change) = reader.next()? {
///     change.write_json_with(&mut lines, &JsonOptions::new().text_numbers(true))?;
/// }
/// assert!(String::from_utf8_lossy(&lines).contains(r#""CUSTOMER_ID":"1""#));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct JsonOptions<'a> {
    columns: Option<&'a dyn Fn(&str) -> bool>,
    text_numbers: bool,
}

impl std::fmt::Debug for JsonOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonOptions").field("text_numbers", &self.text_numbers).finish_non_exhaustive()
    }
}

impl<'a> JsonOptions<'a> {
    /// Returns the default options: all columns, numbers as JSON numbers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes only the columns whose names `wanted` accepts.
    #[must_use]
    pub fn columns(self, wanted: &'a dyn Fn(&str) -> bool) -> Self {
        Self { columns: Some(wanted), ..self }
    }

    /// Writes the numbers of columns as texts with the same digits, for consumers that read JSON numbers as floating-point
    /// numbers. Reading such lines back gives texts.
    #[must_use]
    pub fn text_numbers(self, text_numbers: bool) -> Self {
        Self { text_numbers, ..self }
    }
}

impl Change<'_> {
    /// Returns the change as one line of native JSON, without a line end.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if an image is damaged. An image of an unknown form, such as an encrypted one, is not an error: it
    /// is shown as `{"$unsupported": "why"}`.
    pub fn to_json(&self) -> Result<String> {
        let mut line = Vec::with_capacity(512);
        self.write_json(&mut line)?;
        String::from_utf8(line).map_err(|_| Error::internal("the native JSON of a change is not UTF-8"))
    }

    /// Appends the same line to a buffer, which the caller can reuse. If the change fails, the buffer is as it was before the
    /// call.
    ///
    /// # Errors
    /// The errors of [`to_json`](Self::to_json).
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write_json_with(out, &JsonOptions::new())
    }

    /// Appends the same line with only those columns in its images whose names `wanted` accepts.
    ///
    /// # Errors
    /// The errors of [`to_json`](Self::to_json).
    pub fn write_json_columns(&self, out: &mut Vec<u8>, wanted: Option<&dyn Fn(&str) -> bool>) -> Result<()> {
        self.write_json_with(out, &JsonOptions { columns: wanted, text_numbers: false })
    }

    /// Appends the same line with these options.
    ///
    /// # Errors
    /// The errors of [`to_json`](Self::to_json).
    pub fn write_json_with(&self, out: &mut Vec<u8>, options: &JsonOptions<'_>) -> Result<()> {
        let options = *options;
        let (has_before, has_after) = self.has_images();
        let image = |row, has| Ok::<_, Error>(self.json_image(row, has)?.map(|image| WantedImage { image, options }));
        let images = (image(self.before(), has_before)?, image(self.after(), has_after)?);
        let start = out.len();
        serde_json::to_writer(&mut *out, &self.members(images)).map_err(|error| {
            out.truncate(start);
            Error::new(ErrorKind::Json, error.to_string())
        })
    }

    /// Appends the key of its row as a JSON object: the key columns of the definition, in their order, with the values after the change, and
    /// before it for a delete. Returns `false`, and appends nothing, if the table has no key, or the change has no image with all of it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// let mut reader = trail.reader()?;
    /// let mut key = Vec::new();
    /// while let Some(change) = reader.next()? {
    ///     key.clear();
    ///     if &*change.table_name() == "BANK.POSTINGS" && change.write_json_key(&mut key)? {
    ///         assert!(key.starts_with(br#"{"POSTING_ID":"#));
    ///     }
    /// }
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if an image is damaged.
    pub fn write_json_key(&self, out: &mut Vec<u8>) -> Result<bool> {
        let (before, after) = self.images()?;
        self.write_key(out, if self.op() == Op::Delete { (before, None) } else { (after, before) })
    }

    /// As [`write_json_key`](Self::write_json_key), with the key before the change.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if an image is damaged.
    pub fn write_json_old_key(&self, out: &mut Vec<u8>) -> Result<bool> {
        let (before, after) = self.images()?;
        self.write_key(out, if self.op() == Op::Insert { (None, None) } else { (before, after) })
    }

    /// Appends the key columns of a row. A column that the row lacks has not changed: the other image may have it.
    fn write_key(&self, out: &mut Vec<u8>, (row, other): (Option<Row<'_>>, Option<Row<'_>>)) -> Result<bool> {
        let start = out.len();
        let mut serializer = serde_json::Serializer::new(&mut *out);
        let mut write = || {
            let mut map = serializer.serialize_map(None)?;
            let (mut wanted, mut written) = (0, 0);
            for (index, column) in self.table().columns().iter().enumerate().filter(|(_, column)| column.key) {
                wanted += 1;
                if let Some(found) = [row, other].iter().flatten().find_map(|row| row.at(index)) {
                    map.serialize_entry(&column.name, &JsonValue(found.value(), false))?;
                    written += 1;
                }
            }
            map.end()?;
            Ok(wanted > 0 && written == wanted)
        };
        let outcome = write().map_err(|error: serde_json::Error| Error::new(ErrorKind::Json, error.to_string()));
        if !matches!(outcome, Ok(true)) {
            out.truncate(start);
        }
        outcome
    }

    fn members<'a>(&'a self, (before, after): (Option<WantedImage<'a>>, Option<WantedImage<'a>>)) -> Members<'a> {
        let trail = self.position().trail();
        let (csn, xid) = self.ids();
        Members {
            seqno: trail.map(|position| position.seqno),
            rba: trail.map(|position| position.rba),
            position: if trail.is_none() { Some(OtherPosition(self.position())) } else { None },
            op: self.op().name(),
            table: self.table_name(),
            ts: self.timestamp().to_string(),
            csn,
            xid,
            txn: self.transaction().name(),
            unfinished: self.is_unfinished(),
            before,
            after,
            tokens: Tokens(self),
            ddl: self.ddl().map(|ddl| ddl.into_text()),
        }
    }

    /// Returns an image that has been read to its end, or the reason why it is not supported.
    fn json_image<'a>(&self, row: Result<Option<Row<'a>>>, has: bool) -> Result<Option<RowImage<'a>>> {
        match row {
            Ok(None) => Ok(None),
            Ok(Some(row)) => {
                let columns = row.spans().verify().map_err(|fault| self.error(fault))?;
                Ok(Some(RowImage::Row(row, columns)))
            }
            Err(error) if error.kind() == ErrorKind::Unsupported && !has => Ok(None),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Some(RowImage::Unsupported(error.what().to_owned()))),
            Err(error) => Err(error),
        }
    }
}

impl Serialize for Change<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (has_before, has_after) = self.has_images();
        let image = |row, has| match self.json_image(row, has) {
            Ok(image) => Ok(image.map(|image| WantedImage { image, options: JsonOptions::new() })),
            Err(error) => Err(ser::Error::custom(error)),
        };
        self.members((image(self.before(), has_before)?, image(self.after(), has_after)?)).serialize(serializer)
    }
}

/// The members, in the order in which they are written.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seqno: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rba: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<OtherPosition>,
    op: &'a str,
    table: Cow<'a, str>,
    ts: String,
    csn: Option<&'a str>,
    xid: Option<&'a str>,
    txn: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unfinished: bool,
    before: Option<WantedImage<'a>>,
    after: Option<WantedImage<'a>>,
    tokens: Tokens<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ddl: Option<Cow<'a, str>>,
}

/// A position that is not in a trail, as text.
struct OtherPosition(Position);

impl Serialize for OtherPosition {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

enum RowImage<'a> {
    /// A row, and the number of its columns.
    Row(Row<'a>, usize),
    Unsupported(String),
}

/// An image, and how to write it.
struct WantedImage<'a> {
    image: RowImage<'a>,
    options: JsonOptions<'a>,
}

impl Serialize for WantedImage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.image {
            RowImage::Unsupported(why) => one_member(serializer, UNSUPPORTED_MEMBER, why),
            RowImage::Row(row, columns) => {
                let mut map = serializer.serialize_map(if self.options.columns.is_none() { Some(*columns) } else { None })?;
                for column in row.columns() {
                    let column = column.map_err(ser::Error::custom)?;
                    let name = column.name();
                    if self.options.columns.is_none_or(|wanted| wanted(&name)) {
                        map.serialize_entry(&name, &JsonValue(column.value(), self.options.text_numbers))?;
                    }
                }
                map.end()
            }
        }
    }
}

pub(crate) const BASE64_MEMBER: &str = "$base64";
pub(crate) const INVALID_MEMBER: &str = "$invalid";
pub(crate) const UNCHANGED_MEMBER: &str = "$unchanged";
pub(crate) const UNSUPPORTED_MEMBER: &str = "$unsupported";

fn one_member<S: Serializer>(serializer: S, name: &str, value: &str) -> std::result::Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}

/// A value in the native JSON form; with `true`, numbers are texts.
pub(crate) struct JsonValue<'a>(pub(crate) Value<'a>, pub(crate) bool);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Number(number) if self.1 => serializer.collect_str(number),
            Value::Number(number) => serialize_number(*number, serializer),
            Value::DateTime(time) => serializer.collect_str(time),
            Value::Bytes(bytes) => one_member(serializer, BASE64_MEMBER, &BASE64.encode(bytes)),
            Value::Invalid(bytes) => one_member(serializer, INVALID_MEMBER, &HEXLOWER_PERMISSIVE.encode(bytes)),
            Value::Unchanged => one_member(serializer, UNCHANGED_MEMBER, "lob"),
        }
    }
}

/// Serializes a number with exactly its digits, as a JSON number, never through a float.
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

/// The tokens by name.
struct Tokens<'a>(&'a Change<'a>);

impl Serialize for Tokens<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut written = Ok(());
        self.0.each_token(|name, value| {
            if written.is_ok() {
                written = map.serialize_entry(&*name, &JsonValue(token_value(value), false));
            }
        });
        written?;
        if let Some(user) = self.0.user_tokens() {
            map.serialize_entry("user", &JsonValue(Value::Bytes(user), false))?;
        } else {
            let mut named = Vec::new();
            self.0.each_user_token(|name, value| named.push((name, value)));
            if !named.is_empty() {
                map.serialize_entry("user", &NamedTexts(&named))?;
            }
        }
        map.end()
    }
}

/// An object of texts.
struct NamedTexts<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for NamedTexts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

fn token_value(bytes: &[u8]) -> Value<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.into()),
        Err(_) => Value::Bytes(bytes),
    }
}

impl Serialize for OwnedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Number(digits) => serialize_digits(digits, serializer),
            other => JsonValue(other.as_value(), false).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use crate::change::{Builder, Number, Op, OwnedChange, Value};
    use crate::schema::{ColumnDef, TableDef};

    fn table() -> Arc<TableDef> {
        let columns = vec![ColumnDef::varchar("NOTE", 9), ColumnDef::number("ID").key(), ColumnDef::varchar("PART", 9).key()];
        Arc::new(TableDef::new("T", columns))
    }

    /// A change with the given columns before and after it.
    fn change(op: Op, table: &Arc<TableDef>, before: &[(&str, &str)], after: &[(&str, &str)]) -> OwnedChange {
        fn value<'a>((name, text): (&str, &'a str)) -> Value<'a> {
            if name == "ID" { Value::Number(Number::Text(text)) } else { Value::Text(text.into()) }
        }
        let mut builder = Builder::new(op, table);
        for column in before {
            builder = builder.before(column.0, &value(*column)).unwrap();
        }
        for column in after {
            builder = builder.after(column.0, &value(*column)).unwrap();
        }
        builder.build().unwrap()
    }

    /// The keys after and before a change.
    fn keys(change: &OwnedChange) -> (Option<String>, Option<String>) {
        let change = change.as_change();
        let key = |write: &dyn Fn(&mut Vec<u8>) -> bool| {
            let mut out = b"in front ".to_vec();
            let has_key = write(&mut out);
            let text = String::from_utf8(out).unwrap().strip_prefix("in front ").unwrap().to_owned();
            assert_eq!(has_key, !text.is_empty(), "a key that is incomplete leaves nothing");
            has_key.then_some(text)
        };
        (key(&|out| change.write_json_key(out).unwrap()), key(&|out| change.write_json_old_key(out).unwrap()))
    }

    #[test]
    fn a_key_has_the_columns_of_the_definition_in_their_order() {
        let key = || Some(r#"{"ID":7,"PART":"a"}"#.to_owned());
        let row = [("PART", "a"), ("NOTE", "n"), ("ID", "7")];
        assert_eq!(keys(&change(Op::Insert, &table(), &[], &row)), (key(), None));
        assert_eq!(keys(&change(Op::Update, &table(), &row, &row)), (key(), key()));
        assert_eq!(keys(&change(Op::Delete, &table(), &row, &[])), (key(), key()));
    }

    #[test]
    fn a_key_update_has_two_keys_and_each_image_completes_the_other() {
        let update = change(Op::PkUpdate, &table(), &[("ID", "7"), ("PART", "a")], &[("ID", "8")]);
        assert_eq!(keys(&update), (Some(r#"{"ID":8,"PART":"a"}"#.to_owned()), Some(r#"{"ID":7,"PART":"a"}"#.to_owned())));
    }

    #[test]
    fn no_key_and_an_incomplete_key_are_no_key() {
        let without = Arc::new(TableDef::new("T", vec![ColumnDef::varchar("NOTE", 9)]));
        assert_eq!(keys(&change(Op::Insert, &without, &[], &[("NOTE", "n")])), (None, None));
        assert_eq!(keys(&change(Op::Insert, &table(), &[], &[("ID", "7")])), (None, None));
    }
}
