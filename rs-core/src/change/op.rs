//! [`Op`]: the operation of a change.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// The operation of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A new row.
    Insert,
    /// A row with the same key and other values.
    Update,
    /// A row with another key.
    PkUpdate,
    /// A deleted row.
    Delete,
    /// All rows of the table are deleted.
    Truncate,
    /// A DDL change of a definition.
    Ddl,
    /// Not a change: a database or table definition. Only returned on request.
    Metadata,
    /// Not a change: a marker, or a record of an unknown type. Only returned on request.
    Other,
}

impl Op {
    /// All operations, changes first.
    pub const ALL: [Self; 8] =
        [Self::Insert, Self::Update, Self::PkUpdate, Self::Delete, Self::Truncate, Self::Ddl, Self::Metadata, Self::Other];

    /// Returns its name in the native JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::PkUpdate => "pk_update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Ddl => "ddl",
            Self::Metadata => "metadata",
            Self::Other => "other",
        }
    }

    /// Returns whether it changes data or definitions. A reader returns only such changes by default.
    #[inline]
    #[must_use]
    pub const fn is_change(self) -> bool {
        !matches!(self, Self::Metadata | Self::Other)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Op {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|op| op.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("unknown operation {name:?}"))
                .hint("write one of insert, update, pk_update, delete, truncate, ddl, metadata, other")
        })
    }
}
