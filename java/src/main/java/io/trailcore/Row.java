package io.trailcore;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;

/**
 * One image of a row: the columns that a change lists, decoded as they are asked for. Immutable.
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
    /** Where its change starts, from which places count. */
    private final int change;
    private final int directory;
    private final int count;
    /** Whether the columns' indexes rise, as they do in all trails that were seen. */
    private final boolean rises;
    private final TableDef table;

    Row(byte[] block, int change, int start, TableDef table) {
        this.block = block;
        this.change = change;
        directory = start + HEAD;
        count = Wire.u16(block, start);
        rises = block[start + 2] != 0;
        this.table = table;
    }

    /**
     * The definition of its table.
     *
     * @return the definition
     */
    public TableDef table() {
        return table;
    }

    /**
     * How many columns the image lists.
     *
     * @return the number of columns
     */
    public int size() {
        return count;
    }

    /**
     * The columns that are there, in the trail's order. Columns that are missing are not among them.
     *
     * @return the columns
     */
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
        return columns().iterator();
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
     * A column by name: of exactly this name, or else the only one that differs in case alone. One that is not in the image
     * has the state {@link ColumnState#MISSING}.
     *
     * @param name the column's name; {@code COL0}, {@code COL1} and so on where the table is not defined
     * @return the column
     * @throws TrailException.InvalidArgument where the table has no such column
     */
    public Column get(String name) {
        int index = table.indexOf(name);
        if (index < 0) {
            throw TrailException.invalidArgument("table " + table.name() + " has no column " + name);
        }
        return get(index);
    }

    /**
     * A column by its index in the table. One that is not in the image has the state {@link ColumnState#MISSING}.
     *
     * @param index the index, from 0
     * @return the column
     * @throws IndexOutOfBoundsException where the index is negative
     */
    public Column get(int index) {
        if (index < 0) {
            throw new IndexOutOfBoundsException(index);
        }
        int place = placeOf(index);
        return place < 0 ? Column.missing(table, index) : column(place);
    }

    /** Its place in the directory; -1 if the image does not list it. Most images list all columns. */
    private int placeOf(int index) {
        if (rises && index < count && Wire.u16(block, entry(index)) == index) {
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
     * The state of a column.
     *
     * @param name the column's name
     * @return its state
     * @throws TrailException.InvalidArgument where the table has no such column
     */
    public ColumnState state(String name) {
        return get(name).state();
    }

    /**
     * The columns that are there, by name, with the values that {@link Column#value} gives: NULL is {@code null}, and a
     * column that is missing has no entry.
     *
     * @return the values, in the trail's order
     * @throws TrailException.ColumnValue where a column is not decodable
     */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (Column column : this) {
            map.putIfAbsent(column.name(), column.value());
        }
        return map;
    }

    /** Table and number of columns, for people; no column data. */
    @Override
    public String toString() {
        return table.name() + " with " + count + " columns";
    }
}
