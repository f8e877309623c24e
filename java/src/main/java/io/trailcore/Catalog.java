package io.trailcore;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Table definitions by name, from definition (DEFGEN) files: what trails of releases before 12.2 need. Immutable; any thread
 * may use it.
 *
 * <pre>{@code
 * ReadOptions options = new ReadOptions().catalog(Catalog.open(Path.of("dirdef/hr.def")));
 * }</pre>
 */
public final class Catalog {
    private final NativeValue value;

    private Catalog(long handle) {
        value = new NativeValue(handle);
    }

    /**
     * Reads a definition file.
     *
     * @param file the file
     * @return its definitions
     * @throws TrailException.Io where it cannot be read
     * @throws TrailException.Definitions where it cannot be understood; the message says the line
     */
    public static Catalog open(Path file) {
        NativeLibrary.load();
        return new Catalog(Native.catalogOpen(Wire.bytes(file.toString())));
    }

    /**
     * Reads the bytes of a definition file.
     *
     * @param text the file's bytes
     * @return its definitions
     * @throws TrailException.Definitions where they cannot be understood; the message says the line
     */
    public static Catalog parse(byte[] text) {
        NativeLibrary.load();
        return new Catalog(Native.catalogParse(Objects.requireNonNull(text)));
    }

    /**
     * A catalog of these definitions; of several of one name, the last counts.
     *
     * @param tables the definitions
     * @return the catalog
     */
    public static Catalog of(TableDef... tables) {
        NativeLibrary.load();
        NativeValue[] values = Arrays.stream(tables).map(TableDef::value).toArray(NativeValue[]::new);
        return new Catalog(NativeValue.withAll(values, handles -> {
            Wire.Writer out = new Wire.Writer().i32(handles.length);
            for (long handle : handles) {
                out.i64(handle);
            }
            return Native.catalogOf(out.toBytes());
        }));
    }

    /**
     * The definition of a table: of exactly this name, or else of the only one that differs in case alone.
     *
     * @param name the table's name
     * @return its definition; empty if there is none
     */
    public Optional<TableDef> table(String name) {
        long handle = value.with(catalog -> Native.catalogTable(catalog, Wire.bytes(name)));
        return handle == 0 ? Optional.empty() : Optional.of(TableDef.of(handle));
    }

    /**
     * The names of all its tables.
     *
     * @return the names, in order
     */
    public List<String> names() {
        return new Wire.Reader(value.with(Native::catalogNames)).list(Wire.Reader::text);
    }

    NativeValue value() {
        return value;
    }

    /** The tables' names, for people. */
    @Override
    public String toString() {
        return "Catalog" + names();
    }
}
