//! The request and the report of anonymising, as documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The request of `ops.anonymise`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AnonymiseRequest {
    /// The path of the trail: a file, a prefix such as `dirdat/rt`, or a directory that holds one trail.
    pub trail: String,
    /// The directory of the result, which must not exist.
    pub to: String,
    /// A file whose bytes, at least 16 of them, are the key: the same key gives the same replacements. Without one, a key is made at random and
    /// not stored.
    pub key_file: Option<String>,
    /// Columns whose equal values stay equal, as `OWNER.TABLE.COLUMN`. The columns of one list are one domain: what is equal in two of them
    /// stays so. Key columns, and columns with the name of a key column, need not be listed.
    pub equal: Vec<Vec<String>>,
    /// The path of a definitions file, for a trail that does not define its tables. The result then has one, too.
    pub defs: Option<String>,
}

/// `ops.anonymise`: a trail without the values and names of the original. The report has none of them either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnonymiseReport {
    /// The files of the trail.
    pub files: Vec<AnonymisedFile>,
    /// The name of the definitions file, if there is one.
    pub definitions: Option<String>,
    /// Records, file headers included.
    pub records: u64,
    /// Changes.
    pub changes: u64,
    /// Transactions that begin in the trail.
    pub transactions: u64,
    /// Changes of the largest one.
    pub largest_transaction: u64,
    /// Errors on reading: images that cannot be decoded, damage, gaps. The original has as many, at the same places.
    pub errors: u64,
    /// The tables under their new names, in the order in which they are met.
    pub tables: Vec<AnonymisedTable>,
    /// Values of columns that were replaced.
    pub replaced: u64,
    /// Values of columns that have no contents, and stay: empty texts, blanks, zero dates.
    pub empty: u64,
    /// The parts of unknown meaning that were replaced by other bytes.
    pub hidden: Vec<HiddenPart>,
    /// CSNs were moved. `false` if they have too few digits for that, so that some stay.
    pub csns_moved: bool,
    /// The BLAKE3 digest of the structure, in hexadecimal digits, which is that of the original, too: place, type and lengths of every
    /// record; state, type and length of every column.
    pub structure: String,
    /// The search for values and names of the original in the result, which found none.
    pub search: SearchReport,
}

/// A file of an anonymised trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnonymisedFile {
    /// Its name.
    pub name: String,
    /// Its size, which is that of the original.
    pub bytes: u64,
}

/// A table of an anonymised trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnonymisedTable {
    /// Its new name.
    pub name: String,
    /// The number of changes by operation.
    pub changes: BTreeMap<String, u64>,
    /// The columns that images have.
    pub columns: Vec<AnonymisedColumn>,
}

/// A column of an anonymised trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnonymisedColumn {
    /// Its new name.
    pub name: String,
    /// It belongs to the key.
    pub is_key: bool,
    /// The number of values.
    pub values: u64,
    /// The number of NULLs.
    pub nulls: u64,
    /// The number of values that are not of the column's type.
    pub invalid: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// The kinds of parts that are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HiddenKind {
    /// A field of a file header, or a key of an encrypted trail.
    HeaderField,
    /// One of GoldenGate's tokens.
    Token,
    /// User tokens, whose layout is not known.
    UserTokens,
    /// An area, or bytes of a record header.
    Area,
    /// A definition of an unknown layout, or a part of one.
    Definition,
    /// A fragment of a large object.
    LargeObject,
    /// The data of a record of an unknown type.
    RecordType,
    /// A row that cannot be decoded: damaged, encrypted, or of an unknown layout.
    Row,
    /// A value of an unknown type, or one that is not of its type.
    Value,
    /// A range of bytes that are no records.
    Damage,
    /// An incomplete record at the end of a file.
    TornTail,
}

/// Parts of unknown meaning that were replaced by other bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HiddenPart {
    /// Its kind.
    pub kind: HiddenKind,
    /// How many there are.
    pub count: u64,
    /// The sequence number of the file with the first one.
    pub seqno: u64,
    /// The byte offset of the record with the first one.
    pub rba: u64,
}

/// The search for values and names of the original in the result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SearchReport {
    /// Texts that were searched: values and names, each in several encodings.
    pub searched: u64,
    /// Texts that are too short: chance would find them.
    pub short: u64,
    /// The bits that the contents of a text have at least to be searched.
    pub least_bits: u32,
    /// Bytes in which they were searched.
    pub bytes: u64,
}

impl AnonymiseReport {
    /// Returns whether the trail has damage or an incomplete end, which the result has, too.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.hidden.iter().any(|part| matches!(part.kind, HiddenKind::Damage | HiddenKind::TornTail))
    }
}
