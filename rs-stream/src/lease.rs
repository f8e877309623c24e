//! [`Lease`]: of several processes, one works and the others wait.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use trailcore::{Error, ErrorKind, Result};

/// The content of the file of a lease that is given back.
const RELEASED: &[u8] = b"released";

/// The right to work, of one process at a time. It is a file in a folder that all of them see, with a number that only grows: the token.
///
/// The owner writes its file again and again. A process that waits compares the content with what it has seen before, by its own clock, so
/// that clocks of machines need not agree, nor go forward. If nothing has changed for the time limit, it creates the file with the next
/// number, which only one can do. An owner that was suspended finds that file when it comes back, and has lost the lease.
///
/// A lease decides who works; that two do no harm for a moment is the task of sinks, which refuse the first one
/// ([`Sink::load`](crate::sink::Sink::load)).
///
/// ```
/// use std::time::Duration;
/// use trailcore_stream::Lease;
///
/// # let folder = tempfile::tempdir().unwrap();
/// let lease = Lease::wait(folder.path(), Duration::from_secs(3), || false)?.expect("nobody has cancelled");
/// assert_eq!((lease.token(), lease.is_lost()), (1, false));
/// // Another one waits until this one is dropped, or its process ends.
/// drop(lease);
/// assert_eq!(Lease::wait(folder.path(), Duration::from_secs(3), || false)?.unwrap().token(), 2);
/// # Ok::<(), trailcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Lease {
    files: Files,
    token: u64,
    is_lost: Arc<AtomicBool>,
    /// Ends the thread when it is dropped.
    ends: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Waits until this process has the lease of a folder, which is created if it does not exist. `limit` is the time without a sign of the
    /// owner after which another one takes over; all processes should use the same. Returns `None` once `is_cancelled` does.
    ///
    /// # Errors
    /// [`Io`](trailcore::ErrorKind::Io) if the folder cannot be read or written.
    pub fn wait(folder: impl AsRef<Path>, limit: Duration, is_cancelled: impl Fn() -> bool) -> Result<Option<Self>> {
        let files = Files { folder: folder.as_ref().to_path_buf() };
        files.guard(fs::create_dir_all(&files.folder))?;
        let pause = limit / 8;
        let mut seen: Option<(u64, Vec<u8>, Instant)> = None;
        while !is_cancelled() {
            let last = files.last()?;
            let is_free = match (&last, &seen) {
                (None, _) => true,
                (Some((_, content)), _) if content == RELEASED => true,
                (Some((token, content)), Some((before, known, since))) if token == before && content == known => {
                    since.elapsed() > limit
                }
                _ => false,
            };
            if is_free {
                let token = files.after(last.map_or(0, |(token, _)| token))?;
                if files.create(token)? {
                    return Self::keep(files, token, pause).map(Some);
                }
                continue;
            }
            if let Some((token, content)) = last {
                if !seen.as_ref().is_some_and(|(before, known, _)| *before == token && *known == content) {
                    seen = Some((token, content, Instant::now()));
                }
            }
            std::thread::sleep(pause);
        }
        Ok(None)
    }

    /// Keeps a lease that was taken: starts the thread that writes its file.
    fn keep(files: Files, token: u64, pause: Duration) -> Result<Self> {
        let is_lost = Arc::new(AtomicBool::new(false));
        let (ends, ended) = bounded::<()>(0);
        let (own, lost) = (files.clone(), Arc::clone(&is_lost));
        let renew = move || {
            let mut beat = 0_u64;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                beat += 1;
                match own.renew(token, beat) {
                    Ok(true) => {}
                    Ok(false) => {
                        lost.store(true, Ordering::Release);
                        return;
                    }
                    // Others take over if it lasts, and it finds that out then.
                    Err(error) => tracing::warn!(%error, "the lease cannot be renewed"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("lease".to_owned()).spawn(renew).map_err(|error| Error::thread(&error))?;
        Ok(Self { files, token, is_lost, ends: Some(ends), thread: Some(thread) })
    }

    /// Returns the number of the lease: each owner has a higher one than those before it.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Returns whether another process has taken over. It stays so.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }
}

impl Drop for Lease {
    /// Gives the lease back, so that another process need not wait for the time limit.
    fn drop(&mut self) {
        self.ends = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            let _ = thread.join();
        }
        if !self.is_lost() {
            if let Err(error) = self.files.write(self.token, RELEASED) {
                tracing::warn!(%error, "the lease cannot be given back: another process waits for the time limit");
            }
        }
    }
}

/// The files of a lease, `NUMBER.lease`. The one with the highest number counts.
#[derive(Clone, Debug)]
struct Files {
    folder: PathBuf,
}

impl Files {
    fn path(&self, token: u64) -> PathBuf {
        self.folder.join(format!("{token:020}.lease"))
    }

    fn guard<T>(&self, outcome: io::Result<T>) -> Result<T> {
        outcome.map_err(|error| Error::write(&self.folder, error))
    }

    fn tokens(&self) -> Result<Vec<u64>> {
        let mut tokens = Vec::new();
        for file in self.guard(fs::read_dir(&self.folder))? {
            let name = self.guard(file)?.file_name();
            tokens.extend(name.to_str().and_then(|name| name.strip_suffix(".lease")?.parse::<u64>().ok()));
        }
        Ok(tokens)
    }

    /// Returns the highest number, and the content of its file.
    fn last(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let Some(token) = self.tokens()?.into_iter().max() else { return Ok(None) };
        match fs::read(self.path(token)) {
            Ok(content) => Ok(Some((token, content))),
            // Removed by the owner of a higher one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some((token, Vec::new()))),
            Err(error) => self.guard(Err(error)),
        }
    }

    /// Returns the number after another one.
    fn after(&self, token: u64) -> Result<u64> {
        token.checked_add(1).ok_or_else(|| {
            let what = format!("the file {token}.lease has the highest number that there is");
            Error::new(ErrorKind::Corrupt, what).in_file(&self.folder).hint("remove it: no process has made it")
        })
    }

    /// Creates the file of a number, and removes those before it. Returns `false` if another process has done so.
    fn create(&self, token: u64) -> Result<bool> {
        match OpenOptions::new().write(true).create_new(true).open(self.path(token)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return self.guard(Err(error)),
        }
        let tokens = self.tokens()?;
        // A higher one has come, and has removed the file that was in the way.
        let is_last = tokens.iter().max() == Some(&token);
        for old in tokens.into_iter().filter(|old| *old < token || (*old == token && !is_last)) {
            // It has no meaning any more.
            let _ = fs::remove_file(self.path(old));
        }
        Ok(is_last)
    }

    /// Writes a sign of life. Returns `false` if another process has taken over.
    fn renew(&self, token: u64, beat: u64) -> Result<bool> {
        if self.tokens()?.into_iter().max() != Some(token) {
            return Ok(false);
        }
        self.write(token, format!("{}:{beat}", std::process::id()).as_bytes())
    }

    /// Replaces the content of a file. Returns `false` if it is not there any more.
    fn write(&self, token: u64, content: &[u8]) -> Result<bool> {
        match OpenOptions::new().write(true).truncate(true).open(self.path(token)) {
            Ok(mut file) => self.guard(file.write_all(content)).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => self.guard(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(400);

    #[test]
    fn one_of_many_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let (holders, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let lease = Lease::wait(folder.path(), LIMIT, || false).unwrap().unwrap();
                    most.fetch_max(holders.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    assert!(!lease.is_lost());
                    holders.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
        assert_eq!(Files { folder: folder.path().to_path_buf() }.last().unwrap().unwrap().0, 6);
    }

    #[test]
    fn a_file_with_the_highest_number_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(format!("{}.lease", u64::MAX)), RELEASED).unwrap();
        assert_eq!(Lease::wait(folder.path(), LIMIT, || false).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn an_owner_without_a_sign_loses_it_and_notices() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { folder: folder.path().to_path_buf() };
        // A process that has ended.
        assert!(files.create(7).unwrap() && files.renew(7, 1).unwrap());
        let begun = Instant::now();
        let lease = Lease::wait(folder.path(), LIMIT, || false).unwrap().unwrap();
        assert!(begun.elapsed() >= LIMIT && lease.token() == 8);
        assert!(!files.renew(7, 2).unwrap(), "it comes back");
        // One that lives keeps it.
        let until = Instant::now() + 2 * LIMIT;
        assert!(Lease::wait(folder.path(), LIMIT, || Instant::now() > until).unwrap().is_none());
        assert!(!lease.is_lost());
        // One that another process does not wait for.
        assert!(files.create(9).unwrap());
        let until = Instant::now() + 10 * LIMIT;
        while !lease.is_lost() {
            assert!(Instant::now() < until);
            std::thread::sleep(LIMIT / 20);
        }
        drop(lease);
        assert_ne!(files.last().unwrap().unwrap(), (9, RELEASED.to_vec()));
    }
}
