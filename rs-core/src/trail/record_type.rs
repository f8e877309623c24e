//! Record types: the IOType byte of the record header, by number and name. See docs/trail-format.md, section 12.

use std::fmt;

use crate::change::Op;

/// A record type: the IOType byte of the record header, with the names that Logdump prints (docs/trail-format.md,
/// section 12). Numbers without a known meaning are kept and displayed as numbers.
///
/// ```
/// use trailcore::trail::RecordType;
/// assert_eq!(RecordType::UNIFIED_UPDATE.to_string(), "GGSUnifiedUpdate");
/// assert_eq!(RecordType(77).to_string(), "Type77");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordType(pub u8);

impl RecordType {
    /// Delete of a row, with its before image.
    pub const DELETE: Self = Self(3);
    /// Insert of a row, with its after image.
    pub const INSERT: Self = Self(5);
    /// Uncompressed update; NonStop only.
    pub const UPDATE: Self = Self(10);
    /// Byte-compressed update; NonStop only.
    pub const UPDATE_COMP: Self = Self(11);
    /// Field-compressed update: one image; the header states whether it is the before or the after image.
    pub const FIELD_COMP: Self = Self(15);
    /// Truncate.
    pub const PURGE_DATA: Self = Self(100);
    /// Update of a key: the old key, then the after image.
    pub const PK_UPDATE: Self = Self(115);
    /// A fragment of a large object that belongs to the record before it.
    pub const LOB: Self = Self(116);
    /// Update with both images in one record.
    pub const UNIFIED_UPDATE: Self = Self(134);
    /// Update of a key with both images in one record.
    pub const UNIFIED_PK_UPDATE: Self = Self(135);
    /// Insert or update; its layout is UNKNOWN.
    pub const UPSERT: Self = Self(140);
    /// The unfinished transaction before this marker is rolled back; Extract writes it again in full.
    pub const RESTART_ABEND: Self = Self(150);
    /// Extract was restarted.
    pub const RESTART_OK: Self = Self(151);
    /// Extract's recovery is over.
    pub const RECOVERY_END: Self = Self(152);
    /// DDL.
    pub const DDL: Self = Self(160);
    /// Database definition, table definition, or a reference to one.
    pub const METADATA: Self = Self(170);

    /// Returns what records of this type do.
    #[inline]
    #[must_use]
    pub const fn op(self) -> Op {
        match self {
            Self::INSERT => Op::Insert,
            Self::DELETE => Op::Delete,
            Self::FIELD_COMP | Self::UNIFIED_UPDATE | Self::UPDATE | Self::UPDATE_COMP => Op::Update,
            Self::PK_UPDATE | Self::UNIFIED_PK_UPDATE => Op::PkUpdate,
            Self::PURGE_DATA => Op::Truncate,
            Self::DDL => Op::Ddl,
            Self::METADATA => Op::Metadata,
            _ => Op::Other,
        }
    }

    /// Returns the name that Logdump prints, if one is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "Abort",
            2 => "Commit",
            3 => "Delete",
            4 => "EndRollBack",
            5 => "Insert",
            6 => "Prepared",
            7 => "TMF-Shutdown",
            8 => "TransBegin",
            9 => "TransRelease",
            10 => "Update",
            11 => "UpdateComp",
            12 => "FileAlter",
            13 => "FileCreate",
            14 => "FilePurge",
            15 => "FieldComp",
            16 => "FileRename",
            17 => "AuxPointer",
            18 => "NetworkCommit",
            19 => "NetworkAbort",
            20 => "CurrentPos",
            89 => "SQL/MX DDL OP",
            90 => "GGSSQLCol",
            100 => "GGSPurgedata",
            101 => "GGSPurgeFile",
            102 => "GGSCreateFile",
            103 => "GGSAlterFile",
            115 => "GGSPKUpdate",
            116 => "LargeObject",
            134 => "GGSUnifiedUpdate",
            135 => "GGSUnifiedPKUpdate",
            140 => "Upsert",
            150 => "RestartAbend",
            151 => "RestartOK",
            152 => "RecoveryEnd",
            160 => "DDLOP",
            170 => "Metadata",
            200 => "UnstructuredBlock",
            201 => "FileClose",
            251 => "LibraryClose",
            _ => return None,
        })
    }

    /// Returns whether records of this type carry rows or DDL of a transaction. Only then is their transaction indicator
    /// meaningful: metadata, markers and records of unknown types may occur inside a transaction with any indicator.
    #[inline(always)]
    #[must_use]
    pub(crate) fn belongs_to_transaction(self) -> bool {
        matches!(
            self,
            Self::INSERT
                | Self::DELETE
                | Self::FIELD_COMP
                | Self::UPDATE
                | Self::UPDATE_COMP
                | Self::PURGE_DATA
                | Self::PK_UPDATE
                | Self::LOB
                | Self::UNIFIED_UPDATE
                | Self::UNIFIED_PK_UPDATE
                | Self::UPSERT
                | Self::DDL
        )
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Type{}", self.0),
        }
    }
}
