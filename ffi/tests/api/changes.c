/* Blocks, changes and columns. */
#include "api.h"

void read_as_one(void) {
    tc_trail *trail;
    tc_buffer *lines, *again;
    tc_str text;
    tc_position end;
    size_t length, sizes[] = {1, 3, 100000};
    char *wanted = file_content(expected, &length);
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_buffer_new(&lines));
    for (size_t i = 0; i < 3; i++) {
        tc_reader *reader = open_reader(trail, NULL);
        OK(tc_buffer_clear(lines));
        read_lines(reader, sizes[i], lines);
        OK(tc_buffer_text(lines, &text));
        CHECK(text.length == length && memcmp(text.data, wanted, length) == 0);
        OK(tc_reader_position(reader, &end));
        CHECK(end.seqno == 2 && end.rba > 0);
        tc_reader_free(reader);
    }
    /* One change at a time. */
    tc_reader *reader = open_reader(trail, NULL);
    const tc_change *change;
    OK(tc_buffer_new(&again));
    for (;;) {
        OK(tc_reader_next(reader, &change, NULL));
        if (!change) break;
        OK(tc_buffer_clear(lines));
        OK(tc_change_write_json(change, lines, NULL));
        OK(tc_buffer_text(lines, &text));
        CHECK(strstr(wanted, "{") && text.length > 0);
        OK(tc_change_write_json(change, again, NULL));
    }
    OK(tc_buffer_text(again, &text));
    size_t ends = 0;
    for (size_t i = 0; i < length; i++) ends += wanted[i] == '\n';
    CHECK(text.length + ends == length);
    tc_buffer_free(again);
    tc_buffer_free(lines);
    tc_reader_free(reader);
    tc_trail_free(trail);
    free(wanted);
}

/* A block and everything it returns stay valid without its reader. */
void blocks_stay(void) {
    tc_trail *trail;
    tc_block *first, *second;
    const tc_change *change;
    tc_change_info before, after;
    tc_str name;
    OK(tc_trail_open(sample, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 5, &first, NULL));
    OK(tc_reader_next_block(reader, 5, &second, NULL));
    tc_block_free(second);
    OK(tc_block_change(first, 4, &change));
    before.size = after.size = sizeof before;
    OK(tc_change_info_of(change, &before));
    OK(tc_reader_next_block(reader, 5, &second, NULL));
    tc_reader_free(reader);
    tc_trail_free(trail);
    tc_block_free(second);
    OK(tc_change_info_of(change, &after));
    CHECK(memcmp(&before.position, &after.position, sizeof before.position) == 0 && before.table == after.table);
    OK(tc_table_name(after.table, &name));
    CHECK(name.length > 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_block_change(first, 5, &change));
    tc_block_free(first);
}

void changes(void) {
    fixtures f = make_fixtures(sample);
    tc_change_info info;
    tc_str name, csn, xid, value;
    tc_column columns[64], column, missing;
    tc_column_def definition;
    tc_token token;
    tc_bytes bytes;
    tc_record record;
    tc_table *kept;
    size_t count, index;
    bool has, defined;
    info.size = sizeof info;
    OK(tc_change_info_of(f.change, &info));
    CHECK(info.op == TC_OP_INSERT && info.record_type == 5 && info.position.rba > 0 && info.timestamp > 1700000000000000);
    CHECK(info.transaction <= TC_TRANSACTION_ONLY && info.start.rba == info.position.rba);
    info.size = 12; /* of an earlier version, which ends after op */
    OK(tc_change_info_of(f.change, &info));
    info.size = 0;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_info_of(f.change, &info));
    OK(tc_change_table_name(f.change, &name));
    CHECK(str_is(name, "BANK.POSTINGS"));
    OK(tc_change_csn(f.change, &csn));
    OK(tc_change_xid(f.change, &xid));
    CHECK(csn.data && xid.data);
    OK(tc_change_has_image(f.change, TC_IMAGE_BEFORE, &has, NULL));
    CHECK(!has);
    OK(tc_change_has_image(f.change, TC_IMAGE_AFTER, &has, NULL));
    CHECK(has);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_has_image(f.change, (tc_image)7, &has, NULL));
    OK(tc_change_columns(f.change, TC_IMAGE_BEFORE, columns, 64, &count, NULL));
    CHECK(count == 0);
    OK(tc_change_columns(f.change, TC_IMAGE_AFTER, NULL, 0, &count, NULL));
    CHECK(count == 8);
    OK(tc_change_columns(f.change, TC_IMAGE_AFTER, columns, 3, &index, NULL));
    CHECK(index == 8);
    size_t before = 9, after = 9;
    OK(tc_block_read(f.block, 0, NULL, NULL, 0, &before, &after, NULL));
    CHECK(before == 0 && after == 8);
    OK(tc_block_read(f.block, 0, NULL, columns, 3, &before, &after, NULL));
    CHECK(before == 0 && after == 8 && columns[2].index == 2);
    tc_change_info read;
    read.size = sizeof read;
    OK(tc_block_read(f.block, 0, &read, columns, 64, &before, &after, NULL));
    const tc_change *first;
    tc_column single;
    OK(tc_block_change(f.block, 0, &first));
    info.size = sizeof info;
    OK(tc_change_info_of(first, &info));
    OK(tc_change_column(first, TC_IMAGE_AFTER, columns[before].index, &single, NULL));
    CHECK(read.op == info.op && read.position.rba == info.position.rba && read.table == info.table && read.timestamp == info.timestamp);
    CHECK(after > 0 && single.bytes.data == columns[before].bytes.data);
    OK(tc_block_count(f.block, &index));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_block_read(f.block, index, &read, columns, 64, &before, &after, NULL));
    CHECK(before == 0 && after == 0);
    read.size = 3;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_block_read(f.block, 0, &read, columns, 64, &before, &after, NULL));
    OK(tc_change_columns(f.change, TC_IMAGE_AFTER, columns, 64, &count, NULL));

    /* Values, read in every way. */
    int64_t id;
    double number;
    tc_decimal amount;
    tc_datetime posted;
    OK(tc_column_i64(&columns[0], &id));
    CHECK(columns[0].type == TC_TYPE_DECIMAL && id > 0 && (uint64_t)id == columns[0].decimal.low);
    GIVES(TC_ERR_VALUE, tc_column_text(&columns[0], &value));
    OK(tc_column_text(&columns[1], &value));
    CHECK(columns[1].type == TC_TYPE_TEXT && value.length == 19 && value.data == (const char *)columns[1].bytes.data);
    GIVES(TC_ERR_VALUE, tc_column_i64(&columns[1], &id));
    OK(tc_table_find_column(f.table, "amount", &index));
    OK(tc_change_column(f.change, TC_IMAGE_AFTER, index, &column, NULL));
    OK(tc_column_decimal(&column, &amount));
    OK(tc_column_f64(&column, &number));
    CHECK(column.index == index && amount.scale == 2 && number > 1000);
    OK(tc_change_find_column(f.change, TC_IMAGE_AFTER, "POSTED", &column, NULL));
    OK(tc_column_datetime(&column, &posted));
    CHECK(posted.year == 2024 && posted.month == 3 && posted.micros != TC_NO_MICROS && posted.digits == 6);
    OK(tc_column_bytes(&column, &bytes));
    CHECK(bytes.length == 26);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_column_write(&column, f.buffer));
    OK(tc_buffer_text(f.buffer, &value));
    CHECK(value.length == 26 && value.data[10] == 'T');
    GIVES(TC_ERR_VALUE, tc_column_datetime(&columns[0], &posted));
    OK(tc_change_column(f.change, TC_IMAGE_BEFORE, 0, &missing, NULL));
    CHECK(missing.state == TC_STATE_MISSING && missing.type == TC_TYPE_NONE);
    GIVES(TC_ERR_VALUE, tc_column_bytes(&missing, &bytes));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_column(f.change, TC_IMAGE_AFTER, 8, &column, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_find_column(f.change, TC_IMAGE_AFTER, "NO_SUCH", &column, NULL));

    /* Its table. */
    OK(tc_table_is_defined(f.table, &defined));
    OK(tc_table_column_count(f.table, &count));
    CHECK(defined && count == 8);
    definition.size = sizeof definition;
    OK(tc_table_column(f.table, 0, &definition));
    CHECK(str_is(definition.name, "POSTING_ID") && definition.kind == TC_KIND_INTEGER && definition.key);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_table_column(f.table, 8, &definition));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_table_find_column(f.table, "NO_SUCH", &index));
    OK(tc_table_clone(f.table, &kept));
    tc_table_free((tc_table *)(const void *)f.table); /* borrowed: not freed */

    /* Tokens, DDL, records, header. */
    OK(tc_change_token_count(f.change, &count));
    CHECK(count > 0);
    has = false;
    for (size_t i = 0; i < count; i++) {
        OK(tc_change_token(f.change, i, &token));
        has = has || (str_is(token.name, "ORAROWID") && token.id == 'R' && token.value.length == 18 && token.body.length == 20);
    }
    CHECK(has);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_token(f.change, count, &token));
    OK(tc_change_user_tokens(f.change, &bytes));
    CHECK(bytes.data == NULL);
    OK(tc_change_ddl(f.change, &value));
    CHECK(value.data == NULL);
    OK(tc_change_ddl_field(f.change, "C1", &value));
    CHECK(value.data == NULL);
    OK(tc_change_record_count(f.change, &count));
    CHECK(count == 1);
    record.size = sizeof record;
    OK(tc_change_record(f.change, 0, &record));
    CHECK(record.record_type == 5 && str_is(record.type_name, "Insert") && record.bytes.length > record.data.length);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_change_record(f.change, 1, &record));
    tc_file_header *header;
    OK(tc_reader_file_header(f.reader, &header));
    CHECK(header != NULL);
    tc_file_header_free(header);
    free_fixtures(&f);
    OK(tc_table_name(kept, &name)); /* its block and reader are freed */
    CHECK(str_is(name, "BANK.POSTINGS"));
    tc_table_free(kept);
}

void statements(void) {
    tc_trail *trail;
    const tc_change *change;
    tc_change_info info;
    tc_str text, name;
    OK(tc_trail_open(sample, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    info.size = sizeof info;
    do {
        OK(tc_reader_next(reader, &change, NULL));
        CHECK(change != NULL);
        OK(tc_change_info_of(change, &info));
    } while (info.op != TC_OP_DDL);
    OK(tc_change_ddl(change, &text));
    CHECK(text.length > 0);
    OK(tc_change_table_name(change, &name));
    CHECK(str_is(name, "BANK.POSTINGS"));
    OK(tc_change_ddl_field(change, "B4", &text));
    tc_reader_free(reader);
    tc_trail_free(trail);
}
