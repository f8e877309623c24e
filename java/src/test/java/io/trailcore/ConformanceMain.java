package io.trailcore;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

/**
 * Prints the changes of a trail as native JSON, a line each, with the options of {@code trailcore cat} that the conformance
 * tests use; {@code --each} reads change by change instead of by the block.
 */
final class ConformanceMain {
    private static final String USAGE =
            "usage: ConformanceMain PATH [--param-file FILE] [--lenient] [--defs FILE] [--all] [--resync] [--each]";

    private ConformanceMain() {
    }

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    private static int run(String[] arguments) {
        ReadOptions options = new ReadOptions();
        Path path = null;
        boolean each = false;
        Queue<String> rest = new ArrayDeque<>(Arrays.asList(arguments));
        try (OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16)) {
            boolean lenient = rest.remove("--lenient");
            while (!rest.isEmpty()) {
                String argument = rest.remove();
                switch (argument) {
                    case "--param-file" -> options = options.select(filter(rest.remove(), lenient));
                    case "--defs" -> options = options.catalog(Catalog.open(Path.of(rest.remove())));
                    case "--all" -> options = options.includeNonChanges(true);
                    case "--resync" -> options = options.resync(true);
                    case "--each" -> each = true;
                    default -> {
                        if (path != null || argument.startsWith("-")) {
                            return wrong();
                        }
                        path = Path.of(argument);
                    }
                }
            }
            return path == null ? wrong() : print(Trail.open(path), options, each, out);
        } catch (java.util.NoSuchElementException missing) {
            return wrong();
        } catch (TrailException | IOException | UnsatisfiedLinkError error) {
            System.err.println("trailcore: " + error.getMessage());
            return 1;
        }
    }

    private static int wrong() {
        System.err.println(USAGE);
        return 2;
    }

    private static Select filter(String file, boolean lenient) {
        Select filter = Select.fromFile(Path.of(file));
        return lenient ? filter.lenient() : filter;
    }

    private static int print(Trail trail, ReadOptions options, boolean each, OutputStream out) throws IOException {
        try (TrailReader reader = trail.reader(options)) {
            if (each) {
                for (Change change : reader) {
                    out.write(change.toJsonBytes());
                    out.write('\n');
                }
            } else {
                reader.writeJson(out);
            }
            for (Skipped skipped : reader.skipped()) {
                System.err.println("trailcore: skipped " + skipped.from() + " to " + skipped.to() + ": "
                        + skipped.error().getMessage());
            }
            return reader.skipped().isEmpty() ? 0 : 1;
        }
    }
}
