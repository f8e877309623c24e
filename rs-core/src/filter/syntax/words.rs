//! Words that the parser knows: operators and functions of other query languages, options of TABLE and MAP, and parameters.

/// Operators of other languages, and what to use instead.
pub(crate) const FOREIGN: [(&str, &str); 6] = [
    ("IN", "use @VALONEOF (column, 'a', 'b')"),
    ("LIKE", "use @STRFIND (column, 'text') > 0"),
    ("BETWEEN", "write column >= low AND column <= high"),
    ("NOT", "negate the comparison: <> for =, <= for >"),
    ("IS", "use @COLTEST (column, NULL) in FILTER, column = @NULL in WHERE"),
    ("MOD", "write a \\ b, with spaces around the backslash"),
];

/// Functions of other languages, and what to use instead.
const FOREIGN_FUNCTIONS: [(&str, &str); 24] = [
    ("UPPER", "use @STRUP (text)"),
    ("UCASE", "use @STRUP (text)"),
    ("LOWER", "there is no function for lower case; use @STRUP on both sides"),
    ("LCASE", "there is no function for lower case; use @STRUP on both sides"),
    ("SUBSTR", "use @STREXT (text, first, last)"),
    ("SUBSTRING", "use @STREXT (text, first, last)"),
    ("INSTR", "use @STRFIND (text, 'what')"),
    ("LENGTH", "use @STRLEN (text)"),
    ("LEN", "use @STRLEN (text)"),
    ("TRIM", "use @STRTRIM (text)"),
    ("LTRIM", "use @STRLTRIM (text)"),
    ("RTRIM", "use @STRRTRIM (text)"),
    ("CONCAT", "use @STRCAT (text, text)"),
    ("REPLACE", "use @STRSUB (text, find, replacement)"),
    ("NVL", "use @IF (@COLTEST (column, NULL), value, column)"),
    ("COALESCE", "use @IF (@COLTEST (column, NULL), value, column)"),
    ("DECODE", "use @CASE (value, test, result, default)"),
    ("TO_DATE", "use @DATE ('output format', 'input format', value)"),
    ("TO_CHAR", "use @STRNUM for numbers, @DATE for dates"),
    ("TO_NUMBER", "use @NUMSTR (text)"),
    ("SYSDATE", "use @DATENOW ()"),
    ("NOW", "use @DATENOW ()"),
    ("MOD", "write a \\ b, with spaces around the backslash"),
    ("ISNULL", "use @COLTEST (column, NULL)"),
];

/// Returns what to use instead of a function of another language.
pub(crate) fn instead_of(function: &str) -> Option<&'static str> {
    FOREIGN_FUNCTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(function)).map(|(_, instead)| *instead)
}

/// Parameters that do not select changes. They are skipped without a lint.
const SILENT: [&str; 36] = [
    "RMTHOST",
    "USERID",
    "USERIDALIAS",
    "SETENV",
    "DISCARDFILE",
    "DISCARDROLLOVER",
    "REPORTCOUNT",
    "REPORTROLLOVER",
    "REPORT",
    "ASSUMETARGETDEFS",
    "SOURCEDEFS",
    "DBOPTIONS",
    "SOURCEDB",
    "TARGETDB",
    "GROUPTRANSOPS",
    "BATCHSQL",
    "PASSTHRU",
    "NOPASSTHRU",
    "WILDCARDRESOLVE",
    "GETENV",
    "CACHEMGR",
    "DDLOPTIONS",
    "DDLERROR",
    "LOGALLSUPCOLS",
    "UPDATERECORDFORMAT",
    "REPERROR",
    "HANDLECOLLISIONS",
    "NOHANDLECOLLISIONS",
    "INSERTALLRECORDS",
    "STATOPTIONS",
    "SPECIALRUN",
    "MAXTRANSOPS",
    "CHECKPARAMS",
    "ENCRYPTTRAIL",
    "DECRYPTTRAIL",
    "FETCHOPTIONS",
];

/// Parameters that have an effect here, besides toggles, excludes and NAMEMATCH….
const PARAMETERS: [&str; 26] = [
    "TABLE",
    "MAP",
    "SOURCECATALOG",
    "EXCLUDETAG",
    "TRANLOGOPTIONS",
    "EXCLUDEUSER",
    "EXCLUDEUSERID",
    "EXCLUDETRANS",
    "EXCLUDEWILDCARDOBJECTSONLY",
    "USEANSISQLQUOTES",
    "NOUSEANSISQLQUOTES",
    "EXTRACT",
    "REPLICAT",
    "TRAILCORE",
    "ALLOWDUPTARGETMAP",
    "NOALLOWDUPTARGETMAP",
    "EXTTRAIL",
    "RMTTRAIL",
    "EXTFILE",
    "RMTFILE",
    "DDL",
    "BEGIN",
    "END",
    "PARTITIONEXCLUDE",
    "COMMENT",
    "MACROCHAR",
];

/// Parameters with EXCLUDE in their name that exclude no table.
const OTHER_EXCLUDES: [&str; 4] = ["PARTITIONEXCLUDE", "EXCLUDEHIDDENCOLUMNS", "EXCLUDEGGSTRANSRECS", "EXCLUDESUFFIXCHAR"];

/// Options of TABLE and MAP.
const OPTIONS: [&str; 60] = [
    "TARGET",
    "FILTER",
    "WHERE",
    "COLS",
    "COLSEXCEPT",
    "KEYCOLS",
    "COLMAP",
    "TOKENS",
    "SQLEXEC",
    "EVENTACTIONS",
    "SQLPREDICATE",
    "FETCHCOLS",
    "FETCHCOLSEXCEPT",
    "FETCHMODCOLS",
    "FETCHMODCOLSEXCEPT",
    "FETCHBEFOREFILTER",
    "BEFOREFILTER",
    "ATTRCHARSET",
    "CHARSET",
    "COLCHARSET",
    "COLMATCH",
    "COMPARECOLS",
    "COORDINATED",
    "DEF",
    "TARGETDEF",
    "DETECTLOCKS",
    "DICTIONARY",
    "EXCEPTIONSONLY",
    "EXITPARAM",
    "GETBEFORECOLS",
    "HANDLECOLLISIONS",
    "NOHANDLECOLLISIONS",
    "INSERTALLRECORDS",
    "NOINSERTALLRECORDS",
    "INSERTAPPEND",
    "NOINSERTAPPEND",
    "MAPALLCOLUMNS",
    "NOMAPALLCOLUMNS",
    "MAPEXCEPTION",
    "MAPID",
    "MAPINVISIBLECOLUMNS",
    "NOMAPINVISIBLECOLUMNS",
    "PARTIALCOLSOK",
    "PARTITION",
    "PARTITIONOBJID",
    "PARTMAP",
    "PROCEDURE",
    "REPERROR",
    "RESOLVECONFLICT",
    "SQLNAME",
    "THREAD",
    "THREADRANGE",
    "TRIMSPACES",
    "NOTRIMSPACES",
    "TRIMVARSPACES",
    "NOTRIMVARSPACES",
    "USEALTKEY",
    "APPLYNOOPUPDATES",
    "NOAPPLYNOOPUPDATES",
    "ALLOWNOOPUPDATES",
];

/// Returns whether TABLE and MAP have an option with this name.
pub(crate) fn is_option(word: &str) -> bool {
    is_in(word, &OPTIONS)
}

/// Returns whether a parameter does not select changes.
pub(crate) fn is_silent(word: &str) -> bool {
    is_in(word, &SILENT)
}

/// Returns whether a word is a parameter, of whatever effect, although it looks like an exclude.
pub(crate) fn is_known(word: &str) -> bool {
    is_in(word, &OTHER_EXCLUDES) || is_in(word, &PARAMETERS) || is_silent(word)
}

/// Returns whether a word is a parameter, and not also an option of TABLE and MAP.
pub(crate) fn is_parameter(word: &str) -> bool {
    (is_in(word, &PARAMETERS) || is_silent(word)) && !is_option(word)
}

pub(crate) fn options() -> impl Iterator<Item = &'static str> {
    OPTIONS.into_iter()
}

pub(crate) fn parameters() -> impl Iterator<Item = &'static str> {
    PARAMETERS.into_iter()
}

fn is_in(word: &str, list: &[&str]) -> bool {
    list.iter().any(|own| own.eq_ignore_ascii_case(word))
}
