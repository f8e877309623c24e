package io.trailcore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a program in another virtual machine. */
final class Jvm {
    private Jvm() {
    }

    record Result(int status, byte[] out, String err) {
    }

    static Result run(Path folder, String program, List<String> arguments) throws IOException, InterruptedException {
        return run(folder, Map.of(), List.of(), program, arguments);
    }

    static Result run(
            Path folder, Map<String, String> environment, List<String> options, String program, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
        command.addAll(options);
        command.add(program);
        command.addAll(arguments);
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        int status = builder.start().waitFor();
        return new Result(status, Files.readAllBytes(out), Files.readString(err, StandardCharsets.UTF_8));
    }
}
