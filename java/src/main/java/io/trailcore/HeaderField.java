package io.trailcore;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * A field of a file header, with the type of its value. Character sets are told by their names; one that is not stated is
 * {@code not stated}, one that nothing here decodes is {@code no decoder}.
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
    /** They add themselves, in the order in which the native half tells them. */
    private static final List<HeaderField<?>> ALL = new ArrayList<>();

    /** Compatibility level: 5 for release 12.2, 6 for 12.3, 7 for 19.1. */
    public static final HeaderField<Long> COMPATIBILITY = number("COMPATIBILITY");
    /** When the file was made. */
    public static final HeaderField<Instant> CREATION_TIME = time("CREATION_TIME");
    /** Which process on which host wrote it. */
    public static final HeaderField<String> URI = text("URI");
    /** The file's path as the writer knew it. */
    public static final HeaderField<String> FILE_NAME = text("FILE_NAME");
    /** Whether it is one file of a trail: 1 then. */
    public static final HeaderField<Long> MULTI_PART = number("MULTI_PART");
    /** The file's sequence number. */
    public static final HeaderField<Long> SEQNO = number("SEQNO");
    /** The file's size. */
    public static final HeaderField<Long> FILE_SIZE = number("FILE_SIZE");
    /** CSN of the first record. */
    public static final HeaderField<String> FIRST_CSN = text("FIRST_CSN");
    /** CSN of the last record. */
    public static final HeaderField<String> LAST_CSN = text("LAST_CSN");
    /** Time of the first row. */
    public static final HeaderField<Instant> FIRST_TIME = time("FIRST_TIME");
    /** Time of the last row. */
    public static final HeaderField<Instant> LAST_TIME = time("LAST_TIME");
    /** The log's begin sequence number. */
    public static final HeaderField<String> LOG_BSN = text("LOG_BSN");
    /** Bit flags; what the bits mean is not known. */
    public static final HeaderField<Long> BIT_FLAGS = number("BIT_FLAGS");
    /** The operating system of the host that wrote it. */
    public static final HeaderField<String> SYSTEM_NAME = text("SYSTEM_NAME");
    /** The name of that host. */
    public static final HeaderField<String> HOST_NAME = text("HOST_NAME");
    /** The release of its operating system. */
    public static final HeaderField<String> SYSTEM_RELEASE = text("SYSTEM_RELEASE");
    /** The version of its operating system. */
    public static final HeaderField<String> SYSTEM_VERSION = text("SYSTEM_VERSION");
    /** Its hardware. */
    public static final HeaderField<String> HARDWARE = text("HARDWARE");
    /** The database vendor's number; 7 is Oracle. */
    public static final HeaderField<Long> DATABASE_VENDOR = number("DATABASE_VENDOR");
    /** The database's name. */
    public static final HeaderField<String> DATABASE_NAME = text("DATABASE_NAME");
    /** The database's instance. */
    public static final HeaderField<String> DATABASE_INSTANCE = text("DATABASE_INSTANCE");
    /** The database's character set. */
    public static final HeaderField<String> DATABASE_CHARSET = text("DATABASE_CHARSET");
    /** The database's release, major. */
    public static final HeaderField<Long> DATABASE_MAJOR = number("DATABASE_MAJOR");
    /** The database's release, minor. */
    public static final HeaderField<Long> DATABASE_MINOR = number("DATABASE_MINOR");
    /** The database's version in its own words. */
    public static final HeaderField<String> DATABASE_VERSION = text("DATABASE_VERSION");
    /** The client's character set. */
    public static final HeaderField<String> CLIENT_CHARSET = text("CLIENT_CHARSET");
    /** The database client's version. */
    public static final HeaderField<String> CLIENT_VERSION = text("CLIENT_VERSION");
    /** The client's national character set. */
    public static final HeaderField<String> CLIENT_NATIONAL_CHARSET = text("CLIENT_NATIONAL_CHARSET");
    /** The database's national character set. */
    public static final HeaderField<String> NATIONAL_CHARSET = text("NATIONAL_CHARSET");
    /** The database's time zone. */
    public static final HeaderField<String> TIME_ZONE = text("TIME_ZONE");
    /** The name of the Extract or pump that wrote it. */
    public static final HeaderField<String> PRODUCER_GROUP = text("PRODUCER_GROUP");
    /** The kind of the producer's source. */
    public static final HeaderField<Long> DATA_SOURCE = number("DATA_SOURCE");
    /** The producer's release, major. */
    public static final HeaderField<Long> PRODUCER_MAJOR = number("PRODUCER_MAJOR");
    /** The producer's release, minor. */
    public static final HeaderField<Long> PRODUCER_MINOR = number("PRODUCER_MINOR");
    /** The producer's release, maintenance. */
    public static final HeaderField<Long> PRODUCER_MAINTENANCE = number("PRODUCER_MAINTENANCE");
    /** The producer's release, bug fix. */
    public static final HeaderField<Long> PRODUCER_BUG_FIX = number("PRODUCER_BUG_FIX");
    /** The producer's release, build. */
    public static final HeaderField<Long> PRODUCER_BUILD = number("PRODUCER_BUILD");
    /** The producer's version in its own words. */
    public static final HeaderField<String> PRODUCER_VERSION = text("PRODUCER_VERSION");
    /** The trail recovery mode. */
    public static final HeaderField<Long> RECOVERY_MODE = number("RECOVERY_MODE");

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

    /**
     * All of them.
     *
     * @return the fields
     */
    public static List<HeaderField<?>> all() {
        return Collections.unmodifiableList(ALL);
    }

    T read(Wire.Reader in) {
        return read.apply(in);
    }

    T cast(Object value) {
        return type.cast(value);
    }

    /** Its name: that of the constant. */
    @Override
    public String toString() {
        return name;
    }
}
