//! Operators of other query languages that the parser rejects with a suggestion.

/// Operators of other languages, and what to use instead.
pub(crate) const FOREIGN: [(&str, &str); 6] = [
    ("IN", "use @VALONEOF (column, 'a', 'b')"),
    ("LIKE", "use @STRFIND (column, 'text') > 0"),
    ("BETWEEN", "write column >= low AND column <= high"),
    ("NOT", "negate the comparison: <> for =, <= for >"),
    ("IS", "use @COLTEST (column, NULL) in FILTER, column = @NULL in WHERE"),
    ("MOD", "write a \\ b, with spaces around the backslash"),
];
