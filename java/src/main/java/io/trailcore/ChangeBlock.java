package io.trailcore;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A block of changes: the native block, which the garbage collector frees, and the view of its changes. Immutable.
 */
final class ChangeBlock {
    /** The length of the head of a view: the handle, and the size of the native block. */
    static final int HEAD = 16;
    /** How much unseen memory may be added before a garbage collection is requested. */
    private static final long UNSEEN_STEP = 256L << 20;
    /** The native memory of all blocks that the heap does not reflect: large objects, which are not in the views. */
    private static final AtomicLong UNSEEN = new AtomicLong();
    private static final AtomicLong NEXT_COLLECTION = new AtomicLong(UNSEEN_STEP);

    private final NativeValue value;
    private final byte[] view;
    private final Headers headers;

    /** The file header that was asked for last, with the number of its file. The blocks of a reader share it. */
    static final class Headers {
        private record Numbered(int file, Optional<FileHeader> header) {
        }

        private volatile Numbered last;
    }

    /** A native method about one change of a block. */
    interface Call {
        byte[] of(long block, int index);
    }

    ChangeBlock(byte[] view, Headers headers) {
        value = new NativeValue(Wire.i64(view, 0));
        this.view = view;
        this.headers = headers;
        long unseen = Wire.i64(view, 8) - view.length;
        if (unseen > 0) {
            value.onFree(() -> NEXT_COLLECTION.accumulateAndGet(UNSEEN.addAndGet(-unseen) + UNSEEN_STEP, Math::min));
            long sum = UNSEEN.addAndGet(unseen);
            if (sum > NEXT_COLLECTION.get()) {
                NEXT_COLLECTION.set(sum + UNSEEN_STEP);
                System.gc();
            }
        }
    }

    byte[] view() {
        return view;
    }

    byte[] call(Call call, int index) {
        return value.with(handle -> call.of(handle, index));
    }

    /** Returns the definition with this number, to which a change belongs. A reader's blocks share the known ones. */
    TableDef table(int number, int index, List<TableDef> known) {
        while (known.size() <= number) {
            known.add(null);
        }
        TableDef table = known.get(number);
        if (table == null) {
            table = value.with(handle -> TableDef.of(Native.changeTable(handle, index)));
            known.set(number, table);
        }
        return table;
    }

    /** Returns the header of the file with this number, to which a change belongs. */
    Optional<FileHeader> fileHeader(int file, int index) {
        Headers.Numbered last = headers.last;
        if (last == null || last.file != file) {
            byte[] header = call(Native::changeHeader, index);
            last = new Headers.Numbered(file, header.length == 0 ? Optional.empty() : Optional.of(new FileHeader(header)));
            headers.last = last;
        }
        return last.header;
    }

    /** Returns the error of an image that cannot be read. */
    RuntimeException imageError(int index) {
        try {
            value.with(handle -> {
                Native.changeImageError(handle, index);
                return null;
            });
            return new IllegalStateException("an image without a row has no error");
        } catch (TrailException error) {
            return error;
        }
    }
}
