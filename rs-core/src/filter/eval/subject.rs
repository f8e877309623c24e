//! What a filter looks at: a change of a trail, or plain values.

use std::cell::{Cell, OnceCell};
use std::fmt::Write;
use std::sync::Arc;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use crate::change::{Change, DateTime, Decimal, NumberText, Op, PlainValue, Row, Value, integer, unprefixed};
use crate::filter::eval::column::{ColumnUse, Needed};
use crate::filter::eval::environment::{EnvItem, HeaderItem, Meaning, meaning};
use crate::filter::eval::outcome::{EvalError, UndecidableReason};
use crate::filter::eval::scalar::{Scalar, Special};
use crate::filter::syntax::expr::Side;
use crate::schema::{Kind, Reading, TableDef};
use crate::time::Timestamp;
use crate::trail::image::{ColumnSpan, ColumnSpans, SpanContent};
use crate::trail::{ByteOrder, RecordType, TransactionIndicator, tokens};

/// What an evaluation asks of a change.
pub(crate) trait Subject {
    fn op(&self) -> Op;

    /// A column's value or state. What has to be converted is kept in `memory`.
    fn column<'e>(&'e self, column: ColumnUse, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;

    /// A column that holds a plain integer of this width; `None` for everything else, which [`column`](Self::column) tells.
    fn integer(&self, column: ColumnUse, width: u8, signed: bool) -> Option<i64>;

    /// An item of the environment.
    fn environment<'e>(&'e self, item: EnvItem, now: Timestamp, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;

    /// A user token.
    fn token<'e>(&'e self, name: &str, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;
}

/// Where a needed column lies in its image; a place beyond any image where it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    at: u32,
    len: u32,
}

impl Span {
    pub(crate) const MISSING: Self = Self { at: u32::MAX, len: 0 };
    /// The image is damaged before it.
    const LOST: Self = Self { at: u32::MAX, len: 1 };
}

/// A change of a trail. Images are split, and columns located, when the first of them is asked for.
pub(crate) struct ChangeSubject<'c, 's> {
    change: Change<'c>,
    table: &'c TableDef,
    /// The needed columns, their indexes rising.
    columns: &'s [Needed],
    /// Places of the needed columns in the before image, and then in the after image.
    places: &'s [Cell<Span>],
    images: OnceCell<Result<Images<'c>, UndecidableReason>>,
    located: [Cell<bool>; 2],
}

type Images<'c> = [Option<Row<'c>>; 2];

const BEFORE: usize = 0;
const AFTER: usize = 1;

impl<'c, 's> ChangeSubject<'c, 's> {
    /// `places` has room for two places for each of the columns.
    #[inline]
    pub(crate) fn new(change: Change<'c>, columns: &'s [Needed], places: &'s [Cell<Span>]) -> Self {
        Self { table: change.table(), change, columns, places, images: OnceCell::new(), located: [const { Cell::new(false) }; 2] }
    }

    #[inline]
    fn images(&self) -> Result<Images<'c>, UndecidableReason> {
        *self.images.get_or_init(|| match self.change.images() {
            Ok((before, after)) => Ok([before, after]),
            Err(_) => Err(UndecidableReason::Unreadable),
        })
    }

    /// A column's span in an image, and the image; `None` where the image does not list it.
    #[inline]
    fn span(&self, image: usize, column: ColumnUse) -> Result<Option<(ColumnSpan<'c>, Row<'c>)>, UndecidableReason> {
        let images = self.images()?;
        let Some(Some(row)) = images.get(image) else { return Ok(None) };
        let start = image * self.columns.len();
        if let Some(located) = self.located.get(image).filter(|located| !located.get()) {
            located.set(true);
            let places = self.places.get(start..start + self.columns.len()).unwrap_or_default();
            match row.byte_order() {
                ByteOrder::Big => locate(row.bytes(), ByteOrder::Big, self.columns, places),
                ByteOrder::Little => locate(row.bytes(), ByteOrder::Little, self.columns, places),
            }
        }
        let place = self.places.get(start + usize::from(column.slot)).map_or(Span::MISSING, Cell::get);
        match row.bytes().get(place.at as usize..(place.at as usize).saturating_add(place.len as usize)) {
            Some(bytes) => Ok(Some((ColumnSpan { index: column.index, bytes }, *row))),
            None if place.len == 0 => Ok(None),
            None => Err(UndecidableReason::Unreadable),
        }
    }

    #[inline]
    fn found(&self, column: ColumnUse) -> Result<Option<(ColumnSpan<'c>, Row<'c>)>, UndecidableReason> {
        match column.side {
            Side::After => self.span(AFTER, column),
            Side::Before => self.span(BEFORE, column),
            Side::Default => self.span(if self.change.op() == Op::Delete { BEFORE } else { AFTER }, column),
            Side::BeforeAfter => match self.span(BEFORE, column)? {
                None => self.span(AFTER, column),
                found => Ok(found),
            },
        }
    }
}

/// Finds the needed columns of an image, and stops behind the last of them.
#[inline(always)]
fn locate(list: &[u8], order: ByteOrder, columns: &[Needed], places: &[Cell<Span>]) {
    places.iter().for_each(|place| place.set(Span::MISSING));
    let base = list.as_ptr() as usize;
    let mut next = 0;
    for span in ColumnSpans::new(list, order) {
        let Ok(span) = span else {
            // What comes behind the damage cannot be told; what was found before it stands.
            let lost = columns.iter().skip(next).filter_map(|column| places.get(usize::from(column.slot)));
            lost.for_each(|place| place.set(Span::LOST));
            return;
        };
        // Both lists rise, so that one is walked along the other.
        while columns.get(next).is_some_and(|column| column.index < span.index) {
            next += 1;
        }
        let Some(column) = columns.get(next) else { return };
        let column = if column.index == span.index {
            next += 1;
            column
        } else {
            // An image whose indexes do not rise has not been seen; its columns are found all the same. The first counts.
            let before = columns.get(..next).unwrap_or_default();
            match before.binary_search_by_key(&span.index, |column| column.index).ok().and_then(|at| before.get(at)) {
                Some(column) => column,
                None => continue,
            }
        };
        if let Some(place) = places.get(usize::from(column.slot)).filter(|place| place.get().at == u32::MAX) {
            place.set(Span { at: (span.bytes.as_ptr() as usize - base) as u32, len: span.bytes.len() as u32 });
        }
        if next == columns.len() {
            return;
        }
    }
}

impl Subject for ChangeSubject<'_, '_> {
    #[inline]
    fn op(&self) -> Op {
        self.change.op()
    }

    fn column<'e>(&'e self, column: ColumnUse, memory: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        check_side(column, self.op())?;
        let Some((span, row)) = self.found(column).map_err(|why| EvalError::Column(column, why))? else {
            return Ok(Scalar::Missing);
        };
        let body = match span.content() {
            SpanContent::Value(body) => body,
            SpanContent::Null => return Ok(Scalar::Null),
            SpanContent::Invalid => return Ok(Scalar::Invalid),
        };
        match self.table.reading(column.index) {
            Some(reading) => Ok(scalar(reading, body, row.byte_order(), memory).unwrap_or(Scalar::Invalid)),
            None => Ok(match row.at(usize::from(column.index)).map(|column| column.value()) {
                Some(Value::Text(text)) => Scalar::Text(memory.alloc_str(&text)),
                Some(Value::Bytes(bytes)) => Scalar::Bytes(bytes),
                _ => Scalar::Invalid,
            }),
        }
    }

    #[inline]
    fn integer(&self, column: ColumnUse, width: u8, signed: bool) -> Option<i64> {
        let (span, _) = self.found(column).ok()??;
        let SpanContent::Value(body) = span.content() else { return None };
        if (width, signed) == (8, true) {
            return body.try_into().ok().map(i64::from_be_bytes);
        }
        integer(body, width, signed).and_then(|value| i64::try_from(value).ok())
    }

    fn environment<'e>(&'e self, item: EnvItem, now: Timestamp, memory: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        let change = &self.change;
        let header = || change.header().ok();
        let number = |number: Option<i128>| Ok(number.map_or(Scalar::Invalid, |number| Scalar::Number(Decimal::new(number, 0))));
        match item {
            EnvItem::OpType => Ok(op_type(change.record().record_type(), memory)),
            EnvItem::BeforeAfterIndicator => Ok(Scalar::Text(if change.record().is_before_image() { "BEFORE" } else { "AFTER" })),
            EnvItem::CommitTimestamp => Ok(time_text(change.timestamp(), memory)),
            EnvItem::LogPosition => number(header().map(|header| header.audit_pos.into())),
            EnvItem::LogRba => number(header().map(|header| header.audit_rba.into())),
            EnvItem::TableName => Ok(match change.table_name() {
                std::borrow::Cow::Borrowed(name) => Scalar::Text(name),
                std::borrow::Cow::Owned(name) => Scalar::Text(memory.alloc_str(&name)),
            }),
            EnvItem::RecordLength => number(header().map(|header| header.record_length.into())),
            EnvItem::TransactionIndicator => Ok(Scalar::Text(match change.transaction() {
                TransactionIndicator::First => "BEGIN",
                TransactionIndicator::Middle => "MIDDLE",
                TransactionIndicator::Last => "END",
                TransactionIndicator::Only => "WHOLE",
                _ => return Ok(Scalar::Missing),
            })),
            EnvItem::Csn => Ok(change.csn().map_or(Scalar::Missing, Scalar::Text)),
            EnvItem::Xid => Ok(change.xid().map_or(Scalar::Missing, Scalar::Text)),
            EnvItem::FileSeqno => number(Some(change.position().seqno.into())),
            EnvItem::FileRba => number(Some(change.position().rba.into())),
            EnvItem::RowId => {
                let token = change.tokens().find(|token| token.id() == tokens::id::ORAROWID).and_then(|token| token.value());
                Ok(token.and_then(|value| std::str::from_utf8(value).ok()).map_or(Scalar::Missing, Scalar::Text))
            }
            EnvItem::FileHeader(item) => {
                let Some(header) = change.file_header() else { return Ok(Scalar::Missing) };
                Ok(header_item(header, item, memory))
            }
            EnvItem::UserName => Err(EvalError::Unavailable("trails do not tell a transaction's user")),
            EnvItem::LagSeconds | EnvItem::LagMillis | EnvItem::LagMinutes | EnvItem::JulianTimestamp => {
                Ok(clock_item(item, change.timestamp(), now))
            }
        }
    }

    fn token<'e>(&'e self, _: &str, _: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        match self.change.user_tokens() {
            None => Ok(Scalar::Missing),
            Some(_) => Err(EvalError::Unavailable("how user tokens are laid out in trails is not known")),
        }
    }
}

/// A before image is asked of updates and deletes alone (spec section 4.1, SEEN).
#[inline]
fn check_side(column: ColumnUse, op: Op) -> Result<(), EvalError> {
    if column.side == Side::Before && op == Op::Insert {
        return Err(EvalError::Error(None, "an insert has no before image"));
    }
    Ok(())
}

/// The value of a body by its column's type; `None` where the bytes are not of that type.
fn scalar<'e>(reading: &Reading, body: &'e [u8], order: ByteOrder, memory: &'e Bump) -> Option<Scalar<'e>> {
    let characters = |prefixed| if prefixed { unprefixed(body, order) } else { Some(body) };
    Some(match reading.kind {
        Kind::Text { prefixed } => Scalar::Text(reading.charset.decode_in(characters(prefixed)?, memory)?),
        Kind::NumberText { prefixed } => digits(std::str::from_utf8(characters(prefixed)?).ok()?)?,
        Kind::Binary { prefixed } => Scalar::Bytes(characters(prefixed)?),
        Kind::Integer { width, signed } => Scalar::Number(Decimal::new(integer(body, width, signed)?, reading.scale)),
        Kind::DateTime => Scalar::DateTime(DateTime::parse_bytes(body)?),
        Kind::Opaque => Scalar::Bytes(body),
    })
}

/// The number that a text is.
fn digits(text: &str) -> Option<Scalar<'_>> {
    match NumberText::parse(text) {
        Some(number) => Some(number.decimal().map_or(Scalar::Digits(text), Scalar::Number)),
        None => Special::parse(text).map(Scalar::Special),
    }
}

/// Names of operations as parameter files compare them (spec section 6, SEEN there).
fn op_type(record_type: RecordType, memory: &Bump) -> Scalar<'_> {
    Scalar::Text(match record_type {
        RecordType::INSERT => "INSERT",
        RecordType::DELETE => "DELETE",
        RecordType::UPDATE => "UPDATE",
        RecordType::UPDATE_COMP => "ENSCRIBE COMPUPDATE",
        RecordType::FIELD_COMP | RecordType::UNIFIED_UPDATE => "SQL COMPUPDATE",
        RecordType::PK_UPDATE | RecordType::UNIFIED_PK_UPDATE => "PK UPDATE",
        RecordType::PURGE_DATA => "TRUNCATE",
        RecordType::DDL => "DDL",
        other => return Scalar::Text(memory.alloc_str(&other.to_string())),
    })
}

/// A moment as `YYYY-MM-DD HH:MI:SS.ffffff`, UTC.
pub(crate) fn time_text(time: Timestamp, memory: &Bump) -> Scalar<'_> {
    let mut text = BumpString::with_capacity_in(32, memory);
    // Writing to memory does not fail.
    let _ = write!(text, "{time}");
    let text = text.into_bump_str();
    let mut copy = BumpString::with_capacity_in(text.len(), memory);
    copy.extend(text.chars().filter(|c| *c != 'Z').map(|c| if c == 'T' { ' ' } else { c }));
    Scalar::Text(copy.into_bump_str())
}

fn clock_item<'e>(item: EnvItem, time: Timestamp, now: Timestamp) -> Scalar<'e> {
    let lag = now.unix_micros().saturating_sub(time.unix_micros());
    let value = match item {
        EnvItem::LagMillis => lag / 1000,
        EnvItem::LagMinutes => lag / 60_000_000,
        EnvItem::JulianTimestamp => return Scalar::Number(Decimal::new(now.julian().into(), 0)),
        _ => lag / 1_000_000,
    };
    Scalar::Number(Decimal::from(value))
}

fn header_item<'e>(header: &'e crate::trail::FileHeader, item: HeaderItem, memory: &'e Bump) -> Scalar<'e> {
    let text = |field: crate::trail::Field<&'e str>| field.value().map_or(Scalar::Missing, Scalar::Text);
    let number = |value: Option<i128>| value.map_or(Scalar::Missing, |value| Scalar::Number(Decimal::new(value, 0)));
    let time = |value: Option<Timestamp>| value.map_or(Scalar::Missing, |time| time_text(time, memory));
    let [os, host, ..] = header.machine();
    match item {
        HeaderItem::Compatibility => number(header.compatibility().value().map(i128::from)),
        HeaderItem::CreationTime => time(header.creation_time().value()),
        HeaderItem::FileName => text(header.file_name()),
        HeaderItem::Seqno => number(header.seqno().value().map(i128::from)),
        HeaderItem::FirstCsn => text(header.first_csn()),
        HeaderItem::FirstIoTime => time(header.first_time().value()),
        HeaderItem::Uri => text(header.uri()),
        HeaderItem::GroupName => text(header.producer_group()),
        HeaderItem::HostName => text(host),
        HeaderItem::OsType => text(os),
        HeaderItem::DatabaseName => text(header.database_name()),
        HeaderItem::DatabaseVersion => text(header.database_version()),
        HeaderItem::WriterVersion => text(header.producer_version()),
    }
}

/// A change as plain values: of other change records, of tests, of callers who have rows and no trail.
///
/// ```
/// use std::sync::Arc;
/// use trailcore::filter::{Facts, Select, Verdict};
/// use trailcore::schema::{ColumnDef, TableDef};
/// use trailcore::{Op, PlainValue};
///
/// let table = Arc::new(TableDef::new("HR.EMP", vec![ColumnDef::varchar("NAME", 20), ColumnDef::number("SALARY")]));
/// let program = Select::parse("TABLE HR.EMP, FILTER (SALARY > 1000);")?.bind(&table);
/// let rich = Facts::new(Op::Insert, &table).after("SALARY", PlainValue::Number("2000".into()))?;
/// assert!(matches!(program.verdict_of(&rich), Verdict::Accept(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Facts {
    op: Op,
    table: Arc<TableDef>,
    images: [Vec<Option<PlainValue>>; 2],
    environment: Vec<(EnvItem, PlainValue)>,
    tokens: Vec<(Box<str>, Box<str>)>,
}

impl Facts {
    /// A change of a table without any values: all columns are missing.
    #[must_use]
    pub fn new(op: Op, table: &Arc<TableDef>) -> Self {
        let none = || vec![None; table.columns().len()];
        Self { op, table: Arc::clone(table), images: [none(), none()], environment: Vec::new(), tokens: Vec::new() }
    }

    fn with(mut self, image: usize, column: &str, value: PlainValue) -> crate::Result<Self> {
        let index = self.table.column(column).map(|(index, _)| index);
        match index.and_then(|index| self.images.get_mut(image)?.get_mut(index)) {
            Some(place) => {
                *place = Some(value);
                Ok(self)
            }
            None => {
                let what = format!("table {} has no column {column}", self.table.name());
                Err(crate::Error::new(crate::ErrorKind::InvalidArgument, what).hint("give the table's own column names"))
            }
        }
    }

    /// Gives a column of the before image a value.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where the table has no such column.
    pub fn before(self, column: &str, value: PlainValue) -> crate::Result<Self> {
        self.with(BEFORE, column, value)
    }

    /// Gives a column of the after image a value.
    ///
    /// # Errors
    /// As [`before`](Self::before).
    pub fn after(self, column: &str, value: PlainValue) -> crate::Result<Self> {
        self.with(AFTER, column, value)
    }

    /// Answers `@GETENV (group, item)`.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where a change has no such item.
    pub fn environment(mut self, group: &str, item: &str, value: PlainValue) -> crate::Result<Self> {
        match meaning(&[group, item]) {
            Meaning::Item(item) => {
                self.environment.push((item, value));
                Ok(self)
            }
            _ => {
                let what = format!("@GETENV ('{group}', '{item}') is nothing that a change can tell");
                Err(crate::Error::new(crate::ErrorKind::InvalidArgument, what))
            }
        }
    }

    /// Answers `@TOKEN (name)`.
    #[must_use]
    pub fn token(mut self, name: &str, value: &str) -> Self {
        self.tokens.push((name.into(), value.into()));
        self
    }

    /// The table's definition.
    #[must_use]
    pub fn table(&self) -> &Arc<TableDef> {
        &self.table
    }

    fn value(&self, column: ColumnUse) -> Option<&PlainValue> {
        let of = |image: usize| self.images.get(image)?.get(usize::from(column.index))?.as_ref();
        match column.side {
            Side::Before => of(BEFORE),
            Side::After => of(AFTER),
            Side::Default if self.op == Op::Delete => of(BEFORE),
            Side::Default => of(AFTER),
            Side::BeforeAfter => of(BEFORE).or_else(|| of(AFTER)),
        }
    }
}

fn plain<'e>(value: &'e PlainValue, kind: Option<Kind>) -> Scalar<'e> {
    match (value, kind) {
        (PlainValue::Null, _) => Scalar::Null,
        (PlainValue::Number(text), _) => digits(text).unwrap_or(Scalar::Invalid),
        (PlainValue::Text(text), Some(Kind::NumberText { .. } | Kind::Integer { .. })) => digits(text).unwrap_or(Scalar::Invalid),
        (PlainValue::Text(text), Some(Kind::DateTime)) => DateTime::parse(text).map_or(Scalar::Invalid, Scalar::DateTime),
        (PlainValue::Text(text), _) => Scalar::Text(text),
        (PlainValue::Bytes(bytes), _) => Scalar::Bytes(bytes),
        (PlainValue::Invalid(_), _) => Scalar::Invalid,
        // A large object that the change left as it was is not in it.
        _ => Scalar::Missing,
    }
}

impl Subject for Facts {
    fn op(&self) -> Op {
        self.op
    }

    fn column<'e>(&'e self, column: ColumnUse, _: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        check_side(column, self.op)?;
        let kind = self.table.reading(column.index).map(|reading| reading.kind);
        Ok(self.value(column).map_or(Scalar::Missing, |value| plain(value, kind)))
    }

    fn integer(&self, _: ColumnUse, _: u8, _: bool) -> Option<i64> {
        None
    }

    fn environment<'e>(&'e self, item: EnvItem, now: Timestamp, _: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        if let Some((_, value)) = self.environment.iter().find(|(own, _)| *own == item) {
            return Ok(plain(value, None));
        }
        match item {
            EnvItem::OpType => Ok(Scalar::Text(match self.op {
                Op::Insert => "INSERT",
                Op::Update => "SQL COMPUPDATE",
                Op::PkUpdate => "PK UPDATE",
                Op::Delete => "DELETE",
                Op::Truncate => "TRUNCATE",
                _ => "DDL",
            })),
            EnvItem::TableName => Ok(Scalar::Text(self.table.name())),
            EnvItem::JulianTimestamp => Ok(clock_item(item, now, now)),
            _ => Err(EvalError::Unavailable("nobody has told this item of @GETENV")),
        }
    }

    fn token<'e>(&'e self, name: &str, _: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        let found = self.tokens.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        Ok(found.map_or(Scalar::Missing, |(_, value)| Scalar::Text(value)))
    }
}
