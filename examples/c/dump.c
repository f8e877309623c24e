/*
 * Prints the changes of a trail as native JSON, one line each: dump PATH [--param-file FILE]
 *
 * Exits with 0 on success, 1 on damage or another error (after printing the changes before it), 2 on wrong arguments.
 */
#include <stdio.h>
#include <string.h>

#include <trailcore.h>

/* Prints one line of JSON for each change of a block. */
static tc_status print_block(const tc_block *block, tc_buffer *line, tc_error **error) {
    size_t count;
    tc_status status = tc_block_count(block, &count);
    for (size_t i = 0; status == TC_OK && i < count; i++) {
        const tc_change *change;
        tc_str text;
        tc_buffer_clear(line);
        if ((status = tc_block_change(block, i, &change)) != TC_OK) return status;
        if ((status = tc_change_write_json(change, line, error)) != TC_OK) return status;
        if ((status = tc_buffer_text(line, &text)) != TC_OK) return status;
        fwrite(text.data, 1, text.length, stdout);
        putchar('\n');
    }
    return status;
}

static tc_status dump(const char *path, const char *param_file, tc_error **error) {
    tc_trail *trail = NULL, *selected = NULL;
    tc_select *select = NULL;
    tc_reader *reader = NULL;
    tc_buffer *line = NULL;

    tc_status status = tc_trail_open(path, &trail, error);
    if (status == TC_OK && param_file) status = tc_select_open(param_file, NULL, &select, error);
    if (status == TC_OK) status = tc_trail_with(trail, NULL, select, NULL, NULL, &selected);
    if (status == TC_OK) status = tc_reader_open(selected, NULL, &reader, error);
    if (status == TC_OK) status = tc_buffer_new(&line);
    while (status == TC_OK) {
        tc_block *block;
        status = tc_reader_next_block(reader, 1000, &block, error);
        if (status != TC_OK || !block) break;
        status = print_block(block, line, error);
        tc_block_free(block);
    }
    tc_buffer_free(line);
    tc_reader_free(reader);
    tc_select_free(select);
    tc_trail_free(selected);
    tc_trail_free(trail);
    return status;
}

int main(int count, char **arguments) {
    const char *param_file = NULL;
    if (count == 4 && strcmp(arguments[2], "--param-file") == 0) {
        param_file = arguments[3];
    } else if (count != 2) {
        fprintf(stderr, "usage: dump PATH [--param-file FILE]\n");
        return 2;
    }
    tc_error *error = NULL;
    tc_status status = dump(arguments[1], param_file, &error);
    if (fflush(stdout) != 0) return 1;
    if (status != TC_OK) fprintf(stderr, "dump: %s\n", error ? tc_error_message(error) : tc_status_name(status));
    tc_error_free(error);
    return status == TC_OK ? 0 : 1;
}
