package io.trailcore;

import java.time.Instant;
import java.util.Map;

/**
 * Options for writing a trail. By default it is big-endian, in files of 500 MiB from sequence number 0, with definitions. The
 * files depend only on the options and the calls; the writer does not read the clock. Immutable: each method returns new
 * options.
 *
 * <pre>{@code
 * WriterOptions options = new WriterOptions().order(WriterOptions.ByteOrder.LITTLE).firstSeqno(7);
 * }</pre>
 */
public final class WriterOptions extends Options<WriterOptions> {
    /** Creates the default options. */
    public WriterOptions() {
        this(Map.of());
    }

    private WriterOptions(Map<String, Object> values) {
        super(values);
    }

    @Override
    WriterOptions copy(Map<String, Object> values) {
        return new WriterOptions(values);
    }

    // generated: options
    /**
     * The order of a number's bytes. In a trail it is a property of the file; column data have the most significant
     * byte first in either order (docs/trail-format.md, section 3).
     */
    public enum ByteOrder {
        /** Most significant byte first. */
        BIG,
        /** Least significant byte first. */
        LITTLE
    }

    /**
     * Sets {@code order}. Byte order of all numbers except column data.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions order(ByteOrder value) {
        return with("order", Options.word(value));
    }

    /**
     * Sets {@code fileSize}. A file is closed before a record would make it longer than this. The definition of a
     * table, written before its first row, does not count.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions fileSize(long value) {
        return with("file_size", value);
    }

    /**
     * Sets {@code firstSeqno}. Number of the first file.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions firstSeqno(long value) {
        return with("first_seqno", value);
    }

    /**
     * Sets {@code seqnoDigits}. Digits of the number in file names: 6 or 9.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions seqnoDigits(long value) {
        return with("seqno_digits", value);
    }

    /**
     * Sets {@code metadata}. Definitions are written into the trail, and rows refer to them. Otherwise each row has the
     * name of its table, as in releases before 12.2.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions metadata(boolean value) {
        return with("metadata", value);
    }

    /**
     * Sets {@code definitionVersion}. Version of the table definition records: 1 or 11.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions definitionVersion(long value) {
        return with("definition_version", value);
    }

    /**
     * Sets {@code compatibility}. Compatibility level of the file header; below 5 the header has fewer tokens.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions compatibility(long value) {
        return with("compatibility", value);
    }

    /**
     * Sets {@code charset}. Number of the database's character set, as in a file header.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions charset(long value) {
        return with("charset", value);
    }

    /**
     * Sets {@code group}. Name of the writing group.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions group(String value) {
        return with("group", value);
    }

    /**
     * Sets {@code created}. Creation time of the files. The clock is not read, so the bytes of the files depend only on
     * the caller.
     *
     * @param value the value
     * @return the new options
     */
    public WriterOptions created(Instant value) {
        return with("created", io.trailcore.Times.text(value));
    }

    // end of generated
}
