/* Opens and closes all objects repeatedly, and checks that memory does not grow: leaks SAMPLE ROUNDS */
#define _POSIX_C_SOURCE 200809L
#include "fixtures.h"

int checks;

#include <unistd.h>

/* Resident pages of this process. */
static long resident(void) {
    long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &size, &pages) == 2);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void round_of(const char *sample) {
    fixtures f = make_fixtures(sample);
    tc_column column;
    tc_error *error;
    tc_catalog *tables;
    OK(tc_block_write_json(f.block, f.buffer, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_find_column(f.change, TC_IMAGE_AFTER, "NO_SUCH", &column, &error));
    tc_error_free(error);
    OK(tc_reader_tables(f.reader, &tables));
    tc_catalog_free(tables);
    free_fixtures(&f);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    long rounds = strtol(arguments[2], NULL, 10), before = 0;
    for (long i = 0; i < rounds; i++) {
        if (i == rounds / 10) before = resident();
        round_of(arguments[1]);
    }
    long grown = resident() - before;
    printf("%ld rounds: memory grew by %ld KiB\n", rounds, grown);
    CHECK(grown < 1024);
    return 0;
}
