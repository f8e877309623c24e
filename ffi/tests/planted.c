/* Deliberate bugs that the sanitizers must report: planted SAMPLE use-after-free|leak|overflow */
#include "fixtures.h"

int checks;

#include <limits.h>

int main(int count, char **arguments) {
    tc_buffer *buffer;
    tc_trail *trail;
    tc_str text;
    if (count != 3) return 2;
    if (strcmp(arguments[2], "use-after-free") == 0) {
        OK(tc_buffer_new(&buffer));
        OK(tc_time_write(0, buffer));
        OK(tc_buffer_text(buffer, &text));
        tc_buffer_free(buffer);
        putchar(text.data[0]); /* borrowed from a freed object */
    } else if (strcmp(arguments[2], "leak") == 0) {
        OK(tc_trail_open(arguments[1], &trail, NULL));
        trail = NULL; /* never freed */
    } else if (strcmp(arguments[2], "overflow") == 0) {
        volatile int most = INT_MAX;
        volatile int sum = most + count;
        printf("%d\n", sum);
    }
    return 0;
}
