/*
 * Prints the changes that a selection accepts, with their columns: filter PATH 'TABLE BANK.POSTINGS, FILTER (AMOUNT > 100000);'
 */
#include <stdio.h>

#include <trailcore.h>

#define MOST_COLUMNS 1000

static tc_column columns[MOST_COLUMNS];

static void print_str(tc_str text) {
    if (text.data) fwrite(text.data, 1, text.length, stdout);
}

/* Prints the columns of one image: NAME=value for each column that is present. */
static tc_status print_image(const tc_change *change, tc_image image, const tc_table *table, tc_buffer *value, tc_error **error) {
    size_t count;
    tc_status status = tc_change_columns(change, image, columns, MOST_COLUMNS, &count, error);
    for (size_t i = 0; status == TC_OK && i < count && i < MOST_COLUMNS; i++) {
        tc_column_def definition;
        tc_str text;
        definition.size = sizeof definition;
        putchar(' ');
        if (tc_table_column(table, columns[i].index, &definition) == TC_OK) {
            print_str(definition.name);
        } else {
            printf("COL%u", (unsigned)columns[i].index);
        }
        putchar('=');
        tc_buffer_clear(value);
        if ((status = tc_column_write(&columns[i], value)) != TC_OK) return status;
        if ((status = tc_buffer_text(value, &text)) != TC_OK) return status;
        print_str(text);
    }
    return status;
}

static tc_status print_change(const tc_change *change, tc_buffer *value, tc_error **error) {
    tc_change_info info;
    tc_str name;
    info.size = sizeof info;
    tc_status status = tc_change_info_of(change, &info);
    if (status == TC_OK) status = tc_change_table_name(change, &name);
    if (status != TC_OK) return status;
    printf("%llu:%llu %s ", (unsigned long long)info.position.seqno, (unsigned long long)info.position.rba, tc_op_name(info.op));
    print_str(name);
    status = print_image(change, TC_IMAGE_BEFORE, info.table, value, error);
    printf(" ->");
    if (status == TC_OK) status = print_image(change, TC_IMAGE_AFTER, info.table, value, error);
    putchar('\n');
    return status;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: filter PATH STATEMENTS\n");
        return 2;
    }
    tc_trail *trail = NULL, *selected = NULL;
    tc_select *select = NULL;
    tc_reader *reader = NULL;
    tc_buffer *value = NULL;
    tc_error *error = NULL;
    tc_counts counts = {0, 0, 0, 0};

    /* Undecidable changes are counted and do not stop the reader. */
    const char *lenient = "{\"lenient\": true}";

    tc_status status = tc_trail_open(arguments[1], &trail, &error);
    if (status == TC_OK) status = tc_select_parse(arguments[2], lenient, &select, &error);
    if (status == TC_OK) status = tc_trail_with(trail, NULL, select, NULL, NULL, &selected);
    if (status == TC_OK) status = tc_reader_open(selected, NULL, &reader, &error);
    if (status == TC_OK) status = tc_buffer_new(&value);
    while (status == TC_OK) {
        const tc_change *change;
        status = tc_reader_next(reader, &change, &error);
        if (status != TC_OK || !change) break;
        status = print_change(change, value, &error);
    }
    if (status == TC_OK) status = tc_reader_filter_counts(reader, &counts);
    if (status == TC_OK) {
        fprintf(stderr, "%llu accepted, %llu rejected, %llu undecidable\n", (unsigned long long)counts.accepted,
                (unsigned long long)counts.rejected, (unsigned long long)(counts.undecidable + counts.errors));
    } else {
        fprintf(stderr, "filter: %s\n", error ? tc_error_message(error) : tc_status_name(status));
    }
    tc_error_free(error);
    tc_buffer_free(value);
    tc_reader_free(reader);
    tc_select_free(select);
    tc_trail_free(selected);
    tc_trail_free(trail);
    return status == TC_OK ? 0 : 1;
}
