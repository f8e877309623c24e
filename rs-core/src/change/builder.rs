//! [`Builder`]: makes changes from values, for sources that are not trails.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::change::change::Change;
use crate::change::facts::{Ddl, Fact, FactValue, UserToken};
use crate::change::head::{Head, HeadFacts, Layout};
use crate::change::image::{ImageBuilder, RowForm};
use crate::change::value::{Decimal, Number, Value, integer_body};
use crate::change::{ChangeContext, FileContext, PositionSpace, SourceFormat, TransactionIds};
use crate::change::{Lists, NumberText, Op, OwnedChange, OwnedValue, TransactionIndicator};
use crate::decode::{ByteOrder, Fault};
use crate::error::{Error, ErrorKind, Result};
use crate::position::Position;
use crate::schema::{ColumnDef, Kind, TableDef, TableId};
use crate::text::Charset;
use crate::time::{DateTime, Timestamp};

/// Makes a change from values: for other kinds of change records, for tests, for callers with rows but no trail.
///
/// Columns that are not set are missing from the image. A value that its column's type cannot hold is kept as *invalid*.
///
/// ```
/// use std::sync::Arc;
/// use trailcore::change::{Builder, Number, Value};
/// use trailcore::filter::{Scratch, Select};
/// use trailcore::schema::{ColumnDef, TableDef};
/// use trailcore::Op;
///
/// let table = Arc::new(TableDef::new("HR.EMP", vec![ColumnDef::varchar("NAME", 20), ColumnDef::number("SALARY")]));
/// let rich = Builder::new(Op::Insert, &table).after("SALARY", &Value::Number(Number::Text("2000")))?.build()?;
/// let program = Select::parse("TABLE HR.EMP, FILTER (SALARY > 1000);")?.bind(&table);
/// assert!(program.verdict(&rich.as_change(), &mut Scratch::default()).is_accept());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    op: Op,
    table: Arc<TableDef>,
    table_id: TableId,
    position: Position,
    record: u64,
    source_len: u32,
    time: Timestamp,
    ids: (Option<Box<str>>, Option<Box<str>>),
    transaction: TransactionIndicator,
    unfinished: bool,
    before: Option<Image>,
    after: Option<Image>,
    extras: Vec<u8>,
}

/// An image being made.
#[derive(Clone, Debug)]
enum Image {
    /// A row.
    Row(RowImage),
    /// Not supported, with the reason.
    Unsupported,
}

/// The image of a row being made.
#[derive(Clone, Debug)]
struct RowImage {
    list: ImageBuilder,
    /// Bit `i` is 1 if column `i` is set: looking it up in the list would take as long as the list is.
    set: Vec<u64>,
}

impl RowImage {
    fn new() -> Self {
        Self { list: ImageBuilder::new(RowForm::Wide), set: Vec::new() }
    }

    /// Prepares a column to be set. Returns `false` if it was set before.
    fn unset(&mut self, index: u16) -> bool {
        let (word, bit) = (usize::from(index / 64), 1 << (index % 64));
        if self.set.len() <= word {
            self.set.resize(word + 1, 0);
        }
        let Some(word) = self.set.get_mut(word) else { return true };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new || !self.list.remove(index)
    }
}

/// The result of [`Builder::encode`].
pub(crate) struct Built {
    pub(crate) head: Head,
    pub(crate) space: PositionSpace,
}

impl Builder {
    /// Starts a change of a table: at the position 0:0, the only one of its transaction, without images.
    #[must_use]
    pub fn new(op: Op, table: &Arc<TableDef>) -> Self {
        Self::of_table(op, table, table.own_id())
    }

    pub(crate) fn of_table(op: Op, table: &Arc<TableDef>, table_id: TableId) -> Self {
        Self {
            op,
            table: Arc::clone(table),
            table_id,
            position: Position::default(),
            record: 0,
            source_len: 0,
            time: Timestamp::default(),
            ids: (None, None),
            transaction: TransactionIndicator::Only,
            unfinished: false,
            before: None,
            after: None,
            extras: Vec::new(),
        }
    }

    /// Sets the position in the source.
    #[must_use]
    pub fn position(self, position: Position) -> Self {
        Self { position, ..self }
    }

    /// Sets the number of the source's record or line, and its length in bytes.
    pub(crate) fn source(self, record: u64, source_len: u32) -> Self {
        Self { record, source_len, ..self }
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn timestamp(self, time: Timestamp) -> Self {
        Self { time, ..self }
    }

    /// Sets CSN and id of the transaction, and the change's place in it.
    #[must_use]
    pub fn transaction(self, csn: Option<&str>, xid: Option<&str>, indicator: TransactionIndicator) -> Self {
        Self { ids: (csn.map(Into::into), xid.map(Into::into)), transaction: indicator, ..self }
    }

    /// Sets whether the transaction breaks off after the change; see [`Change::is_unfinished`].
    #[must_use]
    pub fn unfinished(self, unfinished: bool) -> Self {
        Self { unfinished, ..self }
    }

    /// Sets a column of the before image. The image exists from its first column on.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the table has no such column.
    pub fn before(mut self, column: &str, value: &Value<'_>) -> Result<Self> {
        let (index, definition) = find(&self.table, column)?;
        put(&mut self.before, index, definition, value)?;
        Ok(self)
    }

    /// Sets a column of the after image. The image exists from its first column on.
    ///
    /// # Errors
    /// The errors of [`before`](Self::before).
    pub fn after(mut self, column: &str, value: &Value<'_>) -> Result<Self> {
        let (index, definition) = find(&self.table, column)?;
        put(&mut self.after, index, definition, value)?;
        Ok(self)
    }

    /// Gives the change a before image, which has no columns yet.
    #[must_use]
    pub fn with_before(mut self) -> Self {
        self.before.get_or_insert_with(|| Image::Row(RowImage::new()));
        self
    }

    /// Gives the change an after image, which has no columns yet.
    #[must_use]
    pub fn with_after(mut self) -> Self {
        self.after.get_or_insert_with(|| Image::Row(RowImage::new()));
        self
    }

    /// Sets the after image, in the wide form.
    pub(crate) fn after_image(mut self, list: ImageBuilder) -> Self {
        self.after = Some(Image::Row(RowImage { list, set: Vec::new() }));
        self
    }

    /// Gives the change a before image that cannot be read.
    pub(crate) fn unsupported_before(mut self, why: &str) -> Self {
        self.before = Some(Image::Unsupported);
        self.add(Extra::UnsupportedBefore, "", why.as_bytes());
        self
    }

    /// Gives the change an after image that cannot be read.
    pub(crate) fn unsupported_after(mut self, why: &str) -> Self {
        self.after = Some(Image::Unsupported);
        self.add(Extra::UnsupportedAfter, "", why.as_bytes());
        self
    }

    /// Adds a token of the native JSON form.
    #[must_use]
    pub fn token(mut self, name: &str, value: &[u8]) -> Self {
        self.add(Extra::Token, name, value);
        self
    }

    /// Sets the area of the user's tokens, raw.
    #[must_use]
    pub fn user_tokens(mut self, area: &[u8]) -> Self {
        self.add(Extra::UserTokens, "", area);
        self
    }

    /// Adds a user token with the name that `@TOKEN (name)` uses. The native JSON form has such tokens; a trail has only the raw
    /// area of [`user_tokens`](Self::user_tokens), because the form of the tokens in it is UNKNOWN.
    #[must_use]
    pub fn user_token(mut self, name: &str, value: &str) -> Self {
        self.add(Extra::UserToken, name, value.as_bytes());
        self
    }

    /// Sets the text of DDL and its object, `owner.table`.
    #[must_use]
    pub fn ddl(mut self, text: &str, object: Option<&str>) -> Self {
        self.add(Extra::Ddl, "", text.as_bytes());
        if let Some(object) = object {
            self.add(Extra::DdlObject, "", object.as_bytes());
        }
        self
    }

    pub(crate) fn fact(mut self, fact: Fact, value: &OwnedValue) -> Self {
        let (kind, bytes): (u8, &[u8]) = match value {
            OwnedValue::Null => (b'n', b""),
            OwnedValue::Number(digits) => (b'd', digits.as_bytes()),
            OwnedValue::Text(text) => (b't', text.as_bytes()),
            OwnedValue::Bytes(bytes) => (b'b', bytes),
            OwnedValue::Invalid(bytes) => (b'i', bytes),
            OwnedValue::Unchanged => (b'm', b""),
        };
        self.add(Extra::Fact, &format!("{fact:?}"), &[&[kind], bytes].concat());
        self
    }

    fn add(&mut self, extra: Extra, name: &str, value: &[u8]) {
        // Lengths of 32 bits: a longer value does not fit into a block.
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.extras.push(extra as u8);
        self.extras.extend_from_slice(&length(name.as_bytes()));
        self.extras.extend_from_slice(&length(value));
        self.extras.extend_from_slice(name.as_bytes());
        self.extras.extend_from_slice(value);
    }

    /// Sets a column by its index. Returns `false` if it had been set before.
    pub(crate) fn set(&mut self, before: bool, index: usize, value: &Value<'_>) -> Result<bool> {
        let index =
            u16::try_from(index).map_err(|_| Error::new(ErrorKind::Unencodable, "a table with more than 65,536 columns"))?;
        let image = if before { &mut self.before } else { &mut self.after };
        match self.table.columns().get(usize::from(index)) {
            Some(column) => put(image, index, column, value),
            // A table without a definition.
            None => put(image, index, &ColumnDef::varchar("", 0), value),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// [`ErrorKind::Unencodable`] if it has four gigabytes or more.
    pub fn build(self) -> Result<OwnedChange> {
        let mut buffer = Vec::new();
        let built = self.encode(&mut buffer)?;
        let file = values_context(Path::new("values").into(), built.space);
        let context = ChangeContext { file: Arc::new(file), ids: self.transaction_ids(0), start: None };
        Ok(Change::new(&buffer, &built.head, &context, (self.table_id, &self.table)).to_owned())
    }

    pub(crate) fn transaction_ids(&self, serial: u64) -> TransactionIds {
        TransactionIds::kept(self.ids.0.as_deref(), self.ids.1.as_deref(), serial)
    }

    pub(crate) fn table(&self) -> (TableId, &Arc<TableDef>) {
        (self.table_id, &self.table)
    }

    /// Appends the change's bytes to a buffer: images, time, extras.
    pub(crate) fn encode(&self, buffer: &mut Vec<u8>) -> Result<Built> {
        let at = buffer.len();
        let list = |image| match image {
            &Some(Image::Row(RowImage { ref list, .. })) => list.bytes(),
            _ => &[],
        };
        let (before, after) = (list(&self.before), list(&self.after));
        buffer.extend_from_slice(before);
        buffer.extend_from_slice(after);
        buffer.extend_from_slice(&self.time.unix_micros().to_le_bytes());
        buffer.extend_from_slice(&self.extras);
        let length = |bytes: usize| {
            u32::try_from(bytes).map_err(|_| Error::new(ErrorKind::Unencodable, "a change of four gigabytes or more"))
        };
        let layout = match (&self.before, &self.after) {
            (Some(Image::Unsupported), _) | (_, Some(Image::Unsupported)) => Layout::Other,
            (None, None) => Layout::None,
            (Some(_), None) => Layout::Before,
            (None, Some(_)) => Layout::After,
            (Some(_), Some(_)) => Layout::Apart,
        };
        let (before_len, after_len) = (length(before.len())?, length(after.len())?);
        let data = if layout == Layout::Before { (0, before_len) } else { (before_len, after_len) };
        let (space, offset) = match self.position {
            Position::Trail(position) => (PositionSpace::Trail(position.seqno), position.rba),
            Position::Offset(offset) => (PositionSpace::Bytes(0), offset),
            other => {
                let what = format!("a change from values cannot have the position {other}");
                return Err(Error::new(ErrorKind::InvalidArgument, what).hint("set a position of a trail, or an offset"));
            }
        };
        let facts = HeadFacts::new(self.op, 0)
            .with_layout(layout)
            .with_form(RowForm::Wide)
            .with_transaction(self.transaction.byte())
            .with_images(self.before.is_some(), self.after.is_some())
            .with_in_transaction(self.op.is_change())
            .with_unfinished(self.unfinished);
        let head = Head {
            at,
            len: length(buffer.len() - at)?,
            main_at: 0,
            data_at: data.0,
            data_len: data.1,
            before_at: 0,
            before_len,
            source_len: self.source_len,
            time_at: length(before.len() + after.len())?,
            facts,
            offset,
            record: self.record,
        };
        Ok(Built { head, space })
    }
}

/// The context of changes made from values.
pub(crate) fn values_context(file: Arc<Path>, space: PositionSpace) -> FileContext {
    FileContext { file, format: &Values, space, encrypted: false, charset: Charset::UTF_8, header: None }
}

/// Returns an image as a row, creating it if there is none.
fn row(image: &mut Option<Image>) -> Result<&mut RowImage> {
    if !matches!(image, Some(Image::Row(_))) {
        *image = Some(Image::Row(RowImage::new()));
    }
    match image {
        Some(Image::Row(row)) => Ok(row),
        _ => Err(Error::internal("an image that was made a row is not one")),
    }
}

fn find<'t>(table: &'t TableDef, name: &str) -> Result<(u16, &'t ColumnDef)> {
    let found = table.column(name).and_then(|(index, column)| Some((u16::try_from(index).ok()?, column)));
    found.ok_or_else(|| {
        let what = format!("table {} has no column {name}", table.name());
        Error::new(ErrorKind::InvalidArgument, what).hint("use the column names of the table")
    })
}

/// Puts a value into an image in the form of its column's type, or as *invalid* if it has no such form. Returns `false` if the
/// column already had a value.
fn put(image: &mut Option<Image>, index: u16, column: &ColumnDef, value: &Value<'_>) -> Result<bool> {
    let row = row(image)?;
    let is_new = row.unset(index);
    put_value(&mut row.list, index, column, value)?;
    Ok(is_new)
}

/// Appends a value to an image in the wide form, in the form of its column's type, or as *invalid* if it has no such form.
pub(crate) fn put_value(image: &mut ImageBuilder, index: u16, column: &ColumnDef, value: &Value<'_>) -> Result<()> {
    let put = match (value, column.kind()) {
        (Value::Null, _) => {
            image.null(index);
            return Ok(());
        }
        (Value::Unchanged, _) => image.unchanged(index),
        (Value::Invalid(bytes), _) | (Value::Bytes(bytes), Kind::Integer { .. } | Kind::DateTime) => image.invalid(index, bytes),
        (Value::Bytes(bytes), _) => image.fixed(index, bytes),
        (Value::Text(text), kind) => put_text(image, index, column, kind, text),
        (Value::Number(number), kind) => put_number(image, index, column, kind, *number),
        (Value::DateTime(time), Kind::DateTime) => image.fixed(index, trail_text(*time).as_bytes()),
        (Value::DateTime(time), kind) => put_text(image, index, column, kind, &time.to_string()),
    };
    put.map(drop).map_err(|fault: Fault| Error::new(ErrorKind::Unencodable, format!("column {}: {fault}", column.name)))
}

type Put<'i> = std::result::Result<&'i mut ImageBuilder, Fault>;

fn put_text<'i>(image: &'i mut ImageBuilder, index: u16, column: &ColumnDef, kind: Kind, text: &str) -> Put<'i> {
    match kind {
        Kind::Text { .. } => match column.text_charset().encode(text) {
            Some(bytes) => image.fixed(index, &bytes),
            None => image.invalid(index, text.as_bytes()),
        },
        Kind::Integer { width, signed } => match text.parse().ok().and_then(|number| body_of(number, column, width, signed)) {
            Some(body) => image.fixed(index, &body),
            None => image.invalid(index, text.as_bytes()),
        },
        Kind::DateTime => match DateTime::parse(text) {
            Some(time) => image.fixed(index, trail_text(time).as_bytes()),
            None => image.invalid(index, text.as_bytes()),
        },
        _ => image.fixed(index, text.as_bytes()),
    }
}

fn put_number<'i>(image: &'i mut ImageBuilder, index: u16, column: &ColumnDef, kind: Kind, number: Number<'_>) -> Put<'i> {
    let digits = match number {
        Number::Exact(decimal) => Cow::Owned(decimal.to_string()),
        Number::Text(digits) => Cow::Borrowed(digits),
    };
    match kind {
        Kind::NumberText { .. } if NumberText::parse(&digits).is_some() => image.fixed(index, digits.as_bytes()),
        Kind::Integer { width, signed } => match number.decimal().and_then(|number| body_of(number, column, width, signed)) {
            Some(body) => image.fixed(index, &body),
            None => image.invalid(index, digits.as_bytes()),
        },
        _ => image.invalid(index, digits.as_bytes()),
    }
}

/// Returns the body of an integer column; `None` if the number does not fit without loss.
fn body_of(number: Decimal, column: &ColumnDef, width: u8, signed: bool) -> Option<Vec<u8>> {
    integer_body(number.at_scale(u8::try_from(column.scale).ok()?)?, width, signed)
}

/// Returns a date in the form of a trail, with a colon before the time.
fn trail_text(time: DateTime) -> String {
    time.to_string().replacen('T', ":", 1)
}

/// The kinds of extras: the parts of a change from values that are not its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Extra {
    Token = 1,
    UserTokens,
    UserToken,
    Ddl,
    DdlObject,
    UnsupportedBefore,
    UnsupportedAfter,
    Fact,
}

/// The format of changes made from values: their extras follow the images.
#[derive(Debug)]
struct Values;

/// Returns the names and values of a change's extras of one kind.
fn extras<'a>(change: &Change<'a>, wanted: Extra) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let head = change.head();
    let mut rest = change.own_bytes().get(head.time_at as usize + 8..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let (&[kind, a, b, c, d, e, f, g, h], tail) = rest.split_first_chunk()?;
            let (name, tail) = tail.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)?;
            let (value, tail) = tail.split_at_checked(u32::from_le_bytes([e, f, g, h]) as usize)?;
            rest = tail;
            if kind == wanted as u8 {
                return Some((std::str::from_utf8(name).ok()?, value));
            }
        }
    })
}

fn text_of<'a>(change: &Change<'a>, wanted: Extra) -> Option<&'a str> {
    extras(change, wanted).next().and_then(|(_, value)| std::str::from_utf8(value).ok())
}

impl SourceFormat for Values {
    fn transaction_ids<'a>(&self, _: &'a [u8], _: ByteOrder) -> (Option<&'a str>, Option<&'a str>) {
        // They are kept as texts.
        (None, None)
    }

    fn images<'a>(&self, change: &Change<'a>) -> Result<Lists<'a>> {
        let why = text_of(change, Extra::UnsupportedBefore).or_else(|| text_of(change, Extra::UnsupportedAfter));
        let why = why.ok_or_else(|| Error::internal("an image without a layout"))?;
        Err(change.locate(Error::new(ErrorKind::Unsupported, why)))
    }

    fn tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(Cow<'a, str>, &'a [u8])) {
        extras(change, Extra::Token).for_each(|(name, value)| each(Cow::Borrowed(name), value));
    }

    fn user_tokens<'a>(&self, change: &Change<'a>) -> Option<&'a [u8]> {
        extras(change, Extra::UserTokens).next().map(|(_, area)| area)
    }

    fn named_user_tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(&'a str, &'a str)) {
        let text = |(name, value)| Some((name, std::str::from_utf8(value).ok()?));
        extras(change, Extra::UserToken).filter_map(text).for_each(|(name, value)| each(name, value));
    }

    fn user_token<'a>(&self, change: &Change<'a>, name: &str) -> UserToken<'a> {
        let found = extras(change, Extra::UserToken).find(|(own, _)| own.eq_ignore_ascii_case(name));
        match found.and_then(|(_, value)| std::str::from_utf8(value).ok()) {
            Some(value) => UserToken::Value(value),
            None if self.user_tokens(change).is_some() => UserToken::UnknownLayout,
            None => UserToken::Missing,
        }
    }

    fn ddl<'a>(&self, change: &Change<'a>) -> Option<Ddl<'a>> {
        let object = text_of(change, Extra::DdlObject).map(Cow::Borrowed);
        Some(Ddl { text: Cow::Borrowed(text_of(change, Extra::Ddl)?), object })
    }

    fn fact<'a>(&self, change: &Change<'a>, fact: Fact) -> Option<FactValue<'a>> {
        let wanted = format!("{fact:?}");
        let (kind, value) = extras(change, Extra::Fact).find(|(name, _)| *name == wanted)?.1.split_first()?;
        let text = || std::str::from_utf8(value).ok();
        Some(match kind {
            b'n' => FactValue::Null,
            b'd' => text().map_or(FactValue::Invalid, FactValue::Digits),
            b't' => text().map_or(FactValue::Invalid, |text| FactValue::Text(Cow::Borrowed(text))),
            b'b' => FactValue::Bytes(value),
            b'i' => FactValue::Invalid,
            _ => FactValue::Missing,
        })
    }
}
