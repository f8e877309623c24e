/* Writing trails. */
#include "api.h"

/* Selected changes are copied to a new trail. */
void hand_on(void) {
    fixtures f = make_fixtures(sample);
    tc_str name;
    tc_bytes bytes;
    size_t count;
    bool open;
    OK(tc_writer_write(f.writer, f.change, NULL));
    OK(tc_writer_is_in_transaction(f.writer, &open));
    if (open) OK(tc_writer_commit(f.writer, NULL));
    OK(tc_writer_finish(f.writer, false, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_is_in_transaction(f.writer, &open));
    OK(tc_writer_file(f.writer, 0, &name, &bytes));
    tc_memory_file file = {"aa000000000", bytes.data, bytes.length};
    tc_trail *trail;
    tc_block *block;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 10, &block, NULL));
    OK(tc_block_count(block, &count));
    CHECK(count == 1);
    tc_block_free(block);
    tc_reader_free(reader);
    tc_trail_free(trail);
    free_fixtures(&f);
}

static void write_changes(tc_writer *writer, const tc_table *table) {
    tc_row *row, *key;
    tc_decimal price = {1250, 0, 2}, cents = {1, 0, 3};
    OK(tc_writer_row(writer, table, &row));
    OK(tc_writer_row(writer, table, &key));
    OK(tc_row_i64(row, "ID", 7, NULL));
    OK(tc_row_decimal(row, "PRICE", price, NULL));
    GIVES(TC_ERR_UNENCODABLE, tc_row_decimal(row, "PRICE", cents, NULL));
    OK(tc_row_text(row, "NAME", "caf\xc3\xa9", 5, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_row_text(row, "NAME", "\xff", 1, NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_row_text(row, "NO_SUCH", "x", 1, NULL));
    OK(tc_row_number(row, "WEIGHT", "1.50", NULL));
    OK(tc_row_datetime(row, "MADE", "2024-03-01:09:15:01.250000", NULL));
    OK(tc_row_bytes(row, "IMAGE", (const uint8_t *)"\0\1", 2, NULL));
    OK(tc_row_null(row, "NOTE", NULL));
    OK(tc_row_i64(key, "ID", 7, NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, NULL));
    OK(tc_writer_begin(writer, "100", "1.2.3", 1709284502000000, NULL));
    OK(tc_writer_token(writer, 'R', 0, (const uint8_t *)"AAABCDAAEAAAAF1AAA\0\1", 20, NULL));
    OK(tc_writer_user_tokens(writer, (const uint8_t *)"user", 4, NULL));
    OK(tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, NULL));
    OK(tc_writer_lob_fragment(writer, (const uint8_t *)"lob", 3, NULL));
    OK(tc_writer_row_change(writer, TC_OP_UPDATE, TC_UPDATE_UNIFIED, table, key, row, NULL));
    OK(tc_writer_row_change(writer, TC_OP_UPDATE, TC_UPDATE_PAIR, table, key, row, NULL));
    OK(tc_writer_row_change(writer, TC_OP_UPDATE, TC_UPDATE_AFTER_ONLY, table, key, row, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_row_change(writer, TC_OP_UPDATE, (tc_update_style)5, table, key, row, NULL));
    OK(tc_writer_row_change(writer, TC_OP_PK_UPDATE, TC_UPDATE_PAIR, table, key, row, NULL));
    OK(tc_writer_row_change(writer, TC_OP_PK_UPDATE, TC_UPDATE_UNIFIED, table, key, row, NULL));
    OK(tc_writer_row_change(writer, TC_OP_DELETE, TC_UPDATE_UNIFIED, table, key, NULL, NULL));
    OK(tc_writer_row_change(writer, TC_OP_TRUNCATE, TC_UPDATE_UNIFIED, table, NULL, NULL, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, row, NULL, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_row_change(writer, TC_OP_DDL, TC_UPDATE_UNIFIED, table, NULL, NULL, NULL));
    OK(tc_writer_ddl(writer, "SHOP", "ITEMS", ",C1='ALTER TABLE',", NULL));
    OK(tc_writer_commit(writer, NULL));
    OK(tc_writer_begin(writer, "101", "1.2.4", 1709284503000000, NULL));
    OK(tc_row_clear(row));
    OK(tc_row_i64(row, "ID", 8, NULL));
    OK(tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, NULL));
    OK(tc_writer_abend(writer, NULL));
    OK(tc_writer_marker(writer, 151, 1709284504000000, NULL));
    tc_row_free(key);
    tc_row_free(row);
}

void writers(void) {
    tc_column_spec columns[] = {
        {"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL},
        {"PRICE", TC_KIND_INTEGER, 0, 0, 0, 2, false, false, NULL},
        {"NAME", TC_KIND_TEXT, 60, 0, 0, 0, false, false, "latin1"},
        {"CODE", TC_KIND_TEXT, 3, 0, 0, 0, true, false, NULL},
        {"WEIGHT", TC_KIND_NUMBER_TEXT, 0, 0, 0, 0, false, false, NULL},
        {"MADE", TC_KIND_DATETIME, 6, 0, 0, 0, false, false, NULL},
        {"IMAGE", TC_KIND_BINARY, 200, 0, 0, 0, false, false, NULL},
        {"NOTE", TC_KIND_TEXT, 4000, 0, 0, 0, false, false, NULL},
        {"ODD", TC_KIND_OPAQUE, 8, 142, 0, 0, false, false, NULL},
    };
    tc_table *table;
    tc_writer *writer;
    tc_error *error;
    tc_str name;
    tc_bytes bytes;
    size_t count;
    char prefix[512];
    OK(tc_table_new("SHOP.ITEMS", columns, 9, &table, NULL));
    columns[0].kind = (tc_kind)77;
    tc_table *none;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_table_new("SHOP.ITEMS", columns, 9, &none, NULL));

    OK(tc_writer_new_in_memory("it", "{\"order\":\"little\",\"definition_version\":11,\"group\":\"SHOPS\"}", &writer, NULL));
    write_changes(writer, table);
    OK(tc_writer_finish(writer, false, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_finish(writer, false, NULL));
    OK(tc_writer_file_count(writer, &count));
    CHECK(count == 1);
    OK(tc_writer_file(writer, 0, &name, &bytes));
    CHECK(str_is(name, "it000000000") && bytes.length > 500);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_file(writer, 1, &name, &bytes));

    /* Written rows are read back. */
    tc_memory_file file = {"it000000000", bytes.data, bytes.length};
    tc_trail *trail;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    const tc_change *change;
    tc_change_info info;
    tc_column column;
    static const tc_op wanted[] = {TC_OP_INSERT, TC_OP_UPDATE,    TC_OP_UPDATE, TC_OP_UPDATE,   TC_OP_PK_UPDATE,
                                   TC_OP_PK_UPDATE, TC_OP_DELETE, TC_OP_TRUNCATE, TC_OP_DDL};
    tc_block *block = NULL;
    info.size = sizeof info;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        tc_block_free(block);
        OK(tc_reader_next_block(reader, 1, &block, NULL));
        CHECK(block != NULL);
        OK(tc_block_change(block, 0, &change));
        OK(tc_change_info_of(change, &info));
        CHECK(info.op == wanted[i]);
        /* Both images in one call equal the images of single calls. */
        tc_column both[16], one[16];
        size_t before, after, count;
        tc_change_info again;
        again.size = sizeof again;
        OK(tc_block_read(block, 0, &again, both, 16, &before, &after, NULL));
        CHECK(again.op == info.op && again.position.rba == info.position.rba);
        OK(tc_change_columns(change, TC_IMAGE_BEFORE, one, 16, &count, NULL));
        CHECK(count == before && (count == 0 || both[0].bytes.data == one[0].bytes.data));
        OK(tc_change_columns(change, TC_IMAGE_AFTER, one, 16, &count, NULL));
        CHECK(count == after && (count == 0 || both[before].index == one[0].index));
        CHECK(wanted[i] != TC_OP_PK_UPDATE || (before > 0 && after > 0));
        CHECK(count == 0 || both[before].bytes.data == one[0].bytes.data);
        if (i > 0) continue;
        tc_str text;
        OK(tc_change_find_column(change, TC_IMAGE_AFTER, "NAME", &column, NULL));
        OK(tc_column_text(&column, &text)); /* written in Latin-1, read as UTF-8 */
        CHECK(str_is(text, "caf\xc3\xa9"));
        OK(tc_change_find_column(change, TC_IMAGE_AFTER, "WEIGHT", &column, NULL));
        tc_decimal weight;
        OK(tc_column_decimal(&column, &weight));
        CHECK(column.type == TC_TYPE_NUMBER_TEXT && weight.low == 150 && weight.scale == 2);
        OK(tc_change_find_column(change, TC_IMAGE_AFTER, "NOTE", &column, NULL));
        CHECK(column.state == TC_STATE_NULL && column.bytes.data == NULL);
        OK(tc_change_find_column(change, TC_IMAGE_AFTER, "IMAGE", &column, NULL));
        CHECK(column.type == TC_TYPE_BYTES && column.bytes.length == 2);
        OK(tc_change_find_column(change, TC_IMAGE_AFTER, "CODE", &column, NULL));
        CHECK(column.state == TC_STATE_MISSING && column.index == 3);
        tc_bytes user;
        OK(tc_change_user_tokens(change, &user));
        CHECK(user.length == 4 && memcmp(user.data, "user", 4) == 0);
    }
    tc_block_free(block);
    OK(tc_reader_next(reader, &change, NULL));
    CHECK(change == NULL);
    tc_reader_free(reader);
    tc_trail_free(trail);
    tc_writer_free(writer);

    /* Files. */
    snprintf(prefix, sizeof prefix, "%s/it", folder);
    OK(tc_writer_create(prefix, NULL, &writer, NULL));
    OK(tc_writer_begin(writer, "1", "1.1.1", 0, NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_writer_finish(writer, false, &error));
    tc_error_free(error);
    tc_writer_free(writer);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_writer_create(prefix, "{\"seqno_digits\":7}", &writer, NULL));
    OK(tc_writer_create(prefix, "{\"order\":\"little\",\"definition_version\":11,\"seqno_digits\":6}", &writer, NULL));
    write_changes(writer, table);
    OK(tc_writer_finish(writer, true, NULL));
    OK(tc_writer_file(writer, 0, &name, NULL));
    CHECK(name.length > 8);
    tc_writer_free(writer);
    tc_table_free(table);
}

/* If a block has a damaged image, the complete lines before it are written, and the error has its location. */
void lines_before_damage(void) {
    tc_column_spec columns[] = {{"ID", TC_KIND_INTEGER, 0, 0, 0, 0, false, true, NULL},
                                {"NAME", TC_KIND_TEXT, 20, 0, 0, 0, false, false, NULL}};
    static const char *names[] = {"FIRST", "MIDDLE", "LAST"};
    tc_table *table;
    tc_writer *writer;
    tc_row *row;
    tc_str text;
    tc_bytes bytes;
    tc_trail *trail;
    tc_block *block;
    tc_buffer *lines;
    tc_error *error;
    tc_location place;
    size_t count;
    OK(tc_table_new("SHOP.ITEMS", columns, 2, &table, NULL));
    OK(tc_writer_new_in_memory("it", NULL, &writer, NULL));
    OK(tc_writer_row(writer, table, &row));
    OK(tc_writer_begin(writer, "100", "1.2.3", 1709284502000000, NULL));
    for (int i = 0; i < 3; i++) {
        OK(tc_row_clear(row));
        OK(tc_row_i64(row, "ID", i, NULL));
        OK(tc_row_text(row, "NAME", names[i], strlen(names[i]), NULL));
        OK(tc_writer_row_change(writer, TC_OP_INSERT, TC_UPDATE_UNIFIED, table, NULL, row, NULL));
    }
    OK(tc_writer_commit(writer, NULL));
    OK(tc_writer_finish(writer, false, NULL));
    OK(tc_writer_file(writer, 0, &text, &bytes));
    uint8_t *damaged = malloc(bytes.length);
    CHECK(damaged != NULL);
    memcpy(damaged, bytes.data, bytes.length);
    size_t at = 0;
    while (at < bytes.length - 6 && memcmp(damaged + at, "MIDDLE", 6) != 0) at++;
    CHECK(at < bytes.length - 6);
    damaged[at - 6] = 0x7f; /* the length of the column, before its null flag and its own length */
    tc_memory_file file = {"it000000000", damaged, bytes.length};
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 10, &block, NULL));
    OK(tc_block_count(block, &count));
    CHECK(count == 3);
    OK(tc_buffer_new(&lines));
    GIVES(TC_ERR_CORRUPT, tc_block_write_json(block, lines, &error));
    OK(tc_error_location(error, &place));
    CHECK(place.has_rba && place.rba < at && place.has_record);
    OK(tc_buffer_text(lines, &text));
    CHECK(strstr(text.data, "FIRST") && !strstr(text.data, "LAST") && text.data[text.length - 1] == '\n');
    tc_column found[4];
    size_t before, after;
    GIVES(TC_ERR_CORRUPT, tc_block_read(block, 1, NULL, found, 4, &before, &after, NULL));
    CHECK(before == 0 && after == 0);
    tc_change_info info;
    memset(&info, 0xff, sizeof info);
    info.size = sizeof info;
    GIVES(TC_ERR_CORRUPT, tc_block_read(block, 1, &info, found, 4, &before, &after, NULL));
    CHECK(info.size == sizeof info && info.table == NULL && info.position.rba == 0 && info.timestamp == 0);
    OK(tc_block_read(block, 2, NULL, found, 4, &before, &after, NULL));
    CHECK(after == 2 && found[1].bytes.length == 4);
    tc_error_free(error);
    tc_buffer_free(lines);
    tc_block_free(block);
    tc_reader_free(reader);
    tc_trail_free(trail);
    free(damaged);
    tc_row_free(row);
    tc_writer_free(writer);
    tc_table_free(table);
}
