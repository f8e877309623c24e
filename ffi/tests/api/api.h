/* Shared by the tests of the library by subject. */
#ifndef API_H
#define API_H

#include "../fixtures.h"

/* The arguments of the program. */
extern const char *sample, *expected, *folder;

tc_reader *open_reader(const tc_trail *trail, const char *options);
/* The trail with these objects. */
tc_trail *with(const tc_trail *trail, const tc_catalog *catalog, const tc_select *select);
/* Appends all further changes of a reader as lines. */
void read_lines(tc_reader *reader, size_t most, tc_buffer *lines);
char *file_content(const char *path, size_t *length);

void versions(void);
void texts_and_numbers(void);
void errors(void);
void logs(void);
void trails(void);
void memory_and_damage(void);
void sources(void);
void options(void);
void lines(void);
void read_as_one(void);
void blocks_stay(void);
void changes(void);
void statements(void);
void headers(void);
void records(void);
void reports(void);
void damage(void);
void selections(void);
void quotes(void);
void targets(void);
void hits(void);
void catalogs(void);
void hand_on(void);
void writers(void);
void lines_before_damage(void);
void arrow(void);
void live(void);
#ifdef TC_DRILL
void drills(void);
#endif

#endif
