package io.trailcore;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The base class of all errors: what went wrong, where, and the way out. Each error kind is a class of its own. The codes are
 * the same as in the Rust crate and the C library, and never change their meaning.
 *
 * <pre>{@code
 * try {
 *     reader.forEach(this::load);
 * } catch (TrailException.Truncated torn) {
 *     // The trail may still be written: the next call checks again.
 * } catch (TrailException.Corrupt damage) {
 *     log.error("damaged at RBA {} of {}", damage.rba(), damage.file());
 * }
 * }</pre>
 *
 * <p>A message never contains column data, because that is customer data.
 */
public class TrailException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Everything but the message. Not serialized. */
    private final transient Details details;

    TrailException(Details details) {
        super(details.message);
        this.details = details;
    }

    /** The fields of an error, in the order of the native library's message. */
    static final class Details {
        final int code;
        final String message;
        final String file;
        final OptionalLong rba;
        final OptionalLong offset;
        final OptionalLong record;
        final List<Diagnostic> diagnostics;

        Details(byte[] encoded) {
            Wire.Reader in = new Wire.Reader(encoded);
            code = in.u16();
            message = in.text();
            file = in.maybeText();
            rba = in.maybe();
            offset = in.maybe();
            record = in.maybe();
            diagnostics = Diagnostic.list(in);
        }

        /** An error that was detected in Java. */
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

    /** Creates the exception of a message. Also called by the native library. */
    static TrailException of(byte[] encoded) {
        return of(new Details(encoded));
    }

    private static TrailException of(Details details) {
        return switch (details.code) {
            // generated: error kinds
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
            case 20 -> new Internal(details);
            // end of generated
            case Panic.CODE -> new Panic(details);
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

    /** {@return the fixed number of the error kind; 0 after deserialization, which loses it} */
    public int code() {
        return details == null ? 0 : details.code;
    }

    /** {@return the file with the error, by the name with which it was opened; empty if it is not known} */
    public Optional<String> file() {
        return details == null ? Optional.empty() : Optional.ofNullable(details.file);
    }

    /** {@return the byte offset (RBA) of the record in its file; empty if it is not known} */
    public OptionalLong rba() {
        return details == null ? OptionalLong.empty() : details.rba;
    }

    /** {@return the byte offset of the fault in the record; empty if it is not known} */
    public OptionalLong offset() {
        return details == null ? OptionalLong.empty() : details.offset;
    }

    /**
     * {@return the number of the record in its file; empty if it is not known} The first record, which is the file
     * header, is 0.
     */
    public OptionalLong record() {
        return details == null ? OptionalLong.empty() : details.record;
    }

    /** {@return what is wrong with the text of a selection; empty for other errors, and if the text is in a file} */
    public List<Diagnostic> diagnostics() {
        return details == null ? List.of() : details.diagnostics;
    }

    // generated: classes of error kinds
    /** The operating system reported an error on a file operation. */
    public static class Io extends TrailException {
        private static final long serialVersionUID = 1;

        Io(Details details) {
            super(details);
        }
    }

    /** No trail exists at the given path. */
    public static final class NotFound extends Io {
        private static final long serialVersionUID = 1;

        NotFound(Details details) {
            super(details);
        }
    }

    /** The bytes are not a trail file. */
    public static final class NotATrail extends TrailException {
        private static final long serialVersionUID = 1;

        NotATrail(Details details) {
            super(details);
        }
    }

    /** The input ends inside a record: the file is torn, or is still being written. */
    public static final class Truncated extends TrailException {
        private static final long serialVersionUID = 1;

        Truncated(Details details) {
            super(details);
        }
    }

    /** The bytes contradict each other: the file is damaged at this location. */
    public static final class Corrupt extends TrailException {
        private static final long serialVersionUID = 1;

        Corrupt(Details details) {
            super(details);
        }
    }

    /** The data are well-formed but of an unknown form; the raw bytes stay readable. */
    public static final class Unsupported extends TrailException {
        private static final long serialVersionUID = 1;

        Unsupported(Details details) {
            super(details);
        }
    }

    /** A row refers to a table definition that the trail does not contain. */
    public static final class UndefinedTable extends TrailException {
        private static final long serialVersionUID = 1;

        UndefinedTable(Details details) {
            super(details);
        }
    }

    /** Files are missing between two sequence numbers of the trail. */
    public static final class SequenceGap extends TrailException {
        private static final long serialVersionUID = 1;

        SequenceGap(Details details) {
            super(details);
        }
    }

    /** The position is not the start of a record, or is outside the trail. */
    public static final class InvalidPosition extends TrailException {
        private static final long serialVersionUID = 1;

        InvalidPosition(Details details) {
            super(details);
        }
    }

    /** The definitions (DEFGEN) file cannot be parsed. */
    public static final class Definitions extends TrailException {
        private static final long serialVersionUID = 1;

        Definitions(Details details) {
            super(details);
        }
    }

    /** The column cannot be read as requested: it has another type, is NULL, is missing, or cannot be decoded. */
    public static final class ColumnValue extends TrailException {
        private static final long serialVersionUID = 1;

        ColumnValue(Details details) {
            super(details);
        }
    }

    /** An argument is invalid for any input. */
    public static final class InvalidArgument extends TrailException {
        private static final long serialVersionUID = 1;

        InvalidArgument(Details details) {
            super(details);
        }
    }

    /** The text is not in the native JSON form, or a change cannot be written in it. */
    public static final class Json extends TrailException {
        private static final long serialVersionUID = 1;

        Json(Details details) {
            super(details);
        }
    }

    /** The trail format cannot represent the change or value. */
    public static final class Unencodable extends TrailException {
        private static final long serialVersionUID = 1;

        Unencodable(Details details) {
            super(details);
        }
    }

    /** The filter text is not valid, or does not fit the table. */
    public static final class Filter extends TrailException {
        private static final long serialVersionUID = 1;

        Filter(Details details) {
            super(details);
        }
    }

    /** A filter in strict mode cannot decide on a change. */
    public static final class Undecidable extends TrailException {
        private static final long serialVersionUID = 1;

        Undecidable(Details details) {
            super(details);
        }
    }

    /** The caller cancelled the operation; the next call continues where it stopped. */
    public static final class Cancelled extends TrailException {
        private static final long serialVersionUID = 1;

        Cancelled(Details details) {
            super(details);
        }
    }

    /** The definition of a table changes, but a constant one was requested. */
    public static final class SchemaChange extends TrailException {
        private static final long serialVersionUID = 1;

        SchemaChange(Details details) {
            super(details);
        }
    }

    /** The trail does not contain a table of this name. */
    public static final class UnknownTable extends TrailException {
        private static final long serialVersionUID = 1;

        UnknownTable(Details details) {
            super(details);
        }
    }

    /** A defect of trailcore: an internal invariant does not hold. The message names the place in its source; report it. */
    public static class Internal extends TrailException {
        private static final long serialVersionUID = 1;

        Internal(Details details) {
            super(details);
        }
    }
    // end of generated

    /** A panic of the native library, which was caught. Report it. The affected object can only be closed. */
    public static final class Panic extends Internal {
        private static final long serialVersionUID = 1;
        static final int CODE = 1005;

        Panic(Details details) {
            super(details);
        }
    }
}
