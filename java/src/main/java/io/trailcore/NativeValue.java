package io.trailcore;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/**
 * A native object that never changes: any number of threads may use it, no one closes it, and the garbage collector frees
 * it.
 */
final class NativeValue {
    static final Cleaner CLEANER = Cleaner.create();

    private final long handle;

    NativeValue(long handle) {
        this.handle = handle;
        CLEANER.register(this, () -> Native.free(handle));
    }

    /** Calls with its number, and keeps it alive meanwhile. */
    <T> T with(LongFunction<T> call) {
        try {
            return call.apply(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The same for one that may not be there, whose number is 0. */
    static <T> T with(NativeValue value, LongFunction<T> call) {
        return value == null ? call.apply(0) : value.with(call);
    }

    /** The same for many, which no one else changes. */
    static <T> T withAll(NativeValue[] values, Function<long[], T> call) {
        try {
            return call.apply(Arrays.stream(values).mapToLong(value -> value.handle).toArray());
        } finally {
            Reference.reachabilityFence(values);
        }
    }

    /** A new value of this one. */
    NativeValue make(ToLongFunction<Long> call) {
        return with(handle -> new NativeValue(call.applyAsLong(handle)));
    }
}
