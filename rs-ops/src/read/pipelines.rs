//! The status of trailcore's own pipelines: the body of `/status` of `trailcore run`, and what `pipelines.call` returns.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trailcore::{Position, TrailPosition};

use crate::fault::{FaultKind, Faults, Place};
use crate::moment::Moment;
use crate::read::lines::kept;

/// States of a lane that are known.
const STATES: [&str; 6] = ["starting", "running", "paused", "retrying", "stopped", "failed"];

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PipelineSeen {
    /// The name.
    pub name: String,
    /// The trail that it reads: the prefix of its files; a folder as long as there are none.
    pub trail: Option<String>,
    /// The ways to its sinks.
    pub lanes: Vec<LaneSeen>,
}

/// The way of a pipeline to a sink. Unknown values are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneSeen {
    /// The sink.
    pub sink: String,
    /// The state as text.
    pub state: String,
    /// The file of the position after the last committed change.
    pub seqno: Option<u64>,
    /// The byte offset of that.
    pub rba: Option<u64>,
    /// The time of the last commit.
    pub committed_at: Option<Moment>,
    /// Committed changes since it was started.
    pub changes: Option<u64>,
    /// Changes that the sink refused.
    pub dead_letters: Option<u64>,
    /// Errors after which it tried again.
    pub retries: Option<u64>,
    /// The class of the last error. The text of an error is not kept.
    pub error_class: Option<String>,
    /// Bytes of the trail after the last delivered change.
    pub bytes_behind: Option<u64>,
    /// Files after the one that is being read.
    pub files_behind: Option<u64>,
    /// Milliseconds between the commit of the last delivered change and the observation.
    pub delivered_age: Option<i64>,
    /// The same of the last change before which all are acknowledged.
    pub acknowledged_age: Option<i64>,
}

/// Reads a status; `None` if the document is something else.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> Option<Vec<PipelineSeen>> {
    let text = String::from_utf8_lossy(bytes);
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let list = value.get("pipelines").unwrap_or(&value).as_array()?;
    let is_pipeline =
        |one: &Value| one.get("name").is_some_and(Value::is_string) && one.get("lanes").is_some_and(Value::is_array);
    // No pipeline is running: the answer to a call still states that it is about pipelines.
    if list.is_empty() && value.is_array() || !list.iter().any(is_pipeline) && !list.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for one in list {
        if is_pipeline(one) {
            let lanes = one.get("lanes").and_then(Value::as_array).into_iter().flatten();
            let lanes = lanes.filter_map(|lane| self::lane(lane, faults)).collect();
            found.push(PipelineSeen { name: text_of(one, "name").unwrap_or_default(), trail: text_of(one, "trail"), lanes });
        } else {
            faults.add(Place::default(), FaultKind::MissingMember, "lanes");
        }
    }
    Some(found)
}

fn lane(lane: &Value, faults: &mut Faults) -> Option<LaneSeen> {
    let (Some(sink), Some(state)) = (text_of(lane, "sink"), text_of(lane, "state")) else {
        faults.add(Place::default(), FaultKind::MissingMember, "sink, state");
        return None;
    };
    if !STATES.contains(&state.as_str()) {
        faults.add(Place::default(), FaultKind::UnknownState, &state);
    }
    let lag = lane.get("lag").unwrap_or(&Value::Null);
    let committed = position(lane, "committed", faults);
    // Before the first commit, the place at which it goes on.
    let at = committed.or_else(|| position(lag.get("progress")?, "acknowledged", faults));
    let mut whole = |value: &Value, name: &str| number(value, name, Value::as_u64, faults);
    let (changes, dead_letters, retries) = (whole(lane, "changes"), whole(lane, "dead_letters"), whole(lane, "retries"));
    let (bytes_behind, files_behind) = (whole(lag, "bytes_behind"), whole(lag, "files_behind"));
    let mut signed = |value: &Value, name: &str| number(value, name, Value::as_i64, faults);
    let (delivered_age, acknowledged_age) = (signed(lag, "delivered_age"), signed(lag, "acknowledged_age"));
    let committed_at = signed(lane, "committed_at");
    let committed_micros = committed_at.and_then(|millis| millis.checked_mul(1_000));
    if committed_at.is_some() && committed_micros.is_none() {
        faults.add(Place::default(), FaultKind::TooLarge, "committed_at");
    }
    Some(LaneSeen {
        sink,
        state,
        seqno: at.map(|at| at.seqno),
        rba: at.map(|at| at.rba),
        committed_at: committed_micros.map(Moment::from_unix_micros),
        changes,
        dead_letters,
        retries,
        error_class: text_of(lane, "error_class"),
        bytes_behind,
        files_behind,
        delivered_age,
        acknowledged_age,
    })
}

/// Returns a number; a value that is none is a fault, and null is unknown.
fn number<T>(value: &Value, name: &str, read: fn(&Value) -> Option<T>, faults: &mut Faults) -> Option<T> {
    let found = value.get(name).filter(|value| !value.is_null())?;
    let number = read(found);
    if number.is_none() {
        faults.add(Place::default(), FaultKind::NotANumber, name);
    }
    number
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(kept)
}

fn position(value: &Value, name: &str, faults: &mut Faults) -> Option<TrailPosition> {
    let text = text_of(value, name)?;
    match text.parse::<Position>() {
        Ok(position) => position.trail(),
        Err(_) => {
            faults.add(Place::default(), FaultKind::NotANumber, name);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_values_and_faults() {
        let mut faults = Faults::default();
        let text = r#"[{"name":"a","trail":"dirdat/lt","lanes":[
            {"sink":"jsonl","state":"running","committed":"3:480","committed_at":1709283600000,"changes":7,"dead_letters":0,"retries":0,"bytes":1,
             "lag":{"end":"3:900","bytes_behind":420,"files_behind":0,"delivered_age":-5,"progress":{"acknowledged":"3:480"}}},
            {"sink":"csv","state":"dreaming","changes":"x","lag":{"progress":{"acknowledged":"2:0"}}},{"state":"running"}]},{"name":"b"}]"#;
        let found = read(text.as_bytes(), &mut faults).unwrap();
        assert_eq!((found.len(), found[0].lanes.len()), (1, 2));
        let (own, other) = (&found[0].lanes[0], &found[0].lanes[1]);
        assert_eq!((own.seqno, own.rba, own.bytes_behind, own.delivered_age), (Some(3), Some(480), Some(420), Some(-5)));
        assert_eq!(own.committed_at.unwrap().to_string(), "2024-03-01T09:00:00.000000Z");
        assert_eq!((other.seqno, other.rba, other.changes, other.bytes_behind), (Some(2), Some(0), None, None));
        assert_eq!(
            (faults.of(FaultKind::UnknownState), faults.of(FaultKind::NotANumber), faults.of(FaultKind::MissingMember)),
            (1, 1, 2)
        );
    }

    #[test]
    fn an_age_that_is_no_number_is_a_fault() {
        let mut faults = Faults::default();
        let text = r#"[{"name":"a","lanes":[{"sink":"j","state":"running","committed_at":9223372036854775807,
            "lag":{"delivered_age":12.5,"acknowledged_age":"x"}},{"sink":"k","state":"running","lag":{"delivered_age":null}}]}]"#;
        let found = read(text.as_bytes(), &mut faults).unwrap();
        assert_eq!((found[0].lanes[0].delivered_age, found[0].lanes[0].committed_at), (None, None));
        assert_eq!((faults.of(FaultKind::NotANumber), faults.of(FaultKind::TooLarge), faults.total()), (2, 1, 3));
    }

    #[test]
    fn other_documents_are_no_status() {
        for text in ["[]", "{}", "[1]", r#"[{"name":"a"}]"#, "{", r#"{"pipelines":[1]}"#] {
            assert_eq!(read(text.as_bytes(), &mut Faults::default()), None, "{text}");
        }
        assert_eq!(read(br#"{"pipelines":[]}"#, &mut Faults::default()), Some(Vec::new()));
    }
}
