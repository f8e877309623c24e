package io.trailcore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/**
 * Which changes are wanted, in the language that GoldenGate's parameter files are written in: TABLE, MAP, FILTER, WHERE,
 * TABLEEXCLUDE and the rest. Immutable; any thread may use it, and any number of readers.
 *
 * <pre>{@code
 * TrailFilter filter = TrailFilter.compile("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);");
 * try (TrailReader reader = trail.reader(new ReadOptions().filter(filter))) {
 *     reader.forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>A strict filter, the default, stops with {@link TrailException.Undecidable} at a change that it cannot decide on,
 * since a column is NULL, missing or not decodable where a value is needed; a {@link #lenient} one counts such changes and
 * turns them away.
 */
public final class TrailFilter {
    /** What double quotes are. */
    public enum Dialect {
        /** Quotes of column names; literals are in single quotes. The default since release 12c. */
        ANSI,
        /** Quotes of literals. */
        NON_ANSI
    }

    /** In what unit positions and lengths of text are counted. */
    public enum TextUnit {
        /** Characters, as 26ai counts. The default. */
        CHARACTERS,
        /** Bytes of the text as UTF-8, as 12.3 counts. */
        BYTES
    }

    private final NativeValue value;

    private TrailFilter(NativeValue value) {
        this.value = value;
    }

    /**
     * Compiles statements of a parameter file.
     *
     * @param text the statements, each ended by a semicolon
     * @return the filter
     * @throws TrailException.Filter where the text is wrong: the message has a caret under each place
     */
    public static TrailFilter compile(String text) {
        return compile(text, Dialect.ANSI);
    }

    /**
     * The same in another dialect.
     *
     * @param text the statements
     * @param dialect what double quotes are
     * @return the filter
     * @throws TrailException.Filter where the text is wrong
     */
    public static TrailFilter compile(String text, Dialect dialect) {
        NativeLibrary.load();
        return new TrailFilter(new NativeValue(Native.filterCompile(Wire.bytes(text), dialect.ordinal())));
    }

    /**
     * Compiles a parameter file. Files that it includes are looked for in its own folder.
     *
     * @param file the parameter file
     * @return the filter
     * @throws TrailException.Io where a file cannot be read
     * @throws TrailException.Filter where its text is wrong
     */
    public static TrailFilter open(Path file) {
        return open(file, Dialect.ANSI);
    }

    /**
     * The same in another dialect.
     *
     * @param file the parameter file
     * @param dialect what double quotes are
     * @return the filter
     * @throws TrailException.Io where a file cannot be read
     * @throws TrailException.Filter where its text is wrong
     */
    public static TrailFilter open(Path file, Dialect dialect) {
        NativeLibrary.load();
        return new TrailFilter(new NativeValue(Native.filterFromFile(Wire.bytes(file.toString()), dialect.ordinal())));
    }

    private TrailFilter with(int setting, long number) {
        return new TrailFilter(value.make(handle -> Native.filterWith(handle, setting, number)));
    }

    /**
     * The same filter, which counts changes that it cannot decide on, and turns them away.
     *
     * @return the filter
     */
    public TrailFilter lenient() {
        return with(0, 0);
    }

    /**
     * The same filter with another unit of text.
     *
     * @param unit the unit
     * @return the filter
     */
    public TrailFilter textUnit(TextUnit unit) {
        return with(1, unit.ordinal());
    }

    /**
     * The same filter, whose {@code @COMPUTE} fails beyond 17 digits, as GoldenGate's does, or keeps all digits.
     *
     * @param limit whether it fails
     * @return the filter
     */
    public TrailFilter seventeenDigits(boolean limit) {
        return with(2, limit ? 1 : 0);
    }

    /**
     * The same filter with a clock that stands still, for {@code @DATENOW} and lags.
     *
     * @param now what its clock says; to the microsecond
     * @return the filter
     * @throws IllegalArgumentException where that is beyond what microseconds of 64 bits can count
     */
    public TrailFilter now(Instant now) {
        return with(3, Times.micros(now));
    }

    /**
     * How it decides on a table: its tests in their order, what each looks at, and what is doubtful, as text.
     *
     * @param table the table's definition
     * @return the explanation, some lines
     */
    public String explain(TableDef table) {
        return Wire.text(value.with(filter -> table.value().with(handle -> Native.filterExplain(filter, handle))));
    }

    /**
     * What does not fit a table: columns that it has not, types that cannot be compared. Such a filter fails with
     * {@link TrailException.Filter} at the table's first change.
     *
     * @param table the table's definition
     * @return the findings; empty where all fits
     */
    public List<Diagnostic> problems(TableDef table) {
        Wire.Reader in = new Wire.Reader(
                value.with(filter -> table.value().with(handle -> Native.filterProblems(filter, handle))));
        in.pass();
        return Diagnostic.list(in);
    }

    /**
     * What is doubtful in its text, though it works.
     *
     * @return the findings
     */
    public List<Diagnostic> lints() {
        Wire.Reader in = new Wire.Reader(value.with(Native::filterLints));
        in.pass();
        return Diagnostic.list(in);
    }

    /**
     * The lints as text, with a caret under each place.
     *
     * @return some lines; empty where there are no lints
     */
    public String lintText() {
        return new Wire.Reader(value.with(Native::filterLints)).text();
    }

    /**
     * Whether a rule wants an object, by its name alone. Its FILTER and WHERE may still turn changes away.
     *
     * @param object the object's name, such as {@code BANK.POSTINGS}
     * @return whether one does
     */
    public boolean wants(String object) {
        return value.with(filter -> Native.filterWants(filter, Wire.bytes(object)));
    }

    NativeValue value() {
        return value;
    }

    /** Its statements, one a line: text that compiles to the same filter. */
    @Override
    public String toString() {
        return Wire.text(value.with(Native::filterText));
    }
}
