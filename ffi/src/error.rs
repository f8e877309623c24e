//! Errors, as objects: what is wrong, where, and the way out.

use std::ffi::{CString, c_char};

use trailcore::filter::{Diagnostic, DiagnosticKind};

use crate::boundary::{self, Failure, Outcome};
use crate::handle::{self, lend};
use crate::status::tc_status;
use crate::text::{out, tc_str};

/// What went wrong in a call, where, and what can be done about it. It never holds column data.
///
/// Functions that read, parse or write have an `error` parameter. It may be NULL; else it is set to NULL where all goes well,
/// and to an object of the caller's where not, whatever it was before.
/// Ownership: free it with `tc_error_free`. Threads: several at once may look at it.
pub struct tc_error {
    status: tc_status,
    message: CString,
    what: CString,
    /// What the text in `location` lies in.
    _file: Option<CString>,
    location: tc_location,
    diagnostics: Vec<Diagnostic>,
}

handle::object!(tc_error, b"tc_erro\0");

/// Where an error lies, as far as that is known.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_location {
    /// The file, as it was opened, with a NUL behind it; no text where it is not known. It lives as long as the error.
    pub file: tc_str,
    /// Byte offset (RBA) of the record in that file.
    pub rba: u64,
    /// Number of the record in that file; its first record, the file header, is 0.
    pub record: u64,
    /// Byte offset of the fault inside the record.
    pub offset: u64,
    /// Whether `rba` is known.
    pub has_rba: bool,
    /// Whether `record` is known.
    pub has_record: bool,
    /// Whether `offset` is known.
    pub has_offset: bool,
}

// SAFETY: its pointer leads to a text that the error owns and does not change.
unsafe impl Send for tc_error {}
// SAFETY: as above.
unsafe impl Sync for tc_error {}

impl tc_location {
    const NONE: Self =
        Self { file: tc_str::NONE, rba: 0, record: 0, offset: 0, has_rba: false, has_record: false, has_offset: false };
}

/// What a finding in the text of a filter is about. Numbers without a name here are reserved for findings to come.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tc_finding {
    /// One that this version of the C library has no name for.
    TC_FINDING_OTHER = 0,
    /// The text does not follow the grammar.
    TC_FINDING_SYNTAX = 1,
    /// Typographic quotes, which GoldenGate does not take.
    TC_FINDING_CURLY_QUOTES = 2,
    /// `IN`, `LIKE`, `BETWEEN`, `NOT` or `IS`, which the language does not have.
    TC_FINDING_FOREIGN_OPERATOR = 3,
    /// Text compared in FILTER, which compares numbers.
    TC_FINDING_TEXT_IN_FILTER = 4,
    /// AND and OR side by side without parentheses.
    TC_FINDING_MIXED_AND_OR = 5,
    /// A column that may be NULL is compared without a test before it.
    TC_FINDING_UNGUARDED_COLUMN = 6,
    /// A function with too few or too many arguments.
    TC_FINDING_ARITY = 7,
    /// A literal in the quotes of a column name, or the other way round.
    TC_FINDING_QUOTE_MIX_UP = 8,
    /// A name that nothing has: a function, a column, an option.
    TC_FINDING_UNKNOWN_NAME = 9,
    /// An argument that the function cannot take.
    TC_FINDING_ARGUMENT = 10,
    /// Something that only a running GoldenGate process or a database could answer.
    TC_FINDING_NOT_AVAILABLE = 11,
    /// Something that has no meaning for a reader of trails and is passed over.
    TC_FINDING_NOT_APPLICABLE = 12,
    /// Types that cannot be compared.
    TC_FINDING_TYPE = 13,
    /// Text that is longer or deeper than is taken.
    TC_FINDING_TOO_LARGE = 14,
}

impl tc_finding {
    fn of(finding: DiagnosticKind) -> Self {
        match finding {
            DiagnosticKind::Syntax => Self::TC_FINDING_SYNTAX,
            DiagnosticKind::CurlyQuotes => Self::TC_FINDING_CURLY_QUOTES,
            DiagnosticKind::ForeignOperator => Self::TC_FINDING_FOREIGN_OPERATOR,
            DiagnosticKind::TextInFilter => Self::TC_FINDING_TEXT_IN_FILTER,
            DiagnosticKind::MixedAndOr => Self::TC_FINDING_MIXED_AND_OR,
            DiagnosticKind::UnguardedColumn => Self::TC_FINDING_UNGUARDED_COLUMN,
            DiagnosticKind::Arity => Self::TC_FINDING_ARITY,
            DiagnosticKind::QuoteMixUp => Self::TC_FINDING_QUOTE_MIX_UP,
            DiagnosticKind::UnknownName => Self::TC_FINDING_UNKNOWN_NAME,
            DiagnosticKind::Argument => Self::TC_FINDING_ARGUMENT,
            DiagnosticKind::NotAvailable => Self::TC_FINDING_NOT_AVAILABLE,
            DiagnosticKind::NotApplicable => Self::TC_FINDING_NOT_APPLICABLE,
            DiagnosticKind::Type => Self::TC_FINDING_TYPE,
            DiagnosticKind::TooLarge => Self::TC_FINDING_TOO_LARGE,
            _ => Self::TC_FINDING_OTHER,
        }
    }
}

/// One finding in the text of a filter: an error, or a lint that the filter works in spite of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tc_diagnostic {
    /// What it is about.
    pub finding: tc_finding,
    /// The number of GoldenGate's own message (370 of `OGG-00370`); 0 where none is known.
    pub ogg_number: u32,
    /// Where it starts in the text, in bytes.
    pub start: usize,
    /// Where it ends in the text, in bytes.
    pub end: usize,
    /// What is wrong. It lives as long as the object that was asked.
    pub message: tc_str,
    /// What to write instead; no text where that is not known.
    pub help: tc_str,
    /// Whether the filter cannot be used because of it.
    pub is_error: bool,
}

impl tc_diagnostic {
    const NONE: Self = Self {
        finding: tc_finding::TC_FINDING_OTHER,
        ogg_number: 0,
        start: 0,
        end: 0,
        message: tc_str::NONE,
        help: tc_str::NONE,
        is_error: false,
    };

    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            finding: tc_finding::of(diagnostic.finding()),
            ogg_number: diagnostic.ogg_number().unwrap_or(0),
            start: diagnostic.range().start,
            end: diagnostic.range().end,
            message: diagnostic.message().into(),
            help: diagnostic.help_text().into(),
            is_error: diagnostic.is_error(),
        }
    }

    /// One of several, for a function's caller.
    ///
    /// # Safety
    /// `place` is null or may be written.
    pub(crate) unsafe fn give(all: &[Diagnostic], index: usize, place: *mut Self) -> Outcome {
        // SAFETY: as the caller says.
        let place = unsafe { out(place, Self::NONE, "diagnostic") }?;
        let found = all.get(index).ok_or_else(|| Failure::index("diagnostic", index, all.len()))?;
        *place = Self::of(found);
        Ok(())
    }
}

/// A text with a NUL at its end, and none within.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl tc_error {
    pub(crate) fn new(failure: Failure) -> Self {
        let status = failure.status();
        let message = c_text(&failure.to_string());
        match failure {
            Failure::Misuse(..) => {
                Self { status, what: message.clone(), message, _file: None, location: tc_location::NONE, diagnostics: Vec::new() }
            }
            Failure::Core(error) => {
                let place = error.location();
                let file = place.file.as_ref().map(|file| c_text(&file.to_string_lossy()));
                let text = file.as_ref().map_or(tc_str::NONE, |file| tc_str { data: file.as_ptr(), length: file.count_bytes() });
                let location = tc_location {
                    file: text,
                    rba: place.rba.unwrap_or(0),
                    record: place.record.unwrap_or(0),
                    offset: place.offset.unwrap_or(0),
                    has_rba: place.rba.is_some(),
                    has_record: place.record.is_some(),
                    has_offset: place.offset.is_some(),
                };
                let diagnostics = error.diagnostics().map_or(Vec::new(), |found| found.all().to_vec());
                Self { status, message, what: c_text(error.what()), _file: file, location, diagnostics }
            }
        }
    }
}

/// Frees an error. NULL is fine.
///
/// Example: `tc_error_free(error);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_free(error: *mut tc_error) {
    // SAFETY: the header asks the caller for a pointer that is as `free` needs it.
    unsafe { handle::free(error) }
}

/// The status that came with an error; of NULL `TC_OK`, and of what is no error the status that says so.
///
/// Threads: several at once may call it. `error` may be NULL. No errors of its own.
/// Example: `if (tc_error_status(error) == TC_ERR_TRUNCATED) wait_for_more();`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_status(error: *const tc_error) -> tc_status {
    if error.is_null() {
        return tc_status::TC_OK;
    }
    // SAFETY: the header asks the caller for a pointer that is as `lend` needs it.
    unsafe { lend(error) }.map_or_else(|failure| failure.status(), |error| error.status)
}

/// What is wrong, where, and what can be done about it, as one text that ends with a NUL. It lives as long as the error. Of
/// NULL, and of what is no error, an empty text.
///
/// Threads: several at once may call it. `error` may be NULL.
/// Example: `fprintf(stderr, "%s\n", tc_error_message(error));`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_message(error: *const tc_error) -> *const c_char {
    // SAFETY: the header asks the caller for a pointer that is as `lend` needs it.
    unsafe { lend(error) }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// What is wrong alone, without the place and without advice; else as `tc_error_message`.
///
/// Threads: several at once may call it. `error` may be NULL.
/// Example: `report(tc_error_what(error), location.rba);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_what(error: *const tc_error) -> *const c_char {
    // SAFETY: the header asks the caller for a pointer that is as `lend` needs it.
    unsafe { lend(error) }.map_or(c"".as_ptr(), |error| error.what.as_ptr())
}

/// Where an error lies. Its texts live as long as the error.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `tc_location place; if (tc_error_location(error, &place) == TC_OK && place.has_rba) go_to(place.rba);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_location(error: *const tc_error, location: *mut tc_location) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `out` and `lend` need them.
    boundary::status(|| unsafe {
        let location = out(location, tc_location::NONE, "location")?;
        *location = lend(error)?.location;
        Ok(())
    })
}

/// How many findings there are in the text of a filter that was not understood; 0 of all other errors.
///
/// Threads: several at once may call it. Errors: `TC_ERR_NULL_POINTER` and those of handles.
/// Example: `size_t count; tc_error_diagnostic_count(error, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_diagnostic_count(error: *const tc_error, count: *mut usize) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `out` and `lend` need them.
    boundary::status(|| unsafe {
        let count = out(count, 0, "count")?;
        *count = lend(error)?.diagnostics.len();
        Ok(())
    })
}

/// One of the findings in the text of a filter. Its texts live as long as the error.
///
/// Threads: several at once may call it. Errors: `TC_ERR_BAD_ARGUMENT` where there are not so many, `TC_ERR_NULL_POINTER` and
/// those of handles.
/// Example: `tc_diagnostic first; tc_error_diagnostic(error, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_diagnostic(error: *const tc_error, index: usize, diagnostic: *mut tc_diagnostic) -> tc_status {
    // SAFETY: the header asks the caller for pointers that are as `give` and `lend` need them.
    boundary::status(|| unsafe { tc_diagnostic::give(&lend(error)?.diagnostics, index, diagnostic) })
}
