// Errors as the user sees them, and the check that output has arrived.
#include "cli/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *what, const char *format, va_list args) {
  fflush(stdout);  // what was printed before the error stands before it
  fputs("wemoon: ", stderr);
  if (what[0]) fprintf(stderr, "%s: ", what);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
}

void report(const char *what, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(what, format, args);
  va_end(args);
}

int report_err(const char *what, const Err *err) {
  report(what, "%s", err->text);
  return err->code == ERR_USAGE ? STATUS_USAGE : STATUS_FAILED;
}

int report_usage(const char *command, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(command, format, args);
  va_end(args);
  fprintf(stderr, "Try: wemoon %s%s--help\n", command, command[0] ? " " : "");
  return STATUS_USAGE;
}

const char *report_program(char *path) {
  if (!strchr(program_invocation_name, '/')) return program_invocation_name;
  return realpath("/proc/self/exe", path) ? path : program_invocation_name;
}

static bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         strchr("-_./:+@%,", c);
}

void report_word(FILE *out, const char *word) {
  bool plain = word[0] != '\0';
  for (const char *c = word; *c; c++) plain = plain && is_plain(*c);
  if (plain) {
    fputs(word, out);
    return;
  }
  fputc('\'', out);
  for (const char *c = word; *c; c++) {
    if (*c == '\'') fputs("'\\''", out);
    else fputc(*c, out);
  }
  fputc('\'', out);
}

int report_output(int status) {
  bool failed = ferror(stdout) != 0;
  if (fflush(stdout) == 0 && !failed) return status;
  report("standard output", "%s", failed && errno == 0 ? "a write failed" : strerror(errno));
  return status == STATUS_DONE ? STATUS_FAILED : status;
}
