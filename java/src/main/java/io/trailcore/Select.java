package io.trailcore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * A selection of changes, written in the language of GoldenGate parameter files: TABLE, MAP, FILTER, WHERE, TABLEEXCLUDE and
 * so on. Immutable and thread-safe; any number of readers may share it.
 *
 * <pre>{@code
 * Select select = Select.parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);");
 * try (TrailReader reader = trail.reader(new ReadOptions().select(select))) {
 *     reader.forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>A change is undecidable if a column is NULL, missing or not decodable where a value is needed. A strict selection, the
 * default, stops there with {@link TrailException.Undecidable}; a {@link #lenient} one counts and rejects such changes.
 */
public final class Select {
    /** The meaning of double quotes. */
    public enum Dialect {
        /** Double quotes enclose column names; literals are in single quotes. The default since release 12c. */
        ANSI,
        /** Double quotes enclose literals. */
        NON_ANSI
    }

    /** The unit of positions and lengths in text. */
    public enum TextUnit {
        /** Characters, as in release 26ai. The default. */
        CHARACTERS,
        /** Bytes of the text in UTF-8, as in release 12.3. */
        BYTES
    }

    private final NativeValue value;

    private Select(NativeValue value) {
        this.value = value;
    }

    /**
     * Parses statements of a parameter file.
     *
     * @param text the statements, each ended by a semicolon
     * @return the selection
     * @throws TrailException.Filter if the text is wrong; the message marks each error with a caret
     */
    public static Select parse(String text) {
        return parse(text, Dialect.ANSI);
    }

    /**
     * Parses statements of a parameter file in a dialect.
     *
     * @param text the statements
     * @param dialect the meaning of double quotes
     * @return the selection
     * @throws TrailException.Filter if the text is wrong
     */
    public static Select parse(String text, Dialect dialect) {
        NativeLibrary.load();
        return new Select(new NativeValue(Native.filterCompile(Wire.bytes(text), dialect.ordinal())));
    }

    /**
     * Reads a parameter file. Included files are searched in its directory.
     *
     * @param file the parameter file
     * @return the selection
     * @throws TrailException.Io if a file cannot be read
     * @throws TrailException.Filter if the text is wrong
     */
    public static Select fromFile(Path file) {
        return fromFile(file, Dialect.ANSI);
    }

    /**
     * Reads a parameter file in a dialect.
     *
     * @param file the parameter file
     * @param dialect the meaning of double quotes
     * @return the selection
     * @throws TrailException.Io if a file cannot be read
     * @throws TrailException.Filter if the text is wrong
     */
    public static Select fromFile(Path file, Dialect dialect) {
        NativeLibrary.load();
        return new Select(new NativeValue(Native.filterFromFile(Wire.bytes(file.toString()), dialect.ordinal())));
    }

    private Select with(int setting, long number) {
        return new Select(value.make(handle -> Native.filterWith(handle, setting, number)));
    }

    /** {@return the same selection in lenient mode: it counts and rejects changes that it cannot decide} */
    public Select lenient() {
        return with(0, 0);
    }

    /**
     * {@return the same selection with another unit of text}
     *
     * @param unit the unit
     */
    public Select textUnit(TextUnit unit) {
        return with(1, unit.ordinal());
    }

    /**
     * {@return the same selection with or without GoldenGate's limit of 17 digits in {@code @COMPUTE}}
     *
     * @param limit {@code true} to fail on more than 17 digits; {@code false} to keep all digits
     */
    public Select seventeenDigits(boolean limit) {
        return with(2, limit ? 1 : 0);
    }

    /**
     * {@return the same selection with a fixed current time for {@code @DATENOW} and lags}
     *
     * @param now the current time, with microseconds
     * @throws IllegalArgumentException if the time is out of range for 64-bit microseconds
     */
    public Select now(Instant now) {
        return with(3, Times.micros(now));
    }

    /**
     * Explains the decisions on a table: the tests in order, the inputs of each test, and the lints.
     *
     * @param table the definition of the table
     * @return the explanation, several lines
     */
    public String explain(TableDef table) {
        return Wire.text(value.with(filter -> table.value().with(handle -> Native.filterExplain(filter, handle))));
    }

    /**
     * {@return the errors of the selection for a table: unknown columns and types that cannot be compared; empty if the
     * selection fits the table} Reading with such a selection fails with {@link TrailException.Filter} at the first
     * change of the table.
     *
     * @param table the definition of the table
     */
    public List<Diagnostic> problems(TableDef table) {
        Wire.Reader in = new Wire.Reader(
                value.with(filter -> table.value().with(handle -> Native.filterProblems(filter, handle))));
        in.skip();
        return Diagnostic.list(in);
    }

    /** {@return the lints: text that works but is probably not what was meant} */
    public List<Diagnostic> lints() {
        Wire.Reader in = new Wire.Reader(value.with(Native::filterLints));
        in.skip();
        return Diagnostic.list(in);
    }

    /** {@return the lints as text, each marked with a caret; empty if there are no lints} */
    public String lintText() {
        return new Wire.Reader(value.with(Native::filterLints)).text();
    }

    /**
     * {@return whether a rule selects an object by name} FILTER and WHERE of the rule may still reject its changes.
     *
     * @param object the name of the object, such as {@code BANK.POSTINGS}
     */
    public boolean wants(String object) {
        return value.with(filter -> Native.filterWants(filter, Wire.bytes(object)));
    }

    NativeValue value() {
        return value;
    }

    /** Returns the statements, one per line: text that parses to the same selection. */
    @Override
    public String toString() {
        return Wire.text(value.with(Native::filterText));
    }
}
