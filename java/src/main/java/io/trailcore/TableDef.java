package io.trailcore;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The definition of a table. Immutable; any thread may use it.
 *
 * <p>A reader hands out the same object for all changes of one version of a table, so that definitions may be compared with
 * {@code ==} there.
 *
 * <pre>{@code
 * for (ColumnDef column : change.table().columns()) {
 *     System.out.println(column);
 * }
 * }</pre>
 */
public final class TableDef {
    private final NativeValue value;
    private final String name;
    private final boolean defined;
    private final List<ColumnDef> columns;
    private final Map<String, Integer> indexes = new HashMap<>();

    private TableDef(NativeValue value) {
        this.value = value;
        Wire.Reader in = new Wire.Reader(value.with(Native::tableDescribe));
        name = in.text();
        defined = in.bool();
        columns = in.list(ColumnDef::new);
        for (int i = 0; i < columns.size(); i++) {
            indexes.putIfAbsent(columns.get(i).name(), i);
        }
    }

    static TableDef of(long handle) {
        return new TableDef(new NativeValue(handle));
    }

    /**
     * A definition from its columns, in the table's order.
     *
     * @param name the table's name, such as {@code HR.EMP}
     * @param columns its columns
     * @return the definition
     */
    public static TableDef of(String name, ColumnDef... columns) {
        NativeLibrary.load();
        Wire.Writer out = new Wire.Writer().text(name).bool(true).i32(columns.length);
        for (ColumnDef column : columns) {
            column.write(out);
        }
        return of(Native.tableOf(out.toBytes()));
    }

    /**
     * The table's name as the source has it: parts joined by {@code .}, case kept.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Its columns, in the order of their indexes.
     *
     * @return the columns; empty where they are not known
     */
    public List<ColumnDef> columns() {
        return columns;
    }

    /**
     * Whether its columns are known. Where they are not, they are called {@code COL0}, {@code COL1} and so on.
     *
     * @return whether they are
     */
    public boolean isDefined() {
        return defined;
    }

    /**
     * The index of a column by name: of the exact one, or else of the only one that differs in case alone.
     *
     * @param column the column's name
     * @return its index; -1 if there is none
     */
    public int indexOf(String column) {
        Integer exact = indexes.get(column);
        return exact != null ? exact : looseIndexOf(column);
    }

    private int looseIndexOf(String column) {
        int found = -1;
        for (int i = 0; i < columns.size(); i++) {
            if (isAlike(columns.get(i).name(), column)) {
                if (found >= 0) {
                    return -1;
                }
                found = i;
            }
        }
        return found >= 0 ? found : unnamedIndexOf(column);
    }

    /** Of names, the case of ASCII letters alone does not count, as in the native half. */
    private static boolean isAlike(String left, String right) {
        if (left.length() != right.length()) {
            return false;
        }
        for (int i = 0; i < left.length(); i++) {
            if (lower(left.charAt(i)) != lower(right.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static char lower(char letter) {
        return letter >= 'A' && letter <= 'Z' ? (char) (letter + ('a' - 'A')) : letter;
    }

    /** Of {@code COL7}, 7: where the definition does not name so many. */
    private int unnamedIndexOf(String column) {
        if (!column.matches("COL[0-9]{1,5}")) {
            return -1;
        }
        int index = Integer.parseInt(column.substring(3));
        return index >= columns.size() ? index : -1;
    }

    /** The name of the column of an index, defined or not. */
    String columnName(int index) {
        return index < columns.size() ? columns.get(index).name() : "COL" + index;
    }

    /**
     * The columns of its key.
     *
     * @return the columns, in the table's order
     */
    public List<ColumnDef> key() {
        return columns.stream().filter(ColumnDef::isKey).toList();
    }

    NativeValue value() {
        return value;
    }

    /** Name and columns, for people. */
    @Override
    public String toString() {
        return name + (defined ? columns.toString() : " (not defined)");
    }
}
