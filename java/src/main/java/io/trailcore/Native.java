package io.trailcore;

/**
 * All native methods. Arguments and results that are more than a number are messages of {@link Wire}. Objects are handles
 * that the native library returns.
 *
 * <p>The caller must keep an object from being freed during a call: {@link NativeValue} and {@link NativeWorker} do that.
 */
final class Native {
    /** The version of the interface between this JAR and the native library, which has the same number. */
    static final int PROTOCOL = 4;

    private Native() {
    }

    static native int protocol();

    static native byte[] version();

    /** Passes the classes that the native library calls. Called once, before any other call. */
    static native void meet(Class<?> callbacks, Class<?> exceptions);

    /** Returns the number of native objects, for leak tests. */
    static native long liveObjects();

    static native void free(long object);

    static native byte[] call(byte[] verb, byte[] request);

    static native long trailOpen(byte[] path);

    static native long trailOpenFiles(byte[] paths);

    static native long trailFromBytes(byte[] names, byte[][] files);

    static native long trailFromSources(byte[] names, ByteSource[] sources);

    static native byte[] trailFiles(long trail);

    static native byte[] trailGaps(long trail);

    static native long trailSize(long trail);

    static native byte[] trailHeaders(long trail);

    static native byte[] trailFindCsn(
            long trail, byte[] csn, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] trailFindTime(
            long trail, long micros, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] trailCheck(long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native long trailSummary(long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] summaryDescribe(long summary);

    static native long summaryTable(long summary, byte[] name);

    static native int compareCsn(byte[] left, byte[] right);

    static native long filterCompile(byte[] text, int dialect);

    static native long filterFromFile(byte[] path, int dialect);

    static native long filterWith(long filter, int setting, long value);

    static native byte[] filterText(long filter);

    static native byte[] filterLints(long filter);

    static native boolean filterWants(long filter, byte[] object);

    static native byte[] filterExplain(long filter, long table);

    static native byte[] filterProblems(long filter, long table);

    static native long catalogOpen(byte[] path);

    static native long catalogParse(byte[] text);

    static native long catalogOf(byte[] tables);

    static native long catalogTable(long catalog, byte[] name);

    static native byte[] catalogNames(long catalog);

    static native long tableOf(byte[] definition);

    static native byte[] tableDescribe(long table);

    static native long readerOpen(long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] readerBlock(long reader, int size);

    static native byte[] readerJson(long reader, int size);

    static native byte[] readerState(long reader);

    static native long changeTable(long block, int index);

    static native byte[] changeHeader(long block, int index);

    static native byte[] changeJson(long block, int index);

    static native byte[] changeExtras(long block, int index);

    static native byte[] changeRecords(long block, int index);

    /** Throws the error of an image. */
    static native void changeImageError(long block, int index);

    static native long recordsOpen(long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] recordsBlock(long records, int size);

    static native byte[] recordsSkipped(long records);

    static native long batchesOpen(long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] batchesNext(long batches, BatchReader owner);

    static native long batchesTable(long batches, int number);

    static native byte[] batchesState(long batches);

    static native long writerOpen(byte[] options);

    static native void writerCall(long writer, byte[] call);

    static native long writerWriteAll(
            long writer, long trail, byte[] options, long catalog, long filter, ProgressListener listener);

    static native byte[] writerFinish(long writer);

    static native void arrowExport(
            long trail, byte[] options, long catalog, long filter, ProgressListener listener, long address);
}
