package io.trailcore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

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
public final class Select extends Options<Select> {
    /** The meaning of double quotes. */
    public enum Dialect {
        /** Double quotes enclose column names; literals are in single quotes. The default since release 12c. */
        ANSI,
        /** Double quotes enclose literals. */
        NONANSI
    }

    private final NativeValue value;

    private Select(Map<String, Object> values, NativeValue value) {
        super(values);
        this.value = value;
    }

    @Override
    Select copy(Map<String, Object> changed) {
        return new Select(changed, value.make(handle -> Native.filterWith(handle, Wire.bytes(Json.write(changed)))));
    }

    private static Select of(String source, Map<String, Object> values, boolean isFile) {
        NativeLibrary.load();
        long handle = Native.filterOf(Wire.bytes(source), Wire.bytes(Json.write(values)), isFile);
        return new Select(values, new NativeValue(handle));
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
        return of(text, Map.of("dialect", word(dialect)), false);
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
        return of(file.toString(), Map.of("dialect", word(dialect)), true);
    }

    /**
     * Reads a parameter file in a dialect, with included files that are also looked up in the home of GoldenGate, before the current
     * folder.
     *
     * @param file the parameter file
     * @param dialect the meaning of double quotes
     * @param home the home of GoldenGate
     * @return the selection
     * @throws TrailException.Io if a file cannot be read
     * @throws TrailException.Filter if the text is wrong
     */
    public static Select fromFile(Path file, Dialect dialect, Path home) {
        return of(file.toString(), Map.of("dialect", word(dialect), "home", home.toString()), true);
    }

    /** {@return the same selection in lenient mode: it counts and rejects changes that it cannot decide} */
    public Select lenient() {
        return lenient(true);
    }

    // generated: options
    /** The unit in which positions and lengths of text are counted. The documentation of 12.3 and of 26ai differ. */
    public enum TextUnit {
        /** Characters (26ai). */
        CHARACTERS,
        /** Bytes of the text as UTF-8 (12.3). */
        BYTES
    }

    /**
     * Sets {@code lenient}. Undecidable changes are counted and rejected, instead of ending the reading with an error.
     *
     * @param value the value
     * @return the new options
     */
    public Select lenient(boolean value) {
        return with("lenient", value);
    }

    /**
     * Sets {@code textUnit}. The unit in which positions and lengths of text are counted.
     *
     * @param value the value
     * @return the new options
     */
    public Select textUnit(TextUnit value) {
        return with("text_unit", Options.word(value));
    }

    /**
     * Sets {@code seventeenDigits}. @COMPUTE fails if a number has more than 17 digits, as in GoldenGate. Otherwise all
     * digits are kept.
     *
     * @param value the value
     * @return the new options
     */
    public Select seventeenDigits(boolean value) {
        return with("seventeen_digits", value);
    }

    /**
     * Sets {@code now}. A fixed clock for @DATENOW and lags; the system clock if it is not set.
     *
     * @param value the value
     * @return the new options
     */
    public Select now(Instant value) {
        return with("now", io.trailcore.Times.text(value));
    }

    // end of generated

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
