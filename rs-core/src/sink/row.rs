//! [`RowBuilder`]: builds a row's image from values.

use std::borrow::Cow;

use crate::change::{DateTime, Decimal, NumberText, integer_body};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{ColumnDef, Kind, TableDef};
use crate::trail::image::ImageBuilder;
use crate::trail::{ByteOrder, Fault};

/// Builds an image of a table's row, column by column, in the forms of the table's definition. Columns that are not set
/// are missing from the image.
///
/// ```
/// use trailcore::{Decimal, TableDef, change::Row, schema::ColumnDef, sink::RowBuilder, trail::ByteOrder};
/// let table = TableDef::new("BANK.RATES", vec![ColumnDef::varchar("CODE", 3), ColumnDef::integer("RATE", 4)]);
/// let mut row = RowBuilder::new(&table, ByteOrder::Big);
/// row.text("CODE", "EUR")?.decimal("RATE", Decimal::new(78_012, 4))?;
/// let read = Row::new(row.bytes(), &table, ByteOrder::Big);
/// assert_eq!(read.get("RATE").unwrap().decimal()?.to_string(), "7.8012");
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RowBuilder<'t> {
    table: &'t TableDef,
    image: ImageBuilder,
    order: ByteOrder,
    body: Vec<u8>,
    /// Columns from this index on have not been set.
    unset_from: u32,
}

impl<'t> RowBuilder<'t> {
    /// Creates an image without columns.
    #[must_use]
    pub fn new(table: &'t TableDef, order: ByteOrder) -> Self {
        Self { table, image: ImageBuilder::new(order), order, body: Vec::new(), unset_from: 0 }
    }

    /// Returns the column list so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.image.bytes()
    }

    /// Returns the byte order of its indexes and lengths, which must be that of the writer.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Removes all columns; the memory is kept.
    pub fn clear(&mut self) {
        self.image.clear();
        self.unset_from = 0;
    }

    /// Sets a column of text, in its character set. A column that has been set gets the new value, here and below.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the table has no such column or it is not a text column, [`ErrorKind::Unencodable`] if
    /// the text has a character that the set lacks, has more characters than the column holds, or does not fit into an image. Sources
    /// count the length in bytes or in characters; the larger of the two is allowed.
    pub fn text(&mut self, name: &str, text: &str) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        if !matches!(column.kind(), Kind::Text { .. }) {
            return Err(wrong_kind(column, "text"));
        }
        if column.is_exceeded_by(text) {
            let what = format!("has more characters than its length of {}", column.external_length);
            return Err(unencodable(column, &what));
        }
        let outside = || unencodable(column, "has a character outside its character set");
        let mut bytes = column.text_charset().encode(text).ok_or_else(outside)?;
        if column.is_blank_padded() {
            pad(&mut bytes, column);
        }
        self.put(index, column, &bytes)
    }

    /// Sets a column of digits that is stored as text. The digits are kept verbatim.
    ///
    /// # Errors
    /// The errors of [`text`](Self::text); the text must be a number.
    pub fn number(&mut self, name: &str, digits: &str) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        if !matches!(column.kind(), Kind::NumberText { .. }) || NumberText::parse(digits).is_none() {
            return Err(wrong_kind(column, "a number as text"));
        }
        self.put(index, column, digits.as_bytes())
    }

    /// Sets a column of bytes: a binary column, or one of an unknown type.
    ///
    /// # Errors
    /// The errors of [`text`](Self::text).
    pub fn binary(&mut self, name: &str, bytes: &[u8]) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        if !matches!(column.kind(), Kind::Binary { .. } | Kind::Opaque) {
            return Err(wrong_kind(column, "bytes"));
        }
        self.put(index, column, bytes)
    }

    /// Sets a column that is stored as an integer. The number must have the column's scale or fit it exactly.
    ///
    /// # Errors
    /// The errors of [`text`](Self::text); [`ErrorKind::Unencodable`] if the number does not fit without loss.
    pub fn decimal(&mut self, name: &str, value: Decimal) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        let Kind::Integer { width, signed } = column.kind() else { return Err(wrong_kind(column, "a number")) };
        let scale = u8::try_from(column.scale).ok();
        let mantissa =
            scale.and_then(|scale| value.at_scale(scale)).ok_or_else(|| unencodable(column, "does not fit its scale"))?;
        let bytes = integer_body(mantissa, width, signed).ok_or_else(|| unencodable(column, "does not fit its type"))?;
        self.put(index, column, &bytes)
    }

    /// Sets a column of dates from the trail's own text, `YYYY-MM-DD[:HH:MI:SS[.f…]]`.
    ///
    /// # Errors
    /// The errors of [`text`](Self::text); the text must be a date. Zeros at its end for which the column has no room are left out; other
    /// digits are an error.
    pub fn datetime(&mut self, name: &str, text: &str) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        if column.kind() != Kind::DateTime || DateTime::parse(text).is_none() {
            return Err(wrong_kind(column, "a date"));
        }
        let fitting = fitting_date(column, text).ok_or_else(|| {
            let length = column.external_length;
            let what =
                format!("is more precise than its length of {length} allows; round it, or declare the column with more digits");
            unencodable(column, &what)
        })?;
        self.put(index, column, fitting.as_bytes())
    }

    /// Sets a column to NULL, with the filler of its type in real trails.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the table has no such column.
    pub fn null(&mut self, name: &str) -> Result<&mut Self> {
        let (index, column) = self.column(name)?;
        self.body.clear();
        self.body.extend_from_slice(&[0xff, 0xff]);
        match column.kind() {
            // A date's filler has the full length (docs/trail-format.md, section 8, SEEN).
            Kind::DateTime => {
                let filler = b"1900-01-01:00:00:00.000000000";
                let length = (column.external_length as usize).min(filler.len());
                self.body.extend_from_slice(filler.get(..length).unwrap_or_default());
            }
            Kind::Integer { width, .. } => self.body.resize(2 + usize::from(width), 0),
            _ => self.body.extend_from_slice(&[0, 0]),
        }
        self.make_room(index);
        self.image.span(index, &self.body).map_err(|fault| too_long(column, fault))?;
        Ok(self)
    }

    /// Removes the previous value of a column, since an image has a column only once.
    fn make_room(&mut self, index: u16) {
        let index_after = u32::from(index) + 1;
        if index_after <= self.unset_from {
            self.image.remove(index);
        }
        self.unset_from = self.unset_from.max(index_after);
    }

    fn column(&self, name: &str) -> Result<(u16, &'t ColumnDef)> {
        let found = self.table.column(name).and_then(|(index, column)| Some((u16::try_from(index).ok()?, column)));
        found.ok_or_else(|| {
            let what = format!("table {} has no column {name}", self.table.name());
            Error::new(ErrorKind::InvalidArgument, what)
        })
    }

    fn put(&mut self, index: u16, column: &ColumnDef, bytes: &[u8]) -> Result<&mut Self> {
        if bytes.len() > usize::from(u16::MAX) - 4 {
            return Err(unencodable(column, "is too long for a column of a trail"));
        }
        self.body.clear();
        column.put_text(self.order, bytes, &mut self.body);
        self.make_room(index);
        self.image.fixed(index, &self.body).map_err(|fault| too_long(column, fault))?;
        Ok(self)
    }
}

/// Returns the text of a date as long as its column; `None` if the rest is not zero. A length of 0 is none.
fn fitting_date<'a>(column: &ColumnDef, text: &'a str) -> Option<&'a str> {
    let length = column.external_length as usize;
    if length == 0 || text.len() <= length {
        return Some(text);
    }
    let (kept, rest) = text.split_at_checked(length)?;
    let kept = kept.trim_end_matches('.');
    let is_zero = rest.bytes().all(|byte| matches!(byte, b'0' | b'.' | b':'));
    (is_zero && DateTime::parse(kept).is_some()).then_some(kept)
}

/// Fills the text of a column of fixed length with blanks, as GoldenGate does (SEEN; docs/trail-format.md, section 8).
fn pad(bytes: &mut Cow<'_, [u8]>, column: &ColumnDef) {
    let blank = column.text_charset().encode(" ").unwrap_or_default();
    let missing = (column.external_length as usize).saturating_sub(bytes.len());
    if let Some(blanks) = missing.checked_div(blank.len()).filter(|blanks| *blanks > 0) {
        bytes.to_mut().extend(blank.repeat(blanks));
    }
}

fn wrong_kind(column: &ColumnDef, what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("column {} is not set from {what}", column.name))
}

fn unencodable(column: &ColumnDef, what: &str) -> Error {
    Error::new(ErrorKind::Unencodable, format!("a value of column {} {what}", column.name))
}

fn too_long(column: &ColumnDef, fault: Fault) -> Error {
    unencodable(column, fault.what)
}
