//! [`forward_log`]: the events of `tracing` as lines of text, for hosts in other languages.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Sends what this library traces to a function, as a severity and a line of text: `event kind=file_purged position=0:1956`. Rust
/// programs do not need it: they subscribe to `tracing` in their own way. Levels below `INFO` are not sent.
///
/// The first call in a process counts. Returns whether it was this one; it was not if there is a subscriber already.
///
/// ```
/// trailcore_stream::forward_log(|level, line| eprintln!("{level} {line}"));
/// ```
pub fn forward_log(to: impl Fn(Level, &str) + Send + Sync + 'static) -> bool {
    tracing::subscriber::set_global_default(Forward { to, spans: AtomicU64::new(1) }).is_ok()
}

struct Forward<F> {
    to: F,
    spans: AtomicU64,
}

impl<F: Fn(Level, &str) + Send + Sync + 'static> Subscriber for Forward<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("trailcore")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        (self.to)(*event.metadata().level(), &format!("{}{}", line.message, line.fields));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// An event as text: its message, and its fields in their order.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let forward = Forward { to: move |level, line: &str| kept.lock().push(format!("{level} {line}")), spans: 1.into() };
        tracing::subscriber::with_default(forward, || {
            let span = tracing::info_span!("tail", trail = "bk");
            let _inside = span.enter();
            tracing::info!(kind = "file_purged", position = %"0:1956", "event");
            tracing::debug!("not sent");
        });
        assert_eq!(*lines.lock(), ["INFO event kind=file_purged position=0:1956"]);
    }
}
