//! Checks over the files of a deployment: who writes and reads which trail, and what is covered by what.

use std::collections::BTreeMap;

use trailcore::filter::{ObjectPattern, Piece};

use super::finding::{ConfigFinding, ConfigRule};
use super::resolve::{Origin, Resolved};
use super::{FileKind, ParameterFile};

/// A trail that a process writes.
struct Written<'a> {
    member: &'a Resolved,
    piece: &'a Piece,
    trail: String,
    /// The host of a remote trail.
    host: Option<String>,
}

/// Checks the files together.
pub(crate) fn check(members: &[Resolved]) -> Vec<ConfigFinding> {
    let written: Vec<Written<'_>> = members.iter().flat_map(written).collect();
    let reads = reads(members);
    let mut found = written_twice(&written);
    found.extend(not_written(members, &written, &reads));
    found.extend(not_read(&written, &reads));
    found.extend(not_covered(members, &written, &reads));
    found.extend(not_purged(members, &written));
    found.extend(mixed_lengths(members));
    found
}

fn finding(rule: ConfigRule, member: &Resolved, piece: &Piece, text: String) -> ConfigFinding {
    let Origin { file, line, column, offset, .. } = member.origin(piece.range.start);
    ConfigFinding {
        rule,
        severity: rule.severity(),
        primary: false,
        file: file.to_owned(),
        line,
        column,
        offset: offset as u64,
        text: member.scrubbed(&text, piece.range.start),
        reason: rule.reason().to_owned(),
        fix: rule.fix().to_owned(),
        ogg: None,
    }
}

fn path(word: &str) -> String {
    word.trim_matches(['\'', '"']).replace('\\', "/").trim_start_matches("./").to_owned()
}

/// Returns whether two names are of the same trail: a relative name is the end of an absolute one.
fn is_same(a: &str, b: &str) -> bool {
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    ends(a, b) || ends(b, a)
}

fn written(member: &Resolved) -> Vec<Written<'_>> {
    let file = &member.expanded;
    let (mut host, mut found) = (None, Vec::new());
    if !matches!(file.kind(), FileKind::Extract | FileKind::Pump) {
        return found;
    }
    for piece in file.statements() {
        let first = file.words(piece).first().map(|word| path(word));
        match (&*file.keyword(piece), first) {
            ("RMTHOST", first) => host = first,
            ("EXTTRAIL", Some(trail)) => found.push(Written { member, piece, trail, host: None }),
            ("RMTTRAIL", Some(trail)) => found.push(Written { member, piece, trail, host: host.clone().or(Some(String::new())) }),
            _ => {}
        }
    }
    found
}

/// Returns the trail that each group reads, from ADD EXTRACT and ADD REPLICAT in command files.
fn reads(members: &[Resolved]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in members.iter().map(|member| member.file()).filter(|file| file.kind() == FileKind::Commands) {
        for piece in file.statements().filter(|piece| file.keyword(piece) == "ADD") {
            let words: Vec<&str> = file.words(piece).into_iter().filter(|word| *word != ",").collect();
            let source = match words.first().map(|word| word.to_ascii_uppercase()).as_deref() {
                Some("EXTRACT") => "EXTTRAILSOURCE",
                Some("REPLICAT") => "EXTTRAIL",
                _ => continue,
            };
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(source));
            if let (Some(group), Some(trail)) = (words.get(1), at.and_then(|at| words.get(at + 1))) {
                found.insert(group.to_ascii_uppercase(), path(trail));
            }
        }
    }
    found
}

fn written_twice(written: &[Written<'_>]) -> Vec<ConfigFinding> {
    let mut found = Vec::new();
    for (index, own) in written.iter().enumerate() {
        let clashes = |other: &&Written<'_>| {
            let place = other.host == own.host && (own.host.is_some() || other.member.deployment() == own.member.deployment());
            place && other.trail == own.trail && other.member.file().name() != own.member.file().name()
        };
        if let Some(other) = written.iter().take(index).find(clashes) {
            let text = format!("{} is also written by {}", own.trail, other.member.file().name());
            found.push(finding(ConfigRule::TrailWrittenTwice, own.member, own.piece, text));
        }
    }
    found
}

fn not_written(members: &[Resolved], written: &[Written<'_>], reads: &BTreeMap<String, String>) -> Vec<ConfigFinding> {
    let mut found = Vec::new();
    if written.is_empty() {
        return found;
    }
    for member in members {
        let Some(group) = member.expanded.group() else { continue };
        let Some(trail) = reads.get(&group) else { continue };
        let piece = member.expanded.statements().next();
        if let Some(piece) = piece.filter(|_| !written.iter().any(|own| is_same(&own.trail, trail))) {
            let text = format!("{group} reads {trail}, which no file writes");
            found.push(finding(ConfigRule::TrailNotWritten, member, piece, text));
        }
    }
    found
}

fn not_read(written: &[Written<'_>], reads: &BTreeMap<String, String>) -> Vec<ConfigFinding> {
    if reads.is_empty() {
        return Vec::new();
    }
    let unread = written.iter().filter(|own| !reads.values().any(|trail| is_same(&own.trail, trail)));
    unread.map(|own| finding(ConfigRule::TrailNotRead, own.member, own.piece, format!("no group reads {}", own.trail))).collect()
}

/// Returns the last two parts of a name: a container may be set elsewhere.
fn object(word: &str) -> Option<(String, ObjectPattern)> {
    let parts: Vec<&str> = word.split('.').collect();
    let name = parts.get(parts.len().saturating_sub(2)..)?.join(".");
    Some((name.to_ascii_uppercase(), name.to_ascii_uppercase().parse().ok()?))
}

fn tables(file: &ParameterFile) -> Vec<ObjectPattern> {
    let pieces = file.statements().filter(|piece| matches!(&*file.keyword(piece), "TABLE" | "SEQUENCE"));
    pieces.filter_map(|piece| Some(object(file.words(piece).first()?)?.1)).collect()
}

fn not_covered(members: &[Resolved], written: &[Written<'_>], reads: &BTreeMap<String, String>) -> Vec<ConfigFinding> {
    let mut found = Vec::new();
    for member in members.iter().filter(|member| member.expanded.kind() == FileKind::Replicat) {
        let file = &member.expanded;
        let trail = file.group().and_then(|group| reads.get(&group));
        let writers = written.iter().filter(|own| trail.is_none_or(|trail| is_same(&own.trail, trail)));
        let covered: Vec<ObjectPattern> = writers.flat_map(|own| tables(&own.member.expanded)).collect();
        if covered.is_empty() {
            continue;
        }
        for piece in file.statements().filter(|piece| file.keyword(piece) == "MAP") {
            let Some((name, own)) = file.words(piece).first().and_then(|word| object(word)) else { continue };
            let overlaps = |table: &ObjectPattern| table.matches(&name) || own.matches(&table.to_string().to_ascii_uppercase());
            if !covered.iter().any(overlaps) {
                found.push(finding(ConfigRule::MapNotCovered, member, piece, format!("no TABLE covers {name}")));
            }
        }
    }
    found
}

fn not_purged(members: &[Resolved], written: &[Written<'_>]) -> Vec<ConfigFinding> {
    let mut found = Vec::new();
    for own in written.iter().filter(|own| own.host.is_none()) {
        let same = members.iter().filter(|member| member.deployment() == own.member.deployment());
        let managers: Vec<_> = same.map(|member| &member.expanded).filter(|file| file.kind() == FileKind::Manager).collect();
        let rules = managers.iter().flat_map(|file| file.statements().map(move |piece| (file, piece)));
        let mut rules = rules.filter(|(file, piece)| file.keyword(piece) == "PURGEOLDEXTRACTS");
        let covers = |rule: &str| path(rule).split('*').next().is_some_and(|start| covers(start, &own.trail));
        let is_purged = rules.any(|(file, piece)| file.words(piece).first().is_some_and(|rule| covers(rule)));
        if !managers.is_empty() && !is_purged {
            let text = format!("no PURGEOLDEXTRACTS covers {}", own.trail);
            found.push(finding(ConfigRule::TrailNotPurged, own.member, own.piece, text));
        }
    }
    found
}

/// Returns whether files of a trail are covered by a rule that starts like this.
fn covers(start: &str, trail: &str) -> bool {
    trail.starts_with(start)
        || trail.match_indices('/').any(|(at, _)| trail.get(at + 1..).is_some_and(|rest| rest.starts_with(start)))
}

fn mixed_lengths(members: &[Resolved]) -> Vec<ConfigFinding> {
    let of = |name: &str| {
        let globals = members.iter().filter(|member| member.file().kind() == FileKind::Globals);
        let mut pieces = globals.flat_map(|member| member.file().statements().map(move |piece| (member, piece)));
        pieces.find(|(member, piece)| member.file().keyword(piece) == name)
    };
    match (of("TRAIL_SEQLEN_6D"), of("TRAIL_SEQLEN_9D")) {
        (Some((member, piece)), Some((other, _))) => {
            let text = format!("{} has numbers of 9 digits", other.file().name());
            vec![finding(ConfigRule::MixedSequenceLength, member, piece, text)]
        }
        _ => Vec::new(),
    }
}
