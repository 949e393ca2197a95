// base/file: whole files, or a reason.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/wemoon-file-XXXXXX";
static Buf out;
static Err err;

static int begin(void **state) {
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, "one\0two", 7) != 7) return -1;
  buf_init(&out);
  return close(fd);
}

static int end(void **state) {
  buf_clear(&out);
  return unlink(path);
}

static void test_all_bytes_are_appended(void **state) {
  buf_reset(&out);
  buf_addc(&out, '>');
  assert_true(file_read(path, 7, &out, &err));
  assert_true(str_eq(buf_str(&out), str_make(">one\0two", 8)));
}

static void test_more_than_allowed_is_refused(void **state) {
  assert_false(file_read(path, 6, &out, &err));
  assert_int_equal(err.code, ERR_TOO_LARGE);
  assert_non_null(strstr(err.text, path));
}

static void test_an_appended_file_is_limited_too(void **state) {
  buf_reset(&out);
  assert_true(file_append(path, 7, &out));
  buf_reset(&out);
  assert_false(file_append(path, 6, &out));
  assert_int_equal(errno, EFBIG);
  assert_false(file_append("/dev/zero", 100000, &out));
  assert_true(out.len < 200000);
}

static void test_a_missing_file_is_the_callers_fault_and_named(void **state) {
  assert_false(file_read("/nowhere/bot.lua", 10, &out, &err));
  assert_int_equal(err.code, ERR_USAGE);
  assert_non_null(strstr(err.text, "/nowhere/bot.lua"));
}

static void test_a_path_has_its_folder_up_to_the_last_slash(void **state) {
  assert_true(str_eq(file_folder("a/b/c.lua"), STR("a/b/")));
  assert_true(str_eq(file_folder("/c.lua"), STR("/")));
  assert_true(str_eq(file_folder("c.lua"), STR("")));
}

static void test_a_folder_is_no_file(void **state) {
  assert_false(file_read("/tmp", 10, &out, &err));
  assert_non_null(strstr(err.text, "/tmp"));
}

static void *read_slowly(void *arg) {
  static char all[300000];
  size_t len = 0;
  for (ssize_t n; (n = read(*(int *)arg, all + len, 1000)) > 0; len += (size_t)n) usleep(100);
  return (void *)len;
}

static void test_all_bytes_are_written_however_slowly_they_are_taken(void **state) {
  int pipes[2];
  pthread_t reader;
  void *taken;
  static char bytes[300000];  // a pipe holds 65,536
  assert_int_equal(pipe(pipes), 0);
  pthread_create(&reader, NULL, read_slowly, &pipes[0]);
  assert_true(file_write_all(pipes[1], str_make(bytes, sizeof bytes)));
  close(pipes[1]);
  pthread_join(reader, &taken);
  assert_int_equal((size_t)taken, sizeof bytes);
  close(pipes[0]);
}

static void test_bytes_that_nobody_takes_are_a_failure(void **state) {
  assert_false(file_write_all(-1, STR("bytes")));
  assert_int_equal(errno, EBADF);
}

static void test_a_pipe_without_a_reader_is_opened_and_filled_without_a_wait(void **state) {
  char pipe[] = "/tmp/wemoon-pipe-XXXXXX";
  static char bytes[1 << 20];
  close(mkstemp(pipe));
  unlink(pipe);
  assert_int_equal(mkfifo(pipe, 0600), 0);
  int fd = file_open_to_append(pipe, 0600);
  assert_true(fd >= 0);
  Str rest = file_write_some(fd, str_make(bytes, sizeof bytes));
  assert_int_equal(errno, EAGAIN);
  assert_in_range(rest.len, 1, sizeof bytes - 1);
  close(fd);
  unlink(pipe);
}

// A line cut by a full pipe goes on where it was cut; if it does not, it is ended before the next one.
static void test_lines_that_were_written_in_part_go_on_or_are_ended(void **state) {
  static char line[1 << 20], taken[1 << 20];
  int pipes[2];
  bool cut = true;
  memset(line, 'x', sizeof line);
  Str lines = str_make(line, sizeof line), next = STR("next\n");
  assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
  Str rest = file_write_lines(pipes[1], lines, &cut);
  assert_true(cut && rest.len > 0 && rest.len < sizeof line);
  assert_int_equal(read(pipes[0], taken, sizeof taken), 1 + sizeof line - rest.len);
  assert_true(taken[0] == '\n' && taken[1] == 'x');
  lines.len -= rest.len - 10;
  rest.len = 10;
  line[lines.len - 1] = '\n';
  assert_int_equal(file_write_on(pipes[1], lines, rest, &cut).len, 0);
  assert_false(cut);
  assert_int_equal(read(pipes[0], taken, sizeof taken), 10);
  assert_true(taken[0] == 'x' && taken[9] == '\n');
  cut = true;
  assert_int_equal(file_write_on(pipes[1], next, next, &cut).len, 0);
  assert_int_equal(read(pipes[0], taken, sizeof taken), 6);
  assert_memory_equal(taken, "\nnext\n", 6);
  close(pipes[0]);
  close(pipes[1]);
}

static void test_a_pipe_that_may_only_be_written_to_is_opened_while_it_has_a_reader(void **state) {
  enum { NOBODY = 65534 };
  char pipe[] = "/tmp/wemoon-pipe-XXXXXX";
  close(mkstemp(pipe));
  unlink(pipe);
  assert_int_equal(mkfifo(pipe, 0600), 0);
  int reader = open(pipe, O_RDONLY | O_NONBLOCK);
  assert_int_equal(chmod(pipe, 0222), 0);
  bool is_root = geteuid() == 0;  // who may read everything
  if (is_root) assert_int_equal(seteuid(NOBODY), 0);
  int fd = file_open_to_append(pipe, 0600);
  bool written = fd >= 0 && file_write_all(fd, STR("line\n"));
  if (fd >= 0) close(fd);
  close(reader);
  int without = file_open_to_append(pipe, 0600), error = errno;
  if (is_root) assert_int_equal(seteuid(0), 0);
  unlink(pipe);
  assert_true(written);
  assert_int_equal(without, -1);
  assert_int_equal(error, ENXIO);
}

static void test_a_file_is_appended_to_and_made(void **state) {
  char name[] = "/tmp/wemoon-file-XXXXXX", bytes[8];
  close(mkstemp(name));
  unlink(name);
  for (int i = 0; i < 2; i++) {
    int fd = file_open_to_append(name, 0600);
    assert_true(file_write_all(fd, STR("ab")));
    close(fd);
  }
  int fd = open(name, O_RDONLY);
  assert_int_equal(read(fd, bytes, sizeof bytes), 4);
  close(fd);
  unlink(name);
}

static void test_a_file_that_would_open_is_not_made(void **state) {
  char missing[sizeof path + 2];
  snprintf(missing, sizeof missing, "%s.x", path);
  assert_true(file_would_open(path));
  assert_true(file_would_open(missing));
  assert_int_equal(access(missing, F_OK), -1);
}

static void test_what_would_not_open_has_its_errno(void **state) {
  assert_false(file_would_open("/tmp"));
  assert_int_equal(errno, EISDIR);
  assert_false(file_would_open("/nonexistent/file"));
  assert_int_equal(errno, ENOENT);
  assert_false(file_would_open("/proc/wemoon-file"));  // whose folder even root may write
  assert_int_not_equal(errno, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_all_bytes_are_appended),
    cmocka_unit_test(test_more_than_allowed_is_refused),
    cmocka_unit_test(test_an_appended_file_is_limited_too),
    cmocka_unit_test(test_a_missing_file_is_the_callers_fault_and_named),
    cmocka_unit_test(test_a_path_has_its_folder_up_to_the_last_slash),
    cmocka_unit_test(test_a_folder_is_no_file),
    cmocka_unit_test(test_all_bytes_are_written_however_slowly_they_are_taken),
    cmocka_unit_test(test_bytes_that_nobody_takes_are_a_failure),
    cmocka_unit_test(test_a_pipe_without_a_reader_is_opened_and_filled_without_a_wait),
    cmocka_unit_test(test_lines_that_were_written_in_part_go_on_or_are_ended),
    cmocka_unit_test(test_a_pipe_that_may_only_be_written_to_is_opened_while_it_has_a_reader),
    cmocka_unit_test(test_a_file_is_appended_to_and_made),
    cmocka_unit_test(test_a_file_that_would_open_is_not_made),
    cmocka_unit_test(test_what_would_not_open_has_its_errno),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
