//! [`Blocks`]: changes in blocks that own them, for the cost of one copy of their bytes.

use crate::change::ChangeBlock;
use crate::error::{Error, Result};
use crate::source::reader::Reader;

/// The changes of a reader in blocks. See [`Reader::into_blocks`].
#[derive(Debug)]
pub struct Blocks {
    reader: Reader,
    changes: usize,
    /// An error that comes after the last returned block.
    pending: Option<Error>,
    /// A block that was given back.
    free: ChangeBlock,
}

impl Reader {
    /// Replaces the contents of a block by the next changes, at most `most` of them, and returns their number: fewer than `most`
    /// if they have many bytes, 0 at the end of the trail. Using one block for all calls reuses its memory.
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
    /// The errors of [`next`](Self::next). The block then has the changes before the error.
    pub fn next_block(&mut self, block: &mut ChangeBlock, most: usize) -> Result<usize> {
        block.clear();
        while block.len() < most && !block.is_full() {
            if self.take_rows(block, most)? {
                continue;
            }
            match self.next()? {
                Some(change) => block.push(&change),
                None => break,
            }
        }
        Ok(block.len())
    }

    /// Returns all further changes in blocks of at most this many. A block has fewer if its changes have many bytes, at the end
    /// of the trail, and before an error.
    #[must_use]
    pub fn into_blocks(self, changes: usize) -> Blocks {
        Blocks { reader: self, changes: changes.max(1), pending: None, free: ChangeBlock::default() }
    }
}

impl Blocks {
    /// Returns the next block, which is not empty; `None` at the end of the trail. A later call then looks again.
    ///
    /// # Errors
    /// The errors of [`Reader::next`], after the changes before the error.
    pub fn next_block(&mut self) -> Result<Option<ChangeBlock>> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let mut block = std::mem::take(&mut self.free);
        match self.reader.next_block(&mut block, self.changes) {
            Err(error) if block.is_empty() => return Err(error),
            filled => self.pending = filled.err(),
        }
        Ok((!block.is_empty()).then_some(block))
    }

    /// Gives back a block that is not needed any more: the next one uses its memory. New memory for each block costs more than
    /// reading its changes.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// # let trail = trailcore::Trail::from_bytes(files[0].1.clone());
    /// let (mut blocks, mut bytes) = (trail.reader()?.into_blocks(256), 0);
    /// while let Some(block) = blocks.next_block()? {
    ///     bytes += block.changes().map(|change| change.source_bytes()).sum::<u64>();
    ///     blocks.give_back(block);
    /// }
    /// # assert!(bytes > 0);
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    pub fn give_back(&mut self, block: ChangeBlock) {
        self.free = block;
    }

    /// Returns the reader, for its position, counts and skipped ranges. It is at most an error ahead of the returned blocks.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}
