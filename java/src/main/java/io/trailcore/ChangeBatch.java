package io.trailcore;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.time.Instant;
import java.util.List;

/**
 * Changes of one table in columns: row {@code i} of all columns is one change. Valid until its reader is asked for the next
 * batch; see {@link BatchReader}. For one thread at a time.
 */
public final class ChangeBatch {
    private final BatchReader reader;
    private final int generation;
    private final TableDef table;
    private final int size;
    private final ByteBuffer ops;
    private final LongBuffer seqnos;
    private final LongBuffer rbas;
    private final LongBuffer times;
    private final List<ColumnVector> before;
    private final List<ColumnVector> after;

    ChangeBatch(BatchReader reader, int generation, TableDef table, ByteBuffer memory, Wire.Reader in) {
        this.reader = reader;
        this.generation = generation;
        this.table = table;
        size = in.i32();
        int columns = in.i32();
        ops = ColumnVector.slice(memory, in.i32(), size);
        seqnos = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
        rbas = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
        times = ColumnVector.slice(memory, in.i32(), size * Long.BYTES).asLongBuffer();
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

    /** Fails where the memory holds another batch by now. */
    void check() {
        if (!reader.holds(generation)) {
            throw new IllegalStateException("the batch is no longer valid: its reader has been asked for the next one");
        }
    }

    /**
     * The definition of the table.
     *
     * @return the definition
     */
    public TableDef table() {
        return table;
    }

    /**
     * How many changes there are.
     *
     * @return the number of rows
     */
    public int size() {
        return size;
    }

    /**
     * What a change does.
     *
     * @param row the row, from 0
     * @return the operation
     */
    public Op op(int row) {
        check();
        return Op.of(ops.get(row));
    }

    /**
     * Where a change's record starts.
     *
     * @param row the row, from 0
     * @return the position
     */
    public Position position(int row) {
        check();
        return new Position(seqnos.get(row), rbas.get(row));
    }

    /**
     * A change's time.
     *
     * @param row the row, from 0
     * @return the moment, to the microsecond
     */
    public Instant time(int row) {
        check();
        return Times.instant(times.get(row));
    }

    /**
     * What each change does, as {@link Op#ordinal} numbers.
     *
     * @return a byte for each row, read-only
     */
    public ByteBuffer ops() {
        check();
        return ops.duplicate();
    }

    /**
     * The sequence number of each change's file.
     *
     * @return a number for each row, read-only
     */
    public LongBuffer seqnos() {
        check();
        return seqnos.duplicate();
    }

    /**
     * The byte offset of each change's record in its file.
     *
     * @return a number for each row, read-only
     */
    public LongBuffer rbas() {
        check();
        return rbas.duplicate();
    }

    /**
     * Each change's time, in microseconds from 1970, UTC.
     *
     * @return a number for each row, read-only
     */
    public LongBuffer times() {
        check();
        return times.duplicate();
    }

    /**
     * The wanted columns before the changes, in the table's order. A change without a before image has all of them missing.
     *
     * @return the columns
     */
    public List<ColumnVector> before() {
        check();
        return before;
    }

    /**
     * The wanted columns after the changes, in the table's order. A change without an after image has all of them missing.
     *
     * @return the columns
     */
    public List<ColumnVector> after() {
        check();
        return after;
    }

    /**
     * A column before the changes, by name.
     *
     * @param column the column's name
     * @return the column
     * @throws TrailException.InvalidArgument where the table has no such column, or it is not wanted
     */
    public ColumnVector before(String column) {
        return find(before, column);
    }

    /**
     * A column after the changes, by name.
     *
     * @param column the column's name
     * @return the column
     * @throws TrailException.InvalidArgument where the table has no such column, or it is not wanted
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

    /** Table and number of rows, for people. */
    @Override
    public String toString() {
        return table.name() + " with " + size + " rows";
    }
}
