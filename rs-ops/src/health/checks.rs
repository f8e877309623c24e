//! Findings about trails, links, services, messages, and streams beside others.

use std::collections::{BTreeMap, HashMap};

use crate::health::memory::{Seen, all_messages, message_id};
use crate::health::{Finding, FindingKind, Memory, Policy, Weight, advice};
use crate::model::{Gap, Link, Message, ProcessState, Snapshot, TrailIndex, TrailName};
use crate::read::Severity;

/// Observations in which a trail grows and is not purged, before that is a finding.
const GROWN: u64 = 24;

/// Returns the links by their reader.
pub(crate) fn links_by_reader(snapshot: &Snapshot) -> HashMap<(&str, &str), &Link> {
    snapshot.links.iter().map(|link| ((link.reader.deployment.as_str(), link.reader.name.as_str()), link)).collect()
}

pub(crate) fn trails(snapshot: &Snapshot, memory: &Memory, policy: &Policy, elapsed: Option<i64>, findings: &mut Vec<Finding>) {
    for link in &snapshot.links {
        gap(link, memory, findings);
        if link.is_ambiguous {
            findings.push(link_finding(
                FindingKind::LinkAmbiguous,
                Weight::Note,
                link,
                "several streams could write this trail, or one of another deployment; none was chosen".to_owned(),
            ));
        }
    }
    two_writers(snapshot, findings);
    stale_trails(snapshot, findings);
    files(snapshot, memory, findings);
    disks(snapshot, memory, policy, elapsed, findings);
}

fn link_finding(kind: FindingKind, weight: Weight, link: &Link, text: String) -> Finding {
    let writer = link.writer.as_ref().map(|side| &side.point.evidence);
    Finding::new(kind, weight, &link.reader.deployment, &link.reader.name, text)
        .with(writer)
        .with(Some(&link.reader.point.evidence))
}

fn gap(link: &Link, memory: &Memory, findings: &mut Vec<Finding>) {
    let (read, trail) = ((link.reader.point.seqno, link.reader.point.rba), &link.trail);
    let (kind, text) = match link.gap {
        None | Some(Gap::Backlog) => return,
        Some(Gap::PurgedTooEarly) => {
            (FindingKind::PurgedTooEarly, format!("it needs file {} of {trail}, which does not exist; later files do", read.0))
        }
        Some(Gap::MissingFile) => {
            (FindingKind::MissingFile, format!("a file of {trail} between {} and its end does not exist", read.0))
        }
        Some(Gap::FileTooShort) => {
            (FindingKind::FileTooShort, format!("it is at {}/{} of {trail}, after the end of the file", read.0, read.1))
        }
        Some(Gap::WriterPastEnd) => (FindingKind::WriterPastEnd, format!("the writer of {trail} is after the end of its file")),
        Some(Gap::ReaderAhead) => {
            // A writer's checkpoint can be older than the reader's. The proof needs the reader's position of the last observation, and a
            // writer that was observed since.
            let id = format!("{}/{}", link.reader.deployment, link.reader.name);
            let observed = link.writer.as_ref().and_then(|side| side.point.evidence.observed);
            let was = memory.streams.get(&id).filter(|seen| observed >= seen.at).and_then(|seen| seen.read);
            let end = link.writer.as_ref().map(|side| (side.point.seqno, side.point.rba));
            if was.zip(end).is_none_or(|(was, end)| was <= end) {
                return;
            }
            (
                FindingKind::ReaderAhead,
                format!("it is at {}/{} of {trail}, and its writer is still before its last position", read.0, read.1),
            )
        }
    };
    findings.push(link_finding(kind, Weight::Critical, link, text));
}

fn two_writers(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut writers: BTreeMap<(&str, String), Vec<(&str, bool)>> = BTreeMap::new();
    for stream in &snapshot.streams {
        for point in &stream.writes {
            let writer = (stream.name.as_str(), stream.writes_elsewhere(point));
            writers.entry((stream.deployment.as_str(), TrailName::parse(&point.trail).path)).or_default().push(writer);
        }
    }
    for ((deployment, trail), writers) in writers.iter().filter(|(_, writers)| writers.len() > 1) {
        let names: Vec<&str> = writers.iter().map(|(name, _)| *name).collect();
        let here = writers.iter().filter(|(_, is_elsewhere)| !is_elsewhere).count();
        let (weight, place) = match here {
            0 | 1 => (Weight::Note, ": two trails if these are on different hosts, else the trail is damaged"),
            _ => (Weight::Critical, ""),
        };
        let text = format!("{} write it{place}", names.join(" and "));
        findings.push(Finding::new(FindingKind::TwoWriters, weight, deployment, trail, text));
    }
}

/// A write checkpoint at 0/0 beside another one is left over, and blocks purging.
fn stale_trails(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    for stream in &snapshot.streams {
        let live = stream.writes.iter().any(|point| (point.seqno, point.rba) != (0, 0));
        for point in stream.writes.iter().filter(|point| live && (point.seqno, point.rba) == (0, 0)) {
            let text = format!("its checkpoint still names {} at 0/0: files there are not purged", point.trail);
            findings.push(Finding::stream(FindingKind::StaleTrail, Weight::Warning, stream, text).with(Some(&point.evidence)));
        }
    }
}

fn files(snapshot: &Snapshot, memory: &Memory, findings: &mut Vec<Finding>) {
    let trails = TrailIndex::of(snapshot);
    let mut readers_of: HashMap<(&str, &str), Vec<&Link>> = HashMap::new();
    for link in &snapshot.links {
        if let Some(files) = trails.get(&link.reader.deployment, &TrailName::parse(&link.trail)) {
            readers_of.entry((files.deployment.as_str(), files.trail.as_str())).or_default().push(link);
        }
    }
    for trail in &snapshot.trails {
        let mut of = |kind, weight, text| findings.push(Finding::new(kind, weight, &trail.deployment, &trail.trail, text));
        if trail.digits == 0 {
            of(FindingKind::MixedDigits, Weight::Warning, "its files have numbers of 6 and of 9 digits".to_owned());
        }
        let Some(known) = memory.trails.get(&format!("{}\u{0}{}", trail.deployment, trail.trail)) else { continue };
        let readers = readers_of.get(&(trail.deployment.as_str(), trail.trail.as_str())).map(Vec::as_slice).unwrap_or_default();
        let bytes = trail.files.values().fold(0, |sum: u64, size| sum.saturating_add(*size));
        let (first, last) =
            (trail.files.keys().next().copied().unwrap_or(0), trail.files.keys().next_back().copied().unwrap_or(0));
        if readers.is_empty() && bytes > known.bytes && last > known.last {
            of(
                FindingKind::NoReader,
                Weight::Note,
                format!("it grows, {} files, and no stream that is known reads it", trail.files.len()),
            );
        }
        let oldest_needed = readers.iter().map(|link| link.reader.point.seqno).min();
        if known.grown >= GROWN && oldest_needed.is_some_and(|oldest| oldest > first + GROWN) {
            of(
                FindingKind::NotPurged,
                Weight::Warning,
                format!("files {first} to {last} exist, and its readers need only those from {}", oldest_needed.unwrap_or(0)),
            );
        }
    }
}

fn disks(snapshot: &Snapshot, memory: &Memory, policy: &Policy, elapsed: Option<i64>, findings: &mut Vec<Finding>) {
    for (id, free) in &snapshot.disks {
        let (Some(elapsed), Some(last)) = (elapsed, memory.disks.get(id)) else { continue };
        let Some(used) = last.checked_sub(*free).filter(|used| *used > 0) else { continue };
        let millis = (*free as f64 / used as f64 * elapsed as f64) as i64;
        if millis < policy.disk_time {
            let (deployment, disk) = id.split_once('\u{0}').unwrap_or(("", id));
            let text = format!(
                "{free} bytes are free, {used} were used since the last observation: full in {} minutes",
                millis / 60_000
            );
            findings.push(Finding::new(FindingKind::DiskFilling, Weight::Critical, deployment, disk, text));
        }
    }
}

pub(crate) fn services(snapshot: &Snapshot, memory: &Memory, findings: &mut Vec<Finding>) {
    for service in &snapshot.services {
        if !matches!(service.state, ProcessState::Running | ProcessState::Changing) {
            let text = format!("its state is {}", service.status);
            findings.push(
                Finding::new(FindingKind::ServiceDown, Weight::Critical, &service.deployment, &service.name, text)
                    .with(Some(&service.evidence)),
            );
        }
    }
    for id in &memory.services {
        let Some((deployment, name)) = id.split_once('\u{0}') else { continue };
        let is_there = snapshot.services.iter().any(|service| service.deployment == deployment && service.name == name);
        // A deployment without any service had no list of them.
        if !is_there && snapshot.services.iter().any(|service| service.deployment == deployment) {
            findings.push(Finding::new(
                FindingKind::ServiceMissing,
                Weight::Critical,
                deployment,
                name,
                "was there and is not any more".to_owned(),
            ));
        }
    }
}

pub(crate) fn messages(snapshot: &Snapshot, memory: &Memory, findings: &mut Vec<Finding>) {
    for (deployment, subject, message) in all_messages(snapshot) {
        if memory.messages.contains(&message_id(deployment, subject, message)) {
            continue;
        }
        findings.extend(message_finding(deployment, subject, message));
    }
}

fn message_finding(deployment: &str, subject: &str, message: &Message) -> Option<Finding> {
    let code = message.code.as_deref().unwrap_or("no code");
    let known = advice(code);
    let is_error = message.severity == Severity::Error;
    let kind = match known {
        Some((kind, _)) => kind,
        // The abend itself is judged with its stream.
        None if is_error && code != "OGG-01668" => FindingKind::ErrorMessage,
        None => return None,
    };
    // The text of a message can contain data of a row: only its code is repeated.
    let times = if message.times > 1 { format!(", {} times", message.times) } else { String::new() };
    let word = if is_error { "error" } else { "warning" };
    let weight = match kind {
        FindingKind::NoUniqueKey | FindingKind::KeepRuleIgnored => Weight::Note,
        _ => Weight::Warning,
    };
    let mut finding =
        Finding::new(kind, weight, deployment, subject, format!("{word} {code}{times}")).with(Some(&message.evidence));
    finding.advice = known.map(|(_, text)| text.to_owned());
    Some(finding)
}

/// Compares streams with others: the Replicats of one trail, and the tables of an Extract with those of its Replicat.
pub(crate) fn peers(snapshot: &Snapshot, memory: &Memory, seen: &BTreeMap<String, Seen>, findings: &mut Vec<Finding>) {
    for link in &snapshot.links {
        let Some(writer) = &link.writer else { continue };
        let both = |id: &str| Some((memory.streams.get(id)?, seen.get(id)?));
        let reader = both(&format!("{}/{}", link.reader.deployment, link.reader.name));
        let Some(((before, now), upstream)) = reader.zip(both(&format!("{}/{}", writer.deployment, writer.name))) else {
            continue;
        };
        for table in slow_tables(before, now, upstream) {
            let text = format!("{table}: changes are written, and none arrive, while those of other tables do");
            findings.push(link_finding(FindingKind::SlowTable, Weight::Warning, link, text));
        }
    }
    let mut by_trail: BTreeMap<(&str, &str), Vec<&Link>> = BTreeMap::new();
    for link in &snapshot.links {
        by_trail.entry((link.reader.deployment.as_str(), link.trail.as_str())).or_default().push(link);
    }
    for links in by_trail.values().filter(|links| links.len() > 2) {
        slow_peer(links, seen, findings);
    }
}

/// One of at least three readers of a trail is slow if its backlog grew in two intervals and no other one's did.
fn slow_peer(links: &[&Link], seen: &BTreeMap<String, Seen>, findings: &mut Vec<Finding>) {
    let grows = |link: &&&Link| {
        let id = format!("{}/{}", link.reader.deployment, link.reader.name);
        seen.get(&id).is_some_and(|seen| {
            let last: Vec<_> = seen.intervals.iter().rev().take(2).collect();
            last.len() == 2 && last.iter().all(|(_, arrived, taken)| *taken * 2 < *arrived)
        })
    };
    let slow: Vec<&&Link> = links.iter().filter(grows).collect();
    if let [only] = slow.as_slice() {
        let others = links.len() - 1;
        let text =
            format!("it takes less than half of what is written, and the {others} other readers of {} keep up", only.trail);
        findings.push(link_finding(FindingKind::SlowPeer, Weight::Warning, only, text));
    }
}

/// Finds tables whose operations stand still on the reading side while the others move.
fn slow_tables(before: &Seen, now: &Seen, (was, is): (&Seen, &Seen)) -> Vec<String> {
    let moved = |from: &Seen, to: &Seen, table: &str| to.operations.get(table)?.checked_sub(*from.operations.get(table)?);
    let any_moves = now.operations.keys().any(|table| moved(before, now, table).is_some_and(|count| count > 0));
    let stands = |table: &&String| moved(before, now, table) == Some(0) && moved(was, is, table).is_some_and(|count| count > 0);
    if any_moves { now.operations.keys().filter(stands).cloned().collect() } else { Vec::new() }
}
