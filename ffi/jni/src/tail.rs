//! Live trails: a tail, its deliveries as blocks with their views, and the checkpoint store of a caller.

use std::iter::Peekable;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jni::objects::{JByteArray, JObject, JValue};
use jni::refs::Global;
use jni::{Env, JavaVM, jni_sig, jni_str};
use trailcore::{ChangeBlock, Error, Position};
use trailcore_stream::{Blocks, Checkpoint, CheckpointStore, Item, Loaded, Tail, TailHandle};

use crate::block::Filling;
use crate::callback::{Listener, call, into_failure, io_error};
use crate::classes::callbacks;
use crate::failure::{Failure, Result};
use crate::reader::Files;
use crate::wire::Writer;

/// A tail, and what any thread may do with it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) handle: TailHandle,
    pub(crate) receiving: Mutex<Receiving>,
}

/// The side that receives: the tail, and the delivery whose changes are being returned.
#[derive(Debug)]
pub(crate) struct Receiving {
    tail: Tail,
    /// The listener to its progress.
    listener: Option<Arc<Listener>>,
    blocks: Option<Peekable<Blocks>>,
    /// The position after the delivery.
    end: Position,
    /// The block that is being returned, and the next of its changes.
    block: Option<(Arc<ChangeBlock>, usize)>,
    files: Files,
    filling: Filling,
}

impl Live {
    pub(crate) fn new(tail: Tail, listener: Option<Arc<Listener>>) -> Self {
        let handle = tail.handle();
        let (files, filling) = Default::default();
        Self {
            handle,
            receiving: Mutex::new(Receiving {
                tail,
                listener,
                blocks: None,
                end: Position::default(),
                block: None,
                files,
                filling,
            }),
        }
    }
}

impl Receiving {
    /// Waits for the next item, at most for a time; without end if it is negative. Returns a message of its kind, its number and its
    /// document; an empty one if there is none.
    pub(crate) fn next(&mut self, milliseconds: i64) -> Result<Vec<u8>> {
        let item = match u64::try_from(milliseconds) {
            Ok(time) => self.tail.recv_timeout(Duration::from_millis(time)),
            Err(_) => self.tail.recv(),
        };
        let item = item.map_err(|error| into_failure(self.listener.as_ref(), error))?;
        let Some(item) = item else { return Ok(Vec::new()) };
        (self.blocks, self.block) = (Some(item.blocks()?.peekable()), None);
        let mut message = Writer::default();
        message.u8(match &item {
            Item::Changes(batch) => {
                self.end = batch.end();
                0
            }
            Item::Transaction(transaction) => {
                self.end = transaction.end();
                1
            }
            _ => 2,
        });
        message.u64(item.receipt().map_or(0, |receipt| receipt.number())).text(&item.document()?);
        Ok(message.0)
    }

    /// Returns the next changes of the delivery, as `ChangeReader::block`; `None` after the last.
    pub(crate) fn block(&mut self, size: usize) -> Result<Option<(ChangeBlock, &mut Filling)>> {
        let filling = &mut self.filling;
        filling.start();
        while !filling.is_full(size) {
            let (block, index) = match (self.block.take(), &mut self.blocks) {
                (Some(place), _) => place,
                (None, Some(blocks)) => match blocks.next().transpose()? {
                    Some(block) => (block, 0),
                    None => break,
                },
                (None, None) => break,
            };
            if let Some(change) = block.get(index) {
                let pushed = filling.push(&change, self.files.number(&change))?;
                let next = block.get(index + 1).map(|next| next.start()).or_else(|| {
                    let after = self.blocks.as_mut()?.peek()?.as_ref().ok()?;
                    Some(after.get(0)?.start())
                });
                filling.set_next(pushed, next.unwrap_or(self.end));
                self.block = Some((block, index + 1));
            }
        }
        let changes = std::mem::take(&mut filling.changes);
        Ok((!changes.is_empty()).then_some((changes, filling)))
    }
}

/// An `io.trailcore.CheckpointStore`, called through the helpers of `io.trailcore.Callbacks`.
#[derive(Debug)]
pub(crate) struct JavaStore {
    vm: JavaVM,
    store: Global<JObject<'static>>,
}

impl JavaStore {
    pub(crate) fn new(env: &Env<'_>, store: &JObject<'_>) -> Result<Self> {
        Ok(Self { vm: env.get_java_vm()?, store: env.new_global_ref(store)? })
    }

    fn failed(failure: Failure) -> Error {
        Error::write(Path::new("checkpoint"), io_error(failure))
    }
}

impl CheckpointStore for JavaStore {
    fn load(&mut self) -> trailcore::Result<Option<Loaded>> {
        let loaded = call(&self.vm, |env| {
            let signature = jni_sig!((io.trailcore.CheckpointStore) -> jbyte[]);
            let arguments = [JValue::Object(&self.store)];
            let text = env.call_static_method(callbacks()?, jni_str!("load"), signature, &arguments)?.l()?;
            if text.is_null() {
                return Ok(None);
            }
            let text = env.cast_local::<JByteArray<'_>>(text)?;
            env.convert_byte_array(&text).map(Some)
        });
        let Some(text) = loaded.map_err(Self::failed)? else { return Ok(None) };
        let text = String::from_utf8(text).map_err(|_| Self::failed(Failure::MESSAGE))?;
        Checkpoint::from_json(&text).map(|checkpoint| Some(checkpoint.into()))
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> trailcore::Result<()> {
        let text = checkpoint.to_json()?;
        call(&self.vm, |env| {
            let text = env.byte_array_from_slice(text.as_bytes())?;
            let signature = jni_sig!((io.trailcore.CheckpointStore, jbyte[]) -> void);
            let arguments = [JValue::Object(&self.store), JValue::Object(&text)];
            env.call_static_method(callbacks()?, jni_str!("store"), signature, &arguments)?.v()
        })
        .map_err(Self::failed)
    }
}

/// Sends what is traced to `System.Logger`.
pub(crate) fn forward_log(vm: JavaVM) {
    trailcore_stream::forward_log(move |level, line| {
        let number = match level {
            tracing::Level::ERROR => 2,
            tracing::Level::WARN => 1,
            _ => 0,
        };
        // A logger that throws must not stop the tail; no one can be informed.
        let _ = call(&vm, |env| {
            let line = env.byte_array_from_slice(line.as_bytes())?;
            let arguments = [JValue::Int(number), JValue::Object(&line)];
            env.call_static_method(callbacks()?, jni_str!("log"), jni_sig!((jint, jbyte[]) -> void), &arguments)?.v()
        });
    });
}
