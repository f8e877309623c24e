package io.trailcore;

import java.time.Instant;

/**
 * Options for writing a trail. Immutable: each method returns new options. The files depend only on the options and the
 * calls; the writer does not read the clock.
 *
 * @param littleEndian whether numbers are written in little-endian order
 * @param fileSize the maximum size of a file in bytes, not counting the definition of a table before its first row
 * @param firstSeqno the sequence number of the first file
 * @param seqnoDigits the number of digits of the sequence number in file names: 6 or 9
 * @param metadata whether definitions are written into the trail; otherwise rows contain the name of their table
 * @param definitionVersion the version of the table definition records: 1 or 11
 * @param compatibility the compatibility level in the file header
 * @param charset the number that trails use for the character set of the database; 0 is UTF-8
 * @param group the name of the writing group
 * @param created the creation time of the files
 */
public record WriterOptions(
        boolean littleEndian,
        long fileSize,
        int firstSeqno,
        int seqnoDigits,
        boolean metadata,
        int definitionVersion,
        int compatibility,
        int charset,
        String group,
        Instant created) {
    /**
     * Creates options with a value for each component.
     *
     * @param littleEndian whether numbers are written in little-endian order
     * @param fileSize the maximum size of a file in bytes
     * @param firstSeqno the sequence number of the first file
     * @param seqnoDigits the number of digits of the sequence number in file names
     * @param metadata whether definitions are written into the trail
     * @param definitionVersion the version of the table definition records
     * @param compatibility the compatibility level in the file header
     * @param charset the number that trails use for the character set of the database
     * @param group the name of the writing group
     * @param created the creation time of the files
     * @throws IllegalArgumentException if {@code fileSize} is negative, {@code seqnoDigits} is neither 6 nor 9, or
     *     {@code definitionVersion} is neither 1 nor 11
     */
    public WriterOptions {
        if (fileSize < 0) {
            throw new IllegalArgumentException("fileSize must not be negative: " + fileSize);
        }
        if (seqnoDigits != 6 && seqnoDigits != 9) {
            throw new IllegalArgumentException("seqnoDigits must be 6 or 9, not " + seqnoDigits);
        }
        if (definitionVersion != 1 && definitionVersion != 11) {
            throw new IllegalArgumentException("definitionVersion must be 1 or 11, not " + definitionVersion);
        }
    }

    /** Creates the default options: big-endian, files of 500 MiB from sequence number 0, with definitions. */
    public WriterOptions() {
        this(false, 500L << 20, 0, 9, true, 1, 5, 0, "TRAILCOR", Instant.EPOCH);
    }

    /**
     * Sets the byte order.
     *
     * @param little {@code true} for little-endian
     * @return the new options
     */
    public WriterOptions withLittleEndian(boolean little) {
        return new WriterOptions(little, fileSize, firstSeqno, seqnoDigits, metadata, definitionVersion, compatibility, charset,
                group, created);
    }

    /**
     * Sets the maximum size of a file.
     *
     * @param bytes the size in bytes
     * @return the new options
     * @throws IllegalArgumentException if the size is negative
     */
    public WriterOptions withFileSize(long bytes) {
        return new WriterOptions(littleEndian, bytes, firstSeqno, seqnoDigits, metadata, definitionVersion, compatibility,
                charset, group, created);
    }

    /**
     * Sets the sequence number of the first file.
     *
     * @param seqno the sequence number
     * @return the new options
     */
    public WriterOptions withFirstSeqno(int seqno) {
        return new WriterOptions(littleEndian, fileSize, seqno, seqnoDigits, metadata, definitionVersion, compatibility, charset,
                group, created);
    }

    /**
     * Sets whether definitions are written into the trail.
     *
     * @param wanted {@code true} to write them
     * @return the new options
     */
    public WriterOptions withMetadata(boolean wanted) {
        return new WriterOptions(littleEndian, fileSize, firstSeqno, seqnoDigits, wanted, definitionVersion, compatibility,
                charset, group, created);
    }

    byte[] message(boolean inMemory, String prefix) {
        Wire.Writer out = new Wire.Writer().bool(inMemory).text(prefix).bool(littleEndian).i64(fileSize).i32(firstSeqno);
        out.i32(seqnoDigits).bool(metadata).u16(definitionVersion).u16(compatibility).i32(charset).text(group);
        return out.i64(Times.micros(created)).toBytes();
    }
}
