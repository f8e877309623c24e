package io.trailcore;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/**
 * An immutable native object: any number of threads may use it, it needs no close, and the garbage collector frees it.
 */
final class NativeValue {
    static final Cleaner CLEANER = Cleaner.create();

    private final long handle;

    NativeValue(long handle) {
        this.handle = handle;
        CLEANER.register(this, () -> Native.free(handle));
    }

    /** Runs an action after the object is freed. It must not refer to the object. */
    void onFree(Runnable action) {
        CLEANER.register(this, action);
    }

    /** Calls a function with the handle and keeps the object alive during the call. */
    <T> T with(LongFunction<T> call) {
        try {
            return call.apply(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Does the same for an optional object; {@code null} has the handle 0. */
    static <T> T with(NativeValue value, LongFunction<T> call) {
        return value == null ? call.apply(0) : value.with(call);
    }

    /** Does the same for several objects. The array must not change during the call. */
    static <T> T withAll(NativeValue[] values, Function<long[], T> call) {
        try {
            return call.apply(Arrays.stream(values).mapToLong(value -> value.handle).toArray());
        } finally {
            Reference.reachabilityFence(values);
        }
    }

    /** Returns a new object that the native library makes from this one. */
    NativeValue make(ToLongFunction<Long> call) {
        return with(handle -> new NativeValue(call.applyAsLong(handle)));
    }
}
