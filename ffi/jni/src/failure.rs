//! The failures of native calls, and their conversion to Java exceptions.

use std::any::Any;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::Arc;

use jni::errors::{Error as JniError, ErrorPolicy, JniError as JniCode};
use jni::objects::{JString, JThrowable, JValue};
use jni::refs::Global;
use jni::{Env, jni_sig, jni_str};
use trailcore::filter::{Diagnostic, Diagnostics};

use crate::classes::exceptions;
use crate::wire::{Malformed, Writer};

/// The code of the exception for a panic, same as in the C library. The kinds of `trailcore::ErrorKind` start at 1.
const PANIC: u16 = 1005;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// The reason why a native call failed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// An error of the library.
    Trail(trailcore::Error),
    /// A Java exception of a callback. It is thrown again unchanged.
    Thrown(Thrown),
    /// A failed call into the virtual machine. If it left a pending exception, that one takes precedence.
    Jni(Arc<JniError>),
    /// A call that the state of its object does not allow.
    Misuse(&'static str),
    /// A bug of this binding. No caller can cause it.
    Internal(&'static str),
    /// The object cannot be used after a panic.
    Poisoned,
}

impl Failure {
    pub(crate) const MESSAGE: Self = Self::Internal("invalid message between the Java classes and the native library");
}

/// The failure that a reader reports at its next call: either one that was deferred, or, permanently, that changes were lost.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    waiting: Option<Failure>,
    lost: bool,
}

impl Pending {
    const LOST: Failure = Failure::Misuse(
        "reader unusable: an earlier call ran out of memory and its changes were lost; open a new reader with a larger heap or \
         smaller batches",
    );

    pub(crate) fn check(&mut self) -> Result<()> {
        match self.waiting.take() {
            Some(failure) => Err(failure),
            None if self.lost => Err(Self::LOST),
            None => Ok(()),
        }
    }

    /// Defers a failure until the changes before it were returned.
    pub(crate) fn wait(&mut self, failure: Failure) {
        self.waiting = Some(failure);
    }

    /// Records that changes were read but did not reach Java. Reading on would silently leave them out.
    pub(crate) fn lose(&mut self) {
        *self = Self { waiting: None, lost: true };
    }

    /// Fails if changes were lost.
    pub(crate) fn is_whole(&self) -> Result<()> {
        if self.lost { Err(Self::LOST) } else { Ok(()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trail(error) => error.fmt(f),
            Self::Thrown(thrown) => thrown.fmt(f),
            Self::Jni(error) => error.fmt(f),
            Self::Misuse(what) | Self::Internal(what) => f.write_str(what),
            Self::Poisoned => f.write_str("object unusable after an internal error; close it"),
        }
    }
}

impl From<trailcore::Error> for Failure {
    fn from(error: trailcore::Error) -> Self {
        match Thrown::cause_of(&error) {
            Some(thrown) => Self::Thrown(thrown),
            None => Self::Trail(error),
        }
    }
}

impl From<JniError> for Failure {
    fn from(error: JniError) -> Self {
        Self::Jni(Arc::new(error))
    }
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::MESSAGE
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Trail(diagnostics.into())
    }
}

/// A Java exception, kept until the native call returns to Java.
#[derive(Clone, Debug)]
pub(crate) struct Thrown {
    throwable: Arc<Global<JThrowable<'static>>>,
    /// Its text, for places that the exception itself cannot reach.
    text: Arc<str>,
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a callback threw {}", self.text)
    }
}

impl std::error::Error for Thrown {}

impl Thrown {
    /// Takes the pending exception, if there is one.
    pub(crate) fn take(env: &mut Env<'_>) -> Option<Self> {
        let throwable = env.exception_occurred()?;
        env.exception_clear();
        let text = Self::text(env, &throwable).unwrap_or_else(|_| {
            env.exception_clear();
            "an exception".to_owned()
        });
        env.new_global_ref(throwable).ok().map(|throwable| Self { throwable: Arc::new(throwable), text: text.into() })
    }

    fn text(env: &mut Env<'_>, throwable: &JThrowable<'_>) -> jni::errors::Result<String> {
        let text = env.call_method(throwable, jni_str!("toString"), jni_sig!(() -> java.lang.String), &[])?.l()?;
        env.cast_local::<JString<'_>>(text)?.try_to_string(env)
    }

    /// Converts it to an I/O error, the error of byte sources.
    pub(crate) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }

    pub(crate) fn cause_of(error: &trailcore::Error) -> Option<Self> {
        let source = error.source()?;
        let io =
            source.downcast_ref::<Arc<io::Error>>().map(|shared| &**shared).or_else(|| source.downcast_ref::<io::Error>())?;
        io.get_ref()?.downcast_ref::<Self>().cloned()
    }
}

/// Throws the failure of a native call, unless an exception is pending already.
#[derive(Debug)]
pub(crate) enum Throw {}

impl<T: Default> ErrorPolicy<T, Failure> for Throw {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        (): &mut (),
        failure: Failure,
    ) -> jni::errors::Result<T> {
        throw(env, &failure).map(|()| T::default())
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        (): &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        // The payload may contain column data, and dropping it may panic again. The location is on standard error.
        std::mem::forget(payload);
        throw(env, &Failure::Internal("internal error: a panic in trailcore; report this as a bug")).map(|()| T::default())
    }
}

fn throw(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    if env.exception_check() {
        return Ok(());
    }
    let thrown = match failure {
        Failure::Thrown(Thrown { throwable, .. }) => env.throw(&**throwable),
        Failure::Jni(error) if matches!(**error, JniError::JniCall(JniCode::NoMemory)) => {
            env.throw_new(jni_str!("java/lang/OutOfMemoryError"), jni_str!("no memory for the result of a native call"))
        }
        failure => throw_new(env, failure),
    };
    match thrown {
        // `throw` reports success this way.
        Err(JniError::JavaException) => Ok(()),
        other => other,
    }
}

/// Throws the exception that `TrailException.of` creates.
fn throw_new(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    let message = env.byte_array_from_slice(&message(failure))?;
    let signature = jni_sig!((jbyte[]) -> io.trailcore.TrailException);
    let exception = env.call_static_method(exceptions()?, jni_str!("of"), signature, &[JValue::Object(&message)])?.l()?;
    let exception = env.cast_local::<JThrowable<'_>>(exception)?;
    env.throw(&exception)
}

/// Encodes a failure as a message: code, text, location, diagnostics.
pub(crate) fn message(failure: &Failure) -> Vec<u8> {
    let mut out = Writer::default();
    let (code, location) = match failure {
        Failure::Trail(error) => (error.kind().code(), Some(error.location())),
        Failure::Misuse(_) => (trailcore::ErrorKind::InvalidArgument.code(), None),
        _ => (PANIC, None),
    };
    let file = location.and_then(|location| location.file.as_ref()).map(|file| file.to_string_lossy());
    out.u16(code).text(&failure.to_string()).maybe_text(file.as_deref());
    out.maybe(location.and_then(|location| location.rba));
    out.maybe(location.and_then(|location| location.offset));
    out.maybe(location.and_then(|location| location.record));
    let found = match failure {
        Failure::Trail(error) => error.diagnostics(),
        _ => None,
    };
    diagnostics(&mut out, found.map_or(&[], Diagnostics::all));
    out.0
}

/// Encodes diagnostics, for `Diagnostic`.
pub(crate) fn diagnostics(out: &mut Writer, list: &[Diagnostic]) {
    out.len(list.len());
    for found in list {
        out.text(&format!("{:?}", found.kind())).bool(found.is_error()).maybe(found.ogg_number().map(u64::from));
        out.text(found.message()).maybe_text(found.help_text()).len(found.range().start).len(found.range().end);
    }
}
