package io.trailcore;

import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/**
 * Reads changes as Arrow record batches with arrow-java. The program adds {@code org.apache.arrow:arrow-c-data} and an
 * arrow-java memory module to its dependencies; they are optional here, and no other class needs them. The buffers of the
 * native library are transferred without a copy.
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
 * <p>arrow-java needs {@code --add-opens=java.base/java.nio=ALL-UNNAMED} on the command line of the virtual machine.
 */
public final class ArrowStreams {
    private ArrowStreams() {
    }

    /**
     * Opens a reader of the changes of one table, as record batches with one schema.
     *
     * @param allocator the allocator of the reader
     * @param trail the trail
     * @param table the name of the table
     * @param options the read options
     * @param arrow the options for the record batches
     * @return the reader, to be closed. An error while reading is thrown by {@code loadNextBatch} as an
     *     {@link java.io.IOException} with the same message, which includes that of an exception from a callback
     * @throws TrailException in the same cases as {@link Trail#exportArrow}
     */
    public static ArrowReader open(
            BufferAllocator allocator, Trail trail, String table, ReadOptions options, ArrowOptions arrow) {
        try (ArrowArrayStream stream = ArrowArrayStream.allocateNew(allocator)) {
            trail.exportArrow(table, options, arrow, stream.memoryAddress());
            return Data.importArrayStream(allocator, stream);
        }
    }
}
