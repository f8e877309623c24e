//! The native methods of `io.trailcore.Native`, which `make generate` writes from this file.

#![allow(non_snake_case)]

use std::ffi::c_void;
use std::path::PathBuf;
use std::sync::Arc;

use jni::objects::{JByteArray, JClass, JObject, JObjectArray};
use jni::sys::{JNI_VERSION_1_8, jboolean, jint, jlong};
use jni::{Env, EnvUnowned};
use trailcore::arrow::ArrowOptions;
use trailcore::batch::BatchOptions;
use trailcore::filter::{Select, SelectOptions};
use trailcore::report::CountReport;
use trailcore::sink::{TrailWriter, WriterOptions};
use trailcore::source::ByteSource;
use trailcore::{Catalog, Csn, Error, ReadOptions, Timestamp, Trail};
use trailcore_stream::pipeline::{Pipelines, Supervisor};
use trailcore_stream::{CheckpointStore, FileStore, Hub, Receipt, Tail, TailOptions};

use crate::arrow;
use crate::batches::Batches;
use crate::block;
use crate::callback::{JavaSource, Listener, into_failure};
use crate::classes;
use crate::failure::{Failure, Result, Throw, diagnostics};
use crate::header;
use crate::object::{self, Object};
use crate::reader::ChangeReader;
use crate::records::Records;
use crate::schema;
use crate::tail::{self, JavaStore, Live};
use crate::wire::{self, Writer};
use crate::writer::Rows;

/// The version of the interface to the Java classes. Increase it with every change of a method, message or layout.
const PROTOCOL: jint = 6;

/// Defines native methods. An error or a panic of the body becomes an exception.
macro_rules! native {
    ($($(#[doc = $doc:literal])* $name:ident<$local:lifetime>($env:ident $(, $argument:ident: $type:ty)*) $(-> $returns:ty)? $body:block)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "system" fn $name<$local>(
                mut environment: EnvUnowned<$local>,
                _class: JClass<$local>
                $(, $argument: $type)*
            ) $(-> $returns)? {
                environment.with_env(|$env: &mut Env<$local>| -> Result<_> { $body }).resolve::<Throw>()
            }
        )*
    };
}

/// Returns the required version of JNI.
#[unsafe(no_mangle)]
extern "system" fn JNI_OnLoad(_vm: *mut c_void, _reserved: *mut c_void) -> jint {
    JNI_VERSION_1_8
}

fn bytes(env: &Env<'_>, array: &JByteArray<'_>) -> Result<Vec<u8>> {
    Ok(env.convert_byte_array(array)?)
}

fn text(env: &Env<'_>, array: &JByteArray<'_>) -> Result<String> {
    String::from_utf8(bytes(env, array)?).map_err(|_| Failure::MESSAGE)
}

fn path(env: &Env<'_>, array: &JByteArray<'_>) -> Result<PathBuf> {
    text(env, array).map(PathBuf::from)
}

fn array<'l>(env: &mut Env<'l>, bytes: &[u8]) -> Result<JByteArray<'l>> {
    Ok(env.byte_array_from_slice(bytes)?)
}

/// Reads a trail with the options of a call: their document, and their objects.
fn read<T>(
    env: &mut Env<'_>,
    document: &JByteArray<'_>,
    (catalog, filter): (jlong, jlong),
    listener: &JObject<'_>,
    read: impl FnOnce(ReadOptions) -> trailcore::Result<T>,
) -> Result<(T, Option<Arc<Listener>>)> {
    let mut options = ReadOptions::from_json(&text(env, document)?)?;
    if catalog != 0 {
        options = options.catalog(object::catalog(catalog)?.clone());
    }
    if filter != 0 {
        options = options.select(object::filter(filter)?.clone());
    }
    let listener = if listener.is_null() { None } else { Some(Arc::new(Listener::new(env, listener)?)) };
    if let Some(listener) = &listener {
        let notified = Arc::clone(listener);
        options = options.on_progress(move |progress| notified.notify(progress));
    }
    let done = read(options).map_err(|error| into_failure(listener.as_ref(), error))?;
    Ok((done, listener))
}

/// Reads the options of a tail: their document, and those of reading.
fn tail_options(
    env: &mut Env<'_>,
    document: &JByteArray<'_>,
    reading: &JByteArray<'_>,
    (catalog, filter): (jlong, jlong),
    listener: &JObject<'_>,
) -> Result<(TailOptions, Option<Arc<Listener>>)> {
    let options = TailOptions::from_json(&text(env, document)?)?;
    let (read, listener) = read(env, reading, (catalog, 0), listener, Ok)?;
    let options = options.read(read);
    Ok((if filter == 0 { options } else { options.select(object::filter(filter)?.clone()) }, listener))
}

/// Returns the checkpoint's store: a file, a store of the caller, or none.
fn checkpoint_store<'l>(
    env: &mut Env<'l>,
    file: &JByteArray<'l>,
    store: &JObject<'l>,
) -> Result<Option<Box<dyn CheckpointStore>>> {
    Ok(match (file.is_null(), store.is_null()) {
        (false, _) => Some(Box::new(FileStore::new(path(env, file)?))),
        (true, false) => Some(Box::new(JavaStore::new(env, store)?)),
        (true, true) => None,
    })
}

fn tail_handle(tail: trailcore::Result<Tail>, listener: Option<Arc<Listener>>) -> Result<jlong> {
    let tail = tail.map_err(|error| into_failure(listener.as_ref(), error))?;
    Ok(Object::Tail(Box::new(Live::new(tail, listener))).into_handle())
}

fn document<'l>(env: &mut Env<'l>, report: &impl serde::Serialize) -> Result<JByteArray<'l>> {
    let text = serde_json::to_string(report).map_err(|error| Error::internal(&error.to_string()))?;
    array(env, text.as_bytes())
}

native! {
    Java_io_trailcore_Native_protocol<'l>(_env) -> jint { Ok(PROTOCOL) }

    Java_io_trailcore_Native_version<'l>(env) -> JByteArray<'l> { array(env, env!("CARGO_PKG_VERSION").as_bytes()) }

    /// Passes the classes that the native library calls. Called once, before any other call.
    Java_io_trailcore_Native_meet<'l>(env, callbacks: JClass<'l>, exceptions: JClass<'l>) {
        classes::meet(env, &callbacks, &exceptions)?;
        tail::forward_log(env.get_java_vm()?);
        Ok(())
    }

    /// Returns the number of native objects, for leak tests.
    Java_io_trailcore_Native_liveObjects<'l>(_env) -> jlong { Ok(object::live()) }

    Java_io_trailcore_Native_free<'l>(_env, handle: jlong) {
        Object::free(handle);
        Ok(())
    }

    Java_io_trailcore_Native_call<'l>(env, verb: JByteArray<'l>, request: JByteArray<'l>) -> JByteArray<'l> {
        let report = trailcore_ops::answer(&text(env, &verb)?, &text(env, &request)?)?;
        array(env, report.as_bytes())
    }

    Java_io_trailcore_Native_trailOpen<'l>(env, place: JByteArray<'l>) -> jlong {
        Ok(Object::Trail(Trail::open(path(env, &place)?)?).into_handle())
    }

    Java_io_trailcore_Native_trailOpenFiles<'l>(env, places: JByteArray<'l>) -> jlong {
        let places = bytes(env, &places)?;
        let mut message = wire::Reader(&places);
        let count = message.len()?;
        let paths: Vec<PathBuf> = (0..count).map(|_| message.text().map(PathBuf::from)).collect::<std::result::Result<_, _>>()?;
        Ok(Object::Trail(Trail::open_files(&paths)?).into_handle())
    }

    Java_io_trailcore_Native_trailFromBytes<'l>(env, names: JByteArray<'l>, files: JObjectArray<'l>) -> jlong {
        let names = bytes(env, &names)?;
        let mut message = wire::Reader(&names);
        let mut all: Vec<(&str, Vec<u8>)> = Vec::new();
        for index in 0..message.len()? {
            let content = files.get_element(env, index)?;
            let content = env.cast_local::<JByteArray<'_>>(content)?;
            all.push((message.text()?, env.convert_byte_array(&content)?));
            env.delete_local_ref(content);
        }
        Ok(Object::Trail(Trail::from_files(all.into_iter().map(|(name, content)| (name, content.into())))).into_handle())
    }

    Java_io_trailcore_Native_trailFromSources<'l>(env, names: JByteArray<'l>, sources: JObjectArray<'l>) -> jlong {
        let names = bytes(env, &names)?;
        let mut message = wire::Reader(&names);
        let mut all: Vec<(&str, Arc<dyn ByteSource>)> = Vec::new();
        for index in 0..message.len()? {
            let source = sources.get_element(env, index)?;
            all.push((message.text()?, Arc::new(JavaSource::new(env, &source)?)));
            env.delete_local_ref(source);
        }
        Ok(Object::Trail(Trail::from_sources(all)).into_handle())
    }

    Java_io_trailcore_Native_trailFiles<'l>(env, trail: jlong) -> JByteArray<'l> {
        let mut out = Writer::default();
        let files = object::trail(trail)?.files();
        out.len(files.len());
        for file in files {
            out.text(&file.path.to_string_lossy()).maybe(file.seqno);
        }
        array(env, &out.0)
    }

    Java_io_trailcore_Native_trailGaps<'l>(env, trail: jlong) -> JByteArray<'l> {
        let mut out = Writer::default();
        let gaps = object::trail(trail)?.gaps();
        out.len(gaps.len());
        for gap in gaps {
            out.u64(gap.first).u64(gap.last);
        }
        array(env, &out.0)
    }

    Java_io_trailcore_Native_trailSize<'l>(_env, trail: jlong) -> jlong {
        Ok(i64::try_from(object::trail(trail)?.size()?).unwrap_or(i64::MAX))
    }

    Java_io_trailcore_Native_trailHeaders<'l>(env, trail: jlong) -> JByteArray<'l> {
        let headers = object::trail(trail)?.headers()?;
        let mut out = Writer::default();
        out.len(headers.len());
        for found in &headers {
            out.bool(found.is_some()).bytes(&found.as_ref().map(header::describe).unwrap_or_default());
        }
        array(env, &out.0)
    }

    Java_io_trailcore_Native_trailFindCsn<'l>(
        env, trail: jlong, csn: JByteArray<'l>, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> JByteArray<'l> {
        let (trail, csn) = (object::trail(trail)?, text(env, &csn)?);
        let (found, _) = read(env, &options, (catalog, filter), &listener, |options| trail.find_csn_with(&csn, &options))?;
        let mut out = Writer::default();
        out.maybe_position(found);
        array(env, &out.0)
    }

    Java_io_trailcore_Native_trailFindTime<'l>(
        env, trail: jlong, micros: jlong, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> JByteArray<'l> {
        let (trail, time) = (object::trail(trail)?, Timestamp::from_unix_micros(micros));
        let (found, _) = read(env, &options, (catalog, filter), &listener, |options| trail.find_time_with(time, &options))?;
        let mut out = Writer::default();
        out.maybe_position(found);
        array(env, &out.0)
    }

    Java_io_trailcore_Native_trailCall<'l>(
        env, trail: jlong, verb: JByteArray<'l>, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> JByteArray<'l> {
        let (trail, verb) = (object::trail(trail)?, text(env, &verb)?);
        let (report, _) = read(env, &options, (catalog, filter), &listener, |options| trailcore::call_on(&verb, trail, options))?;
        array(env, report.as_bytes())
    }

    /// Returns a count report. Unlike the verb of trailCall, it fails with an error that ends the counting.
    Java_io_trailcore_Native_trailCount<'l>(
        env, trail: jlong, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> JByteArray<'l> {
        let trail = object::trail(trail)?;
        let (report, _) = read(env, &options, (catalog, filter), &listener, |options| {
            let (report, error) = CountReport::of(trail, options)?;
            error.map_or_else(|| report.to_json(), Err)
        })?;
        array(env, report.as_bytes())
    }

    Java_io_trailcore_Native_compareCsn<'l>(env, left: JByteArray<'l>, right: JByteArray<'l>) -> jint {
        let (left, right) = (text(env, &left)?, text(env, &right)?);
        Ok(Csn::compare(&left, &right).map_or(jint::MIN, |order| order as jint))
    }

    Java_io_trailcore_Native_filterOf<'l>(
        env, source: JByteArray<'l>, options: JByteArray<'l>, is_file: jboolean
    ) -> jlong {
        let (source, options) = (text(env, &source)?, SelectOptions::from_json(&text(env, &options)?)?);
        let select =
            if is_file { options.read_file(source)? } else { options.apply(Select::parse_in(&source, options.dialect)?) };
        Ok(Object::Filter(select).into_handle())
    }

    Java_io_trailcore_Native_filterWith<'l>(env, filter: jlong, options: JByteArray<'l>) -> jlong {
        let options = SelectOptions::from_json(&text(env, &options)?)?;
        Ok(Object::Filter(options.apply(object::filter(filter)?.clone())).into_handle())
    }

    Java_io_trailcore_Native_filterText<'l>(env, filter: jlong) -> JByteArray<'l> {
        array(env, object::filter(filter)?.to_string().as_bytes())
    }

    Java_io_trailcore_Native_filterLints<'l>(env, filter: jlong) -> JByteArray<'l> {
        let filter = object::filter(filter)?;
        let mut out = Writer::default();
        out.text(&filter.lint_text());
        diagnostics(&mut out, filter.lints());
        array(env, &out.0)
    }

    Java_io_trailcore_Native_filterWants<'l>(env, filter: jlong, name: JByteArray<'l>) -> jboolean {
        Ok(object::filter(filter)?.verdict_of_object(&text(env, &name)?, None, None).is_accept())
    }

    Java_io_trailcore_Native_filterExplain<'l>(env, filter: jlong, table: jlong) -> JByteArray<'l> {
        let explained = object::filter(filter)?.bind(object::table(table)?).explain().to_string();
        array(env, explained.as_bytes())
    }

    Java_io_trailcore_Native_filterProblems<'l>(env, filter: jlong, table: jlong) -> JByteArray<'l> {
        let problems = object::filter(filter)?.bind(object::table(table)?).problems();
        let mut out = Writer::default();
        match problems {
            Some(found) => {
                out.text(&found.to_string());
                diagnostics(&mut out, found.all());
            }
            None => {
                out.text("");
                diagnostics(&mut out, &[]);
            }
        }
        array(env, &out.0)
    }

    Java_io_trailcore_Native_catalogOpen<'l>(env, place: JByteArray<'l>) -> jlong {
        Ok(Object::Catalog(Catalog::open(path(env, &place)?)?).into_handle())
    }

    Java_io_trailcore_Native_catalogParse<'l>(env, source: JByteArray<'l>) -> jlong {
        Ok(Object::Catalog(Catalog::parse(&bytes(env, &source)?)?).into_handle())
    }

    Java_io_trailcore_Native_catalogOf<'l>(env, tables: JByteArray<'l>) -> jlong {
        let tables = bytes(env, &tables)?;
        let mut message = wire::Reader(&tables);
        let mut catalog = Catalog::new();
        for _ in 0..message.len()? {
            catalog.insert(object::table(message.i64()?)?.as_ref().clone());
        }
        Ok(Object::Catalog(catalog).into_handle())
    }

    Java_io_trailcore_Native_catalogTable<'l>(env, catalog: jlong, name: JByteArray<'l>) -> jlong {
        let table = object::catalog(catalog)?.table(&text(env, &name)?);
        Ok(table.map_or(0, |table| Object::Table(Arc::clone(table)).into_handle()))
    }

    Java_io_trailcore_Native_catalogNames<'l>(env, catalog: jlong) -> JByteArray<'l> {
        let mut names: Vec<&str> = object::catalog(catalog)?.tables().map(|table| table.name()).collect();
        names.sort_unstable();
        let mut out = Writer::default();
        out.len(names.len());
        for name in names {
            out.text(name);
        }
        array(env, &out.0)
    }

    Java_io_trailcore_Native_tableOf<'l>(env, definition: JByteArray<'l>) -> jlong {
        let definition = bytes(env, &definition)?;
        Ok(Object::Table(schema::read(&mut wire::Reader(&definition))?).into_handle())
    }

    Java_io_trailcore_Native_tableDescribe<'l>(env, table: jlong) -> JByteArray<'l> {
        array(env, &schema::describe(object::table(table)?))
    }

    Java_io_trailcore_Native_readerOpen<'l>(
        env, trail: jlong, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> jlong {
        let trail = object::trail(trail)?;
        let (reader, listener) = read(env, &options, (catalog, filter), &listener, |options| trail.reader_with(options))?;
        Ok(Object::Reader(Box::new(ChangeReader::new(reader, listener).into())).into_handle())
    }

    Java_io_trailcore_Native_readerBlock<'l>(env, reader: jlong, size: jint) -> JByteArray<'l> {
        let mut reader = object::reader(reader)?;
        let Some((changes, filled)) = reader.block(usize::try_from(size).unwrap_or(1))? else { return array(env, &[]) };
        let handle = Object::Block(Box::new(changes)).into_handle();
        filled.finish(handle);
        array(env, &filled.view.0).inspect_err(|_| {
            Object::free(handle);
            reader.lose();
        })
    }

    Java_io_trailcore_Native_readerJson<'l>(env, reader: jlong, size: jint) -> JByteArray<'l> {
        let mut reader = object::reader(reader)?;
        let lines = array(env, reader.json(usize::try_from(size).unwrap_or(1))?);
        lines.inspect_err(|_| reader.lose())
    }

    Java_io_trailcore_Native_readerState<'l>(env, reader: jlong) -> JByteArray<'l> {
        array(env, &object::reader(reader)?.state()?)
    }

    Java_io_trailcore_Native_changeTable<'l>(_env, block: jlong, index: jint) -> jlong {
        let table = Arc::clone(block::change(object::block(block)?, index)?.table());
        Ok(Object::Table(table).into_handle())
    }

    Java_io_trailcore_Native_changeHeader<'l>(env, block: jlong, index: jint) -> JByteArray<'l> {
        let change = block::change(object::block(block)?, index)?;
        array(env, &change.file_header().map(header::describe).unwrap_or_default())
    }

    Java_io_trailcore_Native_changeJson<'l>(env, block: jlong, index: jint) -> JByteArray<'l> {
        let json = block::change(object::block(block)?, index)?.to_json()?;
        array(env, json.as_bytes())
    }

    Java_io_trailcore_Native_changeExtras<'l>(env, block: jlong, index: jint) -> JByteArray<'l> {
        array(env, &block::extras(&block::change(object::block(block)?, index)?))
    }

    Java_io_trailcore_Native_changeRecords<'l>(env, block: jlong, index: jint) -> JByteArray<'l> {
        array(env, &block::raw_records(&block::change(object::block(block)?, index)?))
    }

    /// Throws the error of an image.
    Java_io_trailcore_Native_changeImageError<'l>(_env, block: jlong, index: jint) {
        Err(block::image_error(&block::change(object::block(block)?, index)?))
    }

    Java_io_trailcore_Native_recordsOpen<'l>(
        env, trail: jlong, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> jlong {
        let trail = object::trail(trail)?;
        let (reader, listener) = read(env, &options, (catalog, filter), &listener, |options| Ok(trail.records(&options)))?;
        Ok(Object::Records(Box::new(Records::new(reader, listener).into())).into_handle())
    }

    Java_io_trailcore_Native_recordsBlock<'l>(env, records: jlong, size: jint) -> JByteArray<'l> {
        let mut records = object::records(records)?;
        let block = array(env, records.block(usize::try_from(size).unwrap_or(1))?);
        block.inspect_err(|_| records.lose())
    }

    Java_io_trailcore_Native_recordsSkipped<'l>(env, records: jlong) -> JByteArray<'l> {
        array(env, &object::records(records)?.skipped())
    }

    Java_io_trailcore_Native_batchesOpen<'l>(
        env, trail: jlong, wanted: JByteArray<'l>, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> jlong {
        let decoder = BatchOptions::from_json(&text(env, &wanted)?)?.decoder();
        let trail = object::trail(trail)?;
        let (reader, listener) = read(env, &options, (catalog, filter), &listener, |options| trail.reader_with(options))?;
        Ok(Object::Batches(Box::new(Batches::new(reader, decoder, listener).into())).into_handle())
    }

    Java_io_trailcore_Native_batchesNext<'l>(env, batches: jlong, owner: JObject<'l>) -> JByteArray<'l> {
        let mut batches = object::batches(batches)?;
        let directory = batches.next(env, &owner)?;
        array(env, directory).inspect_err(|_| batches.lose())
    }

    Java_io_trailcore_Native_batchesTable<'l>(_env, batches: jlong, number: jint) -> jlong {
        let table = Arc::clone(object::batches(batches)?.table(usize::try_from(number).unwrap_or(usize::MAX))?);
        Ok(Object::Table(table).into_handle())
    }

    Java_io_trailcore_Native_batchesState<'l>(env, batches: jlong) -> JByteArray<'l> {
        array(env, &object::batches(batches)?.state()?)
    }

    Java_io_trailcore_Native_writerOpen<'l>(
        env, prefix: JByteArray<'l>, options: JByteArray<'l>, in_memory: jboolean
    ) -> jlong {
        let (prefix, options) = (text(env, &prefix)?, WriterOptions::from_json(&text(env, &options)?)?);
        let writer = if in_memory { TrailWriter::in_memory(&prefix, options) } else { TrailWriter::create(prefix, options) };
        Ok(Object::Writer(Box::new(Rows::new(writer?).into())).into_handle())
    }

    Java_io_trailcore_Native_writerCall<'l>(env, writer: jlong, call: JByteArray<'l>) {
        let call = bytes(env, &call)?;
        object::writer(writer)?.call(&mut wire::Reader(&call), object::table)
    }

    Java_io_trailcore_Native_writerWriteAll<'l>(
        env, writer: jlong, trail: jlong, options: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>
    ) -> jlong {
        let trail = object::trail(trail)?;
        let (reader, listener) = read(env, &options, (catalog, filter), &listener, |options| trail.reader_with(options))?;
        let written = object::writer(writer)?.write_all(reader);
        written.map_err(|failure| listener.and_then(|listener| listener.thrown()).unwrap_or(failure))
    }

    Java_io_trailcore_Native_writerFinish<'l>(env, writer: jlong) -> JByteArray<'l> {
        let files = object::writer(writer)?.finish()?;
        array(env, &files)
    }

    Java_io_trailcore_Native_arrowExport<'l>(
        env, trail: jlong, table: JByteArray<'l>, arrow: JByteArray<'l>, options: JByteArray<'l>, catalog: jlong, filter: jlong,
        listener: JObject<'l>, address: jlong
    ) {
        let (trail, table, arrow) = (object::trail(trail)?, text(env, &table)?, ArrowOptions::from_json(&text(env, &arrow)?)?);
        let (stream, listener) = read(env, &options, (catalog, filter), &listener, |options| trail.table(&table, options, arrow))?;
        arrow::export(stream, listener, address);
        Ok(())
    }

    Java_io_trailcore_Native_tailOpen<'l>(
        env, place: JByteArray<'l>, options: JByteArray<'l>, reading: JByteArray<'l>, catalog: jlong, filter: jlong,
        listener: JObject<'l>, file: JByteArray<'l>, store: JObject<'l>
    ) -> jlong {
        let (options, listener) = tail_options(env, &options, &reading, (catalog, filter), &listener)?;
        let place = path(env, &place)?;
        let store = checkpoint_store(env, &file, &store)?;
        tail_handle(Tail::open_stored(place, options, store), listener)
    }

    /// Returns the part of a tail that any thread may use at any time.
    Java_io_trailcore_Native_tailHandle<'l>(_env, tail: jlong) -> jlong {
        Ok(Object::TailHandle(object::tail(tail)?.handle.clone()).into_handle())
    }

    Java_io_trailcore_Native_tailNext<'l>(env, tail: jlong, milliseconds: jlong) -> JByteArray<'l> {
        let message = object::receiving(tail)?.next(milliseconds)?;
        array(env, &message)
    }

    Java_io_trailcore_Native_tailBlock<'l>(env, tail: jlong, size: jint) -> JByteArray<'l> {
        let mut receiving = object::receiving(tail)?;
        let Some((changes, filled)) = receiving.block(usize::try_from(size).unwrap_or(1))? else { return array(env, &[]) };
        let handle = Object::Block(Box::new(changes)).into_handle();
        filled.finish(handle);
        array(env, &filled.view.0).inspect_err(|_| Object::free(handle))
    }

    Java_io_trailcore_Native_tailClose<'l>(_env, handle: jlong) {
        Ok(object::tail_handle(handle)?.close()?)
    }

    Java_io_trailcore_Native_tailStop<'l>(_env, handle: jlong) {
        object::tail_handle(handle)?.stop();
        Ok(())
    }

    Java_io_trailcore_Native_tailWake<'l>(_env, handle: jlong) {
        object::tail_handle(handle)?.wake();
        Ok(())
    }

    Java_io_trailcore_Native_tailResume<'l>(_env, handle: jlong) {
        object::tail_handle(handle)?.resume();
        Ok(())
    }

    Java_io_trailcore_Native_tailAcknowledge<'l>(_env, handle: jlong, number: jlong) {
        Ok(object::tail_handle(handle)?.acknowledge(&Receipt::of(number as u64))?)
    }

    Java_io_trailcore_Native_tailProgress<'l>(env, handle: jlong) -> JByteArray<'l> {
        document(env, &object::tail_handle(handle)?.progress())
    }

    Java_io_trailcore_Native_tailLag<'l>(env, handle: jlong) -> JByteArray<'l> {
        let lag = object::tail_handle(handle)?.lag()?;
        document(env, &lag)
    }

    Java_io_trailcore_Native_hubOpen<'l>(
        env, place: JByteArray<'l>, options: JByteArray<'l>, reading: JByteArray<'l>, catalog: jlong, filter: jlong,
        listener: JObject<'l>
    ) -> jlong {
        let (options, listener) = tail_options(env, &options, &reading, (catalog, filter), &listener)?;
        let hub = Hub::open(path(env, &place)?, options).map_err(|error| into_failure(listener.as_ref(), error))?;
        Ok(Object::Hub(Box::new(hub.into())).into_handle())
    }

    Java_io_trailcore_Native_hubSubscribe<'l>(
        env, hub: jlong, options: JByteArray<'l>, reading: JByteArray<'l>, catalog: jlong, filter: jlong, listener: JObject<'l>,
        file: JByteArray<'l>, store: JObject<'l>
    ) -> jlong {
        let (options, listener) = tail_options(env, &options, &reading, (catalog, filter), &listener)?;
        let store = checkpoint_store(env, &file, &store)?;
        tail_handle(object::hub(hub)?.subscribe_stored(options, store), listener)
    }

    Java_io_trailcore_Native_hubStart<'l>(_env, hub: jlong) {
        Ok(object::hub(hub)?.start()?)
    }

    Java_io_trailcore_Native_pipelinesStart<'l>(env, toml: JByteArray<'l>) -> jlong {
        let supervisor = Supervisor::start(Pipelines::from_toml(&text(env, &toml)?)?)?;
        Ok(Object::Pipelines(Box::new(supervisor.into())).into_handle())
    }

    Java_io_trailcore_Native_pipelinesCall<'l>(env, pipelines: jlong, verb: JByteArray<'l>, request: JByteArray<'l>) -> JByteArray<'l> {
        let answer = object::pipelines(pipelines)?.call(&text(env, &verb)?, &text(env, &request)?)?;
        array(env, answer.as_bytes())
    }
}

#[cfg(feature = "drill")]
native! {
    Java_io_trailcore_Drill_panic<'l>(_env, reader: jlong) {
        let held = object::reader(reader)?;
        #[allow(clippy::panic)]
        { panic!("a drill, with {} bytes", held.state()?.len()) }
    }
}
