//! The error type of the crate: what is wrong, where, and how to proceed.
//!
//! An error never contains column data, since that is customers' data. It names the file, the RBA and the record, so a user
//! with access to the file can inspect the bytes there.

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Makes [`ErrorKind`] from one table, so that names and descriptions exist at run time too: the kinds of every language are
/// generated from them.
macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// The kind of an error. The numbers are fixed: they are the status codes of the C library and the codes of the Python and
        /// Java exceptions, and are never reused for another meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl ErrorKind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the name of the kind, such as `UndefinedTable`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// Returns what the kind means, in one sentence.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

error_kinds! {
    /// The operating system reported an error on a file operation.
    Io = 1,
    /// No trail exists at the given path.
    NotFound = 2,
    /// The bytes are not a trail file.
    NotATrail = 3,
    /// The input ends inside a record: the file is torn, or is still being written.
    Truncated = 4,
    /// The bytes contradict each other: the file is damaged at this location.
    Corrupt = 5,
    /// The data are well-formed but of an unknown form; the raw bytes stay readable.
    Unsupported = 6,
    /// A row refers to a table definition that the trail does not contain.
    UndefinedTable = 7,
    /// Files are missing between two sequence numbers of the trail.
    SequenceGap = 8,
    /// The position is not the start of a record, or is outside the trail.
    InvalidPosition = 9,
    /// The definitions (DEFGEN) file cannot be parsed.
    Definitions = 10,
    /// The column cannot be read as requested: it has another type, is NULL, is missing, or cannot be decoded.
    Value = 11,
    /// An argument is invalid for any input.
    InvalidArgument = 12,
    /// The text is not in the native JSON form, or a change cannot be written in it.
    Json = 13,
    /// The trail format cannot represent the change or value.
    Unencodable = 14,
    /// The filter text is not valid, or does not fit the table.
    Filter = 15,
    /// A filter in strict mode cannot decide on a change.
    Undecidable = 16,
    /// The caller cancelled the operation; the next call continues where it stopped.
    Cancelled = 17,
    /// The definition of a table changes, but a constant one was requested.
    SchemaChange = 18,
    /// The trail does not contain a table of this name.
    UnknownTable = 19,
    /// A defect of trailcore: an internal invariant does not hold. The message names the place in its source; report it.
    Internal = 20,
}

impl ErrorKind {
    /// Returns the fixed number of this kind.
    ///
    /// ```
    /// assert_eq!(trailcore::ErrorKind::Corrupt.code(), 5);
    /// ```
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Returns whether an error of this kind is about the bytes of a source: damaged, torn, missing or of an unknown form.
    #[must_use]
    pub fn is_damage(self) -> bool {
        use ErrorKind::{Corrupt, Json, NotATrail, SequenceGap, Truncated, UndefinedTable, Unsupported};
        matches!(self, Corrupt | Json | NotATrail | SequenceGap | Truncated | UndefinedTable | Unsupported)
    }
}

/// The location of an error. Unknown fields are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was opened.
    pub file: Option<Arc<Path>>,
    /// Byte offset (RBA) of the record in that file.
    pub rba: Option<u64>,
    /// Byte offset of the fault inside the record.
    pub offset: Option<u64>,
    /// Number of the record in that file; its first record, the file header, is 0.
    pub record: Option<u64>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lead = " (";
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            let written = write!(f, "{lead}{text}");
            lead = ", ";
            written
        };
        if let Some(file) = &self.file {
            part(f, format_args!("file {}", file.display()))?;
        }
        if let Some(rba) = self.rba {
            part(f, format_args!("RBA {rba}"))?;
        }
        if let Some(offset) = self.offset {
            part(f, format_args!("offset {offset}"))?;
        }
        if let Some(record) = self.record {
            part(f, format_args!("record {record}"))?;
        }
        if lead == ", " { f.write_str(")") } else { Ok(()) }
    }
}

/// An error: its kind, a message, the location, and how to proceed.
///
/// ```
/// let error = trailcore::Trail::open("no/such/place/lt").unwrap_err();
/// assert_eq!(error.kind(), trailcore::ErrorKind::NotFound);
/// assert!(error.to_string().contains("no/such/place/lt"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
// Boxed to keep `Result`s small.
pub struct Error(Box<Details>);

#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}{location}{}", Hint(.hint))]
struct Details {
    kind: ErrorKind,
    what: Box<str>,
    hint: &'static str,
    location: Location,
    #[source]
    source: Option<Arc<std::io::Error>>,
    /// Further details that the originating module attaches, such as diagnostics.
    more: Option<Arc<dyn Any + Send + Sync>>,
}

struct Hint<'a>(&'a &'static str);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

impl Error {
    /// Creates an error, for crates that are built on this one. The message `what` must not contain column data.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<Box<str>>) -> Self {
        let (hint, location) = ("", Location::default());
        Self(Box::new(Details { kind, what: what.into(), hint, location, source: None, more: None }))
    }

    /// Attaches further details, which [`more`](Self::more) returns.
    pub(crate) fn with_more(mut self, more: impl Any + Send + Sync) -> Self {
        self.0.more = Some(Arc::new(more));
        self
    }

    pub(crate) fn more<T: Any>(&self) -> Option<&T> {
        self.0.more.as_ref()?.downcast_ref()
    }

    /// Creates the error of an internal invariant that does not hold: what is broken, and the line of source that noticed. Such a
    /// state is never silence, and never an end of data.
    #[cold]
    #[must_use]
    #[track_caller]
    pub fn internal(what: &str) -> Self {
        let place = std::panic::Location::caller();
        let what = format!("internal error: {what} ({}:{})", place.file(), place.line());
        Self::new(ErrorKind::Internal, what).hint("report this as a defect of trailcore")
    }

    /// Creates the error of reading a file.
    #[must_use]
    pub fn io(path: &Path, error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        };
        Self::caused(kind, "cannot read the file", path, error)
    }

    /// Creates the error of a thread that cannot be started.
    #[must_use]
    pub fn thread(error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Io, format!("cannot start a thread: {error}"))
    }

    /// Creates the error of writing a file.
    #[must_use]
    pub fn write(path: &Path, error: std::io::Error) -> Self {
        Self::caused(ErrorKind::Io, "cannot write the file", path, error)
    }

    fn caused(kind: ErrorKind, what: &str, path: &Path, error: std::io::Error) -> Self {
        // The cause is part of the text, because bindings show only the text.
        let mut failed = Self::new(kind, format!("{what}: {error}")).in_file(path);
        failed.0.source = Some(Arc::new(error));
        failed
    }

    /// Returns the message without the location and the hint.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Sets the hint on what the caller can do.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.0.hint = hint;
        self
    }

    /// Sets the file.
    #[must_use]
    pub fn in_file(mut self, file: impl AsRef<Path>) -> Self {
        self.0.location.file = Some(PathBuf::from(file.as_ref()).into());
        self
    }

    /// Sets the RBA.
    #[must_use]
    pub fn at_rba(mut self, rba: u64) -> Self {
        self.0.location.rba = Some(rba);
        self
    }

    pub(crate) fn at_offset(mut self, offset: u64) -> Self {
        self.0.location.offset = Some(offset);
        self
    }

    pub(crate) fn in_record(mut self, number: u64) -> Self {
        self.0.location.record = Some(number);
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the location, as far as it is known.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Returns the error of a torn end as damage: nothing will be added there.
    pub(crate) fn as_damage(&self, hint: &'static str) -> Self {
        let mut error = self.clone();
        (error.0.kind, error.0.hint) = (ErrorKind::Corrupt, hint);
        error
    }

    /// Returns whether more bytes at the end of the input may resolve the error: the file is torn or still being written.
    #[must_use]
    pub fn needs_more_bytes(&self) -> bool {
        self.0.kind == ErrorKind::Truncated
    }
}
