//! Error objects.

use std::ffi::{CString, c_char};

use trailcore::filter::{Diagnostic, DiagnosticKind};

use crate::failure::{Failure, Outcome, status};
use crate::handle::{self, borrow};
use crate::status::tc_status;
use crate::text::{give, tc_str};

/// An error of a call: what is wrong, where, and what to do about it. It never contains column data.
///
/// Functions that read, parse or write have an `error` parameter. It may be NULL. Otherwise it is set to NULL on success, and
/// to an object that the caller owns on failure, whatever it was before.
///
/// Ownership: free it with `tc_error_free`. Threads: several may use it concurrently.
pub struct tc_error {
    status: tc_status,
    message: CString,
    what: CString,
    /// The owner of the text in `location`.
    _file: Option<CString>,
    location: tc_location,
    diagnostics: Vec<Diagnostic>,
}

handle::object!(tc_error, b"tc_erro\0");

/// The location of an error, as far as it is known.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_location {
    /// The path of the file as it was opened, followed by a NUL; no text if it is not known. It is valid as long as the error.
    pub file: tc_str,
    /// Byte offset (RBA) of the record in the file.
    pub rba: u64,
    /// Number of the record in the file; the file header is record 0.
    pub record: u64,
    /// Byte offset of the fault inside the record.
    pub offset: u64,
    /// True if `rba` is known.
    pub has_rba: bool,
    /// True if `record` is known.
    pub has_record: bool,
    /// True if `offset` is known.
    pub has_offset: bool,
}

// SAFETY: it points to a text that the error owns and does not change.
unsafe impl Send for tc_error {}
// SAFETY: as above.
unsafe impl Sync for tc_error {}

/// The kind of a diagnostic in the text of a filter. Numbers without a name here are reserved for future kinds.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum tc_diagnostic_kind {
    /// A kind that this version of the C library has no name for.
    #[default]
    TC_DIAGNOSTIC_OTHER = 0,
    // generated: values of the core
    /// The text does not follow the grammar.
    TC_DIAGNOSTIC_SYNTAX = 1,
    /// Typographic quotes, which GoldenGate does not accept.
    TC_DIAGNOSTIC_CURLY_QUOTES = 2,
    /// `IN`, `LIKE`, `BETWEEN`, `NOT` or `IS`, which the language does not have.
    TC_DIAGNOSTIC_FOREIGN_OPERATOR = 3,
    /// Text compared in FILTER, which compares numbers.
    TC_DIAGNOSTIC_TEXT_IN_FILTER = 4,
    /// AND and OR mixed without parentheses. Their precedence is not documented; AND binds tighter here.
    TC_DIAGNOSTIC_MIXED_AND_OR = 5,
    /// A column that may be NULL is compared without a test before it.
    TC_DIAGNOSTIC_UNGUARDED_COLUMN = 6,
    /// A function with too few or too many arguments.
    TC_DIAGNOSTIC_ARITY = 7,
    /// A literal in the quotes of a column name, or vice versa.
    TC_DIAGNOSTIC_QUOTE_MIX_UP = 8,
    /// An unknown function, column or option.
    TC_DIAGNOSTIC_UNKNOWN_NAME = 9,
    /// An invalid argument.
    TC_DIAGNOSTIC_ARGUMENT = 10,
    /// Something that needs a running GoldenGate process or a database.
    TC_DIAGNOSTIC_NOT_AVAILABLE = 11,
    /// Something that has no effect when reading trails.
    TC_DIAGNOSTIC_NOT_APPLICABLE = 12,
    /// Types that cannot be compared.
    TC_DIAGNOSTIC_TYPE = 13,
    /// Text that is too long or nested too deeply.
    TC_DIAGNOSTIC_TOO_LARGE = 14,
    // end of generated
}

impl tc_diagnostic_kind {
    fn of(kind: DiagnosticKind) -> Self {
        match kind {
            // generated: conversion of the core
            DiagnosticKind::Syntax => Self::TC_DIAGNOSTIC_SYNTAX,
            DiagnosticKind::CurlyQuotes => Self::TC_DIAGNOSTIC_CURLY_QUOTES,
            DiagnosticKind::ForeignOperator => Self::TC_DIAGNOSTIC_FOREIGN_OPERATOR,
            DiagnosticKind::TextInFilter => Self::TC_DIAGNOSTIC_TEXT_IN_FILTER,
            DiagnosticKind::MixedAndOr => Self::TC_DIAGNOSTIC_MIXED_AND_OR,
            DiagnosticKind::UnguardedColumn => Self::TC_DIAGNOSTIC_UNGUARDED_COLUMN,
            DiagnosticKind::Arity => Self::TC_DIAGNOSTIC_ARITY,
            DiagnosticKind::QuoteMixUp => Self::TC_DIAGNOSTIC_QUOTE_MIX_UP,
            DiagnosticKind::UnknownName => Self::TC_DIAGNOSTIC_UNKNOWN_NAME,
            DiagnosticKind::Argument => Self::TC_DIAGNOSTIC_ARGUMENT,
            DiagnosticKind::NotAvailable => Self::TC_DIAGNOSTIC_NOT_AVAILABLE,
            DiagnosticKind::NotApplicable => Self::TC_DIAGNOSTIC_NOT_APPLICABLE,
            DiagnosticKind::Type => Self::TC_DIAGNOSTIC_TYPE,
            DiagnosticKind::TooLarge => Self::TC_DIAGNOSTIC_TOO_LARGE,
            // end of generated
            _ => Self::TC_DIAGNOSTIC_OTHER,
        }
    }
}

/// A diagnostic in the text of a filter: an error, or a lint. A filter with lints works.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tc_diagnostic {
    /// Its kind.
    pub kind: tc_diagnostic_kind,
    /// The number of GoldenGate's own message (370 of `OGG-00370`); 0 if there is none.
    pub ogg_number: u32,
    /// Its start in the text, in bytes.
    pub start: usize,
    /// Its end in the text, in bytes.
    pub end: usize,
    /// The description. It is valid as long as the object that returned it.
    pub message: tc_str,
    /// The text to write instead; no text if that is not known.
    pub help: tc_str,
    /// True if it makes the filter unusable.
    pub is_error: bool,
}

impl tc_diagnostic {
    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            kind: tc_diagnostic_kind::of(diagnostic.kind()),
            ogg_number: diagnostic.ogg_number().unwrap_or(0),
            start: diagnostic.range().start,
            end: diagnostic.range().end,
            message: diagnostic.message().into(),
            help: diagnostic.help_text().into(),
            is_error: diagnostic.is_error(),
        }
    }

    /// Writes one of several diagnostics to an out parameter.
    ///
    /// # Safety
    /// `place` is null or may be written.
    pub(crate) unsafe fn write_to(place: *mut Self, all: &[Diagnostic], index: usize) -> Outcome {
        // SAFETY: guaranteed by the caller.
        unsafe {
            give(place, "diagnostic", || {
                all.get(index).map(Self::of).ok_or_else(|| Failure::index("diagnostic", index, all.len()))
            })
        }
    }
}

/// Converts a text to one that ends with a NUL, and replaces NULs inside it.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

impl tc_error {
    pub(crate) fn new(failure: Failure) -> Self {
        let status = failure.status();
        let message = c_text(&failure.to_string());
        match failure {
            Failure::Misuse(..) => Self {
                status,
                what: message.clone(),
                message,
                _file: None,
                location: tc_location::default(),
                diagnostics: Vec::new(),
            },
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
    handle::free(error)
}

/// Returns the status of an error: `TC_OK` for NULL, and a handle error for a pointer that is not an error.
///
/// No errors of its own.
/// Example: `if (tc_error_status(error) == TC_ERR_TRUNCATED) wait_for_more();`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_status(error: *const tc_error) -> tc_status {
    if error.is_null() {
        return tc_status::TC_OK;
    }
    borrow(error).map_or_else(|failure| failure.status(), |error| error.status)
}

/// Returns what is wrong, where, and what to do about it, as one text that ends with a NUL. It is valid as long as the error.
/// Returns an empty text for NULL and for a pointer that is not an error.
///
/// Example: `fprintf(stderr, "%s\n", tc_error_message(error));`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_message(error: *const tc_error) -> *const c_char {
    borrow(error).map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// Returns what is wrong, without the location and without advice. Otherwise as `tc_error_message`.
///
/// Example: `report(tc_error_what(error), location.rba);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_what(error: *const tc_error) -> *const c_char {
    borrow(error).map_or(c"".as_ptr(), |error| error.what.as_ptr())
}

/// Returns the location of an error. Its texts are valid as long as the error.
///
/// Example: `tc_location place; if (tc_error_location(error, &place) == TC_OK && place.has_rba) go_to(place.rba);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_location(error: *const tc_error, location: *mut tc_location) -> tc_status {
    status(|| give(location, "location", || Ok(borrow(error)?.location)))
}

/// Returns the number of diagnostics of a filter error; 0 for all other errors.
///
/// Example: `size_t count; tc_error_diagnostic_count(error, &count);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_diagnostic_count(error: *const tc_error, count: *mut usize) -> tc_status {
    status(|| give(count, "count", || Ok(borrow(error)?.diagnostics.len())))
}

/// Returns one of the diagnostics of a filter error. Its texts are valid as long as the error.
///
/// Errors: `TC_ERR_BAD_ARGUMENT` for an index out of range.
/// Example: `tc_diagnostic first; tc_error_diagnostic(error, 0, &first);`
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tc_error_diagnostic(error: *const tc_error, index: usize, diagnostic: *mut tc_diagnostic) -> tc_status {
    status(|| tc_diagnostic::write_to(diagnostic, &borrow(error)?.diagnostics, index))
}
