/* A check for Nagios: health of the streams in files of GoldenGate. Exit codes 0, 1, 2, 3.
 *
 *   health info-all.txt ggserr.log
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <trailcore.h>

static int unknown(const char *text) {
  printf("GOLDENGATE UNKNOWN - %s\n", text);
  return 3;
}

static int has(tc_str text, const char *word) {
  size_t length = strlen(word);
  for (size_t at = 0; at + length <= text.length; at++) {
    if (memcmp(text.data + at, word, length) == 0) return 1;
  }
  return 0;
}

/* Writes a time as JSON has it in a request. */
static const char *utc(time_t at, char *text, size_t size) {
  struct tm parts;
  strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
  return text;
}

int main(int count, char **names) {
  if (count < 2) return unknown("usage: health PATH...");
  char request[8192] = "{\"inputs\":[", moment[32];
  for (int at = 1; at < count; at++) {
    size_t used = strlen(request);
    /* Paths with quotes or backslashes need an escape of JSON. */
    if (strpbrk(names[at], "\"\\") || used + strlen(names[at]) + 128 > sizeof request) return unknown("a path cannot be used");
    used += (size_t)snprintf(request + used, sizeof request - used, "%s{\"path\":\"%s\"", at > 1 ? "," : "", names[at]);
    /* The contents of a file are of the time at which it was written. */
    struct stat facts;
    if (stat(names[at], &facts) == 0) {
      used += (size_t)snprintf(request + used, sizeof request - used, ",\"observed\":\"%s\"", utc(facts.st_mtime, moment, sizeof moment));
    }
    strcat(request, "}");
  }
  /* With the current time, artefacts that nobody writes any more are a finding. */
  size_t used = strlen(request);
  snprintf(request + used, sizeof request - used, "],\"now\":\"%s\"}", utc(time(NULL), moment, sizeof moment));

  tc_buffer *answer = NULL;
  tc_error *error = NULL;
  if (tc_buffer_new(&answer) != TC_OK) return unknown("no memory");
  if (tc_call("ops.health", request, answer, &error) != TC_OK) {
    int code = unknown(tc_error_message(error));
    tc_error_free(error);
    tc_buffer_free(answer);
    return code;
  }
  tc_str text;
  if (tc_buffer_text(answer, &text) != TC_OK) return unknown("no answer");
  int code = 0;
  /* The weights of findings are words that occur nowhere else. */
  if (has(text, "\"weight\":\"warning\"")) code = 1;
  if (has(text, "\"weight\":\"critical\"")) code = 2;
  printf("GOLDENGATE %s\n", code == 2 ? "CRITICAL" : code == 1 ? "WARNING" : "OK");
  tc_buffer_free(answer);
  return code;
}
