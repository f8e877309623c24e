//! What @GETENV asks for: spec section 6.
//!
//! Words that the specification has not seen (marked so below) are taken as they are used in parameter files in general;
//! INFERRED. Whatever a trail cannot tell parses and is reported as not available.

use crate::filter::syntax::diagnostic::nearest;

/// One thing that @GETENV can be asked for.
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
    /// The database user of a transaction: not in any trail that is known, but in other forms of change records.
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

/// What words come to.
pub(crate) enum Meaning {
    Item(EnvItem),
    /// A process or a database would have to answer.
    NotAvailable(&'static str),
    /// The word that is not known, and the nearest that is.
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
    // Not seen in the specification's sources.
    ("GGHEADER", "OBJECTNAME", EnvItem::TableName),
    ("GGHEADER", "RECORDLENGTH", EnvItem::RecordLength),
    // Not seen in the specification's sources.
    ("GGHEADER", "TRANSACTIONINDICATOR", EnvItem::TransactionIndicator),
    ("TRANSACTION", "CSN", EnvItem::Csn),
    // Not seen in the specification's sources.
    ("TRANSACTION", "XID", EnvItem::Xid),
    ("TRANSACTION", "TIMESTAMP", EnvItem::CommitTimestamp),
    ("TRANSACTION", "USERNAME", EnvItem::UserName),
    ("ORATRANSACTION", "SCN", EnvItem::Csn),
    ("ORATRANSACTION", "TIMESTAMP", EnvItem::CommitTimestamp),
    // Not seen in the specification's sources, but described: sequence number and other location values.
    ("RECORD", "FILESEQNO", EnvItem::FileSeqno),
    ("RECORD", "FILERBA", EnvItem::FileRba),
    ("RECORD", "ROWID", EnvItem::RowId),
    ("RECORD", "TIMESTAMP", EnvItem::CommitTimestamp),
    ("LAG", "SEC", EnvItem::LagSeconds),
    ("LAG", "MSEC", EnvItem::LagMillis),
    ("LAG", "MIN", EnvItem::LagMinutes),
    // Not seen in the specification's sources, but described: format and properties of the trail from its header.
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

/// Items of the environment of the process that wrote the trail, which its file header tells.
const WRITER: [(&str, &str, EnvItem); 4] = [
    ("GGENVIRONMENT", "GROUPNAME", EnvItem::FileHeader(HeaderItem::GroupName)),
    ("GGENVIRONMENT", "HOSTNAME", EnvItem::FileHeader(HeaderItem::HostName)),
    ("DBENVIRONMENT", "DBNAME", EnvItem::FileHeader(HeaderItem::DatabaseName)),
    ("DBENVIRONMENT", "DBVERSION", EnvItem::FileHeader(HeaderItem::DatabaseVersion)),
];

/// What the words of a @GETENV call ask for. Case does not count (SEEN).
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
            // Groups whose words are not all known: a word beyond them may be right, and is then not available.
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
