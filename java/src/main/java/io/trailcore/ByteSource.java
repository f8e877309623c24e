package io.trailcore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Bytes that can be read at any offset, in place of a trail file. Implement it to read a trail from an archive or an object
 * store.
 *
 * <p>Readers of one trail may call it from several threads at once. An exception that it throws is thrown unchanged by the
 * call that reads, also a checked {@link IOException}, which that call does not declare.
 *
 * <pre>{@code
 * try (FileChannel channel = FileChannel.open(path);
 *      TrailReader reader = Trail.of("lt000000000", ByteSource.of(channel)).reader()) {
 *     reader.stream().forEach(System.out::println);
 * }
 * }</pre>
 */
public interface ByteSource {
    /**
     * {@return the current number of bytes} It may grow.
     *
     * @throws IOException if the number cannot be determined
     */
    long size() throws IOException;

    /**
     * Reads bytes at an offset into a buffer, starting at its position.
     *
     * @param offset the offset of the first byte
     * @param into the buffer to fill, on the heap. It must not be used after this call
     * @return the number of bytes read, at most as many as remain in the buffer; 0 or -1 at or after the end
     * @throws IOException if the bytes cannot be read
     */
    int read(long offset, ByteBuffer into) throws IOException;

    /**
     * {@return a source that reads an open file} The caller keeps the file open while it is read, and closes it.
     *
     * @param channel an open channel
     */
    static ByteSource of(FileChannel channel) {
        return new ByteSource() {
            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public int read(long offset, ByteBuffer into) throws IOException {
                return channel.read(into, offset);
            }
        };
    }
}
