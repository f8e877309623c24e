//! What a change's own format answers beyond the model.

use std::borrow::Cow;
use std::fmt;

use crate::change::{Change, Row};
use crate::decode::ByteOrder;
use crate::error::Result;
use crate::time::Timestamp;

/// What only the format of a change's source knows: how its raw bytes are read. Each format has one value of its type, and
/// nothing of it is on the way of a plain row.
pub(crate) trait SourceFormat: fmt::Debug + Send + Sync {
    /// Returns CSN and transaction id from the raw bytes of a transaction's first record.
    fn transaction_ids<'a>(&self, record: &'a [u8], order: ByteOrder) -> (Option<&'a str>, Option<&'a str>);

    /// Returns the images before and after of a change whose [`Layout`](super::Layout) is `Other`.
    fn images<'a>(&self, change: &Change<'a>) -> Result<(Option<Row<'a>>, Option<Row<'a>>)>;

    /// Calls `each` with the name and the value of every token, as the native JSON form has them: without CSN and transaction
    /// id, without tokens that have no value, each name once.
    fn tokens<'a>(&self, change: &Change<'a>, each: &mut dyn FnMut(Cow<'a, str>, &'a [u8]));

    /// Returns the area of the user's tokens, raw; `None` if the change has none.
    fn user_tokens<'a>(&self, change: &Change<'a>) -> Option<&'a [u8]>;

    /// Returns one of the user's tokens by its name, without regard to case.
    fn user_token<'a>(&self, change: &Change<'a>, name: &str) -> UserToken<'a>;

    /// Returns the DDL of a change; `None` if it is encrypted, and for other operations.
    fn ddl<'a>(&self, change: &Change<'a>) -> Option<Ddl<'a>>;

    /// Returns what the source says of a fact. The model answers what it can itself if the source is silent.
    fn fact<'a>(&self, change: &Change<'a>, fact: Fact) -> Option<FactValue<'a>>;
}

/// One of the user's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserToken<'a> {
    /// Its value.
    Value(&'a str),
    /// The change does not have it.
    Missing,
    /// The change has user tokens, but how they are laid out is UNKNOWN.
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

    /// Returns the text, to keep it.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    /// Returns the value of one tag of GoldenGate's text, such as `B4`. Only the beginnings of such texts have been seen; how a
    /// quote within a value is written is UNKNOWN, so that a value with a quote may be cut.
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

/// A fact about a change, beside its row, that @GETENV can ask for.
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
    /// The source can not have it; the reason.
    Unavailable(&'static str),
}
