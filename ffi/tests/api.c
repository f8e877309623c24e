/*
 * Every function of the library, over the sample trail: api SAMPLE EXPECTED_JSON SCRATCH_FOLDER
 *
 * With -DTC_DRILL it also calls what only libraries built for tests have, and what only debug builds find out.
 */
#include "fixtures.h"

#include <errno.h>

static const char *sample, *expected, *folder;

static tc_read_options no_options(void) {
    tc_read_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    return options;
}

static tc_reader *open_reader(const tc_trail *trail, const tc_read_options *options) {
    tc_reader *reader;
    OK(tc_reader_open(trail, options, &reader, NULL));
    return reader;
}

/* All further changes of a reader as lines. */
static void read_lines(tc_reader *reader, size_t most, tc_buffer *lines) {
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

static char *file_content(const char *path, size_t *length) {
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

static void versions(void) {
    char text[32];
    CHECK(tc_version_number() == TC_VERSION_NUMBER && strcmp(tc_version(), TC_VERSION) == 0);
    snprintf(text, sizeof text, "%d.%d.%d", TC_VERSION_MAJOR, TC_VERSION_MINOR, TC_VERSION_PATCH);
    CHECK(strcmp(text, TC_VERSION) == 0);
    CHECK(TC_VERSION_NUMBER == TC_VERSION_MAJOR * 1000000 + TC_VERSION_MINOR * 1000 + TC_VERSION_PATCH);
    CHECK(strcmp(tc_status_name(TC_ERR_CORRUPT), "TC_ERR_CORRUPT") == 0 && strcmp(tc_status_name(999), "unknown") == 0);
    CHECK(strcmp(tc_op_name(TC_OP_PK_UPDATE), "pk_update") == 0 && strcmp(tc_op_name((tc_op)99), "unknown") == 0);
}

static void texts_and_numbers(void) {
    tc_position position;
    tc_buffer *buffer;
    tc_error *error;
    tc_str text;
    int64_t micros;
    int32_t order;
    OK(tc_position_parse("12:1956", &position, NULL));
    CHECK(position.seqno == 12 && position.rba == 1956);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_position_parse("12", &position, &error));
    CHECK(tc_error_status(error) == TC_ERR_INVALID_ARGUMENT && strlen(tc_error_message(error)) > strlen(tc_error_what(error)));
    tc_error_free(error);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_position_parse("\xff", &position, NULL));
    OK(tc_time_parse("1970-01-01T00:00:01.5", &micros, NULL));
    CHECK(micros == 1500000);
    OK(tc_buffer_new(&buffer));
    OK(tc_time_write(micros, buffer));
    OK(tc_buffer_text(buffer, &text));
    CHECK(str_is(text, "1970-01-01T00:00:01.500000Z") && text.data[text.length] == 0);
    OK(tc_buffer_clear(buffer));
    OK(tc_buffer_text(buffer, &text));
    CHECK(str_is(text, ""));
    tc_buffer_free(buffer);
    OK(tc_csn_compare("999", "7824137832", &order, NULL));
    CHECK(order < 0);
    GIVES(TC_ERR_VALUE, tc_csn_compare("12", "0/12", &order, NULL));
}

static void errors(void) {
    tc_trail *trail;
    tc_error *error;
    tc_location place;
    size_t count;
    GIVES(TC_ERR_NOT_FOUND, tc_trail_open("no/such/place/lt", &trail, &error));
    CHECK(trail == NULL && strstr(tc_error_message(error), "no/such/place/lt"));
    OK(tc_error_location(error, &place));
    CHECK(str_is(place.file, "no/such/place/lt") && !place.has_rba && !place.has_record && !place.has_offset);
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count == 0);
    tc_error_free(error);
    CHECK(tc_error_status(NULL) == TC_OK && strcmp(tc_error_message(NULL), "") == 0 && strcmp(tc_error_what(NULL), "") == 0);
}

static void trails(void) {
    tc_trail *trail, *listed;
    tc_file file;
    tc_gap gap;
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
    OK(tc_trail_gap_count(listed, &count));
    CHECK(count == 1);
    OK(tc_trail_gap(listed, 0, &gap));
    CHECK(gap.first == 1 && gap.last == 1);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_gap(listed, 1, &gap));
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

static void read_as_one(void) {
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
static void blocks_stay(void) {
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

static void changes(void) {
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
    OK(tc_change_read(f.change, NULL, NULL, 0, &before, &after, NULL));
    CHECK(before == 0 && after == 8);
    OK(tc_change_read(f.change, NULL, columns, 3, &before, &after, NULL));
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

static void statements(void) {
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

static void headers(void) {
    fixtures f = make_fixtures(sample);
    tc_str text;
    int64_t number;
    tc_field_state state;
    tc_bytes body;
    OK(tc_file_header_text(f.file_header, TC_FIELD_PRODUCER_GROUP, &text, &state));
    CHECK(state == TC_FIELD_VALUE && str_is(text, "TRAILCOR"));
    OK(tc_file_header_number(f.file_header, TC_FIELD_COMPATIBILITY, &number, &state));
    CHECK(state == TC_FIELD_VALUE && number == 5);
    OK(tc_file_header_number(f.file_header, TC_FIELD_FILE_SIZE, &number, &state));
    CHECK(state == TC_FIELD_UNSET && number == 0);
    OK(tc_file_header_number(f.file_header, TC_FIELD_DATABASE_VENDOR, &number, &state));
    CHECK(state == TC_FIELD_ABSENT);
    OK(tc_file_header_token(f.file_header, 0x30, 0x30, &body, &state));
    CHECK(state == TC_FIELD_VALUE && body.length == 8);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_file_header_text(f.file_header, TC_FIELD_SEQNO, &text, &state));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_file_header_number(f.file_header, (tc_field)999, &number, &state));
    for (uint32_t field = 0; field <= TC_FIELD_CLIENT_NATIONAL_CHARSET; field++) {
        tc_status as_text = tc_file_header_text(f.file_header, (tc_field)field, &text, &state);
        tc_status as_number = tc_file_header_number(f.file_header, (tc_field)field, &number, &state);
        CHECK((as_text == TC_OK) != (as_number == TC_OK));
    }
    free_fixtures(&f);
}

static void records(void) {
    tc_trail *trail;
    tc_record_reader *reader;
    tc_record record;
    size_t count = 0, skipped;
    bool more;
    tc_skipped range;
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_record_reader_open(trail, NULL, &reader, NULL));
    record.size = sizeof record;
    for (;;) {
        OK(tc_record_reader_next(reader, &record, &more, NULL));
        if (!more) break;
        CHECK((record.number == 0) == record.is_file_header && record.bytes.length > 0 && !record.little_endian);
        CHECK(record.is_file_header || (record.has_header && record.header.length > 30));
        count++;
    }
    CHECK(count > 90);
    OK(tc_record_reader_skipped_count(reader, &skipped));
    CHECK(skipped == 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_record_reader_skipped(reader, 0, &range, NULL));
    tc_record_reader_free(reader);
    tc_trail_free(trail);
}

static void reports(void) {
    fixtures f = make_fixtures(sample);
    tc_report_facts facts;
    tc_report_issue issue;
    tc_file_header *header;
    facts.size = sizeof facts;
    OK(tc_report_facts_of(f.report, &facts));
    CHECK(facts.is_whole && facts.records > facts.changes && facts.changes > 80 && facts.invalid_values == 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_report_issue_at(f.report, facts.issues, &issue));
    OK(tc_trail_file_header(f.trail, 1, &header, NULL));
    CHECK(header != NULL);
    tc_file_header_free(header);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_file_header(f.trail, 3, &header, NULL));

    tc_trail *torn;
    tc_report *report;
    char path[512];
    size_t length;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length - 3};
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &torn, NULL));
    OK(tc_trail_check(torn, NULL, &report, NULL));
    OK(tc_report_facts_of(report, &facts));
    CHECK(facts.issues > 0);
    OK(tc_report_issue_at(report, 0, &issue));
    CHECK(issue.kind.length > 0 && issue.what.length > 0 && issue.position.rba > 0);
    tc_report_free(report);
    tc_trail_free(torn);
    free(bytes);
    free_fixtures(&f);
}

/* Selected changes are copied to a new trail. */
static void hand_on(void) {
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

/* A trail in memory, whose release is counted in `released`. */
static int released;

static void release(void *user) {
    (void)user;
    released++;
}

static void memory_and_damage(void) {
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
    tc_read_options options = no_options();
    options.resync = true;
    reader = open_reader(trail, &options);
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

static void sources(void) {
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

static void options(void) {
    tc_trail *trail;
    tc_block *block;
    const tc_change *change;
    tc_change_info info;
    int calls = 0;
    OK(tc_trail_open(sample, &trail, NULL));
    tc_read_options given = no_options();
    given.watch = stop;
    given.watch_user = &calls;
    tc_reader *reader = open_reader(trail, &given);
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

    given = no_options();
    given.from = &from;
    given.charset = "GBK";
    given.mapped = true;
    reader = open_reader(trail, &given);
    OK(tc_reader_next(reader, &change, NULL));
    OK(tc_change_info_of(change, &info));
    CHECK(info.start.rba == from.rba && info.start.seqno == from.seqno);
    tc_reader_free(reader);
    from.rba++;
    GIVES(TC_ERR_INVALID_POSITION, tc_reader_open(trail, &given, &reader, NULL));

    given = no_options();
    given.all = true;
    reader = open_reader(trail, &given);
    OK(tc_reader_next(reader, &change, NULL));
    OK(tc_change_info_of(change, &info));
    CHECK(info.op == TC_OP_METADATA);
    tc_reader_free(reader);
    given.size = 4;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_reader_open(trail, &given, &reader, NULL));

    /* Structs of an earlier version, of a later one, and of a later one with a member set that is not supported. */
    struct {
        tc_read_options known;
        size_t later;
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.known.size = offsetof(tc_read_options, charset);
    reader = open_reader(trail, &longer.known);
    tc_reader_free(reader);
    longer.known.size = sizeof longer;
    reader = open_reader(trail, &longer.known);
    tc_reader_free(reader);
    longer.later = 1;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_reader_open(trail, &longer.known, &reader, NULL));
    tc_trail_free(trail);
}

static void selections(void) {
    fixtures f = make_fixtures(sample);
    tc_select *select;
    tc_error *error;
    tc_diagnostic diagnostic;
    tc_verdict verdict;
    tc_counts counts;
    tc_str text;
    size_t count;
    char path[512];
    GIVES(TC_ERR_FILTER, tc_select_parse("TABLE HR.EMP, FILTER (@STREQ (DEPT, 'SALES');", NULL, &select, &error));
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count > 0);
    OK(tc_error_diagnostic(error, 0, &diagnostic));
    CHECK(diagnostic.is_error && diagnostic.message.length > 0 && diagnostic.end >= diagnostic.start && diagnostic.ogg_number == 370);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_error_diagnostic(error, count, &diagnostic));
    tc_error_free(error);

    tc_select_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.lenient = options.nonansi = options.has_now = options.bytes = options.seventeen_digits = true;
    OK(tc_select_parse("TABLE BANK.POSTINGS, FILTER (@STREQ (MEMO, \"x\"));", &options, &select, NULL));
    tc_select_free(select);
    OK(tc_select_parse("TABLE A.B, FILTER (C = 1 AND D = 2 OR E = 3);", NULL, &select, NULL));
    OK(tc_select_lint_count(select, &count));
    CHECK(count > 0);
    OK(tc_select_lint(select, 0, &diagnostic));
    CHECK(!diagnostic.is_error);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_lint(select, count, &diagnostic));
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write_lints(select, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "^"));
    tc_select_free(select);

    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write(f.select, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(str_is(text, "TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);"));
    snprintf(path, sizeof path, "%s/selection.prm", folder);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text.data, 1, text.length, file) == text.length && fclose(file) == 0);
    OK(tc_select_open(path, NULL, &select, NULL));
    tc_select_free(select);
    GIVES(TC_ERR_NOT_FOUND, tc_select_open("no/such/file.prm", NULL, &select, NULL));
    file = fopen(path, "wb");
    CHECK(file && fputs("TABLE A.B, FILTER (C >);", file) >= 0 && fclose(file) == 0);
    GIVES(TC_ERR_FILTER, tc_select_open(path, NULL, &select, &error));
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count == 1 && strstr(tc_error_message(error), path));
    tc_error_free(error);
    OK(tc_select_rule_count(f.select, &count));
    CHECK(count == 1);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write_rule(f.select, 0, f.buffer));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_write_rule(f.select, 1, f.buffer));
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_explain(f.select, f.table, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "64-bit integer"));
    OK(tc_select_check(f.select, f.table, NULL));
    OK(tc_select_parse("TABLE *, FILTER (NO_SUCH > 1);", NULL, &select, NULL));
    GIVES(TC_ERR_FILTER, tc_select_check(select, f.table, &error));
    tc_error_free(error);
    tc_select_free(select);

    verdict.size = sizeof verdict;
    OK(tc_select_decide_object(f.select, "BANK.POSTINGS", TC_OP_INSERT, NULL, &verdict, NULL));
    CHECK(verdict.decision == TC_DECISION_ACCEPT && verdict.has_rule && verdict.rule == 0);
    OK(tc_select_decide_object(f.select, "BANK.OTHER", TC_OP_INSERT, NULL, &verdict, f.buffer));
    CHECK(verdict.decision == TC_DECISION_REJECT && verdict.reason == TC_REASON_OBJECT);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_decide_object(f.select, "A", (tc_op)77, NULL, &verdict, NULL));

    OK(tc_selector_decide(f.selector, f.change, &verdict, f.buffer));
    CHECK(verdict.decision == TC_DECISION_ACCEPT);
    /* A mistake is detected before the decision, and never leaves a verdict that accepts. */
    GIVES(TC_ERR_WRONG_HANDLE, tc_selector_decide(f.selector, f.change, &verdict, (tc_buffer *)(void *)f.trail));
    CHECK(verdict.decision == TC_DECISION_ERROR && !verdict.has_rule);
    OK(tc_selector_counts(f.selector, &counts));
    CHECK(counts.accepted == 1);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_selector_project(f.selector, f.change, 0, f.buffer, NULL));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "{\"columns\":{\"POSTING_ID\":") == text.data && strstr(text.data, "\"tokens\":{"));
    GIVES(TC_ERR_FILTER, tc_selector_project(f.selector, f.change, 9, f.buffer, NULL));
    OK(tc_reader_filter_counts(f.reader, &counts));
    CHECK(counts.accepted > 0 && counts.rejected > 0);

    OK(tc_select_decide_facts(f.select, f.facts, &verdict, NULL));
    CHECK(verdict.decision == TC_DECISION_UNDECIDABLE && verdict.reason == TC_REASON_MISSING && verdict.column_count == 1);
    OK(tc_facts_column(f.facts, TC_IMAGE_AFTER, "AMOUNT", "2000.50", NULL));
    OK(tc_facts_environment(f.facts, "GGHEADER", "OPTYPE", "\"INSERT\"", NULL));
    OK(tc_facts_token(f.facts, "TK", "x"));
    OK(tc_select_decide_facts(f.select, f.facts, &verdict, NULL));
    CHECK(verdict.decision == TC_DECISION_ACCEPT);
    GIVES(TC_ERR_JSON, tc_facts_column(f.facts, TC_IMAGE_AFTER, "AMOUNT", "{", NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_facts_column(f.facts, TC_IMAGE_AFTER, "NO_SUCH", "1", NULL));

    bool matches;
    OK(tc_logdump_filter_matches(f.logdump_filter, f.change, &matches));
    CHECK(matches);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_logdump_filter_write(f.logdump_filter, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "FILTER INCLUDE") == text.data);
    free_fixtures(&f);
}

static void builders(void) {
    tc_select_builder *b;
    tc_select *select;
    tc_buffer *buffer;
    tc_str text;
    tc_op ops[] = {TC_OP_INSERT, TC_OP_DELETE};
    tc_position end = {13, 0};
    OK(tc_select_builder_new(&b));
    OK(tc_select_builder_exclude(b, TC_EXCLUDE_TABLES, "HR.EMP_OLD", NULL));
    OK(tc_select_builder_exclude(b, TC_EXCLUDE_SCHEMAS, "TMP*", NULL));
    OK(tc_select_builder_exclude(b, TC_EXCLUDE_CATALOGS, "PDB2", NULL));
    OK(tc_select_builder_exclude(b, TC_EXCLUDE_TAG, "AB", NULL));
    OK(tc_select_builder_exclude(b, TC_EXCLUDE_OTHER_TAGS, "CD", NULL));
    GIVES(TC_ERR_FILTER, tc_select_builder_exclude(b, TC_EXCLUDE_TAG, "XY", NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_builder_exclude(b, (tc_exclude)9, "A", NULL));
    OK(tc_select_builder_source_catalog(b, "PDB1"));
    OK(tc_select_builder_get(b, TC_OP_DELETE, false));
    OK(tc_select_builder_table(b, "HR.EMP*", "SALARY > 1000", "DEPT = 10", NULL));
    GIVES(TC_ERR_FILTER, tc_select_builder_table(b, "HR.EMP*", "SALARY >", NULL, NULL));
    OK(tc_select_builder_ops(b, ops, 2));
    OK(tc_select_builder_limit_csn(b, TC_LIMIT_FROM, "100"));
    OK(tc_select_builder_limit_time(b, TC_LIMIT_UNTIL, 1000000));
    OK(tc_select_builder_limit_position(b, TC_LIMIT_UNTIL, end));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_builder_limit_csn(b, (tc_limit)2, "1"));
    OK(tc_select_builder_build(b, true, &select));
    tc_select_builder_free(b);
    OK(tc_buffer_new(&buffer));
    OK(tc_select_write(select, buffer));
    OK(tc_buffer_text(buffer, &text));
    CHECK(strstr(text.data, "TABLE HR.EMP*, FILTER (SALARY > 1000), WHERE (DEPT = 10);") && strstr(text.data, "IGNOREDELETES"));
    tc_buffer_free(buffer);
    tc_select_free(select);
}

/* Returns the text that `write` appends. */
#define WRITTEN(wanted, write) \
    do { \
        tc_str written; \
        OK(tc_buffer_clear(buffer)); \
        OK(write); \
        OK(tc_buffer_text(buffer, &written)); \
        if (!str_is(written, wanted)) fprintf(stderr, "%s\n", written.data); \
        CHECK(str_is(written, wanted)); \
    } while (0)

/* Rules from their parts, with values that need no quotes. */
static void rules(void) {
    fixtures f = make_fixtures(sample);
    tc_buffer *buffer = f.buffer;
    tc_expr *amount, *limit, *large, *name, *length, *word, *deep, *last;
    tc_condition *rich, *named, *not_null, *late, *both;
    tc_rule *rule, *map, *sly;
    tc_select *select, *lenient;
    tc_select_builder *builder;
    tc_error *error;
    tc_decimal number = {100050, 0, 2};
    OK(tc_expr_column("AMOUNT", false, &amount));
    OK(tc_expr_number(number, &limit));
    OK(tc_expr_join(TC_JOIN_GT, amount, limit, &large));
    WRITTEN("AMOUNT > 1000.50", tc_expr_write(large, buffer));
    OK(tc_expr_text("O'Brien", &name));
    OK(tc_expr_word("PRESENT", &word));
    WRITTEN("PRESENT", tc_expr_write(word, buffer));
    const tc_expr *arguments[] = {name};
    OK(tc_expr_call("strlen", arguments, 1, &length, NULL));
    WRITTEN("@STRLEN ('O''Brien')", tc_expr_write(length, buffer));
    GIVES(TC_ERR_FILTER, tc_expr_call("NO_SUCH", arguments, 1, &deep, &error));
    CHECK(strstr(tc_error_message(error), "@NO_SUCH"));
    tc_error_free(error);
    GIVES(TC_ERR_FILTER, tc_expr_parse("AMOUNT >", &deep, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_expr_join((tc_join)13, amount, limit, &deep));
    tc_join joins[] = {TC_JOIN_EQ, TC_JOIN_NE, TC_JOIN_LT, TC_JOIN_GE, TC_JOIN_LE, TC_JOIN_AND,
                       TC_JOIN_OR, TC_JOIN_PLUS, TC_JOIN_MINUS, TC_JOIN_TIMES, TC_JOIN_DIVIDED, TC_JOIN_REMAINDER};
    const char *signs[] = {"=", "<>", "<", ">=", "<=", "AND", "OR", "+", "-", "*", "/", "\\"};
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "@BEFORE (AMOUNT) %s 1000.50", signs[i]);
        OK(tc_expr_column("AMOUNT", true, &last));
        OK(tc_expr_join(joins[i], last, limit, &deep));
        WRITTEN(wanted, tc_expr_write(deep, buffer));
        tc_expr_free(deep);
        tc_expr_free(last);
    }
    /* At any depth. */
    tc_status status = TC_OK;
    OK(tc_expr_column("AMOUNT", false, &deep));
    for (int i = 0; status == TC_OK && i < 100000; i++) {
        status = tc_expr_join(TC_JOIN_PLUS, deep, limit, &last);
        if (status != TC_OK) break;
        tc_expr_free(deep);
        deep = last;
    }
    CHECK(status == TC_ERR_FILTER && last == NULL);
    tc_expr_free(deep);
    /* Of any size. */
    OK(tc_expr_column("AMOUNT", false, &deep));
    for (status = TC_OK; status == TC_OK;) {
        if ((status = tc_expr_join(TC_JOIN_AND, deep, deep, &last)) != TC_OK) break;
        tc_expr_free(deep);
        deep = last;
    }
    CHECK(status == TC_ERR_FILTER && last == NULL);
    tc_expr_free(deep);

    OK(tc_condition_number("AMOUNT", TC_JOIN_GE, number, &rich));
    OK(tc_condition_text("MEMO", TC_JOIN_EQ, "it's", &named));
    OK(tc_condition_state("MEMO", TC_JOIN_NE, TC_STATE_NULL, &not_null));
    OK(tc_condition_column("POSTED", TC_JOIN_LT, "DUE", &late));
    OK(tc_condition_join(TC_JOIN_OR, rich, named, &both));
    WRITTEN("AMOUNT >= 1000.50 OR MEMO = 'it''s'", tc_condition_write(both, buffer));
    WRITTEN("MEMO <> @NULL", tc_condition_write(not_null, buffer));
    WRITTEN("POSTED < DUE", tc_condition_write(late, buffer));
    tc_condition_free(late);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_condition_join(TC_JOIN_PLUS, rich, named, &late));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_condition_number("AMOUNT", TC_JOIN_AND, number, &late));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_condition_state("AMOUNT", TC_JOIN_LT, TC_STATE_NULL, &late));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_condition_state("AMOUNT", TC_JOIN_EQ, TC_STATE_INVALID, &late));
    OK(tc_condition_state("AMOUNT", TC_JOIN_EQ, TC_STATE_MISSING, &late));
    WRITTEN("AMOUNT = @ABSENT", tc_condition_write(late, buffer));

    const char *columns[] = {"POSTING_ID", "AMOUNT"}, *memo[] = {"MEMO"}, *derived[] = {"TWICE"}, *none[] = {NULL};
    const tc_expr *values[] = {large};
    tc_op on[] = {TC_OP_INSERT, TC_OP_PK_UPDATE}, ignore[] = {TC_OP_DELETE}, bad[] = {TC_OP_DDL};
    tc_filter_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.on = on;
    options.on_count = 2;
    options.ignore = ignore;
    options.ignore_count = 1;
    options.raises_error = true;
    options.error_number = 21000;
    GIVES(TC_ERR_FILTER, tc_rule_table("A B", &rule, NULL));
    OK(tc_rule_table("BANK.POST*", &rule, NULL));
    OK(tc_rule_filter(rule, large, &options, NULL));
    options.on = bad;
    options.on_count = 1;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_rule_filter(rule, large, &options, NULL));
    OK(tc_rule_where(rule, both));
    OK(tc_rule_columns(rule, TC_COLUMNS_COLS, columns, 2));
    OK(tc_rule_columns(rule, TC_COLUMNS_KEYCOLS, columns, 1));
    OK(tc_rule_derive(rule, TC_DERIVED_TOKENS, derived, values, 1));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_rule_columns(rule, (tc_columns)3, columns, 2));
    GIVES(TC_ERR_NULL_POINTER, tc_rule_columns(rule, TC_COLUMNS_COLS, none, 1));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_rule_derive(rule, (tc_derived)3, derived, values, 1));
    WRITTEN("TABLE BANK.POST*, FILTER (ON INSERT, ON UPDATE, IGNORE DELETE, RAISEERROR 21000, AMOUNT > 1000.50), "
            "WHERE (AMOUNT >= 1000.50 OR MEMO = 'it''s'), COLS (POSTING_ID, AMOUNT), KEYCOLS (POSTING_ID), "
            "TOKENS (TWICE = AMOUNT > 1000.50);", tc_rule_write(rule, buffer));
    OK(tc_rule_map("BANK.POST*", "COPY.*", &map, NULL));
    OK(tc_rule_filter(map, large, NULL, NULL));
    OK(tc_rule_derive(map, TC_DERIVED_MORE_COLUMNS, derived, values, 1));
    OK(tc_rule_columns(map, TC_COLUMNS_COLSEXCEPT, memo, 1));

    /* Their selections. */
    OK(tc_select_builder_new(&builder));
    OK(tc_select_builder_naming(builder, TC_NAMING_EXACT));
    OK(tc_select_builder_naming(builder, TC_NAMING_EXCLUDE_WILDCARDS_ONLY));
    OK(tc_select_builder_naming(builder, TC_NAMING_NO_WARNING));
    OK(tc_select_builder_naming(builder, TC_NAMING_IGNORE_CASE));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_builder_naming(builder, (tc_naming)4));
    OK(tc_select_builder_exclude(builder, TC_EXCLUDE_TAG, "+", NULL));
    OK(tc_select_builder_rule(builder, map));
    OK(tc_select_builder_build(builder, false, &select));
    tc_select_builder_free(builder);
    const char *known[] = {"Copy.Postings"};
    WRITTEN("COPY.POSTINGS", tc_select_target(select, 0, "BANK.POSTINGS", NULL, 0, buffer, NULL));
    WRITTEN("Copy.Postings", tc_select_target(select, 0, "BANK.POSTINGS", known, 1, buffer, NULL));
    GIVES(TC_ERR_FILTER, tc_select_target(select, 0, "BANK.POSTS", known, 1, buffer, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_target(select, 1, "BANK.OTHER", known, 1, buffer, NULL));
    tc_select_options with;
    memset(&with, 0, sizeof with);
    with.size = sizeof with;
    with.lenient = true;
    OK(tc_select_with(select, &with, &lenient));
    tc_read_options reading;
    memset(&reading, 0, sizeof reading);
    reading.size = sizeof reading;
    reading.select = lenient;
    tc_reader *reader = open_reader(f.trail, &reading);
    tc_counts counts;
    const tc_change *change;
    do OK(tc_reader_next(reader, &change, NULL));
    while (change);
    OK(tc_reader_filter_counts(reader, &counts));
    OK(tc_select_check(lenient, f.table, NULL));
    CHECK(counts.accepted > 10 && counts.rejected > 10);
    tc_reader_free(reader);

    /* A selection that would change when it is written is not built. */
    const char *tokens[] = {"A = 1); TABLE *.*; TABLE B.C, TOKENS (B"};
    for (int kind = 0; kind < 4; kind++) {
        tc_select *bad;
        OK(tc_select_builder_new(&builder));
        OK(tc_rule_table("BANK.POSTINGS", &sly, NULL));
        if (kind == 0) OK(tc_select_builder_limit_csn(builder, TC_LIMIT_FROM, "1;\nTABLE *.*; TABLE Q.Q"));
        if (kind == 1) OK(tc_rule_derive(sly, TC_DERIVED_TOKENS, tokens, values, 1));
        if (kind == 2) OK(tc_select_builder_source_catalog(builder, "A\nTABLE *.*;"));
        if (kind == 3) OK(tc_rule_columns(sly, TC_COLUMNS_COLS, NULL, 0));
        OK(tc_select_builder_rule(builder, sly));
        GIVES(TC_ERR_FILTER, tc_select_builder_build(builder, false, &bad));
        CHECK(bad == NULL);
        tc_rule_free(sly);
        tc_select_builder_free(builder);
    }

    /* All rules that match a change. */
    tc_selector *selector;
    tc_hit hits[4];
    size_t count;
    tc_select_free(select);
    OK(tc_select_parse("TABLE BANK.*, FILTER (AMOUNT > 1000); TABLE BANK.POSTINGS, FILTER (AMOUNT < 0); TABLE BANK.POSTINGS;",
                       NULL, &select, NULL));
    OK(tc_selector_new(select, &selector));
    OK(tc_selector_hits(selector, f.change, hits, 4, &count));
    CHECK(count == 2 && hits[0].rule == 0 && hits[1].rule == 2 && hits[1].decision == TC_DECISION_ACCEPT);
    OK(tc_selector_hits(selector, f.change, NULL, 0, &count));
    CHECK(count == 2);
    tc_selector_free(selector);

    tc_select_free(lenient);
    tc_select_free(select);
    tc_rule_free(map);
    tc_rule_free(rule);
    tc_condition_free(both);
    tc_condition_free(late);
    tc_condition_free(not_null);
    tc_condition_free(named);
    tc_condition_free(rich);
    tc_expr_free(word);
    tc_expr_free(length);
    tc_expr_free(name);
    tc_expr_free(large);
    tc_expr_free(limit);
    tc_expr_free(amount);
    free_fixtures(&f);
}

static void summaries(void) {
    fixtures f = make_fixtures(sample);
    tc_summary_facts facts;
    tc_table_counts counts;
    tc_report_facts whole;
    tc_catalog *tables;
    size_t defined;
    uint64_t changes = 0, inserts = 0;
    facts.size = sizeof facts;
    whole.size = sizeof whole;
    OK(tc_summary_facts_of(f.summary, &facts));
    OK(tc_report_facts_of(f.report, &whole));
    CHECK(facts.changes == whole.changes && facts.transactions == whole.transactions && facts.has_changes && facts.skipped == 0);
    CHECK(facts.first.rba > 0 && facts.last.seqno > facts.first.seqno && facts.earliest < facts.latest && facts.first_csn.length > 0);
    CHECK(facts.last_csn.length > 0 && facts.counts.accepted == 0);
    for (size_t i = 0; i < facts.tables; i++) {
        OK(tc_summary_table(f.summary, i, &counts));
        uint64_t sum = 0;
        for (int op = 0; op < 8; op++) sum += counts.ops[op];
        CHECK(sum == counts.changes && counts.bytes > 0);
        changes += sum;
        if (str_is(counts.name, "BANK.POSTINGS")) inserts = counts.ops[TC_OP_INSERT];
    }
    CHECK(changes == facts.changes && inserts > 40);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_summary_table(f.summary, (size_t)facts.tables, &counts));
    OK(tc_summary_tables(f.summary, &tables));
    OK(tc_catalog_count(tables, &defined));
    CHECK(defined >= 2);
    tc_catalog_free(tables);

    /* Skipped damage is reported. */
    char path[512];
    size_t length;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    memset(bytes + length / 2, 0xee, 600);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length};
    tc_trail *damaged;
    tc_summary *summary;
    tc_skipped gap;
    tc_error *why;
    tc_read_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &damaged, NULL));
    GIVES(TC_ERR_CORRUPT, tc_trail_summary(damaged, &options, &summary, NULL));
    options.resync = true;
    OK(tc_trail_summary(damaged, &options, &summary, NULL));
    OK(tc_summary_facts_of(summary, &facts));
    CHECK(facts.skipped > 0);
    OK(tc_summary_skipped(summary, 0, &gap, &why));
    CHECK(gap.to.rba > gap.from.rba && tc_error_status(why) == TC_ERR_CORRUPT);
    tc_error_free(why);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_summary_skipped(summary, (size_t)facts.skipped, &gap, NULL));
    tc_summary_free(summary);
    tc_arrow_batches *batches;
    const tc_table *table;
    struct ArrowSchema schema;
    struct ArrowArray rows;
    size_t skipped;
    OK(tc_arrow_batches_open(damaged, &options, NULL, &batches, NULL));
    for (;;) {
        OK(tc_arrow_batches_next(batches, &table, &schema, &rows, NULL));
        if (!table) break;
        schema.release(&schema);
        rows.release(&rows);
    }
    OK(tc_arrow_batches_skipped_count(batches, &skipped));
    CHECK(skipped == facts.skipped);
    OK(tc_arrow_batches_skipped(batches, 0, &gap, NULL));
    tc_arrow_batches_free(batches);
    tc_trail_free(damaged);
    free(bytes);
    free_fixtures(&f);
}

static void catalogs(void) {
    static const char text[] = "Definition for table HR.DEPT\nRecord length: 44\nSyskey: 0\nColumns: 2\n"
                               "DEPTNO  134      8        0  0  0 1 0      8      8      8 0 0 0 0 1    0 1   3\n"
                               "DNAME    64     30       12  0  0 1 0     30     30      0 0 0 0 0 1    0 0   0\n"
                               "End of definition\n";
    tc_catalog *catalog, *from_file, *met;
    tc_table *table, *other;
    tc_trail *trail;
    tc_str name;
    size_t count;
    char path[512];
    OK(tc_catalog_parse((const uint8_t *)text, sizeof text - 1, &catalog, NULL));
    OK(tc_catalog_count(catalog, &count));
    CHECK(count == 1);
    OK(tc_catalog_find(catalog, "hr.dept", &table));
    CHECK(table != NULL);
    OK(tc_catalog_find(catalog, "HR.NONE", &other));
    CHECK(other == NULL);
    OK(tc_catalog_table(catalog, 0, &other));
    OK(tc_table_name(other, &name));
    CHECK(str_is(name, "HR.DEPT"));
    tc_table_free(other);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_catalog_table(catalog, 1, &other));
    GIVES(TC_ERR_DEFINITIONS, tc_catalog_parse((const uint8_t *)"Definition", 10, &from_file, NULL));
    OK(tc_catalog_new(&from_file));
    OK(tc_catalog_insert(from_file, table));
    tc_catalog_free(from_file);
    snprintf(path, sizeof path, "%s/hr.def", folder);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text, 1, sizeof text - 1, file) == sizeof text - 1 && fclose(file) == 0);
    OK(tc_catalog_open(path, &from_file, NULL));
    tc_catalog_free(from_file);

    /* The tables of a reader, and a reader that outlives its catalog. */
    OK(tc_trail_open(sample, &trail, NULL));
    tc_read_options options = no_options();
    options.catalog = catalog;
    tc_reader *reader = open_reader(trail, &options);
    tc_catalog_free(catalog);
    tc_block *block;
    OK(tc_reader_next_block(reader, 100000, &block, NULL));
    tc_block_free(block);
    OK(tc_reader_tables(reader, &met));
    OK(tc_catalog_find(met, "BANK.POSTINGS", &other));
    CHECK(other != NULL);
    tc_table_free(other);
    tc_catalog_free(met);
    tc_reader_free(reader);
    tc_trail_free(trail);
    tc_table_free(table);
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
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_writer_insert(writer, table, row, NULL));
    OK(tc_writer_begin(writer, "100", "1.2.3", 1709284502000000, NULL));
    OK(tc_writer_token(writer, 'R', 0, (const uint8_t *)"AAABCDAAEAAAAF1AAA\0\1", 20, NULL));
    OK(tc_writer_user_tokens(writer, (const uint8_t *)"user", 4, NULL));
    OK(tc_writer_insert(writer, table, row, NULL));
    OK(tc_writer_lob_fragment(writer, (const uint8_t *)"lob", 3, NULL));
    OK(tc_writer_update(writer, table, TC_UPDATE_UNIFIED, key, row, NULL));
    OK(tc_writer_update(writer, table, TC_UPDATE_PAIR, key, row, NULL));
    OK(tc_writer_update(writer, table, TC_UPDATE_AFTER_ONLY, key, row, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_update(writer, table, (tc_update_style)5, key, row, NULL));
    OK(tc_writer_pk_update(writer, table, key, row, NULL));
    OK(tc_writer_unified_pk_update(writer, table, key, row, NULL));
    OK(tc_writer_delete(writer, table, key, NULL));
    OK(tc_writer_truncate(writer, table, NULL));
    OK(tc_writer_ddl(writer, "SHOP", "ITEMS", ",C1='ALTER TABLE',", NULL));
    OK(tc_writer_commit(writer, NULL));
    OK(tc_writer_begin(writer, "101", "1.2.4", 1709284503000000, NULL));
    OK(tc_row_clear(row));
    OK(tc_row_i64(row, "ID", 8, NULL));
    OK(tc_writer_insert(writer, table, row, NULL));
    OK(tc_writer_abend(writer, NULL));
    OK(tc_writer_marker(writer, 151, 1709284504000000, NULL));
    tc_row_free(key);
    tc_row_free(row);
}

/* If a block has a damaged image, the complete lines before it are written, and the error has its location. */
static void lines_before_damage(void) {
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
        OK(tc_writer_insert(writer, table, row, NULL));
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

static void writers(void) {
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
    tc_writer_options options;
    tc_error *error;
    tc_str name;
    tc_bytes bytes;
    size_t count;
    char prefix[512];
    OK(tc_table_new("SHOP.ITEMS", columns, 9, &table, NULL));
    columns[0].kind = (tc_kind)77;
    tc_table *none;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_table_new("SHOP.ITEMS", columns, 9, &none, NULL));

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.little_endian = true;
    options.definition_version = 11;
    options.group = "SHOPS";
    OK(tc_writer_new_in_memory("it", &options, &writer, NULL));
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
    info.size = sizeof info;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        OK(tc_reader_next(reader, &change, NULL));
        CHECK(change != NULL);
        OK(tc_change_info_of(change, &info));
        CHECK(info.op == wanted[i]);
        /* Both images in one call equal the images of single calls. */
        tc_column both[16], one[16];
        size_t before, after, count;
        tc_change_info again;
        again.size = sizeof again;
        OK(tc_change_read(change, &again, both, 16, &before, &after, NULL));
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
    options.seqno_digits = 7;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_writer_create(prefix, &options, &writer, NULL));
    options.seqno_digits = 6;
    OK(tc_writer_create(prefix, &options, &writer, NULL));
    write_changes(writer, table);
    OK(tc_writer_finish(writer, true, NULL));
    OK(tc_writer_file(writer, 0, &name, NULL));
    CHECK(name.length > 8);
    tc_writer_free(writer);
    tc_table_free(table);
}

/* A callback that uses the stream that calls it. */
typedef struct {
    struct ArrowArrayStream *stream;
    int refused, calls;
} coming_back;

static bool come_back(void *user, const tc_progress *progress) {
    coming_back *back = user;
    struct ArrowArray array;
    (void)progress;
    back->calls++;
    if (back->stream) back->refused += back->stream->get_next(back->stream, &array) != 0;
    return true;
}

static void arrow(void) {
    tc_trail *trail;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    tc_arrow_options options;
    const char *columns[] = {"AMOUNT", "MEMO"};
    int64_t rows = 0;
    OK(tc_trail_open(sample, &trail, NULL));
    GIVES(TC_ERR_UNKNOWN_TABLE, tc_trail_arrow_stream(trail, "NO.SUCH", NULL, NULL, &stream, NULL));
    CHECK(stream.release == NULL);
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.columns = columns;
    options.column_count = 2;
    options.rows = 7;
    options.layout = (tc_arrow_layout)9;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, &options, &stream, NULL));
    options.layout = TC_ARROW_ROWS;
    OK(tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, &options, &stream, NULL));
    tc_trail_free(trail);
    CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 7);
    CHECK(strcmp(schema.children[5]->name, "AMOUNT") == 0 && strcmp(schema.children[5]->format, "d:19,2") == 0);
    schema.release(&schema);
    for (;;) {
        CHECK(stream.get_next(&stream, &batch) == 0);
        if (!batch.release) break;
        CHECK(batch.length <= 7);
        rows += batch.length;
        batch.release(&batch);
    }
    CHECK(rows > 40);
    stream.release(&stream);

    coming_back back = {NULL, 0, 0};
    tc_read_options watched = no_options();
    watched.watch = come_back;
    watched.watch_user = &back;
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_trail_arrow_stream(trail, "BANK.POSTINGS", &watched, &options, &stream, NULL));
    tc_trail_free(trail);
    back.stream = &stream;
    int64_t left = rows;
    for (;;) {
        CHECK(stream.get_next(&stream, &batch) == 0);
        if (!batch.release) break;
        left -= batch.length;
        batch.release(&batch);
    }
    CHECK(left == 0 && back.refused > 0);
    stream.release(&stream);

    /* All tables, in one pass. */
    fixtures f = make_fixtures(sample);
    tc_summary_facts facts;
    tc_counts counts;
    const tc_table *table;
    tc_str name;
    int64_t postings = 0, all = 0;
    facts.size = sizeof facts;
    OK(tc_summary_facts_of(f.summary, &facts));
    for (;;) {
        OK(tc_arrow_batches_next(f.arrow_batches, &table, &schema, &batch, NULL));
        if (!table) break;
        CHECK(schema.n_children == batch.n_children && schema.release && batch.release);
        OK(tc_table_name(table, &name));
        all += batch.length;
        if (str_is(name, "BANK.POSTINGS")) postings += batch.length;
        batch.release(&batch);
        schema.release(&schema);
    }
    CHECK(schema.release == NULL && batch.release == NULL);
    CHECK(postings == rows && all > postings && (uint64_t)all <= facts.changes);
    OK(tc_arrow_batches_filter_counts(f.arrow_batches, &counts));
    CHECK(counts.accepted == 0);
    OK(tc_table_arrow_schema(f.table, &options, &schema, NULL));
    CHECK(schema.n_children == 7);
    schema.release(&schema);
    columns[0] = "NO_SUCH";
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_table_arrow_schema(f.table, &options, &schema, NULL));
    CHECK(schema.release == NULL);
    free_fixtures(&f);
}

static int logged;

static void count_message(void *user, tc_log_level level, const char *message, size_t length) {
    CHECK(user == &logged && strlen(message) == length && level >= TC_LOG_ERROR && level <= TC_LOG_INFO);
    logged++;
}

static void logs(void) {
    fixtures f = make_fixtures(sample);
    OK(tc_log_set(count_message, &logged));
    tc_table_free((tc_table *)(const void *)f.table); /* borrowed: a mistake that no status can report */
    CHECK(logged == 1);
    OK(tc_log_set(NULL, NULL));
    tc_table_free((tc_table *)(const void *)f.table);
    CHECK(logged == 1);
    free_fixtures(&f);
}

#ifdef TC_DRILL
tc_status tc_drill_panic(tc_buffer *buffer, tc_error **error);

static void drills(void) {
    tc_buffer *buffer;
    tc_error *error;
    tc_trail *trail;
    tc_block *block;
    const tc_change *change;
    tc_str text;
    size_t count;
    OK(tc_buffer_new(&buffer));
    GIVES(TC_ERR_PANIC, tc_drill_panic(buffer, &error));
    CHECK(strlen(tc_error_message(error)) > 0 && !strstr(tc_error_message(error), "on purpose"));
    tc_error_free(error);
    GIVES(TC_ERR_POISONED, tc_buffer_text(buffer, &text));
    GIVES(TC_ERR_POISONED, tc_buffer_clear(buffer));
    GIVES(TC_ERR_POISONED, tc_drill_panic(buffer, NULL));
    tc_buffer_free(buffer);

    /* Debug builds detect freed objects. */
    GIVES(TC_ERR_FREED_HANDLE, tc_buffer_text(buffer, &text));
    tc_buffer_free(buffer);
    OK(tc_trail_open(sample, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 5, &block, NULL));
    OK(tc_block_change(block, 0, &change));
    tc_block_free(block);
    GIVES(TC_ERR_FREED_HANDLE, tc_block_count(block, &count));
    GIVES(TC_ERR_FREED_HANDLE, tc_change_csn(change, &text));
    tc_reader_free(reader);
    tc_trail_free(trail);
    GIVES(TC_ERR_FREED_HANDLE, tc_trail_file_count(trail, &count));
}
#endif

int main(int count, char **arguments) {
    if (count != 4) return 2;
    sample = arguments[1];
    expected = arguments[2];
    folder = arguments[3];
    versions();
    texts_and_numbers();
    errors();
    trails();
    read_as_one();
    blocks_stay();
    changes();
    statements();
    headers();
    records();
    reports();
    hand_on();
    memory_and_damage();
    sources();
    options();
    selections();
    builders();
    rules();
    summaries();
    catalogs();
    writers();
    lines_before_damage();
    arrow();
    logs();
#ifdef TC_DRILL
    drills();
#endif
    printf("%d checks\n", checks);
    return 0;
}
