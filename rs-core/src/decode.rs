//! Byte orders, and faults in bytes, for every decoder.

/// The order of a number's bytes. In a trail it is a property of the file; column data have the most significant byte first in
/// either order (docs/trail-format.md, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl ByteOrder {
    /// Returns the other order.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Big => Self::Little,
            Self::Little => Self::Big,
        }
    }

    #[inline(always)]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        }
    }

    #[inline(always)]
    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Big => u64::from_be_bytes(bytes),
            Self::Little => u64::from_le_bytes(bytes),
        }
    }

    pub(crate) fn bytes_of_u16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }

    pub(crate) fn bytes_of_u32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }

    pub(crate) fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&self.bytes_of_u16(value));
    }

    pub(crate) fn put_u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&self.bytes_of_u32(value));
    }

    pub(crate) fn put_u64(self, out: &mut Vec<u8>, value: u64) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }
}

/// The reason why bytes could not be parsed. A reader reacts differently to each: it waits, stops, or shows the raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The bytes are incomplete: they may be valid with more bytes.
    NeedMore,
    /// The bytes contradict each other.
    Corrupt,
    /// No contradiction was found, but the form is unknown.
    Unsupported,
}

/// A fault in some bytes: its kind, its offset, and a description. It never contains the bytes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// Offset of the fault from the first of the parsed bytes.
    pub offset: usize,
    /// A short description.
    pub what: &'static str,
}

impl Fault {
    pub(crate) const fn corrupt(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::Corrupt, offset, what }
    }

    pub(crate) const fn unsupported(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::Unsupported, offset, what }
    }

    pub(crate) const fn need_more(offset: usize, what: &'static str) -> Self {
        Self { kind: FaultKind::NeedMore, offset, what }
    }

    /// Returns the same fault with an offset that is `by` bytes higher.
    pub(crate) const fn after(self, by: usize) -> Self {
        Self { offset: self.offset + by, ..self }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what)
    }
}

impl std::error::Error for Fault {}
