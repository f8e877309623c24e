package io.trailcore;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * A field of a file header, with the type of its value. The value of a character set is its name, {@code not stated}, or
 * {@code no decoder} for a set that trailcore cannot decode.
 *
 * <pre>{@code
 * for (HeaderField<?> field : HeaderField.all()) {
 *     System.out.println(field + ": " + header.get(field).map(Object::toString).orElse("-"));
 * }
 * }</pre>
 *
 * @param <T> the type of its value
 */
public final class HeaderField<T> {
    /** All fields, in the order of the native library's message. The constructor adds them. */
    private static final List<HeaderField<?>> ALL = new ArrayList<>();

    // generated: header fields
    /** Compatibility level: 5 for release 12.2, 6 for 12.3, 7 for 19.1. */
    public static final HeaderField<Long> COMPATIBILITY = number("COMPATIBILITY");
    /** The time when the file was created. */
    public static final HeaderField<Instant> CREATION_TIME = time("CREATION_TIME");
    /** The URI of the writer: its host and process. */
    public static final HeaderField<String> URI = text("URI");
    /** The path of the file as the writer knew it. */
    public static final HeaderField<String> FILE_NAME = text("FILE_NAME");
    /** 1 if the file is one of several files of a trail. */
    public static final HeaderField<Long> MULTI_PART = number("MULTI_PART");
    /** The sequence number of the file. */
    public static final HeaderField<Long> SEQNO = number("SEQNO");
    /** The size of the file in bytes. */
    public static final HeaderField<Long> FILE_SIZE = number("FILE_SIZE");
    /** CSN of the first record. */
    public static final HeaderField<String> FIRST_CSN = text("FIRST_CSN");
    /** CSN of the last record. */
    public static final HeaderField<String> LAST_CSN = text("LAST_CSN");
    /** Time of the first row. */
    public static final HeaderField<Instant> FIRST_TIME = time("FIRST_TIME");
    /** Time of the last row. */
    public static final HeaderField<Instant> LAST_TIME = time("LAST_TIME");
    /** The begin sequence number (BSN) of the log. */
    public static final HeaderField<String> LOG_BSN = text("LOG_BSN");
    /** Bit flags. The meaning of the bits is not known. */
    public static final HeaderField<Long> BIT_FLAGS = number("BIT_FLAGS");
    /** The operating system of the writing host. */
    public static final HeaderField<String> SYSTEM_NAME = text("SYSTEM_NAME");
    /** The name of the writing host. */
    public static final HeaderField<String> HOST_NAME = text("HOST_NAME");
    /** The release of the operating system. */
    public static final HeaderField<String> SYSTEM_RELEASE = text("SYSTEM_RELEASE");
    /** The version of the operating system. */
    public static final HeaderField<String> SYSTEM_VERSION = text("SYSTEM_VERSION");
    /** The hardware of the writing host. */
    public static final HeaderField<String> HARDWARE = text("HARDWARE");
    /** The number of the database vendor; 7 is Oracle. */
    public static final HeaderField<Long> DATABASE_VENDOR = number("DATABASE_VENDOR");
    /** The name of the database. */
    public static final HeaderField<String> DATABASE_NAME = text("DATABASE_NAME");
    /** The instance of the database. */
    public static final HeaderField<String> DATABASE_INSTANCE = text("DATABASE_INSTANCE");
    /** The character set of the database. */
    public static final HeaderField<String> DATABASE_CHARSET = text("DATABASE_CHARSET");
    /** The major release number of the database. */
    public static final HeaderField<Long> DATABASE_MAJOR = number("DATABASE_MAJOR");
    /** The minor release number of the database. */
    public static final HeaderField<Long> DATABASE_MINOR = number("DATABASE_MINOR");
    /** The version text of the database. */
    public static final HeaderField<String> DATABASE_VERSION = text("DATABASE_VERSION");
    /** The character set of the database client. */
    public static final HeaderField<String> CLIENT_CHARSET = text("CLIENT_CHARSET");
    /** The version of the database client. */
    public static final HeaderField<String> CLIENT_VERSION = text("CLIENT_VERSION");
    /** The national character set of the database client. */
    public static final HeaderField<String> CLIENT_NATIONAL_CHARSET = text("CLIENT_NATIONAL_CHARSET");
    /** The national character set of the database. */
    public static final HeaderField<String> NATIONAL_CHARSET = text("NATIONAL_CHARSET");
    /** The time zone of the database. */
    public static final HeaderField<String> TIME_ZONE = text("TIME_ZONE");
    /** The name of the Extract or pump that wrote the file. */
    public static final HeaderField<String> PRODUCER_GROUP = text("PRODUCER_GROUP");
    /** The kind of the producer's data source. */
    public static final HeaderField<Long> DATA_SOURCE = number("DATA_SOURCE");
    /** The major release number of the producer. */
    public static final HeaderField<Long> PRODUCER_MAJOR = number("PRODUCER_MAJOR");
    /** The minor release number of the producer. */
    public static final HeaderField<Long> PRODUCER_MINOR = number("PRODUCER_MINOR");
    /** The maintenance release number of the producer. */
    public static final HeaderField<Long> PRODUCER_MAINTENANCE = number("PRODUCER_MAINTENANCE");
    /** The bug fix number of the producer. */
    public static final HeaderField<Long> PRODUCER_BUG_FIX = number("PRODUCER_BUG_FIX");
    /** The build number of the producer. */
    public static final HeaderField<Long> PRODUCER_BUILD = number("PRODUCER_BUILD");
    /** The version text of the producer. */
    public static final HeaderField<String> PRODUCER_VERSION = text("PRODUCER_VERSION");
    /** The trail recovery mode. */
    public static final HeaderField<Long> RECOVERY_MODE = number("RECOVERY_MODE");
    /** 0 if the header has no key slot, 1 if the slot is empty, 2 if it has a key, so that rows may be encrypted. */
    public static final HeaderField<Long> ENCRYPTION = number("ENCRYPTION");
    /** 0 if numbers in the file are big-endian, 1 if they are little-endian. */
    public static final HeaderField<Long> BYTE_ORDER = number("BYTE_ORDER");
    // end of generated

    private final String name;
    private final Class<T> type;
    private final Function<Wire.Reader, T> read;

    private HeaderField(String name, Class<T> type, Function<Wire.Reader, T> read) {
        this.name = name;
        this.type = type;
        this.read = read;
        ALL.add(this);
    }

    private static HeaderField<String> text(String name) {
        return new HeaderField<>(name, String.class, Wire.Reader::text);
    }

    private static HeaderField<Long> number(String name) {
        return new HeaderField<>(name, Long.class, Wire.Reader::i64);
    }

    private static HeaderField<Instant> time(String name) {
        return new HeaderField<>(name, Instant.class, in -> Times.instant(in.i64()));
    }

    /** {@return all fields} */
    public static List<HeaderField<?>> all() {
        return Collections.unmodifiableList(ALL);
    }

    T read(Wire.Reader in) {
        return read.apply(in);
    }

    T cast(Object value) {
        return type.cast(value);
    }

    /** Returns the name of the constant. */
    @Override
    public String toString() {
        return name;
    }
}
