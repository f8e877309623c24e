package io.trailcore;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Options for following a trail while it is written. By default a tail starts at the beginning and delivers changes, as many as
 * are there. Durations are in milliseconds. Immutable: each method returns new options.
 *
 * <pre>{@code
 * TailOptions options = new TailOptions().delivery(TailOptions.Delivery.TRANSACTIONS).start("end")
 *         .policy(EventKind.HISTORY_RESET, Policy.STOP);
 * }</pre>
 */
public final class TailOptions extends Options<TailOptions> {
    private final ReadOptions read;

    /** Creates the default options. */
    public TailOptions() {
        this(Map.of(), new ReadOptions());
    }

    private TailOptions(Map<String, Object> values, ReadOptions read) {
        super(values);
        this.read = read;
    }

    @Override
    TailOptions copy(Map<String, Object> values) {
        return new TailOptions(values, read);
    }

    // generated: options
    /** The unit of delivery. */
    public enum Delivery {
        /** Batches of changes, as many as are there. */
        CHANGES,
        /** Whole transactions, in the order of their commits. */
        TRANSACTIONS
    }

    /** The handling of a transaction that is larger than the memory cap. */
    public enum Oversize {
        /** Deliver it in parts, the first and the last of which are marked. */
        STREAM,
        /**
         * Deliver it whole. Its changes are not kept: they are read from the trail again, whose files are held open
         * meanwhile.
         */
        REREAD,
        /** Deliver it whole. Its changes are kept in a file without a name, compressed and with checksums. */
        SPILL
    }

    /** The handling of a subscriber that is slower than the reading that it shares with others; see {@code Hub}. */
    public enum Slow {
        /** It leaves the shared reading, reads the files itself until it has caught up, and joins again. */
        CATCH_UP,
        /** The reading waits for it, and so do all other subscribers. */
        BLOCK,
        /** Changes are dropped; an event has their number and their range. */
        DROP,
        /** It fails. */
        DISCONNECT
    }

    /**
     * Sets {@code start}. The place to start at if there is no checkpoint: beginning, end, SEQNO:RBA, csn:NUMBER or
     * time:TIMESTAMP.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions start(String value) {
        return with("start", value);
    }

    /**
     * Sets {@code delivery}. The unit of delivery.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions delivery(Delivery value) {
        return with("delivery", Options.word(value));
    }

    /**
     * Sets {@code batch}. Changes in a batch, at most.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions batch(long value) {
        return with("batch", value);
    }

    /**
     * Sets {@code memory}. Bytes of a transaction that are kept in memory, at most.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions memory(long value) {
        return with("memory", value);
    }

    /**
     * Sets {@code oversize}. The handling of a transaction that is larger than the memory cap.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions oversize(Oversize value) {
        return with("oversize", Options.word(value));
    }

    /**
     * Sets {@code spillFolder}. The folder for the changes of such a transaction with the oversize {@code spill};
     * absent for the system's temporary folder. It should be on a disk.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions spillFolder(String value) {
        return with("spill_folder", value);
    }

    /**
     * Sets {@code spillLimit}. Bytes of a transaction in that folder, compressed, at most; absent for as many as fit.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions spillLimit(long value) {
        return with("spill_limit", value);
    }

    /**
     * Sets {@code slow}. The handling of a subscriber that is slower than the reading that it shares.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions slow(Slow value) {
        return with("slow", Options.word(value));
    }

    /**
     * Sets {@code queue}. Batches that wait for such a subscriber, at most.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions queue(long value) {
        return with("queue", value);
    }

    /**
     * Sets {@code hints}. Uses the events of the file system as a hint.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions hints(boolean value) {
        return with("hints", value);
    }

    /**
     * Sets {@code pollInterval}. Time between two looks at an idle trail where the file system does not send events, in
     * milliseconds, at most.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions pollInterval(long value) {
        return with("poll_interval", value);
    }

    /**
     * Sets {@code patience}. How long a cause may last before its policy applies: a missing next file, an incomplete
     * record although the next file exists, a failed read; in milliseconds.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions patience(long value) {
        return with("patience", value);
    }

    /**
     * Sets {@code checkpointInterval}. Time between two stored checkpoints, in milliseconds, at least. 0 stores each
     * acknowledgement.
     *
     * @param value the value
     * @return the new options
     */
    public TailOptions checkpointInterval(long value) {
        return with("checkpoint_interval", value);
    }

    // end of generated

    /**
     * Delivers only the changes that a selection accepts. A checkpoint is bound to it.
     *
     * @param wanted the selection
     * @return the new options
     */
    public TailOptions select(Select wanted) {
        return read(read.select(wanted));
    }

    /**
     * Sets how the trail is read: definitions, character sets, the selection. A position is not used: {@link #start} has it.
     *
     * @param options the options of reading
     * @return the new options
     */
    public TailOptions read(ReadOptions options) {
        return new TailOptions(values, Objects.requireNonNull(options));
    }

    /**
     * Sets the reaction to a kind of event. docs/live.md has the defaults.
     *
     * @param kind the kind of event
     * @param policy the reaction
     * @return the new options
     */
    public TailOptions policy(EventKind kind, Policy policy) {
        Map<String, Object> policies = new LinkedHashMap<>();
        if (values.get("policies") instanceof Map<?, ?> set) {
            set.forEach((known, reaction) -> policies.put((String) known, reaction));
        }
        policies.put(word(kind), word(policy));
        return with("policies", policies);
    }

    /** Calls a native method with these options and those of reading. */
    <T> T open(ReadOptions.Reading<T> call) {
        NativeLibrary.load();
        return read.with(call);
    }
}
