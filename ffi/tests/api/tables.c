/* Table definitions and catalogs. */
#include "api.h"

void catalogs(void) {
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
    tc_trail *defined = with(trail, catalog, NULL);
    tc_catalog_free(catalog);
    tc_reader *reader = open_reader(defined, NULL);
    tc_trail_free(defined);
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
