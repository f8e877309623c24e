package io.trailcore;

import java.util.List;
import java.util.OptionalLong;

/**
 * One diagnostic about the text of a filter: an error, or a lint about a filter that works.
 *
 * @param kind the kind of the diagnostic, such as {@code Syntax}, {@code QuoteMixUp} or {@code UnknownName}
 * @param isError whether the filter is unusable because of it
 * @param oggNumber the number of the corresponding GoldenGate message ({@code OGG-00370} is 370), if one is known
 * @param message the description
 * @param help the suggested text, or {@code null}
 * @param start the start in the text, in bytes of UTF-8
 * @param end the end in the text, in bytes of UTF-8
 */
public record Diagnostic(
        String kind, boolean isError, OptionalLong oggNumber, String message, String help, int start, int end) {
    static List<Diagnostic> list(Wire.Reader in) {
        return in.list(one -> new Diagnostic(
                one.text(), one.bool(), one.maybe(), one.text(), one.maybeText(), one.i32(), one.i32()));
    }
}
