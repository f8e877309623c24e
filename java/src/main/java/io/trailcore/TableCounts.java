package io.trailcore;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a trail holds of one table.
 *
 * @param ops changes by operation; operations that do not occur are not in it
 * @param bytes bytes of their records
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
     * Changes of one operation.
     *
     * @param op the operation
     * @return how many there are
     */
    public long of(Op op) {
        return ops.getOrDefault(op, 0L);
    }

    /**
     * All changes.
     *
     * @return how many there are
     */
    public long changes() {
        return ops.values().stream().mapToLong(Long::longValue).sum();
    }
}
