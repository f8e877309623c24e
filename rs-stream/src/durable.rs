//! Files that survive a crash of the machine: contents and names are flushed to the disk.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file and flushes its contents. Its name is durable once its folder is.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Flushes the names in a folder.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Flushes the names in a folder and in those above it, up to `root`: some of them may be new.
#[cfg(feature = "files")]
pub(crate) fn sync_up(folder: &Path, root: &Path) -> io::Result<()> {
    folder.ancestors().take_while(|above| above.starts_with(root)).try_for_each(sync_folder)
}

/// Returns the folder of a path.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes a folder with all that is in it, if it exists.
#[cfg(feature = "files")]
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
