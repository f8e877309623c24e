/*
 * The C side of `make bench-c`: every column of every change of a trail is touched, as ffi/examples/touch.rs does it.
 *
 * touch PATH prints the seconds that it took, the number of columns, and a checksum of all values.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <trailcore.h>

#define MOST_COLUMNS 64

static uint64_t columns_seen, check;

static void require(tc_status status, tc_error *error) {
    if (status == TC_OK) return;
    fprintf(stderr, "touch: %s\n", error ? tc_error_message(error) : tc_status_name(status));
    exit(1);
}

static uint64_t value_of(const tc_column *column) {
    if (column->state == TC_STATE_INVALID) return column->bytes.length;
    switch (column->type) {
    case TC_TYPE_DECIMAL: return column->decimal.low;
    case TC_TYPE_DATETIME: return (uint64_t)column->datetime.micros;
    case TC_TYPE_NONE: return 1;
    default: return column->bytes.length;
    }
}

static void touch_change(const tc_block *block, size_t place) {
    tc_column columns[MOST_COLUMNS];
    tc_change_info info;
    size_t before, after;
    tc_error *error;
    info.size = sizeof info;
    require(tc_block_read(block, place, &info, columns, MOST_COLUMNS, &before, &after, &error), error);
    check += info.position.rba + (uint64_t)info.timestamp;
    for (size_t i = 0; i < before + after; i++) {
        check = check * 31 + value_of(&columns[i]) + columns[i].index;
    }
    columns_seen += before + after;
}

static void touch(const char *path) {
    tc_trail *trail;
    tc_reader *reader;
    tc_block *block;
    tc_error *error;
    columns_seen = check = 0;
    require(tc_trail_open(path, &trail, &error), error);
    require(tc_reader_open(trail, NULL, &reader, &error), error);
    for (;;) {
        size_t count;
        require(tc_reader_next_block(reader, 4096, &block, &error), error);
        if (!block) break;
        require(tc_block_count(block, &count), NULL);
        for (size_t i = 0; i < count; i++) {
            touch_change(block, i);
        }
        tc_block_free(block);
    }
    tc_reader_free(reader);
    tc_trail_free(trail);
}

int main(int count, char **arguments) {
    struct timespec start, end;
    if (count != 2) return 2;
    touch(arguments[1]);
    clock_gettime(CLOCK_MONOTONIC, &start);
    touch(arguments[1]);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f %" PRIu64 " %" PRIu64 "\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
           columns_seen, check);
    return 0;
}
