// base/log_sink: a reader that stops costs nobody a wait, and what was dropped is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_sink.h"

enum { LINES = 4000, LINE_BYTES = 1000 };  // four times what the largest pipe takes

static int real_stderr, reading;

static void begin(int reader, int writer) {
  log_setup(LOG_INFO, LOG_TEXT);
  fflush(stderr);
  real_stderr = dup(STDERR_FILENO);
  dup2(writer, STDERR_FILENO);
  close(writer);
  reading = reader;
}

static void begin_with_pipe(void) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  begin(ends[0], ends[1]);
}

static void end(void) {
  dup2(real_stderr, STDERR_FILENO);
  close(real_stderr);
  close(reading);
}

static void write_lines(int count) {
  static char text[LINE_BYTES];
  memset(text, 'x', sizeof text - 1);
  for (int i = 0; i < count; i++) log_info("%s", text);
}

// Reads until `wanted` was seen; everything before it is in `text` too.
static bool read_until(const char *wanted, Buf *text) {
  char part[65536];
  for (int i = 0; i < 200; i++) {
    ssize_t got = read(reading, part, sizeof part);
    if (got <= 0) return false;
    buf_add(text, str_make(part, (size_t)got));
    buf_addc(text, '\0');
    text->len--;
    if (strstr(text->ptr, wanted)) return true;
  }
  return false;
}

// Writes more than fits, while nobody reads. Asserts nothing: cmocka would report it where nobody reads.
typedef struct {
  int64_t took_us;
  uint64_t lost;
} Stopped;

static Stopped write_to_a_reader_that_stopped(void) {
  uint64_t before = log_sink_dropped();
  int64_t began_us = clock_now_us();
  write_lines(LINES);
  return (Stopped){ clock_now_us() - began_us, log_sink_dropped() - before };
}

static void assert_dropped_without_a_wait(Stopped stopped) {
  assert_true(stopped.took_us < 3 * 1000 * 1000);
  assert_in_range(stopped.lost, 1, LINES - 1);
}

static void test_a_pipe_that_nobody_reads_holds_up_no_line(void **state) {
  begin_with_pipe();
  Stopped stopped = write_to_a_reader_that_stopped();
  end();
  log_sink_told(log_sink_untold());
  assert_dropped_without_a_wait(stopped);
}

static void test_dropped_lines_are_told_before_the_next_one(void **state) {
  static char part[65536];
  char wanted[64];
  Buf text;
  buf_init(&text);
  begin_with_pipe();
  write_to_a_reader_that_stopped();
  snprintf(wanted, sizeof wanted, "dropped=%llu", (unsigned long long)log_sink_untold());
  bool read_all = true;
  for (int i = 0; i < 8; i++) read_all = read(reading, part, sizeof part) > 0 && read_all;
  log_info("the last line");
  bool found = read_until("the last line\n", &text);
  end();
  assert_true(read_all && found);
  const char *notice = strstr(text.ptr, wanted);
  assert_non_null(notice);
  assert_true(notice < strstr(text.ptr, "the last line"));
  assert_int_equal(log_sink_untold(), 0);
  buf_clear(&text);
}

static void test_a_socket_that_nobody_reads_holds_up_no_line(void **state) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  begin(ends[0], ends[1]);
  Stopped stopped = write_to_a_reader_that_stopped();
  end();
  log_sink_told(log_sink_untold());
  assert_dropped_without_a_wait(stopped);
}

static void test_the_description_that_others_share_stays_blocking(void **state) {
  begin_with_pipe();
  write_lines(1);
  int flags = fcntl(STDERR_FILENO, F_GETFL);
  end();
  assert_int_equal(flags & O_NONBLOCK, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_pipe_that_nobody_reads_holds_up_no_line),
    cmocka_unit_test(test_dropped_lines_are_told_before_the_next_one),
    cmocka_unit_test(test_a_socket_that_nobody_reads_holds_up_no_line),
    cmocka_unit_test(test_the_description_that_others_share_stays_blocking),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
