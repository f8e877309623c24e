package io.trailcore;

import java.nio.file.Path;

/**
 * Reads a trail once for any number of subscribers, each of which is a {@link Tail} with its own selection, start, checkpoint and
 * policies. One that starts elsewhere or is too slow reads the files itself until it has caught up.
 *
 * <pre>{@code
 * try (Hub hub = Hub.open(Path.of("dirdat/lt"), new TailOptions());
 *         Tail all = hub.subscribe(new TailOptions());
 *         Tail postings = hub.subscribe(new TailOptions().select(Select.parse("TABLE BANK.POSTINGS;")))) {
 *     hub.start();
 *     ...
 * }
 * }</pre>
 *
 * <p><b>Threads.</b> Any thread may call any method.
 */
public final class Hub implements AutoCloseable {
    private final NativeWorker worker;

    private Hub(long hub) {
        worker = new NativeWorker(hub, "Hub");
    }

    /**
     * Opens a trail for a shared reading. Selection, delivery and policies are those of each subscriber.
     *
     * @param place the trail, as for {@link Tail#open(Path, TailOptions)}
     * @param options the options
     * @return the hub
     * @throws TrailException.NotFound if there is no folder for the trail
     */
    public static Hub open(Path place, TailOptions options) {
        byte[] path = Wire.bytes(place.toString());
        byte[] document = options.document();
        return options.open((reading, catalog, filter, listener) ->
                new Hub(Native.hubOpen(path, document, reading, catalog, filter, listener)));
    }

    /**
     * Adds a subscriber without a checkpoint, at any time.
     *
     * @param options its options
     * @return its tail, which stays valid without the hub
     */
    public Tail subscribe(TailOptions options) {
        return subscribe(options, null, null);
    }

    /**
     * Adds a subscriber with a checkpoint in a file, at any time.
     *
     * @param options its options
     * @param checkpoint the file
     * @return its tail, which stays valid without the hub
     */
    public Tail subscribe(TailOptions options, Path checkpoint) {
        return subscribe(options, Wire.bytes(checkpoint.toString()), null);
    }

    /**
     * Adds a subscriber with a checkpoint store, at any time.
     *
     * @param options its options
     * @param store the store
     * @return its tail, which stays valid without the hub
     */
    public Tail subscribe(TailOptions options, CheckpointStore store) {
        return subscribe(options, null, java.util.Objects.requireNonNull(store));
    }

    private Tail subscribe(TailOptions options, byte[] file, CheckpointStore store) {
        byte[] document = options.document();
        long hub = worker.enter();
        try {
            return options.open((reading, catalog, filter, listener) ->
                    new Tail(Native.hubSubscribe(hub, document, reading, catalog, filter, listener, file, store)));
        } finally {
            worker.leave();
        }
    }

    /** Starts the shared reading, in a thread of the library. A second call has no effect. */
    public void start() {
        long hub = worker.enter();
        try {
            Native.hubStart(hub);
        } finally {
            worker.leave();
        }
    }

    /** Stops the shared reading; its tails then read the files themselves. May be called twice. */
    @Override
    public void close() {
        worker.close();
    }
}
