//! The items of @GETENV. See docs/filter.md, section 7.2.
//!
//! Words without a documented source are marked INFERRED below; they follow general use in parameter files. Items that a trail
//! does not contain are parsed and reported as not available.

use crate::filter::syntax::diagnostic::nearest;

/// An item of @GETENV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EnvItem {
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
    FileHeader(HeaderItem),
    /// The database user of a transaction. Not in any known trail, but in other change formats.
    UserName,
}

/// Items of a file header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HeaderItem {
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

/// The meaning of the arguments of @GETENV.
pub(crate) enum Meaning {
    Item(EnvItem),
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
const ITEMS: [(&str, &str, EnvItem); 34] = [
    ("GGHEADER", "OPTYPE", EnvItem::OpType),
    ("GGHEADER", "BEFOREAFTERINDICATOR", EnvItem::BeforeAfterIndicator),
    ("GGHEADER", "COMMITTIMESTAMP", EnvItem::CommitTimestamp),
    ("GGHEADER", "LOGPOSITION", EnvItem::LogPosition),
    ("GGHEADER", "LOGRBA", EnvItem::LogRba),
    ("GGHEADER", "TABLENAME", EnvItem::TableName),
    // INFERRED
    ("GGHEADER", "OBJECTNAME", EnvItem::TableName),
    ("GGHEADER", "RECORDLENGTH", EnvItem::RecordLength),
    // INFERRED
    ("GGHEADER", "TRANSACTIONINDICATOR", EnvItem::TransactionIndicator),
    ("TRANSACTION", "CSN", EnvItem::Csn),
    // INFERRED
    ("TRANSACTION", "XID", EnvItem::Xid),
    ("TRANSACTION", "TIMESTAMP", EnvItem::CommitTimestamp),
    ("TRANSACTION", "USERNAME", EnvItem::UserName),
    ("ORATRANSACTION", "SCN", EnvItem::Csn),
    ("ORATRANSACTION", "TIMESTAMP", EnvItem::CommitTimestamp),
    // Words INFERRED; described as sequence number and other location values.
    ("RECORD", "FILESEQNO", EnvItem::FileSeqno),
    ("RECORD", "FILERBA", EnvItem::FileRba),
    ("RECORD", "ROWID", EnvItem::RowId),
    ("RECORD", "TIMESTAMP", EnvItem::CommitTimestamp),
    ("LAG", "SEC", EnvItem::LagSeconds),
    ("LAG", "MSEC", EnvItem::LagMillis),
    ("LAG", "MIN", EnvItem::LagMinutes),
    // Words INFERRED; described as format and properties of the trail from its header.
    ("GGFILEHEADER", "COMPATIBILITY", EnvItem::FileHeader(HeaderItem::Compatibility)),
    ("GGFILEHEADER", "CREATETIMESTAMP", EnvItem::FileHeader(HeaderItem::CreationTime)),
    ("GGFILEHEADER", "FILENAME", EnvItem::FileHeader(HeaderItem::FileName)),
    ("GGFILEHEADER", "FILESEQNO", EnvItem::FileHeader(HeaderItem::Seqno)),
    ("GGFILEHEADER", "FIRSTRECCSN", EnvItem::FileHeader(HeaderItem::FirstCsn)),
    ("GGFILEHEADER", "FIRSTRECIOTIME", EnvItem::FileHeader(HeaderItem::FirstIoTime)),
    ("GGFILEHEADER", "URI", EnvItem::FileHeader(HeaderItem::Uri)),
    ("GGFILEHEADER", "GROUPNAME", EnvItem::FileHeader(HeaderItem::GroupName)),
    ("GGFILEHEADER", "HOSTNAME", EnvItem::FileHeader(HeaderItem::HostName)),
    ("GGFILEHEADER", "OSTYPE", EnvItem::FileHeader(HeaderItem::OsType)),
    ("GGFILEHEADER", "DBNAME", EnvItem::FileHeader(HeaderItem::DatabaseName)),
    ("GGFILEHEADER", "GGVERSIONSTRING", EnvItem::FileHeader(HeaderItem::WriterVersion)),
];

/// Items about the process that wrote the trail, from its file header.
const WRITER: [(&str, &str, EnvItem); 4] = [
    ("GGENVIRONMENT", "GROUPNAME", EnvItem::FileHeader(HeaderItem::GroupName)),
    ("GGENVIRONMENT", "HOSTNAME", EnvItem::FileHeader(HeaderItem::HostName)),
    ("DBENVIRONMENT", "DBNAME", EnvItem::FileHeader(HeaderItem::DatabaseName)),
    ("DBENVIRONMENT", "DBVERSION", EnvItem::FileHeader(HeaderItem::DatabaseVersion)),
];

/// Returns the meaning of the arguments of @GETENV. Case-insensitive (SEEN).
pub(crate) fn meaning(words: &[&str]) -> Meaning {
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let (group, item) = (words.first().copied().unwrap_or_default(), words.get(1).copied());
    match item {
        None if is(group, "JULIANTIMESTAMP") || is(group, "JULIANTIMESTAMP_PRECISE") => {
            return Meaning::Item(EnvItem::JulianTimestamp);
        }
        None if is(group, "LAG") => return Meaning::Item(EnvItem::LagSeconds),
        None if is(group, "COMMITTIMESTAMP") => return Meaning::Item(EnvItem::CommitTimestamp),
        None if is(group, "USERNAME") => return Meaning::Item(EnvItem::UserName),
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
