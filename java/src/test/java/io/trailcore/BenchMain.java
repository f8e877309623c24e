package io.trailcore;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;

/**
 * The Java program of the bench: runs one round for each line on its input, and prints the duration in nanoseconds and the
 * sum of the touched values. {@code ffi/jni/benches/java.rs} starts it and does the same work in Rust.
 */
final class BenchMain {
    private BenchMain() {
    }

    public static void main(String[] arguments) throws IOException {
        Trail trail = Trail.open(Path.of(arguments[0]));
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            long start = System.nanoTime();
            long sum = switch (order) {
                case "batches" -> batches(trail);
                case "changes" -> changes(trail);
                case "json" -> json(trail);
                case "json-each" -> jsonEach(trail);
                default -> throw new IllegalArgumentException(order);
            };
            System.out.println(System.nanoTime() - start + " " + Long.toUnsignedString(sum));
        }
    }

    private static long batches(Trail trail) {
        long sum = 0;
        try (BatchReader batches = trail.batches()) {
            for (ColumnBatch batch : batches) {
                for (ColumnVector column : batch.before()) {
                    sum += column(column, batch.size());
                }
                for (ColumnVector column : batch.after()) {
                    sum += column(column, batch.size());
                }
            }
        }
        return sum;
    }

    /** Reused arrays for copies of columns, because compiled code reads arrays fastest. */
    private static final class Arrays {
        private byte[] states = {};
        private long[] numbers = {};
        private int[] offsets = {};

        void room(int rows) {
            if (states.length < rows) {
                states = new byte[rows];
                numbers = new long[rows];
                offsets = new int[rows + 1];
            }
        }
    }

    private static final Arrays ARRAYS = new Arrays();

    static long column(ColumnVector column, int rows) {
        ARRAYS.room(rows);
        column.states().get(0, ARRAYS.states, 0, rows);
        long sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += ARRAYS.states[row];
        }
        return sum + switch (column.type()) {
            case INTEGER, UNSIGNED, DATE_TIME -> numbers(column.longs(), rows);
            case TEXT, DIGITS, BYTES -> bytes(column.offsets(), column.bytes(), rows);
        };
    }

    private static long numbers(LongBuffer numbers, int rows) {
        long[] array = ARRAYS.numbers;
        numbers.get(0, array, 0, rows);
        long sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += array[row];
        }
        return sum;
    }

    private static long bytes(IntBuffer offsets, ByteBuffer bytes, int rows) {
        int[] array = ARRAYS.offsets;
        offsets.get(0, array, 0, rows + 1);
        long sum = 0;
        for (int row = 0; row < rows; row++) {
            int start = array[row];
            int end = array[row + 1];
            sum += end - start;
            if (end > start) {
                sum += bytes.get(start) & 0xff;
            }
        }
        return sum;
    }

    private static long changes(Trail trail) {
        long sum = 0;
        try (TrailReader reader = trail.reader()) {
            for (Change change = reader.next(); change != null; change = reader.next()) {
                sum += row(change.before()) + row(change.after());
            }
        }
        return sum;
    }

    private static long row(Row row) {
        long sum = 0;
        if (row == null) {
            return sum;
        }
        for (Column column : row) {
            Object value = column.value();
            if (value == null) {
                sum++;
            } else if (value instanceof String text) {
                sum += text.length();
            } else if (value instanceof java.math.BigDecimal number) {
                sum += number.unscaledValue().longValue();
            } else if (value instanceof LocalDateTime time) {
                sum += time.getNano() + time.getDayOfMonth();
            } else if (value instanceof java.time.LocalDate date) {
                sum += date.getDayOfMonth();
            } else {
                sum += ((byte[]) value).length;
            }
        }
        return sum;
    }

    /** Counts the bytes written. */
    private static final class Counter extends OutputStream {
        private long bytes;

        @Override
        public void write(int single) {
            bytes++;
        }

        @Override
        public void write(byte[] block, int start, int length) {
            bytes += length;
        }
    }

    private static long json(Trail trail) throws IOException {
        Counter counter = new Counter();
        try (TrailReader reader = trail.reader()) {
            reader.writeJson(counter);
        }
        return counter.bytes;
    }

    private static long jsonEach(Trail trail) {
        long sum = 0;
        try (TrailReader reader = trail.reader()) {
            for (Change change : reader) {
                sum += change.toJsonBytes().length + 1;
            }
        }
        return sum;
    }
}
