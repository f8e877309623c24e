package example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.trailcore.Trailcore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gauges of Micrometer for the streams of GoldenGate: their health, and their lag in seconds. Call {@link #observe} from a scheduler,
 * such as every minute, after the artefacts were written anew. A value that is not known has no gauge.
 */
public final class HealthGauges {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Path> artefacts;
    private final MultiGauge health;
    private final MultiGauge lag;
    /** The facts of the last observation: whether a process moves follows from two of them. */
    private JsonNode memory;

    public HealthGauges(List<Path> artefacts, MeterRegistry registry) {
        this.artefacts = List.copyOf(artefacts);
        health = MultiGauge.builder("goldengate.stream.health").description("1 for the present health").register(registry);
        lag = MultiGauge.builder("goldengate.stream.lag").baseUnit("seconds").register(registry);
    }

    /** Reads the artefacts, and sets the gauges. */
    public synchronized void observe() throws JsonProcessingException {
        ObjectNode request = JSON.createObjectNode();
        ArrayNode inputs = request.putArray("inputs");
        artefacts.forEach(path -> put(inputs.addObject(), path));
        // With the current time, artefacts that nobody writes any more are a finding.
        request.put("now", Instant.now().toString());
        if (memory != null) {
            request.set("memory", memory);
        }
        JsonNode report = JSON.readTree(Trailcore.call("ops.health", request.toString()));
        memory = report.get("memory");
        List<MultiGauge.Row<?>> healths = new ArrayList<>();
        List<MultiGauge.Row<?>> lags = new ArrayList<>();
        for (JsonNode stream : report.get("streams")) {
            Tags tags = Tags.of("deployment", stream.get("deployment").asText(), "stream", stream.get("stream").asText());
            healths.add(MultiGauge.Row.of(tags.and("health", stream.get("health").asText()), 1));
            millis(stream).ifPresent(millis -> lags.add(MultiGauge.Row.of(tags, millis / 1000.0)));
        }
        // A row that is not there any more disappears.
        health.register(healths, true);
        lag.register(lags, true);
    }

    /** Puts an artefact into a request. The contents of a file are of the time at which it was written. */
    private static void put(ObjectNode input, Path path) {
        input.put("path", path.toString());
        try {
            input.put("observed", Files.getLastModifiedTime(path).toInstant().toString());
        } catch (IOException missing) {
            // The report states that it cannot be read.
        }
    }

    /** Returns the lag that the process measured, or else that of its checkpoint. */
    private static Optional<Long> millis(JsonNode stream) {
        for (String definition : List.of("process", "checkpoint")) {
            for (JsonNode lag : stream.get("lags")) {
                if (definition.equals(lag.get("definition").asText())) {
                    return Optional.of(lag.get("millis").asLong());
                }
            }
        }
        return Optional.empty();
    }

    /** Prints the gauges once: {@code java -jar health.jar info-all.txt ggserr.log}. */
    public static void main(String[] arguments) throws JsonProcessingException {
        MeterRegistry registry = new SimpleMeterRegistry();
        new HealthGauges(List.of(arguments).stream().map(Path::of).toList(), registry).observe();
        registry.getMeters().stream()
                .flatMap(meter -> java.util.stream.StreamSupport.stream(meter.measure().spliterator(), false)
                        .map(value -> meter.getId().getName() + meter.getId().getTags() + " " + value.getValue()))
                .sorted()
                .forEach(System.out::println);
    }
}
