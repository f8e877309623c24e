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
fn expanded(form: Form, mut input: impl io::BufRead, path: &Path) -> Result<Arc<dyn ByteSource>> {
    let outcome = match form {
        Form::Gzip => spool(flate2::bufread::MultiGzDecoder::new(input)),
        Form::Zstd => spool(Frames { input: &mut input, frame: None }),
    };
    outcome.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            let what = format!("the {} file is damaged, or it is incomplete: {error}", form.name());
            Error::new(ErrorKind::Corrupt, what).in_file(path)
        }
        _ => Error::io(path, error),
    })
}

/// Reads zstd frames one after the other.
#[cfg(feature = "compressed")]
struct Frames<'a, R: io::BufRead> {
    input: &'a mut R,
    frame: Option<ruzstd::decoding::FrameDecoder>,
}

#[cfg(feature = "compressed")]
impl<R: io::BufRead> Read for Frames<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                None if self.input.fill_buf()?.is_empty() => return Ok(0),
                None => match begin(self.input)? {
                    Some(frame) => self.frame.insert(frame),
                    None => continue,
                },
            };
            let read = Read::read(frame, into)?;
            if read > 0 {
                return Ok(read);
            }
            if frame.is_finished() {
                let (stored, computed) = (frame.get_checksum_from_data(), frame.get_calculated_checksum());
                if stored.is_some() && stored != computed {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the content is wrong"));
                }
                self.frame = None;
                continue;
            }
            let blocks = ruzstd::decoding::BlockDecodingStrategy::UptoBytes(into.len().max(1));
            let decoded = frame.decode_blocks(&mut *self.input, blocks);
            decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        }
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
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
    }
}

/// Reads a stream to its end, into memory or into a temporary file that has no name.
#[cfg(feature = "compressed")]
fn spool(mut stream: impl Read) -> io::Result<Arc<dyn ByteSource>> {
    let mut bytes = Vec::new();
    stream.by_ref().take(IN_MEMORY).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < IN_MEMORY {
        return Ok(Arc::new(bytes::Bytes::from(bytes)));
    }
    let mut file = tempfile::tempfile()?;
    io::Write::write_all(&mut file, &bytes)?;
    drop(bytes);
    let copied = io::copy(&mut stream.take(MAX_BYTES), &mut file)?;
    if copied >= MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it expands to more than 16 GiB"));
    }
    Ok(Arc::new(file))
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
    /// [`Io`](ErrorKind::Io) if it cannot be read or stored, [`Corrupt`](ErrorKind::Corrupt) if it is compressed and damaged.
    pub fn from_reader(name: &str, stream: impl Read) -> Result<Self> {
        let path = Path::new(name);
        let mut stream = io::BufReader::with_capacity(1 << 18, stream);
        let form = Form::of(io::BufRead::fill_buf(&mut stream).map_err(|error| Error::io(path, error))?);
        let source = match form {
            Some(form) => expanded(form, stream, path)?,
            None => spool(stream).map_err(|error| Error::io(path, error))?,
        };
        Ok(Self::from_sources([(name, source)]))
    }
}
