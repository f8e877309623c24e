//! Table and column definitions.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::decode::ByteOrder;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::table_id::{TableId, TableIds};
use crate::text::Charset;

/// The definition of a table. It is immutable and shared by all rows of its version; any thread may use it.
///
/// Two definitions are equal if their names, columns and keys are. Facts that only some sources provide ([`SourceFacts`]) are
/// not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDef {
    name: Box<str>,
    /// Shared, because many tables may refer to one definition.
    columns: Arc<[ColumnDef]>,
    /// How to read the bytes of each column.
    readings: Arc<[Reading]>,
    defined: bool,
    own_id: OwnId,
    names: NameIndex,
}

/// The columns of a wide table by name in upper case, made when it is first needed. Definitions are compared without it.
#[derive(Debug, Default)]
struct NameIndex(OnceLock<HashMap<Box<str>, Vec<usize>>>);

impl NameIndex {
    /// Tables with fewer columns are searched one by one.
    const WIDE: usize = 32;

    /// Returns the indexes of the columns whose names differ only in case.
    fn alike(&self, columns: &[ColumnDef], name: &str) -> &[usize] {
        let index = self.0.get_or_init(|| {
            let mut index: HashMap<Box<str>, Vec<usize>> = HashMap::new();
            for (place, column) in columns.iter().enumerate() {
                index.entry(column.name.to_ascii_uppercase().into()).or_default().push(place);
            }
            index
        });
        index.get(&*name.to_ascii_uppercase()).map_or(&[], Vec::as_slice)
    }
}

impl Clone for NameIndex {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for NameIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NameIndex {}

/// The number of a definition for changes that no reader has made. Definitions are compared without it.
#[derive(Clone, Copy, Debug)]
struct OwnId(TableId);

impl PartialEq for OwnId {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for OwnId {}

impl TableDef {
    /// Creates a definition from its columns, in the table's order.
    ///
    /// ```
    /// use trailcore::schema::{ColumnDef, TableDef};
    /// let table = TableDef::new("HR.EMP", vec![ColumnDef::integer("EMPNO", 0).key(), ColumnDef::varchar("ENAME", 10)]);
    /// assert_eq!(table.column("ENAME").unwrap().0, 1);
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Box<str>>, columns: Vec<ColumnDef>) -> Self {
        Self::with_columns(name.into(), columns.into(), true)
    }

    /// Creates a definition as [`new`](Self::new) does, if a trail can have it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if two columns have the same name, or if there are more than 65,535 columns: a row refers to
    /// its columns by a number of 16 bits.
    pub fn checked(name: impl Into<Box<str>>, columns: Vec<ColumnDef>) -> Result<Self> {
        let name = name.into();
        let wrong = |what: String| Err(Error::new(ErrorKind::InvalidArgument, format!("table {name} has {what}")));
        if columns.len() > usize::from(u16::MAX) {
            return wrong(format!("{} columns; a trail can have at most 65,535", columns.len()));
        }
        let mut names = HashSet::new();
        if let Some(twice) = columns.iter().find(|column| !names.insert(&*column.name)) {
            return wrong(format!("two columns {}", twice.name));
        }
        Ok(Self::new(name, columns))
    }

    /// Returns the definition of a table whose columns are unknown. Its rows have columns by number only.
    #[must_use]
    pub fn undefined(name: impl Into<Box<str>>) -> Self {
        Self::with_columns(name.into(), Arc::default(), false)
    }

    fn with_columns(name: Box<str>, columns: Arc<[ColumnDef]>, defined: bool) -> Self {
        let readings = columns.iter().map(Reading::of).collect();
        Self { name, columns, readings, defined, own_id: OwnId(TableIds::new().id(0)), names: NameIndex::default() }
    }

    /// Returns the same definition under another name.
    pub(crate) fn renamed(&self, name: &str) -> Self {
        Self { name: name.into(), own_id: OwnId(TableIds::new().id(0)), ..self.clone() }
    }

    /// Returns the same definition with this character set for all columns that do not name their own. If `only_unstated`,
    /// columns with a set from another source keep it, too.
    pub(crate) fn in_database_charset(&self, charset: Charset, only_unstated: bool) -> Self {
        let keeps = |column: &ColumnDef| column.facts.own_charset || (only_unstated && column.charset.is_stated());
        let columns = self.columns.iter().map(|column| {
            let own = if keeps(column) { column.charset } else { charset };
            column.clone().in_charset(own)
        });
        Self::with_columns(self.name.clone(), columns.collect(), self.defined)
    }

    /// Returns the same definition with this character set for all columns.
    pub(crate) fn in_column_charset(&self, charset: Charset) -> Self {
        let columns = self.columns.iter().map(|column| column.clone().in_charset(charset));
        Self::with_columns(self.name.clone(), columns.collect(), self.defined)
    }

    /// Returns about how much memory its columns take, which several definitions may share.
    pub(crate) fn columns_memory(&self) -> u64 {
        // A name is an allocation of its own.
        let names: usize = self.columns.iter().map(|column| column.name.len() + 16).sum();
        (names + self.columns.len() * (size_of::<ColumnDef>() + size_of::<Reading>())) as u64
    }

    /// Returns about how much memory the rest of it takes, with its entries in the maps of a reader.
    pub(crate) fn own_memory(&self) -> u64 {
        (size_of::<Self>() + 3 * self.name.len() + 200) as u64
    }

    /// Returns the table's name as in the source: parts joined by `.`, case preserved.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the columns, in the order of the column indexes in images.
    #[inline]
    #[must_use]
    pub fn columns(&self) -> &[ColumnDef] {
        &self.columns
    }

    /// Returns how to read the bytes of a column; `None` if the column is unknown.
    #[inline(always)]
    pub(crate) fn reading(&self, index: u16) -> Option<&Reading> {
        self.readings.get(usize::from(index))
    }

    /// Returns whether the columns are known.
    #[inline]
    #[must_use]
    pub fn is_defined(&self) -> bool {
        self.defined
    }

    /// Returns a column and its index by name. A name that differs only in case also matches, if exactly one column has it.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(usize, &ColumnDef)> {
        if self.columns.len() >= NameIndex::WIDE {
            let found = || {
                let alike = self.names.alike(&self.columns, name).iter();
                alike.filter_map(|&index| Some((index, self.columns.get(index)?)))
            };
            let only = || found().next().filter(|_| found().count() == 1);
            return found().find(|(_, column)| &*column.name == name).or_else(only);
        }
        let columns = || self.columns.iter().enumerate();
        columns().find(|(_, column)| &*column.name == name).or_else(|| {
            let mut alike = columns().filter(|(_, column)| column.name.eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none())
        })
    }

    /// Iterates over the key columns.
    pub fn key(&self) -> impl Iterator<Item = &ColumnDef> {
        self.columns.iter().filter(|column| column.key)
    }

    /// Returns its number for changes that no reader has made: the same for all of them.
    pub(crate) fn own_id(&self) -> TableId {
        self.own_id.0
    }

    pub(crate) fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

/// How to read a column's bytes. Determined once per definition and kept compact, because it is used for every value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    pub(crate) scale: u8,
    /// Character set, for text.
    pub(crate) charset: Charset,
}

impl Reading {
    fn of(column: &ColumnDef) -> Self {
        // `kind` accepts integers with a scale of 0 to 38 only, so the cast is exact for them.
        Self { kind: column.kind(), scale: column.scale as u8, charset: column.text_charset() }
    }
}

/// The interpretation of a column's bytes, from its data type and sub type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Characters.
    Text {
        /// A u16 length precedes the characters.
        prefixed: bool,
    },
    /// A number as text, with any number of fraction digits: Oracle NUMBER without a fixed precision.
    NumberText {
        /// A u16 length precedes the digits.
        prefixed: bool,
    },
    /// Binary data.
    Binary {
        /// A u16 length precedes the bytes.
        prefixed: bool,
    },
    /// A big-endian integer, to be divided by 10 to the power of the column's scale.
    Integer {
        /// Number of bytes: 2, 4 or 8.
        width: u8,
        /// It has a sign.
        signed: bool,
    },
    /// A date, or a date and time, as text without a time zone.
    DateTime,
    /// A type whose layout is UNKNOWN; its raw bytes are returned.
    Opaque,
}

/// Facts about a column that only some sources provide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// The database's own type number.
    pub native_type: Option<u16>,
    /// The column may be NULL. Known from table definition records of version 11 (INFERRED) and definitions files.
    pub nullable: Option<bool>,
    /// Length in characters.
    pub character_length: Option<u32>,
    /// The source states a character set for this column, rather than for the database.
    pub own_charset: bool,
}

/// The definition of one column. The numbers are those of definitions files.
#[derive(Clone, Debug)]
pub struct ColumnDef {
    /// Its name.
    pub name: Box<str>,
    /// Data type: 64 variable characters, 134 64-bit integer, 192 date/time … (docs/trail-format.md, section 8).
    pub data_type: u16,
    /// Sub data type: the interpretation of character types.
    pub sub_type: u16,
    /// External length in bytes.
    pub external_length: u32,
    /// Internal length in bytes.
    pub internal_length: u32,
    /// Binary length in bytes.
    pub binary_length: u32,
    /// Table length in bytes.
    pub table_length: u32,
    /// Offset in an uncompressed row.
    pub fetch_offset: u32,
    /// Digits after the decimal point.
    pub scale: i16,
    /// Most significant part of a date/time.
    pub most_significant: u16,
    /// Least significant part of a date/time.
    pub least_significant: u16,
    /// It belongs to the key.
    pub key: bool,
    /// The character set of its text: its own, or the database's.
    pub charset: Charset,
    /// Facts that only some sources provide; not compared for equality.
    pub facts: SourceFacts,
}

#[cfg(test)]
thread_local! {
    /// How many columns have been compared.
    pub(crate) static COMPARED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl PartialEq for ColumnDef {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(test)]
        COMPARED.with(|compared| compared.set(compared.get() + 1));
        // Destructured, so the compiler reports a new field that is missing here.
        let Self {
            name,
            data_type,
            sub_type,
            external_length,
            internal_length,
            binary_length,
            table_length,
            fetch_offset,
            scale,
            most_significant,
            least_significant,
            key,
            charset,
            facts: _,
        } = self;
        *name == other.name
            && (*data_type, *sub_type, *scale, *key, *charset)
                == (other.data_type, other.sub_type, other.scale, other.key, other.charset)
            && (*external_length, *internal_length, *binary_length, *table_length, *fetch_offset)
                == (other.external_length, other.internal_length, other.binary_length, other.table_length, other.fetch_offset)
            && (*most_significant, *least_significant) == (other.most_significant, other.least_significant)
    }
}

impl Eq for ColumnDef {}

/// Data types (docs/trail-format.md, section 8, from the user-exit SDK).
pub(crate) mod data_type {
    pub(crate) const FIXED_CHAR: std::ops::RangeInclusive<u16> = 0..=2;
    pub(crate) const VAR_CHAR: std::ops::RangeInclusive<u16> = 64..=66;
    pub(crate) const INT16: u16 = 130;
    pub(crate) const UINT16: u16 = 131;
    pub(crate) const INT32: u16 = 132;
    pub(crate) const UINT32: u16 = 133;
    pub(crate) const INT64: u16 = 134;
    pub(crate) const UINT64: u16 = 135;
    pub(crate) const DATETIME: std::ops::RangeInclusive<u16> = 191..=192;
}

/// Sub data types of character types.
pub(crate) mod sub_type {
    pub(crate) const DEFAULT: u16 = 0;
    pub(crate) const UTF16_BE: u16 = 1;
    pub(crate) const FLOAT_TEXT: u16 = 2;
    pub(crate) const FIXED_PRECISION: u16 = 3;
    pub(crate) const BINARY: u16 = 4;
    pub(crate) const CHAR: u16 = 5;
    pub(crate) const UTF8: u16 = 7;
    pub(crate) const GUID: u16 = 8;
    pub(crate) const FLOAT_TEXT_UTF8: u16 = 27;
    pub(crate) const FIXED_PRECISION_UTF8: u16 = 37;
}

impl ColumnDef {
    /// Returns a column of any type, for writers. `length` is in bytes. See the named constructors for the common types.
    #[must_use]
    pub fn new(name: impl Into<Box<str>>, data_type: u16, sub_type: u16, length: u32) -> Self {
        Self {
            name: name.into(),
            data_type,
            sub_type,
            external_length: length,
            internal_length: length,
            binary_length: length,
            table_length: 0,
            fetch_offset: 0,
            scale: 0,
            most_significant: 0,
            least_significant: 0,
            key: false,
            charset: Charset::UTF_8,
            facts: SourceFacts::default(),
        }
    }

    /// Returns a column of variable characters of at most `length` bytes.
    #[must_use]
    pub fn varchar(name: impl Into<Box<str>>, length: u32) -> Self {
        Self::new(name, *data_type::VAR_CHAR.start(), sub_type::DEFAULT, length)
    }

    /// Creates a column of variable bytes, at most `length` of them.
    #[must_use]
    pub fn binary(name: impl Into<Box<str>>, length: u32) -> Self {
        Self::new(name, *data_type::VAR_CHAR.start(), sub_type::BINARY, length)
    }

    /// Returns a column of exactly `length` bytes of characters. Writers fill shorter texts with blanks.
    #[must_use]
    pub fn char(name: impl Into<Box<str>>, length: u32) -> Self {
        Self::new(name, *data_type::FIXED_CHAR.start(), sub_type::DEFAULT, length)
    }

    /// Returns a column of numbers of up to 18 digits, `scale` of them after the point, stored as 64-bit integers.
    #[must_use]
    pub fn integer(name: impl Into<Box<str>>, scale: i16) -> Self {
        let column = Self::new(name, data_type::INT64, sub_type::FIXED_PRECISION, 8);
        Self { scale, table_length: 8, ..column }
    }

    /// Returns a column of numbers of any size, stored as text.
    #[must_use]
    pub fn number(name: impl Into<Box<str>>) -> Self {
        let column = Self::new(name, *data_type::VAR_CHAR.start(), sub_type::FLOAT_TEXT, 50);
        Self { table_length: 50, ..column }
    }

    /// Returns a column of dates and times with `fraction` digits of a second.
    #[must_use]
    pub fn datetime(name: impl Into<Box<str>>, fraction: u32) -> Self {
        let length = 19 + if fraction == 0 { 0 } else { fraction + 1 };
        let column = Self::new(name, *data_type::DATETIME.end(), sub_type::DEFAULT, length);
        Self { table_length: length, least_significant: if fraction == 0 { 5 } else { 6 }, ..column }
    }

    /// Returns the same column as part of the key.
    #[must_use]
    pub fn key(self) -> Self {
        Self { key: true, ..self }
    }

    /// Returns the same column in another character set.
    #[must_use]
    pub fn in_charset(self, charset: Charset) -> Self {
        Self { charset, ..self }
    }

    /// Returns the interpretation of its bytes.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> Kind {
        use data_type as d;
        use sub_type as s;
        let prefixed = d::VAR_CHAR.contains(&self.data_type);
        if prefixed || d::FIXED_CHAR.contains(&self.data_type) {
            return match self.sub_type {
                s::DEFAULT | s::UTF16_BE | s::CHAR | s::UTF8 | s::GUID => Kind::Text { prefixed },
                s::FLOAT_TEXT | s::FIXED_PRECISION | s::FLOAT_TEXT_UTF8 | s::FIXED_PRECISION_UTF8 => {
                    Kind::NumberText { prefixed }
                }
                s::BINARY => Kind::Binary { prefixed },
                _ => Kind::Opaque,
            };
        }
        // A negative scale has not been seen; its meaning is UNKNOWN.
        let exact = (0..=38).contains(&self.scale);
        match self.data_type {
            d::INT16 if exact => Kind::Integer { width: 2, signed: true },
            d::UINT16 if exact => Kind::Integer { width: 2, signed: false },
            d::INT32 if exact => Kind::Integer { width: 4, signed: true },
            d::UINT32 if exact => Kind::Integer { width: 4, signed: false },
            d::INT64 if exact => Kind::Integer { width: 8, signed: true },
            d::UINT64 if exact => Kind::Integer { width: 8, signed: false },
            code if d::DATETIME.contains(&code) => Kind::DateTime,
            _ => Kind::Opaque,
        }
    }

    /// Returns the declared number of digits after the point of a number stored as text; `None` if it is not fixed.
    #[must_use]
    pub fn declared_scale(&self) -> Option<u8> {
        let fixed = matches!(self.sub_type, sub_type::FIXED_PRECISION | sub_type::FIXED_PRECISION_UTF8);
        u8::try_from(self.scale).ok().filter(|&scale| fixed && scale <= 38)
    }

    /// Returns whether a text has more characters than the column holds. From 4,000 bytes on, the length may be that of the place of
    /// a large object in the row, and is no limit.
    pub(crate) fn is_exceeded_by(&self, text: &str) -> bool {
        let length = self.external_length as usize;
        (1..4_000).contains(&length) && text.len() > length && text.chars().count() > length
    }

    /// Returns the character set of its text: UTF-16 or UTF-8 if the sub type states it, else the column's.
    #[must_use]
    pub fn text_charset(&self) -> Charset {
        match self.sub_type {
            sub_type::UTF16_BE => Charset::UTF_16BE,
            sub_type::UTF8 => Charset::UTF_8,
            _ => self.charset,
        }
    }

    /// Returns whether its text has blanks at its end up to its length: CHAR.
    pub(crate) fn is_blank_padded(&self) -> bool {
        match self.kind() {
            Kind::Text { prefixed } => !prefixed || self.sub_type == sub_type::CHAR,
            _ => false,
        }
    }

    /// Appends a text body in this column's form, with a length if the type has one; for writers.
    pub(crate) fn put_text(&self, order: ByteOrder, bytes: &[u8], out: &mut Vec<u8>) {
        if matches!(
            self.kind(),
            Kind::Text { prefixed: true } | Kind::NumberText { prefixed: true } | Kind::Binary { prefixed: true }
        ) {
            order.put_u16(out, bytes.len() as u16);
        }
        out.extend_from_slice(bytes);
    }
}
