package io.trailcore;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Follows a trail while it is written, and delivers changes or whole transactions as soon as they are complete, across roll-over
 * and restarts. docs/live.md has the guarantees, and a runbook for each event.
 *
 * <pre>{@code
 * TailOptions options = new TailOptions().delivery(TailOptions.Delivery.TRANSACTIONS);
 * try (Tail tail = Tail.open(Path.of("dirdat/lt"), options, Path.of("sales.checkpoint"))) {
 *     for (Delivery delivery : tail) {
 *         delivery.changes().forEach(change -> apply(change));
 *         tail.acknowledge(delivery);
 *     }
 * }
 * }</pre>
 *
 * <p>It is a {@link Flow.Publisher} too, for one subscriber, which it calls in a thread of its own.
 *
 * <p><b>Threads.</b> One thread at a time receives; calls from several exclude each other. All other methods may be called by any
 * thread meanwhile, and {@link #stop} and {@link #close} end a call that waits.
 */
public final class Tail implements AutoCloseable, Iterable<Delivery>, Flow.Publisher<Delivery> {
    /** The approximate size of a block of changes in bytes. A change keeps its block alive. */
    private static final int BLOCK = 64 << 10;
    private static final long FOR_EVER = -1;

    private final NativeWorker worker;
    private final NativeValue handle;
    private final List<TableDef> tables = new ArrayList<>();
    private final ChangeBlock.Headers headers = new ChangeBlock.Headers();
    private final AtomicBoolean subscribed = new AtomicBoolean();

    Tail(long tail) {
        worker = new NativeWorker(tail, "Tail");
        handle = new NativeValue(Native.tailHandle(tail));
    }

    /**
     * Follows a trail without a checkpoint.
     *
     * @param place a prefix such as {@code dirdat/lt}, whose files need not exist yet, a trail file to start with, or a directory
     *     with one trail
     * @param options the options
     * @return the tail
     * @throws TrailException.NotFound if there is no folder for the trail
     * @throws TrailException.InvalidPosition if no record starts at the position to start at
     */
    public static Tail open(Path place, TailOptions options) {
        return open(place, options, null, null);
    }

    /**
     * Follows a trail, and continues at the checkpoint in a file, if there is one.
     *
     * @param place the trail, as for {@link #open(Path, TailOptions)}
     * @param options the options
     * @param checkpoint the file
     * @return the tail
     * @throws TrailException.InvalidArgument if the checkpoint is of another trail or selection, or another process uses it
     * @throws TrailException.SequenceGap if files that the checkpoint needs are missing
     */
    public static Tail open(Path place, TailOptions options, Path checkpoint) {
        return open(place, options, Wire.bytes(checkpoint.toString()), null);
    }

    /**
     * Follows a trail, and continues at the checkpoint of a store, if it has one.
     *
     * @param place the trail, as for {@link #open(Path, TailOptions)}
     * @param options the options
     * @param store the store
     * @return the tail
     * @throws TrailException.InvalidArgument if the checkpoint is of another trail or selection
     * @throws TrailException.SequenceGap if files that the checkpoint needs are missing
     */
    public static Tail open(Path place, TailOptions options, CheckpointStore store) {
        return open(place, options, null, java.util.Objects.requireNonNull(store));
    }

    private static Tail open(Path place, TailOptions options, byte[] file, CheckpointStore store) {
        byte[] path = Wire.bytes(place.toString());
        byte[] document = options.document();
        return options.open((reading, catalog, filter, listener) ->
                new Tail(Native.tailOpen(path, document, reading, catalog, filter, listener, file, store)));
    }

    /**
     * {@return the next delivery; {@code null} once the tail is stopped} Waits for it.
     *
     * @throws TrailException the error of an event whose policy is {@link Policy#STOP}, and the errors of reading; each further
     *     call throws it again
     * @throws IllegalStateException if the tail is closed
     */
    public Delivery next() {
        return receive(FOR_EVER);
    }

    /**
     * {@return the next delivery; {@code null} if none has come in this time, or if the tail is stopped}
     *
     * @param time the time to wait; zero does not wait
     * @throws TrailException in the same cases as {@link #next()}
     */
    public Delivery next(Duration time) {
        return receive(Math.max(0, time.toMillis()));
    }

    /** Returns the next delivery; null once the tail is stopped or closed. */
    Delivery nextOrEnd() {
        try {
            return next();
        } catch (IllegalStateException failure) {
            if (worker.isClosed()) {
                return null;
            }
            throw failure;
        }
    }

    private Delivery receive(long milliseconds) {
        long tail = worker.enter();
        try {
            byte[] message = Native.tailNext(tail, milliseconds);
            return message.length == 0 ? null : Delivery.of(message, changes(tail));
        } finally {
            worker.leave();
        }
    }

    /** Fetches all changes of the delivery. */
    private List<Change> changes(long tail) {
        List<Change> changes = new ArrayList<>();
        for (byte[] view = Native.tailBlock(tail, BLOCK); view.length > 0; view = Native.tailBlock(tail, BLOCK)) {
            ChangeBlock block = new ChangeBlock(view, headers);
            for (int at = ChangeBlock.HEAD; at < view.length; at += changes.get(changes.size() - 1).length()) {
                TableDef table = block.table(Change.tableNumber(view, at), Change.index(view, at), tables);
                changes.add(new Change(block, at, table));
            }
        }
        return changes;
    }

    /**
     * Acknowledges a delivery, in any order and from any thread: the checkpoint is never after one that is not acknowledged. An
     * event needs none.
     *
     * @param delivery the delivery
     * @throws TrailException.InvalidArgument if it is not one of this tail
     * @throws TrailException.Io if the checkpoint cannot be stored; the acknowledgement counts nevertheless
     */
    public void acknowledge(Delivery delivery) {
        if (delivery.kind() != Delivery.Kind.EVENT) {
            control(tail -> Native.tailAcknowledge(tail, delivery.number()));
        }
    }

    /** Stops it: a call that waits returns at once, and iteration ends. */
    public void stop() {
        control(Native::tailStop);
    }

    /** Ends the current or the next wait: it looks at the files at once. */
    public void wake() {
        control(Native::tailWake);
    }

    /** Accepts the event that it waits for: it goes on as with {@link Policy#CONTINUE}. */
    public void resume() {
        control(Native::tailResume);
    }

    private void control(java.util.function.LongConsumer call) {
        handle.with(tail -> {
            call.accept(tail);
            return null;
        });
    }

    /** {@return how far delivery, acknowledgement and checkpoint are} */
    public TailProgress progress() {
        return TailProgress.of(Json.parse(Wire.text(handle.with(Native::tailProgress))));
    }

    /**
     * {@return the distance to the end of the trail} Rates are measured between two calls that are at least a second apart.
     *
     * @throws TrailException.Io if the files cannot be listed
     */
    public Lag lag() {
        return Lag.of(Json.parse(Wire.text(handle.with(Native::tailLag))));
    }

    /** {@return an iterator over the deliveries} It waits for each, and ends once the tail is stopped. */
    @Override
    public Iterator<Delivery> iterator() {
        return new Pulled<>(this::next);
    }

    /**
     * Delivers to a subscriber, in a thread of its own, what it requests. It completes once the tail is stopped or closed. A tail has
     * one subscriber, because each delivery is returned once: {@code onError} of a second one is called at once. For several, use a
     * {@link Hub}.
     *
     * <p>Cancelling the subscription, from any thread and at any time, stops the tail, so that its thread ends even while it waits. After
     * that no call to the subscriber begins, but for one that has begun in the subscription's thread while another thread cancels. What
     * was not acknowledged is delivered again by the next run. Close the tail to give its checkpoint and its files up.
     *
     * @param subscriber the subscriber
     */
    @Override
    public void subscribe(Flow.Subscriber<? super Delivery> subscriber) {
        java.util.Objects.requireNonNull(subscriber);
        if (subscribed.compareAndSet(false, true)) {
            TailSubscription.start(this, subscriber);
        } else {
            TailSubscription.refuse(subscriber);
        }
    }

    /**
     * Stops it, stores what is acknowledged, and closes the files. May be called twice and from any thread.
     *
     * @throws TrailException.Io if the checkpoint cannot be stored
     */
    @Override
    public void close() {
        try {
            control(Native::tailClose);
        } finally {
            worker.close();
        }
    }
}
