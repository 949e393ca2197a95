// The file of a capture beside what holds its writer up: a slow reader, and a process without a free descriptor.
#include "bot/capture_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "bot/capture.h"

static char folder[] = "/tmp/wemoon-capture-file-XXXXXX";
static char path[64], rotated[80], rotated_twice[80];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/capture", folder);
  snprintf(rotated, sizeof rotated, "%s.1", path);
  snprintf(rotated_twice, sizeof rotated_twice, "%s.2", path);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

static int remove_files(void **state) {
  (void)state;
  unlink(path);
  unlink(rotated);
  unlink(rotated_twice);
  return 0;
}

static void add(CaptureFile *file, size_t core, Str line) {
  BatchPlace place = batches_open(capture_file_batches(file), core, line.len);
  assert_non_null(place.at);
  str_put(place.at, line);
  batches_close(capture_file_batches(file), place, line.len);
}

// ---- a slow reader ------------------------------------------------------------------------------

// The writer has a full batch at all times, and far less waits than may wait.
enum {
  PART = 64 << 10,
  PART_US = 25000,
  LOOK_US = 5000,
  PATIENCE_MS = 30000,
  AHEAD = 8 * BATCH_ROOM
};

#define FEW STR("\na few bytes\n")
static atomic_bool few_came, reader_ends;
static atomic_size_t bytes_read;

// Takes longer for a batch than the capture may leave lines in the batches of the other cores.
static void *read_slowly(void *arg) {
  static char part[64 + PART];
  size_t kept = 0;  // of what was read before, in which FEW may begin
  int fd = *(int *)arg;
  while (!atomic_load(&reader_ends)) {
    ssize_t n = read(fd, part + kept, PART);
    size_t len = kept + (n > 0 ? (size_t)n : 0);
    if (memmem(part, len, FEW.ptr, FEW.len)) atomic_store(&few_came, true);
    kept = len < FEW.len ? len : FEW.len - 1;
    memmove(part, part + len - kept, kept);
    atomic_fetch_add(&bytes_read, n > 0 ? (size_t)n : 0);
    usleep(PART_US);
  }
  return NULL;
}

static size_t fill_up(CaptureFile *file, Str line, size_t added) {
  for (; added < atomic_load(&bytes_read) + AHEAD; added += line.len) add(file, 0, line);
  return added;
}

static bool add_until_few_come(CaptureFile *file, Str line, size_t added) {
  int64_t end_ms = clock_now_ms() + PATIENCE_MS;
  add(file, 0, line);  // from now on the other cores have their own batches
  add(file, 1, FEW);
  for (added += line.len; !atomic_load(&few_came) && clock_now_ms() < end_ms; usleep(LOOK_US))
    added = fill_up(file, line, added);
  return atomic_load(&few_came);
}

static void test_a_few_bytes_of_a_core_arrive_beside_batches_that_go_on(void **state) {
  (void)state;
  static char bytes[BATCH_ROOM];
  Str line = str_make(bytes, sizeof bytes);
  pthread_t reader;
  Err err;
  memset(bytes, 'x', sizeof bytes);
  assert_int_equal(mkfifo(path, 0600), 0);
  CaptureFile *file = capture_file_open(path, &err);
  assert_non_null(file);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  size_t added = fill_up(file, line, 0);
  assert_int_equal(pthread_create(&reader, NULL, read_slowly, &fd), 0);
  while (atomic_load(&bytes_read) == 0) usleep(LOOK_US);
  bool came = add_until_few_come(file, line, added);
  capture_file_end(file);
  capture_file_free(file);
  atomic_store(&reader_ends, true);
  pthread_join(reader, NULL);
  close(fd);
  assert_true(came);
}

// ---- no free descriptor -------------------------------------------------------------------------

static void make_full_file(void) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_int_equal(pwrite(fd, "\n", 1, CAPTURE_FILE_MAX - 1), 1);
  close(fd);
}

static off_t size_of(const char *name) {
  struct stat info;
  return stat(name, &info) == 0 ? info.st_size : -1;
}

static void await_size(const char *name, off_t size) {
  for (int i = 0; i < 10000 && size_of(name) != size; i++) usleep(1000);
  assert_int_equal(size_of(name), size);
}

// What was open at this moment is all that may be open. Returns the limit before.
static struct rlimit leave_no_descriptor(void) {
  struct rlimit limit, few_files;
  getrlimit(RLIMIT_NOFILE, &limit);
  few_files = limit;
  int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(next);
  few_files.rlim_cur = (rlim_t)next;
  setrlimit(RLIMIT_NOFILE, &few_files);
  return limit;
}

static void test_a_rotation_without_a_descriptor_loses_no_line_and_renames_once(void **state) {
  (void)state;
  Err err;
  make_full_file();
  CaptureFile *file = capture_file_open(path, &err);
  assert_non_null(file);
  struct rlimit limit = leave_no_descriptor();
  add(file, 0, STR("one\n"));
  await_size(rotated, CAPTURE_FILE_MAX + 4);
  add(file, 0, STR("two\n"));
  await_size(rotated, CAPTURE_FILE_MAX + 8);
  setrlimit(RLIMIT_NOFILE, &limit);
  add(file, 0, STR("three\n"));
  await_size(path, 6);
  capture_file_end(file);
  capture_file_free(file);
  assert_int_equal(size_of(rotated), CAPTURE_FILE_MAX + 8);
  assert_int_equal(size_of(rotated_twice), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(test_a_few_bytes_of_a_core_arrive_beside_batches_that_go_on,
                              remove_files),
    cmocka_unit_test_teardown(test_a_rotation_without_a_descriptor_loses_no_line_and_renames_once,
                              remove_files),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
