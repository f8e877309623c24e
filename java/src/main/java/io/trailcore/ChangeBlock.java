package io.trailcore;

import java.util.Optional;

/**
 * A block of changes: the native block, which the garbage collector frees, and the view of its changes. Immutable.
 */
final class ChangeBlock {
    /** The length of the handle at the start of a view. */
    static final int HEAD = 8;

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
    }

    byte[] view() {
        return view;
    }

    byte[] call(Call call, int index) {
        return value.with(handle -> call.of(handle, index));
    }

    TableDef table(int index) {
        return value.with(handle -> TableDef.of(Native.changeTable(handle, index)));
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
