package io.trailcore;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The fields of the header of a record.
 *
 * @param beforeAfter BeforeAfter: {@code A} or {@code B}
 * @param transaction TransInd: the place of the record in its transaction
 * @param transactionByte the raw TransInd
 * @param timestamp the timestamp of the record: the commit for rows, the writing for metadata
 * @param tableIndex the index of the table definition; empty if the header has a name
 * @param tableName the name of the table, decoded as UTF-8 with replacement of invalid bytes; empty if the header has an index
 * @param auditPos AuditPos: the position in the log of the source
 * @param auditRba AuditRBA
 * @param recordLength RecLength: the length of the data area
 * @param partition Partition
 * @param undo UndoFlag
 * @param origNode OrigNode
 * @param formatType FormatType: {@code R} for read from the log, {@code F} for fetched
 * @param syskeyLen SyskeyLen
 * @param continued Continued: not 0 if the data continues in the next record
 * @param recordCount RecCount
 */
public record RecordHeader(
        char beforeAfter,
        TransactionIndicator transaction,
        int transactionByte,
        Instant timestamp,
        OptionalInt tableIndex,
        Optional<String> tableName,
        long auditPos,
        long auditRba,
        int recordLength,
        int partition,
        int undo,
        int origNode,
        char formatType,
        int syskeyLen,
        int continued,
        int recordCount) {
    static RecordHeader of(Wire.Reader in) {
        char beforeAfter = (char) in.u8();
        int transaction = in.u8();
        Instant timestamp = Times.instant(in.i64());
        boolean hasIndex = in.bool();
        int index = (int) in.i64();
        String name = in.text();
        return new RecordHeader(
                beforeAfter,
                TransactionIndicator.of(transaction),
                transaction,
                timestamp,
                hasIndex ? OptionalInt.of(index) : OptionalInt.empty(),
                hasIndex ? Optional.empty() : Optional.of(name),
                in.i64(),
                Integer.toUnsignedLong(in.i32()),
                in.u16(),
                in.u8(),
                in.u8(),
                in.u8(),
                (char) in.u8(),
                in.u8(),
                in.u8(),
                in.u8());
    }
}
