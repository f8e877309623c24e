package io.trailcore;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What the native half calls: it keeps what callers supply away from native memory, and checks what they return. */
final class Callbacks {
    private Callbacks() {
    }

    static long size(ByteSource source) throws IOException {
        long size = source.size();
        if (size < 0) {
            throw new IllegalStateException("a ByteSource says that it has " + size + " bytes");
        }
        return size;
    }

    static int read(ByteSource source, long offset, byte[] into) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into);
        int read = source.read(offset, buffer);
        if (read < -1 || read > into.length) {
            throw new IllegalStateException("a ByteSource says that it has read " + read + " bytes of " + into.length);
        }
        return Math.max(read, 0);
    }

    static boolean progress(ProgressListener listener, long seqno, long rba, long bytes) {
        return listener.progress(new Progress(new Position(seqno, rba), bytes));
    }
}
