//! The items of @GETENV. See docs/filter.md, section 7.2.
//!
//! Words without a documented source are marked INFERRED below; they follow general use in parameter files. Items that a trail
//! does not contain are parsed and reported as not available.

use crate::change::{Builder, Fact, HeaderFact, OwnedValue};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::syntax::diagnostic::nearest;

/// The meaning of the arguments of @GETENV.
pub(crate) enum Meaning {
    Item(Fact),
    /// It needs a process or a database.
    NotAvailable(&'static str),
    /// An unknown word, and the most similar known one.
    Unknown(String, Option<&'static str>),
}

const GROUPS: [&str; 21] = [
    "GGHEADER",
    "TRANSACTION",
    "RECORD",
    "GGFILEHEADER",
    "LAG",
    "JULIANTIMESTAMP",
    "JULIANTIMESTAMP_PRECISE",
    "COMMITTIMESTAMP",
    "GGENVIRONMENT",
    "DBENVIRONMENT",
    "ORATRANSACTION",
    "ORAENVIRONMENT",
    "USERNAME",
    "OSUSERNAME",
    "MACHINENAME",
    "PROGRAMNAME",
    "CLIENTIDENTIFIER",
    "LASTERR",
    "STATS",
    "RECSOUTPUT",
    "OSVARIABLE",
];

/// Items by group and word.
const ITEMS: [(&str, &str, Fact); 34] = [
    ("GGHEADER", "OPTYPE", Fact::OpType),
    ("GGHEADER", "BEFOREAFTERINDICATOR", Fact::BeforeAfterIndicator),
    ("GGHEADER", "COMMITTIMESTAMP", Fact::CommitTimestamp),
    ("GGHEADER", "LOGPOSITION", Fact::LogPosition),
    ("GGHEADER", "LOGRBA", Fact::LogRba),
    ("GGHEADER", "TABLENAME", Fact::TableName),
    // INFERRED
    ("GGHEADER", "OBJECTNAME", Fact::TableName),
    ("GGHEADER", "RECORDLENGTH", Fact::RecordLength),
    // INFERRED
    ("GGHEADER", "TRANSACTIONINDICATOR", Fact::TransactionIndicator),
    ("TRANSACTION", "CSN", Fact::Csn),
    // INFERRED
    ("TRANSACTION", "XID", Fact::Xid),
    ("TRANSACTION", "TIMESTAMP", Fact::CommitTimestamp),
    ("TRANSACTION", "USERNAME", Fact::UserName),
    ("ORATRANSACTION", "SCN", Fact::Csn),
    ("ORATRANSACTION", "TIMESTAMP", Fact::CommitTimestamp),
    // Words INFERRED; described as sequence number and other location values.
    ("RECORD", "FILESEQNO", Fact::FileSeqno),
    ("RECORD", "FILERBA", Fact::FileRba),
    ("RECORD", "ROWID", Fact::RowId),
    ("RECORD", "TIMESTAMP", Fact::CommitTimestamp),
    ("LAG", "SEC", Fact::LagSeconds),
    ("LAG", "MSEC", Fact::LagMillis),
    ("LAG", "MIN", Fact::LagMinutes),
    // Words INFERRED; described as format and properties of the trail from its header.
    ("GGFILEHEADER", "COMPATIBILITY", Fact::FileHeader(HeaderFact::Compatibility)),
    ("GGFILEHEADER", "CREATETIMESTAMP", Fact::FileHeader(HeaderFact::CreationTime)),
    ("GGFILEHEADER", "FILENAME", Fact::FileHeader(HeaderFact::FileName)),
    ("GGFILEHEADER", "FILESEQNO", Fact::FileHeader(HeaderFact::Seqno)),
    ("GGFILEHEADER", "FIRSTRECCSN", Fact::FileHeader(HeaderFact::FirstCsn)),
    ("GGFILEHEADER", "FIRSTRECIOTIME", Fact::FileHeader(HeaderFact::FirstIoTime)),
    ("GGFILEHEADER", "URI", Fact::FileHeader(HeaderFact::Uri)),
    ("GGFILEHEADER", "GROUPNAME", Fact::FileHeader(HeaderFact::GroupName)),
    ("GGFILEHEADER", "HOSTNAME", Fact::FileHeader(HeaderFact::HostName)),
    ("GGFILEHEADER", "OSTYPE", Fact::FileHeader(HeaderFact::OsType)),
    ("GGFILEHEADER", "DBNAME", Fact::FileHeader(HeaderFact::DatabaseName)),
    ("GGFILEHEADER", "GGVERSIONSTRING", Fact::FileHeader(HeaderFact::WriterVersion)),
];

/// Items about the process that wrote the trail, from its file header.
const WRITER: [(&str, &str, Fact); 4] = [
    ("GGENVIRONMENT", "GROUPNAME", Fact::FileHeader(HeaderFact::GroupName)),
    ("GGENVIRONMENT", "HOSTNAME", Fact::FileHeader(HeaderFact::HostName)),
    ("DBENVIRONMENT", "DBNAME", Fact::FileHeader(HeaderFact::DatabaseName)),
    ("DBENVIRONMENT", "DBVERSION", Fact::FileHeader(HeaderFact::DatabaseVersion)),
];

/// Returns the meaning of the arguments of @GETENV. Case-insensitive (SEEN).
pub(crate) fn meaning(words: &[&str]) -> Meaning {
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let (group, item) = (words.first().copied().unwrap_or_default(), words.get(1).copied());
    match item {
        None if is(group, "JULIANTIMESTAMP") || is(group, "JULIANTIMESTAMP_PRECISE") => {
            return Meaning::Item(Fact::JulianTimestamp);
        }
        None if is(group, "LAG") => return Meaning::Item(Fact::LagSeconds),
        None if is(group, "COMMITTIMESTAMP") => return Meaning::Item(Fact::CommitTimestamp),
        None if is(group, "USERNAME") => return Meaning::Item(Fact::UserName),
        _ => {}
    }
    if let Some(item) = item {
        let all = || ITEMS.iter().chain(&WRITER);
        if let Some((_, _, found)) = all().find(|(own, word, _)| is(own, group) && is(word, item)) {
            return Meaning::Item(*found);
        }
        if all().any(|(own, _, _)| is(own, group)) && !is(group, "GGENVIRONMENT") && !is(group, "DBENVIRONMENT") {
            // Not all words of these groups are known: an unknown one may be right, and is then not available.
            let near = nearest(item, all().filter(|(own, _, _)| is(own, group)).map(|(_, word, _)| *word));
            return match near {
                Some(near) => Meaning::Unknown(item.to_owned(), Some(near)),
                None => Meaning::NotAvailable("this @GETENV item is not known in trails"),
            };
        }
    }
    if is(group, "OSVARIABLE") {
        return Meaning::NotAvailable("@GETENV ('OSVARIABLE') is disabled: a filter must not read the environment of the host");
    }
    let known = GROUPS.iter().chain(&["DELTASTATS", "TLFKEY", "SOURCEDATABASEINFO", "LOCALTIMESTAMP"]).any(|own| is(own, group));
    if known {
        Meaning::NotAvailable("only a running GoldenGate process knows this")
    } else {
        Meaning::Unknown(group.to_owned(), nearest(group, GROUPS))
    }
}

impl Builder {
    /// Sets what `@GETENV (group, item)` evaluates to for the change, in place of the change's own value.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if a change has no such item.
    pub fn environment(self, group: &str, item: &str, value: &OwnedValue) -> Result<Self> {
        match meaning(&[group, item]) {
            Meaning::Item(fact) => Ok(self.fact(fact, value)),
            _ => {
                let what = format!("@GETENV ('{group}', '{item}') is not available for a change record");
                Err(Error::new(ErrorKind::InvalidArgument, what))
            }
        }
    }
}
