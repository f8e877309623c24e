/*
 * Follows a trail in an event loop, and prints its changes as native JSON: follow PATH [CHECKPOINT]
 *
 * It ends on SIGINT and SIGTERM. With a checkpoint, a second run goes on where the first one ended.
 */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <trailcore.h>

/* A signal handler may write to a pipe, but not call the library. */
static int signals[2];

static void on_signal(int number) {
    char byte = (char)number;
    if (write(signals[1], &byte, 1) != 1) _exit(1);
}

static tc_status print(tc_buffer *lines, FILE *out) {
    tc_str text;
    tc_status status = tc_buffer_text(lines, &text);
    if (status == TC_OK) fwrite(text.data, 1, text.length, out);
    tc_buffer_clear(lines);
    return status;
}

/* Prints a delivery and acknowledges it, once its lines are written. */
static tc_status take(const tc_tail *tail, tc_delivery *delivery, tc_buffer *lines, tc_error **error) {
    tc_delivery_kind kind;
    uint64_t number;
    tc_block *block;
    tc_status status = tc_delivery_kind_of(delivery, &kind);
    if (status == TC_OK && kind == TC_DELIVERY_EVENT) {
        status = tc_delivery_facts(delivery, lines, error);
        if (status == TC_OK) status = print(lines, stderr);
        fputc('\n', stderr);
        return status;
    }
    while (status == TC_OK && (status = tc_delivery_next_block(delivery, &block, error)) == TC_OK && block) {
        status = tc_block_write_json(block, lines, error);
        tc_block_free(block);
        if (status == TC_OK) status = print(lines, stdout);
    }
    if (status == TC_OK && fflush(stdout) != 0) status = TC_ERR_IO;
    if (status == TC_OK) status = tc_delivery_number(delivery, &number);
    return status == TC_OK ? tc_tail_acknowledge(tail, number, error) : status;
}

/* Takes all deliveries that wait. */
static tc_status take_all(const tc_tail *tail, tc_buffer *lines, tc_error **error) {
    for (;;) {
        tc_delivery *delivery;
        tc_status status = tc_tail_next(tail, 0, &delivery, error);
        if (status != TC_OK || !delivery) return status;
        status = take(tail, delivery, lines, error);
        tc_delivery_free(delivery);
        if (status != TC_OK) return status;
    }
}

int main(int count, char **arguments) {
    if (count != 2 && count != 3) {
        fprintf(stderr, "usage: follow PATH [CHECKPOINT]\n");
        return 2;
    }
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    if (pipe(signals) != 0 || sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0) {
        perror("follow");
        return 1;
    }
    tc_tail *tail = NULL;
    tc_buffer *lines = NULL;
    tc_error *error = NULL;
    struct pollfd waiting[2] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}};
    waiting[1].fd = signals[0];

    tc_status status = tc_buffer_new(&lines);
    if (status == TC_OK) status = tc_tail_open(arguments[1], NULL, count == 3 ? arguments[2] : NULL, &tail, &error);
    if (status == TC_OK) status = tc_tail_descriptor(tail, 16, &waiting[0].fd, &error);
    while (status == TC_OK && waiting[1].revents == 0) {
        if (poll(waiting, 2, -1) < 0) continue; /* interrupted by a signal, which is in the pipe */
        if (waiting[0].revents) status = take_all(tail, lines, &error);
    }
    if (status == TC_OK) status = tc_tail_close(tail, &error);
    if (status != TC_OK) fprintf(stderr, "follow: %s\n", error ? tc_error_message(error) : tc_status_name(status));
    tc_error_free(error);
    tc_tail_free(tail);
    tc_buffer_free(lines);
    return status == TC_OK ? 0 : 1;
}
