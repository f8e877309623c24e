package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Native JSON is byte for byte the same as from the Rust crate. */
class ConformanceTest {
    private static final Path REAL = Samples.ROOT.resolve("../shared/real/trails");
    private static final Path PROGRAM = Samples.ROOT.resolve("target/release/trailcore");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void sampleTrailsHaveTheExpectedJson(String name) throws IOException {
        List<String> expected = Samples.lines(Samples.DATA.resolve(name + ".jsonl"));
        Trail trail = Trail.open(Samples.DATA.resolve(name).resolve("bk"));
        try (TrailReader reader = trail.reader()) {
            assertEquals(expected, reader.stream().map(Change::toJson).toList());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TrailReader reader = trail.reader()) {
            reader.writeJson(out);
        }
        assertArrayEquals(Samples.bytes(Samples.DATA.resolve(name + ".jsonl")), out.toByteArray());
    }

    @Test
    void writeJsonContinuesAfterNext() throws IOException {
        List<String> expected = Samples.lines(Samples.DATA.resolve("big.jsonl"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TrailReader reader = Trail.open(Samples.BIG).reader()) {
            assertEquals(expected.get(0), reader.next().toJson());
            assertEquals(expected.get(1), reader.next().toJson());
            reader.writeJson(out);
        }
        String rest = String.join("\n", expected.subList(2, expected.size())) + "\n";
        assertEquals(rest, out.toString(StandardCharsets.UTF_8));
    }

    /** Compares both ways to write JSON in Java with the Rust program on the same arguments. */
    private void compare(String... arguments) throws IOException, InterruptedException {
        Path expected = folder.resolve("expected");
        List<String> command = new ArrayList<>(List.of(PROGRAM.toString(), "cat"));
        command.addAll(List.of(arguments));
        Process rust = new ProcessBuilder(command).redirectOutput(expected.toFile()).redirectErrorStream(false).start();
        String rustError = new String(rust.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        // The other languages have one code for every error.
        int rustStatus = Math.min(rust.waitFor(), 1);
        for (String each : List.of("", "--each")) {
            List<String> own = new ArrayList<>(List.of(arguments));
            own.removeIf(argument -> argument.isEmpty() || argument.equals("--strict"));
            if (!each.isEmpty()) {
                own.add(each);
            }
            Jvm.Result java = Jvm.run(folder, "io.trailcore.ConformanceMain", own);
            assertEquals(rustStatus, java.status(), () -> "arguments " + own + ": " + java.err() + rustError);
            assertArrayEquals(Files.readAllBytes(expected), java.out(), () -> "arguments " + own);
            if (rustStatus != 0) {
                String first = java.err().lines().findFirst().orElseThrow();
                // The command line may add its own way out.
                assertTrue(rustError.startsWith(first), () -> java.err() + rustError);
            }
        }
    }

    private Path parameters(String text) throws IOException {
        Path file = folder.resolve("rules.prm");
        Files.writeString(file, text);
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);",
        "TABLEEXCLUDE BANK.POSTINGS; TABLE BANK.*;",
        "TABLE BANK.CUST*, WHERE (NAME = @PRESENT);",
        "TABLE *.*, FILTER (@STREQ (@GETENV ('GGHEADER', 'OPTYPE'), 'DELETE'));",
        "TABLE BANK.POSTINGS, FILTER (@STRFIND (MEMO, 'a') > 0);"
    })
    void selectionsEqualRust(String text) throws IOException, InterruptedException {
        assumeTrue(Files.exists(PROGRAM), "the Rust program is not built");
        compare(Samples.BIG.toString(), "--param-file", parameters(text).toString(), "--lenient");
        compare(Samples.LITTLE.toString(), "--param-file", parameters(text).toString(), "--strict");
    }

    @Test
    void damagedAndTornTrailsEqualRust() throws IOException, InterruptedException {
        assumeTrue(Files.exists(PROGRAM), "the Rust program is not built");
        byte[] file = Samples.bytes(Samples.DATA.resolve("big/bk000000000"));
        Path damaged = folder.resolve("bk000000000");
        Files.write(damaged, java.util.Arrays.copyOf(file, file.length - 37));
        compare(damaged.toString());
        byte[] changed = file.clone();
        changed[file.length / 2] ^= 0x55;
        changed[file.length / 2 + 300] ^= 0x55;
        Files.write(damaged, changed);
        compare(damaged.toString());
        compare(damaged.toString(), "--resync", "--all");
    }

    @Test
    void realTrailsEqualRust() throws IOException, InterruptedException {
        assumeTrue(Files.isDirectory(REAL), "no real trails in ../shared");
        assumeTrue(Files.exists(PROGRAM), "the Rust program is not built");
        try (var files = Files.list(REAL)) {
            for (Path file : files.sorted().toList()) {
                compare(file.toString());
                compare(file.toString(), "--all", "--resync");
            }
        }
    }
}
