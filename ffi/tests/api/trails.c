/* Trails in files, in memory and read by callbacks; read options. */
#include "api.h"

#include <errno.h>

/* A trail in memory, whose release is counted in `released`. */
static int released;

static void release(void *user) {
    (void)user;
    released++;
}

void trails(void) {
    tc_trail *trail, *listed;
    tc_file file;
    tc_buffer *report;
    tc_str text;
    uint64_t size, part;
    size_t count;
    bool found;
    tc_position position;
    char first[512], last[512];
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_trail_file_count(trail, &count));
    CHECK(count == 3);
    OK(tc_trail_file(trail, 2, &file));
    CHECK(file.has_seqno && file.seqno == 2 && file.path.length > 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_file(trail, 3, &file));
    OK(tc_trail_size(trail, &size, NULL));
    snprintf(first, sizeof first, "%s000000000", sample);
    snprintf(last, sizeof last, "%s000000002", sample);
    const char *files[] = {last, first};
    OK(tc_trail_open_files(files, 2, &listed, NULL));
    OK(tc_trail_size(listed, &part, NULL));
    CHECK(part > 0 && part < size);
    OK(tc_buffer_new(&report));
    OK(tc_trail_call(listed, "info", NULL, report, NULL));
    OK(tc_buffer_text(report, &text));
    CHECK(strstr(text.data, "\"gaps\":[[1,1]]"));
    tc_buffer_free(report);
    tc_trail_free(listed);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_trail_open_files(files, 0, &listed, NULL));
    OK(tc_trail_find_csn(trail, "1", NULL, &position, &found, NULL));
    CHECK(found && position.seqno == 0);
    OK(tc_trail_find_csn(trail, "99999999999999", NULL, &position, &found, NULL));
    CHECK(!found);
    OK(tc_trail_find_time(trail, 0, NULL, &position, &found, NULL));
    CHECK(found);
    tc_trail_free(trail);
}

void memory_and_damage(void) {
    char path[512];
    size_t length, count;
    tc_trail *trail;
    tc_block *block;
    tc_error *error, *why;
    tc_location place;
    tc_skipped range;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length};

    OK(tc_trail_open_memory(&file, 1, release, NULL, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    tc_trail_free(trail);
    CHECK(released == 0);
    OK(tc_reader_next_block(reader, 10, &block, NULL));
    tc_block_free(block);
    tc_reader_free(reader);
    CHECK(released == 1);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_open_memory(&file, 0, release, NULL, &trail, NULL));
    CHECK(released == 2);

    /* A torn tail: the changes before it are returned first, and the same error is returned again. */
    file.length = length - 3;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &trail, NULL));
    reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 100000, &block, &error));
    CHECK(block != NULL && error == NULL);
    tc_block_free(block);
    for (int i = 0; i < 2; i++) {
        GIVES(TC_ERR_TRUNCATED, tc_reader_next_block(reader, 100000, &block, &error));
        CHECK(block == NULL);
        OK(tc_error_location(error, &place));
        CHECK(place.has_rba && place.rba < length && str_is(place.file, "bk000000000"));
        tc_error_free(error);
    }
    tc_reader_free(reader);
    tc_trail_free(trail);

    /* Damage that is skipped. */
    memset(bytes + length / 2, 0xee, 600); /* more than a record */
    file.length = length;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &trail, NULL));
    reader = open_reader(trail, "{\"resync\":true}");
    do {
        OK(tc_reader_next_block(reader, 100000, &block, NULL));
        tc_block_free(block);
    } while (block);
    OK(tc_reader_skipped_count(reader, &count));
    CHECK(count == 1);
    OK(tc_reader_skipped(reader, 0, &range, &why));
    CHECK(range.from.rba < range.to.rba && tc_error_status(why) == TC_ERR_CORRUPT);
    tc_error_free(why);
    OK(tc_reader_skipped(reader, 0, &range, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_reader_skipped(reader, 1, &range, &why));
    CHECK(why == NULL);
    tc_reader_free(reader);
    tc_trail_free(trail);
    free(bytes);
}

/* A source that can fail. */
typedef struct {
    const char *bytes;
    size_t length;
    int fails, reads, released;
    tc_reader *reader; /* the reader that a callback uses */
    tc_status came_back;
} own_source;

static int64_t source_length(void *user) { return (int64_t)((own_source *)user)->length; }

static int64_t source_read(void *user, uint8_t *into, size_t length, uint64_t offset) {
    own_source *own = user;
    tc_position position;
    own->reads++;
    if (own->reader) own->came_back = tc_reader_position(own->reader, &position);
    if (own->fails) return own->fails;
    if (offset >= own->length) return 0;
    size_t rest = own->length - (size_t)offset, read = rest < length ? rest : length;
    memcpy(into, own->bytes + offset, read);
    return (int64_t)read;
}

static void source_release(void *user) { ((own_source *)user)->released++; }

void sources(void) {
    char path[512];
    size_t length;
    tc_trail *trail;
    tc_block *block;
    tc_error *error;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    own_source own = {bytes, length, 0, 0, 0, NULL, TC_OK};
    tc_source source;
    memset(&source, 0, sizeof source);
    source.size = sizeof source;
    source.name = "bk000000000";
    source.user = &own;
    source.length = source_length;
    source.read = source_read;
    source.release = source_release;
    const tc_source *all[] = {&source};
    OK(tc_trail_open_sources(all, 1, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    own.reader = reader;
    OK(tc_reader_next_block(reader, 10, &block, NULL));
    CHECK(block && own.reads > 0 && own.came_back == TC_ERR_BUSY);
    own.reader = NULL;
    tc_block_free(block);
    tc_reader_free(reader);
    CHECK(own.released == 0);
    int failures[] = {-EIO, -1000000000};
    for (size_t i = 0; i < 2; i++) {
        own.fails = failures[i];
        reader = open_reader(trail, NULL);
        GIVES(TC_ERR_IO, tc_reader_next_block(reader, 10, &block, &error));
        tc_error_free(error);
        tc_reader_free(reader);
    }
    own.fails = 1 << 30; /* more than requested */
    reader = open_reader(trail, NULL);
    GIVES(TC_ERR_IO, tc_reader_next_block(reader, 10, &block, NULL));
    tc_reader_free(reader);
    tc_trail_free(trail);
    CHECK(own.released == 1);
    source.read = NULL;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_open_sources(all, 1, &trail, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_open_sources(all, 0, &trail, NULL));
    free(bytes);
}

static bool stop(void *user, const tc_progress *progress) {
    int *calls = user;
    CHECK(progress->position.seqno <= 2);
    return ++*calls > 1;
}

void options(void) {
    tc_trail *trail, *watched;
    tc_reader *reader;
    tc_buffer *text;
    tc_str position;
    tc_block *block;
    tc_error *error;
    const tc_change *change;
    tc_change_info info;
    char document[200];
    int calls = 0;
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_trail_with(trail, NULL, NULL, stop, &calls, &watched));
    reader = open_reader(watched, NULL);
    tc_trail_free(watched);
    GIVES(TC_ERR_CANCELLED, tc_reader_next_block(reader, 10, &block, NULL));
    OK(tc_reader_next_block(reader, 10, &block, NULL)); /* continues */
    CHECK(block != NULL);
    OK(tc_block_change(block, 3, &change));
    info.size = sizeof info;
    OK(tc_change_info_of(change, &info));
    tc_position from = info.start;
    tc_block_free(block);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_reader_next_block(reader, 0, &block, NULL));
    tc_reader_free(reader);

    OK(tc_buffer_new(&text));
    for (int i = 0; i < 2; i++) {
        OK(tc_buffer_clear(text));
        OK(tc_position_write(from, text));
        OK(tc_buffer_text(text, &position));
        snprintf(document, sizeof document, "{\"start_at\":\"%s\",\"charset\":\"GBK\",\"mapped\":true}", position.data);
        if (i == 0) {
            reader = open_reader(trail, document);
            OK(tc_reader_next(reader, &change, NULL));
            OK(tc_change_info_of(change, &info));
            CHECK(info.start.rba == from.rba && info.start.seqno == from.seqno);
            tc_reader_free(reader);
            from.rba++;
        } else {
            GIVES(TC_ERR_INVALID_POSITION, tc_reader_open(trail, document, &reader, NULL));
        }
    }
    from.kind = 99;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_position_write(from, text));
    tc_buffer_free(text);

    reader = open_reader(trail, "{\"include_non_changes\":true,\"select\":\"TABLE BANK.*;\"}");
    OK(tc_reader_next(reader, &change, NULL));
    OK(tc_change_info_of(change, &info));
    CHECK(info.op == TC_OP_METADATA);
    tc_reader_free(reader);

    /* An error names the wrong member. */
    const char *wrong[][2] = {{"{\"resnyc\":true}", "resnyc"}, {"{\"resync\":\"yes\"}", "resync: invalid type"},
                              {"{\"start_at\":\"12\"}", "not a position"}, {"{", "not JSON"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        GIVES(TC_ERR_INVALID_ARGUMENT, tc_reader_open(trail, wrong[i][0], &reader, &error));
        CHECK(strstr(tc_error_message(error), wrong[i][1]) && reader == NULL);
        tc_error_free(error);
    }
    tc_trail_free(trail);
}
