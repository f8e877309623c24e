//! The use and class of a file, and the reasons to leave one out.

use serde::{Deserialize, Serialize};

use crate::model::TrailName;

/// The class of a file: what a restore loses without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileClass {
    /// Without it the streams cannot be restored.
    Must,
    /// Without it evidence or convenience is lost.
    Should,
    /// Keys, wallets and certificates. They are only copied if the request asks for it.
    Secret,
    /// An installation or a process makes it again.
    Rebuildable,
}

/// The use of a file, by its name and folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileRole {
    /// Parameter files, GLOBALS, macros, command files, properties, the configuration of services, and files of pipelines.
    Parameters,
    /// Checkpoint files. Their form is not public; they are copied as they are.
    Checkpoint,
    /// A trail file.
    Trail,
    /// A compressed trail file. Its records are not read.
    CompressedTrail,
    /// Definitions of tables.
    Definitions,
    /// Reports of processes.
    Report,
    /// Discard files.
    Discard,
    /// Logs.
    Log,
    /// Scripts of SQL and other small files of the installation's owner.
    Script,
    /// Wallets, keys, certificates and credential stores.
    Key,
    /// Everything else.
    Other,
}

impl FileRole {
    /// Returns the class.
    #[must_use]
    pub fn class(self) -> FileClass {
        match self {
            Self::Parameters | Self::Checkpoint | Self::Trail | Self::CompressedTrail => FileClass::Must,
            Self::Definitions | Self::Report | Self::Discard | Self::Log | Self::Script => FileClass::Should,
            Self::Key => FileClass::Secret,
            Self::Other => FileClass::Rebuildable,
        }
    }

    /// Returns the use of a file by its path below the home.
    ///
    /// ```
    /// use trailcore_ops::backup::FileRole;
    /// assert_eq!(FileRole::of("dirprm/ext1.prm"), FileRole::Parameters);
    /// assert_eq!(FileRole::of("dirdat/lt000000012"), FileRole::Trail);
    /// assert_eq!(FileRole::of("dirchk/EXT1.cpe"), FileRole::Checkpoint);
    /// assert_eq!(FileRole::of("dirwlt/cwallet.sso"), FileRole::Key);
    /// ```
    #[must_use]
    pub fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let folder = |names: &[&str]| folders.split('/').any(|part| names.contains(&part));
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let compressed = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end));
        let is_trail = |name: &str| TrailName::parse(name).seqno.is_some();
        match () {
            () if folder(&["dirwlt", "dircrd", "ssl", "wallet", "credential"])
                || name == "enckeys"
                || ends(&[".sso", ".p12", ".pfx", ".pem", ".key", ".jks", ".jceks", ".keytab", ".wlt"]) =>
            {
                Self::Key
            }
            () if folder(&["dirtmp", "dirout", "lib", "bin", "jdk", "jre", "oui", "opatch", "inventory"])
                && !folder(&["var"]) =>
            {
                Self::Other
            }
            () if is_trail(name) => Self::Trail,
            () if compressed.is_some_and(is_trail) => Self::CompressedTrail,
            () if folder(&["dirchk", "checkpt"]) || ends(&[".cpe", ".cpr", ".cpb"]) => Self::Checkpoint,
            () if folder(&["dirprm", "dirmac", "diretc", "conf"])
                || name == "globals"
                || ends(&[".prm", ".mac", ".oby", ".obey", ".props", ".properties", ".toml"]) =>
            {
                Self::Parameters
            }
            () if folder(&["dirdef"]) || ends(&[".def"]) => Self::Definitions,
            () if ends(&[".dsc"]) => Self::Discard,
            () if folder(&["dirrpt", "report"]) || ends(&[".rpt"]) => Self::Report,
            () if folder(&["log"]) || name.starts_with("ggserr.log") || ends(&[".log"]) => Self::Log,
            () if folder(&["dirsql"]) || ends(&[".sql"]) => Self::Script,
            () => Self::Other,
        }
    }
}

/// The state of a file at the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceState {
    /// The size.
    pub bytes: u64,
    /// The time of the last change, in nanoseconds since 1970.
    pub modified: i64,
    /// The number of the file in its file system.
    pub inode: u64,
}

/// A file that is not in an inventory or a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Omitted {
    /// The name of the root.
    pub root: String,
    /// The path below the root; characters that are not text are replaced.
    pub path: String,
    /// The class, if the file is known.
    pub class: Option<FileClass>,
    /// The reason.
    pub reason: OmitReason,
    /// The reason in words.
    pub text: String,
}

/// The reason why a file is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OmitReason {
    /// It is of a class that the request leaves out.
    Class,
    /// A link leads out of the roots.
    LeadsOut,
    /// A link to another file of the roots, which is copied on its own. A restore plan names it.
    Link,
    /// A checkpoint file that was created while the set was made: the trails that it needs may not be in the set.
    Late,
    /// Its contents cannot be read.
    Unreadable,
    /// It was listed, and then it was gone.
    Vanished,
    /// It is a pipe, a socket or a device.
    NotAFile,
    /// Its name is not text.
    Name,
    /// There are more files or folders than the limit.
    Limit,
}
