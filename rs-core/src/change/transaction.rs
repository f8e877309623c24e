//! [`TransactionIndicator`]: the place of a change in its transaction; and the ids of the transaction.

use crate::decode::ByteOrder;

/// The place of a record in its transaction: the TransInd byte (docs/trail-format.md, section 5).
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
    /// Returns the indicator of the header's byte.
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

    /// Returns the header's byte.
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

    /// Returns whether a transaction starts with this record.
    #[must_use]
    pub fn begins(self) -> bool {
        matches!(self, Self::First | Self::Only)
    }

    /// Returns whether a transaction ends with this record.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Last | Self::Only)
    }

    /// Returns `first`, `middle`, `last` or `only`; `None` for a value without a known meaning.
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

/// CSN and id of a transaction. In a trail only its first record has them (docs/trail-format.md, section 8).
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionIds {
    /// The areas of that record that have them in the changes' buffer, as long as they are there: start, length, byte order.
    pub(crate) areas: Option<(usize, usize, ByteOrder)>,
    /// The texts otherwise. A reader reuses their memory for all its transactions.
    csn: String,
    xid: String,
    has_csn: bool,
    has_xid: bool,
    /// Counts the transactions that a reader has met: two changes with the same number have the same ids.
    pub(crate) serial: u64,
}

impl TransactionIds {
    /// Makes room for any ids that have been seen, so that keeping them does not allocate.
    pub(crate) fn with_room() -> Self {
        let room = || String::with_capacity(64);
        Self { csn: room(), xid: room(), ..Self::default() }
    }

    /// Creates the ids of a transaction from their texts.
    pub(crate) fn kept(csn: Option<&str>, xid: Option<&str>, serial: u64) -> Self {
        let mut ids = Self { serial, ..Self::default() };
        ids.keep(csn, xid);
        ids
    }

    /// Returns the texts that are kept.
    pub(crate) fn texts(&self) -> (Option<&str>, Option<&str>) {
        (self.has_csn.then_some(&*self.csn), self.has_xid.then_some(&*self.xid))
    }

    /// Returns the same ids with another number.
    pub(crate) fn numbered(self, serial: u64) -> Self {
        Self { serial, ..self }
    }

    /// Creates the ids of a transaction whose first record is in the changes' buffer.
    pub(crate) fn in_record(at: usize, len: usize, order: ByteOrder, serial: u64) -> Self {
        Self { areas: Some((at, len, order)), serial, ..Self::default() }
    }

    /// Begins a transaction with the record at this place.
    #[inline(always)]
    pub(crate) fn begin(&mut self, at: usize, len: usize, order: ByteOrder) {
        self.areas = Some((at, len, order));
        self.serial += 1;
    }

    /// Begins a transaction whose ids are unknown.
    pub(crate) fn forget(&mut self) {
        self.keep(None, None);
        self.serial += 1;
    }

    /// Keeps these texts, since the record is about to leave the buffer.
    pub(crate) fn keep(&mut self, csn: Option<&str>, xid: Option<&str>) {
        self.areas = None;
        (self.has_csn, self.has_xid) = (csn.is_some(), xid.is_some());
        for (kept, text) in [(&mut self.csn, csn), (&mut self.xid, xid)] {
            kept.clear();
            kept.push_str(text.unwrap_or_default());
        }
    }
}
