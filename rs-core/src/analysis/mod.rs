//! Questions about a whole trail: the rows of a table as of a place ([`Trail::state`]), the changes of one row
//! ([`Trail::history`]), the differences between two trails ([`Trail::diff`]), changes by interval ([`VolumeReport`]), and large
//! transactions ([`TransactionsReport`]).
//!
//! Each question has options and a report that are documents, so that [`call`](crate::call()) answers it in every language.
//!
//! [`Trail::state`]: crate::Trail::state
//! [`Trail::history`]: crate::Trail::history
//! [`Trail::diff`]: crate::Trail::diff

mod diff;
mod history;
mod key;
mod repeats;
mod row_keys;
mod rows;
mod state;
mod transactions;
mod volume;

use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::position::{Csn, Position};
use crate::source::Trail;
use crate::time::Timestamp;

pub use diff::{Cell, DiffKind, DiffOptions, DiffReport, DiffRow, DiffTable, SideReport};
pub use history::{History, HistoryDocument, HistoryOptions, HistoryReport, KeyValue};
pub use row_keys::RowKeys;
pub use state::{State, StateDocument, StateOptions, StateReport};
pub use transactions::{TransactionReport, Transactions, TransactionsOptions, TransactionsReport};
pub use volume::{Interval, VolumeOptions, VolumeReport, VolumeRow};

/// The memory that rows or changes may take by default, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// The last place whose changes count: everything up to it and including it.
///
/// Its text is `SEQNO:RBA`, a UTC time such as `2024-03-01T12:00:00`, or `csn:NUMBER`.
///
/// ```
/// use trailcore::analysis::AsOf;
/// let at: AsOf = "csn:7824137850".parse()?;
/// assert_eq!(at.to_string(), "csn:7824137850");
/// assert!(matches!("2024-03-01".parse()?, AsOf::Time(_)));
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The change at this position is the last one.
    Position(Position),
    /// Transactions that committed at this time or before it.
    Time(Timestamp),
    /// Transactions with this CSN or an earlier one.
    Csn(Csn),
}

impl AsOf {
    /// Returns whether a change is after the place. A change without a CSN is not after a CSN.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the trail has positions or CSNs of another kind.
    fn is_passed_by(&self, change: &Change<'_>) -> Result<bool> {
        match self {
            Self::Time(time) => Ok(change.timestamp() > *time),
            Self::Position(position) => {
                let start = change.start();
                if std::mem::discriminant(position) == std::mem::discriminant(&start) {
                    return Ok(start > *position);
                }
                let what = format!("the position {position} is of another kind than those of the trail, such as {start}");
                Err(Error::new(ErrorKind::InvalidArgument, what).hint("give a position of this trail, a time or a CSN"))
            }
            Self::Csn(csn) => match change.csn() {
                None => Ok(false),
                Some(own) => match Csn::compare(own, csn.as_str()) {
                    Some(order) => Ok(order.is_gt()),
                    None => {
                        let what = format!("the CSN {csn} cannot be compared with those of the trail, such as {own}");
                        Err(Error::new(ErrorKind::InvalidArgument, what).hint("give a CSN in the form of the trail"))
                    }
                },
            },
        }
    }
}

impl FromStr for AsOf {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(csn) = text.strip_prefix("csn:") {
            Csn::check(csn)?;
            return Ok(Self::Csn(Csn::new(csn)));
        }
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        text.parse().map(Self::Time).map_err(|_| {
            Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a place in a trail"))
                .hint("write SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER")
        })
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => position.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Csn(csn) => write!(f, "csn:{csn}"),
        }
    }
}

crate::document::as_text!(AsOf, "a place: SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER");

/// Counts memory against a limit.
#[derive(Debug)]
struct Budget {
    used: u64,
    most: u64,
}

impl Budget {
    fn new(most: u64) -> Self {
        Self { used: 0, most }
    }

    /// Takes bytes, for something that `what` names.
    fn take(&mut self, bytes: u64, change: &Change<'_>, what: &str) -> Result<()> {
        self.used += bytes;
        if self.used <= self.most {
            return Ok(());
        }
        let what = format!("{what} need more than max_bytes, which is {}", self.most);
        let error = Error::new(ErrorKind::InvalidArgument, what);
        Err(change.locate(error.hint("raise max_bytes, or select fewer rows")))
    }

    fn free(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }
}

/// Returns the changes of a source as native JSON.
fn json_lines(trail: &Trail) -> Result<Vec<Box<RawValue>>> {
    let mut reader = trail.reader()?;
    let mut lines = Vec::new();
    while let Some(change) = reader.next()? {
        let line = RawValue::from_string(change.to_json()?);
        lines.push(line.map_err(|_| Error::internal("the native JSON of a change is not JSON"))?);
    }
    Ok(lines)
}
