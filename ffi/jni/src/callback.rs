//! Calls into Java: byte sources and progress listeners.
//!
//! An exception that such a call throws is kept, and thrown again by the native call in which it happened.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use jni::objects::{JObject, JValue};
use jni::refs::Global;
use jni::{Env, JavaVM, jni_sig, jni_str};
use trailcore::source::{ByteSource, Progress};

use crate::classes::callbacks;
use crate::failure::{Failure, Thrown};
use crate::wire::Writer;

/// The maximum number of bytes in one call, which is the size of the array that they are copied through.
const AT_ONCE: usize = 1 << 20;

/// Reinterprets bytes as Java's signed bytes.
pub(crate) fn as_signed(bytes: &mut [u8]) -> &mut [i8] {
    // SAFETY: both types are one byte, any value of one is valid for the other, and the result keeps the exclusive borrow.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

/// Runs a call into Java. Takes an exception that it throws and returns it as a failure.
pub(crate) fn call<T>(vm: &JavaVM, run: impl FnOnce(&mut Env<'_>) -> jni::errors::Result<T>) -> Result<T, Failure> {
    vm.attach_current_thread(|env| {
        run(env).map_err(|error| match Thrown::take(env) {
            Some(thrown) => Failure::Thrown(thrown),
            None => Failure::from(error),
        })
    })
}

pub(crate) fn io_error(failure: Failure) -> io::Error {
    match failure {
        Failure::Thrown(thrown) => thrown.into_io(),
        other => io::Error::other(other.to_string()),
    }
}

/// An `io.trailcore.ByteSource`, called through the helpers of `io.trailcore.Callbacks`.
#[derive(Debug)]
pub(crate) struct JavaSource {
    vm: JavaVM,
    source: Global<JObject<'static>>,
}

impl JavaSource {
    pub(crate) fn new(env: &Env<'_>, source: &JObject<'_>) -> Result<Self, Failure> {
        Ok(Self { vm: env.get_java_vm()?, source: env.new_global_ref(source)? })
    }

    /// Calls Java once and fills the start of `into`. Returns the number of bytes.
    fn read_once(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        call(&self.vm, |env| {
            let array = env.new_byte_array(into.len())?;
            let signature = jni_sig!((io.trailcore.ByteSource, jlong, jbyte[]) -> jint);
            let arguments = [JValue::Object(&self.source), JValue::Long(offset), JValue::Object(&array)];
            let read = env.call_static_method(callbacks()?, jni_str!("read"), signature, &arguments)?.i()?;
            let read = usize::try_from(read).unwrap_or(0).min(into.len());
            let Some(filled) = into.get_mut(..read) else { return Ok(0) };
            array.get_region(env, 0, as_signed(filled))?;
            Ok(read)
        })
        .map_err(io_error)
    }
}

impl ByteSource for JavaSource {
    fn size(&self) -> io::Result<u64> {
        call(&self.vm, |env| {
            let signature = jni_sig!((io.trailcore.ByteSource) -> jlong);
            env.call_static_method(callbacks()?, jni_str!("size"), signature, &[JValue::Object(&self.source)])?.j()
        })
        .map(|size| u64::try_from(size).unwrap_or(0))
        .map_err(io_error)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        for chunk in into.chunks_mut(AT_ONCE) {
            let mut done = 0;
            while let Some(rest) = chunk.get_mut(done..).filter(|rest| !rest.is_empty()) {
                match self.read_once(rest, offset.saturating_add((filled + done) as u64))? {
                    0 => return Ok(filled + done),
                    read => done += read,
                }
            }
            filled += done;
        }
        Ok(filled)
    }
}

/// An `io.trailcore.ProgressListener`, and the exception with which it stopped the reader.
#[derive(Debug)]
pub(crate) struct Listener {
    vm: JavaVM,
    listener: Global<JObject<'static>>,
    thrown: Mutex<Option<Thrown>>,
}

impl Listener {
    pub(crate) fn new(env: &Env<'_>, listener: &JObject<'_>) -> Result<Self, Failure> {
        Ok(Self { vm: env.get_java_vm()?, listener: env.new_global_ref(listener)?, thrown: Mutex::new(None) })
    }

    /// Reports the progress to the listener, which decides whether to continue.
    pub(crate) fn notify(&self, progress: Progress) -> ControlFlow<()> {
        let number = |value: u64| JValue::Long(value as i64);
        let goes_on = call(&self.vm, |env| {
            let signature = jni_sig!((io.trailcore.ProgressListener, jint, jlong, jlong, jlong) -> jboolean);
            let (kind, (first, second)) = Writer::parts(progress.position);
            let kind = JValue::Int(kind.into());
            let arguments = [JValue::Object(&self.listener), kind, number(first), number(second), number(progress.bytes)];
            env.call_static_method(callbacks()?, jni_str!("progress"), signature, &arguments)?.z()
        });
        match goes_on {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(failure) => {
                if let Failure::Thrown(thrown) = failure {
                    *self.thrown.lock().unwrap_or_else(PoisonError::into_inner) = Some(thrown);
                }
                ControlFlow::Break(())
            }
        }
    }

    /// Takes the exception that the listener has thrown, if any.
    pub(crate) fn thrown(&self) -> Option<Failure> {
        self.thrown.lock().unwrap_or_else(PoisonError::into_inner).take().map(Failure::Thrown)
    }
}

/// Converts an error for Java: to the exception of the listener if that caused it.
pub(crate) fn into_failure(listener: Option<&Arc<Listener>>, error: trailcore::Error) -> Failure {
    listener.and_then(|listener| listener.thrown()).unwrap_or_else(|| error.into())
}
