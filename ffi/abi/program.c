/*
 * A program of an earlier day: it is compiled against each earlier header that is kept here, and run with the library of today.
 */
#include <stdio.h>
#include <string.h>

#include <trailcore.h>

static int failed(const char *what, tc_status status) {
    fprintf(stderr, "%s: %s\n", what, tc_status_name(status));
    return 1;
}

int main(int count, char **arguments) {
    tc_trail *trail;
    tc_select *select;
    tc_reader *reader;
    tc_batch *batch;
    tc_error *error;
    unsigned long inserts = 0, columns_seen = 0;
    tc_read_options options;
    tc_status status;
    if (count != 2) return 2;
    if (tc_version_number() < TC_VERSION_NUMBER) return failed("an older library", TC_ERR_OTHER);
    if ((status = tc_trail_open(arguments[1], &trail, &error)) != TC_OK) return failed("open", status);
    if ((status = tc_select_parse("TABLE BANK.*, FILTER (ON UPDATE, 0);", NULL, &select, &error)) != TC_OK) return failed("select", status);
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.select = select;
    if ((status = tc_reader_open(trail, &options, &reader, &error)) != TC_OK) return failed("reader", status);
    while ((status = tc_reader_next_batch(reader, 16, &batch, &error)) == TC_OK && batch) {
        size_t changes;
        if ((status = tc_batch_count(batch, &changes)) != TC_OK) return failed("count", status);
        for (size_t i = 0; i < changes; i++) {
            /* What lies behind the structs of this program's header must stay as it is. */
            struct { tc_change_info info; unsigned char guard[64]; } room;
            tc_column columns[64];
            const tc_change *change;
            size_t found;
            memset(&room, 0x5a, sizeof room);
            room.info.size = sizeof room.info;
            if ((status = tc_batch_change(batch, i, &change)) != TC_OK) return failed("change", status);
            if ((status = tc_change_info_of(change, &room.info)) != TC_OK) return failed("info", status);
            for (size_t g = 0; g < sizeof room.guard; g++) {
                if (room.guard[g] != 0x5a) return failed("the library has written behind a struct", TC_ERR_OTHER);
            }
            if (room.info.op == TC_OP_UPDATE) return failed("the selection", TC_ERR_OTHER);
            inserts += room.info.op == TC_OP_INSERT;
            if ((status = tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &found, &error)) != TC_OK) return failed("columns", status);
            for (size_t c = 0; c < found; c++) columns_seen += columns[c].state == TC_STATE_VALUE && columns[c].type != TC_TYPE_NONE;
        }
        tc_batch_free(batch);
    }
    if (status != TC_OK) return failed("read", status);
    tc_reader_free(reader);
    tc_select_free(select);
    tc_trail_free(trail);
    printf("compiled for %s, run with %s: %lu inserts, %lu values\n", TC_VERSION, tc_version(), inserts, columns_seen);
    return inserts > 0 && columns_seen > inserts ? 0 : 1;
}
