package io.trailcore;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The changes of one table, counted.
 *
 * @param ops the number of changes by operation; operations that do not occur are left out
 * @param bytes the total size of their records in bytes
 */
public record TableCounts(Map<Op, Long> ops, long bytes) {
    static TableCounts of(Wire.Reader in) {
        Map<Op, Long> ops = new EnumMap<>(Op.class);
        for (Op op : Op.values()) {
            long changes = in.i64();
            if (changes > 0) {
                ops.put(op, changes);
            }
        }
        return new TableCounts(Collections.unmodifiableMap(ops), in.i64());
    }

    /**
     * {@return the number of changes with an operation}
     *
     * @param op the operation
     */
    public long of(Op op) {
        return ops.getOrDefault(op, 0L);
    }

    /** {@return the number of changes with any operation} */
    public long changes() {
        return ops.values().stream().mapToLong(Long::longValue).sum();
    }
}
