/*
 * Every function of the library, over the sample trail: api SAMPLE EXPECTED_JSON SCRATCH_FOLDER [TEST...]
 *
 * Without names all tests run. With -DTC_DRILL it also calls what only libraries built for tests have, and what only debug
 * builds find out.
 */
#include "api.h"

const char *sample, *expected, *folder;
int checks;

tc_reader *open_reader(const tc_trail *trail, const char *options) {
    tc_reader *reader;
    OK(tc_reader_open(trail, options, &reader, NULL));
    return reader;
}

tc_trail *with(const tc_trail *trail, const tc_catalog *catalog, const tc_select *select) {
    tc_trail *made;
    OK(tc_trail_with(trail, catalog, select, NULL, NULL, &made));
    return made;
}

void read_lines(tc_reader *reader, size_t most, tc_buffer *lines) {
    tc_block *block;
    tc_error *error;
    for (;;) {
        size_t count;
        tc_status status = tc_reader_next_block(reader, most, &block, &error);
        if (status != TC_OK) fprintf(stderr, "%s\n", tc_error_message(error));
        CHECK(status == TC_OK && error == NULL);
        if (!block) return;
        OK(tc_block_count(block, &count));
        CHECK(count > 0 && count <= most);
        OK(tc_block_write_json(block, lines, NULL));
        tc_block_free(block);
    }
}

char *file_content(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *content = malloc(*length + 1);
    CHECK(content && fread(content, 1, *length, file) == *length);
    fclose(file);
    return content;
}

typedef struct {
    const char *name;
    void (*run)(void);
} test;

#define TEST(name) {#name, name}

static const test tests[] = {
    TEST(versions), TEST(texts_and_numbers), TEST(errors), TEST(logs), TEST(trails), TEST(memory_and_damage), TEST(sources), TEST(options), TEST(lines), TEST(read_as_one), TEST(blocks_stay), TEST(changes), TEST(statements), TEST(headers), TEST(records), TEST(reports), TEST(damage), TEST(selections), TEST(quotes), TEST(targets), TEST(hits), TEST(catalogs), TEST(hand_on), TEST(writers), TEST(lines_before_damage), TEST(arrow), TEST(live),
#ifdef TC_DRILL
    TEST(drills),
#endif
};

/* Returns whether a test is wanted: it is named, or none is. */
static int wanted(const char *name, int count, char **names) {
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return 1;
    return count == 0;
}

int main(int count, char **arguments) {
    int ran = 0;
    if (count < 4) return 2;
    sample = arguments[1];
    expected = arguments[2];
    folder = arguments[3];
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (!wanted(tests[i].name, count - 4, arguments + 4)) continue;
        tests[i].run();
        ran++;
    }
    printf("%d tests, %d checks\n", ran, checks);
    return ran > 0 ? 0 : 2;
}
