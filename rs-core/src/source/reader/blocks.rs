//! Changes by the block: owned together, at the price of one copy of their bytes.

use crate::change::ChangeBlock;
use crate::error::{Error, Result};
use crate::source::reader::Reader;

/// The changes of a reader by the block. See [`Reader::into_blocks`].
#[derive(Debug)]
pub struct Blocks {
    reader: Reader,
    changes: usize,
    /// An error that lies behind the block that was handed out last.
    pending: Option<Error>,
}

impl Reader {
    /// The next changes, at most so many of them, into a block that keeps them: for those who use its memory over and
    /// over. What the block held goes. Returns how many there are: fewer than `most` where they have many bytes, none at the
    /// end of the trail.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// use trailcore::ChangeBlock;
    ///
    /// let mut block = ChangeBlock::default();
    /// let mut reader = trail.reader()?;
    /// while reader.next_block(&mut block, 1000)? > 0 {
    ///     let first = block.get(0).unwrap();
    ///     assert!(block.changes().all(|change| change.position() >= first.position()));
    /// }
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`next`](Self::next). The block then holds the changes before the error.
    pub fn next_block(&mut self, block: &mut ChangeBlock, most: usize) -> Result<usize> {
        block.clear();
        while block.len() < most && !block.is_full() {
            if self.take_rows(block, most) {
                continue;
            }
            match self.next()? {
                Some(change) => block.push(&change),
                None => break,
            }
        }
        Ok(block.len())
    }

    /// All further changes, by blocks of at most this many. A block ends earlier where its changes have many bytes, at the
    /// end of the trail and before an error.
    #[must_use]
    pub fn into_blocks(self, changes: usize) -> Blocks {
        Blocks { reader: self, changes: changes.max(1), pending: None }
    }
}

impl Blocks {
    /// The next block, which is not empty; `None` at the end of the trail. A later call then looks again.
    ///
    /// # Errors
    /// As [`Reader::next`]. What lies before an error comes before it.
    pub fn next_block(&mut self) -> Result<Option<ChangeBlock>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let mut block = ChangeBlock::default();
        match self.reader.next_block(&mut block, self.changes) {
            Err(error) if block.is_empty() => return Err(error),
            filled => self.pending = filled.err(),
        }
        Ok((!block.is_empty()).then_some(block))
    }

    /// The reader underneath, for what it tells. It is ahead of what has been handed out by no more than an error.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}
