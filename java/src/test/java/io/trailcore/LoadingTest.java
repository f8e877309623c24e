package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading of the native library, and its error messages. */
class LoadingTest {
    private static final Path LIBRARY = Samples.ROOT.resolve("target/release/" + System.mapLibraryName("trailcore_jni"));

    @TempDir
    Path folder;

    private Jvm.Result dump(Map<String, String> environment, String... options) throws IOException, InterruptedException {
        return Jvm.run(folder, environment, List.of(options), "io.trailcore.ConformanceMain", List.of(Samples.BIG.toString()));
    }

    private static void assertRead(Jvm.Result result) {
        assertEquals(0, result.status(), result.err());
        assertEquals("", result.err());
        assertTrue(result.out().length > 30_000);
    }

    private static void assertLoadError(Jvm.Result result, String why) {
        assertEquals(1, result.status());
        assertTrue(result.err().contains(why), result.err());
        assertTrue(result.err().contains("-Dtrailcore.native=PATH"), result.err());
        assertTrue(result.err().contains("TRAILCORE_LIBRARY"), result.err());
    }

    @Test
    void libraryIsLoadedFromTheJarAndLeavesNoFile() throws IOException, InterruptedException {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        assertRead(dump(Map.of("TRAILCORE_LIBRARY", ""), "-Djava.io.tmpdir=" + temporary));
        try (var left = Files.list(temporary)) {
            assertEquals(List.of(), left.filter(file -> file.toString().contains("trailcore")).toList());
        }
    }

    @Test
    void libraryIsLoadedFromAPathWithoutACopy() throws IOException, InterruptedException {
        assumeTrue(Files.exists(LIBRARY), "the library is not built");
        String noCopy = "-Djava.io.tmpdir=" + folder.resolve("there-is-none");
        assertRead(dump(Map.of("TRAILCORE_LIBRARY", LIBRARY.toString()), noCopy));
        assertRead(dump(Map.of("TRAILCORE_LIBRARY", "/no/such"), "-Dtrailcore.native=" + LIBRARY, noCopy));
    }

    @Test
    void loadErrorsNameTheReason() throws IOException, InterruptedException {
        assertLoadError(dump(Map.of("TRAILCORE_LIBRARY", "/no/such/library.so")), "/no/such/library.so");
        Path text = Files.writeString(folder.resolve("text.so"), "no library");
        assertLoadError(dump(Map.of(), "-Dtrailcore.native=" + text), "text.so");
        Path other = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("zip"));
        assumeTrue(Files.exists(other));
        assertLoadError(dump(Map.of(), "-Dtrailcore.native=" + other), "is not the Java library of trailcore");
    }

    @Test
    void unsupportedMachineIsReported() throws IOException, InterruptedException {
        assertLoadError(dump(Map.of("TRAILCORE_LIBRARY", ""), "-Dos.arch=sparc"), "no native library for this machine");
        String unwritable = "-Djava.io.tmpdir=" + folder.resolve("there-is-none");
        assertLoadError(dump(Map.of("TRAILCORE_LIBRARY", ""), unwritable), "cannot copy the native library from the JAR");
    }
}
