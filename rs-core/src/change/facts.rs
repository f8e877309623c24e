//! The statements of a source about a change, other than its rows: tokens, DDL and the facts that @GETENV requests.

use std::borrow::Cow;

use crate::time::Timestamp;

/// One of the user's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserToken<'a> {
    /// Its value.
    Value(&'a str),
    /// The change does not have it.
    Missing,
    /// The change has user tokens, but their layout is UNKNOWN.
    UnknownLayout,
}

/// A DDL change: a statement that changes definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ddl<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) object: Option<Cow<'a, str>>,
}

impl<'a> Ddl<'a> {
    /// Returns the whole text. GoldenGate's has the form `,C5='csn',,B7='',,…`, with owner and object under B3 and B4 and the
    /// statement under C1. Bytes that are not text in a known character set are shown as replacement characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text, owned if it had to be converted.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    /// Returns the value of one tag of GoldenGate's text, such as `B4`. Only the beginnings of such texts have been seen; how a
    /// quote within a value is written is UNKNOWN, so a value with a quote may be truncated.
    #[must_use]
    pub fn field(&self, tag: &str) -> Option<String> {
        tagged(&self.text, tag)
    }

    /// Returns owner and object, joined by `.`; `None` if they are not stated.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }
}

/// Returns the value of a tag in GoldenGate's text of a DDL change.
pub(crate) fn tagged(text: &str, tag: &str) -> Option<String> {
    let start = text.find(&format!(",{tag}='"))? + tag.len() + 3;
    let rest = text.get(start..)?;
    // A value ends at a quote before a comma or the end.
    let end = rest.find("',,").or_else(|| rest.strip_suffix('\'').map(str::len)).or_else(|| rest.find("',"))?;
    rest.get(..end).map(str::to_owned)
}

/// A fact about a change, other than its row, that @GETENV can request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fact {
    OpType,
    BeforeAfterIndicator,
    CommitTimestamp,
    LogPosition,
    LogRba,
    TableName,
    RecordLength,
    TransactionIndicator,
    Csn,
    Xid,
    FileSeqno,
    FileRba,
    RowId,
    LagSeconds,
    LagMillis,
    LagMinutes,
    JulianTimestamp,
    FileHeader(HeaderFact),
    /// The database user of a transaction. No known trail has it; other change records do.
    UserName,
}

/// A fact from the header of a change's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HeaderFact {
    Compatibility,
    CreationTime,
    FileName,
    Seqno,
    FirstCsn,
    FirstIoTime,
    Uri,
    GroupName,
    HostName,
    OsType,
    DatabaseName,
    DatabaseVersion,
    WriterVersion,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FactValue<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A number's digits.
    Digits(&'a str),
    Number(i128),
    Time(Timestamp),
    Bytes(&'a [u8]),
    /// The source does not have it.
    Missing,
    /// The source has it, but not in a form that is understood.
    Invalid,
    /// The source cannot have it; the reason.
    Unavailable(&'static str),
}
