package io.trailcore;

/** Calls by documents: one function for every report, the same in every language. */
public final class Trailcore {
    private Trailcore() {
    }

    /**
     * Answers a request. {@code docs/schema} has the schemas of requests and reports. {@link Trail#check} and {@link
     * Trail#count} return two of them as objects.
     *
     * <pre>{@code
     * String report = Trailcore.call("count", "{\"path\":\"dirdat/lt\",\"options\":{\"select\":\"TABLE HR.EMP;\"}}");
     * }</pre>
     *
     * <p>The verbs {@code state} (the rows of a table as of a place), {@code history} (the changes of one row), {@code diff} (two
     * trails), {@code volume} and {@code transactions} have arguments:
     *
     * <pre>{@code
     * String rows = Trailcore.call("state", "{\"path\":\"dirdat/lt\",\"arguments\":{\"table\":\"HR.EMP\"}}");
     * }</pre>
     *
     * @param verb {@code check}, {@code count}, {@code info}, or a verb with arguments
     * @param request the request, a JSON document
     * @return the report, a JSON document
     * @throws TrailException.InvalidArgument for an unknown verb, or a request that does not have the form of its schema
     * @throws TrailException if the trail cannot be opened or read. Damage is no error of {@code check} and {@code count}
     */
    public static String call(String verb, String request) {
        NativeLibrary.load();
        return Wire.text(Native.call(Wire.bytes(verb), Wire.bytes(request)));
    }
}
