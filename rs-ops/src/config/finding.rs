//! [`ConfigFinding`]: something in the configuration that is wrong or should be looked at.

use serde::{Deserialize, Serialize};

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// It works, and probably not as intended.
    Warning,
    /// The process does not start, or does something else.
    Error,
}

/// Makes [`ConfigRule`] with the reason and the fix of each rule from one table.
macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident $severity:ident $fix:literal,)+) => {
        /// The rule that a finding is about. Its name is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ConfigRule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ConfigRule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the reason, in one sentence.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// Returns the usual severity.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// Returns the usual fix.
            #[must_use]
            pub fn fix(self) -> &'static str {
                match self { $(Self::$name => $fix,)+ }
            }
        }
    };
}

rules! {
    /// The parameter does not exist, and a similar one does.
    UnknownParameter Error "correct the name",
    /// The parameter is not in the catalogue.
    UncataloguedParameter Warning "check the name in the reference of your release",
    /// The parameter starts with an underscore: Oracle does not document it.
    HiddenParameter Warning "keep it only if Oracle Support has asked for it",
    /// The parameter does not belong into a file of this kind.
    NotAllowedHere Error "move it to the file of the process that reads it",
    /// The parameter has been replaced by another one.
    Deprecated Warning "use the parameter that has replaced it",
    /// The parameter has no option of this name.
    UnknownOption Error "correct the option",
    /// An option of another parameter is used as a parameter.
    OptionAsParameter Error "write it after the parameter it belongs to",
    /// A command of GGSCI is in a parameter file.
    CommandInFile Error "remove it, and type it in GGSCI or adminclient",
    /// `#` starts the name of a macro, not a comment.
    HashComment Error "start the comment with --",
    /// The macro is not defined.
    UnknownMacro Error "define it, or include the file that does",
    /// A macro or an included file cannot be expanded.
    MacroError Error "correct the macro",
    /// An included file was not found, so its macros and parameters are not checked.
    MissingInclude Warning "give the file along with this one",
    /// The path of an included file leads out of the folder of the configuration.
    PathEscape Warning "include files of the own folder only",
    /// The statement has no `;` at its end.
    MissingSemicolon Error "end the statement with ;",
    /// A parenthesis has no partner.
    UnbalancedParenthesis Error "close the parenthesis",
    /// A quote has no partner.
    UnclosedQuote Error "close the quote; a quote within the text is written twice",
    /// A comma ends the line, and the next line continues it without `&`.
    MissingContinuation Warning "end the line with &",
    /// `&` has to be the last character of its line.
    MisplacedAmpersand Error "write the comment on a line of its own",
    /// The statement does not follow its grammar.
    Syntax Error "correct the statement",
    /// Text in double quotes is a name since 12c, and a literal only in older releases.
    OldQuotes Warning "write single quotes, or NOUSEANSISQLQUOTES before it",
    /// The condition may not select what was intended.
    DoubtfulCondition Warning "make the condition explicit",
    /// REPERROR needs the number of an error, or DEFAULT.
    ReperrorCode Error "write the number without ORA-, such as REPERROR (1, DISCARD)",
    /// TABLE in a Replicat has no target; it only triggers EVENTACTIONS.
    TableInReplicat Error "write MAP source, TARGET target;",
    /// MAP belongs into a Replicat.
    MapInExtract Error "write TABLE",
    /// The file has no TABLE or MAP, so nothing is replicated.
    NothingMapped Warning "add TABLE or MAP",
    /// An earlier MAP has the same source and target; without ALLOWDUPTARGETMAP only the first one is used.
    RepeatedMap Warning "join the two, or write ALLOWDUPTARGETMAP before them",
    /// RMTHOST has to stand before the trail that it is for.
    RmthostOrder Error "move RMTHOST before RMTTRAIL",
    /// A TABLE before the first trail parameter is written to no trail.
    TableBeforeTrail Warning "move the trail parameter before the first TABLE",
    /// EXTRACT or REPLICAT has to be the first parameter.
    GroupNotFirst Warning "move it before all other parameters",
    /// The group has another name than the file.
    GroupNameDiffers Note "name the file like the group",
    /// HANDLECOLLISIONS hides errors once the initial load is done.
    HandleCollisions Warning "switch it off when the initial load has caught up",
    /// The last of several rules to keep files is the only one in force.
    RepeatedKeepRule Warning "keep one of MINKEEPHOURS, MINKEEPDAYS and MINKEEPFILES",
    /// Trail files are deleted without looking at checkpoints.
    PurgeWithoutCheckpoints Warning "add USECHECKPOINTS",
    /// ACCESSRULE allows every address.
    OpenAccessRule Warning "name the addresses that may connect",
    /// A password is in the file in clear text.
    PasswordInClear Warning "use USERIDALIAS, or an encrypted password with ENCRYPTKEY",
    /// Records that fail are written to no named discard file.
    NoDiscardFile Note "add DISCARDFILE",
    /// OBEY is not allowed in GLOBALS or in a file that was itself read by OBEY.
    NestedObey Error "move the parameters into the file",
    /// A macro has more parameters than GoldenGate accepts by default.
    TooManyMacroParameters Warning "split the macro",
    /// The file starts with a byte order mark.
    ByteOrderMark Warning "save the file without it",
    /// The file is a template that a program fills in.
    Template Warning "check the file that the program writes",
    /// The line has no `=` or `:` between key and value.
    PropertyWithoutValue Error "write key=value",
    /// The key is set twice; the last one is in force.
    RepeatedProperty Warning "remove one of the two",
    /// The handler is not in gg.handlerlist, so its properties have no effect.
    HandlerNotListed Warning "add the handler to gg.handlerlist, or correct its name",
    /// A handler of gg.handlerlist has no type.
    HandlerWithoutType Error "add its type",
    /// The file of pipelines cannot be read.
    PipelineMistake Error "correct it; trailcore run FILE --check checks tables, columns and sinks too",
    /// Two processes write the same trail.
    TrailWrittenTwice Error "give each process a trail of its own",
    /// No process of these files writes the trail that this one reads.
    TrailNotWritten Warning "check the name of the trail, or give the file of its writer",
    /// No process of these files reads the trail.
    TrailNotRead Note "check the name of the trail, or give the files of its readers",
    /// No TABLE of these files covers the source of this MAP.
    MapNotCovered Warning "add a TABLE to the Extract and the pump, or correct the name",
    /// No rule to purge covers the trail.
    TrailNotPurged Note "add PURGEOLDEXTRACTS to the file of Manager",
    /// Trail files of one group have numbers of 6 digits, and of another one 9.
    MixedSequenceLength Warning "set TRAIL_SEQLEN_9D or TRAIL_SEQLEN_6D in all GLOBALS",
}

impl ConfigRule {
    /// Returns the stable name, such as `missing_semicolon`.
    ///
    /// ```
    /// assert_eq!(trailcore_ops::config::ConfigRule::MissingSemicolon.name(), "missing_semicolon");
    /// ```
    #[must_use]
    pub fn name(self) -> String {
        crate::word(&self)
    }
}

/// Something in the configuration that is wrong or should be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigFinding {
    /// The rule.
    pub rule: ConfigRule,
    /// How severe it is.
    pub severity: Severity,
    /// It is the first error of its file: the one that GoldenGate would report.
    pub primary: bool,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The byte offset.
    pub offset: u64,
    /// The fact, in one sentence. It never contains a secret.
    pub text: String,
    /// The reason.
    pub reason: String,
    /// The way out.
    pub fix: String,
    /// The number of GoldenGate's own message, such as 370 for OGG-00370, if it is known.
    pub ogg: Option<u32>,
}
