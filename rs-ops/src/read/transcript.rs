//! Command output of GGSCI and `adminclient`: a text with the answers to any number of commands.

use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults, Place};
use crate::read::ggserr::{Events, LogRecord};
use crate::read::info::GroupInfo;
use crate::read::info_all::InfoAll;
use crate::read::lag::{HeartbeatLag, LagAnswer};
use crate::read::lines::kept;
use crate::read::listing::Listing;
use crate::read::manager::{ManagerInfo, Reply};
use crate::read::scan::{Scan, is_ruler, masked, prompt};
use crate::read::stats::Stats;
use crate::read::transactions::OpenTransaction;
use crate::read::{heartbeat, info, info_all, lag, listing, manager, stats, transactions};

/// Lines that belong to no section and are kept.
const KEPT: usize = 200;

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "section", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Section {
    /// `INFO ALL`.
    InfoAll(InfoAll),
    /// `INFO` of one group, with what DETAIL, SHOWCH and TASKS add.
    Info(Box<GroupInfo>),
    /// `LAG` or `SEND … GETLAG`.
    Lag(LagAnswer),
    /// `LAG` answered from the heartbeat table.
    HeartbeatLag(HeartbeatLag),
    /// `STATS`.
    Stats(Stats),
    /// A transaction of `SEND … SHOWTRANS`.
    OpenTransaction(OpenTransaction),
    /// `INFO MANAGER`.
    Manager(ManagerInfo),
    /// An answer with tables, such as those of `SEND MANAGER`.
    Reply(Reply),
    /// A listing of a directory.
    Listing(Listing),
    /// `ADD HEARTBEATTABLE`: the objects of the heartbeat.
    HeartbeatObjects(heartbeat::HeartbeatObjects),
    /// A command was refused.
    Refused(Refused),
}

impl Section {
    /// Returns the name of the section, as documents have it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::InfoAll(_) => "info_all",
            Self::Info(_) => "info",
            Self::Lag(_) => "lag",
            Self::HeartbeatLag(_) => "heartbeat_lag",
            Self::Stats(_) => "stats",
            Self::OpenTransaction(_) => "open_transaction",
            Self::Manager(_) => "manager",
            Self::Reply(_) => "reply",
            Self::Listing(_) => "listing",
            Self::HeartbeatObjects(_) => "heartbeat_objects",
            Self::Refused(_) => "refused",
        }
    }
}

/// A refused command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refused {
    /// The place of the message.
    #[serde(flatten)]
    pub place: Place,
    /// The reason in one word: `open_transactions`, `not_running`, `no_group`, `not_connected`, `error`.
    pub reason: String,
    /// The message.
    pub text: String,
}

/// A command after a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Command {
    /// The place of the prompt.
    #[serde(flatten)]
    pub place: Place,
    /// The command. A password in it is masked.
    pub text: String,
    /// The text in the prompt's parentheses: the host, or the address and the deployment.
    pub context: Option<String>,
}

/// The answers in a transcript.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transcript {
    /// The sections, in the order of the text.
    pub sections: Vec<Section>,
    /// Lines of the event log between the answers.
    pub events: Vec<LogRecord>,
    /// The commands, as far as the text has prompts.
    pub commands: Vec<Command>,
    /// The first two hundred lines that belong to no section.
    pub others: Vec<String>,
}

/// Returns whether a line starts a section.
fn is_start(text: &str) -> bool {
    info_all::starts(text)
        || info::starts(text)
        || lag::starts(text)
        || stats::starts(text)
        || listing::starts(text)
        || manager::starts(text)
        || lag::starts_heartbeat(text)
}

/// Reads a transcript.
pub(crate) fn read(bytes: &[u8], faults: &mut Faults) -> Transcript {
    let mut scan = Scan::new(bytes, is_start, faults);
    let mut found = Transcript::default();
    let mut home = None;
    while let Some(line) = scan.peek() {
        let text = line.text.trim().to_owned();
        let place = line.place;
        if text.is_empty() || text == "!" || text.eq_ignore_ascii_case("info all") || is_ruler(&text) {
            scan.skip();
        } else if let Some((context, command)) = prompt(&text) {
            if !command.is_empty() {
                found.commands.push(Command { place, text: masked(command), context: context.map(kept) });
            }
            scan.skip();
        } else if let Some(name) = info_all::home(&text) {
            home = Some(name);
            scan.skip();
        } else if let Some(section) = section(&mut scan, home.as_deref(), faults) {
            found.sections.push(section);
        } else if let Some(event) = event(&mut scan, faults) {
            found.events.push(event);
        } else {
            if found.others.len() < KEPT {
                found.others.push(masked(&text));
            }
            faults.add(place, FaultKind::UnknownLine, "");
            scan.skip();
        }
    }
    found
}

/// Reads an event of the log, with the indented lines after it.
fn event(scan: &mut Scan<'_>, faults: &mut Faults) -> Option<LogRecord> {
    let line = scan.peek()?;
    let mut record = Events::new(line.text.as_bytes()).next()?.record();
    record.place = line.place;
    scan.skip();
    while let Some(more) = scan.peek().filter(|line| line.text.starts_with("    ") && !line.text.trim().is_empty()) {
        record.push_line(&more.text, more.place, faults);
        scan.skip();
    }
    Some(record)
}

/// Reads the section that starts at the next line.
fn section(scan: &mut Scan<'_>, home: Option<&str>, faults: &mut Faults) -> Option<Section> {
    let text = scan.peek()?.text.clone().into_owned();
    if info_all::starts(&text) {
        return Some(Section::InfoAll(info_all::read(scan, home, faults)));
    }
    if info::starts(&text) {
        return Some(Section::Info(Box::new(info::read(scan, faults))));
    }
    if lag::starts_heartbeat(&text) {
        return Some(Section::HeartbeatLag(lag::read_heartbeat(scan, faults)));
    }
    if lag::starts(&text) {
        return lag::read(scan, faults).map(Section::Lag);
    }
    if stats::starts(&text) {
        return Some(Section::Stats(stats::read(scan, faults)));
    }
    if transactions::starts(&text) {
        return Some(Section::OpenTransaction(transactions::read(scan, faults)));
    }
    if manager::starts_info(&text) {
        return Some(Section::Manager(manager::read_info(scan, faults)));
    }
    if listing::starts(&text) {
        return Some(Section::Listing(listing::read(scan, faults)));
    }
    if heartbeat::starts(&text) {
        return Some(Section::HeartbeatObjects(heartbeat::read_objects(scan)));
    }
    if manager::starts(&text) {
        return manager::read_reply(scan, faults).map(Section::Reply);
    }
    refused(scan)
}

/// Reads a refusal: a message about a command that was not done.
fn refused(scan: &mut Scan<'_>) -> Option<Section> {
    let line = scan.peek()?;
    let text = line.text.trim();
    let reason = if text.starts_with("There are open, long-running transactions") {
        "open_transactions"
    } else if text.contains("not currently running") || text.contains("is not running") {
        "not_running"
    } else if text.starts_with("ERROR") && (text.contains("does not exist") || text.contains("not exist")) {
        "no_group"
    } else if text.contains("not logged in") || text.contains("No groups found") || text.contains("not connected") {
        "not_connected"
    } else if text.starts_with("ERROR:") || text.starts_with("Error:") {
        "error"
    } else {
        return None;
    };
    let refused = Refused { place: line.place, reason: reason.to_owned(), text: masked(text) };
    scan.skip();
    Some(Section::Refused(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts() {
        for (text, context, command) in [
            ("GGSCI (gavinprod.com) 5> info all", Some("gavinprod.com"), "info all"),
            ("OGG (http://localhost:16000 Atlanta) 4> info all", Some("http://localhost:16000 Atlanta"), "info all"),
            ("GGSCI (h as ggadmin@db) 12> !", Some("h as ggadmin@db"), "!"),
            ("GGSCI> info extr01", None, "info extr01"),
            ("GGSCI  30> stats x", None, "stats x"),
            ("OGG (not connected) 1>", Some("not connected"), ""),
        ] {
            assert_eq!(prompt(text), Some((context, command)), "{text}");
        }
        assert_eq!((prompt("OGG-00947 > x"), prompt("GGSCI command (x): y")), (None, None));
        assert_eq!(masked("dblogin userid gg, password secret, x"), "dblogin userid gg, password ******, x");
        assert_eq!(masked("user a PASSWORD=secret b"), "user a PASSWORD=****** b");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            read(&bytes, &mut Faults::default());
        }
    }
}
