//! `SEND … SHOWTRANS`: open transactions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::{Scan, is_ruler, time_in};

/// An open transaction. One without items holds no lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenTransaction {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// The transaction's id.
    pub xid: String,
    /// Its items.
    pub items: Option<u64>,
    /// The group.
    pub group: Option<String>,
    /// The redo thread.
    pub thread: Option<u64>,
    /// The time of its start.
    pub started: Option<Moment>,
    /// The SCN of its start.
    pub scn: Option<u64>,
    /// The redo log of its start.
    pub seqno: Option<u64>,
    /// The byte offset of its start.
    pub rba: Option<u64>,
    /// The state as printed.
    pub status: Option<String>,
    /// Values of keys that the reader does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
}

/// Returns whether a line starts a transaction.
pub(crate) fn starts(text: &str) -> bool {
    text.trim_start().starts_with("XID:")
}

/// Reads a transaction.
pub(crate) fn read(scan: &mut Scan<'_>, faults: &mut Faults) -> OpenTransaction {
    let mut found =
        OpenTransaction { place: scan.peek().map(|line| line.place).unwrap_or_default(), ..OpenTransaction::default() };
    while let Some(line) = scan.inside() {
        let (text, place) = (line.text.trim().to_owned(), line.place);
        let Some((key, value)) = text.split_once(':').filter(|_| !is_ruler(&text)) else { break };
        let (key, value) = (key.trim(), value.trim());
        if key == "XID" && !found.xid.is_empty() {
            break;
        }
        let mut number = || number::whole(value).map_err(|kind| faults.add(place, kind, key)).ok();
        match key {
            "XID" => found.xid = kept(value),
            "Items" => found.items = number(),
            "Extract" | "Replicat" => found.group = Some(kept(value)),
            "Redo Thread" => found.thread = number(),
            "Redo Seq" => found.seqno = number(),
            "Redo RBA" => found.rba = number(),
            "Start Time" => found.started = time_in(value),
            "SCN" => {
                found.scn = value
                    .split_once('(')
                    .and_then(|(_, total)| number::whole(total.trim_end_matches(')')).ok())
                    .or_else(|| number::whole(value).ok())
            }
            "Status" => found.status = Some(kept(value)),
            other => {
                faults.add(place, FaultKind::UnknownKey, other);
                found.others.insert(kept(other), kept(value));
            }
        }
        scan.skip();
    }
    found
}
