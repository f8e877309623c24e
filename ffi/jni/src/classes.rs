//! The Java classes that native code calls.

use std::sync::OnceLock;

use jni::Env;
use jni::objects::JClass;
use jni::refs::Global;

/// The classes that native code calls. Java passes them when it loads the library. A look-up by name would use the class loader
/// of the calling code, which inside an Arrow stream is that of Arrow.
#[derive(Debug)]
struct Classes {
    callbacks: Global<JClass<'static>>,
    exceptions: Global<JClass<'static>>,
}

static CLASSES: OnceLock<Classes> = OnceLock::new();

pub(crate) fn meet(env: &Env<'_>, callbacks: &JClass<'_>, exceptions: &JClass<'_>) -> jni::errors::Result<()> {
    let classes = Classes { callbacks: env.new_global_ref(callbacks)?, exceptions: env.new_global_ref(exceptions)? };
    CLASSES.get_or_init(|| classes);
    Ok(())
}

fn classes() -> jni::errors::Result<&'static Classes> {
    CLASSES.get().ok_or(jni::errors::Error::NullPtr("the Java classes were not passed to the native library"))
}

/// Returns `io.trailcore.Callbacks`.
pub(crate) fn callbacks() -> jni::errors::Result<&'static Global<JClass<'static>>> {
    Ok(&classes()?.callbacks)
}

/// Returns `io.trailcore.TrailException`.
pub(crate) fn exceptions() -> jni::errors::Result<&'static Global<JClass<'static>>> {
    Ok(&classes()?.exceptions)
}
