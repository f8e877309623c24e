//! [`RecordReport`]: one record as a document.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::change::{Column, JsonValue, Row, Value};
use crate::decode::Fault;
use crate::position::TrailPosition;
use crate::source::RecordView;
use crate::time::Timestamp;
use crate::trail::{Record, RecordHeader, TableRef, tokens};

/// `records`: one record.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordReport<'a> {
    /// Position of the record.
    #[serde(serialize_with = "as_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub position: TrailPosition,
    /// Number of the record in its file.
    pub number: u64,
    /// Name of the record type.
    #[serde(rename = "type")]
    pub name: &'static str,
    /// Code of the record type.
    pub type_code: u8,
    /// Bytes of the record.
    pub length: usize,
    /// Name of its table; `null` if it has none, and if the file has not defined the index in the header.
    pub table: Option<&'a str>,
    /// CSN of its transaction.
    pub csn: Option<&'a str>,
    /// Id of its transaction.
    pub xid: Option<&'a str>,
    /// Empty for a file header, and if it is damaged.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub header: HeaderReport<'a>,
    /// The fault of a damaged header; then there are no tokens either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// GoldenGate's tokens by name.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub tokens: TokenReport<'a>,
    /// The area of the user's tokens in hexadecimal; its layout is unknown.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_hex")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub user_tokens: Option<&'a [u8]>,
    /// The columns before the change by name, if asked for: values as in native JSON. Without a definition of the table, the names
    /// are `COL0`, `COL1` …, and the values are `{"$undefined": "…"}` with the bytes in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub before: Option<ImageReport<'a>>,
    /// The columns after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    pub after: Option<ImageReport<'a>>,
    /// Why the columns are not shown, or not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns_fault: Option<String>,
    /// The text of DDL, if columns are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ddl: Option<Cow<'a, str>>,
    /// All bytes in hexadecimal, if asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_hex")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub hex: Option<&'a [u8]>,
}

/// The optional content of a [`RecordReport`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordDetail {
    /// The columns of rows, and the text of DDL.
    pub columns: bool,
    /// All bytes.
    pub bytes: bool,
}

impl<'a> RecordReport<'a> {
    /// Reports a record.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::report::{RecordDetail, RecordReport};
    ///
    /// let mut views = trail.record_views(&ReadOptions::new(), None)?;
    /// let mut tables = 0;
    /// while let Some(view) = views.next()? {
    ///     let report = RecordReport::of(&view, RecordDetail { columns: true, bytes: false });
    ///     tables += u32::from(report.table.is_some() && report.after.is_some());
    /// }
    /// assert!(tables > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn of(view: &RecordView<'a>, detail: RecordDetail) -> Self {
        let record = view.record;
        let (header, fault) = match if record.is_file_header() { None } else { Some(record.header()) } {
            None => (None, None),
            Some(Ok(header)) => (Some(header), None),
            Some(Err(fault)) => (None, Some(fault.to_string())),
        };
        let readable = header.is_some();
        let mut report = Self {
            position: view.position,
            number: view.number,
            name: super::type_name(&record),
            type_code: record.record_type().0,
            length: record.bytes().len(),
            table: view.table().map(|table| table.name()),
            csn: view.csn(),
            xid: view.xid(),
            header: HeaderReport(header),
            fault,
            tokens: TokenReport(readable.then_some(record)),
            user_tokens: if readable { record.user_token_area() } else { None },
            before: None,
            after: None,
            columns_fault: None,
            ddl: None,
            hex: detail.bytes.then(|| record.bytes()),
        };
        if detail.columns && readable {
            report.ddl = view.ddl();
            match view.images() {
                Ok((before, after)) => {
                    (report.before, report.after) = (before.map(ImageReport), after.map(ImageReport));
                    let fault = [before, after].into_iter().flatten().find_map(|row| row.spans().verify().err());
                    report.columns_fault = fault.map(|fault| fault.to_string());
                }
                Err(fault) => report.columns_fault = Some(fault.to_string()),
            }
        }
        report
    }
}

/// The fields of a record's header.
#[derive(Clone, Debug)]
pub struct HeaderReport<'a>(Option<RecordHeader<'a>>);

/// The value of a field.
#[derive(Clone, Debug)]
pub enum FieldValue<'a> {
    /// A number.
    Number(u64),
    /// A text.
    Text(Cow<'a, str>),
    /// A time.
    Time(Timestamp),
    /// A value without a known meaning.
    Unknown,
}

impl<'a> HeaderReport<'a> {
    /// Returns the fields, in the order of the header; none if it is damaged.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, FieldValue<'a>)> + use<'a> {
        self.0.into_iter().flat_map(|header| {
            let letter = |byte: u8| FieldValue::Text(if byte == b'A' { "A".into() } else { char::from(byte).to_string().into() });
            let number = |number: u8| FieldValue::Number(number.into());
            [
                ("record_length", FieldValue::Number(header.record_length.into())),
                ("record_type", number(header.record_type.0)),
                ("before_after", letter(header.before_after)),
                ("transaction", header.transaction.name().map_or(FieldValue::Unknown, |name| FieldValue::Text(name.into()))),
                ("orig_node", number(header.orig_node)),
                ("partition", number(header.partition)),
                ("undo", number(header.undo)),
                ("time", FieldValue::Time(header.time)),
                ("audit_pos", FieldValue::Number(header.audit_pos)),
                ("audit_rba", FieldValue::Number(header.audit_rba.into())),
                ("format_type", letter(header.format_type)),
                ("syskey_len", number(header.syskey_len)),
                ("incomplete", number(header.incomplete)),
                ("continued", number(header.continued)),
                ("record_count", number(header.record_count)),
                match header.table {
                    TableRef::Name(name) => ("table", FieldValue::Text(String::from_utf8_lossy(name))),
                    TableRef::Index(index) => ("table_index", FieldValue::Number(index.into())),
                },
            ]
        })
    }
}

impl Serialize for HeaderReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => serializer.collect_str(time),
            Self::Unknown => serializer.serialize_unit(),
        }
    }
}

/// GoldenGate's tokens of a record.
#[derive(Clone, Debug)]
pub struct TokenReport<'a>(Option<Record<'a>>);

impl<'a> TokenReport<'a> {
    /// Returns names and values, in order; a value that is not text is in hexadecimal. Of a token that occurs twice, only the
    /// first is returned.
    pub fn texts(&self) -> impl Iterator<Item = (Cow<'static, str>, Cow<'a, str>)> + use<'a> {
        let mut seen = [false; 256];
        let area = self.0.map(|record| (record.token_area().unwrap_or_default(), record.byte_order()));
        let all = area.into_iter().flat_map(|(area, order)| tokens::parse(area, order)).flatten();
        all.filter_map(move |token| {
            let seen = seen.get_mut(usize::from(token.id()))?;
            if std::mem::replace(seen, true) {
                return None;
            }
            let name = token.name().map_or_else(|| format!("0x{:02x}", token.id()).into(), Cow::Borrowed);
            let value = token.value().unwrap_or_default();
            let text = std::str::from_utf8(value).map_or_else(|_| format!("0x{}", super::hex(value)).into(), Cow::Borrowed);
            Some((name, text))
        })
    }
}

impl Serialize for TokenReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.texts())
    }
}

/// The columns of an image.
#[derive(Clone, Debug)]
pub struct ImageReport<'a>(Row<'a>);

impl<'a> ImageReport<'a> {
    /// Returns the columns up to damage.
    pub fn columns(&self) -> impl Iterator<Item = Column<'a>> + use<'a> {
        self.0.columns().map_while(Result::ok)
    }

    /// Returns whether the trail defines the table. If not, the values of the columns are not known.
    #[must_use]
    pub fn is_defined(&self) -> bool {
        self.0.table().is_defined()
    }

    /// Returns the names of the columns that the image does not have; none if the table is not defined.
    ///
    /// # Errors
    /// A fault if the image is damaged: it is then unknown which columns it has.
    pub fn missing(&self) -> Result<Vec<&'a str>, Fault> {
        let columns = self.0.table().columns();
        let mut has = vec![false; columns.len()];
        for span in self.0.spans() {
            if let Some(has) = has.get_mut(usize::from(span?.index)) {
                *has = true;
            }
        }
        Ok(columns.iter().zip(has).filter(|(_, has)| !has).map(|(column, _)| &*column.name).collect())
    }
}

impl Serialize for ImageReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in self.columns() {
            match column.value() {
                Value::Text(_) | Value::Bytes(_) if !self.is_defined() => {
                    map.serialize_entry(&column.name(), &Undefined(column.body()))?;
                }
                value => map.serialize_entry(&column.name(), &JsonValue(value, false))?,
            }
        }
        map.end()
    }
}

/// The bytes of a column without a definition.
struct Undefined<'a>(&'a [u8]);

impl Serialize for Undefined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("$undefined", super::hex(self.0))])
    }
}

fn as_text<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_hex<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => serializer.serialize_str(&super::hex(bytes)),
        None => serializer.serialize_unit(),
    }
}
