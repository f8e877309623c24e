package io.trailcore;

import java.util.List;
import java.util.OptionalLong;

/**
 * One finding in the text of a filter: an error, or a lint that the filter works in spite of.
 *
 * @param finding what it is about, such as {@code Syntax}, {@code QuoteMixUp} or {@code UnknownName}
 * @param isError whether the filter cannot be used because of it
 * @param oggNumber the number of GoldenGate's own message ({@code OGG-00370} is 370), where one is known
 * @param message what is wrong
 * @param help what to write instead, or {@code null}
 * @param start where it stands in the text, in bytes of UTF-8
 * @param end where that ends
 */
public record Diagnostic(
        String finding, boolean isError, OptionalLong oggNumber, String message, String help, int start, int end) {
    static List<Diagnostic> list(Wire.Reader in) {
        return in.list(one -> new Diagnostic(
                one.text(), one.bool(), one.maybe(), one.text(), one.maybeText(), one.i32(), one.i32()));
    }
}
