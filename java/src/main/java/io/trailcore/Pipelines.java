package io.trailcore;

import java.util.Map;

/**
 * Running pipelines: each moves the changes of a trail on to files, another trail or tables, exactly once. docs/pipelines.md has the
 * guarantees of each sink, and the form of the documents.
 *
 * <pre>{@code
 * try (Pipelines pipelines = Pipelines.start(Files.readString(Path.of("pipelines.toml")))) {
 *     pipelines.drain(); // to the end of what is there now
 *     System.out.println(pipelines.status());
 * }
 * }</pre>
 *
 * <p><b>Threads.</b> Any thread may call any method; calls exclude each other.
 */
public final class Pipelines implements AutoCloseable {
    private final NativeWorker worker;

    private Pipelines(long handle) {
        worker = new NativeWorker(handle, "Pipelines");
    }

    /**
     * Starts the pipelines of a TOML text. What they meet later is in their status.
     *
     * @param toml the text
     * @return the running pipelines
     * @throws TrailException.InvalidArgument for a text or options that are not valid; nothing runs then
     */
    public static Pipelines start(String toml) {
        NativeLibrary.load();
        return new Pipelines(Native.pipelinesStart(Wire.bytes(toml)));
    }

    /** {@return how each pipeline is, as JSON} */
    public String status() {
        return call("status", "{}");
    }

    /**
     * Answers a request as JSON.
     *
     * @param verb {@code status}; {@code pause}, {@code resume}, {@code drain}, {@code stop}; {@code difference}, {@code apply}
     * @param request such as <code>{"pipeline":"NAME"}</code>, or <code>{}</code>
     * @return the answer
     * @throws TrailException.InvalidArgument for an unknown verb or pipeline
     * @throws TrailException the error that has ended a pipeline
     */
    public String call(String verb, String request) {
        long pipelines = worker.enter();
        try {
            return Wire.text(Native.pipelinesCall(pipelines, Wire.bytes(verb), Wire.bytes(request)));
        } finally {
            worker.leave();
        }
    }

    /**
     * Returns the mistakes of pipelines without starting them: missing files, tables and columns, sinks that cannot be written to.
     *
     * @param toml the text
     * @return a line for each mistake
     * @throws TrailException.InvalidArgument for a text that is not valid
     */
    public static java.util.List<String> validate(String toml) {
        String answer = Trailcore.call("pipelines.validate", Json.write(Map.of("toml", toml)));
        return Json.parse(answer).get("mistakes").list(Json::text);
    }

    /**
     * Moves all pipelines to the end of what is there now, and stops them. Other threads can call meanwhile.
     *
     * @throws TrailException the error that has ended a pipeline
     */
    public void drain() {
        // In short waits, so that other calls come between them.
        while (!Json.parse(call("drain", "{\"within\":100}")).get("has_ended").bool()) {
            Thread.onSpinWait();
        }
    }

    /**
     * Stops the pipelines, after a commit of what was read. May be called twice.
     *
     * @throws TrailException the error that has ended a pipeline, or that of the commit
     */
    @Override
    public void close() {
        if (worker.isClosed()) {
            return;
        }
        try {
            call("stop", "{}");
        } finally {
            worker.close();
        }
    }
}
