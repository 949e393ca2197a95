// Prints errors, and checks that output was written.
#include "cli/report.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/visible.h"
#include "cli/language.h"
#include "cli/output_text.h"

// An error may quote a stranger's text.
static void print(const char *what, Str said) {
  Buf line;
  buf_init(&line);
  fflush(stdout);  // earlier output comes first
  visible_add(&line, said);
  fprintf(stderr, "wemoon: %s%s%.*s\n", what, what[0] ? ": " : "", STR_FMT(buf_str(&line)));
  buf_clear(&line);
}

__attribute__((format(printf, 2, 0))) static void say(const char *what, const char *format,
                                                      va_list args) {
  char text[4096];
  Buf said;
  buf_init(&said);
  vsnprintf(text, sizeof text, format, args);
  language_add_error(&said, str_of(text));
  print(what, buf_str(&said));
  buf_clear(&said);
}

static void say_where_help_is(const char *command) {
  Buf english, said;
  buf_init(&english);
  buf_init(&said);
  buf_printf(&english, "Try: wemoon %s%s--help", command, command[0] ? " " : "");
  language_add_error(&said, buf_str(&english));
  fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&said)));
  buf_clear(&said);
  buf_clear(&english);
}

void report_trace(Str trace) {
  Buf shown;
  buf_init(&shown);
  visible_add(&shown, trace);
  if (shown.len) fprintf(stderr, "%.*s\n", STR_FMT(buf_str(&shown)));
  buf_clear(&shown);
}

void report_print(Str text) {
  Buf shown;
  buf_init(&shown);
  visible_add(&shown, text);
  fwrite(buf_str(&shown).ptr, 1, shown.len, stdout);
  buf_clear(&shown);
}

void report(const char *what, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(what, format, args);
  va_end(args);
}

void report_warning(const char *what, const char *warning) {
  Buf said;
  buf_init(&said);
  buf_add(&said, str_of(output_text("warning: ")));
  language_add_error(&said, str_of(warning));
  print(what, buf_str(&said));
  buf_clear(&said);
}

void report_of_script(const char *what, const char *path, const Err *err) {
  Buf text;
  buf_init(&text);
  buf_printf(&text, "%s%s%s", path, path[0] ? ": " : "", err->text);
  print(what, buf_str(&text));
  buf_clear(&text);
}

int report_err(const char *what, const Err *err) {
  report(what, "%s", err->text);
  return err->code == ERR_USAGE ? STATUS_USAGE : STATUS_FAILED;
}

bool report_unless(bool ok, const Err *err) {
  if (!ok) report_err("", err);
  return ok;
}

int report_usage(const char *command, const char *format, ...) {
  va_list args;
  va_start(args, format);
  say(command, format, args);
  va_end(args);
  say_where_help_is(command);
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

// A write's errno may be gone by now.
static bool is_pipe_without_reader(void) {
  struct pollfd out = { .fd = STDOUT_FILENO };
  return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

// Ends the process as SIGPIPE ends other programs whose reader has left: `wemoon docs man | head`.
static void end_by_pipe(void) {
  signal(SIGPIPE, SIG_DFL);
  kill(getpid(), SIGPIPE);
}

int report_output(int status) {
  bool failed = ferror(stdout) != 0;
  if (fflush(stdout) == 0 && !failed) return status;
  if (is_pipe_without_reader()) end_by_pipe();
  report("", "standard output: %s", failed && errno == 0 ? "a write failed" : strerror(errno));
  return status == STATUS_DONE ? STATUS_FAILED : status;
}
