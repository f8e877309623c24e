//! The context of an evaluation: the change, memory, settings.

use std::cell::Cell;

use bumpalo::Bump;

use crate::filter::eval::column::ColumnUse;
use crate::filter::eval::outcome::{EvalError, UndecidableReason};
use crate::filter::eval::scalar::Scalar;
use crate::filter::eval::subject::Subject;
use crate::time::Timestamp;

/// An argument of a function. Evaluated lazily, since some functions do not evaluate all arguments.
pub(crate) trait Operand {
    /// Returns the value, or a state.
    fn value<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<Scalar<'e>, EvalError>;

    /// Returns `true` if the value is not zero.
    fn truth<'e, S: Subject>(&'e self, context: &Context<'e, S>) -> Result<bool, EvalError>;
}

/// The unit in which positions and lengths of text are counted. The documentation of 12.3 and of 26ai differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TextUnit {
    /// Characters (26ai).
    #[default]
    Characters,
    /// Bytes of the text as UTF-8 (12.3).
    Bytes,
}

/// Settings of an evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) unit: TextUnit,
    /// @COMPUTE fails beyond 17 digits, as in GoldenGate.
    pub(crate) seventeen_digits: bool,
    /// A fixed clock; `None` for the system clock.
    pub(crate) now: Option<Timestamp>,
}

impl Settings {
    pub(crate) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            Timestamp::from_unix_micros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
        })
    }
}

/// Columns without a value that may be the reason for an undecidable test. At most four are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlamedColumns {
    pub(crate) list: [Option<(ColumnUse, UndecidableReason)>; 4],
    count: usize,
}

/// The context of the evaluation of one change.
pub(crate) struct Context<'e, S> {
    pub(crate) subject: &'e S,
    pub(crate) memory: &'e Bump,
    pub(crate) settings: Settings,
    /// The length of the target column, if there is one.
    pub(crate) target_length: Option<usize>,
    pub(crate) suspects: Cell<BlamedColumns>,
    /// Bytes that functions have allocated for this change.
    made: Cell<usize>,
}

/// Maximum number of bytes that functions may allocate for one change. Without it, a short filter could need
/// more than the memory of the machine.
const MOST_MADE: usize = 256 << 20;

impl<'e, S: Subject> Context<'e, S> {
    #[inline]
    pub(crate) fn new(subject: &'e S, memory: &'e Bump, settings: Settings) -> Self {
        Self { subject, memory, settings, target_length: None, suspects: Cell::default(), made: Cell::new(0) }
    }

    /// Counts an allocation of a function. Fails above the limit.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), EvalError> {
        let made = self.made.get().saturating_add(bytes);
        self.made.set(made);
        if made > MOST_MADE {
            return Err(EvalError::Error(Some(2322), "function results for one change exceed 256 MiB"));
        }
        Ok(())
    }

    pub(super) fn suspect(&self, column: ColumnUse, why: UndecidableReason) {
        let mut suspects = self.suspects.get();
        if let Some(place) = suspects.list.get_mut(suspects.count) {
            *place = Some((column, why));
            suspects.count += 1;
            self.suspects.set(suspects);
        }
    }
}
