package io.trailcore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Trails for tests: the sample trails of the project, and generated ones. */
final class Samples {
    static final Path ROOT = Path.of(System.getProperty("trailcore.root", "..")).toAbsolutePath().normalize();
    static final Path DATA = ROOT.resolve("examples/data");
    static final Path BIG = DATA.resolve("big/bk");
    static final Path LITTLE = DATA.resolve("little/bk");

    static final TableDef RATES =
            TableDef.of("BANK.RATES", ColumnDef.varchar("CODE", 3).asKey(), ColumnDef.integer("RATE", 4));

    private static final int ROWS_PER_TRANSACTION = 100;

    private Samples() {
    }

    static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Returns a trail of one file with inserts into {@link #RATES}. */
    static byte[] rates(int rows) {
        try (TrailWriter writer = TrailWriter.inMemory("ra", new WriterOptions())) {
            for (int row = 0; row < rows; row++) {
                if (row % ROWS_PER_TRANSACTION == 0) {
                    writer.begin(Integer.toString(1000 + row), "1.2." + row, Instant.EPOCH);
                }
                writer.insert(
                        RATES, new RowImage().text("CODE", "C" + row % 10).decimal("RATE", BigDecimal.valueOf(row, 4)));
                if (row % ROWS_PER_TRANSACTION == ROWS_PER_TRANSACTION - 1 || row == rows - 1) {
                    writer.commit();
                }
            }
            Map<String, byte[]> files = writer.finish();
            return files.values().iterator().next();
        }
    }
}
