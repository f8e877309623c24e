//! Options for converting changes to record batches.

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::source::is_column;

/// The layout of a batch's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// The row after the change, or for a delete the deleted row: one column for each column of the table.
    #[default]
    Rows,
    /// Both images: two structs, `before` and `after`, which are null if the trail does not have the image.
    Changes,
}

/// The conversion of numbers that the trail stores as text, without a declared scale: Oracle's NUMBER without a precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// Text with the exact digits, in JSON notation. Numbers with a declared scale become decimals.
    #[default]
    Declared,
    /// Text for all numbers that the trail stores as text, even with a declared scale.
    Text,
    /// The nearest `Float64`. Not exact.
    Float,
    /// Decimals of 38 digits, with this many digits after the point. A number that does not fit is an error.
    Scale(u8),
}

/// The time unit of date/time columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// Microseconds, or nanoseconds if more than six digits are declared.
    #[default]
    Declared,
    /// Microseconds. A time with further digits is an error.
    #[serde(alias = "us")]
    Micros,
    /// Microseconds; further digits are truncated.
    Truncated,
    /// Nanoseconds, which cover the years 1678 to 2261. A time outside that range is an error.
    #[serde(alias = "ns")]
    Nanos,
    /// Text in the form of ISO 8601 with all digits, which holds every time: `9999-12-31T23:59:59.999999999`. Columns that are declared as
    /// dates stay dates.
    Text,
}

/// The treatment of values that cannot be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// They are an error, unless [`states`](ArrowOptions::states) are requested, which mark them.
    #[default]
    Error,
    /// They become null, like NULL.
    Null,
}

/// The source of columns that the after image of an update lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// They stay missing.
    #[default]
    None,
    /// The before image, if it has them.
    Before,
}

/// The type of the column `_csn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CsnType {
    /// Text, for the CSNs of all databases. It does not sort in the order of the CSNs.
    #[default]
    Text,
    /// `UInt64`, which sorts, for databases whose CSNs are whole numbers, such as Oracle. Another CSN is an error.
    Number,
}

/// The behaviour of a one-table stream when the table's definition, and with it the schema, changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SchemaChange {
    /// The stream ends with an error.
    #[default]
    Error,
    /// The stream has one schema for all definitions, found by reading the trail once beforehand. It has the columns of every
    /// definition, null for rows whose definition lacks them, with types that hold the values of all.
    Union,
    /// The stream ends before the first row of the new schema, for consumers that continue after it, such as
    /// [`next_version`](super::TableStream::next_version).
    Stop,
}

/// Options for converting changes to record batches. They are a document too: [`from_json`](Self::from_json) reads them from
/// JSON, whose schema is `docs/schema/arrow-options.json`.
///
/// ```
/// use trailcore::arrow::{ArrowOptions, Layout};
/// let options = ArrowOptions::new().layout(Layout::Changes).rows(8192);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How changes become record batches."))]
#[serde(default, deny_unknown_fields)]
pub struct ArrowOptions {
    /// The maximum number of rows of a batch, at least 1. Long rows fill a batch earlier.
    pub(crate) rows: usize,
    /// The layout of the rows.
    pub(crate) layout: Layout,
    /// Adds a column `_states` with the state of each value as a word, which distinguishes a missing column from NULL. With the
    /// layout `changes` there are two such columns.
    pub(crate) states: bool,
    /// Adds a column `_complete`: whether each of the columns is known, because it has a value or NULL in the row after the change.
    /// Not in CSV.
    pub(crate) complete: bool,
    /// Adds a column `_unfinished`: whether the transaction breaks off after the change. Not in CSV.
    pub(crate) unfinished: bool,
    /// Adds a column `_key_before` with the old values of the key columns of a key update, a struct that is null for other operations.
    /// Only for the layout `rows` and tables with a key; of the wanted columns. Not in CSV.
    pub(crate) old_key: bool,
    /// The source of columns that the after image of an update lacks. Only for the layout `rows`. Not in CSV.
    pub(crate) fill: Fill,
    /// The type of the column `_csn`. Always text in CSV.
    pub(crate) csn: CsnType,
    /// The type of numbers without a declared scale.
    pub(crate) numbers: Numbers,
    /// The unit of timestamps.
    pub(crate) times: Times,
    /// The treatment of values that cannot be decoded.
    pub(crate) invalid: Invalid,
    /// The columns to decode; all if they are not set. Case does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) columns: Option<Vec<Box<str>>>,
    /// Columns whose values need a wider type than usual, each as `COLUMN` or `TABLE.COLUMN`: microseconds in place of
    /// nanoseconds, for years outside 1678 to 2261; 19 digits in place of 18.
    pub(crate) wide: Vec<Box<str>>,
    /// The behavior of a stream when the schema of its table changes.
    #[serde(rename = "on_schema_change")]
    pub(crate) schema_change: SchemaChange,
    /// The prefix of the columns that do not come from the table.
    pub(crate) prefix: Box<str>,
}

impl Default for ArrowOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ArrowOptions {
    /// Returns whether a value that cannot be decoded becomes NULL, in place of an error.
    #[must_use]
    pub fn takes_invalid(&self) -> bool {
        self.states || self.invalid == Invalid::Null
    }

    /// Returns the default options: all columns, at most 65,536 rows per batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: 1 << 16,
            layout: Layout::Rows,
            states: false,
            complete: false,
            unfinished: false,
            old_key: false,
            fill: Fill::None,
            csn: CsnType::Text,
            numbers: Numbers::Declared,
            times: Times::Declared,
            invalid: Invalid::Error,
            columns: None,
            wide: Vec::new(),
            schema_change: SchemaChange::Error,
            prefix: "_".into(),
        }
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        let options: Self = document::parse(document)?;
        if options.rows == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "rows must be at least 1, not 0"));
        }
        if let Numbers::Scale(scale @ 39..) = options.numbers {
            let what = format!("numbers must have a scale from 0 to 38, not {scale}");
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        if options.layout == Layout::Changes && (options.old_key || options.fill != Fill::None) {
            let option = if options.old_key { "old_key" } else { "fill" };
            let what = format!("the option {option} needs the layout rows; the layout changes has both images");
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        Ok(options)
    }

    /// Sets the maximum number of rows per batch, at least 1. Long rows fill a batch earlier.
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }

    /// Sets the layout of the rows.
    #[must_use]
    pub fn layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// Adds a column `_states`, or with [`Layout::Changes`] the two columns `_before_states` and `_after_states`: a struct with
    /// the state of each value, one of `value`, `null`, `missing`, `invalid` and `unchanged`. It distinguishes a missing column
    /// from NULL.
    #[must_use]
    pub fn states(self, states: bool) -> Self {
        Self { states, ..self }
    }

    /// Adds a column `_complete` of booleans: whether each of the columns has a value or NULL in the row after the change. It shows
    /// which rows of [`Trail::state`](crate::Trail::state) the trail does not hold from their start.
    #[must_use]
    pub fn complete(self, complete: bool) -> Self {
        Self { complete, ..self }
    }

    /// Adds a column `_unfinished` of booleans: whether the transaction breaks off after the change; see
    /// [`Change::is_unfinished`](crate::Change::is_unfinished). It is true only for the last change of such a transaction.
    #[must_use]
    pub fn unfinished(self, unfinished: bool) -> Self {
        Self { unfinished, ..self }
    }

    /// Adds a column `_key_before` with the old values of the key columns of a key update: a struct that is null for other
    /// operations. A replay of the rows needs it to find the row that a key update moves. It has no effect with
    /// [`Layout::Changes`], nor for tables without a key.
    #[must_use]
    pub fn old_key(self, old_key: bool) -> Self {
        Self { old_key, ..self }
    }

    /// Completes the rows of updates from this source. It has no effect with [`Layout::Changes`].
    #[must_use]
    pub fn fill(self, fill: Fill) -> Self {
        Self { fill, ..self }
    }

    /// Sets the type of the column `_csn`.
    #[must_use]
    pub fn csn(self, csn: CsnType) -> Self {
        Self { csn, ..self }
    }

    /// Returns whether the rows are made of both images.
    pub(crate) fn needs_both_images(&self) -> bool {
        self.layout == Layout::Changes || self.old_key || self.fill == Fill::Before
    }

    /// Sets the conversion of numbers without a declared scale.
    #[must_use]
    pub fn numbers(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    /// Sets the time unit of date/time columns.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// Sets the treatment of values that cannot be decoded.
    #[must_use]
    pub fn invalid(self, invalid: Invalid) -> Self {
        Self { invalid, ..self }
    }

    /// Decodes only these columns; names are compared without regard to case. An image is read only up to the last of them,
    /// so damage after it is not detected.
    #[must_use]
    pub fn columns<S: AsRef<str>>(self, columns: &[S]) -> Self {
        Self { columns: Some(columns.iter().map(|name| name.as_ref().into()).collect()), ..self }
    }

    /// Gives these columns a wider type than usual, each as `COLUMN` or `TABLE.COLUMN`: microseconds in place of nanoseconds, for
    /// years outside 1678 to 2261; 19 digits in place of 18. The first batch of a table is examined anyway; this is for values that
    /// come later.
    #[must_use]
    pub fn wide<S: AsRef<str>>(self, columns: &[S]) -> Self {
        Self { wide: columns.iter().map(|name| name.as_ref().into()).collect(), ..self }
    }

    /// Returns whether no option is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::new()
    }

    /// Returns the name of an option that changes the rows of batches but not those of CSV.
    #[cfg(feature = "csv")]
    #[must_use]
    pub fn without_effect_in_csv(&self) -> Option<&'static str> {
        let changed = [
            ("unfinished", self.unfinished),
            ("old_key", self.old_key),
            ("fill", self.fill != Fill::None),
            ("csn", self.csn != CsnType::Text),
        ];
        changed.into_iter().find_map(|(name, is_set)| is_set.then_some(name))
    }

    pub(crate) fn is_wide(&self, table: &str, column: &str) -> bool {
        self.wide.iter().any(|name| is_column(name, table, column))
    }

    /// Sets the behaviour of a one-table stream when its schema changes.
    #[must_use]
    pub fn on_schema_change(self, schema_change: SchemaChange) -> Self {
        Self { schema_change, ..self }
    }

    /// Sets the prefix of the columns that trailcore adds, by default `_`. Change it for tables that have columns of the same
    /// names.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Returns the same options, limited to the columns that the definition has.
    pub(crate) fn of_table(&self, table: &crate::schema::TableDef) -> Self {
        let mut own = self.clone();
        if let Some(columns) = &mut own.columns {
            columns.retain(|name| table.column(name).is_some());
        }
        own
    }

    pub(crate) fn wants(&self, column: &str) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns.iter().any(|wanted| wanted.eq_ignore_ascii_case(column)))
    }
}
