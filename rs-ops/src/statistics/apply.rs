//! [`CommitToApply`]: the time from the commit of a change at the source to that at the target, from the trails of both sides, and from
//! heartbeats. The changes of a row are paired in their order.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use trailcore::analysis::RowKeys;
use trailcore::filter::NameMatch;
use trailcore::{Error, ErrorKind, ReadOptions, Reader, Result, Trail};

use crate::config::{Selection, resolved};
use crate::input::Input;
use crate::model::{LagDefinition, Snapshot};
use crate::statistics::Quantiles;
use crate::statistics::keys::key_of;

/// Changes of the source that wait for their counterpart.
const WAITING: usize = 2_000_000;

/// The trails of both sides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ApplyOptions {
    /// The path of a trail of the source.
    pub source: String,
    /// The path of a trail of an Extract that captures what was applied at the target.
    pub target: String,
    /// The parameter files of the Replicat, whose MAP gives the names at the target; without them they are those of the source.
    pub parameters: Vec<Input>,
    /// The pairs, or heartbeats, below which there are no percentiles; 100 by default.
    pub minimum: u64,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { source: String::new(), target: String::new(), parameters: Vec::new(), minimum: 100 }
    }
}

/// The time from commit to apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommitToApply {
    /// All tables.
    pub all: ApplyTimes,
    /// The tables, by their name at the source.
    pub tables: BTreeMap<String, ApplyTimes>,
    /// Changes of the source without a counterpart in the target's trail: in flight, filtered, or before its start.
    pub only_source: u64,
    /// Changes of the target without one in the source's trail.
    pub only_target: u64,
    /// Changes that cannot be paired: without a key.
    pub without_key: u64,
    /// Changes of the source that were not kept waiting, since more than 2,000,000 did.
    pub dropped: u64,
    /// The whole way of heartbeats by stream, as far as the artefacts of all rounds have them.
    pub heartbeats: BTreeMap<String, ApplyTimes>,
    /// The errors at which reading ended, if a trail was not read to its end.
    pub ended_at: Vec<String>,
}

/// Times, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApplyTimes {
    /// The times, as a sketch that can be merged. A negative one counts as 0.
    pub times: Quantiles,
    /// Times below 0: the clocks of both sides differ by at least the largest of them.
    pub negative: u64,
    /// The largest of them, without its sign.
    pub most_negative: u64,
    /// Half of the times are at most this long.
    pub p50: Option<u64>,
    /// 90 % are.
    pub p90: Option<u64>,
    /// 99 % are.
    pub p99: Option<u64>,
    /// The reason why there are no percentiles.
    pub refused: Option<String>,
}

impl ApplyTimes {
    fn add(&mut self, millis: i64) {
        self.times.add(u64::try_from(millis).unwrap_or(0));
        if millis < 0 {
            self.negative += 1;
            self.most_negative = self.most_negative.max(millis.unsigned_abs());
        }
    }

    /// Adds the percentiles, unless there are too few times or the clocks differ.
    fn finish(&mut self, minimum: u64) {
        let count = self.times.count;
        self.refused = match count {
            0 => Some("no change of the source has a counterpart".to_owned()),
            _ if count < minimum => Some(format!("{count} times are fewer than the minimum of {minimum}")),
            // More than one of a hundred cannot be a jitter of clocks.
            _ if self.negative > count / 100 => Some(format!(
                "{} of {count} times are negative: the clocks differ by at least {} ms",
                self.negative, self.most_negative
            )),
            _ => None,
        };
        if self.refused.is_none() {
            let of = |part| self.times.quantile(part);
            (self.p50, self.p90, self.p99) = (of(0.5), of(0.9), of(0.99));
        }
    }
}

/// A digest of a table, an operation and a key: the values themselves are not kept.
type Row = [u8; 32];

/// A trail that is read for its times.
struct Side {
    reader: Reader,
    keys: RowKeys,
    error: Option<String>,
}

/// A change: its row, its time, and the table as the trail has it. A change without a key has no row.
struct Seen {
    row: Option<Row>,
    table: String,
    micros: i64,
}

impl Side {
    fn open(path: &str) -> Result<Self> {
        let reader = Trail::open(path)?.reader_with(ReadOptions::new())?;
        Ok(Self { reader, keys: RowKeys::default(), error: None })
    }

    /// Returns the next change; `name` gives the name of its table at the target.
    fn next(&mut self, name: &mut impl FnMut(&str) -> String) -> Result<Option<Seen>> {
        let change = match self.reader.next() {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(None),
            Err(error) if error.kind().is_damage() => {
                self.error = Some(error.to_string());
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let table = change.table_name().to_string();
        let key = key_of(&mut self.keys, &change)?;
        let row = key.map(|key| {
            let mut hasher = blake3::Hasher::new();
            for part in [name(&table).as_bytes(), b"\0", change.op().name().as_bytes(), b"\0", &key] {
                hasher.update(part);
            }
            *hasher.finalize().as_bytes()
        });
        Ok(Some(Seen { row, table, micros: change.timestamp().unix_micros() }))
    }
}

/// Pairs the changes of both trails.
///
/// # Errors
/// The errors of opening the trails, and [`ErrorKind::InvalidArgument`] without both of them.
pub(crate) fn commit_to_apply(options: &ApplyOptions, rounds: &[Snapshot]) -> Result<CommitToApply> {
    let mut found = CommitToApply::default();
    match (options.source.is_empty(), options.target.is_empty()) {
        (true, true) => {}
        (false, false) => pair(options, &mut found)?,
        _ => {
            let error = Error::new(ErrorKind::InvalidArgument, "the time to apply needs the trails of both sides");
            return Err(error.hint("set apply.source and apply.target, or none of them for heartbeats only"));
        }
    }
    for stream in rounds.iter().flat_map(|round| &round.streams) {
        if let Some(lag) = stream.lag(LagDefinition::Heartbeat) {
            found.heartbeats.entry(format!("{}/{}", stream.deployment, stream.name)).or_default().add(lag.millis);
        }
    }
    let all = std::iter::once(&mut found.all).chain(found.tables.values_mut()).chain(found.heartbeats.values_mut());
    all.for_each(|times| times.finish(options.minimum));
    Ok(found)
}

fn pair(options: &ApplyOptions, found: &mut CommitToApply) -> Result<()> {
    let selections: Vec<Selection> = resolved(&options.parameters).0.iter().map(Selection::of).collect();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut name = |table: &str| -> String {
        let target = || {
            let rule = selections.iter().find_map(|own| own.of_table(table).first().map(|(_, rule)| (*rule).clone()));
            let made = rule.and_then(|rule| rule.target_of(table, &[], NameMatch::IgnoreCase).ok());
            made.unwrap_or_else(|| table.to_owned()).to_uppercase()
        };
        names.entry(table.to_owned()).or_insert_with(target).clone()
    };
    let (mut source, mut target) = (Side::open(&options.source)?, Side::open(&options.target)?);
    // The number of the table among the names, and the time.
    let mut waiting: HashMap<Row, VecDeque<(usize, i64)>> = HashMap::new();
    let (mut tables, mut places): (Vec<String>, HashMap<String, usize>) = (Vec::new(), HashMap::new());
    let mut number = 0usize;
    while let Some(Seen { row, table, micros }) = source.next(&mut name)? {
        match row {
            None => found.without_key += 1,
            Some(_) if number >= WAITING => found.dropped += 1,
            Some(row) => {
                number += 1;
                let place = *places.entry(table).or_insert_with_key(|table| {
                    tables.push(table.clone());
                    tables.len() - 1
                });
                waiting.entry(row).or_default().push_back((place, micros));
            }
        }
    }
    while let Some(Seen { row, micros, .. }) = target.next(&mut |table| table.to_uppercase())? {
        let Some(row) = row else {
            found.without_key += 1;
            continue;
        };
        let Some((place, commit)) = waiting.get_mut(&row).and_then(VecDeque::pop_front) else {
            found.only_target += 1;
            continue;
        };
        number -= 1;
        let millis = micros.saturating_sub(commit) / 1_000;
        found.all.add(millis);
        if let Some(table) = tables.get(place) {
            found.tables.entry(table.clone()).or_default().add(millis);
        }
    }
    found.only_source = number as u64;
    found.ended_at.extend(source.error.into_iter().chain(target.error));
    Ok(())
}
