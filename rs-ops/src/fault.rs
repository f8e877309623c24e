//! [`Fault`]: something in an artefact that has no value, with its place and the reason. A reader returns values and faults; it
//! never guesses a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Faults that are kept one by one. The others are counted only.
const KEPT: usize = 1_000;
/// Characters of an unknown word that are kept.
const WORD: usize = 64;

/// The reason of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The text is not a number.
    NotANumber,
    /// The digits can be read as two different numbers, such as `1.234`.
    AmbiguousNumber,
    /// The number is larger than 64 bits; the largest one is returned.
    TooLarge,
    /// The text is not a time.
    NotATime,
    /// A state of a process that the reader does not know; it is kept as text.
    UnknownState,
    /// A column that the reader does not know; it is kept as text.
    UnknownColumn,
    /// A key that the reader does not know; it is kept as text.
    UnknownKey,
    /// A line that does not belong to the artefact.
    UnknownLine,
    /// Columns do not start where the heading has them; values were assigned by their form.
    Misaligned,
    /// The labels are in another language than English; values are kept by their place.
    Localised,
    /// A line was cut off, and another one was written into it.
    Torn,
    /// The line belongs to the event before it, as far as can be known: several processes write the file.
    Assumed,
    /// Two values of the artefact contradict each other; both are kept.
    Contradiction,
    /// The text ends inside a value or a block.
    Cut,
    /// The text is not JSON from here on.
    BrokenJson,
    /// A member that every such document has is missing.
    MissingMember,
    /// The bytes are not text.
    NotText,
    /// The line is longer than a reader accepts; its rest is not read.
    TooLong,
    /// A limit is reached; the rest is counted only.
    Truncated,
}

/// Something in an artefact that has no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The byte offset of the line.
    pub offset: u64,
    /// The reason.
    pub kind: FaultKind,
    /// The field, or the unknown word. Never a value of a table's column.
    pub what: String,
}

/// The faults of an artefact: the first thousand, and the number of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Faults {
    /// The first faults.
    pub first: Vec<Fault>,
    /// The number of each kind, of all faults.
    pub counts: BTreeMap<FaultKind, u64>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, place: Place, kind: FaultKind, what: &str) {
        *self.counts.entry(kind).or_default() += 1;
        if self.first.len() < KEPT {
            let what = what.chars().take(WORD).collect();
            self.first.push(Fault { line: place.line, offset: place.offset, kind, what });
        }
    }

    /// Returns the number of all faults.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Returns the number of faults of a kind.
    #[must_use]
    pub fn of(&self, kind: FaultKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }
}

/// The place of a value in an artefact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The line, from 1.
    pub line: u64,
    /// The byte offset of the line; of text in another encoding than UTF-8, the offset after its conversion.
    pub offset: u64,
}
