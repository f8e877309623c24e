//! How changes become record batches.

/// How the rows of a batch are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// The row that a change leaves, or of a delete the row that it takes: one column for each column of the table.
    #[default]
    Rows,
    /// Both images: two structs, `before` and `after`, that are null where the trail has no such image.
    Changes,
}

/// How numbers go over that the trail holds as text and whose scale is not declared: Oracle's NUMBER without a precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// As text with their exact digits, as JSON writes them. Numbers of declared scale go over as decimals.
    #[default]
    Declared,
    /// All numbers that the trail holds as text as text, whether their scale is declared or not.
    Text,
    /// As the nearest `Float64`: the caller does not need them exact.
    Float,
    /// As decimals of 38 digits, so many of them behind the point. One that does not fit is an error.
    Scale(u8),
}

/// The unit of dates with times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Microseconds, or nanoseconds where more than six digits are declared.
    #[default]
    Declared,
    /// Microseconds; finer digits are cut off.
    Micros,
    /// Nanoseconds, which reach from 1678 to 2261. A time beyond is an error.
    Nanos,
}

/// What becomes of values that cannot be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invalid {
    /// They are an error, but where states are asked for, which tell them.
    #[default]
    Error,
    /// They are null, like NULL.
    Null,
}

/// What a stream of one table does where its definition changes so that the schema changes too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaChange {
    /// It ends with an error.
    #[default]
    Error,
    /// It has a schema for all of them, found by reading the trail once more beforehand: all columns that there ever are,
    /// null where a definition has them not, with types that hold those of all.
    Union,
    /// It ends; [`next_version`](super::TableStream::next_version) goes on with the new schema.
    Stop,
}

/// How changes become record batches.
///
/// ```
/// use trailcore::arrow::{ArrowOptions, Layout};
/// let options = ArrowOptions::new().layout(Layout::Changes).rows(8192);
/// ```
#[derive(Clone, Debug)]
pub struct ArrowOptions {
    pub(crate) rows: usize,
    pub(crate) layout: Layout,
    pub(crate) states: bool,
    pub(crate) numbers: Numbers,
    pub(crate) times: Times,
    pub(crate) invalid: Invalid,
    pub(crate) columns: Option<Vec<Box<str>>>,
    pub(crate) schema_change: SchemaChange,
    pub(crate) prefix: Box<str>,
}

impl Default for ArrowOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ArrowOptions {
    /// Rows of all columns, 65,536 to a batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: 1 << 16,
            layout: Layout::Rows,
            states: false,
            numbers: Numbers::Declared,
            times: Times::Declared,
            invalid: Invalid::Error,
            columns: None,
            schema_change: SchemaChange::Error,
            prefix: "_".into(),
        }
    }

    /// Batches of at most this many rows, at least one. Rows of many bytes fill a batch earlier.
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows: rows.max(1), ..self }
    }

    /// How the rows are laid out.
    #[must_use]
    pub fn layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// Adds a column `_states`, or of [`Layout::Changes`] two, `_before_states` and `_after_states`: a struct with the state
    /// of each value, as the word `value`, `null`, `missing`, `invalid` or `unchanged`. So a missing column is told from NULL.
    #[must_use]
    pub fn states(self, states: bool) -> Self {
        Self { states, ..self }
    }

    /// How numbers of no declared scale go over.
    #[must_use]
    pub fn numbers(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    /// The unit of dates with times.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// What becomes of values that cannot be decoded.
    #[must_use]
    pub fn invalid(self, invalid: Invalid) -> Self {
        Self { invalid, ..self }
    }

    /// Decodes only these columns. Case does not count. An image is read only as far as the last of them: damage behind
    /// that goes unnoticed.
    #[must_use]
    pub fn columns<S: AsRef<str>>(self, columns: &[S]) -> Self {
        Self { columns: Some(columns.iter().map(|name| name.as_ref().into()).collect()), ..self }
    }

    /// What a stream of one table does where its schema changes.
    #[must_use]
    pub fn on_schema_change(self, schema_change: SchemaChange) -> Self {
        Self { schema_change, ..self }
    }

    /// What the names of the columns that are not the table's start with, `_` if not said otherwise: for tables that have
    /// such columns themselves.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// The same, with only those columns asked for that a definition has.
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
