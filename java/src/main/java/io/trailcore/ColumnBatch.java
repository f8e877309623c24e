package io.trailcore;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.time.Instant;
import java.util.List;

/**
 * Changes of one table as decoded column buffers: row {@code i} of all columns is one change. Valid until the next batch is
 * requested from its reader; see {@link BatchReader}. For one thread at a time.
 */
public final class ColumnBatch {
    private final BatchReader reader;
    private final int generation;
    private final TableDef table;
    private final int size;
    private final ByteBuffer ops;
    private final ByteBuffer positionKinds;
    private final LongBuffer seqnos;
    private final LongBuffer rbas;
    private final LongBuffer timestamps;
    private final List<ColumnVector> before;
    private final List<ColumnVector> after;

    ColumnBatch(BatchReader reader, int generation, TableDef table, ByteBuffer memory, Wire.Reader in) {
        this.reader = reader;
        this.generation = generation;
        this.table = table;
        size = in.i32();
        int columns = in.i32();
        ops = ColumnVector.slice(memory, in.i32(), size);
        positionKinds = ColumnVector.slice(memory, in.i32(), size);
        seqnos = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
        rbas = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
        timestamps = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
        before = columns(memory, in, columns);
        after = columns(memory, in, columns);
    }

    private List<ColumnVector> columns(ByteBuffer memory, Wire.Reader in, int count) {
        ColumnVector[] columns = new ColumnVector[count];
        for (int i = 0; i < count; i++) {
            columns[i] = new ColumnVector(this, memory, in);
        }
        return List.of(columns);
    }

    /** Fails if the memory was reused for another batch. */
    void check() {
        if (!reader.holds(generation)) {
            throw new IllegalStateException("the batch is no longer valid: the next batch was requested from its reader");
        }
    }

    /** {@return the definition of the table} */
    public TableDef table() {
        return table;
    }

    /** {@return the number of changes} */
    public int size() {
        return size;
    }

    /**
     * {@return the operation of a change}
     *
     * @param row the row, from 0
     */
    public Op op(int row) {
        check();
        return Op.of(ops.get(row));
    }

    /**
     * {@return the position of the record of a change}
     *
     * @param row the row, from 0
     */
    public Position position(int row) {
        check();
        return Position.of(positionKinds.get(row), seqnos.get(row), rbas.get(row));
    }

    /**
     * {@return the timestamp of a change}
     *
     * @param row the row, from 0
     */
    public Instant timestamp(int row) {
        check();
        return Times.instant(timestamps.get(row));
    }

    /** {@return the operations of the changes, as {@link Op#ordinal} numbers} */
    public ByteBuffer ops() {
        check();
        return ops.duplicate();
    }

    /** {@return the sequence numbers of the files of the changes} */
    public LongBuffer seqnos() {
        check();
        return seqnos.duplicate();
    }

    /** {@return the byte offsets of the records of the changes in their files} */
    public LongBuffer rbas() {
        check();
        return rbas.duplicate();
    }

    /** {@return the timestamps of the changes, in microseconds since 1970, UTC} */
    public LongBuffer timestamps() {
        check();
        return timestamps.duplicate();
    }

    /**
     * {@return the wanted columns before the changes, in the order of the table} For a change without a before image,
     * all of them are missing.
     */
    public List<ColumnVector> before() {
        check();
        return before;
    }

    /**
     * {@return the wanted columns after the changes, in the order of the table} For a change without an after image,
     * all of them are missing.
     */
    public List<ColumnVector> after() {
        check();
        return after;
    }

    /**
     * {@return a column before the changes, by name}
     *
     * @param column the name of the column
     * @throws TrailException.InvalidArgument if the table has no such column, or the batch was read without it
     */
    public ColumnVector before(String column) {
        return find(before, column);
    }

    /**
     * {@return a column after the changes, by name}
     *
     * @param column the name of the column
     * @throws TrailException.InvalidArgument if the table has no such column, or the batch was read without it
     */
    public ColumnVector after(String column) {
        return find(after, column);
    }

    private ColumnVector find(List<ColumnVector> columns, String name) {
        check();
        int index = table.indexOf(name);
        for (ColumnVector column : columns) {
            if (column.index() == index) {
                return column;
            }
        }
        throw TrailException.invalidArgument("table " + table.name() + " has no column " + name + " in this batch");
    }

    /** Returns the table and the number of rows, for display. */
    @Override
    public String toString() {
        return table.name() + " with " + size + " rows";
    }
}
