//! Compressed files, and streams that cannot be read at an offset: they are expanded to memory, or to a temporary file.

use std::fs::File;
#[cfg(feature = "compressed")]
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::error::{Error, ErrorKind, Result};
use crate::source::bytes::ByteSource;

/// Endings of the names of compressed files.
pub(super) const ENDINGS: [&str; 2] = [".gz", ".zst"];

/// Bytes that are kept in memory; more are written to a temporary file.
#[cfg(feature = "compressed")]
const IN_MEMORY: u64 = 64 << 20;
/// The maximum size of an expanded file. GoldenGate's files have at most 2 GB; a small file that claims to be larger is an attack.
#[cfg(feature = "compressed")]
const MAX_BYTES: u64 = 16 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Gzip,
    Zstd,
}

impl Form {
    /// Returns the form by the first bytes of a file.
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            // A file may begin with a frame that readers skip, as those of pzstd do.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// The compressed file of a trail that was expanded last: each of its readers would expand it again.
#[derive(Clone, Debug, Default)]
pub(super) struct Expanded(Arc<Mutex<Option<Last>>>);

/// The path of a file, and its expanded bytes.
type Last = (Arc<Path>, Arc<dyn ByteSource>);

impl Expanded {
    /// Returns the expanded bytes of a file; `None` if it is not compressed.
    pub(super) fn source(&self, path: &Arc<Path>) -> Result<Option<Arc<dyn ByteSource>>> {
        let mut start = [0; 4];
        let read = File::open(path).and_then(|file| file.read_at(&mut start, 0)).map_err(|error| Error::io(path, error))?;
        let Some(form) = Form::of(start.get(..read).unwrap_or_default()) else { return Ok(None) };
        let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, source)) = last.as_ref().filter(|(known, _)| known == path) {
            return Ok(Some(Arc::clone(source)));
        }
        let source = expand(form, path)?;
        *last = Some((Arc::clone(path), Arc::clone(&source)));
        Ok(Some(source))
    }
}

#[cfg(not(feature = "compressed"))]
fn expand(form: Form, path: &Path) -> Result<Arc<dyn ByteSource>> {
    let what = format!("the file is compressed with {}, which this build does not read", form.name());
    Err(Error::new(ErrorKind::Unsupported, what)
        .in_file(path)
        .hint("decompress it, or build trailcore with the feature compressed"))
}

#[cfg(feature = "compressed")]
fn expand(form: Form, path: &Path) -> Result<Arc<dyn ByteSource>> {
    let file = File::open(path).map_err(|error| Error::io(path, error))?;
    expanded(form, io::BufReader::with_capacity(1 << 18, file), path)
}

#[cfg(feature = "compressed")]
fn expanded(form: Form, input: impl io::BufRead, path: &Path) -> Result<Arc<dyn ByteSource>> {
    let io = |error| Error::io(path, error);
    let (mut spooled, end, sound) = match form {
        Form::Gzip => spool_until(Members { input: Some(input), member: None, given: 0, sound: 0 }),
        Form::Zstd => spool_until(Frames { input, frame: None, given: 0, sound: 0 }),
    }
    .map_err(io)?;
    let Some(end) = end else { return Ok(spooled.into_source()) };
    let is_cut = end.kind() == io::ErrorKind::UnexpectedEof;
    if !is_cut {
        // The checksum that covers the rest is wrong, or was not reached.
        spooled.truncate(sound).map_err(io)?;
    }
    let fault = if is_cut {
        let what = format!("the {} file is incomplete: it is cut off", form.name());
        Error::new(ErrorKind::Truncated, what).hint("the copy may not be done yet; otherwise restore the file")
    } else {
        let what = format!("the {} file is damaged: {end}", form.name());
        Error::new(ErrorKind::Corrupt, what).hint("restore the file, or set the option resync to continue with the next one")
    };
    let fault = fault.in_file(path);
    if spooled.size().map_err(io)? == 0 {
        return Err(fault);
    }
    Ok(Arc::new(Incomplete { bytes: spooled.into_source(), fault }))
}

/// The bytes of a compressed file before the place where it is cut off or damaged.
#[cfg(feature = "compressed")]
#[derive(Debug)]
struct Incomplete {
    bytes: Arc<dyn ByteSource>,
    fault: Error,
}

#[cfg(feature = "compressed")]
impl ByteSource for Incomplete {
    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.bytes.read_at(into, offset)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        self.bytes.as_slice()
    }

    fn fault(&self) -> Option<Error> {
        Some(self.fault.clone())
    }
}

/// A stream that knows how many of its bytes a checksum has confirmed.
#[cfg(feature = "compressed")]
trait Checked: Read {
    fn sound(&self) -> u64;
}

/// Reads gzip members one after the other.
#[cfg(feature = "compressed")]
struct Members<R: io::BufRead> {
    /// The input between two members.
    input: Option<R>,
    member: Option<flate2::bufread::GzDecoder<R>>,
    given: u64,
    sound: u64,
}

#[cfg(feature = "compressed")]
impl<R: io::BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(mut input) = self.input.take() {
                if input.fill_buf()?.is_empty() {
                    self.input = Some(input);
                    return Ok(0);
                }
                self.member = Some(flate2::bufread::GzDecoder::new(input));
            }
            let Some(member) = &mut self.member else { return Ok(0) };
            let read = member.read(into)?;
            self.given += read as u64;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            self.sound = self.given;
            self.input = self.member.take().map(flate2::bufread::GzDecoder::into_inner);
        }
    }
}

#[cfg(feature = "compressed")]
impl<R: io::BufRead> Checked for Members<R> {
    fn sound(&self) -> u64 {
        self.sound
    }
}

/// Reads zstd frames one after the other.
#[cfg(feature = "compressed")]
struct Frames<R: io::BufRead> {
    input: R,
    frame: Option<ZstdFrame>,
    given: u64,
    sound: u64,
}

#[cfg(feature = "compressed")]
struct ZstdFrame {
    decoder: ruzstd::decoding::FrameDecoder,
    /// The input ends inside the frame.
    is_cut: bool,
}

#[cfg(feature = "compressed")]
impl ZstdFrame {
    /// Decodes more blocks, for at least this many bytes.
    fn advance(&mut self, input: &mut impl io::BufRead, bytes: usize) -> io::Result<()> {
        // The last block, without content, and room for a checksum.
        const END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        let blocks = || ruzstd::decoding::BlockDecodingStrategy::UptoBytes(bytes);
        let error = match self.decoder.decode_blocks(input, blocks()) {
            Ok(_) => return Ok(()),
            Err(error) => damaged(&error),
        };
        if error.kind() != io::ErrorKind::UnexpectedEof {
            return Err(error);
        }
        self.is_cut = true;
        if !self.decoder.is_finished() {
            // The decoder returns the blocks that it has kept for later ones to refer to.
            self.decoder.decode_blocks(&END[..], blocks()).map_err(|error| damaged(&error))?;
        }
        Ok(())
    }

    fn ended(&self) -> io::Result<()> {
        if self.is_cut {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (stored, computed) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        if stored.is_some() && stored != computed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the content is wrong"));
        }
        Ok(())
    }
}

/// Returns the error of a decoder: the one of the input if that ended.
#[cfg(feature = "compressed")]
fn damaged(error: &(dyn std::error::Error + 'static)) -> io::Error {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_end = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
    };
    let kind = if causes.any(is_end) { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
    io::Error::new(kind, error.to_string())
}

#[cfg(feature = "compressed")]
impl<R: io::BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                None if self.input.fill_buf()?.is_empty() => return Ok(0),
                None => match begin(&mut self.input)? {
                    Some(decoder) => self.frame.insert(ZstdFrame { decoder, is_cut: false }),
                    None => continue,
                },
            };
            let read = Read::read(&mut frame.decoder, into)?;
            self.given += read as u64;
            if read > 0 {
                return Ok(read);
            }
            if frame.decoder.is_finished() {
                frame.ended()?;
                self.sound = self.given;
                self.frame = None;
                continue;
            }
            frame.advance(&mut self.input, into.len().max(1))?;
        }
    }
}

#[cfg(feature = "compressed")]
impl<R: io::BufRead> Checked for Frames<R> {
    fn sound(&self) -> u64 {
        self.sound
    }
}

/// Begins a zstd frame; `None` after one that is to be skipped.
#[cfg(feature = "compressed")]
fn begin(input: &mut impl io::BufRead) -> io::Result<Option<ruzstd::decoding::FrameDecoder>> {
    use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
    let mut frame = ruzstd::decoding::FrameDecoder::new();
    match frame.init(&mut *input) {
        Ok(()) => Ok(Some(frame)),
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            let skipped = io::copy(&mut input.take(length.into()), &mut io::sink())?;
            if skipped < length.into() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(None) }
        }
        Err(error) => Err(damaged(&error)),
    }
}

/// The part of a stream that was read: in memory, or in a temporary file that has no name.
#[cfg(feature = "compressed")]
enum Spooled {
    Memory(Vec<u8>),
    File(File),
}

#[cfg(feature = "compressed")]
impl Spooled {
    fn size(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(file) => file.size(),
        }
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX)),
            Self::File(file) => file.set_len(size)?,
        }
        Ok(())
    }

    fn into_source(self) -> Arc<dyn ByteSource> {
        match self {
            Self::Memory(bytes) => Arc::new(bytes::Bytes::from(bytes)),
            Self::File(file) => Arc::new(file),
        }
    }
}

/// Reads a stream to its end, or to where it is damaged or cut off. Returns that error, and how many bytes a checksum has confirmed.
#[cfg(feature = "compressed")]
fn spool_until(mut stream: impl Checked) -> io::Result<(Spooled, Option<io::Error>, u64)> {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let (spooled, end) = spool(&mut stream)?;
    match end {
        Some(error) if !matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof) => Err(error),
        end => Ok((spooled, end, stream.sound())),
    }
}

/// Reads a stream to its end, or to an error.
#[cfg(feature = "compressed")]
fn spool(mut stream: impl Read) -> io::Result<(Spooled, Option<io::Error>)> {
    let mut bytes = Vec::new();
    let end = stream.by_ref().take(IN_MEMORY).read_to_end(&mut bytes).err();
    if end.is_some() || (bytes.len() as u64) < IN_MEMORY {
        return Ok((Spooled::Memory(bytes), end));
    }
    let mut file = tempfile::tempfile()?;
    io::Write::write_all(&mut file, &bytes)?;
    drop(bytes);
    let end = match io::copy(&mut stream.take(MAX_BYTES), &mut file) {
        Ok(copied) if copied >= MAX_BYTES => {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it expands to more than 16 GiB"));
        }
        copied => copied.err(),
    };
    Ok((Spooled::File(file), end))
}

#[cfg(feature = "compressed")]
impl crate::source::Trail {
    /// Reads a stream, such as the standard input, to its end: one trail file, or native JSON lines; gzip and zstd are expanded. Up to
    /// 64 MiB are kept in memory, more in a temporary file without a name. The sequence number is the one in the file's header, if
    /// `name` does not end in one. Needs the feature `compressed`.
    ///
    /// ```
    /// # let files = trailcore_samples::bank_in_memory(&trailcore_samples::Bank::small()).unwrap();
    /// let trail = trailcore::Trail::from_reader("stdin", &files[0].1[..])?;
    /// assert!(trail.reader()?.next()?.is_some());
    /// # Ok::<(), trailcore::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if it cannot be read or stored; [`Corrupt`](ErrorKind::Corrupt) or [`Truncated`](ErrorKind::Truncated) if it is
    /// compressed, and damaged or cut off before its first byte. Otherwise reading has this error after what is before it.
    pub fn from_reader(name: &str, stream: impl Read) -> Result<Self> {
        let path = Path::new(name);
        let mut stream = io::BufReader::with_capacity(1 << 18, stream);
        let form = Form::of(io::BufRead::fill_buf(&mut stream).map_err(|error| Error::io(path, error))?);
        let source = match form {
            Some(form) => expanded(form, stream, path)?,
            None => match spool(stream).map_err(|error| Error::io(path, error))? {
                (spooled, None) => spooled.into_source(),
                (_, Some(error)) => return Err(Error::io(path, error)),
            },
        };
        Ok(Self::from_sources([(name, source)]))
    }
}
