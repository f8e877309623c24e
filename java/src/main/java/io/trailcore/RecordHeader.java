package io.trailcore;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the header of a record says, field by field.
 *
 * @param beforeAfter BeforeAfter: {@code A} or {@code B}
 * @param transaction where the record stands in its transaction: TransInd
 * @param transactionByte TransInd as it stands
 * @param time the record's time: of the commit for rows, of writing for metadata
 * @param tableIndex the index of the table's definition; empty where the header has a name
 * @param tableName the table's name as UTF-8, bytes that are none replaced; empty where the header has an index
 * @param auditPos AuditPos: place in the source's log
 * @param auditRba AuditRBA
 * @param recordLength RecLength: the length of the data area
 * @param partition Partition
 * @param undo UndoFlag
 * @param origNode OrigNode
 * @param formatType FormatType: {@code R} read from the log, {@code F} fetched
 * @param syskeyLen SyskeyLen
 * @param continued Continued: not 0 where the data go on in the next record
 * @param recordCount RecCount
 */
public record RecordHeader(
        char beforeAfter,
        TransactionPlace transaction,
        int transactionByte,
        Instant time,
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
        Instant time = Times.instant(in.i64());
        boolean hasIndex = in.bool();
        int index = (int) in.i64();
        String name = in.text();
        return new RecordHeader(
                beforeAfter,
                TransactionPlace.of(transaction),
                transaction,
                time,
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
