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
#[cfg(feature = "object_store")]
pub use objects::{OpenStore, register_store};
#[cfg(not(feature = "object_store"))]
use steps::WAY_OUT;
pub(super) use steps::{Store, is_url};

/// Returns the store of a path: a local folder, or the URL of an object store. It reaches for nothing.
pub(super) fn open(path: &Path, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let url = path.to_str().and_then(|text| text.split_once("://").map(|(scheme, rest)| (text, scheme, rest)));
    match url {
        Some((text, scheme, rest)) if scheme != "file" => open_url(text, scheme, rest, settings),
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
    Ok(Arc::new(Objects::new(store, folder, folder, &BTreeMap::new())?))
}

#[cfg(feature = "object_store")]
fn open_url(url: &str, scheme: &str, rest: &str, settings: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if host.contains('@') && host.contains(':') {
        let what = "a URL with a password is refused";
        return Err(Error::new(ErrorKind::InvalidArgument, what).hint("put it into settings, as ${NAME} of the environment"));
    }
    let store = objects::opener(scheme)?(url, settings)?;
    Ok(Arc::new(Objects::new(store, prefix, url, settings)?))
}

#[cfg(not(feature = "object_store"))]
fn open_url(_: &str, scheme: &str, _: &str, _: &BTreeMap<String, String>) -> Result<Arc<dyn Store>> {
    let what = format!("this library is built without object stores, which {scheme}:// needs");
    Err(Error::new(ErrorKind::Unsupported, what).hint(WAY_OUT))
}
