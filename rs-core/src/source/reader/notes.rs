//! What a follower of a trail has to know, beside its changes.

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

/// What a [`LiveReader`](crate::source::LiveReader) holds back at the end of the trail, because it is not complete.
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

/// Where a [`LiveReader`](crate::source::LiveReader) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveState {
    /// Where reading continues after the last change that was returned.
    pub position: TrailPosition,
    /// End of the last complete record.
    pub end: TrailPosition,
    /// Index of the file that `end` is in.
    pub file: usize,
    /// What is held back.
    pub pending: Pending,
}

/// The notes for a follower.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) queue: VecDeque<LiveNote>,
    /// The next damage or torn end is skipped.
    pub(super) passes: bool,
}
