//! The positions of streams, and their landings in the trails of a set.

use std::collections::BTreeMap;

use super::class::FileRole;
use super::manifest::{Landing, SetFile, SetPosition};
use crate::input::{Input, RefusedInput, read_all};
use crate::model::{Snapshot, TrailName};

/// Reads artefacts, and returns the positions of their streams in trails.
pub(crate) fn observed(inputs: &[Input]) -> (Vec<SetPosition>, Vec<RefusedInput>) {
    let snapshot = Snapshot::of(&read_all(inputs));
    let mut found = Vec::new();
    for stream in &snapshot.streams {
        let points = stream.read.iter().map(|point| (false, point)).chain(stream.writes.iter().map(|point| (true, point)));
        found.extend(points.map(|(is_write, point)| SetPosition {
            deployment: stream.deployment.clone(),
            stream: stream.name.clone(),
            kind: stream.kind,
            is_write,
            trail: point.trail.clone(),
            seqno: point.seqno,
            rba: point.rba,
            landing: Landing::Unchecked,
        }));
    }
    found.sort();
    (found, snapshot.refused())
}

/// The trails of a set: the place of each file by trail and number.
pub(crate) struct Trails {
    trails: Vec<(TrailName, BTreeMap<u64, usize>)>,
}

impl Trails {
    /// `roots` has the paths of the roots at the source.
    pub(crate) fn of<'a>(
        files: impl Iterator<Item = (usize, &'a str, &'a str, FileRole)>,
        roots: &BTreeMap<String, String>,
    ) -> Self {
        let mut found: BTreeMap<(String, u64), (TrailName, BTreeMap<u64, usize>)> = BTreeMap::new();
        for (index, root, path, role) in files {
            if role != FileRole::Trail {
                continue;
            }
            let base = roots.get(root).map_or("", String::as_str).trim_end_matches('/');
            let name = TrailName::parse(&format!("{base}/{path}"));
            let Some(seqno) = name.seqno else { continue };
            let (_, numbers) = found.entry((name.path.clone(), name.digits)).or_insert_with(|| (name, BTreeMap::new()));
            numbers.insert(seqno, index);
        }
        Self { trails: found.into_values().collect() }
    }

    pub(crate) fn of_set(files: &[SetFile], roots: &BTreeMap<String, String>) -> Self {
        let files = files.iter().enumerate();
        Self::of(files.map(|(index, file)| (index, file.root.as_str(), file.path.as_str(), file.role)), roots)
    }

    /// Returns the file of a position, or the landing of a position without one.
    pub(crate) fn file_of(&self, position: &SetPosition) -> Result<usize, Landing> {
        let name = TrailName::parse(&position.trail);
        let own: Vec<_> = self.trails.iter().filter(|(trail, _)| trail.is_same(&name)).collect();
        let [(_, numbers)] = own.as_slice() else {
            return Err(if own.is_empty() { Landing::NoTrail } else { Landing::Ambiguous });
        };
        if let Some(index) = numbers.get(&position.seqno) {
            return Ok(*index);
        }
        // A reader that has read all waits at the start of the next file.
        let is_next =
            position.rba == 0 && numbers.keys().next_back().is_some_and(|last| last.checked_add(1) == Some(position.seqno));
        Err(if is_next { Landing::End } else { Landing::NoFile })
    }

    /// Returns the offsets that are looked for in each file.
    pub(crate) fn wanted(&self, positions: &[SetPosition]) -> BTreeMap<usize, Vec<u64>> {
        let mut found: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for position in positions {
            if let Ok(index) = self.file_of(position) {
                found.entry(index).or_default().push(position.rba);
            }
        }
        found
    }

    /// Sets the landings of positions. `found` has the landings of the offsets in each file.
    pub(crate) fn land(&self, positions: &mut [SetPosition], found: &BTreeMap<usize, Vec<(u64, Landing)>>) {
        for position in positions {
            position.landing = match self.file_of(position) {
                Err(landing) => landing,
                Ok(index) => {
                    let landings = found.get(&index).into_iter().flatten();
                    let own = landings.into_iter().find(|(rba, _)| *rba == position.rba);
                    own.map_or(Landing::Unchecked, |(_, landing)| *landing)
                }
            };
        }
    }
}

/// Describes the positions at which a reader would not find what it needs.
pub(crate) fn bad(positions: &[SetPosition]) -> Vec<String> {
    let readers = positions.iter().filter(|position| !position.is_write);
    let bad = readers.filter(|position| !position.landing.is_good() && position.landing != Landing::NoTrail);
    bad.map(|position| {
        let SetPosition { deployment, stream, trail, seqno, rba, landing, .. } = position;
        let place = match landing {
            Landing::Inside => "inside of a record or of damage",
            Landing::AfterEnd => "after the end of its file",
            Landing::NoFile => "in a file that the set does not have",
            Landing::Ambiguous => "in a trail whose name several trails have",
            _ => "not known",
        };
        format!("{deployment}/{stream} reads {trail} at {seqno}/{rba}, which is {place}")
    })
    .collect()
}
