//! Retention by value: which sets of a repository to keep, each with its reasons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailcore::Result;

use super::class::FileRole;
use super::purge::ReaderPosition;
use super::store::{Set, set_of, store_at};
use crate::model::TrailName;

/// The request of `ops.retain`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RetainRequest {
    /// The repository: a folder, or the URL of an object store.
    pub repository: String,
    /// The last good sets that are kept; at least 1.
    pub last: u64,
    /// Days of which the last good set is kept, and so for weeks and months.
    pub daily: u64,
    /// Weeks, from Monday.
    pub weekly: u64,
    /// Months.
    pub monthly: u64,
    /// Positions that must stay restorable, such as that of the oldest open transaction.
    pub needs: Vec<ReaderPosition>,
}

/// `ops.retain`: which sets to keep. Nothing is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetainReport {
    /// The sets, the oldest first.
    pub sets: Vec<RetainedSet>,
    /// The needs that no set covers.
    pub uncovered: Vec<ReaderPosition>,
}

/// A set with the reasons to keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RetainedSet {
    /// The name.
    pub set: String,
    /// The folder or URL.
    pub path: String,
    /// It is whole, and its manifest can be read.
    pub is_good: bool,
    /// It is kept.
    pub is_kept: bool,
    /// The reasons to keep it; none if it can be removed.
    pub reasons: Vec<String>,
}

/// The facts about a set that retention needs.
struct Facts {
    is_good: bool,
    error: Option<String>,
    /// Days since 1970-01-01 in UTC.
    day: i64,
    month: String,
    trails: BTreeMap<String, Vec<u64>>,
}

/// Returns the day, week or month of a set.
type PeriodOf = fn(&Facts) -> String;

/// Answers `ops.retain`.
///
/// A set is kept if it is one of the last good ones, the last good one of a day, week or month, or if no other kept set covers a
/// position that has to stay restorable. A set whose manifest cannot be read is kept: its value is not known.
///
/// # Errors
/// The errors of reading the repository.
pub fn retain(request: &RetainRequest) -> Result<RetainReport> {
    let mut facts = Vec::new();
    let mut sets: Vec<RetainedSet> = Vec::new();
    for name in store_at(&request.repository)?.names()? {
        let set = set_of(&request.repository, &name)?;
        let own = Facts::of(&set);
        sets.push(RetainedSet {
            set: name,
            path: set.place(),
            is_good: own.is_good,
            reasons: own.error.iter().map(|error| format!("its value is not known: {error}")).collect(),
            ..RetainedSet::default()
        });
        facts.push(own);
    }
    let good: Vec<usize> = (0..facts.len()).filter(|index| facts.get(*index).is_some_and(|facts| facts.is_good)).collect();
    let mut keep = |index: usize, reason: String| {
        if let Some(set) = sets.get_mut(index) {
            set.reasons.push(reason);
        }
    };
    for index in good.iter().rev().take(usize::try_from(request.last.max(1)).unwrap_or(usize::MAX)) {
        keep(*index, "one of the last good sets".to_owned());
    }
    let periods: [(u64, &str, PeriodOf); 3] =
        [(request.daily, "day", Facts::day), (request.weekly, "week", Facts::week), (request.monthly, "month", Facts::month)];
    for (count, name, period) in periods {
        let mut seen: Vec<String> = Vec::new();
        for index in good.iter().rev() {
            let Some(own) = facts.get(*index).map(period) else { continue };
            if !seen.contains(&own) && (seen.len() as u64) < count {
                keep(*index, format!("the last good set of its {name}"));
                seen.push(own);
            }
        }
    }
    let mut report = RetainReport { sets, uncovered: Vec::new() };
    for need in &request.needs {
        let covering: Vec<usize> =
            good.iter().copied().filter(|index| facts.get(*index).is_some_and(|facts| facts.covers(need))).collect();
        let is_kept = |index: &usize| report.sets.get(*index).is_some_and(|set| !set.reasons.is_empty());
        match covering.last() {
            None => report.uncovered.push(need.clone()),
            Some(_) if covering.iter().any(is_kept) => {}
            Some(index) => {
                if let Some(set) = report.sets.get_mut(*index) {
                    let ReaderPosition { name, trail, seqno, .. } = need;
                    set.reasons.push(format!("no other kept set has {trail} from file {seqno}, which {name} needs"));
                }
            }
        }
    }
    report.sets.iter_mut().for_each(|set| set.is_kept = !set.reasons.is_empty());
    Ok(report)
}

impl Facts {
    fn of(set: &Set) -> Self {
        let nothing = Self { is_good: false, error: None, day: 0, month: String::new(), trails: BTreeMap::new() };
        let manifest = match set.manifest() {
            Ok((manifest, _)) => manifest,
            Err(error) => return Self { error: Some(error.what().to_owned()), ..nothing },
        };
        let mut trails: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for file in manifest.files.iter().filter(|file| file.role == FileRole::Trail) {
            let root = manifest.roots.get(&file.root).map_or("", String::as_str);
            let name = TrailName::parse(&format!("{root}/{}", file.path));
            trails.entry(name.path).or_default().extend(name.seqno);
        }
        let started = manifest.started.utc(None).map_or(0, |time| time.unix_micros());
        let month = manifest.started.to_string().chars().take(7).collect();
        Self { is_good: manifest.is_whole, day: started.div_euclid(86_400_000_000), month, trails, ..nothing }
    }

    fn day(&self) -> String {
        self.day.to_string()
    }

    /// Returns the week, from Monday. 1970-01-01 was a Thursday.
    fn week(&self) -> String {
        (self.day + 3).div_euclid(7).to_string()
    }

    fn month(&self) -> String {
        self.month.clone()
    }

    /// Returns whether a reader can be restored to a position: the set has its file, and all later ones up to its last.
    fn covers(&self, need: &ReaderPosition) -> bool {
        let name = TrailName::parse(&need.trail);
        let own = self.trails.iter().filter(|(trail, _)| TrailName::parse(trail).is_same(&name));
        own.into_iter().any(|(_, numbers)| {
            let Some(last) = numbers.iter().max().filter(|last| **last >= need.seqno) else { return false };
            numbers.iter().filter(|number| **number >= need.seqno).count() as u64 == last - need.seqno + 1
        })
    }
}
