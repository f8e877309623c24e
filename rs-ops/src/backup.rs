//! Backup: sets of a home or deployment that can be restored, and the trail files that no reader needs.
//!
//! [`backup`] takes a set without pausing anything, [`verify`] reads it again, [`rehearse`] restores it into a scratch folder,
//! [`restore_plan`] writes the steps as text, [`retain`] states which sets to keep, and [`purge`] which trail files can be removed.
//! Only [`backup`], [`rehearse`], [`pack`] and [`unpack`] write, and only into the folder, or the folder of an object store, that the caller names. No set is removed.

#[cfg(feature = "archive")]
mod archive;
mod class;
mod copy;
mod inventory;
mod manifest;
mod packed;
mod positions;
mod purge;
mod restore;
mod retain;
mod sign;
mod store;
mod take;
mod verify;

#[cfg(feature = "archive")]
pub(crate) use archive::write_new;
#[cfg(feature = "archive")]
pub use archive::{pack, unpack};
pub use class::{FileClass, FileRole, OmitReason, Omitted, SourceState};
pub(crate) use copy::sync;
pub use inventory::{Inventory, InventoryFile, InventoryRequest, Root, inventory};
pub use manifest::{DamagedRange, Landing, Manifest, PreviousSet, SetFile, SetPosition, TrailContents};
pub use packed::{PackReport, PackRequest};
pub use purge::{
    BlockerKind, PurgeBlocker, PurgeFile, PurgeReason, PurgeReport, PurgeRequest, PurgeTrail, ReaderPosition, purge,
};
pub use restore::{Rehearsal, RehearsedTrail, RestorePlan, RestoreRequest, rehearse, restore_plan};
pub use retain::{RetainReport, RetainRequest, RetainedSet, retain};
pub use sign::{SetSignature, SignatureState};
pub(crate) use store::{Set, local_path, set_of};
pub use take::{BackupReport, BackupRequest, backup};
pub use verify::{ProblemKind, SetProblem, VerifyReport, VerifyRequest, sets, verify};

#[cfg(not(feature = "archive"))]
mod without_archive {
    use super::{PackReport, PackRequest};
    use trailcore::{Error, ErrorKind, Result};

    fn missing() -> Error {
        let error = Error::new(ErrorKind::Unsupported, "this build has no archives");
        error.hint("build trailcore-ops with the feature archive")
    }

    /// Writes a set as one file; this build cannot.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported), always.
    pub fn pack(_: &PackRequest) -> Result<PackReport> {
        Err(missing())
    }

    /// Writes the files of an archive into a folder; this build cannot.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported), always.
    pub fn unpack(_: &PackRequest) -> Result<PackReport> {
        Err(missing())
    }
}
#[cfg(not(feature = "archive"))]
pub use without_archive::{pack, unpack};
