//! The one error type of the crate: what is wrong, where, and the way out.
//!
//! An error never contains column data, since that is customers' data: it names the file, the RBA and the record, and
//! whoever may look at the bytes can look there.

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of thing went wrong. The numbers are fixed: they are the status codes of the C library and the codes of
/// the Python and Java exceptions, and are never used again for another meaning. The last one given out is 19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u16)]
pub enum ErrorKind {
    /// The operating system refused a file operation.
    Io = 1,
    /// No trail lies at the given path.
    NotFound = 2,
    /// The bytes are not those of a trail file.
    NotATrail = 3,
    /// The input ends inside a record: a torn tail, or a file that is still being written.
    Truncated = 4,
    /// The bytes contradict each other: the file is damaged here.
    Corrupt = 5,
    /// Well-formed as far as can be seen, but of a form that is not known. The raw bytes stay readable.
    Unsupported = 6,
    /// A row refers to a table definition that the trail has not given.
    UndefinedTable = 7,
    /// Files are missing between two sequence numbers.
    SequenceGap = 8,
    /// A position that is not the start of a record, or lies outside the trail.
    InvalidPosition = 9,
    /// A definitions (DEFGEN) file that cannot be understood.
    Definitions = 10,
    /// A column does not hold what was asked of it: another type, NULL, missing, or not decodable.
    Value = 11,
    /// An argument that no input could make right.
    InvalidArgument = 12,
    /// Text that is not the native JSON form.
    Json = 13,
    /// Something that the trail format has no room for.
    Unencodable = 14,
    /// A filter whose text is not understood, or that does not fit a table.
    Filter = 15,
    /// A change that a filter in strict mode could not decide on.
    Undecidable = 16,
    /// The caller stopped the work. A further call goes on where it stopped.
    Cancelled = 17,
    /// A table's definition changes where one that stays was asked for.
    SchemaChange = 18,
    /// A table of that name does not occur.
    UnknownTable = 19,
}

impl ErrorKind {
    /// The fixed number of this kind.
    ///
    /// ```
    /// assert_eq!(trailcore::ErrorKind::Corrupt.code(), 5);
    /// ```
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }
}

/// Where an error lies. What is not known is `None`.
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

/// What went wrong, where, and what can be done about it.
///
/// ```
/// let error = trailcore::Trail::open("no/such/place/lt").unwrap_err();
/// assert_eq!(error.kind(), trailcore::ErrorKind::NotFound);
/// assert!(error.to_string().contains("no/such/place/lt"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
// One pointer, so that results stay as small as what they hold.
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
    /// What the module that it comes from knows of it beyond its text.
    more: Option<Arc<dyn Any + Send + Sync>>,
}

struct Hint<'a>(&'a &'static str);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

impl Error {
    /// An error of a kind; `what` says what is wrong and holds no column data.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<Box<str>>) -> Self {
        let (hint, location) = ("", Location::default());
        Self(Box::new(Details { kind, what: what.into(), hint, location, source: None, more: None }))
    }

    /// The same error with what its module knows of it, which [`more`](Self::more) gives back.
    pub(crate) fn with_more(mut self, more: impl Any + Send + Sync) -> Self {
        self.0.more = Some(Arc::new(more));
        self
    }

    pub(crate) fn more<T: Any>(&self) -> Option<&T> {
        self.0.more.as_ref()?.downcast_ref()
    }

    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        };
        Self::caused(kind, "cannot read the file", path, error)
    }

    pub(crate) fn write(path: &Path, error: std::io::Error) -> Self {
        Self::caused(ErrorKind::Io, "cannot write the file", path, error)
    }

    fn caused(kind: ErrorKind, what: &str, path: &Path, error: std::io::Error) -> Self {
        // Said here, since a binding shows the text alone.
        let mut failed = Self::new(kind, format!("{what}: {error}")).in_file(path);
        failed.0.source = Some(Arc::new(error));
        failed
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// What the caller can do about it.
    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.0.hint = hint;
        self
    }

    pub(crate) fn in_file(mut self, file: impl AsRef<Path>) -> Self {
        self.0.location.file = Some(PathBuf::from(file.as_ref()).into());
        self
    }

    pub(crate) fn at_rba(mut self, rba: u64) -> Self {
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

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where it lies, as far as that is known.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// Whether more bytes at the end of the input could make it good: a torn tail, or a file still being written.
    #[must_use]
    pub fn needs_more_bytes(&self) -> bool {
        self.0.kind == ErrorKind::Truncated
    }
}
