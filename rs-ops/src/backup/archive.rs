//! A set as one file: a tar archive, compressed with zstd. The same set gives the same bytes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, FrameCompressor};
use trailcore::{Error, ErrorKind, Result};

use super::copy::{self, create_folder, sync};
use super::manifest::{DIGEST, MANIFEST, Manifest, SetFile};
use super::packed::{PackReport, PackRequest};
use super::store::{Set, set_at};
use super::take::empty_folder;

const ANOTHER_NAME: &str = "name another file; an existing one is not replaced";

/// Answers `ops.pack`: writes a set as one file. A name that ends with `.zst` is compressed. An existing file is not replaced.
///
/// # Errors
/// The errors of [`Manifest::open`], of reading the set and of writing the file.
pub fn pack(request: &PackRequest) -> Result<PackReport> {
    let set = set_at(&request.path)?;
    let (manifest, _) = set.manifest()?;
    let to = Path::new(&request.to);
    if to.symlink_metadata().is_ok() {
        let exists = io::Error::new(io::ErrorKind::AlreadyExists, "the file exists");
        return Err(Error::write(to, exists).hint(ANOTHER_NAME));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = if to.extension().is_some_and(|end| end == "zst") {
        compressed(&set, &manifest, &partial)
    } else {
        copy::create(&partial).and_then(|out| tar_of(&set, &manifest, io::BufWriter::new(out)))
    };
    written.inspect_err(|_| {
        // An error of removing the rest would hide the first one.
        let _ = fs::remove_file(&partial);
    })?;
    sync(&partial)?;
    let digest = copy::digest_of(&partial).map_err(|error| Error::io(&partial, error))?;
    let bytes = fs::metadata(&partial).map_err(|error| Error::io(&partial, error))?.len();
    fs::rename(&partial, to).map_err(|error| Error::write(to, error))?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        sync(folder)?;
    }
    Ok(PackReport { path: request.to.clone(), set: manifest.set, files: manifest.files.len() as u64, bytes, digest })
}

/// Writes an archive that is in memory under a name that must not exist: complete, or not at all. A name that ends with `.zst` is
/// compressed.
pub(crate) fn write_new(to: &Path, tar: &[u8]) -> Result<()> {
    let exists = || Error::write(to, rustix::io::Errno::EXIST.into()).hint(ANOTHER_NAME);
    if to.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let is_compressed = to.extension().is_some_and(|end| end == "zst");
    let bytes = if is_compressed { ruzstd::encoding::compress_to_vec(tar, CompressionLevel::Fastest) } else { tar.to_vec() };
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let partial = folder.join(format!(".bundle-{}-{}.partial", std::process::id(), blake3::hash(&bytes).to_hex()));
    let failed = |error| Error::write(&partial, error);
    // A file or link that is there already is not ours.
    let mut options = fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.write(true).create_new(true).open(&partial).map_err(failed)?;
    let published = out.write_all(&bytes).and_then(|()| out.sync_all()).map_err(failed).and_then(|()| {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(rustix::fs::CWD, &partial, rustix::fs::CWD, to, flags).map_err(|error| match error {
            rustix::io::Errno::EXIST => exists(),
            error => Error::write(to, error.into()),
        })
    });
    published.inspect_err(|_| {
        // An error of removing the rest would hide the first one.
        let _ = fs::remove_file(&partial);
    })?;
    sync(folder)
}

/// Writes the archive through a pipe into the compressor.
fn compressed(set: &Set, manifest: &Manifest, to: &Path) -> Result<()> {
    let failed = |error| Error::write(to, error);
    let mut out = io::BufWriter::new(copy::create(to)?);
    let (reader, writer) = io::pipe().map_err(failed)?;
    std::thread::scope(|scope| {
        let archive = scope.spawn(move || tar_of(set, manifest, io::BufWriter::new(writer)));
        let (mut source, mut drain) = (Enduring::new(reader), Enduring::new(&mut out));
        let mut compressor = FrameCompressor::new(CompressionLevel::Fastest);
        compressor.set_source(&mut source);
        compressor.set_drain(&mut drain);
        compressor.compress();
        let compressed = source.end().and(drain.end()).map_err(failed);
        let written = archive.join().map_err(|_| Error::internal("the writer of an archive panicked"))?;
        compressed.and(written)
    })?;
    out.flush().map_err(failed)
}

/// Keeps the first error of a reader or writer for later: the compressor panics on errors. After it, a reader is at its end, and a writer
/// drops what it gets.
struct Enduring<T> {
    inner: T,
    failed: Option<io::Error>,
}

impl<T> Enduring<T> {
    fn new(inner: T) -> Self {
        Self { inner, failed: None }
    }

    fn end(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

impl<R: Read> Read for Enduring<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.failed.is_none() {
            match self.inner.read(buffer) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed = Some(error),
            }
        }
        Ok(0)
    }
}

impl<W: Write> Write for Enduring<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_none() {
            self.failed = self.inner.write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the manifest, its digest, and the files, in their order. The archive has no times and no owners.
fn tar_of(set: &Set, manifest: &Manifest, out: impl Write) -> Result<()> {
    let mut archive = tar::Builder::new(out);
    let names = [MANIFEST, DIGEST].map(str::to_owned).into_iter().chain(manifest.files.iter().map(SetFile::stored));
    for name in names {
        let failed = |error| Error::io(name.as_ref(), error);
        let stored = set.open(&name).map_err(failed)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(stored.bytes);
        header.set_mode(0o600);
        header.set_mtime(0);
        archive.append_data(&mut header, &name, stored.reader.take(stored.bytes)).map_err(failed)?;
    }
    let failed = |error| Error::write(set.place().as_ref(), error);
    let mut out = archive.into_inner().map_err(failed)?;
    out.flush().map_err(failed)
}

/// Answers `ops.unpack`: writes the files of an archive into an empty folder, which is a set then. Only the files of its manifest are
/// written, each with no more bytes than that has.
///
/// # Errors
/// [`Corrupt`](ErrorKind::Corrupt) if the archive is not one of a set, and the errors of reading it and of writing the folder.
pub fn unpack(request: &PackRequest) -> Result<PackReport> {
    let (from, to) = (Path::new(&request.path), Path::new(&request.to));
    let failed = |error| Error::io(from, error);
    empty_folder(to)?;
    let file = File::open(from).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let source: Box<dyn Read> = if from.extension().is_some_and(|end| end == "zst") {
        let decoder = StreamingDecoder::new(io::BufReader::new(file));
        Box::new(decoder.map_err(|error| corrupt(from, format!("it is not compressed with zstd: {error}")))?)
    } else {
        Box::new(io::BufReader::new(file))
    };
    let mut archive = tar::Archive::new(source);
    let mut entries = archive.entries().map_err(failed)?;
    for name in [MANIFEST, DIGEST] {
        let entry = entries.next().ok_or_else(|| corrupt(from, format!("it has no {name}")))?;
        write(from, &mut entry.map_err(failed)?, name, 1 << 30, to)?;
    }
    let manifest = Manifest::open(to)?;
    for file in &manifest.files {
        let entry = entries.next().ok_or_else(|| corrupt(from, format!("it has no {}", file.stored())))?;
        write(from, &mut entry.map_err(failed)?, &file.stored(), file.bytes, to)?;
    }
    let digest = copy::digest_of(from).map_err(failed)?;
    Ok(PackReport { path: request.to.clone(), set: manifest.set, files: manifest.files.len() as u64, bytes, digest })
}

fn corrupt(path: &Path, what: String) -> Error {
    Error::new(ErrorKind::Corrupt, what).in_file(path).hint("use an archive that ops pack wrote")
}

/// Writes the next file, which has to be this one.
fn write(from: &Path, entry: &mut tar::Entry<'_, impl Read>, name: &str, most: u64, to: &Path) -> Result<()> {
    let found = entry.path().map_err(|error| Error::io(from, error))?.into_owned();
    let is_plain = found.components().all(|part| matches!(part, Component::Normal(_)));
    if found != Path::new(name) || !is_plain || !entry.header().entry_type().is_file() {
        return Err(corrupt(from, format!("expected {name}, found {}", found.display())));
    }
    if entry.size() > most {
        return Err(corrupt(from, format!("{name} has {} bytes, more than its manifest allows", entry.size())));
    }
    let path = to.join(name);
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let mut out = copy::create(&path)?;
    io::copy(entry, &mut out).map_err(|error| Error::write(&path, error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::{BackupRequest, Root, backup};

    #[test]
    fn a_full_disk_is_an_error_of_packing() {
        let (home, repository) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(home.path().join("dirprm")).unwrap();
        // More than the buffers of the writers, and not to be compressed.
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..600_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        std::fs::write(home.path().join("dirprm/large.prm"), noise).unwrap();
        let roots = vec![Root { path: home.path().display().to_string(), ..Root::default() }];
        let repository = repository.path().display().to_string();
        let set = backup(&BackupRequest { roots, repository, ..BackupRequest::default() }).unwrap();
        let set = set_at(&set.path).unwrap();
        let (manifest, _) = set.manifest().unwrap();
        assert_eq!(compressed(&set, &manifest, Path::new("/dev/full")).unwrap_err().kind(), ErrorKind::Io);
    }
}
