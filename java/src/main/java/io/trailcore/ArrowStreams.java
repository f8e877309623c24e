package io.trailcore;

import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Changes as Arrow, for programs with arrow-java: they add {@code org.apache.arrow:arrow-c-data} and a memory module to
 * their dependencies, which are optional here. Nothing else of this library needs them. The buffers of the native half are
 * handed over as they are.
 *
 * <pre>{@code
 * try (BufferAllocator allocator = new RootAllocator();
 *      ArrowReader reader = ArrowStreams.open(allocator, trail, "BANK.POSTINGS", new ReadOptions(), new ArrowOptions())) {
 *     while (reader.loadNextBatch()) {
 *         System.out.println(reader.getVectorSchemaRoot().getRowCount());
 *     }
 * }
 * }</pre>
 *
 * <p>arrow-java wants {@code --add-opens=java.base/java.nio=ALL-UNNAMED} on the command line of the virtual machine.
 */
public final class ArrowStreams {
    private ArrowStreams() {
    }

    /**
     * The changes of one table as record batches under one schema.
     *
     * @param allocator what the reader allocates from
     * @param trail the trail
     * @param table the table's name
     * @param options how to read
     * @param arrow how changes become record batches
     * @return the reader, to be closed. What reading meets comes out of {@code loadNextBatch} as an
     *     {@link java.io.IOException} with its message, and that of an exception of a callback
     * @throws TrailException as {@link Trail#exportArrow}
     */
    public static ArrowReader open(
            BufferAllocator allocator, Trail trail, String table, ReadOptions options, ArrowOptions arrow) {
        try (ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
            trail.exportArrow(table, options, arrow, stream.memoryAddress());
            return Data.importArrayStream(allocator, stream);
        }
    }
}
