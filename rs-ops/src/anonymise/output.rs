//! The files of a result: in a folder beside it until they are proved, then under its name.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use trailcore::source::{RecordView, TrailFile};
use trailcore::trail::{ByteOrder, FILE_HEADER, FaultKind, INFO_UNSET, INFO_WIDE, RECORD, Record};
use trailcore::{Error, ErrorKind, Result, Trail, TrailPosition};

use super::permute::{Domain, Key};
use super::report::{AnonymisedFile, HiddenKind};
use super::rewrite::Rewriter;

/// Bytes of an incomplete record whose framing is kept.
const MOST_TORN: u64 = 64 << 20;

/// The folder of a result that is not complete. It is removed unless it is published.
pub(super) struct Scratch {
    folder: PathBuf,
    is_published: std::cell::Cell<bool>,
}

impl Scratch {
    /// Creates the folder beside the result, which must not exist.
    pub(super) fn beside(to: &Path) -> Result<Self> {
        if to.symlink_metadata().is_ok() {
            let error = Error::new(ErrorKind::InvalidArgument, format!("to: {} exists", to.display()));
            return Err(error.hint("name a directory that does not exist"));
        }
        let name =
            to.file_name().ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "to: the name of a directory is needed"))?;
        let folder = to.with_file_name(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        fs::create_dir(&folder).map_err(|error| Error::write(&folder, error))?;
        Ok(Self { folder, is_published: std::cell::Cell::new(false) })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        fs::write(&path, bytes).map_err(|error| Error::write(&path, error))
    }

    /// Moves the folder to the name of the result.
    pub(super) fn publish(&self, to: &Path) -> Result<()> {
        let failed = |error| Error::write(to, error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            crate::backup::sync(&entry.map_err(failed)?.path())?;
        }
        crate::backup::sync(&self.folder)?;
        match renameat_with(CWD, &self.folder, CWD, to, RenameFlags::NOREPLACE) {
            // The file system cannot do this in one step.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => {
                fs::rename(&self.folder, to).map_err(failed)?;
            }
            moved => moved.map_err(|error| failed(error.into()))?,
        }
        self.is_published.set(true);
        let above = to.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::backup::sync(above)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_published.get() {
            // An error of removing it would hide the first one.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The files that are written, with the same lengths as those of a trail.
pub(super) struct Output<'a> {
    trail: &'a Trail,
    scratch: &'a Scratch,
    filler: Domain,
    /// The sizes of the trail's files when it was opened.
    sizes: Vec<u64>,
    files: Vec<AnonymisedFile>,
    open: Option<BufWriter<File>>,
    /// Bytes that are due in the open file: up to the end of the last record.
    due: u64,
    /// The byte order of the last record.
    order: ByteOrder,
}

impl<'a> Output<'a> {
    pub(super) fn new(trail: &'a Trail, scratch: &'a Scratch, key: &Key) -> Result<Self> {
        let mut sizes = Vec::new();
        for file in trail.files() {
            sizes.push(size(file)?);
        }
        let filler = key.domain("filler");
        Ok(Self { trail, scratch, filler, sizes, files: Vec::new(), open: None, due: 0, order: ByteOrder::Big })
    }

    /// Goes to a record: to its file, and over bytes before it that are no records.
    pub(super) fn enter(&mut self, view: &RecordView<'_>, rewriter: &mut Rewriter<'_>) -> Result<()> {
        while self.files.len() <= view.file {
            self.next_file(rewriter)?;
        }
        if view.position.rba > self.due {
            self.put_held(rewriter)?;
            rewriter.counts.hide(HiddenKind::Damage, TrailPosition::new(view.position.seqno, self.due));
            self.fill(view.position.rba - self.due)?;
        }
        Ok(())
    }

    /// Writes the bytes that take the place of a record, and of those before it that were held back.
    pub(super) fn write(&mut self, view: &RecordView<'_>, bytes: &[u8]) -> Result<()> {
        self.due = view.position.rba + view.record.bytes().len() as u64;
        self.order = view.record.byte_order();
        self.put(bytes)
    }

    /// Writes the records of a row that does not continue.
    fn put_held(&mut self, rewriter: &mut Rewriter<'_>) -> Result<()> {
        let mut held = Vec::new();
        rewriter.end_run(&mut held)?;
        self.put(&held)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let path = self.files.last().map(|file| self.scratch.path(&file.name)).unwrap_or_default();
        open.write_all(bytes).map_err(|error| Error::write(&path, error))?;
        if let Some(file) = self.files.last_mut() {
            file.bytes += bytes.len() as u64;
        }
        Ok(())
    }

    /// Ends the open file, and creates the next one.
    fn next_file(&mut self, rewriter: &mut Rewriter<'_>) -> Result<()> {
        self.end_file(rewriter)?;
        let Some(file) = self.trail.files().get(self.files.len()) else { return Err(Error::internal("a record is in no file")) };
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = String::from_utf8_lossy(&rewriter.file_name(name.as_bytes(), file.seqno)).into_owned();
        let path = self.scratch.path(&name);
        let created = File::create_new(&path).map_err(|error| Error::write(&path, error))?;
        self.open = Some(BufWriter::with_capacity(1 << 20, created));
        self.files.push(AnonymisedFile { name, bytes: 0 });
        self.due = 0;
        Ok(())
    }

    /// Writes what is after the last record of the open file, and closes it.
    fn end_file(&mut self, rewriter: &mut Rewriter<'_>) -> Result<()> {
        let Some(index) = self.files.len().checked_sub(1) else { return Ok(()) };
        self.put_held(rewriter)?;
        let size = self.sizes.get(index).copied().unwrap_or_default();
        if let Some(rest) = size.checked_sub(self.due).filter(|rest| *rest > 0) {
            let seqno = self.trail.files().get(index).and_then(|file| file.seqno).unwrap_or_default();
            let at = TrailPosition::new(seqno, self.due);
            match self.torn(index, rest)? {
                Some(bytes) => {
                    rewriter.counts.hide(HiddenKind::TornTail, at);
                    self.put(&bytes)?;
                }
                None => {
                    rewriter.counts.hide(HiddenKind::Damage, at);
                    self.fill(rest)?;
                }
            }
        }
        let written = self.files.last().map_or(0, |file| file.bytes);
        if let Some(mut open) = self.open.take() {
            open.flush().map_err(|error| Error::write(self.scratch.path("").as_path(), error))?;
        }
        if written != size {
            return Err(grows());
        }
        Ok(())
    }

    /// Ends all files.
    pub(super) fn finish(mut self, rewriter: &mut Rewriter<'_>) -> Result<Vec<AnonymisedFile>> {
        while self.files.len() < self.trail.files().len() {
            self.next_file(rewriter)?;
        }
        self.end_file(rewriter)?;
        for (file, before) in self.trail.files().iter().zip(&self.sizes) {
            if size(file)? != *before {
                return Err(grows());
            }
        }
        Ok(self.files)
    }

    /// Writes bytes in which no record starts.
    fn fill(&mut self, mut length: u64) -> Result<()> {
        let mut stream = self.filler.stream(&[(self.files.len() as u64).to_le_bytes(), self.due.to_le_bytes()].concat());
        let mut block = vec![0; 1 << 16];
        while length > 0 {
            stream.fill(&mut block);
            block.iter_mut().filter(|byte| matches!(**byte, RECORD | FILE_HEADER)).for_each(|byte| *byte |= 0x80);
            let part = length.min(block.len() as u64);
            self.put(block.get(..part as usize).unwrap_or_default())?;
            length -= part;
        }
        Ok(())
    }

    /// Returns an incomplete record with other contents: the heads of its areas stay. `None` if the bytes are none.
    fn torn(&self, index: usize, rest: u64) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.trail.files().get(index).filter(|_| rest <= MOST_TORN) else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = File::open(&file.path).and_then(|mut opened| {
            opened.seek(SeekFrom::Start(self.due))?;
            opened.take(rest).read_to_end(&mut bytes)
        });
        read.map_err(|error| Error::io(&file.path, error))?;
        let orders = if self.due == 0 { vec![ByteOrder::Big, ByteOrder::Little] } else { vec![self.order] };
        let is_torn =
            |order: &ByteOrder| matches!(Record::parse(&bytes, *order), Err(fault) if fault.kind == FaultKind::NeedMore);
        let Some(order) = orders.into_iter().find(is_torn) else { return Ok(None) };
        let mut stream = self.filler.stream(&[(index as u64).to_le_bytes(), self.due.to_le_bytes()].concat());
        let mut at = head_of(&bytes, 0, order).0;
        while at < bytes.len() {
            let (head, body) = head_of(&bytes, at, order);
            at = at.saturating_add(head);
            let end = at.saturating_add(body).min(bytes.len());
            if let Some(body) = bytes.get_mut(at..end) {
                stream.fill(body);
            }
            at = end;
        }
        Ok(Some(bytes))
    }
}

/// Returns the length of a token's head and of its body.
fn head_of(bytes: &[u8], at: usize, order: ByteOrder) -> (usize, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_wide = rest.get(1).is_some_and(|info| info & INFO_WIDE != 0 && *info != INFO_UNSET);
    let number = |digits: Option<&[u8]>| {
        let digits = digits.unwrap_or_default().iter();
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        if order == ByteOrder::Big { digits.fold(0, add) } else { digits.rev().fold(0, add) }
    };
    if is_wide { (6, number(rest.get(2..6))) } else { (4, number(rest.get(2..4))) }
}

/// Returns the size of a file, which must not be compressed.
fn size(file: &TrailFile) -> Result<u64> {
    let name = file.path.to_string_lossy();
    if [".gz", ".zst"].iter().any(|ending| name.ends_with(ending)) {
        let error = Error::new(ErrorKind::InvalidArgument, "a compressed file cannot be anonymised").in_file(&*file.path);
        return Err(error.hint("decompress it first"));
    }
    fs::metadata(&file.path).map(|facts| facts.len()).map_err(|error| Error::io(&file.path, error))
}

fn grows() -> Error {
    let error = Error::new(ErrorKind::InvalidArgument, "the trail changes while it is read");
    error.hint("copy its files first, and anonymise the copy")
}
