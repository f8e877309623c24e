//! Codes of GoldenGate's messages that mean something for an operator: their class, and the first checks, in our own words.

use crate::health::FindingKind;

/// A code, the kind of its finding, and the first checks.
type Row = (u32, FindingKind, &'static str);

/// The codes with a meaning for an operator, from the research note (ops.md, section 1.1).
const TABLE: &[Row] = &[
    (446, FindingKind::OpenFailed, "check that the file exists, that its archive is readable, and the rights of the process"),
    (664, FindingKind::DatabaseError, "check that the database is open and that its network service answers"),
    (868, FindingKind::SqlError, "compare the table on both sides; read the discard file"),
    (869, FindingKind::SqlError, "compare the table on both sides; read the discard file"),
    (
        950,
        FindingKind::PurgeBlocked,
        "find the checkpoint that still names the trail; a group that no longer runs keeps its files",
    ),
    (958, FindingKind::KeepRuleIgnored, "MINKEEPFILES has no effect here; use MINKEEPHOURS or MINKEEPDAYS"),
    (959, FindingKind::KeepRuleIgnored, "MINKEEPFILES has no effect here; use MINKEEPHOURS or MINKEEPDAYS"),
    (1004, FindingKind::AbortedTransaction, "read the discard file for the record that caused it"),
    (1027, FindingKind::LongTransaction, "ask the owner of the session to commit; all redo since its start is still needed"),
    (1091, FindingKind::OpenFailed, "check that the file exists and the rights of the process"),
    (1154, FindingKind::SqlError, "compare the table on both sides; read the discard file for the record"),
    (1296, FindingKind::SqlError, "compare the table on both sides; read the discard file for the record"),
    (1192, FindingKind::ParameterError, "the task does not support this type of column"),
    (1201, FindingKind::AccessDenied, "check ACCESSRULE of the Manager on the other side"),
    (1223, FindingKind::NetworkError, "check host, port and firewall between the two sides"),
    (1224, FindingKind::NetworkError, "check host, port and firewall between the two sides"),
    (1232, FindingKind::NetworkError, "check host, port and firewall between the two sides"),
    (375, FindingKind::ParameterError, "check the clause that the message names in the parameter file"),
    (1423, FindingKind::ArchiveMissing, "restore the archived log, or correct the archive destination"),
    (1519, FindingKind::EndedTrail, "the trail was rolled over by hand: position the reader at the next file"),
    (2091, FindingKind::ReplicationOff, "switch replication on in the database's parameters"),
    (2554, FindingKind::JavaError, "check the path of the shared libraries"),
    (6439, FindingKind::NoUniqueKey, "name the key columns; without a key every column identifies the row"),
    (6594, FindingKind::PositionAltered, "someone altered the position: check for a gap or for records applied twice"),
    (15051, FindingKind::JavaError, "read the handler's own log"),
];

/// Returns the kind of finding and the first checks of a code, such as `OGG-01027`.
///
/// ```
/// use trailcore_ops::health::{FindingKind, advice};
/// assert_eq!(advice("OGG-01027").unwrap().0, FindingKind::LongTransaction);
/// assert!(advice("OGG-99999").is_none());
/// ```
#[must_use]
pub fn advice(code: &str) -> Option<(FindingKind, &'static str)> {
    let number: u32 = code.strip_prefix("OGG-")?.parse().ok()?;
    TABLE.iter().find(|(known, ..)| *known == number).map(|(_, kind, text)| (*kind, *text))
}
