//! Events of the file system as a hint. They only shorten a wait: a tail also polls, since network file systems send none.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;

use crate::signal::Signal;

/// One watcher, with one thread, for all tails of the process.
static HINTS: Mutex<Hints> = Mutex::new(Hints { watcher: None, folders: None });

struct Hints {
    watcher: Option<RecommendedWatcher>,
    /// The tails of each folder: the start of their files' names, and how to wake them.
    folders: Option<Folders>,
}

type Folders = Arc<Mutex<HashMap<PathBuf, Vec<(String, Weak<Signal>)>>>>;

/// The hints for one tail, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    folder: PathBuf,
    signal: Weak<Signal>,
}

/// Starts to hint a tail at changes of the files in a folder whose names start with a prefix. Returns `None` if the system has no
/// events, or no more of them.
pub(crate) fn watch(folder: &Path, prefix: &str, signal: &Arc<Signal>) -> Option<Watched> {
    let folder = folder.canonicalize().ok()?;
    let mut hints = HINTS.lock();
    let folders = Arc::clone(hints.folders.get_or_insert_with(Folders::default));
    if hints.watcher.is_none() {
        let folders = Arc::clone(&folders);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // After an error, such as an overflow of the queue, everything may have changed.
            let paths = event.map_or_else(|_| Vec::new(), |event| if event.kind.is_access() { Vec::new() } else { event.paths });
            for path in paths {
                let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
                    continue;
                };
                let folders = folders.lock();
                let tails = folders.get(folder).into_iter().flatten();
                for signal in tails.filter(|(prefix, _)| name.starts_with(prefix.as_str())).filter_map(|(_, tail)| tail.upgrade())
                {
                    signal.hint();
                }
            }
        });
        match watcher {
            Ok(watcher) => hints.watcher = Some(watcher),
            Err(error) => {
                tracing::info!(%error, "no file events; polling only");
                return None;
            }
        }
    }
    let is_new = !folders.lock().contains_key(&folder);
    if is_new {
        if let Err(error) = hints.watcher.as_mut()?.watch(&folder, RecursiveMode::NonRecursive) {
            tracing::info!(%error, folder = %folder.display(), "no file events; polling only");
            return None;
        }
    }
    let signal = Arc::downgrade(signal);
    folders.lock().entry(folder.clone()).or_default().push((prefix.to_owned(), Weak::clone(&signal)));
    Some(Watched { folder, signal })
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut hints = HINTS.lock();
        let Some(folders) = hints.folders.clone() else { return };
        let mut folders = folders.lock();
        let Some(tails) = folders.get_mut(&self.folder) else { return };
        tails.retain(|(_, signal)| !signal.ptr_eq(&self.signal));
        if tails.is_empty() {
            folders.remove(&self.folder);
            drop(folders);
            if let Some(watcher) = &mut hints.watcher {
                // The folder may be gone, and its watch with it.
                let _ = watcher.unwatch(&self.folder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::signal::Woken;

    #[test]
    fn a_write_is_hinted_to_the_tails_of_its_prefix_only() {
        let folder = tempfile::tempdir().unwrap();
        let [own, other] = [(); 2].map(|()| Arc::new(Signal::default()));
        let Some(watched) = watch(folder.path(), "aa", &own) else {
            println!("skipped: the system has no file events");
            return;
        };
        let _other = watch(folder.path(), "bb", &other).unwrap();
        std::fs::write(folder.path().join("aa000000000"), b"x").unwrap();
        assert_eq!(own.wait(Instant::now() + Duration::from_secs(20)), Woken::Hint);
        assert_eq!(other.wait(Instant::now() + Duration::from_millis(20)), Woken::Timeout);
        drop(watched);
        // The write was more than one event.
        while own.wait(Instant::now() + Duration::from_millis(50)) == Woken::Hint {}
        std::fs::write(folder.path().join("aa000000001"), b"x").unwrap();
        assert_eq!(own.wait(Instant::now() + Duration::from_millis(100)), Woken::Timeout);
    }
}
