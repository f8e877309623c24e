//! [`VolumeReport`]: changes and bytes by table and interval of time.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::repeats::Repeats;
use crate::change::Change;
use crate::document;
use crate::error::{Error, ErrorKind, Result};
use crate::report::count_op;
use crate::source::{ReadOptions, ReadReport, Trail};
use crate::time::Timestamp;

/// Rows of a report: more of them need a longer interval.
const MAX_ROWS: usize = 1_000_000;

/// A length of time, such as `30s`, `15m`, `1h` or `1d`. Intervals of this length are aligned to 1970-01-01 00:00 UTC.
///
/// ```
/// use trailcore::analysis::Interval;
/// let interval: Interval = "15m".parse()?;
/// assert_eq!(interval.to_string(), "15m");
/// assert!("1w".parse::<Interval>().is_err());
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    number: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
            Self::Day => 'd',
        }
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }
}

impl Interval {
    /// One hour.
    pub const HOUR: Self = Self { number: 1, unit: Unit::Hour };

    /// Returns the start of the interval that a time is in.
    fn start_of(self, time: Timestamp) -> Timestamp {
        let length = i64::from(self.number) * self.unit.seconds() * 1_000_000;
        let micros = time.unix_micros();
        // Before 1970 an interval starts before the time, too.
        Timestamp::from_unix_micros(micros.saturating_sub(micros.rem_euclid(length)))
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let units = [Unit::Second, Unit::Minute, Unit::Hour, Unit::Day];
        let parsed = units.into_iter().find_map(|unit| {
            let digits = text.strip_suffix(unit.letter())?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse().ok().filter(|number| plain && (1..=1_000_000).contains(number))?;
            Some(Self { number, unit })
        });
        parsed.ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not an interval"))
                .hint("write a whole number and s, m, h or d, such as 15m or 1h")
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.letter())
    }
}

crate::document::as_text!(Interval, "a length of time: a whole number and s, m, h or d, such as 15m or 1h");

/// How [`VolumeReport::of`] counts. It is a document too, whose schema is `docs/schema/volume-options.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How changes are counted by time."))]
#[serde(default, deny_unknown_fields)]
pub struct VolumeOptions {
    /// The length of an interval: `30s`, `15m`, `1h`, `1d`.
    pub(crate) by: Interval,
}

impl Default for VolumeOptions {
    fn default() -> Self {
        Self { by: Interval::HOUR }
    }
}

impl VolumeOptions {
    /// Returns the options for intervals of this length.
    #[must_use]
    pub fn by(by: Interval) -> Self {
        Self { by }
    }

    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(text: &str) -> Result<Self> {
        document::parse(text)
    }
}

/// `volume`: changes and bytes by table and interval of time.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeReport {
    /// The length of an interval.
    pub by: Interval,
    /// The counts of each interval and table that has changes, by time, then by table.
    pub rows: Vec<VolumeRow>,
    /// All changes.
    pub changes: u64,
    /// Bytes of the records of all changes.
    pub bytes: u64,
    /// Changes among them whose transaction breaks off, and that the trail writes again.
    pub repeated: u64,
    /// The error that ended the counting early.
    pub error: Option<String>,
    /// The report of the reading.
    #[serde(flatten)]
    pub read: ReadReport,
}

/// The changes of one table in one interval.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VolumeRow {
    /// Start of the interval.
    pub from: Timestamp,
    /// Name of the table; for DDL, of its object.
    pub table: String,
    /// Changes by operation; operations that do not occur are left out.
    pub ops: BTreeMap<String, u64>,
    /// All changes.
    pub changes: u64,
    /// Bytes of the records of the changes.
    pub bytes: u64,
}

impl VolumeRow {
    fn new(from: Timestamp, table: &str) -> Self {
        Self { from, table: table.to_owned(), ops: BTreeMap::new(), changes: 0, bytes: 0 }
    }

    fn add(&mut self, change: &Change<'_>) {
        count_op(&mut self.ops, change.op());
        self.changes += 1;
        self.bytes += change.source_bytes();
    }
}

impl VolumeReport {
    /// Returns the report as a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`].
    pub fn to_json(&self) -> Result<String> {
        document::write(self)
    }

    /// Counts the changes of a trail, or only the changes that the options select, by the time of their commit. After an error of
    /// reading, the report covers the changes before it; the error is returned with it.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ReadOptions;
    /// use trailcore::analysis::{VolumeOptions, VolumeReport};
    ///
    /// let (report, error) = VolumeReport::of(&trail, &VolumeOptions::by("15m".parse()?), ReadOptions::new())?;
    /// assert!(error.is_none());
    /// assert_eq!(report.rows.iter().map(|row| row.changes).sum::<u64>(), report.changes);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`Trail::reader_with`], [`ErrorKind::Cancelled`], and [`ErrorKind::InvalidArgument`] if there are more than a
    /// million intervals with changes of a table.
    pub fn of(trail: &Trail, options: &VolumeOptions, read: ReadOptions) -> Result<(Self, Option<Error>)> {
        let options_of_read = read.include_non_changes(false);
        let mut reader = trail.reader_with(options_of_read.clone())?;
        let (mut rows, mut number) = (BTreeMap::<Timestamp, BTreeMap<Box<str>, VolumeRow>>::new(), 0);
        let error = loop {
            let change = match reader.next() {
                Ok(Some(change)) => change,
                Ok(None) => break None,
                Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
                Err(error) => break Some(error),
            };
            let (from, table) = (options.by.start_of(change.timestamp()), change.table_name());
            let tables = rows.entry(from).or_default();
            if !tables.contains_key(&*table) {
                number += 1;
                if number > MAX_ROWS {
                    let what = format!("more than {MAX_ROWS} intervals of {}", options.by);
                    let error = Error::new(ErrorKind::InvalidArgument, what);
                    return Err(error.hint("choose a longer interval, or select fewer changes"));
                }
                tables.insert((*table).into(), VolumeRow::new(from, &table));
            }
            if let Some(row) = tables.get_mut(&*table) {
                row.add(&change);
            }
        };
        let repeated = Repeats::count(trail, options_of_read, reader.unfinished())?;
        let read = reader.report();
        let rows: Vec<_> = rows.into_values().flat_map(BTreeMap::into_values).collect();
        let report = Self {
            by: options.by,
            changes: rows.iter().map(|row| row.changes).sum(),
            bytes: rows.iter().map(|row| row.bytes).sum(),
            rows,
            repeated,
            error: error.as_ref().map(ToString::to_string),
            read,
        };
        Ok((report, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_aligned_to_utc() {
        for (by, time, start) in [
            ("1h", "2024-03-01T12:59:59.999999Z", "2024-03-01T12:00:00Z"),
            ("15m", "2024-03-01T12:15:00Z", "2024-03-01T12:15:00Z"),
            ("1d", "2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("1d", "1969-12-31T23:59:59Z", "1969-12-31T00:00:00Z"),
            ("7s", "1970-01-01T00:00:13Z", "1970-01-01T00:00:07Z"),
        ] {
            let (by, time, start): (Interval, Timestamp, Timestamp) =
                (by.parse().unwrap(), time.parse().unwrap(), start.parse().unwrap());
            assert_eq!(by.start_of(time), start, "{by}");
        }
        for bad in ["", "h", "0h", "-1h", "1.5h", "1", "1w", "1H", "+1h", "9999999999s", "1 h"] {
            assert_eq!(bad.parse::<Interval>().unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
        }
    }
}
