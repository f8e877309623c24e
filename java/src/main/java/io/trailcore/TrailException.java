package io.trailcore;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What went wrong, where, and what can be done about it. Each kind is a class of its own, so that it can be caught by
 * itself; the codes are those of the Rust crate and the C library, and never change meaning.
 *
 * <pre>{@code
 * try {
 *     reader.forEach(this::load);
 * } catch (TrailException.Truncated torn) {
 *     // The writer may not be done yet: a further call goes on.
 * } catch (TrailException.Corrupt damage) {
 *     log.error("damaged at RBA {} of {}", damage.rba(), damage.file());
 * }
 * }</pre>
 *
 * <p>A message never contains column data: that is customers' data.
 */
public class TrailException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** What is known of the failure. */
    private final transient Details details;

    TrailException(Details details) {
        super(details.message);
        this.details = details;
    }

    /** The parts of a failure, as the native half tells them. */
    static final class Details {
        final int code;
        final String message;
        final String file;
        final OptionalLong rba;
        final OptionalLong offset;
        final OptionalLong record;
        final List<Diagnostic> diagnostics;

        Details(byte[] told) {
            Wire.Reader in = new Wire.Reader(told);
            code = in.u16();
            message = in.text();
            file = in.maybeText();
            rba = in.maybe();
            offset = in.maybe();
            record = in.maybe();
            diagnostics = Diagnostic.list(in);
        }

        /** A failure that this half found. */
        Details(int code, String message) {
            this.code = code;
            this.message = message;
            file = null;
            rba = OptionalLong.empty();
            offset = OptionalLong.empty();
            record = OptionalLong.empty();
            diagnostics = List.of();
        }
    }

    /** Makes the exception of a kind; the native half calls it too. */
    static TrailException of(byte[] told) {
        return of(new Details(told));
    }

    private static TrailException of(Details details) {
        return switch (details.code) {
            case 1 -> new Io(details);
            case 2 -> new NotFound(details);
            case 3 -> new NotATrail(details);
            case 4 -> new Truncated(details);
            case 5 -> new Corrupt(details);
            case 6 -> new Unsupported(details);
            case 7 -> new UndefinedTable(details);
            case 8 -> new SequenceGap(details);
            case 9 -> new InvalidPosition(details);
            case 10 -> new Definitions(details);
            case 11 -> new ColumnValue(details);
            case 12 -> new InvalidArgument(details);
            case 13 -> new Json(details);
            case 14 -> new Unencodable(details);
            case 15 -> new Filter(details);
            case 16 -> new Undecidable(details);
            case 17 -> new Cancelled(details);
            case 18 -> new SchemaChange(details);
            case 19 -> new UnknownTable(details);
            case Internal.CODE -> new Internal(details);
            default -> new TrailException(details);
        };
    }

    static ColumnValue columnValue(String message) {
        return new ColumnValue(new Details(11, message));
    }

    static Unsupported unsupported(String message) {
        return new Unsupported(new Details(6, message));
    }

    static InvalidArgument invalidArgument(String message) {
        return new InvalidArgument(new Details(12, message));
    }

    /**
     * The fixed number of its kind.
     *
     * @return the number; 0 where it was lost in serialisation
     */
    public int code() {
        return details == null ? 0 : details.code;
    }

    /**
     * The file that it lies in, as it was opened.
     *
     * @return the file; empty where none is known
     */
    public Optional<String> file() {
        return details == null ? Optional.empty() : Optional.ofNullable(details.file);
    }

    /**
     * Byte offset (RBA) of the record in its file.
     *
     * @return the offset; empty where it is not known
     */
    public OptionalLong rba() {
        return details == null ? OptionalLong.empty() : details.rba;
    }

    /**
     * Byte offset of the fault inside the record.
     *
     * @return the offset; empty where it is not known
     */
    public OptionalLong offset() {
        return details == null ? OptionalLong.empty() : details.offset;
    }

    /**
     * Number of the record in its file; the first, the file header, is 0.
     *
     * @return the number; empty where it is not known
     */
    public OptionalLong record() {
        return details == null ? OptionalLong.empty() : details.record;
    }

    /** The operating system refused a file operation. */
    public static class Io extends TrailException {
        private static final long serialVersionUID = 1;

        Io(Details details) {
            super(details);
        }
    }

    /** No trail lies at the given path. */
    public static final class NotFound extends Io {
        private static final long serialVersionUID = 1;

        NotFound(Details details) {
            super(details);
        }
    }

    /** The bytes are not those of a trail file. */
    public static final class NotATrail extends TrailException {
        private static final long serialVersionUID = 1;

        NotATrail(Details details) {
            super(details);
        }
    }

    /** The input ends inside a record: a torn tail, or a file that is still being written. A further call looks again. */
    public static final class Truncated extends TrailException {
        private static final long serialVersionUID = 1;

        Truncated(Details details) {
            super(details);
        }
    }

    /** The bytes contradict each other: the file is damaged here. {@link ReadOptions#resync} reads on behind it. */
    public static final class Corrupt extends TrailException {
        private static final long serialVersionUID = 1;

        Corrupt(Details details) {
            super(details);
        }
    }

    /** Well-formed as far as can be seen, but of a form that is not known, or encrypted. */
    public static final class Unsupported extends TrailException {
        private static final long serialVersionUID = 1;

        Unsupported(Details details) {
            super(details);
        }
    }

    /** A row refers to a table definition that the trail has not given. {@link ReadOptions#catalog} may give it. */
    public static final class UndefinedTable extends TrailException {
        private static final long serialVersionUID = 1;

        UndefinedTable(Details details) {
            super(details);
        }
    }

    /** Files are missing between two sequence numbers. */
    public static final class SequenceGap extends TrailException {
        private static final long serialVersionUID = 1;

        SequenceGap(Details details) {
            super(details);
        }
    }

    /** A position that is not the start of a record, or lies outside the trail. */
    public static final class InvalidPosition extends TrailException {
        private static final long serialVersionUID = 1;

        InvalidPosition(Details details) {
            super(details);
        }
    }

    /** A definitions (DEFGEN) file that cannot be understood. */
    public static final class Definitions extends TrailException {
        private static final long serialVersionUID = 1;

        Definitions(Details details) {
            super(details);
        }
    }

    /** A column does not hold what was asked of it: another type, NULL, missing, or not decodable. */
    public static final class ColumnValue extends TrailException {
        private static final long serialVersionUID = 1;

        ColumnValue(Details details) {
            super(details);
        }
    }

    /** An argument that no input could make right. */
    public static final class InvalidArgument extends TrailException {
        private static final long serialVersionUID = 1;

        InvalidArgument(Details details) {
            super(details);
        }
    }

    /** A change that has no native JSON form. */
    public static final class Json extends TrailException {
        private static final long serialVersionUID = 1;

        Json(Details details) {
            super(details);
        }
    }

    /** Something that the trail format has no room for. */
    public static final class Unencodable extends TrailException {
        private static final long serialVersionUID = 1;

        Unencodable(Details details) {
            super(details);
        }
    }

    /** A filter whose text is not understood, or that does not fit a table. The message has a caret under each place. */
    public static final class Filter extends TrailException {
        private static final long serialVersionUID = 1;

        private final transient List<Diagnostic> diagnostics;

        Filter(Details details) {
            super(details);
            diagnostics = details.diagnostics;
        }

        /**
         * What is wrong with the text, finding by finding.
         *
         * @return the findings; empty where the text came from a file, or fits its grammar but not a table
         */
        public List<Diagnostic> diagnostics() {
            return diagnostics == null ? List.of() : diagnostics;
        }
    }

    /** A change that a strict filter could not decide on. A further call goes on behind it. */
    public static final class Undecidable extends TrailException {
        private static final long serialVersionUID = 1;

        Undecidable(Details details) {
            super(details);
        }
    }

    /** A {@link ProgressListener} stopped the work. A further call goes on where it stopped. */
    public static final class Cancelled extends TrailException {
        private static final long serialVersionUID = 1;

        Cancelled(Details details) {
            super(details);
        }
    }

    /** A table's definition changes where one that stays was asked for. */
    public static final class SchemaChange extends TrailException {
        private static final long serialVersionUID = 1;

        SchemaChange(Details details) {
            super(details);
        }
    }

    /** A table of that name does not occur in the trail. */
    public static final class UnknownTable extends TrailException {
        private static final long serialVersionUID = 1;

        UnknownTable(Details details) {
            super(details);
        }
    }

    /** A mistake in trailcore itself, which should be reported. The object that was at work can only be closed. */
    public static final class Internal extends TrailException {
        private static final long serialVersionUID = 1;
        static final int CODE = 1005;

        Internal(Details details) {
            super(details);
        }
    }
}
