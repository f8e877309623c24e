//! Two rounds of an artefact: no values make a monitor, rates, reconciliation or exports panic, and the memory crosses JSON unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailcore_ops::export::{Format, text};
use trailcore_ops::health::{Memory, Monitor, Policy};
use trailcore_ops::statistics::{rates, reconcile};
use trailcore_ops::{Input, observe};

fuzz_target!(|data: &[u8]| {
    // The rounds are divided by a byte that no text has.
    let rounds = data.split(|byte| *byte == 0xff).take(4).map(String::from_utf8_lossy);
    let mut monitor = Monitor::new(Policy { least_samples: 0, forecast_samples: 0, ..Policy::default() });
    let mut before = None;
    for (minute, round) in rounds.enumerate() {
        let observed = format!("2024-03-01T12:0{minute}:00Z").parse().ok();
        let snapshot = observe(&[Input { observed, ..Input::text("fuzz", round) }]);
        let report = monitor.observe(&snapshot);
        for format in [Format::Prometheus, Format::Statsd, Format::JsonLines, Format::Zabbix] {
            text(&report, format).expect("a report has a text");
        }
        if let Some(before) = &before {
            let _ = rates(before, &snapshot);
        }
        let _ = reconcile(before.as_ref(), &snapshot);
        let kept = serde_json::to_string(monitor.memory()).expect("a memory is a document");
        let memory: Memory = serde_json::from_str(&kept).expect("a document is a memory");
        assert_eq!(serde_json::to_string(&memory).expect("a memory is a document"), kept);
        before = Some(snapshot);
    }
});
