/* The C program of the latency bench: follows a trail, and prints for each delivery its end (RBA) and the time at which it came, in
 * microseconds since 1970. It ends two seconds after the last one. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <trailcore.h>

#define OK(call) do { if ((call) != TC_OK) { fprintf(stderr, "%s failed\n", #call); exit(1); } } while (0)

static long long micros(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int count, char **arguments) {
    tc_tail *tail;
    tc_delivery *delivery;
    tc_block *block;
    tc_buffer *facts;
    tc_str text;
    uint64_t number;
    int begun = 0;
    static char lines[1 << 24];
    size_t length = 0;
    if (count != 2) return 1;
    OK(tc_buffer_new(&facts));
    OK(tc_tail_open(arguments[1], NULL, NULL, &tail, NULL));
    puts("ready");
    fflush(stdout);
    for (;;) {
        OK(tc_tail_next(tail, begun ? 2000 : 60000, &delivery, NULL));
        if (!delivery) break;
        do {
            OK(tc_delivery_next_block(delivery, &block, NULL));
            tc_block_free(block);
        } while (block);
        long long now = micros();
        begun = 1;
        tc_buffer_clear(facts);
        OK(tc_delivery_facts(delivery, facts, NULL));
        OK(tc_buffer_text(facts, &text));
        const char *end = strstr(text.data, "\"end\":\"0:");
        if (end && length < sizeof lines - 64) length += (size_t)sprintf(lines + length, "%lld %lld\n", atoll(end + 9), now);
        OK(tc_delivery_number(delivery, &number));
        tc_delivery_free(delivery);
        if (number) OK(tc_tail_acknowledge(tail, number, NULL));
    }
    fputs(lines, stdout);
    tc_tail_free(tail);
    tc_buffer_free(facts);
    return 0;
}
