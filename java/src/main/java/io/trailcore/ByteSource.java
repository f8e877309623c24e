package io.trailcore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Bytes that can be read at any offset: what a trail's file is to a reader. A trail that lies in no file (an archive, an
 * object store) implements it.
 *
 * <p>Readers of one trail may call it from several threads at once. What it throws comes out of the call that reads as it is,
 * the same object: a checked {@link IOException} too, which that call does not declare.
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
     * How many bytes there are now. There may be more later.
     *
     * @return the number of bytes
     * @throws IOException where it cannot be told
     */
    long size() throws IOException;

    /**
     * Reads bytes from an offset on into a buffer, from its position on.
     *
     * @param offset where to read
     * @param into where to put them: a buffer on the heap, to be used within this call alone
     * @return how many were read, at most as many as the buffer has room for; 0 or -1 at or behind the end
     * @throws IOException where they cannot be read
     */
    int read(long offset, ByteBuffer into) throws IOException;

    /**
     * The bytes of an open file. The caller keeps it open for as long as it is read, and closes it.
     *
     * @param channel an open channel
     * @return a source of its bytes
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
