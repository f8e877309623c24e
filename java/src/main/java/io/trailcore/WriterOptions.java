package io.trailcore;

import java.time.Instant;

/**
 * How to write a trail. Immutable: each method gives options of their own. What is written depends on these and the calls
 * alone; no clock is asked.
 *
 * @param littleEndian whether numbers are written in little-endian order
 * @param fileSize bytes before which a file is closed; a table's definition ahead of its first row does not count
 * @param firstSeqno number of the first file
 * @param seqnoDigits digits of the number in file names: 6 or 9
 * @param metadata whether definitions are written into the trail; else rows carry their table's name
 * @param definitionVersion version of the table definition records: 1 or 11
 * @param compatibility compatibility level of the file header
 * @param charset the trail's number of the database's character set; 0 is UTF-8
 * @param group name of the writing group
 * @param created when the files were made
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
     * All of them.
     *
     * @param littleEndian whether numbers are written in little-endian order
     * @param fileSize bytes before which a file is closed
     * @param firstSeqno number of the first file
     * @param seqnoDigits digits of the number in file names
     * @param metadata whether definitions are written into the trail
     * @param definitionVersion version of the table definition records
     * @param compatibility compatibility level of the file header
     * @param charset the trail's number of the database's character set
     * @param group name of the writing group
     * @param created when the files were made
     * @throws IllegalArgumentException where the size of files is negative, their names have neither 6 nor 9 digits, or the
     *     version of definitions is neither 1 nor 11
     */
    public WriterOptions {
        if (fileSize < 0) {
            throw new IllegalArgumentException("a file of " + fileSize + " bytes");
        }
        if (seqnoDigits != 6 && seqnoDigits != 9) {
            throw new IllegalArgumentException("names of files have 6 or 9 digits, not " + seqnoDigits);
        }
        if (definitionVersion != 1 && definitionVersion != 11) {
            throw new IllegalArgumentException("definitions have version 1 or 11, not " + definitionVersion);
        }
    }

    /** The default: big-endian, files of 500 MiB from number 0, with definitions. */
    public WriterOptions() {
        this(false, 500L << 20, 0, 9, true, 1, 5, 0, "TRAILCOR", Instant.EPOCH);
    }

    /**
     * In another byte order.
     *
     * @param little whether it is little-endian
     * @return the options
     */
    public WriterOptions withLittleEndian(boolean little) {
        return new WriterOptions(little, fileSize, firstSeqno, seqnoDigits, metadata, definitionVersion, compatibility, charset,
                group, created);
    }

    /**
     * In files of another size.
     *
     * @param bytes bytes before which a file is closed
     * @return the options
     * @throws IllegalArgumentException where they are negative
     */
    public WriterOptions withFileSize(long bytes) {
        return new WriterOptions(littleEndian, bytes, firstSeqno, seqnoDigits, metadata, definitionVersion, compatibility,
                charset, group, created);
    }

    /**
     * With files that count from another number.
     *
     * @param seqno number of the first file
     * @return the options
     */
    public WriterOptions withFirstSeqno(int seqno) {
        return new WriterOptions(littleEndian, fileSize, seqno, seqnoDigits, metadata, definitionVersion, compatibility, charset,
                group, created);
    }

    /**
     * With or without definitions.
     *
     * @param wanted whether definitions are written into the trail
     * @return the options
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
