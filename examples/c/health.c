/* A check for Nagios: health of the streams in files of GoldenGate. Exit codes 0, 1, 2, 3.
 *
 *   health info-all.txt ggserr.log
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(int count, char **names) {
  if (count < 2) return unknown("usage: health PATH...");
  char request[8192] = "{\"inputs\":[";
  for (int at = 1; at < count; at++) {
    size_t used = strlen(request);
    /* Paths with quotes or backslashes need an escape of JSON. */
    if (strpbrk(names[at], "\"\\") || used + strlen(names[at]) + 32 > sizeof request) return unknown("a path cannot be used");
    snprintf(request + used, sizeof request - used, "%s{\"path\":\"%s\"}", at > 1 ? "," : "", names[at]);
  }
  strcat(request, "]}");

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
