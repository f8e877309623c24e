//! [`Finding`]: something that an operator should know, with its evidence.

use serde::{Deserialize, Serialize};

use crate::model::{Evidence, Stream};

/// How heavy a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Good to know; no alarm.
    Note,
    /// Someone should look.
    Warning,
    /// Changes do not arrive, or will be lost.
    Critical,
}

/// Makes [`FindingKind`] with its names from one table.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The kind of a finding. Its name is stable: alert rules can use it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FindingKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl FindingKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

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

kinds! {
    /// The process ended with an error.
    Abended,
    /// The process abends again and again.
    AbendLoop,
    /// The process was stopped.
    Stopped,
    /// The process runs, has work, and does not read on.
    StuckReader,
    /// The process takes changes in, but the trail that it writes does not grow.
    StuckWriter,
    /// The process writes no checkpoints.
    NotCheckpointing,
    /// The process is between two states for more than one observation.
    ChangingTooLong,
    /// The state is a word that is not known.
    UnknownState,
    /// The backlog is above its limit and grows.
    FallingBehind,
    /// The lag is above its limit.
    LagAboveLimit,
    /// The process was started again.
    Restarted,
    /// The group was there and is not any more.
    GroupMissing,
    /// The reader's position is before the one of the last observation.
    WentBack,
    /// The writer's position is before the one of the last observation.
    WriterWentBack,
    /// The health changes all the time.
    Flapping,
    /// The clocks of two hosts differ.
    ClockSkew,
    /// The clock of the observations was set back.
    ClockStep,
    /// Two definitions of lag give values that cannot both be right.
    LagDisagreement,
    /// Heartbeats do not arrive any more.
    HeartbeatStale,
    /// A transaction is open for a long time.
    LongTransaction,
    /// More records are discarded.
    DiscardsGrow,
    /// Replicat resolves collisions: HANDLECOLLISIONS is on.
    CollisionsGrow,
    /// Counters start again from zero.
    CountersReset,
    /// One of several Replicats of a trail is slower than the others.
    SlowPeer,
    /// The changes of one table do not arrive at the rate of the others.
    SlowTable,
    /// The low and the high watermark of a parallel Replicat drift apart.
    WatermarkSpread,
    /// The file that the reader needs was purged.
    PurgedTooEarly,
    /// A file between reader and writer is missing.
    MissingFile,
    /// A file is shorter than the position that was read in it.
    FileTooShort,
    /// The writer's position is after the end of its file.
    WriterPastEnd,
    /// The reader is after the writer.
    ReaderAhead,
    /// A trail that is no longer written is still in a checkpoint: it blocks purging.
    StaleTrail,
    /// The files of a trail have numbers of 6 and of 9 digits.
    MixedDigits,
    /// Two streams write the same trail.
    TwoWriters,
    /// Several streams could be the writer of a trail.
    LinkAmbiguous,
    /// No stream reads the trail, and it grows.
    NoReader,
    /// The files of a trail are not purged although they are read.
    NotPurged,
    /// The disk will be full soon.
    DiskFilling,
    /// A service does not run.
    ServiceDown,
    /// A service was there and is not any more.
    ServiceMissing,
    /// An input that came with an earlier observation did not come.
    InputStopped,
    /// No input of a deployment came.
    HostSilent,
    /// An answer has the same time as in the last observation, or is too old.
    InputFrozen,
    /// An input cannot be read.
    InputUnreadable,
    /// An input is something else, such as the output of another command.
    WrongArtefact,
    /// An input has torn lines.
    TornLog,
    /// An input is cut off.
    InputCut,
    /// An input is in another language.
    Localised,
    /// An input contains values that are not numbers or times.
    DamagedValues,
    /// An input has columns, keys or lines that are not known.
    UnknownLayout,
    /// A file cannot be opened, or a position in it cannot be found.
    OpenFailed,
    /// The database or its network reports an error.
    DatabaseError,
    /// An SQL statement fails on the target.
    SqlError,
    /// A TCP connection fails.
    NetworkError,
    /// Manager does not purge a trail.
    PurgeBlocked,
    /// A trail ends although a later file exists.
    EndedTrail,
    /// A rule to keep files is ignored.
    KeepRuleIgnored,
    /// A table has no unique key.
    NoUniqueKey,
    /// Replication is switched off in the database.
    ReplicationOff,
    /// The position of a process was altered.
    PositionAltered,
    /// A log that is needed is not in its archive.
    ArchiveMissing,
    /// Java or a handler reports an error.
    JavaError,
    /// A parameter file has an error.
    ParameterError,
    /// Access is denied.
    AccessDenied,
    /// A transaction was rolled back by the process.
    AbortedTransaction,
    /// Another error message.
    ErrorMessage,
}

impl FindingKind {
    /// Returns the stable name, such as `stuck_reader`.
    ///
    /// ```
    /// assert_eq!(trailcore_ops::health::FindingKind::StuckReader.name(), "stuck_reader");
    /// ```
    #[must_use]
    pub fn name(self) -> String {
        crate::word(&self)
    }
}

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// How heavy it is.
    pub weight: Weight,
    /// The deployment.
    pub deployment: String,
    /// The stream, trail, service or input.
    pub subject: String,
    /// The facts, in one sentence.
    pub text: String,
    /// The first checks, if the kind has some.
    pub advice: Option<String>,
    /// The origin of the facts.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    pub(crate) fn new(kind: FindingKind, weight: Weight, deployment: &str, subject: &str, text: String) -> Self {
        let (deployment, subject) = (deployment.to_owned(), subject.to_owned());
        Self { kind, weight, deployment, subject, text, advice: None, evidence: Vec::new() }
    }

    pub(crate) fn stream(kind: FindingKind, weight: Weight, stream: &Stream, text: String) -> Self {
        Self::new(kind, weight, &stream.deployment, &stream.name, text).with(stream.evidence.as_ref())
    }

    pub(crate) fn advised(mut self, advice: &str) -> Self {
        self.advice = Some(advice.to_owned());
        self
    }

    pub(crate) fn with<'a>(mut self, evidence: impl IntoIterator<Item = &'a Evidence>) -> Self {
        self.evidence.extend(evidence.into_iter().cloned());
        self
    }
}
