//! Copies of single files, with their digests. A trail file is read record by record while it is copied.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use trailcore::trail::{Decoder, FileHeader, Resync};
use trailcore::{Error, ErrorKind, Result};

use super::class::SourceState;
use super::manifest::{DamagedRange, Landing, TrailContents};
use super::store::{Stored, Target};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// Bytes of one record that are waited for. A longer one is taken for damage.
const LONGEST_RECORD: usize = 64 << 20;
/// Damaged ranges that are kept one by one.
const KEPT: usize = 100;
/// The reason of a file that is gone.
const VANISHED: &str = "it vanished";
/// Attempts to copy a file that changes while it is read.
const ATTEMPTS: usize = 3;

/// The result of copying a file.
#[derive(Debug)]
pub(crate) struct Copied {
    pub(crate) bytes: u64,
    pub(crate) digest: String,
    pub(crate) mode: u32,
    pub(crate) source: SourceState,
    pub(crate) is_settled: bool,
}

/// The records of a trail file, and the landings of the wanted offsets.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub(crate) contents: TrailContents,
    /// Bytes up to the end of the last record; of a sealed file all bytes.
    pub(crate) bytes: u64,
    pub(crate) landings: Vec<(u64, Landing)>,
}

/// Opens a file for reading, and returns its state. A link is refused, also one that has just replaced a file.
pub(crate) fn open(path: &Path) -> io::Result<(File, SourceState, u32)> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, state_of(&facts), facts.mode() & 0o7777))
}

/// Returns the state that identifies the contents of a file.
pub(crate) fn state_of(facts: &std::fs::Metadata) -> SourceState {
    let modified = facts.mtime().saturating_mul(1_000_000_000).saturating_add(facts.mtime_nsec());
    SourceState { bytes: facts.len(), modified, inode: facts.ino() }
}

/// Creates a file that only its owner can read: trails have customers' data, and parameter files have passwords.
pub(crate) fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(|error| Error::write(path, error))
}

/// Creates a folder that only its owner can read, and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path).map_err(|error| Error::write(path, error))
}

/// An error of the source is reported in the set; an error of the repository ends the backup.
pub(crate) enum Failed {
    Source(io::Error),
    Target(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Target(error)
    }
}

/// Starts the copy of a file, in place of one that there is.
pub(crate) type Create<'a, 't> = &'a dyn Fn() -> Result<Box<dyn Target + 't>>;

/// Copies a file, and again if it does not settle. `pass` reads the file and passes its bytes on; `is_settled` compares the states before
/// and after that, and gets the result and the digest of the bytes.
fn copy<T>(
    from: &Path,
    to: Create<'_, '_>,
    mut pass: impl FnMut(&mut File, SourceState, &mut dyn FnMut(&[u8]) -> Passed) -> std::result::Result<T, Failed>,
    bytes_of: impl Fn(&T) -> u64,
    is_settled: impl Fn(SourceState, SourceState, &Copied) -> std::result::Result<bool, Failed>,
) -> std::result::Result<(Copied, T), Failed> {
    let mut attempt = 1;
    loop {
        let (mut file, source, mode) = open(from).map_err(Failed::Source)?;
        let mut out = to()?;
        let mut hasher = blake3::Hasher::new();
        let mut sink = |bytes: &[u8]| {
            hasher.update(bytes);
            out.write(bytes).map_err(Failed::Target)
        };
        let passed = pass(&mut file, source, &mut sink)?;
        let digest = hasher.finalize().to_hex().to_string();
        let mut copied = Copied { bytes: bytes_of(&passed), digest, mode, source, is_settled: false };
        if let Ok(after) = std::fs::symlink_metadata(from) {
            copied.is_settled = is_settled(source, state_of(&after), &copied)?;
        }
        if copied.is_settled || attempt >= ATTEMPTS {
            out.finish()?;
            return Ok((copied, passed));
        }
        attempt += 1;
    }
}

/// The result of passing bytes on.
type Passed = std::result::Result<(), Failed>;

/// Copies a file that is not a trail. If it changes while it is read, it is read again; with `twice` it is also read a second time to
/// see that. A file that only grows is copied up to the size that it had.
pub(crate) fn copy_plain(from: &Path, to: Create<'_, '_>, twice: bool) -> std::result::Result<Copied, Failed> {
    let is_settled = |before: SourceState, after: SourceState, copied: &Copied| {
        if copied.bytes != before.bytes || after != before {
            return Ok(false);
        }
        Ok(!twice || digest_of(from).map_err(Failed::Source)? == copied.digest)
    };
    copy(from, to, |file, before, sink| pump(file, before.bytes, sink), |bytes| *bytes, is_settled).map(|(copied, _)| copied)
}

/// Passes the first bytes of a file on, in blocks. Returns their number.
fn pump(file: &mut impl Read, most: u64, sink: &mut dyn FnMut(&[u8]) -> Passed) -> std::result::Result<u64, Failed> {
    let mut buffer = vec![0; BLOCK.min(usize::try_from(most).unwrap_or(BLOCK).max(1))];
    let mut done = 0;
    while done < most {
        let room = usize::try_from(most - done).unwrap_or(BLOCK).min(buffer.len());
        let read = file.read(buffer.get_mut(..room).unwrap_or_default());
        match read {
            Ok(0) => break,
            Ok(read) => {
                sink(buffer.get(..read).unwrap_or_default())?;
                done += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failed::Source(error)),
        }
    }
    Ok(done)
}

/// Returns the digest of a file.
pub(crate) fn digest_of(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open(path)?.0)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Copies a trail file, and reads its records. `seqno` is the number in its name, `wanted` the offsets whose landings are returned.
pub(crate) fn copy_trail(
    from: &Path,
    to: Create<'_, '_>,
    seqno: u64,
    is_sealed: bool,
    wanted: &[u64],
) -> std::result::Result<(Copied, Scanned), Failed> {
    // The open file may grow; a sealed one has to stay as it is, and no other file may take its place.
    let is_settled = |before: SourceState, after: SourceState, _: &Copied| {
        let is_same = after.inode == before.inode && after.bytes >= before.bytes;
        Ok(if is_sealed { after == before } else { is_same })
    };
    let pass = |file: &mut File, before: SourceState, sink: &mut dyn FnMut(&[u8]) -> Passed| {
        scan(file, before.bytes, seqno, is_sealed, wanted, sink)
    };
    copy(from, to, pass, |scanned| scanned.bytes, is_settled)
}

/// Reads the records of a trail file that is stored. Returns its digest, too.
///
/// # Errors
/// The errors of reading the file.
pub(crate) fn scan_stored(stored: Stored<'_>, seqno: u64, is_sealed: bool, wanted: &[u64]) -> io::Result<(String, Scanned)> {
    let Stored { bytes, mut reader } = stored;
    let mut hasher = blake3::Hasher::new();
    let mut sink = |bytes: &[u8]| {
        hasher.update(bytes);
        Ok(())
    };
    match scan(&mut reader, bytes, seqno, is_sealed, wanted, &mut sink) {
        Ok(scanned) => Ok((hasher.finalize().to_hex().to_string(), scanned)),
        Err(Failed::Source(error)) => Err(error),
        Err(Failed::Target(error)) => Err(io::Error::other(error)),
    }
}

/// Returns the digest of a stored file.
pub(crate) fn digest_of_stored(stored: Stored<'_>) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(stored.reader)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Writes a stored file into a local one. Returns its size and digest.
pub(crate) fn fetch(stored: Stored<'_>, to: &Path) -> std::result::Result<(u64, String), Failed> {
    let (mut hasher, mut out) = (blake3::Hasher::new(), create(to)?);
    let Stored { bytes, mut reader } = stored;
    let read = pump(&mut reader, bytes, &mut |bytes| {
        hasher.update(bytes);
        out.write_all(bytes).map_err(|error| Failed::Target(Error::write(to, error)))
    })?;
    Ok((read, hasher.finalize().to_hex().to_string()))
}

fn scan(
    file: &mut impl Read,
    size: u64,
    seqno: u64,
    is_sealed: bool,
    wanted: &[u64],
    sink: &mut dyn FnMut(&[u8]) -> Passed,
) -> std::result::Result<Scanned, Failed> {
    let mut records = Records::new(seqno, wanted);
    // Bytes that are read and not yet passed on: the start of a record.
    let (mut buffer, mut filled, mut unread): (Vec<u8>, usize, u64) = (Vec::new(), 0, size);
    loop {
        let room = usize::try_from(unread).unwrap_or(BLOCK).min(BLOCK);
        buffer.resize(filled + room, 0);
        let read = match file.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failed::Source(error)),
        };
        filled += read;
        // The file is shorter than it was: it ends here.
        unread = if read == 0 { 0 } else { unread - read as u64 };
        let mut used = records.take(buffer.get(..filled).unwrap_or_default(), unread);
        if unread == 0 && is_sealed && used < filled {
            used += records.break_off(buffer.get(used..filled).unwrap_or_default());
        }
        sink(buffer.get(..used).unwrap_or_default())?;
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if unread == 0 {
            return Ok(records.finish(is_sealed));
        }
    }
}

/// The records of a file while its bytes pass.
struct Records {
    decoder: Decoder,
    seqno: u64,
    records: u64,
    /// Bytes that are passed on.
    bytes: u64,
    /// The start and the fault of a damaged range that has not ended.
    damaged: Option<(u64, String)>,
    damage: Vec<DamagedRange>,
    more_damage: u64,
    /// The offsets that are looked for, the last one first.
    wanted: Vec<u64>,
    landings: Vec<(u64, Landing)>,
}

impl Records {
    fn new(seqno: u64, wanted: &[u64]) -> Self {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        wanted.dedup();
        Self {
            decoder: Decoder::new(),
            seqno,
            records: 0,
            bytes: 0,
            damaged: None,
            damage: Vec::new(),
            more_damage: 0,
            wanted,
            landings: Vec::new(),
        }
    }

    /// Takes the records at the start of the bytes. Returns the number of bytes that are not needed any more.
    fn take(&mut self, bytes: &[u8], unread: u64) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            if self.damaged.is_some() {
                match self.decoder.resync(rest, unread) {
                    Resync::Found(skipped) => {
                        used += skipped;
                        self.end_damage(self.decoder.offset());
                    }
                    Resync::NeedMore(skipped) => {
                        used += skipped;
                        break;
                    }
                    Resync::Nothing => {
                        used = bytes.len();
                        break;
                    }
                }
                continue;
            }
            let at = self.decoder.offset();
            match self.decoder.decode(rest) {
                Ok(Some(record)) => {
                    used += record.bytes().len();
                    self.records += 1;
                    let header = (at == 0 && record.is_file_header()).then(|| FileHeader::parse(&record).ok()).flatten();
                    let number = header.and_then(|header| header.seqno().value()).map(u64::from);
                    let end = self.decoder.offset();
                    self.land(at, end);
                    if let Some(number) = number.filter(|number| *number != self.seqno) {
                        let what = format!("the header has the number {number}, the name {}", self.seqno);
                        self.add_damage(DamagedRange { from: 0, to: end, what });
                    }
                }
                Ok(None) if rest.len() < LONGEST_RECORD => break,
                Ok(None) => self.damaged = Some((at, "a record is longer than 64 MiB".to_owned())),
                Err(fault) => self.damaged = Some((at, fault.what.to_owned())),
            }
        }
        self.bytes += used as u64;
        used
    }

    /// Takes the rest of a sealed file, which ends inside a record. Returns its length.
    fn break_off(&mut self, rest: &[u8]) -> usize {
        let mut used = 0;
        while let Some(more) = rest.get(used..).filter(|more| !more.is_empty()) {
            if self.damaged.is_none() {
                self.damaged = Some((self.decoder.offset(), "the file ends inside a record".to_owned()));
            }
            used += self.take(more, 0);
        }
        used
    }

    /// Notes the landings of the wanted offsets before the end of a record that starts here.
    fn land(&mut self, start: u64, end: u64) {
        while let Some(wanted) = self.wanted.pop_if(|wanted| *wanted < end) {
            let landing = if wanted == start { Landing::Record } else { Landing::Inside };
            self.landings.push((wanted, landing));
        }
    }

    fn end_damage(&mut self, to: u64) {
        let Some((from, what)) = self.damaged.take() else { return };
        while let Some(wanted) = self.wanted.pop_if(|wanted| *wanted < to) {
            self.landings.push((wanted, Landing::Inside));
        }
        self.add_damage(DamagedRange { from, to, what });
    }

    fn add_damage(&mut self, range: DamagedRange) {
        if self.damage.len() < KEPT {
            self.damage.push(range);
        } else {
            self.more_damage += 1;
        }
    }

    fn finish(mut self, is_sealed: bool) -> Scanned {
        let end = self.bytes;
        self.end_damage(end);
        while let Some(wanted) = self.wanted.pop() {
            self.landings.push((wanted, if wanted == end { Landing::End } else { Landing::AfterEnd }));
        }
        let contents = TrailContents {
            seqno: self.seqno,
            is_sealed,
            records: self.records,
            damage: self.damage,
            more_damage: self.more_damage,
        };
        Scanned { contents, bytes: end, landings: self.landings }
    }
}

/// Returns the reason of an error of the source, without its path.
pub(crate) fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => VANISHED,
        io::ErrorKind::PermissionDenied => "no permission to read it",
        io::ErrorKind::InvalidInput => "it is not a regular file",
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => "it became a link",
        _ => "it cannot be read",
    }
}

/// Returns the reason for which a set has not a file that it should have.
///
/// # Errors
/// The error of an object store that has the file, or may have it: it is no fault of the set.
pub(crate) fn reason_of_stored(error: io::Error) -> Result<&'static str> {
    match error.downcast::<Error>() {
        Ok(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(_) => Ok(VANISHED),
        Err(error) => Ok(reason(&error)),
    }
}

/// Flushes a file or folder to the disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| Error::write(path, error))
}

/// Returns an error about an argument.
pub(crate) fn invalid(what: impl Into<Box<str>>) -> Error {
    Error::new(ErrorKind::InvalidArgument, what)
}
