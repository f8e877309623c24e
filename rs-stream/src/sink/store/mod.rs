//! [`Store`]: where the files of a sink and the entries of its manifest are: a local folder, or an object store.

mod local;
#[cfg(feature = "object_store")]
mod objects;
#[cfg(feature = "object_store")]
mod scratch;
mod steps;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use trailcore::{Error, ErrorKind, Result};

use local::Local;
#[cfg(feature = "object_store")]
use objects::Objects;
pub(super) use steps::{Store, is_url};

/// Returns the store of a path: a local folder, or the URL of an object store. It reaches for nothing.
pub(super) fn open(path: &Path, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let url = path.to_str().and_then(|text| text.split_once("://").map(|(scheme, rest)| (text, scheme, rest)));
    match url {
        Some((text, scheme, _)) if scheme != "file" => open_url(text, settings),
        _ if !settings.is_empty() => Err(Error::new(ErrorKind::InvalidArgument, "settings have no effect on a local folder")
            .hint("leave them out, or set path to a URL such as s3://bucket/folder")),
        Some((_, _, rest)) if rest.starts_with('/') => Ok(local(Path::new(rest))),
        Some((text, ..)) => Err(Error::new(ErrorKind::InvalidArgument, format!("{text} names another machine"))
            .hint("write file:///folder, or the path of the folder")),
        None => Ok(local(path)),
    }
}

/// Returns the store of a local folder.
pub(super) fn local(root: &Path) -> Arc<dyn Store> {
    Arc::new(Local::new(root))
}

/// Returns the store of a folder in an object store of the program.
#[cfg(feature = "object_store")]
pub(super) fn of_program(store: Arc<dyn object_store::ObjectStore>, folder: &str) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(Objects::new(crate::ObjectFolder::in_store(store, folder)?)))
}

#[cfg(feature = "object_store")]
fn open_url(url: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(Objects::new(crate::ObjectFolder::open(url, settings)?)))
}

#[cfg(not(feature = "object_store"))]
fn open_url(url: &str, _: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    Err(crate::no_object_store(url))
}
