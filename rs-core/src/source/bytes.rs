//! [`ByteSource`]: a file read with `pread`, a mapped file, memory, or the caller's own source.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;

use crate::error::Error;

/// Bytes that can be read at any offset, from any thread: the interface between a reader and a file. Implement it for a trail
/// that is not in a file (in an archive, an object store, another language's stream).
///
/// The reader reads files with `pread` into its own buffer: if a file is truncated while it is read, the result is an error,
/// where a mapping would kill the process.
///
/// ```
/// use trailcore::source::ByteSource;
/// use trailcore::Trail;
///
/// /// Bytes with a counter of reads.
/// #[derive(Debug)]
/// struct Counted(Vec<u8>, std::sync::atomic::AtomicU32);
///
/// impl ByteSource for Counted {
///     fn size(&self) -> std::io::Result<u64> {
///         Ok(self.0.len() as u64)
///     }
///
///     fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
///         self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         let rest = &self.0[self.0.len().min(offset as usize)..];
///         let read = rest.len().min(into.len());
///         into[..read].copy_from_slice(&rest[..read]);
///         Ok(read)
///     }
/// }
///
/// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
/// let trail = Trail::from_source("bk000000000", Counted(files[0].1.clone(), Default::default()));
/// assert!(trail.reader()?.next()?.is_some());
/// # Ok::<(), trailcore::Error>(())
/// ```
pub trait ByteSource: Debug + Send + Sync {
    /// Returns the current number of bytes. A file may grow.
    ///
    /// # Errors
    /// The error of the operating system.
    fn size(&self) -> io::Result<u64>;

    /// Reads bytes at an offset into `into`, and returns their number. It may be less than the length of `into`; it is 0 only at
    /// or after the end.
    ///
    /// # Errors
    /// The error of the operating system. The source itself repeats an interrupted call.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns all bytes if the source has them in memory: they are then read in place. They must not change, and every call must
    /// return the same slice.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }

    /// Returns the error with which the bytes end, if they are only the start of what the source was to have, such as a compressed
    /// file that is cut off. The reader returns it after what is in them.
    fn fault(&self) -> Option<Error> {
        None
    }
}

impl ByteSource for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, into, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

impl ByteSource for Bytes {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let read = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..read), rest.get(..read)) {
            to.copy_from_slice(from);
        }
        Ok(read)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// Opens a file to be read with `pread`.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(feature = "mmap")]
#[allow(unsafe_code)]
mod mapped {
    use super::{ByteSource, io};
    use memmap2::Mmap;
    use std::path::Path;

    /// A file mapped into memory.
    #[derive(Debug)]
    pub(crate) struct MappedFile(Mmap);

    impl MappedFile {
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            let file = std::fs::File::open(path)?;
            // SAFETY: the map is only read. `Mmap` cannot rule out that another process changes or truncates the file. Changed
            // bytes are harmless, since every read of them is checked again; a truncated file raises SIGBUS, and therefore
            // mapping is opt-in, and its documentation warns of this.
            unsafe { Mmap::map(&file) }.map(Self)
        }
    }

    impl ByteSource for MappedFile {
        fn size(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..)).unwrap_or_default();
            let read = rest.len().min(into.len());
            if let (Some(to), Some(from)) = (into.get_mut(..read), rest.get(..read)) {
                to.copy_from_slice(from);
            }
            Ok(read)
        }

        fn as_slice(&self) -> Option<&[u8]> {
            Some(&self.0)
        }
    }
}

#[cfg(feature = "mmap")]
pub(crate) use mapped::MappedFile;
