//! Notes for a follower of a trail, beside its changes.

use std::collections::VecDeque;

use crate::position::TrailPosition;

/// Something that a follower of a trail has to know. It comes before the changes that follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveNote {
    /// The writer has started again: after a RestartAbend marker, which rolls the open transaction back, or after a RestartOK
    /// marker.
    Restarted {
        /// Position of the marker.
        position: TrailPosition,
        /// It is a RestartAbend marker.
        rolled_back: bool,
    },
    /// A table has another definition from here on.
    DefinitionChanged {
        /// Position of the definition.
        position: TrailPosition,
        /// Name of the table.
        table: String,
    },
    /// A transaction breaks off: another one begins before its end.
    Unfinished {
        /// Position of its last record.
        last: TrailPosition,
    },
}

/// The incomplete part at the end of the trail, which a [`LiveReader`](crate::source::LiveReader) holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// A transaction.
    Transaction,
    /// A record, and perhaps the transaction that it belongs to. An empty file has an incomplete record.
    Record,
}

/// The place of a [`LiveReader`](crate::source::LiveReader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveState {
    /// The position at which reading continues after the last change that was returned.
    pub position: TrailPosition,
    /// End of the last complete record.
    pub end: TrailPosition,
    /// Index of the file that `end` is in.
    pub file: usize,
    /// The part that is held back.
    pub pending: Pending,
}

/// The notes for a follower.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) queue: VecDeque<LiveNote>,
    /// The next damage or torn end is skipped.
    pub(super) passes: bool,
}
