package io.trailcore;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Called by the native library: keeps the callbacks of users away from native memory and checks what they return. */
final class Callbacks {
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
}
