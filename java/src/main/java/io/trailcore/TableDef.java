package io.trailcore;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The definition of a table. Immutable and thread-safe.
 *
 * <p>A reader returns the same object for all changes of one version of a table, so its definitions can be compared with
 * {@code ==}.
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
        columns = in.list(ColumnDef::of);
        for (int i = 0; i < columns.size(); i++) {
            indexes.putIfAbsent(columns.get(i).name(), i);
        }
    }

    static TableDef of(long handle) {
        return new TableDef(new NativeValue(handle));
    }

    /**
     * {@return a definition with these columns}
     *
     * @param name the name of the table, such as {@code HR.EMP}
     * @param columns the columns, in the order of the table
     */
    public static TableDef of(String name, ColumnDef... columns) {
        NativeLibrary.load();
        Wire.Writer out = new Wire.Writer().text(name).bool(true).i32(columns.length);
        for (ColumnDef column : columns) {
            column.write(out);
        }
        return of(Native.tableOf(out.toBytes()));
    }

    /** {@return the name of the table as in the source, with the parts joined by {@code .} and the case unchanged} */
    public String name() {
        return name;
    }

    /** {@return the columns, in the order of their indexes; empty if they are not known} */
    public List<ColumnDef> columns() {
        return columns;
    }

    /** {@return whether the columns are known} Unknown columns are named {@code COL0}, {@code COL1} and so on. */
    public boolean isDefined() {
        return defined;
    }

    /**
     * {@return the index of a column by name; -1 if there is no such column} The name matches exactly, or else ignoring
     * case if only one column matches so.
     *
     * @param column the name of the column
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

    /** Compares names without the case of ASCII letters, same as the native library. */
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

    /** Returns 7 for {@code COL7} if the definition has no column with that index. */
    private int unnamedIndexOf(String column) {
        if (!column.matches("COL[0-9]{1,5}")) {
            return -1;
        }
        int index = Integer.parseInt(column.substring(3));
        return index >= columns.size() ? index : -1;
    }

    /** Returns the name of the column with an index, defined or not. */
    String columnName(int index) {
        return index < columns.size() ? columns.get(index).name() : "COL" + index;
    }

    /**
     * Returns the key columns.
     *
     * @return the columns, in the order of the table
     */
    public List<ColumnDef> key() {
        return columns.stream().filter(ColumnDef::isKey).toList();
    }

    NativeValue value() {
        return value;
    }

    /** Returns name and columns, for display. */
    @Override
    public String toString() {
        return name + (defined ? columns.toString() : " (not defined)");
    }
}
