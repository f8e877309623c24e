//! A tail that shares the reading of its trail with others: it joins once it has caught up, and leaves if it is too slow. Positions are
//! exact, so nothing is missing or repeated.

use std::sync::Arc;

use trailcore::{ChangeBlock, Result, TrailPosition};

use crate::event::EventKind;
use crate::link::{Joined, Link, LinkState, Message, Reading, Received};
use crate::skip::Skip;
use crate::tail::follow::{Out, Step, Tail};

impl Tail {
    /// Makes this tail a subscriber of a reading.
    pub(crate) fn share(&mut self, reading: Arc<Reading>) {
        // A subscriber that joins at once looks at no file itself.
        let here = self.order.here().seqno;
        self.know_files(here, here);
        self.link = Some(Link { reading, state: LinkState::Own });
        if self.link.as_ref().and_then(|link| link.reading.place()) == Some(self.order.here()) {
            self.join();
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self.link, Some(Link { state: LinkState::Shared(_), .. }))
    }

    /// Joins the reading, now that everything has been read that is there. Returns whether that has changed something.
    pub(super) fn join(&mut self) -> bool {
        let here = self.order.here();
        let Some(link) = &mut self.link else { return false };
        match std::mem::replace(&mut link.state, LinkState::Own) {
            LinkState::Own if !self.skip.is_searching() => {
                let Some((joined, at)) = link.reading.join(&self.shared.signal, self.options.queue, self.options.slow) else {
                    return false;
                };
                link.state = LinkState::Joining(joined, at);
                self.reach(here)
            }
            state => {
                link.state = state;
                self.reach(here)
            }
        }
    }

    /// Changes over to the queue if the place has been reached from which on it has everything.
    fn reach(&mut self, here: TrailPosition) -> bool {
        let Some(link) = &mut self.link else { return false };
        match std::mem::replace(&mut link.state, LinkState::Own) {
            LinkState::Joining(joined, at) if here >= at => {
                link.state = LinkState::Shared(joined);
                // The queue begins before the place if this tail was the faster one.
                self.skip = if here > at { Skip::Before(here) } else { Skip::Nothing };
                self.reader = None;
                self.files.iter().for_each(|file| file.close());
                tracing::debug!(position = %here, "joined the shared reading");
                true
            }
            state => {
                link.state = state;
                false
            }
        }
    }

    /// Takes changes of the tail's own reading: only those before the place from which on the queue has everything.
    pub(super) fn take_own(&mut self, block: Arc<ChangeBlock>, after: TrailPosition) -> Result<()> {
        let at = match &self.link {
            Some(Link { state: LinkState::Joining(_, at), .. }) => *at,
            _ => return self.take(block, after, true),
        };
        if after <= at {
            self.take(block, after, true)?;
        } else {
            let mut before = ChangeBlock::default();
            let is_before = |change: &trailcore::Change<'_>| change.start().trail().is_some_and(|start| start < at);
            block.changes().filter(is_before).for_each(|change| before.push(&change));
            if before.is_empty() {
                if let Some(mark) = self.order.settled(at) {
                    self.out.extend(self.assembly.is_empty().then_some(Out::Advance(mark)));
                }
            } else {
                self.take(Arc::new(before), at, true)?;
            }
        }
        let here = self.order.here();
        self.reach(here);
        Ok(())
    }

    /// Takes the next message of the queue.
    pub(super) fn take_shared(&mut self) -> Result<Step> {
        let Some(joined) = self.joined() else { return Ok(Step::Again) };
        match joined.receive() {
            Received::Nothing => Ok(Step::Idle),
            Received::Message(Message::Changes(block, after)) => {
                if self.files.last().is_none_or(|last| last.seqno < after.position.seqno) {
                    // If the folder cannot be read now, the changes are taken when it is tried again.
                    if let Err(error) = self.list_files_to(after.position.seqno) {
                        if let Some(joined) = self.joined() {
                            joined.hold(Message::Changes(block, after));
                        }
                        return Err(error);
                    }
                }
                self.take(block, after.position, false)?;
                self.files.iter().for_each(|file| file.close());
                Ok(Step::Again)
            }
            // This tail has been further, and has met it itself.
            Received::Message(Message::Event { at, .. }) if self.skip.is_after(at) => Ok(Step::Again),
            Received::Message(Message::Event { kind, at, file, what }) => {
                if matches!(kind, EventKind::Dropped | EventKind::UnfinishedTransaction) {
                    self.break_off();
                }
                self.raise(kind, at, file, what);
                Ok(Step::Again)
            }
            Received::Ended(Some(error)) => {
                self.failed = Some(error);
                Ok(Step::Again)
            }
            Received::Ended(None) => {
                // If this fails, the queue is still at its end when it is tried again.
                self.find_files()?;
                let mark = self.mark();
                tracing::debug!(position = %mark.position, "left the shared reading");
                if let Some(link) = &mut self.link {
                    link.state = LinkState::Own;
                }
                // The order of what was shared has been examined there.
                self.order.continue_after(&mark);
                self.restart_within(mark)?;
                Ok(Step::Again)
            }
        }
    }

    fn joined(&mut self) -> Option<&mut Joined> {
        match &mut self.link {
            Some(Link { state: LinkState::Shared(joined), .. }) => Some(joined),
            _ => None,
        }
    }
}
