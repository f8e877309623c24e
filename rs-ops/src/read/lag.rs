//! `LAG` and `SEND … GETLAG` in their spellings, and `LAG` answered from the heartbeat table.

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::number;
use crate::read::lines::kept;
use crate::read::scan::Scan;

/// The answer of `LAG`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LagAnswer {
    /// The place of the first line.
    #[serde(flatten)]
    pub place: Place,
    /// `EXTRACT` or `REPLICAT`, if the answer names it.
    pub program: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The lag of the last record in milliseconds.
    pub lag: Option<i64>,
    /// The lag at the low watermark, as printed.
    pub low_lag: Option<u64>,
    /// The lag at the high watermark, as printed.
    pub high_lag: Option<u64>,
    /// The low watermark.
    pub low_position: Option<u64>,
    /// The high watermark.
    pub high_position: Option<u64>,
    /// `at_eof`, `waiting`, `processing`, `no_records` or `not_running`.
    pub state: Option<String>,
}

/// The answer of `LAG` from the heartbeat table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeartbeatLag {
    /// The place of the heading.
    #[serde(flatten)]
    pub place: Place,
    /// The rows.
    pub rows: Vec<HeartbeatRow>,
}

/// A row of the heartbeat table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeartbeatRow {
    /// The lag in milliseconds. Negative if clocks differ.
    pub lag: Option<i64>,
    /// The age of the last heartbeat in milliseconds.
    pub age: Option<i64>,
    /// The source database.
    pub source: String,
    /// The target database.
    pub target: String,
    /// The groups on the way.
    pub path: Vec<String>,
}

/// Returns whether a line starts an answer.
pub(crate) fn starts(text: &str) -> bool {
    is_request(text) || text.trim_start().starts_with("Last record lag")
}

/// "Sending GETLAG request to EXTRACT E1 ...", in any language.
fn is_request(text: &str) -> bool {
    text.contains("GETLAG")
        && (text.contains("EXTRACT")
            || text.contains("REPLICAT")
            || text.contains("Extract group")
            || text.contains("Replicat group"))
}

/// Reads the answer.
pub(crate) fn read(scan: &mut Scan<'_>, faults: &mut Faults) -> Option<LagAnswer> {
    let first = scan.peek()?;
    let mut found = LagAnswer { place: first.place, ..LagAnswer::default() };
    if is_request(&first.text) {
        let words: Vec<_> = first.text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let at = words.iter().position(|word| matches!(word.to_ascii_uppercase().as_str(), "EXTRACT" | "REPLICAT"));
        let after = at.map(|at| words.iter().skip(at + 1).find(|word| **word != "group"));
        found.program = at.and_then(|at| words.get(at)).map(|word| word.to_uppercase());
        found.group = after.flatten().map(|name| kept(name.trim_end_matches(['.', '\u{2026}'])));
        scan.skip();
    }
    while let Some(line) = scan.peek() {
        let (text, place) = (line.text.trim().to_owned(), line.place);
        if is_request(&text) || !(text.is_empty() || answer_line(&text, place, &mut found, faults)) {
            break;
        }
        scan.skip();
    }
    Some(found)
}

/// Takes a line of an answer; returns whether it is one.
fn answer_line(text: &str, place: Place, found: &mut LagAnswer, faults: &mut Faults) -> bool {
    let value = |rest: &str| rest.trim_start_matches([':', ' ']).trim_end_matches('.').trim().to_owned();
    if let Some(rest) = text.strip_prefix("Last record lag") {
        match number::span(&value(rest)) {
            Ok(lag) => found.lag = Some(lag),
            Err(kind) => faults.add(place, kind, "lag"),
        }
        return true;
    }
    for (label, target) in [
        ("Low watermark lag", &mut found.low_lag),
        ("High watermark lag", &mut found.high_lag),
        ("Low watermark position", &mut found.low_position),
        ("High watermark position", &mut found.high_position),
    ] {
        if let Some(rest) = text.strip_prefix(label) {
            match number::whole(&value(rest)) {
                Ok(number) => *target = Some(number),
                Err(kind) => faults.add(place, kind, label),
            }
            return true;
        }
    }
    let states = [
        ("At EOF", "at_eof"),
        ("Waiting for data", "waiting"),
        ("Processing data", "processing"),
        ("No records yet processed", "no_records"),
    ];
    let state = states.into_iter().find(|(label, _)| text.starts_with(label)).map(|(_, state)| state);
    let state = state.or_else(|| text.contains("not currently running").then_some("not_running"));
    if let Some(state) = state {
        found.state = Some(state.to_owned());
        return true;
    }
    // The answer in another language: no number can be named with certainty, so the lag stays unknown.
    let is_localised = found.lag.is_none() && found.group.is_some() && !text.is_ascii();
    if is_localised {
        faults.add(place, FaultKind::Localised, "lag");
    }
    is_localised
}

/// Returns whether a line is the heading of the heartbeat table.
pub(crate) fn starts_heartbeat(text: &str) -> bool {
    let words: Vec<_> = text.split_whitespace().take(5).collect();
    matches!(words.as_slice(), ["LAG", "AGE", "FROM", "TO", ..])
}

/// Reads heading and rows.
pub(crate) fn read_heartbeat(scan: &mut Scan<'_>, faults: &mut Faults) -> HeartbeatLag {
    let mut found = HeartbeatLag { place: scan.take().map(|line| line.place).unwrap_or_default(), rows: Vec::new() };
    while let Some(line) = scan.inside() {
        let (text, place) = (line.text.trim().to_owned(), line.place);
        if !text.starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '-' | '.')) || text.starts_with("--") {
            if text.is_empty() || text.starts_with("--") {
                scan.skip();
                continue;
            }
            break;
        }
        scan.skip();
        found.rows.push(heartbeat_row(&text, place, faults));
    }
    found
}

fn heartbeat_row(text: &str, place: Place, faults: &mut Faults) -> HeartbeatRow {
    // A length of time may have several words; columns are two blanks apart, the path is the rest.
    let mut words = text.split_whitespace().peekable();
    let mut times = [None, None];
    for (at, time) in times.iter_mut().enumerate() {
        let mut parts: Vec<&str> = Vec::new();
        let rank = |word: &str| "dhms".find(|unit| word.ends_with(unit));
        while let Some(word) = words.peek().copied() {
            let is_time =
                word.starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '-' | '.')) && rank(word).is_some();
            // Units grow smaller within one length of time.
            if !is_time || parts.last().is_some_and(|last| rank(word) <= rank(last)) {
                break;
            }
            parts.push(word);
            words.next();
        }
        let joined = parts.join(" ");
        let (sign, plain) = joined.strip_prefix('-').map_or((1, joined.as_str()), |plain| (-1, plain));
        match number::span(plain) {
            Ok(millis) => *time = Some(sign * millis),
            Err(kind) => faults.add(place, kind, if at == 0 { "lag" } else { "age" }),
        }
    }
    let mut next = || words.next().map(kept).unwrap_or_default();
    let (source, target) = (next(), next());
    let path = words.collect::<Vec<_>>().join(" ").split("==>").map(kept).filter(|part| !part.is_empty()).collect();
    HeartbeatRow { lag: times.first().copied().flatten(), age: times.last().copied().flatten(), source, target, path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::transcript::{self, Section};

    #[test]
    fn all_spellings() {
        let text = "Sending GETLAG request to EXTRACT E1 ...\nLast record lag: 23 seconds.\nAt EOF, no more records to process.\n\n\
            2018-08-17 23:09:31  INFO    OGG-14054  Lag from heartbeat table requires DBLOGIN.\n\n\
            Sending GETLAG request to REPLICAT R1...\nLast record lag: 15 minutes, 32 seconds.\n\
            Sending GETLAG request to REPLICAT R2 ...\nLast record lag 1,218 seconds.\nLow watermark lag: 67.\nHigh watermark position: 68765101638.\nWaiting for data to process\n\
            Sending GETLAG request to REPLICAT R3 ...\n最后记录滞后 5 秒\n\
            LAG     AGE          FROM  TO       PATH\n5.77s   10m 22.87s   ORCL  BIGDATA  ETPC ==> PTPC ==> RTPC\n10s 5s A B\n";
        let mut faults = Faults::default();
        let found = transcript::read(text.as_bytes(), &mut faults);
        let lags: Vec<_> = found
            .sections
            .iter()
            .filter_map(|section| match section {
                Section::Lag(lag) => Some((lag.group.as_deref().unwrap_or(""), lag.lag, lag.state.as_deref())),
                _ => None,
            })
            .collect();
        assert_eq!(
            lags,
            [
                ("E1", Some(23_000), Some("at_eof")),
                ("R1", Some(932_000), None),
                ("R2", Some(1_218_000), Some("waiting")),
                ("R3", None, None)
            ]
        );
        let Some(Section::HeartbeatLag(heartbeat)) = found.sections.last() else { panic!("{found:?}") };
        assert_eq!((heartbeat.rows[0].lag, heartbeat.rows[0].age), (Some(5_770), Some(622_870)));
        assert_eq!(heartbeat.rows[0].path, ["ETPC", "PTPC", "RTPC"]);
        assert_eq!(
            (heartbeat.rows[1].lag, heartbeat.rows[1].age, heartbeat.rows[1].target.as_str()),
            (Some(10_000), Some(5_000), "B")
        );
        assert_eq!(faults.of(FaultKind::Localised), 1);
    }
}
