package io.trailcore;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;

/** Called by the native library: keeps the callbacks of users away from native memory and checks what they return. */
final class Callbacks {
    private static final Logger LOG = System.getLogger("io.trailcore");

    private Callbacks() {
    }

    static long size(ByteSource source) throws IOException {
        long size = source.size();
        if (size < 0) {
            throw new IllegalStateException("ByteSource.size returned " + size);
        }
        return size;
    }

    static int read(ByteSource source, long offset, byte[] into) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into);
        int read = source.read(offset, buffer);
        if (read < -1 || read > into.length) {
            throw new IllegalStateException("ByteSource.read returned " + read + " for a buffer of " + into.length + " bytes");
        }
        return Math.max(read, 0);
    }

    static boolean progress(ProgressListener listener, int kind, long first, long second, long bytes) {
        return listener.progress(new Progress(Position.of(kind, first, second), bytes));
    }

    static byte[] load(CheckpointStore store) {
        String checkpoint = store.load();
        return checkpoint == null ? null : Wire.bytes(checkpoint);
    }

    static void store(CheckpointStore store, byte[] checkpoint) {
        store.store(Wire.text(checkpoint));
    }

    static void log(int level, byte[] line) {
        LOG.log(level == 2 ? Level.ERROR : level == 1 ? Level.WARNING : Level.INFO, Wire.text(line));
    }
}
