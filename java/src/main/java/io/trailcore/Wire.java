package io.trailcore;

import java.io.ByteArrayOutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/** Messages between the two halves: numbers in little-endian order, texts as UTF-8 with their length before them. */
final class Wire {
    private static final VarHandle SHORT = view(short[].class);
    private static final VarHandle INT = view(int[].class);
    private static final VarHandle LONG = view(long[].class);

    private Wire() {
    }

    private static VarHandle view(Class<?> numbers) {
        return MethodHandles.byteArrayViewVarHandle(numbers, ByteOrder.LITTLE_ENDIAN);
    }

    static int u16(byte[] bytes, int at) {
        return Short.toUnsignedInt((short) SHORT.get(bytes, at));
    }

    static int i32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    static long i64(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    static String text(byte[] bytes, int at, int length) {
        return new String(bytes, at, length, StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return text(bytes, 0, bytes.length);
    }

    /** As UTF-8. What is no Unicode text is refused: it would become a question mark. */
    static byte[] bytes(String text) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException unpaired) {
            throw new IllegalArgumentException("a text has half of a surrogate pair, which UTF-8 cannot encode", unpaired);
        }
    }

    /** Reads a message from a place on. */
    static final class Reader {
        private final byte[] bytes;
        private int at;

        Reader(byte[] bytes, int at) {
            this.bytes = bytes;
            this.at = at;
        }

        Reader(byte[] bytes) {
            this(bytes, 0);
        }

        /** Returns the current offset. */
        int at() {
            return at;
        }

        boolean hasMore() {
            return at < bytes.length;
        }

        int u8() {
            return Byte.toUnsignedInt(bytes[at++]);
        }

        boolean bool() {
            return u8() != 0;
        }

        int u16() {
            at += 2;
            return Wire.u16(bytes, at - 2);
        }

        int i32() {
            at += 4;
            return Wire.i32(bytes, at - 4);
        }

        long i64() {
            at += 8;
            return Wire.i64(bytes, at - 8);
        }

        byte[] array() {
            int length = i32();
            byte[] array = java.util.Arrays.copyOfRange(bytes, at, at + length);
            at += length;
            return array;
        }

        String text() {
            int length = i32();
            at += length;
            return Wire.text(bytes, at - length, length);
        }

        /** Skips a text or an array. */
        void skip() {
            int length = i32();
            at += length;
        }

        OptionalLong maybe() {
            boolean isThere = bool();
            long value = i64();
            return isThere ? OptionalLong.of(value) : OptionalLong.empty();
        }

        /** A text, or {@code null}. */
        String maybeText() {
            boolean isThere = bool();
            String text = text();
            return isThere ? text : null;
        }

        Position position() {
            return Position.of(u8(), i64(), i64());
        }

        Optional<Position> maybePosition() {
            boolean isThere = bool();
            Position position = position();
            return isThere ? Optional.of(position) : Optional.empty();
        }

        <T> List<T> list(Function<Reader, T> one) {
            int count = i32();
            List<T> list = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                list.add(one.apply(this));
            }
            return List.copyOf(list);
        }
    }

    /** Writes a message. */
    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(64);

        byte[] toBytes() {
            return out.toByteArray();
        }

        Writer u8(int value) {
            out.write(value);
            return this;
        }

        Writer bool(boolean value) {
            return u8(value ? 1 : 0);
        }

        Writer u16(int value) {
            return u8(value).u8(value >>> 8);
        }

        Writer i32(int value) {
            return u16(value).u16(value >>> 16);
        }

        Writer i64(long value) {
            return i32((int) value).i32((int) (value >>> 32));
        }

        Writer bytes(byte[] bytes) {
            i32(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        Writer text(String text) {
            return bytes(Wire.bytes(text));
        }

        Writer maybeText(String text) {
            return bool(text != null).text(text == null ? "" : text);
        }

        /** Appends the raw output of another writer. */
        Writer append(byte[] message) {
            out.writeBytes(message);
            return this;
        }
    }
}
