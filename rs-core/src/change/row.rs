//! [`Row`] and [`Column`]: an image of a row, decoded lazily.

use std::borrow::Cow;

use crate::change::image::{ColumnSpan, ColumnSpans, ImageBuilder, RowForm, SpanContent};
use crate::change::value::{ColumnState, Decimal, Number, NumberText, Value};
use crate::decode::Fault;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Kind, Reading, TableDef};
use crate::text::Charset;
use crate::time::DateTime;

/// One image of a row: the columns that a change record lists. Each is decoded only when it is requested.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    list: &'a [u8],
    table: &'a TableDef,
    form: RowForm,
}

impl<'a> Row<'a> {
    /// Creates a row from the column list of an image.
    #[inline]
    #[must_use]
    pub fn new(list: &'a [u8], table: &'a TableDef, form: impl Into<RowForm>) -> Self {
        Self { list, table, form: form.into() }
    }

    /// Returns the columns that the image has, in the order of the trail; missing columns are not among them. A damaged image may
    /// list a column twice, which [`ColumnSpans::verify`] detects; [`at`](Self::at) returns the first.
    #[inline]
    pub fn columns(&self) -> impl Iterator<Item = std::result::Result<Column<'a>, Fault>> + use<'a> {
        let Self { table, form, .. } = *self;
        self.spans().map(move |span| Ok(Column { span: span?, table, form }))
    }

    /// Returns the columns as spans of bytes with their indexes, without using the definition. This is the fastest access.
    #[inline]
    #[must_use]
    pub fn spans(&self) -> ColumnSpans<'a> {
        ColumnSpans::new(self.list, self.form)
    }

    /// Returns a column by its index in the table. `None` if it is missing; a column of state *invalid* if the image is damaged
    /// before it, since then it is unknown whether the image has it.
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Column<'a>> {
        let column = |span| Some(Column { span, table: self.table, form: self.form });
        for span in self.spans() {
            match span {
                Ok(span) if usize::from(span.index) == index => return column(span),
                Ok(_) => {}
                Err(_) => return column(ColumnSpan { index: index as u16, bytes: &[] }),
            }
        }
        None
    }

    /// Returns a column by its name; see [`TableDef::column`] for how names match. `None` if it is missing, or if the table has
    /// no such column. Without a definition the names are `COL0`, `COL1` …
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Column<'a>> {
        let index = match self.table.column(name) {
            Some((index, _)) => index,
            None => name
                .strip_prefix("COL")
                .and_then(|number| number.parse().ok())
                .filter(|&index| index >= self.table.columns().len())?,
        };
        self.at(index)
    }

    /// Returns the table's definition.
    #[must_use]
    pub fn table(&self) -> &'a TableDef {
        self.table
    }

    /// Returns how its indexes and lengths are written.
    #[inline]
    #[must_use]
    pub fn form(&self) -> RowForm {
        self.form
    }

    /// Returns the raw column list.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.list
    }

    /// Returns whether the list is an image of this table: it ends with a column, its indexes rise and are the table's, and each
    /// null flag is a known one. Other bytes, such as ciphertext, are not.
    pub(crate) fn reads_as_image(&self) -> bool {
        let mut next = 0;
        self.spans().all(|span| {
            let Ok(span) = span else { return false };
            let index = usize::from(span.index);
            let known = !self.table.is_defined() || index < self.table.columns().len();
            let rises = index >= next;
            next = index + 1;
            known && rises && !matches!(span.content(), SpanContent::Invalid)
        })
    }
}

/// One column of an image: its state, and its value by the type in its definition.
///
/// Typed accessors fail with [`ErrorKind::Value`] if the column is NULL, of another type, or not decodable.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    span: ColumnSpan<'a>,
    table: &'a TableDef,
    form: RowForm,
}

impl<'a> Column<'a> {
    /// Returns its index in the table.
    #[inline]
    #[must_use]
    pub fn index(&self) -> usize {
        usize::from(self.span.index)
    }

    /// Returns its name; `COL` and its index if there is no definition.
    #[must_use]
    pub fn name(&self) -> Cow<'a, str> {
        match self.definition() {
            Some(definition) => Cow::Borrowed(&*definition.name),
            None => Cow::Owned(format!("COL{}", self.span.index)),
        }
    }

    /// Returns its definition; `None` if the table's definition is unknown or does not have the column.
    #[inline]
    #[must_use]
    pub fn definition(&self) -> Option<&'a ColumnDef> {
        self.table.columns().get(self.index())
    }

    #[inline(always)]
    fn reading(&self) -> Option<&'a Reading> {
        self.table.reading(self.span.index)
    }

    /// Returns whether it is NULL.
    #[inline]
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.span.content(), SpanContent::Null)
    }

    /// Returns its state. Decodes the value to find out whether it is decodable.
    #[must_use]
    pub fn state(&self) -> ColumnState {
        match self.value() {
            Value::Null => ColumnState::Null,
            Value::Invalid(_) => ColumnState::Invalid,
            Value::Unchanged => ColumnState::Unchanged,
            _ => ColumnState::Value,
        }
    }

    /// Returns its raw span, null flag included.
    #[inline]
    #[must_use]
    pub fn span(&self) -> &'a [u8] {
        self.span.bytes
    }

    /// Returns its bytes without the null flag; all bytes if the flag is unknown.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        match self.span.content() {
            SpanContent::Value(body) => body,
            _ => self.span.bytes,
        }
    }

    /// Appends it to an image in the wide form, verbatim, as the column `index`.
    pub(crate) fn copy_to(&self, index: u16, image: &mut ImageBuilder) -> std::result::Result<(), Fault> {
        let body = match self.span.content() {
            SpanContent::Value(body) => body,
            SpanContent::Null => {
                image.null(index);
                return Ok(());
            }
            SpanContent::Invalid if self.span.is_unchanged(self.form) => return image.unchanged(index).map(drop),
            SpanContent::Invalid => return image.invalid(index, self.span.invalid_bytes(self.form)).map(drop),
        };
        let prefixed = matches!(
            self.reading().map(|reading| reading.kind),
            Some(Kind::Text { prefixed: true } | Kind::NumberText { prefixed: true } | Kind::Binary { prefixed: true })
        );
        match if prefixed { self.form.unprefixed(body) } else { Some(body) } {
            Some(body) => image.fixed(index, body),
            None => image.invalid(index, body),
        }
        .map(drop)
    }

    /// Returns its value.
    ///
    /// Without a definition, printable bytes are text, and others are bytes.
    // Inlined, so that a binding that matches on the value does not have to build one.
    #[inline(always)]
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        let body = match self.span.content() {
            SpanContent::Value(body) => body,
            SpanContent::Null => return Value::Null,
            SpanContent::Invalid if self.span.is_unchanged(self.form) => return Value::Unchanged,
            SpanContent::Invalid => return Value::Invalid(self.span.invalid_bytes(self.form)),
        };
        match self.reading() {
            Some(reading) => decode(reading, body, self.form).unwrap_or(Value::Invalid(body)),
            // A column that the definition does not have is not guessed.
            None if self.table.is_defined() => Value::Invalid(body),
            None => guess(body, self.form),
        }
    }

    /// Returns its text.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is NULL, not text, or not valid in its character set.
    pub fn text(&self) -> Result<Cow<'a, str>> {
        match self.value() {
            Value::Text(text) => Ok(text),
            Value::Number(Number::Text(text)) => Ok(Cow::Borrowed(text)),
            other => Err(self.is_not("text", &other)),
        }
    }

    /// Returns its exact number.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is NULL, not a number, or has more than 38 digits.
    #[inline]
    pub fn decimal(&self) -> Result<Decimal> {
        // The common case, without a `Value` in between.
        if let (Some(reading), [0, 0, body @ ..]) = (self.reading(), self.span.bytes) {
            if let Kind::Integer { width, signed } = reading.kind {
                if let Some(mantissa) = integer(body, width, signed) {
                    return Ok(Decimal::new(mantissa, reading.scale));
                }
            }
        }
        match self.value() {
            Value::Number(number) => number.decimal().ok_or_else(|| self.error("has more than 38 digits")),
            other => Err(self.is_not("a number", &other)),
        }
    }

    /// Returns all digits of a number that is stored as a signed 64-bit integer, and how many of them are after the decimal
    /// point. This is the fastest access to most numbers. `None` if it is NULL, not decodable, or stored in another form.
    #[inline(always)]
    #[must_use]
    pub fn mantissa(&self) -> Option<(i64, u8)> {
        let (reading, [0, 0, body @ ..]) = (self.reading()?, self.span.bytes) else { return None };
        let stored_so = reading.kind == Kind::Integer { width: 8, signed: true };
        body.try_into().ok().filter(|_| stored_so).map(|digits| (i64::from_be_bytes(digits), reading.scale))
    }

    /// Returns the bytes of its text if its character set is UTF-8, unchecked, for callers that check them anyway; `None`
    /// otherwise.
    #[inline(always)]
    #[must_use]
    pub fn unchecked_utf8(&self) -> Option<&'a [u8]> {
        let (reading, [0, 0, body @ ..]) = (self.reading()?, self.span.bytes) else { return None };
        match reading.kind {
            Kind::Text { prefixed } if reading.charset.is_utf8() => {
                if prefixed {
                    self.form.unprefixed(body)
                } else {
                    Some(body)
                }
            }
            _ => None,
        }
    }

    /// Returns its integer.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is NULL, not a number, has a fraction, or does not fit.
    #[inline]
    pub fn i64(&self) -> Result<i64> {
        self.decimal()?.to_i64().ok_or_else(|| self.error("is not a 64-bit integer"))
    }

    /// Returns its date, or date and time.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is NULL, not a date, or not decodable.
    pub fn datetime(&self) -> Result<DateTime> {
        match self.value() {
            Value::DateTime(time) => Ok(time),
            other => Err(self.is_not("a date", &other)),
        }
    }

    /// Returns its bytes without null flag and length, whatever its type, decodable or not.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if it is NULL.
    pub fn bytes(&self) -> Result<&'a [u8]> {
        let SpanContent::Value(body) = self.span.content() else { return Err(self.is_not("bytes", &self.value())) };
        let prefixed = matches!(
            self.reading().map(|reading| reading.kind),
            Some(Kind::Text { prefixed: true } | Kind::NumberText { prefixed: true } | Kind::Binary { prefixed: true })
        );
        Ok(if prefixed { self.form.unprefixed(body).unwrap_or(body) } else { body })
    }

    #[cold]
    fn error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Value, format!("column {} {what}", self.name()))
    }

    #[cold]
    fn is_not(&self, wanted: &str, value: &Value<'_>) -> Error {
        match value {
            Value::Null => self.error("is NULL"),
            Value::Invalid(_) => self.error("is not decodable"),
            Value::Unchanged => self.error("is a large object that the change left unchanged"),
            _ => self.error(&format!("is not {wanted}")),
        }
    }
}

/// Decodes a body by its column's type; `None` if the bytes are not of that type.
#[inline(always)]
fn decode<'a>(reading: &Reading, body: &'a [u8], form: RowForm) -> Option<Value<'a>> {
    let characters = |prefixed| if prefixed { form.unprefixed(body) } else { Some(body) };
    Some(match reading.kind {
        Kind::Text { prefixed } => Value::Text(reading.charset.decode(characters(prefixed)?)?),
        Kind::NumberText { prefixed } => {
            let text = std::str::from_utf8(characters(prefixed)?).ok()?;
            NumberText::parse(text)?;
            Value::Number(Number::Text(text))
        }
        Kind::Binary { prefixed } => Value::Bytes(characters(prefixed)?),
        Kind::Integer { width, signed } => {
            Value::Number(Number::Exact(Decimal::new(integer(body, width, signed)?, reading.scale)))
        }
        Kind::DateTime => Value::DateTime(DateTime::parse_bytes(body)?),
        Kind::Opaque => Value::Bytes(body),
    })
}

/// Decodes a big-endian integer: column integers are big-endian in either byte order (docs/trail-format.md, section 3, SEEN).
#[inline]
pub(crate) fn integer(body: &[u8], width: u8, signed: bool) -> Option<i128> {
    if body.len() != usize::from(width) {
        return None;
    }
    if let (Some(bytes), 8) = (body.first_chunk::<8>(), width) {
        return Some(if signed { i128::from(i64::from_be_bytes(*bytes)) } else { i128::from(u64::from_be_bytes(*bytes)) });
    }
    if let (Some(bytes), 4) = (body.first_chunk::<4>(), width) {
        return Some(if signed { i128::from(i32::from_be_bytes(*bytes)) } else { i128::from(u32::from_be_bytes(*bytes)) });
    }
    let bytes = body.first_chunk::<2>()?;
    Some(if signed { i128::from(i16::from_be_bytes(*bytes)) } else { i128::from(u16::from_be_bytes(*bytes)) })
}

/// Decodes a body of unknown type: text if its characters, with or without a length before them, are printable.
fn guess(body: &[u8], form: RowForm) -> Value<'_> {
    let printable = |bytes| Charset::UNSTATED.decode(bytes).filter(|text| !text.chars().any(char::is_control));
    match form.unprefixed(body).or(Some(body)).and_then(printable) {
        Some(text) => Value::Text(text),
        None => Value::Bytes(body),
    }
}
