package io.trailcore;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Table definitions by name, from definitions (DEFGEN) files. Trails of releases before 12.2 need them. Immutable and
 * thread-safe.
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
     * Reads a definitions file.
     *
     * @param file the file
     * @return the catalog
     * @throws TrailException.Io if the file cannot be read
     * @throws TrailException.Definitions if the file cannot be understood; the message names the line
     */
    public static Catalog open(Path file) {
        NativeLibrary.load();
        return new Catalog(Native.catalogOpen(Wire.bytes(file.toString())));
    }

    /**
     * Parses the bytes of a definitions file.
     *
     * @param text the bytes of the file
     * @return the catalog
     * @throws TrailException.Definitions if the bytes cannot be understood; the message names the line
     */
    public static Catalog parse(byte[] text) {
        NativeLibrary.load();
        return new Catalog(Native.catalogParse(Objects.requireNonNull(text)));
    }

    /**
     * {@return a catalog of these definitions} If several have the same name, the last one wins.
     *
     * @param tables the definitions
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
     * {@return the definition of a table; empty if there is none} The name matches exactly, or else ignoring case if
     * only one table matches so.
     *
     * @param name the name of the table
     */
    public Optional<TableDef> table(String name) {
        long handle = value.with(catalog -> Native.catalogTable(catalog, Wire.bytes(name)));
        return handle == 0 ? Optional.empty() : Optional.of(TableDef.of(handle));
    }

    /** {@return the names of all tables} */
    public List<String> names() {
        return new Wire.Reader(value.with(Native::catalogNames)).list(Wire.Reader::text);
    }

    NativeValue value() {
        return value;
    }

    /** Returns the names of the tables, for display. */
    @Override
    public String toString() {
        return "Catalog" + names();
    }
}
