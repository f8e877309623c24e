package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines: the changes that they move, and the error at their end. */
@Timeout(300)
class PipelinesTest {
    private static String toml(Path folder, String more) {
        return """
            [[pipeline]]
            name = "postings"
            trail = "%s"
            select = "TABLE BANK.POSTINGS;"
            [[pipeline.sink]]
            kind = "jsonl"
            path = "%s"
            %s
            """
            .formatted(Samples.BIG, folder, more);
    }

    @Test
    void changesAreMovedToTheEndOfTheTrail(@TempDir Path folder) throws IOException {
        Pipelines pipelines = Pipelines.start(toml(folder, ""));
        pipelines.drain();
        assertTrue(pipelines.status().contains("\"changes\":52"), pipelines.status());
        pipelines.close();
        pipelines.close();
        assertThrows(IllegalStateException.class, pipelines::status);
        try (Stream<Path> files = Files.walk(folder)) {
            long lines = 0;
            for (Path file : files.filter(file -> file.toString().endsWith(".jsonl")).toList()) {
                lines += Files.readAllLines(file).size();
            }
            assertEquals(52, lines);
        }
    }

    @Test
    void theErrorThatHasEndedAPipelineComesOutOnce(@TempDir Path folder) throws InterruptedException {
        String drop = "[[pipeline.map]]\ntable = \"BANK.POSTINGS\"\ndrop = [\"NOPE\"]\n";
        Pipelines drained = Pipelines.start(toml(folder, drop));
        TrailException thrown = assertThrows(TrailException.class, drained::drain);
        assertTrue(thrown.getMessage().contains("NOPE"), thrown.getMessage());
        drained.close();
        Pipelines closed = Pipelines.start(toml(folder, drop));
        while (!closed.status().contains("\"failed\"")) {
            Thread.sleep(1);
        }
        thrown = assertThrows(TrailException.class, closed::close);
        assertTrue(thrown.getMessage().contains("NOPE"), thrown.getMessage());
        closed.close();
    }
}
