//! What can go wrong in a native call, and how it becomes a Java exception.

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

use crate::callback::exceptions;
use crate::wire::Writer;

/// The code of an exception for a panic, as in the C library. The kinds of `trailcore::ErrorKind` count from 1.
const PANIC: u16 = 1005;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a native call did not return.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// An error of the library.
    Trail(trailcore::Error),
    /// A Java exception that a callback threw: it is thrown again as it is.
    Thrown(Thrown),
    /// A call into the virtual machine failed. Where it left an exception, that one counts.
    Jni(Arc<JniError>),
    /// A call that its object's state does not allow.
    Misuse(&'static str),
    /// A mistake of the Java half of this binding; no caller can make it.
    Internal(&'static str),
    /// The object met a panic before.
    Poisoned,
}

impl Failure {
    pub(crate) const MESSAGE: Self = Self::Internal("a message between the two halves is not understood");
}

/// What a reader says before it reads on: a failure that waits for its turn; and, for good, that what it has read was lost.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    waiting: Option<Failure>,
    lost: bool,
}

impl Pending {
    const LOST: Failure = Failure::Misuse(
        "the reader cannot go on: a call before had no memory for what it had read, which is lost; open another with more \
         memory, or with smaller batches",
    );

    pub(crate) fn check(&mut self) -> Result<()> {
        match self.waiting.take() {
            Some(failure) => Err(failure),
            None if self.lost => Err(Self::LOST),
            None => Ok(()),
        }
    }

    /// Keeps a failure until what lies before it is handed out.
    pub(crate) fn wait(&mut self, failure: Failure) {
        self.waiting = Some(failure);
    }

    /// What was read did not get to Java. The reader stands behind it: reading on would leave it out without a word.
    pub(crate) fn lose(&mut self) {
        *self = Self { waiting: None, lost: true };
    }

    /// Fails where something was lost.
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
            Self::Poisoned => f.write_str("the object met an internal error before and cannot be used any more; close it"),
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

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Trail(diagnostics.into())
    }
}

/// A Java exception, kept while native code unwinds to the call that Java made.
#[derive(Clone, Debug)]
pub(crate) struct Thrown {
    throwable: Arc<Global<JThrowable<'static>>>,
    /// What it says of itself, for those whom the exception cannot reach.
    text: Arc<str>,
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a callback threw {}", self.text)
    }
}

impl std::error::Error for Thrown {}

impl Thrown {
    /// Takes the exception that is pending, if one is.
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

    /// As an I/O error, which is how a source of bytes may fail.
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

/// Throws what a native call came to, and never over an exception that is pending.
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
        // What a panic says may hold data, and dropping it may panic again; where it was raised is on standard error.
        std::mem::forget(payload);
        throw(env, &Failure::Internal("a panic; this is a mistake in trailcore and should be reported")).map(|()| T::default())
    }
}

fn throw(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    if env.exception_check() {
        return Ok(());
    }
    let thrown = match failure {
        Failure::Thrown(Thrown { throwable, .. }) => env.throw(&**throwable),
        Failure::Jni(error) if matches!(**error, JniError::JniCall(JniCode::NoMemory)) => {
            env.throw_new(jni_str!("java/lang/OutOfMemoryError"), jni_str!("no memory for a native call's result"))
        }
        failure => throw_new(env, failure),
    };
    match thrown {
        // That is how success is told.
        Err(JniError::JavaException) => Ok(()),
        other => other,
    }
}

/// Has `TrailException.of` make the exception.
fn throw_new(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    let message = env.byte_array_from_slice(&message(failure))?;
    let signature = jni_sig!((jbyte[]) -> io.trailcore.TrailException);
    let exception = env.call_static_method(exceptions()?, jni_str!("of"), signature, &[JValue::Object(&message)])?.l()?;
    let exception = env.cast_local::<JThrowable<'_>>(exception)?;
    env.throw(&exception)
}

/// A failure as a message: code, text, place, findings.
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

/// The findings of a filter's text.
pub(crate) fn diagnostics(out: &mut Writer, list: &[Diagnostic]) {
    out.len(list.len());
    for found in list {
        out.text(&format!("{:?}", found.finding())).bool(found.is_error()).maybe(found.ogg_number().map(u64::from));
        out.text(found.message()).maybe_text(found.help_text()).len(found.range().start).len(found.range().end);
    }
}
