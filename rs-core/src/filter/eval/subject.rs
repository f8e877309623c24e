//! [`ChangeSubject`]: the change that a filter evaluates, and how its columns are found.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fmt::Write;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use crate::change::image::{ColumnSpan, ColumnSpans, RowForm, SpanContent};
use crate::change::{
    Change, DateTime, Decimal, Fact, FactValue, NumberText, Op, Row, TransactionIndicator, UserToken, Value, integer,
};
use crate::filter::eval::column::{ColumnUse, Needed};
use crate::filter::eval::outcome::{EvalError, UndecidableReason};
use crate::filter::eval::scalar::{Scalar, Special};
use crate::filter::syntax::expr::Side;
use crate::schema::{Kind, Reading, TableDef};
use crate::time::Timestamp;

/// The access of an evaluation to a change.
pub(crate) trait Subject {
    fn op(&self) -> Op;

    /// Returns a column's value or state. Converted values are allocated in `memory`.
    fn column<'e>(&'e self, column: ColumnUse, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;

    /// Returns a column with a plain integer of this width; `None` for all other contents, for which [`column`](Self::column) is
    /// needed.
    fn integer(&self, column: ColumnUse, width: u8, signed: bool) -> Option<i64>;

    /// Returns an item of the environment.
    fn environment<'e>(&'e self, item: Fact, now: Timestamp, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;

    /// Returns a user token.
    fn token<'e>(&'e self, name: &str, memory: &'e Bump) -> Result<Scalar<'e>, EvalError>;
}

/// The place of a needed column in its image, or a place beyond any image if the image does not have it.
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

/// The change that is evaluated. Images are split and columns located when the first column is needed.
pub(crate) struct ChangeSubject<'c, 's> {
    change: Change<'c>,
    table: &'c TableDef,
    /// The needed columns, in the order of their indexes.
    columns: &'s [Needed],
    /// Places of the needed columns in the before image, followed by those in the after image.
    places: &'s [Cell<Span>],
    images: OnceCell<Result<Images<'c>, UndecidableReason>>,
    located: [Cell<bool>; 2],
}

type Images<'c> = [Option<Row<'c>>; 2];

const BEFORE: usize = 0;
const AFTER: usize = 1;

impl<'c, 's> ChangeSubject<'c, 's> {
    /// Creates a subject. `places` must have two places for each column.
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

    /// Returns a column's span in an image, and the image; `None` if the image does not list it.
    #[inline]
    fn span(&self, image: usize, column: ColumnUse) -> Result<Option<(ColumnSpan<'c>, Row<'c>)>, UndecidableReason> {
        let images = self.images()?;
        let Some(Some(row)) = images.get(image) else { return Ok(None) };
        let start = image * self.columns.len();
        if let Some(located) = self.located.get(image).filter(|located| !located.get()) {
            located.set(true);
            let places = self.places.get(start..start + self.columns.len()).unwrap_or_default();
            // The form is selected here, once for each image.
            match row.form() {
                RowForm::Big => locate(row.bytes(), RowForm::Big, self.columns, places),
                RowForm::Little => locate(row.bytes(), RowForm::Little, self.columns, places),
                RowForm::Wide => locate(row.bytes(), RowForm::Wide, self.columns, places),
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

/// Finds the needed columns of an image, and stops after the last of them.
#[inline(always)]
fn locate(list: &[u8], form: RowForm, columns: &[Needed], places: &[Cell<Span>]) {
    places.iter().for_each(|place| place.set(Span::MISSING));
    let base = list.as_ptr() as usize;
    let mut next = 0;
    for span in ColumnSpans::new(list, form) {
        let Ok(span) = span else {
            // Columns after the damage cannot be found; those before it are valid.
            let lost = columns.iter().skip(next).filter_map(|column| places.get(usize::from(column.slot)));
            lost.for_each(|place| place.set(Span::LOST));
            return;
        };
        // Both lists are in the order of their indexes, so a single pass is enough.
        while columns.get(next).is_some_and(|column| column.index < span.index) {
            next += 1;
        }
        let Some(column) = columns.get(next) else { return };
        let column = if column.index == span.index {
            next += 1;
            column
        } else {
            // An image whose indexes do not rise has not been seen. Its columns are found, too; the first one of an index is
            // used.
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
            // An unchanged large object is not in the change.
            SpanContent::Invalid if span.is_unchanged(row.form()) => return Ok(Scalar::Missing),
            SpanContent::Invalid => return Ok(Scalar::Invalid),
        };
        match self.table.reading(column.index) {
            Some(reading) => Ok(scalar(reading, body, row.form(), memory).unwrap_or(Scalar::Invalid)),
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

    fn environment<'e>(&'e self, item: Fact, now: Timestamp, memory: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        let change = &self.change;
        // The source takes precedence; the model has some facts of its own.
        let value = change.fact(item).or_else(|| model_fact(change, item, now));
        value.map_or(Err(EvalError::Unavailable("the change's source does not state this item of @GETENV")), |value| {
            fact_scalar(value, memory)
        })
    }

    fn token<'e>(&'e self, name: &str, _: &'e Bump) -> Result<Scalar<'e>, EvalError> {
        match self.change.user_token(name) {
            UserToken::Value(value) => Ok(Scalar::Text(value)),
            UserToken::Missing => Ok(Scalar::Missing),
            UserToken::UnknownLayout => Err(EvalError::Unavailable("the layout of user tokens in trails is unknown")),
        }
    }
}

/// Returns a fact from the change model; `None` if the model does not have it.
fn model_fact<'a>(change: &Change<'a>, fact: Fact, now: Timestamp) -> Option<FactValue<'a>> {
    let text = |text: &'static str| FactValue::Text(Cow::Borrowed(text));
    let optional = |text: Option<&'a str>| text.map_or(FactValue::Missing, |text| FactValue::Text(Cow::Borrowed(text)));
    Some(match fact {
        Fact::OpType => text(match change.op() {
            Op::Insert => "INSERT",
            Op::Update => "SQL COMPUPDATE",
            Op::PkUpdate => "PK UPDATE",
            Op::Delete => "DELETE",
            Op::Truncate => "TRUNCATE",
            _ => "DDL",
        }),
        Fact::CommitTimestamp => FactValue::Time(change.timestamp()),
        Fact::TableName => FactValue::Text(change.table_name()),
        Fact::TransactionIndicator => text(match change.transaction() {
            TransactionIndicator::First => "BEGIN",
            TransactionIndicator::Middle => "MIDDLE",
            TransactionIndicator::Last => "END",
            TransactionIndicator::Only => "WHOLE",
            TransactionIndicator::Unknown(_) => return Some(FactValue::Missing),
        }),
        Fact::Csn => optional(change.csn()),
        Fact::Xid => optional(change.xid()),
        Fact::FileSeqno => FactValue::Number(change.position().trail()?.seqno.into()),
        Fact::FileRba => FactValue::Number(change.position().trail()?.rba.into()),
        Fact::LagSeconds | Fact::LagMillis | Fact::LagMinutes | Fact::JulianTimestamp => {
            FactValue::Number(clock_fact(fact, change.timestamp(), now))
        }
        _ => return None,
    })
}

fn fact_scalar<'e>(value: FactValue<'e>, memory: &'e Bump) -> Result<Scalar<'e>, EvalError> {
    Ok(match value {
        FactValue::Null => Scalar::Null,
        FactValue::Text(Cow::Borrowed(text)) => Scalar::Text(text),
        FactValue::Text(Cow::Owned(text)) => Scalar::Text(memory.alloc_str(&text)),
        FactValue::Digits(text) => digits(text).unwrap_or(Scalar::Invalid),
        FactValue::Number(number) => Scalar::Number(Decimal::new(number, 0)),
        FactValue::Time(time) => time_text(time, memory),
        FactValue::Bytes(bytes) => Scalar::Bytes(bytes),
        FactValue::Missing => Scalar::Missing,
        FactValue::Invalid => Scalar::Invalid,
        FactValue::Unavailable(why) => return Err(EvalError::Unavailable(why)),
    })
}

/// Fails for the before image of an insert. @BEFORE is valid for updates and deletes only (SEEN); see docs/filter.md, section 15.
#[inline]
fn check_side(column: ColumnUse, op: Op) -> Result<(), EvalError> {
    if column.side == Side::Before && op == Op::Insert {
        return Err(EvalError::Error(None, "an insert has no before image"));
    }
    Ok(())
}

/// Decodes a body by its column's type; `None` if the bytes are not of that type.
fn scalar<'e>(reading: &Reading, body: &'e [u8], form: RowForm, memory: &'e Bump) -> Option<Scalar<'e>> {
    let characters = |prefixed| if prefixed { form.unprefixed(body) } else { Some(body) };
    Some(match reading.kind {
        Kind::Text { prefixed } => Scalar::Text(reading.charset.decode_in(characters(prefixed)?, memory)?),
        Kind::NumberText { prefixed } => digits(std::str::from_utf8(characters(prefixed)?).ok()?)?,
        Kind::Binary { prefixed } => Scalar::Bytes(characters(prefixed)?),
        Kind::Integer { width, signed } => Scalar::Number(Decimal::new(integer(body, width, signed)?, reading.scale)),
        Kind::DateTime => Scalar::DateTime(DateTime::parse_bytes(body)?),
        Kind::Opaque => Scalar::Bytes(body),
    })
}

/// Parses a number, or NaN or infinity.
fn digits(text: &str) -> Option<Scalar<'_>> {
    match NumberText::parse(text) {
        Some(number) => Some(number.decimal().map_or(Scalar::Digits(text), Scalar::Number)),
        None => Special::parse(text).map(Scalar::Special),
    }
}

/// Returns a timestamp as `YYYY-MM-DD HH:MI:SS.ffffff` in UTC.
pub(crate) fn time_text(time: Timestamp, memory: &Bump) -> Scalar<'_> {
    let mut text = BumpString::with_capacity_in(32, memory);
    // Writing to memory does not fail.
    let _ = write!(text, "{time}");
    let text = text.into_bump_str();
    let mut copy = BumpString::with_capacity_in(text.len(), memory);
    copy.extend(text.chars().filter(|c| *c != 'Z').map(|c| if c == 'T' { ' ' } else { c }));
    Scalar::Text(copy.into_bump_str())
}

fn clock_fact(fact: Fact, time: Timestamp, now: Timestamp) -> i128 {
    let lag = now.unix_micros().saturating_sub(time.unix_micros());
    match fact {
        Fact::LagMillis => (lag / 1000).into(),
        Fact::LagMinutes => (lag / 60_000_000).into(),
        Fact::JulianTimestamp => now.julian().into(),
        _ => (lag / 1_000_000).into(),
    }
}
