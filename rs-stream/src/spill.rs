//! [`Spill`]: the changes of a transaction that is larger than the memory cap, in a file without a name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use snap::raw::{Decoder, Encoder, max_compress_len};
use trailcore::change::StoredBlock;
use trailcore::{ChangeBlock, Error, ErrorKind, Result};
use twox_hash::XxHash64;

use crate::files::{Files, Scratch, read_up_to};

/// The place for spilled changes.
#[derive(Clone, Debug)]
pub(crate) struct SpillPlace {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) folder: PathBuf,
    /// Bytes of a file, at most.
    pub(crate) limit: u64,
}

/// Blocks of changes in a file that has no name: its space is free once this is dropped, or the process ends, however it ends.
///
/// Each block is compressed, and has a checksum. What its changes share stays in memory: some hundred bytes.
#[derive(Debug)]
pub(crate) struct Spill {
    place: SpillPlace,
    file: Arc<dyn Scratch>,
    blocks: Vec<Spilled>,
    end: u64,
}

/// One block in the file.
#[derive(Debug)]
struct Spilled {
    at: u64,
    len: usize,
    checksum: u64,
    block: StoredBlock,
}

impl Spill {
    pub(crate) fn create(place: &SpillPlace) -> Result<Self> {
        let file = place.files.scratch(&place.folder).map_err(|error| cannot_write(&place.folder, error))?;
        Ok(Self { place: place.clone(), file, blocks: Vec::new(), end: 0 })
    }

    /// Writes a block to the end of the file.
    pub(crate) fn push(&mut self, block: &ChangeBlock) -> Result<()> {
        let mut plain = Vec::new();
        let stored = block.store(&mut plain);
        let mut packed = vec![0; max_compress_len(plain.len())];
        let len = Encoder::new().compress(&plain, &mut packed).map_err(|error| cannot_write(&self.place.folder, error.into()))?;
        packed.truncate(len);
        let end = self.end + len as u64;
        if end > self.place.limit {
            let what = format!("the transaction needs more than the limit of {} bytes", self.place.limit);
            return Err(cannot_write(&self.place.folder, io::Error::new(io::ErrorKind::StorageFull, what)));
        }
        self.file.write_bytes(&packed, self.end).map_err(|error| cannot_write(&self.place.folder, error))?;
        self.blocks.push(Spilled { at: self.end, len, checksum: checksum(&packed), block: stored });
        self.end = end;
        Ok(())
    }

    /// Returns the number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Reads a block.
    pub(crate) fn block(&self, index: usize) -> Result<ChangeBlock> {
        let spilled = self.blocks.get(index).ok_or_else(|| Error::internal("a block after the last spilled one is read"))?;
        self.read(spilled).map_err(|error| error.in_file(&self.place.folder))
    }

    fn read(&self, spilled: &Spilled) -> Result<ChangeBlock> {
        let packed = read_up_to(&*self.file, spilled.at, spilled.len);
        let packed = packed.map_err(|error| Error::io(&self.place.folder, error))?;
        if packed.len() != spilled.len || checksum(&packed) != spilled.checksum {
            return Err(damaged());
        }
        spilled.block.load(&Decoder::new().decompress_vec(&packed).map_err(|_| damaged())?)
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

fn damaged() -> Error {
    let error = Error::new(ErrorKind::Corrupt, "the file of a spilled transaction has not the bytes that were written to it");
    error.hint("check the disk of the folder; after a restart the transaction is delivered again")
}

fn cannot_write(folder: &Path, error: io::Error) -> Error {
    let hint = "free space for spilled transactions there, name another folder or a higher limit by TailOptions::spill (spill_folder, \
                spill_limit), or choose the oversize stream or reread";
    Error::write(folder, error).hint(hint)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    use trailcore::Trail;

    use super::*;
    use crate::files::OsFiles;

    fn place(limit: u64) -> SpillPlace {
        SpillPlace { files: Arc::new(OsFiles), folder: std::env::temp_dir(), limit }
    }

    /// Returns a spill of some blocks, a second handle of its file, and the positions of the changes.
    fn spilled() -> (Spill, File, Vec<String>) {
        let file = tempfile::tempfile().unwrap();
        let mut spill = Spill { place: place(u64::MAX), file: Arc::new(file.try_clone().unwrap()), blocks: Vec::new(), end: 0 };
        let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
        let mut reader = Trail::from_bytes(files[0].1.clone()).reader().unwrap();
        let (mut block, mut texts) = (ChangeBlock::default(), Vec::new());
        while reader.next_block(&mut block, 20).unwrap() > 0 {
            texts.extend(block.changes().map(|change| change.to_json().unwrap()));
            spill.push(&block).unwrap();
        }
        (spill, file, texts)
    }

    fn read(spill: &Spill) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for index in 0..spill.len() {
            texts.extend(spill.block(index)?.changes().map(|change| change.to_json().unwrap()));
        }
        Ok(texts)
    }

    #[test]
    fn what_was_spilled_is_read_again_in_order_and_is_smaller() {
        let (spill, _file, texts) = spilled();
        assert!(spill.len() > 1);
        assert_eq!(read(&spill).unwrap(), texts);
        let plain: usize = texts.iter().map(String::len).sum();
        assert!(spill.end < plain as u64, "{} of {plain}", spill.end);
    }

    #[test]
    fn every_changed_byte_and_every_truncation_is_noticed() {
        let (spill, file, _) = spilled();
        let end = spill.blocks[1].at;
        for at in 0..end {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
            assert_eq!(read(&spill).unwrap_err().kind(), ErrorKind::Corrupt, "{at}");
            file.write_all_at(&byte, at).unwrap();
        }
        read(&spill).unwrap();
        for length in [0, 1, end - 1, spill.end - 1] {
            file.set_len(length).unwrap();
            assert_eq!(read(&spill).unwrap_err().kind(), ErrorKind::Corrupt, "{length}");
        }
    }

    #[test]
    fn the_limit_is_kept_and_a_folder_that_is_missing_is_named() {
        let (whole, ..) = spilled();
        let mut spill = Spill::create(&place(whole.end - 1)).unwrap();
        let outcomes: Vec<_> = (0..whole.len()).map(|index| spill.push(&whole.block(index).unwrap())).collect();
        let (last, before) = outcomes.split_last().unwrap();
        assert!(before.iter().all(std::result::Result::is_ok));
        let error = last.as_ref().unwrap_err();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("limit of"), "{error}");
        let error = Spill::create(&SpillPlace { folder: "no/such/folder".into(), ..place(1) }).unwrap_err();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("no/such/folder"), "{error}");
    }
}
