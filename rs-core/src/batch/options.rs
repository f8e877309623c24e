//! Options of bulk decoding, as a document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::batch::{BatchDecoder, DEFAULT_ROWS};
use crate::document;
use crate::error::{Error, ErrorKind, Result};

/// Which columns are decoded in bulk. A document: [`from_json`](Self::from_json) reads it from JSON, whose schema is
/// `docs/schema/batch-options.json`.
///
/// ```
/// use trailcore::batch::BatchOptions;
/// let options = BatchOptions::from_json(r#"{"rows":16384,"tables":{"BANK.POSTINGS":["AMOUNT"],"BANK.RATES":null}}"#)?;
/// let decoder = options.decoder();
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = "Which columns are decoded in bulk."))]
#[serde(default, deny_unknown_fields)]
pub struct BatchOptions {
    /// The maximum number of rows of a batch, at least 1. The default fits the caches of a processor. Long rows fill a batch
    /// earlier.
    pub rows: usize,
    /// The wanted columns by table, `null` for all columns; without an entry all tables are decoded. Case does not matter, except in
    /// double quotes.
    pub tables: BTreeMap<String, Option<Vec<String>>>,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self { rows: DEFAULT_ROWS, tables: BTreeMap::new() }
    }
}

impl BatchOptions {
    /// Reads options from a JSON document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the document does not have the form of its schema.
    pub fn from_json(document: &str) -> Result<Self> {
        let options: Self = document::parse(document)?;
        if options.rows == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "rows must be at least 1, not 0"));
        }
        Ok(options)
    }

    /// Returns a decoder with these options.
    #[must_use]
    pub fn decoder(&self) -> BatchDecoder {
        let decoder = BatchDecoder::new().rows(self.rows);
        self.tables.iter().fold(decoder, |decoder, (table, columns)| match columns {
            None => decoder.table(table),
            Some(columns) => decoder.columns(table, &columns.iter().map(String::as_str).collect::<Vec<_>>()),
        })
    }
}
