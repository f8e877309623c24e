//! Object stores: files of sinks and of backups at URLs.

#[cfg(feature = "object_store")]
mod folder;

#[cfg(feature = "object_store")]
pub use folder::{ObjectFolder, ObjectReader, OpenStore, Upload, register_store};
#[cfg(feature = "object_store")]
pub(crate) use folder::{PART, REQUESTS};
use trailcore::{Error, ErrorKind};

/// The way to a program that knows object stores.
const WAY_OUT: &str = "use the program of the crate trailcore-object-store, such as by cargo install trailcore-object-store";

/// Returns the error of a program that has no object store for the scheme of a URL.
#[must_use]
pub fn no_object_store(url: &str) -> Error {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    Error::new(ErrorKind::Unsupported, format!("this program has no object store for {scheme}://")).hint(WAY_OUT)
}
