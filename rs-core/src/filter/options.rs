//! Options of a selection, as a document.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::document;
use crate::error::Result;
use crate::filter::eval::context::TextUnit;
use crate::filter::select::{Mode, Select};
use crate::filter::syntax::lexer::Dialect;
use crate::time::Timestamp;

/// How the text of a selection is read, and how it decides. A document: [`from_json`](Self::from_json) reads it from JSON, whose
/// schema is `docs/schema/select-options.json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "How a selection is read and decides."))]
#[serde(default, deny_unknown_fields)]
pub struct SelectOptions {
    /// The meaning of quotes in the text.
    pub dialect: Dialect,
    /// The home of GoldenGate, in which the included files of a parameter file are also looked up, before the current folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<PathBuf>,
    /// Undecidable changes are counted and rejected, instead of ending the reading with an error.
    pub lenient: bool,
    /// The unit in which positions and lengths of text are counted.
    pub text_unit: TextUnit,
    /// @COMPUTE fails if a number has more than 17 digits, as in GoldenGate. Otherwise all digits are kept.
    pub seventeen_digits: bool,
    /// A fixed clock for @DATENOW and lags; the system clock if it is not set.
    pub now: Option<Timestamp>,
}

impl SelectOptions {
    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        document::parse(document)
    }

    /// Reads a parameter file in the dialect of the options, with the included files that are in its own folder, in their home or in the
    /// current folder, and returns the selection with the options.
    ///
    /// # Errors
    /// The errors of [`Select::from_file`].
    pub fn read_file(&self, path: impl AsRef<Path>) -> Result<Select> {
        Select::from_file_at(path.as_ref(), self.dialect, self.home.as_deref()).map(|select| self.apply(select))
    }

    /// Returns a selection with these options, except the dialect and the home, which are about reading its text.
    ///
    /// ```
    /// use trailcore::filter::{Select, SelectOptions};
    /// let options = SelectOptions::from_json(r#"{"lenient":true}"#)?;
    /// let select = Select::parse_in("TABLE HR.EMP;", options.dialect)?;
    /// assert_eq!(options.apply(select.clone()), select.lenient());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    #[must_use]
    pub fn apply(&self, select: Select) -> Select {
        let select = if let Some(now) = self.now { select.now(now) } else { select };
        let mode = if self.lenient { Mode::Lenient } else { Mode::Strict };
        select.mode(mode).text_unit(self.text_unit).seventeen_digits(self.seventeen_digits)
    }
}
