//! [`Files`]: how a tail sees files. Tests replace the operating system by a layer that fails.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use trailcore::source::ByteSource;
use trailcore::trail::Decoder;

/// The identity and the size of a file at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Device and inode.
    pub id: (u64, u64),
    /// Size in bytes.
    pub size: u64,
}

/// Access to the files of a trail. [`OsFiles`] is the operating system; an implementation of one's own may add latency, faults, or
/// read from elsewhere. It may be used from any thread.
pub trait Files: Debug + Send + Sync {
    /// Returns the paths of the files in a folder, in any order.
    ///
    /// # Errors
    /// The error of the operating system.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Returns the facts of the file that has a path now.
    ///
    /// # Errors
    /// The error of the operating system; `NotFound` if there is no file.
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;

    /// Opens a file for reading. The bytes stay readable if the path is removed or renamed.
    ///
    /// # Errors
    /// The error of the operating system.
    fn open(&self, path: &Path) -> io::Result<(Arc<dyn ByteSource>, FileFacts)>;

    /// Creates a file without a name in a folder, for a transaction that is larger than the memory cap
    /// ([`Oversize::Spill`](crate::Oversize::Spill)).
    ///
    /// # Errors
    /// The error of the operating system.
    fn scratch(&self, folder: &Path) -> io::Result<Arc<dyn Scratch>> {
        Ok(Arc::new(tempfile::tempfile_in(folder)?))
    }
}

/// A file without a name, whose space is free once it is dropped, or the process ends. It may be used from any thread.
pub trait Scratch: ByteSource {
    /// Writes all bytes at an offset.
    ///
    /// # Errors
    /// The error of the operating system.
    fn write_bytes(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
}

impl Scratch for File {
    fn write_bytes(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }
}

/// Reads bytes at an offset: `len` of them, or fewer at the end.
pub(crate) fn read_up_to(source: &(impl ByteSource + ?Sized), offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let rest = usize::try_from(source.size()?.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; len.min(rest)];
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match source.read_at(room, offset + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The files of the operating system. They are read with `pread`, never mapped.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFiles;

fn facts_of(metadata: &std::fs::Metadata) -> FileFacts {
    FileFacts { id: (metadata.dev(), metadata.ino()), size: metadata.len() }
}

impl Files for OsFiles {
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        std::fs::metadata(path).map(|metadata| facts_of(&metadata))
    }

    fn open(&self, path: &Path) -> io::Result<(Arc<dyn ByteSource>, FileFacts)> {
        let file = File::open(path)?;
        let facts = facts_of(&file.metadata()?);
        Ok((Arc::new(file), facts))
    }
}

/// Bytes of a file that hold its header.
pub(crate) const HEAD: usize = 64 << 10;

/// A file of the trail: opened when it is first read, closed once it has been read.
#[derive(Debug)]
pub(crate) struct TailFile {
    files: Arc<dyn Files>,
    pub(crate) path: PathBuf,
    pub(crate) seqno: u64,
    open: Mutex<Option<Opened>>,
}

/// An open file, and its identity.
type Opened = (Arc<dyn ByteSource>, (u64, u64));

impl TailFile {
    pub(crate) fn new(files: Arc<dyn Files>, path: PathBuf, seqno: u64) -> Self {
        Self { files, path, seqno, open: Mutex::new(None) }
    }

    /// Returns the open file.
    pub(crate) fn source(&self) -> io::Result<Arc<dyn ByteSource>> {
        let mut open = self.open.lock();
        if let Some((source, _)) = &*open {
            return Ok(Arc::clone(source));
        }
        let (source, facts) = self.files.open(&self.path)?;
        *open = Some((Arc::clone(&source), facts.id));
        Ok(source)
    }

    /// Returns the identity of the file that is open; `None` if none is.
    pub(crate) fn id(&self) -> Option<(u64, u64)> {
        self.open.lock().as_ref().map(|(_, id)| *id)
    }

    /// Closes the file. Reading opens it again.
    pub(crate) fn close(&self) {
        *self.open.lock() = None;
    }

    /// Returns the length of the first record; `None` until it is complete. Damage has a length: reading it reports the damage.
    pub(crate) fn first_record(&self) -> io::Result<Option<u64>> {
        let head = self.head(HEAD)?;
        Ok(match Decoder::new().decode(&head) {
            Ok(Some(record)) => Some(record.bytes().len() as u64),
            Ok(None) => (head.len() >= HEAD).then_some(HEAD as u64),
            Err(_) => Some(0),
        })
    }

    /// Returns the first bytes, at most `most`.
    pub(crate) fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        read_up_to(&*self.source()?, 0, most)
    }
}

impl ByteSource for TailFile {
    fn size(&self) -> io::Result<u64> {
        self.source()?.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.source()?.read_at(into, offset)
    }
}
