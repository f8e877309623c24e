//! Reconciliation: the counts of Extract, pump or path, Replicat and the trail itself, by table. It compares counts of changes, not
//! the contents of tables.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::input::RefusedInput;
use crate::model::{Backlog, Link, Snapshot, Stream, StreamKind, TO};
use crate::moment::Moment;
use crate::statistics::rates::{RateNote, increase, is_restarted};

/// Bytes of the smallest record of a trail: its own header, that of the record header area, that area, and the trailer; trail-format.md,
/// sections 2 and 5.
const SMALLEST_RECORD: u64 = 4 + 4 + 35 + 4;

/// The count of a stage for a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StageCount {
    /// The stream, or the trail.
    pub stage: String,
    /// Its kind.
    pub kind: StreamKind,
    /// The operations. A stage that does not have the table has none; this is not zero.
    pub operations: Option<u64>,
    /// The reason why the operations are not known. Null if they are, and if a complete answer shows that the stage does not have the
    /// table.
    pub note: Option<RateNote>,
    /// The records that it discarded.
    pub discards: u64,
    /// The collisions that it resolved.
    pub collisions: u64,
    /// The time since which it counts.
    pub since: Option<Moment>,
    /// The images before updates, if they are among the operations.
    #[serde(skip)]
    befores: u64,
}

/// The kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The later stage has counters, and not of the table: it is filtered, or not mapped.
    Filtered,
    /// The later stage discarded the records.
    Discarded,
    /// The later stage resolved collisions.
    Collision,
    /// The records are between the two stages: the backlog has room for them.
    InFlight,
    /// The stages count since different times.
    CountedSinceOtherTime,
    /// The stages count differently by design: one of them counts the images before updates as operations, too.
    CountedDifferently,
    /// Nothing that is known explains the difference.
    Unexplained,
}

/// A difference between two stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The earlier stage.
    pub from: String,
    /// The later stage.
    pub to: String,
    /// The operations that the later stage lacks; negative if it has more.
    pub missing: i64,
    /// The kind, which explains all of it or the rest after the ones before.
    pub kind: DifferenceKind,
}

/// The counts of a table along a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableReconciliation {
    /// The table, as the first stage names it.
    pub table: String,
    /// The counts, in the order of the chain.
    pub stages: Vec<StageCount>,
    /// The differences. None: all stages agree whose operations are known.
    pub differences: Vec<Difference>,
}

/// The counts along all chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reconciliation {
    /// The tables of each chain.
    pub tables: Vec<TableReconciliation>,
    /// The differences that nothing explains.
    pub unexplained: u64,
    /// The artefacts of all rounds that were refused.
    #[serde(default)]
    pub refused: Vec<RefusedInput>,
}

/// Reconciles the counts of a snapshot. Given an earlier one too, the counts of the interval between them.
#[must_use]
pub fn reconcile(before: Option<&Snapshot>, after: &Snapshot) -> Reconciliation {
    let mut found = Reconciliation::default();
    for first in &after.streams {
        let is_read = |link: &&Link| link.reader.deployment == first.deployment && link.reader.name == first.name;
        let starts = after.links.iter().find(is_read).is_none_or(|link| link.writer.is_none());
        if !starts || first.counters.is_empty() {
            continue;
        }
        for chain in chains(after, first, 0) {
            for table in tables(&chain) {
                let one = table_of(table, &chain, before);
                found.unexplained +=
                    one.differences.iter().filter(|difference| difference.kind == DifferenceKind::Unexplained).count() as u64;
                found.tables.push(one);
            }
        }
    }
    found
}

/// A stage of a chain, with the link that it reads.
#[derive(Clone, Copy)]
struct Stage<'a> {
    stream: &'a Stream,
    link: Option<&'a Link>,
}

/// Returns the chains that start at a stream: one for each last reader.
fn chains<'a>(snapshot: &'a Snapshot, first: &'a Stream, depth: usize) -> Vec<Vec<Stage<'a>>> {
    let own = Stage { stream: first, link: None };
    let is_next = |link: &&Link| {
        link.writer.as_ref().is_some_and(|writer| writer.deployment == first.deployment && writer.name == first.name)
    };
    let mut found = Vec::new();
    // A circle of links is no chain.
    for link in snapshot.links.iter().filter(is_next).filter(|_| depth < 8) {
        let Some(next) = snapshot.stream(&link.reader.deployment, &link.reader.name) else { continue };
        for mut rest in chains(snapshot, next, depth + 1) {
            if let Some(stage) = rest.first_mut() {
                stage.link = Some(link);
            }
            rest.insert(0, own);
            found.push(rest);
        }
    }
    if found.is_empty() { vec![vec![own]] } else { found }
}

fn table_of(table: &str, chain: &[Stage<'_>], before: Option<&Snapshot>) -> TableReconciliation {
    let stages: Vec<StageCount> = chain.iter().map(|stage| count(table, stage.stream, before)).collect();
    let mut differences = Vec::new();
    for (pair, stage) in stages.windows(2).zip(chain.iter().skip(1)) {
        if let [from, to] = pair {
            compare(from, to, stage.link, before.is_some(), &mut differences);
        }
    }
    TableReconciliation { table: table.to_owned(), stages, differences }
}

/// Returns the tables of a chain. A table with several targets is there once for each of them.
fn tables<'a>(chain: &[Stage<'a>]) -> BTreeSet<&'a str> {
    let names = || chain.iter().flat_map(|stage| stage.stream.counters.keys()).map(String::as_str);
    let divided: BTreeSet<&str> = names().filter_map(|name| Some(name.split_once(TO)?.0)).collect();
    names().filter(|name| !name.is_empty() && !divided.contains(name)).collect()
}

/// Returns the name that a stage has for a table: its source, if the stage does not divide it by targets.
fn own_name<'a>(stream: &Stream, table: &'a str) -> &'a str {
    let source = || table.split_once(TO).map_or(table, |(source, _)| source);
    if stream.counters.contains_key(table) { table } else { source() }
}

fn count(table: &str, stream: &Stream, before: Option<&Snapshot>) -> StageCount {
    let table = own_name(stream, table);
    let counters = stream.counters.get(table);
    let stream_before = before.and_then(|before| before.stream(&stream.deployment, &stream.name));
    let was = stream_before.and_then(|stream| stream.counters.get(table));
    let is_restarted = stream_before.is_some_and(|before| is_restarted(before, stream));
    let value = |name: &str| {
        let now = counters.and_then(|counters| counters.get(name)).ok_or(RateNote::Missing)?;
        match (before, was.and_then(|was| was.get(name))) {
            (None, _) => Ok(now.value),
            (Some(_), None) => Err(RateNote::New),
            (Some(_), Some(was)) => increase(was, now, is_restarted).ok_or(RateNote::Reset),
        }
    };
    // A kind of operation that is not printed is no part of the sum.
    let parts = ["inserts", "updates", "deletes", "upserts", "truncates"].map(value).into_iter();
    let parts = parts.filter(|part| *part != Err(RateNote::Missing)).reduce(|sum, part| Ok(u64::saturating_add(sum?, part?)));
    let operations = match (value("operations"), parts) {
        (Err(RateNote::Missing), Some(parts)) => parts,
        (whole, _) => whole,
    };
    let befores = value("befores").unwrap_or(0);
    let is_with_befores =
        operations.ok().zip(parts.and_then(Result::ok)).is_some_and(|(all, rows)| all.checked_sub(befores) == Some(rows));
    let collisions =
        ["insert collisions", "update collisions", "delete collisions", "collisions"].iter().filter_map(|name| value(name).ok());
    let has_no_such_table = counters.is_none() && was.is_none() && stream.has_all_counters;
    StageCount {
        stage: stream.id(),
        kind: stream.kind,
        operations: operations.ok(),
        note: operations.err().filter(|_| !has_no_such_table),
        discards: value("discards").unwrap_or(0),
        collisions: collisions.fold(0, u64::saturating_add),
        since: counters.and_then(|counters| counters.values().find_map(|counter| counter.since)),
        befores: if is_with_befores { befores } else { 0 },
    }
}

/// Returns the most operations that a backlog can have: its records, else the ones that fit into its bytes.
fn in_flight(backlog: &Backlog) -> u64 {
    let by_bytes = backlog.bytes.map(|bytes| bytes / SMALLEST_RECORD);
    // The bytes of several files are not known without their sizes.
    let by_files = || backlog.files.map_or(0, |files| if files > 0 { u64::MAX } else { 0 });
    backlog.records.or(by_bytes).unwrap_or_else(by_files)
}

/// Names the difference between two stages: each kind explains a part, and what is left is unexplained.
fn compare(from: &StageCount, to: &StageCount, link: Option<&Link>, is_interval: bool, differences: &mut Vec<Difference>) {
    let mut add =
        |missing: i64, kind| differences.push(Difference { from: from.stage.clone(), to: to.stage.clone(), missing, kind });
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let Some(sent) = from.operations else { return };
    if to.note.is_some() {
        return;
    }
    let Some(received) = to.operations else { return add(signed(sent), DifferenceKind::Filtered) };
    let mut missing = signed(sent).saturating_sub(signed(received));
    let by_design = signed(from.befores).saturating_sub(signed(to.befores));
    if by_design != 0 {
        missing = missing.saturating_sub(by_design);
        add(by_design, DifferenceKind::CountedDifferently);
    }
    let mut explain = |most: u64, kind| {
        let part = missing.min(signed(most));
        if missing > 0 && part > 0 {
            missing -= part;
            add(part, kind);
        }
    };
    explain(to.discards, DifferenceKind::Discarded);
    explain(to.collisions, DifferenceKind::Collision);
    explain(link.map_or(0, |link| in_flight(&link.backlog)), DifferenceKind::InFlight);
    if missing == 0 {
        return;
    }
    let kind =
        if !is_interval && from.since != to.since { DifferenceKind::CountedSinceOtherTime } else { DifferenceKind::Unexplained };
    add(missing, kind);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, observe};

    const ROUTE: &str = "EXTRACT    E1    Last Started 2024-03-01 09:00   Status RUNNING\n  Target Extract Trails:\n\
        \u{20} Trail Name    Seqno    RBA   Max MB\n  ./dirdat/lt       7   1000     500\n\
        REPLICAT   R1    Last Started 2024-03-01 09:00   Status RUNNING\nLog Read Checkpoint  File ./dirdat/lt000000007\n\
        \u{20}                    2024-03-01 10:00:00  RBA 1000\n";

    fn stats(group: &str, table: &str, since: &str, value: u64) -> String {
        format!(
            "Sending STATS request to {group} ...\nStart of Statistics at 2024-03-01 12:00:00.\nReplicating from {table} to B.T:\n\
            *** Total statistics since 2024-03-01 {since} ***\n Total operations {value}.00\nEnd of Statistics.\n"
        )
    }

    fn seen(sent: u64, received: &str) -> Snapshot {
        let text = stats("EXTRACT E1", "A.T", "09:00:00", sent) + ROUTE + received;
        observe(&[Input::text("ggsci.txt", text)])
    }

    /// Returns operations and note of the Replicat, and the differences.
    fn at_end(before: Option<&Snapshot>, after: &Snapshot) -> (Option<u64>, Option<RateNote>, Vec<(i64, DifferenceKind)>) {
        let found = reconcile(before, after);
        let table = found.tables.iter().find(|table| table.table == "A.T").unwrap();
        let stage = table.stages.last().unwrap();
        assert_eq!(stage.stage, "default/R1");
        (stage.operations, stage.note, table.differences.iter().map(|one| (one.missing, one.kind)).collect())
    }

    #[test]
    fn a_table_with_two_targets_is_counted_for_each() {
        let target = |name: &str, value: u64| {
            format!(
                "Replicating from A.T to {name}:\n*** Total statistics since 2024-03-01 09:00:00 ***\n Total operations {value}.00\n"
            )
        };
        let both = target("B.T", 100) + &target("B.HIST", 40);
        let both = format!(
            "Sending STATS request to REPLICAT R1 ...\nStart of Statistics at 2024-03-01 12:00:00.\n{both}End of Statistics.\n"
        );
        let found = reconcile(None, &seen(100, &both));
        let tables = found.tables.iter().map(|table| {
            let counts: Vec<_> = table.stages.iter().map(|stage| stage.operations).collect();
            (&*table.table, counts, table.differences.iter().map(|one| one.missing).sum::<i64>())
        });
        let expected = [("A.T to B.HIST", vec![Some(100), Some(40)], 60), ("A.T to B.T", vec![Some(100), Some(100)], 0)];
        assert_eq!(tables.collect::<Vec<_>>(), expected);
        // Counters of one target before are not those of each target now.
        let before = seen(50, &stats("REPLICAT R1", "A.T", "09:00:00", 10));
        let found = reconcile(Some(&before), &seen(100, &both));
        let notes: Vec<_> = found.tables.iter().filter_map(|table| table.stages.last()?.note).collect();
        assert_eq!(notes, [RateNote::New; 2]);
    }

    #[test]
    fn counters_that_are_reset_or_missing_explain_nothing() {
        let of = |since, value| stats("REPLICAT R1", "A.T", since, value);
        let before = seen(900, &of("09:00:00", 900));
        let reset = (None, Some(RateNote::Reset), Vec::new());
        assert_eq!(at_end(Some(&before), &seen(1_000, &of("10:05:00", 50))), reset);
        assert_eq!(at_end(Some(&before), &seen(2_900, &of("10:05:00", 1_300))), reset);
        assert_eq!(at_end(Some(&before), &seen(1_000, &of("09:00:00", 1_000))), (Some(100), None, Vec::new()));
        assert_eq!(at_end(Some(&seen(900, "")), &seen(1_000, &of("09:00:00", 90))), (None, Some(RateNote::New), Vec::new()));
        let missing = (None, Some(RateNote::Missing), Vec::new());
        assert_eq!(at_end(Some(&before), &seen(1_000, "")), missing);
        assert_eq!(at_end(None, &seen(100, "")), missing);
        let other = stats("REPLICAT R1", "A.OTHER", "09:00:00", 5);
        assert_eq!(at_end(None, &seen(100, &other.replace("End of Statistics.\n", ""))), missing);
        assert_eq!(at_end(None, &seen(100, &other)), (None, None, vec![(100, DifferenceKind::Filtered)]));
    }

    #[test]
    fn a_table_without_known_totals_is_missing_and_not_filtered() {
        let missing = (None, Some(RateNote::Missing), Vec::new());
        let own = stats("REPLICAT R1", "A.T", "09:00:00", 12);
        assert_eq!(at_end(None, &seen(12, &own.replace("Total statistics", "Daily statistics"))), missing);
        let other = "正在向 REPLICAT R1 发送 STATS 请求 ...\n统计信息开始于 2024-03-01 12:00:00.\n从 A.T 提取到 B.T：\n\
            *** 自 2024-03-01 09:00:00 以来的总计统计信息 ***\n        操作总数                                 12.00\n统计信息结束。\n";
        assert_eq!(at_end(None, &seen(12, other)), missing);
        // One table of the answer is not known: it may be the one.
        let daily = stats("REPLICAT R1", "A.OTHER", "09:00:00", 5).replace("Total statistics", "Daily statistics");
        assert_eq!(at_end(None, &seen(12, &daily)), missing);
        let none = own.replace("Total operations 12.00", "No database operations have been performed.").replace(" Total op", "");
        assert_eq!(at_end(None, &seen(12, &none)), (Some(0), None, vec![(12, DifferenceKind::Unexplained)]));
    }

    #[test]
    fn a_backlog_explains_what_fits_into_it() {
        let of = |rba: u64, sent: u64| {
            let text = stats("EXTRACT E1", "A.T", "09:00:00", sent) + &ROUTE.replace("7   1000", &format!("7   {rba}"));
            observe(&[Input::text("ggsci.txt", text + &stats("REPLICAT R1", "A.T", "09:00:00", 10))])
        };
        assert_eq!(at_end(None, &of(1_001, 1_000_000)).2, [(999_990, DifferenceKind::Unexplained)]);
        assert_eq!(
            at_end(None, &of(1_000 + SMALLEST_RECORD, 12)).2,
            [(1, DifferenceKind::InFlight), (1, DifferenceKind::Unexplained)]
        );
        assert_eq!(at_end(None, &of(9_000, 12)).2, [(2, DifferenceKind::InFlight)]);
        let mut counted = of(9_000, 12);
        counted.links[0].backlog.records = Some(1);
        assert_eq!(at_end(None, &counted).2, [(1, DifferenceKind::InFlight), (1, DifferenceKind::Unexplained)]);
        // Without the sizes of files there is no bound.
        counted.links[0].backlog = Backlog { files: Some(1), ..Backlog::default() };
        assert_eq!(at_end(None, &counted).2, [(2, DifferenceKind::InFlight)]);
    }

    #[test]
    fn images_before_updates_are_counted_differently_by_design() {
        let of = |befores: u64, all: u64| {
            let counts = format!(" Total updates 100.00\n Total befores {befores}.00\n Total operations {all}.00\n");
            stats("REPLICAT R1", "A.T", "09:00:00", 0).replace(" Total operations 0.00\n", &counts)
        };
        assert_eq!(at_end(None, &seen(100, &of(40, 140))).2, [(-40, DifferenceKind::CountedDifferently)]);
        assert_eq!(at_end(None, &seen(100, &of(40, 100))).2, []);
        assert_eq!(
            at_end(None, &seen(110, &of(40, 140))).2,
            [(-40, DifferenceKind::CountedDifferently), (10, DifferenceKind::Unexplained)]
        );
    }
}
