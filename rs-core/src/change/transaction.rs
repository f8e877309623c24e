//! Where a change is in its transaction.

/// Where a record stands in its transaction: the TransInd byte (docs/trail-format.md, section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionIndicator {
    /// The first record of several.
    First,
    /// Neither the first nor the last.
    Middle,
    /// The last record of several.
    Last,
    /// The only record of its transaction.
    Only,
    /// A value without a known meaning.
    Unknown(u8),
}

impl TransactionIndicator {
    /// From the header's byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::First,
            1 => Self::Middle,
            2 => Self::Last,
            3 => Self::Only,
            other => Self::Unknown(other),
        }
    }

    /// The header's byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Middle => 1,
            Self::Last => 2,
            Self::Only => 3,
            Self::Unknown(byte) => byte,
        }
    }

    /// Whether a transaction starts with this record.
    #[must_use]
    pub fn begins(self) -> bool {
        matches!(self, Self::First | Self::Only)
    }

    /// Whether a transaction ends with this record.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Last | Self::Only)
    }

    /// `first`, `middle`, `last` or `only`; `None` for a value without a known meaning.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::First => Some("first"),
            Self::Middle => Some("middle"),
            Self::Last => Some("last"),
            Self::Only => Some("only"),
            Self::Unknown(_) => None,
        }
    }
}
