//! What every decoder shares: byte orders, and faults in bytes.

/// The order of a number's bytes. In a trail it is a property of the file; column data keep the most significant byte
/// first in either (docs/trail-format.md, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl ByteOrder {
    /// The other one.
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

    pub(crate) fn put_u16(self, out: &mut Vec<u8>, value: u16) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }

    pub(crate) fn put_u32(self, out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }

    pub(crate) fn put_u64(self, out: &mut Vec<u8>, value: u64) {
        out.extend_from_slice(&match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        });
    }
}

/// Why bytes did not parse. The three outcomes that a reader must tell apart: wait, stop, or look at the raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The bytes are a beginning: with more of them they may be good.
    NeedMore,
    /// The bytes contradict each other.
    Corrupt,
    /// Well-formed as far as can be seen, but of a form that is not known.
    Unsupported,
}

/// A fault in some bytes: its kind, where it lies, and what is wrong there. Never holds the bytes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which of the three outcomes it is.
    pub kind: FaultKind,
    /// Offset of the fault from the first of the bytes that were given.
    pub offset: usize,
    /// What is wrong, in a few words.
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

    /// The same fault, seen from `by` bytes before.
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
