package io.trailcore;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.RandomAccess;

/**
 * One image of a row: the columns that the trail lists for it. Values are decoded on access. Immutable.
 *
 * <pre>{@code
 * for (Column column : change.after()) {
 *     System.out.println(column.name() + " = " + column.value());
 * }
 * }</pre>
 */
public final class Row implements Iterable<Column> {
    private static final int HEAD = 4;
    private static final int ENTRY = 12;

    private final byte[] block;
    /** The offset of its change in the block. Other offsets are relative to it. */
    private final int change;
    private final int directory;
    private final int count;
    /** True if the indexes of the columns ascend, as in all trails that were seen. */
    private final boolean ascending;
    private final TableDef table;

    Row(byte[] block, int change, int start, TableDef table) {
        this.block = block;
        this.change = change;
        directory = start + HEAD;
        count = Wire.u16(block, start);
        ascending = block[start + 2] != 0;
        this.table = table;
    }

    /** {@return the definition of its table} */
    public TableDef table() {
        return table;
    }

    /** {@return the number of columns in the image} */
    public int size() {
        return count;
    }

    /** {@return the columns in the image, in the order of the trail} Missing columns are left out. */
    public List<Column> columns() {
        return new Columns();
    }

    private final class Columns extends AbstractList<Column> implements RandomAccess {
        @Override
        public Column get(int place) {
            java.util.Objects.checkIndex(place, count);
            return column(place);
        }

        @Override
        public int size() {
            return count;
        }
    }

    @Override
    public Iterator<Column> iterator() {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < count;
            }

            @Override
            public Column next() {
                if (next >= count) {
                    throw new NoSuchElementException();
                }
                return column(next++);
            }
        };
    }

    private int entry(int place) {
        return directory + place * ENTRY;
    }

    private Column column(int place) {
        int entry = entry(place);
        int start = change + Wire.i32(block, entry + 4);
        return new Column(table, Wire.u16(block, entry), block[entry + 2], block[entry + 3], block, start, Wire.i32(block, entry + 8));
    }

    /**
     * {@return a column by name} The name matches exactly, or else ignoring case if only one column matches so. A
     * column that is not in the image has the state {@link ColumnState#MISSING}.
     *
     * @param name the name of the column; {@code COL0}, {@code COL1} and so on if the table is not defined
     * @throws TrailException.InvalidArgument if the table has no such column
     */
    public Column get(String name) {
        int index = table.indexOf(name);
        if (index < 0) {
            throw TrailException.invalidArgument("table " + table.name() + " has no column " + name);
        }
        return get(index);
    }

    /**
     * {@return a column by its index in the table} A column that is not in the image has the state {@link
     * ColumnState#MISSING}.
     *
     * @param index the index, from 0
     * @throws IndexOutOfBoundsException if the index is negative
     */
    public Column get(int index) {
        if (index < 0) {
            throw new IndexOutOfBoundsException(index);
        }
        int place = placeOf(index);
        return place < 0 ? Column.missing(table, index) : column(place);
    }

    /** Returns its place in the directory; -1 if the image does not contain it. Most images contain all columns. */
    private int placeOf(int index) {
        if (ascending && index < count && Wire.u16(block, entry(index)) == index) {
            return index;
        }
        for (int place = 0; place < count; place++) {
            if (Wire.u16(block, entry(place)) == index) {
                return place;
            }
        }
        return -1;
    }

    /**
     * {@return the state of a column}
     *
     * @param name the name of the column
     * @throws TrailException.InvalidArgument if the table has no such column
     */
    public ColumnState state(String name) {
        return get(name).state();
    }

    /**
     * Returns the values of the columns by name, as {@link Column#value} returns them: NULL is {@code null}, and a missing
     * column has no entry.
     *
     * @return the values, in the order of the trail
     * @throws TrailException.ColumnValue if a column cannot be decoded
     */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (Column column : this) {
            map.putIfAbsent(column.name(), column.value());
        }
        return map;
    }

    /** Returns the table and the number of columns, for display. Contains no column data. */
    @Override
    public String toString() {
        return table.name() + " with " + count + " columns";
    }
}
