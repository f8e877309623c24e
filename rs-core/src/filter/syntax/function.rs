//! The functions of the language. See docs/filter.md, section 7.

use std::fmt;

macro_rules! functions {
    ($($name:ident = $text:literal, $least:literal ..= $most:expr, $use:literal;)*) => {
        /// A function of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Function {
            $(#[doc = concat!("`@", $text, " ", $use, "`")] $name,)*
        }

        impl Function {
            /// All functions, by name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the name, without the `@`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the argument list as documentation.
            #[must_use]
            pub const fn usage(self) -> &'static str {
                match self { $(Self::$name => $use,)* }
            }

            /// Returns the minimum and maximum number of arguments.
            #[must_use]
            pub const fn arity(self) -> (usize, usize) {
                match self { $(Self::$name => ($least, $most),)* }
            }
        }
    };
}

const MANY: usize = usize::MAX;

functions! {
    After = "AFTER", 1..=1, "(column)";
    Before = "BEFORE", 1..=1, "(column)";
    BeforeAfter = "BEFOREAFTER", 1..=1, "(column)";
    Binary = "BINARY", 1..=1, "(column)";
    BinToHex = "BINTOHEX", 1..=1, "(value)";
    Case = "CASE", 3..=MANY, "(value, test, result [, test, result] ... [, default])";
    ColStat = "COLSTAT", 1..=1, "(MISSING | NULL | INVALID | INFINITY)";
    ColTest = "COLTEST", 2..=MANY, "(column, PRESENT | NULL | MISSING | INVALID | NAN | SNAN | INF | -INF | value [, ...])";
    Compute = "COMPUTE", 1..=1, "(expression)";
    ConvertFloat = "CONVERTFLOAT", 1..=2, "(column, format)";
    Date = "DATE", 3..=MANY, "('output format', 'input format', value [, 'input format', value] ...)";
    DateDiff = "DATEDIFF", 3..=3, "('DD' | 'SS', date, date)";
    DateNow = "DATENOW", 0..=0, "()";
    Ddl = "DDL", 1..=MANY, "(item)";
    Eval = "EVAL", 2..=MANY, "(condition, result [, condition, result] ... [, default])";
    GetEnv = "GETENV", 1..=4, "('group' [, 'item'])";
    GetVal = "GETVAL", 1..=1, "(sqlexec_id.parameter)";
    HexToBin = "HEXTOBIN", 1..=1, "(value)";
    HighVal = "HIGHVAL", 0..=1, "([length])";
    If = "IF", 2..=3, "(condition, result if not zero, result if zero)";
    LowVal = "LOWVAL", 0..=1, "([length])";
    NumBin = "NUMBIN", 1..=1, "(column)";
    NumStr = "NUMSTR", 1..=1, "(value)";
    OggSha1 = "OGG_SHA1", 1..=MANY, "(value)";
    Range = "RANGE", 2..=MANY, "(range, total [, column] ...)";
    StrCat = "STRCAT", 1..=MANY, "(text, text [, ...])";
    StrCmp = "STRCMP", 2..=2, "(text, text)";
    StrEq = "STREQ", 2..=2, "(text, text)";
    StrExt = "STREXT", 3..=3, "(text, first, last)";
    StrFind = "STRFIND", 2..=3, "(text, 'what' [, start])";
    StrLen = "STRLEN", 1..=1, "(text)";
    StrLTrim = "STRLTRIM", 1..=1, "(text)";
    StrNCat = "STRNCAT", 2..=MANY, "(text, most [, text, most] ...)";
    StrNCmp = "STRNCMP", 3..=3, "(text, text, most)";
    StrNum = "STRNUM", 2..=3, "(number, LEFT | LEFTSPACE | RIGHT | RIGHTZERO [, length])";
    StrRTrim = "STRRTRIM", 1..=1, "(text)";
    StrSub = "STRSUB", 3..=MANY, "(text, find, replacement [, find, replacement] ...)";
    StrTrim = "STRTRIM", 1..=1, "(text)";
    StrUp = "STRUP", 1..=1, "(text)";
    Token = "TOKEN", 1..=1, "('name')";
    ValOneOf = "VALONEOF", 2..=MANY, "(value, value [, value] ...)";
}

impl Function {
    /// Returns the function of this name, without the `@`; case-insensitive.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name().eq_ignore_ascii_case(name))
    }

    /// Returns `true` if the number of arguments is wrong.
    pub(crate) fn wrong_count(self, count: usize) -> bool {
        let (least, most) = self.arity();
        let pairs = match self {
            // Pairs: a text and its limit; after the output format, an input format and its value; after the source, a text to
            // find and its replacement.
            Self::StrNCat => count % 2 != 0,
            Self::Date | Self::StrSub => count % 2 != 1,
            _ => false,
        };
        count < least || count > most || pairs
    }

    /// Returns the reason if the function cannot be evaluated on a trail.
    pub(crate) fn not_available(self) -> Option<&'static str> {
        match self {
            Self::GetVal => Some("@GETVAL needs the result of a SQLEXEC"),
            Self::Ddl => Some("@DDL needs parts of a DDL statement that are not known in trails"),
            Self::OggSha1 => Some("the result of @OGG_SHA1 is not documented"),
            Self::ConvertFloat => Some("@CONVERTFLOAT needs NonStop floats, whose encoding in trails is not known"),
            _ => None,
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.name())
    }
}
